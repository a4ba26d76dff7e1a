//! Tests with Ethereum's own trie tests, and with the witness of a block of its main net.

use outrider_witness::{
    Hash, Hasher as _, Keccak256, NoNodes, NodeBag, NodeSource, Record, Recorder,
    mpt::{EMPTY_ROOT, Forest, SecureTrie, Trie, TrieError, witness},
};
use serde_json::Value;

use crate::model::{Map, full, naive_root};

type Pairs = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// The cases of a file by name.
fn cases(file: &str) -> Vec<(String, Pairs, String)> {
    let text = outrider_published::file(&format!("ethereum-tests/TrieTests/{file}")).unwrap();
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
    cases.collect()
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
    let cases = cases("trietest.json");
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
    let cases = cases("trieanyorder.json");
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
    let cases = cases("hex_encoded_securetrie_test.json");
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
    let cases = cases("trieanyorder.json");
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
    let path = "ethereum-mainnet/witness/mainnet-23587691-sbv.json.gz";
    let Some(text) = outrider_published::file(path) else { return };
    let block: Value = serde_json::from_slice(&text).unwrap();
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

/// Block 46,147 sends ether from one account to another. Its dump has the accounts before and after, and nodes of the tries; what the
/// accounts are was computed by another client.
#[test]
fn the_accounts_of_a_mainnet_block_are_proved_by_its_nodes() {
    let path = "ethereum-mainnet/blocks-with-trie-nodes/block46147.json";
    let dump: Value = serde_json::from_slice(&outrider_published::file(path).unwrap()).unwrap();
    let nodes = dump["state"].as_object().unwrap().values();
    let nodes =
        nodes.map(|node| bytes(&format!("0x{}", node.as_str().unwrap().to_lowercase()).into()).unwrap());
    let nodes = NodeBag::of_preimages::<Keccak256>(nodes);
    // By the header of the parent: <https://etherscan.io/block/46146>.
    let state_root: Hash =
        "691fc4f4d21d10787902e8f3266711f1d640e75fedbeb406dc0b8d3096128436".parse().unwrap();

    let recorder = Recorder::new(&nodes);
    let mut trie = Trie::<Keccak256, _>::open(&state_root, &recorder);
    let mut expected = Vec::new();
    for account in dump["stateDump"]["before"].as_array().unwrap() {
        let key = Keccak256::hash(&bytes(&account["address"]).unwrap());
        let value = account_rlp(account);
        assert_eq!(trie.get(&key.0).unwrap(), value.as_deref(), "{}", account["address"]);
        expected.push((key, value));
    }
    assert_eq!(expected.len(), 3);
    assert!(expected.iter().any(|(_, value)| value.is_none()), "the recipient is new");

    let record = recorder.into_record();
    assert!(record.nodes.len() < nodes.len());
    let mut decoded = witness::decode::<Keccak256>(&witness::encode([state_root], &record).unwrap()).unwrap();
    let trie = decoded.open(&state_root);
    for (key, value) in expected {
        assert_eq!(decoded.get(trie, &key.0).unwrap(), value.as_deref());
    }
    assert_eq!(decoded.check_all_used(), Ok(()));
}

/// An account as the trie has it; none if it is empty, as Frontier's clients dump what is not there.
fn account_rlp(account: &Value) -> Option<Vec<u8>> {
    let number = |field: &str| {
        let digits = account[field].as_str().unwrap().trim_start_matches("0x");
        u128::from_str_radix(digits, 16).unwrap()
    };
    let hash = |field: &str| <[u8; 32]>::try_from(bytes(&account[field]).unwrap()).unwrap();
    if (number("nonce"), number("balance")) == (0, 0) {
        return None;
    }
    let mut fields = Vec::new();
    alloy_rlp::Encodable::encode(&number("nonce"), &mut fields);
    alloy_rlp::Encodable::encode(&number("balance"), &mut fields);
    alloy_rlp::Encodable::encode(&hash("storageRoot"), &mut fields);
    alloy_rlp::Encodable::encode(&hash("codeHash"), &mut fields);
    let mut rlp = Vec::new();
    alloy_rlp::Header { list: true, payload_length: fields.len() }.encode(&mut rlp);
    rlp.extend(fields);
    Some(rlp)
}
