//! `smirr ledger`: what a board has spent, what remains, and what to do when the ledger itself is lost.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use smirr::config;
use smirr::config::plan::Plan;
use smirr::config::quarter::Quarter;

use smirr::error::Result;
use smirr::privacy::{Entry, Event, Key32, Ledger, Loss, Reservation, Revision, Role, Spending};
use smirr::progress::Progress;
use smirr::run::{limits, witness};

use super::print;

#[derive(Args)]
pub struct LedgerArguments {
    /// The board's YAML.
    config: PathBuf,
    /// Also walk the whole chain and compare every stored draw with its hash.
    #[arg(long)]
    verify: bool,
    /// Where the ledger, or its newest entries, are lost for ever: put that on record with the reason. Every quarter up
    /// to now then counts as spent, and every four quarters that hold one of them.
    #[arg(long, value_name = "REASON", conflicts_with = "verify")]
    accept_loss: Option<String>,
}

/// Prints the entries and the sums; with `--verify`, after a walk of the whole chain.
///
/// # Errors
/// Of the configuration and the ledger; [`smirr::error::Error::System`] where the ledger is not the newest.
pub fn run(arguments: &LedgerArguments, progress: &Progress, as_json: bool) -> Result<()> {
    let plan = config::load(&arguments.config)?;
    let note = |text: &str| progress.note(text);
    if let Some(reason) = &arguments.accept_loss {
        let today = Quarter::of(chrono::Local::now().date_naive());
        let through = witness::accept_loss(&plan, reason, today, &note)?;
        return print(&match as_json {
            true => format!("{}\n", json!({ "kind": "restored", "through": through })),
            false => format!(
                "The loss is on record. Every quarter up to {through} counts as spent, and so does every year that holds \
                 one of them. What the ledger still has can be published again, at no cost.\n"
            ),
        });
    }
    if !witness::is_expected(&plan)? {
        return print(&if as_json {
            String::new()
        } else {
            "The board has no ledger yet: nothing has been spent.\n".into()
        });
    }
    let ledger = witness::open(&plan, &note)?;
    let entries = ledger.entries()?;
    let show = if as_json { entry_as_json } else { entry_as_text };
    let mut text = entries.iter().map(|entry| show(&entries, entry) + "\n").collect::<String>();
    text.push_str(&totals(&plan, &ledger, &entries, as_json)?);
    if arguments.verify {
        let verified = ledger.verify()?;
        let head = &verified.head;
        text.push_str(&match as_json {
            true => format!("{}\n", json!({ "kind": "verified", "draws": verified.draws, "head": head })),
            false => format!(
                "Verified: {} entries and {} draws, none changed, lost or out of order.\n\
                 Head: entry {} of ledger {}, {}. Each pack's manifest names such a head.\n",
                head.entries, verified.draws, head.entries, head.ledger, head.hash
            ),
        });
    }
    print(&text)
}

fn amount(loss: &Loss) -> String {
    format!("{} {}", loss.definition.symbol(), loss.amount.decimal(6))
}

/// The debit that an entry is about, and its release.
fn subject<'a>(entries: &'a [Entry], entry: &'a Entry) -> Option<&'a Reservation> {
    match &entry.event {
        Event::Reserved(reservation) => Some(reservation),
        Event::Drawn { reservation, .. } | Event::Published { reservation, .. } => {
            let at = usize::try_from(*reservation).ok()?.checked_sub(1)?;
            entries.get(at).and_then(|debit| subject(entries, debit))
        }
        Event::Restored { .. } => None,
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Reserved(_) => "reserved",
        Event::Drawn { .. } => "drawn",
        Event::Published { .. } => "published",
        Event::Restored { .. } => "restored",
    }
}

/// What was debited: on the debit's own entry only.
fn debit(event: &Event) -> String {
    if let Event::Reserved(reservation) = event { amount(&reservation.loss) } else { String::new() }
}

