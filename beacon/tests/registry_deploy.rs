//! Deployments of EEs, and the votes on them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, balance, empty_body, genesis,
    operations::{
        CODE, DEPOSIT, PAYER, deploy, quick, refused, step, to_epoch, vote, with_deploy, with_votes,
    },
    try_propose,
};
use outrider_beacon::ledger::{Deploy, EeStatus, PreCheckVote, Settings, error::OperationError};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    error::Error,
    hash::hash,
    types::{Bytes32, Root},
};
use ssz_types::BitVector;

#[test]
fn two_thirds_of_the_stake_let_code_in_from_the_next_epoch_on() {
    let settings = quick();
    let start = genesis(&[[5, 6]]);
    let before = balance(&start, PAYER);
    let total = start.ledger.total();
    let extended = step(&start, with_deploy(&start, deploy(&start)), &settings);
    assert_eq!(balance(&extended, PAYER), before - DEPOSIT);
    assert_eq!(extended.ledger.total(), total + DEPOSIT);
    let record = extended.ledger.ees().get(1).unwrap();
    // By sha256sum: `head -c 5000 /dev/zero | sha256sum`.
    assert_eq!(hex::encode(record.code_hash), CODE_SHA256);
    assert_eq!(
        (record.code_bytes, record.takes_receipts, record.deployed_epoch),
        (5_000, true, FAR_FUTURE_EPOCH)
    );

    // 45 of 68 are less than two thirds, 46 are more.
    let vote = vote(&extended, true);
    let extended = step(&extended, with_votes(&extended, vote, (0..45).collect()), &settings);
    assert_eq!(extended.ledger.ees().get(1).unwrap().deployed_epoch, FAR_FUTURE_EPOCH);
    refused(&extended, with_votes(&extended, vote, vec![44]), OperationError::VotedBefore { validator: 44 });
    refused(&extended, with_votes(&extended, vote, vec![PAYER]), OperationError::Voter { validator: PAYER });
    refused(&extended, with_votes(&extended, vote, vec![51, 50]), OperationError::VotersOrder {});
    refused(&extended, with_votes(&extended, vote, vec![]), OperationError::VotersOrder {});
    let extended = step(&extended, with_votes(&extended, vote, vec![45]), &settings);
    assert_eq!(extended.ledger.ees().get(1).unwrap().deployed_epoch, 1);
    assert!(extended.ledger.pre_checks().is_empty());
    let root_on =
        |shard: usize| extended.ledger.shards().get(shard).unwrap().ees().get(1).unwrap().state_root;
    assert_eq!([root_on(0), root_on(1)], [Root::ZERO, Root::repeat_byte(0x99)]);
    // Too late.
    let late = OperationError::NoPreCheck { ee: 1, code_hash: vote.code_hash, opened_epoch: 0 };
    refused(&extended, with_votes(&extended, vote, vec![46]), late);
}

const CODE_SHA256: &str = "7ca5bd879f393d9dd05b14f38add9c0fc6b67928f7f2d261b2e47a32ee8219e3";

#[test]
fn a_rejecting_third_and_silence_refund_the_deposit() {
    let settings = quick();
    let start = genesis(&[]);
    let paid = step(&start, with_deploy(&start, deploy(&start)), &settings);
    let against = vote(&paid, false);
    // 22 of 68 are less than a third, 23 are more.
    let voted = step(&paid, with_votes(&paid, against, (0..22).collect()), &settings);
    assert_eq!(voted.ledger.pre_checks().len(), 1);
    assert_eq!(voted.ledger.ees().get(0).unwrap().status(0), EeStatus::Pending);
    let refusal = step(&voted, with_votes(&voted, against, vec![22]), &settings);
    let silence = to_epoch(&paid, 2, &settings);
    // Votes that decide nothing end like silence.
    let undecided = to_epoch(&voted, 2, &settings);
    let far = FAR_FUTURE_EPOCH;
    for (after, status, exit_epoch, withdrawable_epoch) in [
        (&refusal, EeStatus::Rejected, 0, 0),
        (&silence, EeStatus::Lapsed, far, 2),
        (&undecided, EeStatus::Lapsed, far, 2),
    ] {
        let record = after.ledger.ees().get(0).unwrap();
        assert_eq!([record.status(2), record.status(u64::MAX)], [status; 2]);
        let epochs = [record.deployed_epoch, record.exit_epoch, record.withdrawable_epoch];
        assert_eq!(epochs, [far, exit_epoch, withdrawable_epoch]);
    }
    assert_eq!(to_epoch(&paid, 1, &settings).ledger.pre_checks().len(), 1, "there is time yet");
    for after in [refusal, silence, undecided] {
        assert!(after.ledger.pre_checks().is_empty());
        assert_eq!(balance(&after, 70), balance(&start, 70) + DEPOSIT);
        assert_eq!(after.ledger.total(), start.ledger.total());
        let record = after.ledger.ees().get(0).unwrap();
        assert!(record.is_gone() && record.deposit == 0 && !record.is_active(9));
        // The index is taken; the code may be deployed again.
        let again = deploy(&after);
        assert_eq!(again.ee, 1);
        let richer = Deploy { payer: 70, ..again };
        step(&after, with_deploy(&after, richer), &settings);
    }
}

