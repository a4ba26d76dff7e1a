//! Bodies that settle and send receipts: what an honest executor refuses, a claim convicts, but for what depends on the whole
//! ledger.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/court.rs"]
mod court;
#[path = "support/mail.rs"]
mod mail;
#[path = "support/receipt_damage.rs"]
mod receipt_damage;

use std::sync::LazyLock;

use court::{Court, FINALIZED_SLOT, SLOT, Verdict};
use mail::{Mail, N_SHARDS, World, message};
use outrider_beacon::{
    ledger::{
        Accused, AccusedBatch, ExecutableBlock, ExtendedState, Lane, ParentProof, Receipt, ReceiptKind,
        SentReceipts, ShardBody, ShardPlace, error::OperationError,
    },
    proof::Claim,
    receipts::ReceiptError,
};
use outrider_beacon_spec::{hash::hash_tree_root, types::Root};
use outrider_shard::executor::{Contents, ExecutorError};
use outrider_sim::{Genesis, SimPreset};
use proptest::prelude::*;
use receipt_damage::DAMAGES;

type P = outrider_beacon_spec::phase::Phase1<SimPreset<N_SHARDS>>;

const ANN: u32 = 0;
const BOB: u32 = 1;
const DEAF: u32 = 2;
/// The shard whose blocks are judged.
const SHARD: u64 = 1;

/// Shards with receipts in flight to shard 1, and the beacon chain over them.
struct Case {
    world: World,
    court: Court<SimPreset<N_SHARDS>>,
    place: ShardPlace,
}

static CASE: LazyLock<Case> = LazyLock::new(|| {
    let mut world = World::new();
    let to = |ee, value, fee| message(SHARD, ee, value, fee, b"to shard 1");
    // A message of shard 1 that shard 3 rejects, so that it returns.
    world.step(SHARD, &[(ANN, Mail::default().send(&message(3, BOB, 70, 1, b"and back")))]).unwrap();
    world.tick();
    world.step(3, &[(BOB, Mail::default().reject(0))]).unwrap();
    let many =
        Mail::default().send(&to(BOB, 5, 1)).send(&to(ANN, 6, 2)).send(&to(BOB, 7, 3)).send(&to(DEAF, 8, 4));
    world.step(0, &[(ANN, many), (BOB, Mail::default().send(&to(BOB, 9, 0)))]).unwrap();
    world.tick();
    world.step(2, &[(DEAF, Mail::default().send(&to(BOB, 10, 6)).send(&to(77, 11, 0)))]).unwrap();
    world.advance(SLOT - 1 - world.slot);
    let (node, _) = Genesis { n_validators: 64, ..Genesis::default() }.node::<P>().unwrap();
    let state = node.store().block_states.values().next().unwrap().clone();
    let before = ExtendedState { state, ledger: world.next.clone() };
    let court = Court::new(before, chain::settings(), &world.executor);
    (world.slot, world.beacon_parent_root) = (SLOT, hash_tree_root(&court.block));
    (world.parent, world.next) = (court.after.ledger.clone(), court.after.ledger.clone());
    let place = ShardPlace { finalized_slot: FINALIZED_SLOT, epoch: SLOT / 8, ..world.place(SHARD) };
    Case { world, court, place }
});

impl Case {
    /// Returns an honest body: both EEs of the shard take receipts, reject some of them, and send others.
    fn honest(&self, rejected: [u64; 2], sent: &[(u64, u32, u64)]) -> ShardBody {
        let mail = |rejected, shift: u64| {
            let send = |mail: Mail, (shard, ee, value): &(u64, u32, u64)| {
                mail.send(&message((shard + shift) % N_SHARDS, *ee, *value, 1, b"on"))
            };
            sent.iter().fold(Mail { rejected, ..Mail::default() }, send)
        };
        let mail = [(ANN, mail(rejected[0], 0)), (BOB, mail(rejected[1], 1))];
        let payloads = mail.iter().map(|(ee, mail)| chain::payload(*ee, &mail.block_data())).collect();
        let inbound = self.world.batches(SHARD);
        self.world.executor.body(&self.place, Contents { inbound, payloads }).unwrap()
    }

    /// Returns every claim about a body with what a challenger knows.
    fn claims(&self, bytes: &[u8]) -> Vec<Option<Accused>> {
        let Ok(body) = ShardBody::from_body(bytes) else { return vec![None] };
        let prover = self.court.prover();
        let finalized: ParentProof = prover.prove(Claim::FinalizedEpoch).unwrap().into();
        let mut claims = vec![None, Some(Accused::FinalizedSlot(finalized))];
        claims.extend(
            body.header.transitions.iter().map(|transition| Some(Accused::Transition(transition.ee))),
        );
        let batches = (0..).zip(&body.inbound);
        let batches = batches.filter_map(|(index, batch)| prover.prove_batch(index, batch).ok());
        claims.extend(batches.map(|batch| Some(Accused::Inbound(batch))));
        claims.extend(self.sent(&body).ok().map(|sent| Some(Accused::Lanes(sent))));
        claims
    }

