//! What holds for any request, and whether it pays.

mod accuracy;
mod properties;
mod requests;
mod world;
