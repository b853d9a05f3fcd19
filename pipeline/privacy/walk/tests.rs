//! Plans that hold, and plans that must not: each is SQL, planned and optimised by the engine as it is for a report.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;

use super::*;
use crate::privacy::{Private, Regrouping};

/// `visits` may name nobody, and neither need `stays`, which have a bucket; `register` has several rows a patient, and `kept` may be made of some of them; `posts` names
/// practitioners only.
pub(super) fn plan(sql: &str) -> LogicalPlan {
    let context = SessionContext::new();
    let whole = |name: &str| Field::new(name, DataType::Int64, true);
    let person = |nullable| Field::new("person", DataType::Decimal128(38, 0), nullable);
    let clp = || Field::new("clp", DataType::Decimal128(38, 0), true);
    let token = || Field::new("token", DataType::Decimal128(38, 0), true);
    let tables = [
        ("visits", vec![person(true), clp(), token(), whole("code"), whole("minutes")]),
        ("register", vec![person(false), token(), whole("place"), whole("day")]),
        ("kept", vec![person(true), whole("place")]),
        ("stays", vec![person(true), clp(), whole("place"), whole("n"), Field::new("bucket", DataType::Int8, false)]),
        ("posts", vec![Field::new("clp", DataType::Decimal128(38, 0), false), whole("practice")]),
        ("areas", vec![whole("row"), whole("zone")]),
        ("stray", vec![whole("row")]),
    ];
    for (name, fields) in tables {
        context.register_table(name, Arc::new(EmptyTable::new(Arc::new(Schema::new(fields))))).unwrap();
    }
    // As the engine does: the planner calls itself once for every query within a query.
    let (sql, deep) = (sql.to_owned(), std::thread::Builder::new().stack_size(64 << 20));
    let planned = deep.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { context.sql(&sql).await.unwrap().into_optimized_plan().unwrap() })
    });
    planned.unwrap().join().unwrap()
}

pub(super) fn sources() -> Sources {
    let people = |patient: Option<&str>, practitioner: Option<&str>| Holds::People {
        patient: patient.map(str::to_owned),
        practitioner: practitioner.map(str::to_owned),
    };
    let known = [
        ("visits", people(Some("person"), Some("clp"))),
        ("register", people(Some("person"), None)),
        ("stays", people(Some("person"), Some("clp"))),
        ("posts", people(None, Some("clp"))),
        ("areas", Holds::Nobody),
    ];
    known.into_iter().map(|(name, holds)| (name.to_owned(), holds)).collect()
}

pub(super) fn proof(sql: &str, role: Role) -> Result<Proof> {
    prove(&plan(sql), &sources(), role)
}

/// What a patient can do over places of 10 codes, of which there are 4.
#[track_caller]
pub(super) fn holds(sql: &str, expected: (u32, i64, i64), one_place: bool) {
    let proof = proof(sql, Role::Patient).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    let (cells, low, high) = expected;
    assert_eq!(proof.bounds(10, 4).unwrap(), Some(Bounds::new(cells, low, high).unwrap()), "{sql}");
    assert_eq!(proof.one_place(), one_place, "{sql}");
}

#[track_caller]
pub(super) fn refused(sql: &str, why: &str) {
    match proof(sql, Role::Patient) {
        Ok(proof) => panic!("{sql}\nwas let through: {:?}", proof.argument()),
        Err(error) => assert!(error.to_string().contains(why), "{sql}\n{error}"),
    }
}

pub(super) const VISITS: &str = "SELECT person, code, minutes FROM visits WHERE person IS NOT NULL";
pub(super) const PLACES: &str = "SELECT person, max(place) AS place FROM register GROUP BY person";

/// Minutes a patient and code, clamped.
pub(super) fn clamped() -> String {
    format!("SELECT person, code, least(greatest(sum(minutes), -5), 60) AS value FROM ({VISITS}) GROUP BY person, code")
}

/// The first `most` codes of each patient.
pub(super) fn kept(most: u32) -> String {
    format!(
        "SELECT person, code, value FROM (SELECT *, row_number() OVER (PARTITION BY person ORDER BY value) AS n \
         FROM ({})) WHERE n <= {most}",
        clamped()
    )
}

pub(super) fn placed(rows: &str, places: &str) -> String {
    format!(
        "SELECT coalesce(p.place, 4) AS place, e.code, sum(e.value) AS value FROM ({rows}) AS e LEFT JOIN ({places}) AS p \
         ON e.person = p.person GROUP BY 1, 2"
    )
}

