//! Rent, hibernation, and top-ups of deposits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, P0, balance, credentials, genesis_ee, genesis_state,
    headers::crosslinked,
    operations::{
        PAYER, quick, refused_with, step, to_epoch, top_up, with_exit, with_top_up, with_upgrade,
        with_withdrawal, withdrawal,
    },
    propose,
    shards::{next_header, next_transition},
};
use outrider_beacon::ledger::{
    EeRecord, Exit, ExtendedState, GenesisEe, Ledger, LedgerOperations, Settings, TopUp, Upgrade,
    dispute_epochs,
    error::{HeaderError, OperationError},
    operation::{DOMAIN_DEPLOY, DOMAIN_TOP_UP, DOMAIN_WITHDRAW_TO_EE},
    process_execution_header,
};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    hash::hash,
    preset::Minimal,
    types::{BLSSignature, Root},
};
use proptest::{collection::vec, prelude::*};

const CODE: [u8; 3] = [0, 1, 2];
/// The deposit that wakes up an EE with this code on two shards.
const FULL: u64 = 33 * ETHER + ETHER / 50;

/// Rent of 5 ether: a deposit of 40 is too small in the second epoch.
fn settings() -> Settings {
    Settings { rent_per_epoch: 5 * ETHER, ..quick() }
}

/// Returns a chain with an EE with ether on shard 1, and one without ether.
fn start() -> ExtendedState<P0> {
    let state = genesis_state();
    let with = |code_hash, balances| GenesisEe {
        refund_credentials: credentials(&state, 71),
        code_hash,
        ..genesis_ee(&state, 1, balances)
    };
    let ees = [with(hash(&[&CODE]), [0, 7]), with(Root::repeat_byte(9), [0, 0])];
    let ledger = Ledger::genesis(&state, &ees).unwrap();
    ExtendedState { state, ledger }
}

fn record(extended: &ExtendedState<P0>, ee: usize) -> EeRecord {
    extended.ledger.ees().get(ee).unwrap().clone()
}

/// Returns deposit, burnt ether, and the epochs in which EE 0 falls asleep and wakes up.
fn facts(extended: &ExtendedState<P0>) -> (u64, u64, u64, u64) {
    let record = record(extended, 0);
    (record.deposit, extended.ledger.burnt(), record.hibernation_epoch, record.wake_epoch)
}

/// Returns whether all nodes have the code of an EE after a block of an epoch.
fn knows_code(record: &EeRecord, epoch: u64) -> bool {
    record.known_codes(epoch, dispute_epochs::<Minimal>()).any(|known| known == record.code_hash)
}

#[track_caller]
fn refused(extended: &ExtendedState<P0>, operations: LedgerOperations<P0>, expected: OperationError) {
    refused_with(&settings(), extended, operations, expected);
}

#[test]
fn rent_is_burnt_until_an_ee_falls_asleep() {
    let (settings, never) = (settings(), FAR_FUTURE_EPOCH);
    let start = start();
    let one = to_epoch(&start, 1, &settings);
    assert_eq!(facts(&one), (35 * ETHER, 10 * ETHER, never, never));
    let two = to_epoch(&one, 2, &settings);
    assert_eq!(facts(&two), (30 * ETHER, 20 * ETHER, 3, never));
    let announced = record(&two, 0);
    assert!(announced.is_active(2) && !announced.is_active(3) && knows_code(&announced, 2));
    assert!(announced.accepts_receipts(2) && !announced.accepts_receipts(3));
    let three = to_epoch(&two, 3, &settings);
    // It pays no rent while it is asleep.
    let later = to_epoch(&three, 9, &settings);
    assert_eq!(facts(&three), facts(&two));
    assert_eq!(facts(&later), facts(&two));
    // An execution in epoch 2 can be disputed in the next eight epochs.
    assert!(knows_code(&record(&later, 0), 10) && !knows_code(&record(&later, 0), 11));
    assert_eq!(later.ledger.total(), start.ledger.total());

    // Epochs without blocks are paid together, and hibernation is still announced an epoch ahead.
    assert_eq!(facts(&to_epoch(&start, 2, &settings)), facts(&two));
    assert_eq!(facts(&to_epoch(&start, 7, &settings)), (5 * ETHER, 70 * ETHER, 8, never));
    // A deposit is never overdrawn.
    assert_eq!(facts(&to_epoch(&start, 50, &settings)), (0, 80 * ETHER, 51, never));
    // Without rent, nothing changes.
    assert_eq!(facts(&to_epoch(&start, 50, &quick())), (40 * ETHER, 0, never, never));
}

