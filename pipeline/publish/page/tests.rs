//! Small parts of the page. What a whole page says and may not do is in `tests/page.rs`.

use super::*;

#[test]
fn a_drawing_names_the_sentence_beside_it() {
    assert_eq!(described("<svg a=\"b\"><svg c>", "x"), "<svg aria-describedby=\"x-says\" a=\"b\"><svg c>");
}

/// The script is set into the page as it stands: it must not end its element, nor look like a template.
#[test]
fn the_script_can_stand_in_a_page() {
    let script = include_str!("index.js");
    for part in ["</script", "<!--", "{{", "{%", "{#"] {
        assert!(!script.contains(part), "{part}");
    }
}
