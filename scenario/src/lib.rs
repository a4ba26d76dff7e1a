//! Scenarios: simulated shards with execution environments (EEs), users and faults, and what is expected of them, from one
//! file.
//!
//! A [`Scenario`] is parsed from YAML. [`run`] runs it slot by slot: users submit packages, state providers make payloads
//! of them, proposers fill shard blocks, and committees execute and attest. Everything executes, in every view, from the
//! blocks alone. The result is a [`Report`], against which the scenario's expectations are checked.
//!
//! ```yaml
//! seed: 7
//! slots: 32
//! preset: {shards: 4, signatures: trusted}
//! ees:
//!   - {name: account, users: 8, balance: 1000000000}
//! views: [{name: A, share: 60}, {name: B, share: 40}]
//! traffic:
//!   - {kind: transfer, ee: account, per_slot: 4, cross_shard: 0.5}
//! faults:
//!   - {kind: partition, at: 10, for: 4, views: [B]}
//! expect:
//!   - conserved
//!   - {finalized_at_least: 16}
//! ```
//!
//! The same scenario has the same result on every machine, with any number of threads, and on either engine.
//!
//! | module | contents |
//! |---|---|
//! | `file` | the form of scenario files, with the place of each error |
//! | `population` | users of an EE: their keys, states and packages |
//! | `traffic` | what users do in each slot |
//! | `laboratory` | purchases in each cross-shard style, and what they cost |
//! | `tamper` | faults of proposers: blocks that are wrong, and committees that sign them |
//! | `world` | the simulation with its users, slot by slot |
//! | `tally` | what crosslinked blocks have done: receipts, bytes, fuel |
//! | `report` | everything that was measured |
//! | `figures` | the figures of a run by which it is compared with others |
//! | `expect` | expectations, and the reasons for which they fail |
//! | `shrink` | smaller scenarios that fail for the same reason |
//!
//! This crate prints nothing, and does not use the standard streams.

#![forbid(unsafe_code)]

mod error;
mod expect;
mod figures;
mod file;
mod laboratory;
mod population;
mod report;
mod run;
mod shrink;
mod tally;
mod tamper;
mod traffic;
mod world;

pub use error::{Place, Problem, RunError, ScenarioError};
pub use expect::Failure;
pub use figures::Figures;
pub use file::{
    EeKind, EeSpec, EngineSpec, Expectation, FaultKind, FaultSpec, NetworkSpec, Popular, PresetSpec,
    ReceiptsExpectation, RefusedExpectation, RulesSpec, SameRoots, Scenario, ShardsSpec, SignaturesSpec,
    StyleExpectation, StyleKind, TrafficKind, TrafficSpec, ViewSpec,
};
pub use laboratory::{Spread, StyleMeasures};
pub use report::{Bytes, RefusedRow, ReorgRow, Report, SlotRow, Summary};
pub use run::{Options, Progress, ReadFile, run};
pub use shrink::shrink;
pub use tally::{Fate, ReceiptTrack, Sums};
