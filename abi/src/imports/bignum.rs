//! `bignum`: arithmetic of numbers of 32 bytes.

use super::{
    Import,
    parameter::{read, written},
    price::CALL,
};

pub(super) const IMPORTS: &[Import] = &[
    Import {
        module: "bignum",
        name: "add256",
        parameters: &[read("a"), read("b"), written("sum")],
        result: None,
        summary: "Adds the 256-bit big-endian numbers at a and b; overflow traps.",
        fuel: CALL,
    },
    Import {
        module: "bignum",
        name: "sub256",
        parameters: &[read("a"), read("b"), written("difference")],
        result: None,
        summary: "Subtracts the 256-bit big-endian number at b from that at a; overflow traps.",
        fuel: CALL,
    },
];
