use super::arrived::by_file;

#[test]
fn a_refusal_is_told_from_its_file() {
    let of = |text: &str| by_file(text).map(|(path, why)| format!("{path}|{why}"));
    assert_eq!(of("/a/b.csv: the file is empty").as_deref(), Some("/a/b.csv|the file is empty"));
    assert_eq!(of("cannot open /a/b c.csv: no access").as_deref(), Some("/a/b c.csv|cannot open it: no access"));
    assert_eq!(of("the public tables refer to one another in a circle"), None);
}
