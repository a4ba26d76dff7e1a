//! Poseidon in the circuit: three constraints for each S-box, 264 for a compression of four variables.

use ark_ff::AdditiveGroup as _;
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::poseidon::{FULL_ROUNDS, LANES, MIX, PARTIAL_ROUNDS, ROUND_CONSTANTS};

use super::rule::Rule;
use super::system::{Number, System};

/// Returns the compression of four numbers, as `outrider_zk_rollup_core::poseidon::compress`.
pub(crate) fn compress<S: System>(
    system: &mut S,
    rule: Rule,
    input: [&Number<S::Form>; LANES],
) -> Number<S::Form> {
    let [fed_forward, ..] = input;
    let mut state = input.map(Clone::clone);
    for (round, constants) in ROUND_CONSTANTS.iter().enumerate() {
        for (lane, constant) in state.iter_mut().zip(constants) {
            lane.add_scaled(&Number::constant(*constant), Fr::from(1));
        }
        let partial = (FULL_ROUNDS / 2..FULL_ROUNDS / 2 + PARTIAL_ROUNDS).contains(&round);
        for lane in state.iter_mut().take(if partial { 1 } else { LANES }) {
            let square = system.multiply(rule, lane, lane);
            let fourth = system.multiply(rule, &square, &square);
            *lane = system.multiply(rule, &fourth, lane);
        }
        state = mix(&state);
    }
    let [first, ..] = state;
    &first + fed_forward
}

fn mix<F: super::system::Form>(state: &[Number<F>; LANES]) -> [Number<F>; LANES] {
    MIX.map(|row| {
        let mut sum = Number::constant(Fr::ZERO);
        for (lane, factor) in state.iter().zip(row) {
            sum.add_scaled(lane, factor);
        }
        sum
    })
}
