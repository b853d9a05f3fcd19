//! The status in words: a summary by table, what needs attention, and what a run needs.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};

use smirr::config::plan::Plan;
use smirr::run::status::{Comparing, Item, Looked, Need, Published, ReportOutlook, State, Status, TableStatus};

use super::StatusArguments;

/// So many lines of one state are shown; a nation has thousands of files.
const SHOWN: usize = 12;
/// No narrower than this: a word has to fit.
const NARROWEST: usize = 40;

/// What can be shown where the text goes.
pub struct Screen {
    /// Columns of a terminal; none elsewhere.
    width: Option<usize>,
    colours: bool,
}

impl Screen {
    /// That of standard output. Colours only where nobody has asked for none, and never alone.
    pub fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map(|size| usize::from(size.ws_col));
        let width = columns.ok().filter(|&columns| terminal && columns > 0);
        let plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        Screen { width: width.map(|it| it.max(NARROWEST)), colours: terminal && !plain }
    }

    fn coloured(&self, word: &str, code: &str) -> String {
        if self.colours && !code.is_empty() { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() }
    }

    /// Rows of columns, each as wide as its widest cell; the last is wrapped where the screen ends. `colour` is of the first.
    fn columns<const N: usize>(&self, rows: &[([String; N], &str)]) -> String {
        let width = |at: usize| rows.iter().map(|(cells, _)| cells[at].chars().count()).max().unwrap_or(0);
        let widths = (0..N).map(width).collect::<Vec<_>>();
        let indent = 2 + widths[..N - 1].iter().map(|width| width + 2).sum::<usize>();
        let mut text = String::new();
        for (cells, colour) in rows {
            text.push_str("  ");
            for (at, cell) in cells[..N - 1].iter().enumerate() {
                let space = " ".repeat(widths[at] - cell.chars().count() + 2);
                text.push_str(&self.coloured(cell, if at == 0 { colour } else { "" }));
                text.push_str(&space);
            }
            let room = self.width.map(|width| width.saturating_sub(indent).max(NARROWEST / 2));
            text.push_str(&wrapped(&cells[N - 1], room, indent));
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }
}

/// Words in lines of at most `room` characters, all but the first set in by `indent`.
fn wrapped(text: &str, room: Option<usize>, indent: usize) -> String {
    let Some(room) = room else { return text.to_owned() };
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        let fits = line.is_empty() || line.chars().count() + 1 + word.chars().count() <= room;
        if !fits {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// A name that a sender chose may hold what steers a terminal.
fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn colour(state: State) -> &'static str {
    match state {
        State::In => "32",
        State::New => "36",
        State::Changed | State::Withdrawn => "35",
        State::Failed => "31",
        State::Late => "33",
    }
}

/// All of it.
pub fn of(looked: &Looked, plan: &Plan, arguments: &StatusArguments, screen: &Screen) -> String {
    let status = &looked.status;
    let mut text = format!("{}, {} ({})\n", safe(&status.board), status.quarter, plan.quarter.months());
    text.push_str(match status.published {
        Published::No => "Not published yet.",
        Published::Yes { .. } => "Published",
        Published::Unknown => "Whether it was published is not known: the ledger cannot be read.",
    });
    if let Published::Yes { revisions } = status.published {
        text.push_str(&format!("{}.", corrected(revisions)));
    }
    if status.run_at_work {
        text.push_str(" A run of this board is at work: what it stores shows here as it goes.");
    }
    text.push_str(&format!("\n{}\n", summary(status, screen)));
    text.push_str(&match arguments.all {
        true => every(status, screen),
        false => attention(status, screen),
    });
    if let Some(why) = &status.lists_unknown {
        let why = safe(why);
        text.push_str(&format!("\nNot known, as public tables cannot be read: who is in the lists of senders, and what a run would cost ({why}).\n"));
    }
    let unread = status.tables.iter().flat_map(|table| &table.items).filter(|item| item.unread).count();
    if unread > 0 {
        text.push_str(&format!(
            "\n{unread} of these are elsewhere, where reading them would be a transfer: an object was told by its size \
             alone, and a query was not asked.\n"
        ));
    }
    if status.compared == Comparing::SizeAndTime {
        text.push_str("\nFiles that were not touched since they were stored were told by their size alone.\n");
    }
    text.push_str(&needs(looked, arguments, screen));
    text.push_str(&run(&looked.outlook.reports, screen));
    let waiting = status.count(State::New) + status.count(State::Changed);
    if waiting > 0 {
        let config = arguments.config.display();
        let (files, they) = if waiting == 1 { ("file", "it") } else { ("files", "them") };
        text.push_str(&format!(
            "\n{waiting} {files} not stored yet: `smirr ingest {config}` checks {they}, at no cost; a run does so too.\n"
        ));
    }
    text
}

fn corrected(revisions: u32) -> String {
    match revisions {
        0 => String::new(),
        1 => ", and corrected once".into(),
        2 => ", and corrected twice".into(),
        n => format!(", and corrected {n} times"),
    }
}

fn new_table(screen: &Screen, headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.remove_style(TableComponent::HorizontalLines);
    table.remove_style(TableComponent::MiddleIntersections);
    if let Some(width) = screen.width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    table.set_header(headings);
    // Nothing is lost at the edges: the table then fits in 80 columns.
    let last = headings.len() - 1;
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(at > 0), u16::from(at < last)));
        if at > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A number, or a dash where there is none: what stands out is what is there.