fn entry_as_json(entries: &[Entry], entry: &Entry) -> String {
    let mut line = json!({
        "id": entry.id, "at": entry.at, "kind": kind(&entry.event), "loss": debit(&entry.event),
        "hash": entry.hash.to_string(),
    });
    if let Some(about) = subject(entries, entry) {
        line["quarter"] = json!(about.quarter);
        line["report"] = json!(about.report);
        line["release"] = json!(about.release);
        line["roles"] = json!(about.roles);
        line["revises"] = json!(about.revises);
    }
    if let Event::Restored { reason, lost, through } = &entry.event {
        line["reason"] = json!(reason);
        line["lost"] = json!(lost);
        line["through"] = json!(through);
    }
    line.to_string()
}

fn entry_as_text(entries: &[Entry], entry: &Entry) -> String {
    let start = format!("{:>4}  {}  {:9}", entry.id, entry.at, kind(&entry.event));
    let Some(about) = subject(entries, entry) else {
        return match &entry.event {
            Event::Restored { reason, through, .. } => {
                format!("{start}  {through}  and before count as spent: a part of the ledger was lost ({reason})")
            }
            _ => start,
        };
    };
    let revises = match (&entry.event, &about.revises) {
        (Event::Reserved(_), Some(Revision { number, of })) => format!("  revision {number} of {}", short(of)),
        _ => String::new(),
    };
    let charged = debit(&entry.event);
    let roles = match &entry.event {
        Event::Reserved(_) => about.roles.iter().map(Role::to_string).collect::<Vec<_>>().join(" and "),
        _ => String::new(),
    };
    let line = format!(
        "{start}  {}  {:12}  {}  {charged:12}  {roles}{revises}",
        about.quarter,
        about.report,
        short(&about.release)
    );
    line.trim_end().to_owned()
}

/// Enough of a key to tell it from a board's others.
fn short(key: &Key32) -> String {
    key.to_string()[..12].to_owned()
}

/// What each role's people have lost, and what is left, in the plan's quarter and in the four that end with it.
fn totals(plan: &Plan, ledger: &Ledger, entries: &[Entry], as_json: bool) -> Result<String> {
    let limits = limits(plan)?;
    let protects =
        |role: Role| entries.iter().any(|it| matches!(&it.event, Event::Reserved(of) if of.roles.contains(&role)));
    let mut text = String::new();
    for role in Role::ALL {
        // Machines get every role; people are not told of one that the board's reports do not know.
        if !as_json && role != Role::Patient && !protects(role) {
            continue;
        }
        let spent = ledger.spent(role, plan.quarter)?;
        let first = plan.quarter.before(3);
        for (from, spending, limit) in
            [(plan.quarter, &spent.quarter, Some(&limits.quarter)), (first, &spent.year, limits.year.as_ref())]
        {
            text.push_str(&if as_json {
                format!("{}\n", total_as_json(role, (from, plan.quarter), spending, limit))
            } else {
                total_as_text(role, (from, plan.quarter), spending, limit)
            });
        }
    }
    Ok(text)
}

fn left(spending: &Spending, limit: &Loss) -> Option<String> {
    Some(format!("{} {}", limit.definition.symbol(), spending.left(limit)?.decimal_down(6)))
}

fn total_as_json(role: Role, (from, to): (Quarter, Quarter), spending: &Spending, limit: Option<&Loss>) -> Value {
    json!({
        "kind": "total", "role": role, "from": from, "to": to, "rho": spending.rho.decimal(6),
        "epsilon": spending.epsilon.decimal(6), "lost": spending.lost, "limit": limit.map(amount),
        "left": limit.and_then(|limit| left(spending, limit)),
    })
}

fn total_as_text(role: Role, (from, to): (Quarter, Quarter), spending: &Spending, limit: Option<&Loss>) -> String {
    let over = if from == to { to.to_string() } else { format!("the four quarters to {to}") };
    let of = limit.map_or(String::new(), |limit| {
        let left = left(spending, limit).unwrap_or_else(|| "not known, as rho and epsilon do not add up".into());
        format!(" of {}; left: {left}", amount(limit))
    });
    let lost = if spending.lost { ", and what a lost part of the ledger held" } else { "" };
    let (rho, epsilon) = (spending.rho.decimal(6), spending.epsilon.decimal(6));
    format!("Each {role}, {over}: rho {rho} and epsilon {epsilon}{lost}{of}\n")
}
