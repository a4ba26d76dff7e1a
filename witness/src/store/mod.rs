//! Stores: content-addressed nodes of several roots at once.
//!
//! # What is stored
//!
//! A store holds byte strings by their hash, and with each the hashes that it refers to, its *children*. It knows no
//! encoding, but the [kind](StateKind) of its state: how a node hashes, and which root the empty state has. A root is kept by a *pin*; the same root may be pinned several times. The count of a node is the number
//! of stored nodes of which it is a child, plus its pins.
//!
//! *Invariant*: what is stored is exactly what is reachable from a pinned root. So
//!
//! - everything that a stored node refers to is stored, and a [`Batch`] that would break this is refused;
//! - a node that loses its last parent and its last pin is deleted, and its children lose a parent;
//! - a node that was put and is not reachable from a pinned root when its batch has been applied has not been stored.
//!
//! Putting what is already stored changes nothing, unless it comes with other children: then it has the children of
//! both. (Bytes may be a blob without children to one who puts them, and a node to another.)
//!
//! # What is trusted
//!
//! A store returns the bytes that were put. Whoever reads them as a node hashes them, as
//! [`node()`](crate::node::node) does, so a corrupt file is found when it is read; [`Store::check`] looks for it everywhere.
//! Hashes that are put must be hashes of their bytes, as a cycle of nodes, which no hash function has, would be kept for ever.
//!
//! # Stores of one's own
//!
//! Whoever keeps nodes elsewhere implements [`NodeSource`] and [`Store`], and [`Table`] for what there is; [`changes`] then counts
//! references and says what to write and to delete, which the store does as one, and [`check_entries`] holds all of it against
//! the invariant. `examples/file_store.rs` does so over a plain file.

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

/// A store of nodes.
///
/// Any number of threads may read; batches are applied one after the other.
pub trait Store: NodeSource {
    /// The kind of state that the store has the nodes of.
    fn kind(&self) -> StateKind;

    /// Applies a batch as a whole, or not at all. When this returns, the batch survives the end of the process.
    ///
    /// # Errors
    ///
    /// The batch asks for what cannot be, or the store fails. Then nothing has changed, but for
    /// [`StoreError::Backend`], after which the batch has been applied as a whole or not at all.
    fn apply(&self, batch: &Batch) -> Result<BatchSummary, StoreError>;

    /// The pinned roots, and how often each is pinned.
    ///
    /// # Errors
    ///
    /// The store fails or is corrupt.
    fn roots(&self) -> Result<BTreeMap<Hash, u64>, StoreError>;

    /// Whether a root is pinned. This takes as long however many roots are.
    ///
    /// # Errors
    ///
    /// The store fails or is corrupt.
    fn is_pinned(&self, root: &Hash) -> Result<bool, StoreError>;

    /// Whether a node or blob is stored. It is not read, nor hashed.
    ///
    /// # Errors
    ///
    /// The store fails.
    fn contains(&self, hash: &Hash) -> Result<bool, StoreError>;

    /// The note of this name, as the last batch with one of that name wrote it.
    ///
    /// # Errors
    ///
    /// The store fails.
    fn note(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Holds the whole store against its invariant: recounts every parent and pin, hashes every node.
    ///
    /// # Errors
    ///
    /// The first node for which it does not hold.
    fn check(&self) -> Result<Contents, StoreError>;
}

/// What a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchSummary {
    /// Nodes that are stored now and were not before.
    pub n_added: usize,
    /// Nodes that are no longer stored.
    pub n_deleted: usize,
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Nodes and blobs.
    pub n_nodes: usize,
    /// Their bytes, without what the store adds.
    pub node_bytes: u64,
    /// Pinned roots.
    pub n_roots: usize,
}

