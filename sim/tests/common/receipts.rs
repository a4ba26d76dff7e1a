//! Four shards with accounts, an EE of 2019 that takes no receipts, and one that traps on each; and checks of their ether in
//! every slot.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use account::{Action, UNCLAIMED};
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{
        EeIndex, EePayload, ExecutableBlock, Execution, ExtendedBlock, ExtendedState, Ledger,
        LedgerOperations, Receipt, Settings, ShardBody, ShardExecution, ShardPlace, SignedWithdrawToEe,
        WithdrawToEe, operation::DOMAIN_WITHDRAW_TO_EE,
    },
    proof::BlockProofs,
    registry::Rules,
};
use outrider_beacon_spec::{
    accessors::get_domain,
    compute::compute_signing_root,
    hash::hash_tree_root,
    phase::Phase1,
    types::{Gwei, Root, Shard, Slot},
};
use outrider_host::{Host, HostConfig, StateRoot, chain};
use outrider_shard::{
    Executor, Provider,
    executor::{Contents, ExecutorConfig, ExecutorError, MemoryCodes},
    provider::ProviderActor,
};
use outrider_sim::{Genesis, Setup, ShardProposer, Shards, SimPreset, Simulation};
use outrider_witness::store::MemoryStore;

use crate::users::{ACCOUNT, AccountUsers, EE_ETHER, genesis_ee};

pub(crate) type Preset = SimPreset<4>;
pub(crate) type Block = Arc<ExtendedBlock<Phase1<Preset>>>;
pub(crate) type Operations = LedgerOperations<Phase1<Preset>>;

pub(crate) const SHARDS: [Shard; 4] = [0, 1, 2, 3];
/// An EE as scout ran them in 2019, on shard 1: it counts its blocks.
pub(crate) const OLD: EeIndex = 1;
/// An EE on shard 1 that traps if it is shown a receipt.
pub(crate) const ALLERGIC: EeIndex = 2;
/// A Gwei is the unit; each user begins with so many on each shard.
pub(crate) const ETHER: Gwei = 1_000_000_000;
/// The validator whose ether can be withdrawn at any time, and what it has in the beginning.
pub(crate) const FAUCET: (u64, Gwei) = (127, 1_000 * ETHER);
const N_USERS: u8 = 4;
/// The balances of all users on all shards.
pub(crate) const ENDOWED: Gwei = 4 * N_USERS as Gwei * ETHER;

const COUNTER: &str = r#"(module
    (import "env" "eth2_loadPreStateRoot" (func $load (param i32)))
    (import "env" "eth2_savePostStateRoot" (func $save (param i32)))
    (memory (export "memory") 1)
    (func (export "main")
        (call $load (i32.const 0))
        (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (i64.const 1)))
        (call $save (i32.const 0))))"#;

/// Two counters in a tree, of whose blocks none can have a receipt.
fn allergic() -> Vec<u8> {
    let pair = include_str!("../../../shard/tests/ees/pair.wat");
    let imports = r#"(module
  (import "eth2" "receiptCount" (func $receipt_count (result i32)))
  (import "eth2" "receiptCopy" (func $receipt (param i32 i32 i32) (result i32)))
"#;
    let load = "(call $load_root (i32.const 0))";
    assert_eq!((pair.matches("(module\n").count(), pair.matches(load).count()), (1, 1));
    let trap = format!("(if (call $receipt_count) (then unreachable))\n{load}");
    wat::parse_str(pair.replace("(module\n", imports).replace(load, &trap)).unwrap()
}

/// Shards with the payload of the EE of 2019 in each block of shard 1, which has no provider. It records the bodies of
/// right blocks, by their execution roots.
pub(crate) struct Beside {
    pub(crate) shards: Arc<Shards<MemoryCodes>>,
    pub(crate) bodies: Mutex<BTreeMap<Root, ShardBody>>,
    pub(crate) captured: Mutex<Captured>,
}

/// A block whose committee signs the root of receipts that nobody has.
#[derive(Default)]
pub(crate) struct Captured {
    pub(crate) block: Option<(Shard, Slot)>,
    /// Its honest body, by the forged execution root.
    honest: BTreeMap<Root, ShardBody>,
}