fn number(count: usize) -> String {
    if count == 0 { "-".into() } else { count.to_string() }
}

fn summary(status: &Status, screen: &Screen) -> Table {
    let headings = ["Table", "Senders", "In", "New", "Changed", "Failed", "Late", "Withdrawn"];
    let mut table = new_table(screen, &headings);
    let states = |count: &dyn Fn(State) -> usize| State::ALL.map(|state| number(count(state)));
    for it in &status.tables {
        let (here, expected) = it.senders();
        let senders = match (it.public, it.list.is_some() || expected > 0) {
            (true, _) => "public".to_owned(),
            (false, true) => format!("{here} of {expected}"),
            (false, false) => "not known".to_owned(),
        };
        table.add_row([it.table.clone(), senders].into_iter().chain(states(&|state| it.count(state))));
    }
    let total = [format!("{} tables", status.tables.len()), String::new()];
    table.add_row(total.into_iter().chain(states(&|state| status.count(state))));
    table
}

/// What needs attention: a line for each sender and reason, the tables together.
fn attention(status: &Status, screen: &Screen) -> String {
    let mut rows = Vec::new();
    for state in [State::Failed, State::Changed, State::Withdrawn, State::Late, State::New, State::In] {
        let lines = lines(status, state);
        let told = lines.iter().take(SHOWN).map(|((sender, why), about)| {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            [state.word().to_owned(), sender.clone(), format!("{}{why}", about.join(", "))]
        });
        rows.extend(told.map(|cells| (cells, colour(state))));
        if lines.len() > SHOWN {
            let more = format!("and {} lines more like these; `--all` lists every file", lines.len() - SHOWN);
            rows.push(([state.word().to_owned(), "...".into(), more], colour(state)));
        }
    }
    match rows.is_empty() {
        true => "\nNothing needs attention.\n".into(),
        false => format!("\nNeeds attention\n{}", screen.columns(&rows)),
    }
}

/// By sender and reason: the tables; of what failed, the files.
fn lines(status: &Status, state: State) -> BTreeMap<(String, String), Vec<String>> {
    let mut lines = BTreeMap::<(String, String), Vec<String>>::new();
    for table in &status.tables {
        // What is as it should be says so by a number, unless something is odd about it.
        let told =
            |item: &&Item| item.state == state && (!matches!(state, State::In | State::New) || item.why.is_some());
        for item in table.items.iter().filter(told) {
            let by_file = state == State::Failed || item.sender.is_none();
            let about = match (&item.source, by_file) {
                (Some(source), true) => safe(source),
                _ => table.table.clone(),
            };
            let sender = safe(item.sender.as_deref().unwrap_or("public"));
            lines.entry((sender, why(status, item))).or_default().push(about);
        }
    }
    lines
}

