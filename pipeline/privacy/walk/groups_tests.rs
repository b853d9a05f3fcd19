//! Groups that mix people: how many of them one person may change, and what must not be taken for it.

use super::tests::{holds, proof, refused};
use super::*;

/// Pairs of a practitioner and a code, of each patient at their own practice.
const PAIRS: &str = "SELECT v.person, v.clp, v.code, q.practice AS place, bit_or(v.minutes) AS seen FROM visits AS v \
    JOIN (SELECT clp, max(practice) AS practice FROM posts GROUP BY clp) AS q ON v.clp = q.clp \
    JOIN (SELECT person, max(place) AS place FROM register GROUP BY person) AS p \
    ON v.person = p.person AND q.practice = p.place WHERE v.person IS NOT NULL AND v.clp IS NOT NULL GROUP BY 1, 2, 3, 4";

/// The first `most` pairs of each patient.
fn kept(most: u32) -> String {
    format!(
        "SELECT place, code, clp, seen FROM (SELECT *, row_number() OVER (PARTITION BY person, place \
         ORDER BY person % CAST(31 AS DECIMAL(38, 0)), clp, code) AS n FROM ({PAIRS})) WHERE n <= {most}"
    )
}

/// Each pair once, whoever has it.
fn distinct(most: u32) -> String {
    format!("SELECT place, code, clp, bit_or(seen) AS seen FROM ({}) GROUP BY place, code, clp", kept(most))
}

/// Pairs a place and code.
fn counted(pairs: &str, value: &str) -> String {
    counted_by(pairs, "place", "code", value)
}

fn counted_by(pairs: &str, place: &str, code: &str, value: &str) -> String {
    format!("SELECT {place} AS place, {code} AS code, {value} AS value FROM ({pairs}) GROUP BY 1, 2")
}

const CLAMPED: &str = "least(greatest(count(*), 0), 60)";

#[test]
fn a_person_changes_as_many_groups_as_they_have_rows() {
    holds(&counted(&distinct(3), "count(*)"), (3, -3, 3), true);
    // What is asked of a group may depend on everyone in it: it still is there or not.
    let lasting = format!("SELECT place, code, clp FROM ({}) WHERE seen = 3", distinct(2));
    holds(&counted(&lasting, "count(*)"), (2, -2, 2), true);
    holds(&counted(&format!("{} HAVING count(*) > 1", distinct(2)), "count(*)"), (2, -2, 2), true);
    // A clamp of what a place has brings no two counts further apart, and cells that merge add up.
    holds(&counted(&distinct(3), CLAMPED), (3, -3, 3), true);
    holds(&counted_by(&distinct(3), "place", "code % 2", "count(*)"), (3, -3, 3), true);
    // A cell computed from what people have in common is the group's; its place is then not known to be one.
    holds(&counted_by(&distinct(3), "place % 2", "code", "count(*)"), (3, -3, 3), false);
    let argument = proof(&counted(&distinct(3), "count(*)"), Role::Patient).unwrap().argument().join("\n");
    assert!(argument.contains("At most 3 of those rows of each patient are kept."), "{argument}");
    assert!(argument.contains("at most 3 groups have rows of any one patient"), "{argument}");
}

#[test]
fn groups_of_people_without_a_limit_are_refused() {
    let no_clamp = "adds people up without a clamp on each cell";
    // Distinct without bounding: a patient may be the sole holder of any number of pairs.
    let all = format!("SELECT place, code, clp FROM ({PAIRS}) GROUP BY place, code, clp");
    refused(&counted(&all, "count(*)"), no_clamp);
    // Bounding after the distinct bounds the places' pairs, and nobody's (google/differential-privacy#84).
    let late = format!(
        "SELECT place, code, clp FROM (SELECT *, row_number() OVER (PARTITION BY place ORDER BY clp) AS n FROM ({all})) \
         WHERE n <= 3"
    );
    refused(&counted(&late, "count(*)"), no_clamp);
    // Numbered after the distinct, any row may change, and a limit on groups is none any more.
    let again = format!(
        "SELECT place, code, clp FROM (SELECT *, row_number() OVER (PARTITION BY place ORDER BY clp) AS n FROM ({})) \
         WHERE n <= 100",
        distinct(3)
    );
    refused(&counted(&again, "count(*)"), no_clamp);
    // Limited within each code: a patient may have every code.
    let by_code = distinct(3).replace("PARTITION BY person, place", "PARTITION BY person, place, code");
    refused(&counted(&by_code, "count(*)"), no_clamp);
}

