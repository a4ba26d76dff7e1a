//! The outputs that a block spends.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use bitcoin_primitives::Transaction;
use outrider_witness::utreexo::{HeaderCode, is_unspendable};

use crate::{
    block::Block,
    coin::{Coin, Place, Spend},
    connect::amount_out,
    error::{BlockError, TransactionError},
    hash::{Digest, OutPoint},
    network::Network,
    state::{SpendError, State},
};

/// The outputs that the transactions of a block spend.
pub(crate) struct Spends {
    /// Those of each transaction, in the order of its inputs; none of the coinbase.
    pub(crate) coins: Vec<Vec<Coin>>,
    /// The outputs of the block that it spends itself.
    pub(crate) spent_here: BTreeSet<OutPoint>,
}

impl Spends {
    /// Finds the outputs that transactions spend, and deletes those of earlier blocks from the state.
    ///
    /// 1. No output is spent twice.
    /// 2. An output is one of a transaction before, and one that can be spent at all; or else it is unspent in the state.
    pub(crate) fn find(
        state: &mut State,
        network: Network,
        block: &Block,
        height: u32,
    ) -> Result<Self, BlockError> {
        let Inputs { origins, earlier, spent_here } = Inputs::of(block, height)?;
        let coins = state.spend(network, &earlier).map_err(|error| match error {
            SpendError::State(error) => BlockError::State(error),
            SpendError::Missing { place: Place { transaction, input }, out_point } => {
                block.fail(transaction, TransactionError::Missing { input, out_point })
            }
        })?;
        let mut earlier = coins.into_iter();
        let mut coin = |origin| match origin {
            Origin::ThisBlock(coin) => Some(coin),
            Origin::EarlierBlock => earlier.next(),
        };
        let coins = origins.into_iter().map(|origins| origins.into_iter().filter_map(&mut coin).collect());
        Ok(Self { coins: coins.collect(), spent_here })
    }

    /// Returns what transactions leave to the coinbase, as far as they do not take more than they have.
    pub(crate) fn fees(&self, transactions: &[Transaction]) -> u64 {
        let amount_in = |coins: &[Coin]| {
            coins.iter().fold(0, |sum: u64, coin| sum.saturating_add(coin.output.amount.to_sat()))
        };
        let pairs = transactions.iter().zip(&self.coins).skip(1);
        let fee =
            |(transaction, coins): (_, &Vec<Coin>)| amount_in(coins).saturating_sub(amount_out(transaction));
        pairs.map(fee).fold(0, u64::saturating_add)
    }
}

/// The inputs of a block.
struct Inputs<'a> {
    /// Where the outputs of each transaction's inputs come from.
    origins: Vec<Vec<Origin>>,
    /// The inputs that spend outputs of earlier blocks, in their order.
    earlier: Vec<Spend<'a>>,
    spent_here: BTreeSet<OutPoint>,
}

/// Where an output comes from.
enum Origin {
    ThisBlock(Coin),
    EarlierBlock,
}

impl<'a> Inputs<'a> {
    /// Finds out where the outputs come from that a block of a height spends.
    fn of(block: &'a Block, height: u32) -> Result<Self, BlockError> {
        let mut made_by: BTreeMap<Digest, usize> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut inputs = Self { origins: Vec::new(), earlier: Vec::new(), spent_here: BTreeSet::new() };
        for (index, (transaction, txid)) in block.transactions.iter().zip(&block.txids).enumerate() {
            let mut origins = Vec::new();
            // The coinbase spends nothing.
            for (number, input) in transaction.inputs.iter().enumerate().filter(|_| index > 0) {
                let out_point = OutPoint::from(&input.previous_output);
                let missing = || block.fail(index, TransactionError::Missing { input: number, out_point });
                if !seen.insert(out_point) {
                    return Err(missing());
                }
                origins.push(match made_by.get(&out_point.txid) {
                    Some(maker) => {
                        inputs.spent_here.insert(out_point);
                        let made = block.transactions.get(*maker);
                        let coin = made.and_then(|made| coin_of(made, out_point.vout, height, *maker == 0));
                        Origin::ThisBlock(coin.ok_or_else(missing)?)
                    }
                    None => {
                        let place = Place { transaction: index, input: number };
                        inputs.earlier.push(Spend { place, out_point, input });
                        Origin::EarlierBlock
                    }
                });
            }
            inputs.origins.push(origins);
            made_by.insert(*txid, index);
        }
        Ok(inputs)
    }
}

/// Returns an output that can be spent, if the transaction has it.
fn coin_of(transaction: &Transaction, vout: u32, height: u32, is_coinbase: bool) -> Option<Coin> {
    let output = transaction.outputs.get(usize::try_from(vout).ok()?)?;
    let code = HeaderCode::new(height, is_coinbase)?;
    let is_spendable = !is_unspendable(output.script_pubkey.as_bytes());
    is_spendable.then(|| Coin { output: output.clone(), code, block_hash: None })
}
