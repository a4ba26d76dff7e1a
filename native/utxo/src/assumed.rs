//! A block whose history is not at hand, on a state for which the caller vouches.

use std::{collections::BTreeMap, fmt};

use bitcoin_consensus_encoding::{decode_from_slice, error::DecodeError};
use bitcoin_primitives::{Block, OutPoint, Sequence, Transaction, TxOut, block::BlockDecoderError};
use outrider_bitcoin_script::{
    Spending, SpentOutputsError, legacy_sigops, limit::WITNESS_SCALE_FACTOR, sigop_cost, weight,
};
use outrider_utxo_ee::{AssumedState, Network};
use serde::Serialize;

use crate::{
    blocks::RawBlock,
    outputs::{OutputsError, SpentOutputs, earlier_inputs, inputs},
};

/// A block and the state on which it is executed.
#[derive(Debug)]
pub struct AssumedBlock {
    network: Network,
    height: u32,
    block: RawBlock,
    transactions: Vec<Transaction>,
    spent: SpentOutputs,
}

/// A block cannot be executed on an assumed state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssumedBlockError {
    /// The bytes are not a block.
    #[error("not a block")]
    Block(#[source] DecodeError<BlockDecoderError>),
    /// Neither the caller nor the block names the height.
    #[error("the block does not contain its height: name it")]
    NoHeight,
    /// No block can have height 0 on a state.
    #[error("the height 0 is that of the genesis block, which is not executed")]
    Genesis,
    /// The block spends outputs of earlier blocks, and none are given.
    #[error("the block spends {n} outputs of earlier blocks: name a file with them")]
    NoOutputs {
        /// The number of inputs that spend them.
        n: usize,
    },
    /// The file with the outputs is malformed.
    #[error("the outputs that the block spends cannot be read")]
    Outputs(#[from] OutputsError),
}

/// The size and cost of a block. The EE checks the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The number of transactions.
    pub n_transactions: usize,
    /// The number of inputs, without that of the coinbase.
    pub n_inputs: usize,
    /// The number of outputs of earlier blocks that are spent.
    pub n_spent: usize,
    /// The fees in satoshi.
    pub fees: u64,
    /// The sigop cost (BIP 141).
    pub sigop_cost: u64,
    /// The weight of the transactions (BIP 141).
    pub weight: u64,
}

/// A rule that does not hold on an assumed state, as the EE's README lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waived {
    /// Nothing is known of the parent but its hash.
    Ancestry,
    /// The work of the block is only compared with its own bits.
    Work,
    /// The time may be any.
    Time,
    /// Lock times are compared with the block's own time.
    MedianTime,
    /// Relative lock times in seconds are not checked.
    RelativeSeconds,
    /// The heights of outputs are claimed.
    ClaimedHeights,
    /// The heights of outputs are not known.
    NoHeights,
    /// The hashes of the blocks that made the outputs are not known.
    BlockHashes,
}

impl AssumedBlock {
    /// Joins a block with the outputs that it spends. Without a height, takes that in the coinbase.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a block, if the height is missing, or if the outputs are missing or malformed.
    pub fn new(
        network: Network,
        height: Option<u32>,
        block: RawBlock,
        outputs: Option<&[u8]>,
    ) -> Result<Self, AssumedBlockError> {
        let decoded = decode_from_slice::<Block>(&block.bytes).map_err(AssumedBlockError::Block)?;
        let (header, transactions) = decoded.into_parts();
        let claimed = transactions.first().filter(|_| header.version.to_consensus() >= 2);
        let height = height.or(claimed.and_then(coinbase_height)).ok_or(AssumedBlockError::NoHeight)?;
        if height == 0 {
            return Err(AssumedBlockError::Genesis);
        }
        let n_earlier = earlier_inputs(&transactions).count();
        let spent = match outputs {
            Some(bytes) => SpentOutputs::read(bytes, &transactions, height)?,
            None if n_earlier > 0 => return Err(AssumedBlockError::NoOutputs { n: n_earlier }),
            None => SpentOutputs::none(),
        };
        Ok(Self { network, height, block, transactions, spent })
    }

    /// Returns the height.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Returns the block.
    #[must_use]
    pub fn block(&self) -> &RawBlock {
        &self.block
    }

    /// Returns the state before the block.
    #[must_use]
    pub fn state(&self) -> AssumedState {
        AssumedState {
            network: self.network,
            height: self.height.saturating_sub(1),
            block_hash: self.block.parent,
            outputs: self.spent.outputs.clone(),
        }
    }

