//! Whose each file is, and who is late: by the public lists of senders, and by who sent the quarter before.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Item, State, TableStatus};
use crate::config::plan::Plan;
use crate::link::names_sender;
use crate::measure::grid::Public;
use crate::schema::Sender;
use crate::store::Stored;
use crate::validation::named_in;

/// The public lists of senders: of practices, and of organisations.
#[derive(Default)]
pub(super) struct Lists {
    lists: Vec<List>,
}

struct List {
    from: Sender,
    table: String,
    codes: HashSet<String>,
}

impl Lists {
    /// The lists that private tables lead to by their senders' codes: the same that the validation report goes by.
    pub fn of(plan: &Plan, public: &Public) -> Self {
        let mut lists = Vec::<List>::new();
        for source in &plan.sources {
            let Some((_, table)) = names_sender(&source.schema) else { continue };
            let Some(rows) = public.get(table) else { continue };
            if !lists.iter().any(|list| list.from == source.schema.from) {
                let codes = rows.keys().iter().cloned().collect();
                lists.push(List { from: source.schema.from, table: table.to_owned(), codes });
            }
        }
        Lists { lists }
    }
}

impl List {
    fn sender<'a>(&self, name: &'a str) -> Option<&'a str> {
        named_in(name).find(|part| self.codes.contains(*part))
    }
}

/// A path of the quarter before as it would be called in the plan's.
pub(super) fn this_quarters(plan: &Plan, name: &str) -> String {
    name.replace(&plan.quarter.before(1).to_string(), &plan.quarter.to_string())
}

/// Says whose each file is, and adds what is late. A table whose files nobody's folder or name tells apart goes by the
/// quarter before alone.
pub(super) fn late(plan: &Plan, tables: &mut [TableStatus], before: &[Stored], lists: &Lists) {
    for list in &lists.lists {
        let of_list = plan.sources.iter().filter(|source| source.schema.from == list.from);
        let of_list = of_list.map(|source| source.table.as_str()).collect::<HashSet<_>>();
        let by_list = |table: &TableStatus| names(table, before).any(|name| list.sender(name).is_some());
        // One table by the list tells that its senders have folders of their own: others of theirs, of which nothing is
        // here yet, are waited for by the list as well.
        let any = tables.iter().any(|table| of_list.contains(table.table.as_str()) && by_list(table));
        for table in tables.iter_mut().filter(|table| of_list.contains(table.table.as_str())) {
            let nothing = names(table, before).next().is_none();
            if by_list(table) || (any && nothing) {
                table.list = Some(list.table.clone());
            }
        }
    }
    for table in tables.iter_mut().filter(|table| table.unreached.is_none()) {
        let earlier = before.iter().filter(|part| part.manifest.table == table.table);
        let earlier = earlier.map(|part| part.manifest.source.as_str()).collect::<Vec<_>>();
        let list = lists.lists.iter().find(|list| Some(&list.table) == table.list.as_ref());
        of_table(plan, table, &earlier, list);
    }
}

/// What the table's files are called, now and in the quarter before.
fn names<'a>(table: &'a TableStatus, before: &'a [Stored]) -> impl Iterator<Item = &'a str> {
    let now = table.items.iter().filter_map(|item| item.source.as_deref());
    let before = before.iter().filter(|part| part.manifest.table == table.table);
    now.chain(before.map(|part| part.manifest.source.as_str()))
}

fn of_table(plan: &Plan, table: &mut TableStatus, earlier: &[&str], list: Option<&List>) {
    let quarter = plan.quarter.before(1);
    let renamed = earlier.iter().map(|name| this_quarters(plan, name)).collect::<Vec<_>>();
    let own = Places::of(table.items.iter().filter_map(|item| item.source.as_deref()), &renamed);
    let whose = |name: &str| list.and_then(|list| list.sender(name)).unwrap_or_else(|| own.sender(name)).to_owned();
    for item in &mut table.items {
        let Some(name) = &item.source else { continue };
        item.sender = (!table.public).then(|| whose(name));
        let unlisted = list.is_some_and(|list| list.sender(name).is_none());
        if unlisted && item.why.is_none() {
            let list = table.list.as_deref().unwrap_or_default();
            item.why = Some(format!("no folder or name on its path is a code of `{list}`"));
        }
    }
    let here = |item: &Item| item.source.as_deref().map(&whose);
    let here = table.items.iter().filter_map(here).collect::<BTreeSet<_>>();
    let mut missing = BTreeMap::<String, (Option<String>, String)>::new();
    if let Some(list) = list {
        for code in list.codes.iter().filter(|code| !here.contains(*code)) {
            missing.insert(code.clone(), (None, format!("listed in `{}`", list.table)));
        }
    }
    for name in &renamed {
        let sender = whose(name);
        if !here.contains(&sender) {
            let gone = list.filter(|list| !list.codes.contains(&sender));
            let gone = gone.map_or(String::new(), |list| format!(", and is no longer in `{}`", list.table));
            missing.insert(sender, (Some(name.clone()), format!("sent it for {quarter}{gone}")));
        }
    }
    table.items.extend(missing.into_iter().map(|(sender, (source, why))| Item {
        sender: (!table.public).then_some(sender),
        source,
        why: Some(why),
        ..Item::of(State::Late)
    }));
}

/// The folders in which files lie alone: these tell their senders apart. In a folder of many, the files' names do.
struct Places {
    crowded: HashSet<String>,
}

impl Places {
    fn of<'a>(now: impl Iterator<Item = &'a str>, before: &[String]) -> Self {
        let crowded = |names: &mut dyn Iterator<Item = &str>| {
            let mut files = BTreeMap::<String, usize>::new();
            names.for_each(|name| *files.entry(folder(name).to_owned()).or_default() += 1);
            files.into_iter().filter(|(_, files)| *files > 1).map(|(folder, _)| folder).collect::<HashSet<_>>()
        };
        let mut now = now;
        let mut all = crowded(&mut now);
        all.extend(crowded(&mut before.iter().map(String::as_str)));
        Places { crowded: all }
    }

    fn sender<'a>(&self, name: &'a str) -> &'a str {
        let folder = folder(name);
        match self.crowded.contains(folder) || folder.is_empty() {
            true => named_in(name).next().unwrap_or(name),
            false => folder.rsplit('/').next().unwrap_or(folder),
        }
    }
}

fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}
