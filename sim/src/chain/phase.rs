//! The differences between simulated chains of phase 0, without shards, and phase 1, with shards.

use std::sync::Arc;

use crate::{
    keys::Keys,
    shard_block::{Proposal, empty_body, shard_execution, signed_shard_block},
};
use outrider_beacon::ledger::{ExtendedState, LedgerError, LedgerPhase, ShardExecution};
use outrider_beacon_spec::{
    accessors::{get_block_root_at_slot, get_committee_count_per_slot},
    compute::compute_epoch_at_slot,
    compute::compute_start_slot_at_epoch,
    constants::GENESIS_SLOT,
    containers::{BeaconBlockBody, BeaconState, Extensions, ShardVote, SignedShardBlock},
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::{Phase0, Phase1},
    phase1::{
        compute_shard_from_committee_index, get_offset_slots, get_shard_proposer_index, get_shard_transition,
    },
    preset::Preset,
    types::{Root, Shard, ValidatorIndex},
};

/// The number of custody periods whose secrets count as revealed at genesis: more than a chain will ever have.
const PERIODS_REVEALED: u64 = 1 << 32;

/// The vote of each committee of the previous slot on its shard, and the executions of all shard blocks.
type Crosslinks<P> = (Vec<<P as Extensions>::AttestationData>, Vec<ShardExecution>);

/// A phase that a [`Chain`](super::Chain) can run.
pub trait ChainPhase: LedgerPhase {
    /// Converts a genesis of phase 0 to this phase.
    ///
    /// # Errors
    ///
    /// Fails if there are too many validators.
    fn begin(genesis: ExtendedState<Phase0<Self::Preset>>) -> Result<ExtendedState<Self>, Error>;

    /// Returns the most committees of a slot.
    fn committees_per_slot_max() -> u64;

    /// Returns an empty body.
    fn empty_body() -> BeaconBlockBody<Self>;

    /// Writes the phase's shard transitions into a body, and returns the matching votes and executions. The shard blocks execute
    /// no EE. `state` is in the slot of the body's block, `pre` is that of the head.
    ///
    /// # Errors
    ///
    /// Fails if the state contradicts itself.
    fn crosslink(
        state: &BeaconState<Self>,
        pre: &ExtendedState<Self>,
        keys: &Keys,
        body: &mut BeaconBlockBody<Self>,
    ) -> Result<Crosslinks<Self>, LedgerError>;
}

impl<C: Preset> ChainPhase for Phase0<C> {
    fn begin(genesis: ExtendedState<Phase0<C>>) -> Result<ExtendedState<Self>, Error> {
        Ok(genesis)
    }

    fn committees_per_slot_max() -> u64 {
        C::MAX_COMMITTEES_PER_SLOT
    }

    fn empty_body() -> BeaconBlockBody<Self> {
        BeaconBlockBody::default()
    }

    fn crosslink(
        state: &BeaconState<Self>,
        _: &ExtendedState<Self>,
        _: &Keys,
        _: &mut BeaconBlockBody<Self>,
    ) -> Result<Crosslinks<Self>, LedgerError> {
        let epoch = compute_epoch_at_slot::<Self>(state.slot.minus(1)?);
        Ok((vec![(); index(get_committee_count_per_slot(state, epoch))], Vec::new()))
    }
}

impl<C: Preset> ChainPhase for Phase1<C> {
    /// All custody secrets that will ever be due count as revealed. The specification's check overflows: under its letter, most
    /// validators could reveal no secret, and would be slashed after two custody periods, 64 epochs with the preset `minimal`.
    fn begin(genesis: ExtendedState<Phase0<C>>) -> Result<ExtendedState<Self>, Error> {
        let mut extended = genesis.upgrade_to_phase1()?;
        let validators = &mut extended.state.validators;
        for index in 0..validators.len() {
            let validator = validators.get_mut(index).ok_or(Error::IndexOutOfRange)?;
            validator.next_custody_secret_to_reveal = PERIODS_REVEALED;
        }
        Ok(extended)
    }

    /// A committee attests to a shard of its own.
    fn committees_per_slot_max() -> u64 {
        C::INITIAL_ACTIVE_SHARDS
    }

    fn empty_body() -> BeaconBlockBody<Self> {
        BeaconBlockBody::default()
    }

    fn crosslink(
        state: &BeaconState<Self>,
        pre: &ExtendedState<Self>,
        keys: &Keys,
        body: &mut BeaconBlockBody<Self>,
    ) -> Result<Crosslinks<Self>, LedgerError> {
        let slot = state.slot.minus(1)?;
        let mut votes = Vec::new();
        let mut executions = Vec::new();
        for committee in 0..get_committee_count_per_slot(state, compute_epoch_at_slot::<Self>(slot)) {
            let shard = compute_shard_from_committee_index(state, committee, slot)?;
            // No shard has a block in the genesis slot.
            let block = match slot {
                GENESIS_SLOT => None,
                _ => shard_block(state, pre, shard, keys)?.map(Arc::new),
            };
            if let Some(block) = &block {
                executions.push(shard_execution(&block.message)?);
            }
            let transition = get_shard_transition(&pre.state, shard, block.as_slice())?;
            votes.push(ShardVote {
                shard,
                shard_head_root: transition
                    .shard_states
                    .last()
                    .map_or(Root::ZERO, |after| after.latest_block_root),
                shard_transition_root: hash_tree_root(&transition),
            });
            *body.shard_transitions.get_mut(index(shard)).ok_or(Error::IndexOutOfRange)? = transition;
        }
        executions.sort_by_key(|execution: &ShardExecution| (execution.shard, execution.slot));
        Ok((votes, executions))
    }
}

/// Returns the block of a shard in the latest slot that may have one, or `None` if the shard has no proposer: with very few
/// validators, it may have no committee.
///
/// The proposer is that of the next beacon block's state. In a state with few RANDAO mixes, the seed of the shard proposers
/// may be the mix of this epoch, which that block changes.
fn shard_block<C: Preset>(
    state: &BeaconState<Phase1<C>>,
    pre: &ExtendedState<Phase1<C>>,
    shard: Shard,
    keys: &Keys,
) -> Result<Option<SignedShardBlock>, Error> {
    let slot = get_offset_slots(state, shard)?.last().copied().ok_or(Error::IndexOutOfRange)?;
    let Ok(proposer_index) = get_shard_proposer_index(state, slot, shard) else { return Ok(None) };
    let crosslinked = state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let proposal = Proposal {
        shard,
        slot,
        proposer_index,
        beacon_parent_root: get_block_root_at_slot(state, slot)?,
        shard_parent_root: crosslinked.latest_block_root,
    };
    let finalized_slot = compute_start_slot_at_epoch::<Phase1<C>>(pre.state.finalized_checkpoint.epoch)?;
    let body = empty_body(&pre.ledger, shard, finalized_slot).ok_or(Error::IndexOutOfRange)?;
    let sign = |proposer: &[ValidatorIndex], root| keys.sign(proposer, root);
    signed_shard_block(state, proposal, &body, sign).map(Some)
}
