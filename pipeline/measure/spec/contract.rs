//! Random extract contracts: tables with their columns, rules and code lists, as the YAML that a board would write.
//!
//! `patients` and `visits` name their person; a row of `uses` may name one, or lead to one by the pass that a visit
//! gave; `services` and `data_zones` are public.

use super::tape::Tape;

/// What a column may be asked for by a condition, a dimension or a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// One of this many codes: `c0`, `c1` and so on.
    Codes(usize),
    /// A whole number, and whether its rules keep out what is not in its range.
    Number(bool),
    /// A date.
    Date,
    /// The key of a service.
    Service,
    /// An identifier, or the area: nothing that a condition may name.
    Other,
}

/// A column: its rules, and what the text in a file may be, the plainest first.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: &'static str,
    pub holds: Holds,
    pub optional: bool,
    pub texts: Vec<String>,
    settings: String,
}

impl Column {
    /// Whether it holds whole numbers.
    pub fn is_whole(&self) -> bool {
        self.settings.starts_with("type: integer")
    }
}

/// A private table.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<Column>,
    pub dated: bool,
    unique: &'static str,
}

/// Three private tables, and the public ones' variety.
#[derive(Debug, Clone)]
pub struct Contract {
    pub tables: [Table; 3],
    /// The services' codes, under the name of a dimension.
    pub services: (&'static str, usize),
    pub levels: &'static [&'static str],
    pub band: bool,
}

/// The code columns that any table may have: a dimension means the measured table's own, then its service's, then the
/// patient's.
pub const CODES: [&str; 3] = ["k1", "k2", "k3"];
/// The column that dates a row.
pub const DATE: &str = "held_on";
/// In the quarter, its first and last day, the days about it, and what is no date.
const DAYS: [&str; 8] =
    ["2024-08-15", "2024-07-01", "2024-09-30", "2024-06-30", "2024-10-01", "15/08/2024", "2024-02-30", ""];
const FROM: [&str; 7] = ["2020-01-01", "2024-09-29", "2024-09-30", "2024-10-01", "01/02/2021", "1899-12-31", ""];
const UNTIL: [&str; 5] = ["", "2024-10-01", "2024-09-30", "2020-01-01", "soon"];
const ZONES: [&str; 7] = ["S01000001", "S01000002", "S01000003", "S01000004", "s01000004", "S01019999", ""];
/// Ranges of numbers, with ends of either sign.
const RANGES: [(i64, i64); 6] =
    [(0, 480), (-50, 50), (5, 9), (-9, -2), (0, 1), (-1_000_000_000_000, 1_000_000_000_000)];
const LEVELS: [&[&str]; 7] = [
    &["all"],
    &["all", "health_board", "hscp"],
    &["hscp"],
    &["health_board", "hscp"],
    &["hscp", "health_board"],
    &["council_area"],
    &["health_board", "council_area", "hscp"],
];

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

fn other(name: &'static str, settings: &str, of: &[&str]) -> Column {
    let holds = if settings.contains("date") { Holds::Date } else { Holds::Other };
    Column { name, holds, optional: false, texts: texts(of), settings: settings.into() }
}

/// What happens to a broken rule, and whether the value or the column may be missing.
fn rules(tape: &mut Tape<'_>) -> (String, bool) {
    let breach = tape.one_of(&["", ", breach: unknown", ", breach: quarantine", ", breach: warn"]);
    let missing = tape.one_of(&["", "", ", required: true", ", optional: true"]);
    (format!("{breach}{missing}"), missing.contains("optional"))
}

fn code(name: &'static str, tape: &mut Tape<'_>) -> Column {
    let codes = codes(tape);
    let (rules, optional) = rules(tape);
    let words = (0..codes).map(|n| format!("c{n}")).collect::<Vec<_>>();
    let settings = format!("type: code, codes: [{}]{rules}", words.join(", "));
    let texts = words.into_iter().chain(texts(&["C0", "?", ""])).collect();
    Column { name, holds: Holds::Codes(codes), optional, texts, settings }
}

/// How long a code list is: mostly short, at times about as long as a mask holds or far longer.
fn codes(tape: &mut Tape<'_>) -> usize {
    match tape.below(10) {
        0..6 => 1 + tape.below(7),
        6..8 => 8 + tape.below(13),
        8 => 58 + tape.below(6),
        _ => 64 + tape.below(17),
    }
}

