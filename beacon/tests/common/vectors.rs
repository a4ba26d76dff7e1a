//! Proofs of remerkleable, made by `data/make_proofs.py`.

use outrider_beacon::proof::Claim;
use outrider_beacon_proof::{Hash, Proof};
use outrider_beacon_spec::types::Root;
use serde_json::Value;
use std::sync::LazyLock;

pub(crate) static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/proofs.json")).unwrap());

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

pub(crate) fn root(value: &Value) -> Root {
    Root::from_slice(&bytes(value))
}

pub(crate) fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(|hash| root(hash).0).collect()
}

pub(crate) fn claim(proof: &Value) -> Claim {
    let ee = proof["ee"].as_u64().unwrap_or_default() as u32;
    let shard = proof["shard"].as_u64().unwrap_or_default();
    match proof["kind"].as_str().unwrap() {
        "code_hash" => Claim::CodeHash { ee },
        "deposit" => Claim::Deposit { ee },
        "state_root" => Claim::StateRoot { shard, ee },
        "balance" => Claim::Balance { shard, ee },
        "execution_root" => Claim::ExecutionRoot { shard, slot: proof["slot"].as_u64().unwrap() },
        other => panic!("{other}"),
    }
}

pub(crate) fn recorded(proof: &Value) -> Proof {
    Proof {
        gindex: proof["gindex"].as_u64().unwrap(),
        leaf: root(&proof["leaf"]).0,
        branch: hashes(&proof["branch"]),
    }
}
