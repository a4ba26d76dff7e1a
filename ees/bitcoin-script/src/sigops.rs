//! Sigops: the signature checks that scripts seem to have, by which blocks are limited.

use bitcoin_primitives::Transaction;

use crate::{
    Flags, Spending,
    limit::{MULTISIG_KEYS_MAX, WITNESS_SCALE_FACTOR},
    opcode::{
        OP_1, OP_16, OP_CHECKMULTISIG, OP_CHECKMULTISIGVERIFY, OP_CHECKSIG, OP_CHECKSIGVERIFY, small_number,
    },
    script::{instructions, is_p2sh, last_push, witness_program},
};

/// Returns the sigops of the transaction's own scripts, executed or not; each `OP_CHECKMULTISIG` counts 20.
#[must_use]
pub fn legacy_sigops(transaction: &Transaction) -> u64 {
    let inputs = transaction.inputs.iter().map(|input| input.script_sig.as_bytes());
    let outputs = transaction.outputs.iter().map(|output| output.script_pubkey.as_bytes());
    inputs.chain(outputs).map(|script| count(script, false)).sum()
}

/// Returns the sigop cost of a transaction that is no coinbase (BIP 141): four for each of [`legacy_sigops`] and of the
/// redeem scripts, and one for each of the witnesses of version 0. A coinbase has four for each of [`legacy_sigops`].
#[must_use]
pub fn sigop_cost(spending: &Spending<'_>, flags: Flags) -> u64 {
    let legacy = legacy_sigops(spending.transaction());
    let inputs = spending.transaction().inputs.iter().zip(spending.spent_outputs());
    let (mut redeem, mut witness) = (0, 0);
    for (input, spent) in inputs {
        let script_pubkey = spent.script_pubkey.as_bytes();
        let script_sig = input.script_sig.as_bytes();
        let redeem_script = if is_p2sh(script_pubkey) { last_push(script_sig) } else { None };
        if flags.contains(Flags::P2SH) {
            redeem += redeem_script.map_or(0, |script| count(script, true));
        }
        if flags.contains(Flags::WITNESS) {
            let nested = || redeem_script.and_then(witness_program);
            witness += match witness_program(script_pubkey).or_else(nested) {
                Some((0, program)) if program.len() == 20 => 1,
                Some((0, program)) if program.len() == 32 => {
                    input.witness.last().map_or(0, |script| count(script, true))
                }
                _ => 0,
            };
        }
    }
    (legacy + redeem) * WITNESS_SCALE_FACTOR + witness
}

/// Counts the sigops of a script up to data that is cut off; `OP_CHECKMULTISIG` counts the number before it if
/// `is_accurate`, and 20 otherwise.
fn count(script: &[u8], is_accurate: bool) -> u64 {
    let mut sigops = 0;
    let mut previous = None;
    for instruction in instructions(script).map_while(Result::ok) {
        sigops += match instruction.opcode {
            OP_CHECKSIG | OP_CHECKSIGVERIFY => 1,
            OP_CHECKMULTISIG | OP_CHECKMULTISIGVERIFY => match previous {
                Some(opcode @ OP_1..=OP_16) if is_accurate => small_number(opcode).map_or(0, u64::from),
                _ => MULTISIG_KEYS_MAX as u64,
            },
            _ => 0,
        };
        previous = Some(instruction.opcode);
    }
    sigops
}
