//! The keys of simulated validators, and their signatures.

use num_bigint::BigUint;

use crate::validators::{CURVE_ORDER, interop_secret_key};
use outrider_beacon_spec::{
    bls::{secret_to_public, sign},
    error::Error,
    math::index,
    types::{BLSPubkey, BLSSignature, Root, ValidatorIndex},
};

/// The interop keys of the validators of a chain.
#[derive(Clone, Debug)]
pub struct Keys {
    secret_keys: Vec<[u8; 32]>,
}

impl Keys {
    /// Returns the keys of validators 0 to `n_validators` - 1.
    #[must_use]
    pub fn new(n_validators: u64) -> Self {
        Self { secret_keys: (0..n_validators).map(interop_secret_key).collect() }
    }

    /// Returns the number of validators.
    #[must_use]
    pub fn n_validators(&self) -> u64 {
        self.secret_keys.len() as u64
    }

    /// Returns the aggregate of several validators' signatures, by signing once with the sum of their secret keys.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::IndexOutOfRange`] if a validator has no key, or if the list is empty.
    pub fn sign(&self, validators: &[ValidatorIndex], signing_root: Root) -> Result<BLSSignature, Error> {
        let mut sum = BigUint::ZERO;
        for validator in validators {
            let secret_key = self.secret_keys.get(index(*validator)).ok_or(Error::IndexOutOfRange)?;
            sum += BigUint::from_bytes_be(secret_key);
        }
        let secret_key = to_bytes(&(sum % BigUint::from_bytes_be(&CURVE_ORDER)));
        sign(&secret_key, signing_root.as_slice()).or(Err(Error::IndexOutOfRange))
    }

    /// Returns the public keys in order of the validators.
    pub fn pubkeys(&self) -> impl Iterator<Item = BLSPubkey> {
        self.secret_keys
            .iter()
            .map(|secret_key| secret_to_public(secret_key).expect("an interop key is valid"))
    }
}

/// Whether simulated validators sign, and nodes verify.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureMode {
    /// Validators sign, and nodes verify every signature.
    #[default]
    Real,
    /// Nodes take every signature to be valid, so nobody signs: the point at infinity stands for a signature. Only RANDAO
    /// reveals are real, because the chain's randomness comes from them.
    Trusted,
}

/// The signatures of simulated validators.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) keys: Keys,
    pub(crate) mode: SignatureMode,
}

impl Signer {
    /// Returns [`Keys::sign`], or what stands for it.
    pub(crate) fn sign(
        &self,
        validators: &[ValidatorIndex],
        signing_root: Root,
    ) -> Result<BLSSignature, Error> {
        match self.mode {
            SignatureMode::Real => self.keys.sign(validators, signing_root),
            SignatureMode::Trusted => Ok(POINT_AT_INFINITY),
        }
    }
}

/// The encoding of the point at infinity.
const POINT_AT_INFINITY: BLSSignature = {
    let mut bytes = [0; 96];
    bytes[0] = 0xc0;
    BLSSignature::new(bytes)
};

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
    fn the_signature_of_the_sum_of_keys_is_the_aggregate_of_signatures() {
        let keys = Keys::new(9);
        let root = Root::repeat_byte(7);
        let members = [8, 1, 5, 2];
        let each: Vec<_> = members.iter().map(|member| keys.sign(&[*member], root).unwrap()).collect();
        assert_eq!(keys.sign(&members, root).unwrap(), aggregate(&each).unwrap());
        assert_eq!(keys.sign(&[9], root), Err(Error::IndexOutOfRange));
        assert_eq!(keys.sign(&[], root), Err(Error::IndexOutOfRange));
    }
}
