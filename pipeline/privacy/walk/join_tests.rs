//! Joins of a person's rows with other rows of theirs: what stays one value a person, and what does not.

use super::tests::{PLACES, VISITS, clamped, holds, placed, refused};

#[test]
fn a_left_join_on_the_person_alone_leaves_what_it_joins_one_value_a_person() {
    holds(&placed(&clamped(), PLACES), (10, -5, 60), true);
}

/// Of a person's rows some would have the place, and the others none: that is two places.
#[test]
fn a_left_join_under_a_further_condition_is_refused_where_a_person_has_several_rows() {
    for further in ["e.value > p.place", "e.code = p.place"] {
        let further = format!("ON e.person = p.person AND {further}");
        let some = placed(&clamped(), PLACES).replace("ON e.person = p.person", &further);
        refused(&some, "joins some of a person's rows and leaves the others blank");
        // An inner join drops the others, and what is left agrees.
        holds(&some.replace("LEFT JOIN", "JOIN"), (10, -5, 60), true);
    }
}

/// A constant that a left join brings is blank where it brings nothing, and what is blank clamps nothing.
#[test]
fn a_bound_that_a_left_join_may_not_bring_is_no_bound() {
    let capped = |join: &str, cap: &str| {
        format!(
            "SELECT e.person, e.code, least(greatest(sum(e.minutes), -5), {cap}) AS value FROM ({VISITS}) AS e {join} \
             (SELECT person, 60 AS cap FROM ({PLACES}) WHERE place > 2) AS c ON e.person = c.person GROUP BY 1, 2, c.cap"
        )
    };
    holds(&placed(&capped("JOIN", "c.cap"), PLACES), (10, -5, 60), true);
    refused(&placed(&capped("LEFT JOIN", "c.cap"), PLACES), "that nothing clamps");
}

/// A public table may know one row of a person, and not the next: what it brings is then no place that they are in.
#[test]
fn a_constant_that_some_rows_lack_is_no_one_place() {
    let sql = |join: &str| {
        format!(
            "SELECT here AS place, code, sum(value) AS value FROM (SELECT e.person, e.code, a.here, \
             least(greatest(sum(e.minutes), -5), 60) AS value FROM ({VISITS}) AS e {join} (SELECT row, 3 AS here FROM areas \
             GROUP BY row) AS a ON e.code = a.row GROUP BY 1, 2, 3) GROUP BY 1, 2"
        )
    };
    holds(&sql("JOIN"), (10, -5, 60), true);
    holds(&sql("LEFT JOIN"), (40, -5, 60), false);
}

/// The days from each person's first to the next: one row a person on the left, so one cell.
#[test]
fn the_next_after_a_first_is_one_row_a_person() {
    let first = "SELECT person, min(day) AS day FROM register GROUP BY person";
    let next = format!(
        "SELECT b.person, min(e.minutes) - b.day AS days FROM ({first}) AS b LEFT JOIN ({VISITS}) AS e \
         ON b.person = e.person AND e.minutes >= b.day GROUP BY b.person, b.day"
    );
    let days = "CASE WHEN days < 7 THEN 0 WHEN days < 14 THEN 1 WHEN days IS NULL THEN 3 ELSE 2 END";
    holds(
        &format!("SELECT 0 AS place, {days} AS code, count(*) AS value FROM ({next}) GROUP BY 1, 2"),
        (1, 0, 1),
        true,
    );
    // Without the group, a person has a row for each.
    let each = "SELECT b.person, e.minutes - b.day AS days";
    let each =
        next.replace("SELECT b.person, min(e.minutes) - b.day AS days", each).replace(" GROUP BY b.person, b.day", "");
    refused(
        &format!("SELECT 0 AS place, {days} AS code, count(*) AS value FROM ({each}) GROUP BY 1, 2"),
        "that nothing limits",
    );
    // Joined on something else, one person's wait would end with another's visit.
    refused(
        &format!(
            "SELECT 0 AS place, {days} AS code, count(*) AS value FROM ({}) GROUP BY 1, 2",
            next.replace("b.person = e.person AND e.minutes >= b.day", "b.day = e.minutes")
        ),
        "with those of another",
    );
}

/// The furthest of several stages: a mask over tables that are put together, one row a person.
#[test]
fn the_furthest_stage_is_one_row_a_person() {
    let stage = |rows: &str, bit: u32| format!("SELECT person, CAST({bit} AS BIGINT) AS bit FROM ({rows})");
    let reached = |by: &str| {
        let all = [stage(VISITS, 1), stage("SELECT person FROM register", 2), stage(VISITS, 4)].join(" UNION ALL ");
        format!("SELECT {by} bit_or(bit) AS m FROM ({all}) GROUP BY person")
    };
    let furthest = "CASE WHEN (m & 2) = 0 THEN 0 WHEN (m & 4) = 0 THEN 1 ELSE 2 END";
    let sql = |rows: &str| {
        format!(
            "SELECT 0 AS place, {furthest} AS code, count(*) AS value FROM ({rows}) WHERE (m & 1) = 1 GROUP BY 1, 2"
        )
    };
    holds(&sql(&reached("person,")), (1, 0, 1), true);
    // A row a stage is a cell a stage.
    refused(&sql(&reached("person,").replace("GROUP BY person", "GROUP BY person, bit")), "that nothing limits");
    // A stage whose rows name nobody would be everyone's.
    let unnamed = reached("person,").replace(VISITS, "SELECT person FROM visits");
    refused(&sql(&unnamed), "do not all name their person");
}
