//! The hash of witnesses of version 1 ([BIP 341], [BIP 342]).
//!
//! [BIP 341]: https://github.com/bitcoin/bips/blob/master/bip-0341.mediawiki
//! [BIP 342]: https://github.com/bitcoin/bips/blob/master/bip-0342.mediawiki

use bitcoin_hashes::{HashEngine as _, sha256};

use crate::{
    Spending,
    hash::{Serialize as _, tagged},
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
pub fn taproot(
    spending: &Spending<'_>,
    input_index: usize,
    path: TaprootPath,
    annex_hash: Option<[u8; 32]>,
    hash_type: u8,
) -> Option<[u8; 32]> {
    if !matches!(hash_type, 0..=3 | 0x81..=0x83) {
        return None;
    }
    let transaction = spending.transaction();
    let input = transaction.inputs.get(input_index)?;
    let spent = spending.spent_outputs().get(input_index)?;
    let anyone_can_pay = hash_type & 0x80 != 0;
    let outputs = hash_type & 3;

    let mut engine = tagged(b"TapSighash");
    // The epoch is 0.
    engine.input(&[0, hash_type]);
    engine.u32(transaction.version.to_u32());
    engine.u32(transaction.lock_time.to_consensus_u32());
    let hashes = spending.hashes();
    if !anyone_can_pay {
        engine.input(&hashes.prevouts());
        engine.input(&hashes.amounts());
        engine.input(&hashes.scripts());
        engine.input(&hashes.sequences());
    }
    if outputs <= 1 {
        engine.input(&hashes.outputs());
    }
    let is_script = matches!(path, TaprootPath::Script { .. });
    engine.input(&[u8::from(is_script) << 1 | u8::from(annex_hash.is_some())]);
    if anyone_can_pay {
        engine.out_point(&input.previous_output);
        engine.output(spent);
        engine.u32(input.sequence.to_consensus_u32());
    } else {
        engine.u32(u32::try_from(input_index).ok()?);
    }
    if let Some(hash) = annex_hash {
        engine.input(&hash);
    }
    if outputs == 3 {
        let mut single = sha256::Hash::engine();
        single.output(transaction.outputs.get(input_index)?);
        engine.input(&single.finalize().to_byte_array());
    }
    if let TaprootPath::Script { leaf_hash, code_separator } = path {
        engine.input(&leaf_hash);
        // The version of keys of 32 bytes is 0.
        engine.input(&[0]);
        engine.u32(code_separator);
    }
    Some(engine.finalize().to_byte_array())
}
