//! Test cases, their files, and the ways in which they fail.

use std::{collections::BTreeMap, fmt};

use serde::de::DeserializeOwned;
use ssz::Decode;

use outrider_beacon_spec::error::Error;

/// The identity of a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// The preset, or `general`.
    pub config: String,
    /// The phase.
    pub phase: String,
    /// The kind of test.
    pub runner: String,
    /// The function or type under test.
    pub handler: String,
    /// The group of cases.
    pub suite: String,
    /// The name of the case.
    pub case: String,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, phase, runner, handler, suite, case } = self;
        write!(f, "{config}/{phase}/{runner}/{handler}/{suite}/{case}")
    }
}

/// The reason why a case failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A valid input was refused.
    #[error("a valid input was refused")]
    Refused(#[from] Error),
    /// An invalid input was accepted.
    #[error("an invalid input was accepted")]
    Accepted,
    /// A result differs from the expected one.
    #[error("{what} differs: expected {expected}, got {got}")]
    Differs {
        /// The name of the result.
        what: &'static str,
        /// The expected value.
        expected: String,
        /// The actual value.
        got: String,
    },
    /// The case runs for more slots than the settings allow.
    #[error(
        "the case runs {slots} slots past its pre-state, and the limit is {slots_max}: a slot number is damaged, or the limit is too low"
    )]
    TooFar {
        /// The number of slots that it runs for.
        slots: u64,
        /// The maximum of the settings.
        slots_max: u64,
    },
    /// The case lacks a file or a field.
    #[error("the case has no {0}")]
    Missing(String),
    /// A file of the case cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// The decoder's error.
        reason: String,
    },
}

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The case passed.
    Passed,
    /// No test knows the case: its phase, what it tests, or the encoding of its files.
    NotRun,
    /// The case failed.
    Failed(Failure),
}

/// The reason why a runner stopped before a case passed.
#[derive(Debug)]
pub(super) enum Stop {
    /// No test knows the case.
    Unknown,
    /// The case failed.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Result<(), Stop>> for Outcome {
    fn from(result: Result<(), Stop>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(Stop::Unknown) => Self::NotRun,
            Err(Stop::Failed(failure)) => Self::Failed(failure),
        }
    }
}

/// Fails unless two values are equal.
pub(super) fn expect_equal<T: PartialEq + fmt::Debug>(
    what: &'static str,
    expected: &T,
    got: &T,
) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    Err(Failure::Differs { what, expected: format!("{expected:?}"), got: format!("{got:?}") })
}

/// The files of a case, by name.
#[derive(Clone, Debug, Default)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

impl Files {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&[u8], Failure> {
        self.0.get(name).map(Vec::as_slice).ok_or_else(|| Failure::Missing(name.to_owned()))
    }

    /// Decodes a file of SSZ.
    pub(super) fn ssz<T: Decode>(&self, name: &str) -> Result<T, Failure> {
        T::from_ssz_bytes(self.bytes(name)?)
            .map_err(|error| Failure::Malformed { file: name.to_owned(), reason: format!("{error:?}") })
    }

    /// Decodes a series of SSZ files, numbered from 0.
    pub(super) fn ssz_list<T: Decode>(&self, prefix: &str, count: u64) -> Result<Vec<T>, Failure> {
        (0..count).map(|i| self.ssz(&format!("{prefix}_{i}.ssz"))).collect()
    }

    /// Decodes a file of YAML or JSON.
    pub(super) fn yaml<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let malformed = |reason: String| Failure::Malformed { file: name.to_owned(), reason };
        let text = std::str::from_utf8(self.bytes(name)?).map_err(|error| malformed(error.to_string()))?;
        serde_saphyr::from_str(text).map_err(|error| malformed(error.to_string()))
    }

    /// Decodes `meta.yaml`; without it, all fields have their defaults.
    pub(super) fn meta(&self) -> Result<Meta, Failure> {
        if self.has("meta.yaml") { self.yaml("meta.yaml") } else { Ok(Meta::default()) }
    }
}

/// The content of `meta.yaml`.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    /// 2 if the case was made without signatures.
    bls_setting: u64,
    /// 1 if the case was made without `process_reveal_deadlines`.
    reveal_deadlines_setting: u64,
    pub(super) blocks_count: u64,
    pub(super) deposits_count: u64,
    pub(super) shard_transitions_count: u64,
    pub(super) attestations_count: u64,
    /// The root of a value of `ssz_generic`.
    pub(super) root: Option<String>,
}

impl Meta {
    pub(super) fn has_signatures(&self) -> bool {
        self.bls_setting != 2
    }

    pub(super) fn has_reveal_deadlines(&self) -> bool {
        self.reveal_deadlines_setting != 1
    }
}