#[test]
fn a_sleeping_ee_is_not_executed() {
    let settings = settings();
    let asleep = to_epoch(&to_epoch(&start(), 2, &settings), 3, &settings).ledger;
    let mut header = next_header(&asleep, 1);
    header.transitions.push(next_transition(&asleep, 1, 0, 1)).unwrap();
    let apply = |header, epoch| {
        let (block, execution) = crosslinked(1, header);
        process_execution_header(&mut asleep.clone(), &block, &execution, epoch, &settings)
    };
    // The epoch of the shard block counts, and not that of the block that crosslinks it.
    assert_eq!(apply(header.clone(), 2), Ok(0));
    let refused = HeaderError::EeAsleep { ee: 0, got: 3, from: 3 };
    assert_eq!(apply(header.clone(), 3), Err(refused));
    let unexecuted = &mut header.transitions[0];
    unexecuted.post_state_root = unexecuted.pre_state_root;
    unexecuted.payload_root = Root::ZERO;
    unexecuted.fuel_used = 0;
    assert_eq!(apply(header, 3), Ok(0), "a late bounce still reaches it");
}

#[test]
fn a_top_up_in_time_prevents_hibernation() {
    let settings = settings();
    let announced = to_epoch(&start(), 2, &settings);
    let short = step(&announced, with_top_up(&announced, top_up(&announced, 0, ETHER)), &settings);
    assert_eq!(facts(&short), (31 * ETHER, 20 * ETHER, 3, FAR_FUTURE_EPOCH));
    let saved = step(&short, with_top_up(&short, top_up(&short, 0, 6 * ETHER)), &settings);
    assert_eq!(facts(&saved), (37 * ETHER, 20 * ETHER, FAR_FUTURE_EPOCH, FAR_FUTURE_EPOCH));
    assert_eq!(balance(&saved, PAYER), balance(&announced, PAYER) - 7 * ETHER);
    assert_eq!(saved.ledger.total(), announced.ledger.total() + 7 * ETHER);
    assert!(record(&to_epoch(&saved, 3, &settings), 0).is_active(3));
}