impl ShardProposer for Beside {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let ShardBody { inbound, payloads, .. } = self.shards.body(place)?;
        let mut payloads: Vec<_> = payloads.into();
        if place.shard == 1 {
            payloads.push(EePayload { ee: OLD, ..EePayload::default() });
            payloads.sort_by_key(|payload| payload.ee);
        }
        let contents = Contents { inbound: inbound.into(), payloads };
        let mut body = self.shards.executor().body(place, contents).unwrap();
        let captured = &mut *self.captured.lock().unwrap();
        if captured.block == Some((place.shard, place.slot)) {
            let honest = body.clone();
            body.header.lanes[0].receipts_root = Root::repeat_byte(9);
            captured.honest.insert(hash_tree_root(&body.header), honest);
        }
        Some(body)
    }
}

impl Execution for Beside {
    type Error = ExecutorError;

    fn execute(&self, blocks: &[ExecutableBlock<'_>]) -> Vec<Result<(), ExecutorError>> {
        let honest = self.captured.lock().unwrap().honest.clone();
        let blocks: Vec<_> = blocks
            .iter()
            .map(|block| {
                let body = honest.get(&hash_tree_root(&block.body.header)).unwrap_or(block.body);
                ExecutableBlock { body, ..*block }
            })
            .collect();
        let results = self.shards.execute(&blocks);
        let right = blocks.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let bodies = right.map(|(block, _)| (hash_tree_root(&block.body.header), block.body.clone()));
        self.bodies.lock().unwrap().extend(bodies);
        results
    }

    fn on_beacon_receipts(&self, receipts: &[Receipt]) {
        self.shards.on_beacon_receipts(receipts);
    }

    fn on_beacon_block(&self, block: &Arc<dyn BlockProofs>) {
        self.shards.on_beacon_block(block);
    }

    fn on_finalized(&self, finalized: &Ledger) {
        self.shards.on_finalized(finalized);
    }
}

pub(crate) struct World {
    pub(crate) accounts: AccountUsers,
    pub(crate) beside: Arc<Beside>,
    pub(crate) simulation: Simulation<Preset, Arc<Beside>, Arc<Beside>>,
    settings: Settings,
    blocks: BTreeMap<Root, Block>,
    /// The nonces of users, by shard and user.
    nonces: BTreeMap<(Shard, u64), u64>,
    /// The ether of the ledger at genesis, and what came from validators since.
    came: Gwei,
}

impl World {
    /// Makes a world in which accounts have providers on these shards.
    pub(crate) fn new(provided: &[Shard], setup: impl FnOnce(Genesis) -> Setup) -> Self {
        let (host, mut codes) = (Host::new(HostConfig::default()).unwrap(), MemoryCodes::default());
        let accounts = AccountUsers::new(N_USERS, &host).unwrap();
        let allergic = allergic();
        let ees = vec![
            accounts.ee(&SHARDS, &mut codes),
            genesis_ee(&wat::parse_str(COUNTER).unwrap(), StateRoot::default(), &[1], &mut codes),
            genesis_ee(&allergic, StateRoot::default(), &[1], &mut codes),
        ];
        assert_eq!(ees.iter().map(|ee| ee.takes_receipts).collect::<Vec<_>>(), [true, false, true]);
        let rich = Some(FAUCET);
        let genesis = Genesis { n_validators: Preset::N_VALIDATORS, rich, ees, ..Genesis::default() };
        let settings = Settings { faucet: Some(FAUCET.0), ..Settings::default() };
        let provider = Provider::open(host.load(&allergic).unwrap(), Arc::new(MemoryStore::new())).unwrap();
        let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default()).unwrap();
        let shards = Arc::new(Shards::new(executor, 0));
        for shard in provided {
            shards.add(accounts.provider(*shard).unwrap());
        }
        shards.add(ProviderActor::new(provider, ALLERGIC, 1, []));
        let beside = Arc::new(Beside { shards, bodies: Mutex::default(), captured: Mutex::default() });
        let simulation = Simulation::new(setup(genesis), Arc::clone(&beside), Arc::clone(&beside)).unwrap();
        let mut world = Self {
            accounts,
            beside,
            simulation,
            settings,
            blocks: BTreeMap::new(),
            nonces: BTreeMap::new(),
            came: 0,
        };
        world.came = world.head(0).ledger.total();
        world
    }

    /// Has a user submit an action.
    pub(crate) fn submit(&mut self, shard: Shard, user: u64, amount: Gwei, action: Action) {
        let nonce = self.nonces.entry((shard, user)).or_default();
        let package = self.accounts.package(shard, user, *nonce, amount, action);
        *nonce += 1;
        self.give(shard, ACCOUNT, package);
    }

