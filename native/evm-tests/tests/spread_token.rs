//! The token of `examples/spread-token`, on two shards, by the blob of the EVM EE on both engines: providers build the
//! blocks, and shards that have a root alone execute them.

#![cfg(feature = "runner")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use outrider_evm::{
    chain_block::propose,
    shard_chain::{ShardGenesis, ShardHead},
    state,
};
use outrider_evm_codec::Proposal;
use outrider_host::{Context, EeIndex, ExecutionInput, ReceiptKind, ReceivedReceipt, ShardIndex, StateRoot};
use outrider_shard::{Previous, Provider, Surroundings};
use outrider_witness::store::{MemoryStore, Store as _};
use support::engine::{EE, SHARD_EE};
use support::shard::{
    BENEFICIARY, CLOCK, EE as EE_INDEX, GWEI, OSAKA, Users, address_of, bounced, call, context, genesis,
};

const PROPOSAL: Proposal = Proposal { beneficiary: BENEFICIARY, gas_limit: None };
const SUPPLY: u64 = 1_000_000;

/// A chain on a shard, as its provider keeps it.
struct Chain {
    provider: Provider<MemoryStore>,
    root: StateRoot,
    users: Users,
    inbox: Vec<ReceivedReceipt>,
}

struct Network {
    chains: [Chain; 2],
    slot: u64,
    token: Address,
}

impl Network {
    /// Deploys the token on both shards.
    fn new() -> Self {
        let chains = [0, 1].map(|shard| {
            let store = MemoryStore::new();
            let (root, batch) = ShardGenesis::new(genesis(&OSAKA), CLOCK).unwrap().batch();
            store.apply(&batch).unwrap();
            let provider = Provider::open(EE.clone(), Arc::new(store)).unwrap();
            Chain { provider, root: StateRoot(root.0), users: Users::on(shard), inbox: Vec::new() }
        });
        let mut network = Self { chains, slot: 0, token: address_of(0).create(0) };
        for shard in 0..2 {
            let code =
                hex::decode(include_str!("../../../examples/spread-token/SpreadToken.hex").trim()).unwrap();
            let arguments = [0, 1, SUPPLY].map(|number| U256::from(number).to_be_bytes::<32>());
            let code = [&code[..], arguments.as_flattened()].concat();
            let mut deployment = network.chains[shard].users.transaction(0, None, 0, code.into());
            deployment.gas_limit = U256::from(3_000_000);
            let deployment = deployment.sign(&support::shard::key_of(0)).unwrap();
            network.chains[shard].users.skip(0);
            network.block(shard, &[deployment]);
        }
        network
    }

    /// Makes a block of a shard with the receipts that wait there, executes it by its block data alone, and passes receipts on.
    fn block(&mut self, shard: usize, transactions: &[Bytes]) {
        self.slot += 1;
        let ether = 60 * 1_000_000_000;
        let context = Context { shard: ShardIndex(shard as u64), balance: ether, ..context(self.slot) };
        let chain = &mut self.chains[shard];
        let receipts: Arc<[_]> = std::mem::take(&mut chain.inbox).into();
        let surroundings =
            Surroundings { context, receipts: Arc::clone(&receipts), ..Surroundings::default() };
        let proposed = propose(&chain.provider, chain.root, PROPOSAL, transactions, surroundings).unwrap();
        assert_eq!(proposed.left_out, [0; 0]);
        let built = proposed.built;
        let input = ExecutionInput::new(chain.root, Arc::clone(built.block_data()));
        let input = ExecutionInput { context, receipts: Arc::clone(&receipts), ..input };
        let output = SHARD_EE.execute(&input).unwrap();
        assert_eq!(output.post_state_root, built.post_state_root());
        chain.provider.apply(std::slice::from_ref(&built), Previous::Release).unwrap();
        chain.root = built.post_state_root();
        let source_shard = ShardIndex(shard as u64);
        for index in output.rejected {
            let receipt = &receipts[index as usize];
            assert_eq!(receipt.kind, ReceiptKind::Message);
            let source = receipt.source_shard.0 as usize;
            self.chains[source].inbox.push(ReceivedReceipt { source_shard, ..bounced(receipt) });
        }
        for receipt in output.receipts {
            let (value, payload, source_ee) = (receipt.value, receipt.payload, EeIndex(EE_INDEX));
            let receipt = ReceivedReceipt { source_shard, source_ee, value, payload, ..Default::default() };
            self.chains[1 - shard].inbox.push(receipt);
        }
    }

