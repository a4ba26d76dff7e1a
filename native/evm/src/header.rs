//! Block headers, in RLP and in JSON.

use alloy_primitives::{Address, B64, B256, Bytes, U256, b256, keccak256};
use alloy_rlp::{Decodable as _, Encodable as _, Error};
use serde::Deserialize;

use crate::rlp;

/// The hash of an empty list of ommers.
pub const NO_OMMERS_HASH: B256 = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");

/// A header in RLP, with the fields that place it in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The header in RLP.
    pub bytes: Bytes,
    /// The Keccak-256 hash of the RLP, which identifies the block.
    pub hash: B256,
    /// The hash of the parent.
    pub parent_hash: B256,
    /// The hash of the list of ommers.
    pub ommers_hash: B256,
    /// The root of the state after the block.
    pub state_root: B256,
    /// The difficulty: zero from Paris on.
    pub difficulty: U256,
    /// The number of blocks before this one.
    pub number: u64,
    /// The gas that the transactions used.
    pub gas_used: u64,
    /// The time in seconds since 1970.
    pub timestamp: u64,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a list of fields, or if one of the fields above is malformed. Does not check the
    /// other fields.
    pub fn of_rlp(bytes: &[u8]) -> Result<Self, Error> {
        let items = rlp::items(bytes)?;
        let item = |index: usize| items.get(index).copied().ok_or(Error::InputTooShort);
        Ok(Self {
            bytes: Bytes::copy_from_slice(bytes),
            hash: keccak256(bytes),
            parent_hash: B256::decode(&mut item(0)?)?,
            ommers_hash: B256::decode(&mut item(1)?)?,
            state_root: B256::decode(&mut item(3)?)?,
            difficulty: U256::decode(&mut item(7)?)?,
            number: u64::decode(&mut item(8)?)?,
            gas_used: u64::decode(&mut item(10)?)?,
            timestamp: u64::decode(&mut item(11)?)?,
        })
    }

    /// Reads the header of a block.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a list that begins with a header.
    pub fn of_block(block: &[u8]) -> Result<Self, Error> {
        let items = rlp::items(block)?;
        Self::of_rlp(items.first().copied().ok_or(Error::InputTooShort)?)
    }
}

/// A header as JSON has it: with the names of `eth_getBlock` or the same in snake case; numbers are JSON numbers or
/// hex.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeaderFields {
    /// The hash of the parent.
    #[serde(alias = "parent_hash")]
    pub parent_hash: B256,
    /// The hash of the list of ommers.
    #[serde(alias = "ommers_hash", alias = "uncleHash", alias = "sha3Uncles")]
    pub ommers_hash: B256,
    /// The account that receives the fees.
    #[serde(alias = "coinbase", alias = "miner")]
    pub beneficiary: Address,
    /// The root of the state after the block.
    #[serde(alias = "state_root")]
    pub state_root: B256,
    /// The root of the trie of transactions.
    #[serde(alias = "transactions_root", alias = "transactionsTrie")]
    pub transactions_root: B256,
    /// The root of the trie of receipts.
    #[serde(alias = "receipts_root", alias = "receiptTrie")]
    pub receipts_root: B256,
    /// The bloom filter of the logs, 256 bytes.
    #[serde(alias = "logs_bloom", alias = "bloom")]
    pub logs_bloom: Bytes,
    /// The difficulty: zero from Paris on.
    pub difficulty: U256,
    /// The number of blocks before this one.
    pub number: U256,
    /// The most gas that all transactions together may use.
    #[serde(alias = "gas_limit")]
    pub gas_limit: U256,
    /// The gas that the transactions used.
    #[serde(alias = "gas_used")]
    pub gas_used: U256,
    /// The time in seconds since 1970.
    pub timestamp: U256,
    /// Bytes of the proposer's choice.
    #[serde(alias = "extra_data")]
    pub extra_data: Bytes,
    /// A part of the proof of work; from Paris on, `prev_randao`.
    #[serde(alias = "mix_hash")]
    pub mix_hash: B256,
    /// The other part of the proof of work.
    pub nonce: B64,
    /// The base fee in wei, from London on (EIP-1559).
    #[serde(alias = "base_fee_per_gas")]
    pub base_fee_per_gas: Option<U256>,
    /// The root of the trie of withdrawals, from Shanghai on (EIP-4895).
    #[serde(alias = "withdrawals_root")]
    pub withdrawals_root: Option<B256>,
    /// The gas of the blobs, from Cancun on (EIP-4844).
    #[serde(alias = "blob_gas_used")]
    pub blob_gas_used: Option<U256>,
    /// The number from which the price of blobs follows, from Cancun on (EIP-4844).
    #[serde(alias = "excess_blob_gas")]
    pub excess_blob_gas: Option<U256>,
    /// The root of the parent beacon block, from Cancun on (EIP-4788).
    #[serde(alias = "parent_beacon_block_root")]
    pub parent_beacon_block_root: Option<B256>,
    /// The hash of the requests, from Prague on (EIP-7685).
    #[serde(alias = "requests_hash")]
    pub requests_hash: Option<B256>,
    /// The hash of the block access list, from Amsterdam on (EIP-7928).
    #[serde(alias = "block_access_list_hash")]
    pub block_access_list_hash: Option<B256>,
    /// The slot, from Amsterdam on (EIP-7843).
    #[serde(alias = "slot_number")]
    pub slot_number: Option<U256>,
}

impl HeaderFields {
    /// Returns the header in RLP. The list ends with the last field that is set.
    pub fn encode(&self) -> Vec<u8> {
        let mut items = Vec::new();
        let out = &mut items;
        self.parent_hash.encode(out);
        self.ommers_hash.encode(out);
        self.beneficiary.encode(out);
        self.state_root.encode(out);
        self.transactions_root.encode(out);
        self.receipts_root.encode(out);
        self.logs_bloom.encode(out);
        self.difficulty.encode(out);
        self.number.encode(out);
        self.gas_limit.encode(out);
        self.gas_used.encode(out);
        self.timestamp.encode(out);
        self.extra_data.encode(out);
        self.mix_hash.encode(out);
        self.nonce.encode(out);
        let _ = self.base_fee_per_gas.inspect(|field| field.encode(out));
        let _ = self.withdrawals_root.inspect(|field| field.encode(out));
        let _ = self.blob_gas_used.inspect(|field| field.encode(out));
        let _ = self.excess_blob_gas.inspect(|field| field.encode(out));
        let _ = self.parent_beacon_block_root.inspect(|field| field.encode(out));
        let _ = self.requests_hash.inspect(|field| field.encode(out));
        let _ = self.block_access_list_hash.inspect(|field| field.encode(out));
        let _ = self.slot_number.inspect(|field| field.encode(out));
        rlp::list(&items)
    }
}
