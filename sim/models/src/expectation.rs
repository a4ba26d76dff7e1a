//! Claims of a scenario about a model's figures.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor},
};

use crate::outcome::Outcome;

/// A claim about one figure. All the bounds that it has must hold, and it has at least one.
///
/// In YAML: `{measure: capture_probability, at_most: 1e-14}`, or `{measure: simulated_loss, equals: loss, within: 1%}`
/// to compare two figures.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The name of the figure.
    pub measure: String,
    /// A number or a figure that it must not exceed.
    #[serde(default)]
    pub at_most: Option<Bound>,
    /// A number or a figure that it must reach.
    #[serde(default)]
    pub at_least: Option<Bound>,
    /// A number or a figure that it must equal, but for `within`.
    #[serde(default)]
    pub equals: Option<Bound>,
    /// The distance that it may have from `equals`: a number, or a share of `equals` as "1%". Left out: none.
    #[serde(default)]
    pub within: Option<Tolerance>,
}

/// A number, or the name of another figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A number.
    Number(f64),
    /// The value of the figure with this name.
    Measure(String),
}

/// A distance from a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// As a number.
    Absolute(f64),
    /// As a share of the expected number.
    Relative(f64),
}

/// An expectation that does not hold.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unmet {
    /// There is no figure of a name. A figure may be absent because nothing was observed.
    #[error("`{name}`: the model gave no such measure; it gave {known}")]
    NoMeasure {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// An expectation has no bound.
    #[error("`{measure}`: the expectation has no bound; give `at_most`, `at_least` or `equals`")]
    NoBound {
        /// The name of the figure.
        measure: String,
    },
    /// An expectation has a tolerance, but nothing that it belongs to.
    #[error("`{measure}`: `within` needs an `equals`")]
    NothingEqual {
        /// The name of the figure.
        measure: String,
    },
    /// A figure does not keep a bound.
    #[error("`{measure}`: expected {relation} {expected:.6e}{tolerance}, got {got:.6e}")]
    Bound {
        /// The name of the figure.
        measure: String,
        /// The kind of bound, in words.
        relation: &'static str,
        /// The bound.
        expected: f64,
        /// The tolerance in words, or nothing.
        tolerance: String,
        /// The figure.
        got: f64,
    },
}

/// Compares figures with expectations, and returns those that do not hold, in their order.
#[must_use]
pub fn check(outcome: &Outcome, expectations: &[Expectation]) -> Vec<Unmet> {
    expectations.iter().filter_map(|expectation| expectation.check(outcome).err()).collect()
}

impl Expectation {
    /// Checks that the figure exists, that there is a bound, and then each bound.
    fn check(&self, outcome: &Outcome) -> Result<(), Unmet> {
        let got = value_of(outcome, &self.measure)?;
        let measure = || self.measure.clone();
        if self.at_most.is_none() && self.at_least.is_none() && self.equals.is_none() {
            return Err(Unmet::NoBound { measure: measure() });
        }
        if self.within.is_some() && self.equals.is_none() {
            return Err(Unmet::NothingEqual { measure: measure() });
        }
        let check = |bound: &Option<Bound>, relation, holds: fn(f64, f64, f64) -> bool| {
            let Some(bound) = bound else { return Ok(()) };
            let expected = bound.value(outcome)?;
            let tolerance = if relation == EQUALS { self.within } else { None };
            if holds(got, expected, tolerance.map_or(0.0, |tolerance| tolerance.of(expected))) {
                return Ok(());
            }
            let tolerance = tolerance.map_or(String::new(), |tolerance| format!(" within {tolerance}"));
            Err(Unmet::Bound { measure: measure(), relation, expected, tolerance, got })
        };
        check(&self.at_most, "at most", |got, expected, _| got <= expected)?;
        check(&self.at_least, "at least", |got, expected, _| got >= expected)?;
        check(&self.equals, EQUALS, |got, expected, tolerance| (got - expected).abs() <= tolerance)
    }
}

impl Bound {
    fn value(&self, outcome: &Outcome) -> Result<f64, Unmet> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Measure(name) => value_of(outcome, name),
        }
    }
}

impl Tolerance {
    fn of(self, expected: f64) -> f64 {
        match self {
            Self::Absolute(distance) => distance,
            Self::Relative(share) => share * expected.abs(),
        }
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(distance) => write!(f, "{distance}"),
            Self::Relative(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

fn value_of(outcome: &Outcome, name: &str) -> Result<f64, Unmet> {
    outcome.measures.get(name).map(|measure| measure.value).ok_or_else(|| {
        let names: Vec<_> = outcome.measures.keys().copied().collect();
        Unmet::NoMeasure { name: name.into(), known: names.join(", ") }
    })
}

/// Reads a finite number, or a text.
struct NumberOrText(&'static str);

enum Scalar {
    Number(f64),
    Text(String),
}

impl Visitor<'_> for NumberOrText {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        // Parsers of YAML differ in what they take for a number.
        Ok(text.parse().map_or_else(|_| Scalar::Text(text.into()), Scalar::Number))
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(NumberOrText("a number or the name of a measure"))? {
            Scalar::Number(number) if number.is_finite() => Ok(Self::Number(number)),
            Scalar::Number(number) => {
                Err(D::Error::custom(format!("{number} is no bound: give a finite number")))
            }
            Scalar::Text(name) => Ok(Self::Measure(name)),
        }
    }
}

impl<'de> Deserialize<'de> for Tolerance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bad = |text: &str| {
            D::Error::custom(format!("{text} is no tolerance: give a number, or a share as `1%`"))
        };
        let positive = |number: f64| number.is_finite() && number >= 0.0;
        match deserializer.deserialize_any(NumberOrText("a number or a share as `1%`"))? {
            Scalar::Number(number) if positive(number) => Ok(Self::Absolute(number)),
            Scalar::Number(number) => Err(bad(&number.to_string())),
            Scalar::Text(text) => text
                .strip_suffix('%')
                .and_then(|number| number.trim().parse().ok())
                .filter(|&number| positive(number))
                .map(|percent| Self::Relative(percent / 100.0))
                .ok_or_else(|| bad(&text)),
        }
    }
}

const EQUALS: &str = "equal to";
