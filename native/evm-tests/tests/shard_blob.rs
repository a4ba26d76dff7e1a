//! A chain on a shard as nodes keep it: with the blob of the EVM EE, by a state provider, and by a shard that has a root
//! alone.

#![cfg(feature = "runner")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::{Arc, LazyLock};

use alloy_primitives::{B256, Bytes};
use outrider_evm::{
    chain_block::{included, propose},
    shard_chain::{ShardGenesis, ShardHead},
};
use outrider_evm_codec::Proposal;
use outrider_host::{Ee, ExecutionInput, Host, HostConfig, StateRoot};
use outrider_shard::{Previous, Provider};
use outrider_witness::store::{MemoryStore, Store as _};
use support::shard::{BENEFICIARY, CLOCK, Ethereum, GENESIS_TIME, Random, Users, context, genesis};

/// The EVM EE, with the limits of every node.
static EE: LazyLock<Ee> = LazyLock::new(|| {
    let host = Host::new(HostConfig::default()).unwrap();
    host.load(include_bytes!("../../../ees/blobs/evm.wasm")).unwrap()
});

const PROPOSAL: Proposal = Proposal { beneficiary: BENEFICIARY, gas_limit: None };

#[test]
fn a_hundred_blocks_have_the_same_states_at_provider_shard_and_ethereum() {
    let after = |slots: u64| GENESIS_TIME + 12 * slots;
    let forks =
        [("shanghaiTime", 0), ("cancunTime", 0), ("pragueTime", after(60)), ("osakaTime", after(120))];
    let store = MemoryStore::new();
    let (root, batch) = ShardGenesis::new(genesis(&forks), CLOCK).unwrap().batch();
    store.apply(&batch).unwrap();
    let provider = Provider::open(EE.clone(), Arc::new(store)).unwrap();
    let mut ethereum = Ethereum::new(genesis(&forks));
    let (mut users, mut random) = (Users::new(), Random(100));
    let (mut root, mut slot, mut n_transactions) = (StateRoot(root.0), 0, 0);
    for number in 1..=100 {
        slot += 1 + random.below(3);
        let (transactions, invalid) = users.random(&mut random, 2.min(number));
        let proposed = propose(&provider, root, PROPOSAL, &transactions, context(slot)).unwrap();
        assert_eq!(proposed.left_out, invalid, "block {number}");

        let built = proposed.built;
        let input = ExecutionInput::new(root, Arc::clone(built.block_data()));
        let input = ExecutionInput { context: context(slot), ..input };
        assert_eq!(EE.execute(&input).unwrap().post_state_root, built.post_state_root());
        provider.apply(std::slice::from_ref(&built), Previous::Release).unwrap();
        root = built.post_state_root();

        let header = ShardHead::of_state(B256::new(root.0), provider.store()).unwrap().header;
        assert_eq!(header.number, number);
        let included = included(built.block_data()).unwrap();
        n_transactions += included.len();
        ethereum.execute(&header, &included).unwrap_or_else(|reason| panic!("block {number}: {reason}"));
    }
    assert!(n_transactions > 200, "{n_transactions}");
}

/// Two blocks of which the second is built before the first is stored.
#[test]
fn blocks_are_built_on_blocks() {
    let store = MemoryStore::new();
    let (root, batch) = ShardGenesis::new(genesis(&support::shard::OSAKA), CLOCK).unwrap().batch();
    store.apply(&batch).unwrap();
    let provider = Provider::open(EE.clone(), Arc::new(store)).unwrap();
    let mut users = Users::new();
    let start = StateRoot(root.0);
    let mut send = || vec![users.send(0, Some(BENEFICIARY), 1, Bytes::new())];
    let first = propose(&provider, start, PROPOSAL, &send(), context(1)).unwrap().built;
    let packages = [&[outrider_evm::chain_block::package(PROPOSAL)], send().as_slice()].concat();
    let second = provider.build_on(start, std::slice::from_ref(&first), &packages, context(2)).unwrap();
    assert_eq!(included(second.block_data()).unwrap(), packages[1..]);
    provider.apply(&[first, second], Previous::Release).unwrap();
    assert!(!provider.store().is_pinned(&start.into()).unwrap());
}
