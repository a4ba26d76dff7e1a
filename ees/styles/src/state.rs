//! The state: users and goods. What is on its way between shards is kept by the libraries.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Reader, Writer, context,
    state::{Key, State},
    styles::{Record, conditional, conditional::Versions, htlc::UserId, key, load},
};

use crate::StylesError;

/// The units of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance(pub u64);

/// A good, which is sold once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Good {
    /// The owner; zero until it is sold.
    pub owner: UserId,
    /// The units that were paid for it.
    pub till: u64,
}

/// A good that is sold by capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shelved {
    /// The good.
    pub good: Good,
    /// The hash of its reservation, or zero.
    pub reservation: [u8; 32],
}

/// How a good is kept, by the style that sells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoodKind {
    /// As a resource that can be locked: receipts and two-phase commit.
    Resource,
    /// As a record with a reservation: capabilities.
    Shelved,
    /// As versions: conditional purchases.
    Versioned,
}

impl Record for Balance {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Balance> {
        reader.u64_le().ok().map(Balance)
    }
}

impl Record for Good {
    fn to_bytes(&self) -> Vec<u8> {
        Writer::new().bytes(&self.owner.0).u64_le(self.till).finish()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Good> {
        Some(Good { owner: UserId(reader.take_array().ok()?), till: reader.u64_le().ok()? })
    }
}

impl Record for Shelved {
    fn to_bytes(&self) -> Vec<u8> {
        [&self.good.to_bytes()[..], &self.reservation].concat()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Shelved> {
        Some(Shelved { good: Good::read(reader)?, reservation: reader.take_array().ok()? })
    }
}

impl Good {
    /// Returns the good after its purchase.
    pub(crate) fn sell(&self, key: &Key, buyer: UserId, amount: u64) -> Result<Good, StylesError> {
        if self.owner != UserId::default() {
            return Err(StylesError::Good { key: *key });
        }
        let till = self.till.checked_add(amount).ok_or(StylesError::Overflow)?;
        Ok(Good { owner: buyer, till })
    }

    /// Decodes the data of a resource or a contract.
    pub(crate) fn from_bytes(key: &Key, bytes: &[u8]) -> Result<Good, StylesError> {
        Good::read(&mut Reader::new(bytes)).ok_or(StylesError::Good { key: *key })
    }
}

/// Returns the key of a user's record: [`Versions`] of a [`Balance`].
pub fn user_key(user: &UserId) -> Key {
    key("user", &[&user.0])
}

/// Returns the key of a good's record.
pub fn good_key(kind: GoodKind, good: u64) -> Key {
    key("good", &[&[kind as u8], &good.to_le_bytes()])
}

/// Returns a user's units, in all versions that are still possible.
pub(crate) fn balance(state: &mut State, user: &UserId) -> Result<Versions<Balance>, StylesError> {
    versions(state, &user_key(user))
}

pub(crate) fn versions<T: Record + Clone + Default>(
    state: &mut State,
    key: &Key,
) -> Result<Versions<T>, StylesError> {
    let mut versions = load(state, key)?.unwrap_or_else(|| Versions::new(T::default()));
    conditional::refresh(state, &mut versions, context::slot())?;
    Ok(versions)
}

/// Takes units from a user in all versions, so that it depends on nothing.
pub(crate) fn debit(state: &mut State, user: &UserId, amount: u64) -> Result<(), StylesError> {
    let mut balance = balance(state, user)?;
    balance.change_all(|balance| less(balance, amount))?;
    Ok(conditional::save(state, &user_key(user), &balance)?)
}

/// Gives units to a user in all versions.
pub(crate) fn credit(state: &mut State, user: &UserId, amount: u64) -> Result<(), StylesError> {
    let mut balance = balance(state, user)?;
    balance.change_all(|balance| more(balance, amount))?;
    Ok(conditional::save(state, &user_key(user), &balance)?)
}

pub(crate) fn less(balance: &Balance, amount: u64) -> Result<Balance, StylesError> {
    balance.0.checked_sub(amount).map(Balance).ok_or(StylesError::Units { amount })
}

pub(crate) fn more(balance: &Balance, amount: u64) -> Result<Balance, StylesError> {
    balance.0.checked_add(amount).map(Balance).ok_or(StylesError::Overflow)
}
