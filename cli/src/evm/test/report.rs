//! The output of `outrider evm test`, as text and as JSON.

mod document;

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use outrider_evm_tests::runner::{CaseReport, Outcome};
use outrider_host::EngineKind;
use serde::Serialize;

use crate::output::{self, Plain, Summary};
use crate::run::report::count;
use crate::{ERROR, SUCCESS, Verdict};

/// The results of the cases of a file.
pub(super) struct FileReport {
    file: String,
    cases: Vec<CaseReport>,
    /// Why the file cannot be used.
    error: Option<String>,
    /// Whether the file was skipped, as it has no tests.
    is_skipped: bool,
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
    pub(super) fn new(file: &str, cases: Vec<CaseReport>) -> Self {
        Self { file: file.to_owned(), cases, error: None, is_skipped: false }
    }

    pub(super) fn unusable(file: &str, error: &anyhow::Error) -> Self {
        Self { error: Some(format!("{error:#}")), ..Self::new(file, Vec::new()) }
    }

    /// Returns the report on a file that was skipped, as it has no tests.
    pub(super) fn without_tests(file: &str) -> Self {
        Self { is_skipped: true, ..Self::new(file, Vec::new()) }
    }

    pub(super) fn n_cases(&self) -> u64 {
        u64::try_from(self.cases.len()).unwrap_or(u64::MAX)
    }

    /// Prints the failed cases, or on stderr why the file cannot be used.
    pub(super) fn print(&self) -> io::Result<()> {
        if let Some(error) = &self.error {
            return output::error(format_args!("{}: {error}", self.file));
        }
        let mut out = output::stdout();
        for case in &self.cases {
            if let Outcome::Failed(what) = &case.outcome {
                let CaseReport { test, fork, index, .. } = case;
                let case = Plain(format_args!("{}: {test}, {fork} {index}", self.file));
                writeln!(out, "{ERROR}FAILED{ERROR:#} {case}")?;
                writeln!(out, "  {}", Plain(what))?;
            }
        }
        Ok(())
    }

    /// Returns the directory of the suite: the path up to the directory that is named after the kind of its tests.
    fn category(&self) -> &str {
        let folder = self.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_kind = |name: &str| KINDS.contains(&name);
        let ends = folder.match_indices('/').map(|(end, _)| end).chain([folder.len()]);
        let folders = ends.filter_map(|end| folder.get(..end));
        let mut suites = folders.filter(|path| path.rsplit('/').next().is_some_and(is_kind));
        suites.next().unwrap_or(folder)
    }
}

/// The names of the directories of suites.
const KINDS: [&str; 8] = [
    "GeneralStateTests",
    "BlockchainTests",
    "TransactionTests",
    "VMTests",
    "state_tests",
    "blockchain_tests_zkevm",
    "blockchain_tests",
    "transaction_tests",
];

impl Report {
    pub(super) fn add(&mut self, file: FileReport) {
        self.files.push(file);
    }

    /// Returns whether there are neither cases nor errors.
    pub(super) fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.cases.is_empty() && file.error.is_none())
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.summary().verdict()
    }

    /// Returns the number of cases with each result, and the number of files that cannot be used.
    fn summary(&self) -> Summary {
        let Counts { passed, failed, not_run } = self.total();
        Summary { not_run, unusable: self.n_unusable(), ..Summary::of(passed, failed) }
    }

    fn n_unusable(&self) -> usize {
        self.files.iter().filter(|file| file.error.is_some()).count()
    }

    fn skipped(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|file| file.is_skipped).map(|file| file.file.as_str())
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.files.iter().flat_map(|file| &file.cases).for_each(|case| total.add(&case.outcome));
        total
    }

    /// Returns the counts for each suite and fork.
    fn by_category(&self) -> BTreeMap<(&str, &str), Counts> {
        let mut counts = BTreeMap::<_, Counts>::new();
        for file in &self.files {
            for case in &file.cases {
                counts.entry((file.category(), case.fork.as_str())).or_default().add(&case.outcome);
            }
        }
        counts
    }

    /// Returns the number of cases that were not run, for each reason.
    fn reasons(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::<_, usize>::new();
        for case in self.files.iter().flat_map(|file| &file.cases) {
            if let Outcome::NotRun(reason) = &case.outcome {
                let n = reasons.entry(reason.as_str()).or_default();
                *n = n.saturating_add(1);
            }
        }
        reasons
    }

    /// Returns the names of unknown exceptions, and how many tests expect each of them.
    fn unknown_exceptions(&self) -> BTreeMap<&str, usize> {
        let mut names = BTreeMap::<_, usize>::new();
        for case in self.files.iter().flat_map(|file| &file.cases) {
            let Outcome::Passed { refusals } = &case.outcome else { continue };
            for refusal in refusals.iter().filter(|refusal| !refusal.compared) {
                let n = names.entry(refusal.exception.as_str()).or_default();
                *n = n.saturating_add(1);
            }
        }
        names
    }

    pub(super) fn print(&self, engine: EngineKind) -> io::Result<()> {
        let mut out = output::stdout();
        let by_category = self.by_category();
        let width = by_category.keys().map(|(_, fork)| fork.len()).max().unwrap_or(0);
        let mut last = None;
        for ((category, fork), counts) in &by_category {
            if last != Some(category) {
                writeln!(out, "{}", Plain(category))?;
                last = Some(category);
            }
            let Counts { passed, failed, not_run } = counts;
            let fork = Plain(fork).to_string();
            write!(out, "  {fork:width$} {passed:>6} passed")?;
            if *failed > 0 {
                write!(out, ", {ERROR}{failed} failed{ERROR:#}")?;
            }
            if *not_run > 0 {
                write!(out, ", {not_run} not run")?;
            }
            writeln!(out)?;
        }
        for (reason, n) in self.reasons() {
            writeln!(out, "not run: {}: {}", count(n, "case"), Plain(reason))?;
        }
        for (exception, n) in self.unknown_exceptions() {
            let exception = Plain(if exception.is_empty() { "(empty name)" } else { exception });
            writeln!(out, "reason not compared: {}: unknown exception {exception}", count(n, "refusal"))?;
        }
        if self.skipped().next().is_some() {
            writeln!(out, "skipped: {} without tests", count(self.skipped().count(), "file"))?;
        }
        let Counts { passed, failed, not_run } = self.total();
        let style = if self.verdict() == Verdict::Holds { SUCCESS } else { ERROR };
        let cases = count(passed.saturating_add(failed).saturating_add(not_run), "case");
        write!(out, "{cases}: {style}{passed} passed, {failed} failed{style:#}, {not_run} not run")?;
        if self.n_unusable() > 0 {
            write!(out, ", {ERROR}{} unusable{ERROR:#}", count(self.n_unusable(), "file"))?;
        }
        if engine == EngineKind::Both && failed == 0 {
            write!(out, ", alike on both engines")?;
        }
        writeln!(out)
    }
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Passed { .. } => &mut self.passed,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::NotRun(_) => &mut self.not_run,
        };
        *counter = counter.saturating_add(1);
    }
}
