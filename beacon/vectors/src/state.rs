//! State transitions: `operations`, `epoch_processing`, `sanity`, `finality` and `rewards`.

pub(super) mod genesis;
mod phase_cases;
pub(super) mod shard_blocks;

use ssz::Decode;
use tree_hash::TreeHash;

use self::phase_cases::{PhaseCases, SubTransition};
use super::{
    Settings,
    case::{Case, Failure, Files, Stop, expect_equal},
};
use outrider_beacon_spec::{
    block,
    containers::{BeaconBlock, BeaconState, SignedBeaconBlock},
    epoch::{
        Registry,
        rewards::{self, Deltas},
    },
    error::Error,
    hash::hash_tree_root,
    math::Uint64 as _,
    signatures::Signatures,
    transition,
};

pub(super) fn run<P: PhaseCases>(case: &Case, files: &Files, settings: &Settings) -> Result<(), Stop> {
    match (case.runner.as_str(), case.handler.as_str()) {
        ("operations", handler) => operation::<P>(handler, files)?,
        ("epoch_processing", handler) => {
            check::<P>(files, P::sub_transition(handler).ok_or(Stop::Unknown)?)?;
        }
        ("sanity", "slots") => slots::<P>(files, settings)?,
        ("sanity", "blocks") | ("finality", "finality") => blocks::<P>(files, settings)?,
        ("rewards", _) => all_deltas::<P>(files)?,
        _ => return Err(Stop::Unknown),
    }
    Ok(())
}

/// Applies a change to the pre-state; the result has to be the post-state, or an error if there is no post-state.
fn check<P: PhaseCases>(
    files: &Files,
    change: impl FnOnce(&mut BeaconState<P>) -> Result<(), Error>,
) -> Result<(), Failure> {
    let mut state: BeaconState<P> = files.ssz("pre.ssz")?;
    let outcome = change(&mut state).map(|()| state);
    expect_outcome(files, "post.ssz", outcome)
}

/// Checks that the outcome equals the value in a file, or is an error if there is no such file.
fn expect_outcome<T: Decode + PartialEq + TreeHash>(
    files: &Files,
    name: &str,
    outcome: Result<T, Error>,
) -> Result<(), Failure> {
    if !files.has(name) {
        return if outcome.is_err() { Ok(()) } else { Err(Failure::Accepted) };
    }
    let (expected, got): (T, T) = (files.ssz(name)?, outcome?);
    expect_equal("the state's root", &hash_tree_root(&expected), &hash_tree_root(&got))
}

fn operation<P: PhaseCases>(handler: &str, files: &Files) -> Result<(), Stop> {
    let meta = files.meta()?;
    let mut signatures = if meta.has_signatures() { Signatures::Each } else { Signatures::Ignored };
    let signatures = &mut signatures;
    match handler {
        "attestation" => {
            let operation = files.ssz("attestation.ssz")?;
            check::<P>(files, |state| P::process_attestation(state, &operation, signatures))?;
        }
        "attester_slashing" => {
            let operation = files.ssz("attester_slashing.ssz")?;
            check::<P>(files, |state| block::process_attester_slashing(state, &operation, signatures))?;
        }
        "block_header" => {
            let operation: BeaconBlock<P> = files.ssz("block.ssz")?;
            check::<P>(files, |state| block::process_block_header(state, &operation))?;
        }
        "deposit" => {
            let operation = files.ssz("deposit.ssz")?;
            check::<P>(files, |state| block::process_deposit(state, &operation, signatures))?;
        }
        "proposer_slashing" => {
            let operation = files.ssz("proposer_slashing.ssz")?;
            check::<P>(files, |state| block::process_proposer_slashing(state, &operation, signatures))?;
        }
        "voluntary_exit" => {
            let operation = files.ssz("voluntary_exit.ssz")?;
            check::<P>(files, |state| block::process_voluntary_exit(state, &operation, signatures))?;
        }
        _ => P::operation(handler, files, signatures)?,
    }
    Ok(())
}

fn slots<P: PhaseCases>(files: &Files, settings: &Settings) -> Result<(), Failure> {
    let pre: BeaconState<P> = files.ssz("pre.ssz")?;
    // Some vectors lack this file. The post-state holds the slot, too.
    let slot = if files.has("slots.ssz") {
        pre.slot.plus(files.ssz("slots.ssz")?)?
    } else {
        files.ssz::<BeaconState<P>>("post.ssz")?.slot
    };
    settings.check_slot(pre.slot, slot)?;
    check::<P>(files, |state| transition::process_slots(state, slot))
}

fn blocks<P: PhaseCases>(files: &Files, settings: &Settings) -> Result<(), Failure> {
    let meta = files.meta()?;
    let blocks: Vec<SignedBeaconBlock<P>> = files.ssz_list("blocks", meta.blocks_count)?;
    let pre: BeaconState<P> = files.ssz("pre.ssz")?;
    blocks.iter().try_for_each(|block| settings.check_slot(pre.slot, block.message.slot))?;
    let process_epoch: SubTransition<P> = if meta.has_reveal_deadlines() {
        P::process_epoch
    } else {
        P::process_epoch_without_reveal_deadlines
    };
    check::<P>(files, |state| {
        for block in &blocks {
            let signatures = if meta.has_signatures() { Signatures::batch() } else { Signatures::Ignored };
            *state = transition::state_transition_by(state.clone(), block, signatures, process_epoch)?;
        }
        Ok(())
    })
}

/// A function that returns deltas.
type Part<P> = fn(&BeaconState<P>, &Registry) -> Result<Deltas, Error>;

fn all_deltas<P: PhaseCases>(files: &Files) -> Result<(), Failure> {
    let state: BeaconState<P> = files.ssz("pre.ssz")?;
    let registry = Registry::new(&state);
    let parts: [(&str, Part<P>); 5] = [
        ("source_deltas", rewards::get_source_deltas),
        ("target_deltas", rewards::get_target_deltas),
        ("head_deltas", rewards::get_head_deltas),
        ("inclusion_delay_deltas", rewards::get_inclusion_delay_deltas),
        ("inactivity_penalty_deltas", rewards::get_inactivity_penalty_deltas),
    ];
    for (name, deltas) in parts {
        expect_equal(name, &files.ssz::<Deltas>(&format!("{name}.ssz"))?, &deltas(&state, &registry)?)?;
    }
    Ok(())
}
