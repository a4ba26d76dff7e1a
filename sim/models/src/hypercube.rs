//! Shards at the vertices of a hypercube.
//!
//! Vitalik Buterin proposed it in
//! [Scalability, Part 2: Hypercubes](https://blog.ethereum.org/2014/10/21/scalability-part-2-hypercubes/): the state is
//! in 2^d substates, and each exchanges messages with its d neighbours only, whose headers it follows. A message to any
//! other goes along edges. 12 dimensions have 4,096 vertices and 24,576 edges; a message takes 6.0 hops on average and
//! 12 at most.
//!
//! # Schedules
//! - `all`: every edge carries messages in every slot, by *e-cube* routing: the lowest dimension first in which places
//!   differ. A message takes as many slots as hops.
//! - `one_dimension`: slot t belongs to dimension t mod d. All edges of one dimension are disjoint, so no vertex has
//!   two blocks to agree with. A message takes up to d slots, ((d - 1) 2^d + 1) / 2^d on average: 11.0 for 12
//!   dimensions.
//! - `mined`: an edge has a block with a probability, which changes both of its ends. Two blocks of one vertex
//!   conflict, and only the first counts. A vertex is in conflict with probability 1 - (1 - m)^d - d m (1 - m)^(d - 1).
//!
//! # Growth
//! A cube grows by a dimension in two ways. *Split*: the contracts of each vertex are divided by the next bit of their
//! addresses, so half of those that called one another in the same vertex are neighbours now, and pay for it: if all
//! calls were local, the gas rises to (g + G) / 2g, 2.5 times with the gas of
//! [Shargri-La](https://github.com/shargri-la/shargri-la) (21,000 within a shard; 31,785 + 52,820 across). Twice the
//! vertices then do less than before. *Empty cube*: a cube without contracts is joined, and only newcomers pay.
//!
//! # Segments
//! The alternative to a hypercube is a complete graph. For it,
//! [vorpal](https://ethresear.ch/t/cross-shard-transaction-probabilistic-simulation/7474) counts *segments*: a
//! transaction calls another shard with probability p, from there with p / 2, and so on: 1 + p + p p/2 + ..., 2.62 at
//! 0.99. With 64 shards, 63/64 of random calls cross. Its run at 10,000 transactions per second lost 0.503 of the
//! throughput at p = 0.99; 1 - 1/2.62 = 0.62 would be lost if segments were all that fills blocks. Its blocks also have
//! witnesses, and its queue is not modelled here.

mod growth;
mod traffic;

use serde::Deserialize;

use crate::{
    outcome::Outcome,
    parameter::{ParameterError, amount, check, share, within},
    random::Random,
};

pub use growth::Growth;

/// The parameters of the model `hypercube`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Dimensions: 12 in the proposal.
    pub dimensions: u32,
    /// Which edges carry messages in a slot.
    pub schedule: Schedule,
    /// Messages that a vertex sends in a slot, on average, each to a random vertex.
    pub messages: f64,
    /// Messages that an edge carries in a slot in each direction. Left out: all.
    #[serde(default)]
    pub edge_capacity: Option<u32>,
    /// Slots that are simulated; what is sent in them is carried to its end.
    pub simulated_slots: u32,
    /// Bytes of a header; phase 1's `ShardBlockHeader` has 128.
    pub header_bytes: u32,
    /// The probability that a transaction calls another shard, for `segments`.
    #[serde(default)]
    pub crossing: f64,
    /// The calls of contracts to one another, for the growth of the cube. Left out: it does not grow.
    #[serde(default)]
    pub growth: Option<Growth>,
}

/// Which edges carry messages in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// All.
    All,
    /// Those of one dimension, in turn.
    OneDimension,
    /// Those that are mined, each with this probability in a slot, without conflicting blocks.
    Mined(f64),
}

