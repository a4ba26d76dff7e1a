//! Codes by hash, and the EEs that are loaded from them.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use outrider_beacon::ledger::EeIndex;
use outrider_beacon_spec::{hash::hash, types::Bytes32};
use outrider_host::{Ee, Host, summarize};
use rayon::{ThreadPool, prelude::*};

use super::ExecutorError;

/// The bytes that a loaded EE counts besides its machine code.
const EE_BYTES: u64 = 64 << 10;

/// The failure of a source of codes.
pub type CodeError = Box<dyn Error + Send + Sync>;

/// A source of codes, such as the store of a beacon node.
pub trait Codes: Send + Sync {
    /// Returns the code with a hash, or `None` if the source does not have it.
    ///
    /// # Errors
    ///
    /// Fails if the source fails.
    fn code(&self, code_hash: Bytes32) -> Result<Option<Arc<[u8]>>, CodeError>;
}

impl<C: Codes + ?Sized> Codes for Arc<C> {
    fn code(&self, code_hash: Bytes32) -> Result<Option<Arc<[u8]>>, CodeError> {
        (**self).code(code_hash)
    }
}

/// Codes in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryCodes(BTreeMap<Bytes32, Arc<[u8]>>);

impl MemoryCodes {
    /// Adds a code; returns its hash.
    pub fn insert(&mut self, code: impl Into<Arc<[u8]>>) -> Bytes32 {
        let code = code.into();
        let code_hash = hash(&[&code]);
        self.0.insert(code_hash, code);
        code_hash
    }
}

impl Codes for MemoryCodes {
    fn code(&self, code_hash: Bytes32) -> Result<Option<Arc<[u8]>>, CodeError> {
        Ok(self.0.get(&code_hash).cloned())
    }
}

/// A source of codes, and the EEs that were loaded from it last.
pub(super) struct Loaded<C> {
    host: Host,
    codes: C,
    bytes_max: u64,
    kept: Mutex<Kept>,
}

/// EEs, each with the bytes that it counts, and their sum.
struct Kept {
    ees: LruCache<Bytes32, (Ee, u64)>,
    bytes: u64,
    n_loaded: u64,
}

impl<C: Codes> Loaded<C> {
    /// Starts without any EE; keeps at most so many bytes of machine code.
    pub(super) fn new(host: Host, codes: C, bytes_max: u64) -> Self {
        let kept = Kept { ees: LruCache::unbounded(), bytes: 0, n_loaded: 0 };
        Self { host, codes, bytes_max, kept: Mutex::new(kept) }
    }

    /// Returns the number of times that a code was loaded.
    pub(super) fn n_loaded(&self) -> u64 {
        self.kept().n_loaded
    }

    /// Returns the EEs with some codes, each with the index of an EE that has it. Loads those that are missing, each
    /// once, in a pool.
    pub(super) fn load(
        &self,
        pool: &ThreadPool,
        needed: BTreeMap<Bytes32, EeIndex>,
    ) -> BTreeMap<Bytes32, Result<Ee, ExecutorError>> {
        let (mut ees, mut missing) = (BTreeMap::new(), Vec::new());
        let mut kept = self.kept();
        for (code_hash, ee) in needed {
            match kept.ees.get(&code_hash) {
                Some((loaded, _)) => drop(ees.insert(code_hash, Ok(loaded.clone()))),
                None => missing.push((code_hash, ee)),
            }
        }
        drop(kept);
        if missing.is_empty() {
            return ees;
        }
        let load = |(code_hash, ee): &(Bytes32, EeIndex)| (*code_hash, self.load_one(*ee, *code_hash));
        let loaded: Vec<_> = pool.install(|| missing.par_iter().map(load).collect());
        let mut dropped = Vec::new();
        let mut kept = self.kept();
        for (code_hash, result) in loaded {
            if let Ok((ee, bytes)) = &result {
                dropped.extend(kept.put(code_hash, ee.clone(), *bytes, self.bytes_max));
            }
            ees.insert(code_hash, result.map(|(ee, _)| ee));
        }
        drop(kept);
        // Without the lock: dropping compiled code may take a while.
        drop(dropped);
        ees
    }

    /// Loads the code of an EE; returns the bytes that it counts, too.
    fn load_one(&self, ee: EeIndex, code_hash: Bytes32) -> Result<(Ee, u64), ExecutorError> {
        let code = self.codes.code(code_hash);
        let code = code.map_err(|error| ExecutorError::Codes { ee, error: error.into() })?;
        // A source with damaged codes does not have the code.
        let code = code.filter(|code| hash(&[code]) == code_hash);
        let code = code.ok_or(ExecutorError::CodeMissing { ee, code_hash })?;
        // Another caller may load it at the same time: both have the same EE then.
        let loaded =
            self.host.load(&code).map_err(|error| ExecutorError::Load { ee, error: Arc::new(error) })?;
        let bytes = summarize(&code, &self.host.config().limits).compile_cost.code_bytes;
        Ok((loaded, bytes.saturating_add(EE_BYTES)))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Adds an EE; returns those that have to go for it.
    fn put(&mut self, code_hash: Bytes32, ee: Ee, bytes: u64, bytes_max: u64) -> Vec<Ee> {
        self.n_loaded = self.n_loaded.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        let mut dropped: Vec<_> = self.ees.put(code_hash, (ee, bytes)).into_iter().collect();
        let freed: u64 = dropped.iter().map(|(_, bytes)| bytes).sum();
        self.bytes = self.bytes.saturating_sub(freed);
        while self.bytes > bytes_max
            && let Some((_, (ee, bytes))) = self.ees.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(bytes);
            dropped.push((ee, bytes));
        }
        dropped.into_iter().map(|(ee, _)| ee).collect()
    }
}
