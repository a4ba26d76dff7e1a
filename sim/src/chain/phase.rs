//! The differences between simulated chains of phase 0, without shards, and phase 1, with shards.

use ssz_types::{VariableList, typenum::U1048576};

use super::Keys;
use outrider_beacon::{
    ledger::{ExecutionHeader, ExtendedState, Ledger, LedgerPhase, ShardBody, ShardExecution},
    proof::body_branch,
};
use outrider_beacon_spec::{
    accessors::{get_block_root_at_slot, get_committee_count_per_slot, get_domain},
    bls::aggregate,
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::{DOMAIN_SHARD_PROPOSAL, GENESIS_SLOT},
    containers::{
        BeaconBlockBody, BeaconState, Extensions, ShardBlockHeader, ShardState, ShardTransition, ShardVote,
    },
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::{Phase0, Phase1},
    phase1::{
        compute_shard_from_committee_index, compute_updated_gasprice, get_offset_slots,
        get_shard_proposer_index,
    },
    preset::Preset,
    types::{Root, Shard, Slot},
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

    /// Returns an empty body.
    fn empty_body() -> BeaconBlockBody<Self>;

    /// Writes the phase's shard transitions into a body, and returns the matching votes and executions. The shard blocks execute
    /// no EE.
    ///
    /// # Errors
    ///
    /// Fails if the state contradicts itself.
    fn crosslink(
        state: &BeaconState<Self>,
        ledger: &Ledger,
        keys: &Keys,
        body: &mut BeaconBlockBody<Self>,
    ) -> Result<Crosslinks<Self>, Error>;
}

impl<C: Preset> ChainPhase for Phase0<C> {
    fn begin(genesis: ExtendedState<Phase0<C>>) -> Result<ExtendedState<Self>, Error> {
        Ok(genesis)
    }

    fn empty_body() -> BeaconBlockBody<Self> {
        BeaconBlockBody::default()
    }

    fn crosslink(
        state: &BeaconState<Self>,
        _: &Ledger,
        _: &Keys,
        _: &mut BeaconBlockBody<Self>,
    ) -> Result<Crosslinks<Self>, Error> {
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

    fn empty_body() -> BeaconBlockBody<Self> {
        BeaconBlockBody::default()
    }

    fn crosslink(
        state: &BeaconState<Self>,
        ledger: &Ledger,
        keys: &Keys,
        body: &mut BeaconBlockBody<Self>,
    ) -> Result<Crosslinks<Self>, Error> {
        let slot = state.slot.minus(1)?;
        let mut votes = Vec::new();
        let mut executions = Vec::new();
        for committee in 0..get_committee_count_per_slot(state, compute_epoch_at_slot::<Self>(slot)) {
            let shard = compute_shard_from_committee_index(state, committee, slot)?;
            // No shard has a block in the genesis slot.
            let transition = match slot {
                GENESIS_SLOT => ShardTransition::default(),
                _ => transition(state, ledger, shard, keys, &mut executions)?,
            };
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

/// Returns the transition of a shard since its last crosslink: empty slots, and a block in the last one.
fn transition<C: Preset>(
    state: &BeaconState<Phase1<C>>,
    ledger: &Ledger,
    shard: Shard,
    keys: &Keys,
    executions: &mut Vec<ShardExecution>,
) -> Result<ShardTransition, Error> {
    let slots = get_offset_slots(state, shard)?;
    let start_slot = slots.first().copied().ok_or(Error::IndexOutOfRange)?;
    let mut latest = *state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let mut transition = ShardTransition { start_slot, ..ShardTransition::default() };
    let mut signatures = Vec::new();
    for slot in &slots {
        let proposer_index = match slots.last() == Some(slot) {
            // With very few validators, a shard may have no committee, and then has no proposer.
            true => get_shard_proposer_index(state, *slot, shard).ok(),
            false => None,
        };
        let (mut length, mut data_root) = (0, Root::ZERO);
        let mut latest_block_root = latest.latest_block_root;
        if let Some(proposer_index) = proposer_index {
            let (data, execution) = execution(ledger, shard, *slot)?;
            length = data.len() as u64;
            data_root = hash_tree_root(&data);
            let header = ShardBlockHeader {
                shard_parent_root: latest_block_root,
                beacon_parent_root: get_block_root_at_slot(state, *slot)?,
                slot: *slot,
                shard,
                proposer_index,
                body_root: data_root,
            };
            latest_block_root = hash_tree_root(&header);
            let domain =
                get_domain(state, DOMAIN_SHARD_PROPOSAL, Some(compute_epoch_at_slot::<Phase1<C>>(*slot)));
            signatures.push(keys.sign(&[proposer_index], compute_signing_root(&header, domain))?);
            executions.push(execution);
        }
        let gasprice = compute_updated_gasprice(latest.gasprice, length)?;
        latest = ShardState { slot: *slot, gasprice, latest_block_root };
        transition.shard_block_lengths.push(length)?;
        transition.shard_data_roots.push(data_root)?;
        transition.shard_states.push(latest)?;
    }
    transition.proposer_signature_aggregate = aggregate(&signatures).unwrap_or_default();
    Ok(transition)
}

/// Returns the body of a shard block that executes no EE, and its execution for the beacon block.
fn execution(
    ledger: &Ledger,
    shard: Shard,
    slot: Slot,
) -> Result<(VariableList<u8, U1048576>, ShardExecution), Error> {
    let shard_ledger = ledger.shards().get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let parent_execution_root = shard_ledger.execution_root();
    let header = ExecutionHeader { parent_execution_root, ..ExecutionHeader::default() };
    let body = ShardBody { header: header.clone(), ..ShardBody::default() }.to_body();
    let branch = body_branch(&body).try_into()?;
    Ok((body.try_into()?, ShardExecution { shard, slot, header, branch }))
}
