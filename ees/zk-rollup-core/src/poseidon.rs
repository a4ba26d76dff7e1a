//! Poseidon with four lanes, and the compression of four elements to one.
//!
//! The S-box is the fifth power; there are 8 full rounds, half of them before and half after 56 partial ones. Several
//! sets of constants are called "Poseidon over BLS12-381": these are those of npm's `poseidon-bls12381` for three
//! inputs, made by the [reference implementation] for 128 bits of security, and not those of its published test
//! vectors, which have other numbers of lanes and of partial rounds.
//!
//! [reference implementation]: https://extgit.iaik.tugraz.at/krypto/hadeshash

mod constants;
#[cfg(any(target_family = "wasm", test))]
mod limbs;

use ark_ff::Field;

pub use constants::{MIX, ROUND_CONSTANTS};

use crate::field::Fr;

/// The number of elements that the permutation permutes.
pub const LANES: usize = 4;

/// The number of rounds with an S-box in every lane.
pub const FULL_ROUNDS: usize = 8;

/// The number of rounds with an S-box in lane 0 only.
pub const PARTIAL_ROUNDS: usize = 56;

/// The number of all rounds.
pub const ROUNDS: usize = FULL_ROUNDS + PARTIAL_ROUNDS;

/// Returns one element for four: lane 0 of the permutation, plus lane 0 of the input.
///
/// All four lanes are input. The permutation alone could be undone; adding an input makes that impossible, as in the
/// construction of Davies and Meyer, and as Poseidon's authors allow for trees of fixed depth (section 4.2 of the
/// [paper](https://eprint.iacr.org/2019/458) and, with the addition, section 4 of
/// [Poseidon2](https://eprint.iacr.org/2023/323)).
pub fn compress(input: [Fr; LANES]) -> Fr {
    #[cfg(target_family = "wasm")]
    return limbs::compress(input);
    #[cfg(not(target_family = "wasm"))]
    compress_with_words(input)
}

/// Returns what [`compress`] does, on machines that have products of 128 bits.
#[cfg(any(not(target_family = "wasm"), test))]
fn compress_with_words(input: [Fr; LANES]) -> Fr {
    let mut state = input;
    permute(&mut state);
    let [first, ..] = state;
    let [fed_forward, ..] = input;
    first + fed_forward
}

/// Permutes four elements.
pub fn permute(state: &mut [Fr; LANES]) {
    permute_with(state, &ROUND_CONSTANTS, &MIX);
}

/// Permutes `T` elements by given constants, of which there are as many as rounds: 8 full ones, and partial ones.
pub fn permute_with<const T: usize>(state: &mut [Fr; T], constants: &[[Fr; T]], mix: &[[Fr; T]; T]) {
    let partial = FULL_ROUNDS / 2..constants.len().saturating_sub(FULL_ROUNDS / 2);
    for (round, constants) in constants.iter().enumerate() {
        for (lane, constant) in state.iter_mut().zip(constants) {
            *lane += constant;
        }
        for lane in state.iter_mut().take(if partial.contains(&round) { 1 } else { T }) {
            *lane *= lane.square().square();
        }
        let lanes = *state;
        for (mixed, row) in state.iter_mut().zip(mix) {
            *mixed = row.iter().zip(&lanes).map(|(factor, lane)| *factor * lane).sum();
        }
    }
}
