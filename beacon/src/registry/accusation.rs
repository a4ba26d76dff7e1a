//! Decisions about accused parts of shard blocks.

use super::{Context, Dispute, Undecided};
use crate::ledger::{
    Accused, AccusedBatch, AccusedRead, EeIndex, ExecutionSlashing, LedgerPhase, ParentProof, ReadProof,
    RootRead, ShardBody, dispute_epochs, error::OperationError, execution::RECENT_SLOTS,
};
use crate::{
    proof::phase1_layout,
    receipts::{Stated, check_lanes},
};
use outrider_beacon_proof::{Claim, Layout};
use outrider_beacon_spec::{
    compute::{compute_epoch_at_slot, compute_start_slot_at_epoch},
    math::index,
    types::{Bytes32, Root, Shard, Slot},
};

impl<P: LedgerPhase> Context<'_, P> {
    /// Returns whether a shard block of a slot is right, as far as it is accused. In this order,
    ///
    ///
    /// 1. finds a body wrong that is malformed, does not begin with the root of its header, or has a wrong form;
    /// 2. without an accused part, finds it right;
    /// 3. asks the judge about an accused transition, if all nodes have the code that the EE had at that time;
    /// 4. compares an accused read, batch, or the finalized slot with what is proven of the beacon parent, and accused lanes with
    ///    the receipts that EEs sent.
    pub(super) fn is_right(
        &self,
        slashing: &ExecutionSlashing<P>,
        slot: Slot,
    ) -> Result<bool, OperationError> {
        let Ok(body) = ShardBody::from_body(&slashing.body) else { return Ok(false) };
        let Ok(stated) = body.check_form().or(Err(())).and_then(|()| Stated::new(&body, slot).or(Err(())))
        else {
            return Ok(false);
        };
        let shard = P::shard_vote(&slashing.attestation.data).ok_or(OperationError::NoShardVote {})?.shard;
        // The parent of a shard block is the beacon block of its own slot, or the latest before.
        let beacon_parent_root = self.block_root(slot)?;
        match slashing.accused.first() {
            None => Ok(true),
            Some(Accused::Transition(ee)) => {
                let transitions = &body.header.transitions;
                let transition_index = transitions.iter().position(|transition| transition.ee == *ee);
                let dispute = Dispute {
                    code_hash: self.disputed_code(*ee, slot)?,
                    shard,
                    slot,
                    beacon_parent_root,
                    header: &body.header,
                    transition_index: transition_index.ok_or(OperationError::NoTransition { ee: *ee })?,
                    body: &body,
                };
                let judgement = self.rules.judge.is_right(&dispute);
                judgement.map_err(|Undecided(reason)| OperationError::Undecided { ee: *ee, reason })
            }
            Some(Accused::Read(accused)) => self.is_read_right(&body, accused, beacon_parent_root),
            Some(Accused::FinalizedSlot(proof)) => {
                let epoch = proven_number(proof, Claim::FinalizedEpoch, beacon_parent_root, layout::<P>())?;
                Ok(body.header.finalized_slot == compute_start_slot_at_epoch::<P>(epoch)?)
            }
            Some(Accused::Inbound(accused)) => {
                is_batch_right(&body, accused, (shard, slot), beacon_parent_root, layout::<P>())
            }
            Some(Accused::Lanes(sent)) => {
                let lanes = stated.lanes(&body.header, (shard, slot), sent)?;
                Ok(lanes.is_some_and(|lanes| check_lanes(&body.header.lanes, &lanes).is_ok()))
            }
        }
    }

    /// Returns the hash of the code that an EE had in a slot, if all nodes have that code.
    fn disputed_code(&self, ee: EeIndex, slot: Slot) -> Result<Bytes32, OperationError> {
        let (epoch, now) = (compute_epoch_at_slot::<P>(slot), self.now());
        let known = self.record(ee)?.known_code_at(epoch, now, dispute_epochs::<P::Preset>());
        known.ok_or(OperationError::CodeForgotten { ee, got: epoch, now })
    }

    fn is_read_right(
        &self,
        body: &ShardBody,
        accused: &AccusedRead,
        beacon_parent_root: Root,
    ) -> Result<bool, OperationError> {
        if self.ledger.is_thin() {
            return Err(OperationError::ReadUnknown {});
        }
        let AccusedRead { payload_index, read_index, ref proof } = *accused;
        let payload = body.payloads.get(index(payload_index));
        let read = payload.and_then(|payload| payload.reads.get(index(read_index)));
        let read = read.ok_or(OperationError::NoRead { payload_index, read_index })?;
        if body.header.assumptions.contains(read) {
            return Ok(true);
        }
        let RootRead { shard, ee, state_root } = *read;
        let (root, layout) = (beacon_parent_root, layout::<P>());
        match proof {
            ReadProof::StateRoot(proof) => {
                Ok(state_root == proven(proof, Claim::StateRoot { shard, ee }, root, layout)?)
            }
            ReadProof::EeCount(proof) => {
                Ok(u64::from(ee) < proven_number(proof, Claim::EeCount { shard }, root, layout)?)
            }
            ReadProof::ShardCount(proof) => {
                Ok(shard < proven_number(proof, Claim::ShardCount, root, layout)?)
            }
        }
    }
}

