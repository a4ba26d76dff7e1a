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
    /// The attestations of a slot are sent to some views only, for ever. Others learn of them from blocks.
    WithheldAttestations {
        /// The slot.
        slot: Slot,
        /// The views that receive them, by their places in the setup.
        known_to: BTreeSet<usize>,
    },
    /// The proposer of a beacon block signs a second one, which votes for another block of Ethereum 1.0.
    BeaconEquivocation {
        /// The slot.
        slot: Slot,
        /// The way of the two blocks.
        split: Split,
    },
    /// The proposer of a shard's block signs a second one, with [`ShardProposer::other_body`].
    ///
    /// [`ShardProposer::other_body`]: crate::ShardProposer::other_body
    ShardEquivocation {
        /// The shard.
        shard: Shard,
        /// The slot.
        slot: Slot,
        /// The way of the two blocks.
        split: Split,
    },
}

/// The way of two blocks that contradict each other: some views receive one at once and the other one later, and other views
/// the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The views that receive the second block at once, by their places in the setup.
    pub second_to: BTreeSet<usize>,
    /// The time until views receive the block that they do not receive at once, in milliseconds.
    pub delay_ms: u64,
}

/// The recipients of a block, and its delay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Publication {
    /// Everybody, after a delay in milliseconds.
    Late(u64),
    /// Some views, by their places.
    Only(BTreeSet<usize>),
    /// Everybody, but some views after a delay in milliseconds, by their places.
    LateTo(BTreeSet<usize>, u64),
    /// Everybody, but all views except for some after a delay in milliseconds.
    LateToOthers(BTreeSet<usize>, u64),
    /// Nobody, as there is no block.
    Missing,
}

impl Publication {
    /// Returns the delay in milliseconds with which a view receives a message, or `None` if it does not.
    pub(super) fn delay_ms(&self, view: usize) -> Option<u64> {
        match self {
            Self::Late(delay_ms) => Some(*delay_ms),
            Self::Only(views) => views.contains(&view).then_some(0),
            Self::LateTo(views, delay_ms) => Some(if views.contains(&view) { *delay_ms } else { 0 }),
            Self::LateToOthers(views, delay_ms) => Some(if views.contains(&view) { 0 } else { *delay_ms }),
            Self::Missing => None,
        }
    }
}

impl Split {
    /// Returns the publications of the first and of the second block.
    pub(super) fn publications(&self) -> [Publication; 2] {
        let Self { second_to, delay_ms } = self;
        [
            Publication::LateTo(second_to.clone(), *delay_ms),
            Publication::LateToOthers(second_to.clone(), *delay_ms),
        ]
    }
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

    /// Returns the way of two beacon blocks in a slot, if its proposer signs two.
    pub(super) fn beacon_equivocation(&self, slot: Slot) -> Option<&Split> {
        self.0.iter().find_map(|fault| match fault {
            Fault::BeaconEquivocation { slot: at, split } if *at == slot => Some(split),
            _ => None,
        })
    }

    /// Returns the way of two blocks of a shard in a slot, if its proposer signs two.
    pub(super) fn shard_equivocation(&self, shard: Shard, slot: Slot) -> Option<&Split> {
        let here = (shard, slot);
        self.0.iter().find_map(|fault| match fault {
            Fault::ShardEquivocation { shard, slot, split } if (*shard, *slot) == here => Some(split),
            _ => None,
        })
    }

    pub(super) fn attestations(&self, slot: Slot) -> Publication {
        let publication = |fault: &Fault| match fault {
            Fault::WithheldAttestations { slot: at, known_to } if *at == slot => {
                Some(Publication::Only(known_to.clone()))
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
