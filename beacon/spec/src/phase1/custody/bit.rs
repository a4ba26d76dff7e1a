//! Custody game, "Helpers": the custody bit of data, which only a holder of the data can compute.

use num_bigint::BigUint;

use crate::{
    bls::{BlsSignatureError, signature_x_coordinate},
    constants::{BYTES_PER_CUSTODY_ATOM, CUSTODY_PRIME_COMPLEMENT, CUSTODY_SECRETS},
    preset::Preset,
    types::BLSSignature,
};

/// Returns the custody bit: whether several Legendre symbols derived from data and key are all 1.
///
/// # Errors
///
/// If the key is no signature.
pub fn compute_custody_bit<C: Preset>(key: &BLSSignature, data: &[u8]) -> Result<bool, BlsSignatureError> {
    let prime = custody_prime();
    let secrets = get_custody_secrets(key)?;
    let start = universal_hash_function(data, &secrets, &prime) + &secrets[0];
    Ok((0..C::CUSTODY_PROBABILITY_EXPONENT).all(|i| legendre_bit(&(&start + i), &prime)))
}

/// Returns `CUSTODY_PRIME`.
fn custody_prime() -> BigUint {
    (BigUint::from(1_u8) << 256) - CUSTODY_PRIME_COMPLEMENT
}

/// `get_custody_secrets`: the two parts of the signature's x coordinate, one after the other, as three numbers.
fn get_custody_secrets(key: &BLSSignature) -> Result<[BigUint; CUSTODY_SECRETS], BlsSignatureError> {
    let bytes = signature_x_coordinate(key)?;
    let (secrets, _) = bytes.as_flattened().as_chunks::<BYTES_PER_CUSTODY_ATOM>();
    Ok(std::array::from_fn(|i| BigUint::from_bytes_le(secrets.get(i).map_or(&[], |secret| secret))))
}

/// Hashes the `get_custody_atoms` of data: evaluates a polynomial with the atoms as coefficients and the secrets in
/// turn as the variable. Trailing zeros do not change a little-endian number, so the last atom needs no padding.
fn universal_hash_function(data: &[u8], secrets: &[BigUint; CUSTODY_SECRETS], prime: &BigUint) -> BigUint {
    let steps: [BigUint; CUSTODY_SECRETS] = std::array::from_fn(|i| {
        secrets.get(i).map_or_else(BigUint::default, |secret| secret.modpow(&3_u8.into(), prime))
    });
    // The next power of each secret.
    let mut powers: [BigUint; CUSTODY_SECRETS] = std::array::from_fn(|i| {
        secrets.get(i).map_or_else(BigUint::default, |secret| secret.modpow(&i.into(), prime))
    });
    let mut sum = BigUint::default();
    let mut turn = 0;
    for atom in data.chunks(BYTES_PER_CUSTODY_ATOM) {
        if let (Some(power), Some(step)) = (powers.get_mut(turn), steps.get(turn)) {
            sum = (sum + &*power * BigUint::from_bytes_le(atom)) % prime;
            *power = &*power * step % prime;
        }
        turn = (turn + 1) % CUSTODY_SECRETS;
    }
    let last = powers.into_iter().nth(turn).unwrap_or_default();
    (sum + last) % prime
}

/// Returns whether a number is a non-zero square modulo a prime, by Euler's criterion.
fn legendre_bit(a: &BigUint, q: &BigUint) -> bool {
    let half = q >> 1;
    a.modpow(&half, q) == BigUint::from(1_u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Computes the specification's definition term by term.
    fn naive_hash(data: &[u8], secrets: &[BigUint; 3], prime: &BigUint) -> BigUint {
        let mut padded = data.to_vec();
        padded.resize(data.len().next_multiple_of(32), 0);
        let n = padded.len() / 32;
        let terms = padded.chunks(32).enumerate().map(|(i, atom)| {
            secrets[i % 3].pow(u32::try_from(i).unwrap()) * BigUint::from_bytes_le(atom) % prime
        });
        (terms.sum::<BigUint>() + secrets[n % 3].pow(u32::try_from(n).unwrap())) % prime
    }

    proptest! {
        #[test]
        fn hash_is_that_of_the_specification(data: Vec<u8>, secrets: [[u8; 32]; 3]) {
            let secrets = secrets.map(|secret| BigUint::from_bytes_le(&secret));
            let prime = custody_prime();
            prop_assert_eq!(
                universal_hash_function(&data, &secrets, &prime),
                naive_hash(&data, &secrets, &prime)
            );
        }

        #[test]
        fn squares_have_bit_1_and_their_products_with_a_non_square_0(root in 1_u64..) {
            let prime = custody_prime();
            let square = BigUint::from(root) * root;
            prop_assert!(legendre_bit(&square, &prime));
            let non_square = (2_u8..).map(BigUint::from).find(|n| !legendre_bit(n, &prime)).unwrap();
            prop_assert!(!legendre_bit(&(square * non_square), &prime));
        }
    }

    #[test]
    fn zero_has_bit_0() {
        let prime = custody_prime();
        assert!(!legendre_bit(&BigUint::default(), &prime));
        assert!(!legendre_bit(&prime, &prime));
    }
}
