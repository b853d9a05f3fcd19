//! A report in plain sentences, for whoever answers for people's data and reads no SQL: whose data it takes, what one
//! person can change, what hides them, what it costs, and what is never published. All of it follows from the plan that is
//! proved and the noise that is planned; nothing is declared a second time.

use std::collections::{BTreeMap, BTreeSet};

use super::MeasureExplained;
use crate::config::plan::{Measure, MeasureKind, Plan, Report};
use crate::error::Result;
use crate::ingest::layout::{BUCKET, PERSON};
use crate::link::{ACTIVE, REGISTER, TokenLink, earlier_table, led_table, stored_table};
use crate::privacy::{Bounds, Exact, Loss, Role};
use crate::run::label::{self, right_in_100, unit};
use crate::run::question::{self, Question};
use crate::schema::{Kind, Sender, TableSchema};

/// A question that such a reader has, and the answer, a sentence or an item of a list each.
pub struct Answered {
    /// The question.
    pub question: &'static str,
    /// The answer.
    pub answer: Vec<String>,
}

/// The answers for one report.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where a loss cannot be read, which checked YAML excludes.
pub fn plain(plan: &Plan, question: &Question<'_>, measures: &[MeasureExplained]) -> Result<Vec<Answered>> {
    let report = question.report;
    Ok(vec![
        Answered { question: "Whose data?", answer: whose(plan, report, measures) },
        Answered { question: "Which columns?", answer: columns(plan, measures) },
        Answered { question: "Who is protected?", answer: protected(question) },
        Answered { question: "What can one person change?", answer: change(plan, report, measures) },
        Answered { question: "What hides them?", answer: noise(plan, report, measures) },
        Answered { question: "What is published?", answer: published(plan, report) },
        Answered { question: "What does it cost?", answer: cost(plan, question)? },
        Answered { question: "What is never published?", answer: never() },
    ])
}

/// Table to the columns that any of these plans reads.
fn read(plan: &Plan, measures: &[MeasureExplained]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let schemas = plan.sources.iter().map(|source| source.schema.as_ref()).collect::<Vec<_>>();
    let names = |table: &str| {
        let mut names = vec![stored_table(table), earlier_table(table), led_table(table)];
        names.extend((table == REGISTER).then(|| ACTIVE.to_string()));
        names
    };
    for line in measures.iter().flat_map(|measure| measure.plan.lines()) {
        let Some((_, scan)) = line.split_once("TableScan: ") else { continue };
        let (name, rest) = scan.split_once(' ').unwrap_or((scan, ""));
        let table = plan.sources.iter().map(|source| &source.table).find(|it| names(it).iter().any(|it| it == name));
        let Some(table) = table else { continue };
        let list = rest.split_once("projection=[").and_then(|(_, list)| list.split_once(']'));
        let columns = list.map_or("", |(list, _)| list).split(", ").filter(|it| !it.is_empty() && *it != BUCKET);
        found.entry(table.clone()).or_default().extend(columns.map(str::to_string));
        // What a token led to somebody was found by it before.
        let link = (name == led_table(table)).then(|| schemas.iter().find(|it| it.table == *table)).flatten();
        if let Some(link) = link.and_then(|schema| TokenLink::of(schema, &schemas)) {
            let token = |column: String| [PERSON.to_string(), column];
            found.entry(table.clone()).or_default().extend(token(link.column));
            found.entry(link.holder).or_default().extend(token(link.holder_column));
        }
    }
    found
}

