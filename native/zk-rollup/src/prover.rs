//! Proofs.
//!
//! The prover is that of arkworks, but for three things. It computes the values of all constraints while it runs the circuit,
//! and builds no linear combinations, whose matrices take memory. It adds points with blst, in two threads. And it reports its
//! progress.

mod sums;

use std::time::{Duration, Instant};

use ark_ec::CurveGroup as _;
use ark_ff::{FftField as _, Field as _};
use ark_poly::{EvaluationDomain as _, GeneralEvaluationDomain};
use outrider_zk_rollup_core::{Fr, Proof};

use sums::sum;

use crate::circuit::{Circuit, Evaluation};
use crate::keys::ProvingKey;
use crate::setup::Random;
use crate::witness::BatchWitness;

/// A step of the prover.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// It computes the values of the circuit.
    Values,
    /// It divides polynomials, with Fourier transforms.
    Quotient,
    /// It adds up multiples of points.
    Sums,
}

/// The time of each step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// Of [`Step::Values`].
    pub values: Duration,
    /// Of [`Step::Quotient`].
    pub quotient: Duration,
    /// Of [`Step::Sums`].
    pub sums: Duration,
}

/// A witness for which there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The batch is for another circuit than the key.
    #[error("the key is for {expected:?}, and the batch for {got:?}")]
    Circuit {
        /// The circuit of the key.
        expected: Circuit,
        /// The circuit of the batch.
        got: Circuit,
    },
    /// The witness violates a constraint.
    #[error("the witness does not satisfy the circuit: a transfer cannot be made, or a path is wrong")]
    Unsatisfied,
    /// The key has not as many points as the circuit has variables.
    #[error("the key has not the points of the circuit; set up a new key")]
    Key,
}

/// Proves a batch.
///
/// The seed must be random, secret and used once: it hides the witness. `progress` hears of each step before it starts.
///
/// # Errors
///
/// Returns [`ProveError`] if the batch is not for the key's circuit, or the witness does not satisfy it.
pub fn prove(
    key: &ProvingKey,
    circuit: Circuit,
    witness: &BatchWitness,
    seed: [u8; 32],
    progress: &mut dyn FnMut(Step),
) -> Result<(Proof, Timing), ProveError> {
    if circuit != key.circuit {
        return Err(ProveError::Circuit { expected: key.circuit, got: circuit });
    }
    let mut timing = Timing::default();
    progress(Step::Values);
    let start = Instant::now();
    let evaluation = circuit.evaluate(witness);
    if !evaluation.is_satisfied() {
        return Err(ProveError::Unsatisfied);
    }
    timing.values = start.elapsed();

    progress(Step::Quotient);
    let start = Instant::now();
    let Evaluation { assignment, a, b, c, .. } = evaluation;
    let quotient = quotient(&assignment, [a, b, c]).ok_or(ProveError::Key)?;
    timing.quotient = start.elapsed();

    progress(Step::Sums);
    let start = Instant::now();
    let mut random = Random::new(seed);
    let proof = sums(key, &assignment, quotient, [random.element(), random.element()])?;
    timing.sums = start.elapsed();
    Ok((proof, timing))
}

/// Returns the coefficients of `(a b - c) / z` for the polynomials that have the constraints' values on the domain, and `z`
/// that is zero there.
fn quotient(assignment: &[Fr], [mut a, b, c]: [Vec<Fr>; 3]) -> Option<Vec<Fr>> {
    // The rows after the constraints bind the public input and one.
    a.extend_from_slice(assignment.get(..PUBLIC)?);
    let domain = GeneralEvaluationDomain::<Fr>::new(a.len())?;
    let coset = domain.get_coset(Fr::GENERATOR)?;
    let on_coset = |mut values: Vec<Fr>| {
        domain.ifft_in_place(&mut values);
        coset.fft_in_place(&mut values);
        values
    };
    let (mut product, (b, c)) = rayon::join(|| on_coset(a), || (on_coset(b), on_coset(c)));
    for (a, b) in product.iter_mut().zip(b) {
        *a *= b;
    }
    let inverse = domain.evaluate_vanishing_polynomial(Fr::GENERATOR).inverse()?;
    for (product, c) in product.iter_mut().zip(c) {
        *product = (*product - c) * inverse;
    }
    coset.ifft_in_place(&mut product);
    Some(product)
}

/// Returns the proof, from the values and the quotient.
fn sums(
    key: &ProvingKey,
    assignment: &[Fr],
    quotient: Vec<Fr>,
    [r, s]: [Fr; 2],
) -> Result<Proof, ProveError> {
    let key = &key.key;
    let private = assignment.get(PUBLIC..).ok_or(ProveError::Key)?;
    let lengths = [key.a_query.len(), key.b_g1_query.len(), key.b_g2_query.len(), key.l_query.len() + PUBLIC];
    if lengths != [assignment.len(); 4] || key.h_query.len() + 1 != quotient.len() {
        return Err(ProveError::Key);
    }
    // Two threads, which take about as long.
    let (b, (a, b_g1, l, h)) = rayon::join(
        || sum(&key.b_g2_query, assignment),
        || {
            let (a, b_g1) = (sum(&key.a_query, assignment), sum(&key.b_g1_query, assignment));
            (a, b_g1, sum(&key.l_query, private), sum(&key.h_query, &quotient))
        },
    );
    let b = b + key.vk.beta_g2 + key.vk.delta_g2 * s;
    let b_g1 = b_g1 + key.beta_g1 + key.delta_g1 * s;
    let a = a + key.vk.alpha_g1 + key.delta_g1 * r;
    let c = a * s + b_g1 * r - key.delta_g1 * (r * s) + l + h;
    Ok(Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() })
}

/// The number of public variables: one, and the public input.
const PUBLIC: usize = 2;
