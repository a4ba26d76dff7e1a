//! Shards with EEs: accounts and EVMs in each slot, executed without a state, crosslinked and finalized; and everything
//! that a proposer can do wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/users.rs"]
mod users;

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex},
};

use outrider_beacon::{
    admission::HostAdmission,
    ledger::{
        Accused, CHALLENGE_SLOTS_MAX, ExecutableBlock, Execution, ExecutionSlashing, ExtendedBlock, Ledger,
        LedgerError, LedgerOperations, Settings, ShardBlockError, ShardBody, ShardPlace,
        SignedExecutionSlashing, error::HeaderError, operation::DOMAIN_EXECUTION_SLASHING,
    },
    proof::{Claim, Prover},
    registry::Rules,
};
use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_domain},
    compute::compute_signing_root,
    hash::hash_tree_root,
    phase::Phase1,
    types::{Bytes32, Gwei, Root, Shard, Slot},
};
use outrider_evm::shard_chain::ShardHead;
use outrider_host::{EngineKind, Host, HostConfig, chain};
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, ExecutorError, MemoryCodes},
};
use outrider_sim::{
    Fault, Genesis, Kept, Members, MessageKind, Network, Setup, ShardProposer, Shards, SignatureMode,
    SimPreset, Simulation, ViewSetup,
};
use users::{ACCOUNT, AccountUsers, EVM, EvmUsers};

type Preset = SimPreset<4>;
type TestShards = Arc<Shards<MemoryCodes>>;
type Block = Arc<ExtendedBlock<Phase1<Preset>>>;

const SHARDS: [Shard; 4] = [0, 1, 2, 3];
const N_USERS: u8 = 4;

/// A host with wasmtime, which keeps loaded EEs for all tests.
static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(HostConfig::default()).unwrap());

/// The users of both EEs, the genesis with them, and the shards.
struct World {
    accounts: AccountUsers,
    evm: EvmUsers,
    genesis: Genesis,
    codes: MemoryCodes,
    shards: TestShards,
}

fn world(settings: &Settings, n_threads: usize) -> World {
    let host = HOST.clone();
    let mut codes = MemoryCodes::default();
    let accounts = AccountUsers::new(N_USERS, &host).unwrap();
    let evm = EvmUsers::new(N_USERS, &host).unwrap();
    let ees = vec![accounts.ee(&SHARDS, &mut codes), evm.ee(&SHARDS, &mut codes)];
    let genesis = Genesis { n_validators: Preset::N_VALIDATORS, ees, ..Genesis::default() };
    let config = ExecutorConfig { n_threads, ..ExecutorConfig::default() };
    let executor = Executor::new(host, codes.clone(), settings.clone(), &config).unwrap();
    let shards = Arc::new(Shards::new(executor, 0));
    for shard in SHARDS {
        shards.add(accounts.provider(shard).unwrap());
        shards.add(evm.provider(shard).unwrap());
    }
    World { accounts, evm, genesis, codes, shards }
}

impl World {
    fn setup(&self, faults: Vec<Fault>, signatures: SignatureMode) -> Setup {
        Setup { faults, signatures, ..Setup::one_view(self.genesis.clone()) }
    }

    /// Has a user of each EE submit a transfer on each shard.
    fn submit(&self, round: u64) {
        let (user, nonce) = (round % u64::from(N_USERS), round / u64::from(N_USERS));
        for shard in SHARDS {
            let transfer = self.accounts.transfer(shard, user, nonce, user + 1);
            self.shards.with(shard, ACCOUNT, |provider| provider.submit(transfer)).unwrap().unwrap();
            let transfer = self.evm.transfer(shard, user, nonce, user + 1);
            self.shards.with(shard, EVM, |provider| provider.submit(transfer)).unwrap().unwrap();
        }
    }

    /// Runs slots, with a transfer for each EE and shard in each, in which no state provider fails; returns the beacon
    /// blocks.
    fn run<S: ShardProposer, X: Execution>(
        &self,
        simulation: &mut Simulation<Preset, S, X>,
        settings: &Settings,
        rounds: std::ops::Range<u64>,
    ) -> Vec<Block> {
        let blocks = self.run_with_failures(simulation, settings, rounds);
        assert_eq!(self.failures(), Vec::<String>::new());
        blocks
    }

