//! Numbers and truth values on the stack.

use alloc::vec::Vec;

use crate::ScriptError;

/// The most bytes of an operand of arithmetic; results may exceed it.
pub(crate) const OPERAND_BYTES_MAX: usize = 4;
/// The most bytes of a lock time, which may exceed 31 bits.
pub(crate) const LOCK_TIME_BYTES_MAX: usize = 5;

/// Decodes a number: little-endian, with the sign in the highest bit.
///
/// # Errors
///
/// Returns `Unknown` if there are more bytes than `bytes_max`, or if `is_minimal` and there is a shorter form.
pub(crate) fn decode(bytes: &[u8], bytes_max: usize, is_minimal: bool) -> Result<i64, ScriptError> {
    debug_assert!(bytes_max <= LOCK_TIME_BYTES_MAX);
    if bytes.len() > bytes_max {
        return Err(ScriptError::Unknown);
    }
    let Some((last, rest)) = bytes.split_last() else { return Ok(0) };
    // The highest byte is only a sign, and the byte below has room for it.
    if is_minimal && last & 0x7f == 0 && rest.last().is_none_or(|byte| byte & 0x80 == 0) {
        return Err(ScriptError::Unknown);
    }
    let magnitude = rest.iter().rev().fold(i64::from(last & 0x7f), |sum, byte| sum << 8 | i64::from(*byte));
    Ok(if last & 0x80 == 0 { magnitude } else { -magnitude })
}

/// Encodes a number in its shortest form.
pub(crate) fn encode(number: i64) -> Vec<u8> {
    let magnitude = number.unsigned_abs();
    // One bit more for the sign; zero has no bytes.
    let n_bytes = if magnitude == 0 { 0 } else { (64 - magnitude.leading_zeros() as usize) / 8 + 1 };
    let mut bytes: Vec<u8> = magnitude.to_le_bytes().into_iter().chain([0]).take(n_bytes).collect();
    if number < 0
        && let Some(last) = bytes.last_mut()
    {
        *last |= 0x80;
    }
    bytes
}

/// Returns whether an element is true: any but zero and negative zero, of any length.
pub(crate) fn is_true(bytes: &[u8]) -> bool {
    let Some((last, rest)) = bytes.split_last() else { return false };
    rest.iter().any(|byte| *byte != 0) || last & 0x7f != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_bytes_of_bitcoin_core() {
        // The values around the ends of bytes, from the comments of `CScriptNum` and its tests.
        let cases: &[(i64, &[u8])] = &[
            (0, &[]),
            (1, &[1]),
            (-1, &[0x81]),
            (127, &[0x7f]),
            (128, &[0x80, 0]),
            (-128, &[0x80, 0x80]),
            (255, &[0xff, 0]),
            (-255, &[0xff, 0x80]),
            (256, &[0, 1]),
            (0x7fff_ffff, &[0xff, 0xff, 0xff, 0x7f]),
            (-0x7fff_ffff, &[0xff, 0xff, 0xff, 0xff]),
            (0x8000_0000, &[0, 0, 0, 0x80, 0]),
        ];
        for (number, bytes) in cases {
            assert_eq!(encode(*number), *bytes);
            assert_eq!(decode(bytes, LOCK_TIME_BYTES_MAX, true), Ok(*number));
        }
        assert_eq!(encode(i64::MIN), [0, 0, 0, 0, 0, 0, 0, 0x80, 0x80]);
    }

    #[test]
    fn longer_forms_are_numbers_unless_the_shortest_is_asked_for() {
        for (number, bytes) in
            [(0, &[0x80][..]), (0, &[0]), (1, &[1, 0]), (-1, &[1, 0x80]), (255, &[0xff, 0, 0])]
        {
            assert_eq!(decode(bytes, OPERAND_BYTES_MAX, false), Ok(number));
            assert_eq!(decode(bytes, OPERAND_BYTES_MAX, true), Err(ScriptError::Unknown));
        }
        assert_eq!(decode(&[0; 5], OPERAND_BYTES_MAX, false), Err(ScriptError::Unknown));
    }

    #[test]
    fn zero_of_either_sign_is_false() {
        for bytes in [&[][..], &[0], &[0x80], &[0, 0, 0x80], &[0; 9]] {
            assert!(!is_true(bytes));
        }
        for bytes in [&[1][..], &[0x80, 0], &[0x81], &[0, 0, 1], &[0x80, 0x80]] {
            assert!(is_true(bytes));
        }
    }
}
