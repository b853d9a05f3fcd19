//! `smirr explain` and the privacy label: what an auditor and a reader are told, through the program.

use serde_json::Value;

use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size};

/// A report for each way of counting, and one that protects practitioners too.
const LOAD: &str = "\
title: Load
protects: [patient, practitioner]
by: [area]
measures:
  minutes:
    sum: contacts.minutes
    per_person: { between: [0, 900] }
    per_practice: { between: [0, 30000] }
  registered: { persons: patients }
";

fn explained(board: &Board) -> Value {
    let end = board.smirr(&["explain", "--json"]).ends(0);
    serde_json::from_str(&end.stdout).expect("it is JSON")
}

#[test]
fn a_report_is_explained_before_there_are_extracts_and_at_no_cost() {
    let mut board = Board::new(&Size::default());
    board.reports(&[("load", LOAD)]);
    std::fs::remove_dir_all(board.path("extracts/practices")).expect("private extracts");
    let reports = explained(&board);
    let measures = reports[0]["measures"].as_array().expect("measures");
    let bounds = |measure: usize, proof: usize| measures[measure]["proofs"][proof]["bounds"].clone();
    // One patient: one cell of their practice. One practitioner: the cells of one practice, anywhere within the clamp.
    assert_eq!(bounds(0, 0)["linf"], 900);
    assert_eq!((bounds(0, 1)["l0"].clone(), bounds(0, 1)["linf"].clone()), (1.into(), 30_000.into()));
    assert_eq!(bounds(1, 0)["linf"], 1);
    assert_eq!(bounds(1, 1), Value::Null, "nobody's registration names a practitioner");
    let argument = measures[0]["proofs"][1]["argument"].to_string();
    assert!(argument.contains("clamped to 0 to 30000") && argument.contains("one practitioner can move"), "{argument}");
    assert!(measures[0]["plan"].as_str().is_some_and(|plan| plan.contains("TableScan: stored_contacts")));
    let lineage = measures[0]["lineage"].to_string();
    assert!(["contacts", "practitioners", "patients"].iter().all(|table| lineage.contains(table)), "{lineage}");
    assert!(!board.path("ledger.sqlite").exists(), "explaining makes no ledger");
}

/// Measures over other tables read a relation that the run makes of the register: it is explained as it is made.
#[test]
fn the_registrations_of_active_people_are_explained() {
    let mut board = Board::new(&Size::default());
    board.reports(&[(
        "seen",
        "title: Seen\nprotects: patient\nby: [area]\nmeasures:\n  seen: { persons: contacts }\n  all: { persons: patients }\n",
    )]);
    let reports = explained(&board);
    let [seen, all] = [0, 1].map(|number| reports[0]["measures"][number].clone());
    let reads = |measure: &Value, table: &str| measure["plan"].to_string().contains(&format!("TableScan: {table} "));
    assert!(reads(&seen, "active_patients") && !reads(&seen, "stored_patients"), "{seen}");
    assert!(reads(&all, "stored_patients") && !reads(&all, "active_patients"), "{all}");
    assert!(seen["lineage"].to_string().contains("\"patients (private, from practices)\""), "{}", seen["lineage"]);
    let argument = seen["proofs"][0]["argument"].as_array().expect("sentences");
    let told = |start: &str| argument.iter().position(|it| it.as_str().is_some_and(|it| it.starts_with(start)));
    assert!(told("`patients` is private").is_some_and(|made| Some(made) < told("`active_patients` is private")));
}

/// What a token leads to somebody is looked up before any measure; the table that says whose it is, is read all the same.
#[test]
fn the_table_that_tokens_are_looked_up_in_is_named() {
    let mut board = Board::new(&Size::default());
    board.reports(&[(
        "used",
        "title: Used\nprotects: patient\nby: [area]\nmeasures:\n  used: { persons: attendances }\n",
    )]);
    let reports = explained(&board);
    let used = &reports[0]["measures"][0];
    assert!(!used["plan"].to_string().contains("TableScan: stored_onward_referrals"), "{used}");
    for table in ["attendances (private, from organisations)", "onward_referrals (private, from practices)"] {
        assert!(used["lineage"].to_string().contains(table), "{}", used["lineage"]);
    }
    let columns = &reports[0]["in_plain_words"][1];
    assert_eq!(columns["question"], "Which columns?");
    let said = columns["answer"].to_string();
    assert!(said.contains("`onward_referrals`: onward_id, chi as a pseudonym, and nothing else."), "{said}");
}

