//! The extracts of a test, whole: what its author left out is filled in from the contract, and short names become
//! identifiers of the schema's kind. Nobody has these: numbers are counted up, and codes are not looked up anywhere.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use indexmap::IndexSet;

use crate::config::plan::{Plan, Source};
use crate::config::trial::{Extract, Row, Trial};
use crate::ingest::check_digit::{modulus_11, practice_code};
use crate::link::REGISTER;
use crate::pseudonymise::digest;
use crate::schema::{Column, Kind, Scalar, Sender, TableSchema};

/// The salt of a test's digests. It protects nobody, for there is nobody to protect.
pub const SALT: &str = "Th1s-salt-0f-a-smirr-test-protects-n0body";
/// What goes by no name of its own is called so.
const PLAIN: &str = "plain";

/// The extracts of a test.
pub struct Made {
    /// Table to its lines, of which the first is the header; every source has one.
    pub extracts: Vec<(String, Vec<Vec<String>>)>,
    /// The code of each area name, by its column of the lookup.
    areas: HashMap<String, IndexSet<String>>,
}

impl Made {
    /// The extracts of a test of this plan.
    pub fn new(plan: &Plan, trial: &Trial) -> Made {
        let mut maker = Maker {
            plan,
            trial,
            people: IndexSet::new(),
            workers: IndexSet::new(),
            public: HashMap::new(),
            areas: HashMap::new(),
        };
        maker.name_areas();
        let extracts = order(plan).into_iter().map(|source| maker.extract(source)).collect();
        Made { extracts, areas: maker.areas }
    }

    /// The code of an area, where the test names it.
    pub fn area(&self, plan: &Plan, column: &str, name: &str) -> Option<String> {
        let lookup = plan.sources.iter().find(|source| source.table == plan.geography.table)?;
        Some(area_code(lookup.schema.columns.get(column)?, self.areas.get(column)?.get_index_of(name)?, name))
    }

    /// The name of an area of that code.
    pub fn name(&self, plan: &Plan, column: &str, code: &str) -> Option<String> {
        self.areas.get(column)?.iter().find(|name| self.area(plan, column, name).as_deref() == Some(code)).cloned()
    }
}

/// The sources in an order in which every name is known before the table that it leads to is made: people before the
/// register, the register before posts, all of them before public tables, and those before what they refer to.
fn order(plan: &Plan) -> Vec<&Source> {
    let rank = |source: &&Source| match source.schema.from {
        Sender::Public => 3,
        _ if is_of_posts(&source.schema) => 2,
        _ => usize::from(source.table == REGISTER),
    };
    let mut sources = plan.sources.iter().collect::<Vec<_>>();
    sources.sort_by_key(rank);
    let (mut ordered, mut waiting) = sources.into_iter().partition::<Vec<_>, _>(|source| rank(source) < 3);
    while !waiting.is_empty() {
        let leads_to =
            |from: &Source, to: &Source| from.schema.columns.values().any(|it| it.to.as_ref() == Some(&to.table));
        let free = waiting.iter().position(|it| !waiting.iter().any(|other| leads_to(other, it)));
        // Checked YAML has no circle.
        ordered.push(waiting.remove(free.unwrap_or(0)));
    }
    ordered
}

/// Whether a table is of practitioners' posts.
fn is_of_posts(schema: &TableSchema) -> bool {
    schema.from != Sender::Public && schema.person().is_none() && schema.practitioner().is_some()
}

struct Maker<'a> {
    plan: &'a Plan,
    trial: &'a Trial,
    people: IndexSet<String>,
    workers: IndexSet<String>,
    /// Public table to the names of its rows.
    public: HashMap<String, IndexSet<String>>,
    /// Column of the area lookup to the names of its areas.
    areas: HashMap<String, IndexSet<String>>,
}

