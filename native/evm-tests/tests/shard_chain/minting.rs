//! Nobody can mint: each way that kinds with their own rules or parents would allow is tried.

use alloy_primitives::{Address, B64, B256, Bytes, U256, keccak256};
use outrider_evm::{
    header::{Header, HeaderFields, NO_OMMERS_HASH},
    rlp,
    state::EMPTY_STORAGE_ROOT,
    transaction::no_logs,
};
use outrider_evm_codec::{
    BlobSchedule, Block as EthereumBlock, ChainNode, ChainRules, Environment, Fork, ForkTime, Payload, Rules,
    Transactions, VouchedBlock,
};
use outrider_sdk::{StateRoot, harness::StateProvider};
use outrider_witness::{
    Hash, Keccak256, NodeBag, Record,
    mpt::witness::{decode, encode},
};

use crate::support::{
    native::provide_on,
    shard::{
        BENEFICIARY, Block, CHAIN_ID, CLOCK, GAS_LIMIT, GENESIS_CHAIN_ID, OSAKA, Shard, TOKEN, Users,
        address_of, call, context, genesis, parts, proposal,
    },
};

const THIEF: Address = Address::repeat_byte(0x66);

fn rules(fork: Fork) -> Rules {
    let blobs = BlobSchedule { target: 6, max: 9, base_fee_update_fraction: 5_007_716 };
    Rules {
        chain_id: CHAIN_ID,
        fork,
        blobs,
        blocks_since_dao_fork: Rules::NO_DAO_FORK,
        deposit_contract: None,
    }
}

/// Returns a made-up header of a fork before Cancun, with this state.
pub(crate) fn header(fork: Fork, number: u64, parent_hash: B256, state_root: B256) -> HeaderFields {
    let is_work = fork < Fork::Paris;
    HeaderFields {
        parent_hash,
        ommers_hash: NO_OMMERS_HASH,
        beneficiary: THIEF,
        state_root,
        transactions_root: EMPTY_STORAGE_ROOT,
        receipts_root: EMPTY_STORAGE_ROOT,
        logs_bloom: Bytes::from(vec![0; 256]),
        difficulty: if is_work { U256::from(131_072) } else { U256::ZERO },
        number: U256::from(number),
        gas_limit: U256::from(GAS_LIMIT),
        gas_used: U256::ZERO,
        timestamp: U256::from(1_000 + 20 * number),
        extra_data: Bytes::new(),
        mix_hash: B256::ZERO,
        nonce: B64::ZERO,
        base_fee_per_gas: (fork >= Fork::London).then(|| U256::from(7)),
        withdrawals_root: (fork >= Fork::Shanghai).then_some(EMPTY_STORAGE_ROOT),
        blob_gas_used: None,
        excess_blob_gas: None,
        parent_beacon_block_root: None,
        requests_hash: None,
        block_access_list_hash: None,
        slot_number: None,
    }
}

/// Returns a block of kind 0 whose made-up parent has the state `root`, and the same with a vouched ancestry.
fn made_up(fork: Fork, root: B256, withdrawals: &[u8]) -> [Payload; 2] {
    let parent = header(fork, 7, B256::ZERO, root).encode();
    let mut block = header(fork, 8, keccak256(&parent), root);
    if !withdrawals.is_empty() {
        block.withdrawals_root = Some(rlp::list_root([withdrawals]));
    }
    let withdrawals = if fork >= Fork::Shanghai { rlp::list(withdrawals) } else { Vec::new() };
    let block: Bytes = rlp::list(&[&block.encode(), &[0xc0, 0xc0][..], &withdrawals].concat()).into();
    let checked =
        EthereumBlock { ancestors: vec![parent.into()], ancestors_ommers: Vec::new(), block: block.clone() };
    let vouched = VouchedBlock { block, block_hashes: Vec::new(), parent: None };
    [Payload::Block(rules(fork), checked), Payload::VouchedBlock(rules(fork), vouched)]
}

fn environment(beneficiary: Address) -> Environment {
    Environment {
        beneficiary,
        gas_limit: GAS_LIMIT,
        number: U256::from(8),
        timestamp: U256::from(1_000),
        difficulty: U256::ZERO,
        prev_randao: B256::ZERO,
        base_fee_per_gas: 0,
        excess_blob_gas: 0,
        slot_number: 0,
        block_hashes: Vec::new(),
    }
}

