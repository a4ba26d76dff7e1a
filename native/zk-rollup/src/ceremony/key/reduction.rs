//! snarkjs's reduction from constraints to polynomials, for proofs with a key of [`super::Layout::Snarkjs`].

use crate::ceremony::circuit::{RowOrder, snarkjs_root};
use ark_ff::PrimeField;
use ark_groth16::r1cs_to_qap::{R1CSToQAP, evaluate_constraint};
use ark_poly::EvaluationDomain;
use ark_relations::gr1cs::{ConstraintSystemRef, Matrix, R1CS_PREDICATE_LABEL, SynthesisError};

/// The reduction of snarkjs's Groth16: `ark_groth16::Groth16::<Bls12_381, SnarkjsReduction>` proves with a `.zkey`.
///
/// It differs from ark's in two ways. Its root of unity is a power of the least non-residue, so constraints stand at other
/// roots. And H is not in powers of tau, but in Lagrange points at the odd rows of the domain of twice the size, so a proof
/// takes the values of `a b - c` there, and no division and inverse transform.
#[derive(Clone, Copy, Debug)]
pub struct SnarkjsReduction;

impl R1CSToQAP for SnarkjsReduction {
    fn instance_map_with_evaluation<F: PrimeField, D: EvaluationDomain<F>>(
        system: ConstraintSystemRef<F>,
        t: &F,
    ) -> Result<(Vec<F>, Vec<F>, Vec<F>, F, usize, usize), SynthesisError> {
        let matrices = system.to_matrices()?;
        let matrices = matrices.get(R1CS_PREDICATE_LABEL).ok_or(SynthesisError::MissingCS)?;
        let (inputs, constraints) = (system.num_instance_variables(), system.num_constraints());
        let variables = inputs + system.num_witness_variables();
        let domain = D::new(constraints + inputs).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let order = RowOrder::new::<F>(domain.size().trailing_zeros());
        let lagrange = domain.evaluate_all_lagrange_coefficients(*t);
        let at = |row: usize| lagrange[order.to_ark(row)];
        let combine = |matrix: &Matrix<F>| {
            let mut sums = vec![F::ZERO; variables];
            for (row, terms) in matrix.iter().enumerate() {
                terms.iter().for_each(|(factor, variable)| sums[*variable] += at(row) * factor);
            }
            sums
        };
        let [mut a, b, c] = [0, 1, 2].map(|index| combine(&matrices[index]));
        a.iter_mut().take(inputs).enumerate().for_each(|(input, sum)| *sum += at(constraints + input));
        Ok((a, b, c, domain.evaluate_vanishing_polynomial(*t), variables - 1, domain.size()))
    }

    fn witness_map_from_matrices<F: PrimeField, D: EvaluationDomain<F>>(
        matrices: &[Matrix<F>],
        inputs: usize,
        constraints: usize,
        assignment: &[F],
    ) -> Result<Vec<F>, SynthesisError> {
        let [matrix_a, matrix_b, ..] = matrices else { return Err(SynthesisError::MissingCS) };
        let domain = D::new(constraints + inputs).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let power = domain.size().trailing_zeros();
        let order = RowOrder::new::<F>(power);
        let (mut a, mut b) = (vec![F::ZERO; domain.size()], vec![F::ZERO; domain.size()]);
        for (row, (terms_a, terms_b)) in matrix_a.iter().zip(matrix_b).enumerate() {
            let place = order.to_ark(row);
            a[place] = evaluate_constraint(terms_a, assignment);
            b[place] = evaluate_constraint(terms_b, assignment);
        }
        for (row, input) in (constraints..).zip(assignment.iter().take(inputs)) {
            a[order.to_ark(row)] = *input;
        }
        // In a satisfied system, C's values are the products of those of A and B.
        let mut c: Vec<F> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
        let odd =
            domain.get_coset(snarkjs_root(power + 1)).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        for values in [&mut a, &mut b, &mut c] {
            domain.ifft_in_place(values);
            odd.fft_in_place(values);
        }
        Ok((0..domain.size())
            .map(|row| order.to_ark(row))
            .map(|place| a[place] * b[place] - c[place])
            .collect())
    }

    /// Returns the Lagrange polynomials of the odd rows of the domain of twice the size at `t`, without their highest
    /// coefficient: `a b - c` has a degree below it.
    fn h_query_scalars<F: PrimeField, D: EvaluationDomain<F>>(
        max_power: usize,
        t: F,
        _: F,
        delta_inverse: F,
    ) -> Result<Vec<F>, SynthesisError> {
        let rows = max_power + 1;
        let double = D::new(2 * rows).ok_or(SynthesisError::PolynomialDegreeTooLarge)?;
        let order = RowOrder::new::<F>(double.size().trailing_zeros());
        let highest = t.pow([2 * rows as u64 - 1]) * double.size_inv();
        let lagrange = double.evaluate_all_lagrange_coefficients(t);
        let odd = (0..rows).map(|row| order.to_ark(2 * row + 1));
        // The highest coefficient of a Lagrange polynomial is its root over the domain's size.
        Ok(odd.map(|place| (lagrange[place] - double.element(place) * highest) * delta_inverse).collect())
    }
}
