//! The witness: the part of the state that a block needs beside the tip.
//!
//! | bytes | content |
//! |---|---|
//! | | the [tip](crate::tip) |
//! | 1 to 5 | number of outputs, a varint |
//! | | so many times, in the order in which the outputs were added to the accumulator: |
//! | 1 to 5 | varint: the number of inputs before the one that spends it, among those that spend outputs of earlier blocks |
//! | 1 to 5 | varint: 2 * height + 1 if the transaction is a coinbase; the height is above that of the output before |
//! | 32 | hash of the block that made the output, if the height is not that of the output before |
//! | 8 | amount in satoshi, little-endian |
//! | | [script](crate::script) |
//! | 1 to 5 | number of ancestries, a varint |
//! | | so many times, in the order in which inputs need them: an [ancestry](crate::ancestry) |
//! | to the end | [paths](outrider_witness::utreexo::witness) of the outputs in the accumulator |
//!
//! Outputs of the same height are of the same block, and lie beside each other. A witness of the empty state has no
//! bytes.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{vec, vec::Vec};

use outrider_sdk::Reader;
use outrider_witness::{Hash, reader::push_varint, utreexo::HeaderCode};

use crate::{
    ancestry::Ancestry,
    coin::{Coin, NewOutput, Spend},
    error::WitnessError,
    hash::Digest,
    script::Script,
};

/// The part of the state that a block needs beside the tip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Witness {
    pub(crate) outputs: Vec<SpentOutput>,
    pub(crate) ancestries: Vec<Ancestry>,
    pub(crate) paths: Vec<u8>,
}

/// An output of an earlier block that the block spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpentOutput {
    /// The position of the input among those that spend outputs of earlier blocks.
    pub(crate) input: u32,
    pub(crate) code: HeaderCode,
    pub(crate) block_hash: Digest,
    pub(crate) amount: u64,
    pub(crate) script: Script,
}

impl Witness {
    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, WitnessError> {
        let n_outputs = reader.length(OUTPUT_BYTES_MIN)?;
        let mut outputs: Vec<SpentOutput> = Vec::with_capacity(n_outputs);
        for _ in 0..n_outputs {
            let output = SpentOutput::read(&mut reader, outputs.last())?;
            outputs.push(output);
        }
        let n_ancestries = reader.length(1)?;
        let ancestries =
            (0..n_ancestries).map(|_| Ancestry::read(&mut reader)).collect::<Result<_, WitnessError>>()?;
        Ok(Self { outputs, ancestries, paths: reader.rest().to_vec() })
    }

    /// Returns the leaves of the outputs, in their order, and the outputs in the order of the inputs that spend them.
    ///
    /// 1. There is one output for each input.
    /// 2. Its script has the shortest encoding beside the input.
    pub(crate) fn coins(&self, spends: &[Spend<'_>]) -> Result<(Vec<Hash>, Vec<Coin>), WitnessError> {
        let (expected, got) = (spends.len(), self.outputs.len());
        if got != expected {
            return Err(WitnessError::Outputs { expected, got });
        }
        let mut leaves = Vec::with_capacity(got);
        let mut coins = vec![None; expected];
        for (index, spent) in self.outputs.iter().enumerate() {
            let position = usize::try_from(spent.input).unwrap_or(usize::MAX);
            let place = coins.get_mut(position).filter(|place| place.is_none());
            let (place, spend) =
                place.zip(spends.get(position)).ok_or(WitnessError::Input { index, input: spent.input })?;
            let script = spent.script.script(spend.input).ok_or(WitnessError::Script { index })?;
            let output = spent.output(spend, &script);
            leaves.push(output.leaf());
            *place = Some(output.coin().ok_or(WitnessError::Amount { index, amount: spent.amount })?);
        }
        // Each of as many outputs has taken another place.
        Ok((leaves, coins.into_iter().flatten().collect()))
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let length = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        push_varint(bytes, length(self.outputs.len()));
        let before = core::iter::once(None).chain(self.outputs.iter().map(Some));
        self.outputs.iter().zip(before).for_each(|(output, before)| output.write(bytes, before));
        push_varint(bytes, length(self.ancestries.len()));
        self.ancestries.iter().for_each(|ancestry| ancestry.write(bytes));
        bytes.extend(&self.paths);
    }
}

impl SpentOutput {
    fn output<'a>(&self, spend: &Spend<'_>, script: &'a [u8]) -> NewOutput<'a> {
        let Self { code, block_hash, amount, .. } = *self;
        NewOutput { out_point: spend.out_point, block_hash, code, amount, script }
    }

    fn read(reader: &mut Reader<'_>, before: Option<&Self>) -> Result<Self, WitnessError> {
        let input = reader.varint()?;
        let offset = reader.offset();
        let step = reader.varint()?;
        let is_same_block = |_: &&Self| step >> 1 == 0;
        let base = before.map_or(0, |before| before.code.height() << 1);
        let code = HeaderCode(base.checked_add(step).ok_or(WitnessError::Height { offset })?);
        let block_hash = match before.filter(is_same_block) {
            Some(before) => before.block_hash,
            None => Digest(reader.take_array()?),
        };
        Ok(Self { input, code, block_hash, amount: reader.u64_le()?, script: Script::read(reader)? })
    }

