//! Versions: what arrives counts once, what does not counts never, and steps happen on both sides or on none.

use outrider_sdk::{
    Reader,
    receipt::{ReceivedReceipt, Slot},
    styles::{
        Record,
        conditional::{
            self, ALTERNATES_MAX, Condition, ExpectError, ForgetError, StepError, TooManyConditions, Versions,
        },
        key,
    },
};
use proptest::prelude::*;

use crate::network::State;

/// A message to account `sequence % 3` with an amount.
fn message(sequence: u64) -> ReceivedReceipt {
    ReceivedReceipt { slot: Slot(100 + sequence), sequence, payload: vec![9], ..ReceivedReceipt::default() }
}

fn amount(sequence: u64) -> u64 {
    10 << sequence
}

#[derive(Clone, Debug)]
enum Step {
    Expect(u64),
    Arrive(u64),
    Pay { from: usize, to: usize, amount: u64 },
    Refresh(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..8_u64).prop_map(Step::Expect),
        (0..8_u64).prop_map(Step::Arrive),
        (0..3_usize, 0..3_usize, 1..100_u64).prop_map(|(from, to, amount)| Step::Pay { from, to, amount }),
        (0..3_usize).prop_map(Step::Refresh),
    ]
}

fn pay(accounts: &mut [Versions<u64>], from: usize, to: usize, amount: u64) -> Result<(), StepError<()>> {
    let (mut one, mut other) = (accounts[from].clone(), accounts[to].clone());
    let take = |balance: &u64| balance.checked_sub(amount).ok_or(());
    conditional::step((&mut one, &mut other), take, |balance| Ok(balance + amount))?;
    (accounts[from], accounts[to]) = (one, other);
    Ok(())
}

proptest! {
    #[test]
    fn nothing_is_lost_or_made_whichever_messages_arrive(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let mut state = State::new();
        let mut accounts = vec![Versions::new(50_u64); 3];
        let mut arrived = [false; 8];
        for step in steps {
            match step {
                Step::Expect(n) => {
                    let condition = Condition::of(&message(n));
                    if conditional::is_met(&mut state, &condition, Slot(110)).unwrap().is_none() {
                        let _ = accounts[n as usize % 3].expect(condition, |balance| balance + amount(n));
                    }
                }
                Step::Arrive(n) if !arrived[n as usize] => {
                    arrived[n as usize] = true;
                    let condition = conditional::meet(&mut state, &message(n)).unwrap();
                    accounts[n as usize % 3].arrive(&condition, |balance| balance + amount(n));
                }
                Step::Arrive(_) => {}
                Step::Pay { from, to, amount } if from != to => {
                    let _ = pay(&mut accounts, from, to, amount);
                }
                Step::Pay { .. } => {}
                Step::Refresh(n) => {
                    conditional::refresh(&mut state, &mut accounts[n], Slot(110)).unwrap();
                }
            }
        }
        for account in &mut accounts {
            // All that has not arrived by now never will.
            conditional::refresh(&mut state, account, Slot(236)).unwrap();
            prop_assert!(account.is_sure());
        }
        let total: u64 = accounts.iter().map(|account| *account.active()).sum();
        let expected = (0..8).filter(|n| arrived[*n as usize]).map(amount).sum::<u64>();
        prop_assert_eq!(total, 150 + expected);
    }
}

/// A number as a record.
#[derive(Clone, Debug, PartialEq)]
struct Number(u64);

impl Record for Number {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Number> {
        reader.u64_le().ok().map(Number)
    }
}

#[test]
fn versions_have_one_encoding() {
    let mut versions = Versions::new(Number(1));
    for n in 0..3 {
        versions.expect(Condition::of(&message(n)), |Number(n)| Number(n * 10)).unwrap();
    }
    let bytes = versions.to_bytes();
    assert_eq!(bytes.len(), (4 + 8) + 3 * (40 + 4 + 8));
    assert_eq!(Versions::read(&mut Reader::new(&bytes)), Some(versions));
    for length in (0..bytes.len()).filter(|length| (length + 40) % 52 != 0) {
        assert_eq!(Versions::<Number>::read(&mut Reader::new(&bytes[..length])), None, "{length}");
    }
}

