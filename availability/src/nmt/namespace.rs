//! Namespaces: the EE and the shard to which a share belongs.

use std::fmt;

use outrider_abi::{EeIndex, ShardIndex};

/// The length of a namespace.
pub const NAMESPACE_BYTES: usize = 29;

/// A namespace, in Celestia's layout: `version (1) | id (28)`, compared as bytes.
///
/// Version 0 leaves 10 bytes of the id to its users, after 18 zeros. Here they are `EE index (8) | shard (2)`, big-endian,
/// so the parts of one EE on all shards are neighbours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(pub [u8; NAMESPACE_BYTES]);

/// The number of zeros before an EE index: the version, and what version 0 reserves.
const ZEROS: usize = 19;

impl Namespace {
    /// The namespace of shares that fill a square; Celestia's `TAIL_PADDING_NAMESPACE`.
    pub const PADDING: Self = {
        let mut bytes = [0xff; NAMESPACE_BYTES];
        let [.., last] = &mut bytes;
        *last = 0xfe;
        Self(bytes)
    };

    /// The namespace of the shares by which a square is extended; Celestia's `PARITY_SHARE_NAMESPACE`.
    pub const PARITY: Self = Self([0xff; NAMESPACE_BYTES]);

    /// The namespace of a body that is not divided by EE: as of an EE and a shard that cannot exist.
    pub const BODY: Self = {
        let mut bytes = [0; NAMESPACE_BYTES];
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, id @ ..] = &mut bytes;
        *id = [0xff; NAMESPACE_BYTES - ZEROS];
        Self(bytes)
    };

    /// Returns the namespace of an EE on a shard, or `None` if the shard's index takes more than two bytes.
    #[must_use]
    pub fn of(ee: EeIndex, shard: ShardIndex) -> Option<Self> {
        let shard = u16::try_from(shard.0).ok()?;
        let mut bytes = [0; NAMESPACE_BYTES];
        let id = ee.0.to_be_bytes().into_iter().chain(shard.to_be_bytes());
        bytes.iter_mut().skip(ZEROS).zip(id).for_each(|(byte, of)| *byte = of);
        Some(Self(bytes))
    }

    /// Returns the first and the last namespace of an EE, on whichever shard.
    #[must_use]
    pub fn of_ee(ee: EeIndex) -> (Self, Self) {
        let of = |shard| Self::of(ee, ShardIndex(shard)).unwrap_or(Self::BODY);
        (of(0), of(u64::from(u16::MAX)))
    }

    /// Returns the EE and the shard, or `None` if it is reserved for bodies, padding, parity or by Celestia.
    #[must_use]
    pub fn ee_and_shard(&self) -> Option<(EeIndex, ShardIndex)> {
        let (zeros, id) = self.0.split_first_chunk::<ZEROS>()?;
        let (ee, shard) = id.split_first_chunk::<8>()?;
        let shard = u16::from_be_bytes(shard.try_into().ok()?);
        let is_ee = *zeros == [0; ZEROS] && *self != Self::BODY;
        is_ee.then_some((EeIndex(u64::from_be_bytes(*ee)), ShardIndex(u64::from(shard))))
    }

    /// Returns whether parts may have it: it is that of an EE and a shard, or of a body.
    #[must_use]
    pub fn is_for_parts(&self) -> bool {
        *self == Self::BODY || self.ee_and_shard().is_some()
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Namespace(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use outrider_abi::{EeIndex, ShardIndex};

    use super::Namespace;

    #[test]
    fn a_namespace_is_version_zeros_ee_and_shard() {
        let namespace = Namespace::of(EeIndex(0x0102), ShardIndex(0x0304)).unwrap();
        let mut expected = [0; 29];
        expected[25..].copy_from_slice(&[1, 2, 3, 4]);
        assert_eq!(namespace.0, expected);
        assert_eq!(namespace.ee_and_shard(), Some((EeIndex(0x0102), ShardIndex(0x0304))));
        assert_eq!(Namespace::of(EeIndex(1), ShardIndex(1 << 16)), None);
    }

    #[test]
    fn the_namespaces_of_an_ee_are_neighbours_below_all_reserved_ones() {
        let of = |ee, shard| Namespace::of(EeIndex(ee), ShardIndex(shard)).unwrap();
        let (first, last) = Namespace::of_ee(EeIndex(7));
        assert!(of(6, 1023) < first && first < of(7, 1) && of(7, 1023) < last && last < of(8, 0));
        assert!(of(u64::from(u32::MAX), 1023) < Namespace::BODY);
        assert!(Namespace::BODY < Namespace::PADDING && Namespace::PADDING < Namespace::PARITY);
        for reserved in [Namespace::BODY, Namespace::PADDING, Namespace::PARITY] {
            assert_eq!(reserved.ee_and_shard(), None);
        }
        assert!(Namespace::BODY.is_for_parts() && !Namespace::PADDING.is_for_parts());
    }
}
