//! The plan of a block's executions: checks that need no execution.

use std::{collections::BTreeSet, sync::Arc};

use outrider_beacon::{
    ledger::{
        EeIndex, EePayload, EeState, ExecutableBlock, InboundBatch, RootRead, ShardBody, ShardLedger,
        ShardPlace,
    },
    receipts::Arrivals,
};
use outrider_beacon_spec::types::{Bytes32, Gwei};
use outrider_host::{BeaconRoot, Context, ShardIndex, StateRoot};

use super::{Codes, Executor, ExecutorError, job::Plan, receipts::received};

/// The receipts that a block settles, and the executions that it needs.
pub(super) struct BlockPlan<'p> {
    pub(super) arrivals: Arrivals,
    pub(super) plans: Vec<Plan<'p>>,
    /// The roots that payloads read and that are not those after the beacon parent.
    pub(super) assumptions: BTreeSet<RootRead>,
}

impl<C: Codes> Executor<C> {
    /// Makes checks 6 to 8 of a block, except for the code; returns its executions.
    pub(super) fn plan_block<'b>(&self, block: &ExecutableBlock<'b>) -> Result<BlockPlan<'b>, ExecutorError> {
        block.body.check_shape()?;
        let ShardBody { header, inbound, payloads } = block.body;
        let fuel_used = |ee| {
            let stated = header.transitions.iter().find(|stated| stated.ee == ee);
            stated.map_or(0, |stated| stated.fuel_used)
        };
        let fuel_max = |ee| fuel_used(ee).min(self.settings.fuel_per_ee_max);
        let is_assumed = |read: &RootRead| header.assumptions.contains(read);
        self.plan(block.place, inbound, payloads, fuel_max, is_assumed)
    }

    /// Makes checks 7 and 8 of contents, except for the code, given the fuel for each payload and the roots that the header may
    /// assume; returns their executions.
    pub(super) fn plan<'p>(
        &self,
        place: &ShardPlace,
        inbound: &[InboundBatch],
        payloads: &'p [EePayload],
        fuel_max: impl Fn(EeIndex) -> u64,
        is_assumed: impl Fn(&RootRead) -> bool,
    ) -> Result<BlockPlan<'p>, ExecutorError> {
        let has_payload = |ee| payloads.iter().any(|payload| payload.ee == ee);
        let arrivals = Arrivals::new(place, inbound, has_payload)?;
        let (mut plans, mut assumptions) = (Vec::with_capacity(payloads.len()), BTreeSet::new());
        for payload in payloads {
            plans.push(self.plan_payload(place, payload, &arrivals, &fuel_max)?);
            for read in &payload.reads {
                if let Err(error) = check_latest(place, payload.ee, read) {
                    if !is_assumed(read) {
                        return Err(error);
                    }
                    assumptions.insert(*read);
                }
            }
        }
        Ok(BlockPlan { arrivals, plans, assumptions })
    }

    /// Returns the execution of a payload.
    fn plan_payload<'p>(
        &self,
        place: &ShardPlace,
        payload: &'p EePayload,
        arrivals: &Arrivals,
        fuel_max: impl Fn(EeIndex) -> u64,
    ) -> Result<Plan<'p>, ExecutorError> {
        let ee = payload.ee;
        let inactive = || ExecutorError::NotActive { ee, shard: place.shard, epoch: place.epoch };
        let record = place.view.ees().get(ee as usize);
        let record = record.filter(|record| record.is_on(place.shard) && record.is_active(place.epoch));
        let record = record.ok_or_else(inactive)?;
        let pre: EeState = *shard_ledger(place)?.ees().get(ee as usize).ok_or_else(inactive)?;
        Ok(Plan {
            payload,
            code_hash: record.code_hash_at(place.epoch),
            pre_state_root: pre.state_root,
            context: context(place, ee, pre.balance),
            receipts: arrivals.shown(ee).map(received).collect(),
            fuel_max: fuel_max(ee),
        })
    }
}

/// Returns the context of an EE's execution at a place, where it has this ether.
#[must_use]
pub fn context(place: &ShardPlace, ee: EeIndex, balance: Gwei) -> Context {
    Context {
        shard: ShardIndex(place.shard),
        slot: outrider_host::Slot(place.slot),
        ee_index: outrider_host::EeIndex(ee.into()),
        beacon_root: BeaconRoot(place.beacon_parent_root.0),
        balance,
        finalized_slot: outrider_host::Slot(place.finalized_slot),
    }
}

/// Returns the reads of a payload in the form of the host.
pub(crate) fn reads(payload: &EePayload) -> Arc<[outrider_host::RootRead]> {
    payload.reads.iter().map(host_read).collect()
}

/// Returns a read in the form of the host.
pub(crate) fn host_read(read: &RootRead) -> outrider_host::RootRead {
    outrider_host::RootRead {
        shard: ShardIndex(read.shard),
        ee: outrider_host::EeIndex(read.ee.into()),
        state_root: StateRoot(read.state_root.0),
    }
}

/// Returns the shard of a place, as the block finds it.
pub(crate) fn shard_ledger(place: &ShardPlace) -> Result<&ShardLedger, ExecutorError> {
    let shard = usize::try_from(place.shard).ok().and_then(|shard| place.view.shards().get(shard));
    shard.ok_or(ExecutorError::UnknownShard { shard: place.shard })
}

/// Checks that a read is of the root after the beacon parent.
fn check_latest(place: &ShardPlace, ee: u32, read: &RootRead) -> Result<(), ExecutorError> {
    let RootRead { shard, ee: of, state_root: got } = *read;
    let ledger = usize::try_from(shard).ok().and_then(|shard| place.beacon_parent.shards().get(shard));
    let state = ledger.and_then(|ledger| ledger.ees().get(of as usize));
    let expected: Option<Bytes32> = state.map(|state| state.state_root);
    if Some(got) == expected { Ok(()) } else { Err(ExecutorError::Read { ee, shard, of, got, expected }) }
}
