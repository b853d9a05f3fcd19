//! A question's answer: from the ledger where it has one, otherwise measured, debited and drawn.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

use super::Charge;
use super::intake::{Intake, content_hash};
use super::label::cost;
use super::question::{Asked, Family, Question};
use super::witness;
use crate::config::plan::{Place, Plan};
use crate::error::{Error, Result};
use crate::estimate::shape::Marginal;
use crate::link::{Linked, PrivateTable, REGISTER, token_holders};
use crate::measure::vector::measure;
use crate::privacy::{Definition, Exact, Head, Key32, Ledger, Loss, Private, Released, Revision, Role};
use crate::publish::trust::method::Method;
use crate::publish::{Manifest, Release};

/// The released vectors of one report.
pub struct Answer {
    /// The report's name.
    pub report: String,
    /// The ledger's key.
    pub release: Key32,
    /// The hash of the inputs.
    pub inputs: String,
    /// By measure, then family, then as [`Family::vectors`] has them.
    pub vectors: Vec<Vec<Vec<Released>>>,
    /// Charged once, now or before.
    pub loss: Loss,
    /// Whether the ledger had it.
    pub replayed: bool,
    /// What it corrects, if anything.
    pub revises: Option<Revision>,
    /// The ledger as it was right after the draw.
    pub head: Head,
}

/// What every question of a run depends on beside its own words: the area lookup and the schemas.
pub fn context(plan: &Plan, intake: &Intake<'_>) -> String {
    let schemas =
        plan.sources.iter().map(|source| format!("{:?}", source.schema.without_names())).collect::<Vec<_>>().join("\n");
    Key32::of([intake.public_hash(&plan.geography.table).as_bytes(), schemas.as_bytes()]).to_string()
}

/// The hash of what a report is computed from: the tables that its measures draw on, each by content.
pub fn inputs(plan: &Plan, question: &Question<'_>, intake: &Intake<'_>, private: &[PrivateTable]) -> String {
    let schemas = private.iter().map(|it| it.schema.as_ref()).collect::<Vec<_>>();
    let mut tables = vec![REGISTER.to_owned()];
    let mut public = vec![plan.geography.table.clone()];
    for asked in &question.asked {
        for table in asked.measure.tables() {
            tables.push(table.to_owned());
            tables.extend(token_holders(table, &schemas));
        }
        if let (Place::Practice, Some(practices)) = (asked.measure.place, &plan.practices) {
            tables.push(practices.posts.clone());
            public.push(practices.table.clone());
        }
        public.extend(asked.measure.is_public().then(|| asked.measure.table.clone()));
        public.extend(asked.measure.codes.iter().filter(|code| code.via.is_some()).map(|code| code.table.clone()));
    }
    tables.sort();
    tables.dedup();
    public.sort();
    public.dedup();
    let stored = private.iter().filter(|it| tables.contains(&it.schema.table));
    let mut parts = stored.map(|it| format!("{} {}", it.schema.table, content_hash(&it.stored))).collect::<Vec<_>>();
    parts.extend(public.iter().map(|table| format!("{table} {}", intake.public_hash(table))));
    parts.extend(super::earlier::inputs(question.asked.iter().map(|asked| asked.measure), private));
    parts.sort();
    Key32::of(parts.iter().map(String::as_bytes)).to_string()
}

