//! Blocks as `eth_getBlockByHash` gives them with whole transactions.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::Deserialize;
use serde_json::Value;

use super::{Withdrawal, WitnessError, block, read};
use crate::{
    header::HeaderFields,
    transaction::{Access, Authorization, Fees, Kind, Signature, Transaction},
};

/// Encodes a block that is given in JSON.
///
/// # Errors
///
/// [`WitnessError::Form`], [`WitnessError::Ommers`] or [`WitnessError::TransactionType`].
pub fn block_of_json(json: Value) -> Result<Bytes, WitnessError> {
    let Transactions { transactions } = read(SHAPE, json.clone())?;
    with_transactions(json, || transactions.into_iter().map(TransactionFields::encode).collect())
}

/// Encodes a block that is given in JSON, but for its transactions.
pub(super) fn with_transactions(
    json: Value,
    transactions: impl FnOnce() -> Result<Vec<Bytes>, WitnessError>,
) -> Result<Bytes, WitnessError> {
    let header: HeaderFields = read(SHAPE, json.clone())?;
    let Body { uncles, withdrawals } = read(SHAPE, json)?;
    if !uncles.is_empty() {
        return Err(WitnessError::Ommers { got: uncles.len() });
    }
    let no_ommers = [alloy_rlp::EMPTY_LIST_CODE];
    Ok(block(&header.encode(), &transactions()?, &no_ommers, withdrawals.as_deref()))
}

const SHAPE: &str = "eth_getBlockByHash with whole transactions";

/// What a block has besides its header and its transactions. Of ommers there are but the hashes.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    uncles: Vec<B256>,
    withdrawals: Option<Vec<Withdrawal>>,
}

#[derive(Deserialize)]
struct Transactions {
    transactions: Vec<TransactionFields>,
}

/// What one type or another has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionFields {
    #[serde(default, rename = "type")]
    kind: U256,
    #[serde(default)]
    chain_id: U256,
    nonce: U256,
    gas: U256,
    to: Option<Address>,
    value: U256,
    input: Bytes,
    #[serde(default)]
    gas_price: U256,
    #[serde(default)]
    max_fee_per_gas: U256,
    #[serde(default)]
    max_priority_fee_per_gas: U256,
    #[serde(default)]
    access_list: Vec<Access>,
    #[serde(default)]
    max_fee_per_blob_gas: U256,
    #[serde(default)]
    blob_versioned_hashes: Vec<B256>,
    #[serde(default)]
    authorization_list: Vec<Authorization>,
    v: U256,
    r: U256,
    s: U256,
}

impl TransactionFields {
    fn encode(self) -> Result<Bytes, WitnessError> {
        let kind = u64::try_from(self.kind).unwrap_or(u64::MAX);
        let (r, s) = (self.r, self.s);
        // Before EIP-155, 27 was added to the parity, and since then 35 and twice the chain's number.
        let protected = self.v.checked_sub(U256::from(35)).filter(|_| kind == 0);
        let chain_id = protected.map_or(self.chain_id, |v| v >> 1);
        let odd = protected.unwrap_or(if kind == 0 { self.v.saturating_sub(U256::from(27)) } else { self.v });
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