    /// Has a user submit a transfer to a user on a shard, with a fee.
    pub(crate) fn send(&mut self, from: (Shard, u64), to: (Shard, u64), amount: Gwei, fee: Gwei) {
        let action = self.accounts.to(to.0, to.1, fee);
        self.submit(from.0, from.1, amount, action);
    }

    /// Returns the operations of a block in which a validator sends ether to the accounts of a shard.
    pub(crate) fn withdrawal(&self, shard: Shard, amount: Gwei, payload: &[u8]) -> Operations {
        let state = self.head(0).state;
        let message = WithdrawToEe {
            validator_index: FAUCET.0,
            epoch: (state.slot + 1) / 8,
            balance: *state.balances.get(FAUCET.0 as usize).unwrap(),
            shard,
            ee: ACCOUNT,
            amount,
            payload: payload.to_vec().try_into().unwrap(),
        };
        let signing_root = compute_signing_root(&message, get_domain(&state, DOMAIN_WITHDRAW_TO_EE, None));
        let signature = self.simulation.keys().sign(&[FAUCET.0], signing_root).unwrap();
        let withdrawals = vec![SignedWithdrawToEe { message, signature }].try_into().unwrap();
        Operations { withdrawals, ..Operations::default() }
    }

    pub(crate) fn give(&self, shard: Shard, ee: EeIndex, package: Vec<u8>) {
        self.beside.shards.with(shard, ee, |provider| provider.submit(package)).unwrap().unwrap();
    }

    /// Runs slots, and checks all ether in each.
    pub(crate) fn run(&mut self, n_slots: u64) {
        for _ in 0..n_slots {
            self.run_with(&Operations::default());
        }
    }

    pub(crate) fn run_with(&mut self, operations: &Operations) {
        let admission = HostAdmission::default();
        let judge = self.beside.shards.executor();
        let settings = &self.settings;
        let rules = Rules { settings, admission: &admission, judge, verify_signatures: true };
        for block in self.simulation.run_slot(operations, rules).unwrap() {
            self.blocks.insert(hash_tree_root(&block.block.message), block);
        }
        self.came += operations.withdrawals.iter().map(|signed| signed.message.amount).sum::<Gwei>();
        let failures = self.beside.shards.take_failures();
        let failures: Vec<_> = failures.iter().map(|failure| chain(failure)).collect();
        assert!(failures.is_empty(), "slot {}: {failures:?}", self.simulation.slot());
        for (view, checked) in self.simulation.views().iter().enumerate() {
            assert!(checked.refused().is_empty(), "{:?}", checked.refused());
            self.check_ether(view);
        }
    }

    /// Checks the ether of the chain of a view: accounts have at most what their EE has on each shard (R10), the ledger has
    /// what came from validators less what went to them, and its parts are the whole.
    #[track_caller]
    fn check_ether(&self, view: usize) {
        let head = self.head(view);
        head.ledger.check_conservation().unwrap();
        for shard in SHARDS {
            let [accounts, of_ee] =
                [self.balances(&head.ledger, shard).values().sum(), balance(&head.ledger, shard, ACCOUNT)];
            assert!(accounts <= of_ee, "slot {}, shard {shard}: {accounts} > {of_ee}", head.state.slot);
            // The EE began with more than the accounts; all that came since, went to an account or was theirs.
            assert_eq!(of_ee - accounts, EE_ETHER - Gwei::from(N_USERS) * ETHER, "shard {shard}");
        }
        let fees = self.executions(view).map(fees).sum::<Gwei>();
        let joined = head.state.validators.iter().skip(Preset::N_VALIDATORS as usize);
        let joined = joined.map(|validator| validator.effective_balance).sum::<Gwei>();
        let came = self.came - self.not_on(view);
        // Proposers pay for bytes, and that is burnt.
        let kept = head.ledger.total() - head.ledger.burnt();
        assert_eq!(kept, came - fees - joined, "slot {}", head.state.slot);
    }

    /// Returns the ether that came from validators in blocks of other branches only.
    fn not_on(&self, view: usize) -> Gwei {
        let withdrawn = |blocks: Vec<&Block>| -> Gwei {
            blocks
                .iter()
                .flat_map(|block| &block.operations.withdrawals)
                .map(|signed| signed.message.amount)
                .sum()
        };
        let all: Gwei = withdrawn(self.blocks.values().collect());
        all - withdrawn(self.chain(view).collect())
    }

