//! Each kind of field, by tables of text and what is read.

use proptest::prelude::*;

use super::*;

fn int(read: Read<'_>) -> Option<i64> {
    match read.cell {
        Cell::Int(n) => Some(n),
        _ => None,
    }
}

#[test]
fn spec_of_ten_digits() {
    let good = Cell::Number(*b"0101010001");
    for (text, cell, repair, breach) in [
        ("0101010001", good, None, None),
        ("101010001", good, Some(Repair::LeadingZero), None),
        ("0101010002", Cell::Blank, None, Some(Rule::CheckDigit)),
        ("01010100", Cell::Blank, None, Some(Rule::Type)),
        ("01010100O1", Cell::Blank, None, Some(Rule::Type)),
        ("00101010001", Cell::Blank, None, Some(Rule::Type)),
    ] {
        assert_eq!(Convert::TenDigits.read(text.as_bytes()), Read { cell, repair, breach }, "{text}");
    }
}

#[test]
fn spec_of_digests() {
    let digest = "ED72F814B7905F3D3958749FA90FE657C101EC657402783DB68CBE3513E76087";
    let blank = crate::pseudonymise::digest(b"", b"");
    let convert = Convert::Digest { of_nothing: vec![blank] };
    let cell = |text: &'static str| Read::good(Cell::Bytes(text.as_bytes()));
    assert_eq!(convert.read(digest.as_bytes()), cell(digest));
    let lower = "ed72f814b7905f3d3958749fa90fe657c101ec657402783db68cbe3513e76087";
    assert_eq!(convert.read(lower.as_bytes()), cell(lower));
    // A number where a digest belongs must never become a pseudonym.
    for wrong in ["9434765919", &digest[1..], &format!("{}G", &digest[1..]), &format!("{digest}0")] {
        assert_eq!(convert.read(wrong.as_bytes()), Read::bad(Rule::Type), "{wrong}");
    }
    assert_eq!(convert.read(&blank), Read::bad(Rule::Required));
    assert_eq!(convert.read(&blank.to_ascii_uppercase()), Read::bad(Rule::Required));
}

#[test]
fn spec_of_dates() {
    let convert = Convert::Date { day_first: true, between: (0, 20_000) };
    for (text, day, repair, breach) in [
        ("1970-01-02", Some(1), None, None),
        ("02/01/1970", Some(1), Some(Repair::DayFirst), None),
        ("1970-01-02 00:00:00", Some(1), None, None),
        ("1970-01-02 00:01:00", None, None, Some(Rule::Type)),
        ("1970-02-30", None, None, Some(Rule::Date)),
        ("30/02/1970", None, None, Some(Rule::Date)),
        ("1969-12-31", Some(-1), None, Some(Rule::Range)),
        ("1970-1-2", None, None, Some(Rule::Type)),
        ("yesterday", None, None, Some(Rule::Type)),
        ("197O-01-02", None, None, Some(Rule::Type)),
    ] {
        let read = convert.read(text.as_bytes());
        assert_eq!((int(read), read.repair, read.breach), (day, repair, breach), "{text}");
    }
    let iso_only = Convert::Date { day_first: false, between: (0, 20_000) };
    assert_eq!(iso_only.read(b"02/01/1970").breach, Some(Rule::Type));
}

#[test]
fn spec_of_whole_numbers() {
    let pence = Convert::Whole { places: 2, between: (0, 1_000_000) };
    for (text, number, breach) in [
        ("12", Some(1200), None),
        ("12.5", Some(1250), None),
        ("12.50", Some(1250), None),
        ("12.500", Some(1250), None),
        ("12.505", None, Some(Rule::Type)),
        ("-1", Some(-100), Some(Rule::Range)),
        ("99999999999999999999", None, Some(Rule::Range)),
        ("1e3", None, Some(Rule::Type)),
        (".5", None, Some(Rule::Type)),
        ("1,000", None, Some(Rule::Type)),
        ("-", None, Some(Rule::Type)),
    ] {
        let read = pence.read(text.as_bytes());
        assert_eq!((int(read), read.breach), (number, breach), "{text}");
    }
}

