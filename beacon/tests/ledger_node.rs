//! A node keeps the ledger right over reorgs and up to finality.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P1, empty_body, genesis_1, rules,
    shards::{attestation, crosslink_nothing, next_header, try_crosslink},
    signature, try_propose,
};
use outrider_beacon::ledger::{
    Exit, ExtendedBlock, ExtendedState, LedgerError, LedgerNode, LedgerOperations, Settings, SignedExit,
    operation::DOMAIN_EE_EXIT,
};
use outrider_beacon_spec::{
    error::Error,
    hash::hash_tree_root,
    phase1::{BeaconBlock, BeaconBlockBody},
    preset::Minimal,
    types::Root,
};

/// Returns a node that knows only genesis.
fn node() -> (LedgerNode<P1>, ExtendedState<P1>) {
    let mut extended = genesis_1(&[[5 * ETHER, 6 * ETHER]]);
    extended.state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    let state_root = extended.state.root();
    let block = BeaconBlock::<Minimal> { state_root, ..BeaconBlock::default() };
    (LedgerNode::new(extended.clone(), block).unwrap(), extended)
}

fn tick_to(node: &mut LedgerNode<P1>, slot: u64) {
    let time = node.store().genesis_time + slot * 6;
    node.on_tick(time).unwrap();
}

fn root(block: &ExtendedBlock<P1>) -> Root {
    hash_tree_root(&block.block.message)
}

#[test]
fn ledgers_are_kept_from_finality_on() {
    let settings = Settings::default();
    let (mut node, mut extended) = node();
    for slot in 1..=44 {
        tick_to(&mut node, slot);
        let (block, transition) = crosslink_nothing(&extended, &settings);
        node.on_block(&block, rules(&settings)).unwrap();
        for attestation in &block.block.message.body.attestations {
            node.on_attestation(attestation).unwrap();
        }
        extended = transition.extended;
        assert_eq!(node.head(), Ok(root(&block)), "slot {slot}");
        assert_eq!(node.extended(&root(&block)), Some(extended.clone()));
    }
    let finalized = node.store().finalized_checkpoint;
    assert!(finalized.epoch >= 3);
    assert!(node.block_ledger(&finalized.root).is_some());
    let n_ledgers = node.store().blocks.keys().filter(|root| node.block_ledger(root).is_some()).count();
    assert_eq!(n_ledgers, node.store().blocks.len());
    assert!(n_ledgers < 24, "{n_ledgers}");
    assert!(extended.ledger.burnt() > 0);
}

#[test]
fn a_reorg_changes_the_ledger() {
    let settings = Settings::default();
    let (mut node, genesis) = node();
    tick_to(&mut node, 1);
    let (block_1, transition) = crosslink_nothing(&genesis, &settings);
    node.on_block(&block_1, rules(&settings)).unwrap();
    let base = transition.extended;
    let exit = Exit { ee: 0, epoch: 0 };
    let signature = signature(&base.state, 0, &exit, DOMAIN_EE_EXIT, None);
    let exits = vec![SignedExit { message: exit, signature }].try_into().unwrap();
    let leaving = LedgerOperations { exits, ..LedgerOperations::default() };
    let headers = || [0, 1].map(|shard| next_header(&base.ledger, shard));

    // Two blocks of two slots on the same parent; in one of them an EE exits.
    let (with_exit, _) = try_crosslink(&base, headers(), leaving, &settings).unwrap();
    let (without, _) = try_propose(&base, 3, empty_body, LedgerOperations::default(), &settings).unwrap();
    tick_to(&mut node, 3);
    node.on_block(&with_exit, rules(&settings)).unwrap();
    node.on_block(&without, rules(&settings)).unwrap();
    let exits = |node: &LedgerNode<P1>, root: Root| {
        node.block_ledger(&root).unwrap().ledger.ees().get(0).unwrap().is_exiting()
    };
    assert!(exits(&node, root(&with_exit)));
    assert!(!exits(&node, root(&without)));

    // Whatever the head is without votes, votes for the other block change it, and the ledger with it.
    let head = node.head().unwrap();
    let (other, pre) = if head == root(&with_exit) {
        (&without, node.extended(&root(&without)).unwrap())
    } else {
        (&with_exit, node.extended(&root(&with_exit)).unwrap())
    };
    tick_to(&mut node, 5);
    let mut advanced = pre.state.clone();
    outrider_beacon_spec::transition::process_slots(&mut advanced, pre.state.slot + 1).unwrap();
    for index in 0..2 {
        let slot = pre.state.slot;
        let shard =
            outrider_beacon_spec::phase1::compute_shard_from_committee_index(&advanced, index, slot).unwrap();
        let empty = outrider_beacon_spec::containers::ShardTransition::default();
        node.on_attestation(&attestation(&advanced, index, shard, &empty)).unwrap();
    }
    assert_eq!(node.head(), Ok(root(other)));
    let head = node.head().unwrap();
    assert_eq!(exits(&node, head), other == &with_exit);
}

#[test]
fn a_refused_block_leaves_no_ledger() {
    let settings = Settings::default();
    let (mut node, genesis) = node();
    tick_to(&mut node, 1);
    let (block, _) = crosslink_nothing(&genesis, &settings);
    let mut other = block.clone();
    let exit = SignedExit { message: Exit { ee: 0, epoch: 0 }, ..SignedExit::default() };
    other.operations.exits = vec![exit].try_into().unwrap();
    let outcome = node.on_block(&other, rules(&settings));
    assert!(matches!(outcome, Err(LedgerError::Operation { kind: "exit", index: 0, .. })));
    assert_eq!(node.block_ledger(&root(&block)).map(|_| ()), None);
    let mut orphan = block.clone();
    orphan.block.message.parent_root = Root::repeat_byte(1);
    assert_eq!(node.on_block(&orphan, rules(&settings)), Err(LedgerError::Spec(Error::UnknownParent)));
    node.on_block(&block, rules(&settings)).unwrap();
    node.on_block(&block, rules(&settings)).unwrap();
    assert!(node.block_ledger(&root(&block)).is_some());
}