    fn sent(&self, body: &ShardBody) -> Result<SentReceipts, ExecutorError> {
        let block = ExecutableBlock { root: Root::ZERO, place: &self.place, body };
        self.world.executor.sent_of_ees(&block)
    }

    fn check(&self, body: &ShardBody) -> Verdict {
        let body = body.to_body();
        self.court.check(&self.world.executor, &self.place, &body, self.claims(&body))
    }

    /// Returns the names of the claims that convict a body.
    fn convicting(&self, body: &ShardBody) -> Vec<String> {
        let body = body.to_body();
        let convicts = |accused: &Option<Accused>| {
            self.court.convicts(&self.world.executor, SHARD, &body, accused.clone()) == Ok(true)
        };
        self.claims(&body).into_iter().filter(convicts).map(name).collect()
    }
}

fn name(accused: Option<Accused>) -> String {
    match accused {
        None => "form".to_owned(),
        Some(Accused::Transition(ee)) => format!("transition {ee}"),
        Some(Accused::FinalizedSlot(_)) => "finalized slot".to_owned(),
        Some(Accused::Inbound(batch)) => format!("batch {}", batch.batch_index),
        Some(Accused::Lanes(_)) => "lanes".to_owned(),
        Some(Accused::Read(_)) => "read".to_owned(),
    }
}

