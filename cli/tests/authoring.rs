//! `outrider new` and `outrider build`: from a name to an EE that passes its fixture.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Ran, Scratch, project, ran};

#[test]
fn each_blob_belongs_to_its_sources() {
    let ran = outrider_in(&project(), &["build", "--check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("bazaar: ok\n") && ran.out.lines().all(|line| line.ends_with(": ok")),
        "{}",
        ran.out
    );
}

#[test]
fn a_new_ee_passes_its_own_test() {
    let scratch = scaffold();
    let mut cargo = Command::new("cargo");
    // What the SDK's harness is built from takes a minute, and is the same the next time.
    cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo"));
    let ran = ran(cargo.current_dir(scratch.path().join("demo")).arg("test").output());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("2 passed"), "{}", ran.out);
}

/// The one test that needs a toolchain for wasm.
#[test]
fn a_new_ee_builds_and_passes_its_fixture() {
    let scratch = scaffold();
    let demo = scratch.path().join("demo");
    let built = outrider_in(&demo, &["build"]);
    if built.err.contains("no Rust toolchain here can build for wasm32-unknown-unknown") {
        assert_eq!(built.code, Some(2), "{built:?}");
        return eprintln!("SKIPPED: {}", built.err);
    }
    assert_eq!(built.code, Some(0), "{built:?}");
    let ran = outrider_in(&demo, &["run", "fixture.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.ends_with("1 fixture, 2 blocks: 1 passed, 0 failed\n"), "{}", ran.out);

    check(&demo, 0, "demo: ok\n");
    scratch.write("demo/src/lib.rs", scratch.read("demo/src/lib.rs") + "// changed\n");
    check(&demo, 1, "demo: the sources have changed since the blob was built; run `outrider build demo`\n");
    assert_eq!(outrider_in(&demo, &["build"]).code, Some(0));
    check(&demo, 0, "demo: ok\n");
    scratch.write("demo/blobs/demo.wasm", "something else");
    check(&demo, 1, "demo: the blob is not the one in the manifest; run `outrider build demo`\n");
    std::fs::remove_file(demo.join("blobs/demo.wasm")).expect("it is there");
    check(&demo, 1, "demo: the blob is not there; run `outrider build demo`\n");
    scratch.write("demo/blobs/manifest.toml", "");
    check(&demo, 1, "demo: not in the manifest; run `outrider build demo`\n");
}

#[test]
fn a_new_ee_overwrites_nothing() {
    let scratch = scaffold();
    let ran = scratch.outrider(&["new", "demo"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.err, "error: cannot make the directory `demo`: File exists (os error 17)\n");
}

#[test]
fn names_and_places_that_will_not_do_get_one_line() {
    let scratch = Scratch::new();
    for (arguments, expected) in [
        (
            &["new", "Demo"][..],
            "`Demo` cannot be the name of an EE: use lower-case letters, digits and hyphens, a letter first",
        ),
        (&["new", "demo", "--sdk", "nowhere"], "nowhere: no SDK there, as there is no Cargo.toml"),
    ] {
        let ran = scratch.outrider(arguments);
        assert_eq!((ran.code, ran.err), (Some(2), format!("error: {expected}\n")));
    }
    let ran = outrider_in(&project(), &["build", "--check", "nothing"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("/ees; there are account, bazaar, crypto-check, "), "{}", ran.err);
    let ran = scratch.outrider(&["build"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("could not find `Cargo.toml`"), "{}", ran.err);
}

fn scaffold() -> Scratch {
    let scratch = Scratch::new();
    let ran = scratch.outrider(&["new", "demo"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    scratch
}

fn outrider_in(directory: &Path, arguments: &[&str]) -> Ran {
    ran(Command::new(env!("CARGO_BIN_EXE_outrider")).current_dir(directory).args(arguments).output())
}

#[track_caller]
fn check(demo: &Path, code: i32, out: &str) {
    let ran = outrider_in(demo, &["build", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), out), "{ran:?}");
}
