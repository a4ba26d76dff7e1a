//! The state roots of other EEs, which blocks declare and EEs read.

use core::ops::Range;

use crate::{EeIndex, ShardIndex, StateRoot};

/// The state root of an EE on a shard, which a block declares, so that its own EE can read it through `eth2.readRoot`.
///
/// The chain checks that it is the root that the beacon chain has. In an EE's memory it is [`ROOT_READ_BYTES`] bytes:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 8 | `shard`, little-endian |
/// | 8 | 8 | `ee`, little-endian |
/// | 16 | 32 | `state_root` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct RootRead {
    /// The shard.
    pub shard: ShardIndex,
    /// The EE.
    pub ee: EeIndex,
    /// Its state root on that shard.
    pub state_root: StateRoot,
}

impl RootRead {
    /// Encodes the read.
    pub fn to_bytes(&self) -> [u8; ROOT_READ_BYTES] {
        let mut bytes = [0; ROOT_READ_BYTES];
        bytes[SHARD].copy_from_slice(&self.shard.0.to_le_bytes());
        bytes[EE].copy_from_slice(&self.ee.0.to_le_bytes());
        bytes[STATE_ROOT].copy_from_slice(&self.state_root.0);
        bytes
    }

    /// Decodes a read; all bytes of this length are valid.
    pub fn from_bytes(bytes: &[u8; ROOT_READ_BYTES]) -> Self {
        let (mut shard, mut ee, mut state_root) = ([0; 8], [0; 8], StateRoot::default());
        shard.copy_from_slice(&bytes[SHARD]);
        ee.copy_from_slice(&bytes[EE]);
        state_root.0.copy_from_slice(&bytes[STATE_ROOT]);
        Self { shard: ShardIndex(u64::from_le_bytes(shard)), ee: EeIndex(u64::from_le_bytes(ee)), state_root }
    }
}

/// The length of an encoded [`RootRead`].
pub const ROOT_READ_BYTES: usize = STATE_ROOT.end;

const SHARD: Range<usize> = 0..8;
const EE: Range<usize> = SHARD.end..SHARD.end + 8;
const STATE_ROOT: Range<usize> = EE.end..EE.end + 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_in_order_and_numbers_are_little_endian() {
        let read = RootRead {
            shard: ShardIndex(0x0102_0304_0506_0708),
            ee: EeIndex(0x0900),
            state_root: StateRoot([0xa; 32]),
        };
        let bytes = read.to_bytes();
        assert_eq!(bytes.len(), 48);
        assert_eq!(bytes[..16], [8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[16..], [0xa; 32]);
        assert_eq!(RootRead::from_bytes(&bytes), read);
    }

    proptest! {
        #[test]
        fn encoding_reverses_decoding(bytes in prop::array::uniform::<_, ROOT_READ_BYTES>(any::<u8>())) {
            prop_assert_eq!(RootRead::from_bytes(&bytes).to_bytes(), bytes);
        }
    }
}
