//! What an honest executor refuses, a claim before the beacon chain convicts, and nothing else.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/damage.rs"]
mod damage;
#[path = "support/obedient.rs"]
mod obedient;

use std::sync::LazyLock;

use chain::{Chain, TestExecutor};
use damage::{DAMAGES, rehash, root};
use obedient::{GO_ON, depositing, obedient_chain, payload};
use outrider_beacon::{
    ledger::{
        Accused, AccusedRead, EePayload, ExecutableBlock, Execution as _, ExecutionSlashing, ExtendedState,
        Lane, LedgerError, LedgerOperations, ParentProof, ReadProof, RootRead, SentReceipts, Settings,
        ShardBody, ShardPlace, SignedExecutionSlashing, apply_execution_header, complete_block,
        error::OperationError,
    },
    proof::{Claim, ProofError, Prover},
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
    preset::Minimal,
    transition::process_slots,
    types::{BLSSignature, Bytes32, Root, Shard, Slot, ValidatorIndex},
};
use proptest::prelude::*;

type P = Phase1<Minimal>;
type Operations = LedgerOperations<P>;

/// The slot of the beacon block on which shard blocks build, and of the shard blocks. Epoch 2 is final in it.
const SLOT: Slot = 33;
const FINALIZED_SLOT: Slot = 16;

/// The settings of the chain, on which deposits may be small.
fn settings() -> Settings {
    Settings { deposit_amount_min: 0, ..chain::settings() }
}

struct NoCode;

impl Admission for NoCode {
    fn admit(&self, _: &[u8]) -> Result<CodeProperties, Refusal> {
        Err(Refusal("no code is deployed here".to_owned()))
    }
}

/// A beacon chain up to a block, and what is needed to judge shard blocks on it.
struct World {
    chain: Chain,
    executor: TestExecutor,
    block: BeaconBlock<P>,
    after: ExtendedState<P>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let chain = obedient_chain();
    let executor = chain.executor();
    let mut genesis = chain.extended();
    process_slots(&mut genesis.state, SLOT - 1).unwrap();
    genesis.state.finalized_checkpoint = Checkpoint { epoch: 2, ..Checkpoint::default() };
    let (block, after) = propose(&genesis, SLOT, &Operations::default(), &executor).unwrap();
    World { chain, executor, block, after }
});

/// Proposes a block without attestations. Signatures do not count here.
fn propose(
    pre: &ExtendedState<P>,
    slot: Slot,
    operations: &Operations,
    judge: &TestExecutor,
) -> Result<(BeaconBlock<P>, ExtendedState<P>), LedgerError> {
    let mut advanced = pre.state.clone();
    process_slots(&mut advanced, slot).unwrap();
    let block = BeaconBlock {
        slot,
        proposer_index: get_beacon_proposer_index(&advanced).unwrap(),
        parent_root: hash_tree_root(&advanced.latest_block_header),
        state_root: Root::ZERO,
        body: BeaconBlockBody { eth1_data: advanced.eth1_data.clone(), ..BeaconBlockBody::default() },
    };
    let settings = settings();
    let rules = Rules { settings: &settings, admission: &NoCode, judge, verify_signatures: false };
    let (block, transition) = complete_block(pre.clone(), block, operations, rules)?;
    Ok((block, transition.extended))
}

impl World {
    fn place(&self, shard: Shard) -> ShardPlace {
        ShardPlace {
            slot: SLOT,
            epoch: SLOT / 8,
            beacon_parent_root: hash_tree_root(&self.block),
            beacon_parent: self.after.ledger.clone(),
            finalized_slot: FINALIZED_SLOT,
            view: self.after.ledger.clone(),
            ..self.chain.place(shard)
        }
    }

    fn prover<'p>(&'p self, operations: &'p Operations) -> Prover<'p, P> {
        Prover::new(&self.block, &self.after.ledger, operations)
            .unwrap()
            .with_state(&self.after.state)
            .unwrap()
    }

