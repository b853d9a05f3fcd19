//! Where people meet in a plan, and which plans are taken for a part of it.

use super::tests::{plan, sources};
use super::*;

const BUCKETS: Buckets = Buckets { column: "bucket", count: 16 };

/// Some people's stays.
fn stays(condition: &str) -> String {
    format!("SELECT * FROM stays WHERE person IS NOT NULL AND {condition}")
}

/// Each person's own total, added up by place and clamped.
fn totals(rows: &str) -> String {
    format!(
        "SELECT place, code, least(greatest(sum(value), 0), 90) AS value FROM (SELECT person, place, 0 AS code, \
         least(sum(n), 9) AS value FROM ({rows}) GROUP BY person, place) GROUP BY 1, 2"
    )
}

/// Pairs, each once whoever has it.
fn pairs(rows: &str) -> String {
    format!(
        "SELECT place, 0 AS code, count(*) AS value FROM (SELECT place, clp, bit_or(n) AS n FROM ({rows}) \
         GROUP BY place, clp) WHERE n = 3 GROUP BY 1"
    )
}

const ALL: &str = "bucket >= 0 AND bucket < 16";
const SOME: &str = "bucket >= 3 AND bucket < 5";

#[test]
fn people_meet_in_the_first_aggregate_that_mixes_them() {
    let sources = sources();
    for (asked, own) in [(totals as fn(&str) -> String, "sum(value)"), (pairs, "bit_or(")] {
        let whole = plan(&asked(&stays(ALL)));
        let meeting = Meeting::of(&whole, &sources, BUCKETS).unwrap();
        let part = meeting.part(&plan(&asked(&stays(SOME))), 3..5).unwrap();
        assert!(matches!(part, LogicalPlan::Aggregate(_)), "{part}");
        assert!(part.display().to_string().contains(own), "{part}");
        assert!(part.display_indent().to_string().contains("bucket < Int8(5)"), "{}", part.display_indent());
    }
}

#[test]
fn a_plan_in_which_rows_of_nobody_meet_or_people_cannot_be_told_is_refused() {
    let sources = sources();
    let refused = |sql: &str| Meeting::of(&plan(sql), &sources, BUCKETS).unwrap_err().to_string();
    for sql in [
        "SELECT place, 0, count(*) FROM stays GROUP BY 1",
        "SELECT place, 0, count(*) FROM stays WHERE person IS NULL GROUP BY 1",
        "SELECT zone, 0, count(*) FROM areas GROUP BY 1",
        "SELECT place, 0, n FROM stays WHERE person IS NOT NULL",
    ] {
        assert!(refused(sql).contains("cannot be"), "{sql}: {}", refused(sql));
    }
}

#[test]
fn only_the_same_plan_over_those_people_is_a_part() {
    let sources = sources();
    let whole = plan(&totals(&stays(ALL)));
    let meeting = Meeting::of(&whole, &sources, BUCKETS).unwrap();
    let part = |rows: &str| meeting.part(&plan(&totals(rows)), 3..5).map_err(|error| error.to_string());
    assert!(part(&stays(SOME)).is_ok());
    for other in ["bucket >= 3 AND bucket < 6", "bucket >= 2 AND bucket < 5", "bucket >= 0 AND bucket < 16"] {
        assert!(part(&stays(other)).unwrap_err().contains("reads rows of others"), "{other}");
    }
    for other in [
        "bucket >= 3 AND bucket < 5 AND n < 7",
        "bucket >= 3",
        "bucket > 3 AND bucket < 5",
        "n >= 3 AND n < 5",
        "bucket >= 3 AND bucket < 5 OR n = 1",
    ] {
        assert!(part(&stays(other)).unwrap_err().contains("is not that of all"), "{other}");
    }
    let clamped = totals(&stays(SOME)).replace("90", "91");
    assert!(meeting.part(&plan(&clamped), 3..5).unwrap_err().to_string().contains("is not that of all"));
}

/// A table whose rows are not held to the buckets anywhere would bring everybody's rows into each part.
#[test]
fn a_table_that_is_read_whole_is_refused() {
    let sources = sources();
    let with = |rows: &str, others: &str| {
        totals(&format!("SELECT s.* FROM ({rows}) AS s JOIN ({others}) AS r ON s.person = r.person"))
    };
    let places = "SELECT person, max(place) AS at FROM register GROUP BY person";
    let whole = plan(&with(&stays(ALL), places));
    let meeting = Meeting::of(&whole, &sources, BUCKETS).unwrap();
    let refused = meeting.part(&plan(&with(&stays(SOME), places)), 3..5).unwrap_err().to_string();
    assert!(refused.contains("reads rows of others"), "{refused}");
    // Practitioners' posts and public tables are everybody's.
    let open = |rows: &str| {
        totals(&format!(
            "SELECT s.* FROM ({rows}) AS s JOIN (SELECT clp, max(practice) AS at FROM posts GROUP BY clp) AS p \
             ON s.clp = p.clp LEFT JOIN areas AS a ON s.place = a.row"
        ))
    };
    let whole = plan(&open(&stays(ALL)));
    let meeting = Meeting::of(&whole, &sources, BUCKETS).unwrap();
    assert!(meeting.part(&plan(&open(&stays(SOME))), 3..5).is_ok());
}
