#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "this is part of tests: a file that cannot be read has to fail one, and what is skipped is told"
)]

pub mod bip340;
pub mod consensus;
pub mod excerpt;
pub mod kzg;
pub mod p256;
pub mod precompiles;
pub mod wycheproof;

pub mod files;

use sha3::{Digest, Keccak256};

/// Returns every vector that is here.
pub fn published() -> Vec<Vector> {
    let suites: [fn() -> Vec<Vector>; 7] = [
        excerpt::vectors,
        precompiles::vectors,
        bip340::vectors,
        wycheproof::vectors,
        consensus::vectors,
        kzg::vectors,
        p256::vectors,
    ];
    suites.iter().flat_map(|vectors| vectors()).collect()
}

/// One published case, as a call of an import.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The suite or file, and the case in it.
    pub name: String,
    /// The import's name in module `crypto`, such as `bn254Add`.
    pub import: String,
    /// What the import is called with, in the order of its parameters.
    pub arguments: Vec<Argument>,
    /// What it has to answer.
    pub expected: Expected,
}

/// One argument of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A pointer to these bytes.
    Bytes(Vec<u8>),
    /// A length in bytes, a number of items, or a recovery id.
    Number(u32),
    /// A pointer to where the answer, of this many bytes, is to be written.
    Out(usize),
}

/// What an import has to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Success, and these bytes.
    Output(Vec<u8>),
    /// Success, and a public key of this Ethereum address.
    Address([u8; 20]),
    /// Success.
    Holds,
    /// The input is well-formed, and what it claims is false.
    Refuted,
    /// The input is malformed.
    Malformed,
    /// No success, for whichever of the two reasons; many suites do not tell them apart.
    Refused,
}

impl Vector {
    /// Checks an answer: the number that the import returned, 0 if it returns none, and what it wrote.
    #[track_caller]
    pub fn check(&self, code: u32, out: &[u8]) {
        let right = match &self.expected {
            Expected::Output(expected) => code == HOLDS && out == expected,
            Expected::Address(address) => code == HOLDS && Keccak256::digest(out)[12..] == *address,
            Expected::Holds => code == HOLDS,
            Expected::Refuted => code == REFUTED,
            Expected::Malformed => code == MALFORMED,
            Expected::Refused => code == REFUTED || code == MALFORMED,
        };
        let Self { name, import, expected, .. } = self;
        assert!(right, "{name}: {import}: expected {expected:?}, got {code} and 0x{}", hex::encode(out));
    }

    /// Returns how many bytes the import writes; 0 if it writes nothing.
    pub fn out_bytes(&self) -> usize {
        let out = self.arguments.iter().find_map(|argument| match argument {
            Argument::Out(bytes) => Some(*bytes),
            Argument::Bytes(_) | Argument::Number(_) => None,
        });
        out.unwrap_or(0)
    }
}

impl Argument {
    /// Copies bytes.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }

    /// Counts items, or bytes.
    pub fn number(n: usize) -> Self {
        Self::Number(n.try_into().unwrap())
    }
}

/// What imports return on success.
pub const HOLDS: u32 = 0;
/// What imports return when the input is well-formed, and what it claims is false.
pub const REFUTED: u32 = 1;
/// What imports return when the input is malformed.
pub const MALFORMED: u32 = 2;
