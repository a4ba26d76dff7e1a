//! Users' transactions on shards whose blocks are lost, left out or attacked: each is in the final chain exactly once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/users.rs"]
mod users;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use account::Payload;
use alloy_primitives::{Address, Bytes};
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{EePayload, ExecutableBlock, Execution, ExtendedBlock, Ledger, LedgerOperations, Settings},
    registry::Rules,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    phase::Phase1,
    types::{Root, Shard},
};
use outrider_evm::chain_block::{Proposal, included, package};
use outrider_host::{Host, HostConfig, chain};
use outrider_shard::{
    Executor, Frame,
    executor::{ExecutorConfig, ExecutorError, MemoryCodes},
};
use outrider_sim::{
    Genesis, Members, Network, Partition, Setup, Shards, SignatureMode, SimPreset, Simulation, ViewSetup,
};
use users::{ACCOUNT, AccountUsers, EVM, EvmUsers};

type Preset = SimPreset<2>;
type Block = Arc<ExtendedBlock<Phase1<Preset>>>;

const SHARDS: [Shard; 2] = [0, 1];
const N_USERS: u8 = 4;

/// An execution that records the payloads of right blocks, by their roots.
struct Recorded {
    shards: Arc<Shards<MemoryCodes>>,
    payloads: Mutex<BTreeMap<Root, EePayload>>,
}

impl Execution for Recorded {
    type Error = ExecutorError;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let results = self.shards.execute(blocks);
        let right = blocks.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let payloads = right.flat_map(|(block, _)| &block.body.payloads);
        let payloads = payloads.map(|payload| (hash_tree_root(payload), payload.clone()));
        self.payloads.lock().unwrap().extend(payloads);
        results
    }

    fn on_finalized(&self, finalized: &Ledger) {
        self.shards.on_finalized(finalized);
    }
}

struct World {
    accounts: AccountUsers,
    evm: EvmUsers,
    shards: Arc<Shards<MemoryCodes>>,
    recorded: Arc<Recorded>,
    simulation: Simulation<Preset, Arc<Shards<MemoryCodes>>, Arc<Recorded>>,
    settings: Settings,
    blocks: BTreeMap<Root, Block>,
}

