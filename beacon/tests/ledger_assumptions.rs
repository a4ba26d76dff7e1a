//! Conditional crosslinks: headers that count only if what they assume came true.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    P1,
    assumptions::{assuming, crosslink_all, moving, settings, start, tip, try_crosslink_all},
    claims::slashing,
    shards::{ee_state, next_header, try_crosslink},
};
use outrider_beacon::ledger::{
    ExecutionHeader, ExtendedState, Ledger, LedgerError, LedgerOperations, Settings, error::HeaderError,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Root, Shard},
};

/// Returns the root of an EE on a shard, as its byte.
fn root(extended: &ExtendedState<P1>, shard: Shard, ee: usize) -> u8 {
    ee_state(extended, shard as usize, ee).0[0]
}

fn execution_root(extended: &ExtendedState<P1>, shard: Shard) -> Root {
    extended.ledger.shards().get(shard as usize).unwrap().execution_root()
}

/// Returns what the slots after a chain's head have on two shards, in the order of a shard and the other one.
fn of_shards(
    shard: Shard,
    own: Vec<Option<ExecutionHeader>>,
    other: Vec<Option<ExecutionHeader>>,
) -> common::assumptions::Headers {
    if shard == 0 { [own, other] } else { [other, own] }
}

/// Runs slots with blocks that execute nothing.
fn pass(mut extended: ExtendedState<P1>, slots: usize, settings: &Settings) -> ExtendedState<P1> {
    for _ in 0..slots {
        let tip = tip(&extended, settings);
        extended =
            crosslink_all(&extended, &[0, 1].map(|shard| vec![Some(next_header(&tip, shard))]), settings);
    }
    extended
}

#[test]
fn a_root_of_the_same_slot_is_read_at_once_and_sure_at_the_crosslink() {
    for (challenge_slots, shard) in [(0, 0), (0, 1), (2, 0), (2, 1)] {
        let settings = settings(challenge_slots);
        let before = start(&settings);
        let other = 1 - shard;
        let made = moving(&before.ledger, other, 0, 7);
        let reads = assuming(moving(&before.ledger, shard, 1, 8), other, 0, 7);
        let headers = of_shards(shard, vec![Some(reads.clone())], vec![Some(made)]);
        let crosslinked = crosslink_all(&before, &headers, &settings);
        assert_eq!(execution_root(&crosslinked, shard), hash_tree_root(&reads));
        let sure = pass(crosslinked, challenge_slots as usize, &settings);
        assert_eq!((root(&sure, other, 0), root(&sure, shard, 1)), (7, 8), "shard {shard}");
    }
}

/// The other block has another root, or there is none. The shard goes on in the next slot.
#[test]
fn a_header_whose_assumption_fails_is_ignored_and_the_shard_goes_on() {
    for (challenge_slots, shard) in [(0, 0), (0, 1), (2, 0), (2, 1)] {
        let settings = settings(challenge_slots);
        let before = start(&settings);
        let other = 1 - shard;
        for made in [Some(moving(&before.ledger, other, 0, 9)), None] {
            let mut reads = assuming(moving(&before.ledger, shard, 1, 8), other, 0, 7);
            reads.transitions[0].proposer_fee = 5;
            let headers = of_shards(shard, vec![Some(reads)], vec![made.clone()]);
            let ignored = crosslink_all(&before, &headers, &settings);
            let latest =
                |extended: &ExtendedState<P1>| extended.state.shard_states[shard as usize].latest_block_root;
            assert_ne!(latest(&ignored), latest(&before), "its block is crosslinked");
            assert_eq!(execution_root(&ignored, shard), execution_root(&before, shard));

            let next = moving(&tip(&ignored, &settings), shard, 1, 3);
            assert_eq!(next.parent_execution_root, execution_root(&before, shard));
            let next = of_shards(shard, vec![Some(next)], vec![None]);
            let after = pass(crosslink_all(&ignored, &next, &settings), challenge_slots as usize, &settings);
            assert_eq!(root(&after, shard, 1), 3, "the shard goes on");
            assert_eq!(ee_state(&after, shard as usize, 1).1, ee_state(&before, shard as usize, 1).1);
            let expected = if made.is_some() { 9 } else { root(&before, other, 0) };
            assert_eq!(root(&after, other, 0), expected);
            let unburnt = |extended: &ExtendedState<P1>| extended.ledger.total() - extended.ledger.burnt();
            assert_eq!(unburnt(&after), unburnt(&before), "no fee is paid");
        }
    }
}

