//! Conditional states: effects that hold if a receipt arrives, before it does.
//!
//! From Vitalik's [fast cross-shard transfers via optimistic receipt roots] of 2019. Whoever sees a receipt leave its shard
//! can count on it at once: the receiver's account gets a version in which it has arrived, and keeps the version in which it
//! has not. Steps apply to both, or hold in the active version only, and then everything that they touch depends on the
//! same [`Condition`]. The condition is met when the receipt arrives, and has failed when none of its slot can arrive any
//! more.
//!
//! *Guarantee:* once all conditions are decided, every message that arrived has its effect once, every other one has none,
//! and each step has happened to both of its records or to none. *Latency:* none, and sure after one slot. *Failure:* after
//! [`DELIVERY_SLOTS`], the versions that depend on the receipt are gone, and the alternate becomes active. *Limit:* a
//! record has at most [`ALTERNATES_MAX`] conditions; what leaves the EE, such as a receipt, must not depend on any, so an
//! EE pays for it with [`change_all`](Versions::change_all).
//!
//! An EE stores [`Versions`] of its own records with [`save`], and calls [`refresh`] on each that it reads. Before an account
//! [expects](Versions::expect) a message, the EE checks with [`is_met`] that it can still come. When a message arrives, the EE
//! marks its condition with [`meet`], whether anybody expected it or not, and lets it
//! [arrive](Versions::arrive) in the receiver's account. The mark stays until no record depends on the condition, and the
//! message could not arrive any more; then anyone may [`forget`] it.
//!
//! ```
//! use std::collections::BTreeMap;
//! use outrider_sdk::receipt::{ReceivedReceipt, Slot};
//! use outrider_sdk::styles::conditional::{self, Condition, Versions};
//!
//! let mut state = BTreeMap::new();
//! let receipt = ReceivedReceipt { slot: Slot(9), payload: b"pay 50".to_vec(), ..ReceivedReceipt::default() };
//! let condition = Condition::of(&receipt);
//! let (mut account, mut shop) = (Versions::new(10_u64), Versions::new(0_u64));
//! account.expect(condition, |balance| balance + 50)?;
//! let pay = |balance: &u64| balance.checked_sub(40).ok_or("too little");
//! conditional::step((&mut account, &mut shop), pay, |balance| Ok(balance + 40)).unwrap();
//! assert_eq!((*account.active(), *shop.active()), (20, 40));
//!
//! // The receipt does not arrive for 128 slots.
//! conditional::refresh(&mut state, &mut account, Slot(138))?;
//! conditional::refresh(&mut state, &mut shop, Slot(138))?;
//! assert_eq!((*account.active(), *shop.active()), (10, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [fast cross-shard transfers via optimistic receipt roots]: https://ethresear.ch/t/5337

use alloc::vec::Vec;

use super::{DELIVERY_SLOTS, Place, Record, RecordError, Records, key, load, remove, store};
use crate::{
    Reader, Writer, crypto,
    receipt::{ReceivedReceipt, Slot},
    state::Key,
};

/// The condition that a receipt of a slot arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The slot that sends the receipt.
    pub slot: Slot,
    /// The SHA-256 of where the receipt comes from, of its number among the receipts from that shard, and of its payload.
    pub root: [u8; 32],
}

impl Condition {
    /// Returns the condition that a message arrives as it is, except for its ether.
    pub fn of(received: &ReceivedReceipt) -> Condition {
        let ReceivedReceipt { slot, sequence, payload, .. } = received;
        let writer = Place::source(received).write(Writer::new()).u64_le(slot.0).u64_le(*sequence);
        Condition { slot: *slot, root: crypto::sha256(&writer.bytes(payload).finish()) }
    }

    fn write(&self, writer: Writer) -> Writer {
        writer.u64_le(self.slot.0).bytes(&self.root)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Condition> {
        Some(Condition { slot: Slot(reader.u64_le().ok()?), root: reader.take_array().ok()? })
    }

    fn is_possible(&self, now: Slot) -> bool {
        self.slot <= now && now.0 <= self.slot.0.saturating_add(DELIVERY_SLOTS)
    }
}

/// The versions of a record: the active one, and one for each condition in which all conditions before it are met, and it
/// is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions<T> {
    active: T,
    alternates: Vec<(Condition, T)>,
}

impl<T: Clone> Versions<T> {
    /// Returns the one version of a record that depends on nothing.
    pub fn new(active: T) -> Versions<T> {
        Versions { active, alternates: Vec::new() }
    }

    /// Returns the version that holds if all conditions are met.
    pub fn active(&self) -> &T {
        &self.active
    }

    /// Returns whether the record depends on no condition.
    pub fn is_sure(&self) -> bool {
        self.alternates.is_empty()
    }

