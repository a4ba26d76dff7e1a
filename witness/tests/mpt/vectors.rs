//! Ethereum's own trie tests.

use std::{env, fs, path::Path};

use outrider_witness::{
    Keccak256, NoNodes,
    mpt::{EMPTY_ROOT, SecureTrie, Trie},
};
use serde_json::Value;

use crate::model::{Map, full, naive_root};

type Pairs = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// The cases of a file by name, or `None`, said aloud, when this machine does not have it.
fn cases(file: &str) -> Option<Vec<(String, Pairs, String)>> {
    let directory = env::var_os("OUTRIDER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), Into::into);
    let path = directory.join("ethereum-tests/TrieTests").join(file);
    let Ok(text) = fs::read(&path) else {
        eprintln!("SKIPPED: no vectors at {}; OUTRIDER_DATA names the directory", path.display());
        return None;
    };
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

/// Hex after `0x`, other text as it is.
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
fn the_naive_model_meets_the_vectors_too() {
    let Some(cases) = cases("trieanyorder.json") else { return };
    for (name, pairs, root) in cases {
        let map: Map = pairs.into_iter().map(|(key, value)| (key, value.unwrap())).collect();
        assert_eq!(naive_root(&map).to_string(), root, "{name}");
        assert_eq!(full(&map).root().to_string(), root, "{name}");
    }
}
