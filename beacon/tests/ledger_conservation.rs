//! Ether is conserved under any headers and operations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P0, P1, balance, empty_body, genesis,
    headers::{apply, deposit, lane, sent, settlement, start},
    operations::{
        deploy, quick, top_up, vote, with_deploy, with_exit, with_top_up, with_votes, with_withdrawal,
        withdrawal,
    },
    shards::{next_header, next_transition},
    try_propose,
};
use outrider_beacon::ledger::{
    Deploy, EeTransition, ExecutionHeader, Exit, ExtendedBlock, ExtendedState, Lane, Ledger,
    LedgerOperations, Settings, Settlement, TopUp, WithdrawToEe, lane_index,
    operation::DOMAIN_WITHDRAW_TO_EE,
};
use outrider_beacon_spec::{
    containers::BeaconState, phase::Phase as _, signatures::Signatures, transition::process_slots,
};
use proptest::{collection::vec, prelude::*};

/// The actions of a shard block: it settles everything from a source, and sends a share of the EE's ether.
#[derive(Clone, Debug)]
struct Step {
    shard: u64,
    ee: u32,
    source: u64,
    destination: u64,
    n: u32,
    sends: u64,
    fee: u64,
    /// The fields that the proposer and its committee forge, if any.
    lies: Vec<(Lie, u64)>,
}

/// A field that is raised by some amount, or a few related ones.
#[derive(Clone, Copy, Debug)]
enum Lie {
    Balance,
    ValueIn,
    ValueOut,
    Deposits,
    ProposerFee,
    SettledValue,
    SettledFees,
    SettledFirst,
    Rejected,
    SentValue,
    SentFirst,
    SentNumber,
    /// More is settled than is in flight, and the EE receives it.
    TakeMore,
    /// More is spent than there is, and sent.
    SendMore,
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..60_u64, 0..3_000 * ETHER, any::<u64>()]
}

