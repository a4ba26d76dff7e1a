//! The transition: from one state to the next.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{collections::BTreeSet, vec::Vec};

use outrider_sdk::{
    context,
    receipt::{self, RECEIPTS_SENT_MAX, ReceiptKind, SentReceipt},
};
use outrider_zk_rollup_core::{Account, AccountIndex, PublicKey, field::from_bytes};

use crate::{
    batch,
    deposits::{Deposit, Recipient, receive},
    error::{ExitError, GenesisError, StateError, TransitionError},
    exit::SignedExit,
    genesis::Genesis,
    input::{Forced, Payload, SignedSection},
    node::StateNode,
    state::State,
};

/// Executes a payload.
///
/// A genesis is for the empty state. Its keys are valid, see [`VerifyingKey::check`], and so is the operator's.
///
/// Everything else is for another state. First, receipts become pending [deposits](Deposit). Then, a section of
/// the operator:
///
/// 1. The operator has signed it, for this number of sections and this root of the accounts.
/// 2. The first pending deposits get their places: new accounts the next indices, in order.
/// 3. Exits leave, see below.
/// 4. The fees earned so far become a pending deposit for an account that exists, if the section names one.
/// 5. [Batches](crate::Batch) follow: the rollup has a verifying key for each one's size, its proof holds for the root before
///    and after it, and its fees are the operator's.
///
/// Operations without the operator need a rollup that is [open](StateNode::is_open). They are the same as 2 and 3.
///
/// An exit:
///
/// 1. The account exists.
/// 2. The nonce is that of the account, and not the last one.
/// 3. The balance covers the amount and the fee of the receipt.
/// 4. The owner has signed it for this rollup.
///
/// # Errors
///
/// Fails if a condition does not hold, or if the witness does not cover what the block needs.
///
/// [`VerifyingKey::check`]: outrider_zk_rollup_core::proof::VerifyingKey::check
pub fn transition(state: &mut State, payload: &[u8]) -> Result<(), TransitionError> {
    let payload = Payload::from_bytes(payload)?;
    if let Payload::Genesis(genesis) = payload {
        return begin(state, genesis);
    }
    state.node_mut()?;
    receive(state)?;
    let receipts = match payload {
        Payload::Genesis(_) => Vec::new(),
        Payload::Section(section) => section_of(state, &section)?,
        Payload::Forced(forced) => forced_of(state, &forced)?,
    };
    state.finish();
    receipts.iter().for_each(receipt::send);
    Ok(())
}

fn begin(state: &mut State, genesis: Genesis) -> Result<(), TransitionError> {
    if let Some(node) = state.node() {
        return Err(TransitionError::NotEmpty { root: node.root() });
    }
    if genesis.keys.is_empty() || genesis.keys.len() > usize::from(u8::MAX) {
        return Err(GenesisError::Keys { got: genesis.keys.len() }.into());
    }
    let mut before = 0;
    for (size, _) in &genesis.keys {
        if *size <= before {
            return Err(GenesisError::Order { size: *size }.into());
        }
        before = *size;
    }
    let domain = genesis.domain(context::shard(), context::ee_index());
    let unclaimed = receipt::inbox().fold(0, |unclaimed: u64, received| match received.kind {
        ReceiptKind::Message => {
            received.reject();
            unclaimed
        }
        ReceiptKind::Bounced | ReceiptKind::Expired | ReceiptKind::FromBeaconChain => {
            unclaimed.saturating_add(received.value)
        }
    });
    state.begin(StateNode::of_genesis(&genesis, domain, context::slot(), unclaimed), genesis);
    Ok(())
}

fn section_of(state: &mut State, signed: &SignedSection) -> Result<Vec<SentReceipt>, TransitionError> {
    let SignedSection { signature, section } = signed;
    let accounts = state.accounts_root();
    let node = state.node_mut()?;
    let operator = PublicKey::of_account(node.operator)?;
    let message = section.message(node.n_sections, &accounts);
    let verified = signature.verify(&operator, &message, &node.domain);
    verified.map_err(|source| TransitionError::Signature { n_sections: node.n_sections, source })?;
    node.n_sections = node.n_sections.checked_add(1).ok_or(TransitionError::LastSection)?;
    node.last_section = context::slot();
    let receipts = operations(state, section.n_deposits, &section.exits)?;
    if let Some(collector) = section.collector {
        collect(state, collector)?;
    }
    for (number, batch) in section.batches.iter().enumerate() {
        batch::execute(state, batch).map_err(|source| TransitionError::Batch { number, source })?;
    }
    Ok(receipts)
}

fn forced_of(state: &mut State, forced: &Forced) -> Result<Vec<SentReceipt>, TransitionError> {
    let Forced { n_deposits, exits } = forced;
    if *n_deposits == 0 && exits.is_empty() {
        return Ok(Vec::new());
    }
    let slot = context::slot();
    let node = state.node_mut()?;
    if !node.is_open(slot) {
        let last = node.last_section.min(node.last_forced);
        return Err(TransitionError::Closed { slot, last, silence: node.silence });
    }
    node.last_forced = slot;
    operations(state, *n_deposits, exits)
}

