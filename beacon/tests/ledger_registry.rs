//! EEs come, change and go; ether comes in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::*;
use outrider_beacon::ledger::{
    Deploy, Exit, Extended, LedgerError, LedgerOperations, PreCheckVote, ReceiptKind, Settings, SignedDeploy,
    SignedExit, SignedPreCheckVote, SignedUpgrade, SignedWithdrawToEe, Upgrade, WithdrawToEe,
    error::OperationError,
    operation::{
        DOMAIN_DEPLOY, DOMAIN_EE_EXIT, DOMAIN_PRE_CHECK_VOTE, DOMAIN_UPGRADE, DOMAIN_WITHDRAW_TO_EE,
    },
};
use outrider_beacon_spec::{
    bls::aggregate,
    constants::{DOMAIN_VOLUNTARY_EXIT, FAR_FUTURE_EPOCH},
    error::Error,
    hash::hash,
    types::{BLSSignature, Bytes32, DomainType, Root},
};
use ssz_types::BitVector;

type Operations = LedgerOperations<P0>;

const CODE: [u8; 5_000] = [0; 5_000];
/// 32 ether, 1 for each of the two times 4 KiB that are begun, and a hundredth for the shard.
const DEPOSIT: u64 = 34_010_000_000;
/// The payer, which has exited.
const PAYER: u64 = 69;

fn quick() -> Settings {
    Settings { exit_epochs: 3, refund_epochs: 4, ..Settings::default() }
}

fn deploy(extended: &Extended<P0>) -> Deploy {
    let mut shards = BitVector::new();
    shards.set(1, true).unwrap();
    Deploy {
        ee: extended.ledger.ees().len() as u32,
        code: CODE.to_vec().try_into().unwrap(),
        initial_state_root: Root::repeat_byte(0x99),
        shards,
        owner: extended.state.validators.get(5).unwrap().pubkey,
        refund_credentials: credentials(&extended.state, 70),
        upgrade_delay: 2,
        deposit: DEPOSIT,
        payer: PAYER,
    }
}

fn with_deploy(extended: &Extended<P0>, message: Deploy) -> Operations {
    let signature = signature(&extended.state, message.payer, &message, DOMAIN_DEPLOY, None);
    Operations {
        deploys: vec![SignedDeploy { message, signature }].try_into().unwrap(),
        ..Operations::default()
    }
}

fn with_votes(extended: &Extended<P0>, message: PreCheckVote, validators: Vec<u64>) -> Operations {
    let sign =
        |validator: &u64| signature(&extended.state, *validator, &message, DOMAIN_PRE_CHECK_VOTE, None);
    let signature = aggregate(&validators.iter().map(sign).collect::<Vec<_>>()).unwrap_or_default();
    let vote = SignedPreCheckVote { message, validators: validators.try_into().unwrap(), signature };
    Operations { pre_check_votes: vec![vote].try_into().unwrap(), ..Operations::default() }
}

fn vote(extended: &Extended<P0>, accept: bool) -> PreCheckVote {
    let pre_check = extended.ledger.pre_checks().get(0).unwrap();
    PreCheckVote {
        ee: pre_check.ee,
        code_hash: pre_check.code_hash,
        opened_epoch: pre_check.opened_epoch,
        accept,
    }
}

fn with_exit(extended: &Extended<P0>, message: Exit, owner: u64) -> Operations {
    let signature = signature(&extended.state, owner, &message, DOMAIN_EE_EXIT, None);
    Operations { exits: vec![SignedExit { message, signature }].try_into().unwrap(), ..Operations::default() }
}

fn with_upgrade(extended: &Extended<P0>, message: Upgrade, owner: u64) -> Operations {
    let signature = signature(&extended.state, owner, &message, DOMAIN_UPGRADE, None);
    Operations {
        upgrades: vec![SignedUpgrade { message, signature }].try_into().unwrap(),
        ..Operations::default()
    }
}

