//! A tiny board in words: tables as text in, exact cells as text out.
//!
//! A table is a heading and rows, split by spaces; `-` is blank. Columns that a table does not name get a usual value.
//! `0·to·6` is one word for the code of that name.
//! `P1` is a person, `G1` a practice, `Z1` a data zone, `H1` a partnership and `B1` a health board. `practices` and
//! `practitioners` have a source where a specification gives them, and the other tables always.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use super::bringing::{exact, linked, linked_by, opened};
use crate::config::plan::{Measure, Plan};
use crate::ingest::check_digit::modulus_11;
use crate::measure::grid::LevelGrid;
use crate::privacy::{Bounds, Private};
use crate::pseudonymise::new_key_file;

/// A table's columns, each with its usual value; `#` is another text in every row.
type Columns = &'static [(&'static str, &'static str)];

/// Every table of the tiny board.
pub const TABLES: [(&str, Columns); 9] = [
    (
        "patients",
        &[
            ("chi", "P1"),
            ("practice_code", "10002"),
            ("sex", "F"),
            ("date_of_birth", "1980-01-01"),
            ("data_zone", "Z1"),
            ("registered_on", "2020-01-01"),
            ("deregistered_on", "-"),
        ],
    ),
    ("practices", &[("practice_code", "G1"), ("data_zone", "Z1")]),
    (
        "practitioners",
        &[("clp_id", "C1"), ("practice_code", "G1"), ("wte", "1"), ("started_on", "2020-01-01"), ("ended_on", "-")],
    ),
    (
        "referrals",
        &[
            ("referral_id", "#"),
            ("chi", "P1"),
            ("practice_code", "10002"),
            ("clp_id", "C1"),
            ("referred_on", "2024-08-15"),
            ("source", "gp"),
            ("reason", "housing"),
            ("status", "accepted"),
        ],
    ),
    (
        "contacts",
        &[
            ("contact_id", "#"),
            ("chi", "P1"),
            ("clp_id", "C1"),
            ("contacted_on", "2024-08-15"),
            ("mode", "phone"),
            ("minutes", "30"),
            ("attended", "yes"),
            ("balance", "-"),
            ("ended_on", "-"),
            ("org_id", "-"),
        ],
    ),
    (
        "onward_referrals",
        &[
            ("onward_id", "#"),
            ("referral_id", "-"),
            ("chi", "P1"),
            ("clp_id", "C1"),
            ("org_id", "O1"),
            ("made_on", "2024-08-15"),
            ("kind", "supported"),
        ],
    ),
    (
        "attendances",
        &[
            ("attendance_id", "#"),
            ("onward_id", "-"),
            ("chi", "-"),
            ("org_id", "O1"),
            ("first_attended_on", "2024-08-15"),
            ("sessions", "1"),
            ("outcome", "engaged"),
            ("swemwbs_before", "-"),
            ("swemwbs_after", "-"),
        ],
    ),
    (
        "organisations",
        &[
            ("org_id", "#"),
            ("name", "#"),
            ("service_type", "-"),
            ("area_code", "-"),
            ("places", "10"),
            ("funding_gbp", "100"),
            ("funded_until", "2027-01-01"),
            ("accepting", "yes"),
        ],
    ),
    (
        "data_zones",
        &[
            ("data_zone", "#"),
            ("intermediate_zone", "S02000001"),
            ("hscp", "H1"),
            ("council_area", "S12000001"),
            ("health_board", "B1"),
            ("simd_rank", "1"),
            ("simd_decile", "-"),
            ("simd_quintile", "-"),
            ("population", "100"),
        ],
    ),
];

/// Tables that a board need not have.
const SPARE: [&str; 2] = ["practices", "practitioners"];

/// The usual content of the tables that most specifications share.
const USUAL: [(&str, &str); 3] = [
    (
        "patients",
        "chi data_zone sex
         P1  Z1        F
         P2  Z2        M
         P3  Z3        F
         P4  Z4        M",
    ),
    (
        "organisations",
        "org_id service_type
         O1     food
         O2     exercise
         O3     -",
    ),
    (
        "data_zones",
        "data_zone hscp health_board simd_quintile
         Z1        H1   B1           1
         Z2        H1   B1           5
         Z3        H2   B1           1
         Z4        H3   B2           -",
    ),
];

/// Columns that the shipped `contacts` has not: a number that may be negative, a second date and a reference.
const MORE_COLUMNS: &str = "
  balance:
    type: integer
    optional: true
    breach: unknown
  ended_on:
    type: date
    optional: true
    breach: unknown
  org_id:
    type: reference
    to: organisations
    optional: true
    breach: unknown
limits:
";

const BOARD: &str = r#"
board: NHS Spec
quarter: 2024-Q3
pseudonyms: { key: { file: spec.key } }
geography:
  levels: [health_board, hscp]
  bands: { simd_quintile: country }
