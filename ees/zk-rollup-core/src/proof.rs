//! Groth16 proofs over BLS12-381 and the keys that verify them, to the byte.
//!
//! Points are compressed as in [Zcash's BLS12-381], which everybody uses: 48 bytes for one of G1, 96 for one of G2.
//!
//! | length | proof | | length | verifying key |
//! |---|---|---|---|---|
//! | 48 | A | | 48 | alpha |
//! | 96 | B | | 96, 96, 96 | beta, gamma, delta |
//! | 48 | C | | 48, 48 | the factors of one and of the public input |
//!
//! Proofs can be re-randomised by anybody, so a proof names nothing; a key is named by the Keccak-256 of its bytes.
//!
//! [Zcash's BLS12-381]: https://github.com/zkcrypto/bls12_381/blob/main/src/notes/serialization.rs

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_serialize::CanonicalSerialize;

/// Length of a compressed point of G1, in bytes.
pub const G1_BYTES: usize = 48;

/// Length of a compressed point of G2, in bytes.
pub const G2_BYTES: usize = 96;

/// Length of a proof, in bytes.
pub const PROOF_BYTES: usize = 2 * G1_BYTES + G2_BYTES;

/// Length of a verifying key, in bytes.
pub const VERIFYING_KEY_BYTES: usize = 3 * G1_BYTES + 3 * G2_BYTES;

/// A proof. Its points are on their curves, and none is at infinity; the pairing checks that they are in the subgroups.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Proof {
    /// The point A.
    pub a: G1Affine,
    /// The point B.
    pub b: G2Affine,
    /// The point C.
    pub c: G1Affine,
}

/// A key that verifies the proofs of one circuit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerifyingKey {
    /// The point alpha.
    pub alpha: G1Affine,
    /// The point beta.
    pub beta: G2Affine,
    /// The point gamma.
    pub gamma: G2Affine,
    /// The point delta.
    pub delta: G2Affine,
    /// The factor of one.
    pub constant: G1Affine,
    /// The factor of the public input.
    pub input: G1Affine,
}

/// Bytes that are no proof or no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The bytes of a point are not the encoding of a point of the curve.
    #[error("{point} is not the encoding of a point of the curve")]
    Malformed {
        /// The name of the point.
        point: &'static str,
    },
    /// A point is at infinity.
    #[error("{point} is at infinity")]
    Infinity {
        /// The name of the point.
        point: &'static str,
    },
    /// A point is on the curve, but not in the subgroup of prime order.
    #[error("{point} is not in the subgroup of prime order")]
    NotInSubgroup {
        /// The name of the point.
        point: &'static str,
    },
    /// Gamma and delta of a key are equal: its setup was not finished, and anybody can forge proofs for it.
    #[error("gamma equals delta: the setup of the key lacks a contribution of its second phase; finish it")]
    GammaIsDelta,
}

impl Proof {
    /// Returns the proof with these 192 bytes.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError::Malformed`] or [`ProofError::Infinity`].
    pub fn from_bytes(bytes: &[u8; PROOF_BYTES]) -> Result<Proof, ProofError> {
        let mut reader = Points(bytes);
        Ok(Proof { a: reader.take("A")?, b: reader.take("B")?, c: reader.take("C")? })
    }

    /// Returns the 192 bytes.
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        let mut rest = &mut bytes[..];
        write(&self.a, &mut rest);
        write(&self.b, &mut rest);
        write(&self.c, &mut rest);
        bytes
    }
}

impl VerifyingKey {
    /// Returns the key with these 432 bytes, after all checks.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError`] if a point is malformed, at infinity or outside its subgroup, or if gamma is delta.
    pub fn from_bytes(bytes: &[u8; VERIFYING_KEY_BYTES]) -> Result<VerifyingKey, ProofError> {
        let key = VerifyingKey::from_checked_bytes(bytes)?;
        key.check()?;
        Ok(key)
    }