/// People by a mask of their codes, in `prime` permuted bits, of which `cleared` clearings of the lowest are kept.
fn masked(key: &str, prime: u32, cleared: u32, codes: &[u32], step: &str) -> String {
    let x = format!("({key} % {} + 1)", prime - 1);
    let bit = |code: &str| format!("({x} * {code} + {key} / {}) % {prime}", prime - 1);
    let mut sql =
        format!("SELECT person, bit_or(CAST(1 AS BIGINT) << ({})) AS m0 FROM ({VISITS}) GROUP BY person", bit("code"));
    for n in 1..=cleared {
        sql = format!("SELECT person, m0, m{0} & (m{0} - {step}) AS m{n} FROM ({sql})", n - 1);
    }
    let sums = codes
        .iter()
        .enumerate()
        .map(|(n, code)| format!("sum(((m0 - m{cleared}) >> ({})) & 1) AS c{n}", bit(&code.to_string())));
    format!("SELECT 0 AS place, {} FROM ({sql})", sums.collect::<Vec<_>>().join(", "))
}

const KEY: &str = "greatest(CAST(person % CAST(110 AS DECIMAL(38, 0)) AS BIGINT), 0)";

#[test]
fn people_rows_and_sums_are_bounded_by_their_plan() {
    holds(&format!("SELECT place % 4, 0, count(*) FROM ({PLACES}) GROUP BY 1, 2"), (1, 0, 1), true);
    holds(&placed(&kept(3), PLACES), (3, -5, 60), true);
    // Without the first few, as many cells as a place has.
    holds(&placed(&clamped(), PLACES), (10, -5, 60), true);
    // Where the place is not the person's but the row's, cells lie anywhere.
    let by_row = "SELECT code AS place, 0 AS code, sum(value) FROM";
    holds(&format!("{by_row} ({}) GROUP BY 1", kept(3)), (3, -5, 60), false);
    // Two rows of a person that meet in a cell add up.
    holds(&format!("SELECT 0 AS place, sum(value) FROM ({}) GROUP BY 1", kept(3)), (3, -15, 180), true);
    // Once a cell, and in every cell there is.
    let distinct = "SELECT code, 0, count(DISTINCT person) FROM visits WHERE person IS NOT NULL GROUP BY 1, 2";
    holds(distinct, (40, 0, 1), false);
    // A public table, and a token.
    let public = format!(
        "SELECT v.person, a.zone AS code, v.minutes FROM ({VISITS}) AS v LEFT JOIN areas AS a ON v.code = a.row"
    );
    holds(&placed(&clamped().replace(VISITS, &public), PLACES), (10, -5, 60), true);
    let token = format!(
        "{VISITS} UNION ALL SELECT w.person, v.code, v.minutes FROM visits AS v JOIN (SELECT DISTINCT token, person FROM \
         register WHERE token IS NOT NULL) AS w ON v.token = w.token WHERE v.person IS NULL"
    );
    holds(&placed(&clamped().replace(VISITS, &token), PLACES), (10, -5, 60), true);
}

#[test]
fn a_mask_is_bounded_by_its_bits() {
    holds(&masked(KEY, 11, 3, &[0, 1, 2, 5, 10], "1"), (3, 0, 1), true);
    // Nothing cleared: as many cells as a place has.
    let all = "SELECT 0 AS place, sum(m & 1) AS a, sum((m >> 1) & 1) AS b, sum((m >> 62) & 1) AS c FROM \
        (SELECT person, bit_or(1 << code) AS m FROM visits WHERE person IS NOT NULL GROUP BY person)";
    holds(all, (10, 0, 1), true);
    refused(&all.replace("62", "1"), "not the bits of one number");
    refused(&all.replace("62", "63"), "not the bits of one number");
    refused(&all.replace("GROUP BY person", "GROUP BY person, minutes"), "not the bits of one number");
}

#[test]
fn a_mask_whose_bits_may_be_read_twice_is_refused() {
    let not = "not the bits of one number";
    refused(&masked(KEY, 11, 3, &[0, 1, 1], "1"), not);
    refused(&masked(KEY, 11, 3, &[0, 11], "1"), not);
    refused(&masked(KEY, 9, 3, &[0, 1], "1"), not);
    refused(&masked(KEY, 67, 3, &[0, 1], "1"), not);
    // A key below 0 could make the step of the permutation 0.
    refused(&masked("CAST(person % CAST(110 AS DECIMAL(38, 0)) AS BIGINT)", 11, 3, &[0, 1], "1"), not);
    // What clears no lowest bit limits nothing: then every code may count.
    holds(&masked(KEY, 11, 3, &[0, 1, 2, 5, 10], "2"), (10, 0, 1), true);
}

