//! The hash of scripts outside of witnesses, over most of the transaction.

use alloc::vec::Vec;

use bitcoin_hashes::{HashEngine as _, sha256};
use bitcoin_primitives::Transaction;

use super::{ANYONE_CAN_PAY, NONE, OUTPUT_MASK, SINGLE};
use crate::{
    hash::{Serialize as _, double},
    opcode::OP_CODESEPARATOR,
    script::instructions,
};

/// Returns the legacy signature hash; `None` if the transaction does not have the input.
///
/// `script_code` is the executed script behind its last executed code separator, without the signature. Code separators
/// in it are left out. The hash type has four bytes here, of which a signature gives the lowest.
///
/// With `SINGLE` and without an output of the index, the hash is the number one: Bitcoin's oldest bug is consensus.
#[must_use]
pub fn legacy(
    transaction: &Transaction,
    input_index: usize,
    script_code: &[u8],
    hash_type: u32,
) -> Option<[u8; 32]> {
    transaction.inputs.get(input_index)?;
    Some(Cache::default().hash(transaction, input_index, script_code, hash_type))
}

/// What the hashes of an input have in common: one hash for each kind of hash type, up to the hash type itself.
#[derive(Default)]
pub(crate) struct Cache {
    entries: [Option<(Vec<u8>, sha256::HashEngine)>; 6],
    /// The bytes that were hashed.
    pub(crate) bytes_hashed: u64,
}

impl Cache {
    /// Returns the hash for an input that the transaction has; the same one in all calls.
    pub(crate) fn hash(
        &mut self,
        transaction: &Transaction,
        input_index: usize,
        script_code: &[u8],
        hash_type: u32,
    ) -> [u8; 32] {
        let kind = Kind::of(hash_type);
        if kind.outputs == Outputs::Single && input_index >= transaction.outputs.len() {
            let mut one = [0; 32];
            one[0] = 1;
            return one;
        }
        let entry = &mut self.entries[kind.index()];
        let mut engine = match entry {
            Some((code, engine)) if code == script_code => engine.clone(),
            _ => {
                let engine = kind.serialize(transaction, input_index, script_code);
                self.bytes_hashed = self.bytes_hashed.saturating_add(engine.n_bytes_hashed());
                entry.insert((script_code.to_vec(), engine)).1.clone()
            }
        };
        engine.u32(hash_type);
        double(engine)
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Outputs {
    All,
    None,
    Single,
}

/// What a hash type signs.
#[derive(Clone, Copy)]
struct Kind {
    outputs: Outputs,
    anyone_can_pay: bool,
}

impl Kind {
    fn of(hash_type: u32) -> Self {
        let outputs = match hash_type & OUTPUT_MASK {
            NONE => Outputs::None,
            SINGLE => Outputs::Single,
            _ => Outputs::All,
        };
        Self { outputs, anyone_can_pay: hash_type & ANYONE_CAN_PAY != 0 }
    }

    fn index(self) -> usize {
        self.outputs as usize + if self.anyone_can_pay { 3 } else { 0 }
    }

    fn serialize(
        self,
        transaction: &Transaction,
        input_index: usize,
        script_code: &[u8],
    ) -> sha256::HashEngine {
        let mut engine = sha256::Hash::engine();
        engine.u32(transaction.version.to_u32());
        engine.compact_size(if self.anyone_can_pay { 1 } else { transaction.inputs.len() });
        for (index, input) in transaction.inputs.iter().enumerate() {
            let is_signed = index == input_index;
            if self.anyone_can_pay && !is_signed {
                continue;
            }
            engine.out_point(&input.previous_output);
            if is_signed {
                script_without_separators(&mut engine, script_code);
            } else {
                engine.compact_size(0);
            }
            let is_sequence_signed = is_signed || self.outputs == Outputs::All;
            engine.u32(if is_sequence_signed { input.sequence.to_consensus_u32() } else { 0 });
        }
        match self.outputs {
            Outputs::All => {
                engine.compact_size(transaction.outputs.len());
                transaction.outputs.iter().for_each(|output| engine.output(output));
            }
            Outputs::None => engine.compact_size(0),
            Outputs::Single => {
                engine.compact_size(input_index + 1);
                for output in transaction.outputs.iter().take(input_index + 1).enumerate() {
                    match output {
                        (index, output) if index == input_index => engine.output(output),
                        // An empty script and the amount -1.
                        _ => engine.input(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]),
                    }
                }
            }
        }
        engine.u32(transaction.lock_time.to_consensus_u32());
        engine
    }
}

fn script_without_separators(engine: &mut sha256::HashEngine, script: &[u8]) {
    // A script whose last push is cut off fails later, whatever the hash, so that its rest is hashed as it is.
    let separators =
        || instructions(script).flatten().filter(|it| it.opcode == OP_CODESEPARATOR).map(|it| it.end);
    engine.compact_size(script.len() - separators().count());
    let mut start = 0;
    for end in separators() {
        engine.input(&script[start..end - 1]);
        start = end;
    }
    engine.input(&script[start..]);
}
