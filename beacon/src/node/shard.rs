//! The fork choice of shards.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::Node;
use outrider_beacon_spec::{
    accessors::{get_active_validator_indices, get_block_root_at_slot, get_current_epoch, validator},
    compute::compute_epoch_at_slot,
    constants::MIN_SEED_LOOKAHEAD,
    containers::{ShardBlock, ShardBlockHeader, ShardState, SignedShardBlock},
    error::{Error, ensure},
    fork_choice::{checkpoint_state, get_current_slot},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::Phase1,
    phase1::{
        compute_updated_gasprice,
        fork_choice::{self, ShardStore, blocks_between, crosslinked_state, shard_store},
        shard::verify_shard_header_signature,
    },
    preset::Preset,
    signatures::Signatures,
    types::{BLSSignature, Gwei, Root, Shard},
};

/// The slots within which shard blocks are crosslinked. The ledger knows the headers of 256 slots, and later, nobody could prove
/// the receipts of a header. Half of them are for the time until a header counts: the challenge window, and missing beacon
/// blocks.
pub const CROSSLINK_SLOTS: u64 = 128;

/// A shard block at the right place, whose signature is not verified yet.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) header: ShardBlockHeader,
    pub(crate) root: Root,
    /// The shard's state after the block.
    shard_state: ShardState,
}

impl Placed {
    /// Hashes a block for which [`Node::check_shard_place`] returned the shard's state after the parent.
    pub(crate) fn new(block: &ShardBlock, parent_state: ShardState) -> Result<Self, Error> {
        let header = block.header();
        let root = hash_tree_root(&header);
        let gasprice = compute_updated_gasprice(parent_state.gasprice, block.body.len() as u64)?;
        let shard_state = ShardState { slot: block.slot, gasprice, latest_block_root: root };
        Ok(Self { header, root, shard_state })
    }
}

impl<C: Preset> Node<Phase1<C>> {
    /// Adds a shard block. Does nothing for a known one.
    ///
    /// # Errors
    ///
    /// Fails as [`fork_choice::on_shard_block`] does, or if the block is not later than its parent, and then changes
    /// nothing.
    pub fn on_shard_block(&mut self, signed_shard_block: &SignedShardBlock) -> Result<(), Error> {
        let block = &signed_shard_block.message;
        let Some(parent_state) = self.check_shard_place(block)? else { return Ok(()) };
        let placed = Placed::new(block, parent_state)?;
        self.check_shard_signature(&placed, &signed_shard_block.signature, &mut Signatures::Each)?;
        self.insert_shard_block(Arc::new(signed_shard_block.clone()), placed)
    }

    /// Makes all checks of [`Self::on_shard_block`] that read neither body nor signature; returns the shard's state after
    /// the parent, or `None` for a known block.
    pub(crate) fn check_shard_place(&mut self, block: &ShardBlock) -> Result<Option<ShardState>, Error> {
        // A block of a later slot would be the head already, and spoil the attestations of this slot.
        let (got, expected) = (block.slot, get_current_slot(&self.store)?);
        ensure(got <= expected, Error::BlockInFuture { got, expected })?;
        self.insert_crosslinked(block)?;
        let signed_blocks = &shard_store(&self.store, block.shard)?.signed_blocks;
        // Comparing stops at the first field that differs, and so needs no hash.
        if signed_blocks.values().any(|known| known.message == *block) {
            return Ok(None);
        }
        let parent = &signed_blocks.get(&block.shard_parent_root).ok_or(Error::UnknownParent)?.message;
        // The slot of a placeholder is not that of its block; the specification checks the offset from the crosslink.
        ensure(
            block.slot > parent.slot || is_placeholder(parent),
            Error::ShardBlockNotLater { got: block.slot, expected: parent.slot },
        )?;
        match fork_choice::verify_shard_block_place(&self.store, block) {
            // Nothing more is needed of a block that has a placeholder.
            Err(Error::NotAfterFinalized { .. })
                if signed_blocks.values().any(|known| is_placeholder(&known.message))
                    && signed_blocks.contains_key(&hash_tree_root(block)) =>
            {
                Ok(None)
            }
            result => result.map(Some),
        }
    }

    /// Checks the signature of a shard block.
    pub(crate) fn check_shard_signature(
        &self,
        placed: &Placed,
        signature: &BLSSignature,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        let beacon_parent_root = &placed.header.beacon_parent_root;
        let beacon_parent_state =
            self.store.block_states.get(beacon_parent_root).ok_or(Error::UnknownParent)?;
        verify_shard_header_signature(beacon_parent_state, &placed.header, signature, signatures)
    }