/// Returns whether a batch of a shard block is proven, and what it settles as lost is lost.
fn is_batch_right(
    body: &ShardBody,
    accused: &AccusedBatch,
    (shard, slot): (Shard, Slot),
    beacon_parent_root: Root,
    layout: Layout,
) -> Result<bool, OperationError> {
    let AccusedBatch { batch_index, slot: ref slot_proof, ref execution_root } = *accused;
    let batch = body.inbound.get(index(batch_index)).ok_or(OperationError::NoBatch { batch_index })?;
    let Ok(known) = batch.old_execution_root(slot, beacon_parent_root, layout) else { return Ok(false) };
    if let Some(execution_root) = known {
        return Ok(batch.check(shard, execution_root).is_ok());
    }
    let latest = proven_number(slot_proof, Claim::Slot, beacon_parent_root, layout)?;
    let claim = Claim::ExecutionRoot { shard: batch.source_shard, slot: batch.slot };
    let execution_root = proven(execution_root, claim, beacon_parent_root, layout)?;
    let is_recent = latest.checked_sub(batch.slot).is_some_and(|age| age < RECENT_SLOTS);
    Ok(is_recent && batch.check(shard, execution_root).is_ok())
}

/// Returns the layout of the chain's blocks of phase 1; only these have attestations of shard blocks.
fn layout<P: LedgerPhase>() -> Layout {
    phase1_layout::<P::Preset>()
}

fn proven(
    proof: &ParentProof,
    claim: Claim,
    block_root: Root,
    layout: Layout,
) -> Result<Bytes32, OperationError> {
    proof.verify(claim, block_root, layout).map_err(|error| OperationError::ParentProof { error })
}

fn proven_number(
    proof: &ParentProof,
    claim: Claim,
    block_root: Root,
    layout: Layout,
) -> Result<u64, OperationError> {
    Ok(Claim::uint64(&proven(proof, claim, block_root, layout)?.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{GenesisEe, Ledger, Outbox, PreviousCode, Settings, change},
        registry::{Admission, CodeProperties, NoJudge, Refusal, Rules},
    };
    use outrider_beacon_spec::{
        containers::{BeaconState, Validator},
        error::Error,
        phase::Phase1,
        preset::Minimal,
    };

    struct Nobody;

    impl Admission for Nobody {
        fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
            Err(Refusal("nobody is asked".to_owned()))
        }
    }

    /// With the preset minimal, an execution can be disputed for eight epochs.
    #[test]
    fn a_dispute_about_forgotten_code_is_refused_by_name() {
        let mut state = BeaconState::<Phase1<Minimal>>::default();
        state.validators.push(Validator::default()).unwrap();
        let ee = GenesisEe { code_hash: Root::repeat_byte(2), shards: vec![(0, 0)], ..GenesisEe::default() };
        let mut ledger = Ledger::genesis(&state, &[ee]).unwrap();
        change(&mut ledger.ees, 0, |record| {
            record.previous_code = PreviousCode { code_hash: Root::repeat_byte(1), epoch: 95 };
            Ok::<_, Error>(())
        })
        .unwrap();
        let (settings, mut outbox) = (Settings::default(), Outbox::default());
        let rules =
            Rules { settings: &settings, admission: &Nobody, judge: &NoJudge, verify_signatures: true };
        for (now, expected) in [
            (102, Ok(Root::repeat_byte(1))),
            (103, Err(OperationError::CodeForgotten { ee: 0, got: 94, now: 103 })),
        ] {
            state.slot = now * 8;
            let context = Context { state: &mut state, ledger: &mut ledger, outbox: &mut outbox, rules };
            assert_eq!(context.disputed_code(0, 94 * 8 + 7), expected);
            assert_eq!(context.disputed_code(0, 95 * 8), Ok(Root::repeat_byte(2)));
        }
        assert_eq!(
            OperationError::CodeForgotten { ee: 0, got: 94, now: 103 }.to_string(),
            "the code of EE 0 in epoch 94 is not known any more in epoch 103, so its execution cannot be disputed"
        );
    }
}
