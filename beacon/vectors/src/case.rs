//! A case, its files, and how it may fail.

use std::{collections::BTreeMap, fmt};

use serde::de::DeserializeOwned;
use ssz::Decode;

use outrider_beacon_spec::error::Error;

/// Which case it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// The preset, or `general`.
    pub config: String,
    /// The phase.
    pub phase: String,
    /// The kind of test.
    pub runner: String,
    /// What is tested.
    pub handler: String,
    /// A group of cases.
    pub suite: String,
    /// The name.
    pub case: String,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, phase, runner, handler, suite, case } = self;
        write!(f, "{config}/{phase}/{runner}/{handler}/{suite}/{case}")
    }
}

/// Why a case fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Something valid is refused.
    #[error("refused")]
    Refused(#[from] Error),
    /// Something invalid is accepted.
    #[error("what is to be refused is accepted")]
    Accepted,
    /// The result is not the expected one.
    #[error("{what} differs: expected {expected}, got {got}")]
    Differs {
        /// Of what the result is.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// The case goes on for more slots than it may.
    #[error(
        "it goes {slots} slots beyond the state before it, and at most {slots_max} are run: a slot is damaged, or more have to be allowed"
    )]
    TooFar {
        /// How many slots it goes on for.
        slots: u64,
        /// How many it may, by the settings.
        slots_max: u64,
    },
    /// A file of the case is missing.
    #[error("there is no {0}")]
    Missing(String),
    /// A file of the case cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// What the decoder says.
        reason: String,
    },
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// Nothing here knows how to run such a case: its phase, what it tests, or its files' encoding.
    NotRun,
    /// It failed.
    Failed(Failure),
}

/// Why a case does not pass, for functions that only some cases are known to.
#[derive(Debug)]
pub(super) enum Stop {
    /// The case is not known.
    Unknown,
    /// It fails.
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

    /// Decodes files of SSZ that are numbered from 0 on.
    pub(super) fn ssz_list<T: Decode>(&self, prefix: &str, count: u64) -> Result<Vec<T>, Failure> {
        (0..count).map(|i| self.ssz(&format!("{prefix}_{i}.ssz"))).collect()
    }

    /// Decodes a file of YAML, of which JSON is a part.
    pub(super) fn yaml<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let malformed = |reason: String| Failure::Malformed { file: name.to_owned(), reason };
        let text = std::str::from_utf8(self.bytes(name)?).map_err(|error| malformed(error.to_string()))?;
        serde_saphyr::from_str(text).map_err(|error| malformed(error.to_string()))
    }

    /// Decodes `meta.yaml`, without which all of it is default.
    pub(super) fn meta(&self) -> Result<Meta, Failure> {
        if self.has("meta.yaml") { self.yaml("meta.yaml") } else { Ok(Meta::default()) }
    }
}

/// What `meta.yaml` says.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    /// 2: the case was made without signatures.
    bls_setting: u64,
    /// 1: the case was made without `process_reveal_deadlines`.
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
