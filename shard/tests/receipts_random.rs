//! Random traffic between shards, against a naive ledger: every receipt is settled once, and ether is conserved, whatever is
//! delivered late, twice, on a lost branch, or not at all. Lanes keep their size, and shards that flood one another go on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/mail.rs"]
mod mail;

use std::collections::BTreeMap;

use mail::{BALANCE, Mail, N_SHARDS, World, balance, message};
use outrider_beacon::{
    ledger::{InboundBatch, MESSAGES_MAX, WINDOW},
    receipts::{EXPIRY_SLOTS, RETURN_SLOTS, ReceiptError},
};
use outrider_shard::{
    executor::ExecutorError,
    relay::{ReceiptLimits, Waiting, within},
};
use proptest::{prelude::*, strategy::ValueTree as _};

/// EEs 0 and 1 exchange receipts, 2 takes none, 3 traps on each; 4 does not exist.
const N_EES: u32 = 4;

/// A receipt in the naive ledger.
#[derive(Clone, Debug)]
struct Pending {
    source: (u64, u32),
    destination: (u64, u32),
    value: u64,
    fee: u64,
    slot: u64,
    returns: bool,
}

/// Balances, unsettled receipts by lane and number, and what proposers got.
#[derive(Clone, Debug)]
struct Naive {
    balances: BTreeMap<(u64, u32), u64>,
    pending: BTreeMap<(u64, u64, u64), Pending>,
    sent: BTreeMap<(u64, u64), u64>,
    fees: u64,
}

impl Naive {
    fn new() -> Self {
        let places = (0..N_SHARDS).flat_map(|shard| (0..N_EES).map(move |ee| (shard, ee)));
        Self {
            balances: places.map(|place| (place, BALANCE)).collect(),
            pending: BTreeMap::new(),
            sent: BTreeMap::new(),
            fees: 0,
        }
    }

    fn send(&mut self, pending: Pending) {
        let lane = (pending.source.0, pending.destination.0);
        let sequence = self.sent.entry(lane).or_default();
        self.pending.insert((lane.0, lane.1, *sequence), pending);
        *sequence += 1;
    }

    /// A block at a slot settles receipts, by source and number, and EEs send.
    fn step(&mut self, shard: u64, slot: u64, settled: &[(u64, u64)], mail: &[(u32, Mail)]) {
        let mut shown = BTreeMap::<u32, u32>::new();
        for (source, sequence) in settled {
            let receipt = self.pending.remove(&(*source, shard, *sequence)).unwrap();
            let (_, ee) = receipt.destination;
            let exists = ee < N_EES;
            let takes = exists && ee != 2;
            let is_late = slot > receipt.slot + if receipt.returns { RETURN_SLOTS } else { EXPIRY_SLOTS };
            let is_shown = takes && !is_late;
            let is_rejected = is_shown && {
                let place = shown.entry(ee).or_default();
                *place += 1;
                let of_ee = &mail.iter().find(|(of, _)| *of == ee).unwrap().1;
                of_ee.rejected >> (*place - 1) & 1 == 1
            };
            if receipt.returns || is_shown && !is_rejected {
                *self.balances.get_mut(&(shard, ee)).unwrap() += receipt.value;
                self.fees += receipt.fee;
                continue;
            }
            let fee = if is_late { receipt.fee / 2 } else { receipt.fee };
            self.fees += fee;
            let value = if is_late { receipt.value + receipt.fee - fee } else { receipt.value };
            let Pending { source, destination, .. } = receipt;
            self.send(Pending {
                source: destination,
                destination: source,
                value,
                fee: 0,
                slot,
                returns: true,
            });
        }
        for (ee, mail) in mail {
            for sent in &mail.sent {
                let (value, fee) = (sent.value, sent.fee);
                *self.balances.get_mut(&(shard, *ee)).unwrap() -= value + fee;
                let destination = (sent.destination_shard.0, sent.destination_ee.0 as u32);
                self.send(Pending { source: (shard, *ee), destination, value, fee, slot, returns: false });
            }
        }
    }

    fn check(&self, world: &World) {
        for ((shard, ee), expected) in &self.balances {
            assert_eq!(balance(world, *shard, *ee), *expected, "EE {ee} on shard {shard}");
        }
        let mut in_flight = BTreeMap::new();
        for ((source, destination, _), receipt) in &self.pending {
            *in_flight.entry((*source, *destination)).or_insert(0) += receipt.value + receipt.fee;
        }
        for source in 0..N_SHARDS {
            for destination in 0..N_SHARDS {
                let expected = in_flight.get(&(source, destination)).copied().unwrap_or_default();
                assert_eq!(world.in_flight(source, destination), expected, "lane {source} to {destination}");
            }
        }
        let total: u64 = self.balances.values().sum::<u64>() + in_flight.values().sum::<u64>() + self.fees;
        assert_eq!(total, BALANCE * u64::from(N_EES) * N_SHARDS);
    }
}