    fn failures(&self) -> Vec<String> {
        self.shards.take_failures().iter().map(|failure| chain(failure).to_string()).collect()
    }

    fn run_with_failures<S: ShardProposer, X: Execution>(
        &self,
        simulation: &mut Simulation<Preset, S, X>,
        settings: &Settings,
        rounds: std::ops::Range<u64>,
    ) -> Vec<Block> {
        let admission = HostAdmission::default();
        let rules =
            Rules { settings, admission: &admission, judge: self.shards.executor(), verify_signatures: true };
        let mut blocks = Vec::new();
        for round in rounds {
            self.submit(round);
            blocks.extend(simulation.run_slot(&LedgerOperations::default(), rules).unwrap());
        }
        blocks
    }
}

/// Returns the slots of a shard's crosslinked blocks, with their numbers of executions.
fn crosslinked(blocks: &[Block], shard: Shard) -> Vec<(Slot, usize)> {
    let executions = blocks.iter().flat_map(|block| &block.operations.executions);
    let of_shard = executions.filter(|execution| execution.shard == shard);
    of_shard.map(|execution| (execution.slot, execution.header.transitions.len())).collect()
}

/// Two executions of every block, of which the other one never saw a state and shares nothing with the first. They have
/// to agree.
struct Twice {
    shards: TestShards,
    other: Executor<MemoryCodes>,
}

impl Execution for Twice {
    type Error = ExecutorError;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let results = self.shards.execute(blocks);
        let others = self.other.execute(blocks);
        let shown = |result: &Result<(), ExecutorError>| {
            result.as_ref().map_err(|error| chain(error).to_string()).copied()
        };
        assert_eq!(
            results.iter().map(shown).collect::<Vec<_>>(),
            others.iter().map(shown).collect::<Vec<_>>()
        );
        results
    }

    fn on_finalized(&self, finalized: &Ledger) {
        self.shards.on_finalized(finalized);
    }
}

#[test]
fn four_shards_run_accounts_and_evms_to_finality() {
    let settings = Settings::default();
    let world = world(&settings, 2);
    let wasmer = EngineKind::Wasmer;
    let engine = if wasmer.is_compiled_in() { wasmer } else { EngineKind::Wasmtime };
    let other = Host::new(HostConfig { engine, ..HostConfig::default() }).unwrap();
    let config = ExecutorConfig { n_threads: 1, ..ExecutorConfig::default() };
    let other = Executor::new(other, world.codes.clone(), settings.clone(), &config).unwrap();
    let execution = Twice { shards: Arc::clone(&world.shards), other };
    let setup = world.setup(Vec::new(), SignatureMode::Real);
    let mut simulation =
        Simulation::<Preset, _, _>::new(setup, Arc::clone(&world.shards), execution).unwrap();
    let blocks = world.run(&mut simulation, &settings, 0..36);
    for shard in SHARDS {
        // The beacon block of slot n crosslinks the shard block of slot n - 1, which has both EEs.
        assert_eq!(crosslinked(&blocks, shard), (1..36).map(|slot| (slot, 2)).collect::<Vec<_>>());
    }
    let view = &simulation.views()[0];
    assert!(view.refused().is_empty());
    assert!(view.node().store().finalized_checkpoint.epoch >= 2);
    let (_, head) = view.head().unwrap();
    head.ledger.check_conservation().unwrap();
    for (shard, ledger) in SHARDS.into_iter().zip(head.ledger.shards()) {
        for ee in [ACCOUNT, EVM] {
            let root = ledger.ees().get(ee as usize).unwrap().state_root;
            let has = world.shards.with(shard, ee, |provider| provider.has(root.0.into())).unwrap();
            assert!(has, "the provider of EE {ee} on shard {shard} has the state at the head");
        }
    }
}

