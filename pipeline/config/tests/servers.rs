//! Sources that are asked of a server, and connection strings that stand where they should not.

use super::super::plan::{Asked, KeySource, Origin, Postgres};
use super::*;

const DEMO: &str = "configs/demo.yaml";
const SOURCE: &str = "  attendances: out/demo/extracts/organisations/*/attendances.csv\n";

fn with(source: &str) -> Board {
    Board::new().edit(DEMO, SOURCE, &format!("  attendances: {source}\n"))
}

#[test]
fn a_table_or_a_query_of_a_server_is_a_source() {
    let origin = |source: &str| {
        let plan = with(source).load().unwrap();
        plan.sources.iter().find(|source| source.table == "attendances").unwrap().origins[0].clone()
    };
    let server = |asked| Origin::Postgres(Postgres { connection: KeySource::Command(vec!["client".into()]), asked });
    let of = "{ postgres: { command: [client] }";
    let table =
        |schema: Option<&str>, name: &str| Asked::Table { schema: schema.map(str::to_owned), name: name.into() };
    assert_eq!(origin(&format!("{of}, table: attendances }}")), server(table(None, "attendances")));
    let named = origin(&format!("{of}, table: community.attendances }}"));
    assert_eq!(named, server(table(Some("community"), "attendances")));
    assert_eq!(named.to_string(), "postgres:community.attendances");
    assert_eq!(origin(&format!("{of}, query: SELECT 1 }}")), server(Asked::Query("SELECT 1".into())));
}

#[test]
fn every_slip_in_a_server_is_told() {
    let told = |source: &str, expected: &str| {
        let short = with(source).short();
        assert!(short.iter().any(|complaint| complaint.contains(expected)), "{source}: {short:?}");
    };
    let of = "{ postgres: { command: [client] }";
    told(&format!("{of} }}"), "exactly one of `table` and `query` is needed");
    told(&format!("{of}, table: a, query: b }}"), "exactly one of `table` and `query` is needed");
    told(&format!("{of}, table: a.b.c }}"), "the table is written `table` or `schema.table`");
    told(&format!("{of}, table: a, path: b }}"), "`path` is for files and object stores");
    told(&format!("{of}, table: a, sheet: b }}"), "`sheet` is for files");
    told(&format!("{of}, query: ' ' }}"), "the query is empty");
    told("{ table: a }", "`table` and `query` are asked of a server");
    told("{ postgres: {}, table: a }", "exactly one of `file`, `env` and `command` is needed");
}

/// Whoever puts the connection string itself into the YAML does not see it again in what is said about that.
#[test]
fn a_misplaced_connection_string_is_not_repeated() {
    for source in [
        "postgresql://reader:CANARY@db/organisations",
        "[\"postgres://reader:CANARY@db/organisations\"]",
        "{ path: \"postgresql://reader:CANARY@db/organisations\" }",
        "{ path: \"host=db user=reader password=CANARY\" }",
        "{ postgres: \"postgresql://reader:CANARY@db/organisations\", table: a }",
        "{ postgres: { env: \"postgresql://reader:CANARY@db/organisations\" }, table: a }",
        "{ postgres: { file: \"postgresql://reader:CANARY@db/organisations\" }, table: a }",
        "{ postgres: { dsn: \"host=db user=reader password=CANARY\" }, table: a }",
        "{ postgres: { command: \"host=db user=reader password=CANARY\" }, table: a }",
    ] {
        let board = with(source).real();
        let printed = board.printed();
        assert!(printed != "nothing to complain about" && !printed.contains("CANARY"), "{source}: {printed}");
        assert!(!format!("{:?}", board.short()).contains("CANARY"), "{source}");
    }
}