fn whose(plan: &Plan, report: &Report, measures: &[MeasureExplained]) -> Vec<String> {
    let read = read(plan, measures);
    let from = |sender: Sender| {
        let sources = plan.sources.iter().filter(move |source| source.schema.from == sender);
        let used = sources.filter(|source| read.contains_key(&source.table));
        used.map(|it| format!("{} (`{}`)", in_sentence(&it.schema.row), it.table)).collect::<Vec<_>>()
    };
    let mut said = Vec::new();
    for (sender, who) in [(Sender::Practice, "practices"), (Sender::Organisation, "community organisations")] {
        let rows = from(sender);
        if !rows.is_empty() {
            said.push(format!("People's, in rows that {who} send. Each row is: {}.", rows.join("; ")));
        }
    }
    let public = plan.sources.iter().filter(|source| source.schema.from == Sender::Public);
    let named = |table: &String| {
        let drawn_on = measures.iter().flat_map(|it| &it.lineage).any(|line| line.starts_with(&format!("{table} ")));
        drawn_on || report.measures.iter().any(|measure| measure.is_public() && measure.table == *table)
    };
    let public = public.filter(|source| named(&source.table)).map(|source| format!("`{}`", source.table));
    let public = public.collect::<Vec<_>>().join(", ");
    if !public.is_empty() {
        said.push(format!("Beside them tables that are public and hold nobody, as the board's schemas say: {public}."));
    }
    said
}

fn columns(plan: &Plan, measures: &[MeasureExplained]) -> Vec<String> {
    let mut said = Vec::new();
    for (table, columns) in &read(plan, measures) {
        let Some(source) = plan.sources.iter().find(|source| source.table == *table) else { continue };
        let (identifiers, values): (Vec<_>, Vec<_>) =
            columns.iter().map(|column| named(&source.schema, column)).partition(|(_, is_identifier)| *is_identifier);
        let list = |names: Vec<(String, bool)>| names.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        said.push(match (identifiers.is_empty(), values.is_empty()) {
            (_, true) => format!("`{table}`: {} as a pseudonym, and nothing else.", list(identifiers)),
            (true, _) => format!("`{table}`: {}.", list(values)),
            _ => format!("`{table}`: {}; and {} as a pseudonym.", list(values), list(identifiers)),
        });
    }
    let every = measures.iter().any(|measure| measure.plan.contains(&format!("TableScan: {ACTIVE} ")));
    if every {
        said.push("Of every table of people, the pseudonym: who has a row anywhere is told from who has none.".into());
    }
    said.push(
        "A pseudonym takes the identifier's place as soon as a file is read, and only the board's key makes it. Other columns \
         are checked as files are read, and take no part in this report."
            .into(),
    );
    said
}

/// A stored column by the contract's name, and whether it is an identifier there.
fn named(schema: &TableSchema, column: &str) -> (String, bool) {
    let name = if column == PERSON { schema.person().unwrap_or(column) } else { column };
    let is_identifier = schema.columns.get(name).is_some_and(|it| it.kind.is_person() || it.kind == Kind::Token);
    (name.to_string(), is_identifier)
}

fn protected(question: &Question<'_>) -> Vec<String> {
    let roles = question.roles();
    let mut said =
        roles.iter().map(|&role| format!("Each {}: {}.", person(role), unit(role).protects)).collect::<Vec<_>>();
    said.push(
        "What is published looks almost the same with all of that person's rows as it would without them, whatever else a \
         reader knows."
            .into(),
    );
    said
}

/// A role as readers call it.
fn person(role: Role) -> &'static str {
    match role {
        Role::Patient => "patient",
        Role::Practitioner => "links worker",
    }
}

fn change(plan: &Plan, report: &Report, measures: &[MeasureExplained]) -> Vec<String> {
    let mut said = Vec::<(String, Vec<String>)>::new();
    for explained in measures {
        let Some(measure) = report.measures.iter().find(|it| it.name == explained.name) else { continue };
        let scale = scale(plan, measure);
        let roles = explained.proofs.iter().map(|proof| {
            let what = proof.bounds.as_ref().map_or("nothing".into(), |bounds| at_most(bounds, scale));
            format!("one {} changes {what}", person(proof.role))
        });
        let (change, what) = (roles.collect::<Vec<_>>().join("; "), name_of(report, measure));
        match said.iter_mut().find(|(known, _)| *known == change) {
            Some((_, measures)) if measures.contains(&what) => {}
            Some((_, measures)) => measures.push(what),
            None => said.push((change, vec![what])),
        }
    }
    let lead = "With all of their rows together, in each table that is counted:".to_string();
    let items = said.into_iter().map(|(change, measures)| format!("  {}: {change}", measures.join("; ")));
    std::iter::once(lead).chain(items).collect()
}