/// Returns the roots of shard blocks and beacon blocks of a short chain, of views that hear messages with a delay of up
/// to so many milliseconds.
fn roots(n_threads: usize, n_views: usize, jitter_ms: u64) -> (BTreeSet<Root>, Vec<Root>) {
    let settings = Settings::default();
    let world = world(&settings, n_threads);
    let views = (0..n_views).map(|view| ViewSetup::new(&format!("view {view}"), Members::Share(1)));
    let setup = Setup {
        views: views.collect(),
        network: Network { jitter_ms, ..Network::default() },
        ..world.setup(Vec::new(), SignatureMode::Trusted)
    };
    let shards = || Arc::clone(&world.shards);
    let mut simulation = Simulation::<Preset, _, _>::new(setup, shards(), shards()).unwrap();
    let blocks = world.run(&mut simulation, &settings, 0..5);
    let executions = blocks.iter().flat_map(|block| &block.operations.executions);
    let headers = executions.map(|execution| hash_tree_root(&execution.header)).collect();
    (headers, blocks.iter().map(|block| hash_tree_root(&block.block.message)).collect())
}

#[test]
fn one_two_and_sixteen_threads_make_the_same_chain() {
    let one = roots(1, 1, 0);
    assert_eq!(one.0.len(), 16);
    assert_eq!(roots(2, 1, 0), one);
    assert_eq!(roots(16, 1, 0), one);
}

#[test]
fn shard_blocks_that_arrive_in_any_order_make_the_same_chain() {
    let at_once = roots(2, 3, 0);
    assert_eq!(at_once.0.len(), 16);
    // All arrive before the attestations, a quarter of a slot after the proposals, but each view hears another order.
    assert_eq!(roots(2, 3, 1400), at_once);
}

#[test]
fn what_is_kept_is_bounded_by_finality() {
    let settings = Settings::default();
    let world = world(&settings, 2);
    // Every third block of shard 2 reaches nobody, so offers for it are never in a block.
    let withheld = |slot| Fault::WithheldShardBlock { shard: 2, slot, known_to: BTreeSet::new() };
    let faults = (3..240).step_by(3).map(withheld).collect();
    let setup = world.setup(faults, SignatureMode::Trusted);
    let shards = || Arc::clone(&world.shards);
    let mut simulation = Simulation::<Preset, _, _>::new(setup, shards(), shards()).unwrap();
    let admission = HostAdmission::default();
    let judge = world.shards.executor();
    let rules = Rules { settings: &settings, admission: &admission, judge, verify_signatures: true };
    let mut roots = [const { Vec::new() }; 4];
    let mut most = [0; 4];
    for round in 0..240_u64 {
        // In each slot, a user of shard 2 is busy; the other shards stand still.
        let (user, nonce) = (round % u64::from(N_USERS), round / u64::from(N_USERS));
        let transfer = world.accounts.transfer(2, user, nonce, user + 1);
        world.shards.with(2, ACCOUNT, |provider| provider.submit(transfer)).unwrap().unwrap();
        simulation.run_slot(&LedgerOperations::default(), rules).unwrap();
        let (_, head) = simulation.views()[0].head().unwrap();
        let mut n_states = 0;
        for (shard, (roots, ledger)) in (0..).zip(roots.iter_mut().zip(head.ledger.shards())) {
            roots.push(ledger.ees().get(ACCOUNT as usize).unwrap().state_root);
            roots.dedup();
            let has = |root: &Bytes32| {
                world.shards.with(shard, ACCOUNT, |provider| provider.has(root.0.into())).unwrap()
            };
            assert!(has(roots.last().unwrap()), "the provider has the state at the head");
            n_states += roots.iter().filter(|root| has(root)).count();
        }
        let Kept { headers, ledgers, blocks } = world.shards.kept();
        for (most, n) in most.iter_mut().zip([n_states, headers, ledgers, blocks]) {
            *most = n.max(*most);
        }
    }
    let n_finalized = simulation.views()[0].node().store().finalized_checkpoint.epoch;
    assert!(n_finalized >= 27);
    assert!(roots[2].len() > 120, "{}", roots[2].len());
    assert_eq!(world.shards.n_failures(), 0);
    // An epoch is final two epochs after its end, so at most four are kept, of eight slots each, and two before.
    let [states, headers, ledgers, blocks] = most;
    assert!(states <= 48 + 3 && headers == 0 && ledgers <= 48 && blocks <= 4 * 48, "{most:?}");
}