#[test]
fn only_whether_a_group_is_there_may_be_counted() {
    let no_clamp = "adds people up without a clamp on each cell";
    // Rows of a group would count everyone who has it.
    refused(&counted(&distinct(3), "sum(seen)"), no_clamp);
    refused(&counted(&distinct(3), "count(*) * 2"), no_clamp);
    refused(&counted(&distinct(3), "count(*) + max(seen)"), "");
    refused(&counted(&distinct(3), "count(*), count(*)"), "");
    // A clamp beside 0 lifts a cell that is hardly there: then the clamp's own width is the bound.
    holds(&counted(&distinct(3), "least(greatest(count(*), 5), 60)"), (10, -60, 60), true);
    // A group that moves from cell to cell as people come and go would count in two.
    refused(&counted_by(&distinct(3), "place", "seen", "count(*)"), no_clamp);
    // Distinct of the distinct: how many of those one person changes is not followed.
    let twice = format!("SELECT place, code FROM ({}) GROUP BY place, code", distinct(3));
    refused(&counted(&twice, "count(*)"), no_clamp);
}

#[test]
fn groups_of_people_are_joined_with_nothing() {
    let neither = "joins private rows on neither a person nor a public table";
    // A public table with several rows a group would count it several times.
    let public =
        format!("SELECT d.place, a.zone AS code, d.clp FROM ({}) AS d JOIN areas AS a ON d.code = a.row", distinct(3));
    refused(&counted(&public, "count(*)"), neither);
    let people =
        format!("SELECT d.place, d.code, d.clp FROM ({}) AS d JOIN register AS r ON d.place = r.place", distinct(3));
    refused(&counted(&people, "count(*)"), neither);
    let halves =
        format!("SELECT place, code, clp FROM ({0}) UNION ALL SELECT place, code, clp FROM ({0})", distinct(3));
    refused(&counted(&halves, "count(*)"), "");
    // Where the place is not the patient's own, groups of people who share nothing mix.
    refused(&counted(&distinct(3), "count(*)").replace("AND q.practice = p.place", ""), "nothing in common");
}

#[test]
fn a_practitioner_changes_the_pairs_that_their_patients_keep() {
    let moved = proof(&counted(&distinct(3), CLAMPED), Role::Practitioner).unwrap();
    assert_eq!(moved.bounds(10, 4).unwrap(), Some(Bounds::new(10, -60, 60).unwrap()));
    assert!(moved.one_place());
    let free = proof(&counted(&distinct(3), "count(*)"), Role::Practitioner).unwrap_err().to_string();
    assert!(free.contains("without a clamp on each cell"), "{free}");
    // Numbered across places, their patients' pairs at other practices would change too.
    let across = counted(&distinct(3), CLAMPED).replace("PARTITION BY person, place", "PARTITION BY person");
    let across = proof(&across, Role::Practitioner).unwrap_err().to_string();
    assert!(across.contains("numbers rows across people"), "{across}");
}

/// Numbering mixes all rows of a partition: what they do not share there, they need not share afterwards.
#[test]
fn numbering_forgets_what_its_partitions_do_not_share() {
    let rows = "SELECT v.person, v.code, v.minutes, q.practice, q.day FROM visits AS v JOIN \
        (SELECT clp, max(practice) AS practice, min(practice) AS day FROM posts GROUP BY clp) AS q ON v.clp = q.clp \
        WHERE v.clp IS NOT NULL";
    let numbered = |by: &str| {
        format!(
            "SELECT practice, day, max(minutes) AS minutes FROM (SELECT *, row_number() OVER (PARTITION BY {by} \
             ORDER BY minutes) AS n FROM (SELECT person, practice, day, max(minutes) AS minutes FROM ({rows}) \
             GROUP BY 1, 2, 3)) WHERE n <= 2 GROUP BY practice, day, person"
        )
    };
    let sum = |by: &str, place: &str| {
        let sql =
            format!("SELECT {place}, 0, least(greatest(sum(minutes), 0), 9) FROM ({}) GROUP BY 1, 2", numbered(by));
        proof(&sql, Role::Practitioner)
    };
    assert!(sum("practice", "practice").is_ok() && sum("practice, day", "day").is_ok());
    assert!(sum("practice", "day").unwrap_err().to_string().contains("not alone"));
}
