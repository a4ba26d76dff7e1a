//! The operations of a payload.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Reader, Writer,
    receipt::Slot,
    state::Key,
    styles::{
        Place, Record,
        capability::Capability,
        conditional::Condition,
        htlc::{Swap, UserId},
        key,
        lock::Transaction,
        transfer::Object,
    },
};

/// An operation. Its encoding is the byte of its variant, from 0 in this order, and its fields: integers little-endian, an
/// object after its length (4 bytes), a flag as 0 or 1, and a witness to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are named after what they are")]
pub enum Operation {
    /// Gives a user units from nowhere.
    Mint { user: UserId, amount: u64 },
    /// Creates a good, once in each form in which it can be sold.
    Stock { good: u64 },
    /// Buys a good on another shard with a receipt, which has to be final there or not.
    Buy { is_final: bool, user: UserId, amount: u64, at: Place, good: u64 },
    /// Offers units as a transfer object, whose content is the receiving user (32 bytes) and the amount (8 bytes).
    Offer { user: UserId, object: Object },
    /// Takes units that another shard offers.
    Take { object: Object, witness: Vec<u8> },
    /// Withdraws the offer of what was taken.
    Withdraw { object: Object, witness: Vec<u8> },
    /// Forgets that an object was taken.
    Clean { object: Object, witness: Vec<u8> },
    /// Gives the units of an offer back to a user.
    Reclaim { user: UserId, object: Object, witness: Vec<u8> },
    /// Moves a good's contract to another shard.
    Move { contract: Key, to: Place },
    /// Buys a good whose contract is here.
    BuyHere { contract: Key, user: UserId, amount: u64 },
    /// Locks a good for a transaction.
    Acquire { transaction: Transaction, good: u64 },
    /// Buys all goods that are locked for a transaction of this shard, each for the amount.
    BuyLocked { transaction: Transaction, user: UserId, amount: u64 },
    /// Gives a transaction up after its last slot.
    Expire { transaction: Transaction },
    /// Reserves a good.
    Reserve(Reservation),
    /// Pays for a good that is reserved on another shard.
    Pay { reservation: Reservation, witness: Vec<u8> },
    /// Hands a good over that is paid on another shard.
    Settle { reservation: Reservation, witness: Vec<u8> },
    /// Frees a good that was not paid in time.
    Free { reservation: Reservation, witness: Vec<u8> },
    /// Sends units to a user on another shard, who may count on them at once.
    Send { user: UserId, amount: u64, to: Place, receiver: UserId },
    /// Counts on units from another shard, sent in a slot with a number among its receipts to this one.
    Expect { from: Place, slot: Slot, sequence: u64, receiver: UserId, amount: u64 },
    /// Buys a good on this shard, perhaps with units that have not arrived.
    BuyShelf { user: UserId, amount: u64, good: u64 },
    /// Locks units under a hash.
    LockSwap { id: u64, swap: Swap },
    /// Claims them.
    ClaimSwap { id: u64, secret: [u8; 32] },
    /// Takes them back.
    RefundSwap { id: u64 },
    /// Removes what the state knows of a receipt that users counted on.
    Forget { condition: Condition },
}

/// The reservation of a good by capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The slot in which it is made; with the good, it makes it unique.
    pub since: Slot,
    /// The last slot in which it can be paid.
    pub deadline: Slot,
    /// Where the good is.
    pub at: Place,
    /// Where it is paid.
    pub home: Place,
    /// The good.
    pub good: u64,
    /// The user who pays.
    pub user: UserId,
    /// The price.
    pub amount: u64,
}

impl Reservation {
    /// Returns its hash.
    pub fn hash(&self) -> [u8; 32] {
        key("reservation", &[&self.write(Writer::new()).finish()]).0
    }

    /// Returns the capability that the good is reserved, in the set where it is.
    pub fn reserved(&self) -> Capability {
        Capability { value: self.hash(), holder: self.home }
    }

    /// Returns the capability that the good is paid, in the set where that is done.
    pub fn paid(&self) -> Capability {
        Capability { value: key("paid", &[&self.hash()]).0, holder: self.at }
    }

    fn write(&self, writer: Writer) -> Writer {
        let Reservation { since, deadline, at, home, good, user, amount } = self;
        let writer = home.write(at.write(writer.u64_le(since.0).u64_le(deadline.0)));
        writer.u64_le(*good).bytes(&user.0).u64_le(*amount)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Reservation> {
        Some(Reservation {
            since: slot(reader)?,
            deadline: slot(reader)?,
            at: Place::read(reader)?,
            home: Place::read(reader)?,
            good: number(reader)?,
            user: user(reader)?,
            amount: number(reader)?,
        })
    }
}

impl Operation {
    /// Encodes the operation after its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = self.write().finish();
        Writer::new().u32_le(bytes.len() as u32).bytes(&bytes).finish()
    }

