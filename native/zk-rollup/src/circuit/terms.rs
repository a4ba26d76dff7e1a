//! Linear combinations, and systems that record constraints with them.

use std::cmp::Ordering;

use ark_ff::{AdditiveGroup as _, Zero as _};
use ark_relations::gr1cs::{ConstraintSystemRef, LinearCombination, SynthesisError, Variable};
use outrider_zk_rollup_core::Fr;

use super::rule::Rule;
use super::system::{Form, Number, System};
use super::{FIRST_WITNESS, ONE};

/// A linear combination: the index and the factor of each variable, in the order of the indices.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Terms(Vec<(u32, Fr)>);

/// A constraint `a * b = c`.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its purpose.
    pub rule: Rule,
    /// The first factor.
    pub a: Terms,
    /// The second factor.
    pub b: Terms,
    /// The product.
    pub c: Terms,
}

/// A system that records its constraints and the values of its variables.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The constraints, in their order.
    pub rows: Vec<Row>,
    /// The values of one, of the public input, and of all other variables.
    pub assignment: Vec<Fr>,
}

/// A system of arkworks.
pub(crate) struct Arkworks {
    system: ConstraintSystemRef<Fr>,
    n_witnesses: u32,
    /// The first error of the system; nothing is added after it.
    result: Result<(), SynthesisError>,
}

impl Terms {
    /// Returns the terms: the index and the factor of each variable.
    pub fn iter(&self) -> impl Iterator<Item = &(u32, Fr)> {
        self.0.iter()
    }

    /// Returns the value under an assignment.
    pub fn value(&self, assignment: &[Fr]) -> Fr {
        let value = |index: u32| assignment.get(index as usize).copied().unwrap_or(Fr::ZERO);
        self.0.iter().map(|(index, factor)| value(*index) * factor).sum()
    }
}

impl Form for Terms {
    fn constant(value: Fr) -> Self {
        Self(if value.is_zero() { Vec::new() } else { vec![(ONE, value)] })
    }

    fn add_scaled(&mut self, other: &Self, factor: Fr) {
        if factor.is_zero() || other.0.is_empty() {
            return;
        }
        let mut merged = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        loop {
            let (next, value) = match (ours.peek(), theirs.peek()) {
                (None, None) => break,
                (Some((index, value)), None) => (*index, *value),
                (None, Some((index, value))) => (*index, *value * factor),
                (Some((our, a)), Some((their, b))) => match our.cmp(their) {
                    Ordering::Less => (*our, *a),
                    Ordering::Greater => (*their, *b * factor),
                    Ordering::Equal => (*our, *a + *b * factor),
                },
            };
            ours.next_if(|(index, _)| *index == next);
            theirs.next_if(|(index, _)| *index == next);
            if !value.is_zero() {
                merged.push((next, value));
            }
        }
        self.0 = merged;
    }
}

impl Terms {
    /// Returns the variable with this index: 0 is one, and 1 is the public input.
    pub fn variable(index: u32) -> Self {
        Self(vec![(index, Fr::from(1))])
    }
}

impl Rows {
    pub(crate) fn new(public_input: Fr) -> Self {
        Self { rows: Vec::new(), assignment: vec![Fr::from(1), public_input] }
    }

    /// Returns the indices of the constraints that an assignment violates.
    pub fn violated<'a>(&'a self, assignment: &'a [Fr]) -> impl Iterator<Item = usize> + 'a {
        let holds = |row: &Row| row.a.value(assignment) * row.b.value(assignment) == row.c.value(assignment);
        self.rows.iter().enumerate().filter(move |(_, row)| !holds(row)).map(|(index, _)| index)
    }
}

impl System for Rows {
    type Form = Terms;

    fn witness(&mut self, value: Fr) -> Number<Terms> {
        let index = self.assignment.len() as u32;
        self.assignment.push(value);
        Number::variable(value, Terms::variable(index))
    }

    fn enforce(&mut self, rule: Rule, a: &Number<Terms>, b: &Number<Terms>, c: &Number<Terms>) {
        let [a, b, c] = [a, b, c].map(|number| number.form().clone());
        self.rows.push(Row { rule, a, b, c });
    }
}

impl Arkworks {
    pub(crate) fn new(system: ConstraintSystemRef<Fr>) -> Self {
        Self { system, n_witnesses: 0, result: Ok(()) }
    }

    pub(crate) fn finish(self) -> Result<(), SynthesisError> {
        self.result
    }
}

impl System for Arkworks {
    type Form = Terms;

    fn witness(&mut self, value: Fr) -> Number<Terms> {
        let index = FIRST_WITNESS + self.n_witnesses;
        self.n_witnesses += 1;
        let variable = self.system.new_witness_variable(|| Ok(value));
        self.result = self.result.and(variable.map(drop));
        Number::variable(value, Terms::variable(index))
    }

    fn enforce(&mut self, _rule: Rule, a: &Number<Terms>, b: &Number<Terms>, c: &Number<Terms>) {
        let [a, b, c] = [a, b, c].map(|number| combination(number.form()));
        let enforced = self.system.enforce_r1cs_constraint(|| a, || b, || c);
        self.result = self.result.and(enforced);
    }
}

fn combination(terms: &Terms) -> LinearCombination<Fr> {
    LinearCombination(terms.0.iter().map(|(index, factor)| (*factor, variable(*index))).collect())
}

fn variable(index: u32) -> Variable {
    match index.checked_sub(FIRST_WITNESS) {
        Some(index) => Variable::witness(index as usize),
        None => Variable::instance(index as usize),
    }
}
