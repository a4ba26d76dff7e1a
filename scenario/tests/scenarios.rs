//! Scenarios, one for each fault, with what must follow; and that a scenario has one result.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use outrider_scenario::{Expectation, Options, Report, Scenario, run, shrink};

/// Four shards with accounts, whose users pay each other on and across shards, and two views.
fn scenario(slots: u64, faults: &str, expect: &str) -> Scenario {
    let text = format!(
        "
seed: 5
slots: {slots}
preset: {{shards: 4, signatures: trusted}}
ees: [{{name: account, users: 8}}]
views: [{{name: A, share: 60}}, {{name: B, share: 40}}]
network: {{latency_ms: 50, jitter_ms: 50}}
traffic: [{{kind: transfer, ee: account, per_slot: 8, cross_shard: 0.5, for: 20}}]
faults: {faults}
expect: {expect}
"
    );
    Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}: {}\n{text}", error.problem))
}

fn report(scenario: &Scenario) -> Report {
    let report = run(scenario, Options::default()).unwrap();
    let failures: Vec<_> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(!report.is_interrupted);
    report
}

fn check(slots: u64, faults: &str, expect: &str) -> Report {
    report(&scenario(slots, faults, expect))
}

#[test]
fn without_faults_each_receipt_is_delivered_in_the_next_slot() {
    let receipts = "{all_settled: true, sent_until: 32, sent_at_least: 40, within_slots: 1}";
    let expect = format!("[conserved, agreed, used, {{receipts: {receipts}}}, {{finalized_at_least: 32}}]");
    let report = check(48, "[]", &expect);
    assert!(report.refused.is_empty() && report.reorgs.is_empty());
    assert_eq!(report.summary.latency.keys().collect::<Vec<_>>(), [&1]);
}

#[test]
fn users_of_the_evm_pay_each_other_across_shards() {
    let receipts = "{all_settled: true, sent_at_least: 40, within_slots: 1, rejected_at_least: 10}";
    let text = format!(
        "{{slots: 48, preset: {{shards: 2, signatures: trusted}}, ees: [{{name: evm, users: 8}}],
          traffic: [{{kind: transfer, ee: evm, per_slot: 4, cross_shard: 1.0, for: 8}}, {{kind: astray, ee: evm, per_slot: 2, for: 8, amount: 1000000}}],
          expect: [conserved, agreed, used, {{receipts: {receipts}}}]}}"
    );
    let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}: {}", error.problem));
    report(&scenario);
}

#[test]
fn packages_that_no_block_can_have_are_not_used() {
    let mut scenario = scenario(24, "[]", "[used]");
    scenario.rules.fuel_per_ee_max = Some(1_000);
    let failures = run(&scenario, Options::default()).unwrap().failures;
    assert!(failures[0].got.contains("packages that were given up"), "{failures:?}");
}

#[test]
fn missing_and_late_blocks_are_empty_slots() {
    let faults = "
  - {kind: missing_shard_block, at: 5, for: 2, shard: 1}
  - {kind: late_shard_block, at: 8, shard: 2, delay_ms: 3000}
  - {kind: withheld_shard_block, at: 10, shard: 3, views: []}
  - {kind: missing_beacon_block, at: 12, for: 2}
  - {kind: late_beacon_block, at: 17, delay_ms: 4000}
  - {kind: withheld_attestations, at: 15, views: [A]}";
    let expect =
        "[conserved, agreed, used, {empty: {shard: 1, slots: [5, 6]}}, {empty: {shard: 2, slots: [8]}},
        {empty: {shard: 3, slots: [10]}}, {receipts: {all_settled: true, sent_until: 40}}]";
    check(48, faults, expect);
}

#[test]
fn whoever_signs_two_blocks_is_slashed() {
    let faults = "
  - {kind: beacon_equivocation, at: 5, views: [B], delay_ms: 500}
  - {kind: shard_equivocation, at: 9, shard: 2, views: [B], delay_ms: 500}";
    check(48, faults, "[conserved, agreed, used, {slashed: 2}]");
}

#[test]
fn a_wrong_block_is_refused_with_its_field_and_leaves_its_slot_empty() {
    for (fault, error) in [
        ("kind: wrong_post_root, ee: account", "EE 0: post_state_root"),
        ("kind: wrong_receipts_root", "receipts_root"),
        ("kind: wrong_fee, ee: account", "EE 0: proposer_fee"),
        ("kind: wrong_balance, ee: account", "EE 0"),
        ("kind: wrong_sequence", "L7: to destination"),
        ("kind: double_delivery", "is not in the window from"),
        ("kind: forged_branch", "its lane is not in the header"),
        ("kind: wrong_shard", "its lane leads to shard"),
    ] {
        let faults = format!("[{{{fault}, at: 7, shard: 1}}]");
        let expect = format!(
            "[conserved, agreed, {{refused: {{slot: 7, shard: 1, error: '{error}'}}}}, {{empty: {{shard: 1, slots: [7]}}}},
              {{receipts: {{all_settled: true, within_slots: 2, outside_of: [7, 8]}}}}]"
        );
        let mut scenario = scenario(24, &faults, &expect);
        // Enough for each block to send and to receive.
        (scenario.traffic[0].per_slot, scenario.traffic[0].slots) = (24, Some(8));
        assert_eq!(report(&scenario).summary.n_tampered, 1, "{fault}");
    }
}