impl World {
    fn new(views: &[(&str, u32)], network: Network) -> Self {
        let (host, mut codes) = (Host::new(HostConfig::default()).unwrap(), MemoryCodes::default());
        let accounts = AccountUsers::new(N_USERS, &host).unwrap();
        let evm = EvmUsers::new(N_USERS, &host).unwrap();
        let ees = vec![accounts.ee(&SHARDS, &mut codes), evm.ee(&SHARDS, &mut codes)];
        let genesis = Genesis { n_validators: Preset::N_VALIDATORS, seed: 1, ees, ..Genesis::default() };
        let settings = Settings::default();
        let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default()).unwrap();
        let shards = Arc::new(Shards::new(executor, 0));
        for shard in SHARDS {
            shards.add(accounts.provider(shard).unwrap());
            shards.add(evm.provider(shard).unwrap());
        }
        let recorded = Arc::new(Recorded { shards: Arc::clone(&shards), payloads: Mutex::default() });
        let views = views.iter().map(|(name, share)| ViewSetup::new(name, Members::Share(*share)));
        let signatures = SignatureMode::Trusted;
        let setup = Setup { genesis, views: views.collect(), network, signatures, ..Setup::default() };
        let simulation = Simulation::new(setup, Arc::clone(&shards), Arc::clone(&recorded)).unwrap();
        Self { accounts, evm, shards, recorded, simulation, settings, blocks: BTreeMap::new() }
    }

    fn submit(&self, shard: Shard, ee: u32, package: Vec<u8>) {
        self.shards.with(shard, ee, |provider| provider.submit(package)).unwrap().unwrap();
    }

    /// Has a user of each EE submit a transfer on each shard.
    fn transfer(&self, user: u64, nonce: u64) {
        for shard in SHARDS {
            self.submit(shard, ACCOUNT, self.accounts.transfer(shard, user, nonce, user + 1));
            self.submit(shard, EVM, self.evm.transfer(shard, user, nonce, user + 1));
        }
    }

    /// Runs slots in which no state provider fails.
    fn run(&mut self, n_slots: u64) {
        let admission = HostAdmission::default();
        let (settings, judge) = (&self.settings, self.shards.executor());
        let rules = Rules { settings, admission: &admission, judge, verify_signatures: true };
        for _ in 0..n_slots {
            for block in self.simulation.run_slot(&LedgerOperations::default(), rules).unwrap() {
                self.blocks.insert(hash_tree_root(&block.block.message), block);
            }
            let failures = self.shards.take_failures();
            let failures: Vec<_> = failures.iter().map(|failure| chain(failure)).collect();
            assert!(failures.is_empty(), "slot {}: {failures:?}", self.simulation.slot());
        }
    }

    fn head(&self, view: usize) -> Root {
        self.simulation.views()[view].head().unwrap().0
    }

    /// Returns the blocks of the chain up to a block, the latest first.
    fn chain(&self, head: Root) -> impl Iterator<Item = &Block> {
        let block = |root: &Root| self.blocks.get(root);
        std::iter::successors(block(&head), move |child| block(&child.block.message.parent_root))
    }

    /// Returns the payloads of an EE on a shard that the chain of a view has crosslinked.
    fn payloads(&self, view: usize, shard: Shard, ee: u32) -> Vec<EePayload> {
        let blocks = self.chain(self.head(view));
        let executions = blocks.flat_map(|block| &block.operations.executions);
        let headers =
            executions.filter(|execution| execution.shard == shard).map(|execution| &execution.header);
        let transitions = headers.flat_map(|header| &header.transitions);
        let of_ee = transitions.filter(|transition| transition.ee == ee);
        let recorded = self.recorded.payloads.lock().unwrap();
        of_ee.map(|transition| recorded[&transition.payload_root].clone()).collect()
    }

    fn waiting(&self) -> Vec<usize> {
        let places = SHARDS.into_iter().flat_map(|shard| [(shard, ACCOUNT), (shard, EVM)]);
        places
            .map(|(shard, ee)| self.shards.with(shard, ee, |provider| provider.n_waiting()).unwrap())
            .collect()
    }

    /// Checks that the chain of a view has exactly these transfers, by user and nonce, each once.
    #[track_caller]
    fn check_transfers(&self, expected: &[(u64, u64)]) {
        for shard in SHARDS {
            let mut of_accounts: Vec<_> =
                self.payloads(0, shard, ACCOUNT).iter().flat_map(account_transactions).collect();
            let signed = |(user, nonce): &(u64, u64)| {
                let package = self.accounts.transfer(shard, *user, *nonce, user + 1);
                let Payload::Block(block) = Payload::from_bytes(&package).unwrap() else { panic!() };
                block.transactions[0].clone()
            };
            let mut expected_of_accounts: Vec<_> = expected.iter().map(signed).collect();
            let key = |transaction: &account::Transaction| (transaction.sender, transaction.nonce);
            of_accounts.sort_by_key(key);
            expected_of_accounts.sort_by_key(key);
            assert_eq!(of_accounts, expected_of_accounts, "accounts on shard {shard}");

            let payloads = self.payloads(0, shard, EVM);
            let mut of_evm: Vec<_> =
                payloads.iter().flat_map(|payload| included(&payload.block_data).unwrap()).collect();
            let signed =
                |(user, nonce): &(u64, u64)| self.evm.transfer(shard, *user, *nonce, user + 1).into();
            let mut expected_of_evm: Vec<Bytes> = expected.iter().map(signed).collect();
            of_evm.sort();
            expected_of_evm.sort();
            assert_eq!(of_evm, expected_of_evm, "EVM on shard {shard}");
        }
    }
}

fn account_transactions(payload: &EePayload) -> Vec<account::Transaction> {
    let payload = Frame::parse(&payload.block_data).unwrap().payload;
    let Payload::Block(block) = Payload::from_bytes(payload).unwrap() else { panic!("no block") };
    block.transactions
}

