use super::arrived::by_delivery;

#[test]
fn a_refusal_is_told_from_what_it_is_about() {
    let is = |text: &str, subject: &str, why: &str| by_delivery(text).contains(&(subject.to_owned(), why.to_owned()));
    assert!(is("/a/b.csv: the file is empty", "/a/b.csv", "the file is empty"));
    assert!(is("cannot open /a/b c.csv: no access", "/a/b c.csv", "cannot open it: no access"));
    assert!(is(
        "s3://bucket/a.csv: cannot be opened (other error)",
        "s3://bucket/a.csv",
        "cannot be opened (other error)"
    ));
    assert!(by_delivery("the public tables refer to one another in a circle").is_empty());
}
