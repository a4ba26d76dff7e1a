//! The connection of a block to the chain: amounts, lock times and scripts, and then the new outputs.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use bitcoin_primitives::{Amount, Transaction, TxOut};
use outrider_bitcoin_script::{
    Flags, ScriptError, Spending, legacy_sigops,
    limit::{BLOCK_SIGOP_COST_MAX, WITNESS_SCALE_FACTOR},
    sigop_cost, verify_input,
};
use outrider_witness::utreexo::{Accumulator, HeaderCode, is_unspendable};

use crate::{
    block::Block,
    coin::{Coin, NewOutput},
    crypto::Host,
    error::{BlockError, HeaderError, StateError, TransactionError},
    hash::OutPoint,
    header::Checked,
    network::Network,
    shard::Arrival,
    spend::Spends,
    state::State,
    tip::Tip,
};

/// Connects a checked block to the tip (`ConnectBlock` in `src/validation.cpp`):
///
/// 1. Each transaction but the coinbase spends mature outputs, and no more than they have; its relative lock times are
///    reached, and the scripts of all inputs are valid.
/// 2. The sigop cost of all transactions is at most 80,000 (BIP 141).
/// 3. The coinbase takes no more than the subsidy and the fees.
/// 4. The outputs that can be spent, and that the block does not spend itself, are added to the state, in their order
///    (BIP 182); then those of receipts. The spent ones were deleted before.
/// 5. The block is the new tip.
///
/// That no unspent output is replaced by one of the same transaction id (BIP 30) is not checked, as an accumulator does
/// not show what it does not have. From BIP 34 on, ids differ. Below that height, the two coinbases of the main network
/// that were replaced cannot be spent.
pub(crate) fn connect(
    state: &mut State,
    network: Network,
    block: &Block,
    checked: Checked,
    spends: &Spends,
    arrivals: &[Arrival],
) -> Result<(), BlockError> {
    let height = checked.height;
    let flags = network.script_flags(height, &block.hash);
    let csv = height >= network.activations().csv;
    let mut connection = Connection { state, network, height, flags, median_time: checked.median_time, csv };
    let (mut fees, mut sigops) = (0_u64, 0_u64);
    for (index, (transaction, coins)) in block.transactions.iter().zip(&spends.coins).enumerate() {
        if index == 0 {
            sigops = legacy_sigops(transaction).saturating_mul(WITNESS_SCALE_FACTOR);
        } else {
            let spent: Vec<TxOut> = coins.iter().map(|coin| coin.output.clone()).collect();
            let fail = |source| block.fail(index, source);
            let spending = Spending::new(transaction, &spent).map_err(|_| fail(NOT_ONE_FOR_EACH))?;
            let fee = connection.amounts(&spending, coins).map_err(fail)?;
            fees = fees
                .checked_add(fee)
                .filter(|fees| *fees <= AMOUNT_MAX)
                .ok_or(fail(TransactionError::Fees))?;
            if let Some(too_young) = connection.sequences(transaction, coins)? {
                return Err(fail(too_young));
            }
            sigops = sigops.saturating_add(sigop_cost(&spending, flags));
            if sigops <= BLOCK_SIGOP_COST_MAX {
                connection.scripts(&spending).map_err(fail)?;
            }
        }
        if sigops > BLOCK_SIGOP_COST_MAX {
            return Err(BlockError::Sigops { got: sigops });
        }
    }
    let got = block.transactions.first().map_or(0, amount_out);
    let limit = fees.saturating_add(network.subsidy(height));
    if got > limit {
        return Err(BlockError::CoinbaseAmount { got, limit });
    }
    add_outputs(state, block, height, spends, arrivals)?;
    advance(state, network, block, checked)
}

struct Connection<'a> {
    state: &'a mut State,
    network: Network,
    height: u32,
    flags: Flags,
    /// The median time before the block; `None` where nothing before it is known.
    median_time: Option<u32>,
    /// Whether relative lock times count.
    csv: bool,
}