impl Maker<'_> {
    fn given(&self, table: &str) -> Option<&Extract> {
        self.trial.given.iter().find(|it| it.table == table)
    }

    fn schema(&self, table: &str) -> Option<&TableSchema> {
        self.plan.sources.iter().find(|source| source.table == table).map(|source| source.schema.as_ref())
    }

    /// Names the areas that the test gives, so that any table may speak of them.
    fn name_areas(&mut self) {
        let Some(schema) = self.schema(&self.plan.geography.table) else { return };
        let areas = schema.columns.iter().filter(|(name, column)| is_area(schema, name, column));
        let names = areas.map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let rows = self.given(&self.plan.geography.table).map_or(&[][..], |extract| &extract.rows);
        let named = names.into_iter().map(|name| {
            let written = rows.iter().filter_map(|row| row.get(&name).cloned().flatten());
            let plain = rows.is_empty() || rows.iter().any(|row| !row.contains_key(&name));
            let all = written.chain(plain.then(|| PLAIN.to_string())).collect::<IndexSet<_>>();
            (name, all)
        });
        self.areas = named.collect();
    }

    fn extract(&mut self, source: &Source) -> (String, Vec<Vec<String>>) {
        let (table, schema) = (&source.table, source.schema.as_ref());
        let header = |(name, column): (&String, &Column)| column.header.clone().unwrap_or_else(|| name.clone());
        let mut lines = vec![schema.columns.iter().map(header).collect::<Vec<_>>()];
        for (at, row) in self.rows(table, schema).iter().enumerate() {
            let cells = schema.columns.iter().map(|(name, column)| match row.get(name) {
                Some(None) => String::new(),
                Some(Some(text)) => self.written(schema, name, column, text),
                None => self.plain(schema, name, column, at),
            });
            lines.push(cells.collect());
        }
        (table.clone(), lines)
    }

    /// The rows that the test gives; of a table that it leaves out, one for each name that others call it by.
    fn rows(&mut self, table: &str, schema: &TableSchema) -> Vec<Row> {
        if let Some(given) = self.given(table) {
            return given.rows.clone();
        }
        let named = |column: Option<&str>, names: &IndexSet<String>| {
            let row = |name: &String| Row::from([(column.unwrap_or_default().to_string(), Some(name.clone()))]);
            names.iter().map(row).collect()
        };
        if schema.from == Sender::Public {
            let names = self.public.entry(table.to_string()).or_default();
            if names.is_empty() {
                names.insert(PLAIN.into());
            }
            return named(schema.key(), names);
        }
        match (table == REGISTER, is_of_posts(schema)) {
            (true, _) => named(schema.person(), &self.people),
            (_, true) => named(schema.practitioner(), &self.workers),
            _ => Vec::new(),
        }
    }

    /// A cell that the author wrote.
    fn written(&mut self, schema: &TableSchema, name: &str, column: &Column, text: &str) -> String {
        match column.kind {
            kind if kind.is_person() => {
                let (index, _) = self.people.insert_full(text.to_string());
                person(kind, index)
            }
            Kind::Token => {
                if column.names.is_some() {
                    self.workers.insert(text.to_string());
                }
                text.to_string()
            }
            Kind::Reference | Kind::PracticeCode if column.unknown_codes.iter().any(|code| code == text) => text.into(),
            Kind::Reference | Kind::PracticeCode | Kind::Area if schema.key() == Some(name) => {
                self.key(&schema.table, text)
            }
            Kind::Reference | Kind::PracticeCode => match &column.to {
                Some(to) => self.key(to, text),
                None => key_code(column, 0, text),
            },
            Kind::Area => self.area(schema, name, column, text),
            _ => text.to_string(),
        }
    }

    /// A cell that the author left out: a plain value that the schema allows.
    fn plain(&mut self, schema: &TableSchema, name: &str, column: &Column, row: usize) -> String {
        let own = || format!("{} {}", schema.table, row + 1);
        let is_key = schema.key() == Some(name);
        match column.kind {
            _ if is_key => self.written(schema, name, column, &own()),
            Kind::Token if column.names.is_some() => self.written(schema, name, column, PLAIN),
            Kind::Token if column.required || schema.unique.iter().any(|it| it == name) => own(),
            Kind::Code => column.codes.first().cloned().unwrap_or_default(),
            Kind::Reference | Kind::PracticeCode => {
                let first = column.to.as_ref().map_or(PLAIN.into(), |to| self.first(to));
                self.written(schema, name, column, &first)
            }
            Kind::Date => self.plain_day(schema, name, column).map_or(String::new(), |day| day.to_string()),
            Kind::Integer | Kind::Decimal if !column.optional => plain_number(column),
            Kind::Area if schema.table == self.plan.geography.table => self.area(schema, name, column, PLAIN),
            Kind::Area => match self.plan.geography.levels.iter().find_map(|level| level.column.clone()) {
                Some(level) => {
                    let first = self.areas.get(&level).and_then(|names| names.first()).cloned();
                    self.area(schema, name, column, first.as_deref().unwrap_or(PLAIN))
                }
                None => String::new(),
            },
            Kind::Text if column.required => own(),
            _ => String::new(),
        }
    }

    /// The first row of a public table: what is meant where nothing is said.
    fn first(&self, table: &str) -> String {
        let key = self.schema(table).and_then(TableSchema::key).unwrap_or_default();
        match self.given(table).and_then(|given| given.rows.first()) {
            Some(row) => row.get(key).cloned().flatten().unwrap_or_else(|| format!("{table} 1")),
            None => PLAIN.into(),
        }
    }

    /// The key of a public table's row of that name.
    fn key(&mut self, table: &str, name: &str) -> String {
        let (index, _) = self.public.entry(table.to_string()).or_default().insert_full(name.to_string());
        let column = self.schema(table).and_then(|schema| schema.columns.get(schema.key()?));
        column.map_or_else(|| name.to_string(), |column| key_code(column, index, name))
    }

    /// An area: of the lookup's own column, or whichever of its areas has that name.
    fn area(&mut self, schema: &TableSchema, name: &str, column: &Column, text: &str) -> String {
        if schema.table == self.plan.geography.table {
            let (index, _) = self.areas.entry(name.to_string()).or_default().insert_full(text.to_string());
            return area_code(column, index, text);
        }
        let plan = self.plan;
        let Some(lookup) = plan.sources.iter().find(|source| source.table == plan.geography.table) else {
            return text.to_string();
        };
        let known = lookup
            .schema
            .columns
            .iter()
            .find_map(|(name, column)| Some(area_code(column, self.areas.get(name)?.get_index_of(text)?, text)));
        let is_row = self.public.get(&lookup.table).is_some_and(|names| names.contains(text));
        match known {
            Some(code) => code,
            None if is_row => self.key(&lookup.table, text),
            None => area_code(column, 0, text),
        }
    }

    /// A row's own day is the quarter's first; another that must be there is a year before; any other is left blank.
    fn plain_day(&self, schema: &TableSchema, name: &str, column: &Column) -> Option<NaiveDate> {
        let first = self.plan.quarter.first_day();
        if schema.dated_by.as_deref() == Some(name) {
            return Some(first);
        }
        let day = |bound: &Scalar| match bound {
            Scalar::Text(text) => text.parse::<NaiveDate>().ok(),
            Scalar::Integer(_) => None,
        };
        let (least, greatest) = column.between.as_ref().map_or((None, None), |(a, b)| (day(a), day(b)));
        let before = first.checked_sub_days(Days::new(365)).unwrap_or(first);
        let within = before.max(least.unwrap_or(before)).min(greatest.unwrap_or(NaiveDate::MAX));
        column.required.then_some(within)
    }
}

