//! What a page may and may not do.

use super::*;

const TEMPLATE: [(&str, &str); 1] =
    [("one.html", "{% extends \"page.html\" %}{% block title %}{{ title }}{% endblock %}")];

#[test]
fn what_is_said_is_escaped() {
    let pages = Pages::new(&Look::default(), &TEMPLATE).unwrap();
    let page = pages.page("one.html", minijinja::context! { title => "</title><script>alert(1)</script>" }).unwrap();
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
}

#[test]
fn a_boards_own_files_take_the_place_of_smirrs() {
    let folder = tempfile::tempdir().unwrap();
    let look = Look { templates: Some(folder.path().to_owned()), ..Look::default() };
    fs::write(folder.path().join("strings.yaml"), "skip: Gàidhlig\n").unwrap();
    let page = |look: &Look| Pages::new(look, &TEMPLATE)?.page("one.html", minijinja::context! { title => "T" });
    let text = page(&look).unwrap();
    assert!(text.contains("Gàidhlig") && text.contains("en-GB"), "one string is theirs, the others are ours");
    fs::write(folder.path().join("one.html"), "<p>{{ title }}</p>").unwrap();
    assert_eq!(page(&look).unwrap(), "<p>T</p>");
    fs::write(folder.path().join("one.html"), "{{ nothing }}").unwrap();
    assert!(page(&look).unwrap_err().to_string().contains("one.html, line 1"));
    fs::write(folder.path().join("strings.yaml"), "skop: Gàidhlig\n").unwrap();
    assert!(page(&look).unwrap_err().to_string().contains("no `skop`"));
}

#[test]
fn a_template_that_never_ends_is_stopped() {
    let template =
        [("one.html", "{% for i in range(99999) %}{% for j in range(99999) %}{{ j }}{% endfor %}{% endfor %}")];
    let pages = Pages::new(&Look::default(), &template).unwrap();
    assert!(pages.page("one.html", ()).is_err());
}

/// What is refused when pages are made, or when the sentence is said: never a thread that runs out of stack.
#[test]
fn a_sentence_that_leads_to_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let look = Look { templates: Some(folder.path().to_owned()), ..Look::default() };
    for endless in
        ["{{ say('skip') }}", "{% include 'page.html' %}", "{% include 'skip' %}", "{% include 'skip.html' %}"]
    {
        fs::write(folder.path().join("strings.yaml"), format!("skip: \"{endless}\"\n")).unwrap();
        let said = Pages::new(&look, &[]).unwrap().say("skip", ());
        assert!(said.unwrap_err().to_string().contains("the sentence `skip` of strings.yaml"), "{endless}");
    }
}

#[test]
fn dark_pages_are_readable() {
    let look = appearance(&Look::default()).unwrap();
    for colour in [&look.colour_on_dark, &look.accent_on_dark] {
        assert!(Colour::parse(colour).unwrap().contrast(DARK) >= crate::config::look::READABLE);
    }
    let css = include_str!("page.css");
    assert!(css.contains(&format!("--paper: {DARK}")));
}
