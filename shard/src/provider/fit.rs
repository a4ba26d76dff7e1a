//! Whether a block can have the payload of an EE: what the chain refuses although the EE does not.

use outrider_beacon::{
    ledger::{EeIndex, Receipt, ReceiptKind, ShardPlace},
    receipts::{Departures, ReceiptError},
};
use outrider_beacon_spec::types::Gwei;
use outrider_host::{ExecutionError, ExecutionOutput, ReceiptKind as HostReceiptKind, ReceivedReceipt};

use super::PayloadLimits;
use crate::executor::sent;

/// The most deposits of an EE in a block.
const DEPOSITS_MAX: usize = 16;

/// The reason for which no block has a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The EE refuses it.
    #[error(transparent)]
    Ee(#[from] ExecutionError),
    /// The chain does not take what the EE does with it.
    #[error(transparent)]
    Chain(#[from] Unfit),
}

/// The reason for which the chain does not take the execution of a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It sends receipts for which a lane has no room, or to a shard that does not exist.
    #[error(transparent)]
    Receipts(#[from] ReceiptError),
    /// It spends more ether than the EE has.
    #[error("EE {ee} spends {got} Gwei and has {available}")]
    Overdraft {
        /// The EE.
        ee: EeIndex,
        /// The ether that it spends, in Gwei.
        got: Gwei,
        /// The ether that it has and receives, in Gwei.
        available: Gwei,
    },
    /// It makes a deposit that is too small.
    #[error("EE {ee} makes a deposit of {got} Gwei, and the least is {least}")]
    DepositAmount {
        /// The EE.
        ee: EeIndex,
        /// The amount, in Gwei.
        got: Gwei,
        /// The smallest deposit.
        least: Gwei,
    },
    /// Its shard has no room for its deposits among the pending ones.
    #[error(
        "EE {ee} makes {got} deposits, and its shard has room for {room}; try again when earlier ones are made"
    )]
    DepositsRoom {
        /// The EE.
        ee: EeIndex,
        /// The number of deposits.
        got: usize,
        /// The room.
        room: usize,
    },
    /// It makes more deposits than a transition can have.
    #[error("EE {ee} makes {got} deposits, and a transition has at most {DEPOSITS_MAX}")]
    Deposits {
        /// The EE.
        ee: EeIndex,
        /// The number of deposits.
        got: usize,
    },
}

impl Unfit {
    /// Returns whether a block of the next slot may have room for it.
    pub(super) fn is_want_of_room(&self) -> bool {
        use ReceiptError::{LaneFull, NoReturn};
        matches!(self, Self::Receipts(LaneFull { .. } | NoReturn { .. }) | Self::DepositsRoom { .. })
    }
}

/// Checks that a block at a place can have an execution of an EE, which had this ether and was shown these receipts, within limits.
pub(super) fn check(
    place: &ShardPlace,
    (ee, balance): (EeIndex, Gwei),
    limits: PayloadLimits,
    shown: &[ReceivedReceipt],
    output: &ExecutionOutput,
) -> Result<(), Unfit> {
    let (got, least) = (output.deposits.len(), limits.deposit_amount_min);
    if got > DEPOSITS_MAX {
        return Err(Unfit::Deposits { ee, got });
    }
    let room = place.view.deposits_room(place.shard);
    if got > room {
        return Err(Unfit::DepositsRoom { ee, got, room });
    }
    if let Some(small) = output.deposits.iter().find(|deposit| deposit.amount < least) {
        return Err(Unfit::DepositAmount { ee, got: small.amount, least });
    }
    let (sent, value_out) = sent(ee, &output.receipts)?;
    let mut returning = Vec::new();
    let mut available = balance;
    for (index, receipt) in (0..).zip(shown) {
        if receipt.kind == HostReceiptKind::Message && output.rejected.contains(&index) {
            returning.push(returned(receipt));
        } else {
            available = available.saturating_add(receipt.value);
        }
    }
    Departures::new(place, limits.window, returning, [&sent[..]])?;
    let deposits = output.deposits.iter().map(|deposit| deposit.amount);
    let spent = deposits.chain([value_out, output.proposer_fee]);
    let got = spent.fold(0, Gwei::saturating_add);
    if got > available { Err(Unfit::Overdraft { ee, got, available }) } else { Ok(()) }
}

/// Returns a receipt as long as the one that returns, to the same shard.
fn returned(receipt: &ReceivedReceipt) -> Receipt {
    let length = receipt.payload.len().min(64).saturating_add(32);
    Receipt {
        destination_shard: receipt.source_shard.0,
        kind: ReceiptKind::Bounced as u8,
        value: receipt.value,
        payload: vec![0; length].try_into().unwrap_or_default(),
        ..Receipt::default()
    }
}
