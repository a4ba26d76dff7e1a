//! The differences of the phases; the modules `phase0` and `phase1` implement them.

use std::fmt::Debug;

use crate::{
    containers::{Attestation, AttestationData, BeaconBlock, BeaconState, Extensions},
    error::Error,
    signatures::Signatures,
    types::ValidatorIndex,
};

pub use crate::containers::{Phase0, Phase1};

/// A phase: the functions that it redefines, over the containers that it [extends](Extensions).
pub trait Phase: Extensions {
    /// The part that the fork choice gains: a store for each shard.
    type ShardStores: Clone + Debug;

    /// Returns the maximum of `get_committee_count_per_slot`.
    fn max_committees_per_slot(state: &BeaconState<Self>) -> u64;

    /// Returns the fields that `get_validator_from_deposit` appends.
    ///
    /// # Errors
    ///
    /// Fails if there are too many validators.
    fn new_validator(state: &BeaconState<Self>) -> Result<Self::Validator, Error>;

    /// Processes an attestation.
    ///
    /// # Errors
    ///
    /// Fails if the attestation is invalid.
    fn process_attestation(
        state: &mut BeaconState<Self>,
        attestation: &Attestation<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error>;

    /// Processes a block.
    ///
    /// # Errors
    ///
    /// Fails if the block is invalid.
    fn process_block(
        state: &mut BeaconState<Self>,
        block: &BeaconBlock<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error>;

    /// Processes the end of an epoch.
    ///
    /// # Errors
    ///
    /// Fails if the state is inconsistent.
    fn process_epoch(state: &mut BeaconState<Self>) -> Result<(), Error>;

    /// Returns the part that `get_forkchoice_store` appends.
    ///
    /// # Errors
    ///
    /// Fails if the state does not hold all shards.
    fn new_shard_stores(anchor_state: &BeaconState<Self>) -> Result<Self::ShardStores, Error>;

    /// Records the validators' votes on a shard, in addition to `update_latest_messages`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such shard.
    fn update_shard_messages(
        shard_stores: &mut Self::ShardStores,
        attesting_indices: &[ValidatorIndex],
        data: &AttestationData<Self>,
    ) -> Result<(), Error>;
}
