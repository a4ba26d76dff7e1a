//! Four shards with the EE that sells goods in every style, and its state provider on each.

#![allow(
    dead_code,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "each test file uses its own part, prints figures, and stops at an error"
)]

use std::sync::{Arc, LazyLock};

use outrider_beacon::ledger::{EePayload, RootRead as LedgerRead};
use outrider_beacon_spec::types::{Bytes32, Shard};
use outrider_host::{Ee, Host, HostConfig, RootRead, StateRoot};
use outrider_sdk::{
    receipt::{EeIndex, ReceivedReceipt, ShardIndex, Slot},
    state::Key,
    styles::{
        Place, Record,
        capability::{self, Capability},
        conditional::Versions,
        htlc::UserId,
        load, lock, yank,
    },
};
use outrider_shard::{Previous, Provider, Surroundings, executor::context, relay::Waiting};
use outrider_witness::{Keccak256, Recorder, smt::Tree, store::MemoryStore};
use styles::{Balance, Good, GoodKind, Operation, Shelved, good_key, user_key};

use crate::{
    chain::Ees,
    mail::{N_SHARDS, World},
};

/// The index of the EE.
pub(crate) const EE: u32 = 0;

pub(crate) fn on(shard: Shard) -> Place {
    Place { shard: ShardIndex(shard), ee: EeIndex(EE.into()) }
}

pub(crate) fn user(n: u8) -> UserId {
    UserId([n; 32])
}

fn code() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ees/blobs/styles.wasm");
    std::fs::read(path).expect("the repository has the blob")
}

/// Returns a provider of the EE's empty state.
pub(crate) fn provider() -> Provider<MemoryStore> {
    static LOADED: LazyLock<Ee> =
        LazyLock::new(|| Host::new(HostConfig::default()).unwrap().load(&code()).expect("it loads"));
    Provider::open(LOADED.clone(), Arc::new(MemoryStore::new())).unwrap()
}

/// Returns the key of the contract of a good that was created on a shard.
pub(crate) fn contract(shard: Shard, good: u64) -> Key {
    yank::contract_key(on(shard), &good.to_le_bytes())
}

/// The shards, and what the blocks of the EE have taken.
pub(crate) struct Market {
    pub(crate) world: World,
    providers: Vec<Provider<MemoryStore>>,
    /// Whether blocks read the roots that blocks of the same slot have made before them.
    pub(crate) assumes: bool,
    /// The roots that the latest block assumes.
    pub(crate) assumed: Vec<LedgerRead>,
    /// The bytes of all bodies since the last [`measure`](Self::measure).
    n_bytes: usize,
    since: u64,
}

impl Market {
    /// Returns shards on each of which ten users, 1 to 10, have 1,000 units, and there are four goods, 0 to 3.
    pub(crate) fn new() -> Self {
        let mut market = Self::closed();
        let mint = (1..=10).map(|n| Operation::Mint { user: user(n), amount: 1_000 });
        let stock = (0..4).map(|good| Operation::Stock { good });
        let genesis: Vec<_> = mint.chain(stock).collect();
        for shard in 0..N_SHARDS {
            market.block(shard, &genesis).unwrap();
        }
        market.tick(1);
        market.measure();
        market
    }

    /// Returns shards without users and goods.
    pub(crate) fn closed() -> Self {
        let shards: Vec<_> = (0..N_SHARDS).map(|shard| (shard, 0)).collect();
        let mut world = World::of(Ees::default().add_with(code(), Bytes32::ZERO, &shards, true));
        world.settings.assumptions_max = 3;
        let providers = (0..N_SHARDS).map(|_| provider()).collect();
        Self { world, providers, assumes: false, assumed: Vec::new(), n_bytes: 0, since: 0 }
    }

    /// Starts to count slots and bytes.
    pub(crate) fn measure(&mut self) {
        (self.n_bytes, self.since) = (0, self.world.slot);
    }

    /// Returns the slots since [`measure`](Self::measure), and the bytes of all blocks in them.
    pub(crate) fn measured(&self, style: &str) -> (u64, usize) {
        let measured = (self.world.slot - self.since, self.n_bytes);
        println!("{style}: {} slots, {} bytes", measured.0, measured.1);
        measured
    }

    pub(crate) fn slot(&self) -> Slot {
        Slot(self.world.slot)
    }

    pub(crate) fn tick(&mut self, slots: u64) {
        self.world.advance(slots);
    }

    /// Makes a block with operations, which reads the roots of all other shards, and takes all receipts that wait.
    pub(crate) fn block(&mut self, shard: Shard, operations: &[Operation]) -> Result<(), String> {
        self.block_with(shard, operations, |_| true)
    }

