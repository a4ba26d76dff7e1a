//! Pending deposits: ether that has come by receipts and waits for a place in the tree.
//!
//! A receipt never changes the tree of accounts: a proof in the making would be stale. It joins the list, of which an
//! operator's section takes the first ones, and so does a block without the operator if the rollup is
//! [open](crate::StateNode::is_open).
//!
//! | receipt | payload | becomes |
//! |---|---|---|
//! | message, of any EE | 32 bytes for the sender's use, then the recipient | a deposit of its value less the fee of a deposit |
//! | from the beacon chain | the recipient | a deposit of its value |
//! | bounced or expired | as the chain makes it; the exit's index is at its place | a deposit of its value for the account that left |
//!
//! A recipient is either 3 bytes, the big-endian index of an account that exists, or 32 bytes, the key of a new one. A
//! message is rejected if it names no recipient, if its value is at most the fee, if no index is left for a new account,
//! and if [`PENDING_MAX`] deposits are pending. Other receipts cannot be rejected: they join the list whatever its length;
//! what names no account is *unclaimed*, and nobody's.
//!
//! The list in a provider's store is [`DEPOSITS_TAG`] and the deposits; a witness has the number of deposits, a varint, in
//! place of the tag. A deposit:
//!
//! | bytes | content |
//! |---|---|
//! | 8 | value in Gwei, big-endian |
//! | 1 | 0 for an existing account, 1 for a new one |
//! | 3 or 32 | index, big-endian, or key |

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Reader, crypto,
    receipt::{self, BEACON_CHAIN, ReceiptKind, Received, ReceivedReceipt},
};
use outrider_witness::reader::push_varint;
use outrider_zk_rollup_core::{AccountIndex, PublicKey};

use crate::{
    error::{DepositsError, TransitionError},
    index,
    state::State,
};

/// The first byte of the list in a provider's store.
pub const DEPOSITS_TAG: u8 = 0xf1;

/// The most pending deposits to which messages add.
pub const PENDING_MAX: usize = 128;

/// Ether that has come for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// The ether, in Gwei.
    pub value: u64,
    /// The account.
    pub recipient: Recipient,
}

/// The account that gets a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The account with an index, which exists.
    Existing(AccountIndex),
    /// A new account, with the key of these bytes.
    New([u8; 32]),
}

impl Recipient {
    /// Encodes the recipient as a message names it, after the 32 bytes for the sender's use.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Existing(index) => index::to_bytes(*index).to_vec(),
            Self::New(key) => key.to_vec(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let existing = || Some(Self::Existing(index::from_bytes(bytes.try_into().ok()?)?));
        let new = || Some(Self::New(bytes.try_into().ok()?));
        existing().or_else(new)
    }

    /// Returns the recipient that a receipt names.
    fn of(receipt: &ReceivedReceipt) -> Option<Self> {
        let payload = receipt.payload.as_slice();
        match receipt.kind {
            ReceiptKind::Message => Self::from_bytes(payload.split_first_chunk::<32>()?.1),
            ReceiptKind::FromBeaconChain => Self::from_bytes(payload),
            ReceiptKind::Bounced | ReceiptKind::Expired if receipt.source_shard == BEACON_CHAIN => None,
            ReceiptKind::Bounced | ReceiptKind::Expired => {
                let (_hash, returned) = payload.split_first_chunk::<32>()?;
                index::from_bytes(*returned.first_chunk()?).map(Self::Existing)
            }
        }
    }
}

impl Deposit {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.value.to_be_bytes());
        bytes.push(match self.recipient {
            Recipient::Existing(_) => EXISTING,
            Recipient::New(_) => NEW,
        });
        bytes.extend(self.recipient.to_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DepositsError> {
        let value = reader.u64_be()?;
        let offset = reader.offset();
        let recipient = match reader.u8()? {
            EXISTING => {
                let index = index::from_bytes(reader.take_array()?);
                Recipient::Existing(index.ok_or(DepositsError::Index { offset })?)
            }
            NEW => Recipient::New(reader.take_array()?),
            got => return Err(DepositsError::Recipient { offset, got }),
        };
        Ok(Self { value, recipient })
    }
}

