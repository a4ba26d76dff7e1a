//! The circuit: a batch of slots, each with one transfer at most, and the digest of what they publish.

mod curve;
mod evaluation;
mod path;
mod poseidon;
mod rule;
mod signature;
mod slot;
mod system;
mod terms;

use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError, Variable};
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::batch::SIZE_SHIFT;
use outrider_zk_rollup_core::field::power_of_two;
use outrider_zk_rollup_core::transfer::PACKED_BITS;
use outrider_zk_rollup_core::tree::DEPTH;

pub use curve::RESPONSE_DIGITS;
pub use evaluation::{Evaluation, Value};
pub use path::Siblings;
pub use rule::{Part, Rule};
pub use system::{Form, Number, System};
pub use terms::{Row, Rows, Terms};

use crate::witness::BatchWitness;

/// A circuit for batches of one size, over a tree of one depth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Circuit {
    /// The number of levels of nodes above the leaves; at most [`DEPTH`], as in the rollup. Tests have fewer.
    pub depth: usize,
    /// The number of slots.
    pub size: u16,
}

impl Circuit {
    /// Returns the circuit of the rollup for batches of a size.
    pub fn of_size(size: u16) -> Circuit {
        Circuit { depth: DEPTH, size }
    }

    /// Returns the values of all variables and constraints for a witness. They need not fit: see
    /// [`Evaluation::is_satisfied`].
    pub fn evaluate(&self, witness: &BatchWitness) -> Evaluation {
        let mut evaluation = Evaluation::new(witness.public_input);
        let public_input = Number::variable(witness.public_input, Value);
        self.synthesize(&mut evaluation, &public_input, witness);
        evaluation
    }

    /// Returns all constraints, and the values of the variables for a witness.
    pub fn rows(&self, witness: &BatchWitness) -> Rows {
        let mut rows = Rows::new(witness.public_input);
        let public_input = Number::variable(witness.public_input, Terms::variable(PUBLIC_INPUT));
        self.synthesize(&mut rows, &public_input, witness);
        rows
    }

    /// Counts the constraints of the circuit.
    pub fn measure(&self) -> CircuitSize {
        let evaluation = self.evaluate(&BatchWitness::any(*self));
        let parts = Part::ALL.map(|part| (part, evaluation.n_constraints_of(part)));
        CircuitSize { n_constraints: evaluation.n_constraints(), parts }
    }

    /// Adds all constraints of a batch to a system, in which the public input is already a variable.
    pub fn synthesize<S: System>(
        &self,
        system: &mut S,
        public_input: &Number<S::Form>,
        witness: &BatchWitness,
    ) {
        debug_assert_eq!(witness.slots.len(), usize::from(self.size), "a batch fills its circuit");
        let domain = system.witness(witness.domain);
        let old_root = system.witness(witness.old_root);
        let mut root = old_root.clone();
        let mut published = Vec::with_capacity(witness.slots.len());
        for slot in &witness.slots {
            let slot = slot::synthesize(system, &domain, &root, slot);
            root = slot.root;
            published.push(slot.packed);
        }
        let digest = self.digest(system, &domain, &old_root, &root, &published);
        system.equal(Rule::PublicInput, &digest, public_input);
    }

    /// Returns the public input of a batch, as `outrider_zk_rollup_core::batch::public_input`.
    fn digest<S: System>(
        &self,
        system: &mut S,
        domain: &Number<S::Form>,
        old_root: &Number<S::Form>,
        new_root: &Number<S::Form>,
        published: &[Number<S::Form>],
    ) -> Number<S::Form> {
        let mut pairs = published.chunks(2).map(|pair| {
            let mut sum = Number::zero();
            for (packed, shift) in pair.iter().zip([0, PACKED_BITS]) {
                sum.add_scaled(packed, power_of_two(shift));
            }
            sum
        });
        let size = Number::constant(Fr::from(self.size) * power_of_two(SIZE_SHIFT));
        let sized = &pairs.next().unwrap_or_else(Number::zero) + &size;
        let mut digest = poseidon::compress(system, Rule::DigestHash, [old_root, new_root, domain, &sized]);
        while let Some(first) = pairs.next() {
            let [second, third] = [(); 2].map(|()| pairs.next().unwrap_or_else(Number::zero));
            digest = poseidon::compress(system, Rule::DigestHash, [&digest, &first, &second, &third]);
        }
        digest
    }
}

/// The size of a circuit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CircuitSize {
    /// The number of constraints.
    pub n_constraints: usize,
    /// The number of constraints of each part.
    pub parts: [(Part, usize); Part::ALL.len()],
}

impl CircuitSize {
    /// Returns the size of a proof's domain: the smallest power of two that holds the constraints and the public variables.
    pub fn domain(&self) -> usize {
        (self.n_constraints + FIRST_WITNESS as usize).next_power_of_two()
    }
}

/// A circuit with a witness, for arkworks.
#[derive(Clone, Copy, Debug)]
pub struct Synthesis<'a> {
    /// The circuit.
    pub circuit: Circuit,
    /// The witness, with as many slots.
    pub witness: &'a BatchWitness,
}

impl ConstraintSynthesizer<Fr> for Synthesis<'_> {
    fn generate_constraints(self, system: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let _: Variable = system.new_input_variable(|| Ok(self.witness.public_input))?;
        let public_input = Number::variable(self.witness.public_input, Terms::variable(PUBLIC_INPUT));
        let mut arkworks = terms::Arkworks::new(system);
        self.circuit.synthesize(&mut arkworks, &public_input, self.witness);
        arkworks.finish()
    }
}

/// The index of the variable that is always one.
const ONE: u32 = 0;

/// The index of the public input.
const PUBLIC_INPUT: u32 = 1;

/// The index of the first variable that is not public.
const FIRST_WITNESS: u32 = 2;