/// Answers a question.
///
/// The exact vectors are computed first, then the debit is made durable, then the noise is drawn and stored; what is
/// published is what the ledger stored (invariant 6). A crash before the debit costs nothing; one after it is resumed
/// under the same debit.
///
/// # Errors
/// [`Error::Budget`] where it does not fit; of the engine and the ledger otherwise.
pub fn answer(
    plan: &Plan,
    question: &Question<'_>,
    linked: &Linked<'_>,
    ledger: &mut Ledger,
    inputs: String,
) -> Result<Answer> {
    let release = question.release(&inputs);
    let find = |ledger: &Ledger| Ok::<_, Error>(ledger.find(&release)?.and_then(|it| Some((it.revises, it.drawn?))));
    let known = find(ledger)?;
    let replayed = known.is_some();
    if !replayed {
        let exact = measured(plan, question, linked)?;
        let grant = ledger.reserve(question.request(plan, release))?;
        ledger.draw(grant, exact)?;
        witness::renew(plan, ledger)?;
    }
    let lost = || Error::Privacy("a draw was lost on its way from the ledger".into());
    let (revises, (drawn, head)) = if replayed { known } else { find(ledger)? }.ok_or_else(lost)?;
    let amount = Exact::sum(drawn.iter().map(|vector| vector.calibrated().charge()));
    let definition = drawn.first().map_or(Definition::ZConcentrated, |vector| vector.loss().definition);
    let vectors = by_measure(question, drawn)?;
    Ok(Answer {
        report: question.report.name.clone(),
        release,
        inputs,
        vectors,
        loss: Loss::new(definition, amount),
        replayed,
        revises,
        head,
    })
}

/// The exact vectors, in the ledger's order. Two families are measured at a time: a query has stretches in which it
/// keeps one core busy at most.
fn measured(plan: &Plan, question: &Question<'_>, linked: &Linked<'_>) -> Result<Vec<Private<Vec<i64>>>> {
    let families = question.asked.iter().flat_map(|asked| &asked.families).collect::<Vec<_>>();
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&at| at < families.len());
        std::iter::from_fn(mine).map(|at| (at, vectors(plan, families[at], linked))).collect::<Vec<_>>()
    };
    let parts = thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(ScopedJoinHandle::join));
    let mut done = Vec::new();
    for part in parts {
        done.extend(part.map_err(|_| Error::System("a thread that measured was lost".into()))?);
    }
    done.sort_by_key(|(at, _)| *at);
    let mut done = done.into_iter().map(|(_, vectors)| vectors);
    let mut exact = Vec::new();
    for asked in &question.asked {
        exact.push(done.by_ref().take(asked.families.len()).collect::<Result<Vec<_>>>()?);
    }
    let lost = || Error::Privacy("a measured vector was lost on its way to the ledger".into());
    question.in_order().map(|(asked, family, vector)| exact[asked][family][vector].take().ok_or_else(lost)).collect()
}

/// The exact vectors of one family, in its order.
fn vectors(plan: &Plan, family: &Family, linked: &Linked<'_>) -> Result<Vec<Option<Private<Vec<i64>>>>> {
    let fine = measure(plan, &family.measure, linked, &family.fine)?;
    let table = |(table, _): &(Marginal, _)| fine.regroup(&family.grid.from_fine(table.level, &table.dims)?).map(Some);
    family.vectors.iter().map(table).collect()
}

/// From the ledger's order back to the report's.
fn by_measure(question: &Question<'_>, drawn: Vec<Released>) -> Result<Vec<Vec<Vec<Released>>>> {
    let mut placed = question.in_order().zip(drawn).collect::<Vec<_>>();
    placed.sort_by_key(|(place, _)| *place);
    let families = |asked: &Asked<'_>| asked.families.iter().map(|_| Vec::new()).collect();
    let mut vectors = question.asked.iter().map(families).collect::<Vec<Vec<Vec<Released>>>>();
    for (place, released) in placed {
        if released.name() != question.vector(place).name {
            return Err(Error::Privacy("a stored draw is not the one that was asked for".into()));
        }
        vectors[place.0][place.1].push(released);
    }
    Ok(vectors)
}

/// One vector that was drawn.
pub struct Drawn<'a> {
    /// The measure.
    pub measure: &'a str,
    /// The area level.
    pub level: &'a str,
    /// The dimensions beside areas.
    pub by: Vec<String>,
    /// The noised values.
    pub released: &'a Released,
}

impl Answer {
    /// What it cost.
    pub fn charge(&self) -> Charge {
        let loss = format!("{} {}", self.loss.definition.symbol(), self.loss.amount.decimal(4));
        let revises = self.revises.as_ref().map(Revision::to_string);
        Charge { report: self.report.clone(), loss, replayed: self.replayed, revises }
    }

