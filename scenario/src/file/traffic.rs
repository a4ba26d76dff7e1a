//! Traffic: what users do.

use serde::{Deserialize, Serialize};

use super::is_default;

/// The actions of an EE's users in each slot. Each entry has its own random numbers, so one does not change another.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficSpec {
    /// The kind.
    pub kind: TrafficKind,
    /// The name of the EE.
    pub ee: String,
    /// The number of packages in each slot, over all shards.
    pub per_slot: u32,
    /// The first slot; by default, the first of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// The number of slots; by default, all that follow, except for the last ones, in which nothing could arrive any more.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub slots: Option<u64>,
    /// The share of packages that go to another shard, from 0 to 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cross_shard: f64,
    /// The shard to which a flood goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_shard: Option<u64>,
    /// The ether of each package, in Gwei; the price of the first purchase in units, which rises by one with each.
    #[serde(default = "amount")]
    pub amount: u64,
    /// The fee for the delivery of what goes to another shard, in Gwei.
    #[serde(default = "fee")]
    pub fee: u64,
    /// A user whom many pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub popular: Option<Popular>,
    /// The style of purchases across shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<StyleKind>,
    /// The share of purchases of a good that the purchase before wants, too, from 0 to 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub contention: f64,
}

/// A style in which users buy on another shard, of the SDK's module `styles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StyleKind {
    /// The payment is a receipt, and returns if the good is sold.
    Receipts,
    /// The same, and the receipt counts when it is final.
    Finalized,
    /// The units are offered in a set that the other shard reads, and taken there.
    TransferObjects,
    /// The good's contract moves to the buyer's shard and back.
    Yank,
    /// The good is locked, paid, and released.
    TwoPhaseCommit,
    /// The good is reserved, paid and handed over, each with a proof about the other shard's set.
    Capabilities,
    /// The units are sent, and used on the other shard before they arrive.
    Conditional,
    /// The buyer swaps units with a merchant, who has some on each shard.
    Htlc,
}

impl StyleKind {
    /// Returns the name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Finalized => "finalized",
            Self::TransferObjects => "transfer_objects",
            Self::Yank => "yank",
            Self::TwoPhaseCommit => "two_phase_commit",
            Self::Capabilities => "capabilities",
            Self::Conditional => "conditional",
            Self::Htlc => "htlc",
        }
    }
}

fn amount() -> u64 {
    1_000
}

fn fee() -> u64 {
    10
}

/// A kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrafficKind {
    /// A user pays another one.
    Transfer,
    /// Users of all other shards pay users of one shard.
    Flood,
    /// A user sends ether to an account that does not exist, on another shard: it returns.
    Astray,
    /// Users of the EE `styles` buy goods, the share `cross_shard` of them on another shard, in one style.
    Style,
}

/// A user whom many pay.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Popular {
    /// The user, counted from 0.
    pub user: u64,
    /// The share of packages that pay this user, from 0 to 1.
    pub share: f64,
}
