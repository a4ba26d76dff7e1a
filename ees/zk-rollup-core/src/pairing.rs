//! The verification of a proof, over a pairing of the caller's choice: the host's, or the one of this crate.

use ark_bls12_381::{Bls12_381, G1Affine, G2Affine};
use ark_ec::pairing::Pairing as _;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{One, PrimeField};

use crate::field::Fr;
use crate::proof::{Proof, VerifyingKey};

/// The operations that a verification needs.
pub trait Pairing {
    /// Multiplies a point of the subgroup by an element.
    fn multiply(&self, point: &G1Affine, factor: &Fr) -> G1Affine;

    /// Returns whether all points are in their subgroups, and the product of the pairings of the pairs is one.
    fn product_is_one(&self, pairs: &[(G1Affine, G2Affine)]) -> bool;
}

/// The pairing of arkworks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arkworks;

/// A proof that does not show what it should.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the proof does not hold for this key and public input")]
pub struct VerifyError;

/// Verifies a proof for a public input: `e(A, B) = e(alpha, beta) e(constant + x input, gamma) e(C, delta)`.
///
/// The key was checked by [`VerifyingKey::check`].
///
/// # Errors
///
/// Returns [`VerifyError`] if a point of the proof is not in its subgroup, or if the equation does not hold.
pub fn verify(
    pairing: &impl Pairing,
    key: &VerifyingKey,
    public_input: &Fr,
    proof: &Proof,
) -> Result<(), VerifyError> {
    let input = (key.constant + pairing.multiply(&key.input, public_input)).into_affine();
    let pairs = [(-proof.a, proof.b), (key.alpha, key.beta), (input, key.gamma), (proof.c, key.delta)];
    match pairing.product_is_one(&pairs) {
        true => Ok(()),
        false => Err(VerifyError),
    }
}

impl Pairing for Arkworks {
    fn multiply(&self, point: &G1Affine, factor: &Fr) -> G1Affine {
        point.mul_bigint(factor.into_bigint()).into_affine()
    }

    fn product_is_one(&self, pairs: &[(G1Affine, G2Affine)]) -> bool {
        let in_subgroups = pairs.iter().all(|(g1, g2)| {
            g1.is_in_correct_subgroup_assuming_on_curve() && g2.is_in_correct_subgroup_assuming_on_curve()
        });
        let (g1, g2) = (pairs.iter().map(|pair| pair.0), pairs.iter().map(|pair| pair.1));
        in_subgroups && Bls12_381::multi_pairing(g1, g2).0.is_one()
    }
}
