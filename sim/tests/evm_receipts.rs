//! Receipts between accounts and contracts of EVMs on a whole chain: calls across EEs and shards, how long they take, what
//! returns, and that no EVM has more ether than the ledger knows of.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/users.rs"]
#[allow(dead_code, reason = "these tests use a part")]
mod users;

use std::{collections::BTreeMap, sync::Arc};

use account::Action;
use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{ExtendedBlock, LedgerOperations, Settings, ShardExecution},
    registry::Rules,
};
use outrider_beacon_spec::{
    phase::Phase1,
    types::{Gwei, Shard, Slot},
};
use outrider_evm::{shard_chain::ShardHead, state};
use outrider_evm_codec::{Message, OUTBOX, alias_preimage};
use outrider_host::{Host, HostConfig, StateRoot, chain};
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, MemoryCodes},
    provider::ProviderActor,
};
use outrider_sim::{Genesis, Setup, Shards, SignatureMode, SimPreset, Simulation};
use outrider_witness::{Hash, Keccak256, mpt::Trie, store::MemoryStore};
use users::{ACCOUNT, AccountUsers, EE_ETHER, EVM, EvmCall, EvmUsers};

type Preset = SimPreset<4>;
type Block = Arc<ExtendedBlock<Phase1<Preset>>>;

const SHARDS: [Shard; 4] = [0, 1, 2, 3];
const ETHER: Gwei = 1_000_000_000;
const GWEI: u64 = 1_000_000_000;

/// A contract that calls the outbox with the input and the value of its own calls, and fails if the outbox does:
///
/// ```text
/// CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY
/// PUSH0 PUSH0 CALLDATASIZE PUSH0 CALLVALUE PUSH20 outbox GAS CALL
/// PUSH1 0x26 JUMPI PUSH0 PUSH0 REVERT JUMPDEST STOP
/// ```
const MIRROR: Address = address!("313131313131313131313131313131313131313a");
const MIRROR_CODE: [u8; 40] =
    hex!("365f5f375f5f365f34730000000000000000000000004f757472696465725af16026575f5ffd5b00");

struct World {
    accounts: AccountUsers,
    evm: EvmUsers,
    shards: Arc<Shards<MemoryCodes>>,
    simulation: Simulation<Preset, Arc<Shards<MemoryCodes>>, Arc<Shards<MemoryCodes>>>,
    blocks: Vec<Block>,
}

