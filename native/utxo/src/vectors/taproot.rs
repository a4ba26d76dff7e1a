//! The corpus of taproot, `script_assets_test.json` of bitcoin-core/qa-assets.

use bitcoin_consensus_encoding::decode_from_slice;
use outrider_bitcoin_script::{
    Flags,
    policy::Policy,
    primitives::{TxOut, Witness},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Case,
    error::RowError,
    input::{Spent, all_flags, names},
    row::{flags, hex, hex_list, transaction},
};

#[derive(Deserialize)]
struct Vector {
    tx: String,
    prevouts: Vec<String>,
    index: usize,
    flags: String,
    #[serde(default)]
    comment: String,
    /// Whether the result is the same under later soft forks.
    #[serde(default, rename = "final")]
    is_final: bool,
    success: Option<Spend>,
    failure: Option<Spend>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spend {
    script_sig: String,
    witness: Vec<String>,
}

/// Runs a vector under every set of flags for which it has a result: what is valid stays so with fewer rules, and what is
/// invalid with more.
pub(super) fn run(value: &Value) -> Result<Vec<Case>, RowError> {
    let vector = Vector::deserialize(value)?;
    let mut cases = Vec::new();
    for (spend, is_valid) in [(&vector.success, true), (&vector.failure, false)] {
        if let Some(spend) = spend {
            let verdict = if is_valid { "success" } else { "failure" };
            let (policy, failure) = vector.verify(spend, is_valid)?;
            cases.push(Case { policy, ..Case::new(format!("{}, {verdict}", vector.comment), failure) });
        }
    }
    Ok(cases)
}

impl Vector {
    fn verify(&self, spend: &Spend, is_valid: bool) -> Result<(Policy, Option<String>), RowError> {
        let spent = self.with(spend)?;
        let (of_vector, policy) = flags(&self.flags)?;
        let is_defined = |flags: &Flags| {
            if is_valid { self.is_final || of_vector.contains(*flags) } else { flags.contains(of_vector) }
        };
        for flags in all_flags().into_iter().filter(is_defined) {
            let rules = (flags, Policy::empty());
            let problem = match (spent.verify(self.index, rules)?, is_valid) {
                (Ok(()), true) | (Err(_), false) => continue,
                (Ok(()), false) => "valid, expected an error".to_owned(),
                (Err(error), true) => format!("{error}: {}", error.reason),
            };
            return Ok((policy, Some(format!("{problem}; under {}", names(rules)))));
        }
        Ok((policy, None))
    }

    fn with(&self, spend: &Spend) -> Result<Spent, RowError> {
        let output = |bytes: Vec<u8>| decode_from_slice::<TxOut>(&bytes).map_err(RowError::Output);
        let outputs = hex_list(&self.prevouts)?.into_iter().map(output).collect::<Result<_, _>>()?;
        let mut transaction = transaction(&self.tx)?;
        let input = transaction.inputs.get_mut(self.index);
        let input = input.ok_or(RowError::Missing { what: "input at `index`" })?;
        input.script_sig = hex(&spend.script_sig)?.into();
        input.witness = Witness::from_slice(&hex_list(&spend.witness)?);
        Ok(Spent { transaction, outputs })
    }
}
