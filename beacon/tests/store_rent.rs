//! A store drops the code of a sleeping EE, and gets it back with the operation that wakes it up.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P1,
    store::{assert_same, create, deploy, new_chain, rules},
};
use outrider_beacon::{
    ledger::{LedgerOperations, Settings, SignedTopUp, TopUp},
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
    run_to(&mut chain, &mut store, 56);
    assert!(!has_code(&store));

    let message = TopUp {
        ee: 0,
        epoch: 7,
        deposit: 30 * ETHER,
        amount: 70 * ETHER,
        payer: 0,
        code: code.to_vec().try_into().unwrap(),
    };
    let top_ups = vec![SignedTopUp { message, ..SignedTopUp::default() }].try_into().unwrap();
    run_slot(&mut chain, &mut store, LedgerOperations { top_ups, ..LedgerOperations::default() });
    assert!(has_code(&store));
    // The code stays after its block has been pruned, and a loaded node has it, too.
    run_to(&mut chain, &mut store, 96);
    assert!(has_code(&store));
    let record = chain.head().unwrap().1.ledger.ees().get(0).unwrap().clone();
    assert!(record.is_active(12), "{record:?}");
    drop(store);
    let (store, node) = UnloadedStore::open(directory.path()).unwrap().load(rules(&settings())).unwrap();
    assert_same(&node, chain.node());
    assert!(has_code(&store));
}