#[test]
fn spec_of_codes_and_references() {
    let sex = Convert::Code(vec![b"F".to_vec(), b"M".to_vec()]);
    assert_eq!(int(sex.read(b"M")), Some(1));
    assert_eq!(sex.read(b"m").repair, Some(Repair::Case));
    assert_eq!(int(sex.read(b"unknown")), Some(2));
    assert_eq!(sex.read(b"X").breach, Some(Rule::CodeList));

    let bytes = |text: &str| text.as_bytes().to_vec();
    let zones = Convert::Reference(Arc::new(Reference {
        rows: HashMap::from([(bytes("S01000001"), 7)]),
        retired: HashMap::from([(bytes("S01000000"), bytes("S01000001"))]),
        unknown: vec![bytes("NFA")],
        vintages: vec![(bytes("S01000100"), bytes("S01000200"))],
    }));
    assert_eq!(int(zones.read(b"S01000001")), Some(7));
    assert_eq!(zones.read(b"S01000000").repair, Some(Repair::Retired));
    assert_eq!(zones.read(b"nfa"), Read { cell: Cell::Blank, repair: Some(Repair::NoFixedAbode), breach: None });
    assert_eq!(zones.read(b"s01000001").repair, Some(Repair::Case));
    assert_eq!(zones.read(b"S01000150").breach, Some(Rule::Vintage));
    assert_eq!(zones.read(b"S01000300").breach, Some(Rule::Reference));
}

#[test]
fn spec_of_practice_codes() {
    let listed = |code: &str, row| (code.as_bytes().to_vec(), row);
    let rows = HashMap::from([listed("10002", 4), listed("10003", 5)]);
    let known =
        Convert::PracticeCode { practices: Some(Arc::new(Reference { rows, ..Reference::default() })), pattern: None };
    for (text, cell, breach) in [
        ("10002", Cell::Int(4), None),
        // Published, whatever its check digit.
        ("10003", Cell::Int(5), Some(Rule::CheckDigit)),
        ("10021", Cell::Blank, Some(Rule::Reference)),
        ("1002", Cell::Blank, Some(Rule::CheckDigit)),
    ] {
        assert_eq!(known.read(text.as_bytes()), Read { cell, repair: None, breach }, "{text}");
    }
    let unknown = Convert::PracticeCode { practices: None, pattern: None };
    assert_eq!(unknown.read(b"10002"), Read::good(Cell::Bytes(b"10002")));
    assert_eq!(unknown.read(b"10003").breach, Some(Rule::CheckDigit));
    let english = Convert::PracticeCode { practices: None, pattern: Some(b"@#####".to_vec()) };
    assert_eq!(english.read(b"A81001"), Read::good(Cell::Bytes(b"A81001")));
    for wrong in ["a81001", "A8100", "A810011", "881001", "A8100B", "10002"] {
        assert_eq!(english.read(wrong.as_bytes()).breach, Some(Rule::Type), "{wrong}");
    }
    let rows = HashMap::from([listed("A81001", 4), listed("A1", 5)]);
    let listed = Some(Arc::new(Reference { rows, ..Reference::default() }));
    let english = Convert::PracticeCode { practices: listed, pattern: Some(b"@#####".to_vec()) };
    assert_eq!(english.read(b"A81001"), Read::good(Cell::Int(4)));
    assert_eq!(english.read(b"A1"), Read { cell: Cell::Int(5), repair: None, breach: Some(Rule::Type) });
    assert_eq!(english.read(b"A81002").breach, Some(Rule::Reference));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 1..24)) {
        for convert in [
            Convert::TenDigits,
            Convert::PracticeCode { practices: None, pattern: None },
            Convert::PracticeCode { practices: Some(Arc::default()), pattern: Some(b"@#####".to_vec()) },
            Convert::Slk581 { born: (-25_000, 20_000) },
            Convert::Digest { of_nothing: Vec::new() },
            Convert::Code(vec![b"F".to_vec()]),
            Convert::Reference(Arc::default()),
            Convert::Date { day_first: true, between: (0, 1) },
            Convert::Whole { places: 3, between: (i64::MIN, i64::MAX) },
            Convert::Area { pattern: Some(b"S01######".to_vec()), retired: HashMap::new() },
        ] {
            let read = convert.read(&bytes);
            prop_assert!(read.breach.is_none() || read.repair.is_none() || matches!(read.cell, Cell::Int(_)));
            // Neither key may be kept as it stands once it is known to be wrong.
            if matches!(convert, Convert::Slk581 { .. } | Convert::Digest { .. }) {
                prop_assert!(read.breach.is_none() || read.cell == Cell::Blank);
            }
        }
    }

    #[test]
    fn dates_round_trip(day in 0i64..60_000) {
        let date = NaiveDate::from_num_days_from_ce_opt(day as i32 + 719_163).unwrap();
        let convert = Convert::Date { day_first: true, between: (0, 60_000) };
        prop_assert_eq!(int(convert.read(date.format("%Y-%m-%d").to_string().as_bytes())), Some(day));
        prop_assert_eq!(int(convert.read(date.format("%d/%m/%Y").to_string().as_bytes())), Some(day));
    }

    #[test]
    fn whole_numbers_round_trip(number: i64) {
        prop_assume!(number > i64::MIN);
        let convert = Convert::Whole { places: 0, between: (i64::MIN, i64::MAX) };
        prop_assert_eq!(int(convert.read(number.to_string().as_bytes())), Some(number));
    }
}