    pub(crate) fn head(&self, view: usize) -> ExtendedState<Phase1<Preset>> {
        self.simulation.views()[view].head().unwrap().1
    }

    /// Returns the blocks of the chain of a view, the latest first.
    pub(crate) fn chain(&self, view: usize) -> impl Iterator<Item = &Block> {
        let head = self.simulation.views()[view].head().unwrap().0;
        let block = |root: &Root| self.blocks.get(root);
        std::iter::successors(block(&head), move |child| block(&child.block.message.parent_root))
    }

    /// Returns the executions that the chain of a view has crosslinked, the latest block first.
    pub(crate) fn executions(&self, view: usize) -> impl Iterator<Item = &ShardExecution> {
        self.chain(view).flat_map(|block| &block.operations.executions)
    }

    /// Returns the crosslinked execution of a shard's block of a slot.
    pub(crate) fn execution(&self, shard: Shard, slot: Slot) -> &ShardExecution {
        self.executions(0).find(|execution| (execution.shard, execution.slot) == (shard, slot)).unwrap()
    }

    /// Returns the balances of all accounts on a shard, by address.
    pub(crate) fn balances(&self, ledger: &Ledger, shard: Shard) -> BTreeMap<[u8; 32], Gwei> {
        let state = ledger.shards().get(shard as usize).unwrap().ees().get(ACCOUNT as usize).unwrap();
        let root = StateRoot(state.state_root.0);
        let balances =
            self.beside.shards.with(shard, ACCOUNT, |provider| AccountUsers::balances(provider, root));
        // A shard without a provider is as in the beginning.
        balances.map_or_else(
            || (0..N_USERS).map(|user| (self.address(user.into()), ETHER)).collect(),
            Result::unwrap,
        )
    }

    pub(crate) fn address(&self, user: u64) -> [u8; 32] {
        self.accounts.public_key(user).address().0
    }

    /// Returns the balance of a user on a shard at the head of the first view.
    pub(crate) fn balance(&self, shard: Shard, user: u64) -> Gwei {
        self.balances(&self.head(0).ledger, shard)[&self.address(user)]
    }

    /// Returns the balances of all accounts on all shards, with the unclaimed ether, which has to be none.
    pub(crate) fn all_balances(&self) -> Gwei {
        let ledger = self.head(0).ledger;
        let of_shard = |shard| {
            let balances = self.balances(&ledger, shard);
            assert!(!balances.contains_key(&UNCLAIMED.0), "shard {shard}");
            balances.values().sum::<Gwei>()
        };
        SHARDS.into_iter().map(of_shard).sum()
    }

    /// Checks that the chain of a view settles each receipt that it has sent, exactly once, and nothing else. Returns their
    /// number.
    #[track_caller]
    pub(crate) fn check_exactly_once(&self, view: usize) -> usize {
        let mut sent = BTreeSet::new();
        let mut settled = Vec::new();
        for execution in self.executions(view) {
            for lane in &execution.header.lanes {
                let numbers = lane.first..lane.first + u64::from(lane.n);
                sent.extend(numbers.map(|number| (execution.shard, lane.destination_shard, number)));
            }
            for settlement in &execution.header.settlements {
                let set = (0..settlement.settled.len()).filter(|bit| settlement.settled.get(*bit).unwrap());
                let numbers = set.map(|bit| settlement.first + bit as u64);
                settled.extend(numbers.map(|number| (settlement.source_shard, execution.shard, number)));
            }
        }
        settled.sort_unstable();
        assert_eq!(settled, sent.iter().copied().collect::<Vec<_>>());
        settled.len()
    }
}

/// Returns the ether of an EE on a shard.
pub(crate) fn balance(ledger: &Ledger, shard: Shard, ee: EeIndex) -> Gwei {
    ledger.shards().get(shard as usize).unwrap().ees().get(ee as usize).unwrap().balance
}

/// Returns what the proposer of a block gets from EEs.
fn fees(execution: &ShardExecution) -> Gwei {
    let header = &execution.header;
    let of_receipts = header.settlements.iter().map(|settlement| settlement.fees).sum::<Gwei>();
    of_receipts + header.transitions.iter().map(|transition| transition.proposer_fee).sum::<Gwei>()
}
