//! `outrider sim`: reports as pages, and scenarios side by side.

mod support;

use serde_json::Value;
use support::{Ran, Scratch};

const SCENARIO: &str = "
slots: 6
preset: {shards: 2, signatures: trusted}
ees: [{name: account, users: 2}]
traffic: [{kind: transfer, ee: account, per_slot: 2, cross_shard: SHARE, for: 3}]
expect: [EXPECT]
";

/// Returns a directory with three scenarios of shards, of which the last fails, and one of a model.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    for (name, share, expect) in [
        ("across", "1.0", "conserved, {receipts: {sent_at_least: 2}}"),
        ("within", "0.0", "conserved"),
        ("fails", "0.5", "{slashed: 3}"),
    ] {
        let text = SCENARIO.replace("SHARE", share).replace("EXPECT", expect);
        scratch.write(&format!("{name}.yaml"), text);
    }
    scratch.write("model.yaml", include_str!("../../examples/models/swap.yaml"));
    scratch
}

#[track_caller]
fn check(scratch: &Scratch, arguments: &[&str], code: i32) -> Ran {
    let ran = scratch.outrider(&[&["sim"], arguments].concat());
    assert_eq!(ran.code, Some(code), "{ran:?}");
    ran
}

#[test]
fn a_report_has_all_scenarios_whether_they_hold_or_fail_and_changes_no_output() {
    let scratch = scratch();
    let scenarios = ["across.yaml", "fails.yaml", "model.yaml"];
    let plain = check(&scratch, &scenarios, 1);
    let arguments = [&scenarios[..], &["--report", "page.html"]].concat();
    let reported = check(&scratch, &arguments, 1);
    assert_eq!(plain.out, reported.out);
    let page = scratch.read("page.html");
    for part in ["across.yaml", "all 2 expectations hold", "1 of 1 expectations fail", "{slashed:3}", "swap"]
    {
        assert!(page.contains(part), "{part}");
    }
    check(&scratch, &arguments, 1);
    assert!(page == scratch.read("page.html"), "two runs have different pages");
}

#[test]
fn a_comparison_has_a_row_for_each_scenario_as_text_as_json_and_on_the_page() {
    let scratch = scratch();
    let ran = check(&scratch, &["--compare", "across.yaml", "within.yaml", "--report", "page.html"], 0);
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines.len(), 5, "{ran:?}");
    assert_eq!(lines.get(..2), Some(&["across.yaml ok", "within.yaml ok"][..]));
    assert!(
        lines.get(2).is_some_and(|line| line.starts_with("scenario     ") && line.ends_with("final slot"))
    );
    assert!(scratch.read("page.html").contains("Comparison"));

    let ran = check(&scratch, &["--compare", "--json", "across.yaml", "fails.yaml", "within.yaml"], 1);
    let documents =
        ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    let comparison = documents.filter_map(|document| document.get("comparison").cloned()).next();
    let rows = comparison.as_ref().and_then(Value::as_array).expect("there is a list");
    let sent = |row: &Value| (row["scenario"].clone(), row["figures"]["receipts"].as_u64().unwrap_or(0) > 0);
    let expected = [("across.yaml", true), ("fails.yaml", true), ("within.yaml", false)];
    assert_eq!(rows.iter().map(sent).collect::<Vec<_>>(), expected.map(|(name, sent)| (name.into(), sent)));
}

#[test]
fn what_cannot_be_reported_or_compared_is_refused_before_a_run() {
    let scratch = scratch();
    for (arguments, reason) in [
        (&["across.yaml", "--report", "./across.yaml"][..], "would overwrite the input"),
        (&["across.yaml", "--report", "nowhere/page.html"], "a directory that exists"),
        (&["across.yaml", "--report", "."], "a directory that exists"),
        (&["across.yaml", "--compare"], "nothing to compare it with"),
        (&["model.yaml", "across.yaml", "--compare"], "this is one of a model"),
    ] {
        let ran = check(&scratch, arguments, 2);
        assert!(ran.err.contains(reason), "{ran:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}