/// A lie in the body of a shard block.
type Lie = fn(&mut ShardBody);

/// Proposers of which one tells a lie in a slot, on shard 1.
struct Liar {
    shards: TestShards,
    slot: Slot,
    lie: Lie,
    /// The root of the true body's header.
    truth: Mutex<Option<Root>>,
}

impl ShardProposer for Liar {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let mut body = self.shards.body(place)?;
        if (place.shard, place.slot) == (1, self.slot) {
            *self.truth.lock().unwrap() = Some(hash_tree_root(&body.header));
            (self.lie)(&mut body);
        }
        Some(body)
    }
}

/// Runs a chain in which the proposer of slot 3 on shard 1 lies, and returns the error of the view that refuses it.
fn refused(lie: Lie) -> ShardBlockError<ExecutorError> {
    let settings = Settings::default();
    let world = world(&settings, 2);
    let shards = Arc::clone(&world.shards);
    let liar = Arc::new(Liar { shards, slot: 3, lie, truth: Mutex::default() });
    let setup = world.setup(Vec::new(), SignatureMode::Trusted);
    let mut simulation =
        Simulation::<Preset, _, _>::new(setup, Arc::clone(&liar), Arc::clone(&world.shards)).unwrap();
    let blocks = world.run(&mut simulation, &settings, 0..6);
    assert!(liar.truth.lock().unwrap().is_some(), "it had a block to lie about");
    for shard in SHARDS {
        let slots: Vec<_> = crosslinked(&blocks, shard).into_iter().map(|(slot, _)| slot).collect();
        let expected: &[Slot] = if shard == 1 { &[1, 2, 4, 5] } else { &[1, 2, 3, 4, 5] };
        assert_eq!(slots, expected, "shard {shard} goes on");
    }
    let [refused] = simulation.views()[0].refused() else { panic!("{:?}", simulation.views()[0].refused()) };
    assert_eq!((refused.kind, refused.slot), (MessageKind::ShardBlock, 3));
    refused.error.clone()
}

#[test]
fn each_lie_is_refused_with_ee_and_field_and_the_chain_goes_on() {
    let lies: [(&str, Lie); 8] = [
        ("EE 1: post_state_root is 0xeeeeee", |body| {
            body.header.transitions[1].post_state_root = Bytes32::repeat_byte(0xee);
        }),
        ("EE 0: payload_root is 0xeeeeee", |body| {
            body.header.transitions[0].payload_root = Root::repeat_byte(0xee);
        }),
        ("EE 1: fuel_used is ", |body| body.header.transitions[1].fuel_used += 1),
        ("EE 0: proposer_fee is 1, expected 0", |body| body.header.transitions[0].proposer_fee = 1),
        ("EE 1: the execution fails: the EE refuses the block", |body| {
            let byte = body.payloads[1].block_data.last_mut().unwrap();
            *byte ^= 1;
            body.header.transitions[1].payload_root = hash_tree_root(&body.payloads[1]);
        }),
        ("the block has 1 payloads for 2 executed transitions", |body| {
            body.payloads = vec![body.payloads[0].clone()].try_into().unwrap();
        }),
        ("finalized_slot is 7, expected 0", |body| body.header.finalized_slot = 7),
        ("L4: EE 1: the balance before is 1, expected 100000000000", |body| {
            body.header.transitions[1].balance = 1;
        }),
    ];
    for (expected, lie) in lies {
        let error = chain(&refused(lie)).to_string();
        assert!(
            error.starts_with("shard 1, slot 3: ")
                || error.starts_with("the execution header of shard 1, slot 3")
        );
        assert!(error.contains(expected), "{error}\nexpected {expected}");
    }
}

