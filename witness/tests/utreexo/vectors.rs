//! Published vectors: rustreexo's test cases, and the accumulators of signet's first blocks.

use outrider_witness::{
    Hash, Hasher, Sha256,
    utreexo::{Accumulator, HeaderCode, LeafData, Numbering, Proof},
};
use serde_json::Value;

const SIGNET: &str = include_str!("data/signet.txt");

/// Reads a list of numbers, of which each stands for the SHA-256 of one byte.
fn leaves(value: &Value) -> Vec<Hash> {
    let leaf = |n: &Value| Sha256::hash(&[u8::try_from(n.as_u64().unwrap()).unwrap()]);
    value.as_array().unwrap().iter().map(leaf).collect()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect()
}

/// Reads roots, among which zeros stand for an empty tree.
fn roots(value: &Value) -> Vec<Option<Hash>> {
    hashes(value).into_iter().map(|root| (root != Hash([0; 32])).then_some(root)).collect()
}

fn targets(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|target| target.as_u64().unwrap()).collect()
}

fn of_leaves(leaves: &[Hash]) -> Accumulator {
    let mut accumulator = Accumulator::default();
    leaves.iter().for_each(|leaf| assert!(accumulator.add(*leaf).is_ok()));
    accumulator
}

#[test]
fn rustreexos_test_cases_pass() {
    let Some(file) = outrider_published::file("bitcoin/utreexo/test_cases.json") else { return };
    let cases: Value = serde_json::from_slice(&file).unwrap();
    let of = |name: &str| cases[name].as_array().unwrap().clone();
    for case in of("insertion_tests") {
        let accumulator = of_leaves(&leaves(&case["leaf_preimages"]));
        assert_eq!(accumulator.roots(), roots(&case["expected_roots"]));
    }
    let mut n_refused = 0;
    for case in of("proof_tests") {
        let n_leaves = case["numleaves"].as_u64().unwrap();
        let accumulator = Accumulator::new(n_leaves, roots(&case["roots"])).unwrap();
        let proof = Proof { targets: targets(&case["targets"]), hashes: hashes(&case["proofhashes"]) };
        let leaves = leaves(&case["target_preimages"]);
        let witness = proof.to_witness(&accumulator, Numbering::Forest, &leaves);
        let verified = witness.is_ok_and(|it| accumulator.verify(&it.bytes, &it.leaves).is_ok());
        assert_eq!(verified, case["expected"].as_bool().unwrap(), "{case}");
        n_refused += usize::from(!verified);
    }
    for case in of("deletion_tests") {
        let mut accumulator = of_leaves(&leaves(&case["leaf_preimages"]));
        let targets = targets(&case["target_values"]);
        let all = leaves(&case["leaf_preimages"]);
        let deleted: Vec<Hash> = targets.iter().map(|target| all[*target as usize]).collect();
        let proof = Proof { targets, hashes: case.get("proofhashes").map(hashes).unwrap_or_default() };
        let witness = proof.to_witness(&accumulator, Numbering::Forest, &deleted).unwrap();
        accumulator.delete(&witness.bytes, &witness.leaves).unwrap();
        assert_eq!(accumulator.roots(), roots(&case["expected_roots"]), "{case}");
    }
    let counts = ["insertion_tests", "proof_tests", "deletion_tests"].map(|name| of(name).len());
    assert_eq!((counts, n_refused), ([4, 13, 14], 1));
}

#[test]
fn signets_first_blocks_have_the_accumulators_of_utreexod() {
    let mut accumulator = Accumulator::default();
    // The last root after each number of leaves.
    let mut last_roots = vec![None];
    for (line, height) in SIGNET.lines().filter(|line| !line.starts_with('#')).zip(1..) {
        let [block_hash, txid, script, root] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let digest = |hex: &str| {
            let mut bytes = hex.parse::<Hash>().unwrap().0;
            bytes.reverse();
            bytes
        };
        let byte = |at: usize| u8::from_str_radix(&script[at..at + 2], 16).unwrap();
        let leaf = LeafData {
            block_hash: digest(block_hash),
            txid: digest(txid),
            vout: 0,
            header_code: HeaderCode::new(height, true).unwrap(),
            amount: 50 * 100_000_000,
            script: &(0..script.len()).step_by(2).map(byte).collect::<Vec<_>>(),
        };
        accumulator.add(leaf.hash()).unwrap();
        last_roots.push(Some(root.parse().unwrap()));
        // A tree was made when its last leaf was added: the bits of the number of leaves from the highest down to it.
        let bits = (0..7).rev().filter(|bit| height >> bit & 1 == 1);
        let expected: Vec<Option<Hash>> =
            bits.map(|bit| last_roots[(height >> bit << bit) as usize]).collect();
        assert_eq!(accumulator.roots(), expected, "block {height}");
    }
    assert_eq!(accumulator.n_leaves(), 120);
}