impl World {
    fn new() -> Self {
        let (host, mut codes) = (Host::new(HostConfig::default()).unwrap(), MemoryCodes::default());
        let accounts = AccountUsers::new(2, &host).unwrap();
        let evm = EvmUsers::with(2, &[(MIRROR, Bytes::from_static(&MIRROR_CODE))], &host).unwrap();
        let ees = vec![accounts.ee(&SHARDS, &mut codes), evm.ee(&SHARDS, &mut codes)];
        let genesis = Genesis { n_validators: Preset::N_VALIDATORS, ees, ..Genesis::default() };
        let executor = Executor::new(host, codes, Settings::default(), &ExecutorConfig::default()).unwrap();
        let shards = Arc::new(Shards::new(executor, 0));
        for shard in SHARDS {
            shards.add(accounts.provider(shard).unwrap());
            shards.add(evm.provider(shard).unwrap());
        }
        let setup = Setup { signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) };
        let simulation = Simulation::new(setup, Arc::clone(&shards), Arc::clone(&shards)).unwrap();
        Self { accounts, evm, shards, simulation, blocks: Vec::new() }
    }

    /// Runs slots. In each, no provider fails, and accounts have no more ether than their EE.
    fn run(&mut self, n_slots: u64) {
        let (settings, admission) = (Settings::default(), HostAdmission::default());
        for _ in 0..n_slots {
            let judge = self.shards.executor();
            let rules = Rules { settings: &settings, admission: &admission, judge, verify_signatures: true };
            self.blocks.extend(self.simulation.run_slot(&LedgerOperations::default(), rules).unwrap());
            let failures = self.shards.take_failures();
            let failures: Vec<_> = failures.iter().map(|failure| chain(failure)).collect();
            assert!(failures.is_empty(), "{failures:?}");
            for shard in SHARDS {
                let in_accounts = U256::from(self.balances(shard).values().sum::<Gwei>()) * U256::from(GWEI);
                let of_evm = self.in_evm(shard);
                assert!(in_accounts <= self.of_ee(shard, ACCOUNT), "slot {}", self.simulation.slot());
                assert!(of_evm <= self.of_ee(shard, EVM), "slot {}", self.simulation.slot());
            }
        }
    }

    /// Has a user of accounts send to another EE.
    fn send(&self, from: (Shard, u64), nonce: u64, amount: Gwei, to: Shard, payload: Vec<u8>) {
        let (shard, ee) = (outrider_host::ShardIndex(to), outrider_host::EeIndex(EVM.into()));
        let action = Action::Send { shard, ee, receipt_fee: 10, payload };
        let package = self.accounts.package(from.0, from.1, nonce, amount, action);
        self.shards.with(from.0, ACCOUNT, |provider| provider.submit(package)).unwrap().unwrap();
    }

    /// Has a user of the EVM call the outbox.
    fn call_outbox(&self, from: (Shard, u64), nonce: u64, gwei: Gwei, data: &[u8]) {
        let value = U256::from(gwei) * U256::from(GWEI);
        let call = EvmCall { to: OUTBOX, value, gas_limit: 5_000_000, data };
        let package = self.evm.call(from.0, from.1, nonce, call);
        self.shards.with(from.0, EVM, |provider| provider.submit(package)).unwrap().unwrap();
    }

    /// Returns the root of an EE's state at the head of the chain, and its ether, in wei.
    fn state(&self, shard: Shard, ee: u32) -> (StateRoot, U256) {
        let ledger = self.simulation.views()[0].head().unwrap().1.ledger;
        let state = *ledger.shards().get(shard as usize).unwrap().ees().get(ee as usize).unwrap();
        (StateRoot(state.state_root.0), U256::from(state.balance) * U256::from(GWEI))
    }

    fn of_ee(&self, shard: Shard, ee: u32) -> U256 {
        self.state(shard, ee).1
    }

    fn balances(&self, shard: Shard) -> BTreeMap<[u8; 32], Gwei> {
        let root = self.state(shard, ACCOUNT).0;
        self.shards.with(shard, ACCOUNT, |actor| AccountUsers::balances(actor, root)).unwrap().unwrap()
    }

    fn account(&self, user: u64) -> [u8; 32] {
        self.accounts.public_key(user).address().0
    }

    /// Looks into the state of the EVM on a shard.
    fn look<T>(&self, shard: Shard, look: impl FnOnce(B256, &ProviderActor<MemoryStore>) -> T) -> T {
        let root = B256::new(self.state(shard, EVM).0.0);
        let look = |actor: &mut ProviderActor<MemoryStore>| {
            let head = ShardHead::of_state(root, actor.provider().store()).unwrap();
            look(head.header.state_root, actor)
        };
        self.shards.with(shard, EVM, look).unwrap()
    }

    /// Returns the ether of all accounts in the EVM on a shard, in wei.
    fn in_evm(&self, shard: Shard) -> U256 {
        self.look(shard, |root, actor| {
            let mut trie = Trie::<Keccak256, _>::open(&Hash(root.0), actor.provider().store());
            let accounts = trie
                .iter()
                .map(|entry| alloy_rlp::decode_exact::<state::AccountValue>(entry.unwrap().1).unwrap());
            accounts.map(|account| account.balance).sum()
        })
    }

    /// Returns the ether of an address in the EVM on a shard, in wei.
    fn of(&self, shard: Shard, address: Address) -> U256 {
        self.look(shard, |root, actor| {
            let account = state::account(root, actor.provider().store(), address).unwrap();
            account.map_or(U256::ZERO, |account| account.balance)
        })
    }

    /// Returns the crosslinked execution of a shard's block of a slot.
    fn execution(&self, shard: Shard, slot: Slot) -> &ShardExecution {
        let executions = self.blocks.iter().flat_map(|block| &block.operations.executions);
        executions.into_iter().find(|execution| (execution.shard, execution.slot) == (shard, slot)).unwrap()
    }

    /// Returns the numbers of receipts that a shard's block of a slot settled and sent.
    fn traffic(&self, shard: Shard, slot: Slot) -> (usize, u32) {
        let header = &self.execution(shard, slot).header;
        let settled = header.settlements.iter().map(|settlement| settlement.settled.num_set_bits()).sum();
        (settled, header.lanes.iter().map(|lane| lane.n).sum())
    }
}