#[test]
fn what_nothing_bounds_is_refused() {
    let unbounded = "adds up values that nothing clamps, or rows that nothing limits";
    refused(&format!("SELECT code, 0, sum(minutes) FROM ({VISITS}) GROUP BY 1, 2"), unbounded);
    refused(&format!("SELECT code, 0, sum(least(greatest(minutes, 0), 60)) FROM ({VISITS}) GROUP BY 1, 2"), unbounded);
    refused(&format!("SELECT code, 0, count(*) FROM ({VISITS}) GROUP BY 1, 2"), unbounded);
    // A clamp above the sum over people bounds nobody.
    refused(&format!("SELECT code, 0, least(greatest(sum(minutes), 0), 60) FROM ({VISITS}) GROUP BY 1, 2"), unbounded);
    // One side of a clamp.
    refused(&placed(&kept(3).replace("greatest(sum(minutes), -5)", "sum(minutes)"), PLACES), unbounded);
    // A column that is written anew after its clamp (opendp#2949).
    refused(
        &placed(
            &kept(3).replace("SELECT person, code, value FROM (", "SELECT person, code, value * 2 AS value FROM ("),
            PLACES,
        ),
        unbounded,
    );
    refused(&placed(&kept(3), PLACES).replace("sum(e.value)", "sum(e.value) * 2"), "above its sums");
    // Several registrations: the join would count a person once for each.
    refused(&placed(&clamped(), "SELECT person, place FROM register"), unbounded);
    // Numbered within person and code, each of which then has one row: nothing is limited.
    let by_both = kept(3)
        .replace("PARTITION BY person", "PARTITION BY person, minutes")
        .replace("code, least", "code, minutes, least");
    refused(&placed(&by_both.replace("BY person, code)", "BY person, code, minutes)"), PLACES), unbounded);
}

#[test]
fn rows_of_different_people_do_not_mix() {
    refused(
        &placed(&clamped(), "SELECT place AS person, max(day) AS place FROM register GROUP BY 1")
            .replace("e.person = p.person", "e.code = p.person"),
        "",
    );
    refused(
        "SELECT 0 AS a, 0 AS b, count(*) FROM visits AS v JOIN register AS r ON v.code = r.place WHERE v.person IS NOT NULL",
        "joins rows of one patient with those of another",
    );
    refused("SELECT 0 AS a, 0 AS b, count(*) FROM visits AS v CROSS JOIN register AS r WHERE v.person IS NOT NULL", "");
    refused(&placed(&kept(3), PLACES).replace("LEFT JOIN", "FULL JOIN"), "");
    refused(&placed(&kept(3), PLACES).replace("LEFT JOIN", "RIGHT JOIN"), "");
    refused("SELECT a.zone, 0, count(*) FROM areas AS a LEFT JOIN visits AS v ON a.row = v.code GROUP BY 1, 2", "");
    refused("SELECT zone, 0, count(*) FROM areas WHERE row IN (SELECT code FROM visits) GROUP BY 1, 2", "");
    refused(&placed(&kept(3).replace("PARTITION BY person", ""), PLACES), "numbers rows across people");
    refused(
        &placed(&kept(3).replace("PARTITION BY person", "PARTITION BY code"), PLACES),
        "numbers rows across people",
    );
    refused(&placed(&kept(3).replace("row_number()", "sum(value)"), PLACES), "numbers rows across people");
    // Distinct after bounding (google/differential-privacy#84).
    refused(
        &format!("SELECT code, 0, sum(value) FROM (SELECT DISTINCT code, value FROM ({})) GROUP BY 1, 2", kept(3)),
        "",
    );
    refused(
        &format!("SELECT code, 0, count(*) FROM (SELECT code, max(minutes) FROM ({VISITS}) GROUP BY 1) GROUP BY 1, 2"),
        "",
    );
    refused(
        &placed(&kept(3).replace(VISITS, &format!("SELECT * FROM ({VISITS}) ORDER BY minutes LIMIT 100")), PLACES),
        "",
    );
    refused(
        &placed(
            &kept(3).replace(
                VISITS,
                &format!("{VISITS} UNION ALL SELECT CAST(row AS DECIMAL(38, 0)), row, zone FROM areas"),
            ),
            PLACES,
        ),
        "",
    );
    // A condition that looks at other people's rows.
    refused(
        &placed(&kept(3).replace(VISITS, &format!("{VISITS} AND minutes > (SELECT max(day) FROM register)")), PLACES),
        "",
    );
    refused(
        &placed(
            &kept(3).replace(VISITS, &format!("{VISITS} AND EXISTS (SELECT 1 FROM register WHERE day = minutes)")),
            PLACES,
        ),
        "",
    );
}

