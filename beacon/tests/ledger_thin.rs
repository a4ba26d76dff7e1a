//! A thin ledger, on which committees alone vouch for ether.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P0, P1, balance, genesis, genesis_1,
    headers::{apply_with, deposit, lane, settlement},
    operations::{
        DEPOSIT, deploy, quick, refused_with, step, to_epoch, vote, with_deploy, with_exit, with_votes,
        with_withdrawal, withdrawal,
    },
    propose,
    shards::{crosslink_nothing, headers, try_crosslink},
    try_propose,
};
use outrider_beacon::{
    ledger::{
        EeTransition, Ether, ExecutionHeader, Exit, ExtendedState, GenesisEe, Ledger, LedgerError,
        LedgerOperations, LedgerPhase, Settings, error::HeaderError, error::OperationError,
        operation::DOMAIN_WITHDRAW_TO_EE,
    },
    proof::{Claim, ProveError, Prover},
};
use outrider_beacon_spec::{
    containers::BeaconState, hash::hash_tree_root, phase::Phase0, preset::Mainnet, types::Root,
};
use proptest::{collection::vec, prelude::*};
use ssz::Encode as _;
use std::sync::LazyLock;

const BALANCES: [[u64; 2]; 2] = [[1_000 * ETHER, 2_000 * ETHER], [30, 40]];

fn settings() -> Settings {
    Settings { ether: Ether::Committee, ..quick() }
}

fn thin<P: LedgerPhase>(extended: ExtendedState<P>) -> ExtendedState<P> {
    ExtendedState { ledger: extended.ledger.into_thin().unwrap(), ..extended }
}

static START: LazyLock<ExtendedState<P0>> = LazyLock::new(|| thin(genesis(&BALANCES)));

fn start() -> ExtendedState<P0> {
    START.clone()
}

/// Returns a header that names no EE of the ledger and pays out some ether.
fn paying(ledger: &Ledger, fee: u64, deposits: &[u64]) -> ExecutionHeader {
    let transition = EeTransition {
        ee: 7,
        fuel_used: 1_000,
        proposer_fee: fee,
        deposit_data: deposits.iter().map(|amount| deposit(*amount)).collect::<Vec<_>>().try_into().unwrap(),
        ..EeTransition::default()
    };
    ExecutionHeader {
        parent_execution_root: ledger.shards().get(0).unwrap().execution_root(),
        transitions: vec![transition].try_into().unwrap(),
        ..ExecutionHeader::default()
    }
}

#[test]
fn a_thin_ledger_keeps_the_execution_root_and_checks_the_total() {
    let (settings, mut ledger) = (settings(), start().ledger);
    let total = ledger.total();
    let all = 3_000 * ETHER + 70;
    assert_eq!(ledger.distribution().balances, u128::from(all));
    let too_much = paying(&ledger, all - 32 * ETHER + 1, &[32 * ETHER]);
    let refused = HeaderError::AllShards { got: all + 1, available: u128::from(all) };
    assert_eq!(apply_with(&mut ledger, 0, too_much, &settings), Err(refused));
    // A captured committee of one shard takes what all EEs have on both.
    let everything = paying(&ledger, all - 32 * ETHER, &[32 * ETHER]);
    let execution_root = hash_tree_root(&everything);
    assert_eq!(apply_with(&mut ledger, 0, everything.clone(), &settings), Ok(all - 32 * ETHER));
    assert_eq!(ledger.distribution().balances, 0);
    assert_eq!(ledger.distribution().pending_deposits, u128::from(32 * ETHER));
    assert_eq!(ledger.total(), total - all + 32 * ETHER);
    assert_eq!(ledger.shards().get(0).unwrap().execution_root(), execution_root);
    assert_eq!(ledger.recent_execution_root(0, 0), None);
    // L2 and L8 still hold; what EEs did is not looked at.
    let got = Root::ZERO;
    let parent = HeaderError::ParentExecutionRoot { got, expected: execution_root };
    assert_eq!(apply_with(&mut ledger, 0, everything, &settings), Err(parent));
    let mut header = paying(&ledger, 0, &[]);
    header.lanes.push(lane(1, 99, 3, 5_000)).unwrap();
    header.settlements.push(settlement(1, 5, 3, &[2], 6_000)).unwrap();
    let limits = Settings { fuel_per_ee_max: 999, ..settings.clone() };
    let fuel = HeaderError::EeFuel { ee: 7, got: 1_000, limit: 999 };
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &limits), Err(fuel));
    let limits = Settings { fuel_per_block_max: 999, ..settings.clone() };
    let fuel = HeaderError::BlockFuel { got: 1_000, limit: 999 };
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &limits), Err(fuel));
    assert_eq!(apply_with(&mut ledger, 0, header, &settings), Ok(0));
    let small = paying(&ledger, 0, &[ETHER - 1]);
    let amount = HeaderError::DepositAmount { ee: 7, got: ETHER - 1, least: ETHER };
    assert_eq!(apply_with(&mut ledger, 0, small, &settings), Err(amount));
}

