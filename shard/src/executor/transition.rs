//! The transition that follows from an execution, and its comparison with the one that a header states.

use std::fmt::Display;

use outrider_beacon::{
    ledger::{EeIndex, EeState, EeTransition},
    receipts::receipts_root,
};
use outrider_beacon_spec::{containers::DepositData, hash::hash_tree_root, types::Gwei};
use outrider_host::Deposit;

use super::{
    ExecutorError,
    job::{Job, Outcome},
};

/// Returns the transition of an EE by an execution, when it receives this ether.
pub(super) fn transition_of(
    job: &Job,
    outcome: &Outcome,
    value_in: Gwei,
) -> Result<EeTransition, ExecutorError> {
    let Job { ee, payload_root, pre, .. } = *job;
    let Outcome { sent, value_out, .. } = outcome;
    let n_deposits = outcome.deposits.len();
    let deposits = outcome.deposits.iter().try_fold(0_u64, |sum, deposit| sum.checked_add(deposit.amount));
    let deposit_data: Vec<_> = outcome.deposits.iter().map(deposit_data).collect();
    Ok(EeTransition {
        ee,
        pre_state_root: pre.state_root,
        post_state_root: outcome.post_state_root,
        payload_root,
        fuel_used: outcome.fuel_used,
        balance: pre.balance,
        value_in,
        value_out: *value_out,
        deposits: deposits.ok_or(ExecutorError::DepositSum { ee })?,
        proposer_fee: outcome.proposer_fee,
        receipts_root: receipts_root(ee, sent)?,
        deposit_data: deposit_data.try_into().or(Err(ExecutorError::DepositsMax { ee, got: n_deposits }))?,
    })
}

/// Returns the transition of an EE that receives ether without an execution.
pub(super) fn credit(ee: EeIndex, pre: EeState, value_in: Gwei) -> EeTransition {
    EeTransition {
        ee,
        pre_state_root: pre.state_root,
        post_state_root: pre.state_root,
        balance: pre.balance,
        value_in,
        ..EeTransition::default()
    }
}

fn deposit_data(deposit: &Deposit) -> DepositData {
    DepositData {
        pubkey: deposit.pubkey.into(),
        withdrawal_credentials: deposit.withdrawal_credentials.into(),
        amount: deposit.amount,
        signature: deposit.signature.into(),
    }
}

/// Checks that a stated transition is the right one.
pub(super) fn check_transition(stated: &EeTransition, right: &EeTransition) -> Result<(), ExecutorError> {
    let ee = right.ee;
    let differ = |field, got: &dyn Display, expected: &dyn Display| {
        Err(ExecutorError::Difference { ee, field, got: got.to_string(), expected: expected.to_string() })
    };
    macro_rules! compare {
        ($($field:ident),*) => {
            $(
                if stated.$field != right.$field {
                    return differ(stringify!($field), &stated.$field, &right.$field);
                }
            )*
        };
    }
    compare!(ee, pre_state_root, post_state_root, payload_root, fuel_used, balance, value_in, value_out);
    compare!(deposits, proposer_fee, receipts_root);
    let (got, expected) = (&stated.deposit_data, &right.deposit_data);
    if got == expected {
        return Ok(());
    }
    let differs = got.iter().zip(expected).position(|(got, expected)| got != expected);
    let first = differs.unwrap_or(got.len().min(expected.len()));
    let shown = |list: &[DepositData]| match list.get(first) {
        Some(data) => format!("deposit {first} with root {}", hash_tree_root(data)),
        None => format!("{first} deposits"),
    };
    differ("deposit_data", &shown(got), &shown(expected))
}