/// Whoever reads no SQL needs nothing of what stands below the line for the auditor.
#[test]
fn the_first_screen_is_in_plain_words() {
    let mut board = Board::new(&Size::default());
    board.reports(&[("load", LOAD)]);
    let text = board.smirr(&["explain", "--quiet"]).ends(0).stdout;
    let (plain, proof) = text.split_once("\nFOR THE AUDITOR").expect("two parts");
    assert!(proof.contains("TableScan") && proof.contains("L-infinity"), "{proof}");
    for word in ["TableScan", "SELECT", "L-infinity", "stored_", "public_", "person_"] {
        assert!(!plain.contains(word), "the plain part says {word}:\n{plain}");
    }
    assert!(plain.lines().all(|line| line.chars().count() <= 120), "{plain}");
    let questions = plain.lines().filter(|line| line.ends_with('?') && !line.starts_with(' ')).collect::<Vec<_>>();
    assert_eq!(
        questions,
        [
            "Whose data?",
            "Which columns?",
            "Who is protected?",
            "What can one person change?",
            "What hides them?",
            "What is published?",
            "What does it cost?",
            "What is never published?",
        ]
    );
    let reports = explained(&board);
    let answer = |question: &str| {
        let answers = reports[0]["in_plain_words"].as_array().expect("answers");
        let found = answers.iter().find(|it| it["question"] == question).unwrap_or_else(|| panic!("no {question}"));
        found["answer"].as_array().expect("sentences").iter().map(text_of).collect::<Vec<_>>()
    };
    assert!(
        answer("Which columns?").contains(&"`contacts`: contacted_on, minutes; and clp_id, chi as a pseudonym.".into())
    );
    let people = answer("Whose data?").join(" ");
    assert!(
        people.contains("a registered patient (`patients`)") && people.contains("`data_zones`, `practices`"),
        "{people}"
    );
    assert!(answer("Who is protected?").iter().any(|it| it.starts_with("Each links worker: ")));
    assert_eq!(
        answer("What can one person change?")[1..],
        [
            "  \"Minutes\": one patient changes at most one figure, by at most 900; one links worker changes at most one \
             figure, by at most 30,000",
            "  \"Registered\": one patient changes at most one figure, by at most 1; one links worker changes nothing",
        ]
    );
    // The whole of the quarter's loss goes to the one report.
    let cost = answer("What does it cost?");
    assert!(cost[0].starts_with("A privacy loss of rho 0.25. That is 25.0% of the rho 1 "), "{cost:?}");
    assert!(
        cost[1].starts_with("For those who count in epsilon: ") && cost[1].ends_with(", at a delta of 1e-7."),
        "{cost:?}"
    );
    assert!(cost[2].ends_with("is right at most 68 times in 100. A coin is right 50 times."), "{cost:?}");
    let noise = reports[0]["measures"][1]["drawn"][0]["scale"].as_f64().expect("a scale");
    let off = answer("What hides them?").iter().find(|it| it.contains("Registered")).cloned().expect("the register");
    let first = off.split(": ").nth(1).and_then(|it| it.split(' ').next()?.parse::<f64>().ok()).expect("a number");
    assert!((first - 1.96 * noise).abs() <= 1.5, "{off}, of scale {noise}");
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn a_report_that_the_board_does_not_run_is_a_mistake() {
    let board = Board::new(&Size::default());
    let end = Ran::of(smirr().arg("explain").arg(board.path("board.yaml")).arg("nothing_of_the_kind")).ends(10);
    assert!(end.stderr.contains("runs no report `nothing_of_the_kind`; it runs "), "{}", end.stderr);
}

#[test]
fn the_label_says_what_was_charged_and_is_the_same_for_a_replay() {
    let board = Board::new(&Size::default());
    board.smirr(&["run", "--quiet"]).ends(0);
    let path = board.pack().join("privacy.json");
    let first = std::fs::read_to_string(&path).expect("a label");
    let label: smirr::publish::label::Label = serde_json::from_str(&first).expect("a label of its own types");
    let manifest = board.manifest();
    let releases = manifest["releases"].as_array().expect("releases");
    assert_eq!(label.reports.len(), releases.len());
    for (report, release) in label.reports.iter().zip(releases) {
        assert_eq!((&report.report, &report.cost.loss), (&text_of(&release["report"]), &text_of(&release["loss"])));
        assert_eq!(report.cost.epsilon, release["epsilon"].as_f64());
        // One place, one meaning: what was drawn is on the label, and not in the manifest too.
        assert!(release["vectors"].is_null() && !report.tables.is_empty());
    }
    // Two reports of half the loss each.
    assert_eq!((label.total.loss_decimal.as_str(), label.total.delta.as_deref()), ("0.25", Some("1e-7")));
    assert!(label.total.epsilon > label.reports[0].cost.epsilon);
    assert_eq!(label.units.iter().map(|unit| unit.role.as_str()).collect::<Vec<_>>(), ["patient"]);
    assert!(label.spending.iter().all(|spending| spending.spent.is_some() && spending.remains.is_some()));
    board.smirr(&["run", "--quiet"]).ends(0);
    assert_eq!(std::fs::read_to_string(&path).expect("a label"), first);
}
