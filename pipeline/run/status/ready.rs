//! Whether a quarter is ready to run: what a run needs, each met or not, with what to do; and what the run would be.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::{Local, NaiveDate};
use serde::Serialize;

use super::{Published, State, Status, TableStatus};
use crate::config::plan::{KeySource, Plan};
use crate::error::{Error, Result};
use crate::link::{Earlier, PrivateTable};
use crate::measure::grid::Public;
use crate::privacy::{Exact, Request};
use crate::run::ahead::{self, Room};
use crate::run::intake::Intake;
use crate::run::question::{Question, prepare};
use crate::run::{answer, witness};
use crate::schema::Sender;
use crate::store::{Stored, parts_of};

/// One thing that a run needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Its name: `files`, `extracts`, `limits`, `senders`, `quarter`, `key`, `lists`, `boundaries` or
    /// `ledger`.
    pub need: &'static str,
    /// Whether it is there.
    pub met: bool,
    /// Whether a run would go on without it.
    pub waivable: bool,
    /// What there is, or what is missing.
    pub says: String,
    /// What to do, where it is not there.
    pub todo: Option<String>,
    /// The exit code of its class of trouble.
    #[serde(skip)]
    pub code: u8,
}

/// What a run would be for one report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportOutlook {
    /// The report.
    pub report: String,
    /// What it would be charged; nothing where the ledger has the answer.
    pub charge: String,
    /// Whether it was answered for this quarter before from other extracts: it is paid for again, in full.
    pub correction: bool,
    /// Whether the ledger has the answer: it costs nothing again.
    pub replayed: bool,
}

/// What a run needs, and would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// In the order in which they are told.
    pub needs: Vec<Need>,
    /// One a report; none where the public tables cannot be read, or the ledger.
    pub reports: Vec<ReportOutlook>,
}

impl Outlook {
    /// What is missing; `late` senders may be allowed.
    pub fn missing(&self, allow_late: bool) -> Vec<&Need> {
        self.needs.iter().filter(|need| !(need.met || (allow_late && need.waivable))).collect()
    }

    /// The error of a quarter that is not ready, of the class of what is missing first: 11 for what has to arrive, 12 and
    /// 14 for the ledger.
    ///
    /// # Errors
    /// Where anything is missing, naming all of it.
    pub fn refuse(&self, quarter: &str, allow_late: bool) -> Result<()> {
        let missing = self.missing(allow_late);
        let Some(first) = missing.first() else { return Ok(()) };
        let says = missing.iter().map(|need| format!("{}: {}", need.need, need.says)).collect::<Vec<_>>();
        let text = format!("{quarter} is not ready to run: {}", says.join("; "));
        Err(match first.code {
            12 => Error::Budget(text),
            14 => Error::System(text),
            _ => Error::Input(text),
        })
    }
}