fn withdrawal(extended: &Extended<P0>, ee: u32, amount: u64) -> WithdrawToEe {
    WithdrawToEe {
        validator_index: PAYER,
        epoch: extended.state.slot / 8,
        balance: balance(extended, PAYER),
        shard: 1,
        ee,
        amount,
        payload: vec![7; 40].try_into().unwrap(),
    }
}

fn with_withdrawal(extended: &Extended<P0>, message: WithdrawToEe, domain: DomainType) -> Operations {
    let signature = signature(&extended.state, message.validator_index, &message, domain, None);
    let withdrawals = vec![SignedWithdrawToEe { message, signature }].try_into().unwrap();
    Operations { withdrawals, ..Operations::default() }
}

/// The next slot.
#[track_caller]
fn step(extended: &Extended<P0>, operations: Operations, settings: &Settings) -> Extended<P0> {
    propose(extended, extended.state.slot + 1, operations, settings).1.extended
}

/// The first slot of an epoch.
#[track_caller]
fn to_epoch(extended: &Extended<P0>, epoch: u64, settings: &Settings) -> Extended<P0> {
    propose(extended, epoch * 8, Operations::default(), settings).1.extended
}

#[track_caller]
fn refused(extended: &Extended<P0>, operations: Operations, expected: OperationError) {
    let settings = quick();
    let outcome = try_propose(extended, extended.state.slot + 1, empty_body, operations, &settings);
    match outcome {
        Err(LedgerError::Operation { index: 0, error, .. }) => assert_eq!(error, expected),
        other => panic!("{other:?}"),
    }
}

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
    refused(&extended, with_votes(&extended, vote, vec![51, 50]), OperationError::VotersOrder);
    refused(&extended, with_votes(&extended, vote, vec![]), OperationError::VotersOrder);
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
fn a_third_against_it_and_silence_send_the_deposit_back() {
    let settings = quick();
    let start = genesis(&[]);
    let paid = step(&start, with_deploy(&start, deploy(&start)), &settings);
    let against = vote(&paid, false);
    // 22 of 68 are less than a third, 23 are more.
    let voted = step(&paid, with_votes(&paid, against, (0..22).collect()), &settings);
    assert_eq!(voted.ledger.pre_checks().len(), 1);
    let refusal = step(&voted, with_votes(&voted, against, vec![22]), &settings);
    let silence = to_epoch(&paid, 2, &settings);
    assert_eq!(to_epoch(&paid, 1, &settings).ledger.pre_checks().len(), 1, "there is time yet");
    for after in [refusal, silence] {
        assert!(after.ledger.pre_checks().is_empty());
        assert_eq!(balance(&after, 70), balance(&start, 70) + DEPOSIT);
        assert_eq!(after.ledger.total(), start.ledger.total());
        let record = after.ledger.ees().get(0).unwrap();
        assert!(record.is_gone() && record.deposit == 0 && !record.is_active(9));
        // The place is taken; the code may come again.
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
    refused(&start, with(&|deploy| deploy.shards = BitVector::new()), OperationError::NoShard);
    let beyond = OperationError::Shards { got: 2, n_shards: 2 };
    refused(&start, with(&|deploy| deploy.shards.set(2, true).unwrap()), beyond);
    let got = Bytes32::repeat_byte(3);
    refused(
        &start,
        with(&|deploy| deploy.refund_credentials = got),
        OperationError::RefundCredentials { got },
    );
    let not_yet =
        OperationError::NotWithdrawable { validator: 3, withdrawable_epoch: FAR_FUTURE_EPOCH, now: 0 };
    refused(&start, with(&|deploy| deploy.payer = 3), not_yet);
    let missing = OperationError::Spec(Error::IndexOutOfRange);
    let unknown = Deploy { payer: 99, ..deploy(&start) };
    refused(&start, with_deploy(&start, unknown), missing);
    let invalid = OperationError::Code { reason: "it does not begin with zero".to_owned() };
    refused(&start, with(&|deploy| deploy.code = vec![1].try_into().unwrap()), invalid);
    let available = balance(&start, PAYER);
    let poor = OperationError::ValidatorBalance { validator: PAYER, got: available + 1, available };
    refused(&start, with(&|deploy| deploy.deposit = available + 1), poor);

    let mut altered = with(&|_| ());
    altered.deploys[0].message.upgrade_delay = 3;
    let signer = start.state.validators.get(PAYER as usize).unwrap().pubkey;
    refused(&start, altered, OperationError::Signature { signer });
    let settings = Settings { code_bytes_max: 4_999, ..quick() };
    let outcome = try_propose(&start, 1, empty_body, with(&|_| ()), &settings).unwrap_err();
    assert_eq!(outcome.to_string(), "deploy 0 of the block: the code has 5000 bytes, more than 4999");

    let after = step(&start, with(&|_| ()), &quick());
    let again = Deploy { payer: 70, ..deploy(&after) };
    let in_use = OperationError::CodeInUse { code_hash: hash(&[&CODE]), ee: 1 };
    refused(&after, with_deploy(&after, again), in_use);
    // What was signed once does not come again.
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
    // What the owner signed has lapsed, too.
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
fn an_exit_lapses_while_ether_is_on_its_way() {
    let settings = quick();
    let start = genesis(&[[0, 0], [0, 0]]);
    let sent = with_withdrawal(&start, withdrawal(&start, 0, 9), DOMAIN_WITHDRAW_TO_EE);
    let sent = step(&start, sent, &settings);
    // A lane does not tell whom its ether is for.
    let leaving = step(&sent, with_exit(&sent, Exit { ee: 1, epoch: 0 }, 0), &settings);
    let lapsed = to_epoch(&leaving, 3, &settings);
    assert!(!lapsed.ledger.ees().get(1).unwrap().is_exiting());
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
    assert_eq!((record.code_hash, record.next_code_epoch), (Root::repeat_byte(1), 3));
    assert_eq!(record.code_hash_at(2), Root::repeat_byte(1));
    assert_eq!(record.code_hash_at(3), hash(&[&code]));
    let before = to_epoch(&accepted, 2, &settings);
    assert_eq!(before.ledger.ees().get(0).unwrap().code_hash, Root::repeat_byte(1));
    let after = to_epoch(&before, 3, &settings);
    let record = after.ledger.ees().get(0).unwrap();
    assert_eq!(
        (record.code_hash, record.code_bytes, record.next_code_epoch),
        (hash(&[&code]), 7, FAR_FUTURE_EPOCH)
    );
    assert_eq!(after.ledger.shards(), start.ledger.shards(), "states stay");

    // A third against it, and everything stays.
    let against = with_votes(&opened, vote(&opened, false), (0..23).collect());
    let kept = to_epoch(&step(&opened, against, &settings), 3, &settings);
    assert_eq!(kept.ledger.ees(), start.ledger.ees());
    assert_eq!(kept.ledger.total(), start.ledger.total());
}

#[test]
fn code_that_was_not_announced_to_change_does_not() {
    let mut state = genesis_state();
    let fixed = outrider_beacon::ledger::GenesisEe { upgrade_delay: 0, ..genesis_ee(&state, 1, [0, 0]) };
    let changing = outrider_beacon::ledger::GenesisEe { deposit: DEPOSIT, ..genesis_ee(&state, 2, [0, 0]) };
    let ledger = outrider_beacon::ledger::Ledger::genesis(&state, &[fixed, changing]).unwrap();
    state.root();
    let start = Extended { state, ledger };
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

#[test]
fn ether_of_a_validator_is_in_flight_to_its_ee() {
    let settings = quick();
    let start = genesis(&[[0, 0]]);
    let message = withdrawal(&start, 0, 2 * ETHER);
    let operations = with_withdrawal(&start, message.clone(), DOMAIN_WITHDRAW_TO_EE);
    let (_, transition) = propose(&start, 1, operations, &settings);
    let after = &transition.extended;
    assert_eq!(balance(after, PAYER), balance(&start, PAYER) - 2 * ETHER);
    assert_eq!(after.ledger.total(), start.ledger.total() + 2 * ETHER);
    let lane = after.ledger.beacon_lanes().outbound().get(1).unwrap();
    assert_eq!((lane.next, lane.in_flight), (1, 2 * ETHER));
    let [receipt] = transition.receipts.as_slice() else { panic!("{:?}", transition.receipts) };
    assert_eq!(
        (receipt.source_shard, receipt.source_ee, receipt.sequence, receipt.slot),
        (1024, PAYER, 0, 1)
    );
    assert_eq!((receipt.destination_shard, receipt.destination_ee, receipt.value), (1, 0, 2 * ETHER));
    assert_eq!((receipt.kind, &receipt.payload), (ReceiptKind::FromBeaconChain as u8, &message.payload));
    assert_ne!(after.ledger.recent_execution_root(1024, 1), None);
    assert_eq!(after.ledger.recent_execution_root(1024, 0), None);

    // It is good for once, as the balance is another one.
    let (got, expected) = (balance(&start, PAYER), balance(after, PAYER));
    let again = with_withdrawal(after, message, DOMAIN_WITHDRAW_TO_EE);
    refused(after, again, OperationError::BalanceBefore { validator: PAYER, got, expected });
}

#[test]
fn withdrawals_are_checked() {
    let start = genesis(&[[0, 0]]);
    let with = |change: &dyn Fn(&mut WithdrawToEe)| {
        let mut message = withdrawal(&start, 0, ETHER);
        change(&mut message);
        with_withdrawal(&start, message, DOMAIN_WITHDRAW_TO_EE)
    };
    refused(&start, with(&|message| message.amount = 0), OperationError::NoAmount);
    refused(&start, with(&|message| message.ee = 1), OperationError::EeUnknown { got: 1, n: 1 });
    refused(&start, with(&|message| message.shard = 2), OperationError::ShardUnknown { got: 2, n_shards: 2 });
    refused(&start, with(&|message| message.epoch = 1), OperationError::Epoch { got: 1, now: 0 });
    let available = balance(&start, PAYER);
    let poor = OperationError::ValidatorBalance { validator: PAYER, got: available + 1, available };
    refused(&start, with(&|message| message.amount = available + 1), poor);
    let active =
        OperationError::NotWithdrawable { validator: 3, withdrawable_epoch: FAR_FUTURE_EPOCH, now: 0 };
    refused(&start, with(&|message| message.validator_index = 3), active);
    let signer = start.state.validators.get(PAYER as usize).unwrap().pubkey;
    let other_domain = with_withdrawal(&start, withdrawal(&start, 0, ETHER), DOMAIN_DEPLOY);
    refused(&start, other_domain, OperationError::Signature { signer });
    let mut unsigned = with(&|_| ());
    unsigned.withdrawals[0].signature = BLSSignature::ZERO;
    refused(&start, unsigned, OperationError::Signature { signer });
}

#[test]
fn an_ee_that_takes_no_receipts_gets_none() {
    let state = genesis_state();
    let deaf = outrider_beacon::ledger::GenesisEe { takes_receipts: false, ..genesis_ee(&state, 1, [0, 0]) };
    let ledger = outrider_beacon::ledger::Ledger::genesis(&state, &[deaf]).unwrap();
    let start = Extended { state, ledger };
    let operations = with_withdrawal(&start, withdrawal(&start, 0, 1), DOMAIN_WITHDRAW_TO_EE);
    refused(&start, operations, OperationError::NoReceipts { ee: 0 });
}
