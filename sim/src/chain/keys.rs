//! The keys of all validators.

use num_bigint::BigUint;

use crate::validators::{CURVE_ORDER, interop_secret_key};
use outrider_beacon_spec::{
    bls::{secret_to_public, sign},
    error::Error,
    math::index,
    types::{BLSPubkey, BLSSignature, Root, ValidatorIndex},
};

/// The interop keys of a number of validators.
#[derive(Clone, Debug)]
pub struct Keys {
    secret_keys: Vec<[u8; 32]>,
}

impl Keys {
    /// Those of the first validators.
    #[must_use]
    pub fn new(n_validators: u64) -> Self {
        Self { secret_keys: (0..n_validators).map(interop_secret_key).collect() }
    }

    /// How many there are.
    #[must_use]
    pub fn n_validators(&self) -> u64 {
        self.secret_keys.len() as u64
    }

    /// Signs for some validators at once: with the sum of their secret keys, which gives the aggregate of their signatures.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutOfRange`] for a validator without a key, or none at all.
    pub fn sign(&self, validators: &[ValidatorIndex], signing_root: Root) -> Result<BLSSignature, Error> {
        let mut sum = BigUint::ZERO;
        for validator in validators {
            let secret_key = self.secret_keys.get(index(*validator)).ok_or(Error::IndexOutOfRange)?;
            sum += BigUint::from_bytes_be(secret_key);
        }
        let secret_key = to_bytes(&(sum % BigUint::from_bytes_be(&CURVE_ORDER)));
        sign(&secret_key, signing_root.as_slice()).or(Err(Error::IndexOutOfRange))
    }

    /// Public keys, in order.
    pub(super) fn pubkeys(&self) -> impl Iterator<Item = BLSPubkey> {
        self.secret_keys
            .iter()
            .map(|secret_key| secret_to_public(secret_key).expect("an interop key is valid"))
    }
}

fn to_bytes(number: &BigUint) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().rev().zip(number.to_bytes_le()).for_each(|(to, from)| *to = from);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use outrider_beacon_spec::bls::aggregate;

    #[test]
    fn the_sum_of_keys_signs_what_is_the_aggregate_of_signatures() {
        let keys = Keys::new(9);
        let root = Root::repeat_byte(7);
        let members = [8, 1, 5, 2];
        let each: Vec<_> = members.iter().map(|member| keys.sign(&[*member], root).unwrap()).collect();
        assert_eq!(keys.sign(&members, root).unwrap(), aggregate(&each).unwrap());
        assert_eq!(keys.sign(&[9], root), Err(Error::IndexOutOfRange));
        assert_eq!(keys.sign(&[], root), Err(Error::IndexOutOfRange));
    }
}
