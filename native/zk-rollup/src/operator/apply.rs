//! The effects of deposits, exits and transfers on a view, as the EE and the circuit define them.

use outrider_witness::NodeSource;
use outrider_zk_rollup_core::{Account, AccountIndex, Fr, PublicKey};
use outrider_zk_rollup_ee::{Deposit, Exit, ExitError, Recipient, SignedExit};

use super::request::Request;
use super::view::{View, ViewError};
use crate::batch::TransferError;
use crate::witness::SlotWitness;

/// A reason why an operator does not take a transfer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Another transfer has the same sender and nonce.
    #[error("account {} signed nonce {nonce} twice: transfer {first} has it, too", .index.get())]
    Repeated {
        /// The sender.
        index: AccountIndex,
        /// The nonce.
        nonce: u64,
        /// The position of the other transfer, from 0.
        first: usize,
    },
    /// The nonce is not the next one of the account, nor do other transfers lead to it.
    #[error("the nonce is {got}, and the next one of account {} is {expected}", .index.get())]
    Nonce {
        /// The sender.
        index: AccountIndex,
        /// The nonce of the transfer.
        got: u64,
        /// The next nonce.
        expected: u64,
    },
    /// The transfer cannot be made.
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

/// A reason why something has no effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError<E: std::error::Error + 'static> {
    /// It is refused.
    #[error(transparent)]
    Refused(E),
    /// The state cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
}

/// Gives the first pending deposits their places, and returns the next index.
pub(super) fn deposits<S: NodeSource>(view: &mut View<S>, n_deposits: usize) -> Result<u32, ViewError> {
    let mut next = view.node().next_index;
    let taken: Vec<Deposit> = view.pending().iter().take(n_deposits).copied().collect();
    for Deposit { value, recipient } in taken {
        let (index, before) = match recipient {
            Recipient::Existing(index) => (index, view.account(index)?),
            Recipient::New(key) => {
                let index = AccountIndex::new(next)?;
                next = next.saturating_add(1);
                let key = PublicKey::from_bytes(&key).ok();
                (index, key.map(|key| Account { key_y: key.y(), balance: 0, nonce: 0 }))
            }
        };
        // The EE keeps as unclaimed what no account can have.
        let after = before
            .and_then(|account| Some(Account { balance: account.balance.checked_add(value)?, ..account }));
        if let Some(account) = after {
            view.set(index, account)?;
        }
    }
    Ok(next)
}

/// Lets an exit leave its account.
pub(super) fn exit<S: NodeSource>(
    view: &mut View<S>,
    signed: &SignedExit,
) -> Result<(), ApplyError<ExitError>> {
    let SignedExit { exit, signature } = signed;
    let Exit { index, amount, receipt_fee: fee, nonce, .. } = *exit;
    let refuse = ApplyError::Refused;
    let account = view.account(index)?.ok_or(refuse(ExitError::Unknown { index }))?;
    if nonce != account.nonce {
        return Err(refuse(ExitError::Nonce { got: nonce, expected: account.nonce }));
    }
    let balance = amount.checked_add(fee).and_then(|cost| account.balance.checked_sub(cost));
    let balance = balance.ok_or(refuse(ExitError::Funds { balance: account.balance, amount, fee }))?;
    let nonce = account.nonce.checked_add(1).ok_or(refuse(ExitError::LastNonce))?;
    let key = PublicKey::of_account(account.key_y).map_err(|error| refuse(error.into()))?;
    let domain = view.node().domain;
    signature.verify(&key, &exit.message(), &domain).map_err(|error| refuse(error.into()))?;
    Ok(view.set(index, Account { balance, nonce, ..account })?)
}

/// Checks that the sender of a transfer has signed it for this rollup, if there is such an account. Nothing in a section changes
/// the key of an account.
pub(super) fn check_signature<S: NodeSource>(
    view: &mut View<S>,
    request: &Request,
) -> Result<(), ApplyError<Refusal>> {
    let Request { transfer, nonce, signature } = request;
    let domain: Fr = view.node().domain;
    let refuse = |error: TransferError| ApplyError::Refused(error.into());
    let Some(Account { key_y, .. }) = view.account(transfer.from)? else { return Ok(()) };
    let key = PublicKey::of_account(key_y).map_err(|error| refuse(error.into()))?;
    let verified = signature.verify(&key, &transfer.message(*nonce), &domain);
    verified.map_err(|source| refuse(TransferError::Signature { nonce: *nonce, source }))
}

/// Makes a transfer whose [signature was checked](check_signature), and returns the witness of its slot. The view does not change
/// if the transfer is refused.
///
/// 1. The sender exists, and the nonce is its next one.
/// 2. Its balance covers amount and fee.
/// 3. The receiver exists, and its balance stays below 2^64.
pub(super) fn transfer<S: NodeSource>(
    view: &mut View<S>,
    request: &Request,
) -> Result<SlotWitness, ApplyError<Refusal>> {
    let Request { transfer, nonce, signature } = request;
    let (from, to) = (transfer.from, transfer.to);
    let domain: Fr = view.node().domain;
    let refuse = |error: TransferError| ApplyError::Refused(error.into());
    let no_account = |index: AccountIndex| refuse(TransferError::NoAccount { index: index.get() });

    let sender = view.open_account(from)?.ok_or_else(|| no_account(from))?;
    let Account { balance, nonce: expected, .. } = sender.account;
    if *nonce != expected {
        return Err(ApplyError::Refused(Refusal::Nonce { index: from, got: *nonce, expected }));
    }
    let cost = transfer.cost();
    let unfunded = TransferError::Unfunded { index: from.get(), balance, cost: cost.unwrap_or(u64::MAX) };
    let left = cost.and_then(|cost| balance.checked_sub(cost)).ok_or_else(|| refuse(unfunded))?;
    let last = TransferError::LastNonce { index: from.get() };
    let next_nonce = nonce.checked_add(1).ok_or_else(|| refuse(last))?;
    let before = match from == to {
        true => left,
        false => view.account(to)?.ok_or_else(|| no_account(to))?.balance,
    };
    let overflow = TransferError::Overflow { index: to.get() };
    let received = before.checked_add(transfer.amount.gwei()).ok_or_else(|| refuse(overflow))?;

    view.set(from, Account { balance: left, nonce: next_nonce, ..sender.account })?;
    let receiver = view.open_account(to)?.ok_or_else(|| no_account(to))?;
    view.set(to, Account { balance: received, ..receiver.account })?;
    Ok(SlotWitness::of_transfer(transfer, signature, &domain, &sender, &receiver))
}
