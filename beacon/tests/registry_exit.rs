//! Exits and upgrades of EEs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, balance, genesis, genesis_ee, genesis_state,
    operations::{
        DEPOSIT, quick, refused, step, to_epoch, vote, with_exit, with_upgrade, with_votes, with_withdrawal,
        withdrawal,
    },
    signature,
};
use outrider_beacon::ledger::{
    Exit, ExtendedState, GenesisEe, Ledger, PreviousCode, Upgrade, error::OperationError,
    operation::DOMAIN_WITHDRAW_TO_EE,
};
use outrider_beacon_spec::{
    constants::{DOMAIN_VOLUNTARY_EXIT, FAR_FUTURE_EPOCH},
    hash::hash,
    types::Root,
};

#[test]
fn an_exit_lapses_while_there_is_ether() {
    let settings = quick();
    let start = genesis(&[[0, 1], [0, 0]]);
    let exit = |ee| Exit { ee, epoch: 0 };
    let leaving = step(&start, with_exit(&start, exit(0), 0), &settings);
    assert_eq!(leaving.ledger.ees().get(0).unwrap().exit_epoch, 3);
    refused(&leaving, with_exit(&leaving, exit(0), 0), OperationError::EeExits { ee: 0, exit_epoch: 3 });
    let lapsed = to_epoch(&leaving, 3, &settings);
    assert_eq!(lapsed.ledger.ees().get(0).unwrap().exit_epoch, FAR_FUTURE_EPOCH);
    assert!(lapsed.ledger.ees().get(0).unwrap().is_active(3));
    // The owner's signed request has expired, too.
    refused(&lapsed, with_exit(&lapsed, exit(0), 0), OperationError::Epoch { got: 0, now: 3 });

    let leaving = step(&start, with_exit(&start, exit(1), 0), &settings);
    let still = to_epoch(&leaving, 2, &settings);
    assert!(still.ledger.ees().get(1).unwrap().is_active(2), "users can leave");
    let gone = to_epoch(&still, 3, &settings);
    let record = gone.ledger.ees().get(1).unwrap();
    assert_eq!((record.withdrawable_epoch, record.deposit), (7, 40 * ETHER));
    assert!(!record.is_active(3));
    refused(
        &gone,
        with_exit(&gone, Exit { ee: 1, epoch: 3 }, 0),
        OperationError::EeNotActive { ee: 1, got: 3, from: 0, until: 3 },
    );
    let refunded = to_epoch(&gone, 7, &settings);
    assert_eq!(refunded.ledger.ees().get(1).unwrap().deposit, 0);
    assert_eq!(balance(&refunded, 68), balance(&start, 68) + 40 * ETHER);
    assert_eq!(refunded.ledger.total(), start.ledger.total() - 40 * ETHER);
}

#[test]
fn ether_on_its_way_to_others_holds_no_exit_back() {
    let settings = quick();
    let start = genesis(&[[0, 0], [0, 0]]);
    let sent = with_withdrawal(&start, withdrawal(&start, 0, 9), DOMAIN_WITHDRAW_TO_EE);
    let sent = step(&start, sent, &settings);
    // A lane does not say for whom its ether is, and anybody can send some.
    let leaving = step(&sent, with_exit(&sent, Exit { ee: 1, epoch: 0 }, 0), &settings);
    let gone = to_epoch(&leaving, 3, &settings);
    assert_eq!(gone.ledger.ees().get(1).unwrap().withdrawable_epoch, 7);
}

#[test]
fn exits_are_signed_by_the_owner_in_their_own_domain() {
    let start = genesis(&[[0, 0]]);
    let signer = start.state.validators.get(0).unwrap().pubkey;
    let exit = Exit { ee: 0, epoch: 0 };
    refused(&start, with_exit(&start, exit, 1), OperationError::Signature { signer });
    let other_domain = signature(&start.state, 0, &exit, DOMAIN_VOLUNTARY_EXIT, None);
    let mut operations = with_exit(&start, exit, 0);
    operations.exits[0].signature = other_domain;
    refused(&start, operations, OperationError::Signature { signer });
    refused(
        &start,
        with_exit(&start, Exit { ee: 9, epoch: 0 }, 0),
        OperationError::EeUnknown { got: 9, n: 1 },
    );
    let early = OperationError::Epoch { got: 1, now: 0 };
    refused(&start, with_exit(&start, Exit { ee: 0, epoch: 1 }, 0), early);
}

