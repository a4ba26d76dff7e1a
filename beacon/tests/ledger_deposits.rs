//! Ether leaves EEs for validators, and returns where that fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P1, balance, empty_body, genesis_1,
    shards::{crosslink, crosslink_nothing, ee_state, headers, next_transition},
    signature, try_propose,
};
use outrider_beacon::ledger::{
    BEACON_CHAIN, EeTransition, Exit, ExtendedState, Lane, LedgerOperations, ReceiptKind, Settings,
    Settlement, SignedExit, operation::DOMAIN_EE_EXIT,
};
use outrider_beacon_spec::{
    bls::{secret_to_public, sign},
    compute::{compute_domain, compute_signing_root},
    constants::DOMAIN_DEPOSIT,
    containers::{DepositData, DepositMessage},
    hash::hash_tree_root,
    types::{Root, Version},
};
use outrider_sim::interop_secret_key;
use ssz_types::BitList;

const BALANCES: [[u64; 2]; 2] = [[1_000 * ETHER, 2_000 * ETHER], [30, 40]];

type Operations = LedgerOperations<P1>;

/// Returns a chain in its first slot, in which shards have no blocks yet.
fn start() -> ExtendedState<P1> {
    crosslink_nothing(&genesis_1(&BALANCES), &Settings::default()).1.extended
}

/// Returns a deposit for a key that no validator has yet.
fn deposit(key: u64, is_signed: bool) -> DepositData {
    let pubkey = secret_to_public(&interop_secret_key(key)).unwrap();
    let message = DepositMessage { pubkey, amount: 32 * ETHER, withdrawal_credentials: Root::repeat_byte(4) };
    let domain = compute_domain(DOMAIN_DEPOSIT, Version::from([0, 0, 0, 1]), Root::ZERO);
    let signing_root = compute_signing_root(&message, domain);
    let signature =
        sign(&interop_secret_key(if is_signed { key } else { 0 }), signing_root.as_slice()).unwrap();
    DepositData {
        pubkey,
        withdrawal_credentials: message.withdrawal_credentials,
        amount: message.amount,
        signature,
    }
}

/// Returns a chain whose EE 0 on shard 0 has made a deposit.
fn deposited(data: DepositData) -> ExtendedState<P1> {
    let before = start();
    let [mut header, other] = headers(&before);
    let transition = EeTransition {
        deposits: data.amount,
        deposit_data: vec![data].try_into().unwrap(),
        ..next_transition(&before.ledger, 0, 0, 0xaa)
    };
    header.transitions.push(transition).unwrap();
    crosslink(&before, [header, other]).1.extended
}

#[test]
fn a_deposit_of_an_ee_makes_a_validator_with_which_the_epoch_ends() {
    let mut extended = deposited(deposit(90, true));
    let n_validators = extended.state.validators.len();
    assert_eq!(extended.ledger.distribution().pending_deposits, u128::from(32 * ETHER));
    let total = extended.ledger.total();
    let (block, transition) = crosslink_nothing(&extended, &Settings::default());
    assert!(transition.receipts.is_empty());
    extended = transition.extended;
    assert_eq!(extended.state.validators.len(), n_validators + 1);
    assert_eq!(extended.state.online_countdown.len(), n_validators + 1);
    assert_eq!(balance(&extended, n_validators as u64), 32 * ETHER);
    let burnt = |extended: &ExtendedState<P1>| extended.ledger.burnt();
    assert_eq!(
        extended.ledger.total() - burnt(&extended),
        total - burnt(&deposited(deposit(90, true))) - 32 * ETHER
    );
    assert!(block.block.message.body.deposits.is_empty());
    while extended.state.slot < 9 {
        extended = crosslink_nothing(&extended, &Settings::default()).1.extended;
    }
}

