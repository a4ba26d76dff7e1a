//! Ceremonies: files of snarkjs 0.7.6 (`make-vectors.sh`), files made here, and damaged ones.

mod circuit;
mod keys;
mod powers;

use outrider_zk_rollup::ceremony::{CeremonyError, CeremonyKey, Powers};
use std::{io::Cursor, path::Path};

/// Reads a file of snarkjs.
fn vector(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ceremony/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_powers(bytes: &[u8], power: u32) -> Result<Powers, CeremonyError> {
    Powers::read(Cursor::new(bytes), power)
}

fn read_key(bytes: &[u8]) -> Result<CeremonyKey, CeremonyError> {
    CeremonyKey::read(Cursor::new(bytes))
}

/// The sections of a file: number, and the range of its content.
fn sections(bytes: &[u8]) -> Vec<(u32, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 12;
    while at < bytes.len() {
        let number = number_at(bytes, at, 4) as u32;
        let size = number_at(bytes, at + 4, 8);
        found.push((number, at + 12..at + 12 + size));
        at += 12 + size;
    }
    found
}

/// Reads a little-endian number.
fn number_at(bytes: &[u8], at: usize, width: usize) -> usize {
    bytes[at..at + width].iter().rev().fold(0, |high, byte| high << 8 | usize::from(*byte))
}

fn section(bytes: &[u8], number: u32) -> std::ops::Range<usize> {
    sections(bytes).into_iter().find(|(found, _)| *found == number).expect("the section is there").1
}

/// Writes the error and its causes in a line.
fn text(error: &CeremonyError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
