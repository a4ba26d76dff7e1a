//! Indices of accounts, as payloads have them: 3 bytes, big-endian.

use outrider_zk_rollup_core::AccountIndex;

/// Encodes an index.
pub(crate) fn to_bytes(index: AccountIndex) -> [u8; 3] {
    let [_, bytes @ ..] = index.get().to_be_bytes();
    bytes
}

/// Decodes an index, or returns `None` if it is 0.
pub(crate) fn from_bytes([high, middle, low]: [u8; 3]) -> Option<AccountIndex> {
    AccountIndex::new(u32::from_be_bytes([0, high, middle, low])).ok()
}