/// Runs the model.
///
/// Figures: `vertices`, `edges`; `hops`, the mean, and `hops_max`; `slots` (not for `mined`) and `slots_max`, without
/// queues; `headers_per_vertex`, `headers` of all per slot, and `header_bytes_per_vertex`; `conflict_probability` of a
/// vertex; `crossing_probability` of a random call, `segments`; all of `hops`, `slots`, `conflict_probability` and
/// `segments` also with `simulated_`, `simulated_hops_max`, `simulated_slots_max`, `delivered` messages,
/// `dropped_blocks_share` of mined ones that conflict, and `outbox_max`. With growth, those of [`Growth`]. Table:
/// `latency`, messages by hops and their mean slots.
///
/// # Errors
/// Returns an error if a parameter is outside of what its documentation says.
pub fn run(parameters: &Parameters, seed: u64) -> Result<Outcome, ParameterError> {
    validate(parameters)?;
    let mut outcome = Outcome::default();
    let d = f64::from(parameters.dimensions);
    let vertices = d.exp2();
    outcome.measure("vertices", vertices, "vertices");
    outcome.measure("edges", d * vertices / 2.0, "edges");
    outcome.measure("hops", d / 2.0, "hops");
    outcome.measure("hops_max", d, "hops");
    match parameters.schedule {
        Schedule::All => outcome.measure("slots", d / 2.0, "slots"),
        Schedule::OneDimension => outcome.measure("slots", ((d - 1.0) * vertices + 1.0) / vertices, "slots"),
        Schedule::Mined(_) => {}
    }
    if !matches!(parameters.schedule, Schedule::Mined(_)) {
        outcome.measure("slots_max", d, "slots");
    }
    outcome.measure("headers_per_vertex", d, "headers per slot");
    outcome.measure("headers", d * vertices, "headers per slot");
    outcome.measure("header_bytes_per_vertex", d * f64::from(parameters.header_bytes), "bytes per slot");
    let mined = match parameters.schedule {
        Schedule::All => 1.0,
        Schedule::OneDimension => 0.0,
        Schedule::Mined(probability) => probability,
    };
    let none = (1.0 - mined).powf(d);
    let one = d * mined * (1.0 - mined).powf(d - 1.0);
    outcome.measure("conflict_probability", (1.0 - none - one).max(0.0), "");
    traffic::run(parameters, seed, &mut outcome);
    outcome.measure("crossing_probability", 1.0 - vertices.recip(), "");
    segments(parameters, seed, &mut outcome);
    if let Some(growth) = &parameters.growth {
        growth.run(parameters.dimensions, seed, &mut outcome);
    }
    Ok(outcome)
}

/// Counts the segments of transactions.
fn segments(parameters: &Parameters, seed: u64, outcome: &mut Outcome) {
    let (mut mean, mut reached, mut crossing) = (0.0, 1.0, parameters.crossing);
    // The probability halves each time, so what follows is below 1e-300.
    for _ in 0..64 {
        mean += reached;
        reached *= crossing;
        crossing /= 2.0;
    }
    outcome.measure("segments", mean, "segments");
    let mut random = Random::new(seed, 0, "hypercube: segments");
    let mut segments = 0_u32;
    for _ in 0..SEGMENT_TRIALS {
        let mut crossing = parameters.crossing;
        segments += 1;
        while random.chance(crossing) {
            segments += 1;
            crossing /= 2.0;
        }
    }
    outcome.ratio("simulated_segments", segments.into(), SEGMENT_TRIALS.into(), "segments");
}

fn validate(parameters: &Parameters) -> Result<(), ParameterError> {
    within("dimensions", parameters.dimensions, 1..=16, "give 1 to 16 dimensions")?;
    if let Schedule::Mined(probability) = parameters.schedule {
        within("schedule.mined", probability, 0.01..=1.0, "give a probability from 0.01 to 1")?;
    }
    within("messages", parameters.messages, 0.0..=1000.0, "give 0 to 1000 messages")?;
    within("edge_capacity", parameters.edge_capacity.unwrap_or(1), 1.., "give at least 1 message")?;
    within("simulated_slots", parameters.simulated_slots, ..=1_000_000, "give at most 1000000 slots")?;
    amount("header_bytes", parameters.header_bytes.into())?;
    share("crossing", parameters.crossing)?;
    let sent = f64::from(parameters.simulated_slots) * parameters.messages.max(0.1);
    let work = sent * f64::from(parameters.dimensions).exp2();
    let slots = parameters.simulated_slots;
    let remedy = "give fewer: slots times messages times vertices are at most 2e7";
    check("simulated_slots", slots, work <= 2e7, remedy)?;
    parameters.growth.as_ref().map_or(Ok(()), Growth::validate)
}

const SEGMENT_TRIALS: u32 = 100_000;