fn some_mail() -> impl Strategy<Value = Vec<(u64, u32, u64)>> {
    proptest::collection::vec((0..N_SHARDS, 0_u32..5, 0_u64..900), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn no_claim_convicts_an_honest_block(rejected: [u64; 2], sent in some_mail()) {
        prop_assert_eq!(CASE.check(&CASE.honest(rejected, &sent)), Verdict::Right);
    }

    /// Every field of batches, settlements and lanes is damaged in each case.
    #[test]
    fn what_an_executor_refuses_a_claim_convicts(
        rejected: [u64; 2], sent in some_mail(), index in any::<prop::sample::Index>(), value: u64,
    ) {
        let right = CASE.honest(rejected, &sent);
        let mut n_refused = 0;
        for damage in DAMAGES {
            let mut body = right.clone();
            damage(&mut body, index, value);
            n_refused += usize::from(CASE.check(&body) == Verdict::ExecutorRefuses);
        }
        prop_assert!(n_refused >= 14, "{} of {}", n_refused, DAMAGES.len());
    }
}

/// The sum of all batches, settlements and lanes is in the honest block.
#[test]
fn the_honest_block_has_everything() {
    let body = CASE.honest([1, 0b10], &[(2, BOB, 3)]);
    let sources: Vec<_> = body.header.settlements.iter().map(|settlement| settlement.source_shard).collect();
    assert_eq!(sources, [0, 2, 3]);
    let destinations: Vec<_> = body.header.lanes.iter().map(|lane| lane.destination_shard).collect();
    assert_eq!(destinations, [0, 2, 3], "two rejected ones and one to nobody return, and two are sent");
    assert_eq!(body.header.transitions.len(), 2);
}

#[test]
fn each_lie_about_receipts_has_its_claim() {
    let right = CASE.honest([1, 0], &[(2, BOB, 3)]);
    assert_eq!(CASE.convicting(&right), [""; 0]);
    type Lie = fn(&mut ShardBody);
    let lies: [(Lie, &str); 8] = [
        (|body| body.header.lanes[1].receipts_root.0[0] ^= 1, "lanes"),
        (|body| body.header.lanes[0].value += 1, "lanes"),
        (|body| body.inbound[0].lane_branch[9].0[0] ^= 1, "batch 0"),
        (|body| body.inbound[1].slot -= 1, "batch 1"),
        (|body| body.inbound[1].slot = 0, "batch 1"),
        (|body| body.inbound[1].slot = SLOT + 1, "batch 1"),
        (|body| body.inbound[2].lane.n += 1, "batch 2"),
        (|body| body.header.transitions[1].receipts_root.0[0] ^= 1, "transition 1"),
    ];
    for (lie, expected) in lies {
        let mut body = right.clone();
        lie(&mut body);
        assert_eq!(CASE.convicting(&body), [expected]);
    }
}

/// Returns what shard 1 sends back of a receipt.
fn returning(receipt: &Receipt, sequence: u64) -> Receipt {
    Receipt {
        source_shard: SHARD,
        source_ee: receipt.destination_ee,
        destination_shard: receipt.source_shard,
        destination_ee: receipt.source_ee,
        sequence,
        slot: SLOT,
        kind: ReceiptKind::Bounced as u8,
        value: receipt.value,
        fee: 0,
        payload: [&hash_tree_root(receipt).0[..], &receipt.payload[..]].concat().try_into().unwrap(),
    }
}

/// A committee can return, or void, what an EE would have taken. That costs its sender, but it is consistent in itself.
#[test]
fn no_claim_is_about_the_bit_that_says_whether_an_ee_was_shown_a_receipt() {
    let honest = CASE.honest([0, 0], &[]);
    let mut body = honest.clone();
    // Nothing but the two receipts of shard 2, for EE 1 and for nobody.
    body.payloads = Vec::new().try_into().unwrap();
    body.header.transitions = Vec::new().try_into().unwrap();
    body.inbound = vec![honest.inbound[1].clone()].try_into().unwrap();
    let mut settlement = honest.header.settlements[1].clone();
    assert_eq!((settlement.source_shard, settlement.settled.len()), (2, 2));
    settlement.undelivered.set(0, true).unwrap();
    body.header.settlements = vec![settlement.clone()].try_into().unwrap();
    let receipts = &honest.inbound[1].receipts;
    let lane = |receipts: &[&Receipt]| {
        let returning = (0..).zip(receipts).map(|(sequence, receipt)| returning(receipt, sequence));
        vec![Lane::of(returning.collect()).unwrap()].try_into().unwrap()
    };
    body.header.lanes = lane(&[&receipts[0], &receipts[1]]);
    let refused = body.clone();
    settlement.rejected.set(0, true).unwrap();
    (settlement.value, settlement.fees) = (11, 0);
    body.header.settlements = vec![settlement].try_into().unwrap();
    body.header.lanes = lane(&[&receipts[1]]);
    for body in [refused, body] {
        let bytes = body.to_body();
        let verdict = CASE.court.verdict(&CASE.world.executor, &CASE.place, &bytes);
        assert_eq!(verdict, Verdict::ExecutorRefuses);
        assert_eq!(CASE.convicting(&body), [""; 0]);
        let error = CASE.world.executor.body(&CASE.place, Contents::of(&body)).unwrap_err();
        let expected = ReceiptError::NoPayload { ee: BOB, source_shard: 2, sequence: 0 };
        assert!(matches!(error, ExecutorError::Receipts(error) if error == expected));
    }
}

#[test]
fn a_claim_about_receipts_needs_its_proofs() {
    let body = CASE.honest([1, 0], &[(2, BOB, 3)]).to_body();
    let error = |accused| CASE.court.convicts(&CASE.world.executor, SHARD, &body, Some(accused)).unwrap_err();
    let decoded = ShardBody::from_body(&body).unwrap();
    let right = CASE.court.prover().prove_batch(0, &decoded.inbound[0]).unwrap();
    let no_batch = AccusedBatch { batch_index: 3, ..right.clone() };
    assert_eq!(error(Accused::Inbound(no_batch)), OperationError::NoBatch { batch_index: 3 });
    let failed = |accused| assert!(matches!(error(accused), OperationError::ParentProof { .. }));
    failed(Accused::Inbound(AccusedBatch { slot: ParentProof::default(), ..right.clone() }));
    failed(Accused::Inbound(AccusedBatch { execution_root: right.slot.clone(), ..right.clone() }));
    // A claim that denies the beacon parent's knowledge, or invents a slot, is refused.
    let mut forged = right.clone();
    forged.execution_root.leaf = Root::ZERO;
    failed(Accused::Inbound(forged));
    let mut forged = right;
    forged.slot.leaf = hash_tree_root(&(SLOT + 300));
    failed(Accused::Inbound(forged));
    let sent = CASE.sent(&decoded).unwrap();
    assert_eq!(sent.of_ees.len(), 2);
    let mut others = sent.clone();
    others.of_ees[0][0].value += 1;
    assert_eq!(error(Accused::Lanes(others)), OperationError::SentReceipts { ee: ANN });
    let one = SentReceipts { of_ees: vec![sent.of_ees[0].clone()].try_into().unwrap() };
    assert_eq!(error(Accused::Lanes(one)), OperationError::SentReceipts { ee: BOB });
    let three = [&sent.of_ees[..], &sent.of_ees[..1]].concat();
    let three = SentReceipts { of_ees: three.try_into().unwrap() };
    assert_eq!(error(Accused::Lanes(three)), OperationError::SentTooMany {});
}