/// The next step of a run.
#[derive(Clone, Debug)]
enum Step {
    /// A block with mail of EEs, of whose waiting receipts it takes those in a mask.
    Block { shard: u64, mail: Vec<(u32, u64, Vec<Sent>)>, taken: u64 },
    /// Slots without blocks.
    Wait(u64),
    /// The last so many slots are undone.
    Reorg(usize),
    /// A batch of an earlier block comes again.
    Again { shard: u64, which: usize },
}

/// A message in a step: shard, EE, value and fee.
type Sent = (u64, u32, u64, u64);

fn step() -> impl Strategy<Value = Step> {
    let sent = (0..N_SHARDS, 0..N_EES + 1, 0_u64..2_000, 0_u64..50);
    let mail = (0..3_u32, any::<u64>(), prop::collection::vec(sent, 0..4));
    prop_oneof![
        8 => (0..N_SHARDS, prop::collection::vec(mail, 0..3), any::<u64>())
            .prop_map(|(shard, mail, taken)| Step::Block { shard, mail, taken: taken | taken >> 7 }),
        2 => prop_oneof![Just(1_u64), Just(2), Just(60), Just(129), Just(230)].prop_map(Step::Wait),
        1 => (1_usize..6).prop_map(Step::Reorg),
        2 => (0..N_SHARDS, any::<usize>()).prop_map(|(shard, which)| Step::Again { shard, which }),
    ]
}

/// The world, the naive ledger, and the past of both.
struct Run {
    world: World,
    naive: Naive,
    past: Vec<(World, Naive)>,
    old: Vec<(u64, InboundBatch)>,
    n_settled: usize,
}

impl Run {
    fn block(&mut self, shard: u64, mail: &[(u32, u64, Vec<Sent>)], taken: u64) {
        let mut by_ee = BTreeMap::new();
        for (ee, rejected, sent) in mail {
            let send = |mail: Mail, (shard, ee, value, fee): &Sent| {
                mail.send(&message(*shard, *ee, *value, *fee, b""))
            };
            let mail = sent.iter().fold(Mail { rejected: *rejected, ..Mail::default() }, send);
            by_ee.entry(*ee).or_insert(mail);
        }
        let mail: Vec<_> = by_ee.into_iter().collect();
        let waiting = self.world.candidates(shard);
        let for_ees = mail.iter().filter_map(|(ee, _)| waiting.for_ees.get(ee)).flatten();
        let mut chosen: Vec<Waiting<'_>> = for_ees.chain(&waiting.for_nobody).cloned().collect();
        chosen.sort_by_key(|waiting| (waiting.receipt.source_shard, waiting.receipt.sequence));
        let mut place = 0;
        chosen.retain(|_| {
            place += 1;
            taken >> (place % 64) & 1 == 1
        });
        chosen.truncate(60);
        let settled: Vec<_> = chosen.iter().map(|w| (w.receipt.source_shard, w.receipt.sequence)).collect();
        let batches = self.world.relay.batches(&chosen);
        self.past.push((self.world.clone(), self.naive.clone()));
        match self.world.try_step(shard, &mail, &batches) {
            Ok(()) => {
                self.naive.step(shard, self.world.slot, &settled, &mail);
                self.old.extend(batches.into_iter().map(|batch| (shard, batch)));
                self.n_settled += settled.len();
            }
            // A lie about ether that an EE does not have, or a full lane.
            Err(error) => {
                let is_full =
                    error.contains("which must be below") && self.world.settings.window < MESSAGES_MAX;
                assert!(error.contains("L4") || is_full, "{error}");
            }
        }
        self.world.tick();
    }

    /// Returns whether a batch that was settled on this branch came again, and was refused.
    fn again(&mut self, shard: u64, which: usize) -> bool {
        if self.old.is_empty() {
            return false;
        }
        let (to, batch) = self.old[which % self.old.len()].clone();
        let first = batch.lane.first + batch.start;
        let is_pending = |place: u64| {
            self.naive
                .pending
                .get(&(batch.source_shard, to, first + place))
                .is_some_and(|p| p.slot == batch.slot)
        };
        let all = (0..batch.receipts.len() as u64).all(is_pending);
        let mail = [(0, Mail::default()), (1, Mail::default()), (3, Mail::default())];
        let result = self.world.clone().try_step(shard, &mail, &[batch]);
        if shard != to {
            assert!(result.is_err(), "a batch for another shard");
        }
        if !all {
            assert!(result.is_err(), "settled already, or never sent on this branch");
            return true;
        }
        false
    }
}

fn run(steps: &[Step], window: u64) -> Run {
    let world = World::with_window(window);
    let mut run = Run { world, naive: Naive::new(), past: Vec::new(), old: Vec::new(), n_settled: 0 };
    for step in steps {
        match step {
            Step::Block { shard, mail, taken } => run.block(*shard, mail, *taken),
            Step::Wait(slots) => run.world.advance(*slots),
            Step::Reorg(depth) => {
                for _ in 0..*depth {
                    let Some((world, naive)) = run.past.pop() else { break };
                    // Receipts of the lost branch stay known to relays.
                    let relay = run.world.relay.clone();
                    (run.world, run.naive) = (World { relay, ..world }, naive);
                }
            }
            Step::Again { shard, which } => {
                run.again(*shard, *which);
            }
        }
        run.naive.check(&run.world);
    }
    run
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn receipts_are_settled_once_and_ether_is_conserved(steps in prop::collection::vec(step(), 1..60)) {
        run(&steps, MESSAGES_MAX);
    }

    #[test]
    fn and_so_they_are_with_a_small_window(steps in prop::collection::vec(step(), 1..60), window in 1_u64..4) {
        run(&steps, window);
    }
}

