//! Blocks as `eth_getBlockByHash` returns them with whole transactions.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use outrider_evm::{
    header::HeaderFields,
    transaction::{Access, Authorization, Fees, Kind, Signature, Transaction},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Withdrawal, WitnessError, block, lenient, read, read_from};

/// Encodes a block from its JSON.
///
/// # Errors
///
/// Fails with [`WitnessError::Form`], [`WitnessError::Ommers`] or [`WitnessError::TransactionType`].
pub fn block_of_json(json: Value) -> Result<Bytes, WitnessError> {
    let Transactions { transactions } = read_from(SHAPE, &json)?;
    with_transactions(json, || transactions.into_iter().map(TransactionFields::encode).collect())
}

/// Encodes a block from its JSON and its encoded transactions.
pub(super) fn with_transactions(
    json: Value,
    transactions: impl FnOnce() -> Result<Vec<Bytes>, WitnessError>,
) -> Result<Bytes, WitnessError> {
    let Body { uncles, withdrawals } = read_from(SHAPE, &json)?;
    if !uncles.is_empty() {
        return Err(WitnessError::Ommers { got: uncles.len() });
    }
    assemble(SHAPE, json, &transactions()?, &[alloy_rlp::EMPTY_LIST_CODE], withdrawals)
}

/// Encodes a block from its parts, and checks the hash that the JSON of the header gives. If the JSON has no
/// withdrawals where the fork requires a list, the list is empty.
pub(super) fn assemble(
    shape: &'static str,
    header: Value,
    transactions: &[Bytes],
    ommers: &[u8],
    withdrawals: Option<Vec<Withdrawal>>,
) -> Result<Bytes, WitnessError> {
    let Hash { hash } = read_from(shape, &header)?;
    let fields: HeaderFields = read(shape, header)?;
    let header = fields.encode();
    let got = keccak256(&header);
    if let Some(expected) = hash.filter(|hash| *hash != got) {
        return Err(WitnessError::BlockHash { got, expected });
    }
    let withdrawals = withdrawals.or_else(|| fields.withdrawals_root.map(|_| Vec::new()));
    Ok(block(&header, transactions, ommers, withdrawals.as_deref()))
}

/// The hash that a header gives for itself.
#[derive(Deserialize)]
struct Hash {
    hash: Option<B256>,
}

const SHAPE: &str = "eth_getBlockByHash with whole transactions";

/// The parts of a block besides header and transactions. JSON only has the hashes of ommers.
#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "lenient::or_default")]
    uncles: Vec<B256>,
    withdrawals: Option<Vec<Withdrawal>>,
}

#[derive(Deserialize)]
struct Transactions {
    transactions: Vec<TransactionFields>,
}

/// The fields of all types of transactions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionFields {
    #[serde(default, rename = "type", deserialize_with = "lenient::or_default")]
    kind: U256,
    #[serde(default, deserialize_with = "lenient::or_default")]
    chain_id: U256,
    nonce: U256,
    #[serde(alias = "gasLimit")]
    gas: U256,
    to: Option<Address>,
    value: U256,
    #[serde(alias = "data")]
    input: Bytes,
    #[serde(default, deserialize_with = "lenient::or_default")]
    gas_price: U256,
    #[serde(default, deserialize_with = "lenient::or_default")]
    max_fee_per_gas: U256,
    #[serde(default, deserialize_with = "lenient::or_default")]
    max_priority_fee_per_gas: U256,
    #[serde(default, deserialize_with = "lenient::or_default")]
    access_list: Vec<Access>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    max_fee_per_blob_gas: U256,
    #[serde(default, deserialize_with = "lenient::or_default")]
    blob_versioned_hashes: Vec<B256>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    authorization_list: Vec<Authorization>,
    /// Optional for all types but the first.
    v: Option<U256>,
    y_parity: Option<U256>,
    r: U256,
    s: U256,
}

impl TransactionFields {
    pub(super) fn encode(self) -> Result<Bytes, WitnessError> {
        let kind = u64::try_from(self.kind).unwrap_or(u64::MAX);
        let (r, s) = (self.r, self.s);
        // Before EIP-155, v is the parity plus 27; since then, the parity plus 35 and twice the chain id.
        let v = self.v.or(self.y_parity).unwrap_or_default();
        let protected = v.checked_sub(U256::from(35)).filter(|_| kind == 0);
        let chain_id = protected.map_or(self.chain_id, |v| v >> 1);
        let odd = protected.unwrap_or(if kind == 0 { v.saturating_sub(U256::from(27)) } else { v });
        let fees = Fees {
            max_priority_fee_per_gas: self.max_priority_fee_per_gas,
            max_fee_per_gas: self.max_fee_per_gas,
        };
        let (gas_price, access_list) = (self.gas_price, self.access_list);
        let kind = match kind {
            0 => Kind::Legacy { gas_price, is_protected: protected.is_some() },
            1 => Kind::AccessList { gas_price, access_list },
            2 => Kind::DynamicFee { fees, access_list },
            3 => Kind::Blob {
                fees,
                access_list,
                max_fee_per_blob_gas: self.max_fee_per_blob_gas,
                blob_versioned_hashes: self.blob_versioned_hashes,
            },
            4 => Kind::SetCode { fees, access_list, authorization_list: self.authorization_list },
            _ => return Err(WitnessError::TransactionType { got: self.kind }),
        };
        let transaction = Transaction {
            chain_id,
            nonce: self.nonce,
            gas_limit: self.gas,
            to: self.to,
            value: self.value,
            data: self.input,
            kind,
        };
        Ok(transaction.signed(&Signature { is_odd: odd.bit(0), r, s }))
    }
}