    /// Adds a shard block that passed all checks.
    pub(crate) fn insert_shard_block(
        &mut self,
        signed_shard_block: Arc<SignedShardBlock>,
        placed: Placed,
    ) -> Result<(), Error> {
        let Placed { header, root, shard_state } = placed;
        let shard_store = self.store.shard_stores.get_mut(&header.shard).ok_or(Error::IndexOutOfRange)?;
        shard_store.signed_blocks.insert(root, signed_shard_block);
        shard_store.block_states.insert(root, shard_state);
        Ok(())
    }

    /// Returns the roots of a shard's blocks that the node does not have, although a validator's latest vote is for them
    /// or a known beacon block crosslinks them.
    pub(crate) fn missing_shard_blocks(&self, shard: Shard) -> Result<BTreeSet<Root>, Error> {
        let ShardStore { signed_blocks, latest_messages, .. } = shard_store(&self.store, shard)?;
        let voted = latest_messages.values().map(|message| message.root);
        let transitions = self.store.blocks.values();
        let transitions = transitions.filter_map(|block| block.body.shard_transitions.get(index(shard)));
        let crosslinked =
            transitions.flat_map(|transition| &transition.shard_states).map(|after| after.latest_block_root);
        let has = |root: &Root| signed_blocks.get(root).is_some_and(|known| !is_placeholder(&known.message));
        Ok(voted.chain(crosslinked).filter(|root| !has(root)).collect())
    }

    /// Adds a placeholder for the parent of a shard block, if the parent is unknown but crosslinked in the beacon
    /// parent's state, which has all that is needed of it. So a node that was started again, or never received the
    /// parent, follows the shard. On a branch of the beacon chain that has not crosslinked the parent, the parent itself is
    /// needed; when it arrives, it takes the place of its placeholder.
    fn insert_crosslinked(&mut self, block: &ShardBlock) -> Result<(), Error> {
        let (shard, parent_root) = (block.shard, block.shard_parent_root);
        let parent = shard_store(&self.store, shard)?.signed_blocks.get(&parent_root);
        if parent.is_some_and(|parent| !is_placeholder(&parent.message)) {
            return Ok(());
        }
        let has_placeholder = parent.is_some();
        let shard_state = |root: &Root| {
            let state = self.store.block_states.get(root)?;
            state.shard_states.get(index(shard)).copied()
        };
        let crosslinked = shard_state(&block.beacon_parent_root).ok_or(Error::UnknownParent)?;
        if crosslinked.latest_block_root != parent_root {
            return Err(Error::UnknownParent);
        }
        if has_placeholder {
            return Ok(());
        }
        let finalized = shard_state(&self.store.finalized_checkpoint.root).ok_or(Error::UnknownBlock)?;
        // It descends from the finalized crosslink, so pruning keeps it; and it is no later than any of its children.
        let shard_parent_root =
            if finalized.latest_block_root == parent_root { Root::ZERO } else { finalized.latest_block_root };
        let message = ShardBlock { slot: finalized.slot, shard, shard_parent_root, ..ShardBlock::default() };
        let shard_store = self.store.shard_stores.get_mut(&shard).ok_or(Error::IndexOutOfRange)?;
        shard_store.block_states.insert(parent_root, crosslinked);
        shard_store
            .signed_blocks
            .insert(parent_root, Arc::new(SignedShardBlock { message, ..SignedShardBlock::default() }));
        Ok(())
    }

    /// Returns the shard block to build on: the result of the specification's `get_shard_head` without votes for
    /// unknown blocks. This adds up votes from the latest block to the first, in one pass.
    ///
    /// # Errors
    ///
    /// Fails if there is no such shard.
    pub fn shard_head(&self, shard: Shard) -> Result<Root, Error> {
        let crosslinked = crosslinked_state(&self.store, shard)?;
        self.shard_head_among(shard, crosslinked, |block| Ok(!is_placeholder(block)))
    }

    /// Returns the shard block to build on among those for which a condition holds, from a crosslink on.
    fn shard_head_among(
        &self,
        shard: Shard,
        crosslinked: ShardState,
        is_candidate: impl Fn(&ShardBlock) -> Result<bool, Error>,
    ) -> Result<Root, Error> {
        let shard_store = shard_store(&self.store, shard)?;
        let balances = self.balances(shard_store)?;
        let mut children = BTreeMap::<Root, Vec<(Gwei, Root)>>::new();
        for (root, signed_block) in &shard_store.signed_blocks {
            let block = &signed_block.message;
            if block.slot > crosslinked.slot && is_candidate(block)? {
                let balance = balances.get(root).copied().unwrap_or_default();
                children.entry(block.shard_parent_root).or_default().push((balance, *root));
            }
        }
        let mut head = crosslinked.latest_block_root;
        while let Some((_, child)) = children.remove(&head).and_then(|children| children.into_iter().max()) {
            head = child;
        }
        Ok(head)
    }

