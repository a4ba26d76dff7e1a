//! Hashes of blocks and transactions.

use core::fmt;

use bitcoin_consensus_encoding::encode_to_vec;
use bitcoin_primitives::BlockHeader;
use outrider_sdk::crypto;

/// The double SHA-256 of a block's header or of a transaction, in the order of the digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Returns the double SHA-256 of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(crypto::sha256(&crypto::sha256(bytes)))
    }

    /// Returns the hash of a block.
    pub(crate) fn of_header(header: &BlockHeader) -> Self {
        Self::of(&encode_to_vec(header))
    }

    /// Returns the hash of hex digits as Bitcoin prints them, which is backward. For constants, because it does not
    /// compile without 64 digits.
    #[must_use]
    pub(crate) const fn of_hex(text: &str) -> Self {
        assert!(text.len() == 64, "a hash has 64 digits");
        let mut bytes = [0; 32];
        let mut at = 0;
        while at < 32 {
            let (high, low) = (digit(text.as_bytes()[2 * at]), digit(text.as_bytes()[2 * at + 1]));
            bytes[31 - at] = high << 4 | low;
            at += 1;
        }
        Self(bytes)
    }
}

const fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => panic!("a digit is 0 to 9 or a to f"),
    }
}

/// Writes the bytes backward, as Bitcoin prints hashes.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An output of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutPoint {
    /// The transaction.
    pub txid: Digest,
    /// The number of the output.
    pub vout: u32,
}

impl From<&bitcoin_primitives::OutPoint> for OutPoint {
    fn from(out_point: &bitcoin_primitives::OutPoint) -> Self {
        Self { txid: Digest(out_point.txid.to_byte_array()), vout: out_point.vout }
    }
}

impl fmt::Display for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.txid, self.vout)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn hashes_are_printed_backward() {
        let text = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
        let digest = Digest::of_hex(text);
        assert_eq!((digest.0[31], digest.to_string()), (0, text.to_string()));
    }
}
