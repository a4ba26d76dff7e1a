//! A node with a chain of two beacon blocks, to which shard blocks are added.

use std::sync::Arc;

use super::{
    ETHER, P1, genesis_1, rules,
    shards::{crosslink_nothing, execution, next_header, next_transition},
    signature,
};
use outrider_beacon::ledger::{
    Execution, ExecutionHeader, ExtendedState, Ledger, LedgerError, LedgerNode, Settings, ShardBlockError,
};
use outrider_beacon_spec::{
    constants::DOMAIN_SHARD_PROPOSAL,
    containers::{ShardBlock, SignedShardBlock},
    hash::hash_tree_root,
    phase1::{BeaconBlock, BeaconBlockBody, get_shard_proposer_index},
    preset::Minimal,
    types::Root,
};

/// A chain of two beacon blocks: the node, the state at its head, and the head.
pub(crate) struct Chain {
    pub(crate) node: LedgerNode<P1>,
    pub(crate) head: Root,
    pub(crate) extended: ExtendedState<P1>,
    pub(crate) settings: Settings,
}

pub(crate) fn chain() -> Chain {
    let mut extended = genesis_1(&[[5 * ETHER, 6 * ETHER]]);
    extended.state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    let state_root = extended.state.root();
    let block = BeaconBlock::<Minimal> { state_root, ..BeaconBlock::default() };
    let node = LedgerNode::new(extended.clone(), block).unwrap();
    let mut chain = Chain { node, head: Root::ZERO, extended, settings: Settings::default() };
    // The second block crosslinks shard blocks that the node never sees.
    chain.advance();
    chain.advance();
    chain
}

impl Chain {
    pub(crate) fn advance(&mut self) {
        let (block, transition) = crosslink_nothing(&self.extended, &self.settings);
        let slot = block.block.message.slot;
        self.tick(slot);
        self.node.on_block(&block, rules(&self.settings)).unwrap();
        self.extended = transition.extended;
        self.head = hash_tree_root(&block.block.message);
    }

    pub(crate) fn tick(&mut self, slot: u64) {
        self.node.on_tick(self.node.store().genesis_time + slot * 6).unwrap();
    }

    pub(crate) fn latest(&self, shard: u64) -> Root {
        self.extended.state.shard_states[shard as usize].latest_block_root
    }

    /// Returns a signed block on the head of the beacon chain.
    pub(crate) fn block(
        &self,
        shard: u64,
        slot: u64,
        parent: Root,
        header: ExecutionHeader,
    ) -> SignedShardBlock {
        self.block_of(shard, slot, parent, &execution(shard, slot, header).0)
    }

    pub(crate) fn block_of(&self, shard: u64, slot: u64, parent: Root, body: &[u8]) -> SignedShardBlock {
        let message = ShardBlock {
            shard_parent_root: parent,
            beacon_parent_root: self.head,
            slot,
            shard,
            proposer_index: get_shard_proposer_index(&self.extended.state, slot, shard).unwrap(),
            body: body.to_vec().try_into().unwrap(),
        };
        let (state, epoch) = (&self.extended.state, Some(slot / 8));
        let signature = signature(state, message.proposer_index, &message, DOMAIN_SHARD_PROPOSAL, epoch);
        SignedShardBlock { message, signature }
    }

    pub(crate) fn view(&self, shard: u64, parent: Root) -> Result<Ledger, LedgerError> {
        let place = self.node.shard_place(self.head, shard, 3, parent, rules(&self.settings))?;
        assert_eq!((place.shard, place.slot, place.epoch, place.finalized_slot), (shard, 3, 0, 0));
        assert_eq!(place.beacon_parent, self.extended.ledger);
        Ok(place.view)
    }

    pub(crate) fn add<X: Execution>(
        &mut self,
        blocks: &[SignedShardBlock],
        execution: &X,
    ) -> Vec<Result<(), ShardBlockError<X::Error>>> {
        let blocks: Vec<_> = blocks.iter().cloned().map(Arc::new).collect();
        self.node.on_shard_blocks(&blocks, rules(&self.settings), execution)
    }

    pub(crate) fn add_one<X: Execution>(
        &mut self,
        block: &SignedShardBlock,
        execution: &X,
    ) -> Result<(), ShardBlockError<X::Error>> {
        self.node.on_shard_block(block, rules(&self.settings), execution)
    }

    pub(crate) fn knows(&self, block: &SignedShardBlock) -> bool {
        let store = &self.node.store().shard_stores[&block.message.shard];
        store.signed_blocks.contains_key(&hash_tree_root(&block.message))
    }
}

/// Returns a header in which EE 0 moves to a root.
pub(crate) fn moving(view: &Ledger, shard: u64, post_state_root: u8) -> ExecutionHeader {
    let transitions = vec![next_transition(view, shard, 0, post_state_root)].try_into().unwrap();
    ExecutionHeader { transitions, ..next_header(view, shard) }
}
