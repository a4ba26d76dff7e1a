//! Phase 0, "Genesis".

use milhouse::{List, Vector};
use ssz_types::typenum::U4294967296;

use crate::{
    accessors::get_active_validator_indices,
    block::process_deposit,
    constants::{EFFECTIVE_BALANCE_INCREMENT, GENESIS_EPOCH, MAX_EFFECTIVE_BALANCE, MIN_GENESIS_TIME},
    containers::{
        BeaconBlock, BeaconBlockBody, BeaconBlockHeader, BeaconState, Deposit, DepositData, Eth1Data, Fork,
    },
    error::Error,
    hash::hash_tree_root,
    math::Uint64 as _,
    phase::Phase0,
    preset::Preset,
    signatures::Signatures,
    types::{Bytes32, Version},
};

/// Returns the genesis state, with all validators that made a deposit.
///
/// # Errors
///
/// Fails if a deposit's proof is invalid.
pub fn initialize_beacon_state_from_eth1<C: Preset>(
    eth1_block_hash: Bytes32,
    eth1_timestamp: u64,
    deposits: &[Deposit],
) -> Result<BeaconState<Phase0<C>>, Error> {
    let version = Version::from(C::GENESIS_FORK_VERSION);
    let mut state = BeaconState::<Phase0<C>> {
        genesis_time: eth1_timestamp.plus(C::GENESIS_DELAY)?,
        fork: Fork { previous_version: version, current_version: version, epoch: GENESIS_EPOCH },
        eth1_data: Eth1Data {
            block_hash: eth1_block_hash,
            deposit_count: deposits.len() as u64,
            ..Eth1Data::default()
        },
        latest_block_header: BeaconBlockHeader {
            body_root: hash_tree_root(&BeaconBlockBody::<Phase0<C>>::default()),
            ..BeaconBlockHeader::default()
        },
        randao_mixes: Vector::from_elem(eth1_block_hash)?,
        ..BeaconState::default()
    };

    let mut leaves = List::<DepositData, U4294967296>::empty();
    for deposit in deposits {
        leaves.push(deposit.data.clone())?;
        leaves.apply_updates()?;
        state.eth1_data.deposit_root = hash_tree_root(&leaves);
        process_deposit(&mut state, deposit, &Signatures::Each)?;
    }

    let balances = state.balances.to_vec();
    for (index, balance) in balances.into_iter().enumerate() {
        let validator = state.validators.get_mut(index).ok_or(Error::IndexOutOfRange)?;
        validator.effective_balance =
            (balance - balance % EFFECTIVE_BALANCE_INCREMENT).min(MAX_EFFECTIVE_BALANCE);
        if validator.effective_balance == MAX_EFFECTIVE_BALANCE {
            validator.activation_eligibility_epoch = GENESIS_EPOCH;
            validator.activation_epoch = GENESIS_EPOCH;
        }
    }
    state.settle();
    state.genesis_validators_root = hash_tree_root(&state.validators);
    Ok(state)
}

/// Returns whether the genesis time is late enough and enough validators are active.
#[must_use]
pub fn is_valid_genesis_state<C: Preset>(state: &BeaconState<Phase0<C>>) -> bool {
    let n_active = get_active_validator_indices(state, GENESIS_EPOCH).len() as u64;
    state.genesis_time >= MIN_GENESIS_TIME && n_active >= C::MIN_GENESIS_ACTIVE_VALIDATOR_COUNT
}

/// Returns the empty block of a genesis state.
pub fn genesis_block<C: Preset>(state: &mut BeaconState<Phase0<C>>) -> BeaconBlock<Phase0<C>> {
    BeaconBlock { state_root: state.root(), ..BeaconBlock::default() }
}
