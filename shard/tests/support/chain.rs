//! A ledger with EEs, and places for blocks on it.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its own part, and stops at an error")]

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use outrider_beacon::ledger::{
    EePayload, ExtendedState, GenesisEe, Ledger, Settings, ShardBody, ShardPlace, apply_execution_header,
};
use outrider_beacon::proof::Layout;
use outrider_beacon_spec::{
    containers::BeaconState,
    phase::Phase1,
    preset::{Minimal, Preset},
    types::{Bytes32, Gwei, Root, Shard},
};
use outrider_host::{EngineKind, Host, HostConfig};
use outrider_shard::executor::{Executor, ExecutorConfig, MemoryCodes};
use outrider_sim::Genesis;

type P = Phase1<Minimal>;
pub(crate) type TestExecutor = Executor<Arc<MemoryCodes>>;

static STATE: LazyLock<BeaconState<P>> = LazyLock::new(|| {
    let (node, _) = Genesis { n_validators: 64, ..Genesis::default() }.node::<P>().unwrap();
    node.store().block_states.values().next().unwrap().clone()
});

/// The settings of the chain.
pub(crate) fn settings() -> Settings {
    Settings { fuel_per_ee_max: 10_000_000, fuel_per_block_max: 20_000_000, ..Settings::default() }
}

/// EEs on shards, with their codes.
#[derive(Default)]
pub(crate) struct Ees {
    pub(crate) codes: MemoryCodes,
    ees: Vec<GenesisEe>,
}

impl Ees {
    /// Adds an EE with an initial root and ether on shards.
    pub(crate) fn add(self, code: Vec<u8>, initial_state_root: Bytes32, shards: &[(Shard, Gwei)]) -> Self {
        self.add_with(code, initial_state_root, shards, false)
    }

    /// Adds an EE that takes receipts or not.
    pub(crate) fn add_with(
        mut self,
        code: Vec<u8>,
        initial_state_root: Bytes32,
        shards: &[(Shard, Gwei)],
        takes_receipts: bool,
    ) -> Self {
        self.ees.push(GenesisEe {
            code_hash: self.codes.insert(code),
            initial_state_root,
            refund_credentials: STATE.validators.get(0).unwrap().withdrawal_credentials,
            shards: shards.to_vec(),
            takes_receipts,
            ..GenesisEe::default()
        });
        self
    }

    pub(crate) fn chain(self) -> Chain {
        self.chain_of(&STATE)
    }

    /// Returns the chain with the shards of a state.
    pub(crate) fn chain_of<C: Preset>(self, state: &BeaconState<Phase1<C>>) -> Chain {
        let ledger = Ledger::genesis(state, &self.ees).unwrap();
        Chain { codes: Arc::new(self.codes), ledger }
    }
}

/// A ledger, and the codes of its EEs.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) codes: Arc<MemoryCodes>,
    pub(crate) ledger: Ledger,
}

impl Chain {
    pub(crate) fn place(&self, shard: Shard) -> ShardPlace {
        ShardPlace {
            shard,
            slot: 9,
            epoch: 1,
            beacon_parent_root: Root::repeat_byte(0xbb),
            beacon_parent: self.ledger.clone(),
            layout: Layout::MINIMAL,
            finalized_slot: 8,
            view: self.ledger.clone(),
            assumable: BTreeSet::new(),
        }
    }

    /// Returns the genesis of a beacon chain with the ledger.
    pub(crate) fn extended(&self) -> ExtendedState<P> {
        ExtendedState { state: STATE.clone(), ledger: self.ledger.clone() }
    }

    pub(crate) fn executor(&self) -> TestExecutor {
        self.executor_of(EngineKind::Wasmtime, 2)
    }

    pub(crate) fn executor_with(&self, settings: Settings) -> TestExecutor {
        let host = Host::new(HostConfig::default()).unwrap();
        let config = ExecutorConfig { n_threads: 2, ..ExecutorConfig::default() };
        Executor::new(host, Arc::clone(&self.codes), settings, &config).unwrap()
    }

    pub(crate) fn executor_of(&self, engine: EngineKind, n_threads: usize) -> TestExecutor {
        let host = Host::new(HostConfig { engine, ..HostConfig::default() }).unwrap();
        let config = ExecutorConfig { n_threads, ..ExecutorConfig::default() };
        Executor::new(host, Arc::clone(&self.codes), settings(), &config).unwrap()
    }
}

/// Returns the place of a shard's next block, one slot after this one.
pub(crate) fn after(place: &ShardPlace, body: &ShardBody) -> ShardPlace {
    let mut next = place.clone();
    let at = (place.shard, place.slot);
    apply_execution_header(&mut next.view, at, &body.header, place.epoch, &settings()).unwrap();
    next.slot += 1;
    next
}

pub(crate) fn payload(ee: u32, block_data: &[u8]) -> EePayload {
    EePayload { ee, block_data: block_data.to_vec().try_into().unwrap(), ..EePayload::default() }
}
