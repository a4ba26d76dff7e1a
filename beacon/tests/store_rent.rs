//! A store drops the code of a sleeping EE, and gets it back with the operation that wakes it up; and it keeps old code as long
//! as executions of it can be disputed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P1,
    store::{assert_same, create, deploy, new_chain, rules, vote},
};
use outrider_beacon::{
    ledger::{LedgerOperations, Settings, SignedTopUp, SignedUpgrade, TopUp, Upgrade},
    store::{Retention, Store, UnloadedStore},
};
use outrider_beacon_spec::hash::hash;
use outrider_sim::{Chain, vote_on_code};

fn settings() -> Settings {
    Settings { faucet: Some(0), rent_per_epoch: 5 * ETHER, ..Settings::default() }
}

fn run_slot(chain: &mut Chain<P1>, store: &mut Store<P1>, operations: LedgerOperations<P1>) {
    let block = chain.run_slot(operations, rules(&settings())).unwrap();
    store.save(chain.node(), &block).unwrap();
}

fn run_to(chain: &mut Chain<P1>, store: &mut Store<P1>, slot: u64) {
    while chain.head().unwrap().1.state.slot < slot {
        run_slot(chain, store, LedgerOperations::default());
    }
}

#[test]
fn the_code_of_a_sleeping_ee_is_dropped_and_brought_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = new_chain();
    let mut store = create(directory.path(), chain.node(), Retention::Finality);
    let code = [0, 1, 2];
    let code_hash = hash(&[&code]);
    // With a deposit of 40 ether, the EE falls asleep in epoch 3.
    let operations = deploy(&chain, &code);
    run_slot(&mut chain, &mut store, operations);
    let votes = vote_on_code(&chain.head().unwrap().1, 0, 0, chain.keys()).unwrap();
    let pre_check_votes = votes.try_into().unwrap();
    run_slot(&mut chain, &mut store, LedgerOperations { pre_check_votes, ..LedgerOperations::default() });
    let has_code = |store: &Store<P1>| store.code(code_hash).unwrap().as_deref() == Some(&code[..]);
    run_to(&mut chain, &mut store, 24);
    let record = chain.head().unwrap().1.ledger.ees().get(0).unwrap().clone();
    assert_eq!((record.deposit, record.hibernation_epoch), (30 * ETHER, 3));
    assert!(record.is_asleep(3) && has_code(&store), "blocks before finality still need it");
    // Executions of epoch 2 can be disputed up to epoch 10, and until then every node has the code.
    run_to(&mut chain, &mut store, 88);
    assert!(has_code(&store) && chain.node().store().finalized_checkpoint.epoch > 3);
    run_to(&mut chain, &mut store, 112);
    assert!(!has_code(&store));

    let message = TopUp {
        ee: 0,
        epoch: 14,
        deposit: 30 * ETHER,
        amount: 70 * ETHER,
        payer: 0,
        code: code.to_vec().try_into().unwrap(),
    };
    let top_ups = vec![SignedTopUp { message, ..SignedTopUp::default() }].try_into().unwrap();
    run_slot(&mut chain, &mut store, LedgerOperations { top_ups, ..LedgerOperations::default() });
    assert!(has_code(&store));
    // The code stays after its block has been pruned, and a loaded node has it, too.
    run_to(&mut chain, &mut store, 152);
    assert!(has_code(&store));
    let record = chain.head().unwrap().1.ledger.ees().get(0).unwrap().clone();
    assert!(record.is_active(19), "{record:?}");
    drop(store);
    let (store, node) = UnloadedStore::open(directory.path()).unwrap().load(rules(&settings())).unwrap();
    assert_same(&node, chain.node());
    assert!(has_code(&store));
}

/// The epoch in which the EE of the next test is upgraded.
const SWITCH: u64 = 4;

#[test]
fn the_code_before_an_upgrade_is_kept_while_it_can_be_disputed() {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = new_chain();
    let mut store = create(directory.path(), chain.node(), Retention::Finality);
    let (old, new) = ([0, 1, 2], [0, 3, 4]);
    let mut operations = deploy(&chain, &old);
    operations.deploys[0].message.upgrade_delay = SWITCH - 1;
    run_free(&mut chain, &mut store, operations);
    vote(&mut chain, &mut store, 0, 0);
    while chain.head().unwrap().1.state.slot < 8 {
        run_free(&mut chain, &mut store, LedgerOperations::default());
    }
    let message = Upgrade { ee: 0, epoch: 1, code: new.to_vec().try_into().unwrap() };
    let upgrades = vec![SignedUpgrade { message, ..SignedUpgrade::default() }].try_into().unwrap();
    run_free(&mut chain, &mut store, LedgerOperations { upgrades, ..LedgerOperations::default() });
    vote(&mut chain, &mut store, 0, 0);
    let has = |store: &Store<P1>, code: &[u8]| store.code(hash(&[code])).unwrap().is_some();
    // Blocks before finality may also need it, and they are of at most four epochs.
    for (epoch, expected) in [(SWITCH + 7, true), (SWITCH + 8 + 4, false)] {
        while chain.head().unwrap().1.state.slot < epoch * 8 {
            run_free(&mut chain, &mut store, LedgerOperations::default());
        }
        let record = chain.head().unwrap().1.ledger.ees().get(0).unwrap().clone();
        assert_eq!((record.previous_code.epoch, record.code_hash), (SWITCH, hash(&[&new])));
        assert!(chain.node().store().finalized_checkpoint.epoch > SWITCH, "no kept block executes it");
        assert_eq!((has(&store, &old), has(&store, &new)), (expected, true), "epoch {epoch}");
        assert_eq!(record.known_code_at(SWITCH - 1, epoch, 8), expected.then(|| hash(&[&old])));
    }
}

/// Runs a slot of a chain without rent.
fn run_free(chain: &mut Chain<P1>, store: &mut Store<P1>, operations: LedgerOperations<P1>) {
    common::store::run_slot(chain, store, operations);
}
