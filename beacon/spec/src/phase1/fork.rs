//! Phase 1, "Fork to Phase 1".

use milhouse::{List, Vector};
use ssz_types::VariableList;

use super::{
    BeaconState,
    accessors::{compute_previous_slot, get_light_client_committee},
    compact::committee_to_compact_committee,
    custody::get_custody_period_for_validator,
};
use crate::{
    accessors::get_current_epoch,
    constants::{FAR_FUTURE_EPOCH, MIN_GASPRICE, ONLINE_PERIOD},
    containers::{
        self, CompactCommittee, Fork, Phase1State, Phase1Validator, ShardState, Validator, Validators,
    },
    error::Error,
    math::{Uint64 as _, index},
    phase::{Phase0, Phase1},
    preset::Preset,
    types::{Root, Version},
};

/// Returns the state of phase 1 that follows a state of phase 0.
///
/// As in the specification, the new state drops the root of the validators at genesis, and validators become active
/// when they become eligible.
///
/// # Errors
///
/// Fails if there are too many validators.
pub fn upgrade_to_phase1<C: Preset>(
    pre: &containers::BeaconState<Phase0<C>>,
) -> Result<BeaconState<C>, Error> {
    let epoch = get_current_epoch(pre);
    let validators = (0..)
        .zip(&pre.validators)
        .map(|(index, validator)| upgrade_validator(index, validator, epoch))
        .collect::<Result<Vec<_>, _>>()?;
    let mut post = BeaconState::<C> {
        genesis_time: pre.genesis_time,
        genesis_validators_root: Root::ZERO,
        slot: pre.slot,
        fork: Fork {
            previous_version: pre.fork.current_version,
            current_version: Version::from(C::PHASE_1_FORK_VERSION),
            epoch,
        },
        latest_block_header: pre.latest_block_header.clone(),
        block_roots: pre.block_roots.clone(),
        state_roots: pre.state_roots.clone(),
        historical_roots: pre.historical_roots.clone(),
        eth1_data: pre.eth1_data.clone(),
        eth1_data_votes: pre.eth1_data_votes.clone(),
        eth1_deposit_index: pre.eth1_deposit_index,
        validators: Validators::with_caches(List::new(validators)?, pre.validators.caches.keys_only()),
        balances: pre.balances.clone(),
        randao_mixes: pre.randao_mixes.clone(),
        slashings: pre.slashings.clone(),
        previous_epoch_attestations: List::empty(),
        current_epoch_attestations: List::empty(),
        justification_bits: pre.justification_bits.clone(),
        previous_justified_checkpoint: pre.previous_justified_checkpoint,
        current_justified_checkpoint: pre.current_justified_checkpoint,
        finalized_checkpoint: pre.finalized_checkpoint,
        extension: initial_extension::<C>(pre.slot, pre.validators.len())?,
    };
    let committee = get_light_client_committee(&post, epoch)?;
    post.current_light_committee = committee_to_compact_committee(&post, &committee)?;
    let committee = get_light_client_committee(&post, epoch.plus(1)?)?;
    post.next_light_committee = committee_to_compact_committee(&post, &committee)?;
    Ok(post)
}

fn upgrade_validator<C: Preset>(
    validator_index: u64,
    validator: &Validator<Phase0<C>>,
    epoch: u64,
) -> Result<Validator<Phase1<C>>, Error> {
    Ok(Validator {
        pubkey: validator.pubkey,
        withdrawal_credentials: validator.withdrawal_credentials,
        effective_balance: validator.effective_balance,
        slashed: validator.slashed,
        activation_eligibility_epoch: validator.activation_eligibility_epoch,
        activation_epoch: validator.activation_eligibility_epoch,
        exit_epoch: validator.exit_epoch,
        withdrawable_epoch: validator.withdrawable_epoch,
        extension: Phase1Validator {
            next_custody_secret_to_reveal: get_custody_period_for_validator::<C>(validator_index, epoch)?,
            all_custody_secrets_revealed_epoch: FAR_FUTURE_EPOCH,
        },
    })
}

/// Returns the initial fields of phase 1: shards without blocks, and all validators online.
fn initial_extension<C: Preset>(slot: u64, n_validators: usize) -> Result<Phase1State<C>, Error> {
    let shard_state = ShardState {
        slot: compute_previous_slot(slot),
        gasprice: MIN_GASPRICE,
        latest_block_root: Root::ZERO,
    };
    Ok(Phase1State {
        current_epoch_start_shard: 0,
        shard_states: VariableList::new(vec![shard_state; index(C::INITIAL_ACTIVE_SHARDS)])?,
        online_countdown: List::new(vec![ONLINE_PERIOD; n_validators])?,
        current_light_committee: CompactCommittee::default(),
        next_light_committee: CompactCommittee::default(),
        exposed_derived_secrets: Vector::default(),
        custody_chunk_challenge_records: List::empty(),
        custody_chunk_challenge_index: 0,
    })
}