    /// Returns the blocks from a shard's latest crosslink to its head.
    ///
    /// # Errors
    ///
    /// Fails if there is no such shard.
    pub fn pending_shard_blocks(&self, shard: Shard) -> Result<Vec<Arc<SignedShardBlock>>, Error> {
        let crosslinked = crosslinked_state(&self.store, shard)?;
        let head = self.shard_head(shard)?;
        blocks_between(shard_store(&self.store, shard)?, crosslinked.latest_block_root, head)
    }

    /// Returns the blocks from a shard's latest crosslink to its head, among those that can still be crosslinked on a
    /// beacon block: a crosslink requires that each block builds on the beacon block of its slot. A block that builds
    /// on another one, which came late or lost in a reorg, stays the specification's head until it is crosslinked, which
    /// it never is; whoever attests it never crosslinks the shard again.
    ///
    /// Nor can a block be crosslinked that is so much later than its beacon parent that the parent's state does not know the
    /// seed of its epoch: there, it has another proposer than in a later state. A block of more than [`CROSSLINK_SLOTS`] ago
    /// is given up, so that no shard waits for a crosslink that the ledger refuses.
    ///
    /// # Errors
    ///
    /// Fails if there is no such shard, or if the beacon block is unknown.
    pub fn crosslinkable_shard_blocks(
        &self,
        shard: Shard,
        beacon_block_root: Root,
    ) -> Result<Vec<Arc<SignedShardBlock>>, Error> {
        let beacon_state = self.store.block_states.get(&beacon_block_root).ok_or(Error::UnknownBlock)?;
        let crosslinked = *beacon_state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
        // That of the block that includes an attestation of this slot.
        let next_slot = get_current_slot(&self.store)?.plus(1)?;
        let head = self.shard_head_among(shard, crosslinked, |block| {
            if block.slot.saturating_add(CROSSLINK_SLOTS) <= next_slot {
                return Ok(false);
            }
            // The state also knows the blocks from before finality, which the store has pruned.
            let beacon_parent_root = if block.slot < beacon_state.slot {
                get_block_root_at_slot(beacon_state, block.slot).ok()
            } else {
                Some(beacon_block_root)
            };
            Ok(!is_placeholder(block)
                && beacon_parent_root == Some(block.beacon_parent_root)
                && self.knows_seed(block)?)
        })?;
        blocks_between(shard_store(&self.store, shard)?, crosslinked.latest_block_root, head)
    }

    /// Returns whether the state of a shard block's beacon parent knows the seed of the block's epoch: the RANDAO mix of
    /// `MIN_SEED_LOOKAHEAD + 1` epochs before. The node has pruned the parents of blocks from before finality.
    fn knows_seed(&self, block: &ShardBlock) -> Result<bool, Error> {
        let Some(parent) = self.store.block_states.get(&block.beacon_parent_root) else { return Ok(true) };
        let known = get_current_epoch(parent).plus(MIN_SEED_LOOKAHEAD + 1)?;
        Ok(compute_epoch_at_slot::<Phase1<C>>(block.slot) <= known)
    }

    /// Returns the stake behind each shard block and its descendants.
    fn balances(&self, shard_store: &ShardStore) -> Result<BTreeMap<Root, Gwei>, Error> {
        let state = checkpoint_state(&self.store, &self.store.justified_checkpoint)?;
        let mut balances = BTreeMap::<Root, Gwei>::new();
        for index in get_active_validator_indices(&state, get_current_epoch(&state)).iter() {
            let Some(message) = shard_store.latest_messages.get(index) else { continue };
            if shard_store.signed_blocks.contains_key(&message.root) {
                let balance = balances.entry(message.root).or_default();
                *balance = balance.plus(validator(&state, *index)?.effective_balance)?;
            }
        }
        let blocks = shard_store.signed_blocks.iter();
        let mut blocks: Vec<_> = blocks.map(|(root, block)| (Reverse(block.message.slot), *root)).collect();
        blocks.sort_unstable();
        for (_, root) in blocks {
            let Some(signed_block) = shard_store.signed_blocks.get(&root) else { continue };
            let balance = balances.get(&root).copied().unwrap_or_default();
            let parent = balances.entry(signed_block.message.shard_parent_root).or_default();
            *parent = parent.plus(balance)?;
        }
        Ok(balances)
    }
}

/// Returns whether a block stands for one that the node has not received. All others have a body.
fn is_placeholder(block: &ShardBlock) -> bool {
    block.body.is_empty()
}
