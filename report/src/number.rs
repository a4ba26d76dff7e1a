//! Numbers as text.

use std::fmt::{self, Display};

/// Returns a figure with four digits, or as a whole number.
#[must_use]
pub fn figure(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 {
        format!("{value:.0}")
    } else if (1e-3..1e6).contains(&size) {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}

/// A whole number with a thin space before each group of three digits.
pub(crate) struct Grouped(pub(crate) u64);

impl Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
                f.write_str("\u{2009}")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// Returns a number in few characters, for an axis: 0.25, 1.5k, 20M, 1e17.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1e15 || (size != 0.0 && size < 1e-3) {
        return format!("{value:.0e}");
    }
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    let (unit, name) = units.into_iter().find(|(unit, _)| size >= *unit).unwrap_or((1.0, ""));
    let text = format!("{:.3}", value / unit);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}{name}", if text == "-0" { "0" } else { text })
}

/// Returns a number of things, with their name in the plural if they are not one.
pub(crate) fn counted(n: u64, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// A coordinate of a drawing, to a tenth of a pixel.
#[derive(Clone, Copy)]
pub(crate) struct Px(pub(crate) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        if tenths % 10.0 == 0.0 {
            write!(f, "{:.0}", tenths / 10.0 + 0.0)
        } else {
            write!(f, "{:.1}", tenths / 10.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact() {
        assert_eq!(
            [0.0, 0.25, 1.0, 1500.0, 2e7, -3e9, 1e-9, 1e17].map(short),
            ["0", "0.25", "1", "1.5k", "20M", "-3G", "1e-9", "1e17"]
        );
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(|n| Grouped(n).to_string()),
            ["0", "999", "1\u{2009}000", "1\u{2009}234\u{2009}567"]
        );
        assert_eq!([0.0, -0.01, 1.25, 10.0].map(|x| Px(x).to_string()), ["0", "0", "1.3", "10"]);
        assert_eq!([3.0, 0.5, 1e-9].map(figure), ["3", "0.5000", "1.000e-9"]);
    }
}
