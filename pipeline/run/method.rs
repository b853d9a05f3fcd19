//! How a run's figures are made, in words for the methodology: of the plan and the public grid alone.

use super::edition::capital;
use super::explain::counts;
use crate::config::derived::{ChangeOf, Inequality, Quartiles, Standardised};
use crate::config::figures::{Convention, Population, Sampling, Zeros};
use crate::config::plan::{Mean, Measure, Place, Plan, Rate, Report};
use crate::config::report::During;
use crate::publish::edition::Story;
use crate::publish::trust::method::{
    BandMethod, DerivedMethod, LevelMethod, MeasureMethod, Method, ReportMethod, SmallNumbersMethod, SourceMethod,
};
use crate::schema::TableSchema;

/// A day as people write it.
const DAY: &str = "%-d %B %Y";

/// How the figures of these stories are made.
pub fn method(plan: &Plan, stories: &[Story]) -> Method {
    let tables = stories.first().map_or(&[][..], |story| &story.tables);
    let level =
        |table: &crate::publish::Table| LevelMethod { name: table.level.clone(), areas: table.known_areas().count() };
    let bands = plan.geography.bands.iter().map(|band| BandMethod {
        heading: band.heading.clone(),
        description: band.description.clone(),
        within: band.within.clone(),
    });
    Method {
        fictional: plan.fictional.is_some(),
        first_day: plan.quarter.first_day().format(DAY).to_string(),
        last_day: plan.quarter.last_day().format(DAY).to_string(),
        series_quarters: plan.publish.series,
        levels: tables.iter().map(level).collect(),
        bands: bands.collect(),
        sources: plan.sources.iter().map(|source| of_source(&source.schema)).collect(),
        small_numbers: plan
            .publish
            .small_numbers
            .map(|rule| SmallNumbersMethod { below: rule.below, zeros_shown: rule.zeros == Zeros::Show }),
        reports: plan.reports.iter().map(of_report).collect(),
    }
}

fn of_source(schema: &TableSchema) -> SourceMethod {
    SourceMethod {
        table: schema.table.clone(),
        from: format!("{:?}", schema.from).to_lowercase(),
        row: schema.row.clone(),
        dated_by: schema.dated_by.clone(),
        limits: schema.limits.iter().map(|(rule, limit)| (rule.clone(), limit.0.clone())).collect(),
    }
}

fn of_report(report: &Report) -> ReportMethod {
    // The sum and the number that a mean is made of say nothing by themselves: the mean does.
    let is_part = |at: usize| report.means.iter().any(|mean| mean.sum == at);
    let measures = report.measures.iter().enumerate().filter(|(at, _)| !is_part(*at));
    let per_cent = |share: f64| format!("{}%", (share * 1e4).round() / 1e2);
    ReportMethod {
        report: report.name.clone(),
        unreliable_over: per_cent(report.reliability.unreliable_over),
        withheld_over: report.reliability.withhold_over.map(per_cent),
        measures: measures.map(|(_, measure)| of_measure(measure)).collect(),
        derived: derived(report),
    }
}

fn of_measure(measure: &Measure) -> MeasureMethod {
    let placed_by = match (measure.is_public(), measure.place) {
        (true, _) => "public",
        (false, Place::Home) => "home",
        (false, Place::Practice) => "practice",
    };
    MeasureMethod {
        measure: measure.name.clone(),
        label: measure.label.clone(),
        unit: measure.unit.clone(),
        counts: counts(measure),
        tables: measure.tables().into_iter().map(str::to_owned).collect(),
        during: if measure.during == During::Always { "always" } else { "quarter" }.into(),
        placed_by: placed_by.into(),
        cells_per_person: (!measure.is_public()).then_some(measure.cells),
        per_practice: measure.practitioner.map(|clamp| clamp.between),
    }
}

