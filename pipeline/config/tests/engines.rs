//! What computes the reports.

use super::*;

const AT: &str = "work: out/demo/work";

fn with(engine: &str) -> Board {
    Board::new().edit("configs/demo.yaml", AT, &format!("engine: {engine}\n{AT}"))
}

#[test]
fn a_build_without_clusters_says_how_to_build_one() {
    let printed = with("{ ballista: \"df://cluster:50050\" }").printed();
    if cfg!(feature = "distributed") {
        assert_eq!(printed, "nothing to complain about");
        return;
    }
    assert_eq!(
        printed,
        "\
error: this smirr was built without the feature `distributed`
  --> configs/demo.yaml:51:9
   |
51 | engine: { ballista: \"df://cluster:50050\" }
   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = help: build it with `cargo build --release --locked --features distributed`; or leave `engine` out, and reports are computed in this process"
    );
}

#[test]
fn an_engine_that_is_none_is_complained_of() {
    for (engine, words) in [
        ("{ ballista: \"http://cluster:8080\" }", "`http://cluster:8080` is no address of a scheduler"),
        ("{ ballista: \"df://cluster\", minutes: 0 }", "a query may take 1 to 1440 minutes"),
        ("{ ballista: \"df://cluster\", minutes: 1441 }", "a query may take 1 to 1440 minutes"),
        ("{ balista: \"df://cluster\" }", "unknown key `balista`"),
        ("local", "engine"),
    ] {
        let printed = with(engine).printed();
        assert!(printed.contains(words), "{engine}:\n{printed}");
    }
}

/// An address with a password is refused without a word of it.
#[test]
fn a_password_in_an_address_is_not_repeated() {
    let printed = with("{ ballista: \"df://user:geheim@cluster:50050\" }").printed();
    assert!(printed.contains("this is no address of a scheduler"), "{printed}");
    assert!(!printed.contains("geheim"), "{printed}");
}
