//! Operations of validators and owners.

use super::{P0, balance, credentials, empty_body, propose, signature, try_propose};
use outrider_beacon::ledger::{
    Deploy, Exit, ExtendedState, LedgerError, LedgerOperations, PreCheckVote, Settings, SignedDeploy,
    SignedExit, SignedPreCheckVote, SignedTopUp, SignedUpgrade, SignedWithdrawToEe, TopUp, Upgrade,
    WithdrawToEe,
    error::OperationError,
    operation::{DOMAIN_DEPLOY, DOMAIN_EE_EXIT, DOMAIN_PRE_CHECK_VOTE, DOMAIN_TOP_UP, DOMAIN_UPGRADE},
};
use outrider_beacon_spec::{
    bls::aggregate,
    types::{DomainType, Root},
};
use ssz_types::BitVector;

pub(crate) type Operations = LedgerOperations<P0>;

pub(crate) const CODE: [u8; 5_000] = [0; 5_000];
/// The deposit: 32 ether, 1 for each of two started 4 KiB, and a hundredth for the shard.
pub(crate) const DEPOSIT: u64 = 34_010_000_000;
/// The payer, which has exited.
pub(crate) const PAYER: u64 = 69;

pub(crate) fn quick() -> Settings {
    Settings { exit_epochs: 3, refund_epochs: 4, ..Settings::default() }
}

pub(crate) fn deploy(extended: &ExtendedState<P0>) -> Deploy {
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

pub(crate) fn with_deploy(extended: &ExtendedState<P0>, message: Deploy) -> Operations {
    let signature = signature(&extended.state, message.payer, &message, DOMAIN_DEPLOY, None);
    Operations {
        deploys: vec![SignedDeploy { message, signature }].try_into().unwrap(),
        ..Operations::default()
    }
}

pub(crate) fn with_votes(
    extended: &ExtendedState<P0>,
    message: PreCheckVote,
    validators: Vec<u64>,
) -> Operations {
    let sign =
        |validator: &u64| signature(&extended.state, *validator, &message, DOMAIN_PRE_CHECK_VOTE, None);
    let signature = aggregate(&validators.iter().map(sign).collect::<Vec<_>>()).unwrap_or_default();
    let vote = SignedPreCheckVote { message, validators: validators.try_into().unwrap(), signature };
    Operations { pre_check_votes: vec![vote].try_into().unwrap(), ..Operations::default() }
}

pub(crate) fn vote(extended: &ExtendedState<P0>, accept: bool) -> PreCheckVote {
    let pre_check = extended.ledger.pre_checks().get(0).unwrap();
    PreCheckVote {
        ee: pre_check.ee,
        code_hash: pre_check.code_hash,
        opened_epoch: pre_check.opened_epoch,
        accept,
    }
}

pub(crate) fn with_exit(extended: &ExtendedState<P0>, message: Exit, owner: u64) -> Operations {
    let signature = signature(&extended.state, owner, &message, DOMAIN_EE_EXIT, None);
    Operations { exits: vec![SignedExit { message, signature }].try_into().unwrap(), ..Operations::default() }
}

pub(crate) fn with_upgrade(extended: &ExtendedState<P0>, message: Upgrade, owner: u64) -> Operations {
    let signature = signature(&extended.state, owner, &message, DOMAIN_UPGRADE, None);
    Operations {
        upgrades: vec![SignedUpgrade { message, signature }].try_into().unwrap(),
        ..Operations::default()
    }
}

pub(crate) fn withdrawal(extended: &ExtendedState<P0>, ee: u32, amount: u64) -> WithdrawToEe {
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

pub(crate) fn with_withdrawal(
    extended: &ExtendedState<P0>,
    message: WithdrawToEe,
    domain: DomainType,
) -> Operations {
    let signature = signature(&extended.state, message.validator_index, &message, domain, None);
    let withdrawals = vec![SignedWithdrawToEe { message, signature }].try_into().unwrap();
    Operations { withdrawals, ..Operations::default() }
}

/// Proposes a block with these operations in the next slot.
#[track_caller]
pub(crate) fn step(
    extended: &ExtendedState<P0>,
    operations: Operations,
    settings: &Settings,
) -> ExtendedState<P0> {
    propose(extended, extended.state.slot + 1, operations, settings).1.extended
}

/// Proposes an empty block in the first slot of an epoch.
#[track_caller]
pub(crate) fn to_epoch(extended: &ExtendedState<P0>, epoch: u64, settings: &Settings) -> ExtendedState<P0> {
    propose(extended, epoch * 8, Operations::default(), settings).1.extended
}

/// Returns a top-up by the payer, without code.
pub(crate) fn top_up(extended: &ExtendedState<P0>, ee: u32, amount: u64) -> TopUp {
    let record = extended.ledger.ees().get(ee as usize).unwrap();
    TopUp {
        ee,
        epoch: extended.state.slot / 8,
        deposit: record.deposit,
        amount,
        payer: PAYER,
        ..TopUp::default()
    }
}

pub(crate) fn with_top_up(extended: &ExtendedState<P0>, message: TopUp) -> Operations {
    let signature = signature(&extended.state, message.payer, &message, DOMAIN_TOP_UP, None);
    let top_ups = vec![SignedTopUp { message, signature }].try_into().unwrap();
    Operations { top_ups, ..Operations::default() }
}

#[track_caller]
pub(crate) fn refused(extended: &ExtendedState<P0>, operations: Operations, expected: OperationError) {
    refused_with(&quick(), extended, operations, expected);
}

#[track_caller]
pub(crate) fn refused_with(
    settings: &Settings,
    extended: &ExtendedState<P0>,
    operations: Operations,
    expected: OperationError,
) {
    let outcome = try_propose(extended, extended.state.slot + 1, empty_body, operations, settings);
    match outcome {
        Err(LedgerError::Operation { index: 0, error, .. }) => assert_eq!(error, expected),
        other => panic!("{other:?}"),
    }
}
