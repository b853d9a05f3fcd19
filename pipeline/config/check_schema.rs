//! What the types of a table's schema cannot say: which settings go with which kind of column, and that every name
//! in it leads somewhere.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::amount;
use super::diagnostic::Diagnostics;
use super::source::Document;
use super::suggest::{advice, is_name, quote};
use crate::schema::{Breach, Column, HEADING, Kind, Scalar, Sender, TableSchema, is_heading, is_publishable};

/// Holds one schema against itself.
pub(super) fn check(document: &Document, schema: &TableSchema, complaints: &mut Diagnostics) {
    names(document, schema, complaints);
    let known = || schema.columns.keys().map(String::as_str);
    if let Some(name) = &schema.dated_by {
        let place = document.value(&["dated_by"], "");
        match schema.columns.get(name) {
            None => complaints.push(retold(place, unknown_column(name), advice(name, known()))),
            Some(column) if column.kind != Kind::Date || !column.keep => {
                complaints.push(retold(place, format!("{} is not a date that is kept", quote(name)), None));
            }
            Some(_) => {}
        }
    }
    for (at, name) in schema.unique.iter().enumerate() {
        if !schema.columns.contains_key(name) {
            let place = document.value(&["unique", &at.to_string()], "");
            complaints.push(retold(place, unknown_column(name), advice(name, known())));
        }
    }
    for (name, column) in &schema.columns {
        let checks = ColumnCheck { document, name, column, public: schema.from == Sender::Public };
        checks.settings(complaints);
        checks.kind(complaints);
        checks.codes(complaints);
        checks.between(complaints);
    }
    area_names(document, schema, complaints);
    practitioners(document, schema, complaints);
    one_person(document, schema, complaints);
    limits(document, schema, complaints);
}

/// The names of areas are a text of the same table.
fn area_names(document: &Document, schema: &TableSchema, complaints: &mut Diagnostics) {
    for (name, column) in &schema.columns {
        let Some(names) = &column.named_by else { continue };
        let fits = |column: &Column| column.kind == Kind::Text && column.keep;
        if schema.columns.get(names).is_some_and(fits) {
            continue;
        }
        let texts = schema.columns.iter().filter(|(_, column)| fits(column)).map(|(name, _)| name.as_str());
        let place = document.value(&["columns", name, "named_by"], "");
        let message = format!("{} is no text that is kept", quote(names));
        complaints.push(retold(place, message, advice(names, texts)));
    }
}

/// A row is of one practitioner, as it is of one person.
fn practitioners(document: &Document, schema: &TableSchema, complaints: &mut Diagnostics) {
    let mut named = schema.columns.iter().filter(|(_, column)| column.names.is_some());
    let Some((first, _)) = named.next() else { return };
    for (name, _) in named {
        let message = format!("`{first}` already names the row's practitioner");
        let help = "a row is protected for one practitioner: mark the one who did the work";
        complaints.push(document.key(&["columns", name, "names"], message).help(help));
    }
}

/// Rows are bounded by one person each: a second one in a row would go unbounded.
fn one_person(document: &Document, schema: &TableSchema, complaints: &mut Diagnostics) {
    let mut people = schema.columns.iter().filter(|(_, column)| column.kind.is_person());
    let Some((first, _)) = people.next() else { return };
    for (name, _) in people {
        let message = format!("`{first}` already says who the person is");
        let help = "a table has one column that identifies a person; leave the other out";
        complaints.push(document.key(&["columns", name], message).help(help));
    }
}

/// Whether a space holds the pseudonyms of people: no token may be made under its key.
fn is_space_of_people(space: &str) -> bool {
    [Kind::Chi, Kind::NhsNumber, Kind::Slk581, Kind::OpenPseudonymiser].iter().any(|kind| kind.word() == space)
}

type Complaint = super::diagnostic::Diagnostic;

/// A place with its message and advice.
fn retold(mut place: Complaint, message: String, help: Option<String>) -> Complaint {
    place.message = message;
    place.help = help;
    place
}

fn unknown_column(name: &str) -> String {
    format!("unknown column {}", quote(name))
}

fn names(document: &Document, schema: &TableSchema, complaints: &mut Diagnostics) {
    const SHAPE: &str = "names are lower-case letters, digits and underscores, and start with a letter";
    if !is_name(&schema.table) {
        let message = format!("{} is not a name for a table", quote(&schema.table));
        complaints.push(document.value(&["table"], message).help(SHAPE));
    }
    if schema.columns.is_empty() {
        complaints.push(document.key(&["columns"], "a table needs at least one column"));
    }
    let mut headers: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, column) in &schema.columns {
        if !is_name(name) {
            let message = format!("{} is not a name for a column", quote(name));
            complaints.push(document.key(&["columns", name], message).help(SHAPE));
        }
        if let Some(other) = headers.insert(column.header.as_deref().unwrap_or(name), name) {
            let message = format!("`{other}` already reads the same column of the file");
            complaints.push(document.key(&["columns", name], message));
        }
    }
}

