//! `--isolate` compiles in a separate process, and changes nothing else.

#![cfg(unix)]

mod support;

use serde_json::Value;
use support::{Scratch, blob, project, ran};

/// Runs all examples without a cache from before.
#[track_caller]
fn run_examples(arguments: &[&str]) -> Value {
    let examples = project().join("examples");
    let ran = Scratch::new().outrider(&[&["run", "--json", &examples.to_string_lossy()], arguments].concat());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    serde_json::from_str(&ran.out).expect("the output is JSON")
}

/// Returns a fixture with an EE that imports from a library.
fn with_library() -> Scratch {
    let scratch = Scratch::new();
    let library = r#"(module (func (export "eight") (result i32) (i32.const 8)))"#;
    let ee = r#"(module
        (import "math" "eight" (func $eight (result i32)))
        (import "eth2" "savePostStateRoot" (func $save (param i32)))
        (memory (export "memory") 1)
        (func (export "main") (i32.store8 (i32.const 0) (call $eight)) (call $save (i32.const 0))))"#;
    scratch
        .write("math.wasm", wat::parse_str(library).expect("the module is well-formed"))
        .write("ee.wasm", wat::parse_str(ee).expect("the module is well-formed"))
        .write(
            "f.yaml",
            format!(
                "beacon_state:
  execution_scripts: [ee.wasm]
  libraries: [{{name: math, file: math.wasm}}]
shard_pre_state:
  exec_env_states: [\"{0}\"]
shard_blocks: [{{env: 0, data: \"\"}}]
shard_post_state:
  exec_env_states: [\"08{1}\"]
",
                "00".repeat(32),
                "00".repeat(31)
            ),
        );
    scratch
}

#[test]
fn every_example_has_the_same_output() {
    for engine in engines() {
        let arguments = ["--engine", engine];
        assert_eq!(run_examples(&[&arguments[..], &["--isolate"]].concat()), run_examples(&arguments));
    }
}

#[test]
fn libraries_are_compiled_in_a_process_first() {
    let scratch = with_library();
    for &engine in engines() {
        let arguments = ["run", "f.yaml", "--engine", engine];
        let expected = scratch.outrider(&arguments);
        assert_eq!(expected.code, Some(0), "{expected:?}");
        let isolated = scratch.outrider(&[&arguments[..], &["--isolate"]].concat());
        assert_eq!((isolated.code, isolated.out), (Some(0), expected.out), "{}", isolated.err);
        let limited = scratch.outrider(&[&arguments[..], &["--isolate", "--isolate-memory", "1"]].concat());
        assert_eq!(limited.code, Some(2), "{limited:?}");
        assert!(limited.err.contains("1048576 bytes of memory"), "{limited:?}");
    }
}

#[test]
fn a_call_tree_is_the_same() {
    let fixture = project().join("examples/bazaar.yaml");
    let scratch = Scratch::new();
    for (arguments, file) in [(&["--isolate"][..], "isolated"), (&[], "here")] {
        let run = ["run", "--profile", file, &fixture.to_string_lossy()];
        assert_eq!(scratch.outrider(&[&run[..], arguments].concat()).code, Some(0));
    }
    assert_eq!(scratch.read("isolated"), scratch.read("here"));
}

#[test]
fn too_little_memory_is_reported_and_cached_code_needs_none() {
    let fixture = project().join("examples/bazaar.yaml").to_string_lossy().into_owned();
    for engine in engines() {
        let scratch = Scratch::new();
        let too_little = ["run", "--engine", engine, "--isolate", "--isolate-memory", "1", &fixture];
        let ran = scratch.outrider(&too_little);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let expected = ": compiling the module takes more than 1048576 bytes of memory\n";
        assert!(ran.err.contains(expected), "{ran:?}");
        let ran = scratch.outrider(&["run", "--engine", engine, "--isolate", &fixture]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let ran = scratch.outrider(&too_little);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

#[test]
fn inspect_reports_the_outcome() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", blob("bazaar"));
    let ran = scratch.outrider(&["inspect", "--isolate", "ee.wasm"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.contains("\ncompiled by wasmtime in a separate process, in "), "{}", ran.out);

    let ran = scratch.outrider(&["inspect", "--isolate", "--isolate-memory", "1", "ee.wasm"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.out.ends_with("\nnot compiled: compiling the module takes more than 1048576 bytes of memory\n")
    );

    let ran = scratch.outrider(&["inspect", "--isolate", "--json", "ee.wasm"]);
    let document: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    assert!(document["isolated"]["milliseconds"].is_u64(), "{document}");
}

#[test]
fn inspect_compiles_on_the_selected_engine() {
    let scratch = Scratch::new();
    scratch.write("ee.wasm", blob("helloworld"));
    for engine in engines() {
        let ran = scratch.outrider(&["inspect", "--isolate", "--engine", engine, "ee.wasm"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        let expected = format!("\ncompiled by {engine} in a separate process, in ");
        assert!(ran.out.contains(&expected), "{}", ran.out);
    }
    let ran = scratch.outrider(&["inspect", "--engine", "wasmtime", "ee.wasm"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("--isolate"), "{ran:?}");
    if !cfg!(feature = "wasmer") {
        let ran = scratch.outrider(&["inspect", "--isolate", "--engine", "wasmer", "ee.wasm"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains("wasmer"), "{ran:?}");
    }
}

/// A worker compiles an EVM while its parent is killed.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_ends_with_its_parent() {
    use rustix::process::{Pid, Signal, WaitOptions, set_child_subreaper, waitpid};

    // Orphans become children of this process, which can then wait for them.
    set_child_subreaper(Some(rustix::process::getpid())).expect("Linux can do it");
    let scratch = Scratch::new();
    scratch.write("ee.wasm", blob("evm"));
    let mut command = scratch.command(&["inspect", "--isolate", "ee.wasm"]);
    let mut parent = command.stdout(std::process::Stdio::null()).spawn().expect("it can be started");
    let started = std::time::Instant::now();
    let worker = loop {
        assert!(parent.try_wait().expect("it is a child").is_none(), "it is over before it could be killed");
        match child_that_computes(parent.id()) {
            Some(worker) => break worker,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
        assert!(started.elapsed().as_secs() < 60, "there is no worker");
    };
    let orders = std::fs::read(format!("/proc/{worker}/environ")).expect("it is there");
    parent.kill().expect("it is there");
    parent.wait().expect("it is a child");
    let pid = Pid::from_raw(worker);
    let status = loop {
        match waitpid(pid, WaitOptions::NOHANG).expect("it is a child by now") {
            Some((_, status)) => break status,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    assert_eq!(status.terminating_signal(), Some(Signal::KILL.as_raw()), "{status:?}");

    // A worker that lost its parent before it asked for the signal notices that; this one is a child of the test.
    let mut variables = orders.split(|byte| *byte == 0).filter_map(|variable| str::from_utf8(variable).ok());
    let orders = variables.find_map(|variable| variable.strip_prefix("OUTRIDER_COMPILE_WORKER="));
    let orders = orders.expect("the variable makes a worker");
    let mut orphan = scratch.command(&[]);
    let ran = ran(orphan.env("OUTRIDER_COMPILE_WORKER", orders).output());
    assert_eq!(ran.code, Some(70), "{ran:?}");
    assert!(ran.err.starts_with("the parent of this worker is not the process that asked for it"), "{ran:?}");
}

/// Returns a child of a process that has computed for a fifth of a second.
#[cfg(target_os = "linux")]
fn child_that_computes(parent: u32) -> Option<i32> {
    std::fs::read_dir("/proc").expect("it is there").flatten().find_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name may have spaces. The state and the parent follow it, and the ticks of 10 ms begin at the twelfth
        // field.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 = fields.get(11..13)?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        (fields.get(1)?.parse() == Ok(parent) && ticks >= 20)
            .then(|| entry.file_name().to_str()?.parse().ok())?
    })
}

#[test]
fn bench_compiles_in_a_process_too() {
    let fixture = project().join("examples/helloworld.yaml");
    let bench = ["bench", "--runs", "1", "--isolate", &fixture.to_string_lossy()];
    let ran = Scratch::new().outrider(&bench);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let ran = Scratch::new().outrider(&[&bench[..], &["--isolate-memory", "1"]].concat());
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn limits_without_isolate_are_refused() {
    let ran = Scratch::new().outrider(&["run", "--isolate-cpu", "1", "f.yaml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("--isolate"), "{ran:?}");
}

#[test]
fn a_worker_of_another_version_says_so() {
    let mut command = Scratch::new().command(&["run", "f.yaml"]);
    let ran = ran(command.env("OUTRIDER_COMPILE_WORKER", "0 20 2147483648").current_dir("/").output());
    assert_eq!((ran.code, ran.out.as_str()), (Some(70), ""));
    assert_eq!(ran.err, "OUTRIDER_COMPILE_WORKER is not what this version of the host sets it to");
}

/// Returns the names of the compiled engines, including `both`.
fn engines() -> &'static [&'static str] {
    if cfg!(feature = "wasmer") { &["wasmtime", "wasmer", "both"] } else { &["wasmtime"] }
}