const EXISTING: u8 = 0;
const NEW: u8 = 1;

/// A deposit for an account that exists: the shortest one.
const DEPOSIT_BYTES_MIN: usize = 8 + 1 + 3;

/// Encodes a list as the node of a provider's store.
#[must_use]
pub fn list_node(deposits: &[Deposit]) -> Vec<u8> {
    let mut bytes = [DEPOSITS_TAG].to_vec();
    deposits.iter().for_each(|deposit| deposit.write(&mut bytes));
    bytes
}

/// Returns the hash of a list, zeros if it has no deposits.
#[must_use]
pub fn list_hash(deposits: &[Deposit]) -> [u8; 32] {
    if deposits.is_empty() { [0; 32] } else { crypto::keccak256(&list_node(deposits)) }
}

/// Decodes the node of a list.
///
/// # Errors
///
/// Fails if the bytes are not one.
pub fn list_of_node(bytes: &[u8]) -> Result<Vec<Deposit>, DepositsError> {
    let mut reader = Reader::new(bytes);
    match reader.u8()? {
        DEPOSITS_TAG => {}
        got => return Err(DepositsError::Tag { got }),
    }
    let mut deposits = Vec::new();
    while reader.remaining() > 0 {
        deposits.push(Deposit::read(&mut reader)?);
    }
    Ok(deposits)
}

/// Appends a list to a witness.
pub(crate) fn write_list(deposits: &[Deposit], bytes: &mut Vec<u8>) {
    push_varint(bytes, u32::try_from(deposits.len()).unwrap_or(u32::MAX));
    deposits.iter().for_each(|deposit| deposit.write(bytes));
}

/// Reads a list from a witness.
pub(crate) fn read_list(reader: &mut Reader<'_>) -> Result<Vec<Deposit>, DepositsError> {
    let n_deposits = reader.length(DEPOSIT_BYTES_MIN)?;
    (0..n_deposits).map(|_| Deposit::read(reader)).collect()
}

/// Takes the receipts of a block: each becomes a pending deposit, is rejected, or is unclaimed.
pub(crate) fn receive(state: &mut State) -> Result<(), TransitionError> {
    for received in receipt::inbox() {
        match arrival(state, &received)? {
            Arrival::Deposit { deposit, fee } => {
                let node = state.node_mut()?;
                node.fees = node.fees.saturating_add(fee);
                state.deposits()?.push(deposit);
            }
            Arrival::Nobodys { value } => {
                let node = state.node_mut()?;
                // All ether there is fits in 64 bits.
                node.unclaimed = node.unclaimed.saturating_add(value);
            }
            Arrival::Rejected => received.reject(),
        }
    }
    Ok(())
}

/// The fate of a receipt.
enum Arrival {
    Deposit { deposit: Deposit, fee: u64 },
    Nobodys { value: u64 },
    Rejected,
}

fn arrival(state: &mut State, received: &Received) -> Result<Arrival, TransitionError> {
    let is_message = received.kind == ReceiptKind::Message;
    let nobodys = Arrival::Nobodys { value: received.value };
    let otherwise = if is_message { Arrival::Rejected } else { nobodys };
    let node = state.node_mut()?;
    let next_index = node.next_index;
    let has_account = |index: AccountIndex| index.get() < next_index;
    let fee = if is_message { node.deposit_fee } else { 0 };
    let value = received.value.checked_sub(fee).filter(|value| *value > 0);
    let Some((recipient, value)) = Recipient::of(received).zip(value) else { return Ok(otherwise) };
    let pending = state.deposits()?;
    let is_possible = (!is_message || pending.len() < PENDING_MAX)
        && match recipient {
            Recipient::Existing(index) => has_account(index),
            Recipient::New(key) => {
                let is_new = |deposit: &&Deposit| matches!(deposit.recipient, Recipient::New(_));
                let n_new = u32::try_from(pending.iter().filter(is_new).count()).unwrap_or(u32::MAX);
                let index = AccountIndex::new(next_index.saturating_add(n_new));
                index.is_ok() && PublicKey::from_bytes(&key).is_ok()
            }
        };
    Ok(if is_possible { Arrival::Deposit { deposit: Deposit { value, recipient }, fee } } else { otherwise })
}
