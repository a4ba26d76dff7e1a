//! `eth2`: the block, the state root, deposits, and where the block is.

use super::{
    FuelCost, Import,
    parameter::{number, read, written},
    price::{CALL, COPY, LOG_TEXT},
};
use crate::ValueType::{I32, I64};

pub(super) const IMPORTS: &[Import] = &[
    Import {
        module: "eth2",
        name: "loadPreStateRoot",
        parameters: &[written("out")],
        result: None,
        summary: "Writes the 32-byte pre-state root at out.",
        fuel: CALL,
    },
    Import {
        module: "eth2",
        name: "blockDataSize",
        parameters: &[],
        result: Some(I32),
        summary: "Returns the length of the block data in bytes.",
        fuel: CALL,
    },
    Import {
        module: "eth2",
        name: "blockDataCopy",
        parameters: &[written("out"), number("offset"), number("length")],
        result: None,
        summary: "Copies block_data[offset .. offset + length] to out.",
        fuel: COPY,
    },
    Import {
        module: "eth2",
        name: "savePostStateRoot",
        parameters: &[read("pointer")],
        result: None,
        summary: "Reads the 32-byte post-state root at pointer; the last call counts.",
        fuel: CALL,
    },
    Import {
        module: "eth2",
        name: "pushNewDeposit",
        parameters: &[read("pointer"), number("length")],
        result: None,
        summary: "Emits the 184-byte deposit at pointer.",
        fuel: CALL,
    },
    Import {
        module: "eth2",
        name: "refuse",
        parameters: &[read("pointer"), number("length")],
        result: None,
        summary: "Refuses the block for the reason at pointer, text of which 1,024 bytes are kept; does not return.",
        fuel: LOG_TEXT,
    },
    Import {
        module: "eth2",
        name: "useTicks",
        parameters: &[number("ticks")],
        result: None,
        summary: "Spends ticks; traps when fewer are left.",
        fuel: FuelCost { base: CALL.base, per_unit: 1 },
    },
    Import {
        module: "eth2",
        name: "contextShard",
        parameters: &[],
        result: Some(I64),
        summary: "Returns the index of the shard.",
        fuel: CALL,
    },
    Import {
        module: "eth2",
        name: "contextSlot",
        parameters: &[],
        result: Some(I64),
        summary: "Returns the slot of the block.",
        fuel: CALL,
    },
    Import {
        module: "eth2",
        name: "contextEeIndex",
        parameters: &[],
        result: Some(I64),
        summary: "Returns the EE's own index.",
        fuel: CALL,
    },
    Import {
        module: "eth2",
        name: "contextBeaconRoot",
        parameters: &[written("out")],
        result: None,
        summary: "Writes the 32-byte root of the beacon block at out.",
        fuel: CALL,
    },
];
