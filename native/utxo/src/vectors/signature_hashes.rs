//! Bitcoin Core's `sighash.json`: `[transaction, script, input, hash type, signature hash]`.

use outrider_bitcoin_script::{Software, sighash::legacy};
use serde_json::Value;

use super::{
    Case,
    error::RowError,
    row::{hex, reversed_hash, text, transaction},
};

/// Runs a row.
pub(super) fn run(row: &Value) -> Result<Vec<Case>, RowError> {
    let transaction = transaction(text(row, 0, "transaction")?)?;
    let script = hex(text(row, 1, "script")?)?;
    let input = row.get(2).and_then(Value::as_u64).and_then(|input| usize::try_from(input).ok());
    let input = input.ok_or(RowError::Missing { what: "number of an input" })?;
    // The hash type is printed with a sign.
    let hash_type = row.get(3).and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok());
    let hash_type = hash_type.ok_or(RowError::Missing { what: "hash type" })?.cast_unsigned();
    let expected = reversed_hash(text(row, 4, "signature hash")?)?;
    let got = legacy(&transaction, input, &script, hash_type, &Software);
    Ok(vec![Case::of("", &got.map(hex::encode), &Some(hex::encode(expected)))])
}
