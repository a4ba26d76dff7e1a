//! The output of `outrider utxo test`, as text and as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use outrider_utxo::vectors::{Case, Outcome, Suite};
use serde::Serialize;

use crate::output::{self, Plain, Summary};
use crate::run::report::count;
use crate::{ERROR, SUCCESS, Verdict};

/// The results of a file.
pub(super) struct FileReport {
    file: String,
    result: FileResult,
}

enum FileResult {
    Cases(Suite, Vec<Case>),
    /// The file has no vectors, and nobody named it.
    Skipped,
    /// The file cannot be used, for this reason.
    Unusable(String),
}

/// The results of all files, in order.
#[derive(Default)]
pub(super) struct Report {
    files: Vec<FileReport>,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Counts {
    passed: usize,
    failed: usize,
    not_run: usize,
}

impl FileReport {
    pub(super) fn new(file: &str, suite: Suite, cases: Vec<Case>) -> Self {
        Self { file: file.to_owned(), result: FileResult::Cases(suite, cases) }
    }

    pub(super) fn unusable(file: &str, error: String) -> Self {
        Self { file: file.to_owned(), result: FileResult::Unusable(error) }
    }

    pub(super) fn without_vectors(file: &str) -> Self {
        Self { file: file.to_owned(), result: FileResult::Skipped }
    }

    fn cases(&self) -> impl Iterator<Item = (Suite, &Case)> {
        let cases = match &self.result {
            FileResult::Cases(suite, cases) => Some(cases.iter().map(|case| (*suite, case))),
            FileResult::Skipped | FileResult::Unusable(_) => None,
        };
        cases.into_iter().flatten()
    }

    fn error(&self) -> Option<&str> {
        match &self.result {
            FileResult::Unusable(error) => Some(error),
            FileResult::Cases(..) | FileResult::Skipped => None,
        }
    }

    /// Prints the failed cases, or on stderr why the file cannot be used.
    pub(super) fn print(&self) -> io::Result<()> {
        if let Some(error) = self.error() {
            return output::error(format_args!("{}: {error}", self.file));
        }
        let mut out = output::stdout();
        for (_, case) in self.cases() {
            if let Outcome::Failed(what) = &case.outcome {
                let name = Plain(format_args!("{}: {}", self.file, case.name));
                writeln!(out, "{ERROR}FAILED{ERROR:#} {name}")?;
                writeln!(out, "  {}", Plain(what))?;
            }
        }
        Ok(())
    }
}

impl Report {
    pub(super) fn add(&mut self, file: FileReport) {
        self.files.push(file);
    }

