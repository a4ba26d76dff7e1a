//! Tests that a witness is valid for its root or refused, and that each execution has exactly one.

use std::collections::BTreeMap;

use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, NodeBag, Recorder, Sha256,
    outline::{BytesByKind, Content, Part},
    reader::{ReadError, Reader},
    smt::{DecodeError, EMPTY_ROOT, Key, Tree, VALUE_BYTES_MAX, witness},
};
use proptest::prelude::*;

use crate::model::{Answer, Map, Operation, full_tree, key, map, naive_root, operations};

/// Runs operations on the full state, and returns their answers, the witness, and the root afterwards.
fn record(root: &Hash, nodes: &NodeBag, operations: &[Operation]) -> (Vec<Answer>, Vec<u8>, Hash) {
    let mut tree = Tree::<Keccak256, _>::open(root, Recorder::new(nodes));
    let answers = operations.iter().map(|operation| operation.on_tree(&mut tree).unwrap()).collect();
    let post_root = tree.root();
    (answers, tree.into_witness().unwrap(), post_root)
}

fn decode(bytes: &[u8]) -> Result<Tree<Keccak256, NoNodes>, DecodeError> {
    witness::decode(bytes)
}

/// Encodes the revealed nodes of a witness again.
fn encode_again(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut tree = decode(bytes)?;
    let mut bag = NodeBag::default();
    let root = tree.put_revealed(&mut bag);
    Ok(witness::encode::<Keccak256>(&root, &bag).unwrap())
}

proptest! {
    #[test]
    fn the_stateless_run_answers_like_the_recorded_one(map in map(), operations in operations()) {
        let (root, nodes) = full_tree(&map);
        let (expected, witness, post_root) = record(&root, &nodes, &operations);
        let mut stateless = Tree::<Keccak256, _>::from_witness(&witness, &root).unwrap();
        for (operation, expected) in operations.iter().zip(expected) {
            prop_assert_eq!(operation.on_tree(&mut stateless).unwrap(), expected);
        }
        prop_assert_eq!(stateless.root(), post_root);
        let mut model = map;
        operations.iter().for_each(|operation| drop(operation.on_map(&mut model)));
        prop_assert_eq!(post_root, naive_root(&model));
        prop_assert_eq!(stateless.check_all_used(), Ok(()));
    }

    #[test]
    fn a_witness_that_reveals_unused_nodes_is_refused(map in map(), operations in operations(), extra in key()) {
        let (root, nodes) = full_tree(&map);
        let (_, witness, _) = record(&root, &nodes, &operations);
        let with_extra = [&operations[..], &[Operation::Get(extra)]].concat();
        let (_, larger, _) = record(&root, &nodes, &with_extra);
        let mut stateless = Tree::<Keccak256, _>::from_witness(&larger, &root).unwrap();
        for operation in &operations {
            operation.on_tree(&mut stateless).unwrap();
        }
        prop_assert_eq!(stateless.check_all_used().is_err(), larger != witness);
    }

    #[test]
    fn encoding_a_decoded_witness_gives_the_same_bytes(map in map(), operations in operations()) {
        let (root, nodes) = full_tree(&map);
        let (_, witness, _) = record(&root, &nodes, &operations);
        prop_assert_eq!(encode_again(&witness).unwrap(), witness);
    }

    #[test]
    fn an_outline_has_the_leaves_and_hashes_and_all_bytes(map in map(), operations in operations()) {
        let (root, nodes) = full_tree(&map);
        let (_, witness, _) = record(&root, &nodes, &operations);
        let outline = witness::outline::<Keccak256>(&witness).unwrap();
        let [trie] = &outline.tries[..] else { panic!("{outline:?}") };
        prop_assert_eq!(trie.root, root);
        let (mut way, mut n_hashes, mut value_bytes) = (Vec::new(), 0, 0);
        for Part { depth, step, content } in &trie.parts {
            way.truncate(depth - usize::from(step.is_some()));
            way.extend(step);
            match content {
                Content::Leaf { rest, value } => {
                    let bits = [&way[..], rest].concat();
                    let bytes = bits.chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit));
                    let key = Key(bytes.collect::<Vec<u8>>().try_into().unwrap());
                    prop_assert_eq!(map.get(&key), Some(value));
                    value_bytes += value.len();
                }
                Content::Hash(_) => n_hashes += 1,
                Content::Branch { value } => prop_assert!(value.is_empty()),
                Content::Extension { .. } | Content::Repeated => panic!("{content:?} in a sparse tree"),
            }
        }
        let BytesByKind { structure, hashes, keys, values, blobs } = outline.bytes;
        prop_assert_eq!((hashes, values, blobs), (32 * n_hashes, value_bytes, 0));
        prop_assert_eq!(structure + hashes + keys + values, witness.len());
    }

    #[test]
    fn witnesses_of_one_root_can_be_merged(map in map(), one in operations(), other in operations()) {
        let (root, nodes) = full_tree(&map);
        let mut bag = NodeBag::default();
        for operations in [&one, &other] {
            // Each runs from the same root, like the packages of two users.
            let (_, witness, _) = record(&root, &nodes, operations);
            decode(&witness).unwrap().put_revealed(&mut bag);
        }
        let united = witness::encode::<Keccak256>(&root, &bag).unwrap();
        for operations in [&one, &other] {
            let mut stateless = Tree::<Keccak256, _>::from_witness(&united, &root).unwrap();
            let mut model = map.clone();
            for operation in operations {
                prop_assert_eq!(operation.on_tree(&mut stateless).unwrap(), operation.on_map(&mut model));
            }
        }
    }

    #[test]
    fn bytes_are_refused_or_the_only_encoding_of_their_content(
        mut bytes in prop::collection::vec(any::<u8>(), 0..600),
        lengths in prop::option::of(0..4u8),
    ) {
        // Frequent short lengths make witnesses of several leaves likely.
        if let Some(length) = lengths {
            bytes.iter_mut().skip(2).step_by(3).for_each(|byte| *byte = length);
        }
        let mut reader = Reader::new(&bytes);
        if witness::read::<Keccak256>(&mut reader).is_ok() {
            let taken = &bytes[..reader.offset()];
            prop_assert_eq!(encode_again(taken).unwrap(), taken);
        }
    }

    #[test]
    fn a_changed_witness_is_refused_or_the_only_encoding_of_its_content(
        map in map(), operations in operations(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (root, nodes) = full_tree(&map);
        let (_, mut witness, _) = record(&root, &nodes, &operations);
        for (index, byte) in changes {
            let index = index.index(witness.len());
            witness[index] = byte;
        }
        if let Ok(again) = encode_again(&witness) {
            prop_assert_eq!(again, witness);
        }
    }
}