/// Why a code is refused by how it begins.
const FORMULA: &str = "begins as a spreadsheet's formulas do, or has a control character: no code can";

/// The checks of one column.
struct ColumnCheck<'a> {
    document: &'a Document,
    name: &'a str,
    column: &'a Column,
    public: bool,
}

impl ColumnCheck<'_> {
    fn complain(&self, setting: &str, message: impl Into<String>) -> Complaint {
        self.document.key(&["columns", self.name, setting], message)
    }

    /// A setting that does nothing for this kind of column is a misunderstanding, so it is no matter of taste.
    fn settings(&self, complaints: &mut Diagnostics) {
        use Kind::{Area, Chi, Code, Date, Decimal, Integer, NhsNumber, PracticeCode, Reference, Token};
        let column = self.column;
        let given: [(&str, bool, &[Kind]); 13] = [
            ("codes", !column.codes.is_empty(), &[Code]),
            ("space", column.space.is_some(), &[Token]),
            ("names", column.names.is_some(), &[Token]),
            ("as", column.sent_as.is_some(), &[Chi, NhsNumber]),
            ("to", column.to.is_some(), &[Reference, PracticeCode]),
            ("between", column.between.is_some(), &[Integer, Decimal, Date]),
            ("places", column.places != 0, &[Decimal]),
            ("day_first", column.day_first, &[Date]),
            ("pattern", column.pattern.is_some(), &[Area, PracticeCode]),
            ("retired", !column.retired.is_empty(), &[Area, Reference]),
            ("named_by", column.named_by.is_some(), &[Area]),
            ("unknown_codes", !column.unknown_codes.is_empty(), &[Reference]),
            ("vintages", !column.vintages.is_empty(), &[Reference]),
        ];
        for (setting, _, kinds) in given.iter().filter(|(_, given, kinds)| *given && !kinds.contains(&column.kind)) {
            let words: Vec<String> = kinds.iter().map(|kind| format!("`type: {}`", kind.word())).collect();
            let help = format!("it belongs to {}", words.join(" or "));
            let message = format!("`{setting}` means nothing for `type: {}`", column.kind.word());
            complaints.push(self.complain(setting, message).help(help));
        }
        if column.required && column.optional {
            let help = "`required` refuses blanks; `optional` lets the file leave the column out";
            complaints.push(self.complain("optional", "a required column cannot be optional").help(help));
        }
        if column.names.is_some() && !column.keep {
            let help = "whoever is to be protected must be known: leave `keep: false` out";
            complaints.push(self.complain("keep", "a column that names a practitioner is kept").help(help));
        }
        if column.places > 6 {
            complaints.push(self.complain("places", "at most 6 digits are kept after the point"));
        }
    }

    fn kind(&self, complaints: &mut Diagnostics) {
        let column = self.column;
        let person = column.kind.is_person();
        if self.public && (person || column.kind == Kind::Token) {
            let help = "a table that identifies anyone is private: say which sender it is `from`";
            complaints.push(self.complain("type", "a public table holds no identifiers").help(help));
        }
        if !self.public && column.kind == Kind::Text {
            let help = "free text may hold anything; use `code`, or leave the column out";
            complaints.push(self.complain("type", "free text is for public tables only").help(help));
        }
        if person && matches!(column.breach, Some(Breach::Unknown | Breach::Warn)) {
            let help = "an invalid identifier is always set aside, and never becomes a pseudonym";
            complaints.push(self.complain("breach", "an identifier's breach must be `quarantine`").help(help));
        }
        if person && !column.keep {
            let help = "its pseudonym is what rows are joined and bounded by; leave `keep` out";
            complaints.push(self.complain("keep", "a person's identifier cannot be dropped").help(help));
        }
        if column.kind == Kind::Token && column.pseudonym_space(self.name).is_some_and(is_space_of_people) {
            let help = "give it a `space` of its own, such as `referral`";
            complaints.push(self.complain("type", "this token's space is that of people").help(help));
        }
        if column.kind == Kind::Reference && column.to.is_none() {
            complaints.push(self.complain("type", "a reference needs `to`, the public table that it refers to"));
        }
        if column.pattern.as_deref().is_some_and(|pattern| !pattern.contains('#')) {
            let help = "write `#` for each digit and `@` for each capital letter, as in `S01######` or `@#####`";
            complaints.push(self.complain("pattern", "a pattern without digits fits one code only").help(help));
        }
        if [Kind::Code, Kind::Area].contains(&column.kind) && !is_heading(&column.heading(self.name)) {
            let message = format!("{} cannot be a column's heading", quote(&column.heading(self.name)));
            let at = self.document.key(&["columns", self.name], message.clone());
            let place = if column.heading.is_some() { self.complain("heading", message) } else { at };
            complaints.push(place.help(HEADING));
        }
        for (code, successor) in column.retired.iter().filter(|(_, code)| !is_publishable(code.as_bytes())) {
            let message = format!("{} {FORMULA}", quote(successor));
            complaints.push(self.document.value(&["columns", self.name, "retired", code], message));
        }
        for (vintage, (first, last)) in &column.vintages {
            if first > last {
                let place =
                    self.document.key(&["columns", self.name, "vintages", vintage], "the range is back to front");
                complaints.push(place);
            }
        }
    }

    fn codes(&self, complaints: &mut Diagnostics) {
        if self.column.kind == Kind::Code && self.column.codes.is_empty() {
            complaints.push(self.complain("type", "a code needs `codes`, its closed list"));
        }
        let mut seen = BTreeSet::new();
        for (at, code) in self.column.codes.iter().enumerate() {
            let place =
                |message: String| self.document.value(&["columns", self.name, "codes", &at.to_string()], message);
            if code == "unknown" {
                complaints.push(place("`unknown` is always a code, and is never listed".into()));
            } else if code == "All" {
                complaints.push(place("`All` stands for a total in published files, and is no code".into()));
            } else if !is_publishable(code.as_bytes()) {
                complaints.push(place(format!("{} {FORMULA}", quote(code))));
            } else if code.trim().is_empty() || code.trim() != code {
                complaints.push(place(format!("{} is blank or has blanks round it", quote(code))));
            } else if !seen.insert(code) {
                complaints.push(place(format!("{} is listed twice", quote(code))));
            }
        }
    }

    fn between(&self, complaints: &mut Diagnostics) {
        let Some((low, high)) = &self.column.between else { return };
        let sides = [("0", low), ("1", high)].map(|(side, bound)| {
            let path = ["columns", self.name, "between", side];
            bound_value(self.column, bound)
                .map_err(|wanted| complaints.push(self.document.value(&path, format!("this bound should be {wanted}"))))
                .ok()
        });
        if let [Some(low), Some(high)] = sides
            && low > high
        {
            complaints.push(self.document.value(&["columns", self.name, "between"], "the range is back to front"));
        }
    }
}