/// Returns the input of a function of the outbox whose last argument is bytes.
fn outbox(function: &str, words: &[U256], data: &[u8]) -> Vec<u8> {
    let mut input = keccak256(function)[..4].to_vec();
    let offset = 32 * (words.len() as u64 + 1);
    let words = words.iter().copied().chain([U256::from(offset), U256::from(data.len())]);
    words.for_each(|word| input.extend(word.to_be_bytes::<32>()));
    input.extend(data);
    input.resize(4 + (input.len() - 4).next_multiple_of(32), 0);
    input
}

/// Returns the input that sends to another EE.
fn to_ee(shard: Shard, ee: u32, fee: Gwei, data: &[u8]) -> Vec<u8> {
    let words = [shard, ee.into(), fee].map(U256::from);
    outbox("send(uint64,uint64,uint64,bytes)", &words, data)
}

/// Returns the input that calls an account of the EVM on a shard.
fn to_evm(shard: Shard, fee: Gwei, to: Address, gas_limit: u64, data: &[u8]) -> Vec<u8> {
    let words =
        [U256::from(shard), U256::from(fee), to.into_word().into(), U256::from(gas_limit), U256::ZERO];
    outbox("call(uint64,uint64,address,uint64,uint96,bytes)", &words, data)
}

/// An account's message calls a contract on another shard in the next slot, and what the contract sends is the account's in
/// the slot after that.
#[test]
fn an_account_calls_a_contract_and_gets_its_answer() {
    let mut world = World::new();
    let answer = to_ee(0, ACCOUNT, 5, &world.account(1));
    let call = Message { sender: B256::ZERO, destination: MIRROR, gas_limit: 100_000, data: answer.into() };
    // The account EE writes the sender.
    world.send((0, 0), 0, 1_000_000, 2, call.to_bytes()[32..].to_vec());
    world.run(4);
    assert_eq!([world.traffic(0, 1), world.traffic(2, 2), world.traffic(0, 3)], [(0, 1), (1, 1), (1, 0)]);
    let balances = world.balances(0);
    assert_eq!(balances[&world.account(0)], ETHER - 1_000_000 - 10);
    // The delivery burns its gas at the base fee, and each receipt has its own fee.
    let gained = balances[&world.account(1)] - ETHER;
    let sent = world.execution(0, 1).header.lanes[0].value;
    let answered = world.execution(2, 2).header.lanes[0].value;
    assert_eq!((sent, answered), (1_000_010, gained + 5));
    let burnt = 1_000_000 - answered;
    assert!(burnt > 80_000 && burnt < 200_000, "{burnt}");
    assert_eq!(world.of(2, MIRROR), U256::ZERO);
    // The burnt ether is the EE's, and nobody's.
    assert_eq!(world.of_ee(2, EVM), U256::from(EE_ETHER + burnt) * U256::from(GWEI));
}

