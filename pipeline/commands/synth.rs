//! `smirr synth`: makes a fictional board's extracts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use smirr::config;
use smirr::config::country::Country;
use smirr::error::Result;
use smirr::run::Resources;
use smirr::synth;

use super::print;

#[derive(Args)]
pub struct SynthArguments {
    /// The folder to fill; it must be empty or absent.
    folder: PathBuf,
    /// Registered patients: 100 to 60 million.
    #[arg(long, default_value_t = 20_000)]
    patients: u64,
    /// The same seed makes the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The reported quarter.
    #[arg(long, default_value = "2026-Q3")]
    quarter: config::quarter::Quarter,
    /// Share of rows that carry a fault, 0 to 0.5.
    #[arg(long, default_value_t = 0.0)]
    dirt: f64,
    /// How many files.
    #[arg(long, value_enum, default_value_t = LayoutWord::Practice)]
    files: LayoutWord,
    /// How they are compressed.
    #[arg(long, value_enum, default_value_t = CompressionWord::None)]
    compress: CompressionWord,
    /// Whose identifiers, area codes and column names.
    #[arg(long, value_enum, default_value_t = CountryWord::Scotland)]
    country: CountryWord,
    /// A real area lookup, such as the official SIMD file.
    #[arg(long)]
    lookup: Option<PathBuf>,
    /// Referrals and what follows from them, against 25 to 45 referrals a practice and quarter.
    #[arg(long, default_value_t = 1.0)]
    activity: f64,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum LayoutWord {
    /// One file a practice and table.
    Practice,
    /// One file a health board and table.
    Board,
    /// One file a table.
    Single,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum CountryWord {
    /// CHI numbers, data zones, health boards.
    Scotland,
    /// NHS numbers, LSOAs, integrated care boards.
    England,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum CompressionWord {
    /// Not at all.
    None,
    /// As .csv.gz.
    Gzip,
    /// As .csv.zst.
    Zstd,
}

/// Makes them.
///
/// # Errors
/// Of the options and the disk.
pub fn run(arguments: &SynthArguments, json: bool) -> Result<()> {
    let options = synth::Options {
        patients: arguments.patients,
        seed: arguments.seed,
        quarter: arguments.quarter,
        dirt: arguments.dirt,
        layout: match arguments.files {
            LayoutWord::Practice => synth::Layout::PerPractice,
            LayoutWord::Board => synth::Layout::PerBoard,
            LayoutWord::Single => synth::Layout::Single,
        },
        compression: match arguments.compress {
            CompressionWord::None => synth::Compression::None,
            CompressionWord::Gzip => synth::Compression::Gzip,
            CompressionWord::Zstd => synth::Compression::Zstd,
        },
        lookup: arguments.lookup.clone(),
        activity: arguments.activity,
        country: match arguments.country {
            CountryWord::Scotland => Country::Scotland,
            CountryWord::England => Country::England,
        },
        threads: Resources::default().threads,
    };
    let made = synth::generate(&arguments.folder, &options, &|_, _| ())?;
    if json {
        return print(&format!(
            "{}\n",
            serde_json::json!({ "rows": made.rows, "files": made.files, "bytes": made.bytes })
        ));
    }
    let mut text = String::new();
    for (table, rows) in &made.rows {
        text.push_str(&format!("{table:>18}  {rows} rows\n"));
    }
    text.push_str(&format!("{} files, {} bytes in {}\n", made.files, made.bytes, arguments.folder.display()));
    print(&text)
}
