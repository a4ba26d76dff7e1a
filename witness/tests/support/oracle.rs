//! The properties that hold for any bytes; `fuzz/` searches for counterexamples.

#![allow(dead_code, reason = "each user needs only a part")]

#[path = "allocator.rs"]
mod allocator;
#[path = "operations.rs"]
mod operations;

use std::{collections::BTreeMap, error::Error};

use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, NodeBag, NodeSink,
    mpt::{self, Forest, TrieId},
    reader::Reader,
    smt::{self, Key, Tree, TreeError},
    utreexo::{Accumulator, LEAVES_MAX, Numbering, Pollard, Proof, WitnessError},
};

use self::operations::{Mpt, Smt};

/// The memory that a decoder may allocate for an empty witness, in bytes.
const MEMORY_BYTES_FIXED: usize = 2048;

/// The maximum number of entries to visit: with repeated nodes, a few bytes stand for any number.
const ENTRIES_MAX: usize = 200;

/// The maximum number of entries to remove.
const REMOVALS_MAX: usize = 8;

/// Checks that bytes are refused, or are the only encoding of a witness. Returns whether they are a witness.
///
/// The revealed nodes read the same from the decoded forest and from the nodes alone, and entries can be removed and
/// put back. After a full read, nothing is unused.
pub(crate) fn mpt_witness(bytes: &[u8]) -> bool {
    let decode = || mpt::witness::decode::<Keccak256>(bytes);
    let Some(mut forest) = decoded(decode, bytes, mpt::witness::MEMORY_FACTOR) else { return false };
    let (roots, record) = forest.revealed();
    assert_eq!(mpt::witness::encode(roots.iter().copied(), &record).as_deref(), Ok(bytes));
    let mut from_nodes = Forest::<Keccak256, _>::new(&record.nodes);
    let mut is_all_read = true;
    for root in &roots {
        let (one, other) = (forest.open(root), from_nodes.open(root));
        let entries = shown(forest.iter(one));
        assert_eq!(entries, shown(from_nodes.iter(other)));
        assert_eq!([forest.root(one), from_nodes.root(other)], [*root; 2]);
        is_all_read &= entries.len() < ENTRIES_MAX;
        for (key, value) in entries.iter().flatten().take(REMOVALS_MAX) {
            undo_mpt_removal(&mut forest, one, key, value);
        }
    }
    for (hash, blob) in record.blobs.iter() {
        assert_eq!(forest.blob(hash).expect("the blob is revealed"), blob);
    }
    assert!(!is_all_read || forest.check_all_used().is_ok());
    true
}

/// Removes a key and inserts it again: the root differs in between and is the same afterwards. If the node that moves
/// up is not covered, nothing changes.
fn undo_mpt_removal(forest: &mut Forest<Keccak256, NoNodes>, trie: TrieId, key: &[u8], value: &[u8]) {
    let root = forest.root(trie);
    if let Ok(was_there) = forest.remove(trie, key) {
        assert!(was_there);
        assert_ne!(forest.root(trie), root);
        assert_eq!(forest.get(trie, key).expect("the path is covered"), None);
        forest.insert(trie, key, value).expect("the path is covered");
    }
    assert_eq!(forest.root(trie), root);
    assert_eq!(forest.get(trie, key).expect("the path is covered"), Some(value));
}

/// Checks that bytes are refused, or begin with the only encoding of a witness. Returns whether they are exactly a
/// witness.
///
/// The revealed nodes read the same from the decoded tree and from the nodes alone, and entries can be removed and
/// put back. After a full read, nothing is unused.
pub(crate) fn smt_witness(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let read = || smt::witness::read::<Keccak256>(&mut reader);
    let Some(mut tree) = decoded(read, bytes, smt::witness::MEMORY_FACTOR) else { return false };
    let witness = &bytes[..reader.offset()];
    let is_all = witness.len() == bytes.len();
    assert_eq!(smt::witness::decode::<Keccak256>(bytes).is_ok(), is_all);

    let mut puts = Puts::default();
    let root = tree.put_revealed(&mut puts);
    if puts.stand_only_at_their_place(&root) {
        let nodes = &puts.nodes;
        assert_eq!(smt::witness::encode::<Keccak256>(&root, nodes).expect("the nodes are valid"), witness);
        let entries = shown(tree.iter());
        assert_eq!(entries, shown(Tree::<Keccak256, _>::open(&root, nodes).iter()));
        let is_all_read = entries.len() < ENTRIES_MAX && entries.iter().all(Result::is_ok);
        assert!(!is_all_read || tree.check_all_used().is_ok());
        for (key, value) in entries.iter().flatten().take(REMOVALS_MAX) {
            let tree = Tree::from_witness(witness, &root).expect("the witness is of its root");
            undo_smt_removal(tree, key, value);
        }
    }
    assert_eq!(tree.root(), root);
    is_all
}

