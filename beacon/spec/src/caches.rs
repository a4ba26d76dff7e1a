//! Values computed from a state, cached.
//!
//! The set of active validators of an epoch is fixed once the epoch before has begun, as activations and exits take
//! effect five epochs ahead. So the caches hold active validators and committees by epoch, and only for such epochs.
//! Effective balances change at the end of an epoch; values that depend on them are cached by epoch or slot and
//! dropped when balances change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    bls::{PointError, PublicKey, decode_pubkey},
    error::Error,
    types::{BLSPubkey, Bytes32, DomainType, Epoch, Gwei, ValidatorIndex},
};

/// Validator indices, shared between copies of a state.
pub(crate) type Indices = Arc<[ValidatorIndex]>;

/// The number of epochs, and of shuffled lists, that the caches hold.
const ENTRIES_MAX: usize = 8;

/// The caches of a state. A copy of the state starts with the same entries; later ones are its own.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    entries: Mutex<Entries>,
    /// Decoded keys by their encoding. They depend on nothing else, so all copies share them.
    pubkeys: Arc<Mutex<BTreeMap<BLSPubkey, PublicKey>>>,
}

/// The entries of one state's caches.
#[derive(Clone, Debug, Default)]
struct Entries {
    active: BTreeMap<Epoch, Indices>,
    shuffled: BTreeMap<(Epoch, DomainType), (Bytes32, Indices)>,
    total_active_balance: Option<(Epoch, Gwei)>,
    proposer_index: Option<((Epoch, Bytes32), ValidatorIndex)>,
}

impl Clone for Caches {
    fn clone(&self) -> Self {
        Self { entries: Mutex::new(lock(&self.entries).clone()), pubkeys: Arc::clone(&self.pubkeys) }
    }
}

impl Caches {
    /// Drops everything but keys.
    pub(crate) fn forget(&mut self) {
        *lock(&self.entries) = Entries::default();
    }

    /// Drops the values that depend on effective balances.
    pub(crate) fn forget_balances(&mut self) {
        let mut entries = lock(&self.entries);
        entries.total_active_balance = None;
        entries.proposer_index = None;
    }

    /// Returns caches that share only the keys with another state.
    pub(crate) fn keys_only(&self) -> Self {
        Self { entries: Mutex::default(), pubkeys: Arc::clone(&self.pubkeys) }
    }

    /// Returns the active validators of an epoch, computed at most once.
    pub(crate) fn active(&self, epoch: Epoch, compute: impl FnOnce() -> Indices) -> Indices {
        if let Some(active) = lock(&self.entries).active.get(&epoch) {
            return Arc::clone(active);
        }
        let active = compute();
        let mut entries = lock(&self.entries);
        entries.active.insert(epoch, Arc::clone(&active));
        if entries.active.len() > ENTRIES_MAX {
            entries.active.pop_first();
        }
        active
    }

    /// Returns the active validators of an epoch, shuffled by a seed of a domain.
    pub(crate) fn shuffled(
        &self,
        epoch: Epoch,
        domain_type: DomainType,
        seed: Bytes32,
        compute: impl FnOnce() -> Indices,
    ) -> Indices {
        let key = (epoch, domain_type);
        if let Some((cached_seed, shuffled)) = lock(&self.entries).shuffled.get(&key)
            && *cached_seed == seed
        {
            return Arc::clone(shuffled);
        }
        let shuffled = compute();
        let mut entries = lock(&self.entries);
        entries.shuffled.insert(key, (seed, Arc::clone(&shuffled)));
        if entries.shuffled.len() > ENTRIES_MAX {
            entries.shuffled.pop_first();
        }
        shuffled
    }

    /// Returns the total active balance of an epoch.
    pub(crate) fn total_active_balance(
        &self,
        epoch: Epoch,
        compute: impl FnOnce() -> Result<Gwei, Error>,
    ) -> Result<Gwei, Error> {
        if let Some((cached_epoch, balance)) = lock(&self.entries).total_active_balance
            && cached_epoch == epoch
        {
            return Ok(balance);
        }
        let balance = compute()?;
        lock(&self.entries).total_active_balance = Some((epoch, balance));
        Ok(balance)
    }

    /// Returns the proposer of a slot of an epoch, by the slot's seed.
    pub(crate) fn proposer_index(
        &self,
        epoch: Epoch,
        seed: Bytes32,
        compute: impl FnOnce() -> Result<ValidatorIndex, Error>,
    ) -> Result<ValidatorIndex, Error> {
        let key = (epoch, seed);
        if let Some((cached_key, index)) = lock(&self.entries).proposer_index
            && cached_key == key
        {
            return Ok(index);
        }
        let index = compute()?;
        lock(&self.entries).proposer_index = Some((key, index));
        Ok(index)
    }

    /// A decoded key.
    pub(crate) fn pubkey(&self, pubkey: &BLSPubkey) -> Result<PublicKey, PointError> {
        if let Some(decoded) = lock(&self.pubkeys).get(pubkey) {
            return Ok(*decoded);
        }
        let decoded = decode_pubkey(pubkey)?;
        lock(&self.pubkeys).insert(*pubkey, decoded);
        Ok(decoded)
    }
}

/// Locks a mutex. A panic while it was locked leaves no entry half written, so poison is ignored.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
