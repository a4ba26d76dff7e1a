//! From a store to a node.

use std::{collections::BTreeMap, marker::PhantomData, path::Path};

use redb::{Builder, Database};
use ssz::Decode as _;

use super::{
    CACHE_BYTES, Damage, HeadRecord, Retention, Saved, Store, StoreError,
    batch::HEAD_KEY,
    block,
    directory::{Contents, Directory, has_anything},
    error::opening,
    headers, snapshot,
    tables::{CODES, HEAD, NOTES, VOTES, get, keys, range},
};
use crate::{
    ledger::{ExtendedBlock, LedgerError, LedgerNode, LedgerPhase},
    node::Learned,
    registry::Rules,
};
use outrider_beacon_spec::{
    fork_choice::LatestMessage,
    types::{Bytes32, Root, ValidatorIndex},
};

/// A store of which only notes have been read: they tell which chain is in it.
#[derive(Debug)]
pub struct Opened {
    database: Database,
    head: HeadRecord,
    n_anchored: u64,
    directory: Directory,
}

impl Opened {
    /// Opens the store in a directory. In this order,
    ///
    /// 1. there is one, and no other process has it open;
    /// 2. every page of the database has its checksum, or is one that a crash may have torn;
    /// 3. the database is of the batch that the anchor names, or of the next, whose anchor a crash has prevented.
    ///
    /// # Errors
    ///
    /// The first of these that does not hold; if the disk fails.
    pub fn new(path: &Path) -> Result<Self, StoreError> {
        if !has_anything(path) {
            return Err(StoreError::Absent);
        }
        let directory = Directory::lock(path)?;
        let Contents::Store { n_batches: n_anchored } = directory.contents()? else {
            return Err(StoreError::Absent);
        };
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.open(directory.database()).map_err(opening)?;
        let content = get(&database, HEAD, HEAD_KEY)?;
        let content = content.ok_or_else(|| absent("head", HEAD_KEY))?;
        let damaged = |_| StoreError::Damaged(Damage::Content { table: "head", key: HEAD_KEY.to_vec() });
        let head = HeadRecord::from_ssz_bytes(&content).map_err(damaged)?;
        let (got, expected) = (head.n_batches, n_anchored);
        if got.checked_sub(expected).is_none_or(|ahead| ahead > 1) {
            return Err(StoreError::Damaged(Damage::Batch { got, expected }));
        }
        Ok(Self { database, head, n_anchored, directory })
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// If it is damaged, or the disk fails.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        note(&self.database, name)
    }

    /// Loads the node: state and ledger at finality, then all blocks after it, then votes. Each block is applied, and has to lead to
    /// the roots that it states; that signatures were verified before, the rules may say.
    ///
    /// # Errors
    ///
    /// If anything is damaged, or the disk fails.
    pub fn load<P: LedgerPhase>(self, rules: Rules<'_>) -> Result<(Store<P>, LedgerNode<P>), StoreError> {
        let Self { database, head, n_anchored, directory } = self;
        let root = head.anchor_root;
        let anchor = snapshot::<P>(&database, root)?.ok_or_else(|| absent("states", root.as_slice()))?;
        let anchor_slot = anchor.state.slot;
        let (anchor_block, saved_block) =
            block::read::<P>(&database, root)?.ok_or_else(|| absent("blocks", root.as_slice()))?;
        let anchored = |error| StoreError::Damaged(Damage::Anchored(Box::new(error)));
        let mut node = LedgerNode::new(anchor, anchor_block.block.message).map_err(anchored)?;
        node.on_tick(head.time).map_err(|error| anchored(error.into()))?;
        if head.finalized_checkpoint.root == root {
            // The anchor may be of an earlier epoch than the checkpoint, if its first slot was empty.
            let [justified_checkpoint, best_justified_checkpoint, finalized_checkpoint] =
                [head.finalized_checkpoint; 3];
            let latest_messages = BTreeMap::new();
            let begun = Learned {
                justified_checkpoint,
                best_justified_checkpoint,
                finalized_checkpoint,
                latest_messages,
            };
            node.relearn(begun).map_err(|error| anchored(error.into()))?;
        }
        let mut blocks = BTreeMap::from([(root, saved_block)]);
        for (root, header) in headers(&database, anchor_slot)? {
            // Where nothing is removed, there are blocks that finality has passed by.
            if !blocks.contains_key(&header.parent_root) {
                continue;
            }
            let (block, saved_block): (ExtendedBlock<P>, _) =
                block::read(&database, root)?.ok_or_else(|| absent("blocks", root.as_slice()))?;
            node.on_block(&block, rules).map_err(|error| damaged_block(root, error))?;
            blocks.insert(root, saved_block);
        }
        let votes = votes(&database)?;
        let learned = Learned {
            justified_checkpoint: head.justified_checkpoint,
            best_justified_checkpoint: head.best_justified_checkpoint,
            finalized_checkpoint: head.finalized_checkpoint,
            latest_messages: votes.clone(),
        };
        node.relearn(learned).map_err(|error| anchored(error.into()))?;
        let (got, expected) = (node.head().map_err(|error| anchored(error.into()))?, head.head_root);
        if got != expected {
            return Err(StoreError::Damaged(Damage::Head { got, expected }));
        }
        let codes = keys(&database, CODES)?;
        let codes = codes.iter().filter_map(|key| Bytes32::try_from(key.as_slice()).ok()).collect();
        let n_batches = head.n_batches;
        let saved = Saved { n_batches, n_anchored, anchor_root: root, blocks, codes, votes };
        let retention = if head.keeps_all { Retention::All } else { Retention::Finality };
        Ok((Store { database, retention, saved, phase: PhantomData, directory }, node))
    }
}

pub(super) fn note(database: &Database, name: &str) -> Result<Option<String>, StoreError> {
    let key = name.as_bytes();
    let text = get(database, NOTES, key)?;
    let damaged = |_| StoreError::Damaged(Damage::Content { table: "notes", key: key.to_vec() });
    text.map(|text| String::from_utf8(text).map_err(damaged)).transpose()
}

fn votes(database: &Database) -> Result<BTreeMap<ValidatorIndex, LatestMessage>, StoreError> {
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