/// Returns some keys with values of different lengths, two of which share twenty bits, and operations.
fn example() -> (Map, Vec<Operation>) {
    let key = |n: u8| Key(Keccak256::hash(&[n]).0);
    let mut map: Map = (0..24).map(|n| (key(n), vec![n; 12 * usize::from(n)])).collect();
    let mut close = key(3);
    close.0[2] ^= 8;
    map.insert(close, b"close".to_vec());
    let operations = [
        Operation::Get(key(22)),
        Operation::Get(key(100)),
        Operation::Get(close),
        Operation::Remove(key(5)),
        Operation::Insert(key(101), b"new".to_vec()),
        Operation::Insert(key(7), b"changed".to_vec()),
    ];
    (map, operations.into())
}

#[test]
fn changing_removing_or_adding_a_byte_of_a_witness_is_an_error() {
    let (map, operations) = example();
    let (root, nodes) = full_tree(&map);
    let (_, witness, _) = record(&root, &nodes, &operations);
    let check = |bytes: &[u8], what: &str, index: usize| {
        assert!(Tree::<Keccak256, _>::from_witness(bytes, &root).is_err(), "byte {index} {what}");
    };
    for index in 0..witness.len() {
        let mut changed = witness.clone();
        for bit in 0..8 {
            changed[index] = witness[index] ^ 1 << bit;
            check(&changed, "changed", index);
        }
        changed[index] = !witness[index];
        check(&changed, "inverted", index);
        changed.remove(index);
        check(&changed, "removed", index);
        check(&witness[..index], "and the rest removed", index);
        let mut longer = witness.clone();
        longer.insert(index, 0);
        check(&longer, "added", index);
    }
    check(&[&witness[..], &[0]].concat(), "added", witness.len());
}

#[test]
fn a_witness_of_another_root_is_refused() {
    let (map, operations) = example();
    let (root, nodes) = full_tree(&map);
    let (_, witness, post_root) = record(&root, &nodes, &operations);
    let got = Tree::<Keccak256, _>::from_witness(&witness, &post_root).map(|_| ());
    assert_eq!(got, Err(DecodeError::Root { expected: post_root, got: root }));
    let got = Tree::<Sha256, _>::from_witness(&witness, &root).map(|_| ());
    assert!(matches!(got, Err(DecodeError::Root { expected, .. }) if expected == root));
}

/// Returns a key that begins with these bits.
fn key_at(bits: &str) -> Key {
    let mut key = [0x77; 32];
    for (index, bit) in bits.bytes().enumerate() {
        let mask = 0x80 >> (index % 8);
        key[index / 8] = key[index / 8] & !mask | if bit == b'1' { mask } else { 0 };
    }
    Key(key)
}

