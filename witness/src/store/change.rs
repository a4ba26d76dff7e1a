//! Computes the changes of a batch.
//!
//! This is the same for all stores: the touched entries are read once, the batch is applied in memory, and the result
//! is a list of entries to write and to delete, which the store writes atomically.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    Corruption, StoreError,
    batch::{Batch, Put},
};
use crate::hash::Hash;

/// The entries of a store for one node and for one root.
pub trait Table {
    /// Returns the node's count and children, or `None` if it is not stored.
    ///
    /// # Errors
    ///
    /// Fails if the store fails or is corrupt.
    fn links(&self, hash: &Hash) -> Result<Option<Links>, StoreError>;

    /// Returns how often a root is pinned.
    ///
    /// # Errors
    ///
    /// Fails if the store fails or is corrupt.
    fn pins(&self, root: &Hash) -> Result<u64, StoreError>;
}

/// The links of a stored node to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The number of stored nodes of which it is a child, plus its pins.
    pub count: u64,
    /// The hashes to which it refers, without repetitions.
    pub children: Vec<Hash>,
}

/// The entries that a store has to write atomically to apply a batch.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// New nodes.
    pub added: Vec<(Hash, Links, &'a [u8])>,
    /// Stored nodes with additional children, and all children of each.
    pub children: Vec<(Hash, Vec<Hash>)>,
    /// Stored nodes with a new count.
    pub counts: Vec<(Hash, u64)>,
    /// Nodes to delete.
    pub deleted: Vec<Hash>,
    /// The new number of pins of roots; 0 if a root is no longer pinned.
    pub pins: Vec<(Hash, u64)>,
    /// Names and texts of notes.
    pub notes: Vec<(&'a [u8], &'a [u8])>,
}

/// Computes the changes of `batch`.
///
/// 1. Makes every put a node with a count of 0, or adds children to the stored one.
/// 2. Counts new references; each must lead to a node.
/// 3. Counts pins, then unpins.
/// 4. Deletes nodes with a count of 0, and with each a reference to its children, until none is left.
///
/// # Errors
///
/// Fails with [`StoreError::MissingChild`], [`StoreError::MissingRoot`] or [`StoreError::NotPinned`] if the batch is
/// not possible, and as the table does.
pub fn changes<'a>(table: &impl Table, batch: &'a Batch) -> Result<Changes<'a>, StoreError> {
    let mut play = Play { table, nodes: BTreeMap::new() };
    for (hash, put) in &batch.puts {
        play.put(hash, put)?;
    }
    for (hash, put) in &batch.puts {
        play.refer(hash, put)?;
    }
    let pins = play.pin(batch)?;
    play.sweep()?;
    let notes = batch.notes.iter().map(|(name, text)| (name.as_slice(), text.as_slice())).collect();
    Ok(Changes { notes, ..play.finish(pins) })
}

/// The nodes as the batch has left them so far.
struct Play<'t, 'a, T> {
    table: &'t T,
    nodes: BTreeMap<Hash, Node<'a>>,
}

struct Node<'a> {
    before: Option<Links>,
    after: Links,
    bytes: Option<&'a [u8]>,
}

impl<'a, T: Table> Play<'_, 'a, T> {
    fn put(&mut self, hash: &Hash, put: &'a Put) -> Result<(), StoreError> {
        let before = self.table.links(hash)?;
        let after = before.clone().unwrap_or_default();
        let bytes = before.is_none().then_some(put.bytes.as_slice());
        self.nodes.insert(*hash, Node { before, after, bytes });
        Ok(())
    }

    fn refer(&mut self, parent: &Hash, put: &Put) -> Result<(), StoreError> {
        let known = self.node(parent)?.map(|node| node.after.children.clone()).unwrap_or_default();
        for child in put.children.iter().filter(|child| !known.contains(child)) {
            let node = self.node(child)?;
            let node = node.ok_or(StoreError::MissingChild { parent: *parent, child: *child })?;
            node.after.count += 1;
            if let Some(node) = self.node(parent)? {
                node.after.children.push(*child);
            }
        }
        Ok(())
    }

    fn pin(&mut self, batch: &Batch) -> Result<Vec<(Hash, u64)>, StoreError> {
        let mut pins = BTreeMap::new();
        for (root, more) in &batch.pins {
            let node = self.node(root)?.ok_or(StoreError::MissingRoot { root: *root })?;
            node.after.count += more;
            pins.insert(*root, self.table.pins(root)? + more);
        }
        for (root, fewer) in &batch.unpins {
            let pinned = pins.get(root).copied().map_or_else(|| self.table.pins(root), Ok)?;
            let left = pinned.checked_sub(*fewer).ok_or(StoreError::NotPinned { root: *root })?;
            pins.insert(*root, left);
            self.release(root, *fewer)?;
        }
        Ok(pins.into_iter().collect())
    }

    fn sweep(&mut self) -> Result<(), StoreError> {
        let dead = self.nodes.iter().filter(|(_, node)| node.after.count == 0).map(|(hash, _)| *hash);
        let mut dead: Vec<Hash> = dead.collect();
        while let Some(hash) = dead.pop() {
            let children = self.node(&hash)?.map(|node| node.after.children.clone()).unwrap_or_default();
            for child in children {
                if self.release(&child, 1)? == 0 {
                    dead.push(child);
                }
            }
        }
        Ok(())
    }

    fn finish(self, pins: Vec<(Hash, u64)>) -> Changes<'a> {
        let mut changes = Changes { pins, ..Changes::default() };
        for (hash, Node { before, after, bytes }) in self.nodes {
            match (before, bytes) {
                (Some(_), _) if after.count == 0 => changes.deleted.push(hash),
                (Some(before), _) => {
                    if before.count != after.count {
                        changes.counts.push((hash, after.count));
                    }
                    if before.children != after.children {
                        changes.children.push((hash, after.children));
                    }
                }
                (None, Some(bytes)) if after.count > 0 => changes.added.push((hash, after, bytes)),
                (None, _) => {}
            }
        }
        changes
    }

    /// Removes references to a node, and returns how many are left.
    fn release(&mut self, hash: &Hash, fewer: u64) -> Result<u64, StoreError> {
        let node = self.node(hash)?.ok_or(StoreError::corrupt(hash, Corruption::Missing))?;
        let got = node.after.count;
        let left = got.checked_sub(fewer);
        node.after.count =
            left.ok_or(StoreError::corrupt(hash, Corruption::Count { expected: fewer, got }))?;
        Ok(node.after.count)
    }

    /// Returns the node in its present state, which is read from the table at the first access.
    fn node(&mut self, hash: &Hash) -> Result<Option<&mut Node<'a>>, StoreError> {
        if !self.nodes.contains_key(hash) {
            let Some(links) = self.table.links(hash)? else { return Ok(None) };
            let node = Node { after: links.clone(), before: Some(links), bytes: None };
            self.nodes.insert(*hash, node);
        }
        Ok(self.nodes.get_mut(hash))
    }
}
