//! Opening a store and loading its node.

use std::{collections::BTreeMap, marker::PhantomData, path::Path};

use outrider_disk::{AnchoredDatabase, Content};
use ssz::Decode as _;

use super::{
    Damage, HeadRecord, Retention, Store, StoreError, StoreIndex,
    batch::HEAD_KEY,
    block, headers, snapshot,
    tables::{CODES, HEAD, NOTES, VOTES, get, keys, range},
};
use crate::{
    ledger::{ExtendedBlock, LedgerError, LedgerNode, LedgerPhase},
    node::ForkChoiceRecord,
    registry::Rules,
};
use outrider_beacon_spec::{
    fork_choice::LatestMessage,
    types::{Bytes32, Root, ValidatorIndex},
};

/// An open store whose node is not loaded yet. Its notes can be read, for instance to determine the phase of the chain.
#[derive(Debug)]
pub struct UnloadedStore {
    database: AnchoredDatabase,
    head: HeadRecord,
}

impl UnloadedStore {
    /// Opens the store in a directory. [`AnchoredDatabase::open`] lists the checks.
    ///
    /// # Errors
    ///
    /// Fails at the first check that does not hold, or if the system refuses an operation.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::of(AnchoredDatabase::open(path, Content::Chain)?)
    }

    /// Opens the store in a directory for reading. Nothing on disk changes, so the disk may be read-only, and other processes
    /// may read the store at the same time.
    ///
    /// # Errors
    ///
    /// Fails as [`UnloadedStore::open`] does.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Self::of(AnchoredDatabase::open_read_only(path, Content::Chain)?)
    }

    fn of(database: AnchoredDatabase) -> Result<Self, StoreError> {
        let content = get(&database, HEAD, HEAD_KEY)?.ok_or_else(|| absent("head", HEAD_KEY))?;
        let damaged = |_| StoreError::Damaged(Damage::Content { table: "head", key: HEAD_KEY.to_vec() });
        let head = HeadRecord::from_ssz_bytes(&content).map_err(damaged)?;
        Ok(Self { database, head })
    }

    /// Returns the note of a name.
    ///
    /// # Errors
    ///
    /// Fails if the note is damaged, or if it cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        note(&self.database, name)
    }

    /// Loads the node: state and ledger of the anchor, then all blocks after it, then the votes. Each block is applied again
    /// and must result in the roots that it states. The rules determine whether its signatures are verified again.
    ///
    /// # Errors
    ///
    /// Fails if a record is damaged, or if it cannot be read.
    pub fn load<P: LedgerPhase>(self, rules: Rules<'_>) -> Result<(Store<P>, LedgerNode<P>), StoreError> {
        let Self { database, head } = self;
        let root = head.anchor_root;
        let anchor = snapshot::<P>(&database, root)?.ok_or_else(|| absent("states", root.as_slice()))?;
        let anchor_slot = anchor.state.slot;
        let (anchor_block, saved_block) =
            block::read::<P>(&database, root)?.ok_or_else(|| absent("blocks", root.as_slice()))?;
        let anchored = |error| StoreError::Damaged(Damage::AnchorState(Box::new(error)));
        let mut node = LedgerNode::new(anchor, anchor_block.block.message).map_err(anchored)?;
        node.on_tick(head.time).map_err(|error| anchored(error.into()))?;
        if head.finalized_checkpoint.root == root {
            // If the first slot of the checkpoint's epoch was empty, the anchor is of an earlier epoch than the checkpoint.
            let [justified_checkpoint, best_justified_checkpoint, finalized_checkpoint] =
                [head.finalized_checkpoint; 3];
            let latest_messages = BTreeMap::new();
            let initial = ForkChoiceRecord {
                justified_checkpoint,
                best_justified_checkpoint,
                finalized_checkpoint,
                latest_messages,
            };
            node.restore(initial).map_err(|error| anchored(error.into()))?;
        }
        let mut blocks = BTreeMap::from([(root, saved_block)]);
        for (root, header) in headers(&database, anchor_slot)? {
            // A store that keeps all blocks also has those of abandoned forks.
            if !blocks.contains_key(&header.parent_root) {
                continue;
            }
            let (block, saved_block): (ExtendedBlock<P>, _) =
                block::read(&database, root)?.ok_or_else(|| absent("blocks", root.as_slice()))?;
            node.on_block(&block, rules).map_err(|error| damaged_block(root, error))?;
            blocks.insert(root, saved_block);
        }
        let votes = votes(&database)?;
        let learned = ForkChoiceRecord {
            justified_checkpoint: head.justified_checkpoint,
            best_justified_checkpoint: head.best_justified_checkpoint,
            finalized_checkpoint: head.finalized_checkpoint,
            latest_messages: votes.clone(),
        };
        node.restore(learned).map_err(|error| anchored(error.into()))?;
        let (got, expected) = (node.head().map_err(|error| anchored(error.into()))?, head.head_root);
        if got != expected {
            return Err(StoreError::Damaged(Damage::Head { got, expected }));
        }
        let codes = keys(&database, CODES)?;
        let codes = codes.iter().filter_map(|key| Bytes32::try_from(key.as_slice()).ok()).collect();
        let saved = StoreIndex { anchor_root: root, blocks, codes, votes };
        let retention = if head.keeps_all { Retention::All } else { Retention::Finality };
        Ok((Store { database, retention, saved, phase: PhantomData }, node))
    }
}

pub(super) fn note(database: &AnchoredDatabase, name: &str) -> Result<Option<String>, StoreError> {
    let key = name.as_bytes();
    let text = get(database, NOTES, key)?;
    let damaged = |_| StoreError::Damaged(Damage::Content { table: "notes", key: key.to_vec() });
    text.map(|text| String::from_utf8(text).map_err(damaged)).transpose()
}

fn votes(database: &AnchoredDatabase) -> Result<BTreeMap<ValidatorIndex, LatestMessage>, StoreError> {
    let records = range(database, VOTES, &[])?;
    let vote = |(key, content): (Vec<u8>, Vec<u8>)| {
        let decoded = || {
            let validator = key.as_slice().try_into().ok().map(u64::from_be_bytes)?;
            let (epoch, root) = content.split_first_chunk()?;
            let root = Root::try_from(root).ok()?;
            Some((validator, LatestMessage { epoch: u64::from_le_bytes(*epoch), root }))
        };
        decoded().ok_or_else(|| StoreError::Damaged(Damage::Content { table: "votes", key: key.clone() }))
    };
    records.into_iter().map(vote).collect()
}

fn absent(table: &'static str, key: &[u8]) -> StoreError {
    StoreError::Damaged(Damage::Absent { table, key: key.to_vec() })
}

fn damaged_block(root: Root, error: LedgerError) -> StoreError {
    StoreError::Damaged(Damage::Block { root, error: Box::new(error) })
}
