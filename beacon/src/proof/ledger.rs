//! The leaves of claims about the ledger, and their siblings up to the ledger's root.

use super::{
    ProveError,
    branch::{branch, elements_root, list_branch},
};
use crate::ledger::{BEACON_CHAIN, Ledger, ShardLedger, execution::RECENT_SLOTS, lane_index};
use outrider_beacon_proof::{Claim, Hash, RECEIPTS_PER_CLAIM, SHARDS_PER_CLAIM};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    math::index,
    types::{Root, Shard, Slot},
};
use ssz::Encode as _;

/// Returns the leaf of a claim about the ledger.
pub(super) fn leaf(ledger: &Ledger, claim: Claim) -> Result<(Root, Vec<Hash>), ProveError> {
    match claim {
        Claim::CodeHash { ee } => record(ledger, claim, ee, 0),
        Claim::Deposit { ee } => record(ledger, claim, ee, 5),
        Claim::DeployedEpoch { ee } => record(ledger, claim, ee, 10),
        Claim::ExitEpoch { ee } => record(ledger, claim, ee, 11),
        Claim::WithdrawableEpoch { ee } => record(ledger, claim, ee, 12),
        Claim::HibernationEpoch { ee } => record(ledger, claim, ee, 13),
        Claim::WakeEpoch { ee } => record(ledger, claim, ee, 14),
        Claim::Shards { ee, from } => shards(ledger, claim, ee, from),
        Claim::StateRoot { shard, ee } => ee_state(ledger, claim, shard, ee, 0),
        Claim::Balance { shard, ee } => ee_state(ledger, claim, shard, ee, 1),
        Claim::Slot => Ok((hash_tree_root(&ledger.slot()), branch(&ledger_roots(ledger), 3, 0))),
        Claim::ExecutionRoot { shard, slot } => execution_root(ledger, claim, shard, slot),
        Claim::ShardCount => shard_count(ledger),
        Claim::EeCount { shard } => ee_count(ledger, claim, shard),
        Claim::SettledBefore { source, destination } => {
            let ([next, settled], siblings) = inbound_lane(ledger, claim, source, destination)?;
            Ok((next, [vec![settled.0], siblings].concat()))
        }
        Claim::Settled { source, destination, from } => settled(ledger, claim, (source, destination), from),
        Claim::BlockSlot
        | Claim::BlockRoot { .. }
        | Claim::FinalizedEpoch
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
        hash_tree_root(&record.previous_code),
    ];
    let mut siblings = branch(&fields, 4, field);
    siblings.extend(list_branch(ledger.ees(), 16, ee as usize));
    siblings.extend(branch(&ledger_roots(ledger), 3, 1));
    Ok((fields.get(field).copied().unwrap_or_default(), siblings))
}

/// Returns a part of the set of an EE's shards, as a leaf, and its siblings.
fn shards(ledger: &Ledger, claim: Claim, ee: u32, from: Shard) -> Result<(Root, Vec<Hash>), ProveError> {
    let (_, siblings_of_set) = record(ledger, claim, ee, 6)?;
    let record = ledger.ees().get(ee as usize).ok_or(ProveError::Absent(claim))?;
    let bytes = record.shards.as_ssz_bytes();
    let parts: Vec<_> = bytes.as_chunks::<32>().0.iter().map(Root::from).collect();
    let place = index(from / SHARDS_PER_CLAIM);
    let part = parts.get(place).filter(|_| from.is_multiple_of(SHARDS_PER_CLAIM));
    let leaf = part.copied().ok_or(ProveError::Absent(claim))?;
    let mut siblings = branch(&parts, 2, place);
    siblings.extend(siblings_of_set);
    Ok((leaf, siblings))
}

fn ee_state(
    ledger: &Ledger,
    claim: Claim,
    shard: Shard,
    ee: u32,
    field: usize,
) -> Result<(Root, Vec<Hash>), ProveError> {
    let shard_ledger = ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
    if ledger.is_thin() {
        return Err(ProveError::ThinLedger(claim));
    }
    let state = shard_ledger.ees().get(ee as usize).ok_or(ProveError::Absent(claim))?;
    let fields = [state.state_root, hash_tree_root(&state.balance)];
    let mut siblings = branch(&fields, 1, field);
    siblings.extend(list_branch(shard_ledger.ees(), 16, ee as usize));
    siblings.extend(shard_branch(ledger, claim, shard, 2)?);
    Ok((fields.get(field).copied().unwrap_or_default(), siblings))
}

