//! The types of a table's schema.

use super::*;

#[test]
fn words_are_those_that_the_yaml_uses() {
    use Kind::*;
    let people = [Chi, NhsNumber, Slk581, OpenPseudonymiser];
    for kind in [Token, PracticeCode, Code, Reference, Date, Integer, Decimal, Area, Text].iter().chain(&people) {
        assert_eq!(serde_yaml::from_str::<Kind>(kind.word()).ok(), Some(*kind));
        assert_eq!(kind.is_person(), people.contains(kind));
    }
}

#[test]
fn headings_fall_back_on_the_name() {
    let column: Column = serde_yaml::from_str("type: area").unwrap();
    assert_eq!(column.heading("health_board"), "HealthBoard");
    let column: Column = serde_yaml::from_str("{ type: area, heading: HB }").unwrap();
    assert_eq!(column.heading("health_board"), "HB");
}

#[test]
fn only_a_public_table_with_one_unique_column_has_a_key() {
    let table = |from: &str, unique: &str| {
        let columns = "{ a: { type: chi }, b: { type: reference, to: u } }";
        let text = format!("{{ table: t, from: {from}, row: r, unique: {unique}, columns: {columns} }}");
        serde_yaml::from_str::<TableSchema>(&text).unwrap()
    };
    assert_eq!(table("public", "[a]").key(), Some("a"));
    assert_eq!(table("public", "[a, b]").key(), None);
    assert_eq!(table("public", "[b]").key(), None);
    assert_eq!(table("practice", "[a]").key(), None);
    assert_eq!(table("practice", "[a]").person(), Some("a"));
}

#[test]
fn names_of_areas_are_no_part_of_what_figures_depend_on() {
    let table = |columns: &str| {
        let text =
            format!("{{ table: t, from: public, row: r, unique: [a], columns: {{ a: {{ type: area }}, {columns} }} }}");
        serde_yaml::from_str::<TableSchema>(&text).unwrap()
    };
    let named = table("b: { type: area, named_by: c }, c: { type: text }, d: { type: text }");
    assert_eq!(["a", "b", "c", "d"].map(|name| named.names_areas(name)), [false, false, true, false]);
    let bare = table("b: { type: area }, d: { type: text }");
    assert_eq!(format!("{:?}", named.without_names()), format!("{bare:?}"));
}

#[test]
fn a_practice_code_is_stored_only_where_it_leads_to_a_practice() {
    let stored = |text: &str| serde_yaml::from_str::<Column>(text).unwrap().is_stored();
    assert!(stored("{ type: practice_code, to: practices }") && stored("type: date"));
    assert!(!stored("type: practice_code") && !stored("{ type: practice_code, to: practices, keep: false }"));
}

#[test]
fn the_practitioner_is_the_marked_token() {
    let table = |marker: &str| {
        let columns = format!("{{ a: {{ type: token }}, b: {{ type: token, space: s{marker} }} }}");
        let text = format!("{{ table: t, from: practice, row: r, columns: {columns} }}");
        serde_yaml::from_str::<TableSchema>(&text).unwrap()
    };
    assert_eq!(table("").practitioner(), None);
    let marked = table(", names: practitioner");
    assert_eq!(marked.practitioner(), Some("b"));
    assert_eq!(["a", "b"].map(|name| marked.columns[name].space(name)), ["a", "s"]);
}

#[test]
fn percentages_in_millionths() {
    for (text, millionths) in
        [("5%", 50_000), ("0%", 0), ("2.5%", 25_000), ("0.01 %", 100), ("100%", 1_000_000), ("x", 0)]
    {
        assert_eq!(Percent(text.into()).millionths(), millionths, "{text}");
    }
}