impl Connection<'_> {
    /// Checks the amounts of a transaction (`CheckTxInputs` in `src/consensus/tx_verify.cpp`), and returns the fee.
    fn amounts(&self, spending: &Spending<'_>, coins: &[Coin]) -> Result<u64, TransactionError> {
        let mut amount_in = 0_u64;
        for (input, coin) in coins.iter().enumerate() {
            let depth = self.height.saturating_sub(coin.code.height());
            if coin.code.is_coinbase() && depth < COINBASE_MATURITY {
                return Err(TransactionError::Immature { input, depth });
            }
            let sum = amount_in.checked_add(coin.output.amount.to_sat()).filter(|sum| *sum <= AMOUNT_MAX);
            amount_in = sum.ok_or(TransactionError::InputAmounts { input })?;
        }
        let amount_out = amount_out(spending.transaction());
        amount_in.checked_sub(amount_out).ok_or(TransactionError::Overspent { amount_in, amount_out })
    }

    /// Returns what is wrong with the relative lock times of a transaction (`CalculateSequenceLocks` and
    /// `EvaluateSequenceLocks` in `src/consensus/tx_verify.cpp`), if something is. An output has to be as many blocks,
    /// or as many times 512 seconds, old as the sequence number says. The seconds are those from the median time before
    /// the block that made it to the median time before this one.
    fn sequences(
        &mut self,
        transaction: &Transaction,
        coins: &[Coin],
    ) -> Result<Option<TransactionError>, StateError> {
        if !self.csv || transaction.version.to_u32() < 2 {
            return Ok(None);
        }
        for (number, (input, coin)) in transaction.inputs.iter().zip(coins).enumerate() {
            let sequence = input.sequence.to_consensus_u32();
            if sequence & SEQUENCE_DISABLED != 0 {
                continue;
            }
            let age = sequence & SEQUENCE_MASK;
            let is_old = if sequence & SEQUENCE_IS_TIME == 0 {
                coin.code.height().saturating_add(age) <= self.height
            } else {
                self.is_older(coin, age << SEQUENCE_TIME_SHIFT)?
            };
            if !is_old {
                return Ok(Some(TransactionError::Sequence { input: number, sequence }));
            }
        }
        Ok(None)
    }

    /// Returns whether a coin has an age in seconds, by median times.
    fn is_older(&mut self, coin: &Coin, age: u32) -> Result<bool, StateError> {
        let Some(now) = self.median_time else { return Ok(true) };
        let made = match coin.block_hash {
            Some(hash) => self.state.median_time_before(self.network, coin.code.height(), hash)?,
            None => now,
        };
        Ok(u64::from(made).saturating_add(age.into()) <= u64::from(now))
    }

    /// Verifies the scripts of all inputs.
    fn scripts(&self, spending: &Spending<'_>) -> Result<(), TransactionError> {
        let mut inputs = 0..spending.spent_outputs().len();
        let verify = |input| verify_input(spending, input, self.flags, &Host);
        inputs.try_for_each(verify).map_err(TransactionError::Script)
    }
}

fn add_outputs(
    state: &mut State,
    block: &Block,
    height: u32,
    spends: &Spends,
    arrivals: &[Arrival],
) -> Result<(), BlockError> {
    let code = |is_coinbase| HeaderCode::new(height, is_coinbase).ok_or(HeaderError::TooHigh);
    for (index, (transaction, txid)) in block.transactions.iter().zip(&block.txids).enumerate() {
        for (vout, output) in (0..).zip(&transaction.outputs) {
            let out_point = OutPoint { txid: *txid, vout };
            let script = output.script_pubkey.as_bytes();
            if is_unspendable(script) || spends.spent_here.contains(&out_point) {
                continue;
            }
            let (code, amount) = (code(index == 0)?, output.amount.to_sat());
            state.add(&NewOutput { out_point, block_hash: block.hash, code, amount, script })?;
        }
    }
    for Arrival { txid, amount, script } in arrivals {
        let out_point = OutPoint { txid: *txid, vout: 0 };
        let (code, amount) = (code(false)?, *amount);
        state.add(&NewOutput { out_point, block_hash: block.hash, code, amount, script })?;
    }
    Ok(())
}

fn advance(state: &mut State, network: Network, block: &Block, checked: Checked) -> Result<(), BlockError> {
    state.keep_header(&block.header)?;
    let Checked { height, history, .. } = checked;
    state.advance(Tip { network, height, block_hash: block.hash, history, outputs: Accumulator::default() });
    Ok(())
}

/// Returns the sum of the outputs, which the decoder has bounded.
pub(crate) fn amount_out(transaction: &Transaction) -> u64 {
    transaction.outputs.iter().fold(0, |sum: u64, output| sum.saturating_add(output.amount.to_sat()))
}

/// The error if there is not one spent output for each input, which cannot be.
const NOT_ONE_FOR_EACH: TransactionError = TransactionError::Script(outrider_bitcoin_script::InputError {
    input_index: 0,
    place: None,
    reason: ScriptError::TxIndex,
});

/// 21 million bitcoins in satoshi (`MAX_MONEY` in `src/consensus/amount.h`).
const AMOUNT_MAX: u64 = Amount::MAX.to_sat();
/// The blocks after which a coinbase can be spent (`COINBASE_MATURITY` in `src/consensus/consensus.h`).
const COINBASE_MATURITY: u32 = 100;

