//! Receipts that arrive: which accounts get their ether.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use outrider_sdk::{
    StateRoot,
    receipt::{self, BEACON_CHAIN, ReceiptKind, ReceivedReceipt},
    state::State,
};

use crate::{
    error::{AccountError, TransitionError},
    keys::{Address, PublicKey},
    output::Output,
    state::{Account, UNCLAIMED, account, set_account},
};

/// The account to which a receipt brings its ether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recipient {
    /// An account that has to exist.
    Existing(Address),
    /// The account of a key, which is created if it does not exist.
    OfKey(PublicKey),
}

/// Credits the receipts of a block, in their order.
///
/// 1. In the empty state, a message is rejected, and other ether belongs to whomever a genesis names.
/// 2. The recipient is credited. If the receipt names none, or one that does not exist, a message is rejected, and other
///    ether goes to [`UNCLAIMED`].
pub(crate) fn receive(state: &mut State, output: &mut Output) -> Result<(), TransitionError> {
    let inbox = receipt::inbox();
    if inbox.len() == 0 {
        return Ok(());
    }
    let is_empty = StateRoot(state.root().0) == StateRoot::default();
    for (index, received) in inbox.enumerate() {
        let recipient = Recipient::of(&received).filter(|_| !is_empty);
        let is_credited = match recipient {
            Some(recipient) => recipient
                .credit(state, received.value)
                .map_err(|source| TransitionError::Receipt { index, source })?,
            None => false,
        };
        if is_credited {
            continue;
        }
        match received.kind {
            ReceiptKind::Message => output.reject(received),
            ReceiptKind::Bounced | ReceiptKind::Expired | ReceiptKind::FromBeaconChain if is_empty => {}
            ReceiptKind::Bounced | ReceiptKind::Expired | ReceiptKind::FromBeaconChain => {
                keep_unclaimed(state, index, received.value)?;
            }
        }
    }
    Ok(())
}

impl Recipient {
    /// Returns the recipient that a receipt names. The crate's front page describes the payloads.
    fn of(receipt: &ReceivedReceipt) -> Option<Recipient> {
        let payload = &*receipt.payload;
        match receipt.kind {
            ReceiptKind::Message => {
                let (_sender, recipient) = payload.split_first_chunk::<32>()?;
                Self::from_bytes(recipient)
            }
            ReceiptKind::FromBeaconChain => Self::from_bytes(payload),
            ReceiptKind::Bounced | ReceiptKind::Expired => {
                let (_hash, returned) = payload.split_first_chunk::<32>()?;
                if receipt.source_shard == BEACON_CHAIN {
                    returned.first_chunk().map(|key| Self::OfKey(PublicKey(*key)))
                } else {
                    returned.first_chunk().map(|sender| Self::Existing(Address(*sender)))
                }
            }
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Recipient> {
        let address = || Some(Self::Existing(Address(bytes.try_into().ok()?)));
        let key = || Some(Self::OfKey(PublicKey(bytes.try_into().ok()?)));
        address().or_else(key)
    }

    /// Adds to the balance of the recipient; returns whether it can have it.
    fn credit(self, state: &mut State, value: u64) -> Result<bool, AccountError> {
        let (address, key) = match self {
            Self::Existing(address) => (address, None),
            Self::OfKey(public_key) => (public_key.address(), Some(public_key)),
        };
        let new = |public_key| Account { balance: 0, nonce: 0, public_key };
        let Some(recipient) = account(state, &address)?.or(key.map(new)) else { return Ok(false) };
        let Some(balance) = recipient.balance.checked_add(value) else { return Ok(false) };
        set_account(state, &address, &Account { balance, ..recipient })?;
        Ok(true)
    }
}

/// Adds to the ether of nobody.
fn keep_unclaimed(state: &mut State, index: usize, value: u64) -> Result<(), TransitionError> {
    if value == 0 {
        return Ok(());
    }
    let fail = |source| TransitionError::Receipt { index, source };
    let nobody = Account { balance: 0, nonce: 0, public_key: PublicKey([0; 48]) };
    let unclaimed = account(state, &UNCLAIMED).map_err(fail)?.unwrap_or(nobody);
    let balance = unclaimed.balance.checked_add(value).ok_or(TransitionError::UnclaimedOverflow)?;
    set_account(state, &UNCLAIMED, &Account { balance, ..unclaimed }).map_err(fail)
}