/// What a person can do to a table, in words.
fn at_most(bounds: &Bounds, scale: f64) -> String {
    let most = number(bounds.linf() as f64 / scale);
    match bounds.cells() {
        1 => format!("at most one figure, by at most {most}"),
        cells => format!("at most {cells} figures, each by at most {most}"),
    }
}

/// The measure in words; of a mean, which of the two figures behind it.
fn name_of(report: &Report, measure: &Measure) -> String {
    let label = format!("\"{}\"", measure.label);
    let is = |at: usize| report.measures.get(at).is_some_and(|it| it.name == measure.name);
    match report.means.iter().find(|mean| is(mean.sum) || is(mean.count)) {
        Some(mean) if is(mean.sum) => format!("the sum behind \"{}\"", mean.label),
        Some(mean) => format!("the rows behind \"{}\"", mean.label),
        None => label,
    }
}

/// How many of what is stored make one of the measure's unit.
fn scale(plan: &Plan, measure: &Measure) -> f64 {
    let MeasureKind::Sum { of, .. } = &measure.kind else { return 1.0 };
    let schema = plan.sources.iter().find(|source| source.table == measure.table).map(|source| &source.schema);
    let column = schema.and_then(|schema| schema.columns.get(of.sql.trim_matches('"')));
    10f64.powi(column.map_or(0, |column| i32::from(column.places)))
}

fn noise(plan: &Plan, report: &Report, measures: &[MeasureExplained]) -> Vec<String> {
    let mut said = vec![
        "Random noise is added to every count and sum before anyone sees it. Of 100 figures 95 are off by no more than:"
            .to_string(),
    ];
    let mut by_measure = Vec::<(String, BTreeMap<usize, (f64, f64)>, &str)>::new();
    for explained in measures {
        let Some(measure) = report.measures.iter().find(|it| it.name == explained.name) else { continue };
        let (what, scale) = (name_of(report, measure), scale(plan, measure));
        for (table, noise) in &explained.drawn {
            let level = plan.geography.levels.iter().position(|it| Some(it.name.as_str()) == table.split(" x ").next());
            let (Some(level), Ok(within)) = (level, noise.accuracy(0.05)) else { continue };
            let within = within as f64 / scale;
            let at = by_measure.iter().position(|(known, ..)| *known == what).unwrap_or_else(|| {
                by_measure.push((what.clone(), BTreeMap::new(), &measure.unit));
                by_measure.len() - 1
            });
            let range = by_measure[at].1.entry(level).or_insert((within, within));
            *range = (range.0.min(within), range.1.max(within));
        }
    }
    for (what, levels, unit) in by_measure {
        let level = |(&level, &(least, most)): (&usize, &(f64, f64))| {
            let name = &plan.geography.levels[level].name;
            match least == most {
                true => format!("{} in a table by {name}", number(most)),
                false => format!("{} to {} in a table by {name}", number(least), number(most)),
            }
        };
        let levels = levels.iter().map(level).collect::<Vec<_>>().join(", ");
        said.push(format!("  {what}, in {unit}: {levels}"));
    }
    said.push(
        "Tables that tell of the same people are then made to agree, which brings them nearer to the truth.".into(),
    );
    said
}

