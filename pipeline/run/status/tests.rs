use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::Comparing;
use super::arrived::{Found, by_delivery, same};
use crate::config::plan::Sheet;
use crate::ingest::tally::Tally;
use crate::origin::{Content, Delivery, Pages};
use crate::progress::{Progress, Telling};
use crate::store::{Manifest, Stored};

/// An object in a store: whoever reads it has fetched it.
struct Elsewhere;

impl Pages for Elsewhere {
    fn size(&self) -> io::Result<u64> {
        Ok(7)
    }

    fn read_from(&self, _: u64) -> io::Result<Box<dyn Read + Send>> {
        panic!("it was fetched")
    }
}

fn part(bytes: u64) -> Stored {
    let text = |text: &str| text.to_owned();
    let manifest = Manifest {
        table: text("contacts"),
        source: text("s3://bucket/contacts.csv"),
        sha256: text("1"),
        bytes,
        rules: text("r"),
        key_id: None,
        mark: None,
        parts: Vec::new(),
        tally: Tally::default(),
    };
    Stored { folder: PathBuf::new(), manifest }
}

#[test]
fn what_is_elsewhere_is_told_without_fetching_it() {
    let delivery = Delivery {
        name: "s3://bucket/contacts.csv".into(),
        shown: "s3://bucket/contacts.csv".into(),
        bytes: 7,
        sheet: Sheet::default(),
        content: Content::Pages(Arc::new(Elsewhere)),
    };
    let found = Found { delivery, touched: None };
    let progress = Progress::new(Telling::Quiet);
    let stage = progress.stage("", None);
    for comparing in [Comparing::Hash, Comparing::SizeAndTime] {
        // Only parts of as many bytes come here.
        let stored = same(&(&found, vec![part(7)], vec![part(7)]), comparing, &stage);
        assert!(stored.now && !stored.before);
        assert!(!same(&(&found, vec![], vec![part(7)]), comparing, &stage).now);
    }
}

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
