//! Extracts in an object store, against a server that speaks S3: the same pack as from disk, nothing read twice for
//! nothing, and plain words for every trouble.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::extracts::{Extract, Manner};
use crate::support::program::{Ran, smirr};
use crate::support::store::Store;
use crate::support::{Board, Size, files};

const ID: &str = "CANARYACCESSKEY";
const SECRET: &str = "canary/secret+of+the+object+store";

fn small() -> Size {
    Size { patients: 600, single: true, ..Size::default() }
}

/// Writes the credentials, and leads these tables of the board to the store.
fn lead(board: &mut Board, store: &Store, key: &[&str; 2], tables: &[&str]) {
    let path = board.path("store.key");
    files::write(&path, format!("# of the store\nAWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", key[0], key[1]));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    for (table, source) in &mut board.config.sources {
        if tables.is_empty() || tables.contains(&table.as_str()) {
            let path = source.replacen("extracts/", "s3://extracts/2026-Q3/", 1);
            let path = if source.starts_with('{') { continue } else { path };
            *source = format!(
                "{{ path: \"{path}\", endpoint: \"{}\", region: eu-west-2, credentials: {{ file: store.key }} }}",
                store.endpoint
            );
        }
    }
    board.configure();
}

/// `smirr ARGUMENTS board.yaml`, with nothing of the caller's own clouds, and as much logged as could be.
fn run(board: &Board, arguments: &[&str]) -> Ran {
    Ran::of(alone(&mut smirr()).args(arguments).arg(board.path("board.yaml")).current_dir(board.path("")))
}

fn alone(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|of| name.starts_with(of))
            || name.to_lowercase().ends_with("_proxy")
        {
            command.env_remove(name);
        }
    }
    command.env("RUST_LOG", "trace")
}

/// Neither the credentials nor what a server said is in anything that a run left or told.
#[track_caller]
fn tells_no_secret(board: &Board, ran: &Ran) {
    let left = files::under(&board.path("")).into_iter().filter(|path| !path.ends_with("store.key"));
    let texts = left.map(|path| (path.display().to_string(), files::unpacked(&path)));
    let told =
        [("stdout", &ran.stdout), ("stderr", &ran.stderr)].map(|(name, it)| (name.to_owned(), it.clone().into_bytes()));
    for (name, bytes) in texts.chain(told) {
        for secret in [ID, SECRET, "CANARY-BODY"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} holds {}", &secret[..6]);
        }
    }
}

#[test]
#[ignore = "needs an S3 server (moto); .ci/run has it"]
fn a_store_gives_the_pack_that_the_disk_gives() {
    let mut board = Board::new(&Size { patients: 2_000, ..Size::default() });
    run(&board, &["run"]).ends(0);
    let from_disk = board.published();
    let mut store = Store::start();
    store.tell(&format!("folder 2026-Q3 {}", board.path("extracts").display()));
    lead(&mut board, &store, &[ID, SECRET], &[]);
    fs::rename(board.path("extracts"), board.path("away")).expect("it is there");
    let ran = run(&board, &["--json", "run"]).ends(0);
    assert!(ran.rows_of("extracts") > 2_000, "the objects were read");
    tells_no_secret(&board, &ran);
    // The same question over the same content: the same answer, and no second charge.
    assert_eq!(board.published(), from_disk);
    assert_eq!(board.entries("drawn").len(), 2);
    let sources = board.validation().to_string();
    assert!(sources.contains("s3://extracts/2026-Q3/practices/"), "{sources}");

    // What has not changed is listed, and not read.
    store.objects_asked();
    let ran = run(&board, &["--json", "ingest"]).ends(0);
    assert_eq!(ran.rows_of("extracts"), 0);
    let read = store.objects_asked().into_iter().filter(|(method, _)| method == "GET").collect::<Vec<_>>();
    assert_eq!(read, []);

    // One that has changed is read, and no other.
    let extracts = files::under(&board.path("away/practices"));
    let first = extracts.iter().find(|path| path.ends_with("referrals.csv")).expect("there are some");
    let text = fs::read_to_string(first).expect("it is text");
    files::write(&board.path("away/changed"), text.lines().take(3).collect::<Vec<_>>().join("\n"));
    let key = format!("2026-Q3/{}", first.strip_prefix(board.path("away")).expect("it is below").display());
    store.tell(&format!("put {key} {}", board.path("away/changed").display()));
    let ran = run(&board, &["--json", "ingest"]).ends(0);
    assert_eq!(ran.rows_of("extracts"), 2);
    let read = store.objects_asked().into_iter().filter(|(method, _)| method == "GET").collect::<Vec<_>>();
    assert!(!read.is_empty() && read.iter().all(|(_, path)| path.ends_with(&key)), "{read:?}");
}

