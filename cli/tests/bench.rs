//! `outrider bench`: every engine, with and without metering.

mod support;

use serde_json::Value;
use support::{Scratch, project};

/// The engines that this build of the command has.
const ENGINES: &[&str] = if cfg!(feature = "wasmer") { &["wasmtime", "wasmer"] } else { &["wasmtime"] };

#[test]
fn every_variant_is_measured_and_fuel_is_the_same_on_all_engines() {
    let fixture = project().join("examples/bazaar.yaml");
    let ran = Scratch::new().outrider(&["bench", "--runs", "1", "--json", &fixture.to_string_lossy()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    let expected: Vec<_> =
        ENGINES.iter().flat_map(|engine| [(*engine).to_owned(), format!("{engine}, unmetered")]).collect();
    let blocks = report["blocks"].as_array().expect("there are blocks");
    assert_eq!(blocks.len(), 3);
    for costs in blocks.iter().chain(report["ees"].as_array().expect("there are EEs")).map(|of| &of["costs"])
    {
        let costs = costs.as_array().expect("it is a list");
        assert_eq!(costs.iter().filter_map(|costs| costs["variant"].as_str()).collect::<Vec<_>>(), expected);
    }
    for block in blocks {
        let costs = block["costs"].as_array().expect("it is a list");
        for (metered, unmetered) in costs.iter().step_by(2).zip(costs.iter().skip(1).step_by(2)) {
            assert_eq!(metered["fuel"], costs[0]["fuel"]);
            assert!(metered["fuel"].as_u64().is_some_and(|fuel| fuel > 10_000), "{metered}");
            assert!(metered["median_run_ns"].as_u64().is_some_and(|ns| ns > 0), "{metered}");
            assert!(unmetered["fuel"].is_null() && unmetered["fuel_per_second"].is_null(), "{unmetered}");
        }
    }
}

#[test]
fn the_table_has_a_line_for_each_variant() {
    let fixture = project().join("examples/helloworld.yaml");
    let ran = Scratch::new().outrider(&["bench", "--runs", "1", &fixture.to_string_lossy()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for engine in ENGINES {
        // One EE and two blocks.
        let n_lines = ran.out.lines().filter(|line| line.starts_with(&format!("  {engine} "))).count();
        assert_eq!(n_lines, 3, "{}", ran.out);
    }
}

/// Runs under `script`, which provides a terminal; skips where `script` is missing.
#[cfg(target_os = "linux")]
#[test]
fn progress_is_shown_on_a_terminal_only() {
    let scratch = Scratch::new();
    let fixture = project().join("examples/bazaar.yaml");
    let fixture = fixture.to_string_lossy();
    let arguments = ["bench", "--runs", "1", &fixture];
    let ran = scratch.outrider(&arguments);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let command = format!("'{}' bench --runs 1 '{fixture}'", env!("CARGO_BIN_EXE_outrider"));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).current_dir(scratch.path());
    let Ok(output) = script.stdin(std::process::Stdio::null()).output() else {
        return outrider_published::skip("no `script`, which makes a terminal");
    };
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    // Two EEs are loaded eleven times each, and three blocks executed once.
    assert!(shown.contains("/25 ") && shown.contains("env 0: loading ../ees/blobs/"), "{shown}");
}