/// Removes a key and inserts it again: the root differs in between and is the same afterwards. A leaf that moves up
/// need not be covered; then the place of the key is not covered either.
fn undo_smt_removal(mut tree: Tree<Keccak256, NoNodes>, key: &Key, value: &[u8]) {
    let root = tree.root();
    assert!(tree.remove(key).expect("the path is covered"));
    let root_without = tree.root();
    assert_ne!(root_without, root);
    match tree.get(key) {
        Ok(found) => {
            assert_eq!(found, None);
            tree.insert(key, value).expect("the path is covered");
            assert_eq!(tree.root(), root);
        }
        Err(TreeError::NotCovered { .. }) => {
            assert!(matches!(tree.insert(key, value), Err(TreeError::NotCovered { .. })));
            assert_eq!(tree.root(), root_without);
        }
        Err(error) => panic!("{error}"),
    }
}

/// Checks that operations on a trie have the same results as on a map, with commits, reopening and witnesses in
/// between.
pub(crate) fn mpt_operations(bytes: &[u8]) {
    operations::run::<Mpt>(bytes, mpt_witness);
}

/// Checks that operations on a tree have the same results as on a map, with commits, reopening and witnesses in
/// between.
pub(crate) fn smt_operations(bytes: &[u8]) {
    operations::run::<Smt>(bytes, smt_witness);
}

/// Runs a decoder within its memory bound. Its errors have messages.
fn decoded<T, E: Error>(decode: impl FnOnce() -> Result<T, E>, bytes: &[u8], factor: usize) -> Option<T> {
    let (result, peak) = allocator::peak_of(decode);
    assert!(peak <= factor * bytes.len() + MEMORY_BYTES_FIXED, "{peak} bytes for {}", bytes.len());
    result.inspect_err(|error| assert!(!error.to_string().is_empty())).ok()
}

/// Returns the first entries, with errors as their messages.
fn shown<T, E: Error>(entries: impl Iterator<Item = Result<T, E>>) -> Vec<Result<T, String>> {
    entries.take(ENTRIES_MAX).map(|entry| entry.map_err(|error| error.to_string())).collect()
}

/// Nodes, with the number of puts of each minus the number of parents that name it.
#[derive(Default)]
struct Puts {
    nodes: NodeBag,
    balance: BTreeMap<Hash, isize>,
}

impl Puts {
    /// Returns whether each node's hash stands only at the node's place. In a tree it does, as keys determine the
    /// place. A decoder does not check this, as a violation leads to no root of a tree.
    fn stand_only_at_their_place(&self, root: &Hash) -> bool {
        self.nodes.iter().all(|(hash, _)| self.balance.get(hash) == Some(&isize::from(hash == root)))
    }
}

impl NodeSink for Puts {
    fn put(&mut self, hash: &Hash, bytes: &[u8], children: &[Hash]) {
        assert_eq!(Keccak256::hash(bytes), *hash);
        self.nodes.put(hash, bytes, children);
        *self.balance.entry(*hash).or_default() += 1;
        children.iter().for_each(|child| *self.balance.entry(*child).or_default() -= 1);
    }
}

/// Checks that bytes are refused, or are the only encoding of paths in a forest. The first 8 bytes are its number of
/// leaves; no tree is empty. Returns whether they are a witness.
///
/// Roots and leaves are chosen to fit the bytes. The paths come back from a pollard, from proofs in both numberings, and
/// not at all after the deletion of the leaves.
pub(crate) fn utreexo_witness(bytes: &[u8]) -> bool {
    let Some((n_leaves, witness)) = bytes.split_first_chunk() else { return false };
    let n_leaves = u64::from_le_bytes(*n_leaves) & LEAVES_MAX;
    let mut roots = vec![Some(Hash([1; 32])); n_leaves.count_ones() as usize];
    let mut leaves: Vec<Hash> = Vec::new();
    let mut accumulator = loop {
        let accumulator = Accumulator::new(n_leaves, roots.clone()).expect("as many roots as trees");
        match accumulator.verify(witness, &leaves) {
            Ok(()) => break accumulator,
            Err(WitnessError::Leaves { expected, .. }) => {
                leaves = (0..expected).map(|n| Keccak256::hash(&n.to_le_bytes())).collect();
            }
            Err(WitnessError::Root { row, got, .. }) => {
                roots[(n_leaves >> row >> 1).count_ones() as usize] = Some(got);
            }
            Err(_) => return false,
        }
    };
    let mut pollard = Pollard::new(accumulator.clone());
    pollard.keep(witness, &leaves).expect("it is a witness");
    let kept = pollard.witness();
    assert_eq!((&kept.bytes[..], &kept.leaves), (witness, &leaves));
    for numbering in [Numbering::Forest, Numbering::Wire] {
        let proof = Proof::from_witness(&accumulator, numbering, witness, &leaves).expect("it is a witness");
        assert_eq!(proof.to_witness(&accumulator, numbering, &leaves), Ok(kept.clone()));
    }
    pollard.apply(witness, &leaves, &[]).expect("it is a witness");
    accumulator.delete(witness, &leaves).expect("it is a witness");
    assert_eq!(pollard.accumulator(), accumulator);
    assert!(pollard.witness().leaves.is_empty());
    true
}
