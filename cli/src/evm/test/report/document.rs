//! The JSON document of `outrider evm test`.

use std::io;

use outrider_evm_tests::runner::{Outcome, Refusal};
use outrider_host::EngineKind;
use serde::Serialize;

use super::{Counts, FileReport, Report};
use crate::output;

impl Report {
    /// Prints everything as one JSON document.
    pub(in crate::evm::test) fn print_json(&self, engine: EngineKind) -> io::Result<()> {
        let files = self.files.iter();
        let suites = self.by_category().into_iter();
        let reasons = self.reasons().into_iter();
        let unknown = self.unknown_exceptions().into_iter();
        let document = Document {
            engine: engine.name(),
            cases: files.clone().flat_map(FileReport::documents).collect(),
            unusable: files
                .filter_map(|file| Some(UnusableDocument { file: &file.file, error: file.error.as_ref()? }))
                .collect(),
            skipped: self.skipped().collect(),
            suites: suites
                .map(|((category, fork), counts)| SuiteDocument { category, fork, counts })
                .collect(),
            not_run: reasons.map(|(reason, n_cases)| ReasonDocument { reason, n_cases }).collect(),
            unknown_exceptions: unknown
                .map(|(exception, n_times)| UnknownDocument { exception, n_times })
                .collect(),
        };
        output::json(document, &self.summary())
    }
}

#[derive(Serialize)]
struct Document<'a> {
    engine: &'static str,
    cases: Vec<CaseDocument<'a>>,
    unusable: Vec<UnusableDocument<'a>>,
    /// Files without tests in directories and archives.
    skipped: Vec<&'a str>,
    suites: Vec<SuiteDocument<'a>>,
    not_run: Vec<ReasonDocument<'a>>,
    /// Exceptions for which any refusal passes.
    unknown_exceptions: Vec<UnknownDocument<'a>>,
}

#[derive(Serialize)]
struct CaseDocument<'a> {
    file: &'a str,
    test: &'a str,
    fork: &'a str,
    index: usize,
    #[serde(flatten)]
    outcome: OutcomeDocument<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
enum OutcomeDocument<'a> {
    Passed { refusals: Vec<RefusalDocument<'a>> },
    Failed { what: &'a str },
    NotRun { reason: &'a str },
}

#[derive(Serialize)]
struct RefusalDocument<'a> {
    exception: &'a str,
    words: &'a str,
    compared: bool,
}

impl<'a> RefusalDocument<'a> {
    fn new(refusal: &'a Refusal) -> Self {
        let Refusal { exception, words, compared } = refusal;
        Self { exception, words, compared: *compared }
    }
}

#[derive(Serialize)]
struct UnusableDocument<'a> {
    file: &'a str,
    error: &'a str,
}

#[derive(Serialize)]
struct SuiteDocument<'a> {
    category: &'a str,
    fork: &'a str,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct UnknownDocument<'a> {
    exception: &'a str,
    n_times: usize,
}

#[derive(Serialize)]
struct ReasonDocument<'a> {
    reason: &'a str,
    n_cases: usize,
}

impl FileReport {
    fn documents(&self) -> impl Iterator<Item = CaseDocument<'_>> {
        self.cases.iter().map(|case| CaseDocument {
            file: &self.file,
            test: &case.test,
            fork: &case.fork,
            index: case.index,
            outcome: match &case.outcome {
                Outcome::Passed { refusals } => {
                    OutcomeDocument::Passed { refusals: refusals.iter().map(RefusalDocument::new).collect() }
                }
                Outcome::Failed(what) => OutcomeDocument::Failed { what },
                Outcome::NotRun(reason) => OutcomeDocument::NotRun { reason },
            },
        })
    }
}
