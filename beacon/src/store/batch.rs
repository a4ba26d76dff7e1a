//! The changes that one block makes to a store.

use std::collections::{BTreeMap, BTreeSet};

use redb::WriteTransaction;
use ssz::Encode as _;

use super::{
    HeadRecord, Retention, StoreError, StoreIndex,
    block::{StoredBlock, remove_block},
    tables::{self, CODES, HEAD, LEDGERS, NOTES, STATES, VOTES, put, remove},
    unknown,
};
use crate::ledger::{
    BlockLedger, EeRecord, ExtendedBlock, ExtendedState, LedgerNode, LedgerOperations, LedgerPhase,
    dispute_epochs,
};
use outrider_beacon_spec::{
    compute::compute_epoch_at_slot,
    containers::SignedBeaconBlock,
    fork_choice::{LatestMessage, Store as ForkChoiceStore},
    hash::hash_tree_root,
    types::{BLSSignature, Bytes32, Root, ValidatorIndex},
};

/// The key of the only record of the table `head`.
pub(super) const HEAD_KEY: &[u8] = b"head";

/// The changes that a block makes.
pub(super) struct Batch {
    before: StoreIndex,
    /// The index for the next batch.
    pub(super) after: StoreIndex,
    head: HeadRecord,
    block: StoredBlock,
    /// SSZ of state and ledger of a new anchor.
    snapshot: Option<(Vec<u8>, Vec<u8>)>,
    retention: Retention,
}

impl Batch {
    pub(super) fn new<P: LedgerPhase>(
        before: &StoreIndex,
        retention: Retention,
        node: &LedgerNode<P>,
        block: &ExtendedBlock<P>,
    ) -> Result<Self, StoreError> {
        let block = StoredBlock::new(block);
        let known = &node.store().blocks;
        if !known.contains_key(&block.root()) {
            return Err(StoreError::UnknownBlock { root: block.root() });
        }
        let mut after = before.clone();
        after.blocks.insert(block.root(), block.saved());
        after.votes.clone_from(&node.store().latest_messages);
        let mut snapshot = None;
        // While the node still knows the anchor, it has pruned nothing, even if finality has advanced.
        if !known.contains_key(&before.anchor_root) {
            after.anchor_root = node.store().finalized_checkpoint.root;
            let anchor = node.extended(&after.anchor_root);
            snapshot = Some(encode(&anchor.ok_or(StoreError::UnknownBlock { root: after.anchor_root })?));
            after.blocks.retain(|root, _| known.contains_key(root));
        }
        if let Some(root) = known.keys().find(|root| !after.blocks.contains_key(*root)) {
            return Err(StoreError::UnknownBlock { root: *root });
        }
        after.codes.extend(block.codes.iter().map(|(code_hash, _)| *code_hash));
        if snapshot.is_some() && retention == Retention::Finality {
            let needed = needed_codes(node, &after);
            after.codes.retain(|code_hash| needed.contains(code_hash));
        }
        let head = head_record(node, &after, retention)?;
        Ok(Self { before: before.clone(), after, head, block, snapshot, retention })
    }

    /// Returns bytes that determine the content after this batch, given the content before it.
    pub(super) fn digested(&self) -> Vec<u8> {
        let mut bytes = [b"block", self.block.root().as_slice(), &self.head.as_ssz_bytes()].concat();
        for (validator, vote) in changed_votes(&self.before.votes, &self.after.votes) {
            bytes.extend(validator.to_le_bytes());
            bytes.extend(vote_content(vote));
        }
        bytes
    }

    /// Writes the whole batch.
    pub(super) fn write(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        for (code_hash, code) in &self.block.codes {
            if !self.before.codes.contains(code_hash) {
                put(transaction, CODES, code_hash.as_slice(), code)?;
            }
        }
        self.block.put(transaction)?;
        write_votes(transaction, &self.before.votes, &self.after.votes)?;
        if let Some((state, ledger)) = &self.snapshot {
            let key = self.after.anchor_root.as_slice();
            put(transaction, STATES, key, state)?;
            put(transaction, LEDGERS, key, ledger)?;
            if self.retention == Retention::Finality {
                self.remove_old(transaction)?;
            }
        }
        put(transaction, HEAD, HEAD_KEY, &self.head.as_ssz_bytes())
    }

    /// Removes the old anchor's state, the blocks that the node has pruned, and unused code.
    fn remove_old(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        let old = self.before.anchor_root;
        remove(transaction, STATES, old.as_slice())?;
        remove(transaction, LEDGERS, old.as_slice())?;
        let known = |root: &Root| self.before.blocks.get(root).or_else(|| self.after.blocks.get(root));
        let ancestors =
            std::iter::successors(Some(self.after.anchor_root), |root| Some(known(root)?.parent_root));
        let ancestors: BTreeSet<_> = ancestors.collect();
        let dropped = self.before.blocks.iter().filter(|(root, _)| !self.after.blocks.contains_key(*root));
        for (root, block) in dropped {
            remove_block(transaction, *root, block.slot, ancestors.contains(root))?;
        }
        let gone = self.before.codes.difference(&self.after.codes);
        gone.into_iter().try_for_each(|code_hash| remove(transaction, CODES, code_hash.as_slice()))
    }
}

