//! The true answers: what a system without faults, noise or bounds would count for the reported quarter.

use std::io::Write;

use super::areas::Areas;
use super::contract::REASON;

/// Columns of the tally: one a measure, and one a reason for `referred`.
const REFERRED_BY: usize = 2;
const ENGAGED: usize = REFERRED_BY + REASON.len();
const WIDTH: usize = ENGAGED + 5;

/// What one person did in the reported quarter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) registered: bool,
    /// One bit a reason of the person's referrals that were not declined.
    pub(super) reasons: u16,
    pub(super) referred_onward: bool,
    pub(super) attended: bool,
    /// Attended contacts.
    pub(super) contacts: u64,
    /// Minutes of those.
    pub(super) minutes: u64,
}

/// Counts by data zone; the last row is `unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally(Vec<[u64; WIDTH]>);

impl Tally {
    /// All zeros.
    pub(super) fn new(zones: usize) -> Self {
        Tally(vec![[0; WIDTH]; zones + 1])
    }

    /// Counts one person, who lives in `zone` where they are registered.
    pub(super) fn add(&mut self, zone: Option<usize>, marks: &Marks) {
        if *marks == Marks::default() {
            return;
        }
        let unknown = self.0.len() - 1;
        let cells = &mut self.0[zone.unwrap_or(unknown)];
        cells[0] += u64::from(marks.registered);
        cells[1] += u64::from(marks.reasons != 0);
        for reason in 0..REASON.len() {
            cells[REFERRED_BY + reason] += u64::from(marks.reasons >> reason & 1);
        }
        cells[ENGAGED] += u64::from(marks.contacts > 0);
        cells[ENGAGED + 1] += u64::from(marks.referred_onward);
        cells[ENGAGED + 2] += u64::from(marks.attended);
        cells[ENGAGED + 3] += marks.contacts;
        cells[ENGAGED + 4] += marks.minutes;
    }

    /// Adds what another worker counted.
    pub(super) fn merge(&mut self, other: &Tally) {
        for (own, more) in self.0.iter_mut().zip(&other.0) {
            own.iter_mut().zip(more).for_each(|(own, more)| *own += more);
        }
    }

    /// The answers as CSV, without zeros.
    pub(super) fn csv(&self, areas: &Areas) -> std::io::Result<Vec<u8>> {
        let mut out = b"measure,data_zone,dimension,code,value\n".to_vec();
        for column in 0..WIDTH {
            let (measure, dimension, code) = heading(column);
            for (zone, cells) in self.0.iter().enumerate().filter(|(_, cells)| cells[column] > 0) {
                let area = areas.zones.get(zone).map_or("unknown", |zone| zone.code.as_str());
                writeln!(out, "{measure},{area},{dimension},{code},{}", cells[column])?;
            }
        }
        Ok(out)
    }
}

/// A column's measure, dimension and code.
fn heading(column: usize) -> (&'static str, &'static str, &'static str) {
    const AFTER: [&str; 5] = ["engaged", "referred_onward", "attended", "contacts", "minutes"];
    match column {
        0 => ("registered", "all", "all"),
        1 => ("referred", "all", "all"),
        _ if column < ENGAGED => ("referred", "reason", REASON[column - REFERRED_BY].0),
        _ => (AFTER[column - ENGAGED], "all", "all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_counts_once_a_measure_and_once_a_reason() {
        let areas = super::super::areas::imagine(7_000, 1);
        let mut tally = Tally::new(areas.zones.len());
        let marks = Marks { registered: true, reasons: 0b101, contacts: 3, minutes: 90, ..Marks::default() };
        tally.add(Some(0), &marks);
        tally.add(None, &Marks { attended: true, ..Marks::default() });
        let mut twice = tally.clone();
        twice.merge(&tally);
        let text = String::from_utf8(twice.csv(&areas).unwrap()).unwrap();
        let zone = &areas.zones[0].code;
        for line in [
            format!("registered,{zone},all,all,2"),
            format!("referred,{zone},all,all,2"),
            format!("referred,{zone},reason,mental_health,2"),
            format!("referred,{zone},reason,finances,2"),
            format!("engaged,{zone},all,all,2"),
            format!("contacts,{zone},all,all,6"),
            format!("minutes,{zone},all,all,180"),
            "attended,unknown,all,all,2".to_owned(),
        ] {
            assert!(text.lines().any(|own| own == line), "{line} in\n{text}");
        }
        assert_eq!(text.lines().count(), 9);
    }
}
