//! Transfer objects: the sender's state offers an object, the receiver's state takes it, and both proofs are reads.
//!
//! From a proposal of 2020, [ethresear.ch topic 6996]: no message is sent, and no chain keeps a bit for it. An object is in
//! two sets of [capabilities](super::capability): *offered* at the sender, *taken* at the receiver.
//!
//! | slot | at | step | proves |
//! |---|---|---|---|
//! | 0 | sender | [`offer`] | |
//! | 1 | receiver | [`take`] | it is offered |
//! | 2 | sender | [`withdraw`] | it is taken |
//! | 3 | receiver | [`clean`] | it is not offered any more |
//!
//! *Guarantee:* an object is taken once, or reclaimed, but not both. *Latency:* one slot; the clean-up, which anyone can do
//! at any time, takes two more. *Failure:* after its deadline, the sender [reclaims](reclaim) it with the proof that it was
//! not taken; the receiver's EE needs a block after the deadline for that. *Limit:* until somebody cleans up, both states
//! have a record.
//!
//! The EE is one, on two shards, because only the own code can be trusted with what its state offers. The value of an object
//! is the EE's own, and no ether; that moves with receipts only.
//!
//! ```
//! use outrider_sdk::receipt::{EeIndex, ShardIndex, Slot};
//! use outrider_sdk::{StateRoot, styles::{Place, capability::{self, Remote}, transfer::{self, Object}}};
//! use outrider_witness::{Keccak256, NodeBag, Recorder, smt::Tree};
//!
//! let on = |shard| Place { shard: ShardIndex(shard), ee: EeIndex(5) };
//! let [mut sender, mut receiver] = [Tree::<Keccak256, _>::empty(), Tree::empty()];
//! let (number, deadline) = (transfer::next_number(&mut sender)?, Slot(20));
//! let object = Object { from: on(1), to: on(2), number, deadline, content: b"9 coins".to_vec() };
//! transfer::offer(&mut sender, on(1), &object)?;
//!
//! // The receiver's provider proves the offer from the sender's state.
//! let mut nodes = NodeBag::default();
//! let root = sender.commit(&mut nodes);
//! let mut full = Tree::<Keccak256, _>::open(&root, Recorder::new(&nodes));
//! capability::read(&mut full, &[object.offered()])?;
//! let mut remote = Remote::open(StateRoot(root.0), &full.into_witness()?)?;
//! transfer::take(&mut receiver, on(2), &object, &mut remote, Slot(11))?;
//! assert!(transfer::take(&mut receiver, on(2), &object, &mut remote, Slot(11)).is_err(), "it is taken");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [ethresear.ch topic 6996]: https://ethresear.ch/t/6996

use alloc::vec::Vec;

use super::{
    Place, RecordError, Records,
    capability::{self, Capability, CapabilityError, Remote},
    key,
};
use crate::{
    Reader, Writer,
    receipt::{EeIndex, Slot},
    state::Key,
};

/// An object on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The sender.
    pub from: Place,
    /// The receiver.
    pub to: Place,
    /// The sender's number for it: its [`next_number`] when it is offered.
    pub number: u64,
    /// The last slot in which it can be taken.
    pub deadline: Slot,
    /// What is transferred, in an encoding of the EEs' own.
    pub content: Vec<u8>,
}

impl Object {
    /// Encodes the object: sender and receiver (shard, EE), number and deadline, each of 8 bytes, little-endian; content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let writer = self.to.write(self.from.write(Writer::new()));
        writer.u64_le(self.number).u64_le(self.deadline.0).bytes(&self.content).finish()
    }

    /// Decodes an object. Returns `None` if there are too few bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Object> {
        let mut reader = Reader::new(bytes);
        let (from, to) = (Place::read(&mut reader)?, Place::read(&mut reader)?);
        let (number, deadline) = (reader.u64_le().ok()?, Slot(reader.u64_le().ok()?));
        Some(Object { from, to, number, deadline, content: reader.rest().to_vec() })
    }

    /// Returns the capability that the object is offered, in the sender's set.
    pub fn offered(&self) -> Capability {
        Capability { value: key("offered", &[&self.to_bytes()]).0, holder: self.to }
    }

    /// Returns the capability that the object is taken, in the receiver's set.
    pub fn taken(&self) -> Capability {
        Capability { value: key("taken", &[&self.to_bytes()]).0, holder: self.from }
    }
}

