//! Dumps of [stateless-block-verifier](https://github.com/scroll-tech/stateless-block-verifier).

use alloy_primitives::{Address, B256, Bytes, U256};
use outrider_evm::{
    header::HeaderFields,
    transaction::{Access, Authorization, Fees, Kind, Signature, Transaction},
};
use serde::Deserialize;

use super::{Claims, Withdrawal, Witness, WitnessError, WitnessedBlock, block};

/// A dump. It has no headers of ancestors, so nothing proves its `block_hashes`, newest first, and its
/// `prev_state_root`.
#[derive(Deserialize)]
pub(super) struct StatelessBlockVerifier {
    header: HeaderFields,
    prev_state_root: B256,
    #[serde(default)]
    block_hashes: Vec<B256>,
    transactions: Vec<SignedTransaction>,
    withdrawals: Option<Vec<Withdrawal>>,
    states: Vec<Bytes>,
    codes: Vec<Bytes>,
}

#[derive(Deserialize)]
struct SignedTransaction {
    signature: SignatureFields,
    transaction: TransactionFields,
}

#[derive(Deserialize)]
struct SignatureFields {
    r: U256,
    s: U256,
    #[serde(rename = "yParity")]
    y_parity: U256,
}

#[derive(Deserialize)]
enum TransactionFields {
    Legacy(TransactionBody),
    Eip2930(TransactionBody),
    Eip1559(TransactionBody),
    Eip4844(TransactionBody),
    Eip7702(TransactionBody),
}

/// The fields of all types of transactions.
#[derive(Deserialize)]
struct TransactionBody {
    chain_id: Option<U256>,
    nonce: U256,
    gas_limit: U256,
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
}

impl StatelessBlockVerifier {
    pub(super) fn read(self) -> Result<WitnessedBlock, WitnessError> {
        let transactions: Vec<Bytes> = self.transactions.into_iter().map(SignedTransaction::encode).collect();
        let no_ommers = [alloy_rlp::EMPTY_LIST_CODE];
        let block = block(&self.header.encode(), &transactions, &no_ommers, self.withdrawals.as_deref());
        let witness = Witness { state: self.states, codes: self.codes, headers: Vec::new() };
        let claims = Claims {
            pre_state_root: Some(self.prev_state_root),
            block_hashes: self.block_hashes,
            ..Claims::default()
        };
        Ok(WitnessedBlock { claims, ..WitnessedBlock::new(block, witness)? })
    }
}

impl SignedTransaction {
    fn encode(self) -> Bytes {
        let Self { transaction, signature: SignatureFields { r, s, y_parity } } = self;
        transaction.read().signed(&Signature { is_odd: !y_parity.is_zero(), r, s })
    }
}

impl TransactionFields {
    fn read(self) -> Transaction {
        let fees = |body: &TransactionBody| Fees {
            max_priority_fee_per_gas: body.max_priority_fee_per_gas,
            max_fee_per_gas: body.max_fee_per_gas,
        };
        match self {
            Self::Legacy(body) => {
                let kind = Kind::Legacy { gas_price: body.gas_price, is_protected: body.chain_id.is_some() };
                body.with(kind)
            }
            Self::Eip2930(mut body) => {
                let access_list = std::mem::take(&mut body.access_list);
                let kind = Kind::AccessList { gas_price: body.gas_price, access_list };
                body.with(kind)
            }
            Self::Eip1559(mut body) => {
                let access_list = std::mem::take(&mut body.access_list);
                let kind = Kind::DynamicFee { fees: fees(&body), access_list };
                body.with(kind)
            }
            Self::Eip4844(mut body) => {
                let kind = Kind::Blob {
                    fees: fees(&body),
                    access_list: std::mem::take(&mut body.access_list),
                    max_fee_per_blob_gas: body.max_fee_per_blob_gas,
                    blob_versioned_hashes: std::mem::take(&mut body.blob_versioned_hashes),
                };
                body.with(kind)
            }
            Self::Eip7702(mut body) => {
                let kind = Kind::SetCode {
                    fees: fees(&body),
                    access_list: std::mem::take(&mut body.access_list),
                    authorization_list: std::mem::take(&mut body.authorization_list),
                };
                body.with(kind)
            }
        }
    }
}

impl TransactionBody {
    fn with(self, kind: Kind) -> Transaction {
        Transaction {
            chain_id: self.chain_id.unwrap_or_default(),
            nonce: self.nonce,
            gas_limit: self.gas_limit,
            to: self.to,
            value: self.value,
            data: self.input,
            kind,
        }
    }
}
