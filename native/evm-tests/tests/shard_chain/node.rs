//! The node of a chain is neither a node of a trie nor code, and a genesis is checked.

use alloy_primitives::{U256, hex, keccak256};
use outrider_evm::{
    genesis::Genesis,
    shard_chain::{ShardGenesis, ShardGenesisError},
    state::EMPTY_STORAGE_ROOT,
};
use outrider_evm_codec::{ChainNode, ChainNodeError, ChainPlace, ChainRulesError, Fork, OUTBOX, SlotClock};
use outrider_witness::{Hash, Keccak256, NodeBag, mpt::Trie};
use serde_json::json;

use crate::support::shard::{
    CHAIN_ID, CLOCK, EE, GENESIS_TIME, OSAKA, SHARD, Shard, Users, address_of, genesis, genesis_json,
    init_code,
};

fn refusal(json: serde_json::Value) -> ShardGenesisError {
    ShardGenesis::new(Genesis::of_json(json).unwrap(), CLOCK).unwrap_err()
}

#[test]
fn a_node_of_a_chain_is_not_one_of_a_trie_and_the_other_way_round() {
    let shard = Shard::new(genesis(&OSAKA));
    let root = Hash(shard.root().0);
    let mut trie = Trie::<Keccak256, _>::open(&root, shard.provider.nodes());
    assert!(trie.get(&[]).is_err());
    let (mut n_nodes, mut n_chains) = (0, 0);
    for (hash, bytes) in shard.provider.nodes().iter() {
        match ChainNode::from_bytes(bytes) {
            Ok(node) => {
                assert_eq!((*hash, node.to_bytes()), (root, bytes.to_vec()));
                assert!(bytes.len() > 500, "longer than any list that begins with ef");
                n_chains += 1;
            }
            Err(error) => {
                assert_eq!(error, ChainNodeError::Tag);
                n_nodes += 1;
            }
        }
    }
    assert!(n_chains == 1 && n_nodes > 10, "{n_nodes} nodes and codes");
}

/// By EIP-3541, no code begins with ef.
#[test]
fn no_transaction_creates_code_like_the_node_of_a_chain() {
    let (mut shard, mut users) = (Shard::new(genesis(&OSAKA)), Users::new());
    let node = shard.provider.nodes().bytes(&Hash(shard.root().0)).unwrap().to_vec();
    let sender = address_of(0);
    let transactions = [
        users.send(0, None, 0, init_code(&node)),
        users.send(0, None, 0, init_code(&[&[0xee], &node[1..]].concat())),
    ];
    shard.advance(1, &transactions);
    assert_eq!(shard.account(sender).unwrap().nonce, 2, "both were executed");
    assert_eq!(shard.account(sender.create(0)), None);
    // With another first byte it would be code.
    let code_hash = shard.account(sender.create(1)).unwrap().code_hash;
    assert_eq!(code_hash, keccak256([&[0xee], &node[1..]].concat()));
}

#[test]
fn the_state_of_a_chain_begins_with_its_genesis() {
    let after = GENESIS_TIME + 1_200;
    let forks = [("shanghaiTime", 0), ("cancunTime", 0), ("pragueTime", after), ("osakaTime", after)];
    let genesis = genesis(&forks);
    let (state_root, hash) = (genesis.header.state_root, genesis.header.hash);
    let chain = ShardGenesis::new(genesis, CLOCK).unwrap();
    let mut nodes = NodeBag::default();
    let root = chain.commit(&mut nodes);
    assert_eq!(root, keccak256(chain.node().to_bytes()));
    assert_eq!(chain.batch().0, root);
    assert_eq!(keccak256(&chain.node().header), hash);
    assert!(nodes.bytes(&Hash(state_root.0)).is_some());
    let rules = &chain.node().rules;
    let place = ChainPlace { ee: EE, shard: SHARD };
    assert_eq!((rules.chain_id(place), rules.clock()), (Some(CHAIN_ID), CLOCK));
    let forks: Vec<_> = rules.forks().iter().map(|fork| (fork.since, fork.fork)).collect();
    assert_eq!(forks, [(0, Fork::Cancun), (after, Fork::Osaka)]);
}

