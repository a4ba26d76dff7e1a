//! Bitcoin Core's vectors of addresses and keys, which consensus does not know.

use outrider_bitcoin_script::policy::Policy;
use serde_json::Value;

use super::{Case, Outcome};

/// Returns the case of a row, which is not run.
pub(super) fn run(row: &Value) -> Vec<Case> {
    let is_key = row.pointer("/2/isPrivkey").and_then(Value::as_bool);
    let reason = match is_key {
        Some(true) => "private keys are no part of consensus",
        Some(false) | None => "addresses are no part of consensus",
    };
    vec![Case { name: String::new(), policy: Policy::empty(), outcome: Outcome::NotRun(reason) }]
}
