//! A system that only computes values: what a prover needs of a circuit.

use outrider_zk_rollup_core::Fr;

use super::rule::{Part, Rule};
use super::system::{Form, Number, System};

/// Nothing: how a number depends on the variables does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Value;

/// The values of a circuit's variables, and of both factors and the product of each constraint.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The values of one, of the public input, and of all other variables.
    pub assignment: Vec<Fr>,
    /// The first factor of each constraint.
    pub a: Vec<Fr>,
    /// The second factor of each constraint.
    pub b: Vec<Fr>,
    /// The product of each constraint.
    pub c: Vec<Fr>,
    n_constraints: [usize; Part::ALL.len()],
}

impl Form for Value {
    fn constant(_value: Fr) -> Self {
        Value
    }

    fn add_scaled(&mut self, _other: &Self, _factor: Fr) {}
}

impl Evaluation {
    pub(crate) fn new(public_input: Fr) -> Self {
        Self {
            assignment: vec![Fr::from(1), public_input],
            a: Vec::new(),
            b: Vec::new(),
            c: Vec::new(),
            n_constraints: [0; Part::ALL.len()],
        }
    }

    /// Returns the number of constraints of a part.
    pub fn n_constraints_of(&self, part: Part) -> usize {
        Part::ALL.iter().zip(self.n_constraints).filter(|(other, _)| **other == part).map(|(_, n)| n).sum()
    }

    /// Returns the number of all constraints.
    pub fn n_constraints(&self) -> usize {
        self.a.len()
    }

    /// Returns whether every constraint holds.
    pub fn is_satisfied(&self) -> bool {
        self.a.iter().zip(&self.b).zip(&self.c).all(|((a, b), c)| *a * b == *c)
    }
}

impl System for Evaluation {
    type Form = Value;

    fn witness(&mut self, value: Fr) -> Number<Value> {
        self.assignment.push(value);
        Number::variable(value, Value)
    }

    fn enforce(&mut self, rule: Rule, a: &Number<Value>, b: &Number<Value>, c: &Number<Value>) {
        self.a.push(a.value());
        self.b.push(b.value());
        self.c.push(c.value());
        for (part, n_constraints) in Part::ALL.iter().zip(&mut self.n_constraints) {
            *n_constraints += usize::from(*part == rule.part());
        }
    }
}
