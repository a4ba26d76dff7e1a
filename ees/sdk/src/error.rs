//! Errors and their causes.

use alloc::string::{String, ToString};
use core::error::Error;

/// Returns the messages of an error and its causes, joined by `: `. No error of this crate repeats its source in its
/// message, and none of an EE should.
///
/// The host gets this text when a transition refuses a block.
///
/// ```
/// use outrider_sdk::{ReadError, chain};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("package {index}")]
/// struct PackageError {
///     index: usize,
///     source: ReadError,
/// }
///
/// let source = ReadError::TrailingBytes { offset: 6, n: 1 };
/// assert_eq!(chain(&PackageError { index: 2, source }), "package 2: byte 6: expected the end, got 1 more bytes");
/// ```
pub fn chain<E: Error + ?Sized>(error: &E) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