/// A failure of a store. The first three are the fault of who made the batch.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A node refers to one that is neither stored nor in the batch.
    #[error("node {parent} refers to {child}, which is not stored")]
    MissingChild {
        /// The node put.
        parent: Hash,
        /// What it refers to.
        child: Hash,
    },
    /// A root is pinned that is neither stored nor in the batch.
    #[error("root {root} is to be pinned and is not stored")]
    MissingRoot {
        /// The root.
        root: Hash,
    },
    /// A pin is taken away more often than it was set.
    #[error("root {root} is not pinned so often")]
    NotPinned {
        /// The root.
        root: Hash,
    },
    /// What is stored breaks the invariant. It was written by something else, or the disk has failed.
    #[error("the store is corrupt at {hash}")]
    Corrupt {
        /// A node for which the invariant does not hold.
        hash: Hash,
        /// How it does not hold.
        #[source]
        corruption: Corruption,
    },
    /// There is no store in the directory.
    #[error("there is no store")]
    Absent,
    /// The directory holds a store of another version of this crate.
    #[error("the store has the format of another version, and has to be made anew with this one")]
    Format,
    /// The store is of a kind of state that it was not to be opened as.
    #[error("the store has a state of kind {got:?}, but is opened as one of {}: open it as what it is", .expected.join(" or "))]
    Kind {
        /// The kind of the store, by its name.
        got: String,
        /// The kinds that it may be opened as.
        expected: Vec<&'static str>,
    },
    /// A batch is applied to a store that was opened to be read.
    #[error("the store was opened to be read, and takes no batch")]
    ReadOnly,
    /// Somebody has the store open already.
    #[error("the store is open elsewhere")]
    InUse,
    /// What was acknowledged is not there, or not whole: the disk or somebody else has changed it.
    #[error("the store is damaged, and has to be restored from a copy or made anew")]
    Damaged(#[source] Damage),
    /// What the store is built on has failed.
    #[error("the store's backend failed")]
    Backend(#[source] alloc::boxed::Box<dyn core::error::Error + Send + Sync>),
}

/// How a store on disk may be damaged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Damage {
    /// A file is not there.
    #[error("its file `{file}` is missing")]
    Missing {
        /// The name of the file.
        file: &'static str,
    },
    /// The file that tells which batch was acknowledged last is no such file.
    #[error("its file `anchor` is none, or not whole")]
    Anchor,
    /// The database is not whole.
    #[error("its database is not whole")]
    Database(#[source] alloc::boxed::Box<dyn core::error::Error + Send + Sync>),
    /// The database is whole, but is what it was at another time.
    #[error("its database is as after {got} batches, but {expected} were acknowledged")]
    Batch {
        /// Batches that the database has.
        got: u64,
        /// Batches that were acknowledged.
        expected: u64,
    },
}

/// How what is stored may break the invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Corruption {
    /// A stored node refers to it, and it is not there.
    #[error("a stored node or pin refers to it and it is not there")]
    Missing,
    /// It has another number of parents and pins than was counted.
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
    /// Its bytes are nothing that a state of the store's kind has.
    #[error("its bytes are no node of the store's kind")]
    NoNode,
    /// What is stored beside its bytes cannot be read.
    #[error("its entry cannot be read")]
    Entry,
}

impl StoreError {
    fn corrupt(hash: &Hash, corruption: Corruption) -> Self {
        Self::Corrupt { hash: *hash, corruption }
    }

    fn io(error: std::io::Error) -> Self {
        Self::Backend(alloc::boxed::Box::new(error))
    }
}

/// One stored node, as [`check_entries`] reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is stored under.
    pub hash: Hash,
    /// How many parents and pins were counted.
    pub count: u64,
    /// What it refers to, without repetitions.
    pub children: Vec<Hash>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Holds all entries of a store of this kind, and its pins, against the invariant.
///
/// What is counted but not reachable would be in a cycle of hashes, and hashing the bytes excludes that. This keeps a hash and a
/// count of each node in memory.
///
/// # Errors
///
/// An entry that is an error, and [`StoreError::Corrupt`] for the first for which the invariant does not hold.
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
