//! Conditions that may run, conditions that may not, and the place and reason given.

use proptest::prelude::*;

use super::filter::{Fault, faults};
use crate::schema::TableSchema;

pub(crate) fn table() -> TableSchema {
    let text = "
table: contacts
from: practice
row: a contact
columns:
  contact_id: { type: token }
  chi: { type: chi }
  practice_code: { type: practice_code, keep: false }
  note: { type: code, codes: [x], keep: false }
  contacted_on: { type: date }
  ended_on: { type: date }
  org_id: { type: reference, to: organisations }
  minutes: { type: integer, between: [0, 480] }
  odd: { type: integer, breach: warn }
  wide: { type: integer }
  attended: { type: code, codes: ['yes', 'no'] }
  mode: { type: code, codes: [phone, home] }
";
    serde_yaml::from_str(text).unwrap()
}

fn found(condition: &str) -> Vec<Fault> {
    faults(condition, &table())
}

/// Whether a condition may run on a table. Whatever is wrong with it has a place in its text.
pub(crate) fn may_run(condition: &str, table: &TableSchema) -> bool {
    let all = faults(condition, table);
    let length = condition.chars().count();
    for Fault { at, message, help } in &all {
        assert!(!message.is_empty() && message.chars().count() < 500, "{message}");
        assert!(help.as_ref().is_none_or(|help| !help.is_empty()));
        assert!(at.as_ref().is_none_or(|at| at.start <= at.end && at.end <= length), "{at:?} of {length}: {message}");
    }
    all.is_empty()
}

/// Conditions that may run; `measure::spec` runs them.
pub(crate) const MAY_RUN: [&str; 31] = [
    "attended = 'yes'",
    "Attended <> 'no' AND minutes >= 10",
    "\"attended\" = 'unknown'",
    "'yes' = attended",
    "mode in ('phone', 'home') or not (minutes between 1 and 5)",
    "mode is null or mode is not null",
    "(attended = 'yes') is true",
    "mode like 'ph%' and mode not ilike 'H%'",
    "contacted_on >= '2026-07-01' and contacted_on < date '2026-10-01'",
    "contacted_on between '2026-07-01' and ended_on",
    "extract(month from contacted_on) = 7",
    "minutes * 2 + 1 > -3 - minutes",
    "lower(mode) = 'phone' and length(trim(attended)) > 3",
    "coalesce(mode, 'phone') = 'phone'",
    "coalesce(ended_on, contacted_on, date '2026-07-01') > '2026-07-01'",
    "starts_with(mode, 'p')",
    "case when minutes > 5 then attended = 'yes' else false end",
    "case mode when 'phone' then 1 else 2 end = 1",
    "try_cast(mode as bigint) > 5",
    "attended || mode = 'yesphone'",
    "org_id is not null or org_id is null",
    "mode is distinct from 'phone'",
    "true",
    "contacted_on between quarter_start and quarter_end",
    "ended_on <= quarter_end + 183",
    "ended_on - contacted_on > 7 or quarter_end - 7 <= ended_on",
    "contacted_on + minutes > 1 + quarter_start - 3",
    "coalesce(ended_on, quarter_end) - (contacted_on - 1) > length(mode)",
    "case when minutes > 5 then quarter_start - 1 else ended_on end > contacted_on",
    "length(mode) * length(attended) > extract(year from contacted_on) - extract(day from ended_on)",
    "-length(mode) - -minutes < -(3 - minutes)",
];

#[test]
fn what_may_run() {
    for condition in MAY_RUN {
        assert_eq!(found(condition), [], "{condition}");
    }
}

