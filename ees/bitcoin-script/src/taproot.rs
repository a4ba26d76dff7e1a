//! Leaves, branches and tweaks of taproot outputs ([BIP 341]).
//!
//! [BIP 341]: https://github.com/bitcoin/bips/blob/master/bip-0341.mediawiki

use crate::{
    Crypto, Hashes, ScriptError,
    hash::{Serialize as _, Tag},
};

/// The first byte of an annex.
pub const ANNEX_TAG: u8 = 0x50;
/// The leaf version of tapscript.
pub const TAPSCRIPT_LEAF_VERSION: u8 = 0xc0;

/// Returns the hash of a leaf.
#[must_use]
pub fn leaf_hash<H: Hashes>(leaf_version: u8, script: &[u8], hasher: &H) -> [u8; 32] {
    const TAG: Tag = Tag::new(b"TapLeaf");
    let mut message = TAG.message();
    message.push(leaf_version);
    message.bytes_with_size(script);
    hasher.sha256(&message)
}

/// Returns the hash of a branch, which does not depend on the order of its children.
#[must_use]
pub fn branch_hash<H: Hashes>(a: &[u8; 32], b: &[u8; 32], hasher: &H) -> [u8; 32] {
    const TAG: Tag = Tag::new(b"TapBranch");
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    let mut message = TAG.message();
    message.extend_from_slice(first);
    message.extend_from_slice(second);
    hasher.sha256(&message)
}

/// Returns the tweak of an internal key, with the root of its leaves if there are any.
#[must_use]
pub fn tweak_hash<H: Hashes>(
    internal_key: &[u8; 32],
    merkle_root: Option<&[u8; 32]>,
    hasher: &H,
) -> [u8; 32] {
    const TAG: Tag = Tag::new(b"TapTweak");
    let mut message = TAG.message();
    message.extend_from_slice(internal_key);
    message.extend_from_slice(merkle_root.map_or(&[][..], |root| root));
    hasher.sha256(&message)
}

/// The last element of a witness that spends a leaf: where the leaf is.
///
/// | bytes | content |
/// |---|---|
/// | 1 | leaf version, and in the lowest bit whether the output key is odd |
/// | 32 | internal key |
/// | 32 * n, n up to 128 | hashes beside the way from the leaf to the root |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ControlBlock<'a> {
    leaf_version: u8,
    output_is_odd: bool,
    internal_key: &'a [u8; 32],
    path: &'a [[u8; 32]],
}

impl<'a> ControlBlock<'a> {
    /// Decodes a control block.
    ///
    /// # Errors
    ///
    /// Returns `TaprootWrongControlSize`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, ScriptError> {
        let error = ScriptError::TaprootWrongControlSize;
        let (first, rest) = bytes.split_first().ok_or(error)?;
        let (internal_key, rest) = rest.split_first_chunk().ok_or(error)?;
        let (path, []) = rest.as_chunks() else { return Err(error) };
        if path.len() > PATH_HASHES_MAX {
            return Err(error);
        }
        Ok(Self { leaf_version: first & 0xfe, output_is_odd: first & 1 != 0, internal_key, path })
    }

    /// Returns the version of the leaf, which is even.
    #[must_use]
    pub fn leaf_version(&self) -> u8 {
        self.leaf_version
    }

    /// Verifies that the output key commits to a leaf.
    ///
    /// # Errors
    ///
    /// Returns `WitnessProgramMismatch`.
    pub fn verify<C: Crypto>(
        &self,
        output_key: &[u8; 32],
        leaf_hash: &[u8; 32],
        crypto: &C,
    ) -> Result<(), ScriptError> {
        let root = self.path.iter().fold(*leaf_hash, |hash, sibling| branch_hash(&hash, sibling, crypto));
        let tweak = tweak_hash(self.internal_key, Some(&root), crypto);
        if crypto.taproot_tweak_check(output_key, self.output_is_odd, self.internal_key, &tweak) {
            Ok(())
        } else {
            Err(ScriptError::WitnessProgramMismatch)
        }
    }
}

/// The most hashes of a control block.
const PATH_HASHES_MAX: usize = 128;
