//! Everything that a run has measured.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    expect::Failure,
    file::Scenario,
    laboratory::StyleMeasures,
    tally::{Fate, ReceiptTrack, Sums},
};

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario.
    pub scenario: Scenario,
    /// The Keccak-256 hash of the code of each EE, by name.
    pub codes: BTreeMap<String, String>,
    /// The slots that ran.
    pub rows: Vec<SlotRow>,
    /// The receipts on the chain of the first view, by lane and number.
    pub receipts: Vec<ReceiptTrack>,
    /// The messages that views refused.
    pub refused: Vec<RefusedRow>,
    /// The changes of a view's head to another branch.
    pub reorgs: Vec<ReorgRow>,
    /// The end.
    pub summary: Summary,
    /// The cost of purchases in a cross-shard style, in a scenario with some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<StyleMeasures>,
    /// The expectations that fail.
    pub failures: Vec<Failure>,
    /// Whether somebody stopped the run before its end.
    pub is_interrupted: bool,
}

/// A slot, as the first view saw it at its end.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SlotRow {
    /// The slot.
    pub slot: u64,
    /// The slot of each view's head.
    pub heads: Vec<u64>,
    /// The slot of each view's latest final block.
    pub finalized: Vec<u64>,
    /// The packages that users submitted.
    pub submitted: u64,
    /// The packages that providers had no room for.
    pub refused_packages: u64,
    /// The packages that wait for a final block.
    pub waiting: u64,
    /// The packages that providers have given up so far.
    pub dropped: u64,
    /// The sums over the shard blocks that the beacon block of the slot crosslinked, if it is the head.
    pub crosslinked: Sums,
    /// The bytes of the shard blocks that it crosslinked.
    pub bytes: Bytes,
    /// The most messages in flight on a lane.
    pub lane_max: u64,
    /// The ether of EEs on shards, in Gwei.
    pub balances: u64,
    /// The ether in flight between shards, in Gwei.
    pub in_flight: u64,
    /// All ether in the ledger, in Gwei.
    pub total: u64,
    /// The executions that were asked for so far: by proposers, attesters and others.
    pub executions_asked: u64,
    /// Those that were made so far, because their outcomes were not known.
    pub executions_made: u64,
    /// The real time of the slot, in milliseconds. It depends on the machine.
    pub wall_ms: u64,
}

/// The bytes of shard blocks, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// All of the bodies.
    pub bodies: u64,
    /// Headers, which are on the beacon chain, too.
    pub headers: u64,
    /// Block data: witnesses and transactions.
    pub payloads: u64,
    /// Receipts that arrive, with their proofs.
    pub inbound: u64,
}

/// A message that a view refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedRow {
    /// The view.
    pub view: String,
    /// The kind of message.
    pub kind: String,
    /// The slot of the message.
    pub slot: u64,
    /// The shard, for a shard block.
    pub shard: Option<u64>,
    /// The reason, with its causes.
    pub error: String,
}

/// A change of a view's head to another branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReorgRow {
    /// The slot in which it happened.
    pub slot: u64,
    /// The view.
    pub view: String,
    /// The slots from the fork to the old head.
    pub depth: u64,
}

/// The end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The root of each view's head.
    pub heads: Vec<String>,
    /// The root of the ledger after the first view's head.
    pub ledger_root: String,
    /// The root of the state of each EE on each shard, by name and shard.
    pub state_roots: BTreeMap<String, BTreeMap<u64, String>>,
    /// The validators that are slashed.
    pub slashed: u64,
    /// The shard blocks that were made wrong.
    pub n_tampered: u64,
    /// The slots of the blocks that the chain of the first view has crosslinked, by shard.
    pub blocks: BTreeMap<u64, Vec<u64>>,
    /// Sums over the chain of the first view.
    pub sums: Sums,
    /// The bytes of the shard blocks on it.
    pub bytes: Bytes,
    /// The receipts on each lane: source, destination, and number.
    pub lanes: Vec<(u64, u64, u64)>,
    /// The number of settled receipts by the slots from sending to settling.
    pub latency: BTreeMap<u64, u64>,
    /// The executions that were asked for.
    pub executions_asked: u64,
    /// Those that were made.
    pub executions_made: u64,
}

impl Report {
    /// Returns the roots in which runs of the same scenario agree.
    pub(crate) fn roots(&self) -> impl PartialEq + '_ {
        let Summary { heads, ledger_root, state_roots, .. } = &self.summary;
        (heads, ledger_root, state_roots)
    }

    /// Returns the number of receipts with a fate.
    pub(crate) fn n_settled(&self, fate: Fate) -> u64 {
        let is_of = |track: &&ReceiptTrack| track.settled.is_some_and(|(_, of)| of == fate);
        self.receipts.iter().filter(is_of).count() as u64
    }
}