    fn send(&mut self, shard: usize, user: u64, gwei: u64, data: Bytes) {
        let token = self.token;
        let wei = u128::from(gwei) * u128::from(GWEI);
        let transaction = self.chains[shard].users.send(user, Some(token), wei, data);
        self.block(shard, &[transaction]);
    }

    fn variable(&self, shard: usize, slot: U256) -> U256 {
        let chain = &self.chains[shard];
        let store = chain.provider.store();
        let head = ShardHead::of_state(B256::new(chain.root.0), store).unwrap().header;
        let account = state::account(head.state_root, store, self.token).unwrap().unwrap();
        state::storage_value(account.storage_root, store, slot).unwrap()
    }

    /// The supplies of both shards: the variable in slot 0.
    fn supplies(&self) -> [u64; 2] {
        [0, 1].map(|shard| self.variable(shard, U256::ZERO).to())
    }

    /// The balance of an account: a mapping in slot 1.
    fn balance(&self, shard: usize, holder: Address) -> u64 {
        let slot = keccak256([holder.into_word(), B256::with_last_byte(1)].concat());
        self.variable(shard, slot.into()).to()
    }
}

fn move_to(to: Address, amount: u64) -> Bytes {
    call("transferToSibling(address,uint256)", &[to.into_word().into(), U256::from(amount)])
}

#[test]
fn a_token_moves_between_shards_and_its_supply_is_constant() {
    let mut network = Network::new();
    assert_eq!(network.supplies(), [SUPPLY, 0]);
    let (alice, bob) = (address_of(0), address_of(1));
    network.send(0, 0, 3, move_to(bob, 400));
    assert_eq!(network.supplies(), [SUPPLY - 400, 0], "400 are on their way");
    network.block(1, &[]);
    assert_eq!(network.supplies(), [SUPPLY - 400, 400]);
    assert_eq!((network.balance(0, alice), network.balance(1, bob)), (SUPPLY - 400, 400));
    // And back.
    network.send(1, 1, 0, move_to(alice, 150));
    network.block(0, &[]);
    assert_eq!(network.supplies(), [SUPPLY - 250, 250]);
    assert_eq!((network.balance(0, alice), network.balance(1, bob)), (SUPPLY - 250, 250));
}

#[test]
fn tokens_of_a_message_that_bounces_are_minted_again() {
    let mut network = Network::new();
    // The token on the other shard mints nothing for nobody.
    network.send(0, 0, 3, move_to(Address::ZERO, 400));
    assert_eq!(network.supplies(), [SUPPLY - 400, 0]);
    network.block(1, &[]);
    assert_eq!(network.supplies(), [SUPPLY - 400, 0]);
    network.block(0, &[]);
    assert_eq!(network.supplies(), [SUPPLY, 0]);
    assert_eq!(network.balance(0, address_of(0)), SUPPLY);
    // Once.
    network.block(0, &[]);
    assert_eq!(network.supplies(), [SUPPLY, 0]);
}

#[test]
fn nobody_else_mints() {
    let mut network = Network::new();
    let thief = address_of(2);
    let arrive = call("arrive(address,uint256)", &[thief.into_word().into(), U256::from(9)]);
    let returned = call("returned(uint64,uint96,address)", &[U256::ZERO, U256::ONE, U256::ZERO]);
    for shard in [0, 1] {
        network.send(shard, 2, 0, arrive.clone());
        network.send(shard, 2, 0, returned.clone());
    }
    // By a message of a user, and more than one has.
    let message = support::shard::outbox_call(1, 0, network.token, 100_000, 0, &arrive);
    let message = network.chains[0].users.send(2, Some(outrider_evm_codec::OUTBOX), 0, message);
    network.block(0, &[message]);
    network.block(1, &[]);
    network.send(0, 2, 0, move_to(thief, 1));
    network.block(1, &[]);
    network.block(0, &[]);
    assert_eq!(network.supplies(), [SUPPLY, 0]);
    assert_eq!((network.balance(0, thief), network.balance(1, thief)), (0, 0));
}
