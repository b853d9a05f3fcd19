//! Changes by hand: what stands in two packs, and what is published of the two.

use super::*;

/// A row of this quarter: value, interval, unbiased estimate and its error.
fn now(
    decimals: u32,
    value: f64,
    interval: (f64, f64),
    counted: Option<(f64, Option<f64>)>,
    mark: Mark,
) -> Row<'static> {
    let estimate = Estimate {
        value: Some(value).filter(|_| mark.shows_value()),
        interval: Some(interval).filter(|_| mark.shows_value()),
        unbiased: counted.map(|it| it.0),
        error: counted.and_then(|it| it.1),
        mark,
    };
    Row { labels: vec!["A"], figure: "referred", decimals, estimate, revised: false }
}

/// Value, interval, unbiased estimate, error and mark of a change.
type Told = (Option<f64>, Option<(f64, f64)>, Option<f64>, Option<f64>, &'static str);

fn told(change: &Estimate) -> Told {
    let tenth = |it: f64| (it * 10.0).round() / 10.0;
    let interval = change.interval.map(|(low, high)| (tenth(low), tenth(high)));
    (change.value.map(tenth), interval, change.unbiased.map(tenth), change.error.map(tenth), change.mark.symbol())
}

#[test]
fn a_change_of_counts_holds_the_noise_of_both_quarters() {
    // 3 and 4 make 5; 1.96 of those are 9.8 to both sides of 20.3.
    let row = now(0, 120.0, (114.0, 126.0), Some((120.3, Some(3.0))), Mark::Plain);
    let before = Before::read(["100", "", "92", "108", "100.00", "4.00"]);
    let counted = (Some(20.0), Some((11.0, 30.0)), Some(20.3), Some(5.0), "");
    assert_eq!(told(&changed(&row, &before, 1.0)), counted);
    // Laplace noise reaches further: 2.118 standard deviations.
    let wide = changed(&row, &before, multiplier(true)).interval;
    assert_eq!(wide, Some((10.0, 30.0)));
    // It may well be a loss.
    let row = now(0, 3.0, (0.0, 9.0), Some((2.6, Some(3.0))), Mark::Unreliable);
    let (value, interval, unbiased, _, mark) = told(&changed(&row, &before, 1.0));
    assert_eq!((value, interval, unbiased, mark), (Some(-97.0), Some((-107.0, -88.0)), Some(-97.4), "u"));
}

#[test]
fn a_change_of_public_counts_is_exact() {
    let row = now(0, 12.0, (12.0, 12.0), Some((12.0, None)), Mark::Plain);
    let before = Before::read(["15", "", "15", "15", "15.00", ""]);
    assert_eq!(told(&changed(&row, &before, 1.0)), (Some(-3.0), Some((-3.0, -3.0)), Some(-3.0), None, ""));
}

#[test]
fn a_change_of_rates_is_that_of_the_figures_that_are_seen() {
    // 12.34 is published as 12.3, with 1.3 below and 1.7 above; before: 0.4 below and 0.6 above. Roots of 1.3^2 + 0.6^2
    // and 1.7^2 + 0.4^2: 1.43 and 1.75.
    let row = now(1, 12.34, (11.03, 14.01), None, Mark::Plain);
    let before = Before::read(["11.9", "", "11.5", "12.5", "", ""]);
    let figure = told(&changed(&row, &before, 1.0));
    assert_eq!(figure, (Some(0.4), Some((-1.0, 2.1)), None, None, ""));
}

#[test]
fn a_change_is_worth_what_the_weaker_figure_is() {
    let fine = Before::read(["100", "", "92", "108", "100.00", "4.00"]);
    let marked = |mark: &str| Before::read(["100", mark, "92", "108", "100.00", "4.00"]);
    let row = |mark: Mark| now(0, 120.0, (114.0, 126.0), Some((120.3, Some(3.0))), mark);
    for (here, there, expected) in [
        (Mark::Plain, fine, ""),
        (Mark::Low, fine, ""),
        (Mark::Unreliable, fine, "u"),
        (Mark::Plain, marked("u"), "u"),
        (Mark::Plain, marked("u r"), "u"),
        (Mark::Withheld, fine, "x"),
        (Mark::Plain, Before::read(["", "x", "", "", "", ""]), "x"),
        (Mark::Withheld, Before::read(["", "z", "", "", "", ""]), "z"),
        (Mark::NotApplicable, marked("u"), "z"),
    ] {
        let change = changed(&row(here), &there, 1.0);
        assert_eq!(change.mark.symbol(), expected, "{here:?} and {there:?}");
        assert_eq!(change.value.is_some(), change.mark.shows_value());
        assert_eq!(change.interval.is_some(), change.mark.shows_value());
    }
}

#[test]
fn a_published_row_is_read_as_it_was_meant() {
    let row = Before::read(["3", "u r", "0", "9", "2.61", "3.00"]);
    let read = Before {
        value: Some(3.0),
        interval: Some((0.0, 9.0)),
        unbiased: Some(2.61),
        error: Some(3.0),
        mark: Mark::Unreliable,
        revised: true,
    };
    assert_eq!(row, read);
    let bare = Before::read(["3", "r", "0", "9", "", ""]);
    assert_eq!((bare.mark, bare.revised, bare.unbiased), (Mark::Plain, true, None));
    assert_eq!(Before::read(["inf", "", "", "", "", ""]).value, None);
}
