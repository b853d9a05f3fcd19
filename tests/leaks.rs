//! Nothing that a reader or a thief of files could find holds an identifier: not on success, not on any failure.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Bound;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

use crate::support::board::KEY;
use crate::support::extracts::{Extract, Manner, append, gzip};
use crate::support::program::Ran;
use crate::support::{Board, Size, chi, files};

/// Identifiers to look for, as bytes.
pub struct Canaries {
    /// Ten digits each.
    pub numbers: BTreeSet<Vec<u8>>,
    /// Texts of any kind.
    pub texts: BTreeSet<Vec<u8>>,
}

impl Canaries {
    /// Every CHI number, linkage key, digest and token of the board's private extracts.
    pub fn of(board: &Board) -> Self {
        let mut canaries = Canaries { numbers: BTreeSet::new(), texts: BTreeSet::from([KEY.as_bytes().to_vec()]) };
        for path in
            files::under(&board.path("extracts")).iter().filter(|path| !path.starts_with(board.path("extracts/public")))
        {
            let extract = Extract::read(path);
            for (at, name) in extract.records[0].iter().enumerate() {
                for value in
                    extract.rows().iter().filter_map(|row| row.get(at)).map(|value| value.trim().as_bytes().to_vec())
                {
                    match name.as_str() {
                        "chi" if value.len() == 10 => _ = canaries.numbers.insert(value),
                        // Linkage keys and digests, in whatever case somebody may have written them.
                        "chi" if value.len() > 10 => {
                            canaries.texts.insert(value.to_ascii_lowercase());
                            canaries.texts.insert(value.to_ascii_uppercase());
                        }
                        "referral_id" | "contact_id" | "onward_id" | "attendance_id" if value.len() > 6 => {
                            canaries.texts.insert(value);
                        }
                        _ => {}
                    }
                }
            }
        }
        assert!(canaries.numbers.len() + canaries.texts.len() > 1_500 && canaries.texts.len() > 500);
        canaries
    }

    /// What of them is in `bytes`, as a place; the identifier itself would leak into the test's own report.
    fn found_in(&self, bytes: &[u8]) -> Option<String> {
        let at = |start: usize| Some(format!("an identifier at byte {start} of {}", bytes.len()));
        for start in 0..bytes.len() {
            let rest = &bytes[start..];
            if rest.len() >= 10 && rest[..10].iter().all(u8::is_ascii_digit) && self.numbers.contains(&rest[..10]) {
                return at(start);
            }
            // Only planted texts are looked for in nine digits: real ones would be met by chance.
            let known = self.texts.range::<[u8], _>((Bound::Unbounded, Bound::Included(rest))).next_back();
            if known.is_some_and(|text| rest.starts_with(text)) {
                return at(start);
            }
        }
        None
    }