#[test]
fn a_partition_rolls_delivered_receipts_back_and_loses_none() {
    let faults = "[{kind: partition, at: 8, for: 6, views: [B]}]";
    let expect =
        "[conserved, agreed, used, {reorg_at_least: 3}, {receipts: {all_settled: true, sent_until: 40}}]";
    check(56, faults, expect);
}

#[test]
fn without_a_third_of_the_validators_nothing_is_final_until_they_return() {
    let faults = "[{kind: offline, at: 9, for: 24, share: 0.4}]";
    let expect = "[conserved, agreed, used, {finality_lag_at_least: 24}, {finalized_at_least: 40}]";
    check(64, faults, expect);
}

#[test]
fn while_a_provider_is_gone_its_users_wait_and_the_shard_goes_on() {
    let faults = "[{kind: provider_gone, at: 5, for: 10, shard: 2, ee: account}]";
    let expect = "[conserved, agreed, used, {receipts: {all_settled: true, sent_until: 40}}]";
    let report = check(48, faults, expect);
    let executed: Vec<_> = (6..=15).map(|slot| report.rows[slot - 1].crosslinked.crosslinks).collect();
    assert!(executed.iter().all(|n| *n == 4), "{executed:?}");
}

#[test]
fn what_nobody_delivers_expires_and_returns() {
    let faults = "[{kind: relayers_on_strike, at: 5, for: 140, shard: 2}]";
    let expect =
        "[conserved, agreed, used, {receipts: {all_settled: true, sent_until: 180, expired_at_least: 4}}]";
    check(200, faults, expect);
}

#[test]
fn a_flood_of_one_shard_stays_within_the_window() {
    let mut scenario = scenario(
        96,
        "[]",
        "[conserved, agreed, used, {lane_at_most: 8}, {receipts: {all_settled: true, sent_at_least: 200}}]",
    );
    scenario.rules.window = Some(8);
    let traffic = &mut scenario.traffic[0];
    (traffic.kind, traffic.to_shard, traffic.per_slot) = (outrider_scenario::TrafficKind::Flood, Some(3), 20);
    report(&scenario);
}

#[test]
fn a_captured_committee_can_sign_a_wrong_root_but_makes_no_ether() {
    let faults = "[{kind: wrong_post_root, at: 7, shard: 1, ee: account, captured: true}]";
    let scenario = scenario(24, faults, "[agreed]");
    let report = report(&scenario);
    assert_eq!(report.summary.n_tampered, 1);
    assert!(report.summary.blocks[&1].contains(&7));
    assert!(report.rows.iter().all(|row| row.balances + row.in_flight <= row.total));
    // More ether than the EE has is refused by the ledger, whoever signs.
    let faults = "[{kind: wrong_balance, at: 7, shard: 1, ee: account, captured: true}]";
    check(24, faults, "[conserved, agreed, {empty: {shard: 1, slots: [7]}}, {refused: {slot: 7, shard: 1}}]");
}

#[test]
fn the_same_seed_has_the_same_roots_with_any_threads_on_either_engine() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/four-shards.yaml");
    let mut scenario = Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let others = match cfg!(feature = "wasmer") {
        true => "[{threads: 1}, {threads: 2}, {threads: 16}, {engine: wasmer}]",
        false => "[{threads: 1}, {threads: 2}, {threads: 16}]",
    };
    let same = format!("slots: 1\npreset: {{shards: 1}}\nees: []\nexpect: [{{same_roots_with: {others}}}]");
    scenario.expect.extend(Scenario::parse(&same).unwrap().expect);
    let first = report(&scenario);
    scenario.seed += 1;
    scenario.expect.retain(|expected| *expected == Expectation::Conserved);
    assert_ne!(report(&scenario).summary.heads, first.summary.heads);
}

