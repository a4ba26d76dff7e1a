//! The parts of rows.

use bitcoin_consensus_encoding::decode_from_slice;
use bitcoin_primitives::{Amount, ScriptPubKeyBuf, Transaction, TxOut};
use outrider_bitcoin_script::{Flags, policy::Policy};
use serde_json::Value;

use super::error::RowError;

/// Returns the text at a position of a row.
pub(super) fn text<'a>(row: &'a Value, index: usize, what: &'static str) -> Result<&'a str, RowError> {
    row.get(index).and_then(Value::as_str).ok_or(RowError::Missing { what })
}

pub(super) fn list<'a>(value: Option<&'a Value>, what: &'static str) -> Result<&'a [Value], RowError> {
    value.and_then(Value::as_array).map(Vec::as_slice).ok_or(RowError::Missing { what })
}

pub(super) fn hex(text: &str) -> Result<Vec<u8>, RowError> {
    hex::decode(text).map_err(|source| RowError::Hex { text: text.chars().take(40).collect(), source })
}

/// Reads the hex of the bytes of a list.
pub(super) fn hex_list<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Vec<u8>>, RowError> {
    texts.iter().map(|text| hex(text.as_ref())).collect()
}

pub(super) fn hash(text: &str) -> Result<[u8; 32], RowError> {
    hex(text)?.try_into().map_err(|bytes: Vec<u8>| RowError::HashLength { got: bytes.len() })
}

/// Reads a hash that is printed backward.
pub(super) fn reversed_hash(text: &str) -> Result<[u8; 32], RowError> {
    let mut bytes = hash(text)?;
    bytes.reverse();
    Ok(bytes)
}

pub(super) fn transaction(text: &str) -> Result<Transaction, RowError> {
    decode_from_slice(&hex(text)?).map_err(RowError::Transaction)
}

pub(super) fn output(satoshi: u64, script: Vec<u8>) -> Result<TxOut, RowError> {
    let amount = Amount::from_sat(satoshi).map_err(|_| RowError::Amount { amount: satoshi.to_string() })?;
    Ok(TxOut { amount, script_pubkey: ScriptPubKeyBuf::from_bytes(script) })
}

/// Reads the names of consensus flags and of rules of relay, which share a list.
pub(super) fn flags(names: &str) -> Result<(Flags, Policy), RowError> {
    let mut all = (Flags::empty(), Policy::empty());
    for name in names.split(',').filter(|name| !name.is_empty() && *name != "NONE") {
        match (Flags::from_name(name), Policy::from_name(name)) {
            (Some(flag), _) => all.0 |= flag,
            (None, Some(policy)) => all.1 |= policy,
            (None, None) => return Err(RowError::Flag { name: name.to_owned() }),
        }
    }
    Ok(all)
}
