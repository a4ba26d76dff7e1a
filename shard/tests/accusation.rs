//! Claims before the beacon chain convict exactly the blocks that an honest executor refuses.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/court.rs"]
mod court;
#[path = "support/damage.rs"]
mod damage;
#[path = "support/obedient.rs"]
mod obedient;

use std::sync::LazyLock;

use chain::{Chain, TestExecutor};
use court::{Court, FINALIZED_SLOT, SLOT, Verdict};
use damage::{DAMAGES, rehash, root};
use obedient::{GO_ON, depositing, obedient_chain, payload};
use outrider_beacon::{
    ledger::{
        Accused, AccusedRead, EePayload, Lane, ParentProof, ReadProof, RootRead, SentReceipts, Settings,
        ShardBody, ShardPlace, error::OperationError,
    },
    proof::{Claim, ProofError},
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    preset::Minimal,
    types::{Bytes32, Root, Shard},
};
use proptest::prelude::*;

/// The settings of the chain, on which deposits may be small, and blocks may assume roots.
fn settings() -> Settings {
    Settings { deposit_amount_min: 0, assumptions_max: 2, ..chain::settings() }
}

/// A beacon chain, and what is needed to judge shard blocks on it.
struct World {
    chain: Chain,
    executor: TestExecutor,
    court: Court<Minimal>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let chain = obedient_chain();
    let executor = chain.executor();
    let court = Court::new(chain.extended(), settings(), &executor);
    World { chain, executor, court }
});

impl World {
    fn place(&self, shard: Shard) -> ShardPlace {
        ShardPlace {
            slot: SLOT,
            epoch: SLOT / 8,
            beacon_parent_root: hash_tree_root(&self.court.block),
            beacon_parent: self.court.after.ledger.clone(),
            finalized_slot: FINALIZED_SLOT,
            view: self.court.after.ledger.clone(),
            ..self.chain.place(shard)
        }
    }

    fn convicts(&self, shard: Shard, body: &[u8], accused: Option<Accused>) -> Result<bool, OperationError> {
        self.court.convicts(&self.executor, shard, body, accused)
    }

    /// Returns every claim about a body with the right proofs.
    fn claims(&self, body: &[u8]) -> Vec<Option<Accused>> {
        let Ok(body) = ShardBody::from_body(body) else { return vec![None] };
        let prover = self.court.prover();
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
        self.court.check(&self.executor, &self.place(shard), body, self.claims(body))
    }
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

/// Whether it came true is for the ledger to decide, and no fault of those who attested the block.
#[test]
fn an_assumption_convicts_nobody_unless_no_payload_reads_it() {
    let world = &*WORLD;
    let mut body = honest(7, 5, &[(1, 2)]);
    let assumed = RootRead { shard: 0, ee: 1, state_root: root(99) };
    body.header.assumptions.push(assumed).unwrap();
    assert_eq!(world.convicts(1, &body.to_body(), None), Ok(true), "no payload reads it");
    body.payloads[1].reads.push(assumed).unwrap();
    rehash(&mut body);
    // The execution reads it, too, so it is another one, with the same outcome.
    assert_eq!(world.check(1, &body.to_body()), Verdict::Right);
    body.header.assumptions = Vec::new().try_into().unwrap();
    assert_eq!(world.check(1, &body.to_body()), Verdict::ExecutorRefuses);
}

#[test]
fn a_claim_without_a_proof_is_refused() {
    let world = &*WORLD;
    let prover = world.court.prover();
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
