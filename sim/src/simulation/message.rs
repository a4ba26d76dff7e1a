//! Messages between views.

use std::sync::Arc;

use ssz_types::{BitVector, typenum::U128};

use outrider_beacon::ledger::ExtendedBlock;
use outrider_beacon_spec::{
    containers::{ShardTransition, SignedShardBlock},
    phase::Phase1,
    phase1::Attestation,
    preset::Preset,
    types::{BLSSignature, Root, Shard, Slot},
};

/// A message.
#[derive(Clone, Debug)]
pub(super) enum Message<C: Preset> {
    BeaconBlock(Arc<ExtendedBlock<Phase1<C>>>),
    ShardBlock(Arc<SignedShardBlock>),
    Attestation(Arc<FullAttestation<C>>),
    LightClientVote(Arc<LightClientVote>),
}

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// A beacon block.
    BeaconBlock,
    /// A shard block.
    ShardBlock,
    /// An attestation.
    Attestation,
    /// A vote of the light-client committee.
    LightClientVote,
}

impl<C: Preset> Message<C> {
    pub(super) fn kind(&self) -> MessageKind {
        match self {
            Self::BeaconBlock(_) => MessageKind::BeaconBlock,
            Self::ShardBlock(_) => MessageKind::ShardBlock,
            Self::Attestation(_) => MessageKind::Attestation,
            Self::LightClientVote(_) => MessageKind::LightClientVote,
        }
    }

    pub(super) fn shard(&self) -> Option<Shard> {
        match self {
            Self::ShardBlock(block) => Some(block.message.shard),
            _ => None,
        }
    }

    pub(super) fn slot(&self) -> Slot {
        match self {
            Self::BeaconBlock(block) => block.block.message.slot,
            Self::ShardBlock(block) => block.message.slot,
            Self::Attestation(full) => full.attestation.data.slot,
            Self::LightClientVote(vote) => vote.slot,
        }
    }
}

/// An attestation with the shard transition that it attests: `FullAttestation` of the specification's validator guide.
#[derive(Clone, Debug)]
pub(super) struct FullAttestation<C: Preset> {
    pub(super) attestation: Attestation<C>,
    pub(super) shard_transition: ShardTransition,
}

/// A vote of members of the light-client committee: `LightClientVote` of the specification's validator guide.
///
/// In the guide, they sign slot and root; but the state transition expects that they sign the root alone, and so they do.
#[derive(Clone, Debug)]
pub(super) struct LightClientVote {
    pub(super) slot: Slot,
    pub(super) beacon_block_root: Root,
    pub(super) aggregation_bits: BitVector<U128>,
    pub(super) signature: BLSSignature,
}
