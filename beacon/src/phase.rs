//! The two phases.

use std::{collections::BTreeMap, fmt::Debug, marker::PhantomData};

use crate::{
    block,
    constants::FAR_FUTURE_EPOCH,
    containers::{
        Attestation, AttestationData, BeaconBlock, BeaconState, Phase1BlockBody, Phase1PendingAttestation,
        Phase1State, Phase1Validator, ShardVote, extend::Fields,
    },
    epoch,
    error::Error,
    fork_choice::LatestMessage,
    phase1::{
        self,
        fork_choice::{ShardStore, get_forkchoice_shard_store},
    },
    preset::Preset,
    signatures::Signatures,
    types::{Shard, ValidatorIndex},
};

/// A phase: what it appends to containers, and which functions it redefines.
pub trait Phase: Clone + Debug + Default + PartialEq + Eq + Send + Sync + 'static {
    /// The preset.
    type Preset: Preset;
    /// What [`crate::containers::Validator`] gains.
    type Validator: Fields;
    /// What [`crate::containers::AttestationData`] gains.
    type AttestationData: Fields + Copy + Eq;
    /// What [`crate::containers::PendingAttestation`] gains.
    type PendingAttestation: Fields;
    /// What [`crate::containers::BeaconBlockBody`] gains.
    type BlockBody: Fields;
    /// What [`crate::containers::BeaconState`] gains.
    type State: Fields;
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

/// Phase 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase0<C>(PhantomData<C>);

impl<C: Preset> Phase for Phase0<C> {
    type Preset = C;
    type Validator = ();
    type AttestationData = ();
    type PendingAttestation = ();
    type BlockBody = ();
    type State = ();
    type ShardStores = ();

    fn max_committees_per_slot(_: &BeaconState<Self>) -> u64 {
        C::MAX_COMMITTEES_PER_SLOT
    }

    fn new_validator(_: &BeaconState<Self>) -> Result<(), Error> {
        Ok(())
    }

    fn process_attestation(
        state: &mut BeaconState<Self>,
        attestation: &Attestation<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        block::process_attestation(state, attestation, signatures)
    }

    fn process_block(
        state: &mut BeaconState<Self>,
        block: &BeaconBlock<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        block::process_block(state, block, signatures)
    }

    fn process_epoch(state: &mut BeaconState<Self>) -> Result<(), Error> {
        epoch::process_epoch(state)
    }

    fn new_shard_stores(_: &BeaconState<Self>) -> Result<(), Error> {
        Ok(())
    }

    fn update_shard_messages(
        (): &mut (),
        _: &[ValidatorIndex],
        _: &AttestationData<Self>,
    ) -> Result<(), Error> {
        Ok(())
    }
}

/// Phase 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phase1<C>(PhantomData<C>);

impl<C: Preset> Phase for Phase1<C> {
    type Preset = C;
    type Validator = Phase1Validator;
    type AttestationData = ShardVote;
    type PendingAttestation = Phase1PendingAttestation;
    type BlockBody = Phase1BlockBody<C>;
    type State = Phase1State<C>;
    type ShardStores = BTreeMap<Shard, ShardStore>;

    fn max_committees_per_slot(state: &BeaconState<Self>) -> u64 {
        phase1::get_active_shard_count(state)
    }

    fn new_validator(state: &BeaconState<Self>) -> Result<Phase1Validator, Error> {
        let index = state.validators.len() as u64;
        let epoch = crate::accessors::get_current_epoch(state);
        Ok(Phase1Validator {
            next_custody_secret_to_reveal: phase1::get_custody_period_for_validator::<C>(index, epoch)?,
            all_custody_secrets_revealed_epoch: FAR_FUTURE_EPOCH,
        })
    }

    fn process_attestation(
        state: &mut BeaconState<Self>,
        attestation: &Attestation<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        phase1::process_attestation(state, attestation, signatures)
    }

    fn process_block(
        state: &mut BeaconState<Self>,
        block: &BeaconBlock<Self>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        phase1::process_block(state, block, signatures)
    }

    fn process_epoch(state: &mut BeaconState<Self>) -> Result<(), Error> {
        phase1::process_epoch(state)
    }

    fn new_shard_stores(anchor_state: &BeaconState<Self>) -> Result<Self::ShardStores, Error> {
        (0..phase1::get_active_shard_count(anchor_state))
            .map(|shard| Ok((shard, get_forkchoice_shard_store(anchor_state, shard)?)))
            .collect()
    }

    fn update_shard_messages(
        shard_stores: &mut Self::ShardStores,
        attesting_indices: &[ValidatorIndex],
        data: &AttestationData<Self>,
    ) -> Result<(), Error> {
        let message = LatestMessage { epoch: data.target.epoch, root: data.shard_head_root };
        let shard_store = shard_stores.get_mut(&data.shard).ok_or(Error::IndexOutOfRange)?;
        shard_store.latest_messages.extend(attesting_indices.iter().map(|index| (*index, message)));
        Ok(())
    }
}
