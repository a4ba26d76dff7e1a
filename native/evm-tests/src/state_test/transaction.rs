//! The unsigned transactions of state tests.

use alloy_primitives::{B256, Bytes, U256};
use outrider_evm::transaction::{Access, Authorization, Fees, Kind, Transaction};
use outrider_evm_codec::Rules;
use serde::Deserialize;

use super::StateTestError;

/// The indices of a case's data, gas limit and value.
#[derive(Deserialize)]
pub(super) struct Indexes {
    pub(super) data: usize,
    pub(super) gas: usize,
    pub(super) value: usize,
}

/// A transaction with alternatives for its data, gas limit and value.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionFields {
    nonce: U256,
    gas_limit: Vec<U256>,
    /// Empty for a transaction that creates a contract.
    #[serde(default)]
    to: String,
    value: Vec<U256>,
    data: Vec<Bytes>,
    gas_price: Option<U256>,
    max_priority_fee_per_gas: Option<U256>,
    max_fee_per_gas: Option<U256>,
    /// One access list for each item of `data`.
    access_lists: Option<Vec<Option<Vec<Access>>>>,
    max_fee_per_blob_gas: Option<U256>,
    blob_versioned_hashes: Option<Vec<B256>>,
    authorization_list: Option<Vec<Authorization>>,
    pub(super) secret_key: B256,
}

impl TransactionFields {
    pub(super) fn read(&self, rules: &Rules, indexes: &Indexes) -> Result<Transaction, StateTestError> {
        let missing = |field, index| move || StateTestError::Index { field, index };
        let data = self.data.get(indexes.data).ok_or_else(missing("data", indexes.data))?;
        let gas_limit = self.gas_limit.get(indexes.gas).ok_or_else(missing("gasLimit", indexes.gas))?;
        let value = self.value.get(indexes.value).ok_or_else(missing("value", indexes.value))?;
        let to = match self.to.as_str() {
            "" => None,
            to => Some(to.parse().map_err(|error: alloy_primitives::hex::FromHexError| {
                StateTestError::Transaction { message: format!("to: {error}") }
            })?),
        };
        Ok(Transaction {
            chain_id: U256::from(rules.chain_id),
            nonce: self.nonce,
            gas_limit: *gas_limit,
            to,
            value: *value,
            data: data.clone(),
            kind: self.kind(indexes)?,
        })
    }

    /// Returns the first type that has all the fields in the JSON.
    fn kind(&self, indexes: &Indexes) -> Result<Kind, StateTestError> {
        let access_list = match &self.access_lists {
            Some(lists) => lists.get(indexes.data).cloned().flatten(),
            None => None,
        };
        if let Some(gas_price) = self.gas_price {
            return Ok(match access_list {
                Some(access_list) => Kind::AccessList { gas_price, access_list },
                None => Kind::Legacy { gas_price, is_protected: false },
            });
        }
        let (Some(max_priority_fee_per_gas), Some(max_fee_per_gas)) =
            (self.max_priority_fee_per_gas, self.max_fee_per_gas)
        else {
            return Err(StateTestError::Fees);
        };
        let fees = Fees { max_priority_fee_per_gas, max_fee_per_gas };
        let access_list = access_list.unwrap_or_default();
        if let Some(authorization_list) = self.authorization_list.clone() {
            return Ok(Kind::SetCode { fees, access_list, authorization_list });
        }
        Ok(match (self.max_fee_per_blob_gas, self.blob_versioned_hashes.clone()) {
            (None, None) => Kind::DynamicFee { fees, access_list },
            (max_fee_per_blob_gas, blob_versioned_hashes) => Kind::Blob {
                fees,
                access_list,
                max_fee_per_blob_gas: max_fee_per_blob_gas.unwrap_or_default(),
                blob_versioned_hashes: blob_versioned_hashes.unwrap_or_default(),
            },
        })
    }
}