/// Returns the hashes of code that is part of a kept block, that every node has after a kept block by the ledger's rule, or
/// that awaits votes after one.
fn needed_codes<P: LedgerPhase>(node: &LedgerNode<P>, after: &StoreIndex) -> BTreeSet<Bytes32> {
    let mut needed: BTreeSet<_> = after.blocks.values().flat_map(|block| block.codes.clone()).collect();
    for root in after.blocks.keys() {
        let Some(BlockLedger { ledger, .. }) = node.block_ledger(root) else { continue };
        let epoch = compute_epoch_at_slot::<P>(ledger.slot());
        let known = |record: &EeRecord| record.known_codes(epoch, dispute_epochs::<P::Preset>());
        needed.extend(ledger.ees().iter().flat_map(known));
        needed.extend(ledger.pre_checks().iter().map(|pre_check| pre_check.code_hash));
    }
    needed
}

fn head_record<P: LedgerPhase>(
    node: &LedgerNode<P>,
    after: &StoreIndex,
    retention: Retention,
) -> Result<HeadRecord, StoreError> {
    let ForkChoiceStore {
        time, justified_checkpoint, best_justified_checkpoint, finalized_checkpoint, ..
    } = *node.store();
    let head_root = node.head().map_err(|_| StoreError::Damaged(unknown(justified_checkpoint.root)))?;
    Ok(HeadRecord {
        keeps_all: retention == Retention::All,
        anchor_root: after.anchor_root,
        head_root,
        time,
        justified_checkpoint,
        best_justified_checkpoint,
        finalized_checkpoint,
    })
}

fn encode<P: LedgerPhase>(extended: &ExtendedState<P>) -> (Vec<u8>, Vec<u8>) {
    (extended.state.as_ssz_bytes(), extended.ledger.as_ssz_bytes())
}

/// Returns the votes that are new or have changed.
fn changed_votes<'v>(
    before: &BTreeMap<ValidatorIndex, LatestMessage>,
    after: &'v BTreeMap<ValidatorIndex, LatestMessage>,
) -> impl Iterator<Item = (&'v ValidatorIndex, &'v LatestMessage)> {
    after.iter().filter(|(validator, vote)| before.get(validator) != Some(vote))
}

fn vote_content(vote: &LatestMessage) -> Vec<u8> {
    [&vote.epoch.to_le_bytes()[..], vote.root.as_slice()].concat()
}

fn write_votes(
    transaction: &WriteTransaction,
    before: &BTreeMap<ValidatorIndex, LatestMessage>,
    after: &BTreeMap<ValidatorIndex, LatestMessage>,
) -> Result<(), redb::Error> {
    for (validator, vote) in changed_votes(before, after) {
        put(transaction, VOTES, &validator.to_be_bytes(), &vote_content(vote))?;
    }
    for validator in before.keys().filter(|validator| !after.contains_key(validator)) {
        remove(transaction, VOTES, &validator.to_be_bytes())?;
    }
    Ok(())
}

/// The first content of a store: the node's anchor.
pub(super) struct Genesis {
    /// The index for the first batch.
    pub(super) saved: StoreIndex,
    head: HeadRecord,
    block: StoredBlock,
    /// SSZ of state and ledger.
    snapshot: (Vec<u8>, Vec<u8>),
}

impl Genesis {
    pub(super) fn new<P: LedgerPhase>(
        node: &LedgerNode<P>,
        retention: Retention,
    ) -> Result<Self, StoreError> {
        let root = node.store().finalized_checkpoint.root;
        let missing = || StoreError::UnknownBlock { root };
        let message = node.store().blocks.get(&root).ok_or_else(missing)?.clone();
        let block = SignedBeaconBlock { message, signature: BLSSignature::default() };
        debug_assert_eq!(hash_tree_root(&block.message), root, "a node knows its blocks by their roots");
        let block = StoredBlock::new(&ExtendedBlock { block, operations: LedgerOperations::default() });
        let snapshot = encode(&node.extended(&root).ok_or_else(missing)?);
        let saved = StoreIndex {
            anchor_root: root,
            blocks: BTreeMap::from([(root, block.saved())]),
            votes: node.store().latest_messages.clone(),
            ..StoreIndex::default()
        };
        let head = head_record(node, &saved, retention)?;
        Ok(Self { saved, head, block, snapshot })
    }

    /// Creates all tables, and writes the first records and notes.
    pub(super) fn write(
        &self,
        transaction: &WriteTransaction,
        notes: &[(&str, &str)],
    ) -> Result<(), redb::Error> {
        for table in tables::ALL {
            transaction.open_table(table.definition())?;
        }
        for (name, text) in notes {
            put(transaction, NOTES, name.as_bytes(), text.as_bytes())?;
        }
        let (root, (state, ledger)) = (self.saved.anchor_root, &self.snapshot);
        self.block.put(transaction)?;
        put(transaction, STATES, root.as_slice(), state)?;
        put(transaction, LEDGERS, root.as_slice(), ledger)?;
        write_votes(transaction, &BTreeMap::new(), &self.saved.votes)?;
        put(transaction, HEAD, HEAD_KEY, &self.head.as_ssz_bytes())
    }
}