fn why(status: &Status, item: &Item) -> String {
    let own = item.why.as_deref().map(safe).unwrap_or_default();
    let published = matches!(status.published, Published::Yes { .. });
    match (item.state, published) {
        (State::Changed, true) => "a correction of what was published".into(),
        (State::Changed, false) => "differs from what is stored".into(),
        (State::Withdrawn, true) => "was part of what was published, and its file is gone".into(),
        (State::Withdrawn, false) => "is stored, and its file is gone".into(),
        _ => own,
    }
}

/// Every file and every want of one, a line each.
fn every(status: &Status, screen: &Screen) -> String {
    let row = |table: &TableStatus, item: &Item| {
        let why = why(status, item);
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let source = item.source.as_deref().map_or("no file yet".into(), safe);
        let sender = safe(item.sender.as_deref().unwrap_or("public"));
        ([item.state.word().to_owned(), table.table.clone(), sender, format!("{source}{why}")], colour(item.state))
    };
    let rows = status.tables.iter().flat_map(|table| table.items.iter().map(move |item| row(table, item)));
    format!("\n{}", screen.columns(&rows.collect::<Vec<_>>()))
}

fn needs(looked: &Looked, arguments: &StatusArguments, screen: &Screen) -> String {
    let missing = looked.outlook.missing(arguments.allow_late);
    let answer = match (missing.is_empty(), missing.len()) {
        (true, _) => "yes".to_owned(),
        (false, 1) => "no, one thing is missing".to_owned(),
        (false, n) => format!("no, {n} things are missing"),
    };
    let mut rows = Vec::new();
    for need in &looked.outlook.needs {
        let allowed = arguments.allow_late && need.waivable && !need.met;
        let (sign, colour) = match (need.met, allowed) {
            (true, _) => ("\u{2713}", "32"),
            (false, true) => ("\u{2013}", "33"),
            (false, false) => ("\u{2717}", "31"),
        };
        rows.push(([sign.to_owned(), need.need.to_owned(), told(need, allowed)], colour));
    }
    format!("\nReady to run: {answer}\n{}", screen.columns(&rows))
}

fn told(need: &Need, allowed: bool) -> String {
    let says = safe(&need.says.replace('\n', " "));
    match (&need.todo, allowed) {
        (_, true) => format!("{says}, which is allowed"),
        (Some(todo), false) => format!("{says}. To do: {}", safe(todo)),
        (None, false) => says,
    }
}

/// What a run now would be.
fn run(reports: &[ReportOutlook], screen: &Screen) -> String {
    if reports.is_empty() {
        return String::new();
    }
    let names = |wanted: &dyn Fn(&ReportOutlook) -> bool| {
        let names = reports.iter().filter(|it| wanted(it)).map(|it| match it.replayed {
            true => it.report.clone(),
            false => format!("{} ({})", it.report, it.charge),
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let kinds = [
        ("correct, and pay for again in full", names(&|it| it.correction)),
        ("be charged for", names(&|it| !it.correction && !it.replayed)),
        ("repeat at no cost", names(&|it| it.replayed)),
    ];
    let rows = kinds.into_iter().filter(|(_, names)| !names.is_empty());
    let rows = rows.map(|(what, names)| ([what.to_owned(), names], "")).collect::<Vec<_>>();
    format!("\nA run with the files that are here would\n{}", screen.columns(&rows))
}

/// One line a quarter.
pub fn quarters(board: &str, all: &[Status]) -> String {
    let screen = Screen::of_stdout();
    let headings = ["Quarter", "In", "New", "Changed", "Failed", "Late", "Withdrawn", "Published"];
    let mut table = new_table(&screen, &headings);
    for status in all {
        let published = match status.published {
            Published::No => "no".to_owned(),
            Published::Yes { revisions } => format!("yes{}", corrected(revisions)),
            Published::Unknown => "not known".to_owned(),
        };
        let counts = State::ALL.map(|state| number(status.count(state)));
        table.add_row(std::iter::once(status.quarter.clone()).chain(counts).chain([published]));
    }
    format!("{}\n{table}\n", safe(board))
}
