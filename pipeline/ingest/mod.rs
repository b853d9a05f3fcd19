//! Takes the files of senders and the schemas that bind them.
//! Gives checked, pseudonymised Arrow batches, and a place in quarantine for every row that breaks a rule.
//! Never prints, logs or stores a value: a breach is told by file, line, column and rule.
//!
//! In the order in which a file travels: [`extract`] opens it and hands out chunks of whole records ([`blocks`] cuts
//! CSV, [`workbook`] reads a sheet), [`rows`] reads each row by the [`layout`] that was compiled from the schema, [`cell`] turns one field into a
//! typed value or a broken [`rule`] (`linkage_key` reads SLK-581), [`tally`] counts, [`buckets`] puts large batches in
//! an order that lets queries read some of the people only, and [`uniqueness`] settles the file as a whole.
//!
//! What becomes of a file depends on that file, the schemas, the public tables that it refers to and the key, and on
//! nothing else: so an unchanged file need never be read again, and one sender's rows cannot decide another's.

pub mod blocks;
pub mod buckets;
pub mod cell;
pub mod check_digit;
pub mod extract;
pub mod layout;
mod linkage_key;
pub mod rows;
pub mod rule;
mod sheet_value;
pub mod tally;
pub mod uniqueness;
mod unpacked;
pub mod workbook;
