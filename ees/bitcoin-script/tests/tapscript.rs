//! The boundaries of taproot spends, with values from BIP 341 and BIP 342.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use outrider_bitcoin_script::{
    Flags, ScriptError, Software,
    opcode::{OP_1, OP_2, OP_CHECKSIG, OP_DROP, OP_NOP},
    policy::Policy,
    taproot::{TAPSCRIPT_LEAF_VERSION, branch_hash, leaf_hash, tweak_hash},
};
use secp256k1::{Scalar, XOnlyPublicKey};
use support::{
    credit,
    fuzz::push,
    hash,
    input::{Case, output, p2sh, tapscript},
    spend,
};

/// Verifies a witness, with Bitcoin Core, too, if the feature is on.
#[track_caller]
fn check(script_pubkey: &[u8], witness: &[Vec<u8>], expected: Result<(), ScriptError>) {
    check_input(script_pubkey, &[], witness, expected);
}

#[track_caller]
fn check_input(
    script_pubkey: &[u8],
    script_sig: &[u8],
    witness: &[Vec<u8>],
    expected: Result<(), ScriptError>,
) {
    let credit = credit(1, script_pubkey.to_vec());
    let transaction = spend(credit.compute_txid(), script_sig.to_vec(), witness, vec![output(1, Vec::new())]);
    let (spent_outputs, name) = (credit.outputs, "a boundary".to_owned());
    let flags = Flags::all();
    let case = Case { name, transaction, spent_outputs, input_index: 0, flags, policy: Policy::empty() };
    assert_eq!(case.verify().map_err(|error| error.reason), expected);
    #[cfg(feature = "oracle")]
    case.check(flags);
}

#[track_caller]
fn check_script(script: &[u8], expected: Result<(), ScriptError>) {
    let (script_pubkey, control) = tapscript(script);
    check(&script_pubkey, &[script.to_vec(), control], expected);
}

/// A check with a signature and a key of an unknown type, which is valid and takes 50 units.
const CHECK: [u8; 4] = [OP_1, OP_2, OP_CHECKSIG, OP_DROP];

#[test]
fn the_budget_of_signature_checks_is_the_witness_and_fifty() {
    // The witness has its number of elements, a script of 1 + n, and a control block of 1 + 33 bytes.
    let with_bytes = |n_checks: usize, witness_bytes: usize| {
        let mut script = CHECK.repeat(n_checks);
        script.resize(witness_bytes - 37, OP_NOP);
        [script, vec![OP_1]].concat()
    };
    check_script(&with_bytes(2, 50), Ok(()));
    check_script(&with_bytes(2, 49), Err(ScriptError::TapscriptValidationWeight));
    check_script(&with_bytes(5, 200), Ok(()));
    check_script(&with_bytes(5, 199), Err(ScriptError::TapscriptValidationWeight));
    // An empty signature takes nothing, and is not valid.
    let empty = [&[0, OP_2, OP_CHECKSIG, OP_DROP].repeat(20)[..], &[OP_1]].concat();
    check_script(&empty, Ok(()));
}

/// Returns an output whose leaf is `n` hashes below the root, and the leaf's control block.
fn deep(script: &[u8], n: usize) -> (Vec<u8>, Vec<u8>) {
    let key = hash("50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0");
    let leaf = leaf_hash(TAPSCRIPT_LEAF_VERSION, script, &Software);
    let root = (0..n).fold(leaf, |hash, index| branch_hash(&hash, &[index as u8; 32], &Software));
    let tweak = Scalar::from_be_bytes(tweak_hash(&key, Some(&root), &Software)).unwrap();
    let (output_key, parity) = XOnlyPublicKey::from_byte_array(key).unwrap().add_tweak(&tweak).unwrap();
    let path = (0..n).flat_map(|index| [index as u8; 32]);
    let control = [TAPSCRIPT_LEAF_VERSION | parity.to_u8()].into_iter().chain(key).chain(path).collect();
    ([&[OP_1, 32][..], &output_key.to_byte_array()].concat(), control)
}

#[test]
fn a_leaf_is_at_most_128_hashes_deep() {
    for n in [0, 1, 2, 127, 128] {
        let (script_pubkey, control) = deep(&[OP_1], n);
        check(&script_pubkey, &[vec![OP_1], control.clone()], Ok(()));
        let cut = control[..control.len() - 1].to_vec();
        check(&script_pubkey, &[vec![OP_1], cut], Err(ScriptError::TaprootWrongControlSize));
        let longer = [&control[..], &[0]].concat();
        check(&script_pubkey, &[vec![OP_1], longer], Err(ScriptError::TaprootWrongControlSize));
        let mut other_parity = control;
        other_parity[0] ^= 1;
        check(&script_pubkey, &[vec![OP_1], other_parity], Err(ScriptError::WitnessProgramMismatch));
    }
    let (script_pubkey, control) = deep(&[OP_1], 129);
    check(&script_pubkey, &[vec![OP_1], control], Err(ScriptError::TaprootWrongControlSize));
}

#[test]
fn an_only_element_is_no_annex() {
    let (script_pubkey, control) = tapscript(&[OP_1]);
    check(&script_pubkey, &[], Err(ScriptError::WitnessProgramWitnessEmpty));
    check(&script_pubkey, &[vec![0x50]], Err(ScriptError::SchnorrSigSize));
    check(&script_pubkey, &[vec![0x50; 64]], Err(ScriptError::SchnorrSig));
    check(&script_pubkey, &[[&[0x50; 64][..], &[0]].concat()], Err(ScriptError::SchnorrSigHashType));
    check(&script_pubkey, &[vec![1; 64], vec![0x50]], Err(ScriptError::SchnorrSig));
    check(&script_pubkey, &[vec![OP_1], control.clone(), vec![0x50]], Ok(()));
    // Only one annex is taken, and what remains is no control block.
    check(
        &script_pubkey,
        &[vec![OP_1], control, vec![0x50], vec![0x50]],
        Err(ScriptError::TaprootWrongControlSize),
    );
}

#[test]
fn tapscript_has_no_limit_of_bytes_or_operations() {
    check_script(&[vec![OP_NOP; 20_000], vec![OP_1]].concat(), Ok(()));
    let (script_pubkey, control) = tapscript(&[OP_DROP; 999]);
    let elements = |n: usize| [vec![vec![1]; n], vec![vec![OP_DROP; 999], control.clone()]].concat();
    check(&script_pubkey, &elements(1_000), Ok(()));
    check(&script_pubkey, &elements(1_001), Err(ScriptError::StackSize));
}

#[test]
fn taproot_in_p2sh_is_left_to_soft_forks() {
    let (program, _) = tapscript(&[OP_1]);
    check_input(&p2sh(&program), &push(&program), &[], Ok(()));
    check_input(&p2sh(&program), &push(&program), &[vec![7]], Ok(()));
    // So are other versions, and version 1 with another length.
    check(&[&[OP_2, 32][..], &[7; 32]].concat(), &[vec![7]], Ok(()));
    check(&[&[OP_1, 33][..], &[7; 33]].concat(), &[vec![7]], Ok(()));
}
