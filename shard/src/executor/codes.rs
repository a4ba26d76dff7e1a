//! Codes by hash, and the EEs that are loaded from them.

use std::{
    collections::BTreeMap,
    error::Error,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use outrider_beacon::ledger::EeIndex;
use outrider_beacon_spec::{hash::hash, types::Bytes32};
use outrider_host::{Ee, Host};

use super::ExecutorError;

/// The number of EEs that stay loaded.
const LOADED_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

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
    ees: Mutex<LruCache<Bytes32, Ee>>,
}

impl<C: Codes> Loaded<C> {
    pub(super) fn new(host: Host, codes: C) -> Self {
        Self { host, codes, ees: Mutex::new(LruCache::new(LOADED_MAX)) }
    }

    /// Loads the code of an EE.
    pub(super) fn load(&self, ee: EeIndex, code_hash: Bytes32) -> Result<Ee, ExecutorError> {
        let ees = || self.ees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = ees().get(&code_hash) {
            return Ok(loaded.clone());
        }
        let code = self.codes.code(code_hash);
        let code = code.map_err(|error| ExecutorError::Codes { ee, error: error.into() })?;
        // A source with damaged codes does not have the code.
        let code = code.filter(|code| hash(&[code]) == code_hash);
        let code = code.ok_or(ExecutorError::CodeMissing { ee, code_hash })?;
        // Another thread may compile it, too: both have the same EE then.
        let loaded =
            self.host.load(&code).map_err(|error| ExecutorError::Load { ee, error: Arc::new(error) })?;
        ees().put(code_hash, loaded.clone());
        Ok(loaded)
    }
}