    /// Returns the key with these 432 bytes, which [`VerifyingKey::from_bytes`] accepted before: whoever calls it
    /// compared their hash with that of a key that was checked.
    ///
    /// # Errors
    ///
    /// Returns [`ProofError::Malformed`] or [`ProofError::Infinity`].
    pub fn from_checked_bytes(bytes: &[u8; VERIFYING_KEY_BYTES]) -> Result<VerifyingKey, ProofError> {
        let mut reader = Points(bytes);
        Ok(VerifyingKey {
            alpha: reader.take("alpha")?,
            beta: reader.take("beta")?,
            gamma: reader.take("gamma")?,
            delta: reader.take("delta")?,
            constant: reader.take("the factor of one")?,
            input: reader.take("the factor of the public input")?,
        })
    }

    /// Returns the 432 bytes.
    pub fn to_bytes(&self) -> [u8; VERIFYING_KEY_BYTES] {
        let mut bytes = [0; VERIFYING_KEY_BYTES];
        let mut rest = &mut bytes[..];
        write(&self.alpha, &mut rest);
        write(&self.beta, &mut rest);
        write(&self.gamma, &mut rest);
        write(&self.delta, &mut rest);
        write(&self.constant, &mut rest);
        write(&self.input, &mut rest);
        bytes
    }

    /// Checks that each point is in its subgroup and not at infinity, and that gamma is not delta.
    ///
    /// # Errors
    ///
    /// Returns the [`ProofError`] of the first check that fails.
    pub fn check(&self) -> Result<(), ProofError> {
        check_point(&self.alpha, self.alpha.is_in_correct_subgroup_assuming_on_curve(), "alpha")?;
        check_point(&self.beta, self.beta.is_in_correct_subgroup_assuming_on_curve(), "beta")?;
        check_point(&self.gamma, self.gamma.is_in_correct_subgroup_assuming_on_curve(), "gamma")?;
        check_point(&self.delta, self.delta.is_in_correct_subgroup_assuming_on_curve(), "delta")?;
        let in_subgroup = self.constant.is_in_correct_subgroup_assuming_on_curve();
        check_point(&self.constant, in_subgroup, "the factor of one")?;
        let in_subgroup = self.input.is_in_correct_subgroup_assuming_on_curve();
        check_point(&self.input, in_subgroup, "the factor of the public input")?;
        match self.gamma == self.delta {
            true => Err(ProofError::GammaIsDelta),
            false => Ok(()),
        }
    }
}

fn check_point(point: &impl AffineRepr, in_subgroup: bool, name: &'static str) -> Result<(), ProofError> {
    match (point.is_zero(), in_subgroup) {
        (true, _) => Err(ProofError::Infinity { point: name }),
        (false, false) => Err(ProofError::NotInSubgroup { point: name }),
        (false, true) => Ok(()),
    }
}

/// Reads compressed points.
struct Points<'a>(&'a [u8]);

impl Points<'_> {
    fn take<G: AffineRepr>(&mut self, name: &'static str) -> Result<G, ProofError> {
        let malformed = ProofError::Malformed { point: name };
        let length = G::zero().compressed_size();
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(malformed)?;
        self.0 = rest;
        let point = G::deserialize_compressed_unchecked(bytes).map_err(|_| malformed)?;
        let mut again = [0; G2_BYTES];
        let mut writer = &mut again[..];
        write(&point, &mut writer);
        if again.get(..length) != Some(bytes) {
            return Err(malformed);
        }
        match point.is_zero() {
            true => Err(ProofError::Infinity { point: name }),
            false => Ok(point),
        }
    }
}

/// Writes a compressed point to the front of a buffer with room for it.
fn write(point: &impl CanonicalSerialize, bytes: &mut &mut [u8]) {
    let written = point.serialize_compressed(bytes);
    debug_assert!(written.is_ok(), "the buffers have room for all points");
}
