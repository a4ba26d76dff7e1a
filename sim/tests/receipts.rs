//! Transfers between shards on a whole chain: beacon blocks, crosslinks, committees, providers and proposers; how long they take,
//! what returns, and that no ether is lost or made, whatever is missing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/users.rs"]
#[allow(dead_code, reason = "these tests use a part")]
mod users;
#[path = "common/receipts.rs"]
mod world;

use std::collections::BTreeSet;

use account::{Action, PublicKey, Signature};
use outrider_beacon::{ledger::MESSAGES_MAX, receipts::EXPIRY_SLOTS};
use outrider_beacon_spec::{
    containers::DepositData,
    hash::hash_tree_root,
    types::{Gwei, Shard, Slot},
};
use outrider_host::{EeIndex, ShardIndex};
use outrider_sim::{
    Fault, Genesis, Members, Network, Partition, Setup, SignatureMode, ViewSetup, interop_deposits,
    interop_secret_key,
};
use ssz::Encode as _;
use users::ACCOUNT;
use world::{ALLERGIC, ENDOWED, ETHER, FAUCET, OLD, Preset, SHARDS, World, balance};

fn trusted(genesis: Genesis) -> Setup {
    Setup { signatures: SignatureMode::Trusted, ..Setup::one_view(genesis) }
}

fn to_ee(shard: Shard, ee: u32, receipt_fee: Gwei, payload: &[u8]) -> Action {
    Action::Send { shard: ShardIndex(shard), ee: EeIndex(ee.into()), receipt_fee, payload: payload.to_vec() }
}

#[test]
fn a_transfer_across_shards_is_used_in_the_next_slot() {
    let mut world = World::new(&SHARDS, Setup::one_view);
    world.send((0, 0), (2, 1), 5_000, 10);
    world.run(1);
    // The recipient spends it in the block that brings it: without it, the recipient has too little.
    let carol = Action::Transfer { recipient: world.accounts.public_key(2).address() };
    world.submit(2, 1, ETHER + 5_000, carol);
    world.run(1);
    world.send((2, 2), (2, 3), 1, 0);
    world.run(2);

    let sent = &world.execution(0, 1).header;
    assert_eq!((sent.lanes.len(), sent.lanes[0].destination_shard, sent.lanes[0].value), (1, 2, 5_010));
    let received = &world.execution(2, 2).header;
    assert_eq!((received.settlements[0].value, received.settlements[0].fees), (5_000, 10));
    assert_eq!(
        [world.balance(0, 0), world.balance(2, 1), world.balance(2, 2)],
        [ETHER - 5_010, 0, 2 * ETHER + 4_999]
    );

    // On the shard: a receipt of 69 bytes and its payload, two addresses, after 4 for its offset; and its proof, a lane of 60 bytes and ten
    // hashes, with 52 that say where they belong. On the beacon chain: the lane, and a settlement of 32
    // bytes and three bit lists.
    let bodies = world.beside.bodies.lock().unwrap();
    let body = &bodies[&hash_tree_root(received)];
    let [on_shard, lane, settlement] = [
        body.inbound[0].ssz_bytes_len(),
        sent.lanes[0].ssz_bytes_len(),
        received.settlements[0].ssz_bytes_len(),
    ];
    assert_eq!((on_shard, lane, settlement), (4 + 69 + 64 + 60 + 320 + 52, 60, 32 + 3 * 5));
    drop(bodies);

    // A transfer within a shard takes the same way.
    assert_eq!(world.execution(2, 3).header.lanes[0].destination_shard, 2);
    world.run(1);
    assert_eq!(world.balance(2, 3), ETHER + 1);
    assert_eq!(world.check_exactly_once(0), 2);
}

fn deposit(data: &DepositData) -> Action {
    Action::Withdraw {
        validator: PublicKey(data.pubkey.0),
        withdrawal_credentials: data.withdrawal_credentials.0,
        deposit_signature: Signature(data.signature.0),
    }
}