#[test]
fn people_without_a_name_are_never_one_person() {
    refused(
        &placed(&kept(3).replace(" WHERE person IS NOT NULL", ""), PLACES),
        "one group of all rows that name nobody",
    );
    refused("SELECT code, 0, count(*) FROM visits WHERE person IS NULL GROUP BY 1, 2", "adds up rows that name nobody");
    refused("SELECT code, 0, count(*) FROM visits GROUP BY 1, 2", "adds up rows that name nobody");
    refused(
        "SELECT code, 0, count(*) FROM (SELECT code, token FROM visits WHERE person IS NULL GROUP BY 1, 2) GROUP BY 1, 2",
        "groups rows that name nobody",
    );
}

#[test]
fn what_the_proof_does_not_know_is_refused() {
    refused("SELECT 0 AS a, 0 AS b, count(*) FROM stray", "not known whom it holds");
    refused(
        &format!("SELECT code, 0, max(minutes) FROM ({VISITS}) GROUP BY 1, 2"),
        "releases something that is no sum",
    );
    refused(&format!("SELECT person, 0, count(*) FROM ({VISITS}) GROUP BY 1, 2"), "gives a row to each person");
    refused(&placed(&kept(3).replace("ORDER BY value", "ORDER BY random()"), PLACES), "another answer each time");
    refused(
        &placed(&kept(3).replace(VISITS, &format!("{VISITS} AND random() < 0.5")), PLACES),
        "another answer each time",
    );
    refused(&format!("SELECT code, 0, count(*) FROM ({}) GROUP BY ROLLUP (code)", kept(3)), "");
    refused(&format!("{} HAVING sum(e.value) > 10", placed(&kept(3), PLACES)), "stands above the sum that is released");
    refused(&format!("{} ORDER BY value LIMIT 3", placed(&kept(3), PLACES)), "stands above the sum that is released");
    refused(&format!("SELECT sum(value), code FROM ({}) GROUP BY code", kept(3)), "a place and values in this order");
}

/// Minutes a patient under the practice of theirs, for the posts of that practice, clamped a practice and code.
fn by_practice(clamp: &str) -> String {
    let rows = "SELECT v.person, v.code, v.minutes, q.practice FROM visits AS v \
        JOIN (SELECT clp, max(practice) AS practice FROM posts GROUP BY clp) AS q ON v.clp = q.clp \
        JOIN (SELECT person, max(place) AS place FROM register GROUP BY person) AS p \
        ON v.person = p.person AND q.practice = p.place WHERE v.person IS NOT NULL AND v.clp IS NOT NULL";
    let clamped = format!(
        "SELECT person, code, practice, least(greatest(sum(minutes), 0), 60) AS value FROM ({rows}) GROUP BY person, code, practice"
    );
    let kept = format!(
        "SELECT practice, code, value FROM (SELECT *, row_number() OVER (PARTITION BY person, practice ORDER BY code) AS n \
         FROM ({clamped})) WHERE n <= 2"
    );
    format!("SELECT practice, code, {clamp} AS value FROM ({kept}) GROUP BY 1, 2")
}

