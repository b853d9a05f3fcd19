//! Relations that are made of private tables: what is proved of their rows, and what is known of them afterwards.

use super::tests::{VISITS, plan, sources};
use super::*;

/// The register's rows of patients who have visits.
const VISITORS: &str = "SELECT r.person, r.place FROM register AS r LEFT SEMI JOIN (SELECT DISTINCT person FROM \
    (SELECT person FROM visits WHERE person IS NOT NULL AND code < 3 UNION ALL SELECT person FROM register WHERE day > 1)) \
    AS v ON r.person = v.person WHERE r.place > 0";

fn own(sql: &str, role: Role) -> Result<Own> {
    rows_are_own(&plan(sql), &sources(), role)
}

#[track_caller]
fn refused(sql: &str, why: &str) {
    match own(sql, Role::Patient) {
        Ok(own) => panic!("{sql}\nwas let through: {own:?}"),
        Err(error) => assert!(error.to_string().contains(why), "{sql}\n{error}"),
    }
}

#[test]
fn rows_kept_for_their_persons_own_rows_are_own() {
    let kept = own(VISITORS, Role::Patient).unwrap();
    assert_eq!((kept.role, kept.person.as_str()), (Role::Patient, "person"));
    assert!(kept.argument.contains(&"It is joined on the patient.".to_owned()), "{:?}", kept.argument);
    let renamed = own(&format!("SELECT place, person AS whose FROM ({VISITORS})"), Role::Patient).unwrap();
    assert_eq!(renamed.person, "whose");
    assert!(own("SELECT clp, practice FROM posts", Role::Practitioner).is_ok());
}

#[test]
fn rows_that_other_peoples_rows_decide_are_refused() {
    refused(
        &VISITORS.replace("r.person = v.person", "r.place = v.person"),
        "joins rows of one patient with those of another",
    );
    refused(
        &VISITORS.replace("LEFT SEMI", "LEFT ANTI"),
        "joins in a way whose effect on one person's rows is not known",
    );
    refused(
        &VISITORS.replace("SELECT person FROM visits", "SELECT DISTINCT token AS person FROM visits"),
        "have nothing in common",
    );
    refused(&format!("{VISITORS} LIMIT 5"), "");
    refused(&format!("SELECT * FROM ({VISITORS}) ORDER BY place LIMIT 5"), "");
    refused(&format!("{VISITORS} AND r.day > (SELECT min(day) FROM register)"), "");
    refused(
        "SELECT person, place, row_number() OVER (PARTITION BY place) AS n FROM register",
        "numbers rows across people",
    );
}

#[test]
fn rows_that_do_not_say_whose_they_are_are_refused() {
    let not = "not each one person's own";
    refused("SELECT place, day FROM register", "does not give whose its rows are");
    refused("SELECT DISTINCT place FROM register", "have nothing in common");
    refused("SELECT place, count(*) FROM register GROUP BY 1", "have nothing in common");
    refused("SELECT person, code FROM visits", not);
    refused("SELECT person, code FROM visits WHERE person IS NULL", not);
    refused("SELECT row, zone FROM areas", not);
    // Practitioners have a post of one practice each, and patients of that practice meet in it.
    assert!(own("SELECT practice, max(clp) FROM posts GROUP BY 1", Role::Practitioner).is_err());
}

/// What of a relation was proved for patients is no word about practitioners: whether a patient's row is kept may depend
/// on rows that name one.
#[test]
fn of_the_other_role_nothing_is_known() {
    let visitors = "SELECT r.person, r.place FROM register AS r LEFT SEMI JOIN visits AS v ON r.person = v.person";
    assert!(own(visitors, Role::Patient).is_ok());
    let refused = own(visitors, Role::Practitioner).unwrap_err().to_string();
    assert!(refused.contains("on neither a person nor a public table"), "{refused}");
    let mut sources = sources();
    sources.insert("kept".to_owned(), Holds::Own(own(VISITORS, Role::Patient).unwrap()));
    let places = "SELECT person, max(place) % 4 AS place FROM kept WHERE person IS NOT NULL GROUP BY person";
    let counted = plan(&format!("SELECT place, 0, count(*) FROM ({places}) GROUP BY 1, 2"));
    let proof = prove(&counted, &sources, Role::Patient).unwrap();
    assert_eq!(proof.bounds(10, 4).unwrap(), Some(Bounds::count(1).unwrap()));
    let told = |sentence: &str| proof.argument().iter().position(|it| it.contains(sentence)).unwrap();
    assert!(told("`register` is private") < told("`kept` is private"), "{:?}", proof.argument());
    let refused = prove(&counted, &sources, Role::Practitioner).unwrap_err().to_string();
    assert!(refused.contains("without regard to people of this role"), "{refused}");
    // Its rows join with the patient's others, and with nobody else's.
    let joined = |on: &str| {
        let sql = format!(
            "SELECT k.place, 0, sum(v.n) FROM (SELECT person, least(count(*), 5) AS n FROM ({VISITS}) GROUP BY person) AS v \
             LEFT JOIN ({places}) AS k ON {on} GROUP BY 1, 2"
        );
        prove(&plan(&sql), &sources, Role::Patient)
    };
    assert_eq!(joined("v.person = k.person").unwrap().bounds(10, 4).unwrap(), Some(Bounds::new(1, 0, 5).unwrap()));
    assert!(joined("v.n = k.place").is_err());
}
