//! Helpers for tests of simulated chains.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod counter;

use std::{collections::BTreeSet, sync::Arc};

use outrider_beacon::{
    ledger::{Execution, ExtendedBlock, ExtendedState, LedgerOperations, NoExecution, Settings},
    registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
};
use outrider_beacon_spec::{
    containers::BeaconState,
    phase::{Phase as _, Phase1},
    preset::Preset,
    signatures::Signatures,
    transition::{process_slots, verify_block_signature},
};
use outrider_sim::{EmptyShardBlocks, Genesis, Members, Setup, ShardProposer, Simulation, ViewSetup};

pub(crate) struct Nobody;

impl Admission for Nobody {
    fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
        Err(Refusal("nothing is admitted".to_owned()))
    }
}

pub(crate) type Block<C> = Arc<ExtendedBlock<Phase1<C>>>;
pub(crate) type EmptySimulation<C> = Simulation<C, EmptyShardBlocks, NoExecution>;

pub(crate) fn simulation<C: Preset>(setup: Setup) -> EmptySimulation<C> {
    Simulation::new(setup, EmptyShardBlocks, NoExecution).unwrap()
}

pub(crate) fn genesis(n_validators: u64, seed: u64) -> Genesis {
    Genesis { n_validators, seed, ..Genesis::default() }
}

/// Returns a setup of views with shares, without a network.
pub(crate) fn shares(genesis: Genesis, shares: &[(&str, u32)]) -> Setup {
    let views = shares.iter().map(|(name, share)| ViewSetup::new(name, Members::Share(*share))).collect();
    Setup { genesis, views, ..Setup::default() }
}

/// Runs a slot without operations.
pub(crate) fn run_slot<C: Preset, S: ShardProposer, X: Execution>(
    simulation: &mut Simulation<C, S, X>,
) -> Vec<Block<C>> {
    simulation.run_slot(&LedgerOperations::default(), rules(&Settings::default())).unwrap()
}

pub(crate) fn rules(settings: &Settings) -> Rules<'_> {
    Rules { settings, admission: &Nobody, judge: &NoJudge, verify_signatures: true }
}

/// Runs slots, and returns their blocks. The specification by itself accepts every block, with all signatures if they are
/// real, and no view refuses a message.
#[track_caller]
pub(crate) fn run<C: Preset, S: ShardProposer>(
    simulation: &mut Simulation<C, S, NoExecution>,
    n_slots: u64,
) -> Vec<Block<C>> {
    let mut blocks = Vec::new();
    for _ in 0..n_slots {
        for block in run_slot(simulation) {
            let parent_root = block.block.message.parent_root;
            let pre = simulation.views().iter().find_map(|view| view.node().extended(&parent_root));
            check_by_specification(pre.expect("its proposer's view knows it").state, &block);
            blocks.push(block);
        }
    }
    for view in simulation.views() {
        assert_eq!(view.refused(), [], "view {}", view.name());
    }
    blocks
}

/// Processes a block by the specification alone, which knows no ledger, and verifies each signature.
#[track_caller]
fn check_by_specification<C: Preset>(mut state: BeaconState<Phase1<C>>, block: &Block<C>) {
    let signed_block = &block.block;
    process_slots(&mut state, signed_block.message.slot).unwrap();
    verify_block_signature(&state, signed_block, &mut Signatures::Each).unwrap();
    Phase1::process_block(&mut state, &signed_block.message, &mut Signatures::Each).unwrap();
}

/// Returns the state at the head of a view.
pub(crate) fn head<C: Preset, S: ShardProposer>(
    simulation: &Simulation<C, S, NoExecution>,
    view: usize,
) -> ExtendedState<Phase1<C>> {
    simulation.views()[view].head().unwrap().1
}

/// Returns the slots of the shard blocks that a beacon block crosslinks on a shard.
pub(crate) fn crosslinked_slots<C: Preset>(block: &Block<C>, shard: u64) -> Vec<u64> {
    let transition = &block.block.message.body.shard_transitions[shard as usize];
    let blocks = transition.shard_states.iter().zip(&transition.shard_block_lengths);
    blocks.filter(|(_, length)| **length > 0).map(|(state, _)| state.slot).collect()
}

pub(crate) fn set<T: Ord + Clone>(elements: &[T]) -> BTreeSet<T> {
    elements.iter().cloned().collect()
}
