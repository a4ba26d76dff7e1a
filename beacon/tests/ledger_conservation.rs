//! Ether is conserved, whatever headers and operations say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P0, P1, balance, empty_body, genesis,
    headers::{apply, deposit, lane, sent, settlement, start},
    operations::{deploy, quick, vote, with_deploy, with_exit, with_votes, with_withdrawal, withdrawal},
    shards::{next_header, next_transition},
    try_propose,
};
use outrider_beacon::ledger::{
    BEACON_CHAIN, Deploy, EeTransition, ExecutionHeader, Exit, Extended, ExtendedBlock, Lane, Ledger,
    LedgerOperations, Settlement, WithdrawToEe, lane_index, operation::DOMAIN_WITHDRAW_TO_EE,
};
use outrider_beacon_spec::{
    containers::BeaconState, phase::Phase as _, signatures::Signatures, transition::process_slots,
    types::Root,
};
use proptest::{collection::vec, prelude::*};
use ssz_types::VariableList;

/// What a proposer may do to a header, honest or not.
#[derive(Clone, Debug)]
struct Damage {
    shard: u64,
    ee: u32,
    amounts: [u64; 6],
    first: u64,
    bits: u8,
    n: u32,
    source: u64,
    destination: u64,
    is_honest: bool,
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..60_u64, 0..3_000 * ETHER, any::<u64>()]
}

fn damage() -> impl Strategy<Value = Damage> {
    let shard = || prop_oneof![4 => 0..2_u64, 1 => Just(BEACON_CHAIN)];
    let places = (0..2_u64, 0..2_u32, shard(), shard(), any::<bool>());
    (places, [amount(), amount(), amount(), amount(), amount(), amount()], 0..6_u64, any::<u8>(), 0..4_u32)
        .prop_map(|((shard, ee, source, destination, is_honest), amounts, first, bits, n)| Damage {
            shard,
            ee,
            amounts,
            first,
            bits,
            n,
            source,
            destination,
            is_honest,
        })
}

/// A header by somebody who may write anything; one that is honest gets its sums right.
fn header(ledger: &Ledger, damage: &Damage) -> ExecutionHeader {
    let [value_in, value_out, deposits, proposer_fee, sent, fees] = damage.amounts;
    let mut header = next_header(ledger, damage.shard);
    let set: Vec<_> = (0..8).filter(|bit| damage.bits >> bit & 1 == 1).collect();
    let mut transition = EeTransition {
        value_in,
        value_out,
        deposits,
        proposer_fee,
        deposit_data: vec![deposit(deposits)].try_into().unwrap(),
        ..next_transition(ledger, damage.shard, damage.ee, damage.bits)
    };
    let mut settled = Settlement { fees, ..settlement(damage.source, damage.first, 8, &set, value_in) };
    let mut lane = lane(damage.destination, damage.first, damage.n, sent);
    if damage.is_honest {
        let (source, shard) = (damage.source.min(1), damage.shard);
        let outbound = |from: u64, to: u64| {
            *ledger.shards().get(from as usize).unwrap().outbound().get(lane_index(to) as usize).unwrap()
        };
        let flight = outbound(source, shard);
        let next = ledger
            .shards()
            .get(shard as usize)
            .unwrap()
            .inbound()
            .get(lane_index(source) as usize)
            .unwrap()
            .next;
        let n_open = flight.next.saturating_sub(next).min(8) as usize;
        settled = settlement(source, next, n_open, &(0..n_open).collect::<Vec<_>>(), flight.in_flight);
        let available = transition.balance + settled.value;
        transition.value_in = settled.value;
        transition.value_out = value_out % (available + 1);
        transition.proposer_fee = proposer_fee % (available - transition.value_out + 1);
        transition.deposits = 0;
        transition.deposit_data = VariableList::default();
        let destination = damage.destination.min(1);
        lane = Lane {
            destination_shard: destination,
            first: outbound(shard, destination).next,
            n: damage.n + 1,
            value: transition.value_out,
            receipts_root: Root::ZERO,
        };
        if n_open == 0 {
            transition.value_out = transition.value_out.min(transition.balance);
            transition.value_in = 0;
            lane.value = transition.value_out;
            transition.proposer_fee = 0;
        }
    }
    if !damage.is_honest || !settled.settled.is_empty() {
        header.settlements.push(settled).unwrap();
    }
    header.transitions.push(transition).unwrap();
    header.lanes.push(lane).unwrap();
    header
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A committee that signs anything makes no ether: what was there is there, or has left with fees.
    #[test]
    fn whatever_headers_say_ether_is_conserved(damages in vec(damage(), 1..12)) {
        let mut ledger = start();
        let mut paid = 0_u128;
        for damage in &damages {
            let header = header(&ledger, damage);
            let outcome = apply(&mut ledger, damage.shard, header);
            prop_assert!(!damage.is_honest || outcome.is_ok(), "{:?}", outcome);
            paid += u128::from(outcome.unwrap_or(0));
            prop_assert_eq!(ledger.distribution().sum() + paid, u128::from(start().total()));
        }
    }

    #[test]
    fn headers_of_arbitrary_bytes_are_decoded_or_refused(bytes in vec(any::<u8>(), 0..600)) {
        use ssz::{Decode as _, Encode as _};
        if let Ok(header) = ExecutionHeader::from_ssz_bytes(&bytes) {
            prop_assert_eq!(header.as_ssz_bytes(), bytes.clone());
        }
        let _ = outrider_beacon::ledger::ShardBody::from_body(&bytes);
        let _ = Ledger::from_ssz_bytes(&bytes);
        let _ = LedgerOperations::<P1>::from_ssz_bytes(&bytes);
    }
}

