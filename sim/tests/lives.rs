//! The lives of receipts on a simulated chain, each judged by the crate for verifiers and by a judge that shares only the
//! format with it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "common/judge.rs"]
mod judge;
#[path = "../../examples/two-shards/users.rs"]
#[allow(dead_code, reason = "these tests use a part")]
mod users;
#[path = "common/receipts.rs"]
#[allow(dead_code, reason = "these tests use a part")]
mod world;

use std::{collections::BTreeSet, sync::OnceLock};

use account::Action;
use outrider_beacon::{
    proof::ReceiptLife,
    receipts::{EXPIRY_SLOTS, inbound_lane},
};
use outrider_beacon_proof::{BEACON_CHAIN, Fate, Layout, Phase, VerifiedLife, lost_slots};
use outrider_beacon_spec::types::{Gwei, Root, Shard};
use outrider_host::{EeIndex, ShardIndex};
use outrider_shard::relay::LifeUnknown;
use outrider_sim::{Fault, Genesis, Members, Network, Partition, Setup, SignatureMode, ViewSetup};
use proptest::{prelude::*, sample::Index};
use users::ACCOUNT;
use world::{ALLERGIC, OLD, SHARDS, World};

/// That of the preset of simulations with four shards.
const LAYOUT: Layout = Layout { phase: Phase::Phase1, max_shards: 4, slots_per_historical_root: 512 };

fn trusted(genesis: Genesis) -> Setup {
    Setup { signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) }
}

fn to_ee(shard: Shard, ee: u32, receipt_fee: Gwei, payload: &[u8]) -> Action {
    Action::Send { shard: ShardIndex(shard), ee: EeIndex(ee.into()), receipt_fee, payload: payload.to_vec() }
}

/// Returns the root of the head of a view, and the life of a receipt up to it.
fn life(world: &World, view: usize, lane: (Shard, Shard), sequence: u64) -> (Root, Vec<u8>) {
    let (root, _) = world.simulation.views()[view].head().unwrap();
    (root, world.beside.shards.receipt_life(lane, sequence, &root).unwrap())
}

/// Checks that both judges find the same fates of a receipt and of the one that returns, by their slots.
#[track_caller]
fn check<'l>(root: Root, life: &'l [u8], expected: &[(Fate, u64)]) -> VerifiedLife<'l> {
    let decoded = ReceiptLife::from_ssz_bytes(life).unwrap();
    assert_eq!(decoded.to_ssz_bytes(), life);
    assert_eq!(decoded.block_roots().collect::<BTreeSet<_>>(), BTreeSet::from([&root.0]));
    let verified = decoded.verify(LAYOUT, |trusted| *trusted == root.0).unwrap();
    let receipts = [Some(verified.receipt), verified.returned].into_iter().flatten();
    let got: Vec<_> = receipts.map(|receipt| (receipt.fate, receipt.fate_slot)).collect();
    assert_eq!(got, expected);
    let judged = judge::judge(life, root).unwrap();
    let names: Vec<_> = expected.iter().map(|(fate, slot)| (format!("{fate:?}"), *slot)).collect();
    assert_eq!(judged, names);
    verified
}

#[test]
fn a_transfer_waits_is_delivered_and_stays_so() {
    let mut world = World::new(&SHARDS, trusted);
    world.send((0, 0), (2, 1), 5_000, 10);
    world.run(1);
    let (root, _) = world.simulation.views()[0].head().unwrap();
    let unknown = LifeUnknown::NotSent { source_shard: 0, destination: 2, sequence: 0, slot: 1 };
    assert_eq!(world.beside.shards.receipt_life((0, 2), 0, &root), Err(unknown), "not crosslinked yet");
    let unknown = LifeUnknown::Block { block_root: Root::ZERO };
    assert_eq!(world.beside.shards.receipt_life((0, 2), 0, &Root::ZERO), Err(unknown));
    world.run(1);
    let (root, waiting) = life(&world, 0, (0, 2), 0);
    check(root, &waiting, &[(Fate::Waiting, 2)]);
    world.run(1);
    let (root, delivered) = life(&world, 0, (0, 2), 0);
    let verified = check(root, &delivered, &[(Fate::Delivered, 2)]);
    let receipt = verified.receipt.receipt.unwrap();
    assert_eq!((receipt.source_ee, receipt.destination_ee, receipt.value, receipt.fee), (0, 0, 5_000, 10));
    assert_eq!((verified.receipt.slot, verified.receipt.crosslinked_in), (1, 3));
    // The docs of the format have these and later lengths.
    assert_eq!([waiting.len(), delivered.len()], [3_454, 3_653]);
    world.run(10);
    let (root, later) = life(&world, 0, (0, 2), 0);
    check(root, &later, &[(Fate::Delivered, 2)]);
}

