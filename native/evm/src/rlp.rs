//! RLP lists of encoded items.

use alloy_primitives::B256;
use alloy_rlp::{Header, Result};
pub use outrider_evm_codec::rlp::items;
use outrider_witness::{Keccak256, NoNodes, mpt::Trie};

/// Returns the list of these encoded items.
pub fn list(items: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(items.len().saturating_add(9));
    Header { list: true, payload_length: items.len() }.encode(&mut bytes);
    bytes.extend_from_slice(items);
    bytes
}

/// Returns the content of an item, without its header.
///
/// # Errors
///
/// Fails if the bytes do not begin with an item.
pub fn content(item: &[u8]) -> Result<&[u8]> {
    let mut content = item;
    Header::decode(&mut content)?;
    Ok(content)
}

/// Returns the root of the trie of a list, whose keys are the RLP of the positions. Items must not be empty.
pub fn list_root<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> B256 {
    let mut trie = Trie::<Keccak256, NoNodes>::empty();
    for (index, item) in items.into_iter().enumerate() {
        let inserted = trie.insert(&alloy_rlp::encode(index), item.as_ref());
        debug_assert!(inserted.is_ok() || item.as_ref().is_empty(), "all of the trie is here");
    }
    B256::from(trie.root().0)
}
