//! Signatures against a second, naive implementation with integers and affine points.

use num_bigint::BigUint;
use outrider_zk_rollup_core::curve::{GENERATOR, Scalar};
use outrider_zk_rollup_core::field::{self, Fr};
use outrider_zk_rollup_core::key::SecretKey;
use outrider_zk_rollup_core::poseidon::compress;
use outrider_zk_rollup_core::signature::{Kind, Message, Signature, SignatureError};
use proptest::prelude::{ProptestConfig, any, proptest};

#[test]
fn a_signature_verifies_only_for_its_key_message_and_domain() {
    let (secret, other) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
    let (message, domain) = (Message::of_hash(Kind::Transfer, &[3; 32]), Fr::from(4));
    let signature = Signature::sign(&secret, &message, &domain);
    let key = secret.public_key();
    assert_eq!(signature.verify(&key, &message, &domain), Ok(()));
    assert_eq!(signature.verify(&other.public_key(), &message, &domain), Err(SignatureError));
    assert_eq!(signature.verify(&key, &message, &Fr::from(5)), Err(SignatureError));
    let exit = Message::of_hash(Kind::Exit, &[3; 32]);
    assert_eq!(signature.verify(&key, &exit, &domain), Err(SignatureError));
}

#[test]
fn a_signature_with_any_bit_flipped_is_refused() {
    let secret = SecretKey::from_seed(&[1; 32]);
    let (message, domain) = (Message::of_hash(Kind::Transfer, &[3; 32]), Fr::from(4));
    let bytes = Signature::sign(&secret, &message, &domain).to_bytes();
    assert_eq!(Signature::from_bytes(&bytes).map(|signature| signature.to_bytes()), Ok(bytes));
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(signature) = Signature::from_bytes(&flipped) {
            assert_eq!(signature.verify(&secret.public_key(), &message, &domain), Err(SignatureError));
        }
    }
}

#[test]
fn a_response_plus_the_order_is_refused() {
    let secret = SecretKey::from_seed(&[1; 32]);
    let mut signature = Signature::sign(&secret, &Message::of_hash(Kind::Exit, &[3; 32]), &Fr::from(4));
    signature.response = Scalar::from(0_u8);
    let mut bytes = signature.to_bytes();
    bytes[16..].copy_from_slice(&naive::ORDER.map(u64::to_be_bytes).concat());
    assert!(Signature::from_bytes(&bytes).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_naive_implementation_accepts_what_is_signed_and_nothing_else(
        seed in any::<[u8; 32]>(),
        hash in any::<[u8; 32]>(),
        domain in any::<u64>(),
        change in any::<u128>(),
    ) {
        let secret = SecretKey::from_seed(&seed);
        let (message, domain) = (Message::of_hash(Kind::Transfer, &hash), Fr::from(domain));
        let signature = Signature::sign(&secret, &message, &domain);
        let key = secret.public_key().point();
        let key = (naive::integer(&key.x), naive::integer(&key.y));
        let (challenge, response) = (signature.challenge, naive::scalar(&signature.response));
        assert!(naive::verify(&key, &message.element(), &domain, challenge, &response));
        if change != 0 {
            assert!(!naive::verify(&key, &message.element(), &domain, challenge ^ change, &response));
            let changed = response + BigUint::from(change);
            assert!(!naive::verify(&key, &message.element(), &domain, challenge, &changed));
        }
    }
}

/// The equation of the signature, from its definition, with the addition law of Edwards curves.
mod naive {
    use super::*;

    type Affine = (BigUint, BigUint);

    /// The order of Jubjub's subgroup, from Zcash's protocol, section 5.4.9.3.
    pub(super) const ORDER: [u64; 4] =
        [0x0e7db4ea6533afa9, 0x06673b0101343b00, 0xa6682093ccc81082, 0xd0970e5ed6f72cb7];

    pub(super) fn verify(
        key: &Affine,
        message: &Fr,
        domain: &Fr,
        challenge: u128,
        response: &BigUint,
    ) -> bool {
        let generator = (integer(&GENERATOR.x), integer(&GENERATOR.y));
        let two_to_128 = BigUint::from(1_u8) << 128_u32;
        let factor = &two_to_128 + BigUint::from(challenge) * 2_u8 + 1_u8;
        let (x, y) = multiply(key, &factor);
        let negative = (prime() - x, y);
        let (_, y) = add(&multiply(&generator, response), &negative);
        let hash = integer(&compress([element(&y), element(&key.1), *message, *domain]));
        hash.clone() >> 128_u32 != prime() >> 128_u32 && hash % two_to_128 == BigUint::from(challenge)
    }

    pub(super) fn integer(element: &Fr) -> BigUint {
        BigUint::from_bytes_be(&field::to_bytes(element))
    }

    pub(super) fn scalar(scalar: &Scalar) -> BigUint {
        BigUint::from_bytes_be(&outrider_zk_rollup_core::curve::scalar_to_bytes(scalar))
    }

    fn element(integer: &BigUint) -> Fr {
        let mut bytes = [0; 32];
        let digits = integer.to_bytes_be();
        bytes[32 - digits.len()..].copy_from_slice(&digits);
        field::from_bytes(&bytes).expect("below the prime")
    }

    fn prime() -> BigUint {
        integer(&-Fr::from(1)) + 1_u8
    }

    fn inverse(number: &BigUint) -> BigUint {
        number.modpow(&(prime() - 2_u8), &prime())
    }

    fn multiply(point: &Affine, factor: &BigUint) -> Affine {
        let mut sum = (BigUint::from(0_u8), BigUint::from(1_u8));
        for bit in (0..factor.bits()).rev() {
            sum = add(&sum, &sum);
            if factor.bit(bit) {
                sum = add(&sum, point);
            }
        }
        sum
    }

    /// -x^2 + y^2 = 1 + d x^2 y^2 with d = -10240/10241.
    fn add((x1, y1): &Affine, (x2, y2): &Affine) -> Affine {
        let p = prime();
        let d = (&p - 10240_u32) * inverse(&BigUint::from(10241_u32)) % &p;
        let product = d * x1 % &p * x2 % &p * y1 % &p * y2 % &p;
        let x = (x1 * y2 + x2 * y1) * inverse(&((&product + 1_u8) % &p)) % &p;
        let y = (y1 * y2 + x1 * x2) * inverse(&((&p + 1_u8 - &product) % &p)) % &p;
        (x, y)
    }
}
