//! Specifications of the measure room: small extracts beside the exact cells that they give, and proofs over random
//! boards that no one person moves those cells further than the noise is scaled for.
//!
//! Every figure here comes by the real path: CSV files, a checked plan, ingest, the store, the engine. The tests live
//! in the crate because exact values can be seen nowhere else.

mod active;
mod asking;
mod board;
mod bounding;
mod bringing;
mod columns;
mod conditions;
mod contract;
mod counting;
mod deriving;
mod everyone;
mod funnels;
mod fuzz;
mod grammar;
mod indifference;
mod linking;
mod links;
mod means;
mod neighbours;
mod neighbours_links;
mod neighbours_workers;
mod people;
mod persons;
mod posts;
mod practices;
mod public;
mod replaying;
mod tape;
mod waits;
mod workers;
mod world;