    /// Looks through everything that a run left, but for the extracts, the YAML and the key.
    #[track_caller]
    pub fn search(&self, board: &Board, ran: &Ran, what: &str) {
        for (name, stream) in [("standard output", &ran.stdout), ("standard error", &ran.stderr)] {
            assert_eq!(self.found_in(stream.as_bytes()), None, "{what}: {name}");
        }
        let given = ["extracts", "board.yaml", "board.key", "board.salt"].map(|name| board.path(name));
        for path in
            files::under(&board.path("")).iter().filter(|path| !given.iter().any(|given| path.starts_with(given)))
        {
            assert_eq!(self.found_in(&files::unpacked(path)), None, "{what}: {}", path.display());
            assert_eq!(self.found_in(path.to_string_lossy().as_bytes()), None, "{what}: the name of a file");
        }
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let board = Board::new(&Size::default());
    let mut canaries = Canaries::of(&board);
    canaries.texts.insert(b"CANARY-1".to_vec());
    let chi = canaries.numbers.first().expect("there are patients").clone();
    assert!(canaries.found_in(&[b"0".as_slice(), &chi, b"1"].concat()).is_some());
    assert!(canaries.found_in(b"{\"id\": \"CANARY-1\"}").is_some());
    assert_eq!(canaries.found_in(b"1234567890 CANARY-2"), None);
}

/// Rows with identifiers in every odd place, and what to look for afterwards.
fn plant(board: &Board) -> Canaries {
    let mut canaries = Canaries::of(board);
    let people = (1..=12).map(|n| chi(n % 9 + 1, n, 40 + n, 500 + n * 11)).collect::<Vec<_>>();
    let wrong = format!("{}{}", &people[0][..9], (people[0].as_bytes()[9] - b'0' + 1) % 10);
    let lettered = format!("{}O{}", &people[1][..4], &people[1][5..]);
    let odd = [
        format!("CANARY-R1,{wrong},10007,CANARY-P1,2026-07-01,gp,housing,accepted"),
        format!("CANARY-R2,{lettered},10007,CANARY-P2,2026-07-01,gp,housing,accepted"),
        format!("CANARY-R3,{},10007,CANARY-P3,{},gp,housing,accepted", people[2], people[2]),
        format!("CANARY-R4,{},{},CANARY-P4,2026-07-01,{},{},{}", people[3], people[3], people[4], people[5], people[6]),
        format!("CANARY-R5,{},10007,CANARY-P5,2026-07-01,gp,housing,accepted,{}", people[7], people[8]),
        format!(
            "\"CANARY-R6\n{}\",\"{}\",10007,\"CANARY \"\"P6\"\"\",2026-07-01,gp,housing,accepted",
            people[9], people[10]
        ),
        format!("{},CANARY-R7", people[11]),
        format!("CANARY-R8,{},10007,CANARY-P8,2026-07-01,gp,housing,accepted", &people[0][1..]),
        format!(
            "{},{},{},{},{},{},{},{}",
            people[0], people[1], people[2], people[3], people[4], people[5], people[6], people[7]
        ),
    ];
    let first = |folder: &str, table: &str| {
        let files = files::under(&board.path(folder)).into_iter();
        files.filter(|path| path.ends_with(format!("{table}.csv"))).min().expect("it was made")
    };
    append(&first("extracts/practices", "referrals"), &odd);
    let attended = [
        format!("CANARY-A1,{},,ORG00001,2026-07-01,2,engaged,,", people[0]),
        format!("CANARY-A2,CANARY-T2,{},{},2026-07-01,{},engaged,{},", people[1], people[2], people[3], people[4]),
        format!("CANARY-A3,{},{wrong},CANARY-O3,2026-07-01,2,{},,", people[5], people[6]),
    ];
    append(&first("extracts/organisations", "attendances"), &attended);
    let patient = format!("{},10007,{},{},{},2020-01-01,", people[8], people[8], people[9], people[10]);
    append(&first("extracts/practices", "patients"), &[patient]);
    for person in people.iter().chain([&wrong]) {
        canaries.numbers.insert(person.as_bytes().to_vec());
        canaries.texts.insert(person.as_bytes()[1..].to_vec());
    }
    canaries.texts.extend([lettered.into_bytes(), b"CANARY".to_vec()]);
    canaries
}

#[test]
fn no_identifier_is_left_by_a_run_that_ends_well() {
    let board = Board::new(&Size { patients: 4_000, activity: 4.0, ..Size::default() });
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("board.yaml"), yaml.replace("[csv, parquet]", "[html, ods, xlsx, csv, parquet]"));
    let canaries = plant(&board);
    for arguments in [&["run"][..], &["--json", "run"], &["ingest"], &["ledger", "--verify"], &["check"]] {
        let ran = board.smirr(arguments).ends(0);
        canaries.search(&board, &ran, &arguments.join(" "));
    }
    let tally = board.tally("referrals");
    assert!(tally["quarantined"].as_u64() >= Some(4), "the odd rows were not met: {tally}");
}

/// Runs a board that cannot end well, in words and in JSON, and looks through what it left.
#[track_caller]
fn fails(board: &Board, canaries: &Canaries, code: i32, what: &str) {
    // What ends a run for want of budget ends no other command.
    let commands: [&[&str]; 3] =
        [&["run"], &["--json", "run"], if code == 12 { &["--quiet", "run"] } else { &["ingest"] }];
    for arguments in commands {
        let ran = board.smirr(arguments).ends(code);
        assert!(!ran.stderr.contains("fault of its own"), "{what}: {}", ran.stderr);
        canaries.search(board, &ran, what);
        assert!(!board.pack().exists(), "{what}: published all the same");
    }
}

