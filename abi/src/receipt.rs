//! Receipts: messages with ether from one EE to another.

use alloc::vec::Vec;

use crate::{EeIndex, Reader, ShardIndex, Slot};

/// A receipt that an EE sends through `eth2.pushReceipt`.
///
/// The chain gives it its place: the shard, EE and slot that send it, and a sequence number. In an EE's memory it has
/// these bytes:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 8 | `destination_shard`, little-endian |
/// | 8 | 8 | `destination_ee`, little-endian |
/// | 16 | 8 | `value`, little-endian |
/// | 24 | 8 | `fee`, little-endian |
/// | 32 | up to 65,536 | `payload` |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SentReceipt {
    /// The receiving shard.
    pub destination_shard: ShardIndex,
    /// The receiving EE.
    pub destination_ee: EeIndex,
    /// The ether for the receiving EE, in Gwei.
    pub value: u64,
    /// The ether for the proposer of the block that settles the receipt, in Gwei.
    pub fee: u64,
    /// Data for the receiving EE, in its own encoding.
    #[cfg_attr(feature = "serde", serde(with = "crate::hex_serde::payload"))]
    pub payload: Vec<u8>,
}

/// A receipt that an EE gets with a block, through `eth2.receiptCopy`.
///
/// In an EE's memory it has these bytes:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 1 | `kind`, as [`ReceiptKind::to_byte`] |
/// | 1 | 8 | `source_shard`, little-endian |
/// | 9 | 8 | `source_ee`, little-endian |
/// | 17 | 8 | `slot`, little-endian |
/// | 25 | 8 | `sequence`, little-endian |
/// | 33 | 8 | `value`, little-endian |
/// | 41 | up to 65,536 | `payload` |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ReceivedReceipt {
    /// The kind.
    pub kind: ReceiptKind,
    /// The shard that sent it, or [`BEACON_CHAIN`].
    pub source_shard: ShardIndex,
    /// The EE that sent it. From the beacon chain, it is the index of the validator who withdrew the ether, or the EE
    /// itself if its deposit returned.
    pub source_ee: EeIndex,
    /// The slot in which it was sent.
    pub slot: Slot,
    /// Its number among the receipts from that shard to this one.
    pub sequence: u64,
    /// The ether that comes with it, in Gwei. The EE has it after the block, unless it rejects a receipt that had not
    /// returned to it.
    pub value: u64,
    /// The sender's data. A receipt that returned has what the chain keeps of them.
    #[cfg_attr(feature = "serde", serde(with = "crate::hex_serde::payload"))]
    pub payload: Vec<u8>,
}

/// The kinds of receipts that an EE gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ReceiptKind {
    /// An EE sent it.
    #[default]
    Message,
    /// The EE itself had sent it; the receiver rejected it, and it returned.
    Bounced,
    /// The EE itself had sent it; nobody settled it in time, and it returned.
    Expired,
    /// The beacon chain sent it, with a validator's ether.
    FromBeaconChain,
}

impl SentReceipt {
    /// Encodes the receipt.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { destination_shard, destination_ee, value, fee, payload } = self;
        let numbers = [destination_shard.0, destination_ee.0, *value, *fee].map(u64::to_le_bytes);
        [numbers.as_flattened(), payload].concat()
    }

    /// Checks that bytes are a receipt, which only depends on their length.
    ///
    /// # Errors
    ///
    /// Fails with [`ReceiptError::Length`] if there are too few bytes for the numbers, or too many for the payload.
    pub fn check_length(bytes: &[u8]) -> Result<(), ReceiptError> {
        check_length(bytes, SENT_RECEIPT_HEADER_BYTES)
    }

    /// Decodes a receipt.
    ///
    /// # Errors
    ///
    /// Fails as [`check_length`](Self::check_length) does.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        Self::check_length(bytes)?;
        let length = |_| ReceiptError::Length { got: bytes.len(), header_bytes: SENT_RECEIPT_HEADER_BYTES };
        let mut reader = Reader::new(bytes);
        Ok(Self {
            destination_shard: ShardIndex(reader.u64_le().map_err(length)?),
            destination_ee: EeIndex(reader.u64_le().map_err(length)?),
            value: reader.u64_le().map_err(length)?,
            fee: reader.u64_le().map_err(length)?,
            payload: reader.rest().to_vec(),
        })
    }
}

