//! Stores: content-addressed nodes of several roots at once.
//!
//! # Content
//!
//! A store holds byte strings by their hash, and with each the hashes to which it refers, its *children*. It knows no
//! encoding, but the [kind](StateKind) of its state: the hash of a node, and the root of the empty state. A *pin* keeps
//! a root; the same root may have several pins. The count of a node is the number of stored nodes of which it is a
//! child, plus its pins.
//!
//! *Invariant*: a store holds exactly the nodes that are reachable from a pinned root. So
//!
//! - all children of a stored node are stored, and a [`Batch`] that would break this is refused;
//! - a node that loses its last parent and its last pin is deleted, and its children lose a parent;
//! - a node that was put, but is not reachable from a pinned root after its batch, is not stored.
//!
//! Putting a stored node changes nothing, unless it comes with other children: then it has the children of both. (The
//! same bytes may be a blob without children for one writer, and a node for another.)
//!
//! # Trust
//!
//! A store returns the bytes that were put. Readers of a node hash them, as [`node()`](crate::node::node) does, so a
//! corrupt file is detected when it is read; [`Store::check`] checks all nodes. Callers must put nodes under their
//! hashes: a cycle of nodes, which no hash function has, would be kept for ever.
//!
//! # Other stores
//!
//! A store that keeps nodes elsewhere implements [`NodeSource`], [`Store`] and [`Table`]. [`changes`] then counts
//! references and returns the entries to write and to delete, which the store does atomically, and [`check_entries`]
//! checks all entries against the invariant. `examples/file_store.rs` does so over a plain file.

mod batch;
mod change;
mod disk;
mod kind;
mod memory;

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use thiserror::Error;

pub use self::{
    batch::Batch,
    change::{Changes, Links, Table, changes},
    disk::DiskStore,
    kind::StateKind,
    memory::MemoryStore,
};
use crate::{hash::Hash, node::NodeSource};
pub use outrider_disk::{Damage, DiskError, FileKind, Holder};

/// A store of nodes.
///
/// Any number of threads may read; batches are applied one after the other.
pub trait Store: NodeSource {
    /// Returns the kind of the store's state.
    fn kind(&self) -> StateKind;

    /// Applies a batch as a whole, or not at all. After this returns, the batch survives the end of the process.
    ///
    /// # Errors
    ///
    /// Fails if the batch is not possible or the store fails. Then nothing has changed, except after
    /// [`StoreError::Disk`] and [`StoreError::Backend`], when the batch has been applied as a whole or not at all.
    fn apply(&self, batch: &Batch) -> Result<BatchSummary, StoreError>;

    /// Returns the pinned roots, and how often each is pinned.
    ///
    /// # Errors
    ///
    /// Fails if the store fails or is corrupt.
    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError>;

    /// Returns whether a root is pinned. The time does not depend on the number of roots.
    ///
    /// # Errors
    ///
    /// Fails if the store fails or is corrupt.
    fn is_pinned(&self, root: &Hash) -> Result<bool, StoreError>;

    /// Returns whether a node or blob is stored, without reading or hashing it.
    ///
    /// # Errors
    ///
    /// Fails if the store does.
    fn contains(&self, hash: &Hash) -> Result<bool, StoreError>;

    /// Returns the note of this name that the last batch with such a note wrote.
    ///
    /// # Errors
    ///
    /// Fails if the store does.
    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Checks the whole store against its invariant: recounts every parent and pin, and hashes every node.
    ///
    /// # Errors
    ///
    /// Fails at the first node that breaks the invariant.
    fn check(&self) -> Result<Contents, StoreError>;
}

/// The result of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchSummary {
    /// Nodes that are newly stored.
    pub n_added: usize,
    /// Nodes that are no longer stored.
    pub n_deleted: usize,
}

/// The content of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Nodes and blobs.
    pub n_nodes: usize,
    /// Their bytes, without what the store adds.
    pub node_bytes: u64,
    /// Pinned roots.
    pub n_roots: usize,
}