    /// Returns the conditions on which the active version depends.
    pub fn conditions(&self) -> impl Iterator<Item = Condition> + '_ {
        self.alternates.iter().map(|(condition, _)| *condition)
    }

    /// Counts on a message: makes a version active that has its effect, and holds if it arrives.
    ///
    /// # Errors
    ///
    /// Fails if the record depends on the condition already, or on too many others.
    pub fn expect(&mut self, condition: Condition, effect: impl FnOnce(&T) -> T) -> Result<(), ExpectError> {
        if self.position(&condition).is_some() {
            return Err(ExpectError::Again);
        }
        let active = effect(&self.active);
        Ok(self.assume(&[condition], active)?)
    }

    /// Gives its effect to a message that has arrived, in all versions that do not have it.
    pub fn arrive(&mut self, condition: &Condition, effect: impl Fn(&T) -> T) {
        let position = self.position(condition);
        if position.is_none() {
            self.active = effect(&self.active);
        }
        let without = position.unwrap_or(self.alternates.len());
        for (_, version) in self.alternates.iter_mut().take(without) {
            *version = effect(version);
        }
        self.decide(condition, true);
    }

    /// Makes a version active that holds if these conditions are met, too. If one is not, the record is as before.
    fn assume(&mut self, conditions: &[Condition], active: T) -> Result<(), TooManyConditions> {
        let is_new = |condition: &&Condition| self.position(condition).is_none();
        let mut new: Vec<_> = conditions.iter().filter(is_new).copied().collect();
        new.sort_unstable();
        new.dedup();
        if self.alternates.len() + new.len() > ALTERNATES_MAX {
            return Err(TooManyConditions);
        }
        let before = core::mem::replace(&mut self.active, active);
        self.alternates.extend(new.into_iter().map(|condition| (condition, before.clone())));
        Ok(())
    }

    fn position(&self, condition: &Condition) -> Option<usize> {
        self.conditions().position(|known| known == *condition)
    }

    /// Decides a condition: if it is met, its alternate is gone, and otherwise that is active.
    pub fn decide(&mut self, condition: &Condition, is_met: bool) {
        let Some(index) = self.position(condition) else { return };
        if is_met {
            self.alternates.remove(index);
        } else if let Some((_, alternate)) = self.alternates.drain(index..).next() {
            self.active = alternate;
        }
    }

    /// Changes all versions, so that the change depends on nothing, and may have effects outside of the EE.
    ///
    /// # Errors
    ///
    /// Fails with the error of a version in which it is invalid. Then nothing has changed.
    pub fn change_all<E>(&mut self, change: impl Fn(&T) -> Result<T, E>) -> Result<(), E> {
        *self = self.try_map(change)?;
        Ok(())
    }

    /// Returns the versions after a function, if it succeeds on each one.
    fn try_map<E>(&self, function: impl Fn(&T) -> Result<T, E>) -> Result<Versions<T>, E> {
        let alternate = |(condition, version): &(Condition, T)| Ok((*condition, function(version)?));
        let alternates = self.alternates.iter().map(alternate).collect::<Result<_, E>>()?;
        Ok(Versions { active: function(&self.active)?, alternates })
    }
}

/// Takes a step on two records, such as a payment. If it is valid in all versions of both, it depends on nothing. If it is
/// valid in the active ones, both depend on the conditions of both from now on, and the alternates do not have it.
///
/// # Errors
///
/// Fails with the step's error if it is invalid in an active version, and if the step depends on too many conditions. Then
/// neither record has changed.
pub fn step<T: Clone, U: Clone, E>(
    (one, other): (&mut Versions<T>, &mut Versions<U>),
    change_one: impl Fn(&T) -> Result<T, E>,
    change_other: impl Fn(&U) -> Result<U, E>,
) -> Result<(), StepError<E>> {
    let (active_one, active_other) = (
        change_one(&one.active).map_err(StepError::Step)?,
        change_other(&other.active).map_err(StepError::Step)?,
    );
    if let (Ok(new_one), Ok(new_other)) = (one.try_map(change_one), other.try_map(change_other)) {
        (*one, *other) = (new_one, new_other);
        return Ok(());
    }
    let conditions: Vec<_> = one.conditions().chain(other.conditions()).collect();
    let (mut new_one, mut new_other) = (one.clone(), other.clone());
    new_one.assume(&conditions, active_one)?;
    new_other.assume(&conditions, active_other)?;
    (*one, *other) = (new_one, new_other);
    Ok(())
}

/// Marks the condition of a message that has arrived as met.
///
/// # Errors
///
/// Fails if the state does.
pub fn meet<R: Records>(
    records: &mut R,
    received: &ReceivedReceipt,
) -> Result<Condition, RecordError<R::Error>> {
    let condition = Condition::of(received);
    let mark = mark(records, &condition)?;
    put_mark(records, &condition, Mark { is_met: true, ..mark })?;
    Ok(condition)
}

/// Writes the versions of a record, and counts for each condition the records that depend on it.
///
/// # Errors
///
/// Fails if the state does, and if there is something else under the key.
pub fn save<T: Record + Clone, R: Records>(
    records: &mut R,
    key: &Key,
    versions: &Versions<T>,
) -> Result<(), RecordError<R::Error>> {
    let before: Option<Versions<T>> = load(records, key)?;
    let before: Vec<_> = before.iter().flat_map(Versions::conditions).collect();
    let now: Vec<_> = versions.conditions().collect();
    for condition in now.iter().filter(|condition| !before.contains(condition)) {
        let Mark { is_met, n_records } = mark(records, condition)?;
        put_mark(records, condition, Mark { is_met, n_records: n_records.saturating_add(1) })?;
    }
    for condition in before.iter().filter(|condition| !now.contains(condition)) {
        let Mark { is_met, n_records } = mark(records, condition)?;
        put_mark(records, condition, Mark { is_met, n_records: n_records.saturating_sub(1) })?;
    }
    store(records, key, versions)
}

