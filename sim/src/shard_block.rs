//! Shard blocks, their contents, and their executions for the beacon block.

use std::sync::Arc;

use outrider_beacon::{
    ledger::{
        ExecutionHeader, Ledger, LedgerError, ShardBody, ShardExecution, ShardPlace, SignedShardBlockHeader,
    },
    proof::body_branch,
};
use outrider_beacon_spec::{
    accessors::get_domain,
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::DOMAIN_SHARD_PROPOSAL,
    containers::{BeaconState, ShardBlock, ShardBlockHeader, SignedShardBlock},
    error::Error,
    hash::hash_tree_root,
    math::index,
    phase::Phase,
    types::{BLSSignature, Root, Shard, Slot, ValidatorIndex},
};

/// The contents of shard blocks.
pub trait ShardProposer {
    /// Returns the body of a shard block, or `None` to propose none.
    fn body(&self, place: &ShardPlace) -> Option<ShardBody>;

    /// Returns the body of a second block for the same place, which contradicts the first one; by default, one that executes
    /// no EE. If it is the same as the first, there is no second block.
    fn other_body(&self, place: &ShardPlace) -> Option<ShardBody> {
        empty_body(&place.view, place.shard, place.finalized_slot)
    }
}

impl<S: ShardProposer + ?Sized> ShardProposer for Arc<S> {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        (**self).body(place)
    }

    fn other_body(&self, place: &ShardPlace) -> Option<ShardBody> {
        (**self).other_body(place)
    }
}

/// A proposer of shard blocks that execute no EE.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyShardBlocks;

impl ShardProposer for EmptyShardBlocks {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        empty_body(&place.view, place.shard, place.finalized_slot)
    }
}

/// Returns the body of a shard block that executes no EE, or `None` if there is no such shard.
pub(crate) fn empty_body(view: &Ledger, shard: Shard, finalized_slot: Slot) -> Option<ShardBody> {
    let parent_execution_root = view.shards().get(index(shard))?.execution_root();
    let header = ExecutionHeader { parent_execution_root, finalized_slot, ..ExecutionHeader::default() };
    Some(ShardBody { header, ..ShardBody::default() })
}

/// The fields of a shard block but for its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal {
    pub(crate) shard: Shard,
    pub(crate) slot: Slot,
    pub(crate) proposer_index: ValidatorIndex,
    pub(crate) beacon_parent_root: Root,
    pub(crate) shard_parent_root: Root,
}

/// Returns the signed block of a proposal.
pub(crate) fn signed_shard_block<P: Phase>(
    state: &BeaconState<P>,
    proposal: Proposal,
    body: &ShardBody,
    sign: impl FnOnce(&[ValidatorIndex], Root) -> Result<BLSSignature, Error>,
) -> Result<SignedShardBlock, Error> {
    let Proposal { shard, slot, proposer_index, beacon_parent_root, shard_parent_root } = proposal;
    let body = body.to_body().try_into()?;
    let message = ShardBlock { shard_parent_root, beacon_parent_root, slot, shard, proposer_index, body };
    let domain = get_domain(state, DOMAIN_SHARD_PROPOSAL, Some(compute_epoch_at_slot::<P>(slot)));
    let signature = sign(&[proposer_index], compute_signing_root(&message, domain))?;
    Ok(SignedShardBlock { message, signature })
}

/// Returns the header of a shard block with the block's signature, which is valid for it, too.
pub(crate) fn signed_header(block: &SignedShardBlock) -> SignedShardBlockHeader {
    let SignedShardBlock { message, signature } = block;
    let ShardBlock { shard_parent_root, beacon_parent_root, slot, shard, proposer_index, body } = message;
    let message = ShardBlockHeader {
        shard_parent_root: *shard_parent_root,
        beacon_parent_root: *beacon_parent_root,
        slot: *slot,
        shard: *shard,
        proposer_index: *proposer_index,
        body_root: hash_tree_root(body),
    };
    SignedShardBlockHeader { message, signature: *signature }
}

/// Returns the execution of a shard block, for the beacon block that crosslinks it.
pub(crate) fn shard_execution(block: &ShardBlock) -> Result<ShardExecution, LedgerError> {
    let (shard, slot) = (block.shard, block.slot);
    let body =
        ShardBody::from_body(&block.body).map_err(|error| LedgerError::Header { shard, slot, error })?;
    let branch = body_branch(&block.body).try_into().map_err(Error::from)?;
    Ok(ShardExecution { shard, slot, header: body.header, branch })
}
