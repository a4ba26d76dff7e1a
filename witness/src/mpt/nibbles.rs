//! Sequences of nibbles.

use smallvec::SmallVec;

/// A key as nibbles, one per byte, for the time of an operation.
pub(super) type Key = SmallVec<[u8; 64]>;

/// Unpacks a key.
pub(super) fn unpack(key: &[u8]) -> Key {
    key.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]).collect()
}

/// A packed path inside a node.
///
/// The bytes are the hex-prefix encoding without the leaf flag: for an even number of nibbles, `00` and then pairs of
/// nibbles; for an odd number, `1n` with the first nibble `n`, and then pairs. Paths of up to 64 nibbles need no
/// allocation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Nibbles(SmallVec<[u8; 36]>);

/// The flag of an odd number of nibbles in hex-prefix encoding.
const ODD: u8 = 0x10;

impl Nibbles {
    /// Packs `len` nibbles.
    fn collect(len: usize, mut nibbles: impl Iterator<Item = u8>) -> Self {
        let mut bytes = SmallVec::with_capacity(1 + len / 2);
        bytes.push(if len % 2 == 1 { ODD | nibbles.next().unwrap_or(0) } else { 0 });
        while let (Some(high), Some(low)) = (nibbles.next(), nibbles.next()) {
            bytes.push(high << 4 | low);
        }
        Self(bytes)
    }

    /// Packs nibbles.
    pub(super) fn of(nibbles: &[u8]) -> Self {
        Self::collect(nibbles.len(), nibbles.iter().copied())
    }

    /// Reads the packed form of `len` nibbles: pairs, after the first nibble in the low half of a byte if `len` is
    /// odd. Returns `None` for other bytes.
    pub(super) fn of_packed(len: usize, packed: &[u8]) -> Option<Self> {
        if packed.len() != len.div_ceil(2) {
            return None;
        }
        let mut bytes = SmallVec::with_capacity(1 + len / 2);
        if len % 2 == 1 {
            let (first, rest) = packed.split_first()?;
            if *first >= ODD {
                return None;
            }
            bytes.push(ODD | first);
            bytes.extend_from_slice(rest);
        } else {
            bytes.push(0);
            bytes.extend_from_slice(packed);
        }
        Some(Self(bytes))
    }

    /// Returns the packed form, as [`Nibbles::of_packed`] reads it.
    pub(super) fn packed(&self) -> impl Iterator<Item = u8> {
        let first = self.is_odd().then(|| self.0[0] & 0x0f);
        first.into_iter().chain(self.0[1..].iter().copied())
    }

    /// Reads bytes in hex-prefix encoding whose first byte has no leaf flag.
    pub(super) fn of_hex_prefix(first: u8, rest: &[u8]) -> Option<Self> {
        if first >= 2 * ODD || first < ODD && first != 0 {
            return None;
        }
        let mut bytes = SmallVec::with_capacity(1 + rest.len());
        bytes.push(first);
        bytes.extend_from_slice(rest);
        Some(Self(bytes))
    }

    /// Returns the hex-prefix encoding without the leaf flag, at least one byte.
    pub(super) fn hex_prefix(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn len(&self) -> usize {
        2 * (self.0.len() - 1) + usize::from(self.is_odd())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the nibble at `index`, which is less than the length.
    pub(super) fn at(&self, index: usize) -> u8 {
        let position = if self.is_odd() { index + 1 } else { index + 2 };
        let byte = self.0[position / 2];
        if position % 2 == 0 { byte >> 4 } else { byte & 0x0f }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u8> {
        (0..self.len()).map(|index| self.at(index))
    }

    /// Returns the number of leading nibbles that the path shares with `key`.
    pub(super) fn common_prefix(&self, key: &[u8]) -> usize {
        self.iter().zip(key).take_while(|(own, other)| own == *other).count()
    }

    /// Returns the path without its first `count` nibbles.
    pub(super) fn tail(&self, count: usize) -> Self {
        Self::collect(self.len().saturating_sub(count), self.iter().skip(count))
    }

    /// Returns this path followed by another.
    pub(super) fn join(&self, tail: &Self) -> Self {
        Self::collect(self.len() + tail.len(), self.iter().chain(tail.iter()))
    }

    fn is_odd(&self) -> bool {
        self.0[0] >= ODD
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn nibbles() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..16, 0..70)
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(nibbles in nibbles()) {
            let path = Nibbles::of(&nibbles);
            prop_assert_eq!(path.len(), nibbles.len());
            prop_assert_eq!(path.iter().collect::<Vec<_>>(), nibbles.clone());
            let packed: Vec<u8> = path.packed().collect();
            prop_assert_eq!(Nibbles::of_packed(nibbles.len(), &packed), Some(path.clone()));
            let (first, rest) = path.hex_prefix().split_first().expect("never empty");
            prop_assert_eq!(Nibbles::of_hex_prefix(*first, rest), Some(path));
        }

        #[test]
        fn paths_are_cut_and_joined_like_lists(a in nibbles(), b in nibbles(), cut in 0usize..80) {
            let cut = cut.min(a.len());
            prop_assert_eq!(Nibbles::of(&a).tail(cut), Nibbles::of(&a[cut..]));
            prop_assert_eq!(Nibbles::of(&a).join(&Nibbles::of(&b)), Nibbles::of(&[&a[..], &b[..]].concat()));
            let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(Nibbles::of(&a).common_prefix(&b), common);
        }
    }

    #[test]
    fn nibbles_in_the_padding_are_refused() {
        assert_eq!(Nibbles::of_packed(1, &[0x1f]), None);
        assert_eq!(Nibbles::of_packed(1, &[0x0f, 0x00]), None);
        assert_eq!(Nibbles::of_hex_prefix(0x01, &[]), None);
        assert_eq!(Nibbles::of_hex_prefix(0x20, &[]), None);
    }
}