/// Returns the number of executions that views ask for in slots of which one has a block with a lie.
fn executions_asked(n_views: usize) -> u64 {
    let settings = Settings::default();
    let world = world(&settings, 2);
    let lie: Lie = |body| body.header.transitions[1].post_state_root = Bytes32::repeat_byte(0xee);
    let shards = Arc::clone(&world.shards);
    let liar = Arc::new(Liar { shards, slot: 3, lie, truth: Mutex::default() });
    let views = (0..n_views).map(|view| ViewSetup::new(&format!("view {view}"), Members::Share(1)));
    let setup = Setup { views: views.collect(), ..world.setup(Vec::new(), SignatureMode::Trusted) };
    let mut simulation = Simulation::<Preset, _, _>::new(setup, liar, Arc::clone(&world.shards)).unwrap();
    world.run(&mut simulation, &settings, 0..5);
    let refused: Vec<_> = simulation.views().iter().map(|view| view.refused().len()).collect();
    assert_eq!(refused, vec![1; n_views], "each view refuses it");
    world.shards.executor().executions().asked
}

#[test]
fn a_verdict_against_a_block_is_reached_once() {
    // Each further view asks for the two executions of each of 20 blocks, but not for those of the wrong one.
    assert_eq!(executions_asked(2) - executions_asked(1), 2 * 19);
}

#[test]
fn a_stale_witness_is_refused() {
    let settings = Settings::default();
    let world = world(&settings, 2);
    let kept = Arc::new(Stale { shards: Arc::clone(&world.shards), first: Mutex::default() });
    let setup = world.setup(Vec::new(), SignatureMode::Trusted);
    let mut simulation =
        Simulation::<Preset, _, _>::new(setup, Arc::clone(&kept), Arc::clone(&world.shards)).unwrap();
    world.run(&mut simulation, &settings, 0..3);
    let [refused] = simulation.views()[0].refused() else { panic!("{:?}", simulation.views()[0].refused()) };
    let error = chain(&refused.error).to_string();
    assert!(error.contains("EE 0: the execution fails: the EE refuses the block"), "{error}");
}

/// Proposers of which that of slot 2 on shard 0 uses the account payload of slot 1.
struct Stale {
    shards: TestShards,
    first: Mutex<Option<ShardBody>>,
}

impl ShardProposer for Stale {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let mut body = self.shards.body(place)?;
        let mut first = self.first.lock().unwrap();
        match (place.shard, place.slot) {
            (0, 1) => *first = Some(body.clone()),
            (0, 2) => {
                body.payloads[0] = first.as_ref().unwrap().payloads[0].clone();
                body.header.transitions[0].payload_root = hash_tree_root(&body.payloads[0]);
            }
            _ => {}
        }
        Some(body)
    }
}

#[test]
fn a_withheld_body_is_not_crosslinked_and_the_shard_goes_on() {
    let settings = Settings::default();
    let world = world(&settings, 2);
    let fault = Fault::WithheldShardBlock { shard: 2, slot: 3, known_to: BTreeSet::new() };
    let setup = world.setup(vec![fault], SignatureMode::Trusted);
    let shards = || Arc::clone(&world.shards);
    let mut simulation = Simulation::<Preset, _, _>::new(setup, shards(), shards()).unwrap();
    let blocks = world.run(&mut simulation, &settings, 0..6);
    assert_eq!(crosslinked(&blocks, 2), [(1, 2), (2, 2), (4, 2), (5, 2)]);
    assert_eq!(crosslinked(&blocks, 3).len(), 5);
    assert!(simulation.views()[0].refused().is_empty());
}

#[test]
fn proposers_spend_what_an_ee_has_and_no_more() {
    let overdraft = |body: &mut ShardBody| {
        let fee: Gwei = body.header.transitions[0].balance + 1;
        body.header.transitions[0].proposer_fee = fee;
    };
    let ShardBlockError::Ledger(LedgerError::Header { shard: 1, slot: 3, error }) = refused(overdraft) else {
        panic!("the ledger refuses it")
    };
    let available = 100_000_000_000;
    assert_eq!(error, HeaderError::Overdraft { ee: 0, got: available + 1, available });
}

/// A committee that signs anything: every block that the ledger lets pass. Only the truth is executed.
struct Captured(TestShards);