/// Payloads of kinds 0 to 2 by which somebody would be paid, would choose an environment, or would change nothing.
fn foreign_payloads(root: B256, transaction: Bytes) -> Vec<Payload> {
    let withdrawal = rlp::list(&[&[0x80, 0x80, 0x94][..], THIEF.as_slice(), &[0x83, 1, 0, 0]].concat());
    let transactions = |fork, transactions| {
        let environment = environment(THIEF);
        Payload::Transactions(rules(fork), Transactions { environment, transactions, logs_hash: no_logs() })
    };
    let mut payloads = Vec::new();
    for fork in [Fork::Frontier, Fork::Byzantium, Fork::London, Fork::Paris, Fork::Shanghai] {
        payloads.extend(made_up(fork, root, &[]));
        payloads.push(transactions(fork, Vec::new()));
        payloads.push(transactions(fork, vec![transaction.clone()]));
    }
    payloads.extend(made_up(Fork::Shanghai, root, &withdrawal));
    payloads
}

/// Returns a chain with some blocks, and a block on it with a transaction.
fn chain() -> (Shard, Block, Bytes) {
    let mut shard = Shard::new(genesis(&OSAKA));
    let mut users = Users::new();
    shard.advance(1, &[users.send(0, Some(address_of(1)), 5, Bytes::new())]);
    let transaction =
        users.send(1, Some(TOKEN), 0, call("transfer(address,uint256)", &[U256::from(9), U256::from(1)]));
    let block = Block::of(&shard, 2, std::slice::from_ref(&transaction));
    (shard, block, transaction)
}

#[test]
fn kinds_with_their_own_rules_are_refused_on_a_chain() {
    let (shard, block, transaction) = chain();
    let root = shard.root();
    let state_root = shard.head().header.state_root;
    let (roots, record) = decode::<Keccak256>(&block.witness).unwrap().revealed();
    let without_chain = Record { nodes: record.nodes, blobs: NodeBag::default() };
    let witnesses = [vec![0, 0], block.witness.clone(), encode(roots, &without_chain).unwrap()];
    // The parent has the root of the chain, or that of Ethereum's state below it.
    for payload in [root, state_root].into_iter().flat_map(|root| foreign_payloads(root, transaction.clone()))
    {
        let kind = format!("{payload:?}");
        let bytes = alloy_rlp::encode(&payload);
        for witness in &witnesses {
            let reason = Block { witness: witness.clone(), ..block.clone() }.run_payload(&bytes).unwrap_err();
            assert!(!reason.is_empty(), "{kind}");
        }
        let reason = provide_on(&shard.provider, &payload).unwrap_err();
        assert!(!reason.is_empty(), "{kind}");
    }
}

/// The test before would be worth nothing if these were refused for another reason.
#[test]
fn the_same_payloads_pay_on_a_state_of_ethereum() {
    let genesis = genesis(&OSAKA);
    let mut nodes = NodeBag::default();
    let root = genesis.state.commit(&mut nodes);
    let provider = StateProvider::with_state(StateRoot(root.0), nodes);
    let [frontier, _] = made_up(Fork::Frontier, root, &[]);
    let reason = provide_on(&provider, &frontier).unwrap_err();
    let (_, paid) = reason.split_once("state root: got ").unwrap_or_else(|| panic!("{reason}"));
    assert!(
        paid.contains("and the header says"),
        "a reward was paid, and the header has to say so: {reason}"
    );
    let nothing = made_up(Fork::Paris, root, &[])[0].clone();
    assert_eq!(provide_on(&provider, &nothing).unwrap().outcome.post_state_root.0, root.0);
}

#[test]
fn a_payload_that_changes_nothing_is_refused_on_a_chain_by_name() {
    let (shard, block, _) = chain();
    for payload in made_up(Fork::Paris, shard.root(), &[]) {
        let reason = provide_on(&shard.provider, &payload).unwrap_err();
        assert!(reason.starts_with("the pre-state is not covered as a state of Ethereum"), "{reason}");
        let alone = Block { witness: vec![0, 0], ..block.clone() };
        let reason = alone.run_payload(&alloy_rlp::encode(payload)).unwrap_err();
        assert!(reason.starts_with("the pre-state is not covered as a state of Ethereum"), "{reason}");
    }
}