#[test]
fn a_scenario_is_the_same_after_writing_and_reading() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/four-shards.yaml");
    let scenario = Scenario::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = scenario.to_yaml();
    let read = Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}: {}\n{text}", error.problem));
    assert_eq!(read, scenario);
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let base = "slots: 8\npreset: {shards: 2}\nees:\n  - {name: account}\n";
    for (text, place, problem) in [
        ("slots: 0\npreset: {shards: 2}\nees: []\n", "1:8", "`slots` is 0"),
        ("slots: 8\npreset: {shards: 3}\nees: []\n", "2:9", "`shards` is 3"),
        ("slots: 8\npreset: {shards: 2}\nees: [{name: x}]\n", "3:7", "`x` needs `kind`"),
        ("slots: 8\npreset: {shards: 2}\nees: [{name: account, shards: [2]}]\n", "3:7", "`shards` is 2"),
        (
            "slots: 8\npreset: {shards: 2}\nees: [{name: account}, {name: account}]\n",
            "3:24",
            "two EEs `account`",
        ),
        (&format!("{base}traffic:\n  - {{kind: transfer, ee: evm, per_slot: 1}}\n"), "6:5", "no EE `evm`"),
        (
            &format!("{base}traffic:\n  - {{kind: flood, ee: account, per_slot: 1}}\n"),
            "6:5",
            "needs `to_shard`",
        ),
        (
            &format!("{base}traffic:\n  - {{kind: style, ee: account, per_slot: 1, style: htlc}}\n"),
            "6:5",
            "`kind` is style, expected `style` for the EE `styles`",
        ),
        (
            &format!("{base}traffic:\n  - {{kind: transfer, ee: account, per_slot: 1, contention: 0.5}}\n"),
            "6:5",
            "`transfer` has no `contention`",
        ),
        (
            "slots: 8\npreset: {shards: 2}\nees: [{name: styles}]\ntraffic:\n  - {kind: style, ee: styles, per_slot: 1}\n",
            "5:5",
            "`style` needs `style`",
        ),
        (&format!("{base}faults:\n  - {{kind: partition, at: 1}}\n"), "6:5", "`partition` needs `views`"),
        (&format!("{base}faults:\n  - {{kind: partition, at: 1, views: [A]}}\n"), "6:5", "no view `A`"),
        (&format!("{base}faults:\n  - {{kind: offline, at: 1, share: 1.5}}\n"), "6:5", "`share` is 1.5"),
        (&format!("{base}faults:\n  - {{kind: offline, at: 1, share: .nan}}\n"), "6:5", "`share` is NaN"),
        (
            &format!("{base}faults:\n  - {{kind: missing_beacon_block, at: 1, shard: 1}}\n"),
            "6:5",
            "has no `shard`",
        ),
        (&format!("{base}faults:\n  - {{kind: missing_shard_block, at: 9, shard: 1}}\n"), "6:5", "`at` is 9"),
        (
            &format!(
                "{base}faults:\n  - {{kind: forged_branch, at: 2, for: 2, shard: 1}}\n  - {{kind: wrong_sequence, at: 3, shard: 1}}\n"
            ),
            "7:5",
            "two faults make the block of shard 1 in slot 3 wrong",
        ),
        (&format!("{base}expect:\n  - {{same_roots_with: []}}\n"), "6:5", "`same_roots_with` is 0"),
        (&format!("{base}expect:\n  - {{empty: {{shard: 0, slots: [9]}}}}\n"), "6:5", "`slots` is 9"),
        (&format!("{base}expect:\n  - {{receipts: {{}}}}\n"), "6:5", "`receipts` needs `all_settled`"),
        (&format!("{base}expect:\n  - conserve\n"), "6:5", "conserve"),
        (&format!("{base}extra: 1\n"), "5:1", "extra"),
    ] {
        let error = Scenario::parse(text).unwrap_err();
        let got = error.problem.to_string();
        assert!(got.contains(problem), "{text}: {got}");
        assert_eq!(error.to_string(), place, "{text}: {got}");
    }
}

/// The EE is `account` with `data/credit-twice.patch`: it credits each receipt twice. `outrider build` made the blob.
#[test]
fn a_receipt_that_is_counted_twice_is_found_and_shrunk_to_a_few_lines() {
    let faults = "
  - {kind: missing_shard_block, at: 5, for: 2, shard: 1}
  - {kind: partition, at: 8, for: 4, views: [B]}";
    let mut scenario = scenario(32, faults, "[conserved, agreed, {finalized_at_least: 8}]");
    scenario.ees[0].blob = Some("credit-twice.wasm".to_owned());
    let read = |name: &str| std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR")));
    let options = Options { read: Some(&read), ..Options::default() };
    let found = run(&scenario, options).unwrap();
    let failures: Vec<_> = found.failures.iter().map(ToString::to_string).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].contains("the accounts of EE account have"), "{failures:?}");

    let smallest = shrink(&scenario, options, |_, _| ()).unwrap().unwrap();
    assert_eq!(smallest.expect, [Expectation::Conserved]);
    assert!(smallest.faults.is_empty() && smallest.slots <= 6, "{}", smallest.to_yaml());
    assert_eq!(smallest.traffic.iter().map(|traffic| traffic.per_slot).collect::<Vec<_>>(), [1]);
    assert!(smallest.to_yaml().lines().count() < 40, "{}", smallest.to_yaml());
    assert!(!run(&smallest, options).unwrap().failures.is_empty());
    // The right EE passes the same scenario.
    scenario.ees[0].blob = None;
    report(&scenario);
}
