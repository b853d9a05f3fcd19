//! Public tables: exact, and without anybody in them. Every board here has its private extracts taken away first, and its
//! key with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::board::{Board, Cells, board, report, word};
use crate::config::load_ahead;
use crate::config::plan::{CodeValue, Measure, Plan};
use crate::error::Error;
use crate::measure::grid::{FineGrid, Public, UNKNOWN};
use crate::measure::plan::bounds;
use crate::measure::public::public;
use crate::progress::{Progress, Telling};
use crate::run::intake::Intake;
use crate::store::Store;

/// A board's plan and public tables, the first measure being the one that is asked for.
struct Asked {
    plan: Plan,
    public: Public,
}

impl Asked {
    fn of(board: &Board, measure: &str, by: &str) -> Self {
        Self::with(board, measure, by, |_| ())
    }

    /// The same over a folder that a specification has changed.
    fn with(board: &Board, measure: &str, by: &str, change: impl FnOnce(&Path)) -> Self {
        let folder = board.folder(&[("spec", &report(by, &[("asked", measure), ("people", "{ persons: patients }")]))]);
        edit(folder.path(), "board.yaml", "levels: [health_board", "levels: [all, health_board");
        change(folder.path());
        for private in ["patients", "referrals", "contacts", "onward_referrals", "attendances"] {
            fs::remove_file(folder.path().join(format!("extracts/0/{private}.csv"))).unwrap();
        }
        fs::remove_file(folder.path().join("spec.key")).unwrap();
        let plan = load_ahead(&folder.path().join("board.yaml")).unwrap_or_else(|error| panic!("{error}"));
        let store = Store::open(&plan.work, &plan.quarter.to_string(), || ()).unwrap();
        let progress = Progress::new(Telling::Quiet);
        let public = Intake::keyless(&plan, &store, &progress, 1).public().unwrap();
        Asked { plan, public }
    }

    fn measure(&self) -> &Measure {
        &self.plan.reports[0].measures[0]
    }

    /// Each level's areas, as the public grid has them.
    fn areas(&self) -> Vec<Vec<String>> {
        let zones = &self.public[&self.plan.geography.table];
        let areas = self.plan.geography.levels.iter().map(|level| match &level.column {
            None => vec!["All".to_owned()],
            Some(column) => {
                let areas = zones.texts(column).unwrap().iter().flatten().cloned().collect::<BTreeSet<_>>();
                areas.into_iter().chain([UNKNOWN.to_owned()]).collect()
            }
        });
        areas.collect()
    }

    /// The cells of each level that are not 0, by their labels.
    fn cells(&self, measure: &Measure) -> Vec<Cells> {
        let areas = self.areas();
        let slices = areas.iter().map(Vec::as_slice).collect::<Vec<_>>();
        let found = public(&self.plan, measure, &self.public, &slices).unwrap();
        let bands = measure.bands.iter().map(|&band| (&self.plan.geography.bands[band].codes, true));
        let codes = measure.codes.iter().map(|code| (&code.codes, code.unknown));
        let inner = bands.chain(codes).map(|(codes, unknown)| {
            codes.iter().cloned().chain(unknown.then(|| UNKNOWN.to_owned())).collect::<Vec<_>>()
        });
        let inner = inner.collect::<Vec<_>>();
        let labelled = areas.iter().zip(found).map(|(areas, cells)| {
            let dimensions = [areas].into_iter().chain(&inner).collect::<Vec<_>>();
            assert_eq!(cells.len(), dimensions.iter().map(|values| values.len()).product::<usize>());
            let cells = cells.into_iter().enumerate().filter(|(_, value)| *value != 0);
            cells.map(|(cell, value)| (labels(&dimensions, cell), value)).collect()
        });
        labelled.collect()
    }

    /// Holds the cells of the level that the heading names against a table; every level has the same total.
    #[track_caller]
    fn gives(&self, table: &str) {
        let mut lines = table.lines().map(|line| line.split_whitespace().map(word).collect::<Vec<_>>());
        let heading = lines.next().expect("a heading");
        let names = self.plan.geography.levels.iter().map(|level| level.name.as_str()).collect::<Vec<_>>();
        let level = names.iter().position(|name| *name == heading[0]).expect("a level");
        let row = |mut line: Vec<String>| line.pop().map(|value| (line, value.parse::<i64>().unwrap()));
        let expected = lines.filter_map(row).collect::<Cells>();
        let cells = self.cells(self.measure());
        let totals = cells.iter().map(|cells| cells.values().sum::<i64>()).collect::<Vec<_>>();
        assert!(totals.iter().all(|total| *total == expected.values().sum::<i64>()), "{totals:?}");
        assert_eq!(cells[level], expected);
    }
}

