//! The published numbers that the models are held against, where one scenario does not show them.

use outrider_models::{
    Measure, Outcome, challenge,
    chance::{binomial_tail, hypergeometric_tail},
    channels, hypercube,
    jury::{self, Draw, Needed, Stakes},
    light::Code,
};
use proptest::prelude::*;

/// The beacon chain's own formula, as source, so that this crate need not wait for that one.
#[path = "../../../beacon/src/jury.rs"]
#[expect(unreachable_pub, reason = "it is public in its crate")]
mod beacon_jury;

const THIRD: f64 = 1.0 / 3.0;

#[track_caller]
fn check(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs(), "expected {expected:e}, got {got:e}");
}

#[track_caller]
fn value(outcome: &Outcome, name: &str) -> f64 {
    let Measure { value, .. } = outcome.measures.get(name).unwrap_or_else(|| panic!("no {name}"));
    *value
}

fn jury(share: f64, members: u32, needed: Needed, draw: Draw, committees: u32) -> jury::Parameters {
    jury::Parameters {
        share,
        members,
        needed,
        draw,
        committees,
        slot_seconds: 12.0,
        risk: 0.1,
        limit_bits: 40,
        simulated_slots: 0,
        shares: vec![],
        sizes: vec![],
    }
}

proptest! {
    #[test]
    fn the_binomial_agrees_with_the_beacon_chains(share in 0.0..=1.0, members in 0_u32..=600, needed in 0_u32..=601) {
        let expected = beacon_jury::chance_of_control(share, members, needed);
        let got = binomial_tail(share, members, needed);
        prop_assert!((got - expected).abs() <= 1e-9 * expected, "expected {expected:e}, got {got:e}");
        prop_assert_eq!(Needed::TwoThirds.of(members), beacon_jury::two_thirds(members));
    }

    #[test]
    fn a_partition_is_never_easier_to_capture_than_independent_draws(
        members in 2_u32..200, committees in 1_u32..20, share in 0.05..0.6,
    ) {
        // For a share of whole validators, and tails by more than one above the mean.
        let population = members * committees;
        let marked = (share * f64::from(population)) as u32;
        let needed = Needed::TwoThirds.of(members);
        prop_assume!(f64::from(needed) >= f64::from(marked) / f64::from(committees) + 1.0);
        let binomial = binomial_tail(f64::from(marked) / f64::from(population), members, needed);
        prop_assert!(hypergeometric_tail(population, marked, members, needed) <= binomial * (1.0 + 1e-9) + 1e-300);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn simulated_draws_agree_with_their_formulas(seed: u64, kind in 0_usize..4, share in 0.3..0.6) {
        let even = Stakes { honest: 1, attacker: 1, skew: 0.0 };
        let draws = [Draw::Independent, Draw::Sample(60), Draw::Partition(60), Draw::Mandates(even)];
        // As a multiple of a place of 60, so that no mandate is partial.
        let share = f64::round(share * 60.0) / 60.0;
        let parameters = jury::Parameters {
            simulated_slots: 4000,
            ..jury(share, 12, Needed::Majority, draws[kind], 5)
        };
        let outcome = jury::run(&parameters, seed).unwrap();
        let (got, expected) =
            (value(&outcome, "simulated_capture_probability"), value(&outcome, "capture_probability"));
        // Six standard deviations of 20,000 draws, which are independent or negatively correlated.
        let deviation = (expected * (1.0 - expected) / 20_000.0).sqrt();
        prop_assert!((got - expected).abs() < 6.0 * deviation + 1e-12, "expected {expected}, got {got}");
    }
}

#[test]
fn committees_of_the_specification_are_as_safe_as_reckoned() {
    let bits = |share, members: u32| -binomial_tail(share, members, Needed::TwoThirds.of(members)).log2();
    for (share, members, expected) in [
        (THIRD, 128, 47.4),
        (THIRD, 111, 40.2),
        (THIRD, 108, 39.2),
        (0.25, 128, 76.0),
        (0.3, 128, 57.5),
        (0.4, 128, 31.0),
    ] {
        assert!((bits(share, members) - expected).abs() < 0.1, "{share} {members}: {}", bits(share, members));
    }
    let outcome = jury::run(&jury(THIRD, 128, Needed::TwoThirds, Draw::Independent, 64), 1).unwrap();
    check(value(&outcome, "smallest_committee"), 109.0, 0.0);
    check(hypergeometric_tail(16_384, 5461, 128, 86), 4.3e-15, 0.01);
}

#[test]
fn a_jury_of_200_holds_against_30_percent_and_not_against_40() {
    for (share, expected) in [(0.3, 1.1e-9), (0.33, 2.4e-7), (0.35, 4.9e-6), (0.4, 1.7e-3), (0.45, 6.8e-2)] {
        check(binomial_tail(share, 200, 101), expected, 0.02);
    }
}

#[test]
fn the_40_years_of_nep_509_fit_a_share_of_31_5_percent_and_not_a_third() {
    let years = |mandates: u32| {
        let share = f64::from(mandates) / 408.0;
        let draw = Draw::Mandates(Stakes { honest: 1, attacker: 1, skew: 0.0 });
        let parameters =
            jury::Parameters { slot_seconds: 1.2, ..jury(share, 68, Needed::Members(46), draw, 6) };
        let outcome = jury::run(&parameters, 1).unwrap();
        check(value(&outcome, "attacker_mandates"), mandates.into(), 0.0);
        value(&outcome, "years_to_risk")
    };
    check(years(136), 3.3, 0.02);
    check(years(129), 37.0, 0.02);
    assert!(years(129) < 40.0 && years(128) > 40.0, "{}", years(128));
    check(years(122), 500.0, 0.1);
    // As if mandates were drawn independently.
    check(binomial_tail(THIRD, 68, 46), 7.8e-9, 0.01);
    check(hypergeometric_tail(408, 136, 68, 46), 2.0e-10, 0.02);
    let independent =
        jury::Parameters { slot_seconds: 1.2, ..jury(THIRD, 68, Needed::Members(46), Draw::Independent, 6) };
    check(value(&jury::run(&independent, 1).unwrap(), "years_to_risk"), 0.085, 0.01);
}

#[test]
fn partial_mandates_make_up_for_what_rounding_takes_from_small_validators() {
    let draw = Draw::Mandates(Stakes { honest: 20, attacker: 10, skew: 1.0 });
    let parameters =
        jury::Parameters { simulated_slots: 10_000, ..jury(0.45, 12, Needed::TwoThirds, draw, 6) };
    let outcome = jury::run(&parameters, 1).expect("the parameters are valid");
    assert!(value(&outcome, "attacker_mandates") > 1.1 * 0.45 * value(&outcome, "mandates"));
    assert!(value(&outcome, "capture_probability") > 1.5 * value(&outcome, "simulated_capture_probability"));
    check(value(&outcome, "simulated_capture_probability"), value(&outcome, "binomial_probability"), 0.3);
}

#[test]
fn chains_of_skale_are_captured_as_reckoned() {
    for (share, expected) in [(THIRD, 4.0e-3), (0.2, 3.3e-5), (0.1, 2.7e-8)] {
        check(binomial_tail(share, 16, 11), expected, 0.02);
    }
    check(hypergeometric_tail(150, 50, 16, 11), 2.4e-3, 0.02);
    assert_eq!(Needed::MoreThanThird.of(16), 6);
    check(binomial_tail(THIRD, 16, 6), 0.45, 0.01);
}

#[test]
fn transactions_have_as_many_segments_as_vorpals() {
    let run = |crossing, dimensions| {
        let parameters = hypercube::Parameters {
            dimensions,
            schedule: hypercube::Schedule::All,
            messages: 1.0,
            edge_capacity: None,
            simulated_slots: 10,
            header_bytes: 128,
            crossing,
            growth: None,
        };
        hypercube::run(&parameters, 1).unwrap()
    };
    for (crossing, expected) in [(0.01, 1.01), (0.5, 1.64), (0.99, 2.62)] {
        check(value(&run(crossing, 2), "segments"), expected, 0.002);
    }
    check(value(&run(0.0, 6), "crossing_probability"), 0.984_375, 1e-9);
}

#[test]
fn every_schedule_of_a_cube_delivers_over_the_shortest_path() {
    for (schedule, slots) in [
        (hypercube::Schedule::All, Some(3.0)),
        (hypercube::Schedule::OneDimension, Some((5.0 * 64.0 + 1.0) / 64.0)),
        (hypercube::Schedule::Mined(0.2), None),
    ] {
        let parameters = hypercube::Parameters {
            dimensions: 6,
            schedule,
            messages: 2.0,
            edge_capacity: None,
            simulated_slots: 200,
            header_bytes: 128,
            crossing: 0.0,
            growth: None,
        };
        let outcome = hypercube::run(&parameters, 3).unwrap();
        check(value(&outcome, "delivered"), 64.0 * 2.0 * 200.0, 0.0);
        check(value(&outcome, "simulated_hops"), 3.0, 0.02);
        assert!(value(&outcome, "simulated_hops_max") <= 6.0);
        if let Some(slots) = slots {
            check(value(&outcome, "slots"), slots, 1e-12);
            check(value(&outcome, "simulated_slots"), slots, 0.02);
            assert!(value(&outcome, "simulated_slots_max") <= 6.0);
        } else {
            let (got, expected) =
                (value(&outcome, "simulated_conflict_probability"), value(&outcome, "conflict_probability"));
            check(got, expected, 0.03);
            assert!(value(&outcome, "dropped_blocks_share") > 0.0);
        }
    }
}

#[test]
fn messages_wait_where_edges_carry_few() {
    let run = |edge_capacity| {
        let parameters = hypercube::Parameters {
            dimensions: 5,
            schedule: hypercube::Schedule::All,
            messages: 3.0,
            edge_capacity,
            simulated_slots: 100,
            header_bytes: 128,
            crossing: 0.0,
            growth: None,
        };
        hypercube::run(&parameters, 1).unwrap()
    };
    let (free, narrow) = (run(None), run(Some(1)));
    check(value(&narrow, "delivered"), value(&free, "delivered"), 0.0);
    assert!(value(&narrow, "simulated_slots") > 2.0 * value(&free, "simulated_slots"));
    assert!(value(&narrow, "outbox_max") > value(&free, "outbox_max"));
}

fn game(challengers: u32, check_probability: f64) -> challenge::Game {
    challenge::Game {
        challengers,
        check_probability,
        window_slots: 10,
        denial_slots: 0,
        false_alarm_probability: 0.0,
        accusations_per_slot: 1,
    }
}

fn challenge(game: challenge::Game, incentives: Option<challenge::Incentives>) -> Outcome {
    let parameters = challenge::Parameters {
        game,
        fraud_probability: 0.1,
        check_cost: 0.0,
        false_alarm_cost: 0.0,
        simulated_slots: 20_000,
        denials: vec![],
        incentives,
    };
    challenge::run(&parameters, 1).expect("the parameters are valid")
}

#[test]
fn a_denial_of_service_for_the_whole_window_lets_every_invalid_block_stay() {
    for (denial_slots, all_stay) in [(9, false), (10, true)] {
        let outcome = challenge(challenge::Game { denial_slots, ..game(5, 0.5) }, None);
        assert_eq!(value(&outcome, "simulated_undetected_probability") >= 1.0, all_stay);
        assert_eq!(value(&outcome, "undetected_probability") >= 1.0, all_stay);
    }
}

#[test]
fn false_alarms_keep_true_accusations_out_of_blocks() {
    let calm = challenge(game(5, 0.2), None);
    // One false alarm a slot, as many as a block takes.
    let flood = challenge::Game { false_alarm_probability: 0.2, ..game(5, 0.2) };
    let flooded = challenge(flood, None);
    check(value(&flooded, "undetected_probability"), value(&calm, "undetected_probability"), 0.0);
    assert!(value(&flooded, "simulated_undetected_probability") > 0.5);
    assert!(value(&calm, "simulated_undetected_probability") < 0.01);
    // More places help.
    let wide = challenge(challenge::Game { accusations_per_slot: 5, ..flood }, None);
    assert!(value(&wide, "simulated_undetected_probability") < 0.02);
}

#[test]
fn fraud_settles_at_feltens_rate_and_vanishes_with_errors_on_purpose() {
    let incentives = |forced_errors| challenge::Incentives {
        check_cost: 0.1,
        reward: 4.0,
        loss: 1.0,
        gain: 30.0,
        slashed: 70.0,
        forced_errors,
        rounds: 200_000,
    };
    let outcome = challenge(game(1, 0.5), Some(incentives(0.0)));
    check(value(&outcome, "settled_fraud_probability"), 0.1 / (4.0 + 1.0), 1e-9);
    check(value(&outcome, "settled_check_probability"), 0.3, 1e-9);
    check(value(&outcome, "simulated_settled_fraud_probability"), 0.02, 0.05);
    check(value(&outcome, "simulated_settled_check_probability"), 0.3, 0.05);
    // C / R = 0.025.
    let outcome = challenge(game(1, 0.5), Some(incentives(0.03)));
    check(value(&outcome, "settled_fraud_probability"), 0.0, 0.0);
    assert!(value(&outcome, "simulated_settled_fraud_probability") < 1e-4);
}

#[test]
fn hiding_takes_half_of_one_dimension_and_a_quarter_of_two() {
    // PeerDAS: 64 of 128 columns restore the data. Celestia: a square of 64 becomes one of 128.
    let miss = |code: Code, samples| {
        hypergeometric_tail(code.n_shares(), code.n_shares() - code.hides(), samples, samples)
    };
    let columns = Code::OneDimension(64);
    assert_eq!((columns.n_shares(), columns.hides()), (128, 65));
    assert!(miss(columns, 8) < 0.5_f64.powi(8));
    let square = Code::TwoDimensions(64);
    assert_eq!((square.n_shares(), square.hides()), (16_384, 65 * 65));
    assert!(miss(square, 16) < 0.75_f64.powi(16));
    check(0.75_f64.powi(16), 0.01, 0.01);
}

#[test]
fn a_channel_carries_an_amount_with_the_share_of_balances_that_reach_it() {
    for (capacity, amount) in [(1_u64, 1_u64), (10, 3), (10, 10), (10, 0), (10, 11)] {
        let reach = (0..=capacity).filter(|balance| *balance >= amount).count();
        check(channels::carries(capacity, amount), reach as f64 / (capacity + 1) as f64, 1e-12);
    }
}
