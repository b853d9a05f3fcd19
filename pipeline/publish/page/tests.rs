//! Small parts of the page. What a whole page says and may not do is in `tests/page.rs`.

use super::*;

/// RFC 4648, section 10.
#[test]
fn base64_is_that_of_its_standard() {
    let vectors =
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
    for (plain, coded) in vectors.into_iter().chain([("foobar", "Zm9vYmFy")]) {
        assert_eq!(base64(plain.as_bytes()), coded);
    }
    assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
}

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