#[test]
fn deployments_are_checked() {
    let start = genesis(&[[5, 6]]);
    let with = |change: &dyn Fn(&mut Deploy)| {
        let mut message = deploy(&start);
        change(&mut message);
        with_deploy(&start, message)
    };
    refused(&start, with(&|deploy| deploy.ee = 0), OperationError::EeIndex { got: 0, expected: 1 });
    let short = OperationError::Deposit { got: DEPOSIT - 1, least: DEPOSIT };
    refused(&start, with(&|deploy| deploy.deposit = DEPOSIT - 1), short);
    refused(&start, with(&|deploy| deploy.shards = BitVector::new()), OperationError::NoShard {});
    let beyond = OperationError::Shards { got: 2, n_shards: 2 };
    refused(&start, with(&|deploy| deploy.shards.set(2, true).unwrap()), beyond);
    let got = Bytes32::repeat_byte(3);
    refused(
        &start,
        with(&|deploy| deploy.refund_credentials = got),
        OperationError::RefundCredentials { got },
    );
    refused(&start, with(&|deploy| deploy.payer = 3), OperationError::NotExited { validator: 3 });
    // 2^32 epochs are the limit.
    let limit = 4_294_967_296;
    for got in [limit + 1, u64::MAX] {
        let delay = OperationError::UpgradeDelay { got, limit };
        refused(&start, with(&|deploy| deploy.upgrade_delay = got), delay);
    }
    step(&start, with(&|deploy| deploy.upgrade_delay = limit), &quick());
    let missing = OperationError::Spec(Error::IndexOutOfRange);
    let unknown = Deploy { payer: 99, ..deploy(&start) };
    refused(&start, with_deploy(&start, unknown), missing);
    let invalid = OperationError::Code { reason: "it does not begin with zero".to_owned() };
    refused(&start, with(&|deploy| deploy.code = vec![1].try_into().unwrap()), invalid);
    let available = balance(&start, PAYER);
    let poor = OperationError::ValidatorBalance { validator: PAYER, got: available + 1, available };
    refused(&start, with(&|deploy| deploy.deposit = available + 1), poor);
    let poor = OperationError::ValidatorBalance { validator: PAYER, got: u64::MAX, available };
    refused(&start, with(&|deploy| deploy.deposit = u64::MAX), poor);

    let mut altered = with(&|_| ());
    altered.deploys[0].message.upgrade_delay = 3;
    let signer = start.state.validators.get(PAYER as usize).unwrap().pubkey;
    refused(&start, altered, OperationError::Signature { signer });
    let settings = Settings { code_bytes_max: 4_999, ..quick() };
    let outcome = try_propose(&start, 1, empty_body, with(&|_| ()), &settings).unwrap_err();
    assert_eq!(outcome.to_string(), "deploy 0 of the block is refused");
    let reason = std::error::Error::source(&outcome).unwrap().to_string();
    assert_eq!(reason, "the code has 5000 bytes, the limit is 4999");

    let after = step(&start, with(&|_| ()), &quick());
    let again = Deploy { payer: 70, ..deploy(&after) };
    // 2 of 68 active validators have voted, each with 32 ether.
    let votes = vote(&after, true);
    let voted = step(&after, with_votes(&after, votes, vec![1]), &quick());
    let votes = PreCheckVote { accept: false, ..votes };
    let voted = step(&voted, with_votes(&voted, votes, vec![0]), &quick());
    let voted_on = OperationError::CodeVotedOn {
        code_hash: hash(&[&CODE]),
        ee: 1,
        until: 2,
        accepted: 32 * ETHER,
        rejected: 32 * ETHER,
        total: 68 * 32 * ETHER,
    };
    refused(&voted, with_deploy(&voted, again.clone()), voted_on);
    let votes = PreCheckVote { accept: true, ..votes };
    let accepted = step(&voted, with_votes(&voted, votes, (2..48).collect()), &quick());
    let in_use = OperationError::CodeInUse { code_hash: hash(&[&CODE]), ee: 1 };
    let again = Deploy { ee: 2, ..again };
    refused(&accepted, with_deploy(&accepted, again), in_use);
    // A signed deployment cannot be used twice.
    refused(&after, with(&|_| ()), OperationError::EeIndex { got: 1, expected: 2 });
}

#[test]
fn a_faucet_pays_without_having_exited() {
    let start = genesis(&[]);
    let settings = Settings { faucet: Some(3), deposit_min: ETHER, ..quick() };
    let message = Deploy { payer: 3, deposit: 5 * ETHER, ..deploy(&start) };
    let after = step(&start, with_deploy(&start, message), &settings);
    assert_eq!(after.ledger.total(), 5 * ETHER);
}