#[test]
fn after_a_reorg_of_depth_3_every_transaction_is_in_the_final_chain_exactly_once() {
    let (from, until) = (6, 12);
    let partitions = vec![Partition { from, until, side: BTreeSet::from([0]) }];
    let network = Network { latency_ms: 100, jitter_ms: 50, partitions };
    let mut world = World::new(&[("A", 40), ("B", 60)], network);
    let mut expected = Vec::new();
    let mut run = |world: &mut World, slots: std::ops::Range<u64>| {
        for round in slots.map(|slot| slot - 1) {
            world.transfer(round % 3, round / 3);
            expected.push((round % 3, round / 3));
            world.run(1);
        }
    };
    run(&mut world, 1..from);
    let before = world.head(0);
    run(&mut world, from..until);
    let branches = [0, 1].map(|view| {
        let blocks = world.chain(world.head(view)).map(|block| hash_tree_root(&block.block.message));
        blocks.take_while(|root| *root != before).collect::<BTreeSet<_>>()
    });
    run(&mut world, until..until + 3);
    assert_eq!(world.head(0), world.head(1));
    let chain: BTreeSet<_> =
        world.chain(world.head(0)).map(|block| hash_tree_root(&block.block.message)).collect();
    let lost = branches.map(|branch| branch.difference(&chain).count());
    assert_eq!(lost, [3, 0], "blocks that each side has lost");

    world.run(46);
    world.check_transfers(&expected);
    assert_eq!(world.waiting(), [0; 4], "final blocks have used all");
    // Transactions were in lost blocks.
    let executed = world.recorded.payloads.lock().unwrap().len();
    let places = SHARDS.into_iter().flat_map(|shard| [(shard, ACCOUNT), (shard, EVM)]);
    let chained: usize = places.map(|(shard, ee)| world.payloads(0, shard, ee).len()).sum();
    assert!(executed > chained, "{executed} payloads executed, {chained} in the chain");
}

#[test]
fn a_transaction_that_comes_too_early_waits_for_the_one_before() {
    let mut world = World::new(&[("all", 1)], Network::default());
    let mut expected = Vec::new();
    for (user, nonce) in [(3, 1), (0, 0), (3, 0), (0, 1)] {
        world.transfer(user, nonce);
        expected.push((user, nonce));
        world.run(1);
    }
    world.run(8);
    world.check_transfers(&expected);
    world.run(24);
    assert_eq!(world.waiting(), [0; 4]);
}

#[test]
fn a_user_who_chooses_for_the_proposer_is_refused_alone() {
    let mut world = World::new(&[("all", 1)], Network::default());
    let thief = Address::repeat_byte(0x66);
    for shard in SHARDS {
        for proposal in [
            Proposal { beneficiary: thief, gas_limit: None },
            Proposal { beneficiary: Address::ZERO, gas_limit: Some(29_990_000) },
        ] {
            world.submit(shard, EVM, package(proposal).to_vec());
        }
    }
    world.transfer(0, 0);
    world.transfer(1, 0);
    world.run(4);
    world.check_transfers(&[(0, 0), (1, 0)]);
    for payload in SHARDS.into_iter().flat_map(|shard| world.payloads(0, shard, EVM)) {
        let payload = Frame::parse(&payload.block_data).unwrap().payload;
        let has = |bytes: &[u8]| payload.windows(bytes.len()).any(|window| window == bytes);
        // The gas limit of the genesis in RLP, 30,000,000.
        assert!(has(&[0x84, 0x01, 0xc9, 0xc3, 0x80]) && !has(thief.as_slice()));
    }
}

/// A transaction that has another one as its data looks like a block with both.
#[test]
fn a_transaction_as_the_data_of_another_one_is_not_taken_for_used() {
    let mut world = World::new(&[("all", 1)], Network::default());
    let shard = 0;
    let early = world.evm.transfer(shard, 3, 1, 0);
    let around = world.evm.transfer_with(shard, 0, 0, 1, &early);
    let before = world.evm.transfer(shard, 3, 0, 0);
    world.submit(shard, EVM, early.clone());
    world.submit(shard, EVM, around.clone());
    let chain = |world: &World| -> Vec<Bytes> {
        // The latest block is the first.
        let mut payloads = world.payloads(0, shard, EVM);
        payloads.reverse();
        payloads.iter().flat_map(|payload| included(&payload.block_data).unwrap()).collect()
    };
    world.run(32);
    assert!(world.simulation.views()[0].node().store().finalized_checkpoint.epoch >= 2);
    assert_eq!(chain(&world), [Bytes::from(around.clone())]);
    world.submit(shard, EVM, before.clone());
    world.run(14);
    assert_eq!(chain(&world), [around, before, early].map(Bytes::from));
    world.run(24);
    assert_eq!(world.waiting(), [0; 4]);
}
