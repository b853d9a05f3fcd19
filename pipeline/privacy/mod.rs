//! Takes bounded vectors and a budget, gives noised vectors and a durable record of what they cost.
//! The trust kernel: what an auditor reads, `walk` first; it knows no table, report or area. Beside it stand two
//! pure files that it relies on: `config::amount`, which reads numbers, and `config::quarter`.
//! Never: an unnoised value out, noise without a debit before it, a float for a budget, a seed.
//!
//! # The promise
//!
//! For every person in the private tables, what is published looks almost the same with all of that
//! person's rows as without them. "Almost" is a stated loss: rho of zero-concentrated differential
//! privacy, or epsilon of pure differential privacy, added up over everything a board ever released.
//! Neighbours differ in one person, present or absent. The promise is to readers of what is
//! published; the operator holds the extracts and is outside it.
//!
//! # Invariants, and what enforces each
//!
//! | invariant | enforced by |
//! |---|---|
//! | a private value cannot be printed, copied, written or read | [`Private`] lacks the traits; `compile_fail` examples and a test say so |
//! | bounds are what the plan that runs allows, and nothing declared | [`walk::prove`], [`walk::Meeting`]; [`Private`] is made of a [`walk::Proof`] alone |
//! | noise is scaled to what one person can do to *this* vector | [`Private`] carries its [`Bounds`]; the draw compares them with the plan's; [`Regrouping`] derives new ones |
//! | no norm is rounded down | `Bounds::l2` squares its answer in exact arithmetic |
//! | no scale of 0, no boundless noise, no seed | one gate, `noise::admitted`, before OpenDP's constructors, which take no seed |
//! | the charge is OpenDP's own answer, and no less than the exact formula | [`calibrate`], and again in every thread that draws |
//! | the debit is on disk before noise exists | a [`Grant`] is made only after `Ledger::reserve` has committed, and the draw needs one |
//! | a grant draws once | it is moved into the draw, and a reservation holds one stored draw |
//! | noise that was not stored is never seen | `draw::draw_all` is private to the kernel; the ledger returns only what it has stored |
//! | noise upon a release is no release | `Released::noised_again` adds to what is released and charges nothing; one room may call it, and publishes none of it |
//! | a release asked for again costs nothing and says the same | `Ledger::find` gives the stored bytes |
//! | a correction is a release like any other, and pays in full | `ledger::spending` knows debits only; [`Revision`] is for readers |
//! | no role's people lose more than the limits | [`Role`]s are charged and checked one by one, each the whole loss |
//! | no window of four quarters passes the year's limit, back-dated runs included | `ledger::spending`, over every window that holds the quarter |
//! | the ledger's past is not rewritten | triggers, a hash chain read before every decision, and a head that tells of a lost tail |
//! | an older copy of the ledger is told from the newest | [`Ledger::follows`], of the [`Head`]s that a witness and every published pack keep |
//! | what a lost ledger held counts as spent, whatever it was, and is not drawn again | `Ledger::accept_loss`, `ledger::spending`, `Past::may_have_lost_the_draw` |
//! | errors name no value | messages hold sizes, names and budgets only |
//!
//! [`promise`] takes each invariant to the tests that would fail without it.
//!
//! What is outside: the time that a draw takes depends on the noise, and is seen by the operator only.

#[cfg(test)]
mod audit_tests;
mod bounds;
mod budget;
mod draw;
mod exact;
mod ledger;
mod noise;
mod private;
pub mod promise;
mod released;
pub mod walk;

pub use bounds::{Bounds, Regrouping};
pub use budget::{Definition, Loss, epsilon_at, split};
pub use exact::Exact;
pub use ledger::{
    Entry, Event, Grant, Head, Key32, Ledger, Limits, PlannedVector, Request, Reservation, Revision, Role, Spending,
    Spent, Stored, Verified,
};
pub use noise::{Calibrated, Mechanism, calibrate};
pub use private::Private;
pub use released::Released;
