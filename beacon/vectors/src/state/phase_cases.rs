//! The tests that only one phase has, or that phases run differently.

use super::check;
use crate::case::{Files, Stop};
use outrider_beacon_spec::{
    containers::{BeaconState, ShardTransition},
    epoch,
    error::Error,
    phase::{Phase, Phase0, Phase1},
    phase1::{self, custody},
    preset::Preset,
    signatures::Signatures,
};

/// A part of a transition that takes only the state.
pub(super) type SubTransition<P> = fn(&mut BeaconState<P>) -> Result<(), Error>;

/// The tests of a phase.
pub(crate) trait PhaseCases: Phase {
    /// Returns the part of `process_epoch` with a name.
    fn sub_transition(name: &str) -> Option<SubTransition<Self>> {
        common_sub_transition(name)
    }

    /// Runs a case of an operation that not all phases have.
    fn operation(handler: &str, files: &Files, signatures: &mut Signatures) -> Result<(), Stop>;

    /// Processes an epoch as in cases that were made without `process_reveal_deadlines`.
    fn process_epoch_without_reveal_deadlines(state: &mut BeaconState<Self>) -> Result<(), Error> {
        Self::process_epoch(state)
    }
}

fn common_sub_transition<P: Phase>(name: &str) -> Option<SubTransition<P>> {
    Some(match name {
        "justification_and_finalization" => epoch::process_justification_and_finalization,
        "rewards_and_penalties" => epoch::process_rewards_and_penalties,
        "registry_updates" => epoch::process_registry_updates,
        "slashings" => epoch::process_slashings,
        "final_updates" => epoch::process_final_updates,
        _ => return None,
    })
}

impl<C: Preset> PhaseCases for Phase0<C> {
    fn operation(_: &str, _: &Files, _: &mut Signatures) -> Result<(), Stop> {
        Err(Stop::Unknown)
    }
}

impl<C: Preset> PhaseCases for Phase1<C> {
    fn sub_transition(name: &str) -> Option<SubTransition<Self>> {
        Some(match name {
            // The specification's own test of reveal deadlines, `test_process_reveal_deadlines.py`, runs this
            // function; its pre-state has passed the others.
            "reveal_deadlines" | "challenge_deadlines" => custody::process_challenge_deadlines,
            "custody_final_updates" => custody::process_custody_final_updates,
            _ => return common_sub_transition(name),
        })
    }

    fn operation(handler: &str, files: &Files, signatures: &mut Signatures) -> Result<(), Stop> {
        match handler {
            "chunk_challenge" if files.has("custody_response.ssz") => {
                let operation = files.ssz("custody_response.ssz")?;
                check::<Self>(files, |state| custody::process_chunk_challenge_response(state, &operation))?;
            }
            "chunk_challenge" => {
                let operation = files.ssz("custody_chunk_challenge.ssz")?;
                check::<Self>(files, |state| {
                    custody::process_chunk_challenge(state, &operation, signatures)
                })?;
            }
            "custody_key_reveal" => {
                let operation = files.ssz("custody_key_reveal.ssz")?;
                check::<Self>(files, |state| {
                    custody::process_custody_key_reveal(state, &operation, signatures)
                })?;
            }
            "early_derived_secret_reveal" => {
                let operation = files.ssz("randao_key_reveal.ssz")?;
                check::<Self>(files, |state| {
                    custody::process_early_derived_secret_reveal(state, &operation, signatures)
                })?;
            }
            "custody_slashing" => {
                let operation = files.ssz("custody_slashing.ssz")?;
                check::<Self>(files, |state| {
                    custody::process_custody_slashing(state, &operation, signatures)
                })?;
            }
            "shard_transition" => {
                let meta = files.meta()?;
                let transitions: Vec<ShardTransition> =
                    files.ssz_list("shard_transitions", meta.shard_transitions_count)?;
                let attestations = files.ssz_list("attestations", meta.attestations_count)?;
                check::<Self>(files, |state| {
                    phase1::process_shard_transitions(state, &transitions, &attestations, signatures)
                })?;
            }
            _ => return Err(Stop::Unknown),
        }
        Ok(())
    }

    fn process_epoch_without_reveal_deadlines(state: &mut BeaconState<Self>) -> Result<(), Error> {
        epoch::process_justification_and_finalization(state)?;
        epoch::process_rewards_and_penalties(state)?;
        epoch::process_registry_updates(state)?;
        custody::process_challenge_deadlines(state)?;
        epoch::process_slashings(state)?;
        epoch::process_final_updates(state)?;
        phase1::process_phase_1_final_updates(state)
    }
}