    /// Returns size and cost of the block, for a block that the EE has executed: outputs that are missing count as nothing.
    ///
    /// # Errors
    ///
    /// Fails if an output is missing.
    pub fn figures(&self) -> Result<Figures, SpentOutputsError> {
        let mut outputs: BTreeMap<OutPoint, TxOut> = BTreeMap::new();
        for output in &self.spent.outputs {
            let txid = bitcoin_primitives::Txid::from_byte_array(output.out_point.txid.0);
            let amount = bitcoin_primitives::Amount::from_sat(output.amount).unwrap_or_default();
            let script_pubkey = output.script.clone().into();
            outputs.insert(OutPoint { txid, vout: output.out_point.vout }, TxOut { amount, script_pubkey });
        }
        let flags = self.network.script_flags(self.height, &self.block.hash);
        let mut figures = Figures {
            n_transactions: self.transactions.len(),
            n_inputs: inputs(&self.transactions).count(),
            n_spent: earlier_inputs(&self.transactions).count(),
            ..Figures::default()
        };
        for (index, transaction) in self.transactions.iter().enumerate() {
            figures.weight = figures.weight.saturating_add(weight(transaction));
            let cost = if index == 0 {
                legacy_sigops(transaction).saturating_mul(WITNESS_SCALE_FACTOR)
            } else {
                let spent = transaction.inputs.iter().filter_map(|input| outputs.get(&input.previous_output));
                let spent: Vec<TxOut> = spent.cloned().collect();
                let fee = amount(&spent).saturating_sub(amount(&transaction.outputs));
                figures.fees = figures.fees.saturating_add(fee);
                sigop_cost(&Spending::new(transaction, &spent)?, flags)
            };
            figures.sigop_cost = figures.sigop_cost.saturating_add(cost);
            let txid = transaction.compute_txid();
            for (vout, output) in (0..).zip(&transaction.outputs) {
                outputs.insert(OutPoint { txid, vout }, output.clone());
            }
        }
        Ok(figures)
    }

    /// Returns the rules that are waived for this block.
    #[must_use]
    pub fn waived(&self) -> Vec<Waived> {
        let has_csv = self.height >= self.network.activations().csv;
        let relative_seconds = inputs(&self.transactions).any(|input| is_in_seconds(input.sequence));
        let spends_earlier = !self.spent.outputs.is_empty();
        let rules = [
            (Waived::Ancestry, true),
            (Waived::Work, true),
            (Waived::Time, true),
            (Waived::MedianTime, has_csv),
            (Waived::RelativeSeconds, has_csv && relative_seconds),
            (Waived::ClaimedHeights, spends_earlier && self.spent.has_heights),
            (Waived::NoHeights, spends_earlier && !self.spent.has_heights),
            (Waived::BlockHashes, spends_earlier),
        ];
        rules.into_iter().filter(|(_, is_waived)| *is_waived).map(|(rule, _)| rule).collect()
    }
}

fn amount(outputs: &[TxOut]) -> u64 {
    outputs.iter().fold(0, |sum, output| sum.saturating_add(output.amount.to_sat()))
}

/// Returns whether a sequence number is a relative lock time in seconds (BIP 68).
fn is_in_seconds(sequence: Sequence) -> bool {
    let number = sequence.to_consensus_u32();
    number & (1 << 31) == 0 && number & (1 << 22) != 0
}

/// Returns the height with which the script of a coinbase begins (BIP 34): a push of one to four bytes.
fn coinbase_height(coinbase: &Transaction) -> Option<u32> {
    let script = coinbase.inputs.first()?.script_sig.as_bytes();
    let (length, rest) = script.split_first()?;
    if let number @ 0x51..=0x60 = *length {
        return Some(u32::from(number).saturating_sub(0x50));
    }
    let bytes = rest.get(..usize::from(*length)).filter(|bytes| (1..=4).contains(&bytes.len()))?;
    let (last, _) = bytes.split_last()?;
    if last & 0x80 != 0 {
        return None;
    }
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// Writes the rule, and what holds in its place.
impl fmt::Display for Waived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ancestry => "ancestry: nothing is known of the parent but its hash",
            Self::Work => {
                "work of the chain (bad-diffbits): the hash is at most the target of the block's own bits, which are at \
                 most the limit"
            }
            Self::Time => "median time (time-too-old): any time is valid",
            Self::MedianTime => "lock times (BIP 113): compared with the time of the block, not with the median",
            Self::RelativeSeconds => "relative lock times in seconds (BIP 68): not checked",
            Self::ClaimedHeights => {
                "maturity of coinbases and relative lock times in blocks: checked with the heights in the file"
            }
            Self::NoHeights => {
                "maturity of coinbases and relative lock times in blocks: not checked, because the file has no heights"
            }
            Self::BlockHashes => "hashes of the blocks that made the outputs: not known, and zeros in their leaves",
        })
    }
}

#[cfg(test)]
mod tests {
    use bitcoin_primitives::{ScriptSigBuf, TxIn, absolute::LockTime, transaction};

    use super::*;

    #[track_caller]
    fn check_height(script: &[u8], expected: Option<u32>) {
        let input = TxIn { script_sig: ScriptSigBuf::from_bytes(script.to_vec()), ..TxIn::EMPTY_COINBASE };
        let (version, lock_time) = (transaction::Version::ONE, LockTime::ZERO);
        let coinbase = Transaction { version, lock_time, inputs: vec![input], outputs: vec![] };
        assert_eq!(coinbase_height(&coinbase), expected, "{script:x?}");
    }

    #[test]
    fn coinbases_begin_with_the_height() {
        check_height(&[0x03, 0x8f, 0x3c, 0x04, 0xff], Some(277_647));
        check_height(&[0x51, 0], Some(1));
        check_height(&[0x60], Some(16));
        check_height(&[1, 17], Some(17));
        check_height(&[2, 0x80, 0], Some(128));
        for script in [&[][..], &[0], &[3, 1, 2], &[1, 0x80], &[5, 1, 2, 3, 4, 5], &[0x4c, 1, 1]] {
            check_height(script, None);
        }
    }
}