    fn write(&self, bytes: &mut Vec<u8>, before: Option<&Self>) {
        push_varint(bytes, self.input);
        let base = before.map_or(0, |before| before.code.height() << 1);
        push_varint(bytes, self.code.0.saturating_sub(base));
        if before.is_none_or(|before| before.code.height() != self.code.height()) {
            bytes.extend(self.block_hash.0);
        }
        bytes.extend(self.amount.to_le_bytes());
        self.script.write(bytes);
    }
}

/// An output of the same block as the one before, with a form in place of the script.
const OUTPUT_BYTES_MIN: usize = 1 + 1 + 8 + 1;

#[cfg(test)]
mod tests {
    use bitcoin_primitives::TxIn;

    use super::*;
    use crate::{coin::Place, hash::OutPoint};

    fn output(input: u32, code: u32, script: &[u8]) -> SpentOutput {
        let block_hash = Digest([u8::try_from(code >> 1 & 0xff).unwrap(); 32]);
        let script = Script::Whole(script.to_vec());
        SpentOutput { input, code: HeaderCode(code), block_hash, amount: 5, script }
    }

    #[test]
    fn a_witness_has_one_encoding() {
        let outputs = vec![output(3, 7, b""), output(0, 6, b"a"), output(1, 600, b"bc"), output(2, 601, b"")];
        let witness = Witness { outputs, ancestries: vec![], paths: vec![1, 2, 3] };
        let mut bytes = Vec::new();
        witness.write(&mut bytes);
        // Two blocks, so two hashes.
        assert_eq!(bytes.len(), 1 + 4 * OUTPUT_BYTES_MIN + 1 + 2 * 32 + 3 + 1 + 3);
        assert_eq!(Witness::read(Reader::new(&bytes)).unwrap(), witness);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            if let Ok(read) = Witness::read(Reader::new(&changed)) {
                let mut again = Vec::new();
                read.write(&mut again);
                assert_eq!(again, changed, "byte {at}");
                assert_ne!(read, witness);
            }
        }
        for end in 0..bytes.len() - 3 {
            assert!(Witness::read(Reader::new(&bytes[..end])).is_err());
        }
    }

    #[test]
    fn each_input_has_one_output_with_the_shortest_script() {
        let input =
            TxIn { witness: bitcoin_primitives::Witness::from_slice(&[b"key"]), ..TxIn::EMPTY_COINBASE };
        let spend = |byte| {
            let place = Place { transaction: 1, input: 0 };
            Spend { place, out_point: OutPoint { txid: Digest([byte; 32]), vout: 0 }, input: &input }
        };
        let spends = [spend(0), spend(1)];
        let coins = |outputs: &[SpentOutput]| {
            let outputs = outputs.to_vec();
            Witness { outputs, ..Witness::default() }.coins(&spends)
        };
        let good = [output(1, 2, b"first"), output(0, 4, b"second")];
        let (leaves, found) = coins(&good).unwrap();
        let scripts: Vec<&[u8]> = found.iter().map(|coin| coin.output.script_pubkey.as_bytes()).collect();
        assert_eq!((leaves.len(), scripts), (2, vec![&b"second"[..], b"first"]));

        let fail = |outputs: &[SpentOutput]| coins(outputs).unwrap_err();
        assert_eq!(fail(&good[..1]), WitnessError::Outputs { expected: 2, got: 1 });
        let repeated = fail(&[good[0].clone(), output(1, 4, b"second")]);
        assert_eq!(repeated, WitnessError::Input { index: 1, input: 1 });
        let unknown = fail(&[good[0].clone(), output(2, 4, b"second")]);
        assert_eq!(unknown, WitnessError::Input { index: 1, input: 2 });
        let p2wpkh = [&[0, 20][..], &bitcoin_hashes::hash160::Hash::hash(b"key").to_byte_array()].concat();
        let long = fail(&[good[0].clone(), output(0, 4, &p2wpkh)]);
        assert_eq!(long, WitnessError::Script { index: 1 });
        let amount = 21_000_000 * 100_000_000 + 1;
        let rich = fail(&[good[0].clone(), SpentOutput { amount, ..good[1].clone() }]);
        assert_eq!(rich, WitnessError::Amount { index: 1, amount });
    }

    #[test]
    fn heights_stay_within_32_bits() {
        let mut bytes = vec![2, 0];
        push_varint(&mut bytes, u32::MAX);
        bytes.extend([0; 32 + 8]);
        bytes.extend([0, 0, 2]);
        bytes.extend([0; 60]);
        assert!(matches!(Witness::read(Reader::new(&bytes)), Err(WitnessError::Height { .. })));
    }
}
