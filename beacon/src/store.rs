//! A store on disk, from which a [`LedgerNode`] is loaded again after its process has ended, even by a crash.
//!
//! # Layout
//!
//! A store is a directory with the files `db`, which is a redb database, `anchor` and `lock`. Each record of the database has
//! a checksum of its table, key and content. Numbers in keys are big-endian, so that tables are sorted by slot.
//!
//! | table | key | content |
//! |---|---|---|
//! | `head` | `head` | SSZ of `HeadRecord`: the number of batches, the anchor, the head, and the checkpoints of the fork choice |
//! | `blocks` | block root | the number of codes in the block, 1 byte; their hashes; SSZ of the [`ExtendedBlock`] without the codes |
//! | `codes` | SHA-256 | code, stored once for all blocks and EEs that share it |
//! | `headers` | slot, 8 bytes; block root | SSZ of the block's header |
//! | `states` | block root | SSZ of the state after a finalized block: a snapshot |
//! | `ledgers` | block root | SSZ of the ledger after the same block |
//! | `votes` | validator, 8 bytes | target epoch, 8 bytes, little-endian, and block root of the latest vote |
//! | `notes` | name | text of the application |
//!
//! Other states are computed from a snapshot and the blocks after it. Saving a block is one transaction over all tables, a
//! *batch*; after it, the file `anchor` is replaced. So after a crash the store has every acknowledged block, and the block
//! that was being saved either whole or not at all.
//!
//! # Retention
//!
//! [`Retention::Finality`] keeps what the node keeps: the finalized block with its state and ledger, and all descendants. It
//! also keeps the headers of all finalized blocks back to genesis, and code that an EE or a kept block uses.
//! [`Retention::All`] removes nothing.
//!
//! Shard blocks that no beacon block has crosslinked, and votes for them, are not stored. A restarted node receives them again
//! from the network.

mod batch;
mod block;
mod directory;
mod error;
mod load;
mod record;
mod tables;

pub use error::{Damage, StoreError};
pub use load::UnloadedStore;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    marker::PhantomData,
    path::Path,
};

use redb::{Builder, Database};
use ssz::Decode as _;
use ssz_derive::{Decode, Encode};

use self::{
    batch::{Batch, write_genesis},
    directory::{Contents, Directory},
    error::backend,
    tables::{BLOCKS, CODES, HEADERS, LEDGERS, NOTES, STATES, get, range},
};
use crate::{
    ledger::{
        ExtendedBlock, ExtendedState, Ledger, LedgerError, LedgerNode, LedgerPhase, extended_transition,
    },
    registry::Rules,
};
use outrider_beacon_spec::{
    containers::{BeaconBlockHeader, BeaconState, Checkpoint},
    error::Error,
    fork_choice::LatestMessage,
    hash::{hash, hash_tree_root},
    types::{Bytes32, Root, Slot, ValidatorIndex},
};

/// The size of the database's cache, in bytes. The default of redb is 1 GiB.
const CACHE_BYTES: usize = 64 << 20;

/// The part of the blocks before finality that a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// The headers only.
    Finality,
    /// Everything, and the state of each finalized checkpoint.
    All,
}

/// The record from which loading starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct HeadRecord {
    n_batches: u64,
    keeps_all: bool,
    /// The block whose state is loaded. All other blocks descend from it.
    anchor_root: Root,
    head_root: Root,
    time: u64,
    justified_checkpoint: Checkpoint,
    best_justified_checkpoint: Checkpoint,
    finalized_checkpoint: Checkpoint,
}

/// An index of what earlier batches have stored.
#[derive(Clone, Debug, Default)]
struct StoreIndex {
    n_batches: u64,
    /// The number of batches in the file `anchor`: one less than `n_batches` if writing that file failed.
    n_anchored: u64,
    anchor_root: Root,
    blocks: BTreeMap<Root, SavedBlock>,
    codes: BTreeSet<Bytes32>,
    votes: BTreeMap<ValidatorIndex, LatestMessage>,
}

#[derive(Clone, Debug)]
struct SavedBlock {
    slot: Slot,
    parent_root: Root,
    codes: Vec<Bytes32>,
}

/// The store of a node. It locks its directory until it is dropped.
#[derive(Debug)]
pub struct Store<P: LedgerPhase> {
    database: Database,
    retention: Retention,
    saved: StoreIndex,
    phase: PhantomData<P>,
    /// Declared last, so that the lock is released after the database is closed.
    directory: Directory,
}

