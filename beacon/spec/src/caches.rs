//! What has been computed from a state and is asked for again and again.
//!
//! Who is active in an epoch does not change any more once the epoch before has begun, as validators come and go
//! five epochs ahead. So active validators and committees are kept by epoch, and only of epochs of which that
//! holds. Effective balances change at the end of an epoch; what depends on them is kept by epoch or slot, and
//! forgotten when they change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    bls::{BlsError, PublicKey},
    error::Error,
    types::{BLSPubkey, Bytes32, DomainType, Epoch, Gwei, ValidatorIndex},
};

/// Validators, shared between copies of a state.
pub(crate) type Indices = Arc<[ValidatorIndex]>;

/// How many epochs, and how many shuffled lists, are kept.
const KEPT: usize = 8;

/// What has been computed from a state. Its copies have the same, but learn apart.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    kept: Mutex<Kept>,
    /// Keys by their encoding, on which alone they depend; so, all copies share them.
    pubkeys: Arc<Mutex<BTreeMap<BLSPubkey, PublicKey>>>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    active: BTreeMap<Epoch, Indices>,
    shuffled: BTreeMap<(Epoch, DomainType), (Bytes32, Indices)>,
    total_active_balance: Option<(Epoch, Gwei)>,
    proposer_index: Option<((Epoch, Bytes32), ValidatorIndex)>,
}

impl Clone for Caches {
    fn clone(&self) -> Self {
        Self { kept: Mutex::new(lock(&self.kept).clone()), pubkeys: Arc::clone(&self.pubkeys) }
    }
}

impl Caches {
    /// Forgets all but keys.
    pub(crate) fn forget(&mut self) {
        *lock(&self.kept) = Kept::default();
    }

    /// Forgets what depends on effective balances.
    pub(crate) fn forget_balances(&mut self) {
        let mut kept = lock(&self.kept);
        kept.total_active_balance = None;
        kept.proposer_index = None;
    }

    /// Returns keys that are shared with another state, and nothing else.
    pub(crate) fn of_keys(&self) -> Self {
        Self { kept: Mutex::default(), pubkeys: Arc::clone(&self.pubkeys) }
    }

    /// The active validators of an epoch.
    pub(crate) fn active(&self, epoch: Epoch, compute: impl FnOnce() -> Indices) -> Indices {
        if let Some(active) = lock(&self.kept).active.get(&epoch) {
            return Arc::clone(active);
        }
        let active = compute();
        let mut kept = lock(&self.kept);
        kept.active.insert(epoch, Arc::clone(&active));
        if kept.active.len() > KEPT {
            kept.active.pop_first();
        }
        active
    }

    /// The active validators of an epoch, shuffled by a seed of a domain.
    pub(crate) fn shuffled(
        &self,
        epoch: Epoch,
        domain_type: DomainType,
        seed: Bytes32,
        compute: impl FnOnce() -> Indices,
    ) -> Indices {
        let key = (epoch, domain_type);
        if let Some((kept_seed, shuffled)) = lock(&self.kept).shuffled.get(&key)
            && *kept_seed == seed
        {
            return Arc::clone(shuffled);
        }
        let shuffled = compute();
        let mut kept = lock(&self.kept);
        kept.shuffled.insert(key, (seed, Arc::clone(&shuffled)));
        if kept.shuffled.len() > KEPT {
            kept.shuffled.pop_first();
        }
        shuffled
    }

    /// The total active balance of an epoch.
    pub(crate) fn total_active_balance(
        &self,
        epoch: Epoch,
        compute: impl FnOnce() -> Result<Gwei, Error>,
    ) -> Result<Gwei, Error> {
        if let Some((kept_epoch, balance)) = lock(&self.kept).total_active_balance
            && kept_epoch == epoch
        {
            return Ok(balance);
        }
        let balance = compute()?;
        lock(&self.kept).total_active_balance = Some((epoch, balance));
        Ok(balance)
    }

    /// The proposer of a slot of an epoch, by the slot's seed.
    pub(crate) fn proposer_index(
        &self,
        epoch: Epoch,
        seed: Bytes32,
        compute: impl FnOnce() -> Result<ValidatorIndex, Error>,
    ) -> Result<ValidatorIndex, Error> {
        let key = (epoch, seed);
        if let Some((kept, index)) = lock(&self.kept).proposer_index
            && kept == key
        {
            return Ok(index);
        }
        let index = compute()?;
        lock(&self.kept).proposer_index = Some((key, index));
        Ok(index)
    }

    /// A decoded key.
    pub(crate) fn pubkey(&self, pubkey: &BLSPubkey) -> Result<PublicKey, BlsError> {
        if let Some(decoded) = lock(&self.pubkeys).get(pubkey) {
            return Ok(*decoded);
        }
        let decoded = PublicKey::decode(pubkey)?;
        lock(&self.pubkeys).insert(*pubkey, decoded);
        Ok(decoded)
    }
}

/// Locks; whoever panics meanwhile leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
