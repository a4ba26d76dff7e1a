//! The hash of scripts outside of witnesses, over most of the transaction.

use core::cell::OnceCell;

use alloc::vec::Vec;

use bitcoin_primitives::Transaction;

use super::{ANYONE_CAN_PAY, NONE, OUTPUT_MASK, SINGLE};
use crate::{
    Hashes,
    hash::{Serialize as _, compact_size_bytes, double},
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
pub fn legacy<H: Hashes>(
    transaction: &Transaction,
    input_index: usize,
    script_code: &[u8],
    hash_type: u32,
    hasher: &H,
) -> Option<[u8; 32]> {
    transaction.inputs.get(input_index)?;
    let source = Source { transaction, without_scripts: &OnceCell::new(), input_index };
    Some(Cache::default().hash(&source, script_code, hash_type, hasher))
}

/// The parts of which the hashes of an input are made.
pub(crate) struct Source<'a> {
    pub(crate) transaction: &'a Transaction,
    /// The serialization of the transaction with empty scripts of inputs, which its inputs share: that of the input
    /// has its place in it.
    pub(crate) without_scripts: &'a OnceCell<Vec<u8>>,
    /// The index of an input that the transaction has.
    pub(crate) input_index: usize,
}

/// The last hash of an input for each kind of hash type, which the checks of `OP_CHECKMULTISIG` share.
#[derive(Default)]
pub(crate) struct Cache {
    entries: [Option<Entry>; 6],
    /// The bytes that were hashed.
    pub(crate) bytes_hashed: u64,
}

struct Entry {
    script_code: Vec<u8>,
    hash_type: u32,
    hash: [u8; 32],
}

impl Cache {
    /// Returns the hash for an input, the same one in all calls.
    pub(crate) fn hash<H: Hashes>(
        &mut self,
        source: &Source<'_>,
        script_code: &[u8],
        hash_type: u32,
        hasher: &H,
    ) -> [u8; 32] {
        let kind = Kind::of(hash_type);
        if kind.outputs == Outputs::Single && source.input_index >= source.transaction.outputs.len() {
            let mut one = [0; 32];
            one[0] = 1;
            return one;
        }
        let entry = &mut self.entries[kind.index()];
        if let Some(known) = entry
            && known.hash_type == hash_type
            && known.script_code == script_code
        {
            return known.hash;
        }
        let message = kind.message(source, script_code, hash_type);
        self.bytes_hashed = self.bytes_hashed.saturating_add(message.len() as u64);
        let hash = double(&message, hasher);
        *entry = Some(Entry { script_code: script_code.to_vec(), hash_type, hash });
        hash
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Outputs {
    All,
    None,
    Single,
}

/// The parts of a transaction that a hash type signs.
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

    /// Returns the serialization that is hashed. That which signs all inputs and outputs, the usual one, is copied from
    /// what the inputs share, so that it costs no more than copying and hashing.
    fn message(self, source: &Source<'_>, script_code: &[u8], hash_type: u32) -> Vec<u8> {
        let Source { transaction, without_scripts, input_index } = *source;
        let script = script_without_separators(script_code);
        let hash_type = hash_type.to_le_bytes();
        if self.outputs != Outputs::All || self.anyone_can_pay {
            return [&self.serialize(transaction, Some((input_index, &script)))[..], &hash_type].concat();
        }
        let shared = without_scripts.get_or_init(|| self.serialize(transaction, None));
        let inputs_start = 4 + compact_size_bytes(transaction.inputs.len());
        let script_start = inputs_start + input_index * EMPTY_INPUT_BYTES + OUT_POINT_BYTES;
        // An empty script takes one byte.
        let (before, after) = (&shared[..script_start], &shared[script_start + 1..]);
        [before, &script, after, &hash_type].concat()
    }

    /// Serializes a transaction with empty scripts of inputs, but for one with its length.
    fn serialize(self, transaction: &Transaction, signed: Option<(usize, &[u8])>) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.u32(transaction.version.to_u32());
        bytes.compact_size(if self.anyone_can_pay { 1 } else { transaction.inputs.len() });
        for (index, input) in transaction.inputs.iter().enumerate() {
            let script = signed.filter(|(signed, _)| *signed == index).map(|(_, script)| script);
            if self.anyone_can_pay && script.is_none() {
                continue;
            }
            bytes.out_point(&input.previous_output);
            bytes.extend_from_slice(script.unwrap_or(&[0]));
            let is_sequence_signed = script.is_some() || self.outputs == Outputs::All;
            bytes.u32(if is_sequence_signed { input.sequence.to_consensus_u32() } else { 0 });
        }
        match (self.outputs, signed) {
            (Outputs::All, _) => bytes.outputs(&transaction.outputs),
            (Outputs::Single, Some((input_index, _))) => {
                bytes.compact_size(input_index + 1);
                // An empty script and the amount -1.
                (0..input_index)
                    .for_each(|_| bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]));
                bytes.output(&transaction.outputs[input_index]);
            }
            (Outputs::None | Outputs::Single, _) => bytes.compact_size(0),
        }
        bytes.u32(transaction.lock_time.to_consensus_u32());
        bytes
    }
}

/// The bytes of an outpoint, and of an input with an empty script.
const OUT_POINT_BYTES: usize = 32 + 4;
const EMPTY_INPUT_BYTES: usize = OUT_POINT_BYTES + 1 + 4;

/// Returns a script without code separators, after its length.
fn script_without_separators(script: &[u8]) -> Vec<u8> {
    // A script whose last push is cut off fails later, whatever the hash, so that its rest is hashed as it is.
    let separators =
        || instructions(script).flatten().filter(|it| it.opcode == OP_CODESEPARATOR).map(|it| it.end);
    let mut bytes = Vec::with_capacity(script.len() + 9);
    bytes.compact_size(script.len() - separators().count());
    let mut start = 0;
    for end in separators() {
        bytes.extend_from_slice(&script[start..end - 1]);
        start = end;
    }
    bytes.extend_from_slice(&script[start..]);
    bytes
}
