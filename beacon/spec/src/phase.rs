//! What the phases differ in: `phase0` and `phase1` say how.

use std::fmt::Debug;

use crate::{
    containers::{Attestation, AttestationData, BeaconBlock, BeaconState, Extensions},
    error::Error,
    signatures::Signatures,
    types::ValidatorIndex,
};

pub use crate::containers::{Phase0, Phase1};

/// A phase: which functions it redefines, over the containers that it [extends](Extensions).
pub trait Phase: Extensions {
    /// What the fork choice gains: a store for each shard.
    type ShardStores: Clone + Debug;

    /// How many committees `get_committee_count_per_slot` returns at most.
    fn max_committees_per_slot(state: &BeaconState<Self>) -> u64;

    /// What `get_validator_from_deposit` appends.
    ///
    /// # Errors
    ///
    /// If there are too many validators.
    fn new_validator(state: &BeaconState<Self>) -> Result<Self::Validator, Error>;

    /// `process_attestation`.
    ///
    /// # Errors
    ///
    /// If the attestation is invalid.
    fn process_attestation(
        state: &mut BeaconState<Self>,
        attestation: &Attestation<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error>;

    /// `process_block`.
    ///
    /// # Errors
    ///
    /// If the block is invalid.
    fn process_block(
        state: &mut BeaconState<Self>,
        block: &BeaconBlock<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error>;

    /// `process_epoch`.
    ///
    /// # Errors
    ///
    /// If the state contradicts itself.
    fn process_epoch(state: &mut BeaconState<Self>) -> Result<(), Error>;

    /// What `get_forkchoice_store` appends.
    ///
    /// # Errors
    ///
    /// If the state does not have all shards.
    fn new_shard_stores(anchor_state: &BeaconState<Self>) -> Result<Self::ShardStores, Error>;

    /// What `update_latest_messages` appends: the validators' votes on a shard.
    ///
    /// # Errors
    ///
    /// If there is no such shard.
    fn update_shard_messages(
        shard_stores: &mut Self::ShardStores,
        attesting_indices: &[ValidatorIndex],
        data: &AttestationData<Self>,
    ) -> Result<(), Error>;
}
