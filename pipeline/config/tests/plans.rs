//! What the shipped YAML means.

use super::super::country::Country;
use super::super::plan::{Fictional, Files, KeySource, LossKind, MeasureKind, Number, Origin, Sheet};
use super::*;
use crate::schema::Sender;

#[test]
fn the_demo_is_a_whole_plan() {
    let board = Board::new();
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let root = board.folder.path().canonicalize().unwrap();
    assert_eq!((plan.board.as_str(), plan.quarter.to_string().as_str()), ("NHS Strathmirr", "2026-Q3"));
    assert_eq!(plan.root, root);
    assert_eq!(plan.work, root.join("out/demo/work"));
    assert_eq!(plan.ledger, root.join("out/demo/ledger.sqlite"));
    let folder = root.join("out/demo/extracts");
    let fictional =
        Fictional { patients: 200_000, seed: 1, dirt: 0.02, activity: 4.0, country: Country::Scotland, folder };
    assert_eq!(plan.fictional, Some(fictional));
    assert_eq!(plan.key, KeySource::File(root.join("out/demo/demo.key")));
    assert_eq!((plan.loss.kind, plan.loss.amount.as_str()), (LossKind::Rho, "0.25"));
    // Without a limit of its own, the quarter may lose what its reports share.
    assert_eq!((&plan.most, plan.year.unwrap().amount.as_str()), (&plan.loss, "1"));
    assert_eq!(plan.delta.as_deref(), Some("1e-7"));
    let tables: Vec<_> = plan.sources.iter().map(|source| source.table.as_str()).collect();
    assert_eq!(tables[..4], ["organisations", "data_zones", "practices", "patients"]);
    assert_eq!(tables.len(), 9);
    assert!(plan.sources[..3].iter().all(|source| source.schema.from == Sender::Public));
    let glob = root.join("out/demo/extracts/practices/*/patients.csv");
    assert_eq!(plan.sources[3].origins, [Origin::Files(Files { glob, sheet: Sheet::default() })]);
}

#[test]
fn the_demos_geography_and_reports() {
    let plan = Board::new().load().unwrap();
    let geography = &plan.geography;
    assert_eq!(
        (geography.table.as_str(), geography.key.as_str(), geography.via.as_str()),
        ("data_zones", "data_zone", "data_zone")
    );
    let headings: Vec<_> = geography.levels.iter().map(|level| level.heading.as_str()).collect();
    assert_eq!(headings, ["HB", "HSCP"]);
    let band = &geography.bands[0];
    assert_eq!((band.column.as_str(), band.heading.as_str(), &band.within), ("simd_quintile", "SIMDQuintile", &None));
    assert_eq!(band.codes, ["1", "2", "3", "4", "5"]);

    let [reach, bridge] = &plan.reports[..] else { panic!("two reports") };
    let [registered, referred] = &reach.measures[..] else { panic!("two measures") };
    // Nobody is registered for a reason, so that measure is given over the other dimensions.
    assert!(registered.codes.is_empty());
    assert_eq!((registered.cells, referred.cells), (1, 3));
    assert_eq!(referred.codes[0].codes.len(), 10);
    assert_eq!((referred.codes[0].table.as_str(), &referred.codes[0].via), ("referrals", &None));
    assert_eq!(referred.bands, [0]);
    assert_eq!(referred.unit, "people");
    assert_eq!(referred.kind, MeasureKind::Persons);
    let rate = &reach.rates[0];
    assert_eq!((rate.of, rate.over, rate.per), (1, 0, 1000));
    assert_eq!(bridge.measures.len(), 4);
    assert_eq!(bridge.rates.iter().map(|rate| (rate.of, rate.over)).collect::<Vec<_>>(), [(1, 0), (2, 0), (3, 0)]);
}