#[test]
fn what_is_rejected_or_refused_has_the_life_of_what_returns() {
    let mut world = World::new(&SHARDS, trusted);
    world.submit(0, 0, 1_000, to_ee(3, ACCOUNT, 1, &[9; 32]));
    world.submit(0, 1, 1_000, to_ee(3, ACCOUNT, 2, &[8; 100]));
    world.submit(0, 2, 1_000, to_ee(1, OLD, 3, &[]));
    world.run(3);
    // Rejected in slot 2; what returns is crosslinked in slot 3, and settled in slot 3.
    let (root, returning) = life(&world, 0, (0, 3), 1);
    let verified = check(root, &returning, &[(Fate::Rejected, 2), (Fate::Waiting, 3)]);
    assert_eq!(returning.len(), 5_999);
    let returned = verified.returned.unwrap();
    assert_eq!((returned.source_shard, returned.destination_shard, returned.sequence), (3, 0, 1));
    assert_eq!(returned.receipt.unwrap().value, 1_000);
    world.run(1);
    for (destination, sequence, fate) in
        [(3, 0, Fate::Rejected), (3, 1, Fate::Rejected), (1, 0, Fate::Refused)]
    {
        let (root, life) = life(&world, 0, (0, destination), sequence);
        check(root, &life, &[(fate, 2), (Fate::Delivered, 3)]);
    }
    // The receipt that returns has a life of its own.
    let (root, alone) = life(&world, 0, (3, 0), 1);
    let verified = check(root, &alone, &[(Fate::Delivered, 3)]);
    assert_eq!(verified.receipt.receipt.unwrap().kind, 1);
}

#[test]
fn ether_of_a_validator_has_a_life() {
    let mut world = World::new(&SHARDS, trusted);
    let operations = world.withdrawal(3, world::ETHER, &world.address(1));
    world.run_with(&operations);
    // The beacon chain sends it in slot 1, and knows it at once; the shard block of that slot is crosslinked in the next one.
    let (root, waiting) = life(&world, 0, (BEACON_CHAIN, 3), 0);
    check(root, &waiting, &[(Fate::Waiting, 1)]);
    world.run(1);
    let (root, delivered) = life(&world, 0, (BEACON_CHAIN, 3), 0);
    let verified = check(root, &delivered, &[(Fate::Delivered, 1)]);
    assert_eq!(verified.receipt.receipt.unwrap().source_ee, world::FAUCET.0);
}

#[test]
fn every_changed_byte_is_refused() {
    let mut world = World::new(&SHARDS, trusted);
    world.submit(0, 1, 1_000, to_ee(3, ACCOUNT, 2, b"nobody"));
    world.run(3);
    let (waiting_root, waiting) = life(&world, 0, (0, 3), 0);
    world.run(1);
    let (root, bounced) = life(&world, 0, (0, 3), 0);
    refuse_every_change(waiting_root, &waiting, &[0, 7]);
    refuse_every_change(root, &bounced, &[0, 7]);
}

/// Checks that both judges refuse a life in which one of these bits of any byte is changed, or which is shorter or longer.
#[track_caller]
fn refuse_every_change(root: Root, life: &[u8], bits: &[u32]) {
    let refused = |damaged: &[u8]| {
        let decoded = ReceiptLife::from_ssz_bytes(damaged).ok();
        let is_refused =
            decoded.is_none_or(|life| life.verify(LAYOUT, |trusted| *trusted == root.0).is_err());
        assert_eq!(is_refused, judge::judge(damaged, root).is_err());
        is_refused
    };
    assert!(!refused(life));
    for place in 0..life.len() {
        for bit in bits {
            let mut damaged = life.to_vec();
            damaged[place] ^= 1 << bit;
            assert!(refused(&damaged), "byte {place}, bit {bit}");
        }
    }
    for length in 0..life.len() {
        assert!(refused(&life[..length]), "{length} bytes");
    }
    for more in [1, 32] {
        assert!(refused(&[life, &vec![0; more]].concat()), "{more} bytes more");
    }
}

