//! Files with the outputs that a block spends.
//!
//! Three forms are known:
//!
//! - Entries of outpoint, length (4 bytes, little-endian), and height, amount and script as in Bitcoin Core's database, as
//!   btcd's tests have them (`*.utxostore`). Outputs of the block itself may be among them.
//! - The undo data of Bitcoin Core, from its files `rev*.dat`, with or without the bytes around them (`CBlockUndo` in
//!   `src/undo.h`): height, amount and script for each input of the block, in their order.
//! - An output for each input of the block, in their order, as Bitcoin encodes it; without heights, as bcoin's tests have
//!   them (`*-undo.raw`).

use std::collections::BTreeSet;

use bitcoin_consensus_encoding::decode_from_slice_unbounded;
use bitcoin_primitives::{Transaction, TxIn, TxOut, Txid, transaction::TxOutDecoderError};
use outrider_abi::{ReadError, Reader};
use outrider_utxo_ee::{AssumedOutput, Digest, OutPoint};
use outrider_witness::utreexo::HeaderCode;
use secp256k1::PublicKey;

use crate::network;

/// The outputs of earlier blocks that a block spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentOutputs {
    /// The outputs, by the height of their blocks; without the hashes of these, which no file has.
    pub outputs: Vec<AssumedOutput>,
    /// Whether the heights are known, and whether the outputs are of coinbases; else they are zero.
    pub has_heights: bool,
}

/// A file is not one of the outputs that a block spends.
#[derive(Debug, thiserror::Error)]
#[error(
    "neither entries of a database ({entries}), nor undo data of Bitcoin Core ({undo}), nor an output for each input ({list})"
)]
pub struct OutputsError {
    /// Why the file has no entries.
    pub entries: EntryError,
    /// Why the file has no undo data.
    pub undo: EntryError,
    /// Why the file has no list.
    pub list: ListError,
}

/// The bytes are not entries of a database, or not undo data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The bytes end too early, or too late.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A number has more than 64 bits.
    #[error("a number has more than 64 bits")]
    Number,
    /// The key of a script is not on the curve.
    #[error("the key of a script is not on the curve")]
    Key(#[source] secp256k1::Error),
    /// The undo data are of other transactions.
    #[error("{got} where the block has {expected}")]
    Count {
        /// The number of transactions, or of inputs of one.
        got: u64,
        /// The number in the block.
        expected: usize,
    },
}

/// The bytes are not an output for each input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// An output cannot be decoded.
    #[error("output {index} is malformed")]
    Output {
        /// The position of the output.
        index: usize,
        /// The reason.
        source: TxOutDecoderError,
    },
    /// Bytes follow the last output.
    #[error("{bytes} bytes follow the outputs of {n_inputs} inputs")]
    Trailing {
        /// The number of bytes.
        bytes: usize,
        /// The number of inputs.
        n_inputs: usize,
    },
}

impl SpentOutputs {
    /// Returns those of a block that spends nothing, or only its own outputs.
    #[must_use]
    pub fn none() -> Self {
        Self { outputs: Vec::new(), has_heights: true }
    }

    /// Reads unpacked bytes of any form, for the transactions of a block at a height.
    ///
    /// # Errors
    ///
    /// Fails if the bytes have none of the forms.
    pub fn read(bytes: &[u8], transactions: &[Transaction], height: u32) -> Result<Self, OutputsError> {
        let entries = match entries(bytes, height) {
            Ok(outputs) => return Ok(Self { outputs, has_heights: true }),
            Err(error) => error,
        };
        let undo = match undo(bytes, transactions) {
            Ok(outputs) => return Ok(Self { outputs, has_heights: true }),
            Err(error) => error,
        };
        match list(bytes, transactions) {
            Ok(outputs) => Ok(Self { outputs, has_heights: false }),
            Err(list) => Err(OutputsError { entries, undo, list }),
        }
    }
}

/// Returns the inputs of a block that spend outputs of earlier blocks.
pub(crate) fn earlier_inputs(transactions: &[Transaction]) -> impl Iterator<Item = &TxIn> {
    let made_here: BTreeSet<Txid> = transactions.iter().map(Transaction::compute_txid).collect();
    inputs(transactions).filter(move |input| !made_here.contains(&input.previous_output.txid))
}

/// Returns all inputs but that of the coinbase.
pub(crate) fn inputs(transactions: &[Transaction]) -> impl Iterator<Item = &TxIn> {
    transactions.iter().skip(1).flat_map(|transaction| &transaction.inputs)
}

