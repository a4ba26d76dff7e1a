//! Tests with Ethereum's own trie tests, and with the witness of a block of its main net.

use std::{env, fs, io::Read, path::Path};

use flate2::read::GzDecoder;
use outrider_witness::{
    Hash, Keccak256, NoNodes, NodeBag, NodeSource, Record,
    mpt::{EMPTY_ROOT, Forest, SecureTrie, Trie, TrieError, witness},
};
use serde_json::Value;

use crate::model::{Map, full, naive_root};

type Pairs = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Returns the content of a file of the data set. Without it, prints that the test is skipped and returns `None`.
fn data(file: &str) -> Option<Vec<u8>> {
    let directory = env::var_os("OUTRIDER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), Into::into);
    let path = directory.join(file);
    let text = fs::read(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: no vectors at {}; set OUTRIDER_DATA to the directory", path.display());
    }
    text
}

/// Returns the cases of a file, by name.
fn cases(file: &str) -> Option<Vec<(String, Pairs, String)>> {
    let text = data(&format!("ethereum-tests/TrieTests/{file}"))?;
    let cases: Value = serde_json::from_slice(&text).unwrap();
    let cases = cases.as_object().unwrap().iter().map(|(name, case)| {
        let pairs = match &case["in"] {
            Value::Array(pairs) => {
                pairs.iter().map(|pair| (bytes(&pair[0]).unwrap(), bytes(&pair[1]))).collect()
            }
            Value::Object(pairs) => {
                pairs.iter().map(|(key, value)| (bytes(&key.clone().into()).unwrap(), bytes(value))).collect()
            }
            other => panic!("{name}: {other}"),
        };
        (name.clone(), pairs, case["root"].as_str().unwrap().trim_start_matches("0x").to_owned())
    });
    Some(cases.collect())
}

/// Decodes hex after `0x`; other text stays as it is.
fn bytes(text: &Value) -> Option<Vec<u8>> {
    let text = text.as_str()?;
    let Some(hex) = text.strip_prefix("0x") else { return Some(text.as_bytes().to_vec()) };
    let digits: Vec<u8> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn empty() -> Trie<Keccak256, NoNodes> {
    Trie::empty()
}

#[test]
fn trietest_in_the_given_order() {
    let Some(cases) = cases("trietest.json") else { return };
    assert_eq!(cases.len(), 5);
    for (name, pairs, root) in cases {
        let mut trie = empty();
        let mut map = Map::new();
        for (key, value) in &pairs {
            match value {
                Some(value) => {
                    trie.insert(key, value).unwrap();
                    map.insert(key.clone(), value.clone());
                }
                None => assert_eq!(trie.remove(key).unwrap(), map.remove(key).is_some()),
            }
            assert_eq!(trie.root(), naive_root(&map), "{name}");
        }
        assert_eq!(trie.root().to_string(), root, "{name}");
    }
}

#[test]
fn trieanyorder_in_many_orders() {
    let Some(cases) = cases("trieanyorder.json") else { return };
    assert_eq!(cases.len(), 7);
    for (name, mut pairs, root) in cases {
        for rotation in 0..pairs.len() {
            for _ in 0..2 {
                pairs.reverse();
                let mut trie = empty();
                pairs.iter().for_each(|(key, value)| trie.insert(key, value.as_ref().unwrap()).unwrap());
                assert_eq!(trie.root().to_string(), root, "{name}, rotation {rotation}");
            }
            pairs.rotate_left(1);
        }
    }
}

#[test]
fn hex_encoded_securetrie_test() {
    let Some(cases) = cases("hex_encoded_securetrie_test.json") else { return };
    assert_eq!(cases.len(), 3);
    for (name, pairs, root) in cases {
        let mut trie = SecureTrie::new(empty());
        for (key, value) in &pairs {
            trie.insert(key, value.as_ref().unwrap()).unwrap();
        }
        assert_eq!(trie.inner().root().to_string(), root, "{name}");
        for (key, value) in &pairs {
            assert_eq!(trie.get(key).unwrap(), value.as_deref(), "{name}");
            assert!(trie.remove(key).unwrap(), "{name}");
        }
        assert_eq!(trie.inner().root(), EMPTY_ROOT, "{name}");
    }
}

#[test]
fn the_naive_model_passes_the_vectors_too() {
    let Some(cases) = cases("trieanyorder.json") else { return };
    for (name, pairs, root) in cases {
        let map: Map = pairs.into_iter().map(|(key, value)| (key, value.unwrap())).collect();
        assert_eq!(naive_root(&map).to_string(), root, "{name}");
        assert_eq!(full(&map).root().to_string(), root, "{name}");
    }
}

/// Reads the covered part of the state with this root, including storages, and returns the roots that it visited.
fn read_all<S: NodeSource>(forest: &mut Forest<Keccak256, S>, state_root: &Hash) -> Vec<Hash> {
    let covered = |entry: Result<(Vec<u8>, Vec<u8>), TrieError>| match entry {
        Ok(entry) => Some(entry),
        Err(TrieError::NotCovered { .. }) => None,
        Err(error) => panic!("{error}"),
    };
    let accounts = forest.open(state_root);
    let accounts: Vec<_> = forest.iter(accounts).filter_map(covered).collect();
    let mut roots = vec![*state_root];
    for (_, account) in accounts {
        // An account ends with the root of its storage and the hash of its code, each after one byte.
        let storage_root = Hash(account[account.len() - 65..][..32].try_into().unwrap());
        let storage = forest.open(&storage_root);
        assert_eq!(forest.root(storage), storage_root);
        let _ = forest.iter(storage).filter_map(covered).count();
        roots.push(storage_root);
    }
    roots
}

/// By its authors, the witness has 864 nodes and 20 codes, all of them needed. One of the nodes is that of the empty
/// trie, which carries no information.
#[test]
fn the_witness_of_a_mainnet_block_is_encoded_completely() {
    let Some(packed) = data("ethereum-mainnet/witness/mainnet-23587691-sbv.json.gz") else { return };
    let mut text = String::new();
    GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    let block: Value = serde_json::from_str(&text).unwrap();
    let list = |name: &str| {
        block[name].as_array().unwrap().iter().map(|item| bytes(item).unwrap()).collect::<Vec<_>>()
    };
    let record = Record {
        nodes: NodeBag::of_preimages::<Keccak256>(list("states").into_iter().filter(|node| *node != [0x80])),
        blobs: NodeBag::of_preimages::<Keccak256>(list("codes")),
    };
    let state_root: Hash = block["prev_state_root"].as_str().unwrap().parse().unwrap();
    let roots = read_all(&mut Forest::new(&record.nodes), &state_root);

    let encoded = witness::encode(roots, &record).unwrap();
    let mut decoded = witness::decode::<Keccak256>(&encoded).unwrap();
    read_all(&mut decoded, &state_root);
    record.blobs.iter().for_each(|(hash, code)| assert_eq!(decoded.blob(hash).unwrap(), code));
    assert_eq!(decoded.check_all_used(), Ok(()));
    let (_, revealed) = decoded.revealed();
    assert_eq!((revealed.nodes.len(), revealed.blobs.len()), (863, 20));
    assert_eq!(revealed, record);
    let sum = |bag: &NodeBag| bag.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    let (nodes, codes) = (sum(&record.nodes), sum(&record.blobs));
    eprintln!("nodes of {nodes} bytes and codes of {codes} take {} as a witness", encoded.len());
    assert!(encoded.len() - codes + 863 * 25 < nodes, "nearly every node saves its parent a hash");
}