#[test]
fn announced_upgrades_switch_the_code_after_their_delay_and_nothing_else() {
    let settings = quick();
    let start = genesis(&[[4, 5]]);
    let code = vec![0; 7];
    let message = Upgrade { ee: 0, epoch: 0, code: code.clone().try_into().unwrap() };
    let opened = step(&start, with_upgrade(&start, message.clone(), 0), &settings);
    let again = Upgrade { code: vec![0; 8].try_into().unwrap(), ..message.clone() };
    refused(&opened, with_upgrade(&opened, again, 0), OperationError::UpgradePending { ee: 0 });
    let accepted = step(&opened, with_votes(&opened, vote(&opened, true), (0..46).collect()), &settings);
    let record = accepted.ledger.ees().get(0).unwrap();
    assert_eq!((record.code_hash, record.next_code.epoch), (Root::repeat_byte(1), 3));
    assert_eq!(record.code_hash_at(2), Root::repeat_byte(1));
    assert_eq!(record.code_hash_at(3), hash(&[&code]));
    let before = to_epoch(&accepted, 2, &settings);
    assert_eq!(before.ledger.ees().get(0).unwrap().code_hash, Root::repeat_byte(1));
    let after = to_epoch(&before, 3, &settings);
    let record = after.ledger.ees().get(0).unwrap();
    assert_eq!(
        (record.code_hash, record.code_bytes, record.next_code.epoch),
        (hash(&[&code]), 7, FAR_FUTURE_EPOCH)
    );
    assert_eq!(after.ledger.shards(), start.ledger.shards(), "states stay");
    let previous = PreviousCode { code_hash: Root::repeat_byte(1), epoch: 3 };
    assert_eq!(record.previous_code, previous);

    // Executions in epoch 2 can be disputed up to epoch 10, so there is no other switch before epoch 11.
    let message = Upgrade { ee: 0, epoch: 3, code: vec![0; 9].try_into().unwrap() };
    let again = step(&after, with_upgrade(&after, message, 0), &settings);
    let again = step(&again, with_votes(&again, vote(&again, true), (0..46).collect()), &settings);
    let record = again.ledger.ees().get(0).unwrap();
    assert_eq!((record.next_code.code_hash, record.next_code.epoch), (hash(&[&[0; 9]]), 11));
    let known = |epoch| record.known_codes(epoch, 8).collect::<Vec<_>>();
    assert_eq!(known(10), [hash(&[&code]), hash(&[&[0; 9]]), Root::repeat_byte(1)]);
    let switched = to_epoch(&again, 11, &settings);
    let record = switched.ledger.ees().get(0).unwrap();
    assert_eq!((record.code_hash, record.previous_code.code_hash), (hash(&[&[0; 9]]), hash(&[&code])));
    assert_eq!(record.previous_code.epoch, 11);

    // A third rejects it, and nothing changes.
    let against = with_votes(&opened, vote(&opened, false), (0..23).collect());
    let kept = to_epoch(&step(&opened, against, &settings), 3, &settings);
    assert_eq!(kept.ledger.ees(), start.ledger.ees());
    assert_eq!(kept.ledger.total(), start.ledger.total());
}

#[test]
fn code_without_announced_upgrades_does_not_change() {
    let mut state = genesis_state();
    let fixed = GenesisEe { upgrade_delay: 0, ..genesis_ee(&state, 1, [0, 0]) };
    let changing = GenesisEe { deposit: DEPOSIT, ..genesis_ee(&state, 2, [0, 0]) };
    let ledger = Ledger::genesis(&state, &[fixed, changing]).unwrap();
    state.root();
    let start = ExtendedState { state, ledger };
    let upgrade = |ee, code: &[u8]| Upgrade { ee, epoch: 0, code: code.to_vec().try_into().unwrap() };
    refused(&start, with_upgrade(&start, upgrade(0, &[0]), 0), OperationError::Immutable { ee: 0 });
    // On two shards, for three times 4 KiB.
    let short = OperationError::Deposit { got: DEPOSIT, least: 35_020_000_000 };
    refused(&start, with_upgrade(&start, upgrade(1, &[0; 8_193]), 0), short);
    let signer = start.state.validators.get(0).unwrap().pubkey;
    refused(&start, with_upgrade(&start, upgrade(1, &[0]), 1), OperationError::Signature { signer });
    let invalid = OperationError::Code { reason: "it does not begin with zero".to_owned() };
    refused(&start, with_upgrade(&start, upgrade(1, &[9]), 0), invalid);
}
