//! The home of a transaction: collects its resources, and decides.

use alloc::{vec, vec::Vec};

use super::{
    GRANTS_MAX, LockError, Place, Reader, Records, SentReceipt, Slot, Transaction, TransactionId, Writer,
    message::{Kind, Message},
    resource::check_bytes,
};
use crate::{
    state::Key,
    styles::{
        Record, SETTLED_SLOTS, key,
        records::{load, remove, store},
    },
};

/// A resource that is locked for a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The EE that has it, and its shard.
    pub from: Place,
    /// Its key there.
    pub key: Key,
    /// Its data. After a commit, the new ones.
    pub data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Open,
    GivenUp,
    Committed,
}

/// A transaction of which this is the home. It has the mark that a decided transaction is not decided again.
struct Progress {
    transaction: Transaction,
    decision: Decision,
    grants: Vec<Grant>,
}

impl Record for Progress {
    fn to_bytes(&self) -> Vec<u8> {
        let writer = self.transaction.write(Writer::new()).u8(self.decision as u8);
        let writer = self.grants.iter().fold(writer, |writer, Grant { from, key, data }| {
            from.write(writer).bytes(&key.0).u32_le(data.len() as u32).bytes(data)
        });
        writer.finish()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Progress> {
        let transaction = Transaction::read(reader)?;
        let decision = reader.u8().ok()?;
        let decisions = [Decision::Open, Decision::GivenUp, Decision::Committed];
        let decision = decisions.into_iter().find(|known| *known as u8 == decision)?;
        let mut grants = Vec::new();
        while reader.remaining() > 0 {
            let (from, key) = (Place::read(reader)?, Key(reader.take_array().ok()?));
            let length = reader.u32_le().ok()?;
            grants.push(Grant { from, key, data: reader.take(length as usize).ok()?.to_vec() });
        }
        Some(Progress { transaction, decision, grants })
    }
}

/// Returns the resources that are locked for a transaction, if it can be committed in this slot. Whether these are all
/// that it needs is for the EE to check.
///
/// # Errors
///
/// Fails if there are none, if it is decided, if its last slot is over, and if the state fails.
pub fn granted<R: Records>(
    records: &mut R,
    transaction: &Transaction,
    now: Slot,
) -> Result<Vec<Grant>, LockError<R::Error>> {
    if now > transaction.until {
        return Err(LockError::Slot { transaction: *transaction, now: now.0 });
    }
    Ok(open(records, transaction)?.grants)
}

/// Commits a transaction with new data for all its resources, in the order of [`granted`]; returns the receipts for these.
///
/// # Errors
///
/// Fails as [`granted`] does, and if the new data are too long, or not as many as the resources.
pub fn commit<R: Records>(
    records: &mut R,
    transaction: &Transaction,
    data: impl IntoIterator<Item = Vec<u8>>,
    now: Slot,
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    let mut grants = granted(records, transaction, now)?;
    let data: Vec<_> = data.into_iter().collect();
    let (got, expected) = (data.len(), grants.len());
    if got != expected {
        return Err(LockError::Count { got, expected });
    }
    for (grant, data) in grants.iter_mut().zip(data) {
        check_bytes(&data)?;
        grant.data = data;
    }
    decide(records, Progress { transaction: *transaction, decision: Decision::Committed, grants })
}

/// Gives a transaction up after its last slot; returns the receipts that release its resources.
///
/// # Errors
///
/// Fails if its last slot is not over, if it is decided or unknown, and if the state fails.
pub fn expire<R: Records>(
    records: &mut R,
    transaction: &Transaction,
    now: Slot,
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    if now <= transaction.until {
        return Err(LockError::Slot { transaction: *transaction, now: now.0 });
    }
    let progress = open(records, transaction)?;
    decide(records, Progress { decision: Decision::GivenUp, ..progress })
}

/// Forgets a transaction when no message of it can arrive or return any more.
///
/// # Errors
///
/// Fails if that is less than twice [`SETTLED_SLOTS`] after its last slot, if it is not decided, and if the state fails.
pub fn forget<R: Records>(
    records: &mut R,
    transaction: &Transaction,
    now: Slot,
) -> Result<(), LockError<R::Error>> {
    let number = transaction.number;
    let progress = find(records, &transaction.id())?.ok_or(LockError::UnknownTransaction { number })?;
    if progress.decision == Decision::Open || !is_over(transaction, now) {
        return Err(LockError::Slot { transaction: *transaction, now: now.0 });
    }
    Ok(remove(records, &key_of(&transaction.id()))?)
}

/// Adds a resource to a transaction or, if that is decided or cannot take it, returns the receipt that releases it.
pub(super) fn grant<R: Records>(
    records: &mut R,
    here: Place,
    transaction: &Transaction,
    grant: Grant,
    now: Slot,
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    if transaction.home != here {
        return Err(LockError::OtherHome { number: transaction.number });
    }
    check_bytes(&grant.data)?;
    let new = Progress { transaction: *transaction, decision: Decision::Open, grants: Vec::new() };
    let mut progress = find(records, &transaction.id())?.unwrap_or(new);
    let mut sent = Vec::new();
    if progress.decision == Decision::Open && now > transaction.until {
        progress.decision = Decision::GivenUp;
        sent = progress.decided();
    }
    if progress.decision == Decision::Open && progress.grants.len() < GRANTS_MAX {
        progress.grants.push(grant);
    } else {
        sent.push(progress.keep((grant.from, grant.key)));
    }
    store(records, &key_of(&transaction.id()), &progress)?;
    Ok(sent)
}

/// Gives a transaction up for an older one, unless it is decided, or has no such resource.
pub(super) fn wound<R: Records>(
    records: &mut R,
    transaction: &Transaction,
    resource: (Place, Key),
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    match find(records, &transaction.id())? {
        Some(progress) if progress.decision == Decision::Open && progress.find(resource).is_some() => {
            decide(records, Progress { decision: Decision::GivenUp, ..progress })
        }
        _ => Ok(Vec::new()),
    }
}

/// Returns a receipt that released a resource again, unless the transaction may be [forgotten](forget).
pub(super) fn release_again<R: Records>(
    records: &mut R,
    id: &TransactionId,
    resource: (Place, Key),
    is_change: bool,
    now: Slot,
) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    let progress = find(records, id)?.filter(|progress| !is_over(&progress.transaction, now));
    let Some(progress) = progress else { return Ok(Vec::new()) };
    let change = progress.find(resource).filter(|_| is_change);
    Ok(vec![change.map_or_else(|| progress.keep(resource), |grant| progress.release(grant))])
}

