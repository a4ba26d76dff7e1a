//! A chain with EEs that do what they are told.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its own part, and stops at an error")]

use outrider_beacon::ledger::EePayload;
use outrider_beacon_spec::types::Bytes32;

use crate::chain::{self, Chain, Ees};

/// An EE whose block data is a byte that decides what it does, the new root, and a deposit if there are 184 more bytes:
/// 0 goes on, 1 refuses, 2 traps, 3 never ends.
const OBEDIENT: &str = r#"(module
    (import "eth2" "blockDataSize" (func $size (result i32)))
    (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
    (import "eth2" "savePostStateRoot" (func $save (param i32)))
    (import "eth2" "pushNewDeposit" (func $deposit (param i32 i32)))
    (import "eth2" "refuse" (func $refuse (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 4096) "not today")
    (func (export "main")
        (call $copy (i32.const 0) (i32.const 0) (call $size))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 1))
            (then (call $refuse (i32.const 4096) (i32.const 9))))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 2)) (then unreachable))
        (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 3)) (then (loop (br 0))))
        (if (i32.ge_u (call $size) (i32.const 217))
            (then (call $deposit (i32.const 33) (i32.const 184))))
        (call $save (i32.const 1))))"#;

pub(crate) const GO_ON: u8 = 0;
pub(crate) const REFUSE: u8 = 1;
pub(crate) const TRAP: u8 = 2;
pub(crate) const LOOP: u8 = 3;

/// Three EEs with the same code, but for a custom section, on both shards; the last one only on shard 1.
pub(crate) fn obedient_chain() -> Chain {
    let code = |index: u8| {
        let mut code = wat::parse_str(OBEDIENT).unwrap();
        code.extend([0, 3, 1, b'n', index]);
        code
    };
    Ees::default()
        .add(code(0), Bytes32::ZERO, &[(0, 1_000_000_000), (1, 5)])
        .add(code(1), Bytes32::repeat_byte(1), &[(0, 0), (1, 0)])
        .add(code(2), Bytes32::repeat_byte(2), &[(1, 0)])
        .chain()
}

pub(crate) fn payload(ee: u32, order: u8, root: u8) -> EePayload {
    chain::payload(ee, &[&[order][..], &[root; 32]].concat())
}

/// Returns a payload with which an EE makes a deposit.
pub(crate) fn depositing(ee: u32, amount: u64) -> EePayload {
    let mut payload = payload(ee, GO_ON, 0xdd);
    let deposit = outrider_host::Deposit {
        pubkey: [1; 48],
        withdrawal_credentials: [2; 32],
        amount,
        signature: [3; 96],
    };
    for byte in deposit.to_bytes() {
        payload.block_data.push(byte).unwrap();
    }
    payload
}