    fn write(&self) -> Writer {
        let new = |byte| Writer::new().u8(byte);
        let object = |writer: Writer, object: &Object| {
            let bytes = object.to_bytes();
            writer.u32_le(bytes.len() as u32).bytes(&bytes)
        };
        match self {
            Self::Mint { user, amount } => new(0).bytes(&user.0).u64_le(*amount),
            Self::Stock { good } => new(1).u64_le(*good),
            Self::Buy { is_final, user, amount, at, good } => {
                at.write(new(2).u8(u8::from(*is_final)).bytes(&user.0).u64_le(*amount)).u64_le(*good)
            }
            Self::Offer { user, object: offered } => object(new(3).bytes(&user.0), offered),
            Self::Take { object: of, witness } => object(new(4), of).bytes(witness),
            Self::Withdraw { object: of, witness } => object(new(5), of).bytes(witness),
            Self::Clean { object: of, witness } => object(new(6), of).bytes(witness),
            Self::Reclaim { user, object: of, witness } => object(new(7).bytes(&user.0), of).bytes(witness),
            Self::Move { contract, to } => to.write(new(8).bytes(&contract.0)),
            Self::BuyHere { contract, user, amount } => {
                new(9).bytes(&contract.0).bytes(&user.0).u64_le(*amount)
            }
            Self::Acquire { transaction, good } => transaction.write(new(10)).u64_le(*good),
            Self::BuyLocked { transaction, user, amount } => {
                transaction.write(new(11)).bytes(&user.0).u64_le(*amount)
            }
            Self::Expire { transaction } => transaction.write(new(12)),
            Self::Reserve(reservation) => reservation.write(new(13)),
            Self::Pay { reservation, witness } => reservation.write(new(14)).bytes(witness),
            Self::Settle { reservation, witness } => reservation.write(new(15)).bytes(witness),
            Self::Free { reservation, witness } => reservation.write(new(16)).bytes(witness),
            Self::Send { user, amount, to, receiver } => {
                to.write(new(17).bytes(&user.0).u64_le(*amount)).bytes(&receiver.0)
            }
            Self::Expect { from, slot, sequence, receiver, amount } => {
                let writer = from.write(new(18)).u64_le(slot.0).u64_le(*sequence);
                writer.bytes(&receiver.0).u64_le(*amount)
            }
            Self::BuyShelf { user, amount, good } => new(19).bytes(&user.0).u64_le(*amount).u64_le(*good),
            Self::LockSwap { id, swap } => new(20).u64_le(*id).bytes(&swap.to_bytes()),
            Self::ClaimSwap { id, secret } => new(21).u64_le(*id).bytes(secret),
            Self::RefundSwap { id } => new(22).u64_le(*id),
            Self::Forget { condition } => new(23).u64_le(condition.slot.0).bytes(&condition.root),
        }
    }

    /// Decodes an operation without its length. Returns `None` if the bytes are not one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Operation> {
        let mut reader = Reader::new(bytes);
        let r = &mut reader;
        let operation = match r.u8().ok()? {
            0 => Self::Mint { user: user(r)?, amount: number(r)? },
            1 => Self::Stock { good: number(r)? },
            2 => Self::Buy {
                is_final: flag(r)?,
                user: user(r)?,
                amount: number(r)?,
                at: Place::read(r)?,
                good: number(r)?,
            },
            3 => Self::Offer { user: user(r)?, object: object(r)? },
            4 => Self::Take { object: object(r)?, witness: rest(r)? },
            5 => Self::Withdraw { object: object(r)?, witness: rest(r)? },
            6 => Self::Clean { object: object(r)?, witness: rest(r)? },
            7 => Self::Reclaim { user: user(r)?, object: object(r)?, witness: rest(r)? },
            8 => Self::Move { contract: Key(r.take_array().ok()?), to: Place::read(r)? },
            9 => Self::BuyHere { contract: Key(r.take_array().ok()?), user: user(r)?, amount: number(r)? },
            10 => Self::Acquire { transaction: Transaction::read(r)?, good: number(r)? },
            11 => Self::BuyLocked { transaction: Transaction::read(r)?, user: user(r)?, amount: number(r)? },
            12 => Self::Expire { transaction: Transaction::read(r)? },
            13 => Self::Reserve(Reservation::read(r)?),
            14 => Self::Pay { reservation: Reservation::read(r)?, witness: rest(r)? },
            15 => Self::Settle { reservation: Reservation::read(r)?, witness: rest(r)? },
            16 => Self::Free { reservation: Reservation::read(r)?, witness: rest(r)? },
            17 => Self::Send { user: user(r)?, amount: number(r)?, to: Place::read(r)?, receiver: user(r)? },
            18 => Self::Expect {
                from: Place::read(r)?,
                slot: slot(r)?,
                sequence: number(r)?,
                receiver: user(r)?,
                amount: number(r)?,
            },
            19 => Self::BuyShelf { user: user(r)?, amount: number(r)?, good: number(r)? },
            20 => Self::LockSwap { id: number(r)?, swap: Swap::read(r)? },
            21 => Self::ClaimSwap { id: number(r)?, secret: r.take_array().ok()? },
            22 => Self::RefundSwap { id: number(r)? },
            23 => Self::Forget { condition: Condition { slot: slot(r)?, root: r.take_array().ok()? } },
            _ => return None,
        };
        (reader.remaining() == 0).then_some(operation)
    }
}

fn number(reader: &mut Reader<'_>) -> Option<u64> {
    reader.u64_le().ok()
}

fn slot(reader: &mut Reader<'_>) -> Option<Slot> {
    reader.u64_le().ok().map(Slot)
}

pub(crate) fn user(reader: &mut Reader<'_>) -> Option<UserId> {
    reader.take_array().ok().map(UserId)
}

fn flag(reader: &mut Reader<'_>) -> Option<bool> {
    match reader.u8().ok()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn object(reader: &mut Reader<'_>) -> Option<Object> {
    let length = reader.u32_le().ok()?;
    Object::from_bytes(reader.take(length as usize).ok()?)
}

fn rest(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    Some(reader.take(reader.remaining()).ok()?.to_vec())
}