    /// Makes a block that takes those receipts that a rule chooses.
    pub(crate) fn block_with(
        &mut self,
        shard: Shard,
        operations: &[Operation],
        is_chosen: impl Fn(&ReceivedReceipt) -> bool,
    ) -> Result<(), String> {
        let others: Vec<_> = (0..N_SHARDS).filter(|other| *other != shard).collect();
        let reads = others.iter().map(|other| LedgerRead {
            shard: *other,
            ee: EE,
            state_root: Bytes32::from(self.readable(*other).0),
        });
        let ledger_reads: Vec<_> = reads.collect();
        let mut place = self.world.place(shard);
        if self.assumes {
            place.assumable = ledger_reads.iter().copied().collect();
        }
        let candidates = self.world.relay.waiting(&place);
        let for_ee = candidates.for_ees.get(&EE).into_iter().flatten();
        let chosen: Vec<_> = for_ee.filter(|waiting| is_chosen(&waiting.received())).cloned().collect();
        let receipts: Arc<[_]> = chosen.iter().map(Waiting::received).collect();
        let mut settled: Vec<_> = chosen.into_iter().chain(candidates.for_nobody).collect();
        settled.sort_by_key(|waiting| (waiting.receipt.source_shard, waiting.receipt.sequence));
        let inbound = self.world.relay.batches(&settled);

        let reads: Arc<[_]> = others
            .iter()
            .map(|other| {
                let on = on(*other);
                RootRead { shard: on.shard, ee: on.ee, state_root: self.readable(*other) }
            })
            .collect();
        let surroundings = Surroundings { context: context(&place, EE, 0), reads, receipts };
        let package: Vec<_> = operations.iter().flat_map(Operation::to_bytes).collect();
        let provider = self.providers.get(shard as usize).unwrap();
        let root = self.crosslinked(shard);
        let built =
            provider.build(root, &[package], surroundings).map_err(|error| outrider_host::chain(&error))?;
        let payload = EePayload {
            ee: EE,
            reads: ledger_reads.try_into().unwrap(),
            block_data: built.block_data().to_vec().try_into().unwrap(),
        };
        let contents = outrider_shard::executor::Contents { inbound, payloads: vec![payload] };
        let body = self.world.executor.body(&place, contents).map_err(|error| error.to_string())?;
        self.world.apply(shard, &body)?;
        if built.post_state_root() != root {
            provider.apply(&[built], Previous::Keep).unwrap();
        }
        self.n_bytes += body.to_body().len();
        self.assumed = body.header.assumptions.to_vec();
        Ok(())
    }

    /// Returns the state root of a shard that blocks on other shards read.
    fn readable(&self, shard: Shard) -> StateRoot {
        if self.assumes { StateRoot(self.world.state_root(shard, EE).0) } else { self.crosslinked(shard) }
    }

    /// Returns the state root of a shard on which blocks of this slot build.
    fn crosslinked(&self, shard: Shard) -> StateRoot {
        let shard = self.world.parent.shards().get(shard as usize).unwrap();
        StateRoot(shard.ees().get(EE as usize).unwrap().state_root.0)
    }

    fn tree(&self, shard: Shard, root: StateRoot) -> Tree<Keccak256, &MemoryStore> {
        Tree::open(&root.into(), self.providers.get(shard as usize).unwrap().store())
    }

    /// Returns the state of a shard after the blocks of this slot.
    fn state(&self, shard: Shard) -> Tree<Keccak256, &MemoryStore> {
        self.tree(shard, StateRoot(self.world.state_root(shard, EE).0))
    }

    /// Makes the proof about capabilities in the state of a shard that blocks on other shards read.
    pub(crate) fn proof(&self, shard: Shard, capabilities: &[Capability]) -> Vec<u8> {
        let store = self.providers.get(shard as usize).unwrap().store();
        let mut tree = Tree::<Keccak256, _>::open(&self.readable(shard).into(), Recorder::new(store));
        capability::read(&mut tree, capabilities).unwrap();
        tree.into_witness().unwrap()
    }

    /// Returns the units of a user, with those that have not arrived, and whether they are sure.
    pub(crate) fn units(&self, shard: Shard, of: UserId) -> (u64, bool) {
        let balance: Option<Versions<Balance>> = load(&mut self.state(shard), &user_key(&of)).unwrap();
        balance.map_or((0, true), |balance| (balance.active().0, balance.is_sure()))
    }

    /// Returns the good of each kind, as it is now: the resource, the one on the shelf with whether it is reserved, and the
    /// versioned one with whether it is sure.
    pub(crate) fn good(&self, shard: Shard, good: u64) -> (Good, (Good, bool), (Good, bool)) {
        let mut state = self.state(shard);
        let resource = lock::data(&mut state, &good_key(GoodKind::Resource, good)).unwrap();
        let resource = Good::read(&mut outrider_sdk::Reader::new(&resource)).unwrap();
        let shelved: Shelved = load(&mut state, &good_key(GoodKind::Shelved, good)).unwrap().unwrap();
        let versions: Versions<Good> =
            load(&mut state, &good_key(GoodKind::Versioned, good)).unwrap().unwrap();
        let shelf = (shelved.good, shelved.reservation != [0; 32]);
        (resource, shelf, (*versions.active(), versions.is_sure()))
    }

    pub(crate) fn is_locked(&self, shard: Shard, good: u64) -> bool {
        lock::is_locked(&mut self.state(shard), &good_key(GoodKind::Resource, good)).unwrap()
    }

    /// Returns a good whose contract is on a shard, or `None` if it is elsewhere.
    pub(crate) fn contract(&self, shard: Shard, key: &Key) -> Option<Good> {
        let bytes = yank::state(&mut self.state(shard), key).ok()?;
        Good::read(&mut outrider_sdk::Reader::new(&bytes))
    }

    /// Returns the units of all users and tills of all shards.
    pub(crate) fn total(&self) -> u64 {
        let shards = 0..N_SHARDS;
        let users = shards.clone().flat_map(|shard| (1..=10).map(move |n| self.units(shard, user(n)).0));
        let tills = shards.clone().flat_map(|shard| {
            (0..4).map(move |good| {
                let (resource, (shelved, _), (versioned, _)) = self.good(shard, good);
                let key = contract(shard, good);
                let contracts = (0..N_SHARDS).filter_map(|at| self.contract(at, &key)).map(|good| good.till);
                resource.till + shelved.till + versioned.till + contracts.sum::<u64>()
            })
        });
        users.sum::<u64>() + tills.sum::<u64>()
    }
}

/// The units of all users in the beginning.
pub(crate) const TOTAL: u64 = N_SHARDS * 10 * 1_000;