fn published(plan: &Plan, report: &Report) -> Vec<String> {
    let figures = report.published(&plan.geography.band_names());
    let levels = plan.geography.levels.iter().map(|level| level.name.as_str()).collect::<Vec<_>>().join(", ");
    let labels = figures.iter().map(|it| format!("\"{}\"", it.words.label)).collect::<Vec<_>>().join("; ");
    let mut sets = Vec::<String>::new();
    for set in figures.iter().flat_map(|figure| &figure.by) {
        let set = if set.is_empty() { "in total".into() } else { format!("by {}", set.join(" and ")) };
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    let mut said = vec![
        format!("For each area of these levels: {levels}. {}.", in_capital(&sets.join(", "))),
        format!("The figures: {labels}."),
        "Every cell of a table is there, whether or not anyone is in it, each with its 95% interval. Rates and all else that \
         is worked out from noised figures costs nothing more."
            .to_string(),
    ];
    let exact = report.measures.iter().filter(|measure| measure.is_public()).map(|it| format!("\"{}\"", it.label));
    let exact = exact.collect::<Vec<_>>().join("; ");
    if !exact.is_empty() {
        said.push(format!("Exact, because they are of public tables: {exact}."));
    }
    said
}

fn cost(plan: &Plan, question: &Question<'_>) -> Result<Vec<String>> {
    let amount = Exact::sum(question.asked.iter().flat_map(|it| it.vectors()).map(|vector| vector.noise.charge()));
    let loss = Loss::new(question.definition(), amount);
    let limits = question::limits(plan)?;
    let share = |limit: &Loss| 100.0 * loss.amount.to_f64_up() / limit.amount.to_f64_down();
    let mut said = vec![match &limits.year {
        Some(year) => format!(
            "A privacy loss of {loss}. That is {:.1}% of the {year} that the board allows in any four quarters in a row, and \
             {:.1}% of the {} that it allows in one.",
            share(year),
            share(&limits.quarter),
            limits.quarter
        ),
        None => format!(
            "A privacy loss of {loss}. That is {:.1}% of the {} that the board allows in a quarter. It sets no limit for a \
             year.",
            share(&limits.quarter),
            limits.quarter
        ),
    }];
    let stated = label::cost(plan, &loss)?;
    if let (Some(epsilon), Some(delta)) = (stated.epsilon, stated.delta) {
        said.push(format!("For those who count in epsilon: {epsilon:.2}, at a delta of {delta}."));
    }
    said.push(format!(
        "Someone who knows all about everybody else, and guesses from this report alone whether one person's rows are in it, \
         is right at most {} times in 100. A coin is right 50 times.",
        right_in_100(&loss)
    ));
    said.push(
        "The ledger is charged before any noise is drawn. The same report on the same extracts is answered from it again, at \
         no cost."
            .into(),
    );
    Ok(said)
}

fn never() -> Vec<String> {
    [
        "No row, no identifier, no pseudonym, and no date of anyone.",
        "No exact count or sum of people's rows, not of the whole board either, and not the noise that was drawn.",
        "Nothing that would tell, by a cell's being there or not, whether someone is in it.",
        "Files for operators (the store, the quarantine, the validation report) hold true counts, and stay in their folder.",
    ]
    .map(str::to_string)
    .to_vec()
}

/// A number without decimals that say nothing, in thousands from ten thousand on.
fn number(value: f64) -> String {
    let text = format!("{}", (value * 100.0).round() / 100.0);
    let (whole, part) = text.split_once('.').map_or((text.as_str(), String::new()), |(a, b)| (a, format!(".{b}")));
    if whole.len() < 5 {
        return text;
    }
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &part
}

/// A schema's words, in the middle of a sentence.
fn in_sentence(words: &str) -> String {
    let mut chars = words.chars();
    // An abbreviation keeps its capitals.
    let second_is_small = words.chars().nth(1).is_none_or(|c| !c.is_uppercase());
    match chars.next().filter(|_| second_is_small) {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => words.to_string(),
    }
}

fn in_capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_for_readers() {
        let said = [0.5, 26.825, 6000.0, 160_934.0, 1_234_567.5].map(number);
        assert_eq!(said, ["0.5", "26.83", "6000", "160,934", "1,234,567.5"]);
        assert_eq!(in_sentence("A registered patient"), "a registered patient");
        assert_eq!(in_sentence("GP practice"), "GP practice");
    }
}
