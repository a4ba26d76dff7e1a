//! A node on disk: what it takes to have a [`LedgerNode`] again after its process has ended, in whatever way.
//!
//! # Layout
//!
//! A directory with the files `db`, a redb database, `anchor` and `lock`. Each record in the database stands under a checksum
//! with its table and key, and keys are big-endian, so that tables are in the order of slots.
//!
//! | table | key | content |
//! |---|---|---|
//! | `head` | `head` | SSZ of `HeadRecord`: how many batches there were, the anchor, the head, and what the fork choice has learned |
//! | `blocks` | block root | the number of codes that the block brings, 1 byte; their hashes; SSZ of the [`ExtendedBlock`] without them |
//! | `codes` | SHA-256 | code, once, however many blocks and EEs have it |
//! | `headers` | slot, 8 bytes; block root | SSZ of the block's header |
//! | `states` | block root | SSZ of the state after the block: a snapshot at finality |
//! | `ledgers` | block root | SSZ of the ledger beside it |
//! | `votes` | validator, 8 bytes | target epoch, 8 bytes, little-endian, and block root of the latest vote |
//! | `notes` | name | text of whoever has the store |
//!
//! States between snapshots come of the blocks. A block's batch is one transaction over all tables; then the anchor is replaced.
//! So a process that dies leaves all blocks that were acknowledged, and of the one under way all or nothing.
//!
//! # Retention
//!
//! With [`Retention::Finality`] there is what the node knows: the finalized block, its state and ledger, and all that descends from it.
//! Headers stay, so that the chain can be told from its genesis on, and code stays as long as an EE has it or a block that is kept
//! brought it. With [`Retention::All`] nothing goes.
//!
//! Shard blocks that no beacon block has crosslinked, and votes for them, are not stored: a node that starts again hears of them
//! again.

mod batch;
mod block;
mod directory;
mod error;
mod load;
mod record;
mod tables;

pub use error::{Damage, StoreError};
pub use load::Opened;

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

/// How much of a database is kept in memory, in bytes; by default, redb would keep a GiB.
const CACHE_BYTES: usize = 64 << 20;

/// What is kept of blocks before finality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Their headers.
    Finality,
    /// All of them, and a state for each checkpoint that was finalized.
    All,
}

/// The record from which a node begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct HeadRecord {
    n_batches: u64,
    keeps_all: bool,
    /// The block whose state is loaded, and that all others descend from.
    anchor_root: Root,
    head_root: Root,
    time: u64,
    justified_checkpoint: Checkpoint,
    best_justified_checkpoint: Checkpoint,
    finalized_checkpoint: Checkpoint,
}

/// What a batch has to know of those before.
#[derive(Clone, Debug, Default)]
struct Saved {
    n_batches: u64,
    /// As `anchor` has it: one less if it could not be written.
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

/// A node's place on disk, for as long as this is there.
#[derive(Debug)]
pub struct Store<P: LedgerPhase> {
    database: Database,
    retention: Retention,
    saved: Saved,
    phase: PhantomData<P>,
    /// Declared last, as it is to be let go last.
    directory: Directory,
}

impl<P: LedgerPhase> Store<P> {
    /// Makes a store for a node that knows nothing but its anchor, with notes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Present`] if the directory has one; if the disk fails.
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
        // What a process has left that was ended before there was a store.
        match fs::remove_file(directory.scratch()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        directory.set_anchor(0)?;
        let database = Builder::new().create(directory.scratch()).map_err(backend)?;
        let saved = write_genesis(&database, node, notes, retention)?;
        database.close().map_err(backend)?;
        // From here on there is a store.
        directory.put_in_place()?;
        let mut builder = Builder::new();
        let database = builder.set_cache_size(CACHE_BYTES).open(directory.database()).map_err(backend)?;
        Ok(Self { database, retention, saved, phase: PhantomData, directory })
    }

    /// Stores a block that the node has taken in, with all that has changed since the last: one transaction. When this returns, it
    /// survives a crash.
    ///
    /// # Errors
    ///
    /// If the node does not know the block, or the disk fails; then, the store is as it was before.
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

    /// Writes a note in place of one of the same name.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub fn set_note(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(backend)?;
        tables::put(&transaction, NOTES, name.as_bytes(), text.as_bytes())?;
        transaction.commit().map_err(backend)
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// If it is damaged, or the disk fails.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        load::note(&self.database, name)
    }

    /// Reads code by its hash.
    ///
    /// # Errors
    ///
    /// If it is damaged, or the disk fails.
    pub fn code(&self, code_hash: Bytes32) -> Result<Option<Vec<u8>>, StoreError> {
        let code = get(&self.database, CODES, code_hash.as_slice())?;
        match code {
            Some(code) if hash(&[&code]) != code_hash => Err(StoreError::Damaged(Damage::Code(code_hash))),
            code => Ok(code),
        }
    }

    /// Reads a block with its operations and their code.
    ///
    /// # Errors
    ///
    /// If it is damaged, or the disk fails.
    pub fn block(&self, root: Root) -> Result<Option<ExtendedBlock<P>>, StoreError> {
        Ok(block::read(&self.database, root)?.map(|(block, _)| block))
    }

    /// Reads the headers of blocks from a slot on, in the order of slots, with their roots. Of slots before finality there is one
    /// block at most.
    ///
    /// # Errors
    ///
    /// If one is damaged, or the disk fails.
    pub fn headers(&self, from: Slot) -> Result<Vec<(Root, BeaconBlockHeader)>, StoreError> {
        headers(&self.database, from)
    }

    /// State and ledger after a block, of a snapshot and the blocks from there on; none if they are not kept.
    ///
    /// # Errors
    ///
    /// If any of it is damaged, or the disk fails.
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

/// A snapshot of state and ledger after a block, if there is one.
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

/// A node that does not follow from its own blocks.
fn unknown(root: Root) -> Damage {
    Damage::Block { root, error: Box::new(LedgerError::Spec(Error::UnknownBlock)) }
}
