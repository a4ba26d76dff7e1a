//! Hash time-locked contracts: two people swap what they have on two shards, or two chains, without trust.
//!
//! Alice locks her coins for Bob under the SHA-256 of a secret until slot T1. Bob sees this, and locks his for Alice under
//! the same hash until an earlier slot T2. Alice claims Bob's, which reveals the secret; Bob claims Alice's with it. Whoever
//! waits in vain takes the own coins back after the deadline. From TierNolan's [atomic swaps] of 2013.
//!
//! *Guarantee:* one coin moves to exactly one of two people: to the claimer up to the deadline, to the locker after it.
//! *Latency:* 4 slots, one for each step of the swap. *Failure:* refunds after the deadlines. *Assumption:* between T2 and
//! T1, Bob gets a transaction into a block of Alice's shard; if he is kept out for all these slots, he loses his coins.
//! Nothing here needs a host, receipts or proofs, so the other side may be any chain with SHA-256.
//!
//! ```
//! use std::collections::BTreeMap;
//! use outrider_sdk::{crypto, receipt::Slot, styles::{htlc::{self, Swap, UserId}, key}};
//!
//! let mut state = BTreeMap::new();
//! let (secret, id) = ([7; 32], key("swap", &[b"1"]));
//! let (alice, bob) = (UserId([1; 32]), UserId([2; 32]));
//! let hash = crypto::sha256(&secret);
//! let swap = Swap { locker: alice, claimer: bob, amount: 50, hash, deadline: Slot(20) };
//! htlc::lock(&mut state, &id, &swap, Slot(10))?; // and Alice has 50 less
//! assert_eq!(htlc::claim(&mut state, &id, &secret, Slot(13))?, swap); // and Bob has 50 more
//! assert!(htlc::refund(&mut state, &id, Slot(21)).is_err(), "it is claimed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [atomic swaps]: https://bitcointalk.org/index.php?topic=193281.0

use alloc::vec::Vec;

use super::{
    Record, RecordError, Records,
    records::{load, remove, store},
};
use crate::{Reader, Writer, crypto, receipt::Slot, state::Key};

/// A user of the EE, by an identity of the EE's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId(pub [u8; 32]);

/// A locked amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Who locked the amount, and gets it back after the deadline.
    pub locker: UserId,
    /// Who gets it with the secret.
    pub claimer: UserId,
    /// The amount, in the EE's unit.
    pub amount: u64,
    /// The SHA-256 of the secret.
    pub hash: [u8; 32],
    /// The last slot in which it can be claimed.
    pub deadline: Slot,
}

impl Record for Swap {
    fn to_bytes(&self) -> Vec<u8> {
        let Swap { locker, claimer, amount, hash, deadline } = self;
        let writer = Writer::new().bytes(&locker.0).bytes(&claimer.0).u64_le(*amount);
        writer.bytes(hash).u64_le(deadline.0).finish()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Swap> {
        Some(Swap {
            locker: UserId(reader.take_array().ok()?),
            claimer: UserId(reader.take_array().ok()?),
            amount: reader.u64_le().ok()?,
            hash: reader.take_array().ok()?,
            deadline: Slot(reader.u64_le().ok()?),
        })
    }
}

/// Locks an amount, which the EE takes from the locker.
///
/// # Errors
///
/// Fails if the key has a swap, if the deadline is over, and if the state fails.
pub fn lock<R: Records>(
    records: &mut R,
    key: &Key,
    swap: &Swap,
    now: Slot,
) -> Result<(), HtlcError<R::Error>> {
    if now > swap.deadline {
        return Err(HtlcError::Late { now: now.0, deadline: swap.deadline.0 });
    }
    if load::<Swap, _>(records, key)?.is_some() {
        return Err(HtlcError::Exists { key: *key });
    }
    Ok(store(records, key, swap)?)
}

/// Claims an amount with the secret, and returns the swap, whose claimer the EE credits. The secret has 32 bytes, so that
/// no side of a swap can demand one that is too long for the other.
///
/// # Errors
///
/// Fails if the key has no swap, if the secret is another or the deadline is over, and if the state fails.
pub fn claim<R: Records>(
    records: &mut R,
    key: &Key,
    secret: &[u8; 32],
    now: Slot,
) -> Result<Swap, HtlcError<R::Error>> {
    let swap: Swap = load(records, key)?.ok_or(HtlcError::Unknown { key: *key })?;
    if now > swap.deadline {
        return Err(HtlcError::Late { now: now.0, deadline: swap.deadline.0 });
    }
    if crypto::sha256(secret) != swap.hash {
        return Err(HtlcError::WrongSecret { key: *key });
    }
    remove(records, key)?;
    Ok(swap)
}

/// Ends a swap after its deadline, and returns it; the EE credits the locker.
///
/// # Errors
///
/// Fails if the key has no swap, if the deadline is not over, and if the state fails.
pub fn refund<R: Records>(records: &mut R, key: &Key, now: Slot) -> Result<Swap, HtlcError<R::Error>> {
    let swap: Swap = load(records, key)?.ok_or(HtlcError::Unknown { key: *key })?;
    if now <= swap.deadline {
        return Err(HtlcError::Early { now: now.0, deadline: swap.deadline.0 });
    }
    remove(records, key)?;
    Ok(swap)
}

/// The reason for which a step of a swap fails.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HtlcError<E> {
    /// A record cannot be read or changed.
    #[error(transparent)]
    Record(#[from] RecordError<E>),
    /// The key has a swap.
    #[error("there is a swap under key {key}; choose another")]
    Exists {
        /// The key.
        key: Key,
    },
    /// The key has no swap: it was never locked, or has ended.
    #[error("there is no swap under key {key}")]
    Unknown {
        /// The key.
        key: Key,
    },
    /// The secret has another hash.
    #[error("this is not the secret of the swap under key {key}")]
    WrongSecret {
        /// The key.
        key: Key,
    },
    /// The deadline is over.
    #[error("slot {now} is after the deadline, slot {deadline}")]
    Late {
        /// The slot.
        now: u64,
        /// The deadline.
        deadline: u64,
    },
    /// The deadline is not over.
    #[error("slot {now} is not after the deadline, slot {deadline}")]
    Early {
        /// The slot.
        now: u64,
        /// The deadline.
        deadline: u64,
    },
}
