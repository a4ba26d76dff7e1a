//! Commit capabilities: a set in the state of each EE, of which others prove what is in it and what is not.
//!
//! From protolambda's [commit capabilities] of 2019: "standardize the keys, not the values". A capability commits to a value,
//! such as the hash of a lock or of a message, for one holder; only the EE whose state has it puts it there or takes it
//! away. Another EE reads the state root of that EE ([`eth2::reads`]), and gets with its payload a
//! witness that the capability is in the set, or that it is not. Locks, two-phase commit and asynchronous calls are
//! patterns of this; [`transfer`](super::transfer) is one.
//!
//! *Guarantee:* what is proven was so in the latest crosslinked state of the other EE. *Latency:* one slot for each proof.
//! *Failure:* nothing is sent, so nothing is lost: who waits in vain proves the absence. An absence says little by itself,
//! because the capability may come later, and the crosslink may be old. So a set has a clock, the slot of the EE's latest
//! block, and [`Remote::prove_absent`] asks that it is after a deadline, after which the EE must not set the capability any
//! more. An EE sets the clock in each block, with [`tick`].
//!
//! *Limit:* the other EE's state has to be a [`State`](crate::state::State), as the proof is its witness.
//!
//! ```
//! use outrider_sdk::receipt::{EeIndex, ShardIndex, Slot};
//! use outrider_sdk::{StateRoot, styles::{Place, capability::{self, Capability, Remote}}};
//! use outrider_witness::{Keccak256, NodeBag, Recorder, smt::Tree};
//!
//! let holder = Place { shard: ShardIndex(2), ee: EeIndex(5) };
//! let [locked, sold] = [[1; 32], [2; 32]].map(|value| Capability { value, holder });
//! let mut state = Tree::<Keccak256, _>::empty();
//! capability::tick(&mut state, Slot(10))?;
//! capability::set(&mut state, &locked)?;
//!
//! // A provider makes the proof, which reads what it proves.
//! let mut nodes = NodeBag::default();
//! let root = state.commit(&mut nodes);
//! let mut full = Tree::<Keccak256, _>::open(&root, Recorder::new(&nodes));
//! capability::read(&mut full, &[locked, sold])?;
//! let witness = full.into_witness()?;
//!
//! let mut remote = Remote::open(StateRoot(root.0), &witness)?;
//! remote.prove_present(&locked)?;
//! remote.prove_absent(&sold, Slot(9))?;
//! assert!(remote.prove_absent(&sold, Slot(10)).is_err(), "it may be sold in slot 10");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [commit capabilities]: https://ethresear.ch/t/6509

use outrider_witness::{
    NoNodes,
    smt::{DecodeError, Tree},
};

use super::{Place, RecordError, Records, key};
use crate::{
    StateRoot, Writer, eth2,
    receipt::Slot,
    state::{HostKeccak256, Key, TreeError},
};

/// A capability: the commitment to a value for a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capability {
    /// The hash of what is committed to.
    pub value: [u8; 32],
    /// The EE for which it is.
    pub holder: Place,
}

impl Capability {
    fn key(&self) -> Key {
        key("capability", &[&self.value, &self.holder.write(Writer::new()).finish()])
    }
}

/// Puts a capability into the set.
///
/// # Errors
///
/// Fails if the state does.
pub fn set<R: Records>(records: &mut R, capability: &Capability) -> Result<(), RecordError<R::Error>> {
    Ok(records.insert(&capability.key(), &[])?)
}

/// Takes a capability out of the set.
///
/// # Errors
///
/// Fails if the state does.
pub fn clear<R: Records>(records: &mut R, capability: &Capability) -> Result<(), RecordError<R::Error>> {
    Ok(records.remove(&capability.key())?)
}

/// Returns whether a capability is in the EE's own set.
///
/// # Errors
///
/// Fails if the state does.
pub fn is_set<R: Records>(records: &mut R, capability: &Capability) -> Result<bool, RecordError<R::Error>> {
    Ok(records.get(&capability.key())?.is_some())
}

