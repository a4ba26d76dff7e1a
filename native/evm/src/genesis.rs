//! The genesis of a chain: `genesis.json` in the format of [geth] and of the tests of [hive].
//!
//! [geth]: https://geth.ethereum.org/docs/fundamentals/private-network#creating-genesis-block
//! [hive]: https://github.com/ethereum/hive

use alloy_primitives::{Address, B64, B256, Bytes, U256, b256};
use outrider_evm_codec::Fork;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    chain::{Chain, Place},
    chain_config::ChainConfigError,
    contradiction::{self, Contradiction},
    header::{Header, HeaderFields, NO_OMMERS_HASH},
    state::{EMPTY_STORAGE_ROOT, State},
};

/// The rules of a chain, and its block 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The rules of the chain.
    pub chain: Chain,
    /// The genesis state.
    pub state: State,
    /// The genesis header.
    pub header: Header,
}

/// Why a genesis is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The JSON lacks a member or has one of another type.
    #[error("the JSON is not a genesis: it needs `config`, `alloc` and the fields of a header")]
    Form(#[source] serde_json::Error),
    /// The chain's configuration is refused.
    #[error(transparent)]
    Chain(#[from] ChainConfigError),
    /// The genesis has a number other than 0.
    #[error("the genesis has block number {got}, expected 0")]
    Number {
        /// Its number.
        got: U256,
    },
    /// The genesis has a member that is unknown here.
    #[error("the genesis has the unknown member `{member}`: remove it if it does not matter")]
    Unknown {
        /// The path of the member.
        member: String,
    },
    /// The header or state root beside the accounts differs from the one that follows from them.
    #[error("the genesis contradicts itself")]
    Contradiction(#[from] Contradiction),
    /// The members do not make a valid header.
    #[error("the genesis header is malformed")]
    Header(#[source] alloy_rlp::Error),
}

impl Genesis {
    /// Reads a genesis. Its header has the fields of the fork in force at its timestamp. Further members of the header,
    /// such as `hash` or `stateRoot`, must agree with it; unknown members are refused.
    ///
    /// # Errors
    ///
    /// Fails with a [`GenesisError`].
    pub fn of_json(json: Value) -> Result<Self, GenesisError> {
        check_known(&json)?;
        let derived = derived(&json);
        let fields: Fields = serde_json::from_value(json).map_err(GenesisError::Form)?;
        if !fields.number.is_zero() {
            return Err(GenesisError::Number { got: fields.number });
        }
        let chain = Chain::of_config(&fields.config)?;
        let place = Place {
            number: 0,
            timestamp: u64::try_from(fields.timestamp).unwrap_or(u64::MAX),
            parent_total_difficulty: U256::ZERO,
        };
        let header = fields.header(chain.rules(&place).fork).encode();
        let header = Header::of_rlp(&header).map_err(GenesisError::Header)?;
        contradiction::check_header("genesis", &derived, &header.bytes)?;
        Ok(Self { chain, state: fields.alloc, header })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    config: Value,
    alloc: State,
    #[serde(default)]
    number: U256,
    #[serde(default)]
    gas_used: U256,
    #[serde(default)]
    parent_hash: B256,
    #[serde(default)]
    nonce: U256,
    #[serde(default)]
    timestamp: U256,
    #[serde(default)]
    extra_data: Bytes,
    gas_limit: U256,
    difficulty: U256,
    #[serde(default)]
    mix_hash: B256,
    #[serde(default)]
    coinbase: Address,
    base_fee_per_gas: Option<U256>,
    blob_gas_used: Option<U256>,
    excess_blob_gas: Option<U256>,
}

impl Fields {
    fn header(&self, fork: Fork) -> HeaderFields {
        let has = |since: Fork| fork >= since;
        let zero_from = |since: Fork, value: Option<U256>| has(since).then(|| value.unwrap_or_default());
        HeaderFields {
            parent_hash: self.parent_hash,
            ommers_hash: NO_OMMERS_HASH,
            beneficiary: self.coinbase,
            state_root: self.alloc.root(),
            transactions_root: EMPTY_STORAGE_ROOT,
            receipts_root: EMPTY_STORAGE_ROOT,
            logs_bloom: Bytes::from_static(&[0; 256]),
            difficulty: self.difficulty,
            number: U256::ZERO,
            gas_limit: self.gas_limit,
            gas_used: self.gas_used,
            timestamp: self.timestamp,
            extra_data: self.extra_data.clone(),
            mix_hash: self.mix_hash,
            nonce: B64::from(self.nonce.wrapping_to::<u64>()),
            base_fee_per_gas: has(Fork::London).then(|| self.base_fee_per_gas.unwrap_or(BASE_FEE_INITIAL)),
            withdrawals_root: has(Fork::Shanghai).then_some(EMPTY_STORAGE_ROOT),
            blob_gas_used: zero_from(Fork::Cancun, self.blob_gas_used),
            excess_blob_gas: zero_from(Fork::Cancun, self.excess_blob_gas),
            parent_beacon_block_root: has(Fork::Cancun).then_some(B256::ZERO),
            requests_hash: has(Fork::Prague).then_some(NO_REQUESTS_HASH),
            block_access_list_hash: None,
            slot_number: None,
        }
    }
}

/// Checks that the genesis and its accounts have no unknown members.
fn check_known(json: &Value) -> Result<(), GenesisError> {
    let unknown = |member: &str| GenesisError::Unknown { member: member.to_owned() };
    let is_known = |member: &str| MEMBERS.contains(&member) || contradiction::is_of_header(member);
    // Reading the form refuses values that are not objects.
    let members =
        |json: &Value| json.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    if let Some(member) = members(json).iter().find(|member| !is_known(member)) {
        return Err(unknown(member));
    }
    for (address, account) in json.get("alloc").and_then(Value::as_object).into_iter().flatten() {
        if let Some(member) = members(account).iter().find(|member| !ACCOUNT.contains(&member.as_str())) {
            return Err(unknown(&format!("alloc.{address}.{member}")));
        }
    }
    Ok(())
}

/// Returns the members that follow from the others.
fn derived(json: &Value) -> Value {
    let members = json.as_object().into_iter().flatten();
    members
        .filter(|(member, _)| !MEMBERS.contains(&member.as_str()))
        .map(|(member, value)| (member.clone(), value.clone()))
        .collect()
}

/// The members of a genesis.
const MEMBERS: [&str; 15] = [
    "config",
    "alloc",
    "number",
    "gasUsed",
    "parentHash",
    "nonce",
    "timestamp",
    "extraData",
    "gasLimit",
    "difficulty",
    "mixHash",
    "coinbase",
    "baseFeePerGas",
    "blobGasUsed",
    "excessBlobGas",
];

/// The members of an account, and the key that geth's own tests sign with.
const ACCOUNT: [&str; 5] = ["balance", "nonce", "code", "storage", "secretKey"];

/// EIP-1559's `INITIAL_BASE_FEE`, in wei.
const BASE_FEE_INITIAL: U256 = U256::from_limbs([1_000_000_000, 0, 0, 0]);

/// The hash of an empty list of requests (EIP-7685).
const NO_REQUESTS_HASH: B256 = b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
