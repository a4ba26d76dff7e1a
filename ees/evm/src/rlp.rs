//! RLP that is taken apart without being decoded.

use alloc::vec::Vec;

use alloy_rlp::{Decodable, Header as RlpHeader};

/// The RLP of each item of a list, and nothing after the list.
pub(crate) fn items(mut list: &[u8]) -> alloy_rlp::Result<Vec<&[u8]>> {
    let mut content = RlpHeader::decode_bytes(&mut list, true)?;
    if !list.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength);
    }
    let mut items = Vec::new();
    while !content.is_empty() {
        items.push(item(&mut content)?);
    }
    Ok(items)
}

/// The RLP of the next item.
fn item<'a>(content: &mut &'a [u8]) -> alloy_rlp::Result<&'a [u8]> {
    let start = *content;
    let mut rest = start;
    let header = RlpHeader::decode(&mut rest)?;
    let length = start.len() - rest.len() + header.payload_length;
    let (item, rest) = start.split_at_checked(length).ok_or(alloy_rlp::Error::InputTooShort)?;
    *content = rest;
    Ok(item)
}

/// The next field of a list, if there is one.
pub(crate) fn optional<T: Decodable>(fields: &mut &[u8]) -> alloy_rlp::Result<Option<T>> {
    if fields.is_empty() { Ok(None) } else { T::decode(fields).map(Some) }
}
