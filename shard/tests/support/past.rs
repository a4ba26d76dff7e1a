//! A beacon chain under shards that exchange receipts: its blocks commit to their ledgers, and their states to earlier blocks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_beacon::{
    ledger::{InboundBatch, Ledger, LedgerCommitment, LedgerOperations},
    proof::{Multiproof, Prover},
};
use outrider_beacon_spec::{
    containers::{BeaconBlock, BeaconBlockBody, BeaconBlockHeader, BeaconState},
    hash::hash_tree_root,
    phase::Phase1,
    transition::process_slots,
    types::{Root, Shard, Slot},
};
use outrider_sim::{Genesis, SimPreset};

use crate::mail::{N_SHARDS, World};

type P = Phase1<SimPreset<N_SHARDS>>;

/// The latest block, the ledger after it, and the state after it.
pub(crate) struct Past {
    operations: LedgerOperations<P>,
    block: BeaconBlock<P>,
    ledger: Ledger,
    state: BeaconState<P>,
}

impl Past {
    /// Makes the beacon block of the world's slot.
    pub(crate) fn new(world: &mut World) -> Self {
        let (node, _) = Genesis { n_validators: 64, ..Genesis::default() }.node::<P>().unwrap();
        let state = node.store().block_states.values().next().unwrap().clone();
        let (block, operations) = (BeaconBlock::default(), LedgerOperations::default());
        let mut past = Self { operations, block, ledger: Ledger::default(), state };
        past.propose(world);
        past
    }

    /// Advances the world by slots, with a beacon block in every so many of them and in the last one.
    pub(crate) fn advance(&mut self, world: &mut World, slots: u64, every: usize) {
        let end = world.slot + slots;
        for slot in (world.slot..end).step_by(every).skip(1).chain([end]) {
            world.advance(slot - world.slot);
            let older = Prover::new(&self.block, &self.ledger, &self.operations).unwrap();
            world.relay.keep_history(&older, slot).unwrap();
            self.propose(world);
        }
    }

    /// Does what matters here of a block's transition: it names its parent, and commits to ledger and state.
    fn propose(&mut self, world: &mut World) {
        process_slots(&mut self.state, world.slot).unwrap();
        self.ledger = world.parent.clone();
        let (ledger_root, operations_root) = (self.ledger.root(), hash_tree_root(&self.operations));
        let graffiti = hash_tree_root(&LedgerCommitment { ledger_root, operations_root });
        let body = BeaconBlockBody { graffiti, ..BeaconBlockBody::default() };
        let parent_root = hash_tree_root(&self.state.latest_block_header);
        let slot = world.slot;
        self.state.latest_block_header = BeaconBlockHeader {
            slot,
            proposer_index: 0,
            parent_root,
            state_root: Root::ZERO,
            body_root: hash_tree_root(&body),
        };
        let state_root = self.state.root();
        self.block = BeaconBlock { slot, proposer_index: 0, parent_root, state_root, body };
        world.beacon_parent_root = hash_tree_root(&self.block);
    }

    /// Proves the block of an earlier slot.
    pub(crate) fn earlier(&self, slot: Slot) -> Option<Multiproof> {
        let prover = Prover::new(&self.block, &self.ledger, &self.operations).unwrap();
        prover.with_state(&self.state).unwrap().prove_earlier_block(slot).ok()
    }

    /// Returns batches of all receipts that wait for a shard, old ones included, and of lost ones.
    pub(crate) fn batches(&self, world: &World, shard: Shard) -> Vec<InboundBatch> {
        let place = world.place(shard);
        let waiting = world.relay.waiting_since(&place, &|slot| self.earlier(slot));
        let mut all: Vec<_> = waiting.for_ees.into_values().flatten().chain(waiting.for_nobody).collect();
        all.sort_by_key(|waiting| (waiting.receipt.source_shard, waiting.receipt.sequence));
        let mut batches = world.relay.batches(&all);
        batches.extend(world.relay.lost(&place, &|slot| self.earlier(slot)));
        batches.sort_by_key(|batch| (batch.source_shard, batch.lane.first + batch.start));
        batches
    }
}
