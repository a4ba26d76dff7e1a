//! How well numbers that are read off a module predict the time of compiling it.
//!
//! Two figures for each number and each engine: the rank correlation (Spearman's rho) says whether it orders modules by
//! their time; the fit of the logarithms says how far the time is from a power of the number, as the share of the variance
//! that is explained, and as the factor that two thirds of modules stay within.

use std::fmt;

use outrider_host::{Limits, summarize};
use wasmparser::{Operator, Parser, Payload};

/// The numbers that may predict the time.
pub(crate) const NAMES: [&str; 9] = [
    "bytes of the module",
    "bytes of code",
    "functions",
    "bytes of the largest body",
    "its square",
    "locals",
    "most locals of a function",
    "targets of br_table",
    "predicted time",
];

/// Reads these numbers off a module.
pub(crate) fn numbers(code: &[u8]) -> Result<[f64; NAMES.len()], wasmparser::BinaryReaderError> {
    let (mut code_bytes, mut largest, mut targets) = (0, 0, 0_u64);
    let (mut n_functions, mut locals, mut locals_max) = (0_u64, 0, 0);
    for payload in Parser::new(0).parse_all(code) {
        let Payload::CodeSectionEntry(body) = payload? else { continue };
        let bytes = body.range().len() as u64;
        n_functions += 1;
        code_bytes += bytes;
        largest = u64::max(largest, bytes);
        let declared = body.get_locals_reader()?.into_iter();
        let declared = declared.map(|group| group.map(|(n, _)| u64::from(n))).sum::<Result<u64, _>>()?;
        locals += declared;
        locals_max = u64::max(locals_max, declared);
        for operator in body.get_operators_reader()? {
            if let Operator::BrTable { targets: table } = operator? {
                targets += u64::from(table.len()) + 1;
            }
        }
    }
    let predicted = summarize(code, &Limits::default()).compile_cost.microseconds;
    let square = (largest as f64).powi(2);
    let [bytes, code_bytes, n_functions, largest] =
        [code.len() as u64, code_bytes, n_functions, largest].map(|n| n as f64);
    let [locals, locals_max, targets, predicted] = [locals, locals_max, targets, predicted].map(|n| n as f64);
    Ok([bytes, code_bytes, n_functions, largest, square, locals, locals_max, targets, predicted])
}

/// The relation of a number to the time.
pub(crate) struct Relation {
    /// Spearman's rho.
    rank: f64,
    /// The exponent of the fitted power.
    exponent: f64,
    /// The explained share of the variance of the logarithm.
    explained: f64,
    /// The standard deviation from the fitted power, as a factor.
    factor: f64,
}

impl Relation {
    /// Relates numbers to times, which are positive. A number may be zero, so one is added to it.
    pub(crate) fn new(numbers: &[f64], seconds: &[f64]) -> Self {
        let logarithms = |values: &[f64], more: f64| values.iter().map(|value| (value + more).ln()).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = (logarithms(numbers, 1.0), logarithms(seconds, 0.0));
        let correlation = correlation(&x, &y);
        let (spread_x, spread_y) = (spread(&x), spread(&y));
        let exponent = if spread_x > 0.0 { correlation * spread_y / spread_x } else { 0.0 };
        let explained = correlation * correlation;
        let factor = (spread_y * (1.0 - explained).max(0.0).sqrt()).exp();
        Self { rank: self::correlation(&ranks(&x), &ranks(&y)), exponent, explained, factor }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, exponent, explained, factor } = self;
        write!(
            f,
            "rank {rank:5.2}  power {exponent:5.2}  explains {explained:4.2}  within a factor of {factor:4.1}"
        )
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Returns the standard deviation.
fn spread(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (squares / values.len().max(1) as f64).sqrt()
}

/// Returns the correlation coefficient, or zero if one side is constant.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (mean_x, mean_y) = (mean(x), mean(y));
    let together = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    let apart = spread(x) * spread(y) * x.len() as f64;
    if apart > 0.0 { together / apart } else { 0.0 }
}

/// Returns the rank of each value; equal ones share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        below as f64 + (equal as f64 - 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(relation: &Relation, rank: f64, exponent: f64, explained: f64, factor: f64) {
        let got = [relation.rank, relation.exponent, relation.explained, relation.factor];
        for (got, expected) in got.into_iter().zip([rank, exponent, explained, factor]) {
            assert!((got - expected).abs() < 1e-3, "{got}, expected {expected}");
        }
    }

    /// The figures in the second case are by hand: ranks 0 2 1 3 against 0 1 2 3 correlate by 4 / 5.
    #[test]
    fn relations_are_those_of_the_textbook() {
        let numbers = [0.0, 1.0, 3.0, 7.0];
        check(&Relation::new(&numbers, &[1.0, 4.0, 16.0, 64.0]), 1.0, 2.0, 1.0, 1.0);
        let e = std::f64::consts::E;
        let times = [1.0, e * e, e, e * e * e];
        let relation = Relation::new(&[0.0, e - 1.0, e * e - 1.0, e * e * e - 1.0], &times);
        check(&relation, 0.8, 0.8, 0.64, (1.25_f64.sqrt() * 0.6).exp());
        check(&Relation::new(&[5.0; 4], &times), 0.0, 0.0, 0.0, 1.25_f64.sqrt().exp());
        assert_eq!(ranks(&[3.0, 1.0, 3.0]), [1.5, 0.0, 1.5]);
    }
}