impl<P: LedgerPhase> Store<P> {
    /// Creates a store with notes, for a node that has only its anchor.
    ///
    /// # Errors
    ///
    /// Fails if the directory has a store already ([`StoreError::Present`]), if another process has locked it, or if the disk
    /// fails.
    pub fn create(
        path: &Path,
        node: &LedgerNode<P>,
        notes: &[(&str, &str)],
        retention: Retention,
    ) -> Result<Self, StoreError> {
        fs::create_dir_all(path)?;
        let directory = Directory::lock(path)?;
        match directory.contents()? {
            Contents::Nothing => {}
            Contents::Store { .. } => return Err(StoreError::Present),
        }
        // A process that was killed while it created a store has left this file.
        match fs::remove_file(directory.scratch()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        directory.set_anchor(0)?;
        let database = Builder::new().create(directory.scratch()).map_err(backend)?;
        let saved = write_genesis(&database, node, notes, retention)?;
        database.close().map_err(backend)?;
        // From here on, the directory has a store.
        directory.put_in_place()?;
        let mut builder = Builder::new();
        let database = builder.set_cache_size(CACHE_BYTES).open(directory.database()).map_err(backend)?;
        Ok(Self { database, retention, saved, phase: PhantomData, directory })
    }

    /// Stores a block that the node has accepted, and all other changes since the last call, in one transaction. Once this
    /// returns, the block survives a crash.
    ///
    /// # Errors
    ///
    /// Fails if the node does not know the block, or if the disk fails. The store then still loads, without the block, or with
    /// it if only replacing the file `anchor` failed.
    pub fn save(&mut self, node: &LedgerNode<P>, block: &ExtendedBlock<P>) -> Result<(), StoreError> {
        if self.saved.n_anchored < self.saved.n_batches {
            self.directory.set_anchor(self.saved.n_batches)?;
            self.saved.n_anchored = self.saved.n_batches;
        }
        let batch = Batch::new(&self.saved, self.retention, node, block)?;
        self.saved = batch.write(&self.database)?;
        self.directory.set_anchor(self.saved.n_batches)?;
        self.saved.n_anchored = self.saved.n_batches;
        Ok(())
    }

    /// Writes a note; replaces a note of the same name.
    ///
    /// # Errors
    ///
    /// Fails if the disk fails.
    pub fn set_note(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(backend)?;
        tables::put(&transaction, NOTES, name.as_bytes(), text.as_bytes())?;
        transaction.commit().map_err(backend)
    }

    /// Returns the note of a name.
    ///
    /// # Errors
    ///
    /// Fails if the note is damaged, or if the disk fails.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        load::note(&self.database, name)
    }

    /// Returns the code with a hash.
    ///
    /// # Errors
    ///
    /// Fails if the code is damaged, or if the disk fails.
    pub fn code(&self, code_hash: Bytes32) -> Result<Option<Vec<u8>>, StoreError> {
        let code = get(&self.database, CODES, code_hash.as_slice())?;
        match code {
            Some(code) if hash(&[&code]) != code_hash => Err(StoreError::Damaged(Damage::Code(code_hash))),
            code => Ok(code),
        }
    }

    /// Returns a block with its operations and their code.
    ///
    /// # Errors
    ///
    /// Fails if the block is damaged, or if the disk fails.
    pub fn block(&self, root: Root) -> Result<Option<ExtendedBlock<P>>, StoreError> {
        Ok(block::read(&self.database, root)?.map(|(block, _)| block))
    }

    /// Returns the block headers from a slot on, with their roots, sorted by slot. With [`Retention::Finality`], a slot before
    /// finality has at most one header.
    ///
    /// # Errors
    ///
    /// Fails if a header is damaged, or if the disk fails.
    pub fn headers(&self, from: Slot) -> Result<Vec<(Root, BeaconBlockHeader)>, StoreError> {
        headers(&self.database, from)
    }

    /// Computes the state and the ledger after a block, from a snapshot and the blocks after it. Returns `None` if the store
    /// does not keep these.
    ///
    /// # Errors
    ///
    /// Fails if a record is damaged, or if the disk fails.
    pub fn extended(&self, root: Root, rules: Rules<'_>) -> Result<Option<ExtendedState<P>>, StoreError> {
        let mut blocks = Vec::new();
        let mut ancestor_root = root;
        let snapshot = loop {
            if let Some(extended) = snapshot(&self.database, ancestor_root)? {
                break extended;
            }
            let Some(block) = self.block(ancestor_root)? else { return Ok(None) };
            ancestor_root = block.block.message.parent_root;
            blocks.push(block);
        };
        let follow = |extended, block: &ExtendedBlock<P>| {
            let transition = extended_transition(extended, block, rules);
            transition.map(|transition| transition.extended).map_err(|error| {
                let root = hash_tree_root(&block.block.message);
                StoreError::Damaged(Damage::Block { root, error: Box::new(error) })
            })
        };
        blocks.iter().rev().try_fold(snapshot, follow).map(Some)
    }
}

/// Returns the snapshot of state and ledger after a block, if the store has one.
fn snapshot<P: LedgerPhase>(database: &Database, root: Root) -> Result<Option<ExtendedState<P>>, StoreError> {
    let key = root.as_slice();
    let Some(state) = get(database, STATES, key)? else { return Ok(None) };
    let ledger = get(database, LEDGERS, key)?
        .ok_or(StoreError::Damaged(Damage::Absent { table: "ledgers", key: key.to_vec() }))?;
    let content = |table| StoreError::Damaged(Damage::Content { table, key: key.to_vec() });
    Ok(Some(ExtendedState {
        state: BeaconState::from_ssz_bytes(&state).map_err(|_| content("states"))?,
        ledger: Ledger::from_ssz_bytes(&ledger).map_err(|_| content("ledgers"))?,
    }))
}

fn headers(database: &Database, from: Slot) -> Result<Vec<(Root, BeaconBlockHeader)>, StoreError> {
    let records = range(database, HEADERS, &from.to_be_bytes())?;
    records
        .into_iter()
        .map(|(key, content)| {
            let damaged = || StoreError::Damaged(Damage::Content { table: "headers", key: key.clone() });
            let header = BeaconBlockHeader::from_ssz_bytes(&content).map_err(|_| damaged())?;
            let root = hash_tree_root(&header);
            if block::header_key(header.slot, root) == key { Ok((root, header)) } else { Err(damaged()) }
        })
        .collect()
}

/// Returns the damage of a node whose fork choice finds no head.
fn unknown(root: Root) -> Damage {
    Damage::Block { root, error: Box::new(LedgerError::Spec(Error::UnknownBlock)) }
}
