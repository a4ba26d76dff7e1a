//! The circuit of `vectors/circuit.circom`: y = x^3 + 3 k + 5, with y and k public.

use ark_bls12_381::Fr;
use ark_ff::Field;
use ark_relations::{
    gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, Result, SynthesisError, Variable},
    lc,
};

/// The circuit, for a setup without values. It has the constraints that circom made, with their signs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cube {
    pub(crate) values: Option<(u64, u64)>,
    /// Constraints `x * 1 = x` beside; they make other circuits.
    pub(crate) more: usize,
}

impl Cube {
    pub(crate) fn public(&self) -> Option<[Fr; 2]> {
        self.values.map(|(x, k)| [Fr::from(x).pow([3]) + Fr::from(3 * k + 5), Fr::from(k)])
    }
}

impl ConstraintSynthesizer<Fr> for Cube {
    fn generate_constraints(self, system: ConstraintSystemRef<Fr>) -> Result<()> {
        let public = self.public();
        let missing = SynthesisError::AssignmentMissing;
        let y = system.new_input_variable(|| public.map(|[y, _]| y).ok_or(missing))?;
        let k = system.new_input_variable(|| public.map(|[_, k]| k).ok_or(missing))?;
        let value = self.values.map(|(x, _)| Fr::from(x));
        let x = system.new_witness_variable(|| value.ok_or(missing))?;
        let square = system.new_witness_variable(|| value.map(|x| x * x).ok_or(missing))?;
        let minus = -Fr::ONE;
        system.enforce_r1cs_constraint(|| lc!() + (minus, x), || lc!() + x, || lc!() + (minus, square))?;
        system.enforce_r1cs_constraint(
            || lc!() + (minus, square),
            || lc!() + x,
            || lc!() + (Fr::from(5_u64), Variable::One) + (minus, y) + (Fr::from(3_u64), k),
        )?;
        for _ in 0..self.more {
            system.enforce_r1cs_constraint(|| lc!() + x, || lc!() + Variable::One, || lc!() + x)?;
        }
        Ok(())
    }
}