#[test]
fn a_step_that_the_sure_balance_covers_stays_sure() {
    let condition = Condition::of(&message(0));
    let mut accounts = vec![Versions::new(50_u64), Versions::new(0)];
    accounts[0].expect(condition, |balance| balance + 10).unwrap();
    pay(&mut accounts, 0, 1, 50).unwrap();
    assert_eq!((*accounts[1].active(), accounts[1].is_sure()), (50, true));
    pay(&mut accounts, 0, 1, 10).unwrap();
    assert_eq!((*accounts[1].active(), accounts[1].is_sure()), (60, false));
    assert_eq!(pay(&mut accounts, 0, 1, 1), Err(StepError::Step(())));
    accounts[1].decide(&condition, false);
    assert_eq!((*accounts[1].active(), accounts[1].is_sure()), (50, true));
    let again = accounts[0].expect(condition, |balance| balance + 10);
    assert_eq!(again, Err(ExpectError::Again));
}

#[test]
fn a_record_has_a_bounded_number_of_conditions() {
    let mut versions = Versions::new(0_u64);
    for n in 0..ALTERNATES_MAX as u64 {
        versions.expect(Condition::of(&message(n)), |balance| balance + 1).unwrap();
    }
    let error = versions.expect(Condition::of(&message(99)), |balance| balance + 1);
    assert_eq!(error, Err(ExpectError::TooManyConditions(TooManyConditions)));
    assert_eq!(*versions.active(), 16);
}

#[test]
fn a_message_of_a_later_slot_is_not_on_the_way() {
    let (mut state, condition) = (State::default(), Condition::of(&message(1)));
    let is_met =
        [100, 101, 229, 230].map(|now| conditional::is_met(&mut state, &condition, Slot(now)).unwrap());
    assert_eq!(is_met, [Some(false), None, None, Some(false)]);
}

#[test]
fn a_mark_stays_until_nobody_depends_on_the_receipt_and_it_cannot_arrive() {
    let (mut state, condition) = (State::default(), Condition::of(&message(0)));
    let [payer, shop] = ["payer", "shop"].map(|name| key(name, &[]));
    let (mut balance, mut till) = (Versions::new(Number(0)), Versions::new(Number(0)));
    balance.expect(condition, |_| Number(10)).unwrap();
    let take = |Number(n): &Number| n.checked_sub(10).map(Number).ok_or(());
    conditional::step((&mut balance, &mut till), take, |Number(n)| Ok(Number(n + 10))).unwrap();
    for (key, versions) in [(&payer, &balance), (&shop, &till)] {
        conditional::save(&mut state, key, versions).unwrap();
        // To write the same again counts nothing twice.
        conditional::save(&mut state, key, versions).unwrap();
    }
    let forget = |state: &mut State, slot| conditional::forget(state, &condition, Slot(slot));
    assert_eq!(forget(&mut state, 300), Err(ForgetError::Needed { n_records: 2 }));

    conditional::meet(&mut state, &message(0)).unwrap();
    balance.arrive(&condition, |Number(n)| Number(n + 10));
    conditional::save(&mut state, &payer, &balance).unwrap();
    assert_eq!(forget(&mut state, 300), Err(ForgetError::Needed { n_records: 1 }));
    // Long after, the shop still learns that it was paid.
    conditional::refresh(&mut state, &mut till, Slot(100_000)).unwrap();
    assert_eq!((till.active(), till.is_sure()), (&Number(10), true));
    conditional::save(&mut state, &shop, &till).unwrap();
    assert_eq!(
        forget(&mut state, 228),
        Err(ForgetError::Needed { n_records: 0 }),
        "it could be expected again"
    );
    assert_eq!(conditional::is_met(&mut state, &condition, Slot(228)), Ok(Some(true)));
    forget(&mut state, 229).unwrap();
    assert_eq!(state.len(), 2);
    assert_eq!(conditional::is_met(&mut state, &condition, Slot(229)), Ok(Some(false)));
}

#[test]
fn a_receipt_that_never_arrives_leaves_no_mark() {
    let (mut state, condition) = (State::default(), Condition::of(&message(0)));
    let user = key("user", &[]);
    let mut balance = Versions::new(Number(3));
    balance.expect(condition, |_| Number(10)).unwrap();
    conditional::save(&mut state, &user, &balance).unwrap();
    assert_eq!(state.len(), 2);
    conditional::refresh(&mut state, &mut balance, Slot(229)).unwrap();
    conditional::save(&mut state, &user, &balance).unwrap();
    assert_eq!((state.len(), balance.active()), (1, &Number(3)));
}