/// Puts one extract in the place of all of a table's.
fn instead(board: &mut Board, table: &str, name: &str, bytes: &[u8]) {
    files::write(&board.path("extracts").join(name), bytes);
    board.config.sources.insert(table.into(), format!("extracts/{name}"));
    board.configure();
}

#[test]
fn no_identifier_is_left_by_an_extract_that_cannot_be_used() {
    let mut board = Board::new(&Size { patients: 4_000, activity: 4.0, ..Size::default() });
    let canaries = plant(&board);
    let path = files::under(&board.path("extracts/practices")).into_iter().find(|path| path.ends_with("referrals.csv"));
    let extract = Extract::read(&path.expect("there is a practice"));
    let text = extract.records.iter().map(|row| row.join(",")).collect::<Vec<_>>().join("\n");
    let (header, rows) = text.split_once('\n').expect("a header and rows");

    instead(&mut board, "referrals", "headless.csv", rows.as_bytes());
    fails(&board, &canaries, 11, "no header");
    instead(&mut board, "referrals", "open.csv", format!("{header}\n\"{rows}").as_bytes());
    fails(&board, &canaries, 11, "a quote that is never closed");
    let packed = gzip(text.as_bytes());
    instead(&mut board, "referrals", "short.csv.gz", &packed[..packed.len() / 2]);
    fails(&board, &canaries, 11, "a gzip file cut short");
    instead(&mut board, "referrals", "twice.csv", text.replacen("practice_code", "chi", 1).as_bytes());
    fails(&board, &canaries, 11, "a header that names a column twice");
    let commas = text.replace(',', ";");
    instead(&mut board, "referrals", "semicolons.csv", commas.as_bytes());
    fails(&board, &canaries, 11, "semicolons for commas");
    instead(
        &mut board,
        "referrals",
        "wide.csv",
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice(),
    );
    fails(&board, &canaries, 11, "UTF-16");
    instead(&mut board, "referrals", "limit.csv", text.replace("accepted", "accepted,more").as_bytes());
    fails(&board, &canaries, 11, "over the limit");

    extract.clone().squared().write(&board.path("extracts/whole.parquet"), Manner::Parquet);
    let whole = fs::read(board.path("extracts/whole.parquet")).expect("it was written");
    instead(&mut board, "referrals", "cut.parquet", &whole[..whole.len() - 200]);
    fails(&board, &canaries, 11, "Parquet without its end");
    let mut damaged = whole.clone();
    damaged[8..whole.len() / 3].fill(0xee);
    instead(&mut board, "referrals", "damaged.parquet", &damaged);
    fails(&board, &canaries, 11, "Parquet with damaged pages");
}

#[test]
fn no_identifier_is_left_by_a_run_that_is_refused() {
    let mut board = Board::new(&Size { patients: 4_000, activity: 4.0, ..Size::default() });
    let canaries = plant(&board);
    board.key("00112233", 0o600);
    fails(&board, &canaries, 11, "a weak key");
    board.key(KEY, 0o644);
    fails(&board, &canaries, 11, "a key that others can read");
    board.key(KEY, 0o600);
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("board.yaml"), yaml.replace("quarter:", "quartre:"));
    fails(&board, &canaries, 10, "a misspelt key");
    board.configure();
    // Another board has spent this ledger.
    board.config.board = "NHS Other".into();
    board.configure();
    board.smirr(&["run", "--quiet"]).ends(0);
    fs::remove_dir_all(board.path("published")).expect("there is a pack");
    board.config.board = "NHS Strathmirr".into();
    board.configure();
    let ran = board.smirr(&["run"]).ends(14);
    canaries.search(&board, &ran, "another board's ledger");
    board.config.board = "NHS Other".into();
    board.config.loss = "{ rho: \"0.2\" }".into();
    board.configure();
    fails(&board, &canaries, 12, "over budget");
}

#[test]
fn what_operators_have_is_theirs_alone_and_what_is_published_is_everyones() {
    let board = Board::new(&Size::default());
    fs::remove_file(board.path("board.key")).expect("it is ours");
    Ran::of(crate::support::program::smirr().args(["key", "new"]).arg(board.path("board.key"))).ends(0);
    board.smirr(&["run"]).ends(0);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&board.path("board.key")), 0o600);
    assert_eq!(mode(&board.path("ledger.sqlite")), 0o600);
    // A folder that only its owner may enter keeps what is below it from others, whatever a file's own mode.
    for folder in files::folders_under(&board.path("work")) {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    for path in files::under(&board.path("work")) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&board.pack()), 0o755);
    for path in files::under(&board.pack()) {
        assert_eq!(mode(&path), 0o644, "{}", path.display());
    }
}