#[test]
fn an_unsigned_deposit_bounces_to_its_ee() {
    let extended = deposited(deposit(90, false));
    let n_validators = extended.state.validators.len();
    let (_, transition) = crosslink_nothing(&extended, &Settings::default());
    let after = transition.extended;
    assert_eq!(after.state.validators.len(), n_validators);
    let [receipt] = transition.receipts.as_slice() else { panic!("{:?}", transition.receipts) };
    assert_eq!(
        (receipt.source_shard, receipt.source_ee, receipt.kind),
        (BEACON_CHAIN, 0, ReceiptKind::Bounced as u8)
    );
    assert_eq!((receipt.destination_shard, receipt.destination_ee, receipt.value), (0, 0, 32 * ETHER));
    assert_eq!(receipt.payload[..32], hash_tree_root(&deposit(90, false)).0);
    assert_eq!(receipt.payload.len(), 96);
    assert_eq!(after.ledger.beacon_lanes().outbound().get(0).unwrap().in_flight, 32 * ETHER);

    // An EE receives it without being executed, like one that does not accept receipts.
    let [mut header, other] = headers(&after);
    let (mut settled, nothing) = (BitList::with_capacity(1).unwrap(), BitList::with_capacity(1).unwrap());
    settled.set(0, true).unwrap();
    let settlement = Settlement {
        source_shard: BEACON_CHAIN,
        first: 0,
        settled,
        rejected: nothing.clone(),
        undelivered: nothing,
        value: 32 * ETHER,
        fees: 0,
    };
    header.settlements.push(settlement).unwrap();
    let unexecuted = EeTransition {
        post_state_root: ee_state(&after, 0, 0).0,
        payload_root: Root::ZERO,
        fuel_used: 0,
        value_in: 32 * ETHER,
        ..next_transition(&after.ledger, 0, 0, 0)
    };
    header.transitions.push(unexecuted).unwrap();
    let back = crosslink(&after, [header, other]).1.extended;
    assert_eq!(ee_state(&back, 0, 0), (Root::repeat_byte(0xaa), 1_000 * ETHER));
    assert_eq!(back.ledger.distribution().in_flight, 0);
}

/// A committee gives a receipt to an EE that has exited, instead of a bounce.
#[test]
fn an_ee_that_receives_ether_after_its_exit_exists_again() {
    let settings = Settings { exit_epochs: 1, refund_epochs: 1, ..Settings::default() };
    let mut extended = genesis_1(&[[0, 0], [30, 40]]);
    let exit = Exit { ee: 0, epoch: 0 };
    let signature = signature(&extended.state, 0, &exit, DOMAIN_EE_EXIT, None);
    let exits = vec![SignedExit { message: exit, signature }].try_into().unwrap();
    let operations = Operations { exits, ..Operations::default() };
    extended = try_propose(&extended, 1, empty_body, operations, &settings).unwrap().1.extended;
    let to_slot = |mut extended: ExtendedState<P1>, slot| {
        while extended.state.slot < slot {
            extended = crosslink_nothing(&extended, &settings).1.extended;
        }
        extended
    };
    let gone = to_slot(extended, 8);
    assert!(gone.ledger.ees().get(0).unwrap().is_gone());
    let refunded = to_slot(gone.clone(), 16);
    assert_eq!(refunded.ledger.ees().get(0).unwrap().deposit, 0);

    let [mut header, other] = headers(&gone);
    header
        .transitions
        .push(EeTransition { value_out: 9, ..next_transition(&gone.ledger, 0, 1, 0xaa) })
        .unwrap();
    header.lanes.push(Lane { destination_shard: 0, first: 0, n: 1, value: 9, ..Lane::default() }).unwrap();
    let sent = crosslink(&gone, [header, other]).1.extended;
    let [mut header, other] = headers(&sent);
    let (mut settled, nothing) = (BitList::with_capacity(1).unwrap(), BitList::with_capacity(1).unwrap());
    settled.set(0, true).unwrap();
    let (rejected, undelivered) = (nothing.clone(), nothing);
    header
        .settlements
        .push(Settlement { source_shard: 0, first: 0, settled, rejected, undelivered, value: 9, fees: 0 })
        .unwrap();
    let unexecuted = EeTransition {
        post_state_root: ee_state(&sent, 0, 0).0,
        payload_root: Root::ZERO,
        fuel_used: 0,
        value_in: 9,
        ..next_transition(&sent.ledger, 0, 0, 0)
    };
    header.transitions.push(unexecuted).unwrap();
    let back = to_slot(crosslink(&sent, [header, other]).1.extended, 16);
    let record = back.ledger.ees().get(0).unwrap();
    assert!(record.is_active(2) && !record.is_exiting() && !record.is_gone());
    assert_eq!(record.deposit, 40 * ETHER);
}
