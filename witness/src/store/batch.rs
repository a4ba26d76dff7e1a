//! Batches of changes to a store.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::{hash::Hash, node::NodeSink};

/// Changes that a store applies together: nodes to put, roots to pin, pins to remove, and notes to write.
///
/// All puts come first, then all pins, then all unpins, in whatever order the methods are called. A trie commits into a
/// batch, which is then completed with a pin of the new root and, unless the old root is to be kept, an unpin of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub(super) puts: BTreeMap<Hash, Put>,
    pub(super) pins: BTreeMap<Hash, u64>,
    pub(super) unpins: BTreeMap<Hash, u64>,
    pub(super) notes: BTreeMap<Vec<u8>, Vec<u8>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Put {
    pub(super) bytes: Vec<u8>,
    pub(super) children: BTreeSet<Hash>,
}

impl Batch {
    /// Returns a batch that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pin to a root.
    pub fn pin(&mut self, root: &Hash) {
        *self.pins.entry(*root).or_default() += 1;
    }

    /// Removes a pin from a root.
    pub fn unpin(&mut self, root: &Hash) {
        *self.unpins.entry(*root).or_default() += 1;
    }

    /// Writes a note: a few bytes with a name that change together with the nodes, such as the current root.
    ///
    /// A later note of the same name replaces this one.
    pub fn note(&mut self, name: &[u8], text: &[u8]) {
        self.notes.insert(name.to_vec(), text.to_vec());
    }

    /// Returns the nodes to put, by hash: hash, bytes, and children without repetitions.
    pub fn puts(&self) -> impl Iterator<Item = (&Hash, &[u8], &BTreeSet<Hash>)> {
        self.puts.iter().map(|(hash, put)| (hash, put.bytes.as_slice(), &put.children))
    }

    /// Returns the roots to pin, and how often each.
    pub fn pins(&self) -> impl Iterator<Item = (&Hash, u64)> {
        self.pins.iter().map(|(root, pins)| (root, *pins))
    }

    /// Returns the roots with pins to remove, and how many of each.
    pub fn unpins(&self) -> impl Iterator<Item = (&Hash, u64)> {
        self.unpins.iter().map(|(root, pins)| (root, *pins))
    }

    /// Returns the names and texts of the notes to write.
    pub fn notes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.notes.iter().map(|(name, text)| (name.as_slice(), text.as_slice()))
    }

    /// Returns the number of nodes to put.
    #[must_use]
    pub fn n_puts(&self) -> usize {
        self.puts.len()
    }
}

impl NodeSink for Batch {
    fn put(&mut self, hash: &Hash, bytes: &[u8], children: &[Hash]) {
        let put = self.puts.entry(*hash).or_insert_with(|| Put { bytes: bytes.to_vec(), ..Put::default() });
        put.children.extend(children);
    }
}
