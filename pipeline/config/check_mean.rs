//! A mean: a sum of deviations from the middle of a range, over the number of rows that have a value.
//!
//! Both are measured, each with noise of its own, and the mean is `centre + sum / rows`. Deviations from the middle are
//! half as large as values from 0 at most, and so is the noise that hides them. The two count the same rows.

use super::check_report::Check;
use super::check_sum::Summed;
use super::plan::{Mean, Measure, MeasureKind, Number, Place};
use super::report::{MeasureYaml, ReportYaml};
use super::suggest::quote;

/// What follows a mean's name in that of its number of rows.
const ROWS: &str = "_rows";

impl Check<'_> {
    /// The kind of a mean's sum. `None` after a complaint.
    pub(super) fn deviations(
        &mut self,
        name: &str,
        yaml: &MeasureYaml,
        summed: Option<Summed>,
        place: Place,
    ) -> Option<MeasureKind> {
        let rows = yaml.per_person.rows.unwrap_or(1);
        self.at_least_one(&["measures", name, "per_person", "rows"], rows, "a person without rows is never counted");
        if place == Place::Practice {
            let help = "measure the sum and the rows, each with its `per_practice`, and give a rate of the two";
            let place = self.document.key(&["measures", name], "where practitioners are protected, there is no mean");
            self.push(place, Some(help.into()));
            return None;
        }
        let Some(between) = yaml.per_person.between else {
            let help = "say what one row's value is clamped to: `per_person: { between: [0, 240] }`";
            self.push(self.document.key(&["measures", name], "a mean needs a range"), Some(help.into()));
            return None;
        };
        let path = ["measures", name, "per_person", "between"];
        if between.0 >= between.1 {
            self.complain(&path, "the second must be greater than the first", None);
            return None;
        }
        let Summed { sql, between: row, .. } = summed?;
        // To clamp to the one range and then to the other is to clamp to what both have.
        let (least, greatest) = (between.0.max(row.0), between.1.min(row.1));
        if least >= greatest {
            let message = format!("every value is of {} to {}: this range leaves one of them at most", row.0, row.1);
            self.complain(&path, &message, None);
            return None;
        }
        let between = (least, greatest);
        let centre = middle(between);
        let total = |end: i64| end.checked_sub(centre)?.checked_mul(rows.into());
        let Some(total) = total(least).zip(total(greatest)) else {
            self.complain(&path, "the range is too wide for a sum of 64 bits", None);
            return None;
        };
        let of = Number { sql, between, centre, rows: Some(rows) };
        Some(MeasureKind::Sum { of, between: total })
    }

    /// The means of a report: each measure that is one becomes the sum, and another, at the end, its rows.
    pub(super) fn means(&mut self, yaml: &ReportYaml, measures: &mut Vec<Measure>) -> Vec<Mean> {
        let mut means = Vec::new();
        for (at, (name, asked)) in yaml.measures.iter().enumerate() {
            if asked.mean.is_none() {
                continue;
            }
            let count_name = format!("{name}{ROWS}");
            if yaml.measures.contains_key(&count_name) || yaml.rates.contains_key(&count_name) {
                let message = format!("{} is the number of rows of this mean", quote(&count_name));
                let help = "give the measure of that name another";
                self.push(self.document.key(&["measures", name], message), Some(help.into()));
            }
            self.alone(yaml, name);
            let Some(sum) = measures.get_mut(at) else { continue };
            let MeasureKind::Sum { of: Number { between, centre, rows, .. }, .. } = sum.kind else { continue };
            let expect_per_1000 = sum.expect_per_1000.take();
            let count = Measure {
                name: count_name,
                label: format!("{}: rows", sum.label),
                unit: sum.table.replace('_', " "),
                kind: MeasureKind::Events { at_most: rows.unwrap_or(1) },
                expect_per_1000,
                ..sum.clone()
            };
            let (name, label) = (sum.name.clone(), sum.label.clone());
            means.push(Mean { name, label, sum: at, count: measures.len(), centre, between });
            measures.push(count);
        }
        means
    }

    /// A mean is no count: nothing is divided by it, and no target is in its unit.
    fn alone(&mut self, yaml: &ReportYaml, mean: &str) {
        for (rate, of) in &yaml.rates {
            for (key, _) in [("of", &of.of), ("over", &of.over)].into_iter().filter(|(_, measure)| *measure == mean) {
                let message = format!("{} is a mean, and a rate is of two counts or sums", quote(mean));
                self.complain(&["rates", rate, key], &message, None);
            }
        }
        let several = matches!(yaml.target, Some(super::report::TargetsYaml::Many(_)));
        for (at, target) in yaml.target.iter().flat_map(|targets| targets.all()).enumerate() {
            if target.measure == mean {
                let at = at.to_string();
                let path = ["target"].into_iter().chain(several.then_some(at.as_str())).chain(["measure"]);
                let message = format!("{} is a mean, and targets are for counts and sums", quote(mean));
                self.complain(&path.collect::<Vec<_>>(), &message, None);
            }
        }
    }
}

/// The whole midpoint of a range, the lower of two.
fn middle((least, greatest): (i64, i64)) -> i64 {
    let middle = (i128::from(least) + i128::from(greatest)).div_euclid(2);
    // Unwrap safety: it lies between two numbers of 64 bits.
    i64::try_from(middle).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::middle;

    #[test]
    fn the_middle_is_a_whole_number() {
        for (between, centre) in
            [((0, 240), 120), ((-28, 28), 0), ((0, 5), 2), ((-5, 0), -3), ((i64::MIN, i64::MAX), -1)]
        {
            assert_eq!(middle(between), centre, "{between:?}");
        }
    }
}