#[test]
fn whoever_wakes_up_an_ee_brings_its_code_along() {
    let settings = settings();
    let asleep = to_epoch(&to_epoch(&start(), 2, &settings), 5, &settings);
    let with_code = |extended: &ExtendedState<P0>, amount, code: &[u8]| TopUp {
        code: code.to_vec().try_into().unwrap(),
        ..top_up(extended, 0, amount)
    };
    let wrong = |got| OperationError::CodeHash { ee: 0, got, expected: hash(&[&CODE]) };
    refused(&asleep, with_top_up(&asleep, top_up(&asleep, 0, 9 * ETHER)), wrong(hash(&[])));
    let other = with_code(&asleep, 9 * ETHER, &[0]);
    refused(&asleep, with_top_up(&asleep, other), wrong(hash(&[&[0]])));
    // Genesis says that its code has 100 bytes.
    let short = OperationError::Deposit { got: FULL - 1, least: FULL };
    let amount = FULL - 30 * ETHER;
    refused(&asleep, with_top_up(&asleep, with_code(&asleep, amount - 1, &CODE)), short);
    let message = with_code(&asleep, amount, &CODE);
    let waking = step(&asleep, with_top_up(&asleep, message.clone()), &settings);
    assert_eq!(facts(&waking), (FULL, 20 * ETHER, 3, 6));
    let waking_record = record(&waking, 0);
    assert!(!waking_record.is_active(5) && waking_record.is_active(6) && knows_code(&waking_record, 50));
    assert_eq!(waking_record.code_hash, record(&asleep, 0).code_hash);
    // Each operation works once, and now the code is not needed any more.
    let used = OperationError::DepositBefore { ee: 0, got: 30 * ETHER, expected: FULL };
    refused(&waking, with_top_up(&waking, message), used);
    let again = with_code(&waking, ETHER, &CODE);
    refused(&waking, with_top_up(&waking, again), OperationError::CodeNotNeeded { ee: 0 });
    // It pays rent again, and nothing of its state has changed.
    let awake = to_epoch(&waking, 6, &settings);
    assert_eq!(facts(&awake), (FULL - 5 * ETHER, 25 * ETHER, 3, 6));
    assert!(record(&awake, 0).is_active(6));
    assert_eq!(awake.ledger.shards(), asleep.ledger.shards());
    // With 8 slots in an epoch, a shard block may be 30 epochs late; until then, the sleep is not forgotten.
    let poor = to_epoch(&awake, 35, &settings);
    assert_eq!(facts(&poor), (0, 20 * ETHER + FULL, 3, 6));
    assert!(record(&poor, 0).is_active(36));
    assert_eq!(facts(&to_epoch(&poor, 36, &settings)), (0, 20 * ETHER + FULL, 37, FAR_FUTURE_EPOCH));
}

#[test]
fn top_ups_are_checked() {
    let start = start();
    let with = |change: &dyn Fn(&mut TopUp)| {
        let mut message = top_up(&start, 0, ETHER);
        change(&mut message);
        with_top_up(&start, message)
    };
    refused(&start, with(&|message| message.amount = 0), OperationError::NoAmount {});
    refused(&start, with(&|message| message.ee = 2), OperationError::EeUnknown { got: 2, n: 2 });
    refused(&start, with(&|message| message.epoch = 1), OperationError::TopUpEpoch { got: 1, now: 0 });
    let (got, expected) = (40 * ETHER + 1, 40 * ETHER);
    let other = OperationError::DepositBefore { ee: 0, got, expected };
    refused(&start, with(&|message| message.deposit += 1), other);
    let not_needed = OperationError::CodeNotNeeded { ee: 0 };
    refused(&start, with(&|message| message.code = CODE.to_vec().try_into().unwrap()), not_needed);
    let available = balance(&start, PAYER);
    let poor = OperationError::ValidatorBalance { validator: PAYER, got: available + 1, available };
    refused(&start, with(&|message| message.amount = available + 1), poor);
    let active = OperationError::NotExited { validator: 3 };
    refused(&start, with(&|message| message.payer = 3), active);
    let signer = start.state.validators.get(PAYER as usize).unwrap().pubkey;
    let mut unsigned = with(&|_| ());
    unsigned.top_ups[0].signature = BLSSignature::ZERO;
    refused(&start, unsigned, OperationError::Signature { signer });
    let mut other_domain = with(&|_| ());
    let message = &other_domain.top_ups[0].message;
    let signature = common::signature(&start.state, PAYER, message, DOMAIN_DEPLOY, None);
    other_domain.top_ups[0].signature = signature;
    refused(&start, other_domain, OperationError::Signature { signer });
    assert_ne!(DOMAIN_TOP_UP, DOMAIN_WITHDRAW_TO_EE);
    // An operation of the last epoch is too late.
    let late = top_up(&start, 0, ETHER);
    let next = to_epoch(&start, 1, &quick());
    let expired = OperationError::TopUpEpoch { got: 0, now: 1 };
    refused_with(&quick(), &next, with_top_up(&next, late), expired);
}

