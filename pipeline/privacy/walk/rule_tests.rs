//! The rules of the walk one by one: what each admits, and what is just beyond it.

use super::tests::{PLACES, VISITS, clamped, holds, kept, placed, proof, refused};
use super::*;

#[test]
fn the_top_of_a_plan_may_name_and_nothing_else() {
    holds(&format!("SELECT * FROM ({}) AS named", placed(&kept(3), PLACES)), (3, -5, 60), true);
    let never = format!("{} WHERE false GROUP BY 1, 2", "SELECT code, 0, count(*) FROM visits");
    assert_eq!(proof(&never, Role::Patient).unwrap().bounds(10, 4).unwrap(), None);
    let order = "a place and values in this order";
    refused(&format!("SELECT sum(value) FROM ({})", kept(3)), order);
    refused(&format!("SELECT DISTINCT code, 0 FROM ({})", kept(3)), order);
}

#[test]
fn the_argument_ends_in_how_far_one_person_reaches() {
    let ends = |sql: &str, words: &str| {
        let last = proof(sql, Role::Patient).unwrap().argument().last().unwrap().clone();
        assert_eq!(last, format!("So one patient can move at most {words}."));
    };
    let places = format!("SELECT place % 4, 0, count(*) FROM ({PLACES}) GROUP BY 1, 2");
    ends(&places, "one cell, each by 0 to 1");
    ends(&placed(&kept(3), PLACES), "3 cells, each by -5 to 60");
    ends(&placed(&clamped(), PLACES), "the cells of one place, each by -5 to 60");
    ends(
        "SELECT code, 0, count(DISTINCT person) FROM visits WHERE person IS NOT NULL GROUP BY 1, 2",
        "every cell, each by 0 to 1",
    );
}

#[test]
fn joins_are_known_by_their_sides() {
    let neither = "joins private rows on neither a person nor a public table";
    // A public table on the left, and two of them.
    let left =
        format!("SELECT v.person, a.zone AS code, v.minutes FROM areas AS a JOIN ({VISITS}) AS v ON v.code = a.row");
    holds(&placed(&clamped().replace(VISITS, &left), PLACES), (10, -5, 60), true);
    let two =
        left.replace("areas AS a", "(SELECT a.row, b.zone FROM areas AS a JOIN areas AS b ON a.zone = b.row) AS a");
    holds(&placed(&clamped().replace(VISITS, &two), PLACES), (10, -5, 60), true);
    let sum = format!(
        "SELECT a.zone, 0, sum(e.value) FROM areas AS a LEFT JOIN ({}) AS e ON a.row = e.code GROUP BY 1, 2",
        kept(3)
    );
    refused(&sum, neither);
    refused(
        &format!("SELECT zone, 0, count(*) FROM areas WHERE row IN (SELECT code FROM ({VISITS})) GROUP BY 1, 2"),
        neither,
    );
    // The person's one row on the left, and their many on the right.
    let turned = format!(
        "SELECT p.place, e.code, sum(e.value) FROM ({PLACES}) AS p JOIN ({}) AS e ON p.person = e.person GROUP BY 1, 2",
        clamped()
    );
    holds(&turned, (10, -5, 60), true);
    // A token leads to people by an inner join only.
    let led = "SELECT 0, code, count(*) FROM visits AS v JOIN register AS w ON v.token = w.token WHERE v.person IS NULL GROUP BY 1, 2";
    refused(led, "rows that nothing limits");
    refused(&led.replace("JOIN", "LEFT JOIN"), neither);
    refused(&led.replace("JOIN register AS w ON v.token = w.token", "CROSS JOIN register AS w"), neither);
    refused(
        "SELECT 0, code, count(*) FROM visits WHERE person IS NULL AND token IN (SELECT token FROM register) GROUP BY 1, 2",
        neither,
    );
}

#[test]
fn conditions_and_aggregates_are_known_by_what_they_are_of() {
    // Only the person's own column, not blank, names a person; only blank does it not.
    let other = kept(3).replace("person IS NOT NULL", "minutes IS NOT NULL");
    refused(&placed(&other, PLACES), "one group of all rows that name nobody");
    holds(&placed(&kept(3).replace(VISITS, &format!("{VISITS} AND token IS NULL")), PLACES), (3, -5, 60), true);
    holds(
        &placed(&kept(3).replace(VISITS, &format!("SELECT * FROM ({VISITS}) ORDER BY minutes")), PLACES),
        (3, -5, 60),
        true,
    );
    // Ranges of what is counted, and of the greatest and the least.
    let value = |of: &str| placed(&kept(3).replace("least(greatest(sum(minutes), -5), 60)", of), PLACES);
    holds(&value("least(count(*), 5)"), (3, 0, 5), true);
    holds(&value("max(least(greatest(minutes, -5), 60))"), (3, -5, 60), true);
    holds(&value("min(least(greatest(minutes, -5), 60))"), (3, -5, 60), true);
    let unknown = "aggregates in a way whose effect is not known";
    refused(
        &value("least(greatest(sum(minutes) FILTER (WHERE token IS NULL), -5), 60)")
            .replace("minutes FROM", "minutes, token FROM"),
        unknown,
    );
    refused(&value("least(greatest(CAST(avg(minutes) AS BIGINT), -5), 60)"), unknown);
}

#[test]
fn limits_and_unions_are_those_of_all_their_parts() {
    let fewer = format!(
        "SELECT person, code, value FROM (SELECT *, row_number() OVER (PARTITION BY person ORDER BY code) AS k \
         FROM ({})) WHERE k <= 2",
        kept(3)
    );
    holds(&placed(&fewer, PLACES), (2, -5, 60), true);
    let public = "SELECT CAST(row AS DECIMAL(38, 0)), row, zone FROM areas";
    let mixed = format!("SELECT code, 0, count(*) FROM ({VISITS} UNION ALL {public}) GROUP BY 1, 2");
    refused(&mixed, "rows that do not all name their person in one column");
    let nobodys =
        "SELECT row, 0, count(*) FROM (SELECT * FROM areas UNION ALL SELECT zone, row FROM areas) GROUP BY 1, 2";
    assert_eq!(proof(nobodys, Role::Patient).unwrap().bounds(10, 4).unwrap(), None);
}
