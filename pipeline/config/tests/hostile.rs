//! Whatever the files hold, `load` answers; it never panics, and never runs out of stack.

use proptest::prelude::*;

use super::*;

const FILES: [&str; 5] = [
    "configs/demo.yaml",
    "reports/reach.yaml",
    "reports/bridge.yaml",
    "schemas/patients.yaml",
    "schemas/data_zones.yaml",
];

fn answers(board: &Board) {
    if let Err(error) = board.load() {
        assert_eq!(error.exit_code(), 10);
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn no_such_file_and_a_folder() {
    for path in ["nowhere/at/all.yaml", "/"] {
        let Err(Error::Config(complaints)) = load(Path::new(path)) else { panic!("{path} was read") };
        assert_eq!(complaints.len(), 1);
    }
}

#[test]
fn deep_large_or_binary_files() {
    let bodies: [Vec<u8>; 9] = [
        b"[".repeat(200_000),
        b"{a: ".repeat(100_000),
        b"- ".repeat(200_000),
        vec![b'x'; 2 << 20],
        b"a: \0".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        Vec::new(),
        b"a: &a [*a, *a]\nb: *a\n".to_vec(),
        b"? [a, b]\n: c\n? {d: e}\n: f\n".to_vec(),
    ];
    for file in FILES {
        for body in &bodies {
            let board = Board::new();
            fs::write(board.path(file), body).unwrap();
            assert!(board.load().is_err());
            answers(&board);
        }
    }
}

#[test]
fn a_file_full_of_mistakes_is_cut_short() {
    let board = Board::new();
    let body: String = (0..60_000).map(|n| format!("key{n}: value\n")).collect();
    fs::write(board.path("configs/demo.yaml"), body).unwrap();
    let Err(Error::Config(complaints)) = board.load() else { panic!("it was read") };
    assert!((50..1_000).contains(&complaints.len()), "{}", complaints.len());
    assert!(complaints.to_string().ends_with("more; mend these first"));
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    (1..20).for_each(|n| bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    let board = Board::new();
    fs::write(board.path("configs/demo.yaml"), bomb).unwrap();
    assert!(board.load().is_err());
}

#[test]
fn anchors_and_aliases_mean_what_serde_yaml_says() {
    let board = Board::new()
        .edit(
            "reports/bridge.yaml",
            "where: \"status <> 'declined'\"",
            "where: &w \"chi is not null\"\n    per_person: &p { cells: 2 }",
        )
        .edit("reports/bridge.yaml", "where: \"attended = 'yes'\"", "where: *w\n    per_person: *p");
    let found = board.short();
    // Both are found, each at its own place: the second at the alias.
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|line| line.contains("`chi` cannot be used in a condition")), "{found:#?}");
}

fn slice_of(text: &str, at: usize, length: usize) -> (usize, usize) {
    let floor = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(at % (text.len() + 1));
    (start, floor((start + length).min(text.len())))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn bytes_deleted_inserted_or_replaced(
        file in 0..FILES.len(),
        edits in proptest::collection::vec((any::<usize>(), 0..40usize, "[ -~\n\t\u{e9}]{0,6}"), 1..6),
    ) {
        let board = Board::new();
        let mut text = fs::read_to_string(board.path(FILES[file])).unwrap();
        for (at, length, insert) in &edits {
            let (start, end) = slice_of(&text, *at, *length);
            text.replace_range(start..end, insert);
        }
        fs::write(board.path(FILES[file]), text).unwrap();
        answers(&board);
    }

    #[test]
    fn lines_moved_doubled_or_dropped(
        file in 0..FILES.len(),
        edits in proptest::collection::vec((any::<usize>(), any::<usize>(), 0..3u8), 1..5),
    ) {
        let board = Board::new();
        let text = fs::read_to_string(board.path(FILES[file])).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        for (from, to, what) in edits {
            let (from, to) = (from % lines.len(), to % lines.len());
            match what {
                0 => lines.swap(from, to),
                1 => lines.insert(to, lines[from]),
                _ if lines.len() > 1 => { lines.remove(from); }
                _ => {}
            }
        }
        fs::write(board.path(FILES[file]), lines.join("\n")).unwrap();
        answers(&board);
    }

    #[test]
    fn raw_bytes(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let board = Board::new();
        fs::write(board.path("configs/demo.yaml"), body).unwrap();
        answers(&board);
    }
}
