//! A block follows from the head, from the context and from its transactions, as Ethereum says.

use alloy_primitives::{B256, Bytes, U256, b256, keccak256};
use outrider_evm::{header::Header, rlp};
use outrider_evm_codec::{ChainPlace, Fork, HISTORY_STORAGE};
use proptest::prelude::*;

use crate::minting::header;
use crate::support::shard::{
    BEACON_ROOTS, BENEFICIARY, Block, CHAIN_ID, CLOCK, EE, ENVIRONMENT, Ethereum, GAS_LIMIT, GENESIS_TIME,
    HASHES, OSAKA, Random, SHARD, Shard, TOKEN, Users, address_of, call, genesis, key_of, parts, proposal,
};

/// Returns a field of a header.
fn field<T: alloy_rlp::Decodable>(header: &[u8], index: usize) -> T {
    T::decode(&mut rlp::items(header).unwrap()[index]).unwrap()
}

#[test]
fn a_header_follows_from_head_and_context() {
    let mut shard = Shard::new(genesis(&OSAKA));
    let parent = shard.head().header;
    let transaction = Users::new().send(0, Some(TOKEN), 0, call("totalSupply()", &[]));
    shard.advance(5, &[transaction]);
    let header = shard.head().header;
    let bytes = &header.bytes;
    assert_eq!((header.number, header.parent_hash), (1, parent.hash));
    assert_eq!(header.timestamp, GENESIS_TIME + 5 * 12);
    assert_eq!(header.difficulty, U256::ZERO);
    // keccak256([]) of RLP's empty list, EIP-3675.
    assert_eq!(header.ommers_hash, b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"));
    assert_eq!(field::<alloy_primitives::Address>(bytes, 2), BENEFICIARY);
    assert_eq!(field::<u64>(bytes, 9), GAS_LIMIT, "the parent's");
    assert_eq!(field::<Bytes>(bytes, 12), Bytes::new(), "extra data");
    let beacon_root = keccak256(5_u64.to_le_bytes());
    let randao = keccak256([&beacon_root.0[..], &SHARD.to_le_bytes(), &5_u64.to_le_bytes()].concat());
    assert_eq!(field::<B256>(bytes, 13), randao);
    // EIP-1559: an empty parent lowers the base fee by an eighth.
    assert_eq!(field::<u64>(bytes, 15), 875_000_000);
    // EIP-4895: the root of an empty list.
    assert_eq!(
        field::<B256>(bytes, 16),
        b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
    );
    assert_eq!(field::<B256>(bytes, 19), beacon_root, "EIP-4788");
    assert_eq!(rlp::items(bytes).unwrap().len(), 21);
}

#[test]
fn contracts_see_the_environment_of_the_header() {
    let mut shard = Shard::new(genesis(&OSAKA));
    let transaction = Users::new().send(0, Some(ENVIRONMENT), 0, Bytes::new());
    shard.advance(7, &[transaction]);
    let header = shard.head().header.bytes;
    let expected: [U256; 7] = [
        U256::from(GENESIS_TIME + 7 * 12),
        field::<B256>(&header, 13).into(),
        U256::from_be_slice(BENEFICIARY.as_slice()),
        U256::from(field::<u64>(&header, 15)),
        U256::from(GAS_LIMIT),
        U256::from(CHAIN_ID),
        U256::ONE,
    ];
    for (slot, expected) in expected.into_iter().enumerate() {
        assert_eq!(shard.storage(ENVIRONMENT, U256::from(slot)), expected, "slot {slot}");
    }
    // EIP-4788: time and root, in rings of 8191 slots.
    let ring = U256::from((GENESIS_TIME + 7 * 12) % 8191);
    assert_eq!(shard.storage(BEACON_ROOTS, ring), expected[0]);
    assert_eq!(
        shard.storage(BEACON_ROOTS, ring + U256::from(8191)),
        U256::from_be_bytes(field::<B256>(&header, 19).0)
    );
}

/// The model is Ethereum's own execution of the block with this header, in which the EE checks every field.
fn check_like_ethereum(forks: &[(&str, u64)], seed: u64, n_blocks: u64) {
    let mut shard = Shard::new(genesis(forks));
    let mut ethereum = Ethereum::new(genesis(forks));
    let (mut users, mut random) = (Users::new(), Random(seed));
    let (mut slot, mut ether) = (0, shard.ether());
    for number in 1..=n_blocks {
        slot += 1 + random.below(3);
        // Blocks from before Prague, whose hashes are not stored, are not asked for.
        let fork = shard
            .head()
            .rules
            .at(ChainPlace { ee: EE, shard: SHARD }, CLOCK.time(slot).unwrap())
            .unwrap()
            .fork;
        let prague = forks.iter().find(|(name, _)| *name == "pragueTime").map_or(u64::MAX, |(_, time)| *time);
        let is_known =
            |back: &u64| *back <= 2 || (fork >= Fork::Prague && prague <= GENESIS_TIME && *back <= number);
        let back_max = (1..=number.min(256)).take_while(is_known).last().unwrap();
        let (transactions, invalid) = users.random(&mut random, back_max);
        let provided = shard.provide(slot, &transactions).unwrap();
        let (_, block) = parts(&provided.block_data);
        assert_eq!(block.transactions.len() + invalid.len(), transactions.len(), "block {number}");
        shard.provider.apply(&provided);

        let header = shard.head().header;
        ethereum
            .execute(&header, &block.transactions)
            .unwrap_or_else(|reason| panic!("block {number}: {reason}"));
        let base_fee = U256::from(field::<u64>(&header.bytes, 15));
        let burnt = base_fee * U256::from(header.gas_used);
        let left = shard.ether();
        // From Amsterdam on, the header counts the larger of two kinds of gas, and transactions pay for both (EIP-8037).
        let is_as_expected =
            if fork < Fork::Amsterdam { left == ether - burnt } else { left <= ether - burnt };
        assert!(
            is_as_expected,
            "block {number} burns {burnt} of {ether} and mints nothing, and leaves {left}"
        );
        ether = left;
    }
}

#[test]
fn blocks_through_all_forks_are_those_of_ethereum() {
    let after = |slots: u64| GENESIS_TIME + 12 * slots;
    let forks = [
        ("shanghaiTime", 0),
        ("cancunTime", after(20)),
        ("pragueTime", after(40)),
        ("osakaTime", after(60)),
        ("bpo1Time", after(80)),
    ];
    check_like_ethereum(&forks, 1, 60);
}

#[test]
fn hashes_of_blocks_are_those_of_ethereum() {
    check_like_ethereum(&OSAKA, 2, 60);
}

/// Headers of the draft have a slot number and the hash of an access list, too.
#[test]
fn blocks_of_amsterdam_are_those_of_ethereum() {
    let forks = [OSAKA.as_slice(), &[("amsterdamTime", 0)]].concat();
    check_like_ethereum(&forks, 3, 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn random_blocks_are_those_of_ethereum_and_mint_nothing(seed: u64) {
        check_like_ethereum(&OSAKA, seed, 4);
    }
}

/// Returns what a contract gets as the hash of the block so many blocks back.
fn hash_back(shard: &mut Shard, users: &mut Users, back: u64) -> B256 {
    let number = shard.head().header.number + 1;
    let transaction = users.send(0, Some(HASHES), 0, U256::from(back).to_be_bytes_vec().into());
    shard.advance(number, &[transaction]);
    shard.storage(HASHES, U256::from(number)).into()
}

#[test]
fn older_hashes_come_from_the_contract_of_eip_2935() {
    let (mut shard, mut users) = (Shard::new(genesis(&OSAKA)), Users::new());
    let mut hashes = vec![shard.head().header.hash];
    for _ in 0..259 {
        let slot = shard.head().header.number + 1;
        shard.advance(slot, &[]);
        hashes.push(shard.head().header.hash);
    }
    for back in [1, 2, 3, 100, 256, 257, 300] {
        let expected = if back <= 256 { hashes[hashes.len() - back as usize] } else { B256::ZERO };
        assert_eq!(hash_back(&mut shard, &mut users, back), expected, "{back} back");
        hashes.push(shard.head().header.hash);
    }
}

/// EIP-2935 keeps hashes in a ring of 8191 slots.
#[test]
fn hashes_of_later_blocks_are_found_in_the_ring() {
    let (number, hash) = (20_000, B256::repeat_byte(0x77));
    let mut genesis = genesis(&OSAKA);
    let history = genesis.state.0.get_mut(&HISTORY_STORAGE).unwrap();
    // Block 19,900 has slot 19,900 - 2 * 8,191.
    history.storage.insert(U256::from(3_518), hash.into());
    let head = header(Fork::Shanghai, number, B256::ZERO, genesis.state.root());
    genesis.header = Header::of_rlp(&head.encode()).unwrap();
    let (mut shard, mut users) = (Shard::new(genesis), Users::new());
    assert_eq!(hash_back(&mut shard, &mut users, 101), hash);
}

#[test]
fn before_prague_only_the_two_last_hashes_are_known() {
    let forks = [("shanghaiTime", 0), ("cancunTime", 0)];
    let (mut shard, mut users) = (Shard::new(genesis(&forks)), Users::new());
    let mut hashes = vec![shard.head().header.hash];
    for slot in 1..5 {
        shard.advance(slot, &[]);
        hashes.push(shard.head().header.hash);
    }
    for (back, is_known) in [(1, true), (2, true), (3, false), (4, false)] {
        let expected = if is_known { hashes[hashes.len() - back as usize] } else { B256::ZERO };
        assert_eq!(hash_back(&mut shard, &mut users, back), expected, "{back} back");
        hashes.push(shard.head().header.hash);
    }
}

#[test]
fn the_gas_limit_moves_by_less_than_a_1024th() {
    let shard = Shard::new(genesis(&OSAKA));
    let step = GAS_LIMIT / 1024;
    for (gas_limit, is_valid) in [
        (GAS_LIMIT + step - 1, true),
        (GAS_LIMIT - step + 1, true),
        (GAS_LIMIT + step, false),
        (GAS_LIMIT - step, false),
        (0, false),
        (u64::MAX, false),
    ] {
        match shard.provide_only(1, &[proposal(Some(gas_limit))]) {
            Ok(_) => assert!(is_valid, "{gas_limit}"),
            Err(reason) => {
                assert!(!is_valid && reason.starts_with("header: gas limit: "), "{gas_limit}: {reason}");
            }
        }
    }
}

#[test]
fn a_slot_has_one_block_and_time_goes_on() {
    let mut shard = Shard::new(genesis(&OSAKA));
    // The genesis has the time of slot 0.
    assert!(shard.provide(0, &[]).unwrap_err().starts_with("header: timestamp: "));
    shard.advance(9, &[]);
    for slot in [1, 8, 9] {
        let reason = shard.provide(slot, &[]).unwrap_err();
        assert!(reason.starts_with("header: timestamp: "), "{slot}: {reason}");
    }
    let reason = shard.provide(u64::MAX / 12, &[]).unwrap_err();
    assert_eq!(reason, format!("slot {} has a time of more than 64 bits", u64::MAX / 12));
    shard.advance(10, &[]);
}

#[test]
fn a_transaction_that_cannot_be_executed_refuses_the_block() {
    let shard = Shard::new(genesis(&OSAKA));
    let users = Users::new();
    let first = users.clone().send(0, Some(address_of(1)), 1, Bytes::new());
    let block = Block::of(&shard, 1, &[first]);
    block.run().unwrap();
    let mut twice = block.clone();
    twice.payload.transactions.push(block.payload.transactions[0].clone());
    assert_eq!(twice.run().unwrap_err(), "transaction 1: nonce 0 too low, expected 1");
    let mut junk = block.clone();
    junk.payload.transactions = vec![Bytes::from(vec![0; 8 << 20])];
    assert_eq!(junk.run().unwrap_err(), "the transactions have 8388612 bytes, and may have 8387584");
    let mut other_chain = block;
    let mut transaction = users.transaction(0, Some(address_of(1)), 1, Bytes::new());
    transaction.chain_id = U256::from(1);
    other_chain.payload.transactions = vec![transaction.sign(&key_of(0)).unwrap()];
    assert_eq!(
        other_chain.run().unwrap_err(),
        "transaction 0: invalid chain ID: it is for chain 1, and this is chain 89724552195"
    );
}
