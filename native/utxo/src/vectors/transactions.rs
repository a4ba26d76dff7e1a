//! Bitcoin Core's `tx_valid.json` and `tx_invalid.json`: `[[[txid, output, scriptPubKey, amount?]...], transaction,
//! flags]` (`src/test/transaction_tests.cpp`).

use std::collections::BTreeMap;

use bitcoin_consensus_encoding::decode_from_slice;
use outrider_bitcoin_script::primitives::{OutPoint, Transaction, TxOut, Txid};
use serde_json::Value;

use super::{
    Case,
    assembly::assemble,
    error::RowError,
    input::{Rules, Spent, all_rules, names, trim, without_one},
    row::{flags, hex, list, output, reversed_hash, text, transaction},
};

/// Runs a row of `tx_valid.json`, whose flags are those that have to be absent: the transaction is valid without them, and
/// without any one more, and with any one of them it is not.
pub(super) fn run_valid(row: &Value) -> Result<Vec<Case>, RowError> {
    let spent = read(row)?;
    let excluded = flags(text(row, 2, "list of flags")?)?;
    let remaining = |excluded: Rules| (all_rules().0 - excluded.0, all_rules().1 - excluded.1);
    let rules = remaining(excluded);
    let mut failure = None;
    if trim(rules) != rules {
        failure = Some(format!("the flags {} leave out what others need", names(excluded)));
    }
    for rules in std::iter::once(rules).chain(without_one(rules)) {
        if let Err(error) = spent.verify_all(rules)? {
            failure.get_or_insert(format!("invalid under {}: {error}: {}", names(rules), error.reason));
        }
    }
    for less_excluded in without_one(excluded) {
        let rules = remaining(less_excluded);
        if spent.verify_all(rules)?.is_ok() {
            failure.get_or_insert(format!("valid under {}, expected an error", names(rules)));
        }
    }
    Ok(vec![Case { policy: excluded.1, ..Case::new(txid(&spent), failure) }])
}

/// Runs a row of `tx_invalid.json`, whose flags are those under which the transaction is invalid: without any one of them,
/// it is valid. `BADTX` stands for a transaction that is invalid by itself.
pub(super) fn run_invalid(row: &Value) -> Result<Vec<Case>, RowError> {
    let flag_names = text(row, 2, "list of flags")?;
    if flag_names == "BADTX" {
        let decoded = decode_from_slice::<Transaction>(&hex(text(row, 1, "transaction")?)?);
        let failure = decoded.is_ok().then(|| "the decoder accepts the transaction".to_owned());
        return Ok(vec![Case::new("BADTX", failure)]);
    }
    let spent = read(row)?;
    let rules = flags(flag_names)?;
    let mut failure = None;
    for rules in [rules, all_rules()] {
        if spent.verify_all(rules)?.is_ok() {
            failure.get_or_insert(format!("valid under {}, expected an error", names(rules)));
        }
    }
    for fewer in without_one(rules) {
        if let Err(error) = spent.verify_all(fewer)? {
            failure.get_or_insert(format!("invalid under {}: {error}: {}", names(fewer), error.reason));
        }
    }
    Ok(vec![Case { policy: rules.1, ..Case::new(txid(&spent), failure) }])
}

fn txid(spent: &Spent) -> String {
    let mut bytes = spent.transaction.compute_txid().to_byte_array();
    bytes.reverse();
    hex::encode(bytes)
}

fn read(row: &Value) -> Result<Spent, RowError> {
    let transaction = transaction(text(row, 1, "transaction")?)?;
    let previous = list(row.get(0), "list of outputs")?.iter().map(previous);
    let previous: BTreeMap<OutPoint, TxOut> = previous.collect::<Result<_, _>>()?;
    let outputs = transaction.inputs.iter().enumerate().map(|(index, input)| {
        previous.get(&input.previous_output).cloned().ok_or(RowError::SpentOutput { input: index })
    });
    let outputs = outputs.collect::<Result<_, _>>()?;
    Ok(Spent { transaction, outputs })
}

fn previous(value: &Value) -> Result<(OutPoint, TxOut), RowError> {
    let txid = Txid::from_byte_array(reversed_hash(text(value, 0, "transaction id")?)?);
    // The output of a coinbase is -1.
    let vout = value.get(1).and_then(Value::as_i64);
    let vout = vout.and_then(|vout| if vout == -1 { Some(u32::MAX) } else { u32::try_from(vout).ok() });
    let vout = vout.ok_or(RowError::Missing { what: "number of an output" })?;
    let amount = match value.get(3) {
        Some(amount) => amount.as_u64().ok_or(RowError::Missing { what: "amount" })?,
        None => 0,
    };
    let script = assemble(text(value, 2, "scriptPubKey")?)?;
    Ok((OutPoint { txid, vout }, output(amount, script)?))
}
