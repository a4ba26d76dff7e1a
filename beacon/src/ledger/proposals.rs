//! The shard blocks that a node has judged, by proposer.
//!
//! A proposer has one block for each slot of a shard. Whoever signs two can be slashed, and further ones prove nothing
//! more; but they would cost the node as much. So a node judges two, in the order of their arrival, and refuses others
//! before it decodes them, with [`LedgerError::ShardProposals`].
//!
//! Nodes may hear different ones first, and another one than these two may become part of the chain. So there is an
//! exception: a node judges any block that it does not have although *the chain names it*, which is the case if a
//! validator's latest vote is for it, or if a known beacon block crosslinks it. A validator has one vote at a time, so
//! a node judges at most two blocks, and one more for each validator who votes for it. Each honest attester judges the
//! block that it attests; so whatever the nodes hear first, from the next slot on all of them can judge all blocks that
//! any of them attested, and the fork choice decides as if there were no limit.
//!
//! A block counts only if its signature is right; otherwise anybody could use up the two.

use std::collections::BTreeMap;

use super::{
    LedgerError,
    operation::{ShardProposerSlashing, SignedShardBlockHeader},
};
use outrider_beacon_spec::{
    containers::ShardState,
    math::index,
    types::{BLSSignature, Root, Shard, Slot, ValidatorIndex},
};

/// The blocks of a proposer for a slot of a shard that a node judges without further need.
const PROPOSALS_MAX: usize = 2;

/// The place of a proposal. On branches of the beacon chain, a slot of a shard may have different proposers.
pub(super) type Place = (Shard, Slot, ValidatorIndex);

/// The shard blocks since finality that a node has judged, by place and root.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposals(BTreeMap<Place, BTreeMap<Root, Judged>>);

/// A signed shard block, and what the ledger found wrong with it.
#[derive(Clone, Debug)]
struct Judged {
    signed: SignedShardBlockHeader,
    refusal: Option<LedgerError>,
}

impl Proposals {
    /// Returns whether a place has as many blocks as a node judges without further need.
    pub(super) fn is_full(&self, place: Place) -> bool {
        self.0.get(&place).is_some_and(|blocks| blocks.len() >= PROPOSALS_MAX)
    }

    /// Returns whether a node has judged a block with this signature at a place. A proposer has only one signature of a
    /// block, so this finds known blocks without hashing others.
    pub(super) fn has_signature(&self, place: Place, signature: &BLSSignature) -> bool {
        let mut blocks = self.0.get(&place).into_iter().flat_map(BTreeMap::values);
        blocks.any(|judged| judged.signed.signature == *signature)
    }

    /// Checks that a node may judge a block: it has judged it before, the place is not full, or the chain names it.
    pub(super) fn check(
        &self,
        place: Place,
        root: &Root,
        is_named: impl FnOnce() -> bool,
    ) -> Result<(), LedgerError> {
        let is_judged = self.0.get(&place).is_some_and(|blocks| blocks.contains_key(root));
        if is_judged || !self.is_full(place) || is_named() { Ok(()) } else { Err(surplus(place)) }
    }

    /// Adds a block with a right signature, which the node judges from now on.
    pub(super) fn add(&mut self, root: Root, signed: SignedShardBlockHeader) {
        let blocks = self.0.entry(place(&signed)).or_default();
        blocks.entry(root).or_insert(Judged { signed, refusal: None });
    }

    /// Remembers for what reason a block can never be right.
    pub(super) fn refuse(&mut self, place: Place, root: &Root, error: &LedgerError) {
        if let Some(judged) = self.0.get_mut(&place).and_then(|blocks| blocks.get_mut(root)) {
            judged.refusal = Some(error.clone());
        }
    }

    /// Returns the reason for which a block can never be right, if it is known.
    pub(super) fn refusal(&self, place: Place, root: &Root) -> Option<LedgerError> {
        self.0.get(&place)?.get(root)?.refusal.clone()
    }

    /// Drops blocks that cannot matter any more, given the shards' states in the finalized state.
    pub(super) fn prune(&mut self, finalized: &[ShardState]) {
        let is_later =
            |shard: Shard, slot| finalized.get(index(shard)).is_some_and(|state| slot > state.slot);
        self.0.retain(|(shard, slot, _), _| is_later(*shard, *slot));
    }

    /// Returns evidence against each proposer with several blocks for a slot of a shard.
    pub(super) fn slashings(&self) -> impl Iterator<Item = ShardProposerSlashing> {
        self.0.values().filter_map(|blocks| {
            let mut signed = blocks.values().map(|judged| judged.signed.clone());
            let (signed_header_1, signed_header_2) = signed.next().zip(signed.next())?;
            Some(ShardProposerSlashing { signed_header_1, signed_header_2 })
        })
    }
}

/// Returns the error for a block that a node does not judge.
pub(super) fn surplus((shard, slot, proposer_index): Place) -> LedgerError {
    LedgerError::ShardProposals { shard, slot, proposer_index, limit: PROPOSALS_MAX }
}

fn place(signed: &SignedShardBlockHeader) -> Place {
    let header = &signed.message;
    (header.shard, header.slot, header.proposer_index)
}
