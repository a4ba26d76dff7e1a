//! A beacon chain before which shard blocks are accused: its proposer takes any attestation.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its own part, and stops at an error")]

use outrider_beacon::{
    ledger::{
        Accused, ExecutableBlock, Execution as _, ExecutionSlashing, ExtendedState, LedgerError,
        LedgerOperations, Settings, ShardBody, ShardPlace, SignedExecutionSlashing, apply_execution_header,
        complete_block, error::OperationError,
    },
    proof::Prover,
    registry::{Admission, CodeProperties, Refusal, Rules},
};
use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_beacon_proposer_index},
    containers::{
        AttestationData, BeaconBlock, BeaconBlockBody, Checkpoint, ShardBlock, ShardState, ShardTransition,
        ShardVote, misc::AggregationBits,
    },
    hash::hash_tree_root,
    phase::Phase1,
    phase1::Attestation,
    preset::Preset,
    transition::process_slots,
    types::{BLSSignature, Root, Shard, Slot, ValidatorIndex},
};

use crate::chain::TestExecutor;

/// The slot of the beacon block on which shard blocks build, and of the shard blocks. Epoch 2 is final in it.
pub(crate) const SLOT: Slot = 33;
pub(crate) const FINALIZED_SLOT: Slot = 16;

struct NoCode;

impl Admission for NoCode {
    fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
        Err(Refusal("no code is deployed here".to_owned()))
    }
}

/// A beacon block, the state after it, and a judge.
pub(crate) struct Court<C: Preset> {
    pub(crate) settings: Settings,
    pub(crate) block: BeaconBlock<Phase1<C>>,
    pub(crate) after: ExtendedState<Phase1<C>>,
    operations: LedgerOperations<Phase1<C>>,
}

/// The verdict of an honest node on a shard block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    /// It cannot be crosslinked; with a challenge window it is dropped without a claim.
    LedgerRefuses,
    ExecutorRefuses,
}

impl<C: Preset> Court<C> {
    /// Proposes the block after a state of an earlier slot.
    pub(crate) fn new(
        mut before: ExtendedState<Phase1<C>>,
        settings: Settings,
        judge: &TestExecutor,
    ) -> Self {
        process_slots(&mut before.state, SLOT - 1).unwrap();
        before.state.finalized_checkpoint = Checkpoint { epoch: 2, ..Checkpoint::default() };
        let operations = LedgerOperations::default();
        let (block, after) = propose(&before, SLOT, &operations, &settings, judge).unwrap();
        Self { settings, block, after, operations }
    }

