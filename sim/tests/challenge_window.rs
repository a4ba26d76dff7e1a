//! Chains with the longest challenge window: headers count long after their blocks are final.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/users.rs"]
#[allow(dead_code, reason = "these tests use a part")]
mod users;

use std::{collections::BTreeSet, sync::Arc};

use outrider_beacon::{
    admission::HostAdmission,
    ledger::{CHALLENGE_SLOTS_MAX, LedgerOperations, Settings},
    registry::Rules,
};
use outrider_beacon_spec::types::{Gwei, Shard, Slot};
use outrider_host::{Host, HostConfig, StateRoot, chain};
use outrider_shard::{
    Executor,
    executor::{ExecutorConfig, MemoryCodes},
};
use outrider_sim::{Fault, Genesis, Setup, Shards, SignatureMode, SimPreset, Simulation};
use users::{ACCOUNT, AccountUsers};

type Preset = SimPreset<4>;

const SHARDS: [Shard; 4] = [0, 1, 2, 3];
const ETHER: Gwei = 1_000_000_000;

struct World {
    accounts: AccountUsers,
    shards: Arc<Shards<MemoryCodes>>,
    simulation: Simulation<Preset, Arc<Shards<MemoryCodes>>, Arc<Shards<MemoryCodes>>>,
    settings: Settings,
    /// The nonce of the user who pays, on each shard.
    nonce: u64,
}

impl World {
    fn new(faults: Vec<Fault>) -> Self {
        let (host, mut codes) = (Host::new(HostConfig::default()).unwrap(), MemoryCodes::default());
        let accounts = AccountUsers::new(3, &host).unwrap();
        let ees = vec![accounts.ee(&SHARDS, &mut codes)];
        let genesis = Genesis { n_validators: Preset::N_VALIDATORS, ees, ..Genesis::default() };
        let settings = Settings { challenge_slots: CHALLENGE_SLOTS_MAX, ..Settings::default() };
        let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default()).unwrap();
        let shards = Arc::new(Shards::new(executor, 0));
        SHARDS.iter().for_each(|shard| shards.add(accounts.provider(*shard).unwrap()));
        let setup = Setup { faults, signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) };
        let simulation = Simulation::new(setup, Arc::clone(&shards), Arc::clone(&shards)).unwrap();
        Self { accounts, shards, simulation, settings, nonce: 0 }
    }

    /// Runs slots, in which no provider fails.
    fn run(&mut self, n_slots: u64) {
        let admission = HostAdmission::default();
        for _ in 0..n_slots {
            let (settings, judge) = (&self.settings, self.shards.executor());
            let rules = Rules { settings, admission: &admission, judge, verify_signatures: true };
            self.simulation.run_slot(&LedgerOperations::default(), rules).unwrap();
            let failures = self.shards.take_failures();
            let failures: Vec<_> = failures.iter().map(|failure| chain(failure)).collect();
            assert!(failures.is_empty(), "slot {}: {failures:?}", self.simulation.slot());
        }
    }

    /// On each shard, has a user pay 1,000 Gwei to another one.
    fn pay(&mut self) {
        for shard in SHARDS {
            self.give(shard, self.accounts.transfer(shard, 0, self.nonce, 1));
        }
        self.nonce += 1;
    }

    fn give(&self, shard: Shard, package: Vec<u8>) {
        self.shards.with(shard, ACCOUNT, |provider| provider.submit(package)).unwrap().unwrap();
    }

    /// Returns the balance of a user on each shard, in the headers that count.
    fn balances(&self, user: u64) -> [Gwei; 4] {
        let ledger = self.simulation.views()[0].head().unwrap().1.ledger;
        let address = self.accounts.public_key(user).address().0;
        SHARDS.map(|shard| {
            let state = *ledger.shards().get(shard as usize).unwrap().ees().get(ACCOUNT as usize).unwrap();
            let root = StateRoot(state.state_root.0);
            let balances = self.shards.with(shard, ACCOUNT, |actor| AccountUsers::balances(actor, root));
            balances.unwrap().unwrap()[&address]
        })
    }
}

/// Finality takes less time than the window. Providers keep the states on which blocks build, although these have not counted
/// and their blocks are final.
#[test]
fn providers_keep_states_that_have_not_counted_until_they_do() {
    let mut world = World::new(Vec::new());
    for _ in 0..4 {
        world.pay();
        world.run(1);
    }
    world.run(100);
    assert_eq!(world.balances(1), [ETHER + 4_000; 4]);
    for _ in 0..4 {
        world.pay();
        world.run(1);
    }
    world.run(66);
    assert_eq!(world.balances(1), [ETHER + 8_000; 4]);
}

/// For so long that receipts could not be proven when their headers count, no shard is crosslinked. The shards go on, whether
/// they have sent or not.
#[test]
fn shards_go_on_after_an_outage() {
    let (from, until): (Slot, Slot) = (2, 222);
    let faults = (from..until).map(|slot| Fault::WithheldAttestations { slot, known_to: BTreeSet::new() });
    let mut world = World::new(faults.collect());
    world.run(from);
    let send = world.accounts.package(0, 2, 0, 500, world.accounts.to(1, 1, 3));
    world.give(0, send);
    world.give(1, world.accounts.transfer(1, 2, 0, 1));
    world.run(until + 4 - from);
    world.pay();
    world.run(2);
    world.pay();
    // Packages of the lost blocks were in later ones. The message's header counted when the message had expired, so its value returns.
    world.run(200);
    assert_eq!(world.balances(1)[..2], [ETHER + 2_000, ETHER + 3_000]);
    assert_eq!(world.balances(2)[..2], [ETHER - 1, ETHER - 1_000]);
    world.simulation.views()[0].head().unwrap().1.ledger.check_conservation().unwrap();
}