privacy:
  loss: { rho: "1" }
  ledger: ledger.sqlite
publish: { to: out, formats: [csv] }
"#;

/// A board's files, as text: table to its files, each a heading and rows.
#[derive(Debug, Clone, Default)]
pub struct Board {
    tables: BTreeMap<&'static str, Vec<String>>,
}

/// A board of the usual people, organisations and areas, and nothing else.
pub fn board() -> Board {
    Board::default()
}

impl Board {
    /// Gives a table, or one more file of it.
    pub fn with(mut self, table: &str, text: &str) -> Self {
        let &(name, columns) = TABLES.iter().find(|(name, _)| *name == table).expect("a table of the board");
        let files = self.tables.entry(name).or_default();
        let csv = csv(columns, text, files.len());
        files.push(csv);
        self
    }

    /// Gives a measure, as YAML, over dimensions.
    pub fn asks(&self, measure: &str, by: &str) -> Asked {
        self.asked(&report(by, &[("asked", measure)]))
    }

    /// The same where practitioners are protected too.
    pub fn asks_of_practices(&self, measure: &str, by: &str) -> Asked {
        self.asked(&of_practices(by, &[("asked", measure)]))
    }

    /// Gives a report of one measure, as YAML.
    pub fn asked(&self, report: &str) -> Asked {
        Asked::of(self.folder(&[("spec", report)]))
    }

    /// Every text of every table with another one in its place.
    pub fn with_texts(mut self, texts: &[(&str, &str)]) -> Self {
        for file in self.tables.values_mut().flatten() {
            *file = texts.iter().fold(std::mem::take(file), |file, (from, to)| file.replace(from, to));
        }
        self
    }

    /// The board as files, with reports by name.
    pub fn folder(&self, reports: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let mut sources = String::new();
        for (table, _) in self.present() {
            let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{table}.yaml"));
            let schema = fs::read_to_string(schema).unwrap();
            let schema = if table == "contacts" { schema.replace("\nlimits:\n", MORE_COLUMNS) } else { schema };
            write(&format!("schemas/{table}.yaml"), &schema);
            sources.push_str(&format!("  {table}: extracts/*/{table}.csv\n"));
        }
        self.write_extracts(folder.path());
        let names = reports.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        write("board.yaml", &format!("{BOARD}sources:\n{sources}reports: [{names}]\n"));
        reports.iter().for_each(|(name, text)| write(&format!("reports/{name}.yaml"), text));
        new_key_file(&folder.path().join("spec.key")).unwrap();
        folder
    }

