//! The integration tests: one binary, so that the engine is linked once.
//!
//! Each test drives the real `smirr` on a fictional board of its own, in a folder that goes when the test ends.

mod architecture;
mod areas;
mod audit;
mod book;
mod commands;
mod crash;
mod england;
mod errors;
mod explain;
mod foretold;
mod fuzz;
mod hardening;
mod init;
mod interop;
mod journeys;
mod keys;
mod leaks;
mod ledger;
mod links;
mod localities;
mod objects;
mod packs;
mod page;
mod pages;
mod plan;
mod postgres;
mod published;
mod quarters;
mod reference;
mod replay;
mod rows;
mod simd;
mod status;
mod study;
mod support;
mod trials;
mod truth;
mod workbooks;
