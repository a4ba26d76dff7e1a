//! The hash of an unspent output, as [BIP 182] defines it.
//!
//! | bytes | |
//! |---|---|
//! | 64 | [`LEAF_TAG`] |
//! | 64 | [`LEAF_TAG`] |
//! | 32 | hash of the block with the transaction, in the order of its digest |
//! | 32 | id of the transaction, in the order of its digest |
//! | 4 | number of the output in the transaction, little-endian |
//! | 4 | [`HeaderCode`], little-endian |
//! | 8 | amount in satoshi, little-endian |
//! | 1, 3, 5 or 9 | length of the script, a Bitcoin `CompactSize` |
//! | the length | script |
//!
//! The leaf is the SHA-512/256 of these bytes. They are longer than the 64 bytes of a branch, so no branch passes for a
//! leaf.
//!
//! [BIP 182]: https://github.com/bitcoin/bips/blob/master/bip-0182.md

use alloc::vec::Vec;

use crate::{Hash, Hasher, Sha512_256};

/// The SHA-512 of the text `UtreexoV1`.
pub const LEAF_TAG: [u8; 64] = [
    0x5b, 0x83, 0x2d, 0xb8, 0xca, 0x26, 0xc2, 0x5b, 0xe1, 0xc5, 0x42, 0xd6, 0xcc, 0xed, 0xdd, 0xa8, 0xc1,
    0x45, 0x61, 0x5c, 0xff, 0x5c, 0x35, 0x72, 0x7f, 0xb3, 0x46, 0x26, 0x10, 0x80, 0x7e, 0x20, 0xae, 0x53,
    0x4d, 0xc3, 0xf6, 0x42, 0x99, 0x19, 0x99, 0x31, 0x77, 0x2e, 0x03, 0x78, 0x7d, 0x18, 0x15, 0x6e, 0xb3,
    0x15, 0x1e, 0x0e, 0xd1, 0xb3, 0x09, 0x8b, 0xdc, 0x84, 0x45, 0x86, 0x18, 0x85,
];

/// The maximum length of a script that can be spent, in bytes.
pub const SCRIPT_BYTES_MAX: usize = 10_000;

/// The leaves of the outputs that blocks 91,722 and 91,812 of Bitcoin's main network made and later blocks made again,
/// under the same outpoints. They stay in the accumulator, and no transaction can spend them.
pub const OVERWRITTEN_LEAVES: [Hash; 2] = [
    Hash([
        0x84, 0xb3, 0xaf, 0x07, 0x83, 0xb4, 0x10, 0xb4, 0x56, 0x4c, 0x5d, 0x1f, 0x36, 0x18, 0x68, 0x55, 0x9f,
        0x7c, 0xf7, 0x7c, 0xfc, 0x65, 0xce, 0x2b, 0xe9, 0x51, 0x21, 0x03, 0x57, 0x02, 0x2f, 0xe3,
    ]),
    Hash([
        0xbc, 0x6b, 0x4b, 0xf7, 0xce, 0xbb, 0xd3, 0x3a, 0x18, 0xd6, 0xb0, 0xfe, 0x1f, 0x8e, 0xcc, 0x7a, 0xa5,
        0x40, 0x30, 0x83, 0xc3, 0x9e, 0xe3, 0x43, 0xb9, 0x85, 0xd5, 0x1f, 0xd0, 0x29, 0x5a, 0xd8,
    ]),
];

/// The height of the block that made an output, and whether its coinbase transaction did: twice the height, plus one
/// for the coinbase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderCode(pub u32);

impl HeaderCode {
    /// Returns the code, or `None` if the height is 2^31 or more.
    #[must_use]
    pub fn new(height: u32, is_coinbase: bool) -> Option<Self> {
        height.checked_mul(2).map(|twice| Self(twice | u32::from(is_coinbase)))
    }

    /// Returns the height of the block.
    #[must_use]
    pub fn height(self) -> u32 {
        self.0 >> 1
    }

    /// Returns whether the transaction is the coinbase of the block.
    #[must_use]
    pub fn is_coinbase(self) -> bool {
        self.0 & 1 == 1
    }
}

/// An unspent output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafData<'a> {
    /// The hash of the block with the transaction, in the order of its digest: reversed as against the usual hex.
    pub block_hash: [u8; 32],
    /// The id of the transaction, in the order of its digest.
    pub txid: [u8; 32],
    /// The number of the output in the transaction.
    pub vout: u32,
    /// The height of the block, and whether the transaction is its coinbase.
    pub header_code: HeaderCode,
    /// The amount in satoshi.
    pub amount: u64,
    /// The output script, `scriptPubKey`.
    pub script: &'a [u8],
}

