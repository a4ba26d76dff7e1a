//! The differences between the phases for the ledger.

use crate::node::NodePhase;
use outrider_beacon_spec::{
    constants::{GENESIS_SLOT, ONLINE_PERIOD},
    containers::{AttestationData, BeaconBlockBody, BeaconState, ShardState, ShardTransition, ShardVote},
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::{Phase0, Phase1},
    phase1::{compute_previous_slot, get_shard_proposer_index},
    preset::Preset,
    types::{Gwei, Root, Shard, Slot, ValidatorIndex},
};

/// A shard block that a beacon block crosslinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrosslinkedBlock {
    /// The shard.
    pub shard: Shard,
    /// The slot.
    pub slot: Slot,
    /// The proposer.
    pub proposer_index: ValidatorIndex,
    /// The length of its body in bytes.
    pub length: u64,
    /// The root of its body.
    pub data_root: Root,
    /// The price of a byte.
    pub gasprice: Gwei,
}

/// A phase with a ledger.
pub trait LedgerPhase: NodePhase {
    /// The number of shards, present or future.
    const N_SHARDS: u64;

    /// Returns the shard blocks that a block crosslinked, by shard and then by slot, given the state after
    /// `process_block`.
    ///
    /// # Errors
    ///
    /// Fails if the state is inconsistent.
    fn crosslinked_blocks(
        state: &BeaconState<Self>,
        body: &BeaconBlockBody<Self>,
    ) -> Result<Vec<CrosslinkedBlock>, Error>;

    /// Returns the latest crosslinked block of a shard; zero in phase 0.
    fn latest_block_root(state: &BeaconState<Self>, shard: Shard) -> Root;

    /// Adds new validators to the list of online validators, which the specification omits.
    ///
    /// # Errors
    ///
    /// Fails if there are too many.
    fn count_new_validators(state: &mut BeaconState<Self>) -> Result<(), Error>;

    /// Returns the vote of an attestation on a shard, if it has one.
    fn shard_vote(data: &AttestationData<Self>) -> Option<ShardVote>;

    /// Returns the root of each field that a body has beyond phase 0.
    fn extension_roots(body: &BeaconBlockBody<Self>) -> Vec<Root>;

    /// Returns the root of each field that a state has beyond phase 0.
    fn state_extension_roots(state: &BeaconState<Self>) -> Vec<Root>;

    /// Returns the transition of each possible shard in a body; none in phase 0.
    fn shard_transitions(body: &BeaconBlockBody<Self>) -> &[ShardTransition];

    /// Returns the state of each shard; none in phase 0.
    fn shard_states(state: &BeaconState<Self>) -> &[ShardState];

    /// Returns the proposer of a shard block.
    ///
    /// # Errors
    ///
    /// Fails if the shard has no committee in the slot, and in phase 0.
    fn shard_proposer(state: &BeaconState<Self>, slot: Slot, shard: Shard) -> Result<ValidatorIndex, Error>;
}

impl<C: Preset> LedgerPhase for Phase0<C> {
    const N_SHARDS: u64 = C::INITIAL_ACTIVE_SHARDS;

    fn crosslinked_blocks(
        _: &BeaconState<Self>,
        _: &BeaconBlockBody<Self>,
    ) -> Result<Vec<CrosslinkedBlock>, Error> {
        Ok(Vec::new())
    }

    fn latest_block_root(_: &BeaconState<Self>, _: Shard) -> Root {
        Root::ZERO
    }

    fn count_new_validators(_: &mut BeaconState<Self>) -> Result<(), Error> {
        Ok(())
    }

    fn shard_vote(_: &AttestationData<Self>) -> Option<ShardVote> {
        None
    }

    fn extension_roots(_: &BeaconBlockBody<Self>) -> Vec<Root> {
        Vec::new()
    }

    fn state_extension_roots(_: &BeaconState<Self>) -> Vec<Root> {
        Vec::new()
    }

