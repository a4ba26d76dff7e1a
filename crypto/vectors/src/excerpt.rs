//! A few vectors for each import, in a format that is read in a few lines.
//!
//! Each line has five fields, separated by semicolons: the source; the import; its arguments, separated by
//! spaces, as `0x` and hex, as a decimal number, or as `out:` and a number of bytes; what it returns, 0 if that
//! is nothing; and what it writes, in hex.

use crate::{Argument, Expected, HOLDS, MALFORMED, REFUTED, Vector, files::unhex};

/// The lines.
pub const EXCERPT: &str = include_str!("../data/excerpt.csv");

/// Returns the excerpt's vectors.
pub fn vectors() -> Vec<Vector> {
    EXCERPT.lines().map(vector).collect()
}

fn vector(line: &str) -> Vector {
    let fields: Vec<_> = line.split(';').collect();
    let [name, import, arguments, code, output] = fields[..] else { panic!("not five fields: {line}") };
    let expected = match code.parse().unwrap() {
        HOLDS if output.is_empty() => Expected::Holds,
        HOLDS => Expected::Output(unhex(output)),
        REFUTED => Expected::Refuted,
        MALFORMED => Expected::Malformed,
        other => panic!("{name}: no import returns {other}"),
    };
    let arguments = arguments.split(' ').map(argument).collect();
    Vector { name: format!("excerpt: {name}"), import: import.to_owned(), arguments, expected }
}

fn argument(text: &str) -> Argument {
    if let Some(bytes) = text.strip_prefix("out:") {
        Argument::Out(bytes.parse().unwrap())
    } else if text.starts_with("0x") {
        Argument::Bytes(unhex(text))
    } else {
        Argument::Number(text.parse().unwrap())
    }
}
