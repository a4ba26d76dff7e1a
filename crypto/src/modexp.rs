//! Modular exponentiation of big integers ([EIP-198]).
//!
//! [EIP-198]: https://eips.ethereum.org/EIPS/eip-198

use thiserror::Error;

/// The maximum length of base and modulus, in bytes.
///
/// Before [EIP-7823] set 1024 bytes, only gas limited the operands. By the formula of EIP-2565 a call costs at least
/// `words² / 3`, so a block of 45 million gas, the largest up to then, has room for 11,619 words: 92,952 bytes,
/// rounded up here to a power of two. The exponent needs no limit: it takes no memory beyond its own, and time in
/// proportion.
///
/// [EIP-7823]: https://eips.ethereum.org/EIPS/eip-7823
pub const OPERAND_BYTES_MAX: usize = 1 << 17;

/// An error of [`modexp`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ModexpError {
    /// The base or the modulus is longer than [`OPERAND_BYTES_MAX`].
    #[error("an operand has {got} bytes, expected at most {OPERAND_BYTES_MAX}")]
    OperandTooLong {
        /// The length of the operand, in bytes.
        got: usize,
    },
}

/// Returns `base ^ exponent mod modulus`, as many bytes as the modulus has.
///
/// An empty operand is zero, `0 ^ 0` is 1, and anything modulo zero is zero.
///
/// # Errors
///
/// Returns [`ModexpError::OperandTooLong`] if the base or the modulus is too long.
pub fn modexp(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Result<Vec<u8>, ModexpError> {
    if let Some(operand) = [base, modulus].into_iter().find(|operand| operand.len() > OPERAND_BYTES_MAX) {
        return Err(ModexpError::OperandTooLong { got: operand.len() });
    }
    let digits = aurora_engine_modexp::modexp(base, exponent, modulus);
    // The crate returns whole words, or nothing for a modulus of zero.
    let mut result = vec![0; modulus.len()];
    for (to, from) in result.iter_mut().rev().zip(digits.iter().rev()) {
        *to = *from;
    }
    Ok(result)
}

/// Returns the number of units of work of a call of [`modexp`]: `(words + 3)² * (exponent_bits + 16)`.
///
/// `words` is the number of 8-byte words of the longer of base and modulus, and `exponent_bits` the length of the
/// exponent without leading zeros. This is the formula of [EIP-2565] (a multiplication of `words²` for each bit) plus
/// two constants: one per multiplication, which dominates for short operands, and one per call, which dominates for
/// short exponents. The latter covers even moduli, which need an inverse modulo a power of two. With both constants,
/// the time of a unit stays within a factor of three for the most expensive operands of every size.
///
/// A call that fails because an operand exceeds [`OPERAND_BYTES_MAX`] costs nothing.
///
/// [EIP-2565]: https://eips.ethereum.org/EIPS/eip-2565
pub fn work(base_bytes: usize, exponent: &[u8], modulus_bytes: usize) -> u64 {
    let operand_bytes = base_bytes.max(modulus_bytes);
    if operand_bytes > OPERAND_BYTES_MAX {
        return 0;
    }
    let words = operand_bytes.div_ceil(8) as u64;
    let per_multiplication = words.saturating_add(3).saturating_pow(2);
    per_multiplication.saturating_mul(bit_length(exponent).saturating_add(16))
}

fn bit_length(bytes: &[u8]) -> u64 {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match bytes.get(zeros..) {
        Some([first, rest @ ..]) => (rest.len() as u64)
            .saturating_mul(8)
            .saturating_add(u64::from(u8::BITS.saturating_sub(first.leading_zeros()))),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base: &[u8], exponent: &[u8], modulus: &[u8], expected: &[u8]) {
        assert_eq!(modexp(base, exponent, modulus).as_deref(), Ok(expected));
    }

    #[test]
    fn powers_are_reduced_and_as_long_as_the_modulus() {
        check(&[3], &[5], &[100], &[43]);
        check(&[3], &[5], &[0, 0, 100], &[0, 0, 43]);
        check(&[0, 3], &[0, 0, 5], &[1, 0], &[0, 243]);
        check(&[2], &[64], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn zero_has_the_meaning_of_eip_198() {
        check(&[], &[], &[7], &[1]);
        check(&[0], &[0], &[7], &[1]);
        check(&[], &[1], &[7], &[0]);
        check(&[5], &[], &[1], &[0]);
        check(&[5], &[3], &[0, 0], &[0, 0]);
        check(&[5], &[3], &[], &[]);
    }

    #[test]
    fn fermats_little_theorem_holds_for_the_prime_of_secp256k1() {
        let p = hex::decode("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f").unwrap();
        let mut exponent = p.clone();
        *exponent.last_mut().unwrap() -= 1;
        let mut one = vec![0; 32];
        one[31] = 1;
        check(&[3], &exponent, &p, &one);
    }

    #[test]
    fn an_operand_over_the_limit_is_an_error() {
        let long = vec![1; OPERAND_BYTES_MAX + 1];
        let expected = Err(ModexpError::OperandTooLong { got: long.len() });
        assert_eq!(modexp(&long, &[1], &[3]), expected);
        assert_eq!(modexp(&[1], &[1], &long), expected);
        assert!(modexp(&[1], &long, &[3]).is_ok());
    }

    #[test]
    fn work_grows_with_words_and_exponent_bits() {
        assert_eq!(work(0, &[], 0), 9 * 16);
        assert_eq!(work(1, &[0, 0, 1], 1), 16 * 17);
        assert_eq!(work(32, &[1, 0, 1], 8), 49 * 33);
        assert_eq!(work(OPERAND_BYTES_MAX, &[1], 0), (16_384 + 3) * (16_384 + 3) * 17);
    }

    #[test]
    fn a_refused_call_costs_nothing() {
        for (base_bytes, modulus_bytes) in [(OPERAND_BYTES_MAX + 1, 1), (1, usize::MAX)] {
            assert_eq!(work(base_bytes, &[1], modulus_bytes), 0);
        }
    }
}
