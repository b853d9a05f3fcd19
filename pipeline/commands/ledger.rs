//! `smirr ledger`: what a board has spent, and what remains.

use smirr::config;
use smirr::error::Result;
use smirr::privacy::Ledger;

use super::print;

/// Prints the entries and the sums; with `verify`, walks the whole chain first.
///
/// # Errors
/// Of the configuration and the ledger.
pub fn run(config: &std::path::Path, verify: bool, json: bool) -> Result<()> {
    let plan = config::load(config)?;
    if !plan.ledger.exists() {
        return print("The board has no ledger yet: nothing has been spent.\n");
    }
    let ledger = Ledger::open(&plan.ledger, &plan.board)?;
    let mut text = String::new();
    for entry in ledger.entries()? {
        let loss = entry
            .loss
            .as_ref()
            .map_or(String::new(), |loss| format!("{} {}", loss.definition.symbol(), loss.amount.decimal(6)));
        if json {
            let line = serde_json::json!({
                "id": entry.id, "at": entry.at, "kind": entry.kind, "quarter": entry.quarter.to_string(),
                "report": entry.report, "loss": loss, "release": entry.release.to_string(), "hash": entry.hash.to_string(),
            });
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!(
                "{:>4}  {}  {:9}  {}  {:12}  {loss}\n",
                entry.id, entry.at, entry.kind, entry.quarter, entry.report
            ));
        }
    }
    if !json {
        let spent = ledger.spent(plan.quarter)?;
        let show = |spending: &smirr::privacy::Spending| {
            format!("rho {} and epsilon {}", spending.rho.decimal(6), spending.epsilon.decimal(6))
        };
        text.push_str(&format!(
            "Spent in {}: {} of {} {}\n",
            plan.quarter,
            show(&spent.quarter),
            plan.loss.kind.word(),
            plan.loss.amount
        ));
        if let Some(year) = &plan.year {
            text.push_str(&format!(
                "Spent in the four quarters to it: {} of {} {}\n",
                show(&spent.year),
                year.kind.word(),
                year.amount
            ));
        }
    }
    if verify {
        let verified = ledger.verify()?;
        text.push_str(&format!(
            "Verified: {} entries and {} draws, none changed, lost or out of order.\n",
            verified.entries, verified.draws
        ));
    }
    print(&text)
}