    pub(crate) fn prover(&self) -> Prover<'_, Phase1<C>> {
        let prover = Prover::new(&self.block, &self.after.ledger, &self.operations).unwrap();
        prover.with_state(&self.after.state).unwrap()
    }

    /// Returns the attestation of a shard block by its whole committee, and the committee.
    fn attest(&self, shard: Shard, body: &[u8]) -> (Attestation<C>, ShardTransition, Vec<ValidatorIndex>) {
        let block = ShardBlock { body: body.to_vec().try_into().unwrap(), ..ShardBlock::default() };
        let transition = ShardTransition {
            start_slot: SLOT,
            shard_block_lengths: vec![body.len() as u64].try_into().unwrap(),
            shard_data_roots: vec![hash_tree_root(&block.body)].try_into().unwrap(),
            shard_states: vec![ShardState { slot: SLOT, ..ShardState::default() }].try_into().unwrap(),
            ..ShardTransition::default()
        };
        let vote =
            ShardVote { shard, shard_transition_root: hash_tree_root(&transition), ..ShardVote::default() };
        let data = AttestationData {
            slot: SLOT,
            index: 0,
            beacon_block_root: hash_tree_root(&self.block),
            target: Checkpoint { epoch: SLOT / 8, ..Checkpoint::default() },
            extension: vote,
            ..AttestationData::default()
        };
        let committee = get_beacon_committee(&self.after.state, SLOT, 0).unwrap().to_vec();
        let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
        (0..committee.len()).for_each(|bit| aggregation_bits.set(bit, true).unwrap());
        (Attestation { aggregation_bits, data, signature: BLSSignature::ZERO }, transition, committee)
    }

    /// Makes a claim; returns whether it convicts the attesters, or else its author.
    pub(crate) fn convicts(
        &self,
        judge: &TestExecutor,
        shard: Shard,
        body: &[u8],
        accused: Option<Accused>,
    ) -> Result<bool, OperationError> {
        let (attestation, shard_transition, committee) = self.attest(shard, body);
        let whistleblower_index = (0..).find(|validator| !committee.contains(validator)).unwrap();
        let message = ExecutionSlashing {
            attestation,
            shard_transition,
            data_index: 0,
            body: body.to_vec().try_into().unwrap(),
            accused: accused.into_iter().collect::<Vec<_>>().try_into().unwrap(),
            whistleblower_index,
        };
        let signed = SignedExecutionSlashing { message, signature: BLSSignature::ZERO };
        let execution_slashings = vec![signed].try_into().unwrap();
        let operations = LedgerOperations { execution_slashings, ..LedgerOperations::default() };
        let (_, after) = match propose(&self.after, SLOT + 1, &operations, &self.settings, judge) {
            Ok(proposed) => proposed,
            Err(LedgerError::Operation { error, .. }) => return Err(error),
            Err(error) => panic!("{error}"),
        };
        let validators = (0..).zip(&*after.state.validators);
        let slashed: Vec<_> =
            validators.filter(|(_, validator)| validator.slashed).map(|(index, _)| index).collect();
        let mut guilty = committee;
        guilty.sort_unstable();
        if slashed == guilty {
            return Ok(true);
        }
        assert_eq!(slashed, [whistleblower_index], "either all attesters, or the author");
        Ok(false)
    }

    /// Returns the verdict of an honest node on a block at a place.
    pub(crate) fn verdict(&self, executor: &TestExecutor, place: &ShardPlace, body: &[u8]) -> Verdict {
        let Ok(body) = ShardBody::from_body(body) else { return Verdict::ExecutorRefuses };
        let at = (place.shard, place.slot);
        let mut view = place.view.clone();
        if apply_execution_header(&mut view, at, &body.header, place.epoch, &self.settings).is_err() {
            return Verdict::LedgerRefuses;
        }
        let blocks = [ExecutableBlock { root: Root::ZERO, place, body: &body }];
        let [result] = executor.execute(&blocks).try_into().unwrap();
        match result {
            Ok(()) => Verdict::Right,
            Err(error) => {
                assert!(error.is_verdict(), "{error}");
                Verdict::ExecutorRefuses
            }
        }
    }

    /// Checks that claims convict a body if an honest node refuses it, and otherwise none does.
    pub(crate) fn check(
        &self,
        executor: &TestExecutor,
        place: &ShardPlace,
        body: &[u8],
        claims: Vec<Option<Accused>>,
    ) -> Verdict {
        let verdict = self.verdict(executor, place, body);
        let convicts = |accused: Option<Accused>| self.convicts(executor, place.shard, body, accused);
        let outcomes: Vec<_> =
            claims.into_iter().map(|accused| (accused.clone(), convicts(accused))).collect();
        let is_convicted = outcomes.iter().any(|(_, outcome)| *outcome == Ok(true));
        match verdict {
            Verdict::Right => {
                assert!(outcomes.iter().all(|(_, outcome)| *outcome == Ok(false)), "{outcomes:?}");
            }
            Verdict::ExecutorRefuses => assert!(is_convicted, "{outcomes:?}"),
            Verdict::LedgerRefuses => {}
        }
        let undecided = |error: &OperationError| matches!(error, OperationError::Undecided { .. });
        assert!(!outcomes.iter().any(|(_, outcome)| outcome.as_ref().is_err_and(undecided)), "{outcomes:?}");
        verdict
    }
}

/// A block with the state and the ledger after it.
type Proposed<C> = (BeaconBlock<Phase1<C>>, ExtendedState<Phase1<C>>);

/// Proposes a block without attestations. Signatures do not count here.
fn propose<C: Preset>(
    pre: &ExtendedState<Phase1<C>>,
    slot: Slot,
    operations: &LedgerOperations<Phase1<C>>,
    settings: &Settings,
    judge: &TestExecutor,
) -> Result<Proposed<C>, LedgerError> {
    let mut advanced = pre.state.clone();
    process_slots(&mut advanced, slot).unwrap();
    let block = BeaconBlock {
        slot,
        proposer_index: get_beacon_proposer_index(&advanced).unwrap(),
        parent_root: hash_tree_root(&advanced.latest_block_header),
        state_root: Root::ZERO,
        body: BeaconBlockBody { eth1_data: advanced.eth1_data.clone(), ..BeaconBlockBody::default() },
    };
    let rules = Rules { settings, admission: &NoCode, judge, verify_signatures: false };
    let (block, transition) = complete_block(pre.clone(), block, operations, rules)?;
    Ok((block, transition.extended))
}
