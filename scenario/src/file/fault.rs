//! Faults: what goes wrong.

use serde::{Deserialize, Serialize};

use super::is_default;

/// A fault. The fields that it needs depend on its kind.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// The kind.
    pub kind: FaultKind,
    /// The first slot.
    pub at: u64,
    /// The number of slots.
    #[serde(default = "one", rename = "for")]
    pub slots: u64,
    /// The shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<u64>,
    /// The name of the EE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ee: Option<String>,
    /// The names of views: one side of a partition, those who know what is withheld, or those who hear the second of two
    /// blocks first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<Vec<String>>,
    /// A delay in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// A share of the validators, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Whether the committee of the shard attests the wrong block, as if it were right.
    #[serde(default, skip_serializing_if = "is_default")]
    pub captured: bool,
}

fn one() -> u64 {
    1
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nobody proposes beacon blocks.
    MissingBeaconBlock,
    /// Nobody proposes blocks of a shard.
    MissingShardBlock,
    /// Beacon blocks come late.
    LateBeaconBlock,
    /// Blocks of a shard come late.
    LateShardBlock,
    /// Blocks of a shard come to some views only, for ever.
    WithheldShardBlock,
    /// Attestations come to some views only, for ever.
    WithheldAttestations,
    /// A share of the validators neither proposes nor signs.
    Offline,
    /// Some views do not hear the others, until it ends.
    Partition,
    /// The beacon proposer signs two blocks.
    BeaconEquivocation,
    /// The proposer of a shard signs two blocks.
    ShardEquivocation,
    /// A shard block states a wrong root of an EE's state.
    WrongPostRoot,
    /// A shard block states a wrong root of the receipts that it sends.
    WrongReceiptsRoot,
    /// A shard block states a wrong fee of an EE for its proposer.
    WrongFee,
    /// A shard block states that an EE had more ether.
    WrongBalance,
    /// A shard block numbers the receipts that it sends with a gap.
    WrongSequence,
    /// A shard block delivers receipts that the block before it has delivered.
    DoubleDelivery,
    /// A shard block delivers receipts with a wrong proof.
    ForgedBranch,
    /// A shard block delivers receipts that are for another shard.
    WrongShard,
    /// The state provider of an EE on a shard makes no payloads.
    ProviderGone,
    /// Nobody delivers receipts to a shard.
    RelayersOnStrike,
}

impl FaultKind {
    /// Returns the name in scenarios.
    #[must_use]
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => format!("{self:?}"),
        }
    }

    /// Returns whether the fault is a wrong shard block.
    #[must_use]
    pub fn is_wrong_block(self) -> bool {
        Self::WrongPostRoot <= self && self <= Self::WrongShard
    }

    /// Returns the fields that the kind needs, and those that it can have beside.
    pub(super) fn fields(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::MissingBeaconBlock => (&[], &[]),
            Self::MissingShardBlock | Self::RelayersOnStrike => (&["shard"], &[]),
            Self::LateBeaconBlock => (&["delay_ms"], &[]),
            Self::LateShardBlock => (&["shard", "delay_ms"], &[]),
            Self::WithheldShardBlock => (&["shard", "views"], &[]),
            Self::WithheldAttestations | Self::Partition => (&["views"], &[]),
            Self::Offline => (&["share"], &[]),
            Self::BeaconEquivocation => (&["views", "delay_ms"], &[]),
            Self::ShardEquivocation => (&["shard", "views", "delay_ms"], &[]),
            Self::WrongPostRoot | Self::WrongFee | Self::WrongBalance => (&["shard", "ee"], &["captured"]),
            Self::WrongReceiptsRoot | Self::WrongSequence => (&["shard"], &["captured"]),
            Self::DoubleDelivery | Self::ForgedBranch | Self::WrongShard => (&["shard"], &[]),
            Self::ProviderGone => (&["shard", "ee"], &[]),
        }
    }
}
