//! Simulated figures agree with the formulas beside them, for any parameters.

use outrider_models::{Outcome, challenge, channels, hypercube, jury::Needed, light};
use proptest::prelude::*;

#[track_caller]
fn value(outcome: &Outcome, name: &str) -> f64 {
    outcome.measures.get(name).unwrap_or_else(|| panic!("no {name}")).value
}

/// Compares a frequency in `n` trials with its probability: six standard deviations, and six single events.
#[track_caller]
fn check_frequency(outcome: &Outcome, name: &str, simulated: &str, n: f64) {
    let (expected, got) = (value(outcome, name), value(outcome, simulated));
    let deviation = (expected * (1.0 - expected) / n).sqrt();
    assert!((got - expected).abs() <= 6.0 * deviation + 6.0 / n, "{name}: expected {expected}, got {got}");
}

#[track_caller]
fn check_mean(outcome: &Outcome, name: &str, simulated: &str, tolerance: f64) {
    let (expected, got) = (value(outcome, name), value(outcome, simulated));
    assert!((got - expected).abs() <= tolerance * expected.abs(), "{name}: expected {expected}, got {got}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn challenges(
        seed: u64, challengers in 1_u32..8, check_probability in 0.02..0.6, window_slots in 1_u32..12, part in 0.0..1.0,
    ) {
        let game = challenge::Game {
            challengers,
            check_probability,
            window_slots,
            denial_slots: (f64::from(window_slots) * part) as u32,
            false_alarm_probability: 0.0,
            accusations_per_slot: 1000,
        };
        let parameters = challenge::Parameters {
            game,
            fraud_probability: 0.5,
            check_cost: 1.0,
            false_alarm_cost: 0.0,
            simulated_slots: 4000,
            denials: vec![],
            incentives: None,
        };
        let outcome = challenge::run(&parameters, seed).unwrap();
        let invalid = value(&outcome, "invalid_blocks");
        check_frequency(&outcome, "undetected_probability", "simulated_undetected_probability", invalid);
        if invalid - value(&outcome, "undetected_blocks") > 500.0 {
            check_mean(&outcome, "slots_to_detection", "simulated_slots_to_detection", 0.25);
        }
        // The variance of the number of checks is at most its mean.
        let tolerance = 6.0 / (4000.0 * value(&outcome, "checks_per_block")).sqrt();
        check_mean(&outcome, "checks_per_block", "simulated_checks_per_block", tolerance);
        check_mean(&outcome, "cost_per_block", "simulated_cost_per_block", tolerance);
        prop_assert!(outcome.measures.get("rollback_depth_max").is_none_or(|max| max.value <= window_slots.into()));
    }

    #[test]
    fn samples(seed: u64, shares in 4_u32..200, part in 0.0..1.0, withheld in 0.0..1.0, clients in 1_u32..6) {
        let parameters = light::Parameters {
            code: light::Code::OneDimension(shares),
            samples: 1 + (f64::from(shares) * part / 4.0) as u32,
            withheld: Some(withheld),
            share_bytes: 1,
            share_proof_bytes: 1,
            header_bytes: 1,
            blocks_per_slot: 1,
            slot_seconds: 12.0,
            reads_per_day: 0.0,
            read_bytes: 0,
            attacker_share: 0.3,
            members: 128,
            needed: Needed::TwoThirds,
            peers: 1,
            clients,
            trials: 4000,
            sample_numbers: vec![],
        };
        let outcome = light::run(&parameters, seed).unwrap();
        check_frequency(&outcome, "miss_probability", "simulated_miss_probability", 4000.0);
        check_mean(&outcome, "collected_shares", "simulated_collected_shares", 0.05);
    }

    #[test]
    fn growth_of_cubes(seed: u64, dimensions in 1_u32..10, local_share in 0.0..=1.0, forward_gas in 0.0..50_000.0) {
        let growth = hypercube::Growth {
            local_share,
            local_gas: 21_000.0,
            send_gas: 31_785.0,
            receive_gas: 52_820.0,
            forward_gas,
            newcomers: 0.0,
            calls: 20_000,
        };
        let parameters = hypercube::Parameters {
            dimensions,
            schedule: hypercube::Schedule::All,
            messages: 1.0,
            edge_capacity: None,
            simulated_slots: 1,
            header_bytes: 128,
            crossing: 0.5,
            growth: Some(growth),
        };
        let outcome = hypercube::run(&parameters, seed).unwrap();
        check_mean(&outcome, "gas_per_call", "simulated_gas_per_call", 0.05);
        check_mean(&outcome, "split_gas_rise", "simulated_split_gas_rise", 0.05);
        check_mean(&outcome, "segments", "simulated_segments", 0.02);
    }

    #[test]
    fn payments(seed: u64, nodes in 3_u32..60, each in 1_u32..4, amount in 1_u64..1000, win_probability in 0.02..0.9) {
        let tickets = channels::Tickets { win_probability, value: 1.0, payments: 2000, bytes: 300, trials: 1000 };
        let parameters = channels::Parameters {
            nodes,
            channels_per_node: each.min(nodes - 1),
            capacity: 1000,
            amount,
            payments: 2000,
            attempts: 3,
            rebalance_below: 0.0,
            open_bytes: 300,
            close_bytes: 300,
            rebalance_bytes: 300,
            payment_bytes: 200,
            amounts: vec![],
            tickets: Some(tickets),
        };
        let outcome = channels::run(&parameters, seed).unwrap();
        check_frequency(&outcome, "failure_probability", "simulated_failure_probability", 2000.0);
        prop_assert!(value(&outcome, "payment_failure_probability") <= value(&outcome, "first_failure_probability"));
        check_mean(&outcome, "ticket_deviation", "simulated_ticket_deviation", 0.2);
    }
}