#[test]
fn rules_before_paris_are_refused() {
    let mut json = genesis_json(&[]);
    let config = json["config"].as_object_mut().unwrap();
    config.remove("terminalTotalDifficulty");
    assert_eq!(refusal(json.clone()), ShardGenesisError::BeforeParis { fork: Fork::London });
    json["config"]["terminalTotalDifficulty"] = json!(5);
    assert_eq!(refusal(json), ShardGenesisError::BeforeParis { fork: Fork::London });
}

#[test]
fn a_chain_with_slots_of_no_time_is_refused() {
    let clock = SlotClock { seconds_per_slot: 0, ..CLOCK };
    let refused = ShardGenesis::new(genesis(&OSAKA), clock);
    assert_eq!(refused, Err(ShardGenesisError::Rules(ChainRulesError::SecondsPerSlot)));
}

#[test]
fn a_genesis_without_the_contracts_of_prague_is_refused() {
    for (address, eip) in [
        ("0x0000f90827f1c53a10cb7a02335b175320002935", "EIP-2935"),
        ("0x00000961ef480eb55e80d19ad83579a64c007002", "EIP-7002"),
        ("0x0000bbddc7ce488642fb579f8b00f3a590007251", "EIP-7251"),
    ] {
        let without = |forks: &[(&str, u64)]| {
            let mut json = genesis_json(forks);
            let alloc = json["alloc"].as_object_mut().unwrap();
            alloc.retain(|account, _| account.to_lowercase() != address);
            json
        };
        let expected = ShardGenesisError::SystemContract { address: address.parse().unwrap(), eip };
        assert_eq!(refusal(without(&OSAKA)), expected);
        let later = [("shanghaiTime", 0), ("cancunTime", 0), ("pragueTime", GENESIS_TIME + 99)];
        assert_eq!(refusal(without(&later)), expected, "Prague comes later");
        let never = Genesis::of_json(without(&later[..2])).unwrap();
        ShardGenesis::new(never, CLOCK).unwrap();
    }
}

#[test]
fn only_the_outbox_has_its_address_in_a_genesis() {
    let with = |code: Option<&str>| {
        let mut json = genesis_json(&OSAKA);
        let alloc = json["alloc"].as_object_mut().unwrap();
        alloc.retain(|account, _| *account != OUTBOX.to_string());
        if let Some(code) = code {
            alloc.insert(OUTBOX.to_string(), json!({ "balance": "0x0", "code": code }));
        }
        json
    };
    assert_eq!(refusal(with(Some("0x00"))), ShardGenesisError::Outbox);
    // A chain without it sends nothing.
    for code in [None, Some("0x")] {
        ShardGenesis::new(Genesis::of_json(with(code)).unwrap(), CLOCK).unwrap();
    }
}

#[test]
fn code_like_a_node_is_refused_in_a_genesis() {
    let mut json = genesis_json(&OSAKA);
    let code = format!("0x{}00", hex::encode(ChainNode::TAG));
    json["alloc"][address_of(0).to_string()]["code"] = json!(code);
    assert_eq!(refusal(json), ShardGenesisError::Code { address: address_of(0) });
}

/// A chain without accounts has a state, too.
#[test]
fn an_empty_state_is_a_state() {
    let mut json = genesis_json(&[("shanghaiTime", 0)]);
    json["alloc"] = json!({});
    let mut shard = Shard::new(Genesis::of_json(json).unwrap());
    for slot in 1..3 {
        shard.advance(slot, &[]);
        assert_eq!(shard.head().header.state_root, EMPTY_STORAGE_ROOT);
    }
    assert_eq!(shard.ether(), U256::ZERO);
}
