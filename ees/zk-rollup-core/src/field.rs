//! Elements of the scalar field of BLS12-381, and their bytes.

pub use ark_bls12_381::Fr;
use ark_ff::{BigInt, Field, PrimeField};

/// Length of an element, in bytes.
pub const ELEMENT_BYTES: usize = 32;

/// Bytes that are no element: the number is at least the field's order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a field element is not below the order of the field")]
pub struct NotCanonicalError;

/// Returns the element with these 32 big-endian bytes.
///
/// # Errors
///
/// Returns [`NotCanonicalError`] if the number is at least the field's order, so that each element has one encoding.
pub fn from_bytes(bytes: &[u8; ELEMENT_BYTES]) -> Result<Fr, NotCanonicalError> {
    Fr::from_bigint(integer(bytes)).ok_or(NotCanonicalError)
}

/// Returns the 32 big-endian bytes of an element.
pub fn to_bytes(element: &Fr) -> [u8; ELEMENT_BYTES] {
    integer_bytes(&element.into_bigint())
}

/// Returns the integer with these big-endian bytes.
pub(crate) fn integer(bytes: &[u8; ELEMENT_BYTES]) -> BigInt<4> {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    BigInt::new(limbs)
}

/// Returns the big-endian bytes of an integer.
pub(crate) fn integer_bytes(integer: &BigInt<4>) -> [u8; ELEMENT_BYTES] {
    let mut bytes = [0; ELEMENT_BYTES];
    for (limb, chunk) in integer.0.iter().rev().zip(bytes.as_chunks_mut::<8>().0) {
        *chunk = limb.to_be_bytes();
    }
    bytes
}

/// Returns the element of an integer below 2^256 that is a constant of this crate, from 64 hexadecimal digits.
///
/// # Panics
///
/// Panics on anything else, when a constant is computed at compile time.
pub(crate) const fn constant(digits: &str) -> Fr {
    let digits = digits.as_bytes();
    assert!(digits.len() == 64, "a constant has 64 digits");
    let mut limbs = [0; 4];
    let mut index = 0;
    while index < 64 {
        let digit = match digits[index] {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            _ => panic!("a constant has hexadecimal digits"),
        };
        let limb = 3 - index / 16;
        limbs[limb] = limbs[limb] << 4 | digit as u64;
        index += 1;
    }
    Fr::new(BigInt::new(limbs))
}

/// Returns 2^`exponent` as an element.
pub fn power_of_two(exponent: u32) -> Fr {
    Fr::from(2_u64).pow([u64::from(exponent)])
}
