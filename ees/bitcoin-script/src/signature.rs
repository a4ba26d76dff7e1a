//! The forms of ECDSA signatures and public keys.

use crate::{
    Flags, ScriptError,
    policy::{Policy, Rules},
};

/// Checks a signature with its hash type as far as the rules ask for it; an empty one is always right, but never valid.
pub(crate) fn check_encoding(signature: &[u8], rules: Rules) -> Result<(), ScriptError> {
    let Some((hash_type, der)) = signature.split_last() else { return Ok(()) };
    let Rules { flags, policy } = rules;
    let is_strict = flags.contains(Flags::DERSIG) || policy.intersects(Policy::LOW_S | Policy::STRICTENC);
    if is_strict && !is_strict_der(signature) {
        return Err(ScriptError::SigDer);
    }
    if policy.contains(Policy::LOW_S) && !parse_lax_der(der).is_some_and(|signature| is_low_s(&signature)) {
        return Err(ScriptError::SigHighS);
    }
    if policy.contains(Policy::STRICTENC) && !matches!(hash_type & !0x80, 1..=3) {
        return Err(ScriptError::SigHashType);
    }
    Ok(())
}

/// Checks a public key as far as the rules ask for it, which is more in witnesses of version 0.
pub(crate) fn check_key_encoding(key: &[u8], is_v0: bool, rules: Rules) -> Result<(), ScriptError> {
    let is_compressed = key.len() == 33 && matches!(key[0], 2 | 3);
    let is_uncompressed = key.len() == 65 && key[0] == 4;
    if rules.policy.contains(Policy::STRICTENC) && !is_compressed && !is_uncompressed {
        return Err(ScriptError::PubkeyType);
    }
    if rules.policy.contains(Policy::WITNESS_PUBKEYTYPE) && is_v0 && !is_compressed {
        return Err(ScriptError::WitnessPubkeyType);
    }
    Ok(())
}

/// Returns whether the first byte of a key fits its length; a key of another form verifies nothing.
pub(crate) fn is_key(key: &[u8]) -> bool {
    matches!((key.first(), key.len()), (Some(2 | 3), 33) | (Some(4 | 6 | 7), 65))
}

/// Returns whether the signature, with its hash type, is strict DER ([BIP 66]).
///
/// [BIP 66]: https://github.com/bitcoin/bips/blob/master/bip-0066.mediawiki
pub(crate) fn is_strict_der(signature: &[u8]) -> bool {
    if !(9..=73).contains(&signature.len()) {
        return false;
    }
    let [0x30, length, integers @ .., _hash_type] = signature else { return false };
    if usize::from(*length) != integers.len() {
        return false;
    }
    let s = strict_integer(integers);
    s.and_then(strict_integer).is_some_and(<[u8]>::is_empty)
}

/// Returns what follows a positive integer without spare zeros.
fn strict_integer(bytes: &[u8]) -> Option<&[u8]> {
    let [0x02, length, rest @ ..] = bytes else { return None };
    let (integer, rest) = rest.split_at_checked(usize::from(*length))?;
    match integer {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
        _ => Some(rest),
    }
}

/// Reads `r || s` from an almost arbitrary form of DER, as consensus did before BIP 66.
///
/// Negative integers, spare zeros, long length fields and surplus bytes are read, and the length of the whole is
/// ignored: this is `ecdsa_signature_parse_der_lax` of libsecp256k1. An integer that exceeds 32 bytes makes both zero,
/// which verifies nothing.
pub(crate) fn parse_lax_der(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, length, rest @ ..] = der else { return None };
    let skipped = if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) };
    let (r, rest) = lax_integer(rest.get(skipped..)?)?;
    let (s, _surplus) = lax_integer(rest)?;
    let mut signature = [0; 64];
    if r.len() <= 32 && s.len() <= 32 {
        signature[32 - r.len()..32].copy_from_slice(r);
        signature[64 - s.len()..].copy_from_slice(s);
    }
    Some(signature)
}

/// Splits an integer, without leading zeros, from what follows it.
fn lax_integer(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = bytes else { return None };
    let (length, rest) = if length & 0x80 == 0 {
        (usize::from(*length), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        let length = without_zeros(length);
        if length.len() >= 4 {
            return None;
        }
        (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
    };
    let (integer, rest) = rest.split_at_checked(length)?;
    Some((without_zeros(integer), rest))
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let n_zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[n_zeros..]
}

/// Returns whether `s` is at most half the group order, or the signature is out of range and so verifies nothing.
fn is_low_s(signature: &[u8; 64]) -> bool {
    let (r, s) = signature.split_at(32);
    r >= &ORDER[..] || s >= &ORDER[..] || s <= &HALF_ORDER[..]
}

/// The order of secp256k1's group (SEC 2, section 2.4.1).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// Half the order, rounded down.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn lax_der_takes_what_strict_der_refuses() {
        let expected = {
            let mut signature = [0; 64];
            (signature[31], signature[63]) = (5, 0x87);
            Some(signature)
        };
        let strict = [0x30, 7, 2, 1, 5, 2, 2, 0, 0x87];
        assert_eq!(parse_lax_der(&strict), expected);
        assert!(is_strict_der(&[&strict[..], &[1]].concat()));
        let lax: &[&[u8]] = &[
            &[0x30, 99, 2, 1, 5, 2, 2, 0, 0x87], // the length of the whole is wrong
            &[0x30, 0x82, 1, 1, 2, 1, 5, 2, 2, 0, 0x87], // it has a long form
            &[0x30, 6, 2, 1, 5, 2, 1, 0x87],     // a negative integer
            &[0x30, 8, 2, 2, 0, 5, 2, 2, 0, 0x87], // a spare zero
            &[0x30, 7, 2, 1, 5, 2, 2, 0, 0x87, 9], // surplus bytes
            &[0x30, 7, 2, 0x85, 0, 0, 0, 0, 1, 5, 2, 0x81, 2, 0, 0x87], // long lengths
        ];
        for der in lax {
            assert_eq!(parse_lax_der(der), expected, "{der:x?}");
            assert!(!is_strict_der(&[der, &[1][..]].concat()), "{der:x?}");
        }
    }

    #[test]
    fn lax_der_has_an_end() {
        let strict = [0x30, 7, 2, 1, 5, 2, 2, 0, 0x87];
        for length in 0..strict.len() {
            assert_eq!(parse_lax_der(&strict[..length]), None);
        }
        assert_eq!(parse_lax_der(&[0x30, 7, 2, 0x84, 1, 0, 0, 0, 5, 2, 1, 1]), None);
        assert_eq!(parse_lax_der(&[0x30, 7, 2, 0xff, 1]), None);
        let long: Vec<u8> = [&[0x30, 0, 2, 33][..], &[1; 33], &[2, 1, 1]].concat();
        assert_eq!(parse_lax_der(&long), Some([0; 64]));
    }

    #[test]
    fn half_the_order_is_low() {
        let with_s = |s: [u8; 32]| {
            let mut signature = [1; 64];
            signature[32..].copy_from_slice(&s);
            signature
        };
        let mut above = HALF_ORDER;
        above[31] += 1;
        assert!(is_low_s(&with_s(HALF_ORDER)) && !is_low_s(&with_s(above)) && is_low_s(&with_s(ORDER)));
        // Twice the half and one is the order.
        let doubled = HALF_ORDER.iter().rev().fold((Vec::new(), 1), |(mut bytes, carry), byte| {
            let sum = u16::from(*byte) * 2 + carry;
            bytes.insert(0, sum as u8);
            (bytes, sum >> 8)
        });
        assert_eq!(doubled.0, ORDER);
    }
}
