//! Outcomes of the cases of a test.

use outrider_evm::trial::TrialError;

use crate::exception::{Comparison, compare};

/// A case and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// The name of the test.
    pub test: String,
    /// The name of the fork or network.
    pub fork: String,
    /// The position of the case among those of the test under this fork.
    pub index: usize,
    /// The outcome of the case.
    pub outcome: Outcome,
}

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All results are as the test says.
    Passed {
        /// The expected refusals.
        refusals: Vec<Refusal>,
    },
    /// Something is not as the test says; this is a description.
    Failed(String),
    /// The case cannot be run, for this reason.
    NotRun(String),
}

/// An expected refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The exception of the test.
    pub exception: String,
    /// The reason that the EE gave.
    pub words: String,
    /// Whether the reason matches the exception; false if the name of the exception is not known here.
    pub compared: bool,
}

impl Outcome {
    pub(super) fn passed() -> Self {
        Self::Passed { refusals: Vec::new() }
    }

    pub(super) fn refused(exception: &str, words: String) -> Self {
        match Refusal::new(exception, words) {
            Ok(refusal) => Self::Passed { refusals: vec![refusal] },
            Err(what) => Self::Failed(what),
        }
    }

    /// Returns the outcome for a case that the EE executed and should have refused.
    pub(super) fn not_refused(exception: &str) -> Self {
        Self::Failed(not_refused(exception))
    }

    /// Returns the outcome for a case that the EE refused and should have executed.
    pub(super) fn wrongly_refused(words: &str) -> Self {
        Self::Failed(format!("refused: {words}"))
    }

    /// Returns the outcome for a case without a verdict: not run if the memory did not suffice, and failed otherwise.
    pub(super) fn unanswered(error: &TrialError) -> Self {
        match error {
            TrialError::OutOfMemory => Self::NotRun(error.to_string()),
            TrialError::Provider(_) => Self::Failed(error.to_string()),
        }
    }
}

impl Refusal {
    /// Compares the EE's reason with the expected exception. If they do not match, the error has both.
    pub(super) fn new(exception: &str, words: String) -> Result<Self, String> {
        let compared = match compare(exception, &words) {
            Comparison::Same => true,
            Comparison::UnknownName => false,
            Comparison::Another => return Err(format!("refused, expected {exception}, got: {words}")),
        };
        Ok(Self { exception: exception.to_owned(), words, compared })
    }
}

/// Returns the message for a block or transaction that the EE executed and should have refused.
pub(super) fn not_refused(exception: &str) -> String {
    format!("executed, expected a refusal: {exception}")
}
