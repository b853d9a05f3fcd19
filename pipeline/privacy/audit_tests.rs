//! The kernel audited from outside: fresh ledgers, thousands of releases of two neighbouring vectors, and a lower bound on
//! the loss that those releases admit. It must stay under the loss that was charged.
//!
//! Each ledger grants 250 releases at once, because a debit is an `fsync`; their noise is drawn vector by vector, each
//! with a measurement of its own. `tests/audit.rs` does the same through the whole program, with fewer releases.

#[path = "../../tests/support/statistics.rs"]
mod statistics;

use super::{
    Bounds, Definition, Key32, Ledger, Limits, Loss, PlannedVector, Private, Released, Request, Role, calibrate,
    epsilon_at,
};
use statistics::{ALPHA, Law, Odds, audit, farthest};

/// Releases that one ledger grants at once.
const AT_ONCE: u32 = 250;
const LEDGERS: u32 = 8;

/// Many releases of one vector, each for `share`.
fn releases(share: &Loss, bounds: &Bounds, truth: &[i64]) -> Vec<Released> {
    let mut all = Vec::new();
    for _ in 0..LEDGERS {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("ledger"), "board").unwrap();
        let noise = calibrate(share, bounds).unwrap();
        let vector = |n| PlannedVector { name: format!("v{n}"), len: truth.len(), noise: noise.clone() };
        let total = share.amount.times(&AT_ONCE.to_string().parse().unwrap());
        let request = Request {
            quarter: "2026-Q3".parse().unwrap(),
            report: "audit".into(),
            question: Key32([1; 32]),
            release: Key32([2; 32]),
            roles: [Role::Patient].into(),
            definition: share.definition,
            vectors: (0..AT_ONCE).map(vector).collect(),
            limits: Limits { quarter: Loss::new(share.definition, total), year: None },
        };
        let grant = ledger.reserve(request).unwrap();
        let vectors = (0..AT_ONCE).map(|_| Private::assumed(truth.to_vec(), *bounds)).collect();
        all.extend(ledger.draw(grant, vectors).unwrap());
    }
    all
}

/// The sum of the cells that the person touches, release by release.
fn touched(releases: &[Released], cells: usize) -> Vec<i64> {
    releases.iter().map(|released| released.values()[..cells].iter().sum()).collect()
}

/// What the kernel draws with and without a person who does all that the bounds allow.
fn drawn(share: &Loss, bounds: &Bounds) -> (Vec<i64>, Vec<i64>) {
    let cells = bounds.cells() as usize;
    let without = vec![7; cells + 2];
    let mut with = without.clone();
    with[..cells].iter_mut().for_each(|cell| *cell += bounds.high());
    let (with, without) = (releases(share, bounds, &with), releases(share, bounds, &without));
    assert!(with.iter().chain(&without).all(|released| released.loss().amount <= share.amount));
    (touched(&with, cells), touched(&without, cells))
}

#[test]
fn laplace_releases_admit_no_more_than_their_epsilon() {
    let share = Loss::new(Definition::Pure, "1".parse().unwrap());
    for (cells, high) in [(1, 1), (3, 1), (2, 600)] {
        let (with, without) = drawn(&share, &Bounds::new(cells, 0, high).unwrap());
        let least = audit(&with, &without, ALPHA, |odds| odds.epsilon(0.0));
        assert!(least <= 1.0, "epsilon is at least {least}, and 1 was charged, for {cells} cells of up to {high}");
        // Where one cell is all that a person can do, the draws differ enough that a bound of 0 (odds below 1e-12) would
        // mean that the audit looks at the wrong cells.
        assert!(cells > 1 || least > 0.0, "the audit hears nothing");
    }
}

#[test]
fn gaussian_releases_admit_no_more_than_their_rho_and_their_epsilon() {
    let (share, delta) = (Loss::new(Definition::ZConcentrated, "1/2".parse().unwrap()), 1e-3);
    let stated = epsilon_at(&share.amount, &"1e-3".parse().unwrap()).unwrap();
    for (cells, high) in [(1, 1), (3, 1), (2, 600)] {
        let (with, without) = drawn(&share, &Bounds::new(cells, 0, high).unwrap());
        let least = audit(&with, &without, ALPHA, Odds::rho);
        assert!(least <= 0.5, "rho is at least {least}, and 1/2 was charged, for {cells} cells of up to {high}");
        // As above, at any number of cells: the sum over them is what tells Gaussian releases apart best.
        assert!(least > 0.0, "the audit hears nothing");
        let least = audit(&with, &without, ALPHA, |odds| odds.epsilon(delta));
        assert!(least <= stated, "epsilon is at least {least} at delta {delta}, and {stated} was stated");
    }
}

#[test]
fn every_cell_has_the_law_of_its_scale() {
    for (definition, share) in [(Definition::ZConcentrated, "1/8"), (Definition::Pure, "1/2")] {
        let share = Loss::new(definition, share.parse().unwrap());
        let released = releases(&share, &Bounds::count(1).unwrap(), &[5, 0, -3]);
        let scale = released[0].scale();
        let law = if definition == Definition::Pure { Law::laplace(scale) } else { Law::gaussian(scale) };
        for (cell, truth) in [5, 0, -3].into_iter().enumerate() {
            let noise = released.iter().map(|it| it.values()[cell] - truth).collect::<Vec<_>>();
            let (distance, most) = (law.distance(&noise), farthest(noise.len(), ALPHA));
            assert!(distance < most, "cell {cell}: {distance} and not within {most}");
        }
    }
}
