//! A node on disk is the node that was stored, or an error.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{fs, path::Path};

use common::{
    ETHER, FirstByte, NotOnes, P1, empty_body, genesis_1, rules as verifying_rules,
    shards::{attestation, crosslink_nothing},
    try_propose,
};
use outrider_beacon::{
    ledger::{Deploy, ExtendedBlock, ExtendedState, LedgerNode, LedgerOperations, Settings, SignedDeploy},
    registry::Rules,
    store::{Damage, Opened, Retention, Store, StoreError},
};
use outrider_beacon_spec::{
    containers::ShardTransition,
    hash::{hash, hash_tree_root},
    phase1::{BeaconBlock, BeaconBlockBody, compute_shard_from_committee_index},
    preset::Minimal,
    transition::process_slots,
    types::Root,
};
use outrider_sim::{Chain, Genesis, Keys, vote_on_code};
use ssz_types::BitVector;

const N_VALIDATORS: u64 = 64;

fn settings() -> Settings {
    Settings { faucet: Some(0), ..Settings::default() }
}

/// Of a chain of our own making, whose signatures nobody doubts.
fn rules(settings: &Settings) -> Rules<'_> {
    Rules { settings, admission: &FirstByte, judge: &NotOnes, verify_signatures: false }
}

fn new_chain() -> Chain<P1> {
    let rich = Some((0, 10_000 * ETHER));
    let genesis = Genesis { n_validators: N_VALIDATORS, seed: 7, rich, ees: Vec::new() };
    let (node, keys) = genesis.node().unwrap();
    Chain::new(node, keys)
}

fn create(path: &Path, node: &LedgerNode<P1>, retention: Retention) -> Store<P1> {
    Store::create(path, node, &[("chain", "a test's")], retention).unwrap()
}

fn load(path: &Path) -> Result<(Store<P1>, Chain<P1>), StoreError> {
    let (store, node) = Opened::new(path)?.load(rules(&settings()))?;
    Ok((store, Chain::new(node, Keys::new(N_VALIDATORS))))
}

/// Runs slots and stores their blocks.
fn run(chain: &mut Chain<P1>, store: &mut Store<P1>, n_slots: u64) -> Vec<Root> {
    (0..n_slots).map(|_| run_slot(chain, store, LedgerOperations::default())).collect()
}

fn run_slot(chain: &mut Chain<P1>, store: &mut Store<P1>, operations: LedgerOperations<P1>) -> Root {
    let block = chain.run_slot(operations, rules(&settings())).unwrap();
    store.save(chain.node(), &block).unwrap();
    hash_tree_root(&block.block.message)
}

fn deploy(chain: &Chain<P1>, code: &[u8]) -> LedgerOperations<P1> {
    let (_, head) = chain.head().unwrap();
    let payer = head.state.validators.get(0).unwrap();
    let mut shards = BitVector::new();
    shards.set(1, true).unwrap();
    let message = Deploy {
        ee: head.ledger.ees().len() as u32,
        code: code.to_vec().try_into().unwrap(),
        shards,
        owner: payer.pubkey,
        refund_credentials: payer.withdrawal_credentials,
        deposit: 40 * ETHER,
        ..Deploy::default()
    };
    let deploys = vec![SignedDeploy { message, ..SignedDeploy::default() }].try_into().unwrap();
    LedgerOperations { deploys, ..LedgerOperations::default() }
}

/// Lets validators vote on an EE's code: in the next slot.
fn vote(chain: &mut Chain<P1>, store: &mut Store<P1>, ee: u32, n_against: u64) {
    let (_, head) = chain.head().unwrap();
    let votes = vote_on_code(&head, ee, n_against, chain.keys()).unwrap();
    let pre_check_votes = votes.try_into().unwrap();
    run_slot(chain, store, LedgerOperations { pre_check_votes, ..LedgerOperations::default() });
}

#[track_caller]
fn assert_same(one: &LedgerNode<P1>, other: &LedgerNode<P1>) {
    let (one_store, other_store) = (one.store(), other.store());
    assert_eq!(one.head(), other.head());
    assert_eq!(one_store.time, other_store.time);
    assert_eq!(one_store.justified_checkpoint, other_store.justified_checkpoint);
    assert_eq!(one_store.best_justified_checkpoint, other_store.best_justified_checkpoint);
    assert_eq!(one_store.finalized_checkpoint, other_store.finalized_checkpoint);
    assert_eq!(one_store.latest_messages, other_store.latest_messages);
    assert_eq!(one_store.blocks, other_store.blocks);
    for root in one_store.blocks.keys() {
        assert_eq!(one.extended(root), other.extended(root), "{root}");
    }
}

