//! Answers of `eth_getProof`, [EIP-1186](https://eips.ethereum.org/EIPS/eip-1186): the nodes on the way to accounts and slots.
//!
//! They tell no codes and no headers; both can be given beside them. Without headers, the state before the block is the one that they
//! prove, and has to be believed.

use std::collections::BTreeSet;

use alloy_primitives::{Bytes, keccak256};
use serde::Deserialize;
use serde_json::Value;

use super::{Claims, Witness, WitnessError, lenient, read};

/// An answer.
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

/// Reads one answer, a list of them, or an object that has such a list as `accounts`; `None` for anything else.
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
