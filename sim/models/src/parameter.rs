//! Checks of parameters.

use std::{fmt::Display, ops::RangeBounds};

/// A parameter that a model cannot work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is {got}: {remedy}")]
pub struct ParameterError {
    /// The name of the field, with dots between the levels.
    pub field: &'static str,
    /// The value that it has.
    pub got: String,
    /// The values that are allowed.
    pub remedy: &'static str,
}

/// Checks a condition of a field.
pub(crate) fn check(
    field: &'static str,
    got: impl Display,
    holds: bool,
    remedy: &'static str,
) -> Result<(), ParameterError> {
    if holds { Ok(()) } else { Err(ParameterError { field, got: got.to_string(), remedy }) }
}

/// Checks that a field is in a range.
pub(crate) fn within<T: Display + PartialOrd>(
    field: &'static str,
    got: T,
    range: impl RangeBounds<T>,
    remedy: &'static str,
) -> Result<(), ParameterError> {
    let holds = range.contains(&got);
    check(field, got, holds, remedy)
}

/// Checks that a field is a probability or a share.
pub(crate) fn share(field: &'static str, got: f64) -> Result<(), ParameterError> {
    within(field, got, 0.0..=1.0, "give a number from 0 to 1")
}

/// Checks that a field is finite and not negative.
pub(crate) fn amount(field: &'static str, got: f64) -> Result<(), ParameterError> {
    within(field, got, 0.0..=AMOUNT_MAX, "give a number from 0 to 1e18")
}

/// More than all ether in Gwei.
const AMOUNT_MAX: f64 = 1e18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_field_the_value_and_the_remedy() {
        assert_eq!(share("share", 1.5).unwrap_err().to_string(), "`share` is 1.5: give a number from 0 to 1");
        assert!(share("share", f64::NAN).is_err());
        assert!(amount("budget", f64::INFINITY).is_err());
        assert!(within("members", 3, 1..=3, "").is_ok());
    }
}
