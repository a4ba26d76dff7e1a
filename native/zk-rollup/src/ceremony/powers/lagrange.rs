//! Lagrange points: for each row of a domain, the point of its Lagrange polynomial at tau.
//!
//! The powers of tau are the values of the monomials at tau, so the points are their inverse Fourier transform, computed
//! in the group. snarkjs's `powersoftau prepare phase2` writes them into sections 12 to 15, for each power of two one
//! after the other. Its roots of unity are powers of the least non-residue, 5, and ark's of the generator 7: the points
//! are the same in another order.

use super::{Bases, LAGRANGE, Powers, random_powers};
use crate::ceremony::{
    CeremonyError,
    binfile::BinFile,
    circuit::RowOrder,
    error::Broken,
    point::{self, Point},
};
use ark_bls12_381::Fr;
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;
use std::io::{Read, Seek};

/// Rows that a task takes at once.
const ROWS_AT_ONCE: usize = 1 << 12;

impl Powers {
    /// Reads the Lagrange points of the domain, checks that they are those of the powers, and takes their place.
    pub(super) fn read_prepared(
        &mut self,
        file: &mut BinFile<impl Read + Seek>,
    ) -> Result<(), CeremonyError> {
        let [tau_g1, tau_g2, alpha_tau_g1, beta_tau_g1] = LAGRANGE;
        let power = self.domain_power;
        let bases = &mut self.bases;
        replace(file, tau_g1, power, &mut bases.tau_g1)?;
        replace(file, tau_g2, power, &mut bases.tau_g2)?;
        replace(file, alpha_tau_g1, power, &mut bases.alpha_tau_g1)?;
        replace(file, beta_tau_g1, power, &mut bases.beta_tau_g1)?;
        self.prepared = true;
        Ok(())
    }

    /// Computes the Lagrange points of the domain, unless the file had them. For m rows it takes `m log(m) / 2`
    /// multiplications by roots and m by a constant, three times in G1 and once in G2: the largest part of all work on a
    /// key. 2^12 rows took 26 CPU seconds; 2^19 are some 90 minutes. A file that `snarkjs powersoftau prepare phase2`
    /// prepared makes it unnecessary, and serves all circuits.
    pub fn prepare(&mut self) {
        if self.prepared {
            return;
        }
        let Bases { tau_g1, tau_g2, alpha_tau_g1, beta_tau_g1 } = &mut self.bases;
        transform(tau_g1);
        transform(tau_g2);
        transform(alpha_tau_g1);
        transform(beta_tau_g1);
        self.prepared = true;
    }
}

/// Replaces powers by the Lagrange points of a section.
fn replace<P: Point>(
    file: &mut BinFile<impl Read + Seek>,
    number: u32,
    power: u32,
    powers: &mut Vec<P>,
) -> Result<(), CeremonyError> {
    let rows = 1_usize << power;
    let mut section = file.section(number)?;
    section.skip(file, (rows as u64 - 1) * P::BYTES as u64)?;
    let points = section.points::<P>(file, rows, point::read_or_infinity)?;
    let order = RowOrder::new::<Fr>(power);
    let points: Vec<P> = (0..rows).filter_map(|row| points.get(order.to_snarkjs(row)).copied()).collect();

    // With any r: the sum of r^i tau^i is the sum of L_j(tau) times the polynomial r^i x^i at row j.
    let (random, factors) = random_powers()?;
    let factors: Vec<Fr> = factors.take(rows).collect();
    let numerator = random.pow([rows as u64]) - Fr::ONE;
    let mut values: Vec<Fr> = domain(power).elements().map(|root| random * root - Fr::ONE).collect();
    ark_ff::batch_inversion_and_mul(&mut values, &numerator);
    if combine(powers, &factors) != combine(&points, &values) {
        return Err(CeremonyError::Powers { section: file.id(number), broken: Broken::Lagrange });
    }
    *powers = points;
    Ok(())
}

fn combine<P: Point>(points: &[P], factors: &[Fr]) -> P::Group {
    let bigints: Vec<_> = factors.iter().map(|factor| factor.into_bigint()).collect();
    P::Group::msm_bigint(points, &bigints)
}

/// Replaces the values of the monomials by those of the Lagrange polynomials: an inverse Fourier transform.
fn transform<P: Point>(points: &mut Vec<P>) {
    let power = points.len().trailing_zeros();
    let mut values: Vec<P::Group> = points.iter().map(|point| point.into_group()).collect();
    domain(power).ifft_in_place(&mut values);
    *points = values.par_chunks(ROWS_AT_ONCE).flat_map(P::Group::normalize_batch).collect();
}

fn domain(power: u32) -> Radix2EvaluationDomain<Fr> {
    Radix2EvaluationDomain::new(1 << power).expect("the field has roots of unity up to a power of 32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bls12_381::{G1Affine, G1Projective};
    use ark_ec::AffineRepr;

    #[test]
    fn transformed_powers_are_the_lagrange_polynomials_at_tau() {
        let tau = Fr::from(123_456_789_u64);
        let powers = std::iter::successors(Some(Fr::ONE), |power| Some(tau * power)).take(8);
        let mut points: Vec<G1Affine> =
            powers.map(|power| (G1Affine::generator() * power).into_affine()).collect();
        transform(&mut points);
        let expected: Vec<G1Projective> = domain(3)
            .evaluate_all_lagrange_coefficients(tau)
            .into_iter()
            .map(|value| G1Affine::generator() * value)
            .collect();
        assert_eq!(points, expected);
    }
}
