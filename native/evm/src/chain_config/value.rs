//! Readers of the values of settings.

use alloy_primitives::U256;
use serde_json::{Map, Value};

use super::ChainConfigError;
use crate::chain::BlobScheduleFields;

/// Reads a blob schedule: an object with exactly three numbers.
pub(super) fn blob_schedule(key: &str, json: &Value) -> Result<BlobScheduleFields, ChainConfigError> {
    let fields = object(key, json, "an object of `target`, `max` and `baseFeeUpdateFraction`")?;
    if let Some(other) = fields.keys().find(|member| !BLOB_SCHEDULE.contains(&member.as_str())) {
        return Err(ChainConfigError::Unknown { key: format!("{key}.{other}") });
    }
    let number = |member: &str, least: u64| {
        let (key, value) = (format!("{key}.{member}"), fields.get(member).unwrap_or(&Value::Null));
        let number = whole_number(value).and_then(|number| u64::try_from(number).ok());
        let expected = match least {
            0 => "a whole number of at most 64 bits",
            _ => "a whole number of at most 64 bits other than 0",
        };
        let number = number.filter(|number| *number >= least);
        number.map(U256::from).ok_or_else(|| value_error(&key, value, expected))
    };
    let [target, max, base_fee_update_fraction] = BLOB_SCHEDULE;
    Ok(BlobScheduleFields {
        target: number(target, 0)?,
        max: number(max, 0)?,
        // The price of blobs is divided by this number.
        base_fee_update_fraction: number(base_fee_update_fraction, 1)?,
    })
}

/// The members of a blob schedule.
const BLOB_SCHEDULE: [&str; 3] = ["target", "max", "baseFeeUpdateFraction"];

pub(super) fn object<'a>(
    key: &str,
    value: &'a Value,
    expected: &'static str,
) -> Result<&'a Map<String, Value>, ChainConfigError> {
    value.as_object().ok_or_else(|| value_error(key, value, expected))
}

pub(super) fn value_error(key: &str, value: &Value, expected: &'static str) -> ChainConfigError {
    let mut got = value.to_string();
    if let Some((end, _)) = got.char_indices().nth(VALUE_LENGTH_MAX) {
        got.truncate(end);
        got.push('…');
    }
    ChainConfigError::Value { key: key.to_owned(), got, expected }
}

/// The most characters of a value that a message quotes: enough for any number, address or hash.
const VALUE_LENGTH_MAX: usize = 80;

/// Reads a whole number: a JSON number of at most 64 bits, or a string of digits, decimal or after `0x`.
pub(super) fn whole_number(value: &Value) -> Option<U256> {
    let text = match value {
        Value::Number(number) => return number.as_u64().map(U256::from),
        Value::String(text) => text,
        _ => return None,
    };
    // This rejects spaces, underscores and an empty string.
    let (digits, radix) = text.strip_prefix("0x").map_or((text.as_str(), 10), |digits| (digits, 16));
    let are_digits = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    if are_digits { U256::from_str_radix(digits, radix.into()).ok() } else { None }
}
