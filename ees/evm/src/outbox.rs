//! Receipts that a chain's contracts send: the logs of the outbox, a contract at [`OUTBOX`].
//!
//! The logs of a frame that reverts are dropped, as are its other effects. The ether of each receipt leaves the contract's
//! balance, so no receipt carries ether that the chain still has.

use alloc::vec::Vec;

use alloy_primitives::{B256, Log, U256, b256};
use outrider_evm_codec::OUTBOX;
use outrider_sdk::receipt::{EeIndex, SentReceipt, ShardIndex, send};

use crate::{block::WEI_PER_GWEI, error::SendError};

/// The receipts that a block sends.
#[derive(Debug)]
pub(crate) struct Outbox {
    sent: Vec<SentReceipt>,
    n_bytes: usize,
    /// The EE's ether that is left for receipts, in Gwei.
    ether: u64,
}

/// The receipts of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Sends {
    receipts: Vec<SentReceipt>,
    n_bytes: usize,
    /// Values and fees in Gwei.
    ether: u64,
}

impl Outbox {
    /// Begins with the EE's ether before the block, in Gwei.
    pub(crate) fn new(ether: u64) -> Self {
        Self { sent: Vec::new(), n_bytes: 0, ether }
    }

    /// Adds the ether of a receipt that the EE keeps, in Gwei.
    pub(crate) fn add_ether(&mut self, value: u64) {
        self.ether = self.ether.saturating_add(value);
    }

    /// Returns the receipts in the logs of a transaction, if the block may send them, too. The chain bounds how much an EE
    /// may send in a block, and that it has the ether.
    pub(crate) fn read(&self, logs: &[Log]) -> Result<Sends, SendError> {
        let mut sends = Sends::default();
        for log in logs.iter().filter(|log| log.address == OUTBOX) {
            let receipt = sent(log).ok_or(SendError::Log)?;
            sends.n_bytes = sends.n_bytes.saturating_add(receipt.payload.len());
            let ether = sends.ether.checked_add(receipt.value).and_then(|sum| sum.checked_add(receipt.fee));
            let ether = ether.filter(|ether| *ether <= self.ether);
            sends.ether = ether.ok_or(SendError::Ether { left: self.ether })?;
            sends.receipts.push(receipt);
        }
        if self.sent.len().saturating_add(sends.receipts.len()) > SENT_MAX {
            return Err(SendError::Count { max: SENT_MAX });
        }
        if self.n_bytes.saturating_add(sends.n_bytes) > SENT_BYTES_MAX {
            return Err(SendError::Bytes { max: SENT_BYTES_MAX });
        }
        Ok(sends)
    }

    /// Takes over the receipts of a transaction, which [`read`](Self::read) has just returned.
    pub(crate) fn take(&mut self, sends: Sends) {
        self.n_bytes = self.n_bytes.saturating_add(sends.n_bytes);
        self.ether = self.ether.saturating_sub(sends.ether);
        self.sent.extend(sends.receipts);
    }

    /// Sends all receipts.
    pub(crate) fn send(&self) {
        self.sent.iter().for_each(send);
    }
}

impl Sends {
    /// Returns the ether that leaves the chain, in wei.
    pub(crate) fn wei(&self) -> U256 {
        U256::from(self.ether) * U256::from(WEI_PER_GWEI)
    }
}

/// Decodes a log `Sent(address indexed, uint64, uint64, uint64, uint64, bytes)` of `solidity/IOutbox.sol`.
fn sent(log: &Log) -> Option<SentReceipt> {
    let (SENT, data) = (*log.topics().first()?, &log.data.data) else { return None };
    let (words, payload) = data.split_at_checked(6 * 32)?;
    let number =
        |index: usize| u64::try_from(U256::from_be_slice(words.get(32 * index..32 * (index + 1))?)).ok();
    let length = usize::try_from(number(5)?).ok()?;
    Some(SentReceipt {
        destination_shard: ShardIndex(number(0)?),
        destination_ee: EeIndex(number(1)?),
        value: number(2)?,
        fee: number(3)?,
        payload: payload.get(..length)?.to_vec(),
    })
}

/// The most receipts of a block: as many messages as a lane takes.
const SENT_MAX: usize = 512;

/// The most bytes of their payloads: half of what a shard block sends, which other EEs share.
const SENT_BYTES_MAX: usize = 1 << 19;

/// `keccak256("Sent(address,uint64,uint64,uint64,uint64,bytes)")`.
const SENT: B256 = b256!("a3e1b4e20b229d6a590b28cd61553877b21e699738982e2effc780d4bd69bee8");