    /// What a run of `question` could have answered, were this the truth: by noise on top, of which nothing is published.
    ///
    /// # Errors
    /// [`Error::Privacy`] where this is the answer to another question, or is not as good as the truth.
    pub fn noised_again(&self, question: &Question<'_>) -> Result<Answer> {
        let vectors = question.asked.iter().zip(&self.vectors).map(|(asked, families)| {
            let families = asked.families.iter().zip(families).map(|(family, vectors)| {
                let pairs = family.vectors.iter().zip(vectors);
                pairs.map(|((_, planned), known)| known.noised_again(planned)).collect::<Result<Vec<_>>>()
            });
            families.collect::<Result<Vec<_>>>()
        });
        Ok(Answer {
            report: self.report.clone(),
            release: self.release,
            inputs: self.inputs.clone(),
            vectors: vectors.collect::<Result<Vec<_>>>()?,
            loss: self.loss.clone(),
            replayed: self.replayed,
            revises: self.revises.clone(),
            head: self.head.clone(),
        })
    }

    /// Every vector that was drawn, with what it is of.
    pub fn drawn<'a>(&'a self, plan: &'a Plan, question: &'a Question<'a>) -> Vec<Drawn<'a>> {
        let mut all = Vec::new();
        for (asked, families) in question.asked.iter().zip(&self.vectors) {
            for (family, vectors) in asked.families.iter().zip(families) {
                for ((table, _), released) in family.vectors.iter().zip(vectors) {
                    let by = table.dims.iter().map(|&dim| family.grid.dimensions[dim].name.clone()).collect();
                    let level = plan.geography.levels[table.level].name.as_str();
                    all.push(Drawn { measure: &asked.measure.name, level, by, released });
                }
            }
        }
        all
    }
}

/// What the pack says of itself.
///
/// # Errors
/// [`Error::Privacy`] where the loss has no epsilon at the board's delta, or there is no release.
pub fn manifest(plan: &Plan, questions: &[Question<'_>], answers: &[Answer], lookup: &str) -> Result<Manifest> {
    let mut releases = Vec::new();
    for (question, answer) in questions.iter().zip(answers) {
        releases.push(Release {
            report: question.report.name.clone(),
            title: question.report.title.clone(),
            protects: question.roles().iter().map(Role::to_string).collect(),
            release: answer.release.to_string(),
            revises: answer.revises.as_ref().map(Revision::to_string),
            meaning: question.meaning(plan).to_string(),
            inputs: answer.inputs.clone(),
            definition: answer.loss.definition.symbol().into(),
            cost: cost(plan, &answer.loss)?,
        });
    }
    // The newest of the draws, and not the ledger as it is now: a replay writes the same bytes.
    let head = answers.iter().map(|answer| &answer.head).max_by_key(|head| head.entries);
    let head = head.ok_or_else(|| Error::Privacy("a pack without a release says nothing".into()))?;
    let qualifiers = [
        (
            "b",
            "break, in a series only: the area lookup or the report's definition is not that of the quarter before in the \
             series, with whose figures these are not to be compared",
        ),
        ("d", "a total: the figure is over all values of the dimension"),
        ("low", "rounds to zero, and is not zero"),
        (
            "r",
            "revised: corrects a figure that was published before; beside another symbol, as in `u r`, where both hold",
        ),
        (
            "u",
            "low reliability: the 95% interval reaches far beyond the value, by the rule that the methodology states",
        ),
        (
            "x",
            "not available: withheld by a rule of the board on released figures; of a change, also where there is nothing to \
             compare with: the quarter before was not published, or a break lies between",
        ),
        ("z", "not applicable: nobody can be counted there, or there may be nobody to divide by"),
    ];
    Ok(Manifest {
        smirr: env!("CARGO_PKG_VERSION").into(),
        board: plan.board.clone(),
        quarter: plan.quarter.to_string(),
        quarter_in_words: plan.quarter.financial(),
        bands: plan.geography.bands_in_words(),
        ledger: head.clone(),
        area_lookup: lookup.to_owned(),
        releases,
        // Known once the figures are.
        method: Method::default(),
        qualifiers: BTreeMap::from(qualifiers.map(|(symbol, words)| (symbol.to_owned(), words.to_owned()))),
        files: Vec::new(),
    })
}
