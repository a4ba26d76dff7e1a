//! The hash of witnesses of version 0 ([BIP 143]), whose work does not grow with the transaction.
//!
//! [BIP 143]: https://github.com/bitcoin/bips/blob/master/bip-0143.mediawiki

use alloc::vec::Vec;

use super::{ANYONE_CAN_PAY, NONE, OUTPUT_MASK, SINGLE};
use crate::{
    Hashes, Spending,
    hash::{MESSAGE_BYTES, Serialize as _, double},
};

/// Returns the BIP 143 signature hash; `None` if the transaction does not have the input.
///
/// `script_code` is the witness script behind its last executed code separator.
#[must_use]
pub fn segwit_v0<H: Hashes>(
    spending: &Spending<'_>,
    input_index: usize,
    script_code: &[u8],
    hash_type: u32,
    hasher: &H,
) -> Option<[u8; 32]> {
    let transaction = spending.transaction();
    let input = transaction.inputs.get(input_index)?;
    let spent = spending.spent_outputs().get(input_index)?;
    let hashes = spending.hashes(hasher);
    let again = |hash: [u8; 32]| hasher.sha256(&hash);
    let outputs = hash_type & OUTPUT_MASK;
    let anyone_can_pay = hash_type & ANYONE_CAN_PAY != 0;
    let signs_sequences = !anyone_can_pay && outputs != NONE && outputs != SINGLE;

    let mut message = Vec::with_capacity(MESSAGE_BYTES);
    message.u32(transaction.version.to_u32());
    message.extend(if anyone_can_pay { [0; 32] } else { again(hashes.prevouts()) });
    message.extend(if signs_sequences { again(hashes.sequences()) } else { [0; 32] });
    message.out_point(&input.previous_output);
    message.bytes_with_size(script_code);
    message.extend(spent.amount.to_sat().to_le_bytes());
    message.u32(input.sequence.to_consensus_u32());
    message.extend(match (outputs, transaction.outputs.get(input_index)) {
        (SINGLE, Some(output)) => {
            let mut single = Vec::new();
            single.output(output);
            double(&single, hasher)
        }
        (NONE | SINGLE, _) => [0; 32],
        _ => again(hashes.outputs()),
    });
    message.u32(transaction.lock_time.to_consensus_u32());
    message.u32(hash_type);
    Some(double(&message, hasher))
}