#[test]
fn headers_on_an_ignored_one_are_ignored() {
    for challenge_slots in [0, 2] {
        let settings = settings(challenge_slots);
        let before = start(&settings);
        let first = assuming(moving(&before.ledger, 0, 1, 8), 1, 0, 7);
        let second = ExecutionHeader {
            parent_execution_root: hash_tree_root(&first),
            ..moving(&before.ledger, 0, 0, 4)
        };
        let third =
            ExecutionHeader { parent_execution_root: hash_tree_root(&second), ..ExecutionHeader::default() };
        let headers = [vec![Some(first), Some(second)], vec![None, None]];
        let ignored = crosslink_all(&before, &headers, &settings);
        assert_eq!(
            ignored.ledger.shards().get(0).unwrap().ees(),
            before.ledger.shards().get(0).unwrap().ees()
        );
        assert_eq!(execution_root(&ignored, 0), execution_root(&before, 0));
        // So are those that come with a later crosslink.
        let ignored = crosslink_all(&ignored, &[vec![Some(third)], vec![None]], &settings);
        assert_eq!(execution_root(&ignored, 0), execution_root(&before, 0));
        let next = moving(&tip(&ignored, &settings), 0, 0, 5);
        let after = crosslink_all(&ignored, &[vec![Some(next)], vec![None]], &settings);
        assert_eq!(root(&pass(after, challenge_slots as usize, &settings), 0, 0), 5);
    }
}

/// After a missing beacon block, one block crosslinks two slots: they count as if each had been crosslinked by itself.
#[test]
fn headers_count_by_slot_and_those_without_assumptions_first() {
    let settings = settings(0);
    let before = start(&settings);
    let on = |parent: &ExecutionHeader, header: ExecutionHeader| ExecutionHeader {
        parent_execution_root: hash_tree_root(parent),
        ..header
    };
    for shard in [0, 1] {
        let other = 1 - shard;
        let made = [moving(&before.ledger, other, 0, 7), moving(&before.ledger, other, 1, 9)];
        let made = [made[0].clone(), on(&made[0], made[1].clone())];
        let reads = assuming(moving(&before.ledger, shard, 0, 2), other, 0, 7);
        let reads_both = assuming(assuming(moving(&before.ledger, shard, 1, 3), other, 0, 7), other, 1, 9);
        let reads_both = on(&reads, reads_both);
        let headers = of_shards(shard, vec![Some(reads), Some(reads_both)], made.map(Some).to_vec());
        let after = crosslink_all(&before, &headers, &settings);
        assert_eq!([root(&after, shard, 0), root(&after, shard, 1)], [2, 3]);

        // A root of a later slot has not come true yet, and one that a later slot changes was true.
        let first = moving(&before.ledger, other, 0, 7);
        let mut changed = moving(&before.ledger, other, 0, 8);
        changed.transitions[0].pre_state_root = Root::repeat_byte(7);
        let made = vec![Some(first.clone()), Some(on(&first, changed))];
        for (assumed, counts) in [(7, true), (8, false)] {
            let reads = assuming(moving(&before.ledger, shard, 0, 2), other, 0, assumed);
            let headers = of_shards(shard, vec![Some(reads), None], made.clone());
            let after = crosslink_all(&before, &headers, &settings);
            assert_eq!(root(&after, shard, 0) == 2, counts, "root {assumed} of slot 1");
        }
    }
}

/// Two headers that assume each other's roots: the first one has nothing to build on.
#[test]
fn a_circle_of_assumptions_never_counts() {
    for challenge_slots in [0, 2] {
        let settings = settings(challenge_slots);
        let before = start(&settings);
        let headers =
            [0, 1].map(|shard| vec![Some(assuming(moving(&before.ledger, shard, 0, 7), 1 - shard, 0, 7))]);
        let after = pass(crosslink_all(&before, &headers, &settings), challenge_slots as usize, &settings);
        for shard in [0, 1] {
            assert_eq!(root(&after, shard, 0), root(&before, shard, 0));
        }
    }
}