#[test]
fn blocks_of_a_chain_are_refused_on_a_state_of_ethereum() {
    let (shard, block, _) = chain();
    let state_root = shard.head().header.state_root;
    let on_ethereum = Block { pre_state_root: StateRoot(state_root.0), ..block.clone() };
    let reason = on_ethereum.run().unwrap_err();
    assert_eq!(reason, format!("the node of the chain: nothing with hash {} is covered", hex(state_root)));
    // The node of the trie as a blob has the right hash.
    let node = shard.provider.nodes().bytes(&Hash(state_root.0)).unwrap().to_vec();
    let mut record = Record::default();
    record.blobs.insert(Hash(state_root.0), node);
    let with_blob = Block { witness: encode(Vec::new(), &record).unwrap(), ..on_ethereum.clone() };
    let expected = format!(
        "the pre-state {state_root} is not that of a chain, on which alone payloads of kind 3 are executed: the tag of a chain node is missing"
    );
    assert_eq!(with_blob.run().unwrap_err(), expected);
    // So it is at a provider, also for packages.
    let provider = StateProvider::with_state(StateRoot(state_root.0), shard.provider.nodes().clone());
    assert_eq!(Shard { provider }.provide(2, &[]).unwrap_err(), expected);
    let empty = Block { pre_state_root: StateRoot::default(), ..block };
    assert!(empty.run().unwrap_err().starts_with("the node of the chain: nothing with hash 0000"));
}

/// The deployer of the EE decides on the first node, but not on rules that pay rewards.
#[test]
fn no_chain_begins_with_rules_before_paris() {
    let (shard, block, _) = chain();
    let bytes = shard.provider.nodes().bytes(&Hash(shard.root().0)).unwrap().to_vec();
    let rules = ChainNode::from_bytes(&bytes).unwrap().rules;
    let fork = alloy_rlp::encode(rules.forks()[0]);
    let at = bytes.windows(fork.len()).position(|window| window == fork).unwrap();
    // A list of one byte of header, then the time 0 and the number of the fork, of one byte each.
    let number = at + 2;
    assert_eq!(usize::from(bytes[number]), Fork::ALL.iter().position(|fork| *fork == Fork::Osaka).unwrap());
    for (fork, number_of_fork) in [(Fork::Frontier, 0x80), (Fork::GrayGlacier, 12)] {
        let mut changed = bytes.clone();
        changed[number] = number_of_fork;
        let mut record = Record::default();
        let root = keccak256(&changed);
        record.blobs = NodeBag::of_preimages::<Keccak256>([changed]);
        let witness = encode(Vec::new(), &record).unwrap();
        let block = Block { pre_state_root: StateRoot(root.0), witness, ..block.clone() };
        let reason = block.run().unwrap_err();
        let expected = format!("the rules of {} are older than Paris", fork.name());
        assert!(reason.contains(&expected), "{reason}");
    }
}

/// Returns a hash as errors of the witness write it.
fn hex(hash: B256) -> String {
    Hash(hash.0).to_string()
}

#[test]
fn a_changed_node_of_the_chain_is_refused() {
    let (shard, block, _) = chain();
    let bytes = shard.provider.nodes().bytes(&Hash(shard.root().0)).unwrap().to_vec();
    let node = ChainNode::from_bytes(&bytes).unwrap();
    let other_rules = |chain_id, fork| {
        let forks = vec![ForkTime { since: 0, fork, blobs: rules(fork).blobs }];
        ChainNode { rules: ChainRules::new(chain_id, CLOCK, forks, None).unwrap(), ..node.clone() }
    };
    let fields = header(Fork::Paris, 1, B256::ZERO, shard.head().header.state_root);
    let other_head = ChainNode { header: fields.encode().into(), ..node.clone() };
    for changed in [other_rules(1, Fork::Osaka), other_rules(GENESIS_CHAIN_ID, Fork::Paris), other_head] {
        let (roots, mut record) = decode::<Keccak256>(&block.witness).unwrap().revealed();
        let blobs: Vec<Vec<u8>> = record.blobs.iter().map(|(_, bytes)| bytes.to_vec()).collect();
        assert!(blobs.contains(&bytes), "the witness has the node");
        let changed = changed.to_bytes();
        let blobs = blobs.into_iter().map(|blob| if blob == bytes { changed.clone() } else { blob });
        record.blobs = NodeBag::of_preimages::<Keccak256>(blobs);
        let forged = Block { witness: encode(roots, &record).unwrap(), ..block.clone() };
        let expected = format!("the node of the chain: nothing with hash {} is covered", hex(shard.root()));
        assert_eq!(forged.run().unwrap_err(), expected);
    }
}