impl LeafData<'_> {
    /// Returns the leaf.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash_with::<Sha512_256>()
    }

    /// As [`LeafData::hash`], with SHA-512/256 as `H` computes it.
    #[must_use]
    pub fn hash_with<H: Hasher>(&self) -> Hash {
        let mut bytes = Vec::with_capacity(217 + self.script.len());
        bytes.extend(LEAF_TAG);
        bytes.extend(LEAF_TAG);
        bytes.extend(self.block_hash);
        bytes.extend(self.txid);
        bytes.extend(self.vout.to_le_bytes());
        bytes.extend(self.header_code.0.to_le_bytes());
        bytes.extend(self.amount.to_le_bytes());
        push_compact_size(&mut bytes, self.script.len() as u64);
        bytes.extend(self.script);
        H::hash(&bytes)
    }
}

/// Returns whether no transaction can spend an output with this script, so that it is not added: it begins with
/// `OP_RETURN`, or is longer than [`SCRIPT_BYTES_MAX`].
///
/// Outputs that are spent in the block that makes them are not added either.
#[must_use]
pub fn is_unspendable(script: &[u8]) -> bool {
    const OP_RETURN: u8 = 0x6a;
    script.first() == Some(&OP_RETURN) || script.len() > SCRIPT_BYTES_MAX
}

/// Appends a number in Bitcoin's shortest form.
fn push_compact_size(bytes: &mut Vec<u8>, n: u64) {
    let le = n.to_le_bytes();
    let (prefix, n_bytes) = match n {
        0..0xfd => (None, 1),
        0xfd..0x1_0000 => (Some(0xfd), 2),
        0x1_0000..0x1_0000_0000 => (Some(0xfe), 4),
        _ => (Some(0xff), 8),
    };
    bytes.extend(prefix);
    bytes.extend(le.iter().take(n_bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(hex: &str) -> [u8; 32] {
        let mut bytes = hex.parse::<Hash>().unwrap().0;
        bytes.reverse();
        bytes
    }

    fn script(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_tag_is_the_hash_of_its_text() {
        assert_eq!(<[u8; 64]>::from(<sha2::Sha512 as sha2::Digest>::digest(b"UtreexoV1")), LEAF_TAG);
    }

    /// BIP 182 gives the leaves; blocks and scripts are those of Bitcoin's main network.
    #[test]
    fn overwritten_outputs_have_the_leaves_of_bip_182() {
        let outputs = [
            (
                91_722,
                "00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e",
                "e3bf3d07d4b0375638d5f1db5255fe07ba2c4cb067cd81b84ee974b6585fb468",
                "4104124b212f5416598a92ccec88819105179dcb2550d571842601492718273fe0f2179a9695096bff94cd99dcccdea7cd9\
                 bd943bfca8fea649cac963411979a33e9ac",
            ),
            (
                91_812,
                "00000000000af0aed4792b1acee3d966af36cf5def14935db8de83d6f9306f2f",
                "d5d27987d2a3dfc724e359870c6644b40e497bdc0589a033220fe15429d88599",
                "41046896ecfc449cb8560594eb7f413f199deb9b4e5d947a142e7dc7d2de0b811b8e204833ea2a2fd9d4c7b153a8ca7661d\
                 0a0b7fc981df1f42f55d64b26b3da1e9cac",
            ),
        ];
        for ((height, block_hash, txid, script_hex), leaf) in outputs.into_iter().zip(OVERWRITTEN_LEAVES) {
            let data = LeafData {
                block_hash: digest(block_hash),
                txid: digest(txid),
                vout: 0,
                header_code: HeaderCode::new(height, true).unwrap(),
                amount: 50 * 100_000_000,
                script: &script(script_hex),
            };
            assert_eq!(data.hash(), leaf);
        }
    }

    #[test]
    fn header_codes_are_reversible_up_to_their_limit() {
        for (height, is_coinbase) in [(0, false), (0, true), ((1 << 31) - 1, false), ((1 << 31) - 1, true)] {
            let code = HeaderCode::new(height, is_coinbase).unwrap();
            assert_eq!((code.height(), code.is_coinbase()), (height, is_coinbase));
        }
        assert_eq!(HeaderCode::new(1 << 31, false), None);
    }

    #[test]
    fn scripts_are_unspendable_from_their_first_byte_or_by_their_length() {
        assert!(is_unspendable(&[0x6a]));
        assert!(!is_unspendable(&[0x51, 0x6a]));
        assert!(!is_unspendable(&[]));
        assert!(!is_unspendable(&[0x51; 10_000]));
        assert!(is_unspendable(&[0x51; 10_001]));
    }

    #[test]
    fn lengths_have_the_shortest_form() {
        let encode = |n| {
            let mut bytes = Vec::new();
            push_compact_size(&mut bytes, n);
            bytes
        };
        assert_eq!(encode(0xfc), [0xfc]);
        assert_eq!(encode(0xfd), [0xfd, 0xfd, 0]);
        assert_eq!(encode(0xffff), [0xfd, 0xff, 0xff]);
        assert_eq!(encode(0x1_0000), [0xfe, 0, 0, 1, 0]);
        assert_eq!(encode(1 << 32), [0xff, 0, 0, 0, 0, 1, 0, 0, 0]);
    }
}