#[test]
fn headers_are_refused_with_assumptions_that_the_settings_do_not_allow() {
    for challenge_slots in [0, 2] {
        let on = settings(challenge_slots);
        let off = Settings { assumptions_max: 0, ..settings(challenge_slots) };
        let before = start(&on);
        let header = || moving(&before.ledger, 1, 1, 8);
        let check = |settings: &Settings, header: ExecutionHeader, expected: HeaderError| {
            let result = try_crosslink_all(&before, &[vec![None], vec![Some(header)]], settings);
            assert_eq!(result.unwrap_err(), LedgerError::Header { shard: 1, slot: 1, error: expected });
        };
        // It would even come true.
        let true_root = root(&before, 0, 0);
        let one = assuming(header(), 0, 0, true_root);
        check(&off, one.clone(), HeaderError::Assumptions { got: 1, limit: 0 });
        let two = assuming(one, 0, 1, 7);
        check(&on, assuming(two, 0, 2, 7), HeaderError::Assumptions { got: 3, limit: 2 });
        check(&on, assuming(header(), 1, 0, 7), HeaderError::AssumptionShard { shard: 1, ee: 0 });
        for ee in [0, 1] {
            let twice = assuming(assuming(header(), 0, 1, 7), 0, ee, 7);
            check(&on, twice, HeaderError::AssumptionOrder { shard: 0, ee });
        }
        // Of a shard or an EE that does not exist, nothing comes true.
        for (shard, ee) in [(2, 0), (u64::MAX, 0), (0, 2), (0, u32::MAX)] {
            let headers = [vec![None], vec![Some(assuming(header(), shard, ee, 0))]];
            assert_eq!(execution_root(&crosslink_all(&before, &headers, &on), 1), execution_root(&before, 1));
        }
    }
}

/// The conviction of the block that makes the root takes the one that assumed it along, at once, and slashes nobody for it.
#[test]
fn what_assumes_a_convicted_header_is_dropped_with_it() {
    let settings = settings(3);
    let before = start(&settings);
    let wrong = moving(&before.ledger, 0, 0, 0xff);
    let reads = assuming(moving(&before.ledger, 1, 1, 8), 0, 0, 0xff);
    let operations = LedgerOperations::default;
    let (block, made) =
        try_crosslink(&before, [wrong.clone(), reads.clone()], operations(), &settings).unwrap();
    let extended = made.extended;
    let n_pending = |ledger: &Ledger| [0, 1].map(|shard| ledger.shards().get(shard).unwrap().pending().len());
    assert_eq!(n_pending(&extended.ledger), [1, 1]);
    let claim = slashing(&block, &extended, &wrong);
    // The block with the conviction also crosslinks what was built on both.
    let late = [0, 1].map(|shard| next_header(&tip(&extended, &settings), shard));
    let convicted = try_crosslink(&extended, late, claim.clone(), &settings).unwrap().1.extended;
    assert_eq!(n_pending(&convicted.ledger), [0, 0]);
    assert_eq!([0, 1].map(|shard| execution_root(&convicted, shard)), [Root::ZERO; 2]);
    let accused = &claim.execution_slashings[0].message.attestation;
    let attesters =
        outrider_beacon_spec::accessors::get_indexed_attestation(&convicted.state, accused).unwrap();
    for (index, validator) in (0..).zip(&convicted.state.validators) {
        assert_eq!(validator.slashed, attesters.attesting_indices.contains(&index), "validator {index}");
    }
    let next = [0, 1].map(|shard| vec![Some(moving(&tip(&convicted, &settings), shard, 1, 3))]);
    let after = pass(crosslink_all(&convicted, &next, &settings), 3, &settings);
    assert_eq!([0, 1].map(|shard| root(&after, shard, 1)), [3, 3]);
    assert_eq!(root(&after, 0, 0), root(&before, 0, 0));
}