/// A bound as a number that can be compared: days, or the smallest unit. `today` is later than any written date.
fn bound_value(column: &Column, bound: &Scalar) -> Result<f64, &'static str> {
    match (column.kind, bound) {
        (Kind::Date, Scalar::Text(text)) if text == "today" => Ok(f64::MAX),
        (Kind::Date, Scalar::Text(text)) => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(|date| f64::from(chrono::Datelike::num_days_from_ce(&date)))
            .map_err(|_| "a date like `1900-01-01`, or `today`"),
        (Kind::Date, Scalar::Integer(_)) => Err("a date like `1900-01-01`, or `today`"),
        (Kind::Decimal, Scalar::Text(text)) => {
            let (sign, digits) = text.strip_prefix('-').map_or((1.0, text.as_str()), |digits| (-1.0, digits));
            amount::exact(digits).map(|value| sign * value.to_f64().value()).map_err(|_| "a number, in quotes")
        }
        (Kind::Integer, Scalar::Text(_)) => Err("a whole number"),
        (_, Scalar::Integer(number)) => Ok(*number as f64),
        // Another kind of column: `settings` has complained that it takes no range at all.
        (_, Scalar::Text(_)) => Ok(0.0),
    }
}

fn limits(document: &Document, schema: &TableSchema, complaints: &mut Diagnostics) {
    for (key, share) in &schema.limits {
        if let Err(wrong) = amount::percent(&share.0) {
            complaints.push(document.value(&["limits", key], format!("{} {wrong}", quote(&share.0))));
        }
        let (column, rule) = key.split_once('.').map_or((None, key.as_str()), |(column, rule)| (Some(column), rule));
        if let Some(column) = column.filter(|column| !schema.columns.contains_key(*column)) {
            let help = advice(column, schema.columns.keys().map(String::as_str));
            complaints.push(retold(document.key(&["limits", key], ""), unknown_column(column), help));
        }
        if !is_name(rule) {
            let help = "`quarantined`, a rule such as `check_digit`, or a column's rule such as `chi.check_digit`";
            complaints.push(document.key(&["limits", key], format!("{} is not a rule", quote(rule))).help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let mut all = Diagnostics::new();
        let document = Document::of(Path::new("t.yaml"), text, &mut all).unwrap();
        if let Some(schema) = document.typed::<TableSchema>(&mut all) {
            check(&document, &schema, &mut all);
        }
        all.sort();
        all.iter().map(|c| format!("{}:{} {}", c.line, c.column, c.message)).collect()
    }

    const GOOD: &str = "table: t\nfrom: practice\nrow: a row\ndated_by: day\nunique: [id]\ncolumns:\n  \
        id: { type: token, space: s }\n  day: { type: date, between: [1900-01-01, today], day_first: true }\n  \
        n: { type: decimal, places: 2, between: [0, \"1.5\"] }\n  c: { type: code, codes: [a, b], breach: unknown }\n\
        limits: { quarantined: 10%, c.code: \"0.5%\" }\n";

    #[test]
    fn a_good_schema_has_nothing_wrong() {
        assert_eq!(complaints(GOOD), Vec::<String>::new());
    }

    #[test]
    fn each_slip_is_found_where_it_stands() {
        let slips = [
            ("dated_by: day", "dated_by: dya", "4:11 unknown column `dya`"),
            ("dated_by: day", "dated_by: n", "4:11 `n` is not a date that is kept"),
            ("unique: [id]", "unique: [id, jd]", "5:14 unknown column `jd`"),
            ("space: s", "codes: [s]", "7:22 `codes` means nothing for `type: token`"),
            ("1900-01-01, today", "today, 1900-01-01", "8:31 the range is back to front"),
            ("1900-01-01, today", "1900, today", "8:32 this bound should be a date like `1900-01-01`, or `today`"),
            ("\"1.5\"", "-1", "9:43 the range is back to front"),
            ("[a, b]", "[a, a]", "10:31 `a` is listed twice"),
            ("[a, b]", "[unknown]", "10:28 `unknown` is always a code, and is never listed"),
            ("[a, b]", "[]", "10:8 a code needs `codes`, its closed list"),
            ("10%", "10", "11:24 `10` is not a share; write it with a percent sign, like \"5%\""),
            ("c.code", "d.code", "11:29 unknown column `d`"),
            ("type: token, space: s", "type: text", "7:9 free text is for public tables only"),
            ("type: token, space: s", "type: chi, breach: warn", "7:20 an identifier's breach must be `quarantine`"),
            ("space: s", "as: open_pseudonymiser", "7:22 `as` means nothing for `type: token`"),
            ("space: s", "space: slk_581", "7:9 this token's space is that of people"),
            ("type: token, space: s", "type: slk_581, keep: false", "7:24 a person's identifier cannot be dropped"),
            (
                "type: token, space: s",
                "type: slk_581, breach: warn",
                "7:24 an identifier's breach must be `quarantine`",
            ),
            (
                "type: decimal, places: 2, between: [0, \"1.5\"]",
                "type: chi }\n  m: { type: slk_581",
                "10:3 `n` already says who the person is",
            ),
            ("from: practice", "from: public", "7:9 a public table holds no identifiers"),
            (
                "type: token, space: s",
                "type: reference",
                "7:9 a reference needs `to`, the public table that it refers to",
            ),
            ("type: token, space: s", "type: token, names: practitoner", "7:29 unknown word `practitoner`"),
            (
                "type: token, space: s",
                "type: token, names: practitioner, keep: false",
                "7:43 a column that names a practitioner is kept",
            ),
            ("places: 2", "places: 2, names: practitioner", "9:34 `names` means nothing for `type: decimal`"),
            (
                "id: { type: token, space: s }",
                "id: { type: token, names: practitioner }\n  jd: { type: token, names: practitioner }",
                "8:22 `id` already names the row's practitioner",
            ),
            ("type: token, space: s", "type: token, to: s", "7:22 `to` means nothing for `type: token`"),
            ("  id:", "  Id:", "7:3 `Id` is not a name for a column"),
            ("breach: unknown", "header: day", "10:3 `day` already reads the same column of the file"),
        ];
        let mut wrong = Vec::new();
        for (from, to, expected) in slips {
            let found = complaints(&GOOD.replace(from, to));
            if !found.contains(&expected.to_string()) {
                wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}