#[test]
#[ignore = "needs an S3 server (moto); .ci/run has it"]
fn every_format_can_lie_in_a_store() {
    let mut board = Board::new(&small());
    let mut store = Store::start();
    let source = board.path("extracts/all/referrals.csv");
    let extract = Extract::read(&source);
    let rows = extract.rows().len() as u64;
    for (key, manner) in [
        ("in/gz/referrals.csv.gz", Manner::Gzip),
        ("in/zstd/referrals.csv.zst", Manner::Zstd),
        ("in/parquet/referrals.parquet", Manner::Parquet),
        ("in/csv/referrals.csv", Manner::Lf),
    ] {
        extract.write(&board.path("made"), manner);
        store.tell(&format!("put {key} {}", board.path("made").display()));
    }
    // A store's own copy under way, and what another part of the key holds, are not looked at.
    store.tell(&format!("put in/csv/.referrals.csv {}", source.display()));
    store.tell(&format!("put in/csv/deeper/referrals.csv {}", source.display()));
    for glob in ["in/gz/*.gz", "in/**/*.zst", "in/csv/*.csv", "in/parquet/referrals.parquet", "in/[c]sv/referrals.*"] {
        board.config.sources.insert("referrals".into(), format!("extracts/{glob}"));
        lead(&mut board, &store, &[ID, SECRET], &["referrals"]);
        let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
        files::write(&board.path("board.yaml"), yaml.replace("s3://extracts/2026-Q3/", "s3://extracts/"));
        run(&board, &["ingest"]).ends(0);
        assert_eq!(board.tally("referrals")["rows"], rows, "{glob}");
    }
}

#[test]
#[ignore = "needs an S3 server (moto); .ci/run has it"]
fn more_objects_than_one_listing_holds() {
    let mut board = Board::new(&small());
    let mut store = Store::start();
    store.tell("many 2026-Q3/all/many 1100");
    board.config.sources.insert("referrals".into(), "extracts/all/many/*.csv".into());
    lead(&mut board, &store, &[ID, SECRET], &["referrals"]);
    let ran = run(&board, &["ingest"]).ends(11);
    assert!(ran.stderr.contains("and 1080 more"), "{}", ran.stderr);
}

/// Each fault of the store ends in the words for it, in exit code 11, with no part of that table and no secret.
#[test]
#[ignore = "needs an S3 server (moto); .ci/run has it"]
fn every_trouble_has_its_words_and_stores_nothing() {
    let mut board = Board::new(&small());
    let mut store = Store::start();
    let large = board.path("large.csv");
    let text = fs::read_to_string(board.path("extracts/all/referrals.csv")).expect("it is text");
    let (header, rows) = text.split_once('\n').expect("there is a header");
    files::write(&large, format!("{header}\n{}", rows.repeat(3_000_000 / rows.len() + 1)));
    store.tell(&format!("put 2026-Q3/all/referrals.csv {}", large.display()));
    lead(&mut board, &store, &[ID, SECRET], &["referrals"]);
    let replaced =
        format!("say replace 1 2026-Q3/all/referrals.csv {}", board.path("extracts/all/referrals.csv").display());
    let faults = [
        ("say status 500", "the store answers with errors of its own; run again later"),
        ("say status 403", "the store refuses these credentials"),
        ("say cut 1500000", "the connection to the store broke; run again"),
        (&replaced, "it changed while it was read; run again"),
    ];
    for (fault, words) in faults {
        store.tell(fault);
        let ran = run(&board, &["run"]).ends(11);
        assert!(ran.stderr.contains("s3://extracts/2026-Q3/all/referrals.csv"), "{fault}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{fault}: {}", ran.stderr);
        tells_no_secret(&board, &ran);
        let parts = files::under(&board.path("work/store/2026-Q3/referrals"));
        assert!(parts.is_empty() && !board.path("published").exists(), "{fault}: {parts:?}");
        store.tell("say whole");
    }
    // What broke off is asked for again from there on: each row comes once.
    store.tell(&format!("put 2026-Q3/all/referrals.csv {}", large.display()));
    store.tell("say stutter 400000");
    run(&board, &["ingest"]).ends(11);
    assert_eq!(board.tally("referrals")["rows"], fs::read_to_string(&large).expect("it is text").lines().count() - 1);
    store.tell("say whole");
    store.tell(&format!("put 2026-Q3/all/referrals.csv {}", board.path("extracts/all/referrals.csv").display()));
    let key = store.tell("users");
    let ran = run(&board, &["run"]).ends(11);
    assert!(ran.stderr.contains("the store refuses these credentials"), "{}", ran.stderr);
    tells_no_secret(&board, &ran);
    let key = [0, 1].map(|at| key[at].as_str().expect("it has a key").to_owned());
    board.config.sources.insert("referrals".into(), "extracts/all/referrals.csv".into());
    lead(&mut board, &store, &[&key[0], &key[1]], &["referrals"]);
    run(&board, &["ingest"]).ends(0);
    for (key, words) in
        [("extracts/none.csv", "names no file"), ("elsewhere/*.csv", "there is no such bucket or object")]
    {
        let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
        files::write(&board.path("board.yaml"), yaml.replace("extracts/2026-Q3/all/referrals.csv", key));
        let ran = run(&board, &["ingest"]).ends(11);
        assert!(ran.stderr.contains(words), "{key}: {}", ran.stderr);
        files::write(&board.path("board.yaml"), yaml);
    }
    drop(store);
    let ran = run(&board, &["run"]).ends(11);
    assert!(ran.stderr.contains("no connection to the store"), "{}", ran.stderr);
    assert!(!files::under(&board.path("work/store/2026-Q3/referrals")).is_empty(), "what was stored stays");
}