#[test]
fn what_may_not_and_why() {
    let cases = [
        ("", "the condition is empty"),
        ("minutes", "this is a value, not a condition"),
        ("minuts > 5", "`contacts` has no column `minuts`"),
        ("attended = 'yess'", "`attended` has no code `yess`"),
        ("attended in ('yes', 'on')", "`attended` has no code `on`"),
        ("case mode when 'fone' then true else false end", "`mode` has no code `fone`"),
        ("chi = '1'", "`chi` cannot be used in a condition"),
        ("contact_id is null", "`contact_id` cannot be used in a condition"),
        ("practice_code = '1'", "`practice_code` cannot be used in a condition"),
        ("note = 'x'", "`note` cannot be used in a condition"),
        ("contacts.minutes > 5", "a column is named without its table"),
        ("minutes / 2 > 5", "`/` can fail on a row where the divisor is zero"),
        ("minutes % 2 = 0", "`%` can fail on a row where the divisor is zero"),
        ("minutes / nullif(minutes, 0) > 5", "`/` can fail on a row where the divisor is zero"),
        ("cast(mode as bigint) > 5", "a cast can fail on a row"),
        ("mode::bigint > 5", "a cast can fail on a row"),
        ("try_cast(mode as decimal) > 5", "a cast to `DECIMAL` is not allowed"),
        ("try_cast(minutes as date) is null", "a number cannot be cast to a date"),
        ("try_cast((minutes > 5) as date) is null", "a condition cannot be cast to a date"),
        ("random() < 0.5", "the function `random` is not allowed"),
        ("contacted_on < now()", "the function `now` is not allowed"),
        ("contacted_on < current_date", "the function `current_date` is not allowed"),
        ("lowr(mode) = 'phone'", "the function `lowr` is not allowed"),
        ("count(*) > 1", "the function `count` is not allowed"),
        ("lower(mode, mode) = 'x'", "`lower` takes 1 arguments, not 2"),
        ("lower(distinct mode) = 'x'", "`lower` takes plain arguments only"),
        ("lower(mode) over () = 'x'", "`lower` takes plain arguments only"),
        ("lower(minutes) = 'x'", "expected text, found a number"),
        ("minutes in (select 1)", "a subquery is not allowed"),
        ("exists (select 1)", "a subquery is not allowed"),
        ("(select true)", "a subquery is not allowed"),
        ("minutes > 'x'", "a number is compared with text"),
        ("mode > 5", "text is compared with a number"),
        ("contacted_on > '2026-13-01'", "`2026-13-01` is not a date"),
        ("contacted_on > '1 July'", "`1 July` is not a date"),
        ("contacted_on > date 'soon'", "`soon` is not a date"),
        ("mode = null", "a comparison with null is never true"),
        ("minutes > 1.5", "`1.5` is not a whole number that fits"),
        ("minutes > 99999999999999999999", "`99999999999999999999` is not a whole number that fits"),
        ("minutes and true", "expected a condition, found a number"),
        ("not mode", "expected a condition, found text"),
        ("org_id = 'O1'", "a reference is compared with text"),
        ("org_id in ('O1', 'O2')", "a reference is compared with text"),
        ("starts_with(org_id, 'O')", "expected text, found a reference"),
        ("try_cast(org_id as bigint) > 5", "a reference cannot be cast"),
        ("coalesce(ended_on, '2026-07-01') > '2026-07-01'", "text among dates"),
        ("mode + 1 > 2", "expected a number, found text"),
        ("minutes > $1", "`$1` is not allowed in a condition"),
        ("attended = 'yes' -- and so on", "a comment inside a condition"),
        ("attended = 'yes'; drop table x", "the condition goes on after its end, at `;`"),
        ("attended = 'yes' mode", "the condition goes on after its end, at `mode`"),
        ("mode similar to 'p'", "`mode SIMILAR TO 'p'` is not allowed in a condition"),
        ("mode like 'a' escape '\\'", "`mode LIKE 'a' ESCAPE '\\'` is not allowed in a condition"),
        ("extract(epoch from contacted_on) > 1", "`EPOCH` cannot be taken from a date here"),
        ("minutes & 1 = 1", "the operator `&` is not allowed"),
        ("wide * wide > 0", "`wide * wide` may not fit 64 bits"),
        ("wide * 9223372036854775807 > 0", "`wide * 9223372036854775807` may not fit 64 bits"),
        ("minutes + 9223372036854775807 > 0", "`minutes + 9223372036854775807` may not fit 64 bits"),
        ("-odd - 2 > 0", "`-odd - 2` may not fit 64 bits"),
        ("-try_cast(mode as bigint) > 0", "`-TRY_CAST(mode AS BIGINT)` may not fit 64 bits"),
        ("coalesce(minutes, odd) * 2 > 0", "`coalesce(minutes, odd) * 2` may not fit 64 bits"),
        (
            "case when true then wide else odd end + 1 > 0",
            "`CASE WHEN true THEN wide ELSE odd END + 1` may not fit 64 bits",
        ),
        ("contacted_on + wide > ended_on", "`contacted_on + wide` may be a day that no calendar has"),
        ("try_cast(mode as date) - 1 > ended_on", "`TRY_CAST(mode AS DATE) - 1` may be a day that no calendar has"),
        ("contacted_on + ended_on > ended_on", "expected a number, found a date"),
        ("contacted_on * 2 > ended_on", "expected a number, found a date"),
        ("7 - contacted_on > 0", "expected a number, found a date"),
        ("contacted_on - '2024-07-01' > 0", "expected a number, found text"),
        ("-contacted_on > 0", "expected a number, found a date"),
        ("quarter_end > 5", "a date is compared with a number"),
        ("quarter_ends > ended_on", "`contacts` has no column `quarter_ends`"),
    ];
    for (condition, expected) in cases {
        let all = found(condition);
        assert!(all.iter().any(|fault| fault.message == expected), "{condition}\nexpected {expected}\nfound {all:#?}");
    }
}