#[test]
fn what_expires_returns_with_half_of_its_fee() {
    // Accounts have no provider on shard 3, and an EE on shard 1 traps on each receipt.
    let mut world = World::new(&[0, 1, 2], trusted);
    world.send((0, 0), (3, 1), 5_000, 9);
    world.submit(0, 1, 7_000, to_ee(1, ALLERGIC, 20, b"Achoo"));
    world.run(EXPIRY_SLOTS + 1);
    let (root, waiting) = life(&world, 0, (0, 3), 0);
    check(root, &waiting, &[(Fate::Waiting, EXPIRY_SLOTS + 1)]);
    world.run(3);
    let settled = EXPIRY_SLOTS + 2;
    for (destination, value) in [(3, 5_005), (1, 7_010)] {
        let (root, life) = life(&world, 0, (0, destination), 0);
        let verified = check(root, &life, &[(Fate::Expired, settled), (Fate::Delivered, settled + 1)]);
        assert_eq!(verified.returned.unwrap().receipt.unwrap().value, value);
    }
}

/// Shard 3 is silent for so long that no ledger knows what was sent to it.
#[test]
fn what_is_older_than_a_ledger_remembers_returns_and_its_life_is_proven_over_an_older_block() {
    let faults = (2..=290).map(|slot| Fault::MissingShardBlock { shard: 3, slot }).collect();
    let mut world = World::new(&SHARDS, |genesis| Setup { faults, ..trusted(genesis) });
    world.send((0, 0), (3, 1), 5_000, 9);
    world.run(288);
    let (root, waiting) = life(&world, 0, (0, 3), 0);
    let verified = check(root, &waiting, &[(Fate::Waiting, 288)]);
    assert_eq!(verified.receipt.crosslinked_in, 256);
    world.run(8);
    let (root, life) = life(&world, 0, (0, 3), 0);
    check(root, &life, &[(Fate::Expired, 291), (Fate::Delivered, 292)]);
    assert_eq!(life.len(), 6_766);
    refuse_every_change(root, &life, &[3]);
    assert_eq!(world.balance(0, 0), world::ETHER - 4);
}

/// The committee of shard 0 signs the root of receipts that nobody has.
#[test]
fn what_nobody_has_is_lost_in_the_end_and_then_the_lane_goes_on() {
    let mut world = World::new(&SHARDS, trusted);
    world.beside.captured.lock().unwrap().block = Some((0, 1));
    world.send((0, 0), (2, 1), 5_000, 9);
    world.run(2);
    world.send((0, 0), (2, 1), 7, 0);
    world.run(1 + lost_slots(LAYOUT) - 2);
    let lane = |world: &World| inbound_lane(&world.head(0).ledger, 0, 2).unwrap().next;
    let (root, waiting) = life(&world, 0, (0, 2), 0);
    let verified = check(root, &waiting, &[(Fate::Waiting, 1 + lost_slots(LAYOUT))]);
    assert_eq!((lane(&world), verified.receipt.receipt), (0, None));
    world.run(2);
    let (root, lost) = life(&world, 0, (0, 2), 0);
    check(root, &lost, &[(Fate::Lost, 2 + lost_slots(LAYOUT))]);
    assert_eq!(lane(&world), 2, "the second one was delivered long ago");
    assert_eq!(world.balance(2, 1), world::ETHER + 7);
}

