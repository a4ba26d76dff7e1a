//! A circuit as its matrices, as rows of a domain, and as a `.r1cs` file.

use super::{CeremonyError, binfile};
use ark_bls12_381::Fr;
use ark_ff::{BigInteger, FftField, PrimeField};
use ark_relations::{
    gr1cs::{ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, R1CS_PREDICATE_LABEL, SynthesisMode},
    utils::matrix::Matrix,
};
use std::io::Write;

/// The logarithm of the most rows.
const POWER_MAX: u32 = 28;

/// A circuit's constraints, as `ark-groth16` sets it up and proves it.
#[derive(Debug)]
pub struct Circuit {
    /// A, B and C: for each constraint, coefficients and indices of variables (inputs first).
    pub(super) matrices: [Matrix<Fr>; 3],
    pub(super) inputs: usize,
    pub(super) variables: usize,
    domain_power: u32,
}

impl Circuit {
    /// Synthesizes a circuit without values.
    ///
    /// # Errors
    ///
    /// Fails if the circuit does, if it has other constraints than R1CS, or more than 2^28 of them and inputs.
    pub fn new(circuit: impl ConstraintSynthesizer<Fr>) -> Result<Self, CeremonyError> {
        let system = ConstraintSystem::new_ref();
        system.set_optimization_goal(OptimizationGoal::Constraints);
        system.set_mode(SynthesisMode::Setup);
        circuit.generate_constraints(system.clone()).map_err(CeremonyError::Synthesis)?;
        system.finalize();
        let mut matrices = system.to_matrices().map_err(CeremonyError::Synthesis)?;
        let matrices = matrices.remove(R1CS_PREDICATE_LABEL).unwrap_or_default();
        let matrices: [_; 3] = matrices.try_into().map_err(|_| CeremonyError::UnsupportedCircuit)?;
        let inputs = system.num_instance_variables();
        let rows = system.num_constraints().saturating_add(inputs);
        if matrices.iter().any(|matrix| matrix.len() != system.num_constraints())
            || !(2..=1 << POWER_MAX).contains(&rows)
        {
            return Err(CeremonyError::UnsupportedCircuit);
        }
        let variables = inputs.saturating_add(system.num_witness_variables());
        if u32::try_from(variables).is_err() {
            return Err(CeremonyError::UnsupportedCircuit);
        }
        let domain_power = rows.next_power_of_two().trailing_zeros();
        Ok(Self { matrices, inputs, variables, domain_power })
    }

    /// Returns the logarithm of the domain's size: constraints and inputs (with the constant one), rounded up to a power
    /// of two.
    #[must_use]
    pub fn domain_power(&self) -> u32 {
        self.domain_power
    }

    /// Returns the number of constraints.
    #[must_use]
    pub fn constraints(&self) -> usize {
        self.matrices[0].len()
    }

    /// Returns the coefficients that are not zero, in all three matrices.
    #[must_use]
    pub fn coefficients(&self) -> usize {
        self.matrices.iter().flatten().map(Vec::len).sum()
    }

    /// Writes the circuit as iden3's `.r1cs`
    /// ([format](https://github.com/iden3/r1csfile/blob/master/doc/r1cs_bin_format.md)), from which snarkjs makes a key
    /// (`snarkjs groth16 setup`). Inputs are written as public ones, and there are no outputs.
    ///
    /// # Errors
    ///
    /// Fails if writing fails.
    pub fn write_r1cs(&self, to: impl Write) -> Result<(), CeremonyError> {
        // Circuit::new bounds all counts below 2^32.
        let count = |count: usize| (count as u32).to_le_bytes();
        let mut header = count(32).to_vec();
        header.extend(Fr::MODULUS.to_bytes_le());
        header.extend(count(self.variables));
        header.extend(count(0));
        header.extend(count(self.inputs.saturating_sub(1)));
        header.extend(count(self.variables.saturating_sub(self.inputs)));
        header.extend((self.variables as u64).to_le_bytes());
        header.extend(count(self.constraints()));

        let mut constraints = Vec::new();
        for row in 0..self.constraints() {
            for terms in self.matrices.iter().filter_map(|matrix| matrix.get(row)) {
                constraints.extend(count(terms.len()));
                for (coefficient, variable) in terms {
                    constraints.extend(count(*variable));
                    constraints.extend(coefficient.into_bigint().to_bytes_le());
                }
            }
        }
        let labels = (0..self.variables as u64).flat_map(u64::to_le_bytes).collect();
        binfile::write(to, *b"r1cs", &[(1, header), (2, constraints), (3, labels)])
    }
}

/// The order of rows in a domain: snarkjs's root of unity is a power of the least non-residue, ark's one of its generator.
/// Row i of ark stands at row `factor * i` of snarkjs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowOrder {
    factor: usize,
    mask: usize,
}

impl RowOrder {
    pub(super) fn new<F: FftField + PrimeField>(power: u32) -> Self {
        let ark = root_of_unity(F::TWO_ADIC_ROOT_OF_UNITY, power);
        let snarkjs = snarkjs_root::<F>(power);
        // The logarithm of ark's root to the base of snarkjs's, bit by bit from the lowest.
        let mut factor = 0_u64;
        for bit in 0..power {
            let rest = ark * snarkjs.pow([factor]).inverse().unwrap_or_default();
            if rest.pow([1_u64 << (power - 1 - bit)]) != F::ONE {
                factor |= 1 << bit;
            }
        }
        Self { factor: factor as usize, mask: (1 << power) - 1 }
    }

    pub(super) fn to_snarkjs(self, row: usize) -> usize {
        row.wrapping_mul(self.factor) & self.mask
    }

    pub(super) fn to_ark(self, row: usize) -> usize {
        // The factor is odd. Each step of Newton's iteration doubles the bits of its inverse, from three on.
        let inverse = (0..5).fold(self.factor, |inverse, _| {
            inverse.wrapping_mul(2_usize.wrapping_sub(self.factor.wrapping_mul(inverse)))
        });
        row.wrapping_mul(inverse) & self.mask
    }
}

/// Returns snarkjs's root of unity of order `2^power`.
pub(super) fn snarkjs_root<F: FftField + PrimeField>(power: u32) -> F {
    let mut non_residue = F::from(2_u64);
    while !non_residue.legendre().is_qnr() {
        non_residue += F::ONE;
    }
    root_of_unity(non_residue.pow(F::TRACE), power)
}

/// Returns a root of order `2^power` from one of the largest such order.
fn root_of_unity<F: FftField>(mut root: F, power: u32) -> F {
    for _ in power..F::TWO_ADICITY {
        root.square_in_place();
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;
    use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

    #[test]
    fn rows_of_both_orders_have_the_same_root() {
        assert!(
            snarkjs_root::<Fr>(5) != root_of_unity(Fr::TWO_ADIC_ROOT_OF_UNITY, 5),
            "else the order is one"
        );
        for power in [1, 2, 5, 9] {
            let order = RowOrder::new::<Fr>(power);
            let domain = Radix2EvaluationDomain::<Fr>::new(1 << power).expect("small");
            for (row, root) in domain.elements().enumerate() {
                assert_eq!(root, snarkjs_root::<Fr>(power).pow([order.to_snarkjs(row) as u64]));
                assert_eq!(order.to_ark(order.to_snarkjs(row)), row);
            }
        }
    }
}
