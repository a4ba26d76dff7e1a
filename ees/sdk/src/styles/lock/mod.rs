//! Two-phase commit: a transaction locks resources on several shards, changes all of them or none, and releases them.
//!
//! From the discussion of [locks] in 2018, with *wound-wait* of Rosenkrantz, Stearns and Lewis (1978), "System level
//! concurrency control for distributed database systems". A transaction has a *home*, the EE that decides it:
//!
//! | slot | where | step |
//! |---|---|---|
//! | 0 | at each resource | [`acquire`] locks it, and sends it to the home |
//! | 1 | at home | [`receive`] collects the resources, [`granted`] returns them, [`commit`] sends the new ones back |
//! | 2 | at each resource | [`receive`] takes the new data, and releases it, to a waiting transaction if there is one |
//!
//! Transactions are ordered by the slot of their first lock. An older one that finds a lock of a younger one *wounds* it:
//! its home gives it up, unless that has decided. A younger one waits. So the oldest transaction waits for nobody who
//! waits, and there is no deadlock. A resource has room for one waiting transaction, the oldest; others are refused or lose it, and
//! try again, a transaction that was wounded with a new number and its old slot.
//!
//! *Guarantee:* the home decides once, up to the slot `until`; all resources get that decision. A resource releases its
//! lock only by it, or because the home never got the resource. All of them are in one EE on several shards, because only
//! the own code can be trusted to decide. *Latency:* 2 slots. *Failure:* what is not committed until
//! its slot can be [expired](expire) by anyone, and releases its locks in the next slot; a decision that a resource does
//! not take returns, and is sent again, until [`forget`] is possible. *Griefing:* whoever may acquire can lock a resource for [`LOCK_SLOTS_MAX`]
//! slots, and can state a slot of its first lock that is up to [`AGE_SLOTS_MAX`] too early; an EE should ask for a fee.
//! *Limit:* if nobody takes a returned decision for 224 slots, or no block of the resource's shard takes it for twice
//! [`SETTLED_SLOTS`](super::SETTLED_SLOTS), its resource stays locked.
//!
//! ```
//! use std::collections::BTreeMap;
//! use outrider_sdk::receipt::{EeIndex, ReceivedReceipt, SentReceipt, ShardIndex, Slot};
//! use outrider_sdk::styles::{Place, key, lock::{self, Transaction}};
//!
//! let on = |shard| Place { shard: ShardIndex(shard), ee: EeIndex(5) };
//! let arrive = |from: Place, sent: SentReceipt| ReceivedReceipt {
//!     source_shard: from.shard, source_ee: from.ee, payload: sent.payload, ..ReceivedReceipt::default()
//! };
//! let (mut home, mut other) = (BTreeMap::new(), BTreeMap::new());
//! let room = key("room", &[]);
//! lock::create(&mut other, &room, b"free")?;
//! let transaction = Transaction { since: Slot(10), until: Slot(20), home: on(1), number: 1 };
//!
//! let sent = lock::acquire(&mut other, on(2), &room, &transaction, Slot(10))?.remove(0);
//! lock::receive(&mut home, on(1), &arrive(on(2), sent), Slot(11))?;
//! assert_eq!(lock::granted(&mut home, &transaction, Slot(11))?[0].data, b"free");
//! let sent = lock::commit(&mut home, &transaction, [b"sold".to_vec()], Slot(11))?.remove(0);
//! lock::receive(&mut other, on(2), &arrive(on(1), sent), Slot(12))?;
//! assert_eq!(lock::data(&mut other, &room)?, b"sold");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [locks]: https://ethresear.ch/t/1269

mod error;
mod home;
mod message;
mod resource;

pub use error::LockError;
pub use home::{Grant, commit, expire, forget, granted};
pub use message::MESSAGE;
pub use resource::{acquire, create, data, is_locked, set_data};

use alloc::vec::Vec;

use super::{Place, Records};
use crate::{
    Reader, Writer, crypto,
    receipt::{ReceiptKind, ReceivedReceipt, SentReceipt, Slot},
};
use message::{Kind, Message};

/// A transaction over several resources. They are ordered by the slot of the first lock, and then by what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transaction {
    /// The slot of its first lock: its priority.
    pub since: Slot,
    /// Where it is decided.
    pub home: Place,
    /// A number that distinguishes it from other transactions of the home.
    pub number: u64,
    /// The last slot in which it can be committed.
    pub until: Slot,
}

impl Transaction {
    /// Returns the start of the transaction's SHA-256.
    fn id(&self) -> TransactionId {
        let hash = crypto::sha256(&self.write(Writer::new()).finish());
        core::array::from_fn(|index| hash[index])
    }

    /// Writes first slot, home (shard, EE), number and last slot, each of 8 bytes, little-endian.
    pub fn write(&self, writer: Writer) -> Writer {
        let Transaction { since, home, number, until } = self;
        home.write(writer.u64_le(since.0)).u64_le(*number).u64_le(until.0)
    }

    /// Reads what [`write`](Self::write) wrote. Returns `None` if there are too few bytes.
    pub fn read(reader: &mut Reader<'_>) -> Option<Transaction> {
        Some(Transaction {
            since: Slot(reader.u64_le().ok()?),
            home: Place::read(reader)?,
            number: reader.u64_le().ok()?,
            until: Slot(reader.u64_le().ok()?),
        })
    }
}

/// The start of a transaction's hash: as much as the chain keeps of a message that returns.
type TransactionId = [u8; 30];

/// Takes a receipt of this style, at the home of a transaction or at a resource; returns the receipts to send.
///
/// # Errors
///
/// Fails if it is not a message of this style and of this EE, if it is one for another home, or about a resource that there
/// is not, and if its data are too long; the EE should reject the receipt. Fails if the state does.
pub fn receive<R: Records>(
    records: &mut R,
    here: Place,
    received: &ReceivedReceipt,
    now: Slot,
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    let from = Place::source(received);
    match received.kind {
        ReceiptKind::FromBeaconChain => Err(LockError::NotAMessage),
        ReceiptKind::Message if from.ee != here.ee => Err(LockError::Foreign { ee: from.ee }),
        ReceiptKind::Message => {
            let Message { kind, key, transaction, data } =
                Message::from_bytes(&received.payload).ok_or(LockError::NotAMessage)?;
            match kind {
                Kind::Grant => home::grant(records, here, &transaction, Grant { from, key, data }, now),
                Kind::Wound => home::wound(records, &transaction, (from, key)),
                Kind::Keep => resource::release(records, &key, (transaction.id(), from), None, now),
                Kind::Change => resource::release(records, &key, (transaction.id(), from), Some(data), now),
            }
        }
        ReceiptKind::Bounced | ReceiptKind::Expired => {
            let (kind, key, id) = message::returned(received).ok_or(LockError::NotAMessage)?;
            match kind {
                // The home never got the resource.
                Kind::Grant => resource::release(records, &key, (id, from), None, now),
                // The older transaction waits on, until the younger one is decided or expires.
                Kind::Wound => Ok(Vec::new()),
                Kind::Keep => home::release_again(records, &id, (from, key), false, now),
                Kind::Change => home::release_again(records, &id, (from, key), true, now),
            }
        }
    }
}

/// The most slots from a lock to the last slot of its transaction.
pub const LOCK_SLOTS_MAX: u64 = 64;

/// The most slots from the first lock of a transaction to another lock of it.
pub const AGE_SLOTS_MAX: u64 = 64;

/// The most resources of a transaction.
pub const GRANTS_MAX: usize = 16;

/// The most bytes of a resource's data.
pub const RESOURCE_BYTES_MAX: usize = 4_096;
