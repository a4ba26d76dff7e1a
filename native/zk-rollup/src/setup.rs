//! Keys for development: whoever knows the seed can prove anything.

use ark_bls12_381::{Bls12_381, G1Projective, G2Projective};
use ark_ec::PrimeGroup as _;
use ark_ff::{PrimeField as _, Zero as _};
use ark_groth16::Groth16;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_relations::gr1cs::SynthesisError;
use ark_std::rand::{Error, RngCore};
use outrider_zk_rollup_core::Fr;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::circuit::{Circuit, Synthesis};
use crate::keys::{Origin, ProvingKey};
use crate::witness::BatchWitness;

/// Random numbers from a seed or from the system, for arkworks, whose crates have another release of the traits.
pub(crate) struct Random(ChaCha20Rng);

/// Makes the key of a circuit from a seed.
///
/// The key is insecure: its secrets follow from the seed. It is for tests and examples.
///
/// # Errors
///
/// Returns [`SynthesisError`] if the circuit is too large for the field: that is, never below 2^32 constraints.
pub fn development_key(circuit: Circuit, seed: [u8; 32]) -> Result<ProvingKey, SynthesisError> {
    let mut random = Random::new(seed);
    let [alpha, beta, gamma, delta] = [(); 4].map(|()| random.element());
    let witness = BatchWitness::any(circuit);
    let key = Groth16::<Bls12_381, LibsnarkReduction>::generate_parameters_with_qap(
        Synthesis { circuit, witness: &witness },
        alpha,
        beta,
        gamma,
        delta,
        G1Projective::generator(),
        G2Projective::generator(),
        &mut random,
    )?;
    Ok(ProvingKey { circuit, origin: Origin::InsecureDevelopment, key })
}

impl Random {
    /// Returns random numbers from a seed of the caller's.
    pub(crate) fn new(seed: [u8; 32]) -> Random {
        Random(ChaCha20Rng::from_seed(seed))
    }

    /// Returns a random element other than zero, uniform but for a part of 2^-128.
    pub(crate) fn element(&mut self) -> Fr {
        let mut bytes = [0; 48];
        loop {
            self.0.fill_bytes(&mut bytes);
            let element = Fr::from_be_bytes_mod_order(&bytes);
            if !element.is_zero() {
                return element;
            }
        }
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}
