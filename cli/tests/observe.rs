//! `outrider run --trace` and `--profile`: the host calls of an EE, and the fuel of its functions.

mod support;

use serde_json::Value;
use support::{Scratch, project, wasm};

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Returns a fixture with two blocks for one EE, `ee.wasm`.
fn fixture() -> String {
    format!(
        "beacon_state:
  execution_scripts: [ee.wasm]
shard_pre_state:
  exec_env_states: [\"{ZERO}\"]
shard_blocks:
  - {{env: 0, data: \"\"}}
  - {{env: 0, data: \"\"}}
shard_post_state:
  exec_env_states: [\"{ZERO}\"]
"
    )
}

/// Returns a directory with the fixture and an EE of these functions.
fn scratch(functions: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("f.yaml", fixture()).write("ee.wasm", wasm(functions));
    scratch
}

const EE: &str = "(func $inner (call $ticks (i32.const 5)))
    (func $main (export \"main\") (call $inner) (call $save (i32.const 32)))";

/// The fuel of new instances: 100,000, a page of memory, and four imports and two exports with names of 74 bytes.
const INSTANCES: u64 = 100_000 + 32_768 + 6 * 256 + 74 * 2;

/// `main` pays 40 for its first call, and `inner` 42 for its own.
#[test]
fn a_trace_stands_below_each_block() {
    let ran = scratch(EE).outrider(&["run", "--trace", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let expected = "  block 1, env 0: state unchanged, \
                    0000000000000000000000000000000000000000000000000000000000000000, fuel 136581
      fuel  cost  host call
    134534  1005  eth2.useTicks(ticks=5)
    135581  1000  eth2.savePostStateRoot(pointer=0x20)\n";
    assert!(ran.out.contains(expected), "{}", ran.out);
    assert_eq!(ran.out.matches("host call").count(), 2, "{}", ran.out);
}

#[test]
fn the_failing_call_comes_last() {
    let ee = "(func (export \"main\") (call $save (i32.const 0)) (call $deposit (i32.const 65536) (i32.const 184)))";
    let ran = scratch(ee).outrider(&["run", "--trace", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let last = "eth2.pushNewDeposit(pointer=0x10000, length=184) failed: 184 bytes at pointer 0x10000 are not \
                within the memory of 65536 bytes\n";
    assert!(ran.out.contains(last), "{}", ran.out);
}

#[test]
fn without_host_calls_the_trace_says_so() {
    let ran = scratch("(func (export \"main\"))").outrider(&["run", "--trace", "f.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let unsaved = "\n    the EE has not saved a post-state root, so the root is zeros, as in scout\n";
    assert!(ran.out.contains(unsaved), "{}", ran.out);
    assert!(ran.out.contains("\n    no host calls\n"), "{}", ran.out);
}

#[test]
fn json_has_the_trace_only_on_request() {
    let scratch = scratch(EE);
    let block = |arguments: &[&str]| {
        let ran = scratch.outrider(arguments);
        let json: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
        json["fixtures"][0]["blocks"][0].clone()
    };
    assert_eq!(block(&["run", "--json", "f.yaml"]).get("trace"), None);
    let block = block(&["run", "--json", "--trace", "f.yaml"]);
    let expected = serde_json::json!([
        {
            "import": "eth2.useTicks", "arguments": {"ticks": 5}, "result": null,
            "fuel_before": INSTANCES + 82, "fuel_cost": 1005,
        },
        {
            "import": "eth2.savePostStateRoot", "arguments": {"pointer": 32}, "result": null,
            "fuel_before": INSTANCES + 1129, "fuel_cost": 1000,
        },
    ]);
    assert_eq!(block["trace"], expected);
    assert_eq!(block["n_calls_dropped"], 0);
}

#[test]
fn folded_stacks_have_a_root_for_each_block_and_add_up() {
    let scratch = scratch(EE);
    let plain = scratch.outrider(&["run", "f.yaml"]);
    let ran = scratch.outrider(&["run", "--profile", "out.folded", "f.yaml"]);
    assert_eq!((ran.code, &ran.out), (Some(0), &plain.out), "a profile changes nothing");
    assert_eq!(
        scratch.read("out.folded"),
        "f.yaml block 0, env 0;instances 134452\n\
         f.yaml block 0, env 0;main 82\n\
         f.yaml block 0, env 0;main;inner 42\n\
         f.yaml block 0, env 0;main;inner;eth2.useTicks 1005\n\
         f.yaml block 0, env 0;main;eth2.savePostStateRoot 1000\n\
         f.yaml block 1, env 0;instances 134452\n\
         f.yaml block 1, env 0;main 82\n\
         f.yaml block 1, env 0;main;inner 42\n\
         f.yaml block 1, env 0;main;inner;eth2.useTicks 1005\n\
         f.yaml block 1, env 0;main;eth2.savePostStateRoot 1000\n"
    );
}

/// Compares the profile with the fuel that `run` reports, for all examples, and checks the fields that
/// <https://github.com/firefox-devtools/profiler> reads.
#[test]
fn the_firefox_profile_has_a_thread_for_each_block_and_adds_up() {
    let scratch = Scratch::new();
    let examples = project().join("examples");
    let examples = examples.to_string_lossy();
    let ran = scratch.outrider(&["run", "--json", "--profile", "out.json", &examples]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let json: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    let fixtures = json["fixtures"].as_array().expect("it is a list").iter();
    let blocks = fixtures.flat_map(|fixture| fixture["blocks"].as_array().expect("it is a list"));
    let fuel: Vec<_> = blocks.map(|block| block["fuel_used"].as_u64().expect("it is a number")).collect();

    let profile: Value = serde_json::from_str(&scratch.read("out.json")).expect("the output is JSON");
    let threads = profile["threads"].as_array().expect("it is a list").iter();
    let weights = threads.map(|thread| {
        let weights = thread["samples"]["weight"].as_array().expect("it is a list").iter();
        weights.map(|weight| weight.as_u64().expect("it is a number")).sum::<u64>()
    });
    assert_eq!(weights.collect::<Vec<_>>(), fuel);
    assert_eq!(profile["threads"][0]["name"], "block 0, env 0");
    assert!(scratch.read("out.json").contains("\"eth2.blockDataCopy\""));

    // The same fixtures yield the same file, to the byte.
    scratch.outrider(&["run", "--profile", "again.json", &examples]);
    assert_eq!(scratch.read("out.json"), scratch.read("again.json"));
}

#[test]
fn a_block_that_fails_has_a_profile_until_then() {
    let scratch = scratch(
        "(func $refuse (call $ticks (i32.const 1)) unreachable) (func $main (export \"main\") (call $refuse))",
    );
    let ran = scratch.outrider(&["run", "--profile", "out", "f.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        scratch.read("out"),
        "f.yaml block 0, env 0;instances 134452\n\
         f.yaml block 0, env 0;main 40\n\
         f.yaml block 0, env 0;main;refuse 42\n\
         f.yaml block 0, env 0;main;refuse;eth2.useTicks 1001\n"
    );
}

#[test]
fn names_cannot_break_the_lines_of_folded_stacks() {
    let scratch = scratch(
        "(func $\"a;b\\nc\" (call $ticks (i32.const 1))) (func $main (export \"main\") (call $\"a;b\\nc\") (call $save (i32.const 0)))",
    );
    scratch.outrider(&["run", "--profile", "out", "f.yaml"]);
    let out = scratch.read("out");
    assert_eq!(out.lines().nth(2), Some("f.yaml block 0, env 0;main;a,b\\nc 42"), "{out}");
}

#[test]
fn logs_of_ees_are_shown_once_also_with_a_profile() {
    let scratch = scratch(
        "(data (i32.const 64) \"hello\") (func (export \"main\") (call $print (i32.const 64) (i32.const 5)) (call $save (i32.const 0)))",
    );
    let ran = scratch.outrider(&["run", "-v", "--profile", "out", "f.yaml"]);
    assert_eq!(ran.err.matches("hello").count(), 2, "{}", ran.err);
}

#[test]
fn an_impossible_profile_is_refused_in_one_line() {
    let scratch = scratch(EE);
    let ran = scratch.outrider(&["run", "--profile", "no/out", "f.yaml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.err, "error: cannot create `no/out`: No such file or directory (os error 2)\n");
    let ran = scratch.outrider(&["run", "--profile", "out", "--timeout", "5", "f.yaml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("'--profile <FILE>' cannot be used with '--timeout <SECONDS>'"), "{}", ran.err);
}

/// Neither a fixture nor a file that it names is replaced, also if it is the second of two fixtures.
#[test]
fn a_profile_does_not_replace_inputs() {
    let scratch = scratch(EE);
    scratch
        .write("other.yaml", fixture().replace("ee.wasm", "lib/other.wasm"))
        .write("lib/other.wasm", wasm(EE));
    scratch.write("out", "an older profile");
    for (profile, read) in
        [("f.yaml", "f.yaml"), ("./ee.wasm", "ee.wasm"), ("lib/other.wasm", "lib/other.wasm")]
    {
        let before = std::fs::read(scratch.path().join(read)).expect("it is there");
        let ran = scratch.outrider(&["run", "--profile", profile, "f.yaml", "other.yaml"]);
        let expected = format!(
            "error: {profile}: writing this file would overwrite the input `{read}`: name another file\n"
        );
        assert_eq!((ran.code, ran.err), (Some(2), expected));
        assert_eq!(std::fs::read(scratch.path().join(read)).expect("it is there"), before);
    }
    assert_eq!(scratch.outrider(&["run", "--profile", "out", "f.yaml"]).code, Some(0));
    assert!(scratch.read("out").starts_with("f.yaml block 0"), "what was there before is gone");
    assert!(!scratch.read("out").contains("older"));
}

#[cfg(feature = "wasmer")]
#[test]
fn every_engine_shows_the_same() {
    let scratch = Scratch::new();
    let examples = project().join("examples/bazaar.yaml");
    let examples = examples.to_string_lossy();
    let observed = ["wasmtime", "wasmer", "both"].map(|engine| {
        let ran = scratch.outrider(&["run", "--trace", "--profile", "out", "--engine", engine, &examples]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        (ran.out.replace(", alike on both engines", ""), scratch.read("out"))
    });
    assert_eq!(observed[0], observed[1]);
    assert_eq!(observed[0], observed[2]);
}