fn labels(dimensions: &[&Vec<String>], cell: usize) -> Vec<String> {
    let mut rest = cell;
    let mut labels = Vec::new();
    for values in dimensions.iter().rev() {
        labels.push(values[rest % values.len()].clone());
        rest /= values.len();
    }
    labels.reverse();
    labels
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(folder.join(file), text.replace(from, to)).unwrap();
}

/// Organisations that name areas of every level, and some that name none: B1 has H1 and H2, B2 has H3 alone, and the one
/// council area has all of them.
fn organisations() -> Board {
    board().with(
        "organisations",
        "org_id service_type area_code places accepting funded_until
         O1     food         H1        20     yes       2024-09-30
         O2     food         H1        5      no        2024-10-01
         O3     exercise     H2        12     yes       2026-03-31
         O4     food         B1        40     yes       -
         O5     exercise     B2        7      yes       2024-08-01
         O6     -            Z1        3      yes       2026-03-31
         O7     exercise     Z4        9      no        2026-03-31
         O8     food         -         100    yes       2026-03-31
         O9     food         S92000003 50     -         2026-03-31
         O10    food         H9        1      yes       2026-03-31
         O11    exercise     H3        -      yes       2026-03-31
         O12    food         S12000001 2      yes       2026-03-31",
    )
}

#[test]
fn rows_count_where_all_of_their_area_lies() {
    let asked = Asked::of(&organisations(), "{ public: organisations }", "[area, service_type]");
    asked.gives(
        "hscp    service_type value
         H1      food         2
         H1      unknown      1
         H2      exercise     1
         H3      exercise     3
         unknown food         5",
    );
    asked.gives(
        "health_board service_type value
         B1           food         3
         B1           exercise     1
         B1           unknown      1
         B2           exercise     3
         unknown      food         4",
    );
    asked.gives(
        "all service_type value
         All food         7
         All exercise     4
         All unknown      1",
    );
}

#[test]
fn a_column_is_added_up_and_a_blank_adds_nothing() {
    Asked::of(&organisations(), "{ public: organisations.places }", "[area, service_type]").gives(
        "hscp    service_type value
         H1      food         25
         H1      unknown      3
         H2      exercise     12
         H3      exercise     16
         unknown food         193",
    );
}

#[test]
fn pounds_are_added_up_in_pence() {
    let board = board().with(
        "organisations",
        "area_code funding_gbp
         H1        12.34
         H1        0.01
         B2        5",
    );
    Asked::of(&board, "{ public: organisations.funding_gbp }", "[area]").gives(
        "hscp value
         H1   1235
         H3   500",
    );
}

#[test]
fn only_rows_for_which_the_condition_holds() {
    let open = "{ public: organisations.places, where: \"accepting = 'yes' and places >= 10\" }";
    Asked::of(&organisations(), open, "[area]").gives(
        "hscp    value
         H1      20
         H2      12
         unknown 140",
    );
    // A blank date is neither before nor after.
    let ends = "{ public: organisations, where: \"funded_until <= '2024-09-30'\" }";
    Asked::of(&organisations(), ends, "[area]").gives(
        "hscp value
         H1   1
         H3   1",
    );
    let coded = "{ public: organisations, where: \"service_type in ('exercise', 'unknown') and name is not null\" }";
    Asked::of(&organisations(), coded, "[area]").gives(
        "health_board value
         B1           2
         B2           3",
    );
}

#[test]
fn the_lookup_itself_by_area_and_band() {
    let board = board().with(
        "data_zones",
        "data_zone hscp health_board simd_quintile population
         Z1        H1   B1           1             10
         Z2        H1   B1           5             20
         Z3        H2   B1           1             40
         Z4        H3   B2           -             80",
    );
    let asked = Asked::of(&board, "{ public: data_zones.population }", "[area, simd_quintile]");
    asked.gives(
        "health_board simd_quintile value
         B1           1             50
         B1           5             20
         B2           unknown       80",
    );
    asked.gives(
        "all simd_quintile value
         All 1             50
         All 5             20
         All unknown       80",
    );
}

#[test]
fn a_gap_in_the_lookup_is_no_other_area() {
    let board = board()
        .with(
            "data_zones",
            "data_zone hscp health_board
             Z1        H1   B1
             Z2        H1   -
             Z3        H2   B1
             Z4        -    B2",
        )
        .with(
            "organisations",
            "area_code
             H1
             B2
             Z2",
        );
    let asked = Asked::of(&board, "{ public: organisations }", "[area]");
    // All that is known of H1 lies in B1. Of Z2 alone nothing is known; nor does anything say where in B2 Z4 lies.
    asked.gives(
        "health_board value
         B1           1
         B2           1
         unknown      1",
    );
    asked.gives(
        "hscp    value
         H1      2
         unknown 1",
    );
}

