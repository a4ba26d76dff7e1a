//! Keys of circuits: made of powers of tau, contributed to, and verified.

mod derive;
mod file;
mod reduction;

pub use derive::FirstKey;
pub use reduction::SnarkjsReduction;

use super::{
    CeremonyError, circuit::snarkjs_root, error::Broken, point::Point, powers::same_ratio, random,
    transcript::Transcript,
};
use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, PrimeField};
use ark_groth16::{ProvingKey, VerifyingKey};
use rayon::prelude::*;

/// The reduction that a key was made for; a proof with the other one does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// That of `ark_groth16::Groth16<Bls12_381>`: ark's roots of unity, and H in powers of tau.
    Arkworks,
    /// That of snarkjs: its roots of unity, and H in Lagrange points. It is proved with
    /// `ark_groth16::Groth16<Bls12_381, SnarkjsReduction>`.
    Snarkjs,
}

/// The source of a contribution's secret.
#[derive(Clone, Copy, Debug)]
pub enum Entropy<'a> {
    /// The system's random numbers and any text.
    System(&'a str),
    /// A seed; for tests. Whoever knows it knows the secret.
    InsecureSeed(&'a [u8]),
}

/// A key with its contributions, as it was read or made: nothing is checked but its points.
#[derive(Clone, Debug, PartialEq)]
pub struct CeremonyKey {
    key: ProvingKey<Bls12_381>,
    layout: Layout,
    transcript: Transcript,
}

/// A key that follows from powers of tau, a circuit, and at least one contribution.
#[derive(Clone, Debug)]
pub struct VerifiedKey {
    key: ProvingKey<Bls12_381>,
    layout: Layout,
    transcript: Transcript,
}

impl CeremonyKey {
    /// Adds a contribution: multiplies delta by a secret, and forgets it. It reaches no disk, and stays in memory only
    /// until that is used for something else.
    ///
    /// # Errors
    ///
    /// Fails if the system has no entropy.
    pub fn contribute(&mut self, name: &str, entropy: Entropy<'_>) -> Result<(), CeremonyError> {
        let mut rng = match entropy {
            Entropy::System(text) => random::entropic(text)?,
            Entropy::InsecureSeed(seed) => random::seeded(&super::blake2b::Blake2b::digest(seed)),
        };
        let secret = self.transcript.contribute(self.key.delta_g1, name, &mut rng);
        self.key.delta_g1 = (self.key.delta_g1 * secret).into_affine();
        self.key.vk.delta_g2 = (self.key.vk.delta_g2 * secret).into_affine();
        // Secrets are drawn until they are not zero.
        let inverse = secret.inverse().unwrap_or_default();
        scale(&mut self.key.l_query, inverse);
        scale(&mut self.key.h_query, inverse);
        Ok(())
    }

    /// Returns the contributions, not yet checked.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Returns the reduction that the key is for.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Checks the key against the one that follows from powers of tau and the circuit.
    ///
    /// 1. Both are for the same reduction, and have as many points.
    /// 2. Alpha, beta, gamma and the points of inputs, A and B are the same.
    /// 3. The hash of the circuit is the same; not for a snarkjs key of more than 2^14 rows, where snarkjs's hash has
    ///    points of what follows in its file.
    /// 4. There is a contribution, and each has its proof of knowledge, made for the hash of all before it.
    /// 5. Delta is the last contribution's, the same in G1 and G2, and not gamma.
    /// 6. L and H are those of the circuit divided by delta, by random linear combinations and pairings.
    ///
    /// snarkjs's section of coefficients is not looked at: a proof is made of the circuit itself.
    ///
    /// # Errors
    ///
    /// Fails with the first check that does not hold.
    pub fn verify(self, first: &FirstKey) -> Result<VerifiedKey, CeremonyError> {
        let wrong = |broken| Err(CeremonyError::WrongKey(broken));
        let (key, expected) = (&self.key, &first.key);
        if self.layout != first.layout || counts(key) != counts_in(self.layout, expected) {
            return wrong(Broken::Counts);
        }
        let constants =
            |key: &ProvingKey<Bls12_381>| (key.vk.alpha_g1, key.beta_g1, key.vk.beta_g2, key.vk.gamma_g2);
        if constants(key) != constants(expected) {
            return wrong(Broken::Constants);
        }
        let same_queries = key.vk.gamma_abc_g1 == expected.vk.gamma_abc_g1
            && key.a_query == expected.a_query
            && key.b_g1_query == expected.b_g1_query
            && key.b_g2_query == expected.b_g2_query;
        if !same_queries {
            return wrong(Broken::Queries);
        }
        let comparable =
            self.layout == Layout::Arkworks || expected.h_query.len() < derive::SNARKJS_HASHED_POINTS;
        if comparable && self.transcript.circuit_hash() != first.circuit_hash {
            return wrong(Broken::CircuitHash);
        }
        let delta = self.transcript.check()?;
        refuse_equal_delta(&key.vk)?;
        let generators = (G1Affine::generator(), G2Affine::generator());
        if key.delta_g1 != delta || !same_ratio(generators.0, delta, generators.1, key.vk.delta_g2) {
            return wrong(Broken::Delta);
        }
        if !self.is_scaled(expected)? {
            return wrong(Broken::Scaled);
        }
        Ok(VerifiedKey { key: self.key, layout: self.layout, transcript: self.transcript })
    }

    /// Returns whether L and H times delta are those of the first key.
    fn is_scaled(&self, first: &ProvingKey<Bls12_381>) -> Result<bool, CeremonyError> {
        let delta = self.key.vk.delta_g2;
        let random = random::challenge()?;
        let factors =
            |count| std::iter::successors(Some(Fr::ONE), move |power| Some(random * power)).take(count);
        let scaled = |points: &[G1Affine], factors: Vec<Fr>, expected: &[G1Affine], powers: Vec<Fr>| {
            let (ours, theirs) = (combine(points, factors), combine(expected, powers));
            let none = ours.is_zero() && theirs.is_zero();
            none || same_ratio(ours, theirs, G2Affine::generator(), delta)
        };
        let l = &self.key.l_query;
        if !scaled(l, factors(l.len()).collect(), &first.l_query, factors(l.len()).collect()) {
            return Ok(false);
        }
        let (h, powers) = (&self.key.h_query, factors(first.h_query.len()).collect());
        let h_factors = match self.layout {
            Layout::Arkworks => factors(h.len()).collect(),
            Layout::Snarkjs => snarkjs_h_factors(h.len(), random),
        };
        Ok(scaled(h, h_factors, &first.h_query, powers))
    }
}

impl VerifiedKey {
    /// Returns the key for proofs with the reduction of its layout.
    #[must_use]
    pub fn proving_key(&self) -> &ProvingKey<Bls12_381> {
        &self.key
    }

    /// Returns the key for proofs with the reduction of its layout.
    #[must_use]
    pub fn into_proving_key(self) -> ProvingKey<Bls12_381> {
        self.key
    }

    /// Returns the reduction that the key is for.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Returns the contributions, all checked.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }
}

/// Refuses a key with which everybody forges proofs: as long as nobody contributed, delta is gamma, so a multiple of an
/// input's point can move from the sum of the inputs into C.
///
/// # Errors
///
/// Fails if delta is gamma.
pub fn refuse_equal_delta(key: &VerifyingKey<Bls12_381>) -> Result<(), CeremonyError> {
    if key.delta_g2 == key.gamma_g2 { Err(CeremonyError::KeyWithoutContribution) } else { Ok(()) }
}

fn counts(key: &ProvingKey<Bls12_381>) -> [usize; 6] {
    [
        key.vk.gamma_abc_g1.len(),
        key.a_query.len(),
        key.b_g1_query.len(),
        key.b_g2_query.len(),
        key.l_query.len(),
        key.h_query.len(),
    ]
}

/// Returns the counts of a key of the layout; snarkjs has one more point of H than powers.
fn counts_in(layout: Layout, first: &ProvingKey<Bls12_381>) -> [usize; 6] {
    let mut counts = counts(first);
    if let (Layout::Snarkjs, Some(h)) = (layout, counts.last_mut()) {
        *h = h.saturating_add(1);
    }
    counts
}

/// Returns the factors of snarkjs's H that give what the powers `r^i` give of ark's.
///
/// Ark's points are those of `x^i (x^m - 1)` at tau, for i below `m - 1`; their combination is that of a polynomial P of
/// degree below `2m - 1`. snarkjs's are the Lagrange points of the domain of `2m` rows at its odd rows; P is zero at the
/// even ones, and at an odd one `x^m = -1`, so P is `-2` times the geometric series of `r x`.
fn snarkjs_h_factors(rows: usize, random: Fr) -> Vec<Fr> {
    let power = rows.trailing_zeros();
    let (first, step) = (snarkjs_root::<Fr>(power + 1), snarkjs_root::<Fr>(power));
    let ratios: Vec<Fr> =
        std::iter::successors(Some(random * first), |ratio| Some(step * ratio)).take(rows).collect();
    let mut inverses: Vec<Fr> = ratios.iter().map(|ratio| *ratio - Fr::ONE).collect();
    ark_ff::batch_inversion_and_mul(&mut inverses, &-Fr::from(2_u64));
    let exponent = [rows as u64 - 1];
    ratios
        .par_iter()
        .zip(inverses)
        .map(|(ratio, inverse)| (ratio.pow(exponent) - Fr::ONE) * inverse)
        .collect()
}

fn combine(points: &[G1Affine], factors: Vec<Fr>) -> G1Affine {
    let bigints: Vec<_> = factors.into_iter().map(Fr::into_bigint).collect();
    G1Projective::msm_bigint(points, &bigints).into_affine()
}

fn scale<P: Point>(points: &mut [P], factor: Fr) {
    points.par_chunks_mut(1024).for_each(|points| {
        let products: Vec<P::Group> = points.iter().map(|point| *point * factor).collect();
        points.copy_from_slice(&P::Group::normalize_batch(&products));
    });
}
