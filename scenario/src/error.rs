//! Errors in scenarios, and in runs.

use std::fmt;

use outrider_beacon::ledger::LedgerError;
use outrider_host::{HostError, LoadError};
use outrider_shard::{ExecutorError, ProviderError};
use outrider_sim::SetupError;

/// A line and column of a scenario, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

/// An error in the text of a scenario. Its `Display` is the place, and its source is the problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// The place; `None` if something is missing.
    pub place: Option<Place>,
    /// The problem.
    #[source]
    pub problem: Problem,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(Place { line, column }) => write!(f, "{line}:{column}"),
            None => f.write_str("the scenario"),
        }
    }
}

/// The problem with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is not YAML, or does not have the form of a scenario.
    #[error("{0}")]
    Yaml(String),
    /// A number is out of its range.
    #[error("`{field}` is {got}, expected {expected}")]
    Range {
        /// The field.
        field: &'static str,
        /// The number.
        got: String,
        /// The range, in words.
        expected: String,
    },
    /// A name is not among those that the scenario defines.
    #[error("there is no {what} `{name}`: the scenario has {}", names(.known))]
    Unknown {
        /// The kind of thing: an EE, or a view.
        what: &'static str,
        /// The name.
        name: String,
        /// The names that the scenario defines.
        known: Vec<String>,
    },
    /// Two things have one name.
    #[error("there are two {what}s `{name}`: give each its own name")]
    Repeated {
        /// The kind of thing: an EE, or a view.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A field is missing.
    #[error("`{kind}` needs `{field}`")]
    Missing {
        /// The kind of traffic or fault.
        kind: String,
        /// The field.
        field: &'static str,
    },
    /// A field has no meaning.
    #[error("`{kind}` has no `{field}`: leave it out")]
    Superfluous {
        /// The kind of traffic or fault.
        kind: String,
        /// The field.
        field: &'static str,
    },
    /// Two faults make one shard block wrong.
    #[error(
        "two faults make the block of shard {shard} in slot {slot} wrong: give each its own slot or shard"
    )]
    WrongTwice {
        /// The shard.
        shard: u64,
        /// The slot.
        slot: u64,
    },
    /// Traffic is of an EE that is not on a shard.
    #[error("EE `{ee}` is not on shard {shard}")]
    NotOnShard {
        /// The name of the EE.
        ee: String,
        /// The shard.
        shard: u64,
    },
}

fn names(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

/// The reason for which a scenario cannot run, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The host cannot be set up.
    #[error("cannot set up the host")]
    Host(#[source] HostError),
    /// An EE cannot be loaded.
    #[error("cannot load EE `{ee}`")]
    Load {
        /// The name of the EE.
        ee: String,
        /// The reason.
        #[source]
        source: LoadError,
    },
    /// The code of an EE cannot be read.
    #[error("cannot read the code of EE `{ee}`")]
    Code {
        /// The name of the EE.
        ee: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The first state of an EE, or a package of its users, cannot be made.
    #[error("cannot make a state or a package of EE `{ee}`")]
    Genesis {
        /// The name of the EE.
        ee: String,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The steps of users who buy in a style cannot be made.
    #[error("slot {slot}: the steps of purchases")]
    Style {
        /// The slot.
        slot: u64,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The executor cannot be set up.
    #[error("cannot set up the executor")]
    Executor(#[from] ExecutorError),
    /// The simulation contradicts itself.
    #[error("cannot set up the simulation")]
    Setup(#[from] SetupError),
    /// A state provider failed, which is never the fault of a scenario.
    #[error("slot {slot}: the state provider of EE `{ee}` on shard {shard} fails")]
    Provider {
        /// The slot.
        slot: u64,
        /// The name of the EE.
        ee: String,
        /// The shard.
        shard: u64,
        /// The reason.
        #[source]
        source: Box<ProviderError>,
    },
    /// The chain refuses an operation, which is never the fault of a scenario.
    #[error("slot {slot}")]
    Ledger {
        /// The slot.
        slot: u64,
        /// The reason.
        #[source]
        source: Box<LedgerError>,
    },
}
