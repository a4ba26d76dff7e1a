//! Yanking: a contract moves to the shard that needs it, is used there like any other, and moves on or back.
//!
//! From Vitalik's [cross-shard contract yanking] of 2018. The contract's state is the payload of a receipt between the EE on
//! one shard and the same EE on another. While it is away, the shard that it left keeps it frozen, to restore it if the
//! receipt returns.
//!
//! *Guarantee:* a contract can be used on one shard at most, and has the state in which it was left. *Latency:* one slot, then
//! none on the shard where it is, one slot back. *Failure:* if nobody takes it, it is usable again where it left, at the
//! latest 256 slots later. *Limit:* if nobody takes its return for 224 slots either, it is frozen for good: an EE has
//! to have a block now and then.
//!
//! Who may yank is up to the EE; a contract that anyone may yank at any time serves nobody.
//!
//! ```
//! use std::collections::BTreeMap;
//! use outrider_sdk::receipt::{EeIndex, ReceivedReceipt, ShardIndex, Slot};
//! use outrider_sdk::styles::{Place, yank::{self, Yanked}};
//!
//! let on = |shard| Place { shard: ShardIndex(shard), ee: EeIndex(5) };
//! let (mut one, mut other) = (BTreeMap::new(), BTreeMap::new());
//! let hotel = yank::create(&mut one, on(1), b"hotel", b"7 rooms")?;
//!
//! let sent = yank::depart(&mut one, on(1), &hotel, on(2), Slot(9))?;
//! assert!(yank::state(&mut one, &hotel).is_err(), "it is away");
//!
//! let (source_shard, source_ee, payload) = (ShardIndex(1), EeIndex(5), sent.payload);
//! let received = ReceivedReceipt { source_shard, source_ee, payload, ..ReceivedReceipt::default() };
//! assert_eq!(yank::receive(&mut other, on(2), &received)?, Yanked::Arrived(hotel));
//! assert_eq!(yank::state(&mut other, &hotel)?, b"7 rooms");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [cross-shard contract yanking]: https://ethresear.ch/t/cross-shard-contract-yanking/1450

use alloc::vec::Vec;

use super::{
    Place, Record, RecordError, Records, SETTLED_SLOTS, key, payload_head,
    records::{load, store},
};
use crate::{
    Reader, Writer,
    receipt::{EeIndex, RECEIPT_PAYLOAD_BYTES_MAX, ReceiptKind, ReceivedReceipt, SentReceipt, Slot},
    state::Key,
};

/// The first byte of messages of this style. A message is that, the contract's key, the number of its move (8 bytes,
/// little-endian), and its state.
pub const MESSAGE: u8 = 7;

/// The bytes of a message before the state.
const HEADER_BYTES: usize = 1 + 32 + 8;

/// The largest state of a contract, in bytes: that of a receipt, without the header of a message.
pub const CONTRACT_BYTES_MAX: usize = RECEIPT_PAYLOAD_BYTES_MAX - HEADER_BYTES;

/// The result of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yanked {
    /// The contract with this key can be used here.
    Arrived(Key),
    /// The contract with this key did not arrive elsewhere, and can be used here again.
    Restored(Key),
}

/// A contract, as a shard on which it is or was keeps it.
struct Contract {
    n_moves: u64,
    /// Where it went, and when.
    away: Option<(Place, Slot)>,
    state: Vec<u8>,
}

