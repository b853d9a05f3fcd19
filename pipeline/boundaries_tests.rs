//! Files as offices publish them, and as they should not be.

use super::*;

const CODES: [&str; 3] = ["S37000001", "S37000002", "S37000032"];

fn read_text(text: &str) -> Result<Outlines> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hscp.geojson");
    std::fs::write(&path, text).unwrap();
    let codes = BTreeSet::from(CODES);
    let retired = BTreeMap::from([("S37000014".to_owned(), "S37000032".to_owned())]);
    read(&path, Wanted { level: "hscp", codes: &codes, retired: &retired })
}

const SQUARE: &str = "[[-3.0,57.0],[-2.9,57.0],[-2.9,57.1],[-3.0,57.0]]";

fn feature(properties: &str, geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{properties},"geometry":{geometry}}}"#)
}

fn polygon(rings: &[&str]) -> String {
    format!(r#"{{"type":"Polygon","coordinates":[{}]}}"#, rings.join(","))
}

fn collection(features: &[String]) -> String {
    // Members before the features, some of them lists, as some programs write.
    format!(r#"{{"bbox":[-4,56,-2,58],"name":"x","features":[{}],"type":"FeatureCollection"}}"#, features.join(","))
}

fn coded(code: &str) -> String {
    feature(&format!(r#"{{"name":"Somewhere","code":"{code}","n":7}}"#), &polygon(&[SQUARE]))
}

#[test]
fn the_property_with_the_codes_is_found_and_retired_codes_count() {
    let file = collection(&["S37000001", "S37000014", "S37000099"].map(coded));
    let found = read_text(&file).unwrap();
    assert_eq!(found.of.keys().collect::<Vec<_>>(), ["S37000001", "S37000032"]);
    assert_eq!(found.of["S37000032"], [vec![(-3.0, 57.0), (-2.9, 57.0), (-2.9, 57.1), (-3.0, 57.0)]]);
    assert_eq!((found.missing.clone(), found.others.clone()), (vec!["S37000002".into()], vec!["S37000099".into()]));
    let said = found.warning(Path::new("hscp.geojson"), "hscp").unwrap();
    let expected = "hscp.geojson: no boundary of 1 of the areas of `hscp` (S37000002); 1 boundaries of no area of the \
                    lookup, left out (S37000099)";
    assert_eq!(said, expected);
}

#[test]
fn names_are_found_by_what_their_property_is_called_and_disputed_ones_are_none() {
    let named = |code: &str, name: &str| {
        feature(&format!(r#"{{"HSCPName":"{name}","code":"{code}","surname":"x"}}"#), &polygon(&[SQUARE]))
    };
    let file = collection(&[
        named("S37000001", "Aberdeen"),
        named("S37000002", "Angus"),
        named("S37000002", "Fife"),
        feature(r#"{"HSCPName":"Argyll","code":"S37000032"}"#, &polygon(&[SQUARE])),
    ]);
    let names = read_text(&file).unwrap().names.into_iter().collect::<BTreeMap<_, _>>();
    let expected = [("S37000001", "Aberdeen"), ("S37000032", "Argyll")];
    assert_eq!(names, BTreeMap::from(expected.map(|(code, name)| (code.to_owned(), name.to_owned()))));
}

#[test]
fn an_area_in_several_features_is_all_of_them_and_none_of_them_twice() {
    let other = "[[-2.0,57.0],[-1.9,57.0],[-1.9,57.1]]";
    let properties = r#"{"code":"S37000001"}"#;
    let several = format!(r#"{{"type":"MultiPolygon","coordinates":[[{other}],[{SQUARE}]]}}"#);
    let file = collection(&[feature(properties, &polygon(&[SQUARE])), feature(properties, &several)]);
    let found = read_text(&file).unwrap();
    let rings = &found.of["S37000001"];
    // The open ring is closed, and the square that comes twice does not undo itself.
    assert_eq!(rings.len(), 2);
    assert!(rings.iter().all(|ring| ring.len() == 4 && ring.first() == ring.last()), "{rings:?}");
    assert_eq!(found.missing.len(), 2);
}

#[test]
fn the_member_id_may_hold_the_codes_and_an_area_may_have_no_geometry() {
    let with_id = coded("x").replacen("{", r#"{"id":"S37000002","#, 1);
    let found = read_text(&collection(&[with_id, feature(r#"{"id":"S37000001"}"#, "null")])).unwrap();
    assert_eq!(found.of.keys().collect::<Vec<_>>(), ["S37000002"]);
    assert_eq!(found.missing, ["S37000001", "S37000032"]);
}

#[test]
fn each_fault_is_told_with_its_place_and_what_to_do() {
    let ring = |ring: &str| collection(&[coded("S37000001"), feature(r#"{"code":"S37000002"}"#, &polygon(&[ring]))]);
    let metres = ring("[[325000.0,673000.0],[325100.0,673000.0],[325100.0,673100.0],[325000.0,673000.0]]");
    let point = feature(r#"{"code":"S37000001"}"#, r#"{"type":"Point","coordinates":[-3.0,57.0]}"#);
    for (text, complaints) in [
        ("not JSON".to_owned(), &["this is not GeoJSON", "FeatureCollection"][..]),
        (String::new(), &["this is not GeoJSON"]),
        ("[]".to_owned(), &["this is not GeoJSON", "FeatureCollection"]),
        (coded("S37000001"), &["this is a \"Feature\", and no FeatureCollection"]),
        ("{}".to_owned(), &["JSON without a `type`"]),
        (collection(&[coded("S37000001")]) + "{", &["this is not GeoJSON"]),
        (collection(&[coded("S37000001"), "7".into()]), &["feature 2 is no GeoJSON"]),
        (metres, &["feature 2", "[325000, 673000]", "metres", "EPSG:4326"]),
        (ring("[[-3.0,57.0],[-2.9,90.5],[-2.9,57.1],[-3.0,57.0]]"), &["feature 2", "90.5"]),
        (ring("[[-3.0,57.0],[-2.9,57.0]]"), &["feature 2", "a ring of 3 points"]),
        (ring("[]"), &["feature 2", "a ring of 0 points"]),
        (collection(&[point]), &["feature 1", "a Point bounds no area", "MultiPolygon"]),
        (collection(&[coded("S08000001")]), &["`hscp`, such as S37000001", "`code` (\"S08000001\")", "`name`"]),
        (collection(&[]), &["it has no features"]),
    ] {
        let error = read_text(&text).expect_err(&text);
        assert_eq!(error.exit_code(), 11, "{error}");
        let said = error.to_string();
        assert!(said.contains("hscp.geojson: ") && complaints.iter().all(|it| said.contains(it)), "{said}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let codes = BTreeSet::new();
    let error = read(Path::new("absent.geojson"), Wanted { level: "hscp", codes: &codes, retired: &BTreeMap::new() });
    assert!(error.unwrap_err().to_string().contains("absent.geojson"));
}

#[test]
fn a_mark_of_the_encoding_is_no_part_of_a_file() {
    let file = collection(&CODES.map(coded));
    assert_eq!(read_text(&format!("\u{feff}{file}")).unwrap(), read_text(&file).unwrap());
}

#[test]
fn what_is_refused_is_named_as_it_is() {
    let told = |text: &str| read_text(text).unwrap_err().to_string();
    assert!(told(r#"{"type":"FeatureCollection"}"#).contains("this FeatureCollection has no `features`"));
    assert!(told(&collection(&[])).contains("it has no features"));
    let shouting = feature("{\"a\\u001b[31m\":\"x\"}", &polygon(&[SQUARE]));
    let told = told(&collection(&[shouting]));
    assert!(told.contains("a\\u{1b}[31m") && !told.contains('\u{1b}'), "{told}");
}
