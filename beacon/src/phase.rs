//! The two phases.

use std::{fmt::Debug, marker::PhantomData};

use crate::{
    block,
    constants::FAR_FUTURE_EPOCH,
    containers::{
        Attestation, BeaconBlock, BeaconState, Phase1BlockBody, Phase1PendingAttestation, Phase1State,
        Phase1Validator, ShardVote, extend::Fields,
    },
    epoch,
    error::Error,
    phase1,
    preset::Preset,
    signatures::Signatures,
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
}
