//! Receipts, and the tries whose roots a header has.

use alloc::vec::Vec;

use alloy_primitives::{B256, Bloom, Log};
use alloy_rlp::{BufMut, Encodable, Header as RlpHeader};
use outrider_sdk::state::HostKeccak256;
use outrider_witness::mpt::Trie;

use crate::transaction::LEGACY;

/// The receipt of a transaction, [Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), section 4.4.1.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) transaction_type: u8,
    pub(crate) outcome: Outcome,
    /// Gas used in the block so far.
    pub(crate) cumulative_gas_used: u64,
    pub(crate) bloom: Bloom,
    pub(crate) logs: Vec<Log>,
}

/// The outcome of a transaction in its receipt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// The state root afterwards; before Byzantium.
    StateRoot(B256),
    /// Whether it succeeded, EIP-658.
    Status(bool),
}

impl Receipt {
    /// Returns the receipt in the form that is hashed, EIP-2718.
    fn to_bytes(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        match self.outcome {
            Outcome::StateRoot(root) => root.encode(&mut fields),
            Outcome::Status(status) => status.encode(&mut fields),
        }
        self.cumulative_gas_used.encode(&mut fields);
        self.bloom.encode(&mut fields);
        self.logs.encode(&mut fields);

        let mut bytes = Vec::new();
        if self.transaction_type != LEGACY {
            bytes.put_u8(self.transaction_type);
        }
        RlpHeader { list: true, payload_length: fields.len() }.encode(&mut bytes);
        bytes.append(&mut fields);
        bytes
    }
}

/// Returns the root of the trie of receipts.
pub(crate) fn receipts_root(receipts: &[Receipt]) -> B256 {
    list_root(receipts.iter().map(Receipt::to_bytes))
}

/// Returns the bloom of all logs.
pub(crate) fn logs_bloom(receipts: &[Receipt]) -> Bloom {
    receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom)
}

/// Returns the root of the trie of items by their index in RLP.
pub(crate) fn list_root(items: impl IntoIterator<Item = impl AsRef<[u8]>>) -> B256 {
    let mut trie = Trie::<HostKeccak256, _>::empty();
    for (index, item) in items.into_iter().enumerate() {
        // A trie that starts empty is fully known, so nothing is uncovered.
        let inserted = trie.insert(&alloy_rlp::encode(index), item.as_ref());
        debug_assert!(inserted.is_ok(), "a trie without a source is read");
    }
    B256::new(trie.root().0)
}
