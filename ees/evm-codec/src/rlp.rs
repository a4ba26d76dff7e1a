//! Lists in RLP, item by item; all else of RLP is alloy-rlp's.

use alloc::vec::Vec;

use alloy_rlp::{Error, Header, PayloadView, Result};

/// Takes a list apart: its items, each in RLP.
///
/// # Errors
///
/// The bytes are no list, its items are not well-formed, or something follows the list.
pub fn items(mut list: &[u8]) -> Result<Vec<&[u8]>> {
    match Header::decode_raw(&mut list)? {
        PayloadView::String(_) => Err(Error::UnexpectedString),
        PayloadView::List(_) if !list.is_empty() => Err(Error::UnexpectedLength),
        PayloadView::List(items) => Ok(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodings as the [Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), appendix B, has them.
    #[test]
    fn a_list_is_taken_apart_and_nothing_else() {
        for (bytes, expected) in [
            (&b"\xc0"[..], Ok(&[][..])),
            (b"\xc8\x83cat\x83dog", Ok(&[&b"\x83cat"[..], b"\x83dog"][..])),
            (b"\xc4\x05\xc2\x80\x81", Err(Error::InputTooShort)),
            (b"\xc4\x05\xc1\x80\x80", Ok(&[b"\x05", b"\xc1\x80", b"\x80"])),
            (b"\x83dog", Err(Error::UnexpectedString)),
            (b"\xc1\x05\x05", Err(Error::UnexpectedLength)),
            (b"\xc2\x81\x05", Err(Error::NonCanonicalSingleByte)),
            (b"\xc2\x05", Err(Error::InputTooShort)),
            (b"", Err(Error::InputTooShort)),
        ] {
            assert_eq!(items(bytes).as_deref(), expected.as_ref().copied(), "{bytes:x?}");
        }
    }
}
