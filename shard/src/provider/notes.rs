//! What a provider remembers in a store, beside the nodes: whose state it is, and which one is current.

use outrider_host::{CodeHash, StateRoot};
use outrider_witness::store::{Batch, Store};
use tracing::info;

use super::error::ProviderError;

/// The root that a provider stored last; that of the empty state at first.
///
/// # Errors
///
/// Failures of the store.
pub fn current_root(store: &impl Store) -> Result<StateRoot, ProviderError> {
    Ok(read_note(store, CURRENT_ROOT)?.map_or_else(|| empty_root(store), StateRoot))
}

/// The root of the empty state, of which nothing is stored, in a store of this kind.
pub fn empty_root(store: &impl Store) -> StateRoot {
    StateRoot(store.kind().empty_root().0)
}

/// The EE whose state a store holds; none if nobody has provided from it yet.
///
/// # Errors
///
/// Failures of the store.
pub fn code_hash(store: &impl Store) -> Result<Option<CodeHash>, ProviderError> {
    Ok(read_note(store, CODE_HASH)?.map(CodeHash))
}

/// Makes a store that of another EE, such as a new build of the one before, and returns which EE it was of. States and roots stay as
/// they are; whether the new EE can read them is for its author to know.
///
/// # Errors
///
/// Failures of the store.
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