#[test]
fn lives_of_one_fork_are_refused_under_the_root_of_the_other() {
    let partitions = vec![Partition { from: 6, until: 16, side: BTreeSet::from([0]) }];
    let network = Network { latency_ms: 100, jitter_ms: 50, partitions };
    let mut world = World::new(&SHARDS, |genesis| {
        let views = [("A", 40), ("B", 60)].map(|(name, share)| ViewSetup::new(name, Members::Share(share)));
        Setup { views: views.into(), network, ..trusted(Genesis { seed: 6, ..genesis }) }
    });
    for round in 0..12 {
        world.send((0, round % 4), (2, 1), 1_000, 3);
        world.run(1);
    }
    let roots = [0, 1].map(|view| world.simulation.views()[view].head().unwrap().0);
    assert_ne!(roots[0], roots[1]);
    let mut n_of_both = 0;
    for sequence in 0..12 {
        let lives = roots.map(|root| world.beside.shards.receipt_life((0, 2), sequence, &root));
        for (life, (own, other)) in lives.iter().zip([(roots[0], roots[1]), (roots[1], roots[0])]) {
            let Ok(life) = life else { continue };
            let decoded = ReceiptLife::from_ssz_bytes(life).unwrap();
            assert!(decoded.verify(LAYOUT, |trusted| *trusted == own.0).is_ok());
            assert!(decoded.verify(LAYOUT, |trusted| *trusted == other.0).is_err());
            assert!(judge::judge(life, own).is_ok() && judge::judge(life, other).is_err());
            // Nor does it help to name the other root.
            let renamed: Vec<_> = replaced(life, own, other);
            assert!(ReceiptLife::from_ssz_bytes(&renamed).unwrap().verify(LAYOUT, |_| true).is_err());
        }
        n_of_both += u64::from(lives.iter().all(Result::is_ok));
    }
    assert!(n_of_both > 3, "{n_of_both}");
}

/// Returns the root of a head, and lives up to it: one that waits, some that were delivered, and some that returned.
fn lives_of_one_chain() -> &'static (Root, Vec<Vec<u8>>) {
    static LIVES: OnceLock<(Root, Vec<Vec<u8>>)> = OnceLock::new();
    LIVES.get_or_init(|| {
        let mut world = World::new(&SHARDS, trusted);
        world.submit(0, 0, 1_000, to_ee(3, ACCOUNT, 1, &[9; 32]));
        world.send((0, 1), (3, 1), 1_000, 1);
        world.submit(0, 2, 1_000, to_ee(1, OLD, 3, &[]));
        world.send((1, 1), (3, 1), 1_000, 1);
        world.run(4);
        world.send((0, 3), (3, 2), 1, 0);
        world.run(2);
        let all = [((0, 3), 0), ((0, 3), 1), ((0, 1), 0), ((1, 3), 0), ((3, 0), 0), ((1, 0), 0), ((0, 3), 2)];
        let lives: Vec<_> = all.map(|(lane, sequence)| life(&world, 0, lane, sequence)).into();
        let root = lives[0].0;
        assert!(lives.iter().all(|(of, _)| *of == root));
        (root, lives.into_iter().map(|(_, life)| life).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// Whatever parts of true lives are put together, with whatever bits changed: if it verifies, then it says the truth, and
    /// so never that a receipt was delivered which was not.
    #[test]
    fn parts_of_lives_verify_only_as_the_truth(
        parts in prop::collection::vec(any::<Index>(), 7),
        others in prop::bits::u8::ANY,
        flip in prop::option::weighted(0.2, (any::<Index>(), 0..8_u32)),
    ) {
        let (root, lives) = lives_of_one_chain();
        let lives: Vec<_> = lives.iter().map(|life| ReceiptLife::from_ssz_bytes(life).unwrap()).collect();
        let is_trusted = |trusted: &[u8; 32]| *trusted == root.0;
        let truths: Vec<_> = lives.iter().map(|life| life.verify(LAYOUT, is_trusted).unwrap()).collect();
        // Most parts are of one life.
        let one = parts[0].get(&lives);
        let of = |part: usize| if others >> part & 1 == 1 { parts[part].get(&lives) } else { one };
        let mut life = one.clone();
        life.source_shard = of(1).source_shard;
        life.header = of(2).header.clone();
        life.receipt = of(3).receipt.clone();
        life.receipt.sequence = of(4).receipt.sequence;
        life.receipt.fate = of(5).receipt.fate.clone();
        life.returned = of(6).returned.clone();
        let mut bytes = life.to_ssz_bytes();
        if let Some((place, bit)) = flip {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
        let verified = ReceiptLife::from_ssz_bytes(&bytes).ok().and_then(|life| {
            life.verify(LAYOUT, is_trusted).ok().map(|life| format!("{life:?}"))
        });
        let is_true = |verified: String| truths.iter().any(|truth| format!("{truth:?}") == verified);
        prop_assert!(verified.is_none_or(is_true));
    }
}

/// Replaces a root in bytes.
fn replaced(bytes: &[u8], old: Root, new: Root) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for place in 0..bytes.len() - 31 {
        if bytes[place..place + 32] == old.0 {
            bytes[place..place + 32].copy_from_slice(&new.0);
        }
    }
    bytes
}
