//! `outrider sim`: verdicts and exit codes, output for machines, mistakes, and interruption.

#![cfg(unix)]

mod support;

use serde_json::Value;
use support::{Scratch, project, ran};

const SCENARIO: &str = "\
slots: 24
preset: {shards: 2, signatures: trusted}
ees: [{name: account, users: 4}]
traffic: [{kind: transfer, ee: account, per_slot: 4, cross_shard: 0.5}]
faults: [{kind: missing_shard_block, at: 5, for: 2, shard: 1}]
expect: [conserved, {empty: {shard: 1, slots: [5, 6]}}]
";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[test]
fn a_scenario_that_holds_exits_with_0_and_one_that_does_not_with_1() {
    let scratch = Scratch::new();
    scratch.write("good.yaml", SCENARIO);
    scratch.write("bad.yaml", SCENARIO.replace("[5, 6]", "[5, 6, 7]"));
    let good = scratch.outrider(&["sim", "good.yaml"]);
    assert_eq!((good.code, good.err.as_str()), (Some(0), ""));
    assert!(good.out.starts_with("good.yaml ok\n"), "{}", good.out);
    let bad = scratch.outrider(&["sim", "bad.yaml", "good.yaml"]);
    assert_eq!((bad.code, bad.err.as_str()), (Some(1), ""));
    let failure = "bad.yaml 1 of 2 expectations fail\n  expected {empty:{shard:1,slots:[5,6,7]}}, got blocks in slots [7]\n";
    assert!(bad.out.starts_with(failure) && bad.out.contains("\ngood.yaml ok\n"), "{}", bad.out);
}

#[test]
fn json_has_a_line_for_each_slot_and_is_the_same_again() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", SCENARIO);
    let run = |arguments: &[&str]| {
        let ran = scratch.outrider(&[&["sim", "world.yaml", "--json"], arguments].concat());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        let mut lines = lines(&ran.out);
        for line in &mut lines {
            line.as_object_mut().expect("a map").remove("wall_ms");
        }
        lines
    };
    let first = run(&[]);
    assert_eq!(first.len(), 24 + 2);
    assert!((1..=24).zip(&first).all(|(slot, line)| line["slot"] == slot));
    assert_eq!(first[25]["summary"]["verdict"], "holds");
    assert_eq!(run(&["--threads", "3"]), first);
    assert_ne!(run(&["--seed", "1"])[24]["end"]["heads"], first[24]["end"]["heads"]);
    assert_eq!(run(&["--slots", "12"]).len(), 12 + 2);
}

#[test]
fn a_failing_scenario_is_shrunk_to_one_that_fails() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", SCENARIO.replace("[5, 6]", "[5, 6, 7]"));
    let ran = scratch.outrider(&["sim", "world.yaml", "--shrink"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let (_, smallest) = ran.out.split_once("# The smallest scenario that fails:\n").expect("it is printed");
    assert!(!smallest.contains("faults") && !smallest.contains("traffic"), "{smallest}");
    scratch.write("smallest.yaml", smallest);
    assert_eq!(scratch.outrider(&["sim", "smallest.yaml"]).code, Some(1));
}

#[test]
fn mistakes_exit_with_2_and_name_their_place() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", SCENARIO.replace("kind: transfer", "kind: transfers"));
    scratch.write("model.yaml", "model: jury\nparameters: {share: 2.0}\n");
    scratch
        .write("fixture.yaml", std::fs::read(project().join("examples/bazaar.yaml")).expect("it is there"));
    scratch.write("blob.yaml", SCENARIO.replace("name: account", "name: account, blob: none.wasm"));
    for (arguments, message) in [
        (&["sim", "world.yaml"][..], "world.yaml:4:"),
        (&["sim", "model.yaml"], "model.yaml"),
        (&["sim", "none.yaml"], "none.yaml: no such file"),
        (&["sim", "blob.yaml"], "blob.yaml: cannot read the code of EE `account`"),
        (&["sim", "fixture.yaml"], "fixture.yaml:"),
        (&["sim", "world.yaml", "--slots", "0"], "--slots"),
    ] {
        let ran = scratch.outrider(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.contains(message), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn a_directory_may_have_fixtures_and_scenarios() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", SCENARIO);
    scratch.write(
        "helloworld.yaml",
        std::fs::read(project().join("examples/helloworld.yaml")).expect("it is there"),
    );
    let sim = scratch.outrider(&["sim", "."]);
    assert_eq!(sim.code, Some(0), "{}", sim.err);
    assert!(sim.out.contains("world.yaml ok") && !sim.out.contains("helloworld"), "{}", sim.out);
    let mut command = scratch.command(&["run", "examples/"]);
    let fixtures = ran(command.current_dir(project()).output());
    assert!(!fixtures.out.contains("four-shards") && !fixtures.out.contains("models"), "{}", fixtures.out);
}

#[test]
fn an_interruption_ends_with_the_report_so_far() {
    let scratch = Scratch::new();
    scratch.write("world.yaml", SCENARIO.replace("slots: 24", "slots: 100000").replace("expect", "# "));
    let mut child = scratch.command(&["sim", "world.yaml", "--json"]);
    child.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = child.spawn().expect("it starts");
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("it is piped")));
    for _ in 0..3 {
        lines.next().expect("a slot").expect("it is text");
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let rest: Vec<_> = lines.map(|line| line.expect("it is text")).collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(2));
    let [.., end, summary] = &rest[..] else { panic!("no end: {rest:?}") };
    assert!(end.contains("\"is_interrupted\":true") && summary.contains("unusable"), "{end}\n{summary}");
}