/// Returns the number of shards, which is to the right of the list.
fn shard_count(ledger: &Ledger) -> Result<(Root, Vec<Hash>), ProveError> {
    let mut siblings = vec![elements_root(ledger.shards(), 10)];
    siblings.extend(branch(&ledger_roots(ledger), 3, 2));
    Ok((hash_tree_root(&(ledger.shards().len() as u64)), siblings))
}

/// Returns the number of EEs on a shard, which is to the right of the list.
fn ee_count(ledger: &Ledger, claim: Claim, shard: Shard) -> Result<(Root, Vec<Hash>), ProveError> {
    let shard_ledger = ledger.shards().get(index(shard)).ok_or(ProveError::Absent(claim))?;
    let mut siblings = vec![elements_root(shard_ledger.ees(), 16)];
    siblings.extend(shard_branch(ledger, claim, shard, 2)?);
    Ok((hash_tree_root(&(shard_ledger.ees().len() as u64)), siblings))
}

/// Returns the roots of the fields of a lane to a shard, and the siblings of the lane.
fn inbound_lane(
    ledger: &Ledger,
    claim: Claim,
    source: Shard,
    destination: Shard,
) -> Result<([Root; 2], Vec<Hash>), ProveError> {
    let shard_ledger = ledger.shards().get(index(destination)).ok_or(ProveError::Absent(claim))?;
    if ledger.is_thin() {
        return Err(ProveError::ThinLedger(claim));
    }
    let place = index(lane_index(source));
    let lane = shard_ledger.inbound().get(place).ok_or(ProveError::Absent(claim))?;
    let mut siblings = list_branch(shard_ledger.inbound(), 11, place);
    siblings.extend(shard_branch(ledger, claim, destination, 4)?);
    Ok(([hash_tree_root(&lane.next), hash_tree_root(&lane.settled)], siblings))
}

/// Returns a part of the bits of a lane to a shard, as a leaf, and its siblings.
fn settled(
    ledger: &Ledger,
    claim: Claim,
    (source, destination): (Shard, Shard),
    from: u64,
) -> Result<(Root, Vec<Hash>), ProveError> {
    let ([next, _], siblings_of_lane) = inbound_lane(ledger, claim, source, destination)?;
    let lane = ledger
        .shards()
        .get(index(destination))
        .and_then(|shard| shard.inbound().get(index(lane_index(source))));
    let bytes = lane.ok_or(ProveError::Absent(claim))?.settled.as_ssz_bytes();
    let parts: Vec<_> = bytes.as_chunks::<32>().0.iter().map(Root::from).collect();
    let place = index(from / RECEIPTS_PER_CLAIM);
    let part = parts.get(place).filter(|_| from.is_multiple_of(RECEIPTS_PER_CLAIM));
    let leaf = part.copied().ok_or(ProveError::Absent(claim))?;
    let mut siblings = branch(&parts, 2, place);
    siblings.push(next.0);
    siblings.extend(siblings_of_lane);
    Ok((leaf, siblings))
}

fn execution_root(
    ledger: &Ledger,
    claim: Claim,
    shard: Shard,
    slot: Slot,
) -> Result<(Root, Vec<Hash>), ProveError> {
    let latest = ledger.slot();
    let (_, siblings) = recent_root(ledger, claim, shard, slot)?;
    let leaf = ledger.recent_execution_root(shard, slot);
    Ok((leaf.ok_or(ProveError::NoExecution { shard, slot, latest })?, siblings))
}

/// Returns what is at the place of a shard's execution root for a slot, whatever slot it is of.
pub(super) fn recent_root(
    ledger: &Ledger,
    claim: Claim,
    shard: Shard,
    slot: Slot,
) -> Result<(Root, Vec<Hash>), ProveError> {
    let recent = match shard {
        BEACON_CHAIN => Some(ledger.beacon_lanes().recent()),
        _ => ledger.shards().get(index(shard)).map(ShardLedger::recent),
    };
    let recent: Vec<_> = recent.ok_or(ProveError::Absent(claim))?.iter().copied().collect();
    let place = index(slot % RECENT_SLOTS);
    let leaf = recent.get(place).copied().unwrap_or_default();
    let mut siblings = branch(&recent, 8, place);
    if shard == BEACON_CHAIN {
        siblings.push(hash_tree_root(ledger.beacon_lanes().outbound()).0);
        siblings.extend(branch(&ledger_roots(ledger), 3, 7));
    } else {
        siblings.extend(shard_branch(ledger, claim, shard, 3)?);
    }
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
        hash_tree_root(shard_ledger.bounces()),
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
