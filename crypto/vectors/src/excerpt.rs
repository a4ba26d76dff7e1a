//! A few vectors for each import, in a simple format.
//!
//! Each line has five fields, separated by semicolons: the source; the import; its arguments, separated by spaces, as
//! `0x` and hex, as a decimal number, or as `out:` and a number of bytes; its return value, 0 if it returns nothing;
//! and its output, in hex.

use crate::{Argument, Expected, HOLDS, MALFORMED, REFUTED, Vector, files::unhex};

/// The lines of the excerpt.
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