#[test]
fn a_folder_that_holds_both_can_be_entered() {
    let board = Board::new(&Size::default());
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    let yaml = yaml.replace("work: work", "work: out/work").replace("to: published", "to: out/published");
    files::write(&board.path("board.yaml"), yaml);
    board.smirr(&["run"]).ends(0);
    let mode = |path: &str| fs::metadata(board.path(path)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("out") & 0o055, 0o055, "what is published cannot be reached");
    assert_eq!([mode("out/work"), mode("out/published/2026-Q3")], [0o700, 0o755]);
}

#[test]
fn parquet_holds_no_statistics() {
    let board = Board::new(&Size::default());
    board.smirr(&["run"]).ends(0);
    let is_parquet = |path: &PathBuf| path.extension().is_some_and(|it| it == "parquet");
    let found = files::under(&board.path("")).into_iter().filter(is_parquet).collect::<Vec<_>>();
    let published = found.iter().filter(|path| path.starts_with(board.pack())).count();
    assert!(published == 8 && found.len() > 10, "{published} of {}", found.len());
    for path in found {
        let reader = SerializedFileReader::new(fs::File::open(&path).expect("it is there")).expect("it is Parquet");
        for group in reader.metadata().row_groups() {
            for column in group.columns() {
                let at = format!("{} in {}", column.column_path(), path.display());
                // Queries over some of the people skip by the bucket: four random bits of a pseudonym, and nothing more.
                let bucket = column.column_path().string() == "bucket" && path.starts_with(board.path("work"));
                assert!(column.statistics().is_none() || bucket, "{at}");
                assert!(column.column_index_offset().is_none() || bucket, "{at}");
                assert!(column.bloom_filter_offset().is_none(), "{at}");
            }
        }
    }
}

/// All that a published folder shows beside its numbers: names of files, columns, and each row's labels, in order.
fn frame(board: &Board) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut frame = BTreeMap::new();
    for path in files::under(&board.pack()) {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let mut lines = Vec::new();
        if name.starts_with("codes-") || name == "csv-metadata.json" {
            // Lists of codes and what is said of columns are the same in every letter.
            lines.push(vec![fs::read_to_string(&path).expect("it is text")]);
        } else if name.ends_with(".csv") {
            let table = Extract::read(&path);
            let figure = table.column("Figure");
            lines.push(table.records[0].clone());
            lines.extend(table.rows().iter().map(|row| row[..=figure].to_vec()));
        } else if name.ends_with(".parquet") {
            let reader = SerializedFileReader::new(fs::File::open(&path).expect("it is there")).expect("it is Parquet");
            let file = reader.metadata().file_metadata();
            lines.push(vec![format!("{:?}", file.schema()), file.num_rows().to_string()]);
        }
        frame.insert(name, lines);
    }
    frame
}

#[test]
fn a_board_and_its_neighbour_publish_tables_of_one_shape() {
    let board = Board::new(&Size { single: true, ..Size::default() });
    board.smirr(&["run"]).ends(0);
    // The person with most rows, so that as much as can be hangs on them.
    let contacts = Extract::read(&board.path("extracts/all/contacts.csv"));
    let mut rows = BTreeMap::<&str, usize>::new();
    contacts.rows().iter().for_each(|row| *rows.entry(&row[contacts.column("chi")]).or_default() += 1);
    let person =
        rows.iter().max_by_key(|(_, number)| **number).map(|(chi, _)| (*chi).to_owned()).expect("there are contacts");
    let neighbour = board.twin();
    let mut taken = 0;
    for path in files::under(&neighbour.path("extracts/all")) {
        let mut extract = Extract::read(&path);
        let before = extract.records.len();
        extract.records.retain(|row| !row.contains(&person));
        taken += before - extract.records.len();
        extract.write(&path, Manner::Lf);
    }
    assert!(taken > 2, "{taken} rows were theirs");
    neighbour.smirr(&["run"]).ends(0);
    assert_eq!(frame(&neighbour), frame(&board));
}