#[test]
fn ees_are_deployed_and_get_ether_but_cannot_exit() {
    let (settings, start) = (settings(), start());
    let opened = step(&start, with_deploy(&start, deploy(&start)), &settings);
    let accepted = step(&opened, with_votes(&opened, vote(&opened, true), (0..46).collect()), &settings);
    let active = to_epoch(&accepted, 1, &settings);
    assert!(active.ledger.ees().get(2).unwrap().is_active(1));
    assert!(active.ledger.is_thin());
    assert_eq!(active.ledger.total(), start.ledger.total() + DEPOSIT);
    let ether = with_withdrawal(&active, withdrawal(&active, 0, 2 * ETHER), DOMAIN_WITHDRAW_TO_EE);
    let (block, transition) = propose(&active, 9, ether, &settings);
    let sent = &transition.extended;
    assert_eq!((transition.receipts.len(), transition.receipts[0].value), (1, 2 * ETHER));
    assert_eq!(
        sent.ledger.distribution().balances,
        active.ledger.distribution().balances + u128::from(2 * ETHER)
    );
    assert_ne!(sent.ledger.recent_execution_root(1024, 9), None);
    assert_eq!(balance(sent, 69), balance(&active, 69) - 2 * ETHER);
    let exit = with_exit(sent, Exit { ee: 0, epoch: 1 }, 0);
    refused_with(&settings, sent, exit, OperationError::ExitUnknown { ee: 0 });
    // Entries of shards are not there to be proven.
    let prover = Prover::new(&block.block.message, &sent.ledger, &block.operations).unwrap();
    assert!(prover.prove(Claim::Deposit { ee: 0 }).is_ok());
    let absent = Claim::Balance { shard: 0, ee: 0 };
    assert_eq!(prover.prove(absent), Err(ProveError::ThinLedger(absent)));
}

#[test]
fn ledger_and_settings_must_agree() {
    let empty = LedgerOperations::default;
    let body = common::empty_body;
    let outcome = try_propose(&genesis(&BALANCES), 1, body, empty(), &settings());
    let (one, other) = (Ether::Committee, Ether::Ledger);
    assert_eq!(outcome.map(|_| ()), Err(LedgerError::Ether { settings: one, ledger: other }));
    let outcome = try_propose(&start(), 1, body, empty(), &quick());
    assert_eq!(outcome.map(|_| ()), Err(LedgerError::Ether { settings: other, ledger: one }));
}

/// A chain with crosslinks works as with a full ledger.
#[test]
fn a_chain_crosslinks_on_a_thin_ledger() {
    let settings = settings();
    let start = crosslink_nothing(&thin(genesis_1(&BALANCES)), &settings).1.extended;
    let [mut header, other] = headers(&start);
    header.transitions = paying(&start.ledger, ETHER, &[]).transitions;
    let execution_root = hash_tree_root(&header);
    let outcome = try_crosslink(&start, [header, other], LedgerOperations::<P1>::default(), &settings);
    let after = outcome.unwrap().1.extended.ledger;
    assert_eq!(after.shards().get(0).unwrap().execution_root(), execution_root);
    let on_shards = start.ledger.distribution().balances - u128::from(ETHER);
    assert_eq!(after.distribution().balances, on_shards);
}

/// Checks the numbers in the documentation of `thin`.
#[test]
fn a_thin_ledger_of_64_shards_is_smaller() {
    let mut state = BeaconState::<Phase0<Mainnet>>::default();
    state.validators.push(outrider_beacon_spec::containers::Validator::default()).unwrap();
    state.root();
    let ee = |byte| GenesisEe {
        code_hash: Root::repeat_byte(byte),
        shards: (0..64).map(|shard| (shard, ETHER)).collect(),
        ..GenesisEe::default()
    };
    let full = Ledger::genesis(&state, &[ee(1), ee(2)]).unwrap();
    let thin = full.clone().into_thin().unwrap();
    let changed = |ledger: &Ledger, settings: &Settings| {
        let mut after = ledger.clone();
        for shard in 0..64 {
            let transition = |ee| EeTransition {
                ee,
                post_state_root: Root::repeat_byte(9),
                payload_root: Root::repeat_byte(7),
                balance: ETHER,
                ..EeTransition::default()
            };
            let transitions = vec![transition(0), transition(1)].try_into().unwrap();
            let header = ExecutionHeader { transitions, ..ExecutionHeader::default() };
            apply_with(&mut after, shard, header, settings).unwrap();
        }
        let (before, after) = (ledger.as_ssz_bytes(), after.as_ssz_bytes());
        (before.len(), before.iter().zip(&after).filter(|(before, after)| before != after).count())
    };
    // Of the 32 bytes of a hash, one in 256 is zero as before.
    let (bytes, n_changed) = changed(&full, &Settings::default());
    assert_eq!(bytes, 1_177_460);
    assert!((8_192 - 64..=8_192).contains(&n_changed), "{n_changed}");
    let (bytes, n_changed) = changed(&thin, &settings());
    assert_eq!(bytes, 540_020);
    assert!((2_048 - 32..=2_048).contains(&n_changed), "{n_changed}");
    assert_eq!(thin.shards().iter().map(|shard| shard.recent().as_ssz_bytes().len()).sum::<usize>(), 524_288);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever committees sign, no more ether leaves than the shards have.
    #[test]
    fn any_headers_conserve_the_total(
        steps in vec((prop_oneof![0..100_u64, 0..3_000 * ETHER, any::<u64>()], vec(0..2_000 * ETHER, 0..3)), 1..12),
    ) {
        let (settings, mut ledger) = (settings(), start().ledger);
        let (before, mut paid) = (ledger.distribution(), 0_u128);
        for (fee, deposits) in &steps {
            let header = paying(&ledger, *fee, deposits);
            paid += u128::from(apply_with(&mut ledger, 0, header, &settings).unwrap_or(0));
            let after = ledger.distribution();
            prop_assert_eq!(after.balances + after.pending_deposits + paid, before.balances);
            prop_assert_eq!(after.sum() + paid, before.sum());
        }
    }
}