#[test]
fn ether_of_a_validator_comes_to_its_account_and_makes_another_validator() {
    let mut world = World::new(&SHARDS, |genesis| Setup { n_joining: 1, ..Setup::one_view(genesis) });
    let operations = world.withdrawal(3, 40 * ETHER, &world.address(1));
    world.run_with(&operations);
    let left = *world.head(0).state.balances.get(FAUCET.0 as usize).unwrap();
    assert_eq!(left, FAUCET.1 - 40 * ETHER);
    // Shard blocks build on the beacon block of their slot: the receipt is in the block of the same slot.
    world.run(1);
    let settlement = &world.execution(3, 1).header.settlements[0];
    assert_eq!((settlement.source_shard, settlement.value), (1024, 40 * ETHER));
    assert_eq!(world.balance(3, 1), 41 * ETHER);

    // The way out: a deposit for a new validator, and one whose signature is wrong. That returns to the validator's key.
    let joining = Preset::N_VALIDATORS;
    let data = interop_deposits::<Preset>(&[interop_secret_key(joining)])[0].data.clone();
    let mut wrong = interop_deposits::<Preset>(&[interop_secret_key(joining + 1)])[0].data.clone();
    wrong.signature = data.signature;
    world.submit(3, 1, 32 * ETHER, deposit(&data));
    world.submit(3, 1, 2 * ETHER, deposit(&wrong));
    world.run(6);
    let state = world.head(0).state;
    assert_eq!(state.validators.len() as u64, joining + 1);
    assert_eq!(state.validators.get(joining as usize).unwrap().pubkey, data.pubkey);
    assert_eq!(state.validators.get(joining as usize).unwrap().effective_balance, 32 * ETHER);
    assert_eq!(world.balance(3, 1), 7 * ETHER);
    let returned = world.balances(&world.head(0).ledger, 3)[&PublicKey(wrong.pubkey.0).address().0];
    assert_eq!(returned, 2 * ETHER);
}

#[test]
fn what_nobody_takes_returns_to_its_sender() {
    let mut world = World::new(&SHARDS, trusted);
    // To an address without an account, with a payload that is no recipient, to an EE of 2019, and to an EE that does not exist.
    world.submit(0, 0, 1_000, to_ee(3, ACCOUNT, 1, &[9; 32]));
    world.submit(0, 1, 1_000, to_ee(3, ACCOUNT, 2, b"Bob"));
    world.submit(0, 2, 1_000, to_ee(1, OLD, 3, &[]));
    world.submit(0, 3, 1_000, to_ee(2, 77, 4, &[]));
    world.run(2);
    assert_eq!([0, 1, 2, 3].map(|user| world.balance(0, user)), [1, 2, 3, 4].map(|fee| ETHER - 1_000 - fee));
    // Rejected or refused in slot 2, they are back in slot 3, without their fees.
    world.run(2);
    let settlements = &world.execution(0, 3).header.settlements;
    assert_eq!(
        settlements.iter().map(|settlement| settlement.value).collect::<Vec<_>>(),
        [1_000, 1_000, 2_000]
    );
    assert_eq!([0, 1, 2, 3].map(|user| world.balance(0, user)), [1, 2, 3, 4].map(|fee| ETHER - fee));
    assert_eq!(world.all_balances(), ENDOWED - 10);
    assert_eq!(world.check_exactly_once(0), 8);
    assert_eq!(count_of_old(&world), 3, "the EE of 2019 has run in each block up to slot 3");
}

/// Returns the number of blocks that the EE of 2019 has counted.
fn count_of_old(world: &World) -> u64 {
    let root = world.head(0).ledger.shards().get(1).unwrap().ees().get(OLD as usize).unwrap().state_root;
    u64::from_le_bytes(*root.0.first_chunk().unwrap())
}

