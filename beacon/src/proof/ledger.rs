//! The leaves of claims about the ledger, and their siblings up to the ledger's root.

use super::{
    ProveError,
    branch::{branch, list_branch},
};
use crate::ledger::{Ledger, execution::RECENT_SLOTS};
use outrider_beacon_proof::{Claim, Hash};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    math::index,
    types::{Root, Shard, Slot},
};

/// Returns the leaf of a claim about the ledger.
pub(super) fn leaf(ledger: &Ledger, claim: Claim) -> Result<(Root, Vec<Hash>), ProveError> {
    match claim {
        Claim::CodeHash { ee } => record(ledger, claim, ee, 0),
        Claim::Deposit { ee } => record(ledger, claim, ee, 5),
        Claim::StateRoot { shard, ee } => ee_state(ledger, claim, shard, ee, 0),
        Claim::Balance { shard, ee } => ee_state(ledger, claim, shard, ee, 1),
        Claim::Slot => Ok((hash_tree_root(&ledger.slot()), branch(&ledger_roots(ledger), 3, 0))),
        Claim::ExecutionRoot { shard, slot } => execution_root(ledger, claim, shard, slot),
        Claim::BlockSlot
        | Claim::BlockRoot { .. }
        | Claim::CrosslinkedExecution { .. }
        | Claim::LatestExecution { .. } => Err(ProveError::Absent(claim)),
    }
}

fn record(ledger: &Ledger, claim: Claim, ee: u32, field: usize) -> Result<(Root, Vec<Hash>), ProveError> {
    let record = ledger.ees().get(ee as usize).ok_or(ProveError::Absent(claim))?;
    let fields = [
        record.code_hash,
        hash_tree_root(&record.code_bytes),
        record.initial_state_root,
        hash_tree_root(&record.owner),
        record.refund_credentials,
        hash_tree_root(&record.deposit),
        hash_tree_root(&record.shards),
        hash_tree_root(&record.takes_receipts),
        hash_tree_root(&record.upgrade_delay),
        hash_tree_root(&record.next_code),
        hash_tree_root(&record.deployed_epoch),
        hash_tree_root(&record.exit_epoch),
        hash_tree_root(&record.withdrawable_epoch),
        hash_tree_root(&record.hibernation_epoch),
        hash_tree_root(&record.wake_epoch),
    ];
    let mut siblings = branch(&fields, 4, field);
    siblings.extend(list_branch(ledger.ees(), 16, ee as usize));
    siblings.extend(branch(&ledger_roots(ledger), 3, 1));
    Ok((fields.get(field).copied().unwrap_or_default(), siblings))
}

fn ee_state(
    ledger: &Ledger,
    claim: Claim,
    shard: Shard,
    ee: u32,
    field: usize,
) -> Result<(Root, Vec<Hash>), ProveError> {
    let shard_ledger = ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
    let state = shard_ledger.ees().get(ee as usize).ok_or(ProveError::Absent(claim))?;
    let fields = [state.state_root, hash_tree_root(&state.balance)];
    let mut siblings = branch(&fields, 1, field);
    siblings.extend(list_branch(shard_ledger.ees(), 16, ee as usize));
    siblings.extend(shard_branch(ledger, claim, shard, 2)?);
    Ok((fields.get(field).copied().unwrap_or_default(), siblings))
}

fn execution_root(
    ledger: &Ledger,
    claim: Claim,
    shard: Shard,
    slot: Slot,
) -> Result<(Root, Vec<Hash>), ProveError> {
    let latest = ledger.slot();
    let shard_ledger = ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
    let leaf = ledger.recent_execution_root(shard, slot);
    let leaf = leaf.ok_or(ProveError::NoExecution { shard, slot, latest })?;
    let recent: Vec<_> = shard_ledger.recent().iter().copied().collect();
    let mut siblings = branch(&recent, 8, index(slot % RECENT_SLOTS));
    siblings.extend(shard_branch(ledger, claim, shard, 3)?);
    Ok((leaf, siblings))
}

/// Returns the siblings from a field of a shard's ledger to the ledger's root.
fn shard_branch(ledger: &Ledger, claim: Claim, shard: Shard, field: usize) -> Result<Vec<Hash>, ProveError> {
    let shard_ledger = ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
    let fields = [
        shard_ledger.latest_block_root(),
        shard_ledger.execution_root(),
        hash_tree_root(shard_ledger.ees()),
        hash_tree_root(shard_ledger.recent()),
        hash_tree_root(shard_ledger.inbound()),
        hash_tree_root(shard_ledger.outbound()),
        hash_tree_root(shard_ledger.pending()),
    ];
    let mut siblings = branch(&fields, 3, field);
    siblings.extend(list_branch(ledger.shards(), 10, index(shard)));
    siblings.extend(branch(&ledger_roots(ledger), 3, 2));
    Ok(siblings)
}

fn ledger_roots(ledger: &Ledger) -> [Root; 8] {
    [
        hash_tree_root(&ledger.slot()),
        hash_tree_root(ledger.ees()),
        hash_tree_root(ledger.shards()),
        hash_tree_root(ledger.pending_deposits()),
        hash_tree_root(ledger.pre_checks()),
        hash_tree_root(&ledger.burnt()),
        hash_tree_root(&ledger.total()),
        hash_tree_root(ledger.beacon_lanes()),
    ]
}