/// What is made of a report's measures.
fn derived(report: &Report) -> Vec<DerivedMethod> {
    let mut found = Vec::new();
    found.extend(report.rates.iter().map(|rate| of_rate(report, rate)));
    found.extend(report.means.iter().map(|mean| of_mean(report, mean)));
    found.extend(report.quartiles.iter().map(|quartiles| of_quartiles(report, quartiles)));
    found.extend(report.inequality.iter().map(|inequality| of_inequality(report, inequality)));
    found.extend(report.standardised.iter().map(|standardised| of_standardised(report, standardised)));
    found.extend(report.changes.iter().map(|change| {
        let of = match change.of {
            ChangeOf::Measure(at) => &report.measures[at].name,
            ChangeOf::Rate(at) => &report.rates[at].name,
        };
        let formula = format!("`{of}` of this quarter less that of the quarter before, both as they were published");
        one(&change.name, &change.label, "change", formula)
    }));
    found
}

fn one(figure: &str, label: &str, kind: &str, formula: String) -> DerivedMethod {
    DerivedMethod { figure: figure.into(), label: label.into(), kind: kind.into(), formula }
}

fn of_rate(report: &Report, rate: &Rate) -> DerivedMethod {
    let (of, over) = (&report.measures[rate.of].name, &report.measures[rate.over].name);
    let times = if rate.per == 1 { String::new() } else { format!(", times {}", rate.per) };
    let holds = match rate.sampling {
        Sampling::None => "the noise of both sides",
        Sampling::Poisson => "the noise of both sides, and the chance of independent events (Poisson)",
        Sampling::Binomial => "the noise of both sides, and the chance of a share of people (binomial)",
    };
    one(&rate.name, &rate.label, "rate", format!("`{of}` divided by `{over}`{times}. Its interval holds {holds}"))
}

fn of_mean(report: &Report, mean: &Mean) -> DerivedMethod {
    let (least, greatest) = mean.between;
    let formula = format!(
        "the noised sum of each value's distance from {}, divided by the noised number of values (`{}`), plus {}; a value \
         beyond {least} to {greatest} is taken for the nearer of the two. {}",
        mean.centre,
        report.measures[mean.count].name,
        mean.centre,
        capital(&counts(&report.measures[mean.sum]))
    );
    one(&mean.name, &mean.label, "mean", formula)
}

fn of_quartiles(report: &Report, quartiles: &Quartiles) -> DerivedMethod {
    let list = |numbers: Vec<String>| numbers.join(", ");
    let formula = format!(
        "the values below which these shares of `{}` lie: {}. Counted in bins that begin at {}; within a bin, values are \
         taken to lie evenly",
        report.measures[quartiles.of].name,
        list(quartiles.at.iter().map(ToString::to_string).collect()),
        list(quartiles.bins.edges.iter().map(ToString::to_string).collect()),
    );
    one(&quartiles.name, &quartiles.label, "quantiles", formula)
}

fn of_inequality(report: &Report, inequality: &Inequality) -> DerivedMethod {
    let convention = match inequality.convention {
        Convention::Phe => {
            "Convention `phe`: the slope index is the slope; the relative index is the fitted rate at the top of the \
             ranking over that at its bottom"
        }
        Convention::Scotpho => {
            "Convention `scotpho`: the slope index is minus the slope, so that it is above zero where the most deprived \
             have the higher rate; the relative index is the slope index over the overall rate"
        }
    };
    let formula = format!(
        "the rate of each band, `{}`, regressed on the middle of the band in the ranking of the population, from the most \
         deprived; bands weigh by their share of the population, which is that of the rate's denominator. {convention}. \
         The population attributable risk is the part of the overall rate that would not be there, had all the rate of \
         the least deprived. The ranges are the rate of the most deprived less, and over, that of the least",
        report.rates[inequality.of].name
    );
    one(&inequality.name, &inequality.label, "inequality", formula)
}

fn of_standardised(report: &Report, standardised: &Standardised) -> DerivedMethod {
    let population = match standardised.population {
        Population::Esp2013 => "the European Standard Population 2013",
    };
    let formula = format!(
        "the rates of `{}` over `{}` by age, weighted by the ages of {population}, times {}. Its interval is that of \
         Dobson, with the noise of both sides",
        report.measures[standardised.of].name, report.measures[standardised.over].name, standardised.per
    );
    one(&standardised.name, &standardised.label, "standardised", formula)
}