    fn shard_transitions(_: &BeaconBlockBody<Self>) -> &[ShardTransition] {
        &[]
    }

    fn shard_states(_: &BeaconState<Self>) -> &[ShardState] {
        &[]
    }

    fn shard_proposer(_: &BeaconState<Self>, _: Slot, _: Shard) -> Result<ValidatorIndex, Error> {
        Err(Error::IndexOutOfRange)
    }
}

impl<C: Preset> LedgerPhase for Phase1<C> {
    const N_SHARDS: u64 = C::INITIAL_ACTIVE_SHARDS;

    /// A transition that is not empty was applied, except in the first slot, in which the specification neither applies
    /// nor checks transitions.
    fn crosslinked_blocks(
        state: &BeaconState<Self>,
        body: &BeaconBlockBody<Self>,
    ) -> Result<Vec<CrosslinkedBlock>, Error> {
        let mut blocks = Vec::new();
        if compute_previous_slot(state.slot) == GENESIS_SLOT {
            return Ok(blocks);
        }
        for (shard, transition) in (0..Self::N_SHARDS).zip(&body.shard_transitions) {
            let data = transition.shard_block_lengths.iter().zip(&transition.shard_data_roots);
            for (shard_state, (length, data_root)) in transition.shard_states.iter().zip(data) {
                if *length == 0 {
                    continue;
                }
                blocks.push(CrosslinkedBlock {
                    shard,
                    slot: shard_state.slot,
                    proposer_index: get_shard_proposer_index(state, shard_state.slot, shard)?,
                    length: *length,
                    data_root: *data_root,
                    gasprice: shard_state.gasprice,
                });
            }
        }
        Ok(blocks)
    }

    fn latest_block_root(state: &BeaconState<Self>, shard: Shard) -> Root {
        state.shard_states.get(index(shard)).map_or(Root::ZERO, |shard_state| shard_state.latest_block_root)
    }

    fn count_new_validators(state: &mut BeaconState<Self>) -> Result<(), Error> {
        let n_missing = (state.validators.len() as u64).minus(state.online_countdown.len() as u64)?;
        for _ in 0..n_missing {
            state.online_countdown.push(ONLINE_PERIOD)?;
        }
        Ok(())
    }

    fn shard_vote(data: &AttestationData<Self>) -> Option<ShardVote> {
        Some(data.extension)
    }

    fn extension_roots(body: &BeaconBlockBody<Self>) -> Vec<Root> {
        vec![
            hash_tree_root(&body.chunk_challenges),
            hash_tree_root(&body.chunk_challenge_responses),
            hash_tree_root(&body.custody_key_reveals),
            hash_tree_root(&body.early_derived_secret_reveals),
            hash_tree_root(&body.custody_slashings),
            hash_tree_root(&body.shard_transitions),
            hash_tree_root(&body.light_client_bits),
            hash_tree_root(&body.light_client_signature),
        ]
    }

    fn state_extension_roots(state: &BeaconState<Self>) -> Vec<Root> {
        vec![
            hash_tree_root(&state.current_epoch_start_shard),
            hash_tree_root(&state.shard_states),
            hash_tree_root(&state.online_countdown),
            hash_tree_root(&state.current_light_committee),
            hash_tree_root(&state.next_light_committee),
            hash_tree_root(&state.exposed_derived_secrets),
            hash_tree_root(&state.custody_chunk_challenge_records),
            hash_tree_root(&state.custody_chunk_challenge_index),
        ]
    }

    fn shard_transitions(body: &BeaconBlockBody<Self>) -> &[ShardTransition] {
        &body.shard_transitions
    }

    fn shard_states(state: &BeaconState<Self>) -> &[ShardState] {
        &state.shard_states
    }

    fn shard_proposer(state: &BeaconState<Self>, slot: Slot, shard: Shard) -> Result<ValidatorIndex, Error> {
        get_shard_proposer_index(state, slot, shard)
    }
}
