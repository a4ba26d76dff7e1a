//! Transaction tests: bytes that are a valid transaction under the rules of a fork, or not.
//!
//! The tests know no state. Here the sender gets all the ether there can be, and the nonce that the transaction has; so it is
//! the transaction alone that decides. Whoever is none of its sender has nothing, so a transaction is only accepted if its
//! sender is the right one.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U64, U256, keccak256};
use alloy_rlp::{Decodable as _, Encodable as _};
use outrider_evm_block::{Environment, Payload, Transactions};
use secp256k1::{
    Message,
    ecdsa::{RecoverableSignature, RecoveryId},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    chain::{Chain, ChainError, Config, Place},
    rlp,
    state::{Account, State},
    state_test::no_logs,
};

/// A transaction test.
#[derive(Clone, Debug)]
pub struct TransactionTest {
    /// One for each fork.
    pub cases: Vec<TransactionCase>,
}

/// The bytes under the rules of a fork.
#[derive(Clone, Debug)]
pub struct TransactionCase {
    /// The name of the fork.
    pub fork_name: String,
    /// The state that the sender needs.
    pub pre_state: State,
    /// What the EE is given, or why that cannot be told.
    pub payload: Result<Payload, TransactionTestError>,
    /// What should be wrong with the bytes; nothing if they are a valid transaction.
    pub exception: Option<String>,
}

/// Why bytes cannot be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionTestError {
    /// The fork is none that is known here.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The transaction is valid as such, but no state has a sender who could pay for it.
    #[error("valid, but what it costs is more than a balance can be")]
    Cost,
    /// The transaction is valid, but for fees of more than 128 bits there is no room in revm.
    #[error("valid, but its gas price has more than 128 bits, and revm has no room for these")]
    GasPrice,
}

#[derive(Deserialize)]
struct Fields {
    result: BTreeMap<String, ResultFields>,
    txbytes: Bytes,
}

#[derive(Deserialize)]
struct ResultFields {
    exception: Option<String>,
    sender: Option<Address>,
}

impl TransactionTest {
    /// Reads a test.
    ///
    /// # Errors
    ///
    /// It does not have the form.
    pub fn of_json(json: Value) -> Result<Self, serde_json::Error> {
        let Fields { result, txbytes } = serde_json::from_value(json)?;
        let told = result.values().find_map(|result| result.sender);
        let parts = Parts::of(&txbytes);
        let sender = told.or_else(|| parts.as_ref().and_then(Parts::sender));
        let nonce = parts.as_ref().map_or(0, |parts| parts.nonce);
        let account = Account { balance: U256::MAX, nonce: U64::from(nonce), ..Account::default() };
        let pre_state = State(sender.map(|sender| (sender, account)).into_iter().collect());
        let case = |(fork_name, result): (String, ResultFields)| TransactionCase {
            payload: match parts.as_ref().map(Parts::check_cost) {
                Some(Err(error)) if result.exception.is_none() => Err(error),
                _ => payload(&fork_name, &txbytes).map_err(Into::into),
            },
            fork_name,
            pre_state: pre_state.clone(),
            exception: result.exception,
        };
        Ok(Self { cases: result.into_iter().map(case).collect() })
    }
}

/// The bytes as the only transaction of an environment in which gas costs nothing and is plenty.
fn payload(fork_name: &str, bytes: &Bytes) -> Result<Payload, ChainError> {
    let chain = Chain::of_network(fork_name, &Config::default())?;
    let place = Place { number: NUMBER, timestamp: TIMESTAMP, parent_total_difficulty: U256::ZERO };
    let environment = Environment {
        beneficiary: Address::ZERO,
        gas_limit: u64::MAX,
        number: U256::from(NUMBER),
        timestamp: U256::from(TIMESTAMP),
        difficulty: U256::ZERO,
        prev_randao: B256::ZERO,
        base_fee_per_gas: 0,
        excess_blob_gas: 0,
        slot_number: 0,
        block_hashes: Vec::new(),
    };
    let transactions = Transactions { environment, transactions: vec![bytes.clone()], logs_hash: no_logs() };
    Ok(Payload::Transactions(chain.rules(&place), transactions))
}

/// Numbers that no fork minds.
const NUMBER: u64 = 1;
const TIMESTAMP: u64 = 1000;

/// What can be made out of bytes that need not be a valid transaction.
struct Parts {
    nonce: u64,
    gas_price: U256,
    gas_limit: U256,
    value: U256,
    signing_hash: B256,
    is_odd: bool,
    r: U256,
    s: U256,
}

impl Parts {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (number, list) = match bytes.first()? {
            0xc0.. => (None, bytes),
            number => (Some(*number), bytes.get(1..)?),
        };
        let items = rlp::items(list).ok()?;
        let (signed, [v, r, s]) = items.split_last_chunk::<3>()?;
        let integer = |item: &[u8]| U256::decode(&mut &*item).ok();
        let (v, r, s) = (integer(v)?, integer(r)?, integer(s)?);
        // Types begin with the chain's number, and from the second on there is another fee before the price.
        let (first, price) = match number {
            None => (0, 1),
            Some(1) => (1, 2),
            Some(_) => (1, 3),
        };
        let [gas_price, gas_limit, _to, value, ..] = *signed.get(price..)? else { return None };
        let nonce = integer(signed.get(first)?)?.try_into().ok()?;
        let mut fields = signed.concat();
        let (thirty_five, two) = (U256::from(35), U256::from(2));
        let signing_hash = match number {
            Some(number) => keccak256([&[number], rlp::list(&fields).as_slice()].concat()),
            None => {
                if let Some(protected) = v.checked_sub(thirty_five) {
                    (protected / two).encode(&mut fields);
                    fields.extend([alloy_rlp::EMPTY_STRING_CODE; 2]);
                }
                keccak256(rlp::list(&fields))
            }
        };
        // 27, and all of EIP-155 with parity 0, are odd numbers.
        let is_odd = v.bit(0) == number.is_some();
        let [gas_price, gas_limit, value] = [integer(gas_price)?, integer(gas_limit)?, integer(value)?];
        Some(Self { nonce, gas_price, gas_limit, value, signing_hash, is_odd, r, s })
    }

    /// Checks that there can be a state in which this is executed.
    fn check_cost(&self) -> Result<(), TransactionTestError> {
        let gas = self.gas_limit.checked_mul(self.gas_price);
        gas.and_then(|gas| gas.checked_add(self.value)).ok_or(TransactionTestError::Cost)?;
        if self.gas_price.bit_len() > 128 { Err(TransactionTestError::GasPrice) } else { Ok(()) }
    }

    /// Who has signed, if anybody has.
    fn sender(&self) -> Option<Address> {
        let signature = [self.r.to_be_bytes::<32>(), self.s.to_be_bytes()].concat();
        let id = RecoveryId::from_u8_masked(u8::from(self.is_odd));
        let signature = RecoverableSignature::from_compact(&signature, id).ok()?;
        let key = signature.recover_ecdsa(Message::from_digest(self.signing_hash.0)).ok()?;
        let [_tag, coordinates @ ..] = key.serialize_uncompressed();
        Some(Address::from_word(keccak256(coordinates)))
    }
}