impl ReceivedReceipt {
    /// Returns the length of the encoded receipt.
    pub fn encoded_bytes(&self) -> usize {
        RECEIVED_RECEIPT_HEADER_BYTES.saturating_add(self.payload.len())
    }

    /// Encodes everything but the payload, which follows it.
    pub fn header_to_bytes(&self) -> [u8; RECEIVED_RECEIPT_HEADER_BYTES] {
        let Self { kind, source_shard, source_ee, slot, sequence, value, payload: _ } = self;
        let numbers = [source_shard.0, source_ee.0, slot.0, *sequence, *value].map(u64::to_le_bytes);
        let mut bytes = [kind.to_byte(); RECEIVED_RECEIPT_HEADER_BYTES];
        bytes[1..].copy_from_slice(numbers.as_flattened());
        bytes
    }

    /// Encodes the receipt.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.header_to_bytes()[..], &self.payload].concat()
    }

    /// Decodes a receipt.
    ///
    /// # Errors
    ///
    /// Fails with [`ReceiptError::Length`] if there are too few bytes for the numbers, or too many for the payload, and
    /// with [`ReceiptError::Kind`] if there is no such kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        check_length(bytes, RECEIVED_RECEIPT_HEADER_BYTES)?;
        let length =
            |_| ReceiptError::Length { got: bytes.len(), header_bytes: RECEIVED_RECEIPT_HEADER_BYTES };
        let mut reader = Reader::new(bytes);
        let kind = reader.u8().map_err(length)?;
        Ok(Self {
            kind: ReceiptKind::from_byte(kind).ok_or(ReceiptError::Kind { got: kind })?,
            source_shard: ShardIndex(reader.u64_le().map_err(length)?),
            source_ee: EeIndex(reader.u64_le().map_err(length)?),
            slot: Slot(reader.u64_le().map_err(length)?),
            sequence: reader.u64_le().map_err(length)?,
            value: reader.u64_le().map_err(length)?,
            payload: reader.rest().to_vec(),
        })
    }
}

impl ReceiptKind {
    /// Every kind, in the order of its byte.
    pub const ALL: [Self; 4] = [Self::Message, Self::Bounced, Self::Expired, Self::FromBeaconChain];

    /// Returns the byte of the kind: its position in [`ALL`](Self::ALL).
    pub const fn to_byte(self) -> u8 {
        match self {
            Self::Message => 0,
            Self::Bounced => 1,
            Self::Expired => 2,
            Self::FromBeaconChain => 3,
        }
    }

    /// Returns the kind with this byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_byte() == byte)
    }
}

/// The error for bytes that are not a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The length is not that of any receipt.
    #[error(
        "a receipt has {header_bytes} bytes and a payload of up to {RECEIPT_PAYLOAD_BYTES_MAX}, got {got} bytes"
    )]
    Length {
        /// The length given.
        got: usize,
        /// The bytes before the payload.
        header_bytes: usize,
    },
    /// There is no such kind of receipts.
    #[error("receipts have a kind of 0 to 3, got {got}")]
    Kind {
        /// The byte given.
        got: u8,
    },
}

/// The index that the beacon chain has in place of a shard's, as the source of receipts.
pub const BEACON_CHAIN: ShardIndex = ShardIndex(1024);

/// The most receipts that one execution may send.
pub const RECEIPTS_SENT_MAX: usize = 1_024;

/// The largest payload of a receipt, in bytes.
pub const RECEIPT_PAYLOAD_BYTES_MAX: usize = 65_536;

/// The bytes of an encoded [`SentReceipt`] before its payload.
pub const SENT_RECEIPT_HEADER_BYTES: usize = 4 * 8;

/// The bytes of an encoded [`ReceivedReceipt`] before its payload.
pub const RECEIVED_RECEIPT_HEADER_BYTES: usize = 1 + 5 * 8;

