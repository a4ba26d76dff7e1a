//! A store on disk, from which a [`LedgerNode`] is loaded again after its process has ended, even by a crash.
//!
//! # Layout
//!
//! A store is a database with an anchor, in a directory whose layout [`outrider_disk`] describes. Numbers in keys are
//! big-endian, so that tables are sorted by slot.
//!
//! | table | key | content |
//! |---|---|---|
//! | `head` | `head` | SSZ of `HeadRecord`: the block from which loading starts, the head, and the checkpoints of the fork choice |
//! | `blocks` | block root | the number of codes in the block, 1 byte; their hashes; SSZ of the [`ExtendedBlock`] without the codes |
//! | `codes` | SHA-256 | code, stored once for all blocks and EEs that share it |
//! | `headers` | slot, 8 bytes; block root | SSZ of the block's header |
//! | `states` | block root | SSZ of the state after a finalized block: a snapshot |
//! | `ledgers` | block root | SSZ of the ledger after the same block |
//! | `votes` | validator, 8 bytes | target epoch, 8 bytes, little-endian, and block root of the latest vote |
//! | `notes` | name | text of the application |
//!
//! Other states are computed from a snapshot and the blocks after it. Saving a block is one batch of the database. So after
//! a crash the store has every acknowledged block, and the block that was being saved either whole or not at all. The digest
//! of the batch covers the head record, the block's root and the votes, or the note that is set.
//!
//! # Retention
//!
//! [`Retention::Finality`] keeps what the node keeps: the finalized block with its state and ledger, and all descendants. It
//! also keeps the headers of all finalized blocks back to genesis, and code that a kept block uses, or that
//! [`EeRecord::known_codes`](crate::ledger::EeRecord::known_codes) lists after one.
//! [`Retention::All`] removes nothing.
//!
//! Shard blocks that no beacon block has crosslinked, and votes for them, are not stored. A restarted node receives them again
//! from the network.

mod batch;
mod block;
mod error;
mod load;
mod tables;

pub use error::{Damage, StoreError};
pub use load::UnloadedStore;
pub use outrider_disk::DiskError;

use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
    path::Path,
};

use outrider_disk::{AnchoredDatabase, Content};
use ssz::Decode as _;
use ssz_derive::{Decode, Encode};

use self::{
    batch::{Batch, Genesis},
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
    database: AnchoredDatabase,
    retention: Retention,
    saved: StoreIndex,
    phase: PhantomData<P>,
}

impl<P: LedgerPhase> Store<P> {
    /// Creates a store with notes, for a node that has only its anchor. A creation that fails leaves nothing behind.
    ///
    /// # Errors
    ///
    /// Fails if the directory has a store already ([`DiskError::Present`]) or anything else, if another process has locked it, or if the
    /// system refuses an operation.
    pub fn create(
        path: &Path,
        node: &LedgerNode<P>,
        notes: &[(&str, &str)],
        retention: Retention,
    ) -> Result<Self, StoreError> {
        let genesis = Genesis::new(node, retention)?;
        let write = |transaction: &_| genesis.write(transaction, notes);
        let database = AnchoredDatabase::create(path, Content::Chain, write)?;
        Ok(Self { database, retention, saved: genesis.saved, phase: PhantomData })
    }

    /// Stores a block that the node has accepted, and all other changes since the last call, in one transaction. Once this
    /// returns, the block survives a crash.
    ///
    /// # Errors
    ///
    /// Fails if the node does not know the block, if the store was opened for reading, or if the system refuses an operation.
    /// The store then still loads, without the block, or with it if only replacing the file `anchor` failed.
    pub fn save(&mut self, node: &LedgerNode<P>, block: &ExtendedBlock<P>) -> Result<(), StoreError> {
        let writer = self.database.writer()?;
        let batch = Batch::new(&self.saved, self.retention, node, block)?;
        writer.commit(&batch.digested(), |transaction| batch.write(transaction))?;
        self.saved = batch.after;
        Ok(())
    }

    /// Writes a note; replaces a note of the same name.
    ///
    /// # Errors
    ///
    /// Fails if the store was opened for reading, or if the system refuses an operation.
    pub fn set_note(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let digested = [b"note", name.as_bytes(), b"\0", text.as_bytes()].concat();
        let write = |transaction: &_| tables::put(transaction, NOTES, name.as_bytes(), text.as_bytes());
        Ok(self.database.writer()?.commit(&digested, write)?)
    }

    /// Returns the note of a name.
    ///
    /// # Errors
    ///
    /// Fails if the note is damaged, or if it cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        load::note(&self.database, name)
    }

    /// Returns the code with a hash.
    ///
    /// # Errors
    ///
    /// Fails if the code is damaged, or if it cannot be read.
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
    /// Fails if the block is damaged, or if it cannot be read.
    pub fn block(&self, root: Root) -> Result<Option<ExtendedBlock<P>>, StoreError> {
        Ok(block::read(&self.database, root)?.map(|(block, _)| block))
    }

    /// Returns the block headers from a slot on, with their roots, sorted by slot. With [`Retention::Finality`], a slot before
    /// finality has at most one header.
    ///
    /// # Errors
    ///
    /// Fails if a header is damaged, or if it cannot be read.
    pub fn headers(&self, from: Slot) -> Result<Vec<(Root, BeaconBlockHeader)>, StoreError> {
        headers(&self.database, from)
    }

    /// Computes the state and the ledger after a block, from a snapshot and the blocks after it. Returns `None` if the store
    /// does not keep these.
    ///
    /// # Errors
    ///
    /// Fails if a record is damaged, or if it cannot be read.
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
fn snapshot<P: LedgerPhase>(
    database: &AnchoredDatabase,
    root: Root,
) -> Result<Option<ExtendedState<P>>, StoreError> {
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

fn headers(database: &AnchoredDatabase, from: Slot) -> Result<Vec<(Root, BeaconBlockHeader)>, StoreError> {
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
