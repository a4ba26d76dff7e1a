//! Swaps: each locked amount goes to one of two users, at the right time.

use std::collections::BTreeMap;

use outrider_sdk::{
    crypto,
    receipt::Slot,
    styles::{
        htlc::{self, HtlcError, Swap, UserId},
        key,
    },
};
use proptest::prelude::*;

use crate::network::State;

proptest! {
    #[test]
    fn each_amount_goes_to_the_claimer_up_to_the_deadline_or_to_the_locker_after_it(
        steps in prop::collection::vec((0..4_u8, 0..3_u8, 0..2_u8, 0..4_u64), 1..100)
    ) {
        let mut state = State::new();
        let mut balances = [1_000_u64, 1_000];
        let mut model = BTreeMap::<u8, Swap>::new();
        let mut now = Slot(0);
        for (id, action, secret, n) in steps {
            let under = key("swap", &[&[id]]);
            let (right, wrong) = ([id; 32], [id + 100; 32]);
            let swap = model.get(&id).copied();
            match action {
                0 => {
                    let new = Swap {
                        locker: UserId([0; 32]),
                        claimer: UserId([1; 32]),
                        amount: 10,
                        hash: crypto::sha256(&right),
                        deadline: Slot(now.0 + n),
                    };
                    let result = htlc::lock(&mut state, &under, &new, now);
                    prop_assert_eq!(result.is_ok(), swap.is_none());
                    if swap.is_none() {
                        model.insert(id, new);
                        balances[0] -= 10;
                    }
                }
                1 => {
                    let given = if secret == 0 { right } else { wrong };
                    let expected = swap.filter(|swap| now <= swap.deadline && secret == 0);
                    prop_assert_eq!(htlc::claim(&mut state, &under, &given, now).ok(), expected);
                    if expected.is_some() {
                        model.remove(&id);
                        balances[1] += 10;
                    }
                }
                _ => {
                    let expected = swap.filter(|swap| now > swap.deadline);
                    prop_assert_eq!(htlc::refund(&mut state, &under, now).ok(), expected);
                    if expected.is_some() {
                        model.remove(&id);
                        balances[0] += 10;
                    }
                }
            }
            now.0 += n / 2;
            prop_assert_eq!(balances[0] + balances[1] + 10 * model.len() as u64, 2_000);
            prop_assert_eq!(state.len(), model.len(), "nothing stays of a swap that ended");
        }
    }
}

#[test]
fn refusals_name_their_reason() {
    let mut state = State::new();
    let key = key("swap", &[]);
    let hash = crypto::sha256(&[1; 32]);
    let swap = Swap { locker: UserId([0; 32]), claimer: UserId([1; 32]), amount: 1, hash, deadline: Slot(9) };
    assert_eq!(htlc::refund(&mut state, &key, Slot(10)), Err(HtlcError::Unknown { key }));
    let late = htlc::lock(&mut state, &key, &swap, Slot(10));
    assert_eq!(late, Err(HtlcError::Late { now: 10, deadline: 9 }));
    htlc::lock(&mut state, &key, &swap, Slot(9)).unwrap();
    let early = htlc::refund(&mut state, &key, Slot(9)).unwrap_err();
    assert_eq!(early.to_string(), "slot 9 is not after the deadline, slot 9");
    let wrong = htlc::claim(&mut state, &key, &[2; 32], Slot(9));
    assert_eq!(wrong, Err(HtlcError::WrongSecret { key }));
}