impl Execution for Captured {
    type Error = ExecutorError;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        self.0.execute(blocks);
        vec![Ok(()); blocks.len()]
    }
}

/// Runs a chain to slot 4 in which all committees are captured, and the proposer of slot 3 on shard 1 lies. Returns the
/// world, the chain, and its blocks.
fn captured(lie: Lie, settings: &Settings) -> (World, Simulation<Preset, Arc<Liar>, Captured>, Vec<Block>) {
    let world = world(settings, 2);
    let liar = Arc::new(Liar { shards: Arc::clone(&world.shards), slot: 3, lie, truth: Mutex::default() });
    let setup = world.setup(Vec::new(), SignatureMode::Real);
    let mut simulation = Simulation::new(setup, liar, Captured(Arc::clone(&world.shards))).unwrap();
    let blocks = world.run_with_failures(&mut simulation, settings, 0..4);
    // State providers do not follow the lie.
    assert!(
        world.failures().iter().all(|failure| failure.contains("on shard 1 fails: the store keeps no state"))
    );
    (world, simulation, blocks)
}

/// Returns a claim against the attesters of shard 1 in slot 3.
fn accusation(
    simulation: &Simulation<Preset, Arc<Liar>, Captured>,
    block: &Block,
    ee: u32,
    whistleblower_index: u64,
) -> LedgerOperations<Phase1<Preset>> {
    let body = &block.block.message.body;
    let attestation =
        body.attestations.iter().find(|attestation| attestation.data.shard == 1).unwrap().clone();
    let store = &simulation.views()[0].node().store().shard_stores[&1];
    let shard_block = &store.signed_blocks[&attestation.data.shard_head_root].message;
    assert_eq!(shard_block.slot, 3);
    let message = ExecutionSlashing {
        shard_transition: body.shard_transitions[1].clone(),
        attestation,
        data_index: 0,
        body: shard_block.body.clone(),
        accused: vec![Accused::Transition(ee)].try_into().unwrap(),
        whistleblower_index,
    };
    let (_, head) = simulation.views()[0].head().unwrap();
    let domain = get_domain(&head.state, DOMAIN_EXECUTION_SLASHING, None);
    let signing_root = compute_signing_root(&message, domain);
    let signature = simulation.keys().sign(&[whistleblower_index], signing_root).unwrap();
    let slashings = vec![SignedExecutionSlashing { message, signature }];
    LedgerOperations { execution_slashings: slashings.try_into().unwrap(), ..LedgerOperations::default() }
}

#[test]
fn a_captured_committee_takes_what_is_on_its_shard_and_the_challenge_convicts_it() {
    let settings = Settings::default();
    let (world, mut simulation, blocks) = captured(
        |body| {
            let evm = &mut body.header.transitions[1];
            evm.post_state_root = Bytes32::repeat_byte(0xee);
            evm.proposer_fee = evm.balance;
        },
        &settings,
    );
    let block = blocks.last().unwrap();
    let (_, head) = simulation.views()[0].head().unwrap();
    let state = |shard: usize, ee: usize| *head.ledger.shards().get(shard).unwrap().ees().get(ee).unwrap();
    // It has spoiled a state and taken the ether of one EE on one shard; nothing else has changed.
    assert_eq!((state(1, 1).state_root, state(1, 1).balance), (Bytes32::repeat_byte(0xee), 0));
    for (shard, ee) in [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (3, 0), (3, 1)] {
        assert_eq!(state(shard, ee).balance, 100_000_000_000, "EE {ee} on shard {shard}");
    }
    head.ledger.check_conservation().unwrap();

    // Whoever executes the payload again can prove it; a false accusation costs the accuser.
    let admission = HostAdmission::default();
    let rules = Rules {
        settings: &settings,
        admission: &admission,
        judge: world.shards.executor(),
        verify_signatures: true,
    };
    let index = block.block.message.body.attestations.iter().find(|a| a.data.shard == 1).unwrap().data.index;
    let committee = get_beacon_committee(&head.state, 3, index).unwrap();
    let outsiders: Vec<_> =
        (0..Preset::N_VALIDATORS).filter(|validator| !committee.contains(validator)).take(2).collect();
    let true_claim = accusation(&simulation, block, EVM, outsiders[0]);
    let false_claim = accusation(&simulation, block, ACCOUNT, outsiders[1]);
    // With nobody left to slash, the false one would be refused, so it comes first.
    simulation.run_slot(&false_claim, rules).unwrap();
    let slashed = |simulation: &Simulation<Preset, Arc<Liar>, Captured>| {
        let (_, head) = simulation.views()[0].head().unwrap();
        let validators = (0..).zip(&*head.state.validators).filter(|(_, validator)| validator.slashed);
        validators.map(|(index, _)| index).collect::<BTreeSet<u64>>()
    };
    let false_accuser = BTreeSet::from([outsiders[1]]);
    assert_eq!(slashed(&simulation), false_accuser);
    simulation.run_slot(&true_claim, rules).unwrap();
    let guilty: BTreeSet<_> = committee.iter().copied().collect();
    assert_eq!(slashed(&simulation), &guilty | &false_accuser);
}