/// The random runs do settle, return, and refuse.
#[test]
fn random_runs_are_not_idle() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut n_settled, mut n_refused) = (0, 0);
    for _ in 0..8 {
        let steps = prop::collection::vec(step(), 60).new_tree(&mut runner).unwrap().current();
        let mut run = run(&steps, MESSAGES_MAX);
        n_settled += run.n_settled;
        n_refused += (0..20).filter(|which| run.again(0, *which)).count();
    }
    assert!(n_settled > 100 && n_refused > 20, "{n_settled} settled, {n_refused} refused");
}

/// Takes up to as many waiting receipts of an EE as its mask can reject; sources take turns.
fn earliest(world: &World, shard: u64, ee: u32) -> Vec<InboundBatch> {
    let limits =
        ReceiptLimits { receipts_max: 64, bytes_max: 1 << 18, batches_max: 16, returning_ees_max: 1 };
    let waiting = world.candidates(shard);
    let of_ee = waiting.for_ees.get(&ee).map_or(&[][..], |of_ee| of_ee);
    world.relay.batches(&within(of_ee, world.slot, limits))
}

/// The number of receipts on a lane that are sent and not behind the window.
fn length(world: &World, source: u64, destination: u64) -> u64 {
    let outbound = world.next.shards().get(source as usize).unwrap().outbound();
    let inbound = world.next.shards().get(destination as usize).unwrap().inbound();
    let next = outbound.get(destination as usize + 1).unwrap().next;
    next - inbound.get(source as usize + 1).unwrap().next
}

#[test]
fn full_lanes_refuse_messages_and_shards_that_flood_one_another_and_reject_everything_go_on() {
    let mut world = World::new();
    let (mut sent, mut full) = ([0_u64; N_SHARDS as usize], [0_u64; N_SHARDS as usize]);
    for round in 0..160 {
        for shard in 0..N_SHARDS {
            // As much as lanes take, to every shard, and nothing is accepted.
            let nothing = Mail { rejected: u64::MAX, ..Mail::default() };
            let others = (0..N_SHARDS).flat_map(|other| [other; 30]);
            let flood = others.fold(nothing.clone(), |mail, other| mail.send(&message(other, 0, 1, 0, b"")));
            let batches = earliest(&world, shard, 0);
            match world.step_with(shard, &[(0, flood)], &batches) {
                Ok(_) => sent[shard as usize] += 1,
                Err(ExecutorError::Receipts(ReceiptError::LaneFull { ee: 0, destination, got, limit })) => {
                    let inbound = world.parent.shards().get(destination as usize).unwrap().inbound();
                    assert_eq!(limit, inbound.get(shard as usize + 1).unwrap().next + MESSAGES_MAX);
                    assert!(got >= limit);
                    full[shard as usize] += 1;
                    world.step_with(shard, &[(0, nothing)], &batches).unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        }
        world.tick();
        let first = world.slot.saturating_sub(200);
        world.relay.forget_before(first);
        for source in 0..N_SHARDS {
            for destination in 0..N_SHARDS {
                assert!(length(&world, source, destination) <= WINDOW, "round {round}");
            }
        }
    }
    // Every shard was held back, and every one sent on afterwards.
    assert!(full.iter().all(|n| *n > 40), "{full:?} refused");
    assert!(sent.iter().all(|n| *n > 25), "{sent:?} sent");
}

#[test]
fn a_receiver_keeps_its_size_however_many_receipts_it_gets() {
    use ssz::Encode as _;
    let mut world = World::new();
    let size = |world: &World| world.next.shards().get(1).unwrap().as_ssz_bytes().len();
    let before = size(&world);
    // With OUTRIDER_LANE_SLOTS, for any number of slots; the lane is full in each.
    let n_slots = std::env::var("OUTRIDER_LANE_SLOTS").map_or(20, |n| n.parse().unwrap());
    let full = (0..MESSAGES_MAX).fold(Mail::default(), |mail, _| mail.send(&message(1, 1, 1, 0, b"")));
    let back = Mail::default().send(&message(0, 0, MESSAGES_MAX, 0, b""));
    for _ in 0..n_slots {
        world.step(0, &[(0, full.clone())]).unwrap();
        world.tick();
        assert_eq!(length(&world, 0, 1), MESSAGES_MAX);
        world.step(1, &[(1, back.clone())]).unwrap();
        world.tick();
        assert_eq!((size(&world), length(&world, 0, 1)), (before, 0));
        let first = world.slot.saturating_sub(2);
        world.relay.forget_before(first);
    }
    assert!(world.relay.len() < 8, "what is settled is forgotten");
}