fn list(mut bytes: &[u8], transactions: &[Transaction]) -> Result<Vec<AssumedOutput>, ListError> {
    let made_here: BTreeSet<Txid> = transactions.iter().map(Transaction::compute_txid).collect();
    let mut outputs = Vec::new();
    let mut n_inputs = 0_usize;
    for input in inputs(transactions) {
        let output: TxOut = decode_from_slice_unbounded(&mut bytes)
            .map_err(|source| ListError::Output { index: n_inputs, source })?;
        n_inputs = n_inputs.saturating_add(1);
        if !made_here.contains(&input.previous_output.txid) {
            outputs.push(AssumedOutput {
                block_hash: Digest::default(),
                out_point: OutPoint::from(&input.previous_output),
                code: HeaderCode(0),
                amount: output.amount.to_sat(),
                script: output.script_pubkey.to_vec(),
            });
        }
    }
    if bytes.is_empty() { Ok(outputs) } else { Err(ListError::Trailing { bytes: bytes.len(), n_inputs }) }
}

fn entries(bytes: &[u8], height: u32) -> Result<Vec<AssumedOutput>, EntryError> {
    let mut reader = Reader::new(bytes);
    let mut outputs = Vec::new();
    while reader.remaining() > 0 {
        let out_point = OutPoint { txid: Digest(reader.take_array()?), vout: reader.u32_le()? };
        let length = reader.u32_le()?;
        let mut entry = reader.sub(usize::try_from(length).unwrap_or(usize::MAX))?;
        let code = header_code(&mut entry)?;
        outputs.push(output(&mut entry, out_point, code)?);
        entry.finish()?;
    }
    outputs.retain(|output| output.code.height() < height);
    outputs.sort_by_key(|output| output.code.height());
    Ok(outputs)
}

/// Reads undo data: the number of transactions without the coinbase, and for each of them the number of its inputs and the
/// outputs that these spend. Behind a height above 0 is a byte that once was the version of the transaction.
fn undo(bytes: &[u8], transactions: &[Transaction]) -> Result<Vec<AssumedOutput>, EntryError> {
    let made_here: BTreeSet<Txid> = transactions.iter().map(Transaction::compute_txid).collect();
    let mut reader = Reader::new(without_frame(bytes));
    let transactions = transactions.get(1..).unwrap_or_default();
    check_count(&mut reader, transactions.len())?;
    let mut outputs = Vec::new();
    for transaction in transactions {
        check_count(&mut reader, transaction.inputs.len())?;
        for input in &transaction.inputs {
            let code = header_code(&mut reader)?;
            if code.height() > 0 {
                var_int(&mut reader)?;
            }
            let output = output(&mut reader, OutPoint::from(&input.previous_output), code)?;
            if !made_here.contains(&input.previous_output.txid) {
                outputs.push(output);
            }
        }
    }
    reader.finish()?;
    outputs.sort_by_key(|output| output.code.height());
    Ok(outputs)
}

/// Removes the bytes of the network and the length before undo data, and the checksum behind them, if they are there.
fn without_frame(bytes: &[u8]) -> &[u8] {
    let framed = bytes.split_first_chunk::<8>().and_then(|([a, b, c, d, length @ ..], after)| {
        network::of_magic([*a, *b, *c, *d])?;
        let (undo, checksum) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        (checksum.len() == 32).then_some(undo)
    });
    framed.unwrap_or(bytes)
}

/// Reads a number in Bitcoin's encoding of lengths (`ReadCompactSize` in `src/serialize.h`), and checks it.
fn check_count(reader: &mut Reader<'_>, expected: usize) -> Result<(), EntryError> {
    let got = match reader.u8()? {
        253 => u64::from(u16::from_le_bytes(reader.take_array()?)),
        254 => u64::from(reader.u32_le()?),
        255 => reader.u64_le()?,
        small => u64::from(small),
    };
    if usize::try_from(got) == Ok(expected) { Ok(()) } else { Err(EntryError::Count { got, expected }) }
}

fn header_code(reader: &mut Reader<'_>) -> Result<HeaderCode, EntryError> {
    Ok(HeaderCode(u32::try_from(var_int(reader)?).map_err(|_| EntryError::Number)?))
}

