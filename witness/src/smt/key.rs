//! Keys, and the paths along their bits.

use outrider_abi::bytes32;

use crate::Path;

/// The number of bits of a key: the maximum depth of a leaf; a branch is less deep.
pub(super) const KEY_BITS: u16 = 256;

bytes32! {
    /// A key of 256 bits. The first bit is the highest of the first byte and decides at the root.
    ///
    /// The tree is as deep as keys share bits, so an attacker who chooses keys can make paths long. Keys should be
    /// hashes, or of a kind that nobody chooses freely.
    pub struct Key: "a key"
}

impl Key {
    /// Returns the bytes of the key.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the side of a branch at `depth`, less than [`KEY_BITS`], on which this key lies.
    pub(super) fn side(&self, depth: u16) -> Side {
        debug_assert!(depth < KEY_BITS, "branches are less deep than keys are long");
        let byte = self.0.get(usize::from(depth / 8)).copied().unwrap_or(0);
        if byte & mask(depth) == 0 { Side::Left } else { Side::Right }
    }

    /// Returns the next key, or `None` after the last.
    pub(super) fn successor(mut self) -> Option<Self> {
        for byte in self.0.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return Some(self);
            }
        }
        None
    }
}

/// A side of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The key's bit is 0.
    Left,
    /// The key's bit is 1.
    Right,
}

/// The bits that the keys below a node share because of its place: a [`Path`] that is cheap to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    /// Bits from `depth` on are zero, so that equal prefixes compare equal.
    key: Key,
    depth: u16,
}

impl Prefix {
    /// The empty prefix.
    pub(super) const ROOT: Self = Self { key: Key([0; 32]), depth: 0 };

    /// Returns the first `depth` bits of `key`.
    pub(super) fn of(key: &Key, depth: u16) -> Self {
        let mut bytes = key.0;
        for (index, byte) in (0..).zip(bytes.iter_mut()) {
            let n_kept = depth.saturating_sub(8 * index).min(8);
            *byte &= !0xff_u8.checked_shr(n_kept.into()).unwrap_or(0);
        }
        Self { key: Key(bytes), depth }
    }

    /// Returns the number of bits, which equals the depth of the node.
    pub(super) const fn depth(&self) -> u16 {
        self.depth
    }

    /// Returns the prefix of a child of a branch, which is less deep than [`KEY_BITS`].
    pub(super) fn child(mut self, side: Side) -> Self {
        debug_assert!(self.depth < KEY_BITS, "branches are less deep than keys are long");
        if let (Side::Right, Some(byte)) = (side, self.key.0.get_mut(usize::from(self.depth / 8))) {
            *byte |= mask(self.depth);
        }
        self.depth += 1;
        self
    }

    /// Returns whether `key` begins with this prefix.
    pub(super) fn leads_to(&self, key: &Key) -> bool {
        let whole_bytes = self.whole_bytes();
        let begins = key.0.starts_with(whole_bytes);
        match (self.key.0.get(whole_bytes.len()), key.0.get(whole_bytes.len())) {
            // The remaining bits of the prefix are the first bits of the next byte.
            (Some(expected), Some(got)) => begins && (expected ^ got) & !(0xff >> (self.depth % 8)) == 0,
            _ => begins,
        }
    }

    /// Returns the bytes whose bits all belong to the prefix.
    pub(super) fn whole_bytes(&self) -> &[u8] {
        self.key.0.get(..usize::from(self.depth / 8)).unwrap_or(&self.key.0)
    }

    /// Returns the bits as a path, for errors.
    pub(super) fn path(&self) -> Path {
        Path((0..self.depth).map(|depth| u8::from(self.key.side(depth) == Side::Right)).collect())
    }
}

/// Returns the mask that selects a bit within its byte.
fn mask(depth: u16) -> u8 {
    0x80 >> (depth % 8)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn the_first_bit_is_the_highest_of_the_first_byte() {
        let mut bytes = [0; 32];
        bytes[0] = 0b0110_0000;
        bytes[31] = 1;
        let key = Key(bytes);
        assert_eq!(Prefix::of(&key, 4).path().to_string(), "0110");
        assert_eq!(key.side(255), Side::Right);
    }

    #[test]
    fn a_prefix_holds_exactly_the_bits_of_its_path() {
        let key = Key([0xa5; 32]);
        let mut prefix = Prefix::ROOT;
        for depth in 0..KEY_BITS {
            assert_eq!(prefix, Prefix::of(&key, depth));
            assert!(prefix.leads_to(&key));
            let mut other = key;
            if let Some(bit) = depth.checked_sub(1) {
                other.0[usize::from(bit / 8)] ^= mask(bit);
                assert!(!prefix.leads_to(&other));
            }
            assert_eq!(prefix.path().0.len(), usize::from(depth));
            prefix = prefix.child(key.side(depth));
        }
        assert_eq!(prefix, Prefix::of(&key, KEY_BITS));
        assert_eq!(prefix.whole_bytes(), key.as_bytes());
    }

    #[test]
    fn the_successor_carries_and_the_last_key_has_none() {
        let mut bytes = [0xff; 32];
        assert_eq!(Key(bytes).successor(), None);
        bytes[0] = 0;
        let mut expected = [0; 32];
        expected[0] = 1;
        assert_eq!(Key(bytes).successor(), Some(Key(expected)));
    }
}
