//! The hash of witnesses of version 0 ([BIP 143]), whose work does not grow with the transaction.
//!
//! [BIP 143]: https://github.com/bitcoin/bips/blob/master/bip-0143.mediawiki

use bitcoin_hashes::{HashEngine as _, sha256};

use super::{ANYONE_CAN_PAY, NONE, OUTPUT_MASK, SINGLE};
use crate::{
    Spending,
    hash::{Serialize as _, double},
};

/// Returns the BIP 143 signature hash; `None` if the transaction does not have the input.
///
/// `script_code` is the witness script behind its last executed code separator.
#[must_use]
pub fn segwit_v0(
    spending: &Spending<'_>,
    input_index: usize,
    script_code: &[u8],
    hash_type: u32,
) -> Option<[u8; 32]> {
    let transaction = spending.transaction();
    let input = transaction.inputs.get(input_index)?;
    let spent = spending.spent_outputs().get(input_index)?;
    let again = |hash: [u8; 32]| sha256::Hash::hash(&hash).to_byte_array();
    let outputs = hash_type & OUTPUT_MASK;
    let anyone_can_pay = hash_type & ANYONE_CAN_PAY != 0;
    let signs_sequences = !anyone_can_pay && outputs != NONE && outputs != SINGLE;

    let mut engine = sha256::Hash::engine();
    engine.u32(transaction.version.to_u32());
    engine.input(&if anyone_can_pay { [0; 32] } else { again(spending.hashes().prevouts()) });
    engine.input(&if signs_sequences { again(spending.hashes().sequences()) } else { [0; 32] });
    engine.out_point(&input.previous_output);
    engine.bytes_with_size(script_code);
    engine.input(&spent.amount.to_sat().to_le_bytes());
    engine.u32(input.sequence.to_consensus_u32());
    engine.input(&match (outputs, transaction.outputs.get(input_index)) {
        (SINGLE, Some(output)) => {
            let mut single = sha256::Hash::engine();
            single.output(output);
            double(single)
        }
        (NONE | SINGLE, _) => [0; 32],
        _ => again(spending.hashes().outputs()),
    });
    engine.u32(transaction.lock_time.to_consensus_u32());
    engine.u32(hash_type);
    Some(double(engine))
}