/// A user of the EVM pays an account, and an account pays a user of the EVM, without a call.
#[test]
fn ether_goes_from_an_account_to_an_address_and_back() {
    let mut world = World::new();
    let user = world.evm.address(1);
    world.send((1, 0), 0, 7_000, 3, user.into_word().to_vec());
    world.call_outbox((3, 0), 0, 9_000, &to_ee(1, ACCOUNT, 100, &world.account(1)));
    world.run(3);
    assert_eq!([world.traffic(1, 1), world.traffic(3, 1)], [(0, 1); 2]);
    assert_eq!([world.traffic(1, 2), world.traffic(3, 2)], [(1, 0); 2]);
    assert_eq!(world.of(3, user), U256::from(ETHER + 7_000) * U256::from(GWEI));
    let balances = world.balances(1);
    assert_eq!(balances[&world.account(0)], ETHER - 7_000 - 10);
    assert_eq!(balances[&world.account(1)], ETHER + 8_900);
}

/// A contract calls one on another shard, and what nobody takes returns with its value.
#[test]
fn contracts_call_one_another_and_what_fails_returns() {
    let mut world = World::new();
    let fails = [1, 2, 3];
    let pay = to_evm(0, 1, world.evm.address(1), 0, &[]);
    world.call_outbox((0, 0), 0, 500, &to_evm(1, 3, MIRROR, 90_000, &pay));
    world.run(1);
    // No function of the outbox has this selector, so the mirror fails.
    world.call_outbox((2, 0), 0, 800, &to_evm(3, 7, MIRROR, 90_000, &fails));
    world.send((2, 0), 0, 600, 3, b"not a message".to_vec());
    let before = world.of(2, world.evm.address(0));
    world.run(5);
    assert_eq!([world.traffic(0, 1), world.traffic(1, 2), world.traffic(0, 3)], [(0, 1), (1, 1), (1, 0)]);
    assert_eq!(world.of(0, world.evm.address(1)), U256::from(ETHER + 500 - 3 - 1) * U256::from(GWEI));
    // Both return in the slot after their rejection.
    assert_eq!([world.traffic(2, 2), world.traffic(3, 3), world.traffic(2, 4)], [(0, 2), (2, 2), (2, 0)]);
    let rejected = &world.execution(3, 3).header.settlements[0].rejected;
    assert_eq!(rejected.num_set_bits(), 2);
    // The sender has lost the fee and its gas.
    let lost = before - world.of(2, world.evm.address(0));
    assert!(lost > U256::from(7 * GWEI) && lost < U256::from(400_000 * GWEI), "{lost}");
    assert_eq!(world.balances(2)[&world.account(0)], ETHER - 10);
    let alias =
        Address::from_word(keccak256(alias_preimage(2, EVM.into(), world.evm.address(0).into_word())));
    assert_eq!(world.of(3, alias), U256::ZERO);
}

/// A contract accepts such a message, and sends to a shard that does not exist. So no block can have the message until it
/// expires. Four of them would take all the room for receipts of an EE.
#[test]
fn messages_that_no_block_can_have_delay_no_others() {
    let mut world = World::new();
    let mut astray = to_ee(99, ACCOUNT, 0, &[]);
    astray.resize(65_000, 0);
    for nonce in 0..4 {
        world.call_outbox((0, 0), nonce, 100, &to_evm(2, 0, MIRROR, 90_000, &astray));
    }
    world.run(8);
    let user = world.evm.address(1);
    for nonce in 0..4 {
        world.call_outbox((0, 1), nonce, 1_000, &to_evm(2, 0, user, 0, &[]));
        world.run(4);
        let expected = U256::from(ETHER + 1_000 * (nonce + 1)) * U256::from(GWEI);
        assert_eq!(world.of(2, user), expected, "slot {}", world.simulation.slot());
    }
    let sent: u32 = (1..=8).map(|slot| world.traffic(0, slot).1).sum();
    let settled: usize = (2..=23).map(|slot| world.traffic(2, slot).0).sum();
    assert_eq!((sent, settled), (4, 4), "the first four wait");
}