    /// Writes the tables' files into a board's folder, in the place of what may be there.
    pub fn write_extracts(&self, folder: &Path) {
        for (table, columns) in self.present() {
            let usual = || USUAL.iter().find(|(name, _)| *name == table).map_or("chi", |(_, text)| *text);
            let files = self.tables.get(table).cloned().unwrap_or_else(|| vec![csv(columns, usual(), 0)]);
            for (number, file) in files.iter().enumerate() {
                let path = folder.join(format!("extracts/{number}/{table}.csv"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, file).unwrap();
            }
        }
    }

    /// Tables that have a source.
    fn present(&self) -> impl Iterator<Item = (&'static str, Columns)> {
        TABLES.into_iter().filter(|(table, _)| !SPARE.contains(table) || self.tables.contains_key(table))
    }
}

/// The YAML of a report.
pub fn report(by: &str, measures: &[(&str, &str)]) -> String {
    yaml("patient", by, measures)
}

/// The YAML of a report that protects practitioners too.
pub fn of_practices(by: &str, measures: &[(&str, &str)]) -> String {
    yaml("[patient, practitioner]", by, measures)
}

fn yaml(protects: &str, by: &str, measures: &[(&str, &str)]) -> String {
    let measures = measures.iter().map(|(name, measure)| format!("  {name}: {measure}\n")).collect::<String>();
    format!("title: Spec\nprotects: {protects}\nby: {by}\nmeasures:\n{measures}")
}

/// The checked plan of a folder that [`Board::folder`] made.
pub fn plan(folder: &Path) -> Plan {
    crate::config::load(&folder.join("board.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

/// One file of a table.
fn csv(columns: Columns, text: &str, file: usize) -> String {
    let mut lines =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|line| !line.is_empty());
    let heading = lines.next().unwrap_or_default();
    assert!(heading.iter().all(|name| columns.iter().any(|(known, _)| known == name)), "{heading:?}");
    let rows = lines.enumerate().map(|(number, line)| {
        assert_eq!(line.len(), heading.len(), "{line:?}");
        let value = |(column, usual): &(&str, &str)| {
            let given = heading.iter().position(|name| name == column).map_or(*usual, |place| line[place]);
            if given == "#" { format!("N{file}x{number}") } else { word(given) }
        };
        columns.iter().map(value).collect::<Vec<_>>().join(",")
    });
    let heading = columns.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(",");
    [heading].into_iter().chain(rows).collect::<Vec<_>>().join("\n") + "\n"
}

/// What a short word stands for.
pub fn word(short: &str) -> String {
    let (kind, digits) = short.split_at(short.len().min(1));
    match (kind, digits.parse::<u32>()) {
        ("-", Err(_)) if digits.is_empty() => String::new(),
        ("P", Ok(number)) => chi(number).expect("a number that has a check digit; take another"),
        // The fifth digit of a practice code checks the others.
        ("G", Ok(number @ 1..=4)) => format!("{number}000{}", 2 * number),
        ("Z", Ok(number)) => format!("S01{number:06}"),
        ("H", Ok(number)) => format!("S37{number:06}"),
        ("B", Ok(number)) => format!("S08{number:06}"),
        // A code of several words.
        _ => short.replace('·', " "),
    }
}

/// The number of a made-up person: well formed, and nobody's, for no month has a day 00. One number in eleven has no
/// check digit.
pub fn chi(person: u32) -> Option<String> {
    let mut digits = (0..10).map(|check| format!("0001{person:05}{check}"));
    digits.find(|digits| digits.as_bytes().try_into().is_ok_and(modulus_11))
}

/// A measure over a board's files.
pub struct Asked {
    /// The plan, whose one report has the one measure.
    pub plan: Plan,
    _folder: tempfile::TempDir,
}

/// A measure's exact cells at every area level.
pub struct Exact {
    /// The public grids.
    pub grids: Vec<LevelGrid>,
    /// Beside them, the cells.
    pub cells: Vec<Private<Vec<i64>>>,
    /// Beside them, what the noise is scaled for: known before any data are opened.
    pub planned: Vec<Bounds>,
}

/// Cells that are not 0: labels to value.
pub type Cells = BTreeMap<Vec<String>, i64>;

impl Asked {
    /// The measure of a folder that [`Board::folder`] made, which goes with it.
    pub fn of(folder: tempfile::TempDir) -> Self {
        Asked { plan: plan(folder.path()), _folder: folder }
    }

    /// The measure that was asked for.
    pub fn measure(&self) -> &Measure {
        &self.plan.reports[0].measures[0]
    }

    /// Brings everything in and measures.
    pub fn exact(&self) -> Exact {
        linked(&self.plan, |linked| exact(&self.plan, self.measure(), linked).unwrap())
    }

    /// Holds the cells of partnerships by one dimension, whose codes may be of several words, against (area, code, value).
    #[track_caller]
    pub fn gives_exactly(&self, expected: &[(&str, &str, i64)]) {
        let expected = expected.iter().map(|(area, code, value)| (vec![word(area), (*code).into()], *value));
        assert_eq!(self.exact().at(1), expected.collect::<Cells>());
    }

    /// Holds the cells against a table: the heading names an area level and the other dimensions, and ends in `value`.
    /// Cells that the table does not name are 0, and every other level has the same total.
    #[track_caller]
    pub fn gives(&self, table: &str) {
        let mut lines = table.lines().map(|line| line.split_whitespace().map(word).collect::<Vec<_>>());
        let mut heading = lines.find(|line| !line.is_empty()).expect("a heading");
        assert_eq!(heading.pop().as_deref(), Some("value"));
        let mut expected = Cells::new();
        for mut line in lines.filter(|line| !line.is_empty()) {
            assert_eq!(line.len(), heading.len() + 1, "{line:?}");
            let value = line.pop().unwrap().parse().expect("a whole number");
            assert_eq!(expected.insert(line, value), None, "a cell is given twice");
        }
        let exact = self.exact();
        let total: i64 = expected.values().sum();
        for (grid, cells) in exact.grids.iter().zip(&exact.cells) {
            assert_eq!(cells.reveal().iter().sum::<i64>(), total, "the total at the level of {}", grid.level);
        }
        let (level, dimensions) = heading.split_first().expect("an area level");
        let place = exact.grids.iter().position(|grid| grid.level == *level).expect("a level of the board");
        let names = exact.grids[place].dimensions[1..].iter().map(|dimension| dimension.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), dimensions);
        assert_eq!(exact.at(place), expected);
    }
}

impl Exact {
    /// The cells of one level that are not 0.
    pub fn at(&self, level: usize) -> Cells {
        let labels = |cell| self.grids[level].labels(cell).into_iter().map(str::to_owned).collect();
        let cells = self.cells[level].reveal().iter().enumerate().filter(|(_, value)| **value != 0);
        cells.map(|(cell, value)| (labels(cell), *value)).collect()
    }
}
