//! Computes what a batch changes.
//!
//! This is the same for all stores: what is touched is read once, the batch is played through in memory, and what
//! comes out is a list of entries to write and to delete, for the store to write as one.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    Corruption, StoreError,
    batch::{Batch, Put},
};
use crate::hash::Hash;

/// What a store can tell of one node and of one root.
pub trait Table {
    /// The node's count and children, or `None` when it is not stored.
    ///
    /// # Errors
    ///
    /// The store fails or is corrupt.
    fn links(&self, hash: &Hash) -> Result<Option<Links>, StoreError>;

    /// How often a root is pinned.
    ///
    /// # Errors
    ///
    /// The store fails or is corrupt.
    fn pins(&self, root: &Hash) -> Result<u64, StoreError>;
}

/// Where a stored node stands among the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// How many stored nodes it is a child of, and pins it has.
    pub count: u64,
    /// What it refers to, without repetitions.
    pub children: Vec<Hash>,
}

/// What to write, all of it or nothing, so that a batch has been applied.
#[derive(Debug, Default)]
pub struct Changes<'a> {
    /// New nodes.
    pub added: Vec<(Hash, Links, &'a [u8])>,
    /// Stored nodes whose children have become more.
    pub children: Vec<(Hash, Vec<Hash>)>,
    /// Stored nodes whose count is another now.
    pub counts: Vec<(Hash, u64)>,
    /// Nodes to delete.
    pub deleted: Vec<Hash>,
    /// How often roots are pinned now; 0 if not any more.
    pub pins: Vec<(Hash, u64)>,
    /// Names and texts of notes.
    pub notes: Vec<(&'a [u8], &'a [u8])>,
}

/// Plays `batch` through.
///
/// 1. Every put becomes a node with a count of 0, or adds children to the stored one.
/// 2. New references are counted; each must lead to a node.
/// 3. Pins are counted, then unpins.
/// 4. Nodes without a count go, and with each a reference to its children, until none is left to go.
///
/// # Errors
///
/// [`StoreError::MissingChild`], [`StoreError::MissingRoot`] and [`StoreError::NotPinned`], if the batch asks for what cannot be; the
/// table's errors.
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

/// Nodes as the batch has left them so far.
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

    /// Takes references to a node away and tells how many there still are.
    fn release(&mut self, hash: &Hash, fewer: u64) -> Result<u64, StoreError> {
        let node = self.node(hash)?.ok_or(StoreError::corrupt(hash, Corruption::Missing))?;
        let got = node.after.count;
        let left = got.checked_sub(fewer);
        node.after.count =
            left.ok_or(StoreError::corrupt(hash, Corruption::Count { expected: fewer, got }))?;
        Ok(node.after.count)
    }

    /// The node as it is so far, read from the table when it is touched for the first time.
    fn node(&mut self, hash: &Hash) -> Result<Option<&mut Node<'a>>, StoreError> {
        if !self.nodes.contains_key(hash) {
            let Some(links) = self.table.links(hash)? else { return Ok(None) };
            let node = Node { after: links.clone(), before: Some(links), bytes: None };
            self.nodes.insert(*hash, node);
        }
        Ok(self.nodes.get_mut(hash))
    }
}
