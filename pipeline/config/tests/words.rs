//! Findings and words: what they may say, and each slip where it stands.

use super::*;

const REACH: &str = "reports/reach.yaml";

fn saying(finding: &str) -> Board {
    Board::new().edit(REACH, "words: |\n", &format!("findings:\n  - {finding}\nwords: |\n"))
}

#[test]
fn sentences_that_can_be_printed_pass() {
    for good in [
        "No figure at all.",
        "'{{ area }} of {{ board }} in {{ quarter }}: {{ referred }}, {{ referral_rate.value }}'",
        "'{{ referral_rate.simd_quintile[\"1\"] }}, {{ referral_rate.simd_quintile[5].lower }}'",
        "'{{ compare(referred, registered) | capitalize }}'",
        "'{% if compare(referred, registered) == \"higher than\" %}{{ referred }}{% else %}none{% endif %}'",
        ">-\n    Two lines with\n    {{ referred }}.",
    ] {
        assert_eq!(saying(good).printed(), "nothing to complain about", "{good}");
    }
}

#[test]
fn a_figure_that_is_not_published_as_printed() {
    let expected = "\
error: this report publishes no figure `refered`
  --> reports/reach.yaml:24:19
   |
24 |   - 'In {{ area }}: {{ refered }}'
   |                        ^^^^^^^
   |
   = help: did you mean `referred`?";
    let expected = expected.replace("24:19", "24:24");
    assert_eq!(saying("'In {{ area }}: {{ refered }}'").printed(), expected);
}

#[test]
fn each_slip_is_told_where_it_stands() {
    let slips = [
        ("'{{ area }} {{ ared }}'", "24:20 this report publishes no figure `ared` | did you mean `area`?"),
        ("'{{ referred.simd_quintle }}'", "24:9 `referred` has no part `simd_quintle`"),
        ("'{{ board.name }}'", "24:9 `board` has no part `name`"),
        ("'{{ referral_rate.simd_quintile[\"6\"] }}'", "24:6 this sentence cannot be printed: "),
        ("'{{ referral_rate.simd_quintile }}'", "24:6 this sentence cannot be printed: "),
        ("'{{ referred.value / 2 }}'", "24:6 this sentence cannot be printed: "),
        ("'{{ compare(referred, 3) }}'", "24:6 this sentence cannot be printed: only two figures can be compared"),
        ("'{ referred } people'", "24:8 single braces print what is between them | figures stand in double braces"),
        ("'{ referred.value }'", "24:8 single braces print what is between them"),
        ("'{{ referred'", "24:6 this sentence cannot be printed: "),
        ("'{{ referred | tojson }}'", "24:6 this sentence cannot be printed: "),
        ("'{% include \"index.html\" %}'", "24:9 sentences have no tag `include`"),
        ("'{% for i in [1] %}{{ i }}{% endfor %}'", "24:9 sentences have no tag `for`"),
        ("'{% set a = 1 %}'", "24:9 sentences have no tag `set`"),
        ("'{{ range(9) }}'", "24:9 this report publishes no figure `range`"),
    ];
    for (finding, expected) in slips {
        let told = saying(finding).short();
        let is_told = told.first().is_some_and(|it| it.starts_with(&format!("reach.yaml:{expected}")));
        assert!(is_told && told.len() == 1, "{finding}: {told:?}");
    }
}

#[test]
fn a_slip_in_words_of_several_lines_is_found() {
    let told = Board::new().edit(REACH, "A person counts as", "{{ refered }} counts as").short();
    assert_eq!(told, ["reach.yaml:25:6 this report publishes no figure `refered` | did you mean `referred`?"]);
}

/// What would have to be cut short when figures are printed has no place in a sentence.
#[test]
fn a_sentence_without_end_is_refused() {
    for endless in ["'{{ \"x\" * 99999999999 }}'", "'{{ ((9 ** 99) ** 99) ** 99 }}'"] {
        let told = saying(endless).short();
        assert!(told.iter().all(|it| it.contains("cannot be printed")) && told.len() == 1, "{told:?}");
    }
}
