//! Arithmetic on 256-bit integers, done by the host: the imports of module `bignum`.

use outrider_abi::bytes32;

use crate::imports;

bytes32! {
    /// An unsigned integer of 256 bits: 32 bytes, big-endian.
    pub struct Uint256: "a number of 256 bits"
}

impl From<u64> for Uint256 {
    fn from(value: u64) -> Uint256 {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&value.to_be_bytes());
        Uint256(bytes)
    }
}

/// Returns `a + b`.
///
/// Traps if the sum is 2^256 or more.
pub fn add256(a: &Uint256, b: &Uint256) -> Uint256 {
    let mut sum = Uint256::default();
    imports::add256(&a.0, &b.0, &mut sum.0);
    sum
}

/// Returns `a - b`.
///
/// Traps if `b` is greater than `a`.
pub fn sub256(a: &Uint256, b: &Uint256) -> Uint256 {
    let mut difference = Uint256::default();
    imports::sub256(&a.0, &b.0, &mut difference.0);
    difference
}
