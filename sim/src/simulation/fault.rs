//! The faults of a simulation.

use std::{collections::BTreeSet, ops::Range};

use outrider_beacon_spec::types::{Shard, Slot, ValidatorIndex};

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Validators neither propose nor sign for some slots.
    Offline {
        /// The validators.
        validators: BTreeSet<ValidatorIndex>,
        /// The slots.
        slots: Range<Slot>,
    },
    /// Nobody proposes the beacon block of a slot.
    MissingBeaconBlock {
        /// The slot.
        slot: Slot,
    },
    /// Nobody proposes a shard's block of a slot.
    MissingShardBlock {
        /// The shard.
        shard: Shard,
        /// The slot.
        slot: Slot,
    },
    /// The beacon block of a slot is sent late, to all views.
    LateBeaconBlock {
        /// The slot.
        slot: Slot,
        /// The delay in milliseconds.
        delay_ms: u64,
    },
    /// A shard's block of a slot is sent late, to all views.
    LateShardBlock {
        /// The shard.
        shard: Shard,
        /// The slot.
        slot: Slot,
        /// The delay in milliseconds.
        delay_ms: u64,
    },
    /// A shard's block of a slot is sent to some views only, for ever.
    WithheldShardBlock {
        /// The shard.
        shard: Shard,
        /// The slot.
        slot: Slot,
        /// The views that receive it, by their places in the setup.
        known_to: BTreeSet<usize>,
    },
}

/// The recipients of a block, and its delay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Publication {
    /// Everybody, after a delay in milliseconds.
    Late(u64),
    /// Some views, by their places.
    Only(BTreeSet<usize>),
    /// Nobody, as there is no block.
    Missing,
}

/// All faults of a simulation. Of several that apply to a block, the first one counts.
#[derive(Clone, Debug)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn is_offline(&self, validator: ValidatorIndex, slot: Slot) -> bool {
        self.0.iter().any(|fault| match fault {
            Fault::Offline { validators, slots } => slots.contains(&slot) && validators.contains(&validator),
            _ => false,
        })
    }

    pub(super) fn beacon_block(&self, slot: Slot) -> Publication {
        let publication = |fault: &Fault| match fault {
            Fault::MissingBeaconBlock { slot: at } if *at == slot => Some(Publication::Missing),
            Fault::LateBeaconBlock { slot: at, delay_ms } if *at == slot => {
                Some(Publication::Late(*delay_ms))
            }
            _ => None,
        };
        self.0.iter().find_map(publication).unwrap_or(Publication::Late(0))
    }

    pub(super) fn shard_block(&self, shard: Shard, slot: Slot) -> Publication {
        let here = (shard, slot);
        let publication = |fault: &Fault| match fault {
            Fault::MissingShardBlock { shard, slot } if (*shard, *slot) == here => Some(Publication::Missing),
            Fault::LateShardBlock { shard, slot, delay_ms } if (*shard, *slot) == here => {
                Some(Publication::Late(*delay_ms))
            }
            Fault::WithheldShardBlock { shard, slot, known_to } if (*shard, *slot) == here => {
                Some(Publication::Only(known_to.clone()))
            }
            _ => None,
        };
        self.0.iter().find_map(publication).unwrap_or(Publication::Late(0))
    }
}
