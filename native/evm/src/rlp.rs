//! RLP that is taken apart or put together item by item.

use alloy_primitives::{Address, B256};
use alloy_rlp::{Encodable, Error, Header, Result};
use outrider_witness::{Keccak256, NoNodes, mpt::Trie};

/// Takes the next item off, with its own header.
pub(crate) fn take_item<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8]> {
    let whole = *bytes;
    let Header { payload_length, .. } = Header::decode(bytes)?;
    *bytes = bytes.get(payload_length..).ok_or(Error::InputTooShort)?;
    whole.get(..whole.len().saturating_sub(bytes.len())).ok_or(Error::InputTooShort)
}

/// Takes a list apart: its items, each with its own header.
pub(crate) fn items(list: &[u8]) -> Result<Vec<&[u8]>> {
    let mut rest = list;
    let mut content = Header::decode_bytes(&mut rest, true)?;
    if !rest.is_empty() {
        return Err(Error::UnexpectedLength);
    }
    let mut items = Vec::new();
    while !content.is_empty() {
        items.push(take_item(&mut content)?);
    }
    Ok(items)
}

/// Makes a list of items that are encoded already.
pub(crate) fn list(items: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(items.len().saturating_add(9));
    Header { list: true, payload_length: items.len() }.encode(&mut bytes);
    bytes.extend_from_slice(items);
    bytes
}

/// The root of the trie of a list: its items by their places in RLP. None of them is empty.
pub(crate) fn list_root<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> B256 {
    let mut trie = Trie::<Keccak256, NoNodes>::empty();
    for (index, item) in items.into_iter().enumerate() {
        let inserted = trie.insert(&alloy_rlp::encode(index), item.as_ref());
        debug_assert!(inserted.is_ok() || item.as_ref().is_empty(), "all of the trie is here");
    }
    B256::from(trie.root().0)
}

/// Encodes the recipient of a transaction; there is none when it makes a contract.
pub(crate) fn encode_recipient(to: Option<&Address>, out: &mut Vec<u8>) {
    match to {
        Some(address) => address.encode(out),
        None => "".encode(out),
    }
}
