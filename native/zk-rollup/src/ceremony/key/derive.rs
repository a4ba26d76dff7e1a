//! The key of a circuit before any contribution: the circuit's columns combined with the Lagrange points.

use super::{CeremonyKey, Layout};
use crate::ceremony::{
    CeremonyError, Circuit, Powers,
    blake2b::Blake2b,
    circuit::RowOrder,
    point::{Point, uncompressed},
    transcript::Transcript,
};
use ark_bls12_381::{Bls12_381, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_relations::utils::matrix::Matrix;
use rayon::prelude::*;

/// Points of H up to which snarkjs's hash of the circuit is of the key only: the pieces in which it hashes.
pub(super) const SNARKJS_HASHED_POINTS: usize = 1 << 14;
/// Variables that a task takes at once.
const VARIABLES_AT_ONCE: usize = 256;
/// From as many terms on, Pippenger's algorithm takes less than multiplications one by one.
const PIPPENGER_TERMS: usize = 8;

/// The key that follows from powers of tau and a circuit, whose delta is still its gamma: it is no key to prove or
/// verify with, and gives none out.
#[derive(Debug)]
pub struct FirstKey {
    pub(super) key: ProvingKey<Bls12_381>,
    pub(super) layout: Layout,
    pub(super) circuit_hash: [u8; 64],
}

impl FirstKey {
    /// Makes the key of a circuit, as `ark_groth16`'s generator does it for known secrets, or as snarkjs's
    /// `groth16 setup`. For [`Layout::Snarkjs`], H stays in powers of tau, which is enough to verify a `.zkey`.
    ///
    /// # Errors
    ///
    /// Fails if the powers were not read for the circuit's domain.
    pub fn new(powers: &mut Powers, circuit: Circuit, layout: Layout) -> Result<Self, CeremonyError> {
        if powers.domain_power() != circuit.domain_power() {
            let (needed, got) = (circuit.domain_power(), powers.domain_power());
            return Err(CeremonyError::OtherDomain { needed, got });
        }
        powers.prepare();
        let order = Rows::new(layout, circuit.domain_power());
        let (inputs, constraints) = (circuit.inputs, circuit.constraints());
        let [a, b, c] = circuit.matrices.map(|matrix| columns(matrix, circuit.variables, order));
        let a = with_inputs(a, inputs, constraints, order);

        let bases = &powers.bases;
        let a_query = combine_all(circuit.variables, |variable| terms(&a, variable, &bases.tau_g1));
        let b_g1_query = combine_all(circuit.variables, |variable| terms(&b, variable, &bases.tau_g1));
        let b_g2_query = combine_all(circuit.variables, |variable| terms(&b, variable, &bases.tau_g2));
        let mut gamma_abc_g1 = combine_all(circuit.variables, |variable| {
            let mut all = terms(&a, variable, &bases.beta_tau_g1);
            all.extend(terms(&b, variable, &bases.alpha_tau_g1));
            all.extend(terms(&c, variable, &bases.tau_g1));
            all
        });
        let l_query = gamma_abc_g1.split_off(inputs);
        let vk = VerifyingKey {
            alpha_g1: powers.alpha_g1,
            beta_g2: powers.beta_g2,
            gamma_g2: G2Affine::generator(),
            delta_g2: G2Affine::generator(),
            gamma_abc_g1,
        };
        let key = ProvingKey {
            vk,
            beta_g1: powers.beta_g1,
            delta_g1: G1Affine::generator(),
            a_query,
            b_g1_query,
            b_g2_query,
            h_query: h_query(&powers.tau_g1),
            l_query,
        };
        let circuit_hash = circuit_hash(&key);
        Ok(Self { key, layout, circuit_hash })
    }

    /// Returns the key for the first contribution.
    ///
    /// # Errors
    ///
    /// Fails for [`Layout::Snarkjs`], whose ceremony snarkjs begins.
    pub fn begin(&self) -> Result<CeremonyKey, CeremonyError> {
        match self.layout {
            Layout::Snarkjs => Err(CeremonyError::BeginWithSnarkjs),
            Layout::Arkworks => Ok(CeremonyKey {
                key: self.key.clone(),
                layout: self.layout,
                transcript: Transcript::new(self.circuit_hash),
            }),
        }
    }

    /// Returns the hash of the key, which snarkjs calls the circuit hash.
    #[must_use]
    pub fn circuit_hash(&self) -> [u8; 64] {
        self.circuit_hash
    }
}

/// For each variable, the rows in which it stands, and its coefficients.
type Columns = Vec<Vec<(u32, Fr)>>;

/// The place of a circuit's row in the order of the Lagrange points, which is ark's.
#[derive(Clone, Copy)]
enum Rows {
    Same,
    Snarkjs(RowOrder),
}

impl Rows {
    fn new(layout: Layout, power: u32) -> Self {
        match layout {
            Layout::Arkworks => Self::Same,
            Layout::Snarkjs => Self::Snarkjs(RowOrder::new::<Fr>(power)),
        }
    }

    /// Circuits have less than 2^32 rows.
    fn place(self, row: usize) -> u32 {
        match self {
            Self::Same => row as u32,
            Self::Snarkjs(order) => order.to_ark(row) as u32,
        }
    }
}

fn columns(matrix: Matrix<Fr>, variables: usize, order: Rows) -> Columns {
    let mut columns = vec![Vec::new(); variables];
    for (row, terms) in matrix.into_iter().enumerate() {
        for (coefficient, variable) in terms {
            if let Some(column) = columns.get_mut(variable) {
                column.push((order.place(row), coefficient));
            }
        }
    }
    columns
}

/// Adds a row for each input, which makes the inputs' polynomials independent.
fn with_inputs(mut a: Columns, inputs: usize, constraints: usize, order: Rows) -> Columns {
    for (column, row) in a.iter_mut().take(inputs).zip(constraints..) {
        column.push((order.place(row), Fr::ONE));
    }
    a
}

fn terms<P: Point>(columns: &Columns, variable: usize, bases: &[P]) -> Vec<(P, Fr)> {
    let column = columns.get(variable).map(Vec::as_slice).unwrap_or_default();
    column.iter().filter_map(|(row, factor)| Some((*bases.get(*row as usize)?, *factor))).collect()
}

/// Combines the terms of each variable, on all cores.
fn combine_all<P: Point>(variables: usize, terms: impl Fn(usize) -> Vec<(P, Fr)> + Sync) -> Vec<P> {
    let variables: Vec<usize> = (0..variables).collect();
    let combined = variables.par_chunks(VARIABLES_AT_ONCE).map(|variables| {
        let sums: Vec<P::Group> = variables.iter().map(|variable| combine(terms(*variable))).collect();
        P::Group::normalize_batch(&sums)
    });
    combined.collect::<Vec<_>>().concat()
}

/// Adds up terms; most factors are one or minus one.
fn combine<P: Point>(terms: Vec<(P, Fr)>) -> P::Group {
    let mut sum = P::Group::ZERO;
    let (mut bases, mut factors) = (Vec::new(), Vec::new());
    for (base, factor) in terms {
        if factor == Fr::ONE {
            sum += base;
        } else if factor == -Fr::ONE {
            sum -= base;
        } else {
            bases.push(base);
            factors.push(factor);
        }
    }
    if bases.len() < PIPPENGER_TERMS {
        // Projective points are multiplied with the curve's endomorphism, affine ones without.
        return bases
            .into_iter()
            .zip(factors)
            .fold(sum, |sum, (base, factor)| sum + base.into_group() * factor);
    }
    let bigints: Vec<_> = factors.into_iter().map(Fr::into_bigint).collect();
    sum + P::Group::msm_bigint(&bases, &bigints)
}

/// Returns the points of `x^i (x^m - 1)` at tau, for i below `m - 1`.
fn h_query(tau_g1: &[G1Affine]) -> Vec<G1Affine> {
    let rows = tau_g1.len().div_ceil(2);
    let (low, high) = tau_g1.split_at(rows.min(tau_g1.len()));
    let differences: Vec<_> = high.iter().zip(low).map(|(high, low)| *high - *low).collect();
    ark_bls12_381::G1Projective::normalize_batch(&differences)
}

/// Returns the hash of the key, in snarkjs's order.
fn circuit_hash(key: &ProvingKey<Bls12_381>) -> [u8; 64] {
    let mut hasher = Blake2b::new();
    hasher.update(&uncompressed(&key.vk.alpha_g1));
    hasher.update(&uncompressed(&key.beta_g1));
    hasher.update(&uncompressed(&key.vk.beta_g2));
    hasher.update(&uncompressed(&key.vk.gamma_g2));
    hasher.update(&uncompressed(&key.delta_g1));
    hasher.update(&uncompressed(&key.vk.delta_g2));
    hash_points(&mut hasher, &key.vk.gamma_abc_g1);
    hash_points(&mut hasher, &key.h_query);
    hash_points(&mut hasher, &key.l_query);
    hash_points(&mut hasher, &key.a_query);
    hash_points(&mut hasher, &key.b_g1_query);
    hash_points(&mut hasher, &key.b_g2_query);
    hasher.finish()
}

/// Hashes the count of points (`u32`, big-endian) and the points.
fn hash_points<P: Point>(hasher: &mut Blake2b, points: &[P]) {
    hasher.update(&(points.len() as u32).to_be_bytes());
    points.iter().for_each(|point| hasher.update(&uncompressed(point)));
}