/// Gives the first pending deposits their places, lets exits leave, and returns their receipts.
fn operations(
    state: &mut State,
    n_deposits: u32,
    exits: &[SignedExit],
) -> Result<Vec<SentReceipt>, TransitionError> {
    if exits.len() > RECEIPTS_SENT_MAX {
        return Err(TransitionError::Exits { got: exits.len() });
    }
    let placed = take_deposits(state, n_deposits)?;
    let node = state.node_mut()?;
    let fail = |position| move |source| TransitionError::Exit { position, source };
    for (position, SignedExit { exit, .. }) in exits.iter().enumerate() {
        if !node.has_account(exit.index) {
            return Err(fail(position)(ExitError::Unknown { index: exit.index }));
        }
    }
    let indices = placed.iter().map(|(index, _)| *index);
    let indices: BTreeSet<AccountIndex> = indices.chain(exits.iter().map(|exit| exit.exit.index)).collect();
    state.open_accounts(&indices)?;
    for (index, deposit) in placed {
        place(state, index, &deposit)?;
    }
    let leave = |(position, exit)| leave(state, exit).map_err(fail(position));
    exits.iter().enumerate().map(leave).collect()
}

/// Takes the first pending deposits, and returns them with their indices.
fn take_deposits(
    state: &mut State,
    n_deposits: u32,
) -> Result<Vec<(AccountIndex, Deposit)>, TransitionError> {
    if n_deposits == 0 {
        return Ok(Vec::new());
    }
    let pending = state.deposits()?;
    let n = usize::try_from(n_deposits).unwrap_or(usize::MAX);
    if n > pending.len() {
        return Err(TransitionError::Deposits { got: n_deposits, pending: pending.len() });
    }
    let taken: Vec<Deposit> = pending.drain(..n).collect();
    let node = state.node_mut()?;
    let index = |deposit: Deposit| match deposit.recipient {
        Recipient::Existing(index) => Ok((index, deposit)),
        Recipient::New(_) => {
            let index = AccountIndex::new(node.next_index).map_err(|_| TransitionError::Full)?;
            node.next_index = node.next_index.saturating_add(1);
            Ok((index, deposit))
        }
    };
    taken.into_iter().map(index).collect()
}

/// Adds a deposit to an account, or makes it. What no account can have is unclaimed, so that nothing stops the list.
fn place(state: &mut State, index: AccountIndex, deposit: &Deposit) -> Result<(), StateError> {
    let Deposit { value, recipient } = *deposit;
    let before = match recipient {
        Recipient::Existing(_) => state.account(index)?,
        Recipient::New(mut key) => {
            // The list only has keys that were checked, of a y in little-endian order.
            key.reverse();
            from_bytes(&key).ok().map(|key_y| Account { key_y, balance: 0, nonce: 0 })
        }
    };
    let credited = before.and_then(|account| {
        let balance = account.balance.checked_add(value)?;
        Some(Account { balance, ..account })
    });
    match credited {
        Some(account) => state.set_account(index, account),
        None => {
            let node = state.node_mut()?;
            node.unclaimed = node.unclaimed.saturating_add(value);
            Ok(())
        }
    }
}

/// Lets an exit leave its account, and returns its receipt.
fn leave(state: &mut State, signed: &SignedExit) -> Result<SentReceipt, ExitError> {
    let SignedExit { exit, signature } = signed;
    let index = exit.index;
    let account = state.account(index)?.ok_or(ExitError::Unknown { index })?;
    if exit.nonce != account.nonce {
        return Err(ExitError::Nonce { got: exit.nonce, expected: account.nonce });
    }
    let cost = exit.amount.checked_add(exit.receipt_fee);
    let balance = cost.and_then(|cost| account.balance.checked_sub(cost));
    let funds = ExitError::Funds { balance: account.balance, amount: exit.amount, fee: exit.receipt_fee };
    let left = Account {
        balance: balance.ok_or(funds)?,
        nonce: account.nonce.checked_add(1).ok_or(ExitError::LastNonce)?,
        ..account
    };
    let domain = state.node_mut()?.domain;
    signature.verify(&PublicKey::of_account(account.key_y)?, &exit.message(), &domain)?;
    state.set_account(index, left)?;
    Ok(exit.receipt())
}

/// Makes the fees earned so far a pending deposit.
fn collect(state: &mut State, collector: AccountIndex) -> Result<(), TransitionError> {
    let node = state.node_mut()?;
    if !node.has_account(collector) {
        return Err(TransitionError::Collector { index: collector });
    }
    let value = core::mem::take(&mut node.fees);
    if value == 0 {
        return Err(TransitionError::NoFees);
    }
    state.deposits()?.push(Deposit { value, recipient: Recipient::Existing(collector) });
    Ok(())
}