fn number(name: &'static str, tape: &mut Tape<'_>) -> Column {
    let (low, high) = tape.one_of(&RANGES);
    let between = match tape.below(4) {
        0 => "type: integer".to_owned(),
        1 => format!("type: decimal, places: 2, between: [\"{low}\", \"{high}\"]"),
        _ => format!("type: integer, between: [{low}, {high}]"),
    };
    let (rules, optional) = rules(tape);
    let numbers = [high, low, 0, low + 1, low - 1, high + 1].map(|number| number.to_string());
    let texts = numbers.into_iter().chain(texts(&["99999999999999999999", "7.5", "?", ""])).collect();
    let holds = Holds::Number(!rules.contains("warn"));
    Column { name, holds, optional, texts, settings: format!("{between}{rules}") }
}

/// Each column of some names once in `n` times, but the first always.
fn some(
    names: &[&'static str],
    n: usize,
    tape: &mut Tape<'_>,
    make: fn(&'static str, &mut Tape<'_>) -> Column,
) -> Vec<Column> {
    let wanted = names.iter().enumerate().filter(|(at, _)| *at == 0 || tape.once_in(n)).map(|(_, name)| *name);
    let wanted = wanted.collect::<Vec<_>>();
    wanted.into_iter().map(|name| make(name, tape)).collect()
}

fn service(tape: &mut Tape<'_>) -> Column {
    let (rules, optional) = rules(tape);
    let settings = format!("type: reference, to: services{rules}");
    Column { name: "service", holds: Holds::Service, optional, texts: texts(&["O1", "O2", "O3", "O9", ""]), settings }
}

fn patients(tape: &mut Tape<'_>) -> Table {
    let zone = format!("type: reference, to: data_zones{}", tape.one_of(&["", ", breach: quarantine"]));
    let from = format!("type: date, day_first: true{}", tape.one_of(&[", required: true", ", breach: unknown"]));
    let mut columns = vec![
        other("chi", "type: chi, required: true", &["-"]),
        other("data_zone", &zone, &ZONES),
        other("registered_on", &from, &FROM),
        other("deregistered_on", "type: date", &UNTIL),
    ];
    columns.extend(some(&["k3", "k1"], 3, tape, code));
    let unique = tape.one_of(&["[registered_on]", "[]", "[registered_on, data_zone]"]);
    Table { name: "patients", columns, dated: false, unique }
}

fn visits(tape: &mut Tape<'_>) -> Table {
    let mut columns = vec![
        other("visit_id", "type: token, required: true", &["#", "#", "K1", "K2"]),
        other("chi", "type: chi, required: true", &["-"]),
        other(DATE, &format!("type: date, day_first: true{}", tape.one_of(&[", required: true", ""])), &DAYS),
        other("pass", "type: token, space: pass", &["#", "T1", "T2", "T3", ""]),
    ];
    columns.extend(some(&CODES, 2, tape, code));
    columns.extend(some(&["n1", "n2"], 2, tape, number));
    columns.push(service(tape));
    let dated = !tape.once_in(6);
    Table { name: "visits", columns, dated, unique: tape.one_of(&["[visit_id, pass]", "[pass]", "[visit_id]", "[]"]) }
}

fn uses(tape: &mut Tape<'_>) -> Table {
    let mut columns = vec![
        other("use_id", "type: token, required: true", &["#", "#", "A1", "A2"]),
        other("pass", "type: token, space: pass", &["T1", "T2", "T3", ""]),
        other("chi", "type: chi", &["-"]),
        other(DATE, "type: date, day_first: true, breach: unknown", &DAYS),
    ];
    columns.extend(some(&["k2", "k1"], 2, tape, code));
    columns.extend(some(&["n1"], 2, tape, number));
    columns.push(service(tape));
    Table { name: "uses", columns, dated: !tape.once_in(6), unique: tape.one_of(&["[use_id]", "[]"]) }
}

impl Contract {
    /// Reads a contract from a tape.
    pub fn of(tape: &[u8]) -> Self {
        let tape = &mut Tape::new(tape);
        let tables = [patients(tape), visits(tape), uses(tape)];
        let services = (tape.one_of(&CODES), 1 + tape.below(12));
        Contract { tables, services, levels: tape.one_of(&LEVELS), band: tape.below(2) == 0 }
    }

    /// The public services, as far as a condition goes.
    pub fn services_table(&self) -> Table {
        let column = |name, holds| Column { name, holds, optional: false, texts: Vec::new(), settings: String::new() };
        let columns = vec![
            column(self.services.0, Holds::Codes(self.services.1)),
            column("beds", Holds::Number(true)),
            column("until", Holds::Date),
        ];
        Table { name: "services", columns, dated: false, unique: "[service]" }
    }

    /// How many codes a table's rows have under a dimension, and whether they are the patient's; `None` where it has none.
    pub fn reach(&self, table: usize, name: &str) -> Option<(usize, bool)> {
        let own = |table: usize| {
            let found = self.tables[table].columns.iter().find(|column| column.name == name)?;
            if let Holds::Codes(codes) = found.holds { Some(codes) } else { None }
        };
        let service = (table > 0 && self.services.0 == name).then_some((self.services.1, false));
        own(table).map(|codes| (codes, table == 0)).or(service).or_else(|| own(0).map(|codes| (codes, true)))
    }

    /// Every schema: the file's name and its YAML.
    pub fn schemas(&self) -> Vec<(String, String)> {
        let private = self.tables.iter().map(|table| {
            let from = if table.name == "uses" { "organisation" } else { "practice" };
            let dated = if table.dated { format!("dated_by: {DATE}\n") } else { String::new() };
            let columns = table.columns.iter().map(|it| format!("  {}: {{ {} }}\n", it.name, it.settings));
            let columns = columns.collect::<String>();
            let name = table.name;
            (
                name,
                format!(
                    "table: {name}\nfrom: {from}\nrow: a row\n{dated}unique: {}\ncolumns:\n{columns}",
                    table.unique
                ),
            )
        });
        let codes = (0..self.services.1).map(|n| format!("c{n}")).collect::<Vec<_>>().join(", ");
        let services = format!(
            "table: services\nfrom: public\nrow: a service\nunique: [service]\ncolumns:\n  \
             service: {{ type: text, required: true }}\n  {}: {{ type: code, codes: [{codes}] }}\n  \
             beds: {{ type: integer, between: [0, 90] }}\n  until: {{ type: date }}\n",
            self.services.0
        );
        let zones = "table: data_zones\nfrom: public\nrow: a zone\nunique: [data_zone]\ncolumns:\n  \
                     data_zone: { type: area, required: true }\n  hscp: { type: area }\n  council_area: { type: area }\n  \
                     health_board: { type: area }\n  simd_quintile: { type: code, codes: ['1', '2', '3', '4', '5'] }\n";
        let public = [("services", services), ("data_zones", zones.to_owned())];
        private.chain(public).map(|(name, text)| (format!("schemas/{name}.yaml"), text)).collect()
    }

    /// The public tables' files.
    pub fn public(&self) -> Vec<(String, String)> {
        let name = self.services.0;
        let services =
            format!("service,{name},beds,until\nO1,c0,7,2024-10-01\nO2,c{},0,2024-08-15\nO3,,,\n", self.services.1 - 1);
        let zones = "data_zone,hscp,council_area,health_board,simd_quintile\n\
                     S01000001,H1,C1,B1,1\nS01000002,H1,C2,B1,5\nS01000003,H2,C2,B1,1\nS01000004,H3,C3,B2,\n";
        vec![("services-0.csv".into(), services), ("data_zones-0.csv".into(), zones.into())]
    }

    /// The board's YAML.
    pub fn board(&self) -> String {
        let bands = if self.band { "simd_quintile: country" } else { "" };
        let tables = ["patients", "visits", "uses", "services", "data_zones"];
        let sources = tables.map(|table| format!("  {table}: {table}-*.csv\n")).concat();
        format!(
            "board: Random\nquarter: 2024-Q3\nsources:\n{sources}pseudonyms: {{ key: {{ file: spec.key }} }}\n\
             geography: {{ levels: [{}], bands: {{ {bands} }} }}\n\
             privacy: {{ loss: {{ rho: \"1\" }}, ledger: ledger.sqlite }}\nreports: [asked]\n\
             publish: {{ to: out, formats: [csv] }}\n",
            self.levels.join(", ")
        )
    }
}