/// Offers an object, which the EE takes from its owner.
///
/// # Errors
///
/// Fails if another EE is its sender, if its number is not the next one, and if the state fails.
pub fn offer<R: Records>(
    records: &mut R,
    here: Place,
    object: &Object,
) -> Result<(), TransferError<R::Error>> {
    if object.from != here {
        return Err(TransferError::OtherPlace { expected: object.from });
    }
    let expected = next_number(records)?;
    if object.number != expected {
        return Err(TransferError::Number { got: object.number, expected });
    }
    records.insert(&number_key(), &expected.saturating_add(1).to_le_bytes()).map_err(RecordError::Records)?;
    Ok(capability::set(records, &object.offered())?)
}

/// Returns the number of the next object that the EE offers, so that no two objects are the same.
///
/// # Errors
///
/// Fails if the state does.
pub fn next_number<R: Records>(records: &mut R) -> Result<u64, RecordError<R::Error>> {
    let number = records.get(&number_key())?.and_then(|value| value.try_into().ok());
    Ok(number.map_or(0, u64::from_le_bytes))
}

fn number_key() -> Key {
    key("object", &[])
}

/// Takes an object that the sender's set offers; the EE gives it to its new owner.
///
/// # Errors
///
/// Fails if it is from another EE or for another place, if it was taken, if the deadline is over, if the proof fails, and if the state does.
pub fn take<R: Records>(
    records: &mut R,
    here: Place,
    object: &Object,
    sender: &mut Remote,
    now: Slot,
) -> Result<(), TransferError<R::Error>> {
    if object.to != here {
        return Err(TransferError::OtherPlace { expected: object.to });
    }
    if object.from.ee != here.ee {
        return Err(TransferError::Foreign { ee: object.from.ee });
    }
    if now > object.deadline {
        return Err(TransferError::Late { now: now.0, deadline: object.deadline.0 });
    }
    if capability::is_set(records, &object.taken())? {
        return Err(TransferError::Done { number: object.number });
    }
    sender.prove_present(&object.offered())?;
    Ok(capability::set(records, &object.taken())?)
}

/// Withdraws the offer of an object that the receiver has taken.
///
/// # Errors
///
/// Fails if the proof fails, and if the state does.
pub fn withdraw<R: Records>(
    records: &mut R,
    object: &Object,
    receiver: &mut Remote,
) -> Result<(), TransferError<R::Error>> {
    receiver.prove_present(&object.taken())?;
    Ok(capability::clear(records, &object.offered())?)
}

/// Forgets that an object was taken, as it is not offered any more.
///
/// # Errors
///
/// Fails if the proof fails, and if the state does.
pub fn clean<R: Records>(
    records: &mut R,
    object: &Object,
    sender: &mut Remote,
) -> Result<(), TransferError<R::Error>> {
    sender.prove_absent(&object.offered(), Slot(0))?;
    Ok(capability::clear(records, &object.taken())?)
}

/// Withdraws the offer of an object that was not taken up to its deadline; the EE gives it back to its owner.
///
/// # Errors
///
/// Fails if it is not offered, if the proof fails, and if the state does.
pub fn reclaim<R: Records>(
    records: &mut R,
    object: &Object,
    receiver: &mut Remote,
) -> Result<(), TransferError<R::Error>> {
    if !capability::is_set(records, &object.offered())? {
        return Err(TransferError::NotOffered { number: object.number });
    }
    receiver.prove_absent(&object.taken(), object.deadline)?;
    Ok(capability::clear(records, &object.offered())?)
}

/// The reason for which a step of a transfer fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError<E> {
    /// A record cannot be read or changed.
    #[error(transparent)]
    Record(#[from] RecordError<E>),
    /// The proof does not prove the claim.
    #[error(transparent)]
    Proof(#[from] CapabilityError),
    /// The step is one of another EE.
    #[error("this is a step of EE {} on shard {}", expected.ee.0, expected.shard.0)]
    OtherPlace {
        /// That EE.
        expected: Place,
    },
    /// Another EE offers the object.
    #[error("EE {} is another one, whose objects are worth nothing here", ee.0)]
    Foreign {
        /// The other EE.
        ee: EeIndex,
    },
    /// The number of an offer is not the next one.
    #[error("the object has number {got}, the next one has {expected}")]
    Number {
        /// The object's.
        got: u64,
        /// The next one.
        expected: u64,
    },
    /// The object is taken already.
    #[error("object {number} was taken before")]
    Done {
        /// Its number.
        number: u64,
    },
    /// The object is not offered.
    #[error("object {number} is not offered")]
    NotOffered {
        /// Its number.
        number: u64,
    },
    /// The deadline is over.
    #[error("slot {now} is after the object's deadline, slot {deadline}")]
    Late {
        /// The slot.
        now: u64,
        /// The deadline.
        deadline: u64,
    },
}
