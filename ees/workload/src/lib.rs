//! An execution environment (EE) for benchmarks. It only does an amount of work that the block sets.
//!
//! Block data is one byte for the kind of work and four bytes, little-endian, for the number of rounds. A round
//! computes the next state root from the last one:
//!
//! - work 0, hashing: its Keccak-256 hash;
//! - work 1, arithmetic: its square plus 1, as a big-endian number modulo 2^256.

#![no_std]
#![forbid(unsafe_code)]

use outrider_sdk::{ReadError, Reader, StateRoot, entry};
use tiny_keccak::{Hasher, Keccak};

entry!(transition);

/// Does the work of a block, and returns the state root after it.
///
/// # Errors
///
/// Fails if the block data is not five bytes, or if the kind of work is unknown.
pub fn transition(pre_state_root: StateRoot, block_data: &[u8]) -> Result<StateRoot, TransitionError> {
    let mut reader = Reader::new(block_data);
    let [work] = reader.take_array()?;
    let rounds = reader.u32_le()?;
    reader.finish()?;
    match work {
        0 => Ok(StateRoot(hash(pre_state_root.0, rounds))),
        1 => Ok(StateRoot(square(pre_state_root.0, rounds))),
        got => Err(TransitionError::UnknownWork { got }),
    }
}

/// The reason why a block is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum TransitionError {
    /// The block data is not five bytes.
    #[error("block data")]
    Malformed(#[from] ReadError),
    /// The kind of work is unknown.
    #[error("unknown work {got}, expected 0, hashing, or 1, arithmetic")]
    UnknownWork {
        /// The number.
        got: u8,
    },
}

fn hash(mut root: [u8; 32], rounds: u32) -> [u8; 32] {
    for _ in 0..rounds {
        let mut keccak = Keccak::v256();
        keccak.update(&root);
        keccak.finalize(&mut root);
    }
    root
}

/// Not inlined: with the values of `transition` live, the metered loop would spill one more digit.
#[inline(never)]
fn square(root: [u8; 32], rounds: u32) -> [u8; 32] {
    let mut number = from_be_bytes(root);
    for _ in 0..rounds {
        number = square_plus_one(&number);
    }
    to_be_bytes(number)
}

/// A number below 2^256, in digits of 64 bits, least significant first.
type Number = [u64; 4];

/// Returns the square plus 1, modulo 2^256, by long multiplication.
fn square_plus_one(number: &Number) -> Number {
    let mut result: Number = [1, 0, 0, 0];
    for (shift, a) in number.iter().enumerate() {
        let mut carry = 0;
        for (digit, b) in result.iter_mut().skip(shift).zip(number) {
            // At most (2^64 - 1)^2 + 2 (2^64 - 1), which is 2^128 - 1.
            let sum = u128::from(*a) * u128::from(*b) + u128::from(*digit) + carry;
            *digit = sum as u64;
            carry = sum >> 64;
        }
    }
    result
}

fn from_be_bytes(bytes: [u8; 32]) -> Number {
    let (digits, _) = bytes.as_chunks();
    let mut number: Number = [0; 4];
    for (digit, bytes) in number.iter_mut().rev().zip(digits) {
        *digit = u64::from_be_bytes(*bytes);
    }
    number
}

fn to_be_bytes(number: Number) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, digit) in bytes.as_chunks_mut().0.iter_mut().zip(number.iter().rev()) {
        *to = digit.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use outrider_sdk::harness::{Execution, Failure};

    fn run(pre_state_root: [u8; 32], block_data: &[u8]) -> Result<StateRoot, Failure<TransitionError>> {
        let execution = Execution::new(StateRoot(pre_state_root)).block_data(block_data);
        execution.run(transition).map(|outcome| outcome.post_state_root)
    }

    #[test]
    fn zero_rounds_change_nothing() {
        for work in [0, 1] {
            assert_eq!(run([7; 32], &[work, 0, 0, 0, 0]), Ok(StateRoot([7; 32])));
        }
    }

    #[test]
    fn a_square_is_taken_modulo_2_to_the_256() {
        // (2^256 - 1)^2 + 1 = 2^512 - 2^257 + 2
        let mut two = [0; 32];
        two[31] = 2;
        assert_eq!(run([0xff; 32], &[1, 1, 0, 0, 0]), Ok(StateRoot(two)));
        // (2^128)^2 + 1
        let mut power = [0; 32];
        power[15] = 1;
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(run(power, &[1, 1, 0, 0, 0]), Ok(StateRoot(one)));
    }

    #[test]
    fn malformed_block_data_is_refused() {
        for block_data in [&[][..], &[0], &[0, 1, 0, 0], &[0, 1, 0, 0, 0, 0], &[2, 1, 0, 0, 0]] {
            assert!(matches!(run([0; 32], block_data), Err(Failure::Refused(_))), "{block_data:?}");
        }
    }
}
