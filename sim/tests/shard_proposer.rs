//! Shard blocks with content, and validators that join.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeSet;

use common::{crosslinked_slots, genesis, head, rules, run, run_slot};
use outrider_beacon::ledger::{
    EeState, EeTransition, ExecutableBlock, Execution, ExecutionHeader, ExtendedState, GenesisEe,
    LedgerOperations, NoExecution, Settings, ShardBlockError, ShardBody, ShardPlace,
};
use outrider_beacon_spec::{
    containers::{DepositData, Eth1Data},
    hash::{hash, hash_tree_root},
    phase::Phase1,
    preset::Preset,
    types::{Root, Slot},
};
use outrider_sim::{
    Eth1, Fault, Genesis, MessageKind, Setup, ShardProposer, SignatureMode, SimPreset, Simulation,
    interop_deposits, interop_secret_key,
};

const ETHER: u64 = 1_000_000_000;

/// Proposes blocks in which EE 0 counts: its next root is the hash of its root and the slot.
struct Counter {
    /// Slots and shards with a wrong root.
    wrong: BTreeSet<(Slot, u64)>,
    /// A deposit that the EE makes in a slot, on shard 0.
    deposit: Option<(Slot, DepositData)>,
}

impl Counter {
    fn new() -> Self {
        Self { wrong: BTreeSet::new(), deposit: None }
    }
}

fn next_root(root: Root, slot: Slot) -> Root {
    hash(&[root.as_slice(), &slot.to_le_bytes()])
}

impl ShardProposer for Counter {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let (shard, slot) = (place.shard, place.slot);
        let shard_ledger = place.view.shards().get(shard as usize)?;
        let state = shard_ledger.ees().get(0)?;
        let is_wrong = self.wrong.contains(&(slot, shard));
        let post_state_root = next_root(state.state_root, if is_wrong { slot + 1 } else { slot });
        let mut transition = EeTransition {
            pre_state_root: state.state_root,
            post_state_root,
            balance: state.balance,
            payload_root: Root::repeat_byte(7),
            ..EeTransition::default()
        };
        if let Some((_, data)) = self.deposit.as_ref().filter(|(at, _)| (*at, 0) == (slot, shard)) {
            transition.deposits = data.amount;
            transition.deposit_data = vec![data.clone()].try_into().unwrap();
        }
        let parent_execution_root = shard_ledger.execution_root();
        let transitions = vec![transition].try_into().unwrap();
        let header = ExecutionHeader { parent_execution_root, transitions, ..ExecutionHeader::default() };
        Some(ShardBody { header, ..ShardBody::default() })
    }
}

/// An execution that refuses wrong counts.
struct Count;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("wrong root {0}")]
struct WrongRoot(Root);

impl Execution for Count {
    type Error = WrongRoot;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), WrongRoot>> {
        let execute = |block: &ExecutableBlock<'_>| {
            let [transition] = &*block.body.header.transitions else { panic!("one EE") };
            let got = transition.post_state_root;
            let expected = next_root(transition.pre_state_root, block.place.slot);
            if got == expected { Ok(()) } else { Err(WrongRoot(got)) }
        };
        blocks.iter().map(execute).collect()
    }
}

fn genesis_with_ee<C: Preset>(n_validators: u64, seed: u64) -> Genesis {
    // The refund of the EE's deposit has to name a validator.
    let refund_credentials = interop_deposits::<C>(&[interop_secret_key(0)])[0].data.withdrawal_credentials;
    let shards = (0..C::INITIAL_ACTIVE_SHARDS).map(|shard| (shard, 100 * ETHER)).collect();
    let ee = GenesisEe { refund_credentials, shards, ..GenesisEe::default() };
    Genesis { ees: vec![ee], ..genesis(n_validators, seed) }
}

fn state_root<C: Preset>(head: &ExtendedState<Phase1<C>>, shard: usize) -> Root {
    head.ledger.shards().get(shard).unwrap().ees().get(0).unwrap().state_root
}