/// Whether a column of the lookup is of areas that its rows lie in.
fn is_area(schema: &TableSchema, name: &str, column: &Column) -> bool {
    column.kind == Kind::Area && schema.key() != Some(name)
}

/// The code of a public row's key: of the column's shape, counted up; a name where any text will do.
fn key_code(column: &Column, index: usize, name: &str) -> String {
    match column.kind {
        Kind::Area => area_code(column, index, name),
        Kind::PracticeCode => practice(column, index, name),
        _ => name.to_string(),
    }
}

/// An area's code: the text itself where it is one already.
fn area_code(column: &Column, index: usize, name: &str) -> String {
    let Some(pattern) = &column.pattern else { return name.to_string() };
    let is_current = |code: &String| !column.retired.contains_key(code);
    match is_of_shape(pattern, name) {
        true => name.to_string(),
        false => (1..).map(|n| shaped(pattern, n)).filter(is_current).nth(index).unwrap_or_default(),
    }
}

fn practice(column: &Column, index: usize, name: &str) -> String {
    match &column.pattern {
        Some(pattern) if is_of_shape(pattern, name) => name.to_string(),
        Some(pattern) => shaped(pattern, index + 1),
        None if practice_code(name.as_bytes()) => name.to_string(),
        None => {
            let codes = (10_000..100_000).map(|code: usize| code.to_string());
            codes.filter(|code| practice_code(code.as_bytes())).nth(index).unwrap_or_default()
        }
    }
}

