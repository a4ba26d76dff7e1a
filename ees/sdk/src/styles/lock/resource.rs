//! Resources: data that one transaction at a time may change.

use alloc::{vec, vec::Vec};

use super::{
    AGE_SLOTS_MAX, LOCK_SLOTS_MAX, LockError, Place, Reader, Records, SentReceipt, Slot, Transaction,
    TransactionId, Writer,
    message::{Kind, Message},
};
use crate::{
    state::Key,
    styles::{
        Record, key,
        records::{load, store},
    },
};

/// A resource.
struct Resource {
    holder: Option<Transaction>,
    /// The oldest transaction that waits, while there is a holder.
    waiting: Option<Transaction>,
    data: Vec<u8>,
}

impl Record for Resource {
    fn to_bytes(&self) -> Vec<u8> {
        let writer =
            [self.holder, self.waiting].iter().fold(Writer::new(), |writer, transaction| match transaction {
                None => writer.u8(0),
                Some(transaction) => transaction.write(writer.u8(1)),
            });
        writer.bytes(&self.data).finish()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Resource> {
        let (holder, waiting) = (read_transaction(reader)?, read_transaction(reader)?);
        Some(Resource { holder, waiting, data: reader.take(reader.remaining()).ok()?.to_vec() })
    }
}

fn read_transaction(reader: &mut Reader<'_>) -> Option<Option<Transaction>> {
    match reader.u8().ok()? {
        0 => Some(None),
        1 => Transaction::read(reader).map(Some),
        _ => None,
    }
}

/// Creates a resource with a key.
///
/// # Errors
///
/// Fails if there is one, if the data are too long, and if the state fails.
pub fn create<R: Records>(records: &mut R, key: &Key, data: &[u8]) -> Result<(), LockError<R::Error>> {
    check_bytes(data)?;
    if load::<Resource, _>(records, &key_of(key))?.is_some() {
        return Err(LockError::Exists { key: *key });
    }
    Ok(store(records, &key_of(key), &Resource { holder: None, waiting: None, data: data.to_vec() })?)
}

/// Returns the data of a resource. Those of a locked one may be about to change.
///
/// # Errors
///
/// Fails if there is none, and if the state fails.
pub fn data<R: Records>(records: &mut R, key: &Key) -> Result<Vec<u8>, LockError<R::Error>> {
    Ok(resource(records, key)?.data)
}

/// Returns whether a transaction has locked a resource.
///
/// # Errors
///
/// Fails if there is none, and if the state fails.
pub fn is_locked<R: Records>(records: &mut R, key: &Key) -> Result<bool, LockError<R::Error>> {
    Ok(resource(records, key)?.holder.is_some())
}

/// Changes a resource that is not locked, without a transaction.
///
/// # Errors
///
/// Fails if it is locked, if there is none, if the data are too long, and if the state fails.
pub fn set_data<R: Records>(records: &mut R, key: &Key, data: &[u8]) -> Result<(), LockError<R::Error>> {
    check_bytes(data)?;
    let resource = resource(records, key)?;
    if let Some(Transaction { number: holder, .. }) = resource.holder {
        return Err(LockError::Busy { key: *key, holder });
    }
    Ok(store(records, &key_of(key), &Resource { data: data.to_vec(), ..resource })?)
}

/// Locks a resource for a transaction, or lets the transaction wait; returns the receipt for its home or, if it waits for a
/// younger one, for the home of that.
///
/// # Errors
///
/// Fails if its home is another EE, if its slots are impossible, if it has asked before, and if an older one waits. Fails if
/// there is no such resource, and if the state fails.
pub fn acquire<R: Records>(
    records: &mut R,
    here: Place,
    key: &Key,
    transaction: &Transaction,
    now: Slot,
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    let Transaction { since, until, number, home } = *transaction;
    if home.ee != here.ee {
        return Err(LockError::Foreign { ee: home.ee });
    }
    let is_now = since <= now && now <= until;
    if !is_now || now.0 - since.0 > AGE_SLOTS_MAX || until.0 - now.0 > LOCK_SLOTS_MAX {
        return Err(LockError::Slot { transaction: *transaction, now: now.0 });
    }
    let mut resource = resource(records, key)?;
    let waiting = resource.waiting.filter(|waiting| waiting.until >= now);
    if [resource.holder, waiting].contains(&Some(*transaction)) {
        return Err(LockError::Again { key: *key, number });
    }
    let Some(holder) = resource.holder else {
        let sent = resource.give(key, *transaction);
        store(records, &key_of(key), &resource)?;
        return Ok(vec![sent]);
    };
    if waiting.is_some_and(|waiting| waiting < *transaction) {
        return Err(LockError::Busy { key: *key, holder: holder.number });
    }
    store(records, &key_of(key), &Resource { waiting: Some(*transaction), ..resource })?;
    let wound = Message { kind: Kind::Wound, key: *key, transaction: holder, data: Vec::new() };
    Ok(if *transaction < holder { vec![wound.to(holder.home)] } else { Vec::new() })
}

/// Releases a resource, if the transaction with this hash and home has it, and gives it to the one that waits.
pub(super) fn release<R: Records>(
    records: &mut R,
    key: &Key,
    (id, home): (TransactionId, Place),
    data: Option<Vec<u8>>,
    now: Slot,
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    let mut resource = resource(records, key)?;
    if resource.holder.is_none_or(|holder| holder.id() != id || holder.home != home) {
        return Ok(Vec::new());
    }
    resource.holder = None;
    if let Some(data) = data {
        resource.data = data;
    }
    let waiting = resource.waiting.take().filter(|waiting| waiting.until >= now);
    let sent = waiting.map(|waiting| resource.give(key, waiting));
    store(records, &key_of(key), &resource)?;
    Ok(sent.into_iter().collect())
}

impl Resource {
    fn give(&mut self, key: &Key, transaction: Transaction) -> SentReceipt {
        self.holder = Some(transaction);
        Message { kind: Kind::Grant, key: *key, transaction, data: self.data.clone() }.to(transaction.home)
    }
}

fn resource<R: Records>(records: &mut R, key: &Key) -> Result<Resource, LockError<R::Error>> {
    load(records, &key_of(key))?.ok_or(LockError::UnknownResource { key: *key })
}

/// Returns the key of the record of a resource. Messages and users name resources, and never another record.
fn key_of(resource: &Key) -> Key {
    key("resource", &[&resource.0])
}

pub(super) fn check_bytes<E>(data: &[u8]) -> Result<(), LockError<E>> {
    let got = data.len();
    if got > super::RESOURCE_BYTES_MAX { Err(LockError::TooLong { got }) } else { Ok(()) }
}
