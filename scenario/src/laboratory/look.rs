//! The view of users: the states of the EE `styles` after the latest block of each shard.

use outrider_beacon::ledger::{EeIndex, ShardLedger, lane_index};
use outrider_beacon_spec::types::{Shard, Slot};
use outrider_host::StateRoot;
use outrider_sdk::{
    Reader,
    receipt::{EeIndex as SdkEeIndex, ShardIndex, Slot as SdkSlot},
    state::Key,
    styles::{
        Place, Record,
        capability::{self, Capability},
        conditional::{self, Versions},
        htlc::{Swap, UserId},
        key, load,
        lock::{self, LockError, Transaction},
        transfer, yank,
    },
};
use outrider_shard::executor::MemoryCodes;
use outrider_sim::Shards;
use outrider_witness::{Keccak256, Recorder, smt::Tree, store::MemoryStore};
use styles::{Balance, Good, GoodKind, Shelved, good_key, user_key};

use super::measure::Till;
use crate::population::Failure;

/// A look at the states of the EE on all shards.
pub(super) struct Look<'w> {
    /// The shards, each after its latest block.
    pub(super) tips: &'w [ShardLedger],
    pub(super) shards: &'w Shards<MemoryCodes>,
    pub(super) ee: EeIndex,
    /// The slot of the next block.
    pub(super) slot: Slot,
}

type State<'s> = Tree<Keccak256, &'s MemoryStore>;

