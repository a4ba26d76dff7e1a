//! Sigops and weight, with the cases of Bitcoin Core's `src/test/sigopcount_tests.cpp` (MIT).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use outrider_bitcoin_script::{
    Flags, Spending, legacy_sigops,
    opcode::{OP_CHECKMULTISIG, OP_CHECKMULTISIGVERIFY, OP_CHECKSIG, OP_ENDIF, OP_IF},
    primitives::Transaction,
    sigop_cost, weight,
};
use support::{
    credit, encode,
    fuzz::push,
    input::{p2sh, p2wsh},
    json, output, spend, transaction,
};

fn multisig(n_keys: u8, last: u8) -> Vec<u8> {
    let keys = (0..n_keys).flat_map(|_| push(&[7; 20]));
    [0x51].into_iter().chain(keys).chain([0x50 + n_keys, last]).collect()
}

#[track_caller]
fn check(script_pubkey: &[u8], script_sig: &[u8], witness: &[Vec<u8>], expected: u64) {
    check_under(Flags::all(), script_pubkey, script_sig, witness, expected);
}

#[track_caller]
fn check_under(flags: Flags, script_pubkey: &[u8], script_sig: &[u8], witness: &[Vec<u8>], expected: u64) {
    let credit = credit(1, script_pubkey.to_vec());
    let transaction = spend(credit.compute_txid(), script_sig.to_vec(), witness, vec![output(1, Vec::new())]);
    assert_eq!(sigop_cost(&Spending::new(&transaction, &credit.outputs).unwrap(), flags), expected);
}

#[test]
fn sigops_of_outputs_count_when_they_are_made() {
    let script = multisig(2, OP_CHECKMULTISIGVERIFY);
    assert_eq!(legacy_sigops(&credit(1, script.clone())), 20);
    let longer = [multisig(2, OP_CHECKMULTISIG), vec![OP_IF, OP_CHECKSIG, OP_ENDIF]].concat();
    assert_eq!(legacy_sigops(&credit(1, longer)), 21);
    // What follows data that is cut off does not count.
    assert_eq!(legacy_sigops(&credit(1, vec![OP_CHECKSIG, 2, OP_CHECKSIG])), 1);
    check(&script, &[0, 0], &[], 0);
}

#[test]
fn sigops_of_redeem_scripts_cost_four() {
    let script = multisig(2, OP_CHECKMULTISIGVERIFY);
    let script_sig = [vec![0, 0], push(&script)].concat();
    check(&p2sh(&script), &script_sig, &[], 8);
    check_under(Flags::empty(), &p2sh(&script), &script_sig, &[], 0);
    let longer = [multisig(2, OP_CHECKMULTISIG), vec![OP_IF, OP_CHECKSIG, OP_ENDIF]].concat();
    check(&p2sh(&longer), &[vec![0], push(&longer)].concat(), &[], 12);
    let three = multisig(3, OP_CHECKMULTISIG);
    check(&p2sh(&three), &[vec![0x51], push(&[7; 20]), push(&[7; 20]), push(&three)].concat(), &[], 12);
    // A scriptSig that does more than to push has no redeem script.
    check(&p2sh(&script), &[vec![0x61], push(&script)].concat(), &[], 0);
}

#[test]
fn sigops_of_witnesses_cost_one() {
    let witness = [Vec::new(), Vec::new()];
    let program = [&[0, 20][..], &[7; 20]].concat();
    check(&program, &[], &witness, 1);
    check_under(Flags::P2SH, &program, &[], &witness, 0);
    check(&p2sh(&program), &push(&program), &witness, 1);
    // Other versions have none.
    check(&[&[0x51, 20][..], &[7; 20]].concat(), &[], &witness, 0);
    let script = multisig(2, OP_CHECKMULTISIGVERIFY);
    let witness = [Vec::new(), Vec::new(), script.clone()];
    check(&p2wsh(&script), &[], &witness, 2);
    check(&p2sh(&p2wsh(&script)), &push(&p2wsh(&script)), &witness, 2);
    check(&p2wsh(&script), &[], &[], 0);
}

/// Three bytes for each one without witnesses, and one for each one (BIP 141).
#[test]
fn weights_are_those_of_the_encodings() {
    let mut n_witnesses = 0;
    for row in json("bitcoin-core/tx_valid.json") {
        let transaction = transaction(row[1].as_str().unwrap());
        let mut stripped: Transaction = transaction.clone();
        stripped.inputs.iter_mut().for_each(|input| input.witness.clear());
        let (total, base) = (encode(&transaction).len(), encode(&stripped).len());
        assert_eq!(weight(&transaction), (base * 3 + total) as u64, "{row}");
        n_witnesses += usize::from(total > base);
    }
    assert!(n_witnesses > 0);
}
