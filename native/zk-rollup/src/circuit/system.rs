//! Numbers of a circuit, and the systems of constraints that they are computed in.
//!
//! The circuit is written once, over a [`System`]. A number is a value with a [`Form`], which says how it depends on the
//! variables: as a [linear combination](super::Terms), where constraints are recorded, or as nothing, where only values
//! count. So whoever proves never builds a linear combination.

use std::ops::{Add, Mul, Neg, Sub};

use ark_ff::{AdditiveGroup as _, Field as _};
use outrider_zk_rollup_core::Fr;

use super::rule::Rule;

/// How a number depends on the variables: a linear combination.
pub trait Form: Clone {
    /// Returns a constant.
    fn constant(value: Fr) -> Self;

    /// Adds a multiple of another form.
    fn add_scaled(&mut self, other: &Self, factor: Fr);
}

/// A number of the circuit: a linear combination of variables, and its value.
#[derive(Clone, Debug)]
pub struct Number<F> {
    value: Fr,
    form: F,
    is_constant: bool,
}

/// A system of constraints `a * b = c` over numbers.
pub trait System {
    /// The form of its numbers.
    type Form: Form;

    /// Returns a new variable with a value that the prover chooses.
    fn witness(&mut self, value: Fr) -> Number<Self::Form>;

    /// Requires that `a * b = c`.
    fn enforce(&mut self, rule: Rule, a: &Number<Self::Form>, b: &Number<Self::Form>, c: &Number<Self::Form>);

    /// Returns a product, which is a new variable unless a factor is constant.
    fn multiply(&mut self, rule: Rule, a: &Number<Self::Form>, b: &Number<Self::Form>) -> Number<Self::Form> {
        match (a.is_constant, b.is_constant) {
            (_, true) => a * b.value,
            (true, false) => b * a.value,
            (false, false) => {
                let product = self.witness(a.value * b.value);
                self.enforce(rule, a, b, &product);
                product
            }
        }
    }

    /// Returns a quotient as a new variable. If the divisor is zero, then so must be the dividend, and the prover chooses;
    /// it is for the caller to see that this cannot happen.
    fn divide(
        &mut self,
        rule: Rule,
        dividend: &Number<Self::Form>,
        divisor: &Number<Self::Form>,
    ) -> Number<Self::Form> {
        let quotient = self.witness(dividend.value * divisor.value.inverse().unwrap_or(Fr::ZERO));
        self.enforce(rule, &quotient, divisor, dividend);
        quotient
    }

    /// Returns a new variable that is 0 or 1.
    fn bit(&mut self, rule: Rule, value: Fr) -> Number<Self::Form> {
        let bit = self.witness(value);
        let not = &Number::one() - &bit;
        self.enforce(rule, &bit, &not, &Number::zero());
        bit
    }

    /// Returns new variables that are 0 or 1.
    fn bits(&mut self, rule: Rule, values: &[Fr]) -> Vec<Number<Self::Form>> {
        values.iter().map(|value| self.bit(rule, *value)).collect()
    }

    /// Requires that two numbers are equal.
    fn equal(&mut self, rule: Rule, a: &Number<Self::Form>, b: &Number<Self::Form>) {
        self.enforce(rule, a, &Number::one(), b);
    }
}

impl<F: Form> Number<F> {
    /// Returns a constant.
    pub fn constant(value: Fr) -> Self {
        Self { value, form: F::constant(value), is_constant: true }
    }

    /// Returns the constant 0.
    pub fn zero() -> Self {
        Self::constant(Fr::ZERO)
    }

    /// Returns the constant 1.
    pub fn one() -> Self {
        Self::constant(Fr::ONE)
    }

    /// Returns a variable of a system.
    pub fn variable(value: Fr, form: F) -> Self {
        Self { value, form, is_constant: false }
    }

    /// Returns the value.
    pub fn value(&self) -> Fr {
        self.value
    }

    /// Returns how the number depends on the variables.
    pub fn form(&self) -> &F {
        &self.form
    }

    /// Returns whether the number is the same for every witness.
    pub fn is_constant(&self) -> bool {
        self.is_constant
    }

    /// Returns the sum of numbers, each times the next power of two: the number with these bits, from the lowest.
    pub fn packed(bits: &[Self]) -> Self {
        let mut power = Fr::ONE;
        let mut sum = Self::zero();
        for bit in bits {
            sum.add_scaled(bit, power);
            power.double_in_place();
        }
        sum
    }

    /// Adds a multiple of another number.
    pub fn add_scaled(&mut self, other: &Self, factor: Fr) {
        self.value += other.value * factor;
        self.form.add_scaled(&other.form, factor);
        self.is_constant &= other.is_constant;
    }
}

impl<F: Form> Add for &Number<F> {
    type Output = Number<F>;

    fn add(self, other: Self) -> Number<F> {
        let mut sum = self.clone();
        sum.add_scaled(other, Fr::ONE);
        sum
    }
}

impl<F: Form> Sub for &Number<F> {
    type Output = Number<F>;

    fn sub(self, other: Self) -> Number<F> {
        let mut difference = self.clone();
        difference.add_scaled(other, -Fr::ONE);
        difference
    }
}

impl<F: Form> Mul<Fr> for &Number<F> {
    type Output = Number<F>;

    fn mul(self, factor: Fr) -> Number<F> {
        let mut product = Number::zero();
        product.add_scaled(self, factor);
        product
    }
}

impl<F: Form> Neg for &Number<F> {
    type Output = Number<F>;

    fn neg(self) -> Number<F> {
        self * -Fr::ONE
    }
}
