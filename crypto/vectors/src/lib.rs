#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "this is part of tests: a file that cannot be read has to fail one")]

pub mod bip340;
pub mod bip341;
pub mod consensus;
pub mod excerpt;
pub mod kzg;
pub mod p256;
pub mod precompiles;
pub mod wycheproof;

pub mod files;

use sha3::{Digest, Keccak256};

/// Returns all vectors.
pub fn published() -> Vec<Vector> {
    let suites: [fn() -> Vec<Vector>; 8] = [
        excerpt::vectors,
        precompiles::vectors,
        bip340::vectors,
        bip341::vectors,
        wycheproof::vectors,
        consensus::vectors,
        kzg::vectors,
        p256::vectors,
    ];
    suites.iter().flat_map(|vectors| vectors()).collect()
}

/// A published case as a call of an import.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The suite or file, and the case in it.
    pub name: String,
    /// The import's name in module `crypto`, such as `bn254Add`.
    pub import: String,
    /// The arguments, in the order of the parameters.
    pub arguments: Vec<Argument>,
    /// The expected answer.
    pub expected: Expected,
}

/// An argument of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A pointer to these bytes.
    Bytes(Vec<u8>),
    /// A length in bytes, a number of items, or a recovery id.
    Number(u32),
    /// A pointer to room for the output, of this many bytes.
    Out(usize),
}

/// The expected answer of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Success, with this output.
    Output(Vec<u8>),
    /// Success, with a public key of this Ethereum address as the output.
    Address([u8; 20]),
    /// Success.
    Holds,
    /// The input is well-formed and its claim is false.
    Refuted,
    /// The input is malformed.
    Malformed,
    /// Refuted or malformed; many suites do not distinguish them.
    Refused,
}

impl Vector {
    /// Checks an answer: the import's return value, 0 if it returns nothing, and its output.
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

    /// Returns the length of the import's output, in bytes; 0 if it writes nothing.
    pub fn out_bytes(&self) -> usize {
        let out = self.arguments.iter().find_map(|argument| match argument {
            Argument::Out(bytes) => Some(*bytes),
            Argument::Bytes(_) | Argument::Number(_) => None,
        });
        out.unwrap_or(0)
    }
}

impl Argument {
    /// Makes an argument from bytes.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }

    /// Makes an argument from a number of items or bytes.
    pub fn number(n: usize) -> Self {
        Self::Number(n.try_into().unwrap())
    }
}

/// The return value of success.
pub const HOLDS: u32 = 0;
/// The return value if the input is well-formed and its claim is false.
pub const REFUTED: u32 = 1;
/// The return value if the input is malformed.
pub const MALFORMED: u32 = 2;