/// A conviction at the end of the challenge window takes back states that are final. The shard goes on from before.
#[test]
fn a_late_conviction_takes_back_what_is_final_and_the_shard_goes_on() {
    let settings = Settings { challenge_slots: CHALLENGE_SLOTS_MAX, ..Settings::default() };
    let lie: Lie = |body| body.header.transitions[1].post_state_root = Bytes32::repeat_byte(0xee);
    let (world, mut simulation, blocks) = captured(lie, &settings);
    let block = blocks.last().unwrap().clone();
    let admission = HostAdmission::default();
    let judge = world.shards.executor();
    let rules = Rules { settings: &settings, admission: &admission, judge, verify_signatures: true };
    let claim = accusation(&simulation, &block, EVM, 63);
    let operations = LedgerOperations::default();
    for round in 4..60 {
        world.submit(round);
        simulation.run_slot(&operations, rules).unwrap();
    }
    // Until then, no provider has the state of the EVM on shard 1.
    let _ = world.failures();
    let n_final = simulation.views()[0].node().store().finalized_checkpoint.epoch;
    assert!(n_final >= 4, "{n_final}");
    simulation.run_slot(&claim, rules).unwrap();
    let mut blocks = Vec::new();
    for round in 60..70 {
        world.submit(round);
        blocks.extend(simulation.run_slot(&operations, rules).unwrap());
    }
    assert_eq!(world.failures(), Vec::<String>::new());
    let n_executions: Vec<_> = crosslinked(&blocks, 1).into_iter().map(|(_, n)| n).collect();
    assert!(n_executions.iter().rev().take(6).all(|n| *n == 2), "{n_executions:?}");
}

#[test]
fn state_and_head_of_an_evm_are_proven_against_a_block_of_the_beacon_chain() {
    let settings = Settings::default();
    let world = world(&settings, 2);
    let setup = world.setup(Vec::new(), SignatureMode::Trusted);
    let shards = || Arc::clone(&world.shards);
    let mut simulation = Simulation::<Preset, _, _>::new(setup, shards(), shards()).unwrap();
    let blocks = world.run(&mut simulation, &settings, 0..5);
    let ExtendedBlock { block, operations } = &**blocks.last().unwrap();
    let (block_root, head) = simulation.views()[0].head().unwrap();
    assert_eq!(block_root, hash_tree_root(&block.message));
    let prover = Prover::new(&block.message, &head.ledger, operations).unwrap();
    let claim = Claim::StateRoot { shard: 2, ee: EVM };
    let proof = prover.prove(claim).unwrap();

    // A user with nothing but the root of the beacon block, the proof, and the node of the chain.
    let root = claim.verify(&proof, &block_root.0, prover.layout()).unwrap();
    let head = world
        .shards
        .with(2, EVM, |provider| ShardHead::of_state(root.into(), provider.provider().store()).unwrap());
    // The beacon block of slot 5 has crosslinked the shard's blocks of slots 1 to 4.
    assert_eq!(head.unwrap().header.number, 4);
}
