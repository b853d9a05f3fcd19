//! Every cell of every shipped report is the same from a cluster as from this process. The truth is released as in a
//! study, with noise that is 0.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::config;
use crate::link::{link_rates, sender_rows};
use crate::measure::vector::measure_in;
use crate::progress::Telling;

#[path = "../../../tests/cluster/nodes.rs"]
#[expect(dead_code, reason = "the program's own tests use the rest of it")]
mod nodes;

/// The demo with all reports for 4,000 people, in a folder of the test's own.
fn plan(folder: &Path, engine: &str) -> Plan {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let yaml = fs::read_to_string(here.join("configs/demo.yaml")).unwrap();
    let mut changed = yaml;
    for (from, to) in [
        (
            "root: ..",
            format!(
                "root: {}\nschemas: {}\nreports_folder: {}",
                folder.display(),
                here.join("schemas").display(),
                here.join("reports").display()
            ),
        ),
        ("patients: 200000", "patients: 4000".into()),
        (
            "reports: [reach, bridge, waits, capacity, outcomes]",
            "reports: [reach, bridge, waits, capacity, outcomes, load]".into(),
        ),
        ("work: out/demo/work", format!("{engine}work: out/demo/work")),
    ] {
        assert!(changed.contains(from), "the demo has no `{from}`");
        changed = changed.replacen(from, &to, 1);
    }
    fs::write(folder.join("board.yaml"), changed).unwrap();
    config::load_ahead(&folder.join("board.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

/// What the engine of a plan gives: how tables are linked, and every vector.
fn given(plan: &Plan) -> BTreeMap<String, Vec<i64>> {
    let progress = Progress::new(Telling::Quiet);
    fictional::make(plan, 2, &progress).unwrap();
    let store = open_store(plan, &progress).unwrap();
    let mut intake = Intake::new(plan, &store, &progress, 2).unwrap();
    let public = intake.public().unwrap();
    let private = intake.private().unwrap();
    let engine = engine(plan, &plan.work.join(SCRATCH), Resources::default(), &private, &public).unwrap();
    let mut linked = link(&engine, &private, &public).unwrap();
    let mut all = BTreeMap::new();
    all.insert(format!("{:?} {:?}", link_rates(&linked).unwrap(), sender_rows(&linked).unwrap()), Vec::new());
    let context = answer::context(plan, &intake);
    let questions = prepare(plan, &public, &context).unwrap().into_iter();
    let questions = questions.map(|question| question.with_noise(next_to_none).unwrap()).collect::<Vec<_>>();
    linked.put_aside(Some(store.stage().unwrap())).unwrap();
    let bench = Bench { plan, open: plan, public: &public, linked: &linked, intake: &intake, private: &private };
    for question in &questions {
        let known = bench.known(question).unwrap();
        for released in known.vectors.iter().flatten().flatten() {
            let name = format!("{} {}", known.report, released.name());
            assert!(all.insert(name, released.values().to_vec()).is_none());
        }
        // A large board is measured some of its people at a time.
        let families = question.asked.iter().flat_map(|asked| &asked.families);
        for (number, family) in families.filter(|family| !family.measure.is_public()).enumerate() {
            let name = format!("{}: {number} {} in passes", question.report.name, family.measure.name);
            let cells = measure_in(3, plan, &family.measure, &linked, &family.fine).unwrap();
            assert!(all.insert(name, cells.reveal().clone()).is_none());
        }
    }
    all
}

/// The node beside the tests: `target/<profile>/smirr-cluster-node`, and the tests are in `deps` there.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("smirr-cluster-node");
    assert!(program.is_file(), "{} is not built", program.display());
    program
}

#[test]
fn a_cluster_counts_every_cell_of_every_shipped_report_as_this_process_does() {
    let cluster = nodes::Cluster::start(&program(), 2);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let here = given(&plan(folders[0].path(), ""));
    // Which of a person's cells are kept follows from their pseudonym, and so from the key.
    let key = folders.each_ref().map(|folder| folder.path().join("out/demo/demo.key"));
    fs::create_dir_all(folders[1].path().join("out/demo")).unwrap();
    fs::copy(&key[0], &key[1]).unwrap();
    let there = given(&plan(folders[1].path(), &cluster.yaml()));
    assert!(here.len() > 50, "only {} vectors were compared", here.len());
    assert!(here.values().flatten().any(|&cell| cell > 0));
    for (name, cells) in &here {
        assert_eq!(there.get(name), Some(cells), "{name}");
    }
    assert_eq!(here.len(), there.len());
}
