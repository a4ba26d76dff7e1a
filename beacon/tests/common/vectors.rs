//! Proofs of remerkleable, made by `data/make_proofs.py`.

use outrider_beacon::{ledger::Ledger, proof::Claim};
use outrider_beacon_proof::{Hash, Proof};
use outrider_beacon_spec::types::Root;
use serde_json::Value;
use ssz::{Decode as _, Encode as _};
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
        "deployed_epoch" => Claim::DeployedEpoch { ee },
        "exit_epoch" => Claim::ExitEpoch { ee },
        "withdrawable_epoch" => Claim::WithdrawableEpoch { ee },
        "hibernation_epoch" => Claim::HibernationEpoch { ee },
        "wake_epoch" => Claim::WakeEpoch { ee },
        "shards" => Claim::Shards { ee, from: proof["from"].as_u64().unwrap() },
        "state_root" => Claim::StateRoot { shard, ee },
        "balance" => Claim::Balance { shard, ee },
        "execution_root" => Claim::ExecutionRoot { shard, slot: proof["slot"].as_u64().unwrap() },
        "shard_count" => Claim::ShardCount,
        "ee_count" => Claim::EeCount { shard },
        "settled_before" => {
            Claim::SettledBefore { source: proof["source"].as_u64().unwrap(), destination: shard }
        }
        "settled" => Claim::Settled {
            source: proof["source"].as_u64().unwrap(),
            destination: shard,
            from: proof["from"].as_u64().unwrap(),
        },
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

/// Returns the recorded ledger.
pub(crate) fn ledger() -> Ledger {
    let mut ssz = Vec::new();
    for run in VECTORS["ledger"]["ssz"].as_array().unwrap() {
        ssz.extend(bytes(&run[0]));
        ssz.resize(ssz.len() + run[1].as_u64().unwrap() as usize, 0);
    }
    let ledger = Ledger::from_ssz_bytes(&ssz).unwrap();
    assert_eq!(ledger.as_ssz_bytes(), ssz);
    ledger
}
