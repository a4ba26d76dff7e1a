//! Results of `eth_getProof` ([EIP-1186](https://eips.ethereum.org/EIPS/eip-1186)): the nodes on the paths to accounts
//! and storage keys.
//!
//! Proofs have no codes and no headers; both can be given separately. Without headers, the pre-state root is that of
//! the proofs, and is not checked.

use std::collections::BTreeSet;

use alloy_primitives::{Bytes, keccak256};
use serde::Deserialize;
use serde_json::Value;

use super::{Claims, Witness, WitnessError, lenient, read};

/// One result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    account_proof: Vec<Bytes>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    storage_proof: Vec<StorageProof>,
}

#[derive(Deserialize)]
struct StorageProof {
    proof: Vec<Bytes>,
}

/// Reads one result, a list of results, or an object with such a list as `accounts`. Returns `None` for anything else.
pub(super) fn of_json(json: &Value) -> Option<Result<(Witness, Claims), WitnessError>> {
    let list = json.get("accounts").unwrap_or(json);
    let answers = list.as_array().map_or(std::slice::from_ref(list), Vec::as_slice);
    let results: Vec<&Value> = answers.iter().map(|answer| answer.get("result").unwrap_or(answer)).collect();
    let are_proofs = results.first()?.get("accountProof").is_some();
    are_proofs.then(|| {
        let answers = results.into_iter().map(|answer| read("eth_getProof", answer.clone()));
        join(answers.collect::<Result<_, _>>()?)
    })
}

fn join(answers: Vec<Answer>) -> Result<(Witness, Claims), WitnessError> {
    let roots: BTreeSet<_> =
        answers.iter().filter_map(|answer| answer.account_proof.first()).map(keccak256).collect();
    let (Some(root), 1) = (roots.first(), roots.len()) else {
        return Err(WitnessError::Proofs { got: roots.len() });
    };
    let claims = Claims { pre_state_root: Some(*root), ..Claims::default() };
    let mut nodes = BTreeSet::new();
    for Answer { account_proof, storage_proof } in answers {
        nodes.extend(account_proof);
        nodes.extend(storage_proof.into_iter().flat_map(|storage| storage.proof));
    }
    let state = nodes.into_iter().collect();
    Ok((Witness { state, ..Witness::default() }, claims))
}
