//! Workbooks by hand: the rules that any workbook keeps, each by its name, and what is read back from both formats.

mod made;
mod rules;
mod written;

use super::text;

#[test]
fn text_for_a_cell_is_one_line_of_what_xml_allows() {
    let table = [
        ("plain", "plain"),
        ("", "[x]"),
        (" \t\r\n", "[x]"),
        ("\t=1+1", "=1+1"),
        ("two\nlines  and\ttabs", "two lines and tabs"),
        ("a\u{0}b\u{1b}c\u{ffff}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
    ];
    for (given, kept) in table {
        assert_eq!(text::cell(given), kept, "{given:?}");
    }
}

#[test]
fn text_that_a_cell_cannot_hold_is_cut_where_a_reader_sees_it() {
    for letter in ["a", "é", "𝔸"] {
        let cut = text::cell(&letter.repeat(40_000));
        let units = cut.encode_utf16().count();
        assert!(units == text::LONGEST || units == text::LONGEST - 1, "{letter}: {units}");
        assert!(cut.ends_with('…') && cut.starts_with(letter));
        let whole = letter.repeat(text::LONGEST / letter.encode_utf16().count());
        assert_eq!(text::cell(&whole), whole);
    }
}

#[test]
fn headings_of_one_table_are_unlike_each_other_and_short() {
    let found = text::headings(["People", "people", "", " People ", "[x]"].map(str::to_owned));
    assert_eq!(found, ["People", "people (2)", "[x]", "People (3)", "[x] (2)"]);
    let long = text::headings(["a".repeat(400), "a".repeat(500)]);
    assert!(long[0] != long[1] && long.iter().all(|it| it.encode_utf16().count() <= text::LONGEST_HEADING));
}

#[test]
fn lines_are_counted_as_they_are_broken() {
    let table =
        [("", 5, 1), ("ab cd", 5, 1), ("ab cd e", 5, 2), ("abcdef", 5, 2), ("a abcdefghijk", 5, 4), ("abcde fg", 5, 2)];
    for (given, width, expected) in table {
        assert_eq!(text::lines(given, width), expected, "{given:?}");
    }
}

#[test]
fn a_title_within_a_sentence_has_no_capital_but_of_a_name() {
    let found = ["Age band", "SIMD quintile", "", "X", "École"].map(text::within);
    assert_eq!(found, ["age band", "SIMD quintile", "", "X", "école"]);
}
