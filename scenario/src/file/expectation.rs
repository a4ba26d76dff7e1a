//! Expectations: what must hold in the end.

use serde::{Deserialize, Serialize};

use super::{EngineSpec, is_default};

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expectation {
    /// In each slot and view, no ether is made or lost: the ledger's parts are its whole, and users have no more than their EE.
    Conserved,
    /// All views have the same head in the end.
    Agreed,
    /// Each package of a user is in the final chain, or waits for nothing but finality.
    Used,
    /// In the end, the latest final slot is this one or a later one, in each view.
    FinalizedAtLeast(u64),
    /// In some slot, the latest final slot was this much earlier, in some view.
    FinalityLagAtLeast(u64),
    /// A view changed its head to a branch that forks off this many slots before its old head.
    ReorgAtLeast(u64),
    /// So many validators are slashed in the end.
    Slashed(u64),
    /// A message was refused.
    Refused(RefusedExpectation),
    /// The fate of receipts.
    Receipts(ReceiptsExpectation),
    /// The outcome of purchases in a style.
    Style(StyleExpectation),
    /// No lane ever has more messages in flight.
    LaneAtMost(u64),
    /// The slots in which a shard has no block on the final chain.
    Empty {
        /// The shard.
        shard: u64,
        /// The slots.
        slots: Vec<u64>,
    },
    /// The scenario runs to the same final roots in other ways.
    SameRootsWith(Vec<SameRoots>),
}

/// A message that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedExpectation {
    /// Its slot.
    pub slot: u64,
    /// Its shard, for a shard block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<u64>,
    /// A part of the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The fate of receipts that were sent on the chain of the first view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsExpectation {
    /// All receipts of the slots up to `sent_until` are settled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub all_settled: bool,
    /// The last slot of the receipts that all are settled; by default, that of 8 slots before the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_until: Option<u64>,
    /// At least so many are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at_least: Option<u64>,
    /// So many are rejected, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_at_least: Option<u64>,
    /// So many expire, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_at_least: Option<u64>,
    /// Each receipt is settled within so many slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_slots: Option<u64>,
    /// Receipts that are sent or settled in these slots, both ends included, may take longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_of: Option<(u64, u64)>,
}

/// The outcome of purchases in a style; see [`StyleMeasures`](crate::StyleMeasures).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StyleExpectation {
    /// Each purchase is done or aborted, and none is half done.
    #[serde(default, skip_serializing_if = "is_default")]
    pub all_ended: bool,
    /// At least so many on other shards are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at_least: Option<u64>,
    /// So many on other shards are aborted, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted_at_least: Option<u64>,
    /// Not more on other shards are aborted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted_at_most: Option<u64>,
    /// The median of the slots to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_slots_to_use: Option<u64>,
    /// Each is done within so many slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots_to_use_at_most: Option<u64>,
}

/// Another way to run a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SameRoots {
    /// The number of threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// The engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineSpec>,
}