fn check_length(bytes: &[u8], header_bytes: usize) -> Result<(), ReceiptError> {
    let got = bytes.len();
    let fits = (header_bytes..=header_bytes + RECEIPT_PAYLOAD_BYTES_MAX).contains(&got);
    if fits { Ok(()) } else { Err(ReceiptError::Length { got, header_bytes }) }
}

#[cfg(test)]
mod tests {
    use std::{string::ToString as _, vec};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sent_receipt_has_four_little_endian_numbers_before_its_payload() {
        let receipt = SentReceipt {
            destination_shard: ShardIndex(0x0102),
            destination_ee: EeIndex(0x0304_0506_0708_090a),
            value: 5,
            fee: u64::MAX,
            payload: vec![0xaa, 0xbb],
        };
        let expected = [
            &[2, 1, 0, 0, 0, 0, 0, 0][..],
            &[10, 9, 8, 7, 6, 5, 4, 3],
            &[5, 0, 0, 0, 0, 0, 0, 0],
            &[255; 8],
            &[0xaa, 0xbb],
        ]
        .concat();
        assert_eq!(receipt.to_bytes(), expected);
        assert_eq!(SentReceipt::from_bytes(&expected), Ok(receipt));
    }

    #[test]
    fn a_received_receipt_has_its_kind_and_five_numbers_before_its_payload() {
        let receipt = ReceivedReceipt {
            kind: ReceiptKind::Expired,
            source_shard: ShardIndex(1024),
            source_ee: EeIndex(7),
            slot: Slot(0x0100_0000),
            sequence: 9,
            value: 32_000_000_000,
            payload: vec![1],
        };
        let expected = [
            &[2][..],
            &[0, 4, 0, 0, 0, 0, 0, 0],
            &[7, 0, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 1, 0, 0, 0, 0],
            &[9, 0, 0, 0, 0, 0, 0, 0],
            // 32 * 10^9 is 0x7_7359_4000.
            &[0, 0x40, 0x59, 0x73, 7, 0, 0, 0],
            &[1],
        ]
        .concat();
        assert_eq!((receipt.to_bytes(), receipt.encoded_bytes()), (expected.clone(), 42));
        assert_eq!(ReceivedReceipt::from_bytes(&expected), Ok(receipt));
    }

    #[test]
    fn kinds_are_numbered_from_zero() {
        let kinds = [0, 1, 2, 3, 4, 255].map(ReceiptKind::from_byte);
        let [message, bounced, expired, from_beacon_chain] = ReceiptKind::ALL.map(Some);
        assert_eq!(kinds, [message, bounced, expired, from_beacon_chain, None, None]);
        assert_eq!(ReceiptKind::ALL.map(ReceiptKind::to_byte), [0, 1, 2, 3]);
        let error = ReceivedReceipt::from_bytes(&[4; 41]).unwrap_err();
        assert_eq!(error.to_string(), "receipts have a kind of 0 to 3, got 4");
    }

    #[test]
    fn a_length_that_no_receipt_has_is_refused() {
        for (bytes, is_sent, is_received) in [
            (0, false, false),
            (31, false, false),
            (32, true, false),
            (40, true, false),
            (41, true, true),
            (65_568, true, true),
            (65_569, false, true),
            (65_577, false, true),
            (65_578, false, false),
        ] {
            assert_eq!(SentReceipt::from_bytes(&vec![0; bytes]).is_ok(), is_sent, "{bytes}");
            assert_eq!(ReceivedReceipt::from_bytes(&vec![0; bytes]).is_ok(), is_received, "{bytes}");
        }
        let error = SentReceipt::from_bytes(&[0; 31]).unwrap_err();
        let expected = "a receipt has 32 bytes and a payload of up to 65536, got 31 bytes";
        assert_eq!(error.to_string(), expected);
    }

    proptest! {
        #[test]
        fn encoding_reverses_decoding(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(receipt) = SentReceipt::from_bytes(&bytes) {
                prop_assert_eq!(receipt.to_bytes(), &*bytes);
            }
            if let Ok(receipt) = ReceivedReceipt::from_bytes(&bytes) {
                prop_assert_eq!(receipt.to_bytes(), &*bytes);
            }
        }
    }
}
