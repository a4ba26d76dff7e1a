//! A verifying key whose secrets are known, so that proofs need no circuit.
//!
//! For a Groth16 key made from known secrets, anybody can make valid proofs for any input. Such proofs are for the tests
//! of the EE, which does not know the circuit: for the EE, a proof holds or does not.

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::Field as _;
use outrider_zk_rollup_core::{Fr, Proof, VerifyingKey};

/// The secrets of a verifying key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trapdoor {
    alpha: Fr,
    beta: Fr,
    gamma: Fr,
    delta: Fr,
    constant: Fr,
    input: Fr,
}

impl Trapdoor {
    /// Returns different secrets for each seed.
    pub(crate) fn new(seed: u64) -> Self {
        let secret = |place: u64| (Fr::from(seed) + Fr::from(place << 32)).pow([5]) + Fr::from(place);
        Self {
            alpha: secret(1),
            beta: secret(2),
            gamma: secret(3),
            delta: secret(4),
            constant: secret(5),
            input: secret(6),
        }
    }

    pub(crate) fn key(&self) -> VerifyingKey {
        VerifyingKey {
            alpha: g1(self.alpha),
            beta: g2(self.beta),
            gamma: g2(self.gamma),
            delta: g2(self.delta),
            constant: g1(self.constant),
            input: g1(self.input),
        }
    }

    /// Returns a proof for an input, another one for each seed.
    ///
    /// With A and B of any two numbers, the equation of the verification has one solution for C.
    pub(crate) fn prove(&self, input: Fr, seed: u64) -> Proof {
        let [a, b] = [3, 5].map(|factor| Fr::from(seed).square() + Fr::from(factor));
        let public = self.constant + self.input * input;
        let c = (a * b - self.alpha * self.beta - public * self.gamma) * self.delta.inverse().unwrap();
        Proof { a: g1(a), b: g2(b), c: g1(c) }
    }
}

pub(crate) fn g1(scalar: Fr) -> G1Affine {
    (G1Affine::generator() * scalar).into_affine()
}

pub(crate) fn g2(scalar: Fr) -> G2Affine {
    (G2Affine::generator() * scalar).into_affine()
}
