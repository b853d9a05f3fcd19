//! When a released figure says too little to be published as it is: the board's rule, and a report's own.

use super::amount;
use super::derived::{Reliability, SmallNumbers};
use super::diagnostic::Diagnostics;
use super::figures::{ReliabilityYaml, SmallNumbersYaml, Zeros};
use super::source::Document;
use super::suggest::quote;

/// What stands in YAML for no limit.
const NEVER: &str = "never";
/// A limit beyond this withholds nothing that anyone means.
const GREATEST: f64 = 100.0;
/// Withholding more than this is a mistake.
const MOST_BELOW: u32 = 1_000;

/// The rule at `path` of a document, where there is one.
pub(super) fn reliability(
    document: &Document,
    path: &[&str],
    yaml: Option<&ReliabilityYaml>,
    complaints: &mut Diagnostics,
) -> Option<Reliability> {
    let yaml = yaml?;
    let usual = Reliability::default();
    let mut limit = |key: &str, text: Option<&str>| -> Option<f64> {
        let text = text?;
        let complaint = match amount::percentage(text) {
            Ok(limit) if limit > 0.0 && limit <= GREATEST => return Some(limit),
            Ok(_) => "a limit is above 0% and at most 10000%".to_string(),
            Err(wrong) => format!("{} {wrong}", quote(text)),
        };
        let place = [path, &[key]].concat();
        let help = "half of the 95% interval as a share of the value, as in \"50%\"";
        complaints.push(document.value(&place, complaint).help(help));
        None
    };
    let unreliable_over = limit("unreliable_over", yaml.unreliable_over.as_deref()).unwrap_or(usual.unreliable_over);
    let withhold_over = yaml.withhold_over.as_deref().filter(|text| *text != NEVER);
    let withhold_over = limit("withhold_over", withhold_over).or(usual.withhold_over);
    if withhold_over.is_some_and(|withhold| withhold < unreliable_over) {
        let message = "figures are withheld before they are marked as unreliable";
        let help = "`withhold_over` is no less than `unreliable_over`, which is \"50%\" unless said";
        complaints.push(document.value(&[path, &["withhold_over"]].concat(), message).help(help));
    }
    Some(Reliability { unreliable_over, withhold_over })
}

/// The board's rule on small numbers.
pub(super) fn small_numbers(
    document: &Document,
    yaml: Option<SmallNumbersYaml>,
    complaints: &mut Diagnostics,
) -> Option<SmallNumbers> {
    let SmallNumbersYaml { below, zeros } = yaml?;
    let least = if zeros == Zeros::Show { 2 } else { 1 };
    if !(least..=MOST_BELOW).contains(&below) {
        let message = format!("the limit is {least} to {MOST_BELOW}");
        let help = "leave `small_numbers` out to publish every count: its noise protects people already";
        complaints.push(document.value(&["publish", "small_numbers", "below"], message).help(help));
    }
    Some(SmallNumbers { below, zeros })
}