/// A failure of a store. The first three variants are the fault of the batch's author.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A node refers to one that is neither stored nor in the batch.
    #[error("node {parent} refers to {child}, which is not stored")]
    MissingChild {
        /// The node to put.
        parent: Hash,
        /// The missing node.
        child: Hash,
    },
    /// A root is pinned that is neither stored nor in the batch.
    #[error("root {root} cannot be pinned: it is not stored")]
    MissingRoot {
        /// The root.
        root: Hash,
    },
    /// A root has fewer pins than are to be removed.
    #[error("root {root} has fewer pins than are to be removed")]
    NotPinned {
        /// The root.
        root: Hash,
    },
    /// The entries break the invariant: something else wrote them, or the disk has failed.
    #[error("the store is corrupt at {hash}")]
    Corrupt {
        /// A node that breaks the invariant.
        hash: Hash,
        /// The way in which it does.
        #[source]
        corruption: Corruption,
    },
    /// The store's kind is not one of those with which it was opened.
    #[error("the store has a state of kind {got:?}, but is opened as one of {}", .expected.join(" or "))]
    Kind {
        /// The name of the store's kind.
        got: String,
        /// The accepted kinds.
        expected: Vec<&'static str>,
    },
    /// A store on disk cannot be opened, read or changed. [`DiskError::is_of_caller`] says whose fault that is.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The storage below another store failed.
    #[error("the store's backend failed")]
    Backend(#[source] alloc::boxed::Box<dyn core::error::Error + Send + Sync>),
}

/// The ways in which an entry may break the invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Corruption {
    /// A stored node or pin refers to it, but it is missing.
    #[error("a stored node or pin refers to it, but it is missing")]
    Missing,
    /// Its count is not its number of parents and pins.
    #[error("its count is {got}, but it has {expected} parents and pins")]
    Count {
        /// Parents and pins.
        expected: u64,
        /// The count.
        got: u64,
    },
    /// Its bytes have another hash.
    #[error("its bytes have hash {got}")]
    Bytes {
        /// The hash of the bytes.
        got: Hash,
    },
    /// Its bytes are not a node of the store's kind.
    #[error("its bytes are not a node of the store's kind")]
    NoNode,
    /// The data beside its bytes is malformed.
    #[error("its entry is malformed")]
    Entry,
}

impl StoreError {
    fn corrupt(hash: &Hash, corruption: Corruption) -> Self {
        Self::Corrupt { hash: *hash, corruption }
    }
}

/// One stored node, for [`check_entries`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The hash under which it is stored.
    pub hash: Hash,
    /// The stored count of parents and pins.
    pub count: u64,
    /// The hashes to which it refers, without repetitions.
    pub children: Vec<Hash>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Checks all entries of a store of this kind, and its pins, against the invariant.
///
/// A node that is counted but not reachable would be in a cycle of hashes, which hashing the bytes excludes. This keeps
/// a hash and a count of each node in memory.
///
/// # Errors
///
/// Fails with the error of an entry, or with [`StoreError::Corrupt`] for the first entry that breaks the invariant.
pub fn check_entries(
    kind: StateKind,
    entries: impl Iterator<Item = Result<Entry, StoreError>>,
    roots: &BTreeMap<Hash, u64>,
) -> Result<Contents, StoreError> {
    let mut contents = Contents { n_roots: roots.len(), ..Contents::default() };
    let mut expected = roots.clone();
    let mut counts = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        match kind.hash(&entry.bytes) {
            Some(got) if got == entry.hash => {}
            Some(got) => return Err(StoreError::corrupt(&entry.hash, Corruption::Bytes { got })),
            None => return Err(StoreError::corrupt(&entry.hash, Corruption::NoNode)),
        }
        contents.n_nodes += 1;
        contents.node_bytes += entry.bytes.len() as u64;
        entry.children.iter().for_each(|child| *expected.entry(*child).or_default() += 1);
        counts.insert(entry.hash, entry.count);
    }
    for (hash, got) in &counts {
        let expected = expected.remove(hash).unwrap_or(0);
        if *got != expected || expected == 0 {
            return Err(StoreError::corrupt(hash, Corruption::Count { expected, got: *got }));
        }
    }
    match expected.first_key_value() {
        Some((missing, _)) => Err(StoreError::corrupt(missing, Corruption::Missing)),
        None => Ok(contents),
    }
}
