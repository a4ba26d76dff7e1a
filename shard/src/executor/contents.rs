//! The contents of a block, which its proposer chooses and from which everything else follows.

use outrider_beacon::ledger::{EePayload, InboundBatch, ShardBody};

/// The contents of a block: the receipts that it settles, and the payloads that it executes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Batches of receipts, by source and number.
    pub inbound: Vec<InboundBatch>,
    /// Payloads, by EE.
    pub payloads: Vec<EePayload>,
}

impl From<Vec<EePayload>> for Contents {
    /// Contents without receipts.
    fn from(payloads: Vec<EePayload>) -> Self {
        Self { inbound: Vec::new(), payloads }
    }
}

impl Contents {
    /// Returns the contents of a body.
    #[must_use]
    pub fn of(body: &ShardBody) -> Self {
        Self { inbound: body.inbound.to_vec(), payloads: body.payloads.to_vec() }
    }
}
