//! The results of models: named figures and tables.

use std::collections::BTreeMap;

use serde::Serialize;

/// The result of a model: named figures, and tables of figures that a plot can be made from.
///
/// A figure that has no value, as the mean of no observation, is left out. So every value is finite, and JSON can hold
/// it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// The figures by name.
    pub measures: BTreeMap<&'static str, Measure>,
    /// The tables by name.
    pub series: BTreeMap<&'static str, Series>,
}

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// The figure.
    pub value: f64,
    /// The unit in the plural, as "slots". Empty for a count of nothing in particular, a ratio or a probability.
    pub unit: &'static str,
}

/// A table of figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// The names of the columns. The first is what a plot has on its horizontal axis.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<f64>>,
}

impl Outcome {
    /// Adds a figure, if it is finite.
    pub(crate) fn measure(&mut self, name: &'static str, value: f64, unit: &'static str) {
        if value.is_finite() {
            self.measures.insert(name, Measure { value, unit });
        }
    }

    /// Adds a ratio, if it has a denominator.
    pub(crate) fn ratio(&mut self, name: &'static str, part: f64, of: f64, unit: &'static str) {
        self.measure(name, part / of, unit);
    }

    /// Adds a table, without the rows in which a figure has no value.
    pub(crate) fn series(&mut self, name: &'static str, columns: &[&str], mut rows: Vec<Vec<f64>>) {
        rows.retain(|row| row.iter().all(|value| value.is_finite()));
        debug_assert!(rows.iter().all(|row| row.len() == columns.len()), "{name}");
        let columns = columns.iter().map(|&column| column.into()).collect();
        self.series.insert(name, Series { columns, rows });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_without_a_value_are_left_out() {
        let mut outcome = Outcome::default();
        outcome.ratio("none", 0.0, 0.0, "");
        outcome.measure("infinite", f64::INFINITY, "slots");
        outcome.measure("one", 1.0, "slots");
        outcome.series("table", &["x", "y"], vec![vec![1.0, 2.0], vec![2.0, f64::NAN]]);
        assert_eq!(outcome.measures.keys().collect::<Vec<_>>(), [&"one"]);
        assert_eq!(outcome.series["table"].rows, [[1.0, 2.0]]);
    }
}