    /// Returns the attestation of a shard block by its whole committee, and the committee.
    fn attest(
        &self,
        shard: Shard,
        body: &[u8],
    ) -> (Attestation<Minimal>, ShardTransition, Vec<ValidatorIndex>) {
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
    fn convicts(&self, shard: Shard, body: &[u8], accused: Option<Accused>) -> Result<bool, OperationError> {
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
        let operations =
            Operations { execution_slashings: vec![signed].try_into().unwrap(), ..Operations::default() };
        let (_, after) = match propose(&self.after, SLOT + 1, &operations, &self.executor) {
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

    /// Returns every claim about a body with the right proofs.
    fn claims(&self, body: &[u8]) -> Vec<Option<Accused>> {
        let Ok(body) = ShardBody::from_body(body) else { return vec![None] };
        let operations = Operations::default();
        let prover = self.prover(&operations);
        let finalized: ParentProof = prover.prove(Claim::FinalizedEpoch).unwrap().into();
        let mut claims = vec![None, Some(Accused::FinalizedSlot(finalized))];
        claims.extend(
            body.header.transitions.iter().map(|transition| Some(Accused::Transition(transition.ee))),
        );
        claims.push(Some(Accused::Lanes(SentReceipts::default())));
        for (payload_index, payload) in (0..).zip(&body.payloads) {
            for (read_index, read) in (0..).zip(&payload.reads) {
                let proof = prover.prove_read(read).unwrap();
                claims.push(Some(Accused::Read(AccusedRead { payload_index, read_index, proof })));
            }
        }
        claims
    }

    /// Checks that claims convict a body if an honest node refuses it, and otherwise none does.
    fn check(&self, shard: Shard, body: &[u8]) -> Verdict {
        let place = self.place(shard);
        let verdict = self.verdict(&place, body);
        let outcomes: Vec<_> = self
            .claims(body)
            .into_iter()
            .map(|accused| (accused.clone(), self.convicts(shard, body, accused)))
            .collect();
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

    fn verdict(&self, place: &ShardPlace, body: &[u8]) -> Verdict {
        let Ok(body) = ShardBody::from_body(body) else { return Verdict::ExecutorRefuses };
        let at = (place.shard, place.slot);
        let mut view = place.view.clone();
        if apply_execution_header(&mut view, at, &body.header, place.epoch, &settings()).is_err() {
            return Verdict::LedgerRefuses;
        }
        let [result] = self
            .executor
            .execute(&[ExecutableBlock { root: Root::ZERO, place, body: &body }])
            .try_into()
            .unwrap();
        match result {
            Ok(()) => Verdict::Right,
            Err(error) => {
                assert!(error.is_verdict(), "{error}");
                Verdict::ExecutorRefuses
            }
        }
    }
}

/// The verdict of an honest node on a shard block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    /// It cannot be crosslinked; with a challenge window it is dropped without a claim.
    LedgerRefuses,
    ExecutorRefuses,
}

/// A payload with reads of roots of the genesis.
fn reading(ee: u32, root: u8, reads: &[(Shard, u32)]) -> EePayload {
    let root_of = |ee: u32| Bytes32::repeat_byte(u8::try_from(ee).unwrap());
    let read = |(shard, ee): &(Shard, u32)| RootRead { shard: *shard, ee: *ee, state_root: root_of(*ee) };
    let reads = reads.iter().map(read).collect::<Vec<_>>().try_into().unwrap();
    EePayload { reads, ..payload(ee, GO_ON, root) }
}

/// Returns an honest body of shard 1.
fn honest(root: u8, amount: u64, reads: &[(Shard, u32)]) -> ShardBody {
    let payloads = vec![depositing(0, amount % 6), reading(1, root, reads), payload(2, GO_ON, 9)];
    WORLD.executor.body(&WORLD.place(1), payloads).unwrap()
}

fn some_reads() -> impl Strategy<Value = Vec<(Shard, u32)>> {
    proptest::collection::vec((Just(1_u64), 0_u32..3), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn no_claim_convicts_an_honest_block(root: u8, amount: u64, reads in some_reads()) {
        let body = honest(root, amount, &reads).to_body();
        prop_assert_eq!(WORLD.check(1, &body), Verdict::Right);
    }

    /// Every field is damaged in each case, once by itself and once with the payloads' roots to match.
    #[test]
    fn what_an_executor_refuses_a_claim_convicts(
        value: u64, root: u8, amount: u64, reads in some_reads(), index in 0_usize..3,
    ) {
        let right = honest(root, amount, &reads);
        let mut n_refused = 0;
        for damage in DAMAGES {
            for rehashes in [false, true] {
                let mut body = right.clone();
                damage(&mut body, index, value);
                if rehashes {
                    rehash(&mut body);
                }
                n_refused += usize::from(WORLD.check(1, &body.to_body()) == Verdict::ExecutorRefuses);
            }
        }
        prop_assert!(n_refused >= 20, "{} of {}", n_refused, 2 * DAMAGES.len());
    }

    #[test]
    fn bytes_that_no_executor_decodes_convict(at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let right = honest(7, 5, &[(1, 2)]).to_body();
        let mut bytes = right.clone();
        bytes[at.index(right.len())] ^= flip;
        WORLD.check(1, &bytes);
        prop_assert_eq!(WORLD.check(1, &right[..at.index(right.len())]), Verdict::ExecutorRefuses);
    }
}

#[test]
fn each_lie_has_its_claim_and_the_others_do_not_see_it() {
    let world = &*WORLD;
    let right = honest(7, 5, &[(1, 2), (1, 0)]);
    let convicting = |body: &ShardBody| {
        let body = body.to_body();
        let claims = world.claims(&body).into_iter();
        let convicts = |accused: &Option<Accused>| world.convicts(1, &body, accused.clone()).unwrap();
        claims.filter(convicts).map(|accused| accused.map(name)).collect::<Vec<_>>()
    };
    assert_eq!(convicting(&right), [None; 0]);
    type Lie = fn(&mut ShardBody);
    let lies: [(Lie, &str); 7] = [
        (|body| body.header.lanes.push(Lane { n: 1, ..Lane::default() }).unwrap(), "lanes"),
        (|body| body.header.transitions[1].post_state_root = Root::ZERO, "transition 1"),
        (|body| body.header.finalized_slot = 8, "finalized slot"),
        (|body| body.payloads[1].reads[0].state_root = root(1), "state root"),
        (|body| body.payloads[1].reads[1].ee = 3, "EE count"),
        (|body| body.payloads[1].reads[1].shard = 2, "shard count"),
        (|body| body.payloads[1].reads[1].shard = u64::MAX, "shard count"),
    ];
    for (lie, expected) in lies {
        let mut body = right.clone();
        lie(&mut body);
        rehash(&mut body);
        assert_eq!(convicting(&body), [Some(expected.to_owned())]);
    }
    let mut body = right;
    body.payloads[1].block_data[1] ^= 1;
    let all = convicting(&body);
    assert_eq!((all.len(), &all[0]), (8, &None), "an error of form is one for every claim");
}

fn name(accused: Accused) -> String {
    match accused {
        Accused::Transition(ee) => format!("transition {ee}"),
        Accused::FinalizedSlot(_) => "finalized slot".to_owned(),
        Accused::Inbound(batch) => format!("batch {}", batch.batch_index),
        Accused::Lanes(_) => "lanes".to_owned(),
        Accused::Read(AccusedRead { proof: ReadProof::StateRoot(_), .. }) => "state root".to_owned(),
        Accused::Read(AccusedRead { proof: ReadProof::EeCount(_), .. }) => "EE count".to_owned(),
        Accused::Read(AccusedRead { proof: ReadProof::ShardCount(_), .. }) => "shard count".to_owned(),
    }
}

#[test]
fn a_claim_without_a_proof_is_refused() {
    let world = &*WORLD;
    let operations = Operations::default();
    let prover = world.prover(&operations);
    let mut body = honest(7, 5, &[(1, 2)]);
    body.payloads[1].reads[0].state_root = root(1);
    rehash(&mut body);
    let body = body.to_body();
    let error = |accused| world.convicts(1, &body, Some(accused)).unwrap_err();
    let read =
        |payload_index, read_index, proof| Accused::Read(AccusedRead { payload_index, read_index, proof });
    let proof_of = |claim| ParentProof::from(prover.prove(claim).unwrap());
    let failed = |error| OperationError::ParentProof { error };
    let right = proof_of(Claim::StateRoot { shard: 1, ee: 2 });
    let forged = ParentProof { leaf: root(9), ..right.clone() };
    assert_eq!(error(read(1, 0, ReadProof::StateRoot(forged))), failed(ProofError::Root));
    let of_other_ee = proof_of(Claim::StateRoot { shard: 1, ee: 1 });
    assert_eq!(error(read(1, 0, ReadProof::StateRoot(of_other_ee))), failed(ProofError::Root));
    let siblings = ProofError::Siblings { got: 43, expected: 26 };
    assert_eq!(error(read(1, 0, ReadProof::EeCount(right.clone()))), failed(siblings));
    let siblings = ProofError::Siblings { got: 43, expected: 9 };
    assert_eq!(error(Accused::FinalizedSlot(right.clone())), failed(siblings));
    for (payload_index, read_index) in [(1, 1), (0, 0), (3, 0), (u64::MAX, u64::MAX)] {
        let missing = OperationError::NoRead { payload_index, read_index };
        assert_eq!(error(read(payload_index, read_index, ReadProof::StateRoot(right.clone()))), missing);
    }
    assert_eq!(error(Accused::Transition(9)), OperationError::EeUnknown { got: 9, n: 3 });
    // Whoever claims that something which exists does not has claimed wrongly.
    let count = ReadProof::EeCount(proof_of(Claim::EeCount { shard: 1 }));
    assert_eq!(world.convicts(1, &body, Some(read(1, 0, count))), Ok(false));
    let count = ReadProof::ShardCount(proof_of(Claim::ShardCount));
    assert_eq!(world.convicts(1, &body, Some(read(1, 0, count))), Ok(false));
}
