//! What came of the cases of a test.

use outrider_evm::trial::TrialError;

use crate::exception::{Comparison, compare};

/// A case, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// The name of the test.
    pub test: String,
    /// The name of its fork or network.
    pub fork: String,
    /// Its place among the cases of the test under this fork.
    pub index: usize,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as the test says.
    Passed {
        /// What was to be refused, and was.
        refusals: Vec<Refusal>,
    },
    /// Something is not, and this is what.
    Failed(String),
    /// It cannot be run, for this reason.
    NotRun(String),
}

/// What was to be refused, and was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the test says is wrong.
    pub exception: String,
    /// What the EE says.
    pub words: String,
    /// Whether that was compared with what the test says: not if nobody here knows the name of the exception.
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

    /// Something is executed that should not be.
    pub(super) fn not_refused(exception: &str) -> Self {
        Self::Failed(not_refused(exception))
    }

    /// Something is refused that should not be.
    pub(super) fn wrongly_refused(words: &str) -> Self {
        Self::Failed(format!("refused: {words}"))
    }

    /// There is no answer: without enough memory a case cannot be run, and all else is a failure.
    pub(super) fn unanswered(error: &TrialError) -> Self {
        match error {
            TrialError::OutOfMemory => Self::NotRun(error.to_string()),
            TrialError::Provider(_) => Self::Failed(error.to_string()),
        }
    }
}

impl Refusal {
    /// Compares the EE's reason with what should be wrong. If that is something else, the error tells both.
    pub(super) fn new(exception: &str, words: String) -> Result<Self, String> {
        let compared = match compare(exception, &words) {
            Comparison::Same => true,
            Comparison::UnknownName => false,
            Comparison::Another => return Err(format!("refused, expected {exception}, got: {words}")),
        };
        Ok(Self { exception: exception.to_owned(), words, compared })
    }
}

/// What is wrong when something is executed that should not be.
pub(super) fn not_refused(exception: &str) -> String {
    format!("executed, expected a refusal: {exception}")
}