#[test]
fn a_node_that_is_loaded_is_the_node_that_was_stored_and_goes_on_as_it_would_have() {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = new_chain();
    let mut store = create(directory.path(), chain.node(), Retention::Finality);
    run(&mut chain, &mut store, 2);
    let operations = deploy(&chain, &[0, 1, 2]);
    run_slot(&mut chain, &mut store, operations);
    vote(&mut chain, &mut store, 0, 0);
    // Before there is finality, in the middle of an epoch, at its end, with finality.
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
fn what_comes_before_finality_goes_but_for_headers_and_code_that_an_ee_has() {
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
    // The chain of headers is whole, from genesis to head.
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

/// A node that knows nothing but genesis, with two EEs on the shards.
fn node() -> (LedgerNode<P1>, ExtendedState<P1>) {
    let mut extended = genesis_1(&[[5 * ETHER, 6 * ETHER]]);
    extended.state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    let state_root = extended.state.root();
    let block = BeaconBlock::<Minimal> { state_root, ..BeaconBlock::default() };
    (LedgerNode::new(extended.clone(), block).unwrap(), extended)
}

#[test]
fn both_branches_of_a_fork_and_the_votes_between_them_are_stored() {
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
        let (reopened, loaded) = Opened::new(directory.path()).unwrap().load(rules).unwrap();
        store = reopened;
        assert_same(&loaded, &node);
    }
    assert_eq!(node.store().latest_messages.len(), 4 * node.store().latest_messages.len() / 4);
    assert_eq!(store.headers(1).unwrap().len(), 3);
    let unknown = ExtendedBlock::<P1>::default();
    assert!(matches!(store.save(&node, &unknown), Err(StoreError::NotTheNodes { .. })));
}

#[test]
fn a_directory_is_one_process_s_and_the_other_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert!(matches!(Opened::new(path), Err(StoreError::Absent)));
    let chain = new_chain();
    let store = create(path, chain.node(), Retention::Finality);
    let pid = std::process::id().to_string();
    let error = Opened::new(path).unwrap_err();
    assert_eq!(error.to_string(), format!("process {pid} has it open: wait for its end, or end it"));
    drop(store);
    assert!(load(path).is_ok());
    let again = Store::create(path, chain.node(), &[], Retention::Finality);
    assert!(matches!(again, Err(StoreError::Present)));
}

#[test]
fn files_that_are_missing_torn_or_of_another_time_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = |name: &str| path.join(name);
    let mut chain = new_chain();
    let mut store = create(path, chain.node(), Retention::Finality);
    run(&mut chain, &mut store, 3);
    drop(store);
    let earlier = fs::read(file("db")).unwrap();
    let mut store = load(path).unwrap().0;
    run(&mut chain, &mut store, 2);
    drop(store);
    let (latest, anchor) = (fs::read(file("db")).unwrap(), fs::read(file("anchor")).unwrap());
    #[track_caller]
    fn damage(path: &Path) -> Damage {
        match load(path).map(|_| ()) {
            Err(StoreError::Damaged(damage)) => damage,
            other => panic!("{other:?}"),
        }
    }
    fs::write(file("db"), &earlier).unwrap();
    assert!(matches!(damage(path), Damage::Batch { got: 3, expected: 5 }));
    fs::remove_file(file("db")).unwrap();
    assert!(matches!(damage(path), Damage::Missing { file: "db" }));
    fs::write(file("db"), &latest[..latest.len() / 2]).unwrap();
    damage(path);
    fs::write(file("db"), &latest).unwrap();
    for bit in 0..8 * anchor.len() {
        let mut damaged = anchor.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(file("anchor"), damaged).unwrap();
        assert!(matches!(damage(path), Damage::Anchor), "bit {bit}");
    }
    // As a crash between database and anchor leaves it.
    let mut one_less = anchor[..16].to_vec();
    one_less[8] -= 1;
    one_less.extend(crc32fast::hash(&one_less).to_le_bytes());
    fs::write(file("anchor"), &one_less).unwrap();
    let (mut store, mut loaded) = load(path).unwrap();
    assert_same(loaded.node(), chain.node());
    run(&mut loaded, &mut store, 1);
    drop(store);
    assert!(load(path).is_ok());
    // A process that was ended while it made the store has left no anchor: there is nothing yet.
    fs::remove_file(file("anchor")).unwrap();
    assert!(matches!(load(path).map(|_| ()), Err(StoreError::Absent)));
    create(path, chain_at_genesis().node(), Retention::Finality);
    assert!(load(path).is_ok());
}

fn chain_at_genesis() -> Chain<P1> {
    new_chain()
}

#[test]
fn no_byte_of_the_database_changes_and_is_believed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut chain = new_chain();
    let mut store = create(path, chain.node(), Retention::Finality);
    let operations = deploy(&chain, &[0; 3_000]);
    run_slot(&mut chain, &mut store, operations);
    run(&mut chain, &mut store, 4);
    drop(store);
    let whole = fs::read(path.join("db")).unwrap();
    let mut n_reported = 0;
    let n_places = 96;
    for place in 0..n_places {
        let at = hash(&[&u64::to_le_bytes(place)]);
        let at = usize::from_le_bytes(at[..8].try_into().unwrap()) % whole.len();
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (place % 8);
        fs::write(path.join("db"), &damaged).unwrap();
        match load(path) {
            // Nobody needs the byte.
            Ok((_, loaded)) => assert_same(loaded.node(), chain.node()),
            Err(StoreError::Damaged(_) | StoreError::Format { .. } | StoreError::Io(_)) => n_reported += 1,
            Err(other) => panic!("byte {at}: {other:?}"),
        }
    }
    assert!(n_reported > n_places / 8, "{n_reported} of {n_places}");
}