#[test]
fn what_nobody_delivers_expires_and_returns_with_half_of_its_fee() {
    // Accounts have no provider on shard 3, and an EE on shard 1 traps on each receipt.
    let mut world = World::new(&[0, 1, 2], trusted);
    world.send((0, 0), (3, 1), 5_000, 9);
    world.submit(0, 1, 7_000, to_ee(1, ALLERGIC, 20, b"Achoo"));
    for slot in 1..=EXPIRY_SLOTS + 1 {
        world.give(1, ALLERGIC, vec![1]);
        world.run(1);
        assert_eq!(world.simulation.slot(), slot);
    }
    assert_eq!([0, 1].map(|user| world.balance(0, user)), [ETHER - 5_009, ETHER - 7_020]);
    // Sent in slot 1, they are settled in slot 130, and back in slot 131.
    world.run(3);
    for (shard, value, fee) in [(3, 5_005, 4), (1, 7_010, 10)] {
        let settlement = &world.execution(shard, EXPIRY_SLOTS + 2).header.settlements[0];
        assert_eq!((settlement.value, settlement.fees), (value, fee));
        assert!(settlement.undelivered.get(0).unwrap());
    }
    assert_eq!([0, 1].map(|user| world.balance(0, user)), [ETHER - 4, ETHER - 10]);
    assert_eq!(world.check_exactly_once(0), 4);
    // Shard 1 had a block in each slot, in which both other EEs ran.
    assert_eq!(count_of_old(&world), EXPIRY_SLOTS + 3);
    let of_shard = world.executions(0).filter(|execution| execution.shard == 1);
    let with_allergic =
        of_shard.filter(|execution| execution.header.transitions.iter().any(|ee| ee.ee == ALLERGIC));
    assert_eq!(with_allergic.count() as u64, EXPIRY_SLOTS + 1);
    assert_eq!(balance(&world.head(0).ledger, 1, ALLERGIC), users::EE_ETHER);
}

/// Has a user of each shard send to another user, on each shard in turn, with a fee of 3, or to nobody in every fifth case.
fn send_all(world: &mut World, round: u64) {
    for shard in SHARDS {
        let (user, to) = (round % 4, (shard + 1 + round % 3) % 4);
        if (round + shard).is_multiple_of(5) {
            world.submit(shard, user, 100, to_ee(to, ACCOUNT, 3, b"nobody"));
        } else {
            world.send((shard, user), (to, user + 1), 1_000 + round, 3);
        }
    }
}

/// Checks that all that was sent in so many rounds has arrived or returned once, and costs the fees.
#[track_caller]
fn check_all_sent(world: &World, n_rounds: u64) {
    let rounds = (0..n_rounds).flat_map(|round| SHARDS.map(|shard| round + shard));
    let n_returned = rounds.filter(|number| number.is_multiple_of(5)).count();
    let n_sent = 4 * n_rounds;
    assert_eq!(world.check_exactly_once(0), n_sent as usize + n_returned);
    assert_eq!(world.all_balances(), ENDOWED - 3 * n_sent);
}

#[test]
fn missing_blocks_delay_receipts_and_lose_none() {
    let beacon = [3, 7, 8, 12].map(|slot| Fault::MissingBeaconBlock { slot });
    let shards = [(0, 2), (1, 3), (2, 4), (3, 5), (0, 6), (1, 6), (2, 9), (2, 10), (3, 13)];
    let shards = shards.map(|(shard, slot)| Fault::MissingShardBlock { shard, slot });
    let faults = beacon.into_iter().chain(shards).collect();
    let mut world = World::new(&SHARDS, |genesis| Setup { faults, ..trusted(genesis) });
    for round in 0..16 {
        send_all(&mut world, round);
        world.run(1);
    }
    world.run(10);
    check_all_sent(&world, 16);
}

