//! Arithmetic on `uint64` that refuses what the specification refuses: overflow, underflow and division by zero.

use crate::error::Error;

/// The operators of `uint64`.
pub trait Uint64: Sized {
    /// `self + other`.
    ///
    /// # Errors
    ///
    /// [`Error::Arithmetic`], here and below, if the result is no `uint64`.
    fn plus(self, other: Self) -> Result<Self, Error>;
    /// `self - other`.
    ///
    /// # Errors
    ///
    /// If `other` is greater.
    fn minus(self, other: Self) -> Result<Self, Error>;
    /// `self * other`.
    ///
    /// # Errors
    ///
    /// If the product is too great.
    fn times(self, other: Self) -> Result<Self, Error>;
    /// `self // other`.
    ///
    /// # Errors
    ///
    /// If `other` is zero.
    fn over(self, other: Self) -> Result<Self, Error>;
    /// `self % other`.
    ///
    /// # Errors
    ///
    /// If `other` is zero.
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

/// Sums amounts.
///
/// # Errors
///
/// If the sum is no `uint64`.
pub fn sum(amounts: impl IntoIterator<Item = u64>) -> Result<u64, Error> {
    amounts.into_iter().try_fold(0, Uint64::plus)
}

/// Makes an index of a number; one that is too great is out of any range.
#[must_use]
pub fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// `integer_squareroot`: returns the largest integer whose square is at most `n`.
///
/// # Errors
///
/// For the greatest `uint64`, to which the specification's function cannot add one.
pub fn integer_squareroot(n: u64) -> Result<u64, Error> {
    n.plus(1)?;
    Ok(n.isqrt())
}
