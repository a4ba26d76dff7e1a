//! The hash of witnesses of version 1 ([BIP 341], [BIP 342]).
//!
//! [BIP 341]: https://github.com/bitcoin/bips/blob/master/bip-0341.mediawiki
//! [BIP 342]: https://github.com/bitcoin/bips/blob/master/bip-0342.mediawiki

use alloc::vec::Vec;

use crate::{
    Hashes, Spending,
    hash::{Serialize as _, Tag},
};

/// How a taproot output is spent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TaprootPath {
    /// With a signature by the output key.
    Key,
    /// With a leaf.
    Script {
        /// The hash of the leaf.
        leaf_hash: [u8; 32],
        /// The position of the last executed code separator, or 2^32 - 1.
        code_separator: u32,
    },
}

/// Returns the BIP 341 signature hash.
///
/// `annex_hash` is the SHA-256 of the annex with its length. Returns `None` if the hash type is not defined, if it
/// signs a single output that the transaction does not have, or if the transaction does not have the input.
#[must_use]
pub fn taproot<H: Hashes>(
    spending: &Spending<'_>,
    input_index: usize,
    path: TaprootPath,
    annex_hash: Option<[u8; 32]>,
    hash_type: u8,
    hasher: &H,
) -> Option<[u8; 32]> {
    const TAG: Tag = Tag::new(b"TapSighash");
    if !matches!(hash_type, 0..=3 | 0x81..=0x83) {
        return None;
    }
    let transaction = spending.transaction();
    let input = transaction.inputs.get(input_index)?;
    let spent = spending.spent_outputs().get(input_index)?;
    let anyone_can_pay = hash_type & 0x80 != 0;
    let outputs = hash_type & 3;

    let mut message = TAG.message();
    // The epoch is 0.
    message.extend([0, hash_type]);
    message.u32(transaction.version.to_u32());
    message.u32(transaction.lock_time.to_consensus_u32());
    let hashes = spending.hashes(hasher);
    if !anyone_can_pay {
        message.extend(hashes.prevouts());
        message.extend(hashes.amounts());
        message.extend(hashes.scripts());
        message.extend(hashes.sequences());
    }
    if outputs <= 1 {
        message.extend(hashes.outputs());
    }
    let is_script = matches!(path, TaprootPath::Script { .. });
    message.push(u8::from(is_script) << 1 | u8::from(annex_hash.is_some()));
    if anyone_can_pay {
        message.out_point(&input.previous_output);
        message.output(spent);
        message.u32(input.sequence.to_consensus_u32());
    } else {
        message.u32(u32::try_from(input_index).ok()?);
    }
    if let Some(hash) = annex_hash {
        message.extend(hash);
    }
    if outputs == 3 {
        let mut single = Vec::new();
        single.output(transaction.outputs.get(input_index)?);
        message.extend(hasher.sha256(&single));
    }
    if let TaprootPath::Script { leaf_hash, code_separator } = path {
        message.extend(leaf_hash);
        // The version of keys of 32 bytes is 0.
        message.push(0);
        message.u32(code_separator);
    }
    Some(hasher.sha256(&message))
}