fn lie() -> impl Strategy<Value = Lie> {
    use Lie::{
        Balance, Deposits, ProposerFee, Rejected, SendMore, SentFirst, SentNumber, SentValue, SettledFees,
        SettledFirst, SettledValue, TakeMore, ValueIn, ValueOut,
    };
    prop::sample::select(vec![
        Balance,
        ValueIn,
        ValueOut,
        Deposits,
        ProposerFee,
        SettledValue,
        SettledFees,
        SettledFirst,
        Rejected,
        SentValue,
        SentFirst,
        SentNumber,
        TakeMore,
        SendMore,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    let place = (0..2_u64, 0..2_u32, 0..2_u64, 0..2_u64, 1..4_u32);
    let lies = prop_oneof![Just(Vec::new()), vec((lie(), amount()), 1..3)];
    (place, amount(), amount(), lies).prop_map(|((shard, ee, source, destination, n), sends, fee, lies)| {
        Step { shard, ee, source, destination, n, sends, fee, lies }
    })
}

/// Returns an honest header with the forged fields.
fn header(ledger: &Ledger, step: &Step) -> ExecutionHeader {
    let shard = ledger.shards().get(step.shard as usize).unwrap();
    let came =
        *ledger.shards().get(step.source as usize).unwrap().outbound().get(step.shard as usize + 1).unwrap();
    let next = shard.inbound().get(lane_index(step.source) as usize).unwrap().next;
    let n_open = came.next.saturating_sub(next).min(8) as usize;
    let value_in = if n_open == 0 { 0 } else { came.in_flight };
    let mut settled = settlement(step.source, next, n_open, &(0..n_open).collect::<Vec<_>>(), value_in);
    let mut transition =
        EeTransition { value_in, ..next_transition(ledger, step.shard, step.ee, step.n as u8) };
    let available = transition.balance + value_in;
    transition.value_out = step.sends % (available + 1);
    transition.proposer_fee = step.fee % (available - transition.value_out + 1);
    let first = shard.outbound().get(lane_index(step.destination) as usize).unwrap().next;
    let mut sent = lane(step.destination, first, step.n, transition.value_out);
    for (lie, amount) in &step.lies {
        tell(*lie, *amount, &mut transition, &mut settled, &mut sent);
    }
    let mut header = next_header(ledger, step.shard);
    if n_open > 0 {
        header.settlements.push(settled).unwrap();
    }
    header.transitions.push(transition).unwrap();
    header.lanes.push(sent).unwrap();
    header
}

fn tell(lie: Lie, amount: u64, transition: &mut EeTransition, settled: &mut Settlement, sent: &mut Lane) {
    let raise = |field: &mut u64| *field = field.wrapping_add(amount);
    match lie {
        Lie::Balance => raise(&mut transition.balance),
        Lie::ValueIn => raise(&mut transition.value_in),
        Lie::ValueOut => raise(&mut transition.value_out),
        Lie::Deposits => {
            transition.deposit_data.push(deposit(amount)).unwrap_or_default();
            raise(&mut transition.deposits);
        }
        Lie::ProposerFee => raise(&mut transition.proposer_fee),
        Lie::SettledValue => raise(&mut settled.value),
        Lie::SettledFees => raise(&mut settled.fees),
        Lie::SettledFirst => raise(&mut settled.first),
        Lie::Rejected => settled.rejected = settled.settled.clone(),
        Lie::SentValue => raise(&mut sent.value),
        Lie::SentFirst => raise(&mut sent.first),
        Lie::SentNumber => sent.n = sent.n.wrapping_add(amount as u32),
        Lie::TakeMore => {
            raise(&mut settled.value);
            raise(&mut transition.value_in);
        }
        Lie::SendMore => {
            raise(&mut transition.value_out);
            raise(&mut sent.value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A committee that signs anything creates no ether: all ether is still there, or has left as fees.
    #[test]
    fn any_headers_conserve_ether(steps in vec(step(), 1..16)) {
        let mut ledger = start();
        let mut paid = 0_u128;
        for step in &steps {
            let header = header(&ledger, step);
            let outcome = apply(&mut ledger, step.shard, header);
            prop_assert!(!step.lies.is_empty() || outcome.is_ok(), "{:?}", outcome);
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

/// An operation by anybody, valid or not.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Deploy { deposit: u64, payer: u64 },
    Vote { accept: bool, n_voters: u64 },
    Exit { ee: u32 },
    Withdraw { ee: u32, shard: u64, amount: u64, validator: u64 },
    TopUp { ee: u32, amount: u64, validator: u64 },
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
        (0..2_u32, amount(), validator()).prop_map(|(ee, amount, validator)| Wish::TopUp {
            ee,
            amount,
            validator
        }),
        (1..20_u64).prop_map(|n_slots| Wish::Wait { n_slots }),
    ]
}

fn operations(extended: &ExtendedState<P0>, wish: Wish) -> LedgerOperations<P0> {
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
        Wish::TopUp { ee, amount, validator } => {
            let amount = amount % (balance(extended, validator) + 2);
            with_top_up(extended, TopUp { payer: validator, ..top_up(extended, ee, amount) })
        }
        Wish::Vote { .. } | Wish::Wait { .. } => LedgerOperations::default(),
    }
}

/// Returns the ether of validators and of the ledger.
fn supply(state: &BeaconState<P0>, ledger: &Ledger) -> u128 {
    state.balances.iter().map(|balance| u128::from(*balance)).sum::<u128>() + u128::from(ledger.total())
}

/// Returns the state after a block by the specification alone, with its rewards and penalties.
fn by_the_letter(before: &ExtendedState<P0>, block: &ExtendedBlock<P0>) -> BeaconState<P0> {
    let mut state = before.state.clone();
    process_slots(&mut state, block.block.message.slot).unwrap();
    P0::process_block(&mut state, &block.block.message, &mut Signatures::Ignored).unwrap();
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Operations move ether between validators and the ledger, without creating or losing any.
    #[test]
    fn any_operations_conserve_ether(wishes in vec(wish(), 1..24), rent in 0..9_u64) {
        let settings = Settings { rent_per_epoch: rent * ETHER, ..quick() };
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
