//! What the tests share: a fictional board in a folder of its own, the real program, and readers of what it leaves.

pub mod board;
pub mod extracts;
pub mod files;
pub mod people;
pub mod postgres;
pub mod program;
pub mod sheets;
pub mod statistics;
pub mod store;

pub use board::{Board, Size};

use std::path::PathBuf;

/// The repository's root.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A valid CHI number of someone born on `day` of `month` in `year` (two digits each): the first of at most a hundred
/// serial numbers, from `serial` on, whose check digit exists. Even serial numbers are women's.
pub fn chi(day: u32, month: u32, year: u32, serial: u32) -> String {
    (serial..serial + 100)
        .find_map(|serial| {
            let head = format!("{day:02}{month:02}{year:02}{serial:03}");
            let sum: u32 =
                head.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
            match (11 - sum % 11) % 11 {
                10 => None,
                check => Some(format!("{head}{check}")),
            }
        })
        .expect("no ten serial numbers in a row lack a check digit")
}