#[test]
fn a_ledger_survives_its_encoding() {
    use ssz::{Decode as _, Encode as _};
    let ledger = sent();
    let bytes = ledger.as_ssz_bytes();
    let decoded = Ledger::from_ssz_bytes(&bytes).unwrap();
    assert_eq!(decoded.root(), ledger.root());
    assert_eq!(decoded, ledger);
    for (place, _) in bytes.iter().enumerate().step_by(97) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x81;
        if let Ok(other) = Ledger::from_ssz_bytes(&damaged) {
            assert_ne!(other.root(), ledger.root(), "byte {place}");
        }
        assert!(Ledger::from_ssz_bytes(&bytes[..place]).is_err(), "{place} bytes");
    }
}

/// An operation by whoever likes to, right or wrong.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Deploy { deposit: u64, payer: u64 },
    Vote { accept: bool, n_voters: u64 },
    Exit { ee: u32 },
    Withdraw { ee: u32, shard: u64, amount: u64, validator: u64 },
    Wait { n_slots: u64 },
}

fn wish() -> impl Strategy<Value = Wish> {
    let validator = || 66..72_u64;
    prop_oneof![
        (0..70 * ETHER, validator()).prop_map(|(deposit, payer)| Wish::Deploy { deposit, payer }),
        (any::<bool>(), 1..68_u64).prop_map(|(accept, n_voters)| Wish::Vote { accept, n_voters }),
        (0..4_u32).prop_map(|ee| Wish::Exit { ee }),
        (0..4_u32, 0..3_u64, amount(), validator())
            .prop_map(|(ee, shard, amount, validator)| Wish::Withdraw { ee, shard, amount, validator }),
        (1..20_u64).prop_map(|n_slots| Wish::Wait { n_slots }),
    ]
}

fn operations(extended: &Extended<P0>, wish: Wish) -> LedgerOperations<P0> {
    let epoch = extended.state.slot / 8;
    match wish {
        Wish::Deploy { deposit, payer } => with_deploy(
            extended,
            Deploy {
                deposit,
                payer,
                code: vec![0, extended.ledger.ees().len() as u8].try_into().unwrap(),
                ..deploy(extended)
            },
        ),
        Wish::Vote { accept, n_voters } if !extended.ledger.pre_checks().is_empty() => {
            with_votes(extended, vote(extended, accept), (0..n_voters).collect())
        }
        Wish::Exit { ee } => with_exit(extended, Exit { ee, epoch }, 5),
        Wish::Withdraw { ee, shard, amount, validator } => {
            let balance = balance(extended, validator);
            let message = WithdrawToEe {
                shard,
                balance,
                amount: amount % (balance + 2),
                validator_index: validator,
                ..withdrawal(extended, ee, 0)
            };
            with_withdrawal(extended, message, DOMAIN_WITHDRAW_TO_EE)
        }
        Wish::Vote { .. } | Wish::Wait { .. } => LedgerOperations::default(),
    }
}

/// What validators have, and the ledger.
fn supply(state: &BeaconState<P0>, ledger: &Ledger) -> u128 {
    state.balances.iter().map(|balance| u128::from(*balance)).sum::<u128>() + u128::from(ledger.total())
}

/// The state after a block as the specification alone has it: what rewards and penalties come to.
fn by_the_letter(before: &Extended<P0>, block: &ExtendedBlock<P0>) -> BeaconState<P0> {
    let mut state = before.state.clone();
    process_slots(&mut state, block.block.message.slot).unwrap();
    P0::process_block(&mut state, &block.block.message, &mut Signatures::Ignored).unwrap();
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Operations move ether between validators and the ledger, and neither make nor lose any.
    #[test]
    fn whatever_operations_are_wished_for_ether_is_conserved(wishes in vec(wish(), 1..24)) {
        let settings = quick();
        let mut extended = genesis(&[[0, 0], [7, 0]]);
        for wish in wishes {
            let operations = operations(&extended, wish);
            let n_slots = if let Wish::Wait { n_slots } = wish { n_slots } else { 1 };
            let slot = extended.state.slot + n_slots;
            let Ok((block, transition)) = try_propose(&extended, slot, empty_body, operations, &settings) else {
                continue;
            };
            let after = transition.extended;
            after.ledger.check_conservation().unwrap();
            let letter = supply(&by_the_letter(&extended, &block), &extended.ledger);
            prop_assert_eq!(supply(&after.state, &after.ledger), letter, "{:?}", wish);
            extended = after;
        }
    }
}