/// Sets the clock of the set to the slot of the block.
///
/// # Errors
///
/// Fails if the state does.
pub fn tick<R: Records>(records: &mut R, now: Slot) -> Result<(), RecordError<R::Error>> {
    Ok(records.insert(&clock_key(), &now.0.to_le_bytes())?)
}

/// Reads the clock and some capabilities of a state, so that its witness proves whether they are in the set.
///
/// # Errors
///
/// Fails if the state does.
pub fn read<R: Records>(records: &mut R, capabilities: &[Capability]) -> Result<(), RecordError<R::Error>> {
    records.get(&clock_key())?;
    capabilities.iter().try_for_each(|capability| records.get(&capability.key()).map(|_| ()))?;
    Ok(())
}

/// The proven part of the set of another EE, or of this one on another shard.
#[derive(Debug)]
pub struct Remote(Tree<HostKeccak256, NoNodes>);

impl Remote {
    /// Opens the set of an EE whose state root the block reads, with a witness of its state.
    ///
    /// # Errors
    ///
    /// Fails if the block does not read its root, and if the witness is malformed or of another root.
    pub fn read(place: Place, witness: &[u8]) -> Result<Remote, CapabilityError> {
        let of_place = |read: &crate::RootRead| (read.shard, read.ee) == (place.shard, place.ee);
        let read = eth2::reads().find(of_place).ok_or(CapabilityError::NotRead { place })?;
        Remote::open(read.state_root, witness)
    }

    /// Opens the set in the state with a root that the chain vouches for.
    ///
    /// # Errors
    ///
    /// Fails if the witness is malformed or of another root.
    pub fn open(root: StateRoot, witness: &[u8]) -> Result<Remote, CapabilityError> {
        Tree::from_witness(witness, &root.into()).map(Remote).map_err(CapabilityError::Witness)
    }

    /// Checks that a capability is in the set.
    ///
    /// # Errors
    ///
    /// Fails if it is not, or if the witness does not cover it.
    pub fn prove_present(&mut self, capability: &Capability) -> Result<(), CapabilityError> {
        let is_present = self.0.get(&capability.key())?.is_some();
        if is_present { Ok(()) } else { Err(CapabilityError::Absent) }
    }

    /// Checks that a capability is not in the set, and that the latest block of the EE is after a deadline.
    ///
    /// # Errors
    ///
    /// Fails if it is in the set, if the deadline is not over there, or if the witness covers one of both not.
    pub fn prove_absent(&mut self, capability: &Capability, deadline: Slot) -> Result<(), CapabilityError> {
        if self.0.get(&capability.key())?.is_some() {
            return Err(CapabilityError::Present);
        }
        let clock = self.0.get(&clock_key())?.and_then(|value| value.try_into().ok());
        let clock = clock.map_or(0, u64::from_le_bytes);
        if clock <= deadline.0 {
            return Err(CapabilityError::Early { clock, deadline: deadline.0 });
        }
        Ok(())
    }
}

fn clock_key() -> Key {
    key("capability", &[b"clock"])
}

/// The reason for which a proof does not prove its claim. The block's author is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// The block does not read the state root.
    #[error("the block does not read the state root of EE {} on shard {}", place.ee.0, place.shard.0)]
    NotRead {
        /// The EE and its shard.
        place: Place,
    },
    /// The witness is malformed, or not of the root.
    #[error("the proof of another EE's state")]
    Witness(#[source] DecodeError),
    /// The witness does not cover what is to be proven.
    #[error("the proof of another EE's state")]
    NotCovered(#[from] TreeError),
    /// The capability is not in the set.
    #[error("the other EE has not set the capability")]
    Absent,
    /// The capability is in the set.
    #[error("the other EE has set the capability")]
    Present,
    /// The other EE may still set the capability.
    #[error("the proven state of the other EE is of slot {clock}, and the deadline is slot {deadline}")]
    Early {
        /// The slot of the state.
        clock: u64,
        /// The deadline.
        deadline: u64,
    },
}
