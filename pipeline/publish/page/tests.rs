//! Small parts of the page. What a whole page says and may not do is in `tests/page.rs`.

use super::figures::thousands;
use super::*;

#[test]
fn thousands_are_parted_before_the_point_alone() {
    let numbers =
        [("0", "0"), ("999", "999"), ("1000", "1,000"), ("-1234567.891", "-1,234,567.891"), ("12.3456", "12.3456")];
    for (number, text) in numbers {
        assert_eq!(thousands(number), text);
    }
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
