//! Lists in RLP of which the items are encoded already.

use alloy_primitives::B256;
use alloy_rlp::{Header, Result};
pub use outrider_evm_codec::rlp::items;
use outrider_witness::{Keccak256, NoNodes, mpt::Trie};

/// Makes a list of items that are encoded already.
pub fn list(items: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(items.len().saturating_add(9));
    Header { list: true, payload_length: items.len() }.encode(&mut bytes);
    bytes.extend_from_slice(items);
    bytes
}

/// What is in an item, without the item's own header.
///
/// # Errors
///
/// The bytes do not begin with an item.
pub fn content(item: &[u8]) -> Result<&[u8]> {
    let mut content = item;
    Header::decode(&mut content)?;
    Ok(content)
}

/// The root of the trie of a list: its items by their places in RLP. None of them is empty.
pub fn list_root<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> B256 {
    let mut trie = Trie::<Keccak256, NoNodes>::empty();
    for (index, item) in items.into_iter().enumerate() {
        let inserted = trie.insert(&alloy_rlp::encode(index), item.as_ref());
        debug_assert!(inserted.is_ok() || item.as_ref().is_empty(), "all of the trie is here");
    }
    B256::from(trie.root().0)
}