#[test]
fn dimensions_are_found_through_references_and_patients() {
    let board = Board::new()
        .edit("reports/bridge.yaml", "by: [area, simd_quintile]", "by: [sex, area, service_type]")
        .edit(
            "reports/bridge.yaml",
            "    persons: attendances\n    where: \"sessions > 0\"",
            "    sum: attendances.sessions\n    per_person: { between: [0, 40] }",
        )
        .edit("reports/bridge.yaml", "    persons: contacts", "    events: contacts\n    per_person: { events: 6 }");
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let measures = &plan.reports[1].measures;
    let shape = |at: usize| {
        let codes = measures[at].codes.iter();
        codes.map(|code| (code.name.clone(), code.table.clone(), code.via.clone())).collect::<Vec<_>>()
    };
    let sex = ("sex".to_string(), "patients".to_string(), None);
    let service = ("service_type".to_string(), "organisations".to_string(), Some("org_id".to_string()));
    assert_eq!(shape(0), std::slice::from_ref(&sex));
    assert_eq!(shape(2), [sex.clone(), service.clone()]);
    assert_eq!(shape(3), [sex, service]);
    assert_eq!(measures[1].kind, MeasureKind::Events { at_most: 6 });
    assert_eq!(measures[1].unit, "contacts");
    let of = Number { sql: "\"sessions\"".into(), between: (0, 500), centre: 0, rows: None };
    assert_eq!(measures[3].kind, MeasureKind::Sum { of, between: (0, 40) });
    assert_eq!(measures[3].unit, "sessions");
    assert!(measures.iter().all(|measure| measure.bands.is_empty()));
}

#[test]
fn the_official_lookup_and_bands_within_a_board() {
    let board = Board::new()
        .edit(
            "configs/demo.yaml",
            "data_zones: out/demo/extracts/public/data_zones.csv",
            "data_zones: { path: out/demo/extracts/x.csv, schema: simd2020v2 }",
        )
        .edit("configs/demo.yaml", "simd_quintile: country", "simd_quintile: within health_board");
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let band = &plan.geography.bands[0];
    assert_eq!(band.column, "simd_quintile_within_health_board");
    assert_eq!(band.within.as_deref(), Some("health_board"));
    assert_eq!(plan.sources[1].schema.columns["hscp"].header.as_deref(), Some("HSCP"));
}

#[test]
fn the_official_file_has_the_columns_that_its_schema_names() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/simd/simd2020v2_22062020.csv");
    let Ok(text) = fs::read_to_string(file) else {
        eprintln!("skipped: the official file is not here");
        return;
    };
    let headers: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/simd2020v2.yaml")).unwrap();
    let schema: crate::schema::TableSchema = serde_yaml::from_str(&text).unwrap();
    // Names of areas may be joined to it; it has none itself.
    for column in schema.columns.values().filter(|column| !column.optional) {
        assert!(headers.contains(&column.header.as_deref().unwrap()), "{:?}", column.header);
    }
}

#[test]
fn a_real_board_with_everything_in_place() {
    let board = Board::new().real();
    assert_eq!(board.printed(), "nothing to complain about");
    assert!(board.load().unwrap().fictional.is_none());
}

#[test]
fn every_way_of_naming_sources_and_keys() {
    let board = Board::new()
        .edit(
            "configs/demo.yaml",
            "  patients: out/demo/extracts/practices/*/patients.csv",
            "  patients: [out/demo/extracts/a.csv, out/demo/extracts/b.csv.gz]",
        )
        .edit("configs/demo.yaml", "{ file: out/demo/demo.key }", "{ command: [client, get, key] }")
        .edit("configs/demo.yaml", "{ rho: \"0.25\", delta: \"1e-7\" }", "{ epsilon: 1/4 }")
        .edit("configs/demo.yaml", "year: { rho: \"1\" }", "year: { epsilon: 1/2 }\n  quarter: { epsilon: 0.5 }");
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    assert_eq!(plan.sources[3].origins.len(), 2);
    assert_eq!(plan.key, KeySource::Command(vec!["client".into(), "get".into(), "key".into()]));
    assert_eq!((plan.loss.kind, plan.loss.amount.as_str()), (LossKind::Epsilon, "1/4"));
    assert_eq!((plan.most.kind, plan.most.amount.as_str()), (LossKind::Epsilon, "0.5"));
}
