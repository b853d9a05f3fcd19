//! Extracts in PostgreSQL: the answer counts as the files do, and whatever fails, no credential and no row is told.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::postgres::{CANARY, Server};
use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size, files};
use crate::truth;

const TABLES: [&str; 7] =
    ["patients", "practitioners", "referrals", "contacts", "onward_referrals", "attendances", "organisations"];

/// A board in one file a table, and a server that has them all.
fn served() -> (Board, Server) {
    let board = Board::new(&Size { patients: 3_000, activity: 6.0, single: true, ..Size::default() });
    let server = Server::start();
    for table in TABLES {
        let folder = if table == "organisations" { "public" } else { "all" };
        server.load(table, &board.path(&format!("extracts/{folder}/{table}.csv")));
    }
    (board, server)
}

/// Lets these tables come from the server.
fn asks(board: &mut Board, server: &Server, sources: &[(&str, &str)]) {
    files::write(&board.path("connection"), server.connection());
    fs::set_permissions(board.path("connection"), PermissionsExt::from_mode(0o600)).expect("it is ours");
    for (table, asked) in sources {
        let source = format!("{{ postgres: {{ file: connection }}, {asked} }}");
        board.config.sources.insert((*table).into(), source);
    }
    board.configure();
}

fn figures(board: &Board) -> BTreeMap<String, Vec<u8>> {
    let pack = files::bytes_under(&board.pack()).into_iter();
    pack.filter(|(name, _)| name.ends_with(".csv") && !name.contains("quarters")).collect()
}

/// No word, no file of the board holds the password, but the file that it is read from.
#[track_caller]
fn keeps_the_password(board: &Board, said: &[&Ran]) {
    // Of a wrong password too, which begins alike.
    let canary = &CANARY[..7];
    for ran in said {
        assert!(!ran.stdout.contains(canary) && !ran.stderr.contains(canary), "{ran:?}");
    }
    for (name, bytes) in files::bytes_under(&board.path("")) {
        let holds = memchr::memmem::find(&bytes, canary.as_bytes()).is_some();
        assert!(!holds || name == "connection", "{name}");
    }
}

#[test]
#[ignore = "needs PostgreSQL; .ci/run has it"]
fn a_board_read_from_postgresql_publishes_what_its_files_do() {
    let (mut board, server) = served();
    truth::spend_absurdly(&mut board, 2);
    let mut twin = board.twin();
    board.smirr(&["run", "--quiet"]).ends(0);
    let asked = TABLES.map(|table| (table, format!("table: {table}")));
    let mut asked = asked.iter().map(|(table, asked)| (*table, asked.as_str())).collect::<Vec<_>>();
    // A schema of its own, and a query.
    server.sql("CREATE SCHEMA \"Third sector\"; GRANT USAGE ON SCHEMA \"Third sector\" TO reader");
    server.sql("ALTER TABLE organisations SET SCHEMA \"Third sector\"");
    asked[6].1 = "table: Third sector.organisations";
    asked[5].1 = "query: \"SELECT * FROM attendances -- all of them\"";
    asks(&mut twin, &server, &asked);
    twin.smirr(&["run", "--quiet"]).ends(0);
    assert!(figures(&board).len() > 3);
    assert!(figures(&board) == figures(&twin), "PostgreSQL gives other figures than CSV");
    for table in TABLES {
        assert_eq!(board.tally(table), twin.tally(table), "{table}");
    }
    // The same answer is the same question, wherever the server keeps its rows.
    let entries = |board: &Board| board.entries("drawn").len();
    let before = (entries(&twin), twin.published());
    server.sql("CREATE TABLE b AS SELECT * FROM contacts ORDER BY random()");
    server.sql("TRUNCATE contacts; INSERT INTO contacts SELECT * FROM b ORDER BY random()");
    let again = twin.smirr(&["run"]).ends(0);
    assert_eq!(again.stdout.matches("this run cost nothing").count(), 2, "{}", again.stdout);
    assert!((entries(&twin), twin.published()) == before, "a replay");
    // One row less is another question, for which this quarter has nothing left.
    server.sql("DELETE FROM contacts WHERE ctid = (SELECT max(ctid) FROM contacts)");
    let other = twin.smirr(&["run"]).ends(12);
    assert!(other.stderr.contains("a correction pays again in full"), "{}", other.stderr);
    keeps_the_password(&twin, &[&again, &other]);
}

