//! A run's privacy label: made of the plan, the questions and what the ledger holds; nothing here knows an exact figure.

use std::collections::BTreeSet;

use super::answer::{Answer, Drawn};
use super::question::{Question, limits};
use crate::config::plan::Plan;
use crate::error::{Error, Result};
use crate::privacy::{Definition, Exact, Ledger, Loss, Role, Spending, epsilon_at};
use crate::publish::label::{
    BoundsLabel, DefinitionLabel, Label, LossLabel, ReportLabel, SpendingLabel, TableLabel, Unit,
};
use crate::schema::Sender;

const NEIGHBOURS: &str = "Two boards are neighbours where one has all rows of one more person, in every private table, and \
    is otherwise the same. A row that names nobody and leads, by its token, to that person alone goes with them.";

/// The label of a run's releases.
///
/// # Errors
/// [`Error::Privacy`] where a loss has no epsilon at the board's delta; of the ledger otherwise.
pub fn label(plan: &Plan, questions: &[Question<'_>], answers: &[Answer], ledger: &Ledger) -> Result<Label> {
    let roles = questions.iter().flat_map(Question::roles).collect::<BTreeSet<_>>();
    let definition = answers.first().map_or(Definition::ZConcentrated, |answer| answer.loss.definition);
    // The ledger as it was when the newest of the figures was drawn: a replay writes the same bytes.
    let entries = answers.iter().map(|answer| answer.head.entries).max().unwrap_or(0);
    let mut spending = Vec::new();
    for &role in &roles {
        let spent = ledger.spent_at(role, plan.quarter, entries)?;
        let limits = limits(plan)?;
        spending.push(spending_label(role, plan.quarter.to_string(), &limits.quarter, &spent.quarter));
        if let Some(year) = &limits.year {
            spending.push(spending_label(role, format!("the four quarters to {}", plan.quarter), year, &spent.year));
        }
    }
    let total = Loss::new(definition, Exact::sum(answers.iter().map(|answer| &answer.loss.amount)));
    let reports = questions.iter().zip(answers).map(|(question, answer)| report(plan, question, answer));
    let public = plan.sources.iter().filter(|source| source.schema.from == Sender::Public);
    Ok(Label {
        label_version: 1,
        board: plan.board.clone(),
        quarter: plan.quarter.to_string(),
        units: roles.iter().map(|&role| unit(role)).collect(),
        neighbours: NEIGHBOURS.into(),
        definition: definition_label(definition),
        total: cost(plan, &total)?,
        right_in_100: right_in_100(&total),
        reports: reports.collect::<Result<_>>()?,
        composition: [
            "Cells of one table are disjoint: a person is charged once a table, by the bounds of that table.",
            "The losses of a report's tables add up, and those of reports, and those of quarters: the same people come back.",
            "Losses of different roles are of different people, and are kept apart. Someone who is both bears both.",
            "A correction is a release of its own and pays again. The same question of the same inputs has the same answer, for nothing.",
        ]
        .map(str::to_owned)
        .to_vec(),
        spending,
        public_inputs: public.map(|source| format!("{}: {}", source.table, source.schema.row)).collect(),
        post_processing: [
            "The tables of a measure, at every level, are combined by least squares; what that gives stands beside each figure, unbiased.",
            "Figures are then made whole and not negative, so that totals equal the sums of their parts.",
            "Each figure has a 95% interval of the noise; a rate's holds the noise of both sides, and sampling error where it says so.",
            "Series and changes on the quarter before are made of published figures alone.",
            "Figures are marked unreliable by their own value and interval, and by nothing private.",
        ]
        .map(str::to_owned)
        .to_vec(),
        binding: "Not released: how often a bound cuts what people contributed is private itself, and to measure it would \
            cost loss. The bounds are declared before any data are read."
            .into(),
        not_covered: [
            "The operator, who holds the extracts, and anyone who can read the operator's folders.",
            "What is true of a group and not of one person: that is what the figures are for.",
            "A board that names a private table public, or gives one person several identifiers.",
            "That a run was made, when, and whether it was refused for faulty extracts.",
        ]
        .map(str::to_owned)
        .to_vec(),
        weaknesses: plan.weaknesses.clone(),
    })
}

/// What of a role is protected.
pub fn unit(role: Role) -> Unit {
    let protects = match role {
        Role::Patient => "all rows of one patient, in every private table",
        Role::Practitioner => "all rows that name one community links practitioner, in every private table",
    };
    Unit { role: role.to_string(), protects: protects.into() }
}

fn definition_label(definition: Definition) -> DefinitionLabel {
    let (name, source) = match definition {
        Definition::ZConcentrated => (
            "zero-concentrated differential privacy",
            "Bun and Steinke 2016; the discrete Gaussian of Canonne, Kamath and Steinke 2020; drawn by OpenDP",
        ),
        Definition::Pure => (
            "pure differential privacy",
            "Dwork, McSherry, Nissim and Smith 2006; the discrete Laplace of Ghosh, Roughgarden and Sundararajan 2009; drawn \
             by OpenDP",
        ),
    };
    DefinitionLabel { name: name.into(), symbol: definition.symbol().into(), source: source.into() }
}

fn spending_label(role: Role, over: String, limit: &Loss, spent: &Spending) -> SpendingLabel {
    let remains = spent.left(limit);
    SpendingLabel {
        role: role.to_string(),
        over,
        spent: remains.as_ref().and_then(|left| limit.amount.minus(left)).map(|spent| spent.decimal(6)),
        definition: limit.definition.symbol().into(),
        limit: limit.amount.decimal_down(6),
        remains: remains.map(|left| left.decimal_down(6)),
        right_in_100: right_in_100(limit),
    }
}

fn report(plan: &Plan, question: &Question<'_>, answer: &Answer) -> Result<ReportLabel> {
    let tables = answer.drawn(plan, question);
    let tables = tables.into_iter().map(|drawn| table(question, drawn)).collect::<Result<_>>()?;
    Ok(ReportLabel {
        report: question.report.name.clone(),
        title: question.report.title.clone(),
        protects: question.roles().iter().map(Role::to_string).collect(),
        cost: cost(plan, &answer.loss)?,
        tables,
        // Known once the figures are: the edition fills it in.
        published: Vec::new(),
    })
}

/// How often in 100 a guess at one person can be right, at even odds: half, and half of the most that two neighbours'
/// outputs can differ in total variation. For rho, their divergence is at most rho (Bun and Steinke 2016), and the
/// lesser of Pinsker's bound and that of Bretagnolle and Huber holds; for epsilon, the odds are at most e to epsilon.
pub fn right_in_100(loss: &Loss) -> u32 {
    // Text that the kernel wrote, rounded up, is a number.
    let amount = loss.amount.decimal(6).parse::<f64>().unwrap_or(f64::INFINITY);
    let variation = match loss.definition {
        Definition::ZConcentrated => (amount / 2.0).sqrt().min((1.0 - (-amount).exp()).sqrt()),
        Definition::Pure => (amount / 2.0).tanh(),
    };
    (50.0 + 50.0 * variation).ceil().min(100.0) as u32
}

/// A loss as it is stated: exact, rounded up, and for rho also as an epsilon at the board's delta.
///
/// # Errors
/// [`Error::Privacy`] where it has no epsilon there.
pub fn cost(plan: &Plan, loss: &Loss) -> Result<LossLabel> {
    let delta = plan.delta.clone().filter(|_| loss.definition == Definition::ZConcentrated);
    let at = |delta: &String| epsilon_at(&loss.amount, &delta.parse().map_err(Error::Privacy)?);
    Ok(LossLabel {
        loss: loss.amount.to_string(),
        loss_decimal: loss.amount.decimal(6),
        epsilon: delta.as_ref().map(at).transpose()?,
        delta,
    })
}

fn table(question: &Question<'_>, drawn: Drawn<'_>) -> Result<TableLabel> {
    let released = drawn.released;
    let (noise, bounds) = (released.calibrated(), released.bounds());
    let asked = question.report.measures.iter().find(|measure| measure.name == drawn.measure);
    Ok(TableLabel {
        measure: drawn.measure.into(),
        label: asked.map_or(drawn.measure, |measure| &measure.label).into(),
        level: drawn.level.into(),
        by: drawn.by,
        cells: released.values().len(),
        bounds: BoundsLabel {
            cells: bounds.cells(),
            least: bounds.low(),
            most: bounds.high(),
            l1: bounds.l1().to_string(),
            l2_squared: bounds.l2_squared().to_string(),
        },
        mechanism: noise.mechanism().to_string(),
        scale: noise.scale(),
        noise_within_95: noise.accuracy(0.05)?,
        loss: noise.charge().to_string(),
        loss_decimal: noise.charge().decimal(6),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_bounded_by_the_loss() {
        let right = |definition, amount: &str| right_in_100(&Loss::new(definition, amount.parse().unwrap()));
        // Pinsker: the root of 0.25 / 2 is 0.35355. Bretagnolle and Huber: of 1 - exp(-8), 0.99983.
        assert_eq!(right(Definition::ZConcentrated, "0.25"), 68);
        assert_eq!(right(Definition::ZConcentrated, "8"), 100);
        assert_eq!(right(Definition::ZConcentrated, "0.000001"), 51);
        // Odds of 3 to 1 are 75 in 100: e to 1.0986.
        assert_eq!(right(Definition::Pure, "1.0986"), 75);
        assert_eq!(right(Definition::Pure, "1000"), 100);
    }
}
