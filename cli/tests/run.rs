//! `outrider run`: scout's fixtures, expectations that do not hold, and fixtures that cannot be used.

mod support;

use serde_json::Value;
use support::{Ran, Scratch, blob, fixture, project, summary, wasm};

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Writes a fixture and an EE with this body of `main`, and runs the fixture.
fn run_body(body: &str, expected: &str) -> Ran {
    let scratch = Scratch::new();
    scratch
        .write("f.yaml", fixture(expected))
        .write("ee.wasm", wasm(&format!("(func (export \"main\") {body})")));
    scratch.outrider(&["run", "f.yaml"])
}

#[track_caller]
fn check_unusable(scratch: &Scratch, arguments: &[&str], expected: &str) {
    let ran = scratch.outrider(arguments);
    assert_eq!(ran.err, format!("error: {expected}\n"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn every_example_passes() {
    let examples = project().join("examples");
    let ran = Scratch::new().outrider(&["run", &examples.to_string_lossy()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err, "");
    assert!(
        ran.out.contains("29505fd952857b5766c759bcb4af58eb8df5a91043540c1398dd987a503127fc"),
        "{}",
        ran.out
    );
    assert!(ran.out.ends_with(" passed, 0 failed\n"), "{}", ran.out);
}

/// Both engines yield the same outcome.
#[cfg(feature = "wasmer")]
#[test]
fn every_example_is_alike_on_both_engines() {
    let examples = project().join("examples");
    let ran = Scratch::new().outrider(&["run", "--engine", "both", &examples.to_string_lossy()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.ends_with(" passed, 0 failed, alike on both engines\n"), "{}", ran.out);
    let of =
        |engine| Scratch::new().outrider(&["run", "--engine", engine, "--json", &examples.to_string_lossy()]);
    let engines = ["wasmtime", "wasmer", "both"].map(|engine| {
        let ran = of(engine);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let mut document: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
        assert_eq!(document["engine"].take(), engine);
        document
    });
    assert_eq!(engines[0], engines[1]);
    assert_eq!(engines[0], engines[2]);
}

/// Failures are alike, too, in reasons and fuel.
#[cfg(feature = "wasmer")]
#[test]
fn a_failing_ee_fails_alike_on_both_engines() {
    for body in [
        "unreachable",
        "(call $save (i32.const -1))",
        "(loop (br 0))",
        "(call $ticks (i32.const 7)) unreachable",
    ] {
        let scratch = Scratch::new();
        scratch
            .write("f.yaml", fixture(ZERO))
            .write("ee.wasm", wasm(&format!("(func (export \"main\") {body})")));
        let of = |engine| scratch.outrider(&["run", "--fuel", "1000000", "--engine", engine, "f.yaml"]);
        let (one, both) = (of("wasmtime"), of("both"));
        assert_eq!((one.code, &one.out, &one.err), (both.code, &both.out, &both.err));
        assert_eq!(both.code, Some(1), "{both:?}");
    }
}

#[test]
fn engines_are_selected_by_name() {
    let ran = Scratch::new().outrider(&["run", "--engine", "v8", "f.yaml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("`v8` is not an engine: expected wasmtime, wasmer or both"), "{}", ran.err);
}

#[cfg(not(feature = "wasmer"))]
#[test]
fn the_error_for_a_missing_engine_names_the_feature() {
    let scratch = Scratch::new();
    scratch.write("f.yaml", fixture(ZERO)).write("ee.wasm", wasm("(func (export \"main\"))"));
    let expected =
        "cannot set up the host: the engine wasmer is not compiled in; build with the cargo feature `wasmer`";
    for engine in ["wasmer", "both"] {
        check_unusable(&scratch, &["run", "--engine", engine, "f.yaml"], expected);
    }
}

/// Runs scout's own files unchanged, with our EEs in the place of the scripts that scout builds.
#[test]
fn scouts_fixtures_pass_unchanged() {
    let scratch = Scratch::new();
    for file in ["test.yaml", "bazaar.yaml"] {
        scratch.write(
            file,
            outrider_published::file(&format!("scout/{file}")).expect("it is in the repository"),
        );
    }
    for name in ["helloworld", "bazaar"] {
        let built = format!("scripts/{name}/target/wasm32-unknown-unknown/release/phase2_{name}.wasm");
        scratch.write(&built, blob(name));
    }
    let ran = scratch.outrider(&["run", "test.yaml", "bazaar.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.ends_with("2 fixtures, 5 blocks: 2 passed, 0 failed\n"), "{}", ran.out);
}

#[test]
fn a_wrong_root_shows_expected_got_and_the_last_block() {
    let scratch = Scratch::new();
    let bazaar = std::fs::read_to_string(project().join("examples/bazaar.yaml")).expect("it is there");
    let changed = bazaar.replace("../ees/blobs/", "").replace("29505fd9", "39505fd9");
    scratch.write("f.yaml", changed);
    scratch.write("helloworld.wasm", blob("helloworld")).write("bazaar.wasm", blob("bazaar"));
    let ran = scratch.outrider(&["run", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = "  env 1: wrong post-state root after block 2
    expected 39505fd952857b5766c759bcb4af58eb8df5a91043540c1398dd987a503127fc
    got      29505fd952857b5766c759bcb4af58eb8df5a91043540c1398dd987a503127fc\n";
    assert!(ran.out.contains(expected), "{}", ran.out);
    assert!(ran.out.ends_with("1 fixture, 3 blocks: 0 passed, 1 failed\n"), "{}", ran.out);
}

#[test]
fn a_wrong_root_without_blocks_is_known_before_the_first() {
    let scratch = Scratch::new();
    let without_blocks = fixture(&ZERO.replacen('0', "1", 1))
        .replace("shard_blocks:\n  - env: 0\n    data: \"\"", "shard_blocks: []");
    scratch.write("f.yaml", without_blocks).write("ee.wasm", wasm("(func (export \"main\"))"));
    let ran = scratch.outrider(&["run", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("env 0: wrong post-state root: no block executes this EE"), "{}", ran.out);
}

#[test]
fn an_ee_that_fails_fails_the_fixture() {
    for (body, expected) in [
        ("unreachable", "the EE trapped: unreachable code was reached"),
        (
            "(call $save (i32.const -1))",
            "the EE's call of eth2.savePostStateRoot failed: 32 bytes at pointer 0xffffffff are not within the \
             memory of 65536 bytes",
        ),
        (
            "(call $ticks (i32.const 10000001))",
            "the EE's call of eth2.useTicks failed: out of ticks: 10000001 requested, 10000000 left of 10000000",
        ),
    ] {
        let ran = run_body(body, ZERO);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains(&format!("  block 0, env 0: {expected}\n")), "{}", ran.out);
    }
}

#[test]
fn a_failed_block_shows_the_last_log_and_a_backtrace() {
    let ran = run_body(
        r#"(i32.store (i32.const 0) (i32.const 0x6c6c6177)) (call $print (i32.const 0) (i32.const 4)) unreachable"#,
        ZERO,
    );
    assert!(ran.out.contains("    last log: wall\n    in function 4 at byte 0x"), "{}", ran.out);
}

#[test]
fn refusals_of_bazaar_have_a_reason() {
    let scratch = Scratch::new();
    let bazaar = std::fs::read_to_string(project().join("examples/bazaar.yaml")).expect("it is there");
    let changed = bazaar.replace("../ees/blobs/", "").replace("22ea9b04", "33ea9b04");
    scratch.write("f.yaml", changed);
    scratch.write("helloworld.wasm", blob("helloworld")).write("bazaar.wasm", blob("bazaar"));
    let ran = scratch.outrider(&["run", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("  block 2, env 1: refused: "), "{}", ran.out);
    assert!(
        ran.out.contains("33ea9b045f8792170b45ec629c98e1b92bc6a19cd8d0e9f37baaadf2564142f4"),
        "{}",
        ran.out
    );
}

#[test]
fn listed_deposits_must_be_pushed_as_often_as_listed() {
    let deposit = |amount: u32| {
        let (pubkey, signature) = ("00".repeat(48), "00".repeat(96));
        format!(
            "{{pubkey: {pubkey}, withdrawal_credentials: {ZERO}, amount: {amount}, signature: {signature}}}"
        )
    };
    let body =
        "(func (export \"main\") (call $deposit (i32.const 0) (i32.const 184)) (call $save (i32.const 0)))";
    for (deposits, code) in [
        (String::new(), 0),
        ("deposit_receipts: []".to_owned(), 0),
        (format!("deposit_receipts: [{}]", deposit(0)), 0),
        (format!("deposit_receipts: [{}, {}]", deposit(0), deposit(0)), 1),
        (format!("deposit_receipts: [{}]", deposit(1)), 1),
    ] {
        let scratch = Scratch::new();
        scratch.write("f.yaml", fixture(ZERO) + &deposits).write("ee.wasm", wasm(body));
        let ran = scratch.outrider(&["run", "f.yaml"]);
        assert_eq!(ran.code, Some(code), "{deposits}: {ran:?}");
        assert_eq!(ran.out.contains("  deposit not pushed\n"), code == 1, "{}", ran.out);
        let unlisted = deposits == "deposit_receipts: []" || deposits.contains("amount: 1");
        assert_eq!(ran.out.contains("  1 deposit not listed in deposit_receipts\n"), unlisted, "{}", ran.out);
    }
}

#[test]
fn limits_can_be_set() {
    let scratch = Scratch::new();
    let main = "(func (export \"main\") (call $ticks (i32.const 20)) (call $save (i32.const 0)))";
    scratch.write("f.yaml", fixture(ZERO)).write("ee.wasm", wasm(main));
    assert_eq!(scratch.outrider(&["run", "f.yaml", "--ticks", "20"]).code, Some(0));
    assert_eq!(scratch.outrider(&["run", "f.yaml", "--ticks", "19"]).code, Some(1));
    scratch.write("ee.wasm", wasm("(func (export \"main\") (loop (br 0)))"));
    let ran = scratch.outrider(&["run", "f.yaml", "--timeout", "0"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("this node stopped the EE after 0ns"), "{}", ran.out);
    let ran = scratch.outrider(&["run", "f.yaml", "--fuel", "1000"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("the EE ran out of fuel: the limit is 1000"), "{}", ran.out);
}

#[test]
fn libraries_are_linked_by_name() {
    let scratch = Scratch::new();
    let library = wat::parse_str(r#"(module (func (export "answer") (result i32) (i32.const 42)))"#);
    let ee = wat::parse_str(
        r#"(module
            (import "eth2" "savePostStateRoot" (func $save (param i32)))
            (import "oracle" "answer" (func $answer (result i32)))
            (memory (export "memory") 1)
            (func (export "main") (i32.store8 (i32.const 31) (call $answer)) (call $save (i32.const 0))))"#,
    );
    let expected = format!("{}2a", "00".repeat(31));
    let libraries = "beacon_state:\n  libraries: [{name: oracle, file: lib/oracle.wasm}]";
    scratch.write("f.yaml", fixture(&expected).replacen("beacon_state:", libraries, 1));
    scratch
        .write("ee.wasm", ee.expect("well-formed"))
        .write("lib/oracle.wasm", library.expect("well-formed"));
    let ran = scratch.outrider(&["run", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn scripts_are_found_beside_the_fixture_and_then_from_the_working_directory() {
    let scratch = Scratch::new();
    let (good, bad) = (wasm("(func (export \"main\") (call $save (i32.const 0)))"), "not wasm");
    scratch.write("fixtures/f.yaml", fixture(ZERO)).write("ee.wasm", &good);
    assert_eq!(scratch.outrider(&["run", "fixtures/f.yaml"]).code, Some(0));
    scratch.write("fixtures/ee.wasm", bad);
    assert_eq!(scratch.outrider(&["run", "fixtures/f.yaml"]).code, Some(2));
}

#[test]
fn fixtures_that_cannot_be_used_get_one_line() {
    let scratch = Scratch::new();
    let main = wasm("(func (export \"main\") (call $save (i32.const 0)))");
    let with = |from: &str, to: &str| fixture(ZERO).replacen(from, to, 1);
    for (text, expected) in [
        (
            with("data: \"\"", "data: \"abc\""),
            "9:11: data has an odd number of hex digits (3): two make a byte",
        ),
        (
            with("shard_blocks", "shard_block"),
            "7:1: unknown field `shard_block`, expected one of beacon_state, shard_pre_state, shard_blocks, \
             shard_post_state, deposit_receipts",
        ),
        (
            with("env: 0", "env: 1"),
            "8:10: env 1 does not exist: execution_scripts has 1, exec_env_states of shard_pre_state 1, counted \
             from 0",
        ),
        (with("ee.wasm", "no.wasm"), "3:7: cannot find `no.wasm`"),
        (with("ee.wasm", "."), "3:7: cannot read `.`: Is a directory (os error 21)"),
        (
            with("ee.wasm", "cut.wasm"),
            "3:7: `cut.wasm` cannot be loaded: invalid wasm at byte 0x19: unexpected end-of-file",
        ),
    ] {
        scratch.write("ee.wasm", &main).write("cut.wasm", &main[..100]).write("f.yaml", text);
        check_unusable(&scratch, &["run", "f.yaml"], &format!("f.yaml:{expected}"));
    }
    scratch.write("f.yaml", b"a: \xff");
    check_unusable(&scratch, &["run", "f.yaml"], "f.yaml: the file is not UTF-8 text from byte 3 on");
}

#[test]
fn arguments_that_name_nothing_get_one_line() {
    let scratch = Scratch::new();
    scratch.write("empty/readme", "");
    for (argument, expected) in [
        ("no.yaml", "no.yaml: no such file or directory"),
        ("no*.yaml", "no*.yaml: no file matches the pattern"),
        ("[", "[: not a glob pattern: Pattern syntax error near position 0: invalid range pattern"),
        ("empty", "empty: the directory contains no *.yaml or *.yml file"),
    ] {
        check_unusable(&scratch, &["run", argument], expected);
    }
}

#[test]
fn several_fixtures_run_and_the_worst_sets_the_exit_code() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    scratch.write("a/good.yaml", fixture(ZERO)).write("a/b/bad.yml", fixture(&ZERO.replacen('0', "1", 1)));
    scratch.write("c/broken.yaml", "");
    assert_eq!(scratch.outrider(&["run", "a/good.yaml"]).code, Some(0));
    let ran = scratch.outrider(&["run", "a"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let lines: Vec<_> = ran.out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(lines, ["a/b/bad.yml FAILED", "a/good.yaml ok", "2 fixtures, 2 blocks: 1 passed, 1 failed"]);
    let ran = scratch.outrider(&["run", "*/*.yaml", "a"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.out.ends_with("4 fixtures, 3 blocks: 2 passed, 1 failed, 1 unusable\n"), "{}", ran.out);
    assert_eq!(ran.err, "error: c/broken.yaml:1:1: unexpected end of file\n");
}

/// The other fixtures are run; files with another extension are not fixtures.
#[cfg(unix)]
#[test]
fn a_dangling_link_is_named_and_the_rest_is_run() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", wasm("(func (export \"main\") (call $save (i32.const 0)))"));
    scratch.write("a/good.yaml", fixture(ZERO));
    std::os::unix::fs::symlink("nowhere", scratch.path().join("a/other.md")).expect("it can be made");
    assert_eq!(scratch.outrider(&["run", "a"]).code, Some(0));
    std::os::unix::fs::symlink("nowhere", scratch.path().join("a/gone.yaml")).expect("it can be made");
    let ran = scratch.outrider(&["run", "a"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.out.ends_with("2 fixtures, 1 block: 1 passed, 0 failed, 1 unusable\n"), "{}", ran.out);
    assert_eq!(
        ran.err,
        "error: a/gone.yaml: cannot read the fixture: No such file or directory (os error 2)\n"
    );
}

#[test]
fn json_has_all_that_the_text_has() {
    let scratch = Scratch::new();
    let example = |name: &str| project().join("examples").join(name).to_string_lossy().into_owned();
    let (bazaar, helloworld) = (example("bazaar.yaml"), example("helloworld.yaml"));
    scratch.write("broken.yaml", "").write("bad.yaml", fixture(&ZERO.replacen('0', "1", 1)));
    scratch.write("ee.wasm", wasm("(func (export \"main\") unreachable)"));
    let ran = scratch.outrider(&["run", "--json", &bazaar, &helloworld, "broken.yaml", "bad.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""));
    let json: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    let mut expected = summary("unusable", 2, 1);
    expected["unusable"] = 1.into();
    assert_eq!((&json["summary"], &json["n_blocks"]), (&expected, &6.into()));
    let fixtures = json["fixtures"].as_array().expect("it is a list");
    let status: Vec<_> = fixtures.iter().map(|fixture| fixture["status"].as_str()).collect();
    assert_eq!(status, [Some("passed"), Some("passed"), Some("unusable"), Some("failed")]);
    let block = &fixtures[0]["blocks"][2];
    assert_eq!(block["post_state_root"], "29505fd952857b5766c759bcb4af58eb8df5a91043540c1398dd987a503127fc");
    assert_eq!(fixtures[0]["blocks"][0]["logs"][0]["value"], "hello world!");
    assert_eq!(fixtures[0]["blocks"][0]["deposits"][0]["amount"], 0);
    assert_eq!(fixtures[2]["error"], "broken.yaml:1:1: unexpected end of file");
    assert_eq!(fixtures[3]["blocks"][0]["outcome"], "failed");
    assert_eq!(fixtures[3]["blocks"][0]["error"], "the EE trapped: unreachable code was reached");
}

#[test]
fn logs_of_ees_are_shown_on_request() {
    let helloworld = project().join("examples/helloworld.yaml");
    let ran = Scratch::new().outrider(&["run", "-v", &helloworld.to_string_lossy()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err.matches("hello world!").count(), 2, "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}'), "there is no terminal to show colours");
}

/// Returns an EE that pushes deposits of amounts 7 and 8, and saves a root that begins with 9.
fn pusher() -> Vec<u8> {
    // The amount is big-endian, after the public key and the credentials.
    wasm(
        r#"(func (export "main")
            (i32.store8 (i32.const 87) (i32.const 7)) (call $deposit (i32.const 0) (i32.const 184))
            (i32.store8 (i32.const 87) (i32.const 8)) (call $deposit (i32.const 0) (i32.const 184))
            (i32.store8 (i32.const 500) (i32.const 9)) (call $save (i32.const 500)))"#,
    )
}

#[test]
fn a_blessed_fixture_passes_and_only_its_expectations_have_changed() {
    let scratch = Scratch::new();
    let before = format!("# by hand\n{}    # the end\ndeposit_receipts: []\n", fixture(ZERO));
    scratch.write("f.yaml", &before).write("ee.wasm", pusher());
    assert_eq!(scratch.outrider(&["run", "f.yaml"]).code, Some(1));
    let ran = scratch.outrider(&["run", "--bless", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with("f.yaml blessed\n"), "{ran:?}");
    let root = format!("09{}", &ZERO[2..]);
    let after = scratch.read("f.yaml");
    let expected = before.replace(
        &format!("post_state:\n  exec_env_states:\n    - \"{ZERO}\""),
        &format!("post_state:\n  exec_env_states:\n    - \"{root}\""),
    );
    let (expected, _) = expected.split_once("[]").expect("there is a list");
    assert!(after.starts_with(expected), "{after}");
    assert_eq!(after.matches("  amount: ").count(), 2, "{after}");
    let ran = scratch.outrider(&["run", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains("not listed"), "{ran:?}");
    assert!(scratch.outrider(&["run", "--bless", "f.yaml"]).out.starts_with("f.yaml ok\n"));
    assert_eq!(scratch.read("f.yaml"), after, "there is nothing more to bless");
}

/// A fixture without a list of deposits does not check them.
#[test]
fn a_fixture_without_deposits_stays_without_them() {
    let scratch = Scratch::new();
    scratch.write("f.yaml", fixture(ZERO)).write("ee.wasm", pusher());
    assert_eq!(scratch.outrider(&["run", "--bless", "f.yaml"]).code, Some(0));
    assert_eq!(scratch.read("f.yaml"), fixture(&format!("09{}", &ZERO[2..])));
}

#[test]
fn a_fixture_with_a_block_that_fails_is_not_blessed() {
    let scratch = Scratch::new();
    let before = fixture(&ZERO.replacen('0', "1", 1));
    scratch.write("f.yaml", &before).write("ee.wasm", wasm("(func (export \"main\") unreachable)"));
    let ran = scratch.outrider(&["run", "--bless", "f.yaml"]);
    assert_eq!((ran.code, ran.out.starts_with("f.yaml FAILED\n")), (Some(1), true), "{ran:?}");
    assert_eq!(scratch.read("f.yaml"), before);
}
