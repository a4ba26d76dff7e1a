//! Receipts that a chain's contracts send: the logs of the outbox, a contract at [`OUTBOX`].
//!
//! The logs of a frame that reverts are dropped, as are its other effects. The ether of each receipt leaves the contract's
//! balance, so no receipt carries ether that the chain still has.

use alloc::vec::Vec;

use alloy_primitives::{B256, Log, U256, b256};
use outrider_evm_codec::OUTBOX;
use outrider_sdk::receipt::{EeIndex, SentReceipt, ShardIndex, send};

use crate::block::WEI_PER_GWEI;

/// The receipts that a block sends.
#[derive(Debug)]
pub(crate) struct Outbox {
    sent: Vec<SentReceipt>,
    n_bytes: usize,
    /// The EE's ether that is left for receipts, in Gwei.
    ether: u64,
}

/// The sums of some receipts.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    n: usize,
    n_bytes: usize,
    /// Values and fees in Gwei.
    ether: u64,
}

impl Outbox {
    /// Begins with the EE's ether before the block, in Gwei.
    pub(crate) fn new(ether: u64) -> Self {
        Self { sent: Vec::new(), n_bytes: 0, ether }
    }

    /// Adds the ether of a receipt that is about to be delivered, in Gwei.
    pub(crate) fn add_ether(&mut self, value: u64) {
        self.ether = self.ether.saturating_add(value);
    }

    /// Removes the ether of a receipt that is rejected, in Gwei.
    pub(crate) fn remove_ether(&mut self, value: u64) {
        self.ether = self.ether.saturating_sub(value);
    }

    /// Returns whether the block may send the receipts in the logs of a transaction, too. The chain bounds how much an EE
    /// may send in a block, and that it has the ether.
    pub(crate) fn has_room(&self, logs: &[Log]) -> bool {
        self.sums(logs).is_some()
    }

    /// Takes the receipts in the logs of a transaction, for which there [is room](Self::has_room), and returns the ether
    /// that leaves the chain with them, in wei.
    pub(crate) fn take(&mut self, logs: &[Log]) -> U256 {
        let sums = self.sums(logs);
        debug_assert!(sums.is_some(), "a call of the outbox fails if there is no room for what it sends");
        let Some(Sums { n_bytes, ether, .. }) = sums else { return U256::ZERO };
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        self.ether = self.ether.saturating_sub(ether);
        let receipts = of_outbox(logs).filter_map(sent);
        self.sent
            .extend(receipts.map(|(receipt, payload)| SentReceipt { payload: payload.to_vec(), ..receipt }));
        U256::from(ether) * U256::from(WEI_PER_GWEI)
    }

    /// Returns the sums of the receipts in the logs of a transaction, if the block may send them, too.
    fn sums(&self, logs: &[Log]) -> Option<Sums> {
        let sums = of_outbox(logs).try_fold(Sums::default(), |sums, log| {
            let (SentReceipt { value, fee, .. }, payload) = sent(log)?;
            Some(Sums {
                n: sums.n.saturating_add(1),
                n_bytes: sums.n_bytes.saturating_add(payload.len()),
                ether: sums.ether.checked_add(value)?.checked_add(fee)?,
            })
        })?;
        let has_room = self.sent.len().saturating_add(sums.n) <= SENT_MAX
            && self.n_bytes.saturating_add(sums.n_bytes) <= SENT_BYTES_MAX
            && sums.ether <= self.ether;
        has_room.then_some(sums)
    }

    /// Sends all receipts.
    pub(crate) fn send(&self) {
        self.sent.iter().for_each(send);
    }
}

fn of_outbox(logs: &[Log]) -> impl Iterator<Item = &Log> {
    logs.iter().filter(|log| log.address == OUTBOX)
}

/// Decodes a log `Sent(address indexed, uint64, uint64, uint64, uint64, bytes)` of `solidity/IOutbox.sol`. Returns the
/// receipt without its payload, and that.
fn sent(log: &Log) -> Option<(SentReceipt, &[u8])> {
    let (SENT, data) = (*log.topics().first()?, &log.data.data) else { return None };
    let (words, payload) = data.split_at_checked(6 * 32)?;
    let number =
        |index: usize| u64::try_from(U256::from_be_slice(words.get(32 * index..32 * (index + 1))?)).ok();
    let length = usize::try_from(number(5)?).ok()?;
    let receipt = SentReceipt {
        destination_shard: ShardIndex(number(0)?),
        destination_ee: EeIndex(number(1)?),
        value: number(2)?,
        fee: number(3)?,
        payload: Vec::new(),
    };
    Some((receipt, payload.get(..length)?))
}

/// The most receipts of a block: as many messages as a lane takes.
const SENT_MAX: usize = 512;

/// The most bytes of their payloads: half of what a shard block sends, which other EEs share.
const SENT_BYTES_MAX: usize = 1 << 19;

/// `keccak256("Sent(address,uint64,uint64,uint64,uint64,bytes)")`.
const SENT: B256 = b256!("a3e1b4e20b229d6a590b28cd61553877b21e699738982e2effc780d4bd69bee8");
