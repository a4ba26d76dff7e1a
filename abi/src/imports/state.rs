//! `state`: for providers, which hold the whole state and make blocks.

use super::{
    Import,
    parameter::{number, read, written},
    price::{CALL, FETCH, KEEP},
};
use crate::ValueType::I32;

pub(super) const IMPORTS: &[Import] = &[
    Import {
        module: "state",
        name: "mode",
        parameters: &[],
        result: Some(I32),
        summary: "Returns 1 in provider mode, and 0 otherwise.",
        fuel: CALL,
    },
    Import {
        module: "state",
        name: "getNode",
        parameters: &[read("hash"), written("out"), number("capacity")],
        result: Some(I32),
        summary: "Returns the length of the node with the 32-byte hash, or -1; writes it at out if capacity allows.",
        fuel: FETCH,
    },
    Import {
        module: "state",
        name: "getBlob",
        parameters: &[read("hash"), written("out"), number("capacity")],
        result: Some(I32),
        summary: "Returns the length of the blob with the 32-byte hash, or -1; writes it at out if capacity allows.",
        fuel: FETCH,
    },
    Import {
        module: "state",
        name: "putNode",
        parameters: &[read("hash"), read("pointer"), number("length"), read("children"), number("n")],
        result: Some(I32),
        summary: "Hands a new node or blob to the provider, with the n 32-byte hashes it refers to; returns 1 if taken.",
        fuel: KEEP,
    },
    Import {
        module: "state",
        name: "putBlockData",
        parameters: &[read("pointer"), number("length")],
        result: None,
        summary: "Hands the provider block data from which the EE computes the same without it.",
        fuel: KEEP,
    },
];