fn tree_of(keys: &[&str]) -> (Hash, NodeBag) {
    full_tree(&keys.iter().map(|bits| (key_at(bits), bits.as_bytes().to_vec())).collect())
}

#[track_caller]
fn check_structure(keys: &[&str], read: &[&str], structure: &[u8], hashes_and_leaves: (usize, usize)) {
    let (root, nodes) = tree_of(keys);
    let reads: Vec<_> = read.iter().map(|bits| Operation::Get(key_at(bits))).collect();
    let (_, witness, _) = record(&root, &nodes, &reads);
    assert_eq!(&witness[..structure.len()], structure);
    // No path here reaches depth 8, so all keys are complete; values are as long as their paths.
    let (n_hashes, leaf_bytes) = hashes_and_leaves;
    assert_eq!(witness.len(), structure.len() + 32 * n_hashes + leaf_bytes);
}

#[test]
fn the_structure_is_as_described() {
    check_structure(&[], &["0"], &[0b00_000000], (0, 0));
    check_structure(&["0", "1"], &[], &[0b01_000000], (1, 0));
    check_structure(&["0"], &["1"], &[0b10_000000], (0, 34));
    check_structure(&["0", "1"], &["1"], &[0b11_111000], (1, 34));
    check_structure(&["0", "1"], &["0"], &[0b11_111001], (1, 34));
    check_structure(&["0", "1"], &["1", "0"], &[0b11_111110], (0, 68));
    // Two keys are to the left of the root and one to its right.
    check_structure(&["00", "01", "1"], &["00"], &[0b11_1101_11, 0b1001_0000], (2, 35));
    check_structure(&["00", "01", "1"], &["1"], &[0b11_111010], (1, 34));
    check_structure(&["00", "01", "1"], &["1", "01"], &[0b11_111111, 0b1_111000_0], (1, 34 + 35));
    // One key is to the left of the root and two to its right.
    check_structure(&["0", "10", "11"], &["10"], &[0b11_1100_11, 0b1001_0000], (2, 35));
    check_structure(&["0", "10", "11"], &["0"], &[0b11_111011], (1, 34));
    check_structure(&["0", "10", "11"], &["0", "11"], &[0b11_111111, 0b0_111000_0], (1, 34 + 35));
    // Both keys are on one side, and the other is empty.
    check_structure(&["00", "01"], &["1"], &[0b11_111101], (1, 0));
    check_structure(&["00", "01"], &["00"], &[0b11_1011_11, 0b1001_0000], (1, 35));
    check_structure(&["10", "11"], &["0"], &[0b11_111100], (1, 0));
    check_structure(&["10", "11"], &["10"], &[0b11_1010_11, 0b1001_0000], (1, 35));
    // Two pairs; reads visit one, the other, and both.
    check_structure(&["00", "01", "10", "11"], &["10"], &[0b11_00_1110, 0b01_000000], (2, 35));
    check_structure(&["00", "01", "10", "11"], &["00"], &[0b11_01_1110, 0b01_000000], (2, 35));
    check_structure(
        &["00", "01", "10", "11"],
        &["10", "00"],
        &[0b11_100_111, 0b001_11100, 0b1_0000000],
        (2, 70),
    );
}

#[test]
fn the_key_of_a_leaf_omits_the_bytes_of_its_place() {
    let (mut low, mut high) = (Key([0xab; 32]), Key([0xab; 32]));
    for (last_bytes, expected) in [(1, 31), (2, 30), (32, 0)] {
        low.0[32 - last_bytes] = 0x00;
        high.0[32 - last_bytes] = 0x80;
        let map = Map::from([(low, vec![]), (high, vec![])]);
        let (root, nodes) = full_tree(&map);
        let (_, witness, _) = record(&root, &nodes, &[Operation::Get(low), Operation::Get(high)]);
        let n_branches = (32 - last_bytes) * 8 + 1;
        // Two bits for the root, four for each branch with one child, six for the last.
        let structure_bytes = (2 + 4 * (n_branches - 1) + 6).div_ceil(8);
        assert_eq!(expected, n_branches / 8);
        assert_eq!(witness.len(), structure_bytes + 2 * (32 - expected + 1), "{last_bytes}");
        (low, high) = (Key([0xab; 32]), Key([0xab; 32]));
    }
}

#[track_caller]
fn check_refused(bytes: &[u8], expected: &DecodeError) {
    assert_eq!(decode(bytes).map(|_| ()).unwrap_err(), *expected);
}