#[test]
fn rows_that_lead_to_a_zone_have_its_band() {
    let board = board().with(
        "practices",
        "practice_code data_zone
         G1            Z1
         G2            Z3
         G3            Z4
         G4            S01999998",
    );
    Asked::of(&board, "{ public: practices }", "[area, simd_quintile]").gives(
        "hscp    simd_quintile value
         H1      1             1
         H2      1             1
         H3      unknown       1
         unknown unknown       1",
    );
}

const LIST_SIZES: &str = "
table: list_sizes
from: public
row: People on a list, by data zone and sex
unique: [data_zone, sex, org_id]
columns:
  data_zone: { type: reference, to: data_zones, breach: unknown }
  sex: { type: code, codes: [F, M], breach: unknown }
  org_id: { type: reference, to: organisations, breach: unknown }
  registered: { type: integer, between: [0, 1000000] }
limits: { data_zone.reference: 100%, org_id.reference: 100% }
";

/// Several columns are the key; one of them leads on to a table with codes of its own.
#[test]
fn a_table_with_a_key_of_several_columns_loses_no_row() {
    let change = |folder: &Path| {
        fs::write(folder.join("schemas/list_sizes.yaml"), LIST_SIZES).unwrap();
        let rows = "data_zone,sex,org_id,registered\nS01000001,F,O1,1\nS01000001,M,O1,2\nS01000001,F,O2,4\n\
                    S01000003,F,O1,8\nS01000003,,O3,16\n,F,O9,32\n,M,O9,64\n";
        fs::write(folder.join("list_sizes.csv"), rows).unwrap();
        edit(folder, "board.yaml", "sources:\n", "sources:\n  list_sizes: list_sizes.csv\n");
    };
    let measure = "{ public: list_sizes.registered }";
    Asked::with(&board(), measure, "[area, simd_quintile, sex]", change).gives(
        "hscp    simd_quintile sex     value
         H1      1             F       5
         H1      1             M       2
         H2      1             F       8
         H2      1             unknown 16
         unknown unknown       F       32
         unknown unknown       M       64",
    );
    Asked::with(&board(), measure, "[area, service_type]", change).gives(
        "hscp    service_type value
         H1      food         3
         H1      exercise     4
         H2      food         8
         H2      unknown      16
         unknown unknown      96",
    );
}

#[test]
fn more_cells_than_anyone_publishes_are_refused() {
    let asked = Asked::of(&organisations(), "{ public: organisations }", "[area, service_type, accepting]");
    let areas = asked.areas();
    let slices = areas.iter().map(Vec::as_slice).collect::<Vec<_>>();
    let mut wide = asked.measure().clone();
    wide.codes = vec![wide.codes[0].clone(); 9];
    assert!(matches!(public(&asked.plan, &wide, &asked.public, &slices), Err(Error::Privacy(_))));
}

#[test]
fn codes_may_be_computed() {
    let asked = Asked::of(&organisations(), "{ public: organisations }", "[area, accepting]");
    let mut measure = asked.measure().clone();
    let code = &mut measure.codes[0];
    (code.codes, code.value) = (
        vec!["small".into(), "large".into()],
        CodeValue::Computed("CASE WHEN places < 10 THEN 0 WHEN places >= 10 THEN 1 END".into()),
    );
    let at_all = asked.cells(&measure).swap_remove(0);
    let cell = |code: &str| at_all[&vec!["All".to_owned(), code.to_owned()]];
    assert_eq!([cell("small"), cell("large"), cell(UNKNOWN)], [6, 5, 1]);
}

#[test]
fn what_is_of_people_is_no_public_measure() {
    let asked = Asked::of(&organisations(), "{ public: organisations }", "[area]");
    let areas = asked.areas();
    let slices = areas.iter().map(Vec::as_slice).collect::<Vec<_>>();
    let people = &asked.plan.reports[0].measures[1];
    assert!(matches!(public(&asked.plan, people, &asked.public, &slices), Err(Error::Privacy(_))));
    // Every level of the board has its areas, and no fewer.
    assert!(matches!(public(&asked.plan, asked.measure(), &asked.public, &slices[1..]), Err(Error::Privacy(_))));
    let none: [&[String]; 3] = [&[], slices[1], slices[2]];
    assert!(matches!(public(&asked.plan, asked.measure(), &asked.public, &none), Err(Error::Privacy(_))));
    // Nor the other way about: nothing bounds a public one, so no query of people is ever made for it.
    let grid = FineGrid::new(&asked.plan, asked.measure(), &asked.public).unwrap();
    assert!(matches!(bounds(asked.measure(), &grid), Err(Error::Privacy(_))));
    assert!(bounds(people, &FineGrid::new(&asked.plan, people, &asked.public).unwrap()).is_ok());
}