// BIP 68.
const SEQUENCE_DISABLED: u32 = 1 << 31;
const SEQUENCE_IS_TIME: u32 = 1 << 22;
const SEQUENCE_MASK: u32 = 0xffff;
/// Times count in units of 512 seconds.
const SEQUENCE_TIME_SHIFT: u32 = 9;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the numbers are those of the tests")]
mod tests {
    use alloc::vec;

    use bitcoin_primitives::{
        ScriptPubKeyBuf, ScriptSigBuf, Sequence, TransactionVersion, TxIn, absolute::LockTime,
    };
    use outrider_sdk::{StateRoot, driver::WitnessState as _};

    use super::*;
    use crate::hash::Digest;

    const MAIN: Network = Network::Main;

    /// Checks relative lock times and scripts of a transaction of version 2 that spends an output of block 100.
    fn check(
        height: u32,
        hash: Digest,
        sequence: u32,
        script_sig: &[u8],
        script: &[u8],
    ) -> Result<(), TransactionError> {
        let script_sig = ScriptSigBuf::from_bytes(script_sig.to_vec());
        let sequence = Sequence::from_consensus(sequence);
        let transaction = Transaction {
            version: TransactionVersion::TWO,
            lock_time: LockTime::ZERO,
            inputs: vec![TxIn { script_sig, sequence, ..TxIn::EMPTY_COINBASE }],
            outputs: vec![],
        };
        let output =
            TxOut { amount: Amount::ONE_SAT, script_pubkey: ScriptPubKeyBuf::from_bytes(script.to_vec()) };
        let coin =
            Coin { output: output.clone(), code: HeaderCode::new(100, false).unwrap(), block_hash: None };
        let mut state = State::from_witness(&[], StateRoot::default()).unwrap();
        let mut connection = Connection {
            state: &mut state,
            network: MAIN,
            height,
            flags: MAIN.script_flags(height, &hash),
            median_time: Some(0),
            csv: height >= MAIN.activations().csv,
        };
        if let Some(error) = connection.sequences(&transaction, core::slice::from_ref(&coin)).unwrap() {
            return Err(error);
        }
        connection.scripts(&Spending::new(&transaction, &[output]).unwrap())
    }

    /// Checks that a script is valid below a height, and from it on is not.
    #[track_caller]
    fn check_activation(height: u32, script_sig: &[u8], script: &[u8], expected: ScriptError) {
        let check = |height| check(height, Digest([1; 32]), u32::MAX, script_sig, script);
        assert_eq!(check(height - 1), Ok(()));
        let Err(TransactionError::Script(error)) = check(height) else { panic!("the script is valid") };
        assert_eq!(error.reason, expected);
    }

    #[test]
    fn rules_of_scripts_begin_at_their_heights() {
        // A signature that is no DER, and does not verify; the script is true if it does not.
        let key = [&[33, 2][..], &[7; 32]].concat();
        check_activation(363_725, &[&[2, 1, 1][..], &key].concat(), &[0xac, 0x91], ScriptError::SigDer);
        check_activation(388_381, &[0x51], &[0xb1], ScriptError::UnsatisfiedLocktime);
        check_activation(419_328, &[0x51], &[0xb2], ScriptError::UnsatisfiedLocktime);
        // No signature of no key, with a dummy that is not empty.
        check_activation(481_824, &[0x51, 0, 0], &[0xae], ScriptError::SigNullDummy);
    }

    #[test]
    fn two_blocks_have_fewer_rules_of_scripts() {
        let is_valid =
            |hash, script_sig: &[u8], script: &[u8]| check(1, hash, u32::MAX, script_sig, script).is_ok();
        let bip16 = Digest::of_hex("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22");
        let taproot = Digest::of_hex("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad");
        // The redeem script, of one byte, is false.
        let hash = bitcoin_hashes::hash160::Hash::hash(&[0]).to_byte_array();
        let p2sh = [&[0xa9, 20][..], &hash, &[0x87]].concat();
        let p2tr = [&[0x51, 32][..], &[7; 32]].concat();
        for (hash, without_p2sh, without_taproot) in
            [(bip16, true, true), (taproot, false, true), (Digest([1; 32]), false, false)]
        {
            assert_eq!(is_valid(hash, &[1, 0], &p2sh), without_p2sh);
            assert_eq!(is_valid(hash, &[], &p2tr), without_taproot);
        }
    }

    #[test]
    fn bip_68_begins_at_its_height() {
        // 512 seconds, which have not passed.
        let sequence = 1 << 22 | 1;
        let check = |height| check(height, Digest([1; 32]), sequence, &[], &[0x51]);
        assert_eq!(check(419_327), Ok(()));
        assert_eq!(check(419_328), Err(TransactionError::Sequence { input: 0, sequence }));
    }
}
