//! The cost of legacy signature hashes, and the places of errors.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use outrider_bitcoin_script::{
    Flags, InputError, Native, Place, ScriptError, ScriptKind, Spending, SpentOutputsError,
    opcode::{OP_1, OP_16, OP_CHECKMULTISIG, OP_CHECKSIG, OP_CODESEPARATOR, OP_DROP, OP_IF, OP_NOP, OP_NOT},
    primitives::{Transaction, TxOut},
    verify_input,
};
use support::{credit, fuzz::push, output, spend};

/// A strict DER signature with r = s = `s`, which no key made, and the hash type ALL.
fn signature(s: u8) -> Vec<u8> {
    push(&[0x30, 6, 2, 1, 1, 2, 1, s, 1])
}

fn key() -> Vec<u8> {
    // The generator.
    push(&support::hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"))
}

fn spending(script_pubkey: Vec<u8>, script_sig: Vec<u8>) -> (Transaction, Vec<TxOut>) {
    let credit = credit(1, script_pubkey);
    let transaction = spend(credit.compute_txid(), script_sig, &[], vec![output(1, Vec::new())]);
    (transaction, credit.outputs)
}

/// Returns the bytes that a script hashes which ends with a true element.
fn bytes_hashed(script_pubkey: &[u8]) -> u64 {
    let (transaction, spent) = spending(script_pubkey.to_vec(), Vec::new());
    let spending = Spending::new(&transaction, &spent).unwrap();
    assert_eq!(verify_input(&spending, 0, Flags::all(), &Native), Ok(()));
    spending.legacy_bytes_hashed()
}

/// Version, inputs, outpoint, sequence, outputs, output without script, lock time and hash type, without any script.
const FIXED_BYTES: u64 = 4 + 1 + 36 + 4 + 1 + 9 + 4 + 4;

#[test]
fn checks_of_the_same_script_and_hash_type_share_a_hash() {
    let check = [signature(1), key(), vec![OP_CHECKSIG, OP_DROP]].concat();
    let script = [check.repeat(20), vec![OP_1]].concat();
    // The signature is not part of what it signs.
    let code_bytes = script.len() - 20 * signature(1).len();
    assert_eq!(bytes_hashed(&script), FIXED_BYTES + 3 + code_bytes as u64);

    let keys = key().repeat(16);
    let script =
        [vec![0], signature(1), vec![OP_1], keys, vec![OP_1 + 15, OP_CHECKMULTISIG, OP_NOT]].concat();
    let code_bytes = script.len() - signature(1).len();
    assert_eq!(bytes_hashed(&script), FIXED_BYTES + 3 + code_bytes as u64);
}

#[test]
fn every_counted_operation_may_make_a_hash() {
    // Signatures that differ, so that each check removes another one from the script.
    let checks: Vec<u8> =
        (0..201).flat_map(|s| [distinct_signature(s), key(), vec![OP_CHECKSIG]].concat()).collect();
    let script = [checks, vec![OP_1]].concat();
    let code_bytes = script.len() - distinct_signature(0).len();
    assert_eq!(bytes_hashed(&script), 201 * (FIXED_BYTES + 3 + code_bytes as u64));

    // Code separators count, too.
    let check = [signature(1), key(), vec![OP_CHECKSIG, OP_CODESEPARATOR]].concat();
    let script = [check.repeat(100), vec![OP_1]].concat();
    let hashes = (0..100).map(|n| {
        // From the last code separator on, without separators and signatures.
        let code_bytes = (100 - n) * (key().len() + 1) + 1;
        FIXED_BYTES + if code_bytes < 253 { 1 } else { 3 } + code_bytes as u64
    });
    assert_eq!(bytes_hashed(&script), hashes.sum::<u64>());
}

/// A signature of 10 bytes with an s of its own.
fn distinct_signature(n: u8) -> Vec<u8> {
    push(&[0x30, 7, 2, 1, 1, 2, 2, 1, n, 1])
}

#[track_caller]
fn check_error(
    script_pubkey: &[u8],
    script_sig: &[u8],
    place: Option<Place>,
    reason: ScriptError,
    text: &str,
) {
    let (transaction, spent) = spending(script_pubkey.to_vec(), script_sig.to_vec());
    let spending = Spending::new(&transaction, &spent).unwrap();
    let got = verify_input(&spending, 0, Flags::all(), &Native).unwrap_err();
    assert_eq!(got, InputError { input_index: 0, place, reason });
    let source = std::error::Error::source(&got).expect("the rule");
    assert_eq!(format!("{got}: {source}"), text);
}

#[test]
fn errors_name_the_operation() {
    let place = |script, opcode_position, opcode| Some(Place { script, opcode_position, opcode });
    check_error(
        &[2, 7, 7, OP_CHECKSIG],
        &[],
        place(ScriptKind::ScriptPubkey, 1, OP_CHECKSIG),
        ScriptError::InvalidStackOperation,
        "input 0, scriptPubKey, operation 1 (OP_CHECKSIG) is invalid: INVALID_STACK_OPERATION: \
         the operation needs more elements than the stack has",
    );
    check_error(
        &[OP_1],
        &[OP_1, 3, 7],
        place(ScriptKind::ScriptSig, 1, 3),
        ScriptError::BadOpcode,
        "input 0, scriptSig, operation 1 (push of 3 bytes) is invalid: BAD_OPCODE: the opcode is not defined, or its data is cut off",
    );
    check_error(
        &[OP_1, OP_IF],
        &[],
        None,
        ScriptError::UnbalancedConditional,
        "input 0 is invalid: UNBALANCED_CONDITIONAL: OP_IF, OP_ELSE and OP_ENDIF do not match, or a condition is missing",
    );
}

#[test]
fn wrong_arguments_are_errors() {
    let (transaction, spent) = spending(vec![OP_1], Vec::new());
    assert_eq!(
        Spending::new(&transaction, &[]).err(),
        Some(SpentOutputsError { n_inputs: 1, n_spent_outputs: 0 })
    );
    let spending = Spending::new(&transaction, &spent).unwrap();
    let got = verify_input(&spending, 1, Flags::all(), &Native).unwrap_err();
    assert_eq!((got.input_index, got.reason), (1, ScriptError::TxIndex));
}

#[test]
fn pushes_are_no_operations() {
    assert_eq!(bytes_hashed(&[OP_16; 900]), 0);
    let (transaction, spent) = spending([vec![OP_1], vec![OP_NOP; 202]].concat(), Vec::new());
    let spending = Spending::new(&transaction, &spent).unwrap();
    let got = verify_input(&spending, 0, Flags::all(), &Native).unwrap_err();
    assert_eq!(got.reason, ScriptError::OpCount);
    assert_eq!(got.place.map(|place| place.opcode_position), Some(202));
}
