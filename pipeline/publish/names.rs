//! What the files of a pack are called: each name is made here, and every link to a file is to a name of here.

use crate::config::board::Format;

/// The page for readers.
pub const PAGE: &str = "index.html";
/// The privacy label, for readers.
pub const PRIVACY: &str = "privacy.html";
/// The privacy label, for machines.
pub const LABEL: &str = "privacy.json";
/// How the figures are made.
pub const METHODOLOGY: &str = "methodology.html";
/// Metadata of the CSV files in the W3C vocabulary (CSVW). It is the second place where a program looks that was given the
/// address of a CSV file and no more (the default locations of the recommendation, "Locating Metadata"), so that one file
/// serves them all; a file for each would say everything twice.
pub const CSVW: &str = "csv-metadata.json";
/// Metadata of CSV and Parquet files as a Frictionless Data Package: the standard's own name.
pub const DATA_PACKAGE: &str = "datapackage.json";
/// The file that lists all others.
pub const MANIFEST: &str = "manifest.json";

/// The ending of a report's workbook; none of a format that is no workbook's.
pub fn ending_of_book(format: Format) -> Option<&'static str> {
    match format {
        Format::Ods => Some("ods"),
        Format::Xlsx => Some("xlsx"),
        Format::Html | Format::Csv | Format::Parquet => None,
    }
}

/// The ending of a table for machines; none of a format that is for readers.
pub fn ending_of_table(format: Format) -> Option<&'static str> {
    match format {
        Format::Csv => Some("csv"),
        Format::Parquet => Some("parquet"),
        Format::Html | Format::Ods | Format::Xlsx => None,
    }
}

/// A report's workbook.
pub fn book(report: &str, ending: &str) -> String {
    format!("{report}.{ending}")
}

/// A report's table at a level.
pub fn table(report: &str, level: &str, ending: &str) -> String {
    format!("{report}-{level}.{ending}")
}

/// The same over the quarters that were published.
pub fn series(report: &str, level: &str, ending: &str) -> String {
    format!("{report}-{level}-series.{ending}")
}

/// A list of codes.
pub fn codes(name: &str) -> String {
    format!("{name}.csv")
}
