//! Every condition that `config` lets pass is one that the engine can plan and run, on rows of any kind.

use super::board::{board, exact, linked, plan, report};
use crate::config::filter_tests::{MAY_RUN, may_run};
use crate::config::plan::Measure;

/// Conditions at the ends of what a row can hold: none may fail there, for a failure would tell of that row.
const EXTREME: [&str; 12] = [
    "balance * 9223372 > 0 and -balance * 9223372 < 9223372036854775807",
    "-balance - 9223371036854775807 < balance + 9223371036854775807",
    "try_cast(balance as int) * 2147483647 > 0",
    "extract(year from try_cast(try_cast(balance as varchar) as date)) > 0",
    "try_cast(mode as date) is null",
    "try_cast(ended_on as varchar) like '%-01'",
    "try_cast(minutes as varchar) like mode",
    "mode like '%' || mode || '%'",
    "strpos(mode, '') = 1 or strpos('', mode) = 0",
    "case when balance > 0 then balance else -1 end * minutes > 0",
    "extract(doy from ended_on) > 0 or extract(dow from contacted_on) >= 0",
    "length(lower(mode) || upper(attended) || btrim(mode)) > 7",
];

#[test]
fn what_may_run_runs() {
    let conditions = MAY_RUN.iter().chain(&EXTREME).enumerate();
    let measures = conditions.map(|(number, condition)| {
        // JSON's quotes are YAML's too.
        let condition = serde_json::to_string(condition).unwrap();
        (format!("m{number}"), format!("{{ persons: contacts, where: {condition} }}"))
    });
    let measures = measures.collect::<Vec<_>>();
    let measures = measures.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>();
    let folder = board()
        .with(
            "contacts",
            "chi contacted_on minutes mode      attended balance        ended_on   org_id
             P1  2024-08-15   0       phone     yes      1000000000000  -          O1
             P1  2024-08-15   480     home      no       -1000000000000 2024-09-01 O2
             P2  1990-01-01   7       -         -        -              1990-01-01 O9
             P3  2024-07-01   1       in_person yes      2147483648     1990-01-01 O3
             P5  2024-09-30   10      video     unknown  x              soon       -",
        )
        .folder(&[("spec", &report("[area, mode]", &measures))]);
    let plan = plan(folder.path());
    let failed = linked(&plan, |linked| {
        let asked = plan.reports[0].measures.iter();
        let failed = asked.filter_map(|asked| Some((asked, exact(&plan, asked, linked).err()?)));
        failed.map(|(asked, error)| format!("{:?}: {error}", asked.filter)).collect::<Vec<_>>()
    });
    assert_eq!(failed, Vec::<String>::new());
}

/// A query that clears a dozen cells is a dozen queries within one another, and a condition stands in the innermost.
#[test]
fn the_deepest_condition_runs_in_the_deepest_query() {
    let measure = "{ persons: contacts, per_person: { cells: 12 } }";
    let folder = board()
        .with("contacts", "chi mode")
        .folder(&[("spec", &report("[area, mode, attended, sex]", &[("asked", measure)]))]);
    let plan = plan(folder.path());
    linked(&plan, |linked| {
        let nested = |deep: usize| {
            let brackets = ["(not ".repeat(deep), ")".repeat(deep)];
            format!("{}ended_on - (contacted_on - minutes) > 7{}", brackets[0], brackets[1])
        };
        let schema = &linked.tables["contacts"].schema;
        let deepest = (1..50).map(nested).take_while(|condition| may_run(condition, schema)).last().unwrap();
        assert!(deepest.matches('(').count() > 8, "{deepest}");
        let asked = Measure { filter: Some(deepest), ..plan.reports[0].measures[0].clone() };
        exact(&plan, &asked, linked).map(drop).unwrap();
    });
}