/// Whoever executes a block in another context comes to another state, or refuses it.
#[test]
fn a_block_is_bound_to_its_context() {
    let (shard, block, _) = chain();
    let right = block.run().unwrap().post_state_root;
    let mut other = block.clone();
    other.context.beacon_root.0[0] ^= 1;
    assert_ne!(other.run().unwrap().post_state_root, right);
    // A transaction for one shard is not valid on another, and a block without any differs by `prev_randao`.
    other.context = context(2);
    other.context.shard.0 += 1;
    let check = |other: &Block, chain: u64| {
        let expected =
            format!("transaction 0: invalid chain ID: it is for chain {CHAIN_ID}, and this is chain {chain}");
        assert_eq!(other.run().unwrap_err(), expected);
    };
    check(&other, CHAIN_ID + 1);
    // Nor is it on another EE with the same state.
    other.context = context(2);
    other.context.ee_index.0 += 1;
    check(&other, CHAIN_ID + 1_024);
    other.context.ee_index.0 = 1 << 16;
    let reason = other.run().unwrap_err();
    assert!(reason.starts_with("EE 65536 on shard 3 has no chain ID"), "{reason}");
    let mut empty = Block::of(&shard, 2, &[]);
    let right = empty.run().unwrap().post_state_root;
    empty.context.shard.0 += 1;
    assert_ne!(empty.run().unwrap().post_state_root, right);
    // EIP-4788 stores the beacon root at another place, which the witness does not have.
    other.context = context(3);
    other.run().unwrap_err();
    other.context = context(1);
    assert!(other.run().unwrap_err().starts_with("header: timestamp: "));
}

/// A block has a place for nothing but beneficiary, gas limit and transactions.
#[test]
fn a_block_has_no_room_for_withdrawals_ommers_or_an_environment() {
    let (_, block, _) = chain();
    let bytes = alloy_rlp::encode(Payload::ChainBlock(block.payload.clone()));
    block.run_payload(&bytes).unwrap();
    let items = rlp::items(&bytes).unwrap();
    let fields = rlp::items(items[1]).unwrap();
    let encode =
        |fields: &[&[u8]], kind: u8| rlp::list(&[&[kind][..], &rlp::list(&fields.concat())].concat());
    assert_eq!(encode(&fields, 3), bytes);
    let withdrawal = rlp::list(&[&[0x80, 0x80, 0x94][..], THIEF.as_slice(), &[0x01]].concat());
    for extra in [&[0xc0][..], &[0x80], &rlp::list(&withdrawal)] {
        let longer = [fields.as_slice(), &[extra]].concat();
        assert!(block.run_payload(&encode(&longer, 3)).unwrap_err().starts_with("payload: "));
    }
    let rules = alloy_rlp::encode(rules(Fork::Frontier));
    let with_rules = rlp::list(&[&[3][..], &rules, &rlp::list(&fields.concat())].concat());
    assert!(block.run_payload(&with_rules).unwrap_err().starts_with("payload: "));
    assert!(block.run_payload(&encode(&fields[..2], 3)).unwrap_err().starts_with("payload: "));
    for kind in [0x80, 1, 2, 5, 0x7f] {
        assert!(block.run_payload(&encode(&fields, kind)).unwrap_err().starts_with("payload: "), "{kind}");
    }
}

#[test]
fn a_package_is_no_block() {
    let (_, block, transaction) = chain();
    let mut package = alloy_rlp::decode_exact::<Payload>(proposal(None)).unwrap();
    let Payload::ChainPackage(content) = &mut package else { panic!("a package") };
    content.transactions.push(transaction);
    let reason = block.run_payload(&alloy_rlp::encode(package)).unwrap_err();
    assert!(reason.contains("are enough"), "{reason}");
}

#[test]
fn the_beneficiary_receives_priority_fees_and_nothing_else() {
    let mut shard = Shard::new(genesis(&OSAKA));
    shard.advance(1, &[]);
    assert_eq!(shard.balance(BENEFICIARY), U256::ZERO, "an empty block pays nothing");
    let transaction = Users::new().send(0, Some(address_of(1)), 5, Bytes::new());
    let (_, block) = parts(&shard.advance(2, &[transaction]).block_data);
    assert_eq!(block.beneficiary, BENEFICIARY);
    // 21,000 gas, each with a priority fee of a gwei.
    assert_eq!(shard.balance(BENEFICIARY), U256::from(21_000_u64 * 1_000_000_000));
}

/// A header of the chain's own is a valid parent for Ethereum, but its state is not the pre-state of the shard.
#[test]
fn the_real_parent_does_not_help_kind_0() {
    let (shard, block, _) = chain();
    let head: Header = shard.head().header;
    let [Payload::Block(rules, mut ethereum), _] = made_up(Fork::Paris, shard.root(), &[]) else { panic!() };
    ethereum.ancestors = vec![head.bytes.clone()];
    let child = header(Fork::Paris, head.number + 1, head.hash, head.state_root).encode();
    ethereum.block = rlp::list(&[child.as_slice(), &[0xc0, 0xc0]].concat()).into();
    let reason = block.run_payload(&alloy_rlp::encode(Payload::Block(rules, ethereum))).unwrap_err();
    assert_eq!(
        reason,
        format!("the parent's state root is {}, the pre-state root {}", head.state_root, shard.root())
    );
}