fn output(
    reader: &mut Reader<'_>,
    out_point: OutPoint,
    code: HeaderCode,
) -> Result<AssumedOutput, EntryError> {
    let amount = amount(var_int(reader)?).ok_or(EntryError::Number)?;
    let script = script(reader)?;
    Ok(AssumedOutput { block_hash: Digest::default(), out_point, code, amount, script })
}

/// Reads a number as Bitcoin Core's databases have it: seven bits in each byte, the highest first, and one added for each
/// byte after the first (`ReadVarInt` in `src/serialize.h`).
fn var_int(reader: &mut Reader<'_>) -> Result<u64, EntryError> {
    let mut number = 0_u64;
    loop {
        let byte = reader.u8()?;
        let shifted = number.checked_mul(1 << 7).ok_or(EntryError::Number)?;
        number = shifted | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Ok(number);
        }
        number = number.checked_add(1).ok_or(EntryError::Number)?;
    }
}

/// Reads an amount without its trailing zeros (`DecompressAmount` in `src/compressor.cpp`).
fn amount(compressed: u64) -> Option<u64> {
    let Some(rest) = compressed.checked_sub(1) else { return Some(0) };
    let (n_zeros, rest) = (u32::try_from(rest % 10).ok()?, rest / 10);
    let digits = if n_zeros < 9 {
        (rest / 9).checked_mul(10)?.checked_add(rest % 9)?.checked_add(1)?
    } else {
        rest.checked_add(1)?
    };
    digits.checked_mul(10_u64.checked_pow(n_zeros)?)
}

/// Reads a script with a short form for some (`ScriptCompression` in `src/compressor.h`).
fn script(reader: &mut Reader<'_>) -> Result<Vec<u8>, EntryError> {
    Ok(match var_int(reader)? {
        0 => [&[0x76, 0xa9, 20][..], reader.take(20)?, &[0x88, 0xac]].concat(),
        1 => [&[0xa9, 20][..], reader.take(20)?, &[0x87]].concat(),
        2 => [&[33, 2][..], reader.take(32)?, &[0xac]].concat(),
        3 => [&[33, 3][..], reader.take(32)?, &[0xac]].concat(),
        form @ 4..=5 => {
            let parity = if form == 4 { 2 } else { 3 };
            let key = PublicKey::from_slice(&[&[parity][..], reader.take(32)?].concat());
            let key = key.map_err(EntryError::Key)?.serialize_uncompressed();
            [&[65][..], &key, &[0xac]].concat()
        }
        length => {
            let length = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(6);
            reader.take(length)?.to_vec()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_those_of_bitcoin_core() {
        // `compress_amounts` in `src/test/compress_tests.cpp`.
        let coin = 100_000_000;
        for (compressed, expected) in
            [(0, 0), (1, 1), (7, 1_000_000), (9, coin), (50, 50 * coin), (21_000_000, 21_000_000 * coin)]
        {
            assert_eq!(amount(compressed), Some(expected), "{compressed}");
        }
        assert_eq!(amount(u64::MAX), None);
    }

    #[test]
    fn numbers_have_one_added_for_each_byte() {
        let read = |bytes: &[u8]| var_int(&mut Reader::new(bytes)).ok();
        assert_eq!(
            (read(&[0x7f]), read(&[0x80, 0]), read(&[0xff, 0x7f])),
            (Some(127), Some(128), Some(16_511))
        );
        assert_eq!((read(&[0x80]), read(&[0xff; 11])), (None, None));
    }

    #[test]
    fn entries_are_sorted_and_those_of_the_block_left_out() {
        let entry = |txid: u8, code: u8| {
            [&[txid; 32][..], &[1, 0, 0, 0], &[5, 0, 0, 0], &[code, 9, 8, 0x51, 0x52]].concat()
        };
        let bytes = [entry(1, 21), entry(2, 8), entry(3, 100)].concat();
        let outputs = SpentOutputs::read(&bytes, &[], 50).unwrap();
        let parts = |output: &AssumedOutput| {
            (output.out_point.txid.0[0], output.code.height(), output.code.is_coinbase(), output.amount)
        };
        let got: Vec<_> = outputs.outputs.iter().map(parts).collect();
        assert_eq!(got, [(2, 4, false, 100_000_000), (1, 10, true, 100_000_000)]);
        assert_eq!(outputs.outputs[0].script, [0x51, 0x52]);
        for at in 1..bytes.len() {
            if at % 45 != 0 {
                assert!(SpentOutputs::read(&bytes[..at], &[], 50).is_err());
            }
        }
    }
}