impl Progress {
    fn find(&self, (from, key): (Place, Key)) -> Option<&Grant> {
        self.grants.iter().find(|grant| (grant.from, grant.key) == (from, key))
    }

    /// Returns the receipts of a decision.
    fn decided(&self) -> Vec<SentReceipt> {
        self.grants.iter().map(|grant| self.release(grant)).collect()
    }

    fn release(&self, Grant { from, key, data }: &Grant) -> SentReceipt {
        if self.decision != Decision::Committed {
            return self.keep((*from, *key));
        }
        Message { kind: Kind::Change, key: *key, transaction: self.transaction, data: data.clone() }.to(*from)
    }

    /// Returns the receipt that releases a resource unchanged. One that is granted after the decision gets no other: its
    /// data may be newer.
    fn keep(&self, (from, key): (Place, Key)) -> SentReceipt {
        Message { kind: Kind::Keep, key, transaction: self.transaction, data: Vec::new() }.to(from)
    }
}

fn decide<R: Records>(records: &mut R, progress: Progress) -> Result<Vec<SentReceipt>, LockError<R::Error>> {
    store(records, &key_of(&progress.transaction.id()), &progress)?;
    Ok(progress.decided())
}

fn open<R: Records>(records: &mut R, transaction: &Transaction) -> Result<Progress, LockError<R::Error>> {
    let number = transaction.number;
    let progress = find(records, &transaction.id())?.ok_or(LockError::UnknownTransaction { number })?;
    match progress.decision {
        Decision::Open => Ok(progress),
        decided => Err(LockError::Decided { number, is_committed: decided == Decision::Committed }),
    }
}

fn find<R: Records>(records: &mut R, id: &TransactionId) -> Result<Option<Progress>, LockError<R::Error>> {
    Ok(load(records, &key_of(id))?)
}

fn key_of(id: &TransactionId) -> Key {
    key("lock", &[id])
}

/// Returns whether a transaction may be forgotten.
fn is_over(transaction: &Transaction, now: Slot) -> bool {
    now.0 > transaction.until.0.saturating_add(2 * SETTLED_SLOTS)
}
