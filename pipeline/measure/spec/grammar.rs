//! Random conditions of the grammar that `config` lets pass, over the columns of one random table.

use super::contract::{Column, Holds, Table};
use super::tape::Tape;

/// A condition on a table's rows.
pub fn condition(table: &Table, tape: &mut Tape<'_>) -> String {
    Grammar { table, tape }.truth(3)
}

/// A calculation with a table's columns, which cannot leave 64 bits.
pub fn counted(table: &Table, tape: &mut Tape<'_>) -> String {
    Grammar { table, tape }.counted()
}

struct Grammar<'a, 't> {
    table: &'a Table,
    tape: &'a mut Tape<'t>,
}

const LITERALS: [&str; 6] = ["0", "1", "-1", "7", "480", "9223372036854775807"];
/// Numbers that may be counted with: the checker refuses what could leave 64 bits.
const SMALL: [&str; 5] = ["0", "1", "-1", "7", "480"];
const DATES: [&str; 4] = ["'2024-08-15'", "date '2024-07-01'", "'2024-09-30'", "date '1990-01-01'"];
const DAYS: [&str; 4] = ["quarter_start", "quarter_end", "date '2024-08-15'", "date '1990-01-01'"];
const COMPARED: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

impl Grammar<'_, '_> {
    fn column(&mut self, wanted: fn(&Holds) -> bool) -> Option<Column> {
        let fitting = self.table.columns.iter().filter(|column| wanted(&column.holds)).cloned().collect::<Vec<_>>();
        (!fitting.is_empty()).then(|| self.tape.one_of(&fitting))
    }

    fn compared(&mut self) -> &'static str {
        self.tape.one_of(&COMPARED)
    }

    fn truth(&mut self, deep: usize) -> String {
        let all = if deep == 0 { 5 } else { 12 };
        match self.tape.below(all) {
            0 | 5 => self.code(),
            1 => format!("{} {} {}", self.number(deep), self.compared(), self.number(deep)),
            2 => self.date(),
            3 => self.missing(),
            4 => self.text_test(deep),
            6 => format!("({}) and ({})", self.truth(deep - 1), self.truth(deep - 1)),
            7 => format!("({}) or ({})", self.truth(deep - 1), self.truth(deep - 1)),
            8 => format!("not ({})", self.truth(deep - 1)),
            9 => {
                format!("({}) is {}", self.truth(deep - 1), self.tape.one_of(&["true", "not true", "false", "unknown"]))
            }
            10 => format!("({}) = ({})", self.truth(deep - 1), self.truth(deep - 1)),
            _ => format!(
                "case when {} then {} else {} end",
                self.truth(deep - 1),
                self.truth(deep - 1),
                self.truth(deep - 1)
            ),
        }
    }

    fn code(&mut self) -> String {
        let Some(column) = self.column(|holds| matches!(holds, Holds::Codes(_))) else { return "true".into() };
        let Holds::Codes(codes) = column.holds else { return "true".into() };
        let (first, second) = (self.tape.below(codes), self.tape.below(codes));
        let name = column.name;
        match self.tape.below(5) {
            0 => format!("{name} <> 'c{first}'"),
            1 => format!("{name} = 'c{first}'"),
            2 => format!("{name} in ('c{first}', 'c{second}', 'unknown')"),
            3 => format!("{name} is distinct from 'unknown'"),
            _ => format!("{name} not in ('c{first}', 'c{second}')"),
        }
    }

    fn number(&mut self, deep: usize) -> String {
        let all = if deep == 0 { 3 } else { 8 };
        match self.tape.below(all) {
            0 | 3 => {
                self.column(|holds| matches!(holds, Holds::Number(_))).map_or("1".into(), |column| column.name.into())
            }
            1 => self.tape.one_of(&LITERALS).into(),
            2 => format!("length({})", self.text(0)),
            4 => self.counted(),
            5 => format!("coalesce({}, {})", self.number(deep - 1), self.number(deep - 1)),
            6 => format!("(case when {} then {} else 3 end)", self.truth(deep - 1), self.number(deep - 1)),
            _ => {
                let part = self.tape.one_of(&["year", "quarter", "month", "day", "dow", "doy"]);
                self.column(|holds| *holds == Holds::Date)
                    .map_or("2".into(), |column| format!("extract({part} from {})", column.name))
            }
        }
    }

    /// Arithmetic of columns, of text lengths and of days, none of which can leave 64 bits.
    fn counted(&mut self) -> String {
        // Two constants would be folded: a condition that no row could change is no test of rows.
        let number =
            self.column(|holds| *holds == Holds::Number(true)).map_or("strpos('a', 'a')", |column| column.name);
        let (sign, small) = (self.tape.one_of(&["+", "-", "*"]), self.tape.one_of(&SMALL));
        match self.tape.below(4) {
            0 => format!("({number} {sign} {small})"),
            1 => format!("(-{number} + {number} * 7 - {small})"),
            2 => format!("(length({}) {sign} length({}))", self.text(0), self.text(0)),
            _ => {
                let day = self.day();
                format!("({day} - {})", self.day())
            }
        }
    }

    /// A date, or some days before or after one.
    fn day(&mut self) -> String {
        let column = self.column(|holds| *holds == Holds::Date).map_or("quarter_end", |column| column.name);
        match self.tape.below(4) {
            0 => self.tape.one_of(&DAYS).into(),
            1 => column.into(),
            2 => format!("({column} + {})", self.tape.one_of(&SMALL)),
            _ => format!("({} - extract(day from {column}))", self.tape.one_of(&DAYS)),
        }
    }

    fn text(&mut self, deep: usize) -> String {
        let code = self.column(|holds| matches!(holds, Holds::Codes(_))).map_or("'c0'", |column| column.name);
        match self.tape.below(if deep == 0 { 3 } else { 5 }) {
            0 => code.into(),
            1 => format!("upper({code})"),
            2 => format!("trim({code})"),
            3 => format!("({code} || {})", self.text(deep - 1)),
            _ => format!("coalesce(try_cast({} as varchar), {code})", self.number(deep - 1)),
        }
    }

    fn text_test(&mut self, deep: usize) -> String {
        let text = self.text(deep);
        match self.tape.below(4) {
            0 => format!("{text} like 'c%'"),
            1 => format!("starts_with({text}, 'c1')"),
            2 => format!("strpos({text}, '1') > 1"),
            _ => format!("{text} not ilike '%C_'"),
        }
    }

    fn date(&mut self) -> String {
        let Some(column) = self.column(|holds| *holds == Holds::Date) else { return "true".into() };
        let (name, first, second) = (column.name, self.tape.one_of(&DATES), self.tape.one_of(&DATES));
        match self.tape.below(4) {
            3 => format!("{} {} {}", self.day(), self.compared(), self.day()),
            0 => format!("{name} {} {first}", self.compared()),
            1 => format!("{name} between {first} and {second}"),
            _ => format!("coalesce({name}, date '2024-07-01') > {first}"),
        }
    }

    fn missing(&mut self) -> String {
        let column = self.column(|holds| *holds != Holds::Other);
        let is = self.tape.one_of(&["is not null", "is null"]);
        column.map_or("true".into(), |column| format!("{} {is}", column.name))
    }
}
