//! Points of Jubjub in the circuit.
//!
//! Sums are computed on the curve in Montgomery's form, `B v^2 = u^3 + A u^2 + u`, where an addition takes three
//! constraints. Its formulas do not hold for equal or opposite points: every use says why there are none. Where there
//! could be some, points are added on the Edwards curve, whose law is complete.

use std::array;
use std::sync::LazyLock;

use ark_ec::twisted_edwards::{MontCurveConfig, TECurveConfig};
use ark_ec::{AdditiveGroup as _, AffineRepr as _, CurveGroup as _};
use ark_ed_on_bls12_381::{EdwardsProjective, JubjubConfig};
use ark_ff::One as _;
use outrider_zk_rollup_core::Fr;
use outrider_zk_rollup_core::curve::{GENERATOR, Point};

use super::rule::Rule;
use super::system::{Number, System};

/// The number of digits of a response: base 8, each plus or minus 1, 3, 5 or 7.
pub const RESPONSE_DIGITS: usize = 84;

/// A point on the curve of Montgomery's form, of prime order.
pub(crate) struct Montgomery<F> {
    pub(crate) u: Number<F>,
    pub(crate) v: Number<F>,
}

/// A point on the Edwards curve.
pub(crate) struct Edwards<F> {
    pub(crate) x: Number<F>,
    pub(crate) y: Number<F>,
}

/// A number with two binary digits, as they select one of four constants.
pub(crate) struct Selector<F> {
    low: Number<F>,
    high: Number<F>,
    both: Number<F>,
}

/// The points `1, 3, 5, 7` times `8^i` times the generator: the coordinates u, v, x and y of each.
pub(crate) struct Window {
    pub(crate) u: [Fr; 4],
    pub(crate) v: [Fr; 4],
    pub(crate) x: [Fr; 4],
    pub(crate) y: [Fr; 4],
}

/// The windows of the generator.
pub(crate) static WINDOWS: LazyLock<Vec<Window>> = LazyLock::new(|| {
    let mut base = EdwardsProjective::from(GENERATOR);
    (0..RESPONSE_DIGITS)
        .map(|_| {
            let window = Window::of(&base);
            base = base.double().double().double();
            window
        })
        .collect()
});

const MONTGOMERY_A: Fr = <JubjubConfig as MontCurveConfig>::COEFF_A;
const MONTGOMERY_B: Fr = <JubjubConfig as MontCurveConfig>::COEFF_B;
const EDWARDS_D: Fr = <JubjubConfig as TECurveConfig>::COEFF_D;

impl Window {
    fn of(base: &EdwardsProjective) -> Window {
        let double = base.double();
        let mut multiple = *base;
        let points: [Point; 4] = array::from_fn(|_| {
            let point = multiple.into_affine();
            multiple += double;
            point
        });
        let montgomery = points.map(|point| {
            debug_assert!(!point.is_zero(), "the generator has prime order");
            let u = (Fr::one() + point.y) / (Fr::one() - point.y);
            (u, u / point.x)
        });
        Window {
            u: montgomery.map(|(u, _)| u),
            v: montgomery.map(|(_, v)| v),
            x: points.map(|point| point.x),
            y: points.map(|point| point.y),
        }
    }
}

impl<F: super::system::Form> Selector<F> {
    /// Reads the two digits of a number, which are bits.
    pub(crate) fn new<S: System<Form = F>>(system: &mut S, rule: Rule, [low, high]: [Fr; 2]) -> Self {
        let (low, high) = (system.bit(rule, low), system.bit(rule, high));
        let both = system.multiply(rule, &low, &high);
        Self { low, high, both }
    }

    /// Returns the selected constant.
    pub(crate) fn select(&self, constants: &[Fr; 4]) -> Number<F> {
        let [zero, one, two, three] = *constants;
        let mut selected = Number::constant(zero);
        selected.add_scaled(&self.low, one - zero);
        selected.add_scaled(&self.high, two - zero);
        selected.add_scaled(&self.both, three - two - one + zero);
        selected
    }
}

/// Returns a variable that is a number or its negative, as a sign of 1 or -1 says.
pub(crate) fn signed<S: System>(
    system: &mut S,
    rule: Rule,
    number: &Number<S::Form>,
    sign: Fr,
) -> Number<S::Form> {
    let signed = system.witness(number.value() * sign);
    system.enforce(rule, &(&signed - number), &(&signed + number), &Number::zero());
    signed
}

impl<F: super::system::Form> Montgomery<F> {
    /// Returns the sum with a point that is neither this one nor its negative.
    pub(crate) fn add<S: System<Form = F>>(&self, system: &mut S, rule: Rule, other: &Self) -> Self {
        let slope = system.divide(rule, &(&other.v - &self.v), &(&other.u - &self.u));
        self.third(system, rule, &slope, &other.u)
    }

