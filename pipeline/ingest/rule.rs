//! The rules that a row may break, and the repairs that are counted: one closed list, used in the schema's limits,
//! in quarantine and in the validation report.

use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$why:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$why])* $variant,)* }
        impl $name {
            /// Every word, in the order of the list.
            pub const ALL: &[$name] = &[$($name::$variant,)*];
            /// The word in YAML, files and reports.
            pub fn word(self) -> &'static str { match self { $($name::$variant => $word,)* } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.word()) }
        }
    };
}

words! {
    /// What a row may break.
    Rule {
        /// The row has more or fewer fields than the header.
        Fields = "fields",
        /// A field is not UTF-8 text.
        Encoding = "encoding",
        /// A required field is blank.
        Required = "required",
        /// The text is not of the column's type.
        Type = "type",
        /// The check digit is wrong.
        CheckDigit = "check_digit",
        /// The code is not in the declared list.
        CodeList = "code_list",
        /// The number or date is outside its range.
        Range = "range",
        /// The text has the shape of a date, and no such day exists.
        Date = "date",
        /// The code belongs to another vintage of the lookup.
        Vintage = "vintage",
        /// The code is not in the public table that it refers to.
        Reference = "reference",
        /// The same person sent the same key before, in the same file.
        Uniqueness = "uniqueness",
    }
}

words! {
    /// What smirr mends and counts.
    Repair {
        /// Spaces round the text were taken off.
        Spaces = "spaces",
        /// A tenth digit, lost by a spreadsheet, was put back before a nine-digit number.
        LeadingZero = "leading_zero",
        /// A date written dd/mm/yyyy was read.
        DayFirst = "day_first",
        /// A code in another case was read.
        Case = "case",
        /// A retired code was replaced by its successor.
        Retired = "retired_code",
        /// A code that says "no known area" became `unknown`.
        NoFixedAbode = "no_known_area",
        /// A code that is not in its list, or a reference that leads nowhere, became `unknown`.
        MadeUnknown = "made_unknown",
        /// A value that broke a rule was left blank.
        MadeBlank = "made_blank",
    }
}