/// Removes the mark that a message has arrived, when it does not matter any more.
///
/// # Errors
///
/// Fails if the message could arrive, if a record depends on it, and if the state fails.
pub fn forget<R: Records>(
    records: &mut R,
    condition: &Condition,
    now: Slot,
) -> Result<(), ForgetError<R::Error>> {
    let Mark { n_records, .. } = mark(records, condition)?;
    if n_records > 0 || now.0 <= condition.slot.0.saturating_add(DELIVERY_SLOTS) {
        return Err(ForgetError::Needed { n_records });
    }
    Ok(put_mark(records, condition, Mark::default())?)
}

/// Returns whether a condition is met, or `None` while it may still be. A message of a later slot is not on the way.
///
/// # Errors
///
/// Fails if the state does.
pub fn is_met<R: Records>(
    records: &mut R,
    condition: &Condition,
    now: Slot,
) -> Result<Option<bool>, RecordError<R::Error>> {
    let is_met = mark(records, condition)?.is_met;
    Ok(if is_met { Some(true) } else { (!condition.is_possible(now)).then_some(false) })
}

/// Decides the conditions of a record that are met or have failed.
///
/// # Errors
///
/// Fails if the state does.
pub fn refresh<R: Records, T: Clone>(
    records: &mut R,
    versions: &mut Versions<T>,
    now: Slot,
) -> Result<(), RecordError<R::Error>> {
    for condition in versions.conditions().collect::<Vec<_>>() {
        if let Some(is_met) = is_met(records, &condition, now)? {
            versions.decide(&condition, is_met);
        }
    }
    Ok(())
}

/// The knowledge of a state about a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    is_met: bool,
    /// The number of records that depend on it.
    n_records: u32,
}

impl Record for Mark {
    fn to_bytes(&self) -> Vec<u8> {
        Writer::new().u8(u8::from(self.is_met)).u32_le(self.n_records).finish()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Mark> {
        let is_met = [false, true].get(usize::from(reader.u8().ok()?)).copied()?;
        Some(Mark { is_met, n_records: reader.u32_le().ok()? })
    }
}

fn mark<R: Records>(records: &mut R, condition: &Condition) -> Result<Mark, RecordError<R::Error>> {
    Ok(load(records, &mark_key(condition))?.unwrap_or_default())
}

fn put_mark<R: Records>(
    records: &mut R,
    condition: &Condition,
    mark: Mark,
) -> Result<(), RecordError<R::Error>> {
    let key = mark_key(condition);
    if mark == Mark::default() { remove(records, &key) } else { store(records, &key, &mark) }
}

fn mark_key(condition: &Condition) -> Key {
    key("condition", &[&condition.write(Writer::new()).finish()])
}

impl<T: Record> Record for Versions<T> {
    fn to_bytes(&self) -> Vec<u8> {
        let version = |writer: Writer, version: &T| {
            let bytes = version.to_bytes();
            writer.u32_le(bytes.len() as u32).bytes(&bytes)
        };
        let writer = version(Writer::new(), &self.active);
        let alternates = self.alternates.iter();
        alternates.fold(writer, |writer, (condition, of)| version(condition.write(writer), of)).finish()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Versions<T>> {
        let version = |reader: &mut Reader<'_>| {
            let length = reader.u32_le().ok()?;
            let mut reader = reader.sub(length as usize).ok()?;
            T::read(&mut reader).filter(|_| reader.remaining() == 0)
        };
        let active = version(reader)?;
        let mut alternates = Vec::new();
        while reader.remaining() > 0 {
            alternates.push((Condition::read(reader)?, version(reader)?));
        }
        Some(Versions { active, alternates })
    }
}

/// The most conditions of a record.
pub const ALTERNATES_MAX: usize = 16;

/// A record would depend on too many conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record can depend on {ALTERNATES_MAX} conditions at most; wait until some are decided")]
pub struct TooManyConditions;

/// The reason for which a record cannot count on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectError {
    /// It does so already.
    #[error("the record depends on this receipt already")]
    Again,
    /// It would depend on too much.
    #[error(transparent)]
    TooManyConditions(#[from] TooManyConditions),
}

/// The reason for which a mark stays.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForgetError<E> {
    /// A record cannot be read or changed.
    #[error(transparent)]
    Record(#[from] RecordError<E>),
    /// The mark is needed.
    #[error("the receipt could still arrive, or {n_records} records depend on it")]
    Needed {
        /// The number of records.
        n_records: u32,
    },
}

/// The reason for which a step is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError<E> {
    /// It is invalid.
    #[error(transparent)]
    Step(E),
    /// It would depend on too much.
    #[error(transparent)]
    TooManyConditions(#[from] TooManyConditions),
}
