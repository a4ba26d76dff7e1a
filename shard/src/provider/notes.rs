//! A provider's notes in a store, beside the nodes: the EE of its state, and the current root.

use outrider_host::{CodeHash, StateRoot};
use outrider_witness::store::{Batch, Store};
use tracing::info;

use super::error::ProviderError;

/// Returns the root that a provider stored last; before the first, that of the empty state.
///
/// # Errors
///
/// Fails if the store does.
pub fn current_root(store: &impl Store) -> Result<StateRoot, ProviderError> {
    Ok(read_note(store, CURRENT_ROOT)?.map_or_else(|| empty_root(store), StateRoot))
}

/// Returns the root of the empty state, for which nothing is stored, in a store of this kind.
pub fn empty_root(store: &impl Store) -> StateRoot {
    StateRoot(store.kind().empty_root().0)
}

/// Returns the EE whose state a store holds, or `None` if no provider has opened it yet.
///
/// # Errors
///
/// Fails if the store does.
pub fn code_hash(store: &impl Store) -> Result<Option<CodeHash>, ProviderError> {
    Ok(read_note(store, CODE_HASH)?.map(CodeHash))
}

/// Assigns a store to another EE, such as a new build of the one before, and returns its earlier EE. States and roots
/// stay as they are; the author of the new EE has to know whether it can read them.
///
/// # Errors
///
/// Fails if the store does.
pub fn adopt(store: &impl Store, new: CodeHash) -> Result<Option<CodeHash>, ProviderError> {
    let old = code_hash(store)?;
    let mut batch = Batch::new();
    batch.note(CODE_HASH.as_bytes(), &new.0);
    store.apply(&batch)?;
    info!(ee = %new, "store adopted");
    Ok(old)
}

/// The note with the hash of the EE's code, 32 bytes.
pub(super) const CODE_HASH: &str = "code_hash";
/// The note with the root that was stored last, 32 bytes.
pub(super) const CURRENT_ROOT: &str = "current_root";

fn read_note(store: &impl Store, name: &'static str) -> Result<Option<[u8; 32]>, ProviderError> {
    let note = store.note(name.as_bytes())?;
    note.map(|text| text.try_into().map_err(|_| ProviderError::Note { name })).transpose()
}