#[test]
fn invalid_bytes_are_refused_with_their_offset() {
    let leaf = |first: u8| [&[first], &[0; 31][..], &[0]].concat();
    let ends = |offset, expected, got| DecodeError::Read(ReadError::UnexpectedEnd { offset, expected, got });
    check_refused(&[], &DecodeError::Structure { offset: 0 });
    check_refused(&[0b11_000000], &DecodeError::Structure { offset: 0 });
    check_refused(&[0b00_000001], &DecodeError::Structure { offset: 0 });
    check_refused(&[0b11_100100], &DecodeError::Structure { offset: 0 });
    check_refused(&[0, 0], &DecodeError::Read(ReadError::TrailingBytes { offset: 1, n: 1 }));
    check_refused(&[0b01_000000, 1, 2], &ends(1, 32, 2));
    check_refused(&[&[0b01_000000], &[0; 32][..]].concat(), &DecodeError::ZeroHash { offset: 1 });
    check_refused(&[&[0b10_000000], &[0; 32][..]].concat(), &ends(33, 1, 0));
    check_refused(
        &[&[0b10_000000], &[0; 32][..], &[0x80, 0]].concat(),
        &ReadError::Varint { offset: 33 }.into(),
    );
    let long = u16::try_from(VALUE_BYTES_MAX + 1).unwrap();
    let length = [(long & 0x7f) as u8 | 0x80, (long >> 7) as u8];
    let too_long = [&[0b10_000000], &[0; 32][..], &length, &[0; VALUE_BYTES_MAX + 1]].concat();
    check_refused(&too_long, &DecodeError::ValueTooLong { offset: 35, got: VALUE_BYTES_MAX + 1 });
    // Two leaves; the key of the left one begins with 1.
    let swapped = [vec![0b11_111110], leaf(0x80), leaf(0x80)].concat();
    let got = decode(&swapped).map(|_| ()).unwrap_err();
    assert!(matches!(got, DecodeError::OffPath { offset: 1, ref path } if path.0 == [0]), "{got}");
}

#[test]
fn only_a_structure_deeper_than_keys_is_refused() {
    // A chain of branches without right children that ends with a branch of two leaves.
    let chain = |n_branches: usize| {
        let mut codes = vec![0b11];
        codes.extend([0b10, 0b11].repeat(n_branches));
        codes.extend([0b11, 0b11, 0b10]);
        let structure = codes.chunks(4).map(|four| {
            four.iter().enumerate().fold(0u8, |byte, (index, bits)| byte | bits << (6 - 2 * index))
        });
        structure.collect::<Vec<u8>>()
    };
    // No byte of the keys is left for the leaves, and the values are empty.
    let got = decode(&[chain(256), vec![0, 0]].concat()).map(|_| ()).unwrap_err();
    assert!(matches!(got, DecodeError::TooDeep { ref path } if path.0 == [0; 256]), "{got}");
    let mut deepest = decode(&[chain(255), vec![0, 0]].concat()).unwrap();
    let mut last = [0; 32];
    last[31] = 1;
    let expected = BTreeMap::from([(Key([0; 32]), vec![]), (Key(last), vec![])]);
    assert_eq!(deepest.root(), naive_root(&expected));
    assert_eq!(deepest.iter().collect::<Result<Map, _>>().unwrap(), expected);
}

#[test]
fn the_witness_of_no_operation_is_the_root() {
    let (root, nodes) = tree_of(&["0", "1"]);
    let (_, witness, post_root) = record(&root, &nodes, &[]);
    assert_eq!(witness, [&[0b01_000000], &root.0[..]].concat());
    assert_eq!(post_root, root);
    let (_, witness, _) = record(&EMPTY_ROOT, &NodeBag::default(), &[]);
    assert_eq!(witness, [0]);
}

#[test]
fn witnesses_can_follow_one_another() {
    let (map, operations) = example();
    let (root, nodes) = full_tree(&map);
    let (_, one, _) = record(&root, &nodes, &operations);
    let (_, other, _) = record(&root, &nodes, &[]);
    let both = [&one[..], &other, b"rest"].concat();
    let mut reader = Reader::new(&both);
    for _ in 0..2 {
        assert_eq!(witness::read::<Keccak256>(&mut reader).unwrap().root(), root);
    }
    assert_eq!(reader.take(4), Ok(&b"rest"[..]));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn nodes_of_other_trees_do_not_change_the_witness() {
    let (map, operations) = example();
    let (root, nodes) = full_tree(&map);
    let (_, expected, _) = record(&root, &nodes, &operations);
    let mut bag = NodeBag::default();
    decode(&expected).unwrap().put_revealed(&mut bag);
    bag.insert(Keccak256::hash(b"other"), b"other".to_vec());
    assert_eq!(witness::encode::<Keccak256>(&root, &bag).unwrap(), expected);
}