#[test]
fn the_place_is_that_of_the_slip() {
    for condition in ["minutes > 5 and minuts < 9", "é = 'é' and\n  minuts < 9", "lower(minuts) = 'x'"] {
        let fault = found(condition).into_iter().find(|fault| fault.message.contains("minuts")).unwrap();
        let place: String =
            condition.chars().skip(fault.at.clone().unwrap().start).take(fault.at.unwrap().len()).collect();
        assert_eq!(place, "minuts");
        assert_eq!(fault.help.as_deref(), Some("did you mean `minutes`?"));
    }
    let fault = found("mode = \"phone\"").remove(0);
    assert!(fault.help.unwrap().starts_with("text is put in single quotes"));
    assert!(found("minutes >").remove(0).message.starts_with("not a condition in SQL: expected: an expression"));
    assert_eq!(found("mode = 'phone").remove(0).at, Some(7..8));
}

#[test]
fn long_and_deep_conditions_are_refused_not_followed() {
    assert!(!found(&"(".repeat(1_500)).is_empty());
    let brackets = |deep: usize| format!("{}true{}", "(".repeat(deep), ")".repeat(deep));
    assert_eq!(found(&brackets(10)), []);
    assert_eq!(found(&brackets(30)).remove(0).message, "the condition is nested too deep");
    assert!(!found(&format!("{}true", "not ".repeat(400))).is_empty());
    assert!(found(&"true or ".repeat(4_000)).remove(0).message.contains("longer than"));
    let chain = format!("{}true", "true or ".repeat(200));
    assert_eq!(found(&chain).remove(0).message, "the condition is nested too deep");
    assert_eq!(found(&format!("{}true", "true or ".repeat(40))), []);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(condition in "(mode|minutes|chi|'x'|'|\"|=|<>|and|or|not|in|is|null|\\(|\\)|,|case|when|then|end|select|date|::|[0-9]|[ -~\n\u{e9}]| ){0,40}") {
        let length = condition.chars().count();
        for fault in found(&condition) {
            prop_assert!(!fault.message.is_empty());
            if let Some(at) = fault.at {
                prop_assert!(at.start <= at.end && at.end <= length, "{at:?} of {length}");
            }
        }
    }
}

#[test]
fn the_same_condition_in_other_words_is_the_same_question() {
    let of = "status <> 'declined' AND (source = 'gp' OR reason IN ('housing', 'family'))";
    let same = [
        "status != 'declined' and ((source='gp') or reason in ('housing','family'))",
        "(reason IN ('housing', 'family') OR source = 'gp') AND status <> 'declined'",
        "status <> 'declined' AND status <> 'declined' AND (source = 'gp' OR reason IN ('housing', 'family'))",
    ];
    same.iter().for_each(|other| assert_eq!(super::filter::canonical(other), super::filter::canonical(of), "{other}"));
    let others = [
        "status <> 'declined' AND source = 'gp' OR reason IN ('housing', 'family')",
        "status = 'declined' AND (source = 'gp' OR reason IN ('housing', 'family'))",
        "status <> 'DECLINED' AND (source = 'gp' OR reason IN ('housing', 'family'))",
        "NOT (status <> 'declined') AND (source = 'gp' OR reason IN ('housing', 'family'))",
    ];
    others
        .iter()
        .for_each(|other| assert_ne!(super::filter::canonical(other), super::filter::canonical(of), "{other}"));
}