/// A key is retired only with a count of the parts that cannot be made again: those in a store are asked for there.
#[test]
#[ignore = "needs an S3 server (moto); .ci/run has it"]
fn a_retired_key_knows_what_the_store_still_has() {
    let mut board = Board::new(&small());
    let mut store = Store::start();
    store.tell(&format!("folder 2026-Q3 {}", board.path("extracts").display()));
    lead(&mut board, &store, &[ID, SECRET], &["referrals", "contacts"]);
    run(&board, &["ingest"]).ends(0);
    board.key("3a91f0c7d25e48b61c7e93f4a0d86b52e17f4c09d3b8a65270e1cf9482d6b3a5", 0o600);
    files::write(&board.path("other.csv"), "chi\n");
    store.tell(&format!("put 2026-Q3/all/contacts.csv {}", board.path("other.csv").display()));
    let listed = run(&board, &["--json", "key", "list"]).ends(0).stdout;
    let uses = listed.lines().flat_map(|line| serde_json::from_str::<serde_json::Value>(line).into_iter());
    let uses = uses.flat_map(|it| it["uses"].as_array().cloned().unwrap_or_else(|| vec![it])).collect::<Vec<_>>();
    let gone = |table: &str| uses.iter().find(|it| it["table"] == table).map(|it| it["extract_gone"].clone());
    assert_eq!((gone("referrals"), gone("contacts")), (Some(0.into()), Some(1.into())), "{listed}");
}

/// Credentials in the YAML itself are refused, and not repeated; so is what would let others read on the way.
#[test]
fn a_credential_in_the_yaml_is_refused_and_not_repeated() {
    let board = Board::new(&small());
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    let wrong = [
        ("\"s3://CANARYACCESSKEY:pw@extracts/a.csv\"", "no user, no password"),
        ("\"s3://extracts/a.csv?X-Amz-Signature=CANARYACCESSKEY\"", "no query string"),
        ("[ \"az://c/a.csv?sig=CANARYACCESSKEY\" ]", "no query string"),
        ("{ path: \"s3://b/a.csv\", endpoint: \"https://u:CANARYACCESSKEY@host\" }", "no user, no password"),
        ("{ path: \"s3://b/a.csv\", credentials: { env: \"CANARYACCESSKEY CANARYACCESSKEY\" } }", "not the name of"),
        ("{ path: \"s3://b/a.csv\", credentials: CANARYACCESSKEY-CANARYACCESSKEY }", "error"),
        ("{ path: \"s3://b/a.csv\", endpoint: \"http://store.example\" }", "plain HTTP"),
        ("{ path: \"https://host/a.csv\" }", "no source of smirr's has such an address"),
        ("{ path: extracts/all/referrals.csv, region: eu-west-2 }", "is for object stores"),
    ];
    for (source, words) in wrong {
        files::write(&board.path("board.yaml"), yaml.replace("extracts/all/referrals.csv", source));
        for command in ["check", "plan", "explain", "run"] {
            let ran = run(&board, &[command]).ends(10);
            assert!(ran.stderr.contains(words), "{source}: {}", ran.stderr);
            tells_no_secret_of(&ran);
        }
    }
}

#[track_caller]
fn tells_no_secret_of(ran: &Ran) {
    assert!(!ran.stderr.contains(ID) && !ran.stdout.contains(ID), "{}", ran.stderr);
}
