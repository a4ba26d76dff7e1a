//! Traces of [Erigon] for zk_evm: a [compact witness](compact) and the transactions.
//!
//! [Erigon]: https://github.com/0xPolygonZero/erigon

mod compact;

use alloy_primitives::{B256, Bytes, U64};
use serde::Deserialize;

use super::{BlockForm, Claims, Witness, WitnessError, WitnessedBlock, eth_block, only};
pub use compact::CompactError;

/// The trace of one block.
#[derive(Deserialize)]
pub(super) struct Erigon {
    block_trace: BlockTrace,
    other_data: OtherData,
}

#[derive(Deserialize)]
struct BlockTrace {
    trie_pre_images: PreImages,
    txn_info: Vec<TransactionInfo>,
}

#[derive(Deserialize)]
struct PreImages {
    combined: Combined,
}

#[derive(Deserialize)]
struct Combined {
    compact: Bytes,
}

#[derive(Deserialize)]
struct TransactionInfo {
    meta: TransactionMeta,
}

#[derive(Deserialize)]
struct TransactionMeta {
    #[serde(rename = "byte_code")]
    bytes: Bytes,
}

#[derive(Deserialize)]
struct OtherData {
    b_data: BlockData,
}

#[derive(Deserialize)]
struct BlockData {
    b_hashes: BlockHashes,
    b_meta: Option<BlockMeta>,
}

#[derive(Deserialize)]
struct BlockMeta {
    block_chain_id: Option<U64>,
}

#[derive(Deserialize)]
struct BlockHashes {
    /// Oldest first; the trace has zeros for hashes that the block does not read.
    prev_hashes: Vec<B256>,
}

impl Erigon {
    /// Reads the block with its witness. `block` is the block in RLP or as `eth_getBlock` returns it, with transactions
    /// or their hashes.
    pub(super) fn read(self, block: Option<BlockForm>) -> Result<WitnessedBlock, WitnessError> {
        let transactions: Vec<Bytes> =
            self.block_trace.txn_info.into_iter().map(|info| info.meta.bytes).collect();
        let block = match block.ok_or(WitnessError::NoBlock)? {
            BlockForm::Rlp(bytes) => bytes,
            BlockForm::Json(json) => eth_block::with_transactions(only(json), || Ok(transactions))?,
        };
        let parts = compact::decode(&self.block_trace.trie_pre_images.combined.compact)
            .map_err(WitnessError::Compact)?;
        let witness = Witness { state: parts.nodes, codes: parts.codes, headers: Vec::new() };
        let BlockData { b_hashes, b_meta } = self.other_data.b_data;
        let mut block_hashes = b_hashes.prev_hashes;
        block_hashes.reverse();
        block_hashes.truncate(block_hashes.iter().take_while(|hash| !hash.is_zero()).count());
        let chain_id = b_meta.and_then(|meta| meta.block_chain_id).map(|chain_id| chain_id.to());
        let claims = Claims { pre_state_root: Some(parts.root), block_hashes, chain_id, ..Claims::default() };
        Ok(WitnessedBlock { claims, ..WitnessedBlock::new(block, witness)? })
    }
}