    /// Returns the double.
    pub(crate) fn double<S: System<Form = F>>(&self, system: &mut S, rule: Rule) -> Self {
        let square = system.multiply(rule, &self.u, &self.u);
        let mut dividend = &square * Fr::from(3);
        dividend.add_scaled(&self.u, MONTGOMERY_A.double());
        dividend.add_scaled(&Number::one(), Fr::one());
        let slope = system.divide(rule, &dividend, &(&self.v * MONTGOMERY_B.double()));
        self.third(system, rule, &slope, &self.u)
    }

    /// Returns twice this point plus a point other than it, its negative, and the negative of its double.
    ///
    /// It is `(P + Q) + P`, without the v coordinate of `P + Q`.
    pub(crate) fn double_and_add<S: System<Form = F>>(
        &self,
        system: &mut S,
        rule: Rule,
        other: &Self,
    ) -> Self {
        let slope = system.divide(rule, &(&self.v - &other.v), &(&self.u - &other.u));
        let u = self.third_u(system, rule, &slope, &other.u);
        let slopes = system.divide(rule, &(&self.v + &self.v), &(&self.u - &u));
        self.third(system, rule, &(&slopes - &slope), &u)
    }

    /// Returns the sum with a point of this u coordinate, on the line of this slope.
    fn third<S: System<Form = F>>(
        &self,
        system: &mut S,
        rule: Rule,
        slope: &Number<F>,
        other_u: &Number<F>,
    ) -> Self {
        let u = self.third_u(system, rule, slope, other_u);
        let v = system.witness(slope.value() * (self.u.value() - u.value()) - self.v.value());
        system.enforce(rule, slope, &(&self.u - &u), &(&v + &self.v));
        Self { u, v }
    }

    fn third_u<S: System<Form = F>>(
        &self,
        system: &mut S,
        rule: Rule,
        slope: &Number<F>,
        other_u: &Number<F>,
    ) -> Number<F> {
        let mut known = &self.u + other_u;
        known.add_scaled(&Number::one(), MONTGOMERY_A);
        let scaled = slope * MONTGOMERY_B;
        let u = system.witness(scaled.value() * slope.value() - known.value());
        system.enforce(rule, &scaled, slope, &(&known + &u));
        u
    }

    /// Returns the point on the Edwards curve.
    ///
    /// No divisor is zero: v is not, as the point's order is odd, and u is not -1, as that would be at infinity there.
    pub(crate) fn edwards<S: System<Form = F>>(&self, system: &mut S, rule: Rule) -> Edwards<F> {
        let one = Number::one();
        let x = system.divide(rule, &self.u, &self.v);
        let y = system.divide(rule, &(&self.u - &one), &(&self.u + &one));
        Edwards { x, y }
    }
}

impl<F: super::system::Form> Edwards<F> {
    /// Returns the sum with any point.
    pub(crate) fn add<S: System<Form = F>>(&self, system: &mut S, rule: Rule, other: &Self) -> Self {
        let crossed = system.multiply(rule, &self.x, &other.y);
        let crossed_back = system.multiply(rule, &self.y, &other.x);
        let all = system.multiply(rule, &crossed, &crossed_back);
        let squares = system.multiply(rule, &(&self.x + &self.y), &(&other.x + &other.y));
        let sum = &crossed + &crossed_back;
        let x = system.divide(rule, &sum, &(&Number::one() + &(&all * EDWARDS_D)));
        let y = system.divide(rule, &(&squares - &sum), &(&Number::one() - &(&all * EDWARDS_D)));
        Self { x, y }
    }

    /// Returns the y coordinate of the difference with any point.
    pub(crate) fn difference_y<S: System<Form = F>>(
        &self,
        system: &mut S,
        rule: Rule,
        other: &Self,
    ) -> Number<F> {
        let xs = system.multiply(rule, &self.x, &other.x);
        let ys = system.multiply(rule, &self.y, &other.y);
        let all = system.multiply(rule, &xs, &ys);
        system.divide(rule, &(&ys - &xs), &(&Number::one() + &(&all * EDWARDS_D)))
    }

    /// Requires that the point is on the curve, `y^2 - x^2 = 1 + d x^2 y^2`.
    pub(crate) fn require_on_curve<S: System<Form = F>>(&self, system: &mut S, rule: Rule) {
        let x2 = system.multiply(rule, &self.x, &self.x);
        let y2 = system.multiply(rule, &self.y, &self.y);
        let left = &(&y2 - &x2) - &Number::one();
        system.enforce(rule, &(&x2 * EDWARDS_D), &y2, &left);
    }

    /// Returns the point in Montgomery's form, if it has an odd order and is not the identity.
    pub(crate) fn montgomery<S: System<Form = F>>(&self, system: &mut S, rule: Rule) -> Montgomery<F> {
        let one = Number::one();
        let u = system.divide(rule, &(&one + &self.y), &(&one - &self.y));
        let v = system.divide(rule, &u, &self.x);
        Montgomery { u, v }
    }
}
