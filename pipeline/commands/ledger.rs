//! `smirr ledger`: what a board has spent, what remains, and what to do when the ledger itself is lost.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use smirr::config;
use smirr::config::plan::Plan;
use smirr::config::quarter::Quarter;

use smirr::error::Result;
use smirr::privacy::{Entry, Event, Key32, Ledger, Loss, Reservation, Revision, Role, Spending, Verified};
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
            true => format!("{}\n", json!({ "through": through })),
            false => format!(
                "The loss is on record. Every quarter up to {through} counts as spent, and so does every year that holds \
                 one of them. What the ledger still has can be published again, at no cost.\n"
            ),
        });
    }
    let ledger = match witness::is_expected(&plan)? {
        true => Some(witness::open(&plan, &note)?),
        false => None,
    };
    let entries = ledger.as_ref().map_or(Ok(Vec::new()), Ledger::entries)?;
    let totals = ledger.as_ref().map_or(Ok(Vec::new()), |it| totals(&plan, it))?;
    let verified = ledger.as_ref().filter(|_| arguments.verify).map(Ledger::verify).transpose()?;
    if as_json {
        return print(&format!("{}\n", machine(&entries, &totals, verified.as_ref())));
    }
    if ledger.is_none() {
        return print("The board has no ledger yet: nothing has been spent.\n");
    }
    print(&human(&entries, &totals, verified.as_ref()))
}

fn human(entries: &[Entry], totals: &[Total], verified: Option<&Verified>) -> String {
    let protects =
        |role: Role| entries.iter().any(|it| matches!(&it.event, Event::Reserved(of) if of.roles.contains(&role)));
    let mut text = entries.iter().map(|entry| entry_as_text(entries, entry) + "\n").collect::<String>();
    // People are not told of a role that the board's reports do not know; machines get every one.
    let known = totals.iter().filter(|total| total.role == Role::Patient || protects(total.role));
    text.extend(known.map(total_as_text));
    if let Some(Verified { head, draws }) = verified {
        text.push_str(&format!(
            "Verified: {} entries and {draws} draws, none changed, lost or out of order.\n\
             Head: entry {} of ledger {}, {}. Each pack's manifest names such a head.\n",
            head.entries, head.entries, head.ledger, head.hash
        ));
    }
    text
}

fn machine(entries: &[Entry], totals: &[Total], verified: Option<&Verified>) -> Value {
    json!({
        "entries": entries.iter().map(|entry| entry_as_json(entries, entry)).collect::<Vec<_>>(),
        "totals": totals.iter().map(total_as_json).collect::<Vec<_>>(),
        "verified": verified.map(|it| json!({ "draws": it.draws, "head": it.head })),
    })
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

fn entry_as_json(entries: &[Entry], entry: &Entry) -> Value {
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
    line
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

/// What the people of one role have lost in one quarter or in four, and the limit on it.
struct Total {
    role: Role,
    from: Quarter,
    to: Quarter,
    spent: Spending,
    limit: Option<Loss>,
}

/// For every role: the plan's quarter, and the four that end with it.
fn totals(plan: &Plan, ledger: &Ledger) -> Result<Vec<Total>> {
    let limits = limits(plan)?;
    let to = plan.quarter;
    let mut totals = Vec::new();
    for role in Role::ALL {
        let spent = ledger.spent(role, to)?;
        totals.push(Total { role, from: to, to, spent: spent.quarter, limit: Some(limits.quarter.clone()) });
        totals.push(Total { role, from: to.before(3), to, spent: spent.year, limit: limits.year.clone() });
    }
    Ok(totals)
}

fn left(spent: &Spending, limit: &Loss) -> Option<String> {
    Some(format!("{} {}", limit.definition.symbol(), spent.left(limit)?.decimal_down(6)))
}

fn total_as_json(total: &Total) -> Value {
    let Total { role, from, to, spent, limit } = total;
    json!({
        "role": role, "from": from, "to": to, "rho": spent.rho.decimal(6), "epsilon": spent.epsilon.decimal(6),
        "lost": spent.lost, "limit": limit.as_ref().map(amount),
        "left": limit.as_ref().and_then(|limit| left(spent, limit)),
    })
}

fn total_as_text(total: &Total) -> String {
    let Total { role, from, to, spent, limit } = total;
    let over = if from == to { to.to_string() } else { format!("the four quarters to {to}") };
    let of = limit.as_ref().map_or(String::new(), |limit| {
        let left = left(spent, limit).unwrap_or_else(|| "not known, as rho and epsilon do not add up".into());
        format!(" of {}; left: {left}", amount(limit))
    });
    let lost = if spent.lost { ", and what a lost part of the ledger held" } else { "" };
    let (rho, epsilon) = (spent.rho.decimal(6), spent.epsilon.decimal(6));
    format!("Each {role}, {over}: rho {rho} and epsilon {epsilon}{lost}{of}\n")
}