#[test]
fn shard_blocks_build_on_blocks_that_are_not_crosslinked_yet() {
    type C = SimPreset<2>;
    let faults = (4..=7).map(|slot| Fault::MissingBeaconBlock { slot }).collect();
    let setup = Setup { faults, ..Setup::one_view(genesis_with_ee::<C>(64, 8)) };
    let mut simulation = Simulation::<C, _, _>::new(setup, Counter::new(), NoExecution).unwrap();
    let blocks = run(&mut simulation, 10);
    for shard in 0..2 {
        // The crosslink of slot 2 is the last one before: blocks are 1, 2, 3 and 5 slots later.
        let slots: Vec<_> = blocks.iter().flat_map(|block| crosslinked_slots(block, shard)).collect();
        assert_eq!(slots, [1, 2, 3, 4, 5, 7, 8, 9]);
        let expected = slots.into_iter().fold(Root::ZERO, next_root);
        assert_eq!(state_root(&head(&simulation, 0), shard as usize), expected);
    }
}

#[test]
fn a_shard_block_with_a_wrong_execution_is_refused_and_the_chain_goes_on() {
    type C = SimPreset<2>;
    let proposer = Counter { wrong: BTreeSet::from([(5, 1)]), ..Counter::new() };
    let setup = Setup::one_view(genesis_with_ee::<C>(64, 9));
    let mut simulation = Simulation::<C, _, _>::new(setup, proposer, Count).unwrap();
    (0..10).for_each(|_| drop(run_slot(&mut simulation)));
    let view = &simulation.views()[0];
    let [refused] = view.refused() else { panic!("{:?}", view.refused()) };
    assert_eq!((refused.kind, refused.slot), (MessageKind::ShardBlock, 5));
    assert!(matches!(refused.error, ShardBlockError::Execution { shard: 1, slot: 5, .. }));
    let (_, head) = view.head().unwrap();
    let root_of = |slots: &[Slot]| slots.iter().copied().fold(Root::ZERO, next_root);
    assert_eq!(state_root(&head, 0), root_of(&[1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(state_root(&head, 1), root_of(&[1, 2, 3, 4, 6, 7, 8, 9]));
}

/// Checks that validator 32 joins a chain of 32 validators, and later attests.
#[track_caller]
fn check_joining<S: ShardProposer>(mut simulation: Simulation<SimPreset<1>, S, NoExecution>, joins: Slot) {
    let validators = |simulation: &_| head::<SimPreset<1>, S>(simulation, 0).state.validators.len();
    run(&mut simulation, joins - 1);
    assert_eq!(validators(&simulation), 32);
    run(&mut simulation, 1);
    assert_eq!(validators(&simulation), 33);
    run(&mut simulation, 120 - joins);
    let head = head(&simulation, 0);
    assert_eq!(simulation.views()[0].node().store().finalized_checkpoint.epoch, 13);
    assert_eq!(head.state.online_countdown.len(), 33);
    let joined = head.state.validators.get(32).unwrap();
    assert!(joined.activation_epoch < 13 && !joined.slashed, "{joined:?}");
    assert!(*head.state.balances.get(32).unwrap() > 32 * ETHER, "it attests");
}

#[test]
fn a_validator_joins_by_the_deposit_of_an_ee() {
    type C = SimPreset<1>;
    let data = interop_deposits::<C>(&[interop_secret_key(32)])[0].data.clone();
    let proposer = Counter { deposit: Some((4, data)), ..Counter::new() };
    let setup = Setup { n_joining: 1, ..Setup::one_view(genesis_with_ee::<C>(32, 10)) };
    // The block is crosslinked in slot 5, and the deposit is due in the next one.
    check_joining(Simulation::new(setup, proposer, NoExecution).unwrap(), 6);
}

#[test]
fn a_validator_joins_by_a_deposit_on_ethereum_1() {
    type C = SimPreset<1>;
    let deposits = interop_deposits::<C>(&[interop_secret_key(32)]);
    // The first of all leaves, so each node is a left child.
    let deposit_root = deposits[0].proof.iter().fold(hash_tree_root(&deposits[0].data), |node, sibling| {
        hash(&[node.as_slice(), sibling.as_slice()])
    });
    let data = Eth1Data { deposit_root, deposit_count: 1, block_hash: Root::repeat_byte(9) };
    let eth1 = Some(Eth1 { data, deposits });
    let setup = Setup { n_joining: 1, eth1, ..Setup::one_view(genesis_with_ee::<C>(32, 11)) };
    // More than half of a period of 32 slots votes for it.
    check_joining(Simulation::new(setup, Counter::new(), NoExecution).unwrap(), 17);
}

/// Proposes blocks in which 60 EEs make 16 deposits of a Gwei each, if the ledger has room for them.
struct Depositors;

const N_DEPOSITORS: usize = 60;

impl ShardProposer for Depositors {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let shard_ledger = place.view.shards().get(place.shard as usize)?;
        let room = (1 << 16) - place.view.pending_deposits().len();
        let n_ees = if room < 16 * N_DEPOSITORS { 0 } else { N_DEPOSITORS };
        let deposit_data = vec![DepositData { amount: 1, ..DepositData::default() }; 16];
        let transition = |(ee, state): (u32, &EeState)| EeTransition {
            ee,
            pre_state_root: state.state_root,
            post_state_root: next_root(state.state_root, place.slot),
            balance: state.balance,
            payload_root: Root::repeat_byte(7),
            deposits: 16,
            deposit_data: deposit_data.clone().try_into().unwrap(),
            ..EeTransition::default()
        };
        let transitions: Vec<_> = (0..).zip(shard_ledger.ees()).take(n_ees).map(transition).collect();
        let parent_execution_root = shard_ledger.execution_root();
        let transitions = transitions.try_into().unwrap();
        let header = ExecutionHeader { parent_execution_root, transitions, ..ExecutionHeader::default() };
        Some(ShardBody { header, ..ShardBody::default() })
    }
}

#[test]
fn a_beacon_proposer_leaves_out_the_shards_that_do_not_fit_together() {
    type C = SimPreset<8>;
    let refund_credentials = interop_deposits::<C>(&[interop_secret_key(0)])[0].data.withdrawal_credentials;
    let ee = |code: u8| GenesisEe {
        code_hash: Root::repeat_byte(code),
        refund_credentials,
        shards: (0..8).map(|shard| (shard, ETHER)).collect(),
        ..GenesisEe::default()
    };
    let ees = (1..=N_DEPOSITORS as u8).map(ee).collect();
    let genesis = Genesis { ees, ..genesis(C::N_VALIDATORS, 12) };
    let setup = Setup { signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) };
    let mut simulation = Simulation::<C, _, _>::new(setup, Depositors, NoExecution).unwrap();
    let settings = Settings { deposit_amount_min: 1, ..Settings::default() };
    let mut crosslinked = Vec::new();
    for slot in 1..=12 {
        let blocks = simulation.run_slot(&LedgerOperations::default(), rules(&settings)).unwrap();
        let [block] = &blocks[..] else { panic!("slot {slot} has a block") };
        let pending = head(&simulation, 0).ledger.pending_deposits().len();
        crosslinked.push((block.operations.executions.len(), pending));
    }
    // Eight shards make 7,680 deposits in a slot, of which 16 go to validators in the next one.
    let full: Vec<_> =
        (0..9_usize).map(|n| (8 * usize::from(n > 0), n * 7680 - 16 * n.saturating_sub(1))).collect();
    assert_eq!(crosslinked[..9], full);
    // Each shard alone has room for 960 more, but only four together. The others wait until enough have gone.
    assert_eq!(crosslinked[9..], [(4, 65_152), (4, 65_136), (4, 65_120)]);
    assert!(simulation.views()[0].refused().is_empty());
}
