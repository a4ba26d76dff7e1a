//! Purchases in each cross-shard style: the examples, more contention, and faults.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and prints figures"
)]

use outrider_scenario::{Options, Scenario, StyleMeasures, run};

const STYLES: [&str; 8] = [
    "receipts",
    "finalized",
    "transfer-objects",
    "yank",
    "two-phase-commit",
    "capabilities",
    "conditional",
    "htlc",
];

fn example(style: &str) -> Scenario {
    let path = format!("{}/../examples/styles/{style}.yaml", env!("CARGO_MANIFEST_DIR"));
    Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the parts of a scenario that are the same text in each.
fn parts(faults: &str, expect: &str) -> Scenario {
    let text = format!(
        "
slots: 200
preset: {{shards: 4}}
ees: []
views: [{{name: A, share: 60}}, {{name: B, share: 40}}]
faults: {faults}
expect: {expect}
"
    );
    Scenario::parse(&text).unwrap()
}

/// Runs a scenario, and returns what purchases have cost.
fn measures(name: &str, scenario: &Scenario) -> StyleMeasures {
    let report = run(scenario, Options::default()).unwrap();
    let failures: Vec<_> = report.failures.iter().map(ToString::to_string).collect();
    println!("{name}: {:?}", report.style);
    assert!(failures.is_empty(), "{name}: {failures:#?}");
    report.style.unwrap()
}

#[test]
fn each_style_does_the_same_purchases_as_its_example_expects() {
    let all: Vec<_> = STYLES.iter().map(|style| measures(style, &example(style))).collect();
    let first = &all[0];
    for measures in &all {
        assert_eq!((measures.purchases, measures.local), (first.purchases, first.local));
        assert_eq!(measures.done + measures.aborted, first.purchases - first.local);
        assert!(measures.shard_bytes_per_purchase > 0 && measures.fuel_per_purchase > 0);
        assert!(measures.slots_to_final.unwrap().median >= measures.slots_to_use.unwrap().median);
    }
}

/// On each shard, one buyer from elsewhere gets the one good that all want.
#[test]
fn with_full_contention_purchases_still_end_and_nothing_is_lost() {
    for style in STYLES {
        let mut scenario = example(style);
        scenario.traffic[0].contention = 1.0;
        scenario.traffic[0].slots = Some(12);
        scenario.expect =
            parts("[]", "[conserved, agreed, {style: {all_ended: true, aborted_at_least: 8}}]").expect;
        let measures = measures(style, &scenario);
        assert_eq!(measures.done, 4, "{style}");
    }
}

#[test]
fn missing_shard_blocks_delay_purchases_and_lose_none() {
    let faults = "[{kind: missing_shard_block, at: 10, for: 3, shard: 1}, {kind: missing_shard_block, at: 15, shard: 2}]";
    for style in STYLES {
        with_faults(style, faults, "[conserved, agreed, {style: {all_ended: true, done_at_least: 8}}]");
    }
}

#[test]
fn a_partition_undoes_purchases_and_leaves_none_half_done() {
    let expect = "[conserved, agreed, {reorg_at_least: 2}, {style: {all_ended: true, done_at_least: 8}}]";
    for style in STYLES {
        with_faults(style, "[{kind: partition, at: 9, for: 5, views: [A]}]", expect);
    }
}

fn with_faults(style: &str, faults: &str, expect: &str) {
    let Scenario { faults, expect, views, .. } = parts(faults, expect);
    let slots = match style {
        "finalized" => 64,
        // A version whose receipt never comes is gone after 128 slots.
        "conditional" => 168,
        _ => 48,
    };
    let mut scenario = Scenario { slots, faults, expect, views, ..example(style) };
    scenario.traffic[0].slots = Some(12);
    let StyleMeasures { done, aborted, .. } = measures(style, &scenario);
    assert_eq!(
        (done, aborted),
        (14, 2),
        "{style}: the same purchases fail in each, for another buyer's sake"
    );
}

#[test]
fn an_expectation_about_purchases_that_fails_says_what_is_the_case() {
    for (expect, got) in [
        ("median_slots_to_use: 2", "a median of Some(1) slots"),
        ("slots_to_use_at_most: 0", "Some(1) slots"),
        ("done_at_least: 100", " done"),
        ("aborted_at_most: 0", " aborted"),
        // It ends before the last purchases do.
        ("all_ended: true", "purchases that are open"),
    ] {
        let expect = parts("[]", &format!("[{{style: {{{expect}}}}}]")).expect;
        let mut scenario = Scenario { slots: 16, expect, ..example("receipts") };
        (scenario.traffic[0].contention, scenario.traffic[0].cross_shard) = (0.5, 1.0);
        let failures = run(&scenario, Options::default()).unwrap().failures;
        assert!(failures.len() == 1 && failures[0].got.contains(got), "{failures:?}");
    }
}

#[test]
fn purchases_have_the_same_roots_with_any_threads_on_either_engine() {
    let others = match cfg!(feature = "wasmer") {
        true => "[{threads: 1}, {threads: 16}, {engine: wasmer}]",
        false => "[{threads: 1}, {threads: 16}]",
    };
    let expect = parts("[]", &format!("[conserved, {{same_roots_with: {others}}}]")).expect;
    for style in ["two-phase-commit", "capabilities"] {
        measures(style, &Scenario { slots: 16, expect: expect.clone(), ..example(style) });
    }
}
