//! Splits RLP lists; alloy-rlp does everything else.

use alloc::vec::Vec;

use alloy_rlp::{Error, Header, PayloadView, Result};

/// Returns the items of a list, each in RLP.
///
/// # Errors
///
/// Fails if the bytes are not a list, if an item is malformed, or if bytes follow the list.
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

    /// The encodings are from the [Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), appendix B.
    #[test]
    fn a_list_is_taken_apart_and_nothing_else() {
        for (bytes, expected) in [
            (&b"\xc0"[..], Ok(&[][..])),
            (b"\xc8\x83cat\x83dog", Ok(&[&b"\x83cat"[..], b"\x83dog"][..])),
            // The contents of an item are not checked.
            (b"\xc4\x05\xc2\x80\x81", Ok(&[b"\x05", b"\xc2\x80\x81"])),
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