/// Whether a text is a code of a pattern: `#` is a digit, `@` a capital letter.
fn is_of_shape(pattern: &str, text: &str) -> bool {
    let fits = |(shape, c): (char, char)| match shape {
        '#' => c.is_ascii_digit(),
        '@' => c.is_ascii_uppercase(),
        shape => shape == c,
    };
    pattern.chars().count() == text.chars().count() && pattern.chars().zip(text.chars()).all(fits)
}

/// The `number`th code of a pattern.
fn shaped(pattern: &str, number: usize) -> String {
    let mut rest = number;
    let mut digit = |shape: char| match shape {
        '#' => {
            let digit = char::from(b'0' + (rest % 10) as u8);
            rest /= 10;
            digit
        }
        '@' => 'A',
        shape => shape,
    };
    let reversed = pattern.chars().rev().map(&mut digit).collect::<Vec<_>>();
    reversed.into_iter().rev().collect()
}

/// The `index`th person's identifier.
fn person(kind: Kind, index: usize) -> String {
    match kind {
        // Numbers that start with 999 are given to nobody.
        Kind::NhsNumber => ten_digits("999", index),
        Kind::Slk581 => {
            let letter = |place: u32| char::from(b'A' + (index / 26usize.pow(place) % 26) as u8);
            format!("{}010119809", (0..5).rev().map(letter).collect::<String>())
        }
        Kind::OpenPseudonymiser => {
            let digits = digest(ten_digits("0101", index).as_bytes(), SALT.as_bytes());
            String::from_utf8_lossy(&digits).into_owned()
        }
        _ => ten_digits("0101", index),
    }
}

/// The `index`th number with a check digit that starts so.
fn ten_digits(start: &str, index: usize) -> String {
    let places = 9 - start.len();
    let with_check = |number: usize| {
        let nine = format!("{start}{number:0places$}");
        (0..10)
            .map(|digit| format!("{nine}{digit}"))
            .find(|text| <&[u8; 10]>::try_from(text.as_bytes()).is_ok_and(modulus_11))
    };
    (1..).filter_map(with_check).nth(index).unwrap_or_default()
}

/// One, or the nearest number that the column allows.
fn plain_number(column: &Column) -> String {
    let unit = 10i64.pow(column.places.into());
    let (least, greatest) = column.whole_range().unwrap_or((unit, unit));
    let value = unit.clamp(least, greatest.max(least));
    match column.places {
        0 => value.to_string(),
        places => format!("{}.{:0width$}", value / unit, (value % unit).abs(), width = usize::from(places)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_identifiers_keep_the_rules_of_their_kind() {
        let mut seen = std::collections::BTreeSet::new();
        for index in 0..60 {
            for kind in [Kind::Chi, Kind::NhsNumber] {
                let number = person(kind, index);
                assert!(modulus_11(number.as_bytes().try_into().unwrap()), "{number}");
                assert!(seen.insert(number));
            }
            assert!(seen.insert(person(Kind::Slk581, index)) && seen.insert(person(Kind::OpenPseudonymiser, index)));
        }
        assert_eq!((shaped("S01######", 12), shaped("@#####", 7)), ("S01000012".into(), "A00007".into()));
        assert!(is_of_shape("S01######", "S01000012") && !is_of_shape("S01######", "north"));
    }
}
