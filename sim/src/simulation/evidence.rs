//! Evidence against proposers of two blocks for one slot.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use outrider_beacon::ledger::{ShardProposerSlashing, SignedShardBlockHeader};
use outrider_beacon_spec::{
    accessors::{get_current_epoch, validator},
    containers::{BeaconState, ProposerSlashing, SignedBeaconBlockHeader},
    phase::Phase,
    predicates::is_slashable_validator,
    types::{Shard, Slot, ValidatorIndex},
};

/// The most slashings of either kind in a block: `MAX_PROPOSER_SLASHINGS`.
const SLASHINGS_MAX: usize = 16;

/// The headers of valid blocks, and the evidence in them.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    beacon_headers: BTreeMap<(Slot, ValidatorIndex), SignedBeaconBlockHeader>,
    shard_headers: BTreeMap<(Slot, Shard, ValidatorIndex), SignedShardBlockHeader>,
    proposers: BTreeMap<ValidatorIndex, ProposerSlashing>,
    shard_proposers: BTreeMap<ValidatorIndex, ShardProposerSlashing>,
}

impl Evidence {
    /// Adds the header of a valid beacon block.
    pub(super) fn add_beacon_header(&mut self, header: SignedBeaconBlockHeader) {
        let proposer_index = header.message.proposer_index;
        match self.beacon_headers.entry((header.message.slot, proposer_index)) {
            Entry::Vacant(entry) => drop(entry.insert(header)),
            Entry::Occupied(first) if first.get().message != header.message => {
                let signed_header_1 = first.get().clone();
                let slashing = ProposerSlashing { signed_header_1, signed_header_2: header };
                self.proposers.entry(proposer_index).or_insert(slashing);
            }
            Entry::Occupied(_) => {}
        }
    }

    /// Adds the header of a valid shard block.
    pub(super) fn add_shard_header(&mut self, header: SignedShardBlockHeader) {
        let proposer_index = header.message.proposer_index;
        match self.shard_headers.entry((header.message.slot, header.message.shard, proposer_index)) {
            Entry::Vacant(entry) => drop(entry.insert(header)),
            Entry::Occupied(first) if first.get().message != header.message => {
                let signed_header_1 = first.get().clone();
                let slashing = ShardProposerSlashing { signed_header_1, signed_header_2: header };
                self.shard_proposers.entry(proposer_index).or_insert(slashing);
            }
            Entry::Occupied(_) => {}
        }
    }

    /// Drops headers from before a slot. Evidence stays, because a branch that has used it can be lost.
    pub(super) fn prune(&mut self, slot: Slot) {
        self.beacon_headers.retain(|(of, _), _| *of >= slot);
        self.shard_headers.retain(|(of, _, _), _| *of >= slot);
    }

    /// Returns the slashings that a block after a state may contain. One slashing is enough for a validator.
    pub(super) fn slashings<P: Phase>(
        &self,
        state: &BeaconState<P>,
    ) -> (Vec<ProposerSlashing>, Vec<ShardProposerSlashing>) {
        let epoch = get_current_epoch(state);
        let is_slashable = |index: ValidatorIndex| {
            validator(state, index).is_ok_and(|validator| is_slashable_validator(validator, epoch))
        };
        let proposers = self.proposers.iter().filter(|(index, _)| is_slashable(**index)).take(SLASHINGS_MAX);
        let slashed: BTreeSet<_> = proposers.clone().map(|(index, _)| *index).collect();
        let shard_proposers = self.shard_proposers.iter();
        let shard_proposers =
            shard_proposers.filter(|(index, _)| is_slashable(**index) && !slashed.contains(index));
        (
            proposers.map(|(_, slashing)| slashing.clone()).collect(),
            shard_proposers.map(|(_, slashing)| slashing.clone()).take(SLASHINGS_MAX).collect(),
        )
    }
}