/// Runs a chain in which a side with two fifths of the stake is cut off for six slots, and users send in each. Returns the
/// crosslinked blocks with deliveries that each side has lost.
fn reorg(seed: u64) -> [usize; 2] {
    let (from, until): (Slot, Slot) = (6, 12);
    let partitions = vec![Partition { from, until, side: BTreeSet::from([0]) }];
    let network = Network { latency_ms: 100, jitter_ms: 50, partitions };
    let mut world = World::new(&SHARDS, |genesis| {
        let views = [("A", 40), ("B", 60)].map(|(name, share)| ViewSetup::new(name, Members::Share(share)));
        Setup { views: views.into(), network, ..trusted(Genesis { seed, ..genesis }) }
    });
    let n_rounds = until - 1;
    for round in 0..n_rounds {
        send_all(&mut world, round);
        world.run(1);
    }
    let delivered = |world: &World, view: usize| -> BTreeSet<_> {
        let settling = world.executions(view).filter(|execution| !execution.header.settlements.is_empty());
        settling.map(|execution| hash_tree_root(&execution.header)).collect()
    };
    let sides = [0, 1].map(|view| delivered(&world, view));
    world.run(30);
    let after = delivered(&world, 0);
    assert_eq!(after, delivered(&world, 1), "seed {seed}");
    check_all_sent(&world, n_rounds);
    sides.map(|side| side.difference(&after).count())
}

#[test]
fn a_reorg_takes_deliveries_back_and_the_winning_branch_has_each_once() {
    let lost = [1, 6, 10].map(reorg);
    // The seeds differ in which side has committees that crosslink, and in which side wins.
    assert_eq!(lost, [[0, 0], [0, 1], [2, 0]]);
}

/// For 270 slots, no attestation comes into a block. Then nobody could prove the receipts in the oldest shard blocks, so these are
/// given up, and the shards go on.
#[test]
fn shards_go_on_after_256_slots_without_a_crosslink() {
    let (from, until): (Slot, Slot) = (2, 272);
    let faults = (from..until).map(|slot| Fault::WithheldAttestations { slot, known_to: BTreeSet::new() });
    let faults = faults.collect();
    let mut world = World::new(&SHARDS, |genesis| Setup { faults, ..trusted(genesis) });
    world.run(from);
    SHARDS.iter().for_each(|shard| world.send((*shard, 0), ((shard + 1) % 4, 1), 500, 3));
    world.run(until + 4 - from);
    let slots = |world: &World| world.executions(0).map(|execution| execution.slot).collect::<BTreeSet<_>>();
    assert_eq!(slots(&world), BTreeSet::from([1, 273, 274, 275]));
    SHARDS.iter().for_each(|shard| world.send((*shard, 2), ((shard + 1) % 4, 3), 700, 3));
    world.run(4);
    assert!(SHARDS.iter().all(|shard| world.balance(*shard, 3) == ETHER + 700));
}

#[test]
fn a_full_lane_and_one_that_does_not_exist_stop_nobody_else() {
    // Nobody takes receipts on shard 3, and there is no shard 99.
    let mut world = World::new(&[0, 1, 2], trusted);
    world.submit(0, 2, 1, to_ee(99, ACCOUNT, 0, &[]));
    let n_room = MESSAGES_MAX;
    for _ in 0..n_room + 2 {
        world.send((0, 0), (3, 1), 1, 0);
    }
    world.send((0, 1), (2, 1), 10, 0);
    world.run(2);
    assert_eq!(world.execution(0, 1).header.lanes.len(), 1, "the first of them");
    world.run(14);
    let sent = world.executions(0).flat_map(|execution| &execution.header.lanes);
    let sent = sent.filter(|lane| lane.destination_shard == 3).map(|lane| u64::from(lane.n)).sum::<u64>();
    assert_eq!(sent, n_room);
    assert_eq!(
        [world.balance(2, 1), world.balance(0, 0), world.balance(0, 2)],
        [ETHER + 10, ETHER - n_room, ETHER]
    );
}
