//! The vectors of the signature hashes.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use outrider_bitcoin_script::{
    Flags, Native, Software, Spending,
    policy::Policy,
    sighash::{TaprootPath, legacy, segwit_v0, taproot},
    taproot::{ControlBlock, branch_hash, leaf_hash, tweak_hash},
    verify_input, verify_input_with_policy,
};
use serde_json::Value;
use support::{hash, hex, json, output, read, reversed_hash, transaction};

#[test]
fn legacy_hashes_are_those_of_bitcoin_core() {
    for row in json("sighash/legacy_sighash.json") {
        let text = |index: usize| row[index].as_str().unwrap();
        // The hash type is printed with a sign.
        let hash_type = row[3].as_i64().unwrap() as i32 as u32;
        let input_index = row[2].as_u64().unwrap() as usize;
        let got = legacy(&transaction(text(0)), input_index, &hex(text(1)), hash_type, &Software);
        assert_eq!(got, Some(reversed_hash(text(4))), "{row}");
    }
}

#[test]
fn an_input_that_does_not_exist_has_no_hash() {
    let transaction = transaction(NATIVE_P2WPKH);
    let outputs = [output(625_000_000, Vec::new()), output(600_000_000, Vec::new())];
    let spending = Spending::new(&transaction, &outputs).unwrap();
    assert_eq!(legacy(&transaction, 2, &[], 1, &Software), None);
    assert_eq!(segwit_v0(&spending, 2, &[], 1, &Software), None);
    assert_eq!(taproot(&spending, 2, TaprootPath::Key, None, 0, &Software), None);
    assert_eq!(
        taproot(&spending, 0, TaprootPath::Key, None, 4, &Software),
        None,
        "the hash type is not defined"
    );
}

/// The unsigned transaction of the example "Native P2WPKH" in BIP 143 (BSD-2-Clause).
const NATIVE_P2WPKH: &str = "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000\
    eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976\
    a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa8159\
    88ac11000000";

#[test]
fn the_hash_of_segwit_is_that_of_bip_143() {
    let transaction = transaction(NATIVE_P2WPKH);
    let outputs = [output(625_000_000, Vec::new()), output(600_000_000, Vec::new())];
    let spending = Spending::new(&transaction, &outputs).unwrap();
    let script_code = hex("76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac");
    let expected = hash("c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670");
    assert_eq!(segwit_v0(&spending, 1, &script_code, 1, &Software), Some(expected));
}

fn wallet_vectors() -> Value {
    let (bytes, _) = read("bitcoin-core/bip341_wallet_vectors.json");
    serde_json::from_slice(&bytes).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex(value.as_str().unwrap())
}

/// Returns the hash of a tree of leaves, and appends the hashes of the leaves in their order.
fn tree_hash(tree: &Value, leaves: &mut Vec<[u8; 32]>) -> [u8; 32] {
    if let Some([left, right]) = tree.as_array().map(Vec::as_slice) {
        let (left, right) = (tree_hash(left, leaves), tree_hash(right, leaves));
        return branch_hash(&left, &right, &Software);
    }
    let leaf = leaf_hash(tree["leafVersion"].as_u64().unwrap() as u8, &bytes(&tree["script"]), &Software);
    leaves.push(leaf);
    leaf
}

#[test]
fn outputs_of_bip_341_commit_to_their_leaves() {
    let vectors = wallet_vectors();
    for vector in vectors["scriptPubKey"].as_array().unwrap() {
        let internal_key: [u8; 32] = hash(vector["given"]["internalPubkey"].as_str().unwrap());
        let output_key = hash(vector["intermediary"]["tweakedPubkey"].as_str().unwrap());
        let tree = &vector["given"]["scriptTree"];
        let mut leaves = Vec::new();
        let root = (!tree.is_null()).then(|| tree_hash(tree, &mut leaves));
        assert_eq!(root, vector["intermediary"]["merkleRoot"].as_str().map(hash));
        let expected = hash(vector["intermediary"]["tweak"].as_str().unwrap());
        assert_eq!(tweak_hash(&internal_key, root.as_ref(), &Software), expected);
        let blocks = vector["expected"]["scriptPathControlBlocks"].as_array().cloned().unwrap_or_default();
        assert_eq!(blocks.len(), leaves.len());
        for (block, leaf) in blocks.iter().zip(&leaves) {
            let block = bytes(block);
            let block = ControlBlock::decode(&block).unwrap();
            assert_eq!(block.verify(&output_key, leaf, &Native), Ok(()));
            assert!(block.verify(&internal_key, leaf, &Native).is_err());
            assert!(block.verify(&output_key, &[1; 32], &Native).is_err());
        }
    }
}

#[test]
fn key_paths_of_bip_341_have_their_hashes_and_verify() {
    let vectors = wallet_vectors();
    for vector in vectors["keyPathSpending"].as_array().unwrap() {
        let unsigned = transaction(vector["given"]["rawUnsignedTx"].as_str().unwrap());
        let signed = transaction(vector["auxiliary"]["fullySignedTx"].as_str().unwrap());
        let spent = vector["given"]["utxosSpent"].as_array().unwrap().iter();
        let spent: Vec<_> =
            spent.map(|it| output(it["amountSats"].as_u64().unwrap(), bytes(&it["scriptPubKey"]))).collect();
        let spending = Spending::new(&unsigned, &spent).unwrap();
        for input in vector["inputSpending"].as_array().unwrap() {
            let input_index = input["given"]["txinIndex"].as_u64().unwrap() as usize;
            let hash_type = input["given"]["hashType"].as_u64().unwrap() as u8;
            let expected = hash(input["intermediary"]["sigHash"].as_str().unwrap());
            assert_eq!(
                taproot(&spending, input_index, TaprootPath::Key, None, hash_type, &Software),
                Some(expected)
            );
            let witness = bytes(&input["expected"]["witness"][0]);
            assert_eq!(signed.inputs[input_index].witness.get(0), Some(&witness[..]));
        }
        let spending = Spending::new(&signed, &spent).unwrap();
        for input_index in 0..signed.inputs.len() {
            assert_eq!(verify_input(&spending, input_index, Flags::all(), &Native), Ok(()));
        }
        // The policy has nothing against them either.
        let all = verify_input_with_policy(&spending, 0, Flags::all(), Policy::all(), &Native);
        assert_eq!(all, Ok(()));
    }
}