impl Record for Contract {
    fn to_bytes(&self) -> Vec<u8> {
        let writer = Writer::new().u64_le(self.n_moves);
        let writer = match self.away {
            None => writer.u8(0),
            Some((to, since)) => to.write(writer.u8(1)).u64_le(since.0),
        };
        writer.bytes(&self.state).finish()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Contract> {
        let n_moves = reader.u64_le().ok()?;
        let away = match reader.u8().ok()? {
            0 => None,
            1 => Some((Place::read(reader)?, Slot(reader.u64_le().ok()?))),
            _ => return None,
        };
        Some(Contract { n_moves, away, state: reader.take(reader.remaining()).ok()?.to_vec() })
    }
}

/// Creates a contract, and returns its key: the hash of the place and the name, so no other place can make a second
/// contract with it.
///
/// # Errors
///
/// Fails if the place has made the contract before, if the state is too long, and if the
/// EE's state fails.
pub fn create<R: Records>(
    records: &mut R,
    here: Place,
    name: &[u8],
    state: &[u8],
) -> Result<Key, YankError<R::Error>> {
    check_bytes(state)?;
    let key = contract_key(here, name);
    if find(records, &key)?.is_some() {
        return Err(YankError::Exists { key });
    }
    put(records, &key, &Contract { n_moves: 0, away: None, state: state.to_vec() })?;
    Ok(key)
}

/// Returns the key of the contract that a place creates with a name.
pub fn contract_key(place: Place, name: &[u8]) -> Key {
    key("yank", &[&place.write(Writer::new()).finish(), name])
}

/// Returns the state of a contract that is here.
///
/// # Errors
///
/// Fails if it is not here, and if the EE's state fails.
pub fn state<R: Records>(records: &mut R, key: &Key) -> Result<Vec<u8>, YankError<R::Error>> {
    Ok(contract(records, key)?.state)
}

/// Sets the state of a contract that is here.
///
/// # Errors
///
/// Fails if it is not here, if the state is too long, and if the EE's state fails.
pub fn set_state<R: Records>(records: &mut R, key: &Key, state: &[u8]) -> Result<(), YankError<R::Error>> {
    check_bytes(state)?;
    let contract = contract(records, key)?;
    put(records, key, &Contract { state: state.to_vec(), ..contract })
}

/// Freezes a contract, and returns the receipt with which it moves to another shard.
///
/// # Errors
///
/// Fails if it would move to another EE, which could keep it; if it is not here, and if the EE's state fails.
pub fn depart<R: Records>(
    records: &mut R,
    here: Place,
    key: &Key,
    to: Place,
    now: Slot,
) -> Result<SentReceipt, YankError<R::Error>> {
    if to.ee != here.ee {
        return Err(YankError::OtherEe { key: *key, ee: to.ee });
    }
    let contract = contract(records, key)?;
    let n_moves = contract.n_moves.saturating_add(1);
    let message = Writer::new().u8(MESSAGE).bytes(&key.0).u64_le(n_moves).bytes(&contract.state);
    put(records, key, &Contract { n_moves, away: Some((to, now)), ..contract })?;
    Ok(to.message(message))
}

/// Takes a receipt of this style: a contract that arrives, or one that returns because nobody took it.
///
/// # Errors
///
/// Fails if it is not a message of this EE, or if a contract with the key is here, or was later; the EE should reject the
/// receipt. Fails if the EE's state does.
pub fn receive<R: Records>(
    records: &mut R,
    here: Place,
    received: &ReceivedReceipt,
) -> Result<Yanked, YankError<R::Error>> {
    let mut reader = Reader::new(payload_head(received));
    let (key, n_moves) = read_header(&mut reader).ok_or(YankError::NotAMessage)?;
    let known = find(records, &key)?;
    match received.kind {
        ReceiptKind::FromBeaconChain => Err(YankError::NotAMessage),
        ReceiptKind::Message if received.source_ee != here.ee => Err(YankError::Foreign { key }),
        ReceiptKind::Message => {
            if known.is_some_and(|known| known.away.is_none() || known.n_moves > n_moves) {
                return Err(YankError::Exists { key });
            }
            let state = reader.rest().to_vec();
            put(records, &key, &Contract { n_moves, away: None, state })?;
            Ok(Yanked::Arrived(key))
        }
        ReceiptKind::Bounced | ReceiptKind::Expired => {
            let known = known.filter(|known| known.away.is_some() && known.n_moves == n_moves);
            let known = known.ok_or(YankError::NotHere { key })?;
            put(records, &key, &Contract { away: None, ..known })?;
            Ok(Yanked::Restored(key))
        }
    }
}

/// Forgets the state of a contract that has left, and that can no longer return by its receipt. A mark of some 40 bytes
/// stays, so that nobody creates the contract again.
///
/// # Errors
///
/// Fails if it is here, or if it left less than [`SETTLED_SLOTS`] ago, and if the EE's state fails.
pub fn forget<R: Records>(records: &mut R, key: &Key, now: Slot) -> Result<(), YankError<R::Error>> {
    let contract = find(records, key)?.ok_or(YankError::NotHere { key: *key })?;
    if contract.away.is_none_or(|(_, since)| now.0 <= since.0.saturating_add(SETTLED_SLOTS)) {
        return Err(YankError::Needed { key: *key });
    }
    put(records, key, &Contract { state: Vec::new(), ..contract })
}

fn contract<R: Records>(records: &mut R, key: &Key) -> Result<Contract, YankError<R::Error>> {
    let contract = find(records, key)?.ok_or(YankError::NotHere { key: *key })?;
    match contract.away {
        None => Ok(contract),
        Some((to, since)) => Err(YankError::Away { key: *key, to, since: since.0 }),
    }
}

fn find<R: Records>(records: &mut R, key: &Key) -> Result<Option<Contract>, YankError<R::Error>> {
    Ok(load(records, &record_key(key))?)
}

fn put<R: Records>(records: &mut R, key: &Key, contract: &Contract) -> Result<(), YankError<R::Error>> {
    Ok(store(records, &record_key(key), contract)?)
}

/// Returns the key of the record of a contract. Messages and users name contracts, and never another record.
fn record_key(contract: &Key) -> Key {
    key("contract", &[&contract.0])
}

fn read_header(reader: &mut Reader<'_>) -> Option<(Key, u64)> {
    let style = reader.u8().ok()?;
    let header = (Key(reader.take_array().ok()?), reader.u64_le().ok()?);
    (style == MESSAGE).then_some(header)
}

fn check_bytes<E>(state: &[u8]) -> Result<(), YankError<E>> {
    let got = state.len();
    if got > CONTRACT_BYTES_MAX { Err(YankError::TooLong { got }) } else { Ok(()) }
}

/// The reason for which a contract cannot be used or moved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YankError<E> {
    /// A record cannot be read or changed.
    #[error(transparent)]
    Record(#[from] RecordError<E>),
    /// The contract's state does not fit into a receipt.
    #[error("the contract has {got} bytes, and at most {CONTRACT_BYTES_MAX} can move")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// The contract is here already, or was here after the move of which the receipt is.
    #[error("there is a contract with key {key}")]
    Exists {
        /// The contract's key.
        key: Key,
    },
    /// No contract with the key has been here.
    #[error("there is no contract with key {key} here")]
    NotHere {
        /// The contract's key.
        key: Key,
    },
    /// The contract has left.
    #[error("the contract with key {key} has been on shard {} since slot {since}; yank it back", to.shard.0)]
    Away {
        /// The contract's key.
        key: Key,
        /// Where it went.
        to: Place,
        /// The slot in which it left.
        since: u64,
    },
    /// Its record is needed: it is here, or may still return.
    #[error("the contract with key {key} is here, or may still return")]
    Needed {
        /// The contract's key.
        key: Key,
    },
    /// Another EE has sent the contract. Only the own code can be trusted with it.
    #[error("another EE sent the contract with key {key}")]
    Foreign {
        /// The contract's key.
        key: Key,
    },
    /// The contract would move to another EE, where it could not be used, and from which it need not return.
    #[error("the contract with key {key} cannot move to EE {}, which has other code", ee.0)]
    OtherEe {
        /// The contract's key.
        key: Key,
        /// The other EE.
        ee: EeIndex,
    },
    /// The receipt is not a message of this style.
    #[error("the receipt is not a contract that moves")]
    NotAMessage,
}
