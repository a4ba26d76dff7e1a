//! A provider makes blocks from users' transactions.

use alloy_primitives::{Address, Bytes, U256};
use outrider_evm_codec::{ChainPackage, Payload, Proposal};

use crate::support::shard::{
    BENEFICIARY, OSAKA, Random, Shard, TOKEN, Users, address_of, call, genesis, key_of, parts, proposal,
};

fn shard() -> Shard {
    Shard::new(genesis(&OSAKA))
}

fn transfer(users: &mut Users, from: u64) -> Bytes {
    users.send(from, Some(TOKEN), 0, call("transfer(address,uint256)", &[U256::from(0xabc), U256::from(3)]))
}

#[test]
fn what_cannot_be_executed_is_left_out_without_a_trace() {
    let mut users = Users::new();
    let valid: Vec<Bytes> = (0..4).map(|user| transfer(&mut users, user)).collect();
    let mut later = users.transaction(5, Some(address_of(0)), 1, Bytes::new());
    later.nonce = U256::from(1);
    let mut poor = users.transaction(4, Some(address_of(0)), u128::MAX, Bytes::new());
    poor.gas_limit = U256::from(30_000);
    let mut full = users.transaction(4, Some(address_of(0)), 1, Bytes::new());
    // EIP-7825 allows no more in a transaction.
    full.gas_limit = U256::from((1 << 24) + 1);
    let [later, poor, full] =
        [(later, 5), (poor, 4), (full, 4)].map(|(t, user)| t.sign(&key_of(user)).unwrap());
    let given = [
        valid[0].clone(),
        later,
        valid[1].clone(),
        poor,
        valid[0].clone(),
        Bytes::from_static(b"\x02 no transaction"),
        valid[2].clone(),
        full,
        valid[3].clone(),
    ];
    let shard = shard();
    let provided = shard.provide(1, &given).unwrap();
    assert_eq!(parts(&provided.block_data).1.transactions, valid);
    // Nothing that the others have read is in the witness, and nothing of theirs in the state.
    let alone = shard.provide(1, &valid).unwrap();
    assert_eq!(provided.block_data, alone.block_data);
    assert_eq!(provided.outcome, alone.outcome);
}

#[test]
fn a_block_is_filled_up_to_its_gas_limit() {
    let (shard, users) = (shard(), Users::new());
    // Each reserves 16 million gas, and two have no room; a small one still has.
    let big = |user: u64| {
        let mut transaction = users.transaction(user, Some(address_of(0)), 1, Bytes::new());
        transaction.gas_limit = U256::from(16_000_000);
        transaction.sign(&key_of(user)).unwrap()
    };
    // A transfer uses 21,000 gas, so room for the next depends on what was used, as in Ethereum.
    let given = [big(0), big(1), big(2)];
    let provided = shard.provide(1, &given).unwrap();
    assert_eq!(parts(&provided.block_data).1.transactions, given);
    let mut loops =
        users.transaction(3, Some(crate::support::shard::WORK), 0, call("keccak(uint256)", &[U256::MAX]));
    loops.gas_limit = U256::from(16_000_000);
    let loops = loops.sign(&key_of(3)).unwrap();
    let small = users.clone().send(4, Some(address_of(0)), 1, Bytes::new());
    let provided = shard.provide(1, &[loops.clone(), big(0), small.clone()]).unwrap();
    assert_eq!(parts(&provided.block_data).1.transactions, [loops, small]);
}

#[test]
fn packages_keep_their_order() {
    let (shard, mut users) = (shard(), Users::new());
    let transactions: Vec<Bytes> = (0..6).map(|index| transfer(&mut users, index / 2)).collect();
    let many = ChainPackage { transactions: transactions[2..5].to_vec(), proposal: None };
    let many = alloy_rlp::encode(Payload::ChainPackage(many)).into();
    let packages =
        [proposal(None), transactions[0].clone(), transactions[1].clone(), many, transactions[5].clone()];
    let provided = shard.provide_only(1, &packages).unwrap();
    assert_eq!(parts(&provided.block_data).1.transactions, transactions);
    // A transaction before that of its sender's earlier nonce is left out.
    let swapped = [transactions[1].clone(), transactions[0].clone()];
    let provided = shard.provide(1, &swapped).unwrap();
    assert_eq!(parts(&provided.block_data).1.transactions, transactions[..1]);
}

#[test]
fn a_block_is_a_package_for_later_states() {
    let (mut shard, mut users) = (shard(), Users::new());
    let transactions = [transfer(&mut users, 0), transfer(&mut users, 1)];
    let (_, block) = parts(&shard.provide(1, &transactions).unwrap().block_data);
    shard.advance(2, &transactions[..1]);
    let stale = alloy_rlp::encode(Payload::ChainBlock(block)).into();
    let provided = shard.provide_only(3, &[stale]).unwrap();
    assert_eq!(parts(&provided.block_data).1.transactions, transactions[1..]);
}

#[test]
fn only_the_first_package_has_a_proposal() {
    let shard = shard();
    let package = |beneficiary, gas_limit| {
        let proposal = Some(Proposal { beneficiary, gas_limit });
        let package = ChainPackage { transactions: Vec::new(), proposal };
        Bytes::from(alloy_rlp::encode(Payload::ChainPackage(package)))
    };
    let check = |packages: &[Bytes], expected: &str| {
        assert_eq!(shard.provide_only(1, packages).unwrap_err(), expected);
    };
    let refused = |index: usize| {
        format!(
            "packages: package {index} names a beneficiary of fees, and only the first package may, which is that of \
             the block's proposer: give its transactions alone"
        )
    };
    let other = Address::repeat_byte(1);
    let transaction = transfer(&mut Users::new(), 0);
    // Not even the proposer's own choices, and not those of a block.
    for user in [package(other, None), package(BENEFICIARY, None), package(BENEFICIARY, Some(30_000_001))] {
        check(&[proposal(None), user.clone()], &refused(1));
        check(&[proposal(None), transaction.clone(), user], &refused(2));
    }
    let (_, block) = parts(&shard.provide(1, &[]).unwrap().block_data);
    let block = Bytes::from(alloy_rlp::encode(Payload::ChainBlock(block)));
    check(&[proposal(None), block.clone()], &refused(1));
    shard.provide_only(1, &[block, transaction.clone()]).unwrap();
    let nobody = "packages: the first package names no beneficiary of fees: put a package with a proposal before the others";
    check(&[transaction.clone(), transaction.clone()], nobody);
    check(&[transaction, proposal(None)], &refused(1));
    check(&[], "packages: there are 0, and a block is made of one");
    let junk = Bytes::from_static(&[0xc1, 0x05]);
    check(&[proposal(None), junk], "packages: package 1: no payload is of this kind");
    let empty = "packages: package 0: input too short";
    check(&[Bytes::new(), proposal(None)], empty);
}

/// Whatever users send, there is a block.
#[test]
fn junk_of_users_prevents_no_block() {
    let (shard, mut random) = (shard(), Random(5));
    let transaction = transfer(&mut Users::new(), 0);
    let mut packages = vec![transaction.clone()];
    for _ in 0..200 {
        let mut damaged = transaction.to_vec();
        // The type stays one, so that it is no payload.
        let at = 1 + random.below(damaged.len() as u64 - 1) as usize;
        damaged[at] = random.below(256) as u8;
        packages.insert(random.below(packages.len() as u64 + 1) as usize, damaged.into());
    }
    let provided = shard.provide(1, &packages).unwrap();
    let (_, block) = parts(&provided.block_data);
    assert!(!block.transactions.is_empty());
}
