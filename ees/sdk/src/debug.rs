//! The host's log: the imports of module `debug`.
//!
//! Logging affects no state.

use core::fmt;

use crate::imports;

/// Logs formatted text, with the arguments of [`format!`](alloc::format).
///
/// ```
/// fn accepted(n_transfers: usize) {
///     outrider_sdk::log!("{n_transfers} transfers accepted");
/// }
/// ```
#[macro_export]
macro_rules! log {
    ($($argument:tt)+) => {
        $crate::debug::print_fmt(::core::format_args!($($argument)+))
    };
}

/// Logs a text.
pub fn print(text: &str) {
    imports::print_mem(text.as_bytes());
}

/// Logs the arguments of [`log!`](crate::log), and allocates only if there is something to format.
pub fn print_fmt(text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(literal) => print(literal),
        None => print(&alloc::fmt::format(text)),
    }
}

/// Logs an integer.
pub fn print32(value: u32) {
    imports::print32(value);
}

/// Logs an integer.
pub fn print64(value: u64) {
    imports::print64(value);
}

/// Logs bytes in hex.
pub fn print_mem_hex(bytes: &[u8]) {
    imports::print_mem_hex(bytes);
}