#[test]
fn two_roles_are_proved_of_one_plan() {
    let sql = by_practice("least(greatest(sum(value), -100), 4000)");
    let practitioner = proof(&sql, Role::Practitioner).unwrap();
    // All codes of one practice, each anywhere within the clamp before and after.
    assert_eq!(practitioner.bounds(10, 4).unwrap(), Some(Bounds::new(10, -4100, 4100).unwrap()));
    assert!(practitioner.one_place());
    let patient = proof(&sql, Role::Patient).unwrap();
    assert_eq!(patient.bounds(10, 4).unwrap(), Some(Bounds::new(2, 0, 60).unwrap()));
    assert!(patient.one_place());
    // A clamp that lies beside 0: a cell that nobody is in is 0.
    let beside = proof(&by_practice("least(greatest(sum(value), 10), 40)"), Role::Practitioner).unwrap();
    assert_eq!(beside.bounds(10, 4).unwrap(), Some(Bounds::new(10, -40, 40).unwrap()));
    let refused = proof(&by_practice("sum(value)"), Role::Practitioner).unwrap_err().to_string();
    assert!(refused.contains("without a clamp on each cell"), "{refused}");
    // Where the practice is the row's and not the practitioner's, one practitioner may be in all of them.
    let loose = sql.replace("max(practice) AS practice FROM posts GROUP BY clp", "practice FROM posts");
    let refused = proof(&loose, Role::Practitioner).unwrap_err().to_string();
    assert!(refused.contains("nothing in common"), "{refused}");
    // And where the patient may have several, so may their cells lie apart.
    let anywhere = proof(&sql.replace("AND q.practice = p.place", ""), Role::Patient).unwrap();
    assert_eq!(anywhere.bounds(10, 4).unwrap(), Some(Bounds::new(40, 0, 60).unwrap()));
    assert!(!anywhere.one_place());
    // A clamp that lies beside 0 would lift a cell that is hardly there.
    let lifted = proof(&by_practice("least(greatest(sum(value), 10), 40)"), Role::Patient);
    assert!(lifted.unwrap_err().to_string().contains("no clamp"));
}

#[test]
fn a_table_without_the_role_moves_nothing() {
    let proof =
        proof(&format!("SELECT place % 4, 0, count(*) FROM ({PLACES}) GROUP BY 1, 2"), Role::Practitioner).unwrap();
    assert_eq!(proof.bounds(10, 4).unwrap(), None);
    assert!(proof.argument().last().unwrap().contains("no practitioner can move any cell"));
}

#[test]
fn a_vector_is_bounded_as_its_plans_prove() {
    let measured = |rows, proofs: &[Proof]| Private::measured(vec![0; 40], 10, rows, proofs);
    let refused = measured(1, &[]).err().unwrap().to_string();
    assert!(refused.contains("nothing was proved of"), "{refused}");

    let place = format!("SELECT place % 4, 0, count(*) FROM ({PLACES}) GROUP BY 1, 2");
    let [patient, nobody] = [Role::Patient, Role::Practitioner].map(|role| proof(&place, role).unwrap());
    let unmoved = measured(u64::MAX, std::slice::from_ref(&nobody)).unwrap();
    assert_eq!(unmoved.bounds(), None);
    assert!(unmoved.protects(Role::Practitioner) && !unmoved.protects(Role::Patient));
    assert_eq!(measured(1, &[patient.clone(), nobody]).unwrap().bounds(), Some(&Bounds::count(1).unwrap()));
    assert!(measured(u64::MAX, std::slice::from_ref(&patient)).is_err());

    // Of several plans, the bounds hold for all; of places, as many as the vector has.
    let sql = by_practice("least(greatest(sum(value), -100), 4000)");
    let worker = proof(&sql, Role::Practitioner).unwrap();
    let both = measured(1, &[patient, worker]).unwrap();
    assert_eq!(both.bounds(), Some(&Bounds::new(10, -4100, 4100).unwrap()));
    assert!(Role::ALL.iter().all(|role| both.protects(*role)));
    let anywhere = proof(&sql.replace("AND q.practice = p.place", ""), Role::Patient).unwrap();
    assert_eq!(anywhere.bounds(1 << 63, 2).unwrap(), Some(Bounds::new(u32::MAX, 0, 60).unwrap()));
    let mixed = measured(1, &[anywhere.clone(), proof(&sql, Role::Practitioner).unwrap()]).unwrap();
    let anywhere = measured(1, &[anywhere]).unwrap();
    assert_eq!(anywhere.bounds(), Some(&Bounds::new(40, 0, 60).unwrap()));

    // Only where a person's cells lie in one place may cells be merged within places.
    let totals = |run| Regrouping::new(1, &[0; 40], run).unwrap();
    assert!(both.regroup(&totals(10)).is_ok() && anywhere.regroup(&totals(40)).is_ok());
    assert!(unmoved.regroup(&totals(10)).is_ok());
    assert!(mixed.regroup(&totals(10)).is_err() && mixed.regroup(&totals(40)).is_ok());
    assert!(both.regroup(&totals(5)).is_err() && anywhere.regroup(&totals(10)).is_err());
}
