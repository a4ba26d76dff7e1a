//! Tests of witnesses: from a recorded execution to a stateless one.

use outrider_witness::{
    Hash, Keccak256, NodeBag, Recorder,
    mpt::{Trie, TrieError, witness},
    outline::{BytesByKind, Content, Part},
};
use proptest::prelude::*;

use crate::model::{Answers, Map, Operation, full, key, map, naive_root, operations, run, run_on_map};

/// A state before a block, the block, and its results.
struct Block {
    pre_root: Hash,
    operations: Vec<Operation>,
    answers: Answers,
    post_root: Hash,
    witness: Vec<u8>,
}

impl Block {
    /// Runs a block as a state provider does.
    fn provide(before: &Map, operations: Vec<Operation>) -> Self {
        let mut nodes = NodeBag::default();
        let pre_root = full(before).commit(&mut nodes);
        let mut trie = Trie::<Keccak256, _>::open(&pre_root, Recorder::new(&nodes));
        let answers = run(&mut trie, &operations).unwrap();
        let post_root = trie.root();
        let witness = trie.into_forest().into_witness().unwrap();
        Self { pre_root, operations, answers, post_root, witness }
    }

    /// Runs the block over a witness as a stateless executor does.
    fn execute(&self, witness: &[u8]) -> Result<(Answers, Hash), Box<dyn std::error::Error>> {
        let mut trie = Trie::<Keccak256, _>::from_witness(witness, &self.pre_root)?;
        let answers = run(&mut trie, &self.operations)?;
        let post_root = trie.root();
        trie.check_all_used()?;
        Ok((answers, post_root))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_partial_trie_answers_like_the_full_one(before in map(key(), 60), operations in operations(30)) {
        let block = Block::provide(&before, operations);
        let mut after = before.clone();
        let answers = run_on_map(&mut after, &block.operations);
        prop_assert_eq!(block.post_root, naive_root(&after));
        prop_assert_eq!(&block.answers, &answers);
        prop_assert_eq!(block.execute(&block.witness).unwrap(), (answers, naive_root(&after)));
    }

    #[test]
    fn encoding_a_decoded_witness_gives_the_same_bytes(before in map(key(), 60), operations in operations(30)) {
        let block = Block::provide(&before, operations);
        let (roots, record) = witness::decode::<Keccak256>(&block.witness).unwrap().revealed();
        prop_assert_eq!(witness::encode(roots, &record).unwrap(), block.witness);
    }

    #[test]
    fn an_outline_has_the_values_and_all_bytes(before in map(key(), 60), operations in operations(30)) {
        let block = Block::provide(&before, operations);
        let outline = witness::outline::<Keccak256>(&block.witness).unwrap();
        let mut value_bytes = 0;
        for trie in &outline.tries {
            prop_assert_eq!(trie.root, block.pre_root);
            let mut way = Vec::new();
            for Part { depth, step, content } in &trie.parts {
                way.truncate(depth - usize::from(step.is_some()));
                way.extend(step);
                prop_assert_eq!(way.len(), *depth);
                let (rest, value) = match content {
                    Content::Extension { path } => {
                        way.extend(path);
                        continue;
                    }
                    Content::Branch { value } => (&[][..], value),
                    Content::Leaf { rest, value } => (&rest[..], value),
                    Content::Hash(_) | Content::Repeated => continue,
                };
                if !value.is_empty() {
                    let nibbles = [&way[..], rest].concat();
                    let key: Vec<_> = nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
                    prop_assert_eq!(before.get(&key), Some(value));
                    value_bytes += value.len();
                }
            }
        }
        let BytesByKind { structure, hashes, keys, values, blobs } = outline.bytes;
        prop_assert_eq!(values, value_bytes);
        prop_assert_eq!(structure + hashes + keys + values + blobs, block.witness.len());
    }

    #[test]
    fn an_executors_commit_completes_the_state(before in map(key(), 60), operations in operations(30)) {
        let block = Block::provide(&before, operations);
        let mut nodes = NodeBag::default();
        full(&before).commit(&mut nodes);
        let mut trie = Trie::<Keccak256, _>::from_witness(&block.witness, &block.pre_root).unwrap();
        run(&mut trie, &block.operations).unwrap();
        let post_root = trie.commit(&mut nodes);
        let mut after = before;
        run_on_map(&mut after, &block.operations);
        let mut opened = Trie::<Keccak256, _>::open(&post_root, &nodes);
        prop_assert_eq!(opened.iter().map(Result::unwrap).collect::<Map>(), after);
    }

    #[test]
    fn an_incomplete_witness_is_an_error_that_names_the_missing_node(
        before in map(key(), 60), operations in operations(10), choice: prop::sample::Index,
    ) {
        let block = Block::provide(&before, operations);
        let (roots, mut record) = witness::decode::<Keccak256>(&block.witness).unwrap().revealed();
        prop_assume!(!record.nodes.is_empty());
        let missing = *record.nodes.iter().nth(choice.index(record.nodes.len())).unwrap().0;
        let kept = record.nodes.iter().filter(|(hash, _)| **hash != missing);
        record.nodes = NodeBag::of_preimages::<Keccak256>(kept.map(|(_, bytes)| bytes.to_vec()));
        let witness = witness::encode(roots, &record).unwrap();
        let mut trie = Trie::<Keccak256, _>::from_witness(&witness, &block.pre_root).unwrap();
        match run(&mut trie, &block.operations) {
            Err(TrieError::NotCovered { hash, .. }) => prop_assert_eq!(hash, missing),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Removes, doubles and changes each byte of a witness in turn.
    #[test]
    fn every_changed_byte_is_an_error(before in map(key(), 30), operations in operations(12), other in 1u8..) {
        let block = Block::provide(&before, operations);
        for position in 0..block.witness.len() {
            let mut changed: Vec<Vec<u8>> = Vec::new();
            for other in [other, 1, 0x80, 0x0b] {
                let mut one = block.witness.clone();
                one[position] ^= other;
                changed.push(one);
            }
            let (head, tail) = block.witness.split_at(position);
            changed.push([head, &tail[1..]].concat());
            changed.push([head, &tail[..1], tail].concat());
            for witness in changed.iter().filter(|witness| **witness != block.witness) {
                prop_assert!(block.execute(witness).is_err(), "byte {position} of {:02x?}", block.witness);
                check_canonical(witness);
            }
        }
        for length in 0..block.witness.len() {
            prop_assert!(block.execute(&block.witness[..length]).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_decoded_witness_has_one_encoding(bytes in bytes_like_a_witness()) {
        check_canonical(&bytes);
    }
}

/// Generates bytes that are common in witnesses, so that many of them are valid.
fn bytes_like_a_witness() -> impl Strategy<Value = Vec<u8>> {
    let hash = prop_oneof![Just(vec![7u8; 32]), Just(vec![8u8; 32])];
    let leaf = (0u8..3).prop_map(|n| [&[0x0c, n, 33][..], &[n; 33]].concat());
    let small_leaf = (0u8..3, 0usize..3)
        .prop_map(|(n, form)| [&[0x08, 0, 1, n][..], &[0x0c, n, 1, n], &[0x1c, n, 1, n]][form].to_vec());
    let bits = prop_oneof![Just(0u16), Just(1), Just(3), Just(7), Just(0x8001), Just(u16::MAX)];
    let branch = (0u8..8, 0u8..3, bits.clone(), bits, 0usize..3).prop_map(
        |(tag, one, present, revealed, n_hashes)| {
            let mut bytes = vec![tag | one << 4];
            bytes.extend(present.to_le_bytes());
            bytes.extend(revealed.to_le_bytes());
            bytes.extend((0..n_hashes).flat_map(|_| [7; 32]));
            bytes
        },
    );
    let other = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        (0u8..4).prop_map(|number| vec![0x0b, number]),
        Just(vec![0x0a, 1, 5]),
        Just(vec![0x09, 2, 0x55]),
        Just(vec![0x00]),
        Just(vec![0x01]),
    ];
    let part = prop_oneof![hash, leaf, small_leaf, branch, other];
    let trie = prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat());
    (0u8..3, trie, any::<bool>()).prop_map(|(n_tries, trie, ends)| {
        let mut bytes = vec![n_tries];
        bytes.extend(trie);
        bytes.extend(ends.then_some(0));
        bytes
    })
}

#[track_caller]
fn check_canonical(bytes: &[u8]) {
    if let Ok(mut forest) = witness::decode::<Keccak256>(bytes) {
        let (roots, record) = forest.revealed();
        assert_eq!(witness::encode(roots, &record).as_deref(), Ok(bytes), "{bytes:02x?}");
    }
}

#[test]
fn a_removal_reveals_the_sibling_that_moves_up() {
    let before: Map = [(vec![0x11], vec![1; 40]), (vec![0x12], vec![2; 40])].into();
    let block = Block::provide(&before, vec![Operation::Remove(vec![0x11])]);
    let forest = witness::decode::<Keccak256>(&block.witness).unwrap();
    let n_nodes = {
        let mut forest = forest;
        forest.revealed().1.nodes.len()
    };
    assert_eq!(n_nodes, 4, "an extension, a branch, and both leaves");
    let mut trie = Trie::<Keccak256, _>::from_witness(&block.witness, &block.pre_root).unwrap();
    assert!(trie.remove(&[0x11]).unwrap());
    assert_eq!(trie.root(), full(&[(vec![0x12], vec![2; 40])].into()).root());
}

#[test]
fn an_execution_without_reads_has_an_empty_witness() {
    let before: Map = [(vec![0x11], vec![1; 40])].into();
    assert_eq!(Block::provide(&before, vec![]).witness, [0, 0]);
    assert_eq!(Block::provide(&Map::new(), vec![Operation::Get(vec![1])]).witness, [0, 0]);
}

#[test]
fn a_witness_of_another_root_covers_nothing() {
    let before: Map = [(vec![0x11], vec![1; 40])].into();
    let block = Block::provide(&before, vec![Operation::Get(vec![0x11])]);
    let other = full(&[(vec![0x11], vec![2; 40])].into()).root();
    let mut trie = Trie::<Keccak256, _>::from_witness(&block.witness, &other).unwrap();
    assert!(matches!(trie.get(&[0x11]), Err(TrieError::NotCovered { hash, .. }) if hash == other));
}
