//! Helpers for tests of stores.

use std::path::Path;

use super::{ETHER, FirstByte, NotOnes, P1};
use outrider_beacon::{
    ledger::{Deploy, LedgerNode, LedgerOperations, Settings, SignedDeploy},
    registry::Rules,
    store::{Retention, Store, StoreError, UnloadedStore},
};
use outrider_beacon_spec::{hash::hash_tree_root, types::Root};
use outrider_sim::{Chain, Genesis, Keys, vote_on_code};
use ssz_types::BitVector;

pub(crate) const N_VALIDATORS: u64 = 64;

pub(crate) fn settings() -> Settings {
    Settings { faucet: Some(0), ..Settings::default() }
}

/// Returns the rules of a chain that the test itself makes, which do not verify signatures.
pub(crate) fn rules(settings: &Settings) -> Rules<'_> {
    Rules { settings, admission: &FirstByte, judge: &NotOnes, verify_signatures: false }
}

pub(crate) fn new_chain() -> Chain<P1> {
    let rich = Some((0, 10_000 * ETHER));
    let genesis = Genesis { n_validators: N_VALIDATORS, seed: 7, rich, ..Genesis::default() };
    let (node, keys) = genesis.node().unwrap();
    Chain::new(node, keys)
}

pub(crate) fn create(path: &Path, node: &LedgerNode<P1>, retention: Retention) -> Store<P1> {
    Store::create(path, node, &[("chain", "a test's")], retention).unwrap()
}

pub(crate) fn load(path: &Path) -> Result<(Store<P1>, Chain<P1>), StoreError> {
    let (store, node) = UnloadedStore::open(path)?.load(rules(&settings()))?;
    Ok((store, Chain::new(node, Keys::new(N_VALIDATORS))))
}

/// Runs slots and stores their blocks.
pub(crate) fn run(chain: &mut Chain<P1>, store: &mut Store<P1>, n_slots: u64) -> Vec<Root> {
    (0..n_slots).map(|_| run_slot(chain, store, LedgerOperations::default())).collect()
}

pub(crate) fn run_slot(
    chain: &mut Chain<P1>,
    store: &mut Store<P1>,
    operations: LedgerOperations<P1>,
) -> Root {
    let block = chain.run_slot(operations, rules(&settings())).unwrap();
    store.save(chain.node(), &block).unwrap();
    hash_tree_root(&block.block.message)
}

pub(crate) fn deploy(chain: &Chain<P1>, code: &[u8]) -> LedgerOperations<P1> {
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

/// Runs the next slot, in which the validators vote on an EE's code.
pub(crate) fn vote(chain: &mut Chain<P1>, store: &mut Store<P1>, ee: u32, n_against: u64) {
    let (_, head) = chain.head().unwrap();
    let votes = vote_on_code(&head, ee, n_against, chain.keys()).unwrap();
    let pre_check_votes = votes.try_into().unwrap();
    run_slot(chain, store, LedgerOperations { pre_check_votes, ..LedgerOperations::default() });
}

#[track_caller]
pub(crate) fn assert_same(one: &LedgerNode<P1>, other: &LedgerNode<P1>) {
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