    /// Returns whether there are neither cases nor errors.
    pub(super) fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.cases().next().is_none() && file.error().is_none())
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.summary().verdict()
    }

    fn cases(&self) -> impl Iterator<Item = (Suite, &Case)> {
        self.files.iter().flat_map(FileReport::cases)
    }

    /// Returns the number of cases with each result, and the number of files that cannot be used.
    fn summary(&self) -> Summary {
        let Counts { passed, failed, not_run } = self.total();
        let unusable = self.files.iter().filter(|file| file.error().is_some()).count();
        Summary { not_run, unusable, ..Summary::of(passed, failed) }
    }

    fn skipped(&self) -> Vec<&str> {
        let is_skipped = |file: &&FileReport| matches!(file.result, FileResult::Skipped);
        self.files.iter().filter(is_skipped).map(|file| file.file.as_str()).collect()
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.cases().for_each(|(_, case)| total.add(&case.outcome));
        total
    }

    /// Returns the counts of each suite that has cases, in the order of [`Suite::ALL`].
    fn by_suite(&self) -> Vec<(&'static str, Counts)> {
        let counts = |suite: Suite| {
            let mut counts = Counts::default();
            let cases = self.cases().filter(|(of, _)| *of == suite);
            let n_cases = cases.map(|(_, case)| counts.add(&case.outcome)).count();
            (n_cases > 0).then_some((suite.name(), counts))
        };
        Suite::ALL.into_iter().filter_map(counts).collect()
    }

    /// Returns the number of cases that were not run, for each reason.
    fn reasons(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::<_, usize>::new();
        for (_, case) in self.cases() {
            if let Outcome::NotRun(reason) = case.outcome {
                let n = reasons.entry(reason).or_default();
                *n = n.saturating_add(1);
            }
        }
        reasons
    }

    /// Returns the rules of relay, and how many cases have each of them among their flags.
    fn policy_flags(&self) -> BTreeMap<&'static str, usize> {
        let mut names = BTreeMap::<_, usize>::new();
        for (name, _) in self.cases().flat_map(|(_, case)| case.policy.iter_names()) {
            let n = names.entry(name).or_default();
            *n = n.saturating_add(1);
        }
        names
    }

    pub(super) fn print(&self) -> io::Result<()> {
        let mut out = output::stdout();
        for (suite, Counts { passed, failed, not_run }) in self.by_suite() {
            write!(out, "{suite:<13} {passed:>6} passed")?;
            if failed > 0 {
                write!(out, ", {ERROR}{failed} failed{ERROR:#}")?;
            }
            if not_run > 0 {
                write!(out, ", {not_run} not run")?;
            }
            writeln!(out)?;
        }
        for (reason, n) in self.reasons() {
            writeln!(out, "not run: {}: {reason}", count(n, "case"))?;
        }
        for (name, n) in self.policy_flags() {
            writeln!(out, "rule of relay, not of consensus: {name}, {}", count(n, "case"))?;
        }
        let n_skipped = self.skipped().len();
        if n_skipped > 0 {
            writeln!(out, "skipped: {} without vectors", count(n_skipped, "file"))?;
        }
        let Summary { passed, failed, not_run, unusable, .. } = self.summary();
        let style = if self.verdict() == Verdict::Holds { SUCCESS } else { ERROR };
        let cases = count(passed.saturating_add(failed).saturating_add(not_run), "case");
        write!(out, "{cases}: {style}{passed} passed, {failed} failed{style:#}, {not_run} not run")?;
        if unusable > 0 {
            write!(out, ", {ERROR}{} unusable{ERROR:#}", count(unusable, "file"))?;
        }
        writeln!(out)
    }

    /// Prints everything as one JSON document.
    pub(super) fn print_json(&self) -> io::Result<()> {
        let unusable = self.files.iter().filter_map(|file| Some((&*file.file, file.error()?)));
        let document = Document {
            cases: self.files.iter().flat_map(FileReport::documents).collect(),
            unusable: unusable.map(|(file, error)| UnusableDocument { file, error }).collect(),
            skipped: self.skipped(),
            suites: self
                .by_suite()
                .into_iter()
                .map(|(suite, counts)| SuiteDocument { suite, counts })
                .collect(),
            not_run: self
                .reasons()
                .into_iter()
                .map(|(reason, n_cases)| ReasonDocument { reason, n_cases })
                .collect(),
            policy_flags: self
                .policy_flags()
                .into_iter()
                .map(|(flag, n_cases)| PolicyDocument { flag, n_cases })
                .collect(),
        };
        output::json(document, &self.summary())
    }
}

#[derive(Serialize)]
struct Document<'a> {
    cases: Vec<CaseDocument<'a>>,
    unusable: Vec<UnusableDocument<'a>>,
    /// Files without vectors in directories and archives.
    skipped: Vec<&'a str>,
    suites: Vec<SuiteDocument>,
    not_run: Vec<ReasonDocument<'a>>,
    /// Rules of relay among the flags of cases.
    policy_flags: Vec<PolicyDocument>,
}

#[derive(Serialize)]
struct CaseDocument<'a> {
    file: &'a str,
    suite: &'static str,
    name: &'a str,
    #[serde(flatten)]
    outcome: OutcomeDocument<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
enum OutcomeDocument<'a> {
    Passed,
    Failed { what: &'a str },
    NotRun { reason: &'a str },
}

#[derive(Serialize)]
struct UnusableDocument<'a> {
    file: &'a str,
    error: &'a str,
}

#[derive(Serialize)]
struct SuiteDocument {
    suite: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct ReasonDocument<'a> {
    reason: &'a str,
    n_cases: usize,
}

#[derive(Serialize)]
struct PolicyDocument {
    flag: &'static str,
    n_cases: usize,
}

impl FileReport {
    fn documents(&self) -> impl Iterator<Item = CaseDocument<'_>> {
        self.cases().map(|(suite, case)| CaseDocument {
            file: &self.file,
            suite: suite.name(),
            name: &case.name,
            outcome: match &case.outcome {
                Outcome::Passed => OutcomeDocument::Passed,
                Outcome::Failed(what) => OutcomeDocument::Failed { what },
                Outcome::NotRun(reason) => OutcomeDocument::NotRun { reason },
            },
        })
    }
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::NotRun(_) => &mut self.not_run,
        };
        *counter = counter.saturating_add(1);
    }
}
