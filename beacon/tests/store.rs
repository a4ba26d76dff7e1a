//! A loaded node equals the stored one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P1, empty_body, genesis_1, rules as verifying_rules,
    shards::{attestation, crosslink_nothing},
    store::{assert_same, create, deploy, load, new_chain, rules, run, run_slot, settings, vote},
    try_propose,
};
use outrider_beacon::{
    ledger::{ExtendedBlock, ExtendedState, LedgerNode, LedgerOperations, Settings},
    store::{Retention, StoreError, UnloadedStore},
};
use outrider_beacon_spec::{
    containers::ShardTransition,
    hash::{hash, hash_tree_root},
    phase1::{BeaconBlock, BeaconBlockBody, compute_shard_from_committee_index},
    preset::Minimal,
    transition::process_slots,
};

#[test]
fn a_loaded_node_equals_the_stored_node_and_continues_like_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = new_chain();
    let mut store = create(directory.path(), chain.node(), Retention::Finality);
    run(&mut chain, &mut store, 2);
    let operations = deploy(&chain, &[0, 1, 2]);
    run_slot(&mut chain, &mut store, operations);
    vote(&mut chain, &mut store, 0, 0);
    // Before the first finality, in the middle of an epoch, at its end, and after finality.
    for n_slots in [3, 9, 8, 20, 1] {
        run(&mut chain, &mut store, n_slots);
        drop(store);
        let loaded = load(directory.path()).unwrap();
        store = loaded.0;
        assert_same(loaded.1.node(), chain.node());
        let mut other = loaded.1;
        chain.run_slot(LedgerOperations::default(), rules(&settings())).unwrap();
        let block = other.run_slot(LedgerOperations::default(), rules(&settings())).unwrap();
        store.save(other.node(), &block).unwrap();
        assert_same(other.node(), chain.node());
    }
    assert!(chain.node().store().finalized_checkpoint.epoch >= 3);
    assert_eq!(store.note("chain").unwrap().as_deref(), Some("a test's"));
    assert_eq!(store.note("nothing").unwrap(), None);
}

#[test]
fn finality_removes_all_but_headers_and_the_code_of_ees() {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = new_chain();
    let mut store = create(directory.path(), chain.node(), Retention::Finality);
    let (kept, refused) = ([0, 1], [0, 2]);
    let operations = deploy(&chain, &kept);
    let deployment = run_slot(&mut chain, &mut store, operations);
    vote(&mut chain, &mut store, 0, 0);
    let operations = deploy(&chain, &refused);
    run_slot(&mut chain, &mut store, operations);
    vote(&mut chain, &mut store, 1, u64::MAX);
    assert_eq!(store.code(hash(&[&refused])).unwrap().as_deref(), Some(&refused[..]));
    let block = store.block(deployment).unwrap().unwrap();
    assert_eq!(block.operations.deploys[0].message.code[..], kept);
    let roots = run(&mut chain, &mut store, 36);
    let finalized = chain.node().store().finalized_checkpoint;
    assert!(finalized.epoch >= 2);
    assert_eq!(store.block(deployment).unwrap(), None);
    assert!(store.block(finalized.root).unwrap().is_some());
    assert_eq!(store.code(hash(&[&kept])).unwrap().as_deref(), Some(&kept[..]));
    assert_eq!(store.code(hash(&[&refused])).unwrap(), None);
    // The chain of headers is complete from genesis to head.
    let headers = store.headers(0).unwrap();
    assert_eq!(headers.len(), 41);
    for ((parent_root, _), (_, header)) in headers.iter().zip(&headers[1..]) {
        assert_eq!(header.parent_root, *parent_root);
    }
    assert_eq!(headers.last().unwrap().0, *roots.last().unwrap());
    assert_eq!(store.headers(40).unwrap(), headers[40..]);
    assert_eq!(store.extended(deployment, rules(&settings())).unwrap(), None);
}

#[test]
fn a_store_that_keeps_all_has_the_state_after_each_block() {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = new_chain();
    let mut store = create(directory.path(), chain.node(), Retention::All);
    let mut states = vec![chain.head().unwrap()];
    for _ in 0..36 {
        run(&mut chain, &mut store, 1);
        states.push(chain.head().unwrap());
    }
    drop(store);
    let (mut store, mut loaded) = load(directory.path()).unwrap();
    assert_same(loaded.node(), chain.node());
    run(&mut loaded, &mut store, 8);
    for (root, extended) in states {
        assert_eq!(store.extended(root, rules(&settings())).unwrap(), Some(extended));
        assert!(store.block(root).unwrap().is_some());
    }
}

/// Returns a node that has only genesis, and its state, with two EEs on the shards.
fn node() -> (LedgerNode<P1>, ExtendedState<P1>) {
    let mut extended = genesis_1(&[[5 * ETHER, 6 * ETHER]]);
    extended.state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    let state_root = extended.state.root();
    let block = BeaconBlock::<Minimal> { state_root, ..BeaconBlock::default() };
    (LedgerNode::new(extended.clone(), block).unwrap(), extended)
}

#[test]
fn both_branches_of_a_fork_and_the_votes_for_them_are_stored() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings::default();
    let rules = verifying_rules(&settings);
    let (mut node, genesis) = node();
    let mut store = create(directory.path(), &node, Retention::Finality);
    let time = |node: &LedgerNode<P1>, slot: u64| node.store().genesis_time + slot * 6;
    let (base, transition) = crosslink_nothing(&genesis, &settings);
    node.on_tick(time(&node, 3)).unwrap();
    let empty = || LedgerOperations::default();
    let (one, _) = try_propose(&transition.extended, 2, empty_body, empty(), &settings).unwrap();
    let (other, _) = try_propose(&transition.extended, 3, empty_body, empty(), &settings).unwrap();
    for block in [&base, &one, &other] {
        node.on_block(block, rules).unwrap();
        store.save(&node, block).unwrap();
    }
    let root = |block: &ExtendedBlock<P1>| hash_tree_root(&block.block.message);
    for (block, slot) in [(&one, 2), (&other, 3)] {
        // The committees of the block's slot vote for it.
        let pre = node.extended(&root(block)).unwrap();
        let mut advanced = pre.state;
        process_slots(&mut advanced, slot + 1).unwrap();
        node.on_tick(time(&node, slot + 1).max(node.store().time)).unwrap();
        for index in 0..2 {
            let shard = compute_shard_from_committee_index(&advanced, index, slot).unwrap();
            node.on_attestation(&attestation(&advanced, index, shard, &ShardTransition::default())).unwrap();
        }
        store.save(&node, block).unwrap();
        drop(store);
        let (reopened, loaded) = UnloadedStore::open(directory.path()).unwrap().load(rules).unwrap();
        store = reopened;
        assert_same(&loaded, &node);
    }
    let votes_for = |block| {
        let root = root(block);
        node.store().latest_messages.values().filter(|vote| vote.root == root).count()
    };
    // Of 68 active validators in 8 slots, 17 to 25 attest in slot 2, and 25 to 34 in slot 3.
    assert_eq!((votes_for(&one), votes_for(&other)), (8, 9));
    assert_eq!(store.headers(1).unwrap().len(), 3);
    let unknown = ExtendedBlock::<P1>::default();
    assert!(matches!(store.save(&node, &unknown), Err(StoreError::UnknownBlock { .. })));
}
