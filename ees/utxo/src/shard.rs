//! Value that comes to a shard's chain by receipts, and value that leaves it.
//!
//! A satoshi of the chain is a Gwei of the EE's ether.
//!
//! An arriving receipt becomes an output that anybody can spend from the next block on who satisfies its script. Its
//! transaction id is the double SHA-256 of [`ARRIVAL_TAG`] and of the receipt without its payload, as
//! [`ReceivedReceipt`] encodes it; its number is 0.
//!
//! | receipt | payload | script |
//! |---|---|---|
//! | message, of any EE | 32 bytes for the sender's use, then the script | the script |
//! | bounced or expired | as the chain makes it | `OP_1 <32>`, with the return key of the departure |
//! | from the beacon chain | the script | the script |
//!
//! A message without value, of more than 21 million bitcoins, or with a script that cannot be spent, is rejected. Other
//! receipts cannot be rejected; their ether is then the EE's and nobody's.
//!
//! An output with a script of this form leaves the chain: its amount goes into a receipt, and nobody can spend it.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | `OP_RETURN` |
//! | 1 to 3 | the push of the rest, in its shortest form |
//! | 8 | [`DEPARTURE_TAG`] |
//! | 8 | shard, little-endian |
//! | 8 | EE, little-endian |
//! | 8 | fee of the receipt in satoshi, little-endian, a part of the amount |
//! | 32 | return key: the output key of a taproot output (BIP 341) for what returns |
//! | to the end | payload for the receiver |
//!
//! The payload of the receipt is the return key, and then the payload for the receiver.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use bitcoin_primitives::{Amount, TxOut};
use outrider_sdk::{
    Reader, Writer,
    receipt::{
        self, BEACON_CHAIN, EeIndex, RECEIPTS_SENT_MAX, ReceiptKind, Received, ReceivedReceipt, SentReceipt,
        ShardIndex,
    },
};
use outrider_witness::utreexo::is_unspendable;

use crate::{
    block::Block,
    error::{BlockError, DepartureError, TransactionError},
    hash::Digest,
};

/// The text before a receipt in the hash that is its transaction id.
pub const ARRIVAL_TAG: &[u8; 16] = b"outrider utxo in";

/// The start of what an output pushes that leaves a shard.
pub const DEPARTURE_TAG: &[u8; 8] = b"outrider";

/// A receipt that becomes an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) txid: Digest,
    pub(crate) amount: u64,
    pub(crate) script: Vec<u8>,
}

/// Takes the receipts of a block, and rejects the messages that become no output.
pub(crate) fn arrivals() -> Vec<Arrival> {
    let arrival = |received: Received| {
        let arrival = Arrival::of(&received);
        if arrival.is_none() && received.kind == ReceiptKind::Message {
            received.reject();
        }
        arrival
    };
    receipt::inbox().filter_map(arrival).collect()
}

impl Arrival {
    fn of(receipt: &ReceivedReceipt) -> Option<Self> {
        let payload = receipt.payload.as_slice();
        let script = match receipt.kind {
            ReceiptKind::Message => payload.split_first_chunk::<32>()?.1.to_vec(),
            ReceiptKind::FromBeaconChain => payload.to_vec(),
            ReceiptKind::Bounced | ReceiptKind::Expired if receipt.source_shard == BEACON_CHAIN => {
                return None;
            }
            ReceiptKind::Bounced | ReceiptKind::Expired => {
                let (_hash, returned) = payload.split_first_chunk::<32>()?;
                [&OP_1_PUSH_32[..], returned.first_chunk::<32>()?].concat()
            }
        };
        let is_valid = (1..=Amount::MAX.to_sat()).contains(&receipt.value) && !is_unspendable(&script);
        let header = ReceivedReceipt { payload: Vec::new(), ..receipt.clone() }.to_bytes();
        let txid = Digest::of(&[&ARRIVAL_TAG[..], &header].concat());
        is_valid.then_some(Self { txid, amount: receipt.value, script })
    }
}

/// Returns the receipts that leave with a block.
pub(crate) fn departures(block: &Block) -> Result<Vec<SentReceipt>, BlockError> {
    let mut receipts = Vec::new();
    for (index, transaction) in block.transactions.iter().enumerate() {
        for (output, made) in transaction.outputs.iter().enumerate() {
            let fail = |source| block.fail(index, TransactionError::Departure { output, source });
            let Some(receipt) = departure(made).map_err(fail)? else { continue };
            if index == 0 {
                return Err(fail(DepartureError::Coinbase));
            }
            if receipts.len() >= RECEIPTS_SENT_MAX {
                return Err(fail(DepartureError::TooMany));
            }
            receipts.push(receipt);
        }
    }
    Ok(receipts)
}

/// Returns the receipt of an output that leaves, or `None` if it stays.
fn departure(output: &TxOut) -> Result<Option<SentReceipt>, DepartureError> {
    let script = output.script_pubkey.as_bytes();
    let Some(pushed) = pushed_by_return(script).filter(|pushed| pushed.starts_with(DEPARTURE_TAG)) else {
        return Ok(None);
    };
    let mut reader = Reader::new(pushed);
    let mut read = || {
        reader.take(DEPARTURE_TAG.len())?;
        let [shard, ee, fee] = [reader.u64_le()?, reader.u64_le()?, reader.u64_le()?];
        let return_key = reader.take(32)?;
        Ok((ShardIndex(shard), EeIndex(ee), fee, [return_key, reader.rest()].concat()))
    };
    let read: Result<_, outrider_sdk::ReadError> = read();
    let (destination_shard, destination_ee, fee, payload) = read.map_err(|_| DepartureError::Malformed)?;
    let amount = output.amount.to_sat();
    let value = amount.checked_sub(fee).ok_or(DepartureError::Fee { fee, amount })?;
    if departure_script(destination_shard, destination_ee, fee, &payload) != script {
        return Err(DepartureError::Malformed);
    }
    Ok(Some(SentReceipt { destination_shard, destination_ee, value, fee, payload }))
}

/// Returns the script of an output whose amount leaves a shard. The payload of the receipt begins with the return key,
/// of 32 bytes, and has up to 65,503 bytes in all.
#[must_use]
pub fn departure_script(shard: ShardIndex, ee: EeIndex, fee: u64, payload: &[u8]) -> Vec<u8> {
    let pushed =
        Writer::new().bytes(DEPARTURE_TAG).u64_le(shard.0).u64_le(ee.0).u64_le(fee).bytes(payload).finish();
    let [b0, b1, ..] = u32::try_from(pushed.len()).unwrap_or(u32::MAX).to_le_bytes();
    let head = match pushed.len() {
        0..=0x4b => [OP_RETURN, b0].to_vec(),
        0x4c..=0xff => [OP_RETURN, 0x4c, b0].to_vec(),
        _ => [OP_RETURN, 0x4d, b0, b1].to_vec(),
    };
    [head, pushed].concat()
}

/// Returns the data of the operation after `OP_RETURN`, and what follows it.
fn pushed_by_return(script: &[u8]) -> Option<&[u8]> {
    match script {
        [OP_RETURN, 1..=0x4b, rest @ ..]
        | [OP_RETURN, 0x4c, _, rest @ ..]
        | [OP_RETURN, 0x4d, _, _, rest @ ..] => Some(rest),
        _ => None,
    }
}

const OP_RETURN: u8 = 0x6a;
const OP_1_PUSH_32: [u8; 2] = [0x51, 32];