/// Everything that a run needs, from what has arrived; and from the public tables, where they can be read, what it would
/// cost.
///
/// # Errors
/// [`Error::Io`] where the store cannot be listed.
pub(super) fn outlook(plan: &Plan, status: &Status, public: Option<(&Public, &Intake<'_>)>) -> Result<Outlook> {
    let today = Local::now().date_naive();
    let mut needs = vec![extracts(plan, status), files(plan, status)];
    needs.extend(limits(status));
    needs.extend([senders(status), quarter(plan, today), key(plan, today)]);
    needs.extend(lists(status));
    needs.extend(boundaries(plan));
    let mut reports = Vec::new();
    if let Some((public, intake)) = public {
        match asked(plan, status, public, intake) {
            Ok((need, asked)) => {
                needs.push(need);
                reports = asked;
            }
            Err(error) => needs.push(unmet("ledger", error.to_string(), None, error.exit_code())),
        }
    }
    Ok(Outlook { needs, reports })
}

fn met(need: &'static str, says: String) -> Need {
    Need { need, met: true, waivable: false, says, todo: None, code: 0 }
}

fn unmet(need: &'static str, says: String, todo: Option<String>, code: u8) -> Need {
    Need { need, met: false, waivable: false, says, todo, code }
}

fn extracts(plan: &Plan, status: &Status) -> Need {
    if let Some(why) = status.tables.iter().find_map(|table| table.unreached.clone()) {
        return unmet("extracts", why, Some("see to it that the source can be reached".into()), 11);
    }
    let none = status.tables.iter().filter(|table| !table.has_arrived());
    let none = none.map(|table| format!("`{}`", table.table)).collect::<Vec<_>>();
    if none.is_empty() {
        let files = status.count(State::In) + status.count(State::New);
        let files = files + status.count(State::Changed) + status.count(State::Failed);
        return met("extracts", format!("each of the {} tables has a file; {files} in all", status.tables.len()));
    }
    let todo = match &plan.fictional {
        Some(fictional) if !fictional.folder.exists() => {
            "nothing: the board is fictional, and a run makes its extracts".to_owned()
        }
        _ => "wait for them, or correct their paths under `sources`".to_owned(),
    };
    unmet("extracts", format!("nothing has arrived of {}", none.join(", ")), Some(todo), 11)
}

fn files(plan: &Plan, status: &Status) -> Need {
    match status.count(State::Failed) {
        0 if status.count(State::In) == 0 => met("files", "none was refused; none was ingested yet".into()),
        0 => met("files", "the last ingest refused none of those here".into()),
        failed => {
            let report = plan.work.join("validation").join(format!("{}.html", plan.quarter));
            let todo = format!("ask their senders for them again; {} says why", report.display());
            unmet("files", format!("the last ingest refused {}", count(failed, "file")), Some(todo), 11)
        }
    }
}

fn limits(status: &Status) -> Option<Need> {
    let over = status.tables.iter().flat_map(|table| &table.over_limit).cloned().collect::<Vec<_>>();
    let todo = "ask for better extracts; the validation report lists rows and rules, and the schema has the limit";
    (!over.is_empty()).then(|| unmet("limits", over.join("; "), Some(todo.into()), 11))
}

fn senders(status: &Status) -> Need {
    let without = |state| {
        let tables = status.tables.iter().filter(|table| table.count(state) > 0).collect::<Vec<_>>();
        let items = tables.iter().flat_map(|table| &table.items).filter(|item| item.state == state);
        let who = items.filter_map(|item| item.sender.as_deref()).collect::<BTreeSet<_>>().len();
        let tables = tables.iter().map(|table| format!("`{}`", table.table)).collect::<Vec<_>>().join(", ");
        (who, tables)
    };
    let mut says = Vec::new();
    match without(State::Late) {
        (_, tables) if tables.is_empty() => {}
        (0, tables) => says.push(format!("{tables} is late")),
        (1, tables) => says.push(format!("1 sender is late with {tables}")),
        (who, tables) => says.push(format!("{who} senders are late with {tables}")),
    }
    match without(State::Withdrawn) {
        (_, tables) if tables.is_empty() => {}
        (0 | 1, tables) => says.push(format!("files that were stored of {tables} are gone")),
        (who, tables) => says.push(format!("files of {who} senders that were stored of {tables} are gone")),
    }
    if says.is_empty() {
        let known = status.lists_unknown.is_none();
        let says = if known { "nobody is late" } else { "nobody who sent the quarter before is late" };
        return met("senders", says.to_owned() + &untold(status));
    }
    let todo = "ask them; a run goes on without what is not here, and `--allow-late` says so".to_owned();
    Need { waivable: true, ..unmet("senders", says.join("; "), Some(todo), 11) }
}

/// The tables that several may have sent in one file: who is not in it shows in its rows alone.
fn untold(status: &Status) -> String {
    let in_one = |table: &&TableStatus| !table.public && table.list.is_none() && table.senders() == (1, 1);
    let tables = status.tables.iter().filter(in_one).map(|table| format!("`{}`", table.table)).collect::<Vec<_>>();
    match tables.is_empty() {
        true => String::new(),
        false => format!(
            ", as far as files tell: who is missing in the one file of {} is in the validation report",
            tables.join(", ")
        ),
    }
}

fn quarter(plan: &Plan, today: NaiveDate) -> Need {
    let last = plan.quarter.last_day();
    match today > last {
        true => met("quarter", format!("{} ended on {last}", plan.quarter)),
        false => {
            let todo = format!("wait until {last} has passed: extracts made before lack what is still to come");
            unmet("quarter", format!("{} ends on {last}", plan.quarter), Some(todo), 11)
        }
    }
}

/// Goes by what is known of the key without reading it.
fn key(plan: &Plan, today: NaiveDate) -> Need {
    if let Some(why) = plan.key_expired(today) {
        return unmet("key", why, None, 11);
    }
    let there = std::iter::once(("key", &plan.key)).chain(plan.salt.as_ref().map(|salt| ("salt", salt)));
    let faults = there.filter_map(|(name, secret)| fault(plan, name, secret)).collect::<Vec<_>>();
    if let [(says, todo), ..] = &faults[..] {
        return unmet("key", says.clone(), Some(todo.clone()), 11);
    }
    let says = match &plan.key {
        KeySource::File(_) => "its file is there, and closed to others",
        KeySource::Env(_) => "its environment variable is set",
        KeySource::Command(_) => "its command was not run: only a run tells whether it prints a key",
    };
    let until = plan.rotate_by.map_or(String::new(), |day| format!("; to be replaced by {day}"));
    met("key", format!("{says}{until}"))
}

fn fault(plan: &Plan, name: &str, secret: &KeySource) -> Option<(String, String)> {
    let told = |says: String, todo: &str| Some((says, todo.to_owned()));
    match secret {
        KeySource::File(_) if name == "key" && plan.fictional.is_some() && !secret_is_there(secret) => None,
        KeySource::File(path) => match fs::metadata(path) {
            Ok(meta) if !meta.is_file() => told(format!("{} is not a file", path.display()), "name the file itself"),
            Ok(meta) if meta.permissions().mode() & 0o077 != 0 => told(
                format!("the {name} file {} can be read by others than its owner", path.display()),
                "run `chmod 600` on it",
            ),
            Ok(_) => None,
            Err(_) if name == "key" => told(
                format!("there is no key file {}", path.display()),
                "put it there; `smirr key new FILE` makes one for a board that has none",
            ),
            Err(_) => told(format!("there is no {name} file {}", path.display()), "put it there"),
        },
        KeySource::Env(variable) if std::env::var_os(variable).is_none() => {
            told(format!("the environment variable {variable}, which should hold the {name}, is not set"), "set it")
        }
        KeySource::Env(_) | KeySource::Command(_) => None,
    }
}

fn secret_is_there(secret: &KeySource) -> bool {
    matches!(secret, KeySource::File(path) if Path::exists(path))
}

/// Public tables that cannot be read stop a run at its first step.
fn lists(status: &Status) -> Option<Need> {
    let why = status.lists_unknown.as_ref()?;
    let todo = "put it right: until then nobody knows who is in the lists of senders, nor what a run would cost";
    // What has not arrived is told already.
    let absent = status.tables.iter().any(|table| table.public && !table.has_arrived());
    (!absent).then(|| unmet("lists", why.clone(), Some(todo.into()), 11))
}

fn boundaries(plan: &Plan) -> Option<Need> {
    let made = |path: &Path| plan.fictional.as_ref().is_some_and(|it| path.starts_with(&it.folder));
    let absent = plan.geography.boundaries.iter().map(|(_, path)| path).find(|path| !path.is_file() && !made(path))?;
    let todo = "put it there, or correct `geography.boundaries`".to_owned();
    Some(unmet("boundaries", format!("there is no {}", absent.display()), Some(todo), 11))
}

/// What a run would ask of the ledger, and whether it has room for that: as a run asks before it measures anything.
fn asked(plan: &Plan, status: &Status, public: &Public, intake: &Intake<'_>) -> Result<(Need, Vec<ReportOutlook>)> {
    let questions = prepare(plan, public, &answer::context(plan, intake))?;
    let ledger = match witness::is_expected(plan)? {
        true => Some(witness::open(plan, &|_| ())?),
        false => None,
    };
    let private = tables(plan, status)?;
    let (mut reports, mut requests) = (Vec::new(), Vec::new());
    for question in &questions {
        let release = question.release(&answer::inputs(plan, question, intake, &private));
        let request = question.request(plan, release);
        let (drawn, known) = match &ledger {
            Some(ledger) => (
                ledger.find(&release)?.is_some_and(|stored| stored.drawn.is_some()),
                ledger.known_question(plan.quarter, &question.key)?,
            ),
            None => (false, false),
        };
        reports.push(told(question, &request, drawn, known));
        if !drawn {
            requests.push(request);
        }
    }
    let refused = ledger.as_ref().and_then(|ledger| ledger.afford(&requests).err());
    let left = ahead::rooms(plan, &questions, ledger.as_ref())?;
    Ok((room(refused, &requests, &left, status), reports))
}

fn told(question: &Question<'_>, request: &Request, drawn: bool, known: bool) -> ReportOutlook {
    let charge = Exact::sum(request.vectors.iter().map(|vector| vector.noise.charge()));
    let charge = if drawn { Exact::ZERO } else { charge };
    ReportOutlook {
        report: question.report.name.clone(),
        charge: format!("{} {}", request.definition.symbol(), charge.decimal(6)),
        correction: known && !drawn,
        replayed: drawn,
    }
}

/// The tables as a run would find them in the store: of a file that has changed, or is not stored, nothing, so that no
/// answer of other extracts is taken for this one's.
fn tables(plan: &Plan, status: &Status) -> Result<Vec<PrivateTable>> {
    let mut now = parts_of(&plan.work, &plan.quarter.to_string())?;
    now.retain(|part| {
        let table = status.tables.iter().find(|table| table.table == part.manifest.table);
        let is_in = |item: &super::Item| {
            item.state == State::In && item.source.as_deref() == Some(part.manifest.source.as_str())
        };
        table.is_some_and(|table| table.items.iter().any(is_in))
    });
    now.sort_by(|a, b| a.manifest.source.cmp(&b.manifest.source));
    let before = parts_of(&plan.work, &plan.quarter.before(1).to_string())?;
    let of = |parts: &[Stored], table: &str| {
        parts.iter().filter(|part| part.manifest.table == table).cloned().collect::<Vec<_>>()
    };
    let private = plan.sources.iter().filter(|source| source.schema.from != Sender::Public);
    let table = |source: &crate::config::plan::Source| {
        let mut table = PrivateTable::new(source.schema.clone(), of(&now, &source.table));
        table.earlier = Some(Earlier { stored: of(&before, &source.table), ..Earlier::default() });
        table
    };
    Ok(private.map(table).collect())
}

/// Whether the ledger has room for what it would be asked.
fn room(refused: Option<Error>, requests: &[Request], left: &[Room], status: &Status) -> Need {
    let Some(first) = requests.first() else {
        return met("ledger", "it has the answer to every report: a run costs nothing".into());
    };
    let asked = Exact::sum(requests.iter().flat_map(|request| &request.vectors).map(|vector| vector.noise.charge()));
    let asked = format!("a run asks for {} {}", first.definition.symbol(), asked.decimal(6));
    let says = format!("{asked}; left {}", left.iter().map(in_words).collect::<Vec<_>>().join(", "));
    let Some(error) = refused else { return met("ledger", says) };
    let todo = match status.published {
        Published::Yes { .. } => "publish no correction, or allow the quarter more under `privacy.quarter`",
        _ => "report less, or allow more under `privacy`",
    };
    let todo = format!("{todo}; `smirr plan` and `smirr ledger` say more");
    unmet("ledger", format!("no room: {says}"), Some(todo), error.exit_code())
}

/// "of each patient's loss for 2026-Q3 rho 0.1 of 0.25".
fn in_words(room: &Room) -> String {
    let symbol = room.limit.definition.symbol();
    let left = room.left.as_ref().map_or("unknown".into(), |left| left.decimal_down(6));
    let limit = room.limit.amount.decimal_down(6);
    format!("of each {}'s loss for {} {symbol} {left} of {limit}", room.role, room.over)
}

/// "1 file", "3 files".
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
