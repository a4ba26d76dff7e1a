//! Shards with a state each, and the receipts between them.

use std::collections::BTreeMap;

use outrider_sdk::{
    receipt::{EeIndex, ReceiptKind, ReceivedReceipt, SentReceipt, ShardIndex, Slot},
    state::Key,
    styles::{DELIVERY_SLOTS, Place},
};

/// The state of the EE on a shard.
pub(crate) type State = BTreeMap<Key, Vec<u8>>;

/// One EE on several shards, and the receipts on their way, each with its destination.
pub(crate) struct Network {
    pub(crate) slot: Slot,
    pub(crate) states: Vec<State>,
    pub(crate) on_the_way: Vec<(usize, ReceivedReceipt)>,
    n_sent: u64,
}

/// Returns the EE's place on a shard.
pub(crate) fn on(shard: usize) -> Place {
    Place { shard: ShardIndex(shard as u64), ee: EeIndex(5) }
}

impl Network {
    pub(crate) fn new(n_shards: usize) -> Self {
        Self { slot: Slot(100), states: vec![State::new(); n_shards], on_the_way: Vec::new(), n_sent: 0 }
    }

    pub(crate) fn send(&mut self, from: usize, sent: impl IntoIterator<Item = SentReceipt>) {
        for sent in sent {
            let received = ReceivedReceipt {
                source_shard: ShardIndex(from as u64),
                source_ee: EeIndex(5),
                slot: self.slot,
                sequence: self.n_sent,
                payload: sent.payload,
                ..ReceivedReceipt::default()
            };
            self.n_sent += 1;
            self.on_the_way.push((sent.destination_shard.0 as usize, received));
        }
    }

    /// Takes a receipt from the way, with the shard that gets it: where it goes or, if it has to return, where it came from.
    /// A receipt that has returned, or is too late to be delivered, does as it must.
    pub(crate) fn take(&mut self, index: usize, returns: bool) -> Option<(usize, ReceivedReceipt)> {
        if self.on_the_way.is_empty() {
            return None;
        }
        let (to, received) = self.on_the_way.remove(index % self.on_the_way.len());
        let is_late = self.slot.0 > received.slot.0 + DELIVERY_SLOTS;
        if received.kind != ReceiptKind::Message || !returns && !is_late {
            return Some((to, received));
        }
        let kind = if is_late { ReceiptKind::Expired } else { ReceiptKind::Bounced };
        Some((received.source_shard.0 as usize, returned(to, received, kind)))
    }
}

/// Returns a receipt as the chain returns it: with 32 bytes of a hash, and the first 64 of the payload.
fn returned(from: usize, sent: ReceivedReceipt, kind: ReceiptKind) -> ReceivedReceipt {
    let head = &sent.payload[..sent.payload.len().min(64)];
    let payload = [&[0xaa; 32], head].concat();
    ReceivedReceipt { kind, source_shard: ShardIndex(from as u64), payload, ..sent }
}