impl Look<'_> {
    pub(super) fn place(&self, shard: Shard) -> Place {
        Place { shard: ShardIndex(shard), ee: SdkEeIndex(self.ee.into()) }
    }

    fn root(&self, shard: Shard) -> Result<StateRoot, Failure> {
        let ledger = usize::try_from(shard).ok().and_then(|shard| self.tips.get(shard));
        let state = ledger.and_then(|ledger| ledger.ees().get(self.ee as usize));
        Ok(StateRoot(state.ok_or("the EE is not on the shard")?.state_root.0))
    }

    /// Reads from the state on a shard.
    fn read<T, E: Into<Failure>>(
        &self,
        shard: Shard,
        read: impl FnOnce(&mut State<'_>) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let root = self.root(shard)?;
        let read = |state: &mut State<'_>| read(state).map_err(Into::into);
        let of_actor = self
            .shards
            .with(shard, self.ee, |actor| read(&mut Tree::open(&root.into(), actor.provider().store())));
        of_actor.ok_or("there is no provider on the shard")?
    }

    /// Returns the units of a user that can be used, and those that depend on nothing.
    pub(super) fn units(&self, shard: Shard, user: &UserId) -> Result<(u64, u64), Failure> {
        let balance = self.versions::<Balance>(shard, &user_key(user))?;
        Ok(balance.map_or((0, 0), |balance| (balance.active().0, sure(&balance).0)))
    }

    /// Returns the good that is sold in the state of a resource, and whether it is locked.
    pub(super) fn resource(&self, shard: Shard, good: u64) -> Result<(Good, bool), Failure> {
        let key = good_key(GoodKind::Resource, good);
        self.read(shard, |state| {
            let data = lock::data(state, &key)?;
            let good = Good::read(&mut Reader::new(&data)).ok_or("a malformed good")?;
            Ok::<_, Failure>((good, lock::is_locked(state, &key)?))
        })
    }

    /// Returns the good that is sold by reservations.
    pub(super) fn shelved(&self, shard: Shard, good: u64) -> Result<Shelved, Failure> {
        let shelved = self.read(shard, |state| load(state, &good_key(GoodKind::Shelved, good)))?;
        Ok(shelved.ok_or("there is no such good")?)
    }

    /// Returns the good that is sold in versions, and whether it is sure.
    pub(super) fn versioned(&self, shard: Shard, good: u64) -> Result<(Good, bool), Failure> {
        let versions = self.versions::<Good>(shard, &good_key(GoodKind::Versioned, good))?;
        let versions = versions.ok_or("there is no such good")?;
        Ok((*versions.active(), versions.is_sure()))
    }

    /// Returns the till of the good that is sold in versions.
    pub(super) fn versioned_till(&self, shard: Shard, good: u64) -> Result<Till, Failure> {
        let versions = self.versions::<Good>(shard, &good_key(GoodKind::Versioned, good))?;
        let versions = versions.ok_or("there is no such good")?;
        let [usable, sure] = [*versions.active(), sure(&versions)].map(|good| good.till);
        Ok(Till { usable, sure, is_frozen: !versions.is_sure() })
    }

    fn versions<T: Record + Clone>(&self, shard: Shard, key: &Key) -> Result<Option<Versions<T>>, Failure> {
        self.read(shard, |state| {
            let mut versions: Option<Versions<T>> = load(state, key)?;
            if let Some(versions) = &mut versions {
                conditional::refresh(state, versions, SdkSlot(self.slot))?;
            }
            Ok::<_, Failure>(versions)
        })
    }

    /// Returns the key of the contract of a good that was made on a shard.
    pub(super) fn contract_key(&self, made_on: Shard, good: u64) -> Key {
        yank::contract_key(self.place(made_on), &good.to_le_bytes())
    }

    /// Returns the good whose contract is on a shard, or `None` if it is elsewhere.
    pub(super) fn contract(&self, shard: Shard, key: &Key) -> Result<Option<Good>, Failure> {
        self.read(shard, |state| match yank::state(state, key) {
            Ok(bytes) => Ok(Good::read(&mut Reader::new(&bytes))),
            Err(yank::YankError::Record(error)) => Err(Failure::from(error)),
            Err(_) => Ok(None),
        })
    }

    /// Returns whether a capability is in the set of a shard.
    pub(super) fn is_set(&self, shard: Shard, capability: &Capability) -> Result<bool, Failure> {
        self.read(shard, |state| capability::is_set(state, capability))
    }

    /// Returns whether the clock of the set of a shard is after a slot.
    pub(super) fn is_after(&self, shard: Shard, slot: Slot) -> Result<bool, Failure> {
        let value = self.read(shard, |state| {
            Ok::<_, Failure>(state.get(&key("capability", &[b"clock"]))?.map(<[u8]>::to_vec))
        })?;
        let clock = value.and_then(|value| value.try_into().ok()).map_or(0, u64::from_le_bytes);
        Ok(clock > slot)
    }

    /// Proves whether a capability is in the set of a shard.
    pub(super) fn proof(&self, shard: Shard, capability: Capability) -> Result<Vec<u8>, Failure> {
        let root = self.root(shard)?;
        let proof = self.shards.with(shard, self.ee, |actor| {
            let recorder = Recorder::new(actor.provider().store());
            let mut state = Tree::<Keccak256, _>::open(&root.into(), recorder);
            capability::read(&mut state, &[capability])?;
            Ok::<_, Failure>(state.into_witness()?)
        });
        proof.ok_or("there is no provider on the shard")?
    }

    /// Returns the number of the next transfer object of a shard.
    pub(super) fn next_object(&self, shard: Shard) -> Result<u64, Failure> {
        self.read(shard, |state| transfer::next_number(state))
    }

    /// Returns the number of the next receipt from a shard to another.
    pub(super) fn next_receipt(&self, from: Shard, to: Shard) -> Result<u64, Failure> {
        let of_shard = usize::try_from(from).ok().and_then(|from| self.tips.get(from));
        let lane = of_shard.and_then(|shard| shard.outbound().get(usize::try_from(lane_index(to)).ok()?));
        Ok(lane.map_or(0, |lane| lane.next))
    }

    /// Returns whether a transaction has locks and is not decided, on the shard of its home.
    pub(super) fn is_open(&self, shard: Shard, transaction: &Transaction) -> Result<bool, Failure> {
        self.read(shard, |state| match lock::granted(state, transaction, transaction.until) {
            Ok(_) => Ok(true),
            Err(LockError::Record(error)) => Err(Failure::from(error)),
            Err(_) => Ok(false),
        })
    }

    /// Returns whether there is a swap with a number.
    pub(super) fn has_swap(&self, shard: Shard, id: u64) -> Result<bool, Failure> {
        let swap: Option<Swap> = self.read(shard, |state| load(state, &key("swap", &[&id.to_le_bytes()])))?;
        Ok(swap.is_some())
    }
}

/// Returns the version that holds if no condition is met.
fn sure<T: Clone>(versions: &Versions<T>) -> T {
    let mut versions = versions.clone();
    let first = versions.conditions().next();
    if let Some(first) = first {
        versions.decide(&first, false);
    }
    versions.active().clone()
}
