//! BIP-341's check of a tweaked key against libsecp256k1's own.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use ::secp256k1::{Keypair, Parity, Scalar, SecretKey, XOnlyPublicKey};
use outrider_crypto::secp256k1::{Secp256k1Error, xonly_tweak_add_check};
use proptest::prelude::*;

/// The order of the group ([SEC 2](https://www.secg.org/sec2-v2.pdf), 2.4.1).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// The answer of libsecp256k1, whose binding decodes the tweaked key, too.
fn expected(tweaked: &[u8; 32], parity: u8, internal: &[u8; 32], tweak: &[u8; 32]) -> bool {
    let keys = (XOnlyPublicKey::from_byte_array(*internal), XOnlyPublicKey::from_byte_array(*tweaked));
    let (Ok(internal), Ok(tweaked)) = keys else { return false };
    let parity = if parity == 1 { Parity::Odd } else { Parity::Even };
    Scalar::from_be_bytes(*tweak).is_ok_and(|tweak| internal.tweak_add_check(&tweaked, parity, tweak))
}

#[track_caller]
fn check(
    tweaked: &[u8; 32],
    parity: u8,
    internal: &[u8; 32],
    tweak: &[u8; 32],
) -> Result<(), Secp256k1Error> {
    let got = xonly_tweak_add_check(tweaked, parity, internal, tweak);
    assert_eq!(got.is_ok(), expected(tweaked, parity, internal, tweak));
    got
}

proptest! {
    #[test]
    fn tweaks_are_those_of_libsecp256k1(secret in any::<[u8; 32]>(), tweak: [u8; 32], bit in 0..256_usize) {
        let Ok(secret) = SecretKey::from_secret_bytes(secret) else { return Ok(()) };
        let Ok(scalar) = Scalar::from_be_bytes(tweak) else { return Ok(()) };
        let (internal, _) = Keypair::from_secret_key(&secret).x_only_public_key();
        let (tweaked, parity) = internal.add_tweak(&scalar).unwrap();
        let (internal, tweaked, parity) = (internal.to_byte_array(), tweaked.to_byte_array(), parity.to_u8());
        prop_assert_eq!(check(&tweaked, parity, &internal, &tweak), Ok(()));
        prop_assert_eq!(check(&tweaked, 1 - parity, &internal, &tweak), Err(Secp256k1Error::Refuted));
        let change = |bytes: &[u8; 32]| {
            let mut bytes = *bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        prop_assert_eq!(check(&change(&tweaked), parity, &internal, &tweak), Err(Secp256k1Error::Refuted));
        prop_assert!(check(&tweaked, parity, &change(&internal), &tweak).is_err());
        prop_assert!(check(&tweaked, parity, &internal, &change(&tweak)).is_err());
    }

    #[test]
    fn any_bytes_have_the_answer_of_libsecp256k1(
        tweaked: [u8; 32],
        parity in 0..2_u8,
        internal: [u8; 32],
        tweak: [u8; 32],
    ) {
        prop_assert!(check(&tweaked, parity, &internal, &tweak).is_err());
    }
}

fn key() -> [u8; 32] {
    let secret = SecretKey::from_secret_bytes([5; 32]).unwrap();
    Keypair::from_secret_key(&secret).x_only_public_key().0.to_byte_array()
}

#[test]
fn a_tweak_may_be_zero_and_is_below_the_order() {
    let key = key();
    assert_eq!(check(&key, 0, &key, &[0; 32]), Ok(()));
    assert_eq!(check(&key, 1, &key, &[0; 32]), Err(Secp256k1Error::Refuted));
    for tweak in [ORDER, [0xff; 32]] {
        assert_eq!(check(&key, 0, &key, &tweak), Err(Secp256k1Error::Tweak));
    }
}

#[test]
fn an_internal_key_is_on_the_curve_and_a_tweaked_one_only_compared() {
    let key = key();
    // No point has the x coordinate 0, and the other is over the field modulus.
    for wrong in [[0; 32], [0xff; 32]] {
        assert_eq!(check(&key, 0, &wrong, &[1; 32]), Err(Secp256k1Error::PublicKey));
        assert_eq!(check(&wrong, 0, &key, &[1; 32]), Err(Secp256k1Error::Refuted));
    }
}

#[test]
fn a_parity_is_a_bit() {
    let key = key();
    for got in [2, 3, 255] {
        let error = Err(Secp256k1Error::Parity { got });
        assert_eq!(xonly_tweak_add_check(&key, got, &key, &[0; 32]), error);
    }
}

/// The tweak is the negation of the internal key's secret.
#[test]
fn a_sum_at_infinity_is_no_key() {
    let secret = SecretKey::from_secret_bytes([5; 32]).unwrap();
    let (internal, parity) = Keypair::from_secret_key(&secret).x_only_public_key();
    let tweak = if parity == Parity::Odd { secret } else { secret.negate() }.to_secret_bytes();
    let internal = internal.to_byte_array();
    for tweaked in [internal, [0; 32]] {
        assert_eq!(check(&tweaked, 0, &internal, &tweak), Err(Secp256k1Error::Refuted));
    }
}

/// Points whose x coordinate is not below the order exist, and anybody can take one as an internal key.
#[test]
fn an_internal_key_may_be_over_the_order() {
    let mut n = 0;
    for low in 0..100 {
        let mut internal = ORDER;
        internal[31] += low;
        let Ok(key) = XOnlyPublicKey::from_byte_array(internal) else { continue };
        let tweak = [low + 1; 32];
        let (tweaked, parity) = key.add_tweak(&Scalar::from_be_bytes(tweak).unwrap()).unwrap();
        let (tweaked, parity) = (tweaked.to_byte_array(), parity.to_u8());
        assert_eq!(check(&tweaked, parity, &internal, &tweak), Ok(()));
        assert_eq!(check(&tweaked, 1 - parity, &internal, &tweak), Err(Secp256k1Error::Refuted));
        n += 1;
    }
    assert!(n > 30, "{n}");
}