#[test]
fn an_announced_hibernation_stops_withdrawals_and_upgrades() {
    let announced = to_epoch(&start(), 2, &settings());
    let expected = OperationError::EeHibernates { ee: 0, from: 3 };
    let ether = withdrawal(&announced, 0, 1);
    refused(&announced, with_withdrawal(&announced, ether, DOMAIN_WITHDRAW_TO_EE), expected.clone());
    let upgrade = Upgrade { ee: 0, epoch: 2, code: vec![0].try_into().unwrap() };
    refused(&announced, with_upgrade(&announced, upgrade, 0), expected);
}

#[test]
fn a_sleeping_ee_can_exit() {
    let settings = settings();
    let asleep = to_epoch(&to_epoch(&start(), 2, &settings), 3, &settings);
    let before = balance(&asleep, 71);
    let leaving = step(&asleep, with_exit(&asleep, Exit { ee: 1, epoch: 3 }, 0), &settings);
    let leaving = step(&leaving, with_exit(&leaving, Exit { ee: 0, epoch: 3 }, 0), &settings);
    let gone = to_epoch(&leaving, 6, &settings);
    assert!(record(&gone, 1).is_gone());
    assert!(!record(&gone, 0).is_exiting(), "its users' ether is not stranded");
    let refunded = to_epoch(&gone, 10, &settings);
    assert_eq!(balance(&refunded, 71), before + 30 * ETHER);
    assert_eq!(record(&refunded, 1).deposit, 0);
    refused(
        &refunded,
        with_top_up(&refunded, top_up(&refunded, 1, ETHER)),
        OperationError::EeNotActive { ee: 1, got: 10, from: 0, until: 6 },
    );
}

/// An epoch with or without blocks; in its second block, somebody may top up the deposit.
fn epoch() -> impl Strategy<Value = (bool, Option<u64>)> {
    (prop::bool::weighted(0.7), prop::option::of(1..40_u64))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whether an EE is awake in a slot is the same for each beacon block on which a shard block of the slot may build, and for
    /// each that may crosslink it; and rent creates and loses no ether.
    #[test]
    fn all_beacon_blocks_agree_on_who_is_awake(epochs in vec(epoch(), 1..12), rent in 1..30_u64) {
        let settings = Settings { rent_per_epoch: rent * ETHER, ..quick() };
        let mut extended = start();
        // The ledger after each block, with the block's slot.
        let mut ledgers = vec![(0, extended.ledger.clone())];
        for ((has_blocks, amount), epoch) in epochs.into_iter().zip(1..) {
            if !has_blocks {
                continue;
            }
            extended = to_epoch(&extended, epoch, &settings);
            ledgers.push((epoch * 8, extended.ledger.clone()));
            let Some(amount) = amount else { continue };
            let is_asleep = record(&extended, 0).is_hibernating() && record(&extended, 0).is_asleep(epoch);
            let code = if is_asleep { CODE.to_vec() } else { Vec::new() };
            let message = TopUp { code: code.try_into().unwrap(), ..top_up(&extended, 0, amount * ETHER) };
            let slot = epoch * 8 + 3;
            let operations = with_top_up(&extended, message);
            let total = extended.ledger.total();
            let body = common::empty_body;
            let Ok((_, transition)) = common::try_propose(&extended, slot, body, operations, &settings) else {
                continue;
            };
            extended = transition.extended;
            prop_assert_eq!(extended.ledger.total(), total + amount * ETHER);
            ledgers.push((slot, extended.ledger.clone()));
        }
        for slot in 0..104_u64 {
            let epoch = slot / 8;
            let is_active = |ledger: &Ledger| ledger.ees().get(0).unwrap().is_active(epoch);
            let parent = ledgers.iter().rfind(|(block_slot, _)| *block_slot <= slot).unwrap();
            for (block_slot, ledger) in ledgers.iter().filter(|(block_slot, _)| *block_slot > slot) {
                prop_assert_eq!(is_active(&parent.1), is_active(ledger), "slot {}, block {}", slot, block_slot);
            }
        }
        let empty = propose(&extended, extended.state.slot + 1, LedgerOperations::default(), &settings);
        empty.1.extended.ledger.check_conservation().unwrap();
    }
}
