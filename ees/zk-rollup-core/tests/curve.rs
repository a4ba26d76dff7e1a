//! Points, keys and their encodings against vectors of Zcash.

use ark_ec::CurveGroup as _;
use ark_ff::PrimeField as _;
use hex_literal::hex;
use outrider_zk_rollup_core::curve::{self, GENERATOR, Point, PointError, Scalar};
use outrider_zk_rollup_core::field::{self, Fr, NotCanonicalError};
use outrider_zk_rollup_core::key::{KeyError, PublicKey, SecretKey};

/// Secret and public keys of `sapling_signatures.json` in zcash-test-vectors, both little-endian.
const SPEND_KEYS: [([u8; 32], [u8; 32]); 4] = [
    (
        hex!("18e28dea5c11817aeeb21a19981d28368ec438afc25a8db94ebe08d7a0288e09"),
        hex!("9b0153b03d320fe23e2834d5d61dbb1f519b3f41f8f946152bf0c3f247d11807"),
    ),
    (
        hex!("059654f961273dafda3b2677b35c18af6b11adfb9ee90b48935e557c8d5d9c04"),
        hex!("faf6c3b737e8e611aafea52f03bb2786e18353ebe0d3139e3c54498780c8c199"),
    ),
    (
        hex!("ade7abb551c79d0f0e42ef7f1206b87712a84a61dea3f37b42496d7efd12520c"),
        hex!("369ea751762f839d25701a5eeb551ec4f06c1290b3b9c3a724402dec02739221"),
    ),
    (
        hex!("c9d2ae1f6d32a675d09eb0823f467fa921b3284acb35fabdfc994de549b8590d"),
        hex!("2d2f316e5c369ae4dd2c825f3d86460058407184603b212cf3459f36c8697fd8"),
    ),
];

/// The generators of `sapling_generators.json` in zcash-test-vectors; the first one is ours.
const GENERATORS: [[u8; 32]; 4] = [
    hex!("30b5f2aaad325630bcdddbce4d67656d05fd1cc2d037bb5375b6e96d9e01a1d7"),
    hex!("e7e85de0f7f97a46d249a1f5ea51df50cc48490f8401c9de7a2adf1807d1b6d4"),
    hex!("65002bc736faf7a3422effffe8b855e18fba96a0158a9efca584bf40549d36e1"),
    hex!("ac776c796563fcd44cc49cfaea8bb796952c266e47779d94574c10ad01754b11"),
];

#[test]
fn the_generator_is_zcashs_and_points_of_zcash_read_and_write() {
    assert_eq!(curve::encode(&GENERATOR), GENERATORS[0]);
    assert!(GENERATOR.is_on_curve());
    for bytes in GENERATORS {
        let point = curve::decode(&bytes).expect("a point");
        assert!(point.is_on_curve() && curve::is_in_prime_subgroup(&point));
        assert_eq!(curve::encode(&point), bytes);
    }
}

#[test]
fn secret_keys_of_zcash_have_their_public_keys_up_to_the_sign() {
    for (mut secret, public) in SPEND_KEYS {
        secret.reverse();
        let point = (GENERATOR * curve::scalar_from_bytes(&secret).expect("a scalar")).into_affine();
        assert_eq!(curve::encode(&point), public);
        let key = SecretKey::from_bytes(&secret).expect("a secret key").public_key();
        let mut even = public;
        even[31] &= 0x7f;
        assert_eq!(key.to_bytes(), even);
        assert_eq!(PublicKey::from_bytes(&even), Ok(key));
        assert_eq!(PublicKey::of_account(key.y()), Ok(key));
        if public != even {
            assert_eq!(PublicKey::from_bytes(&public), Err(KeyError::OddX));
        }
    }
}

#[test]
fn bytes_that_are_no_point_are_refused() {
    let mut order = field::to_bytes(&-Fr::from(1));
    order[31] += 1;
    order.reverse();
    assert_eq!(curve::decode(&order), Err(PointError::NotCanonical(NotCanonicalError)));
    let mut negative_identity = curve::encode(&Point::zero());
    negative_identity[31] |= 0x80;
    assert_eq!(curve::decode(&negative_identity), Err(PointError::NegativeZero));
    let mut two = [0; 32];
    two[0] = 2;
    assert_eq!(curve::decode(&two), Err(PointError::NotOnCurve));
}

#[test]
fn keys_outside_the_prime_subgroup_are_refused() {
    // (0, 1), (0, -1) of order 2, a point of order 4, and a key plus the point of order 2.
    let minus_one = Point::new_unchecked(Fr::from(0), -Fr::from(1));
    let of_order_4 = curve::with_y(Fr::from(0)).expect("-1 is a square");
    let key = SecretKey::from_seed(&[7; 32]).public_key().point();
    let shifted = (key + minus_one).into_affine();
    for point in [Point::zero(), minus_one, of_order_4, shifted] {
        assert!(point.is_on_curve());
        let point = curve::with_y(point.y).expect("a point");
        assert_eq!(PublicKey::from_bytes(&curve::encode(&point)), Err(KeyError::NotOfPrimeOrder));
    }
}

#[test]
fn secret_keys_of_zero_or_the_order_are_refused() {
    assert_eq!(SecretKey::from_bytes(&[0; 32]).err(), Some(KeyError::Zero));
    let mut order = curve::scalar_to_bytes(&-Scalar::from(1_u8));
    order[31] += 1;
    assert_eq!(Scalar::from_be_bytes_mod_order(&order), Scalar::from(0_u8));
    assert_eq!(SecretKey::from_bytes(&order).err(), Some(KeyError::NotCanonical(NotCanonicalError)));
}

#[test]
fn a_field_element_has_one_encoding() {
    let largest = field::to_bytes(&-Fr::from(1));
    assert_eq!(field::from_bytes(&largest), Ok(-Fr::from(1)));
    let mut order = largest;
    order[31] += 1;
    assert_eq!(field::from_bytes(&order), Err(NotCanonicalError));
    assert_eq!(field::from_bytes(&[0xff; 32]), Err(NotCanonicalError));
}