#[test]
#[ignore = "needs PostgreSQL; .ci/run has it"]
fn each_kind_of_trouble_has_words_of_ours_and_tells_no_row_and_no_credential() {
    let (mut board, mut server) = served();
    asks(&mut board, &server, &[("attendances", "table: attendances")]);
    let all = "SELECT * FROM attendances";
    let ingested = board.smirr(&["ingest"]).ends(0);
    let good = server.connection();
    let port = good.split_whitespace().find_map(|word| word.strip_prefix("port=")).expect("it has a port").to_owned();
    let query = |text: &str| format!("query: \"{text}\"");
    let table = "table: attendances".to_owned();
    let troubles = [
        (good.replace("canary-", "canary-x"), table.clone(), "the server refuses the user, or the password"),
        (good.replace("=reader", "=nobody"), table.clone(), "the server refuses the user, or the password"),
        (good.replace("=postgres", "=elsewhere"), table.clone(), "no such database"),
        (good.replace(&port, "1"), table.clone(), "no server answers at its host and port"),
        (good.replace("sslmode=disable", ""), table.clone(), "offers no TLS"),
        (good.replace("sslmode", "sslmood"), table.clone(), "cannot be used: it says something other than"),
        (good.clone(), "table: attendance".into(), "there is no such table"),
        (good.clone(), "table: \"attendances; DROP TABLE attendances\"".into(), "there is no such table"),
        (good.clone(), "table: pg_catalog.pg_authid".into(), "this user may not read that"),
        (good.clone(), query("SELECT chi FROM attendances"), "the header lacks `attendance_id`"),
        (good.clone(), query("SELECT zone FROM attendances"), "names a column that is not there"),
        (good.clone(), query(&all.replace('*', "*, attendance_id::date AS no_day")), "cannot compute a value"),
        (good.clone(), query("SELECT * FORM attendances"), "does not understand the query"),
        (good.clone(), query("DELETE FROM attendances RETURNING *"), "does not understand the query"),
        (good.clone(), query("SELECT 1; DROP TABLE attendances"), "does not understand the query"),
        (good.clone(), query("SELECT set_config('transaction_read_only', 'off', true), lo_create(0)"), ""),
        (
            good.clone(),
            query(&format!("{all} WHERE pg_terminate_backend(pg_backend_pid())")),
            "nothing of it was stored",
        ),
    ];
    let rows = server.sql("SELECT count(*) FROM attendances");
    let values = server.sql("SELECT attendance_id FROM attendances WHERE length(attendance_id) > 7");
    assert!(!values.is_empty());
    for (connection, asked, expected) in troubles {
        asks(&mut board, &server, &[("attendances", &asked)]);
        fs::write(board.path("connection"), connection).expect("it is ours");
        for json in [&["ingest"][..], &["--json", "ingest"]] {
            let mut command = smirr();
            command.args(json).arg(board.path("board.yaml")).env("RUST_LOG", "trace").current_dir(board.path(""));
            let ran = Ran::of(&mut command).ends(11);
            assert!(ran.stderr.contains("postgres:") && ran.stderr.contains(expected), "{asked}: {}", ran.stderr);
            assert!(values.lines().all(|value| !ran.stderr.contains(value)), "{asked}: a row is told");
            keeps_the_password(&board, &[&ran]);
        }
    }
    assert_eq!(server.sql("SELECT count(*) FROM attendances"), rows, "something was written");
    // The server goes, and comes again: what is there again is read as if nothing had been.
    asks(&mut board, &server, &[("attendances", "table: attendances")]);
    server.stop();
    let gone = board.smirr(&["ingest"]).ends(11);
    assert!(gone.stderr.contains("no server answers"), "{}", gone.stderr);
    assert!(files::under(&board.path("work")).iter().all(|path| !path.to_string_lossy().contains("staging")));
    server.start_again();
    let back = board.smirr(&["ingest"]).ends(0);
    keeps_the_password(&board, &[&gone, &back, &ingested]);
    for command in ["check", "plan", "explain", "ledger"] {
        keeps_the_password(&board, &[&board.smirr(&[command])]);
    }
}
