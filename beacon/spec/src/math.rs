//! Arithmetic on `uint64` that refuses what the specification refuses: overflow, underflow and division by zero.
//!
//! Lighthouse's `safe_arith` wraps the same functions of the standard library under longer names, which would appear in every
//! formula, and has two kinds of errors where the specification has one.

use crate::error::Error;

/// The operators of `uint64`.
pub trait Uint64: Sized {
    /// Returns `self + other`.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Arithmetic`], here and below, if the result is not a `uint64`.
    fn plus(self, other: Self) -> Result<Self, Error>;
    /// Returns `self - other`.
    ///
    /// # Errors
    ///
    /// Fails if `other` is greater.
    fn minus(self, other: Self) -> Result<Self, Error>;
    /// Returns `self * other`.
    ///
    /// # Errors
    ///
    /// Fails if the product overflows.
    fn times(self, other: Self) -> Result<Self, Error>;
    /// Returns `self // other`.
    ///
    /// # Errors
    ///
    /// Fails if `other` is zero.
    fn over(self, other: Self) -> Result<Self, Error>;
    /// Returns `self % other`.
    ///
    /// # Errors
    ///
    /// Fails if `other` is zero.
    fn modulo(self, other: Self) -> Result<Self, Error>;
}

impl Uint64 for u64 {
    fn plus(self, other: Self) -> Result<Self, Error> {
        self.checked_add(other).ok_or(Error::Arithmetic)
    }

    fn minus(self, other: Self) -> Result<Self, Error> {
        self.checked_sub(other).ok_or(Error::Arithmetic)
    }

    fn times(self, other: Self) -> Result<Self, Error> {
        self.checked_mul(other).ok_or(Error::Arithmetic)
    }

    fn over(self, other: Self) -> Result<Self, Error> {
        self.checked_div(other).ok_or(Error::Arithmetic)
    }

    fn modulo(self, other: Self) -> Result<Self, Error> {
        self.checked_rem(other).ok_or(Error::Arithmetic)
    }
}

/// Returns the sum of amounts.
///
/// # Errors
///
/// Fails if the sum overflows.
pub fn sum(amounts: impl IntoIterator<Item = u64>) -> Result<u64, Error> {
    amounts.into_iter().try_fold(0, Uint64::plus)
}

/// Converts a number to an index; a number beyond `usize` becomes an index beyond any list.
#[must_use]
pub fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Returns the largest integer whose square is at most `n`.
///
/// # Errors
///
/// Fails for the greatest `uint64`, to which the specification's function cannot add one.
pub fn integer_squareroot(n: u64) -> Result<u64, Error> {
    n.plus(1)?;
    Ok(n.isqrt())
}
