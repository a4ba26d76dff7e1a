//! The output of the examples.

#![allow(dead_code, reason = "the examples have a `main`, which is not called here")]

use std::fmt::Debug;

#[path = "../examples/embed.rs"]
mod embed;
#[path = "../examples/provider.rs"]
mod provider;
#[path = "../examples/tokio.rs"]
mod tokio_;

#[track_caller]
fn check<E: Debug>(run: impl FnOnce(&mut Vec<u8>) -> Result<(), E>, expected: &[&str]) {
    let mut out = Vec::new();
    run(&mut out).expect("the example runs");
    let out = String::from_utf8(out).expect("it is text");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{out}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\nshould start with\n{expected}");
    }
}

#[test]
fn embed_executes_on_threads_and_prints_a_refusal() {
    let expected = [
        "shard 0: ",
        "shard 1: ",
        "shard 2: ",
        "shard 3: ",
        "Block at fault: root of the state in the block: got 22ea9b04",
    ];
    check(embed::run, &expected);
}

#[test]
fn tokio_bounds_stops_and_aborts() {
    let expected = [
        "100 blocks keep their roots",
        "bazaar: the EE refuses the block: block data: byte 0: expected 4 more bytes, got 0",
        "endless: the execution was stopped at its deadline",
        "endless: nobody waited, so it was aborted",
    ];
    check(tokio_::run, &expected);
}

#[test]
fn provider_reads_from_disk_and_distinguishes_a_dead_disk_from_a_bad_block() {
    let expected = [
        "genesis: root ",
        "block: ",
        "executed without the state: root ",
        "Host at fault, a verdict: false",
        "the EE's call of state.getNode failed: the source of state failed: the source of ",
    ];
    check(provider::run, &expected);
    let mut out = Vec::new();
    provider::run(&mut out).expect("the example runs");
    let out = String::from_utf8(out).expect("it is text");
    assert_eq!(out.matches("the device is not there any more").count(), 1, "{out}");
}
