//! The compression function F of BLAKE2b, with any number of rounds ([EIP-152]).
//!
//! No published crate exposes F with a round count, so this module implements it. Names and constants are those of
//! [RFC 7693], section 3.
//!
//! The input of [`compress`]:
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | rounds, big-endian |
//! | 4 | 64 | state `h`: 8 words, little-endian |
//! | 68 | 128 | message block `m`: 16 words, little-endian |
//! | 196 | 16 | offset counters `t`: 2 words, little-endian |
//! | 212 | 1 | final block flag `f`: 0 or 1 |
//!
//! [EIP-152]: https://eips.ethereum.org/EIPS/eip-152
//! [RFC 7693]: https://www.rfc-editor.org/rfc/rfc7693

// Each index below, and each sum that makes one, is a constant, an entry of SIGMA, or bounded by the length of a
// fixed-size array. Words wrap by explicit functions.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use thiserror::Error;

/// Length of the input of [`compress`], in bytes.
pub const INPUT_BYTES: usize = 213;

/// An error of [`compress`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Blake2bError {
    /// The last byte is neither 0 nor 1.
    #[error("the final block flag is {got}, expected 0 or 1")]
    FinalFlag {
        /// The actual byte.
        got: u8,
    },
}

/// Applies F and returns the new state `h`, 8 words, little-endian.
///
/// # Errors
///
/// Returns [`Blake2bError::FinalFlag`] if the last byte is neither 0 nor 1.
pub fn compress(input: &[u8; INPUT_BYTES]) -> Result<[u8; 64], Blake2bError> {
    let (_, words) = input.split_at(size_of::<u32>());
    let (words, flag) = words.as_chunks::<8>();
    let is_final = match flag {
        [0] => false,
        [1] => true,
        _ => return Err(Blake2bError::FinalFlag { got: input[212] }),
    };
    let word = |index: usize| u64::from_le_bytes(words[index]);
    let h: [u64; 8] = std::array::from_fn(word);
    let m: [u64; 16] = std::array::from_fn(|i| word(i + 8));
    let t = [word(24), word(25)];

    let h = f(work(input), h, &m, t, is_final);
    let mut out = [0; 64];
    for (bytes, word) in out.as_chunks_mut().0.iter_mut().zip(h) {
        *bytes = word.to_le_bytes();
    }
    Ok(out)
}

/// Returns the number of rounds that [`compress`] runs: the first four bytes.
pub fn work(input: &[u8; INPUT_BYTES]) -> u32 {
    let [a, b, c, d, ..] = *input;
    u32::from_be_bytes([a, b, c, d])
}

/// RFC 7693, section 3.2.
fn f(rounds: u32, h: [u64; 8], m: &[u64; 16], t: [u64; 2], is_final: bool) -> [u64; 8] {
    let mut v: [u64; 16] = std::array::from_fn(|i| if i < 8 { h[i] } else { IV[i - 8] });
    v[12] ^= t[0];
    v[13] ^= t[1];
    if is_final {
        v[14] = !v[14];
    }
    for (_, sigma) in (0..rounds).zip(SIGMA.iter().cycle()) {
        let mut mix = |a, b, c, d, i: usize| g(&mut v, [a, b, c, d], m[sigma[i]], m[sigma[i + 1]]);
        mix(0, 4, 8, 12, 0);
        mix(1, 5, 9, 13, 2);
        mix(2, 6, 10, 14, 4);
        mix(3, 7, 11, 15, 6);
        mix(0, 5, 10, 15, 8);
        mix(1, 6, 11, 12, 10);
        mix(2, 7, 8, 13, 12);
        mix(3, 4, 9, 14, 14);
    }
    std::array::from_fn(|i| h[i] ^ v[i] ^ v[i + 8])
}

/// RFC 7693, section 3.1.
#[inline(always)]
fn g(v: &mut [u64; 16], [a, b, c, d]: [usize; 4], x: u64, y: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

/// RFC 7693, section 2.6.
const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// RFC 7693, section 2.7. Round `i` uses row `i mod 10`.
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns test vector 5 of EIP-152: the last block of BLAKE2b-512("abc").
    fn abc() -> [u8; INPUT_BYTES] {
        let mut input = [0; INPUT_BYTES];
        input[3] = 12;
        for (i, iv) in IV.iter().enumerate() {
            input[4 + 8 * i..][..8].copy_from_slice(&iv.to_le_bytes());
        }
        // The parameter block: digest length 64, no key, fanout 1, depth 1.
        for (byte, parameter) in input[4..].iter_mut().zip([64, 0, 1, 1]) {
            *byte ^= parameter;
        }
        input[68..71].copy_from_slice(b"abc");
        input[196] = 3;
        input[212] = 1;
        input
    }

    #[test]
    fn twelve_rounds_over_abc_give_blake2b_of_abc() {
        let expected = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                        7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
        assert_eq!(hex::encode(compress(&abc()).unwrap()), expected);
    }

    #[test]
    fn a_final_flag_of_two_is_an_error() {
        let mut input = abc();
        input[212] = 2;
        assert_eq!(compress(&input), Err(Blake2bError::FinalFlag { got: 2 }));
    }

    #[test]
    fn work_is_the_round_count() {
        assert_eq!(work(&abc()), 12);
    }
}
