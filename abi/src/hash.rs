//! Hashes and roots: 32 bytes each, with types of their own.

use sha2::{Digest as _, Sha256};

use crate::bytes32;

/// The length of a [`struct@Hash`].
pub const HASH_BYTES: usize = 32;

bytes32! {
    /// The 32-byte hash of a node, and of the state below it when the node is a root.
    pub struct Hash: "a hash"
}

bytes32! {
    /// The 32 bytes that the host keeps of an EE's state between blocks.
    ///
    /// Each EE decides what they commit to. Any value is a state root; an EE that has not run yet has the root with
    /// which it was deployed. If an EE keeps a tree, its root is the [`struct@Hash`] of a node, and the two types
    /// convert into each other.
    pub struct StateRoot: "a state root"
}

bytes32! {
    /// The root of the beacon block to which an execution refers: the one on which the shard block builds.
    pub struct BeaconRoot: "a beacon root"
}

bytes32! {
    /// The SHA-256 of an EE's module, as `sha256sum` prints it. SHA-256 is the hash of the consensus specs.
    pub struct CodeHash: "a code hash"
}

impl From<StateRoot> for Hash {
    fn from(root: StateRoot) -> Self {
        Self(root.0)
    }
}

impl From<Hash> for StateRoot {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl CodeHash {
    /// Hashes a module.
    pub fn of(code: &[u8]) -> Self {
        Self(Sha256::digest(code).into())
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString as _};

    use super::{CodeHash, Hash, StateRoot};
    use crate::ParseHexError;

    #[test]
    fn a_root_is_printed_as_64_hex_digits() {
        let mut root = StateRoot::default();
        root.0[0] = 0xab;
        root.0[31] = 1;
        let digits = format!("ab{}01", "00".repeat(30));
        assert_eq!(format!("{root}"), digits);
        assert_eq!(format!("{root:x}"), digits);
        assert_eq!(format!("{root:#x}"), format!("0x{digits}"));
        assert_eq!(format!("{root:?}"), format!("StateRoot({digits})"));
    }

    #[test]
    fn a_state_root_and_a_hash_are_made_of_one_another() {
        let root = StateRoot([7; 32]);
        assert_eq!(Hash::from(root), Hash([7; 32]));
        assert_eq!(StateRoot::from(Hash::from(root)), root);
    }

    /// The module is "abc", with its digest from FIPS 180-4.
    #[test]
    fn a_code_hash_is_the_sha_256_of_the_module() {
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(CodeHash::of(b"abc").to_string(), digits);
        assert_eq!(digits.parse(), Ok(CodeHash::of(b"abc")));
    }

    #[test]
    fn what_is_no_hash_is_refused_with_its_place() {
        let error = "0x12".parse::<Hash>().unwrap_err();
        assert_eq!(error, ParseHexError::Length { what: "a hash", got: 2, expected: 64 });
        let error = ("0x".to_string() + &"0".repeat(63) + "g").parse::<Hash>().unwrap_err();
        assert_eq!(error, ParseHexError::Digit { what: "a hash", got: 'g', position: 66 });
        assert_eq!(
            error.to_string(),
            "character 66 of a hash is 'g', which is not a hex digit: write 0 to 9, a to f or A to F"
        );
    }
}
