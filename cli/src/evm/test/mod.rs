//! `outrider evm test`: runs Ethereum's own tests.

mod report;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use outrider_evm_tests::fixture::{self, FixtureError};
use outrider_evm_tests::runner::Runner;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::Verdict;
use crate::built_in::{EVM, EeArguments};
use crate::test_files::{self, TestFile};
use report::{FileReport, Report};

/// Run Ethereum's tests: state tests, blockchain tests, transaction tests and VM tests.
///
/// JSON files without tests, in a directory or an archive, are skipped and counted.
///
/// The exit code is 0 if no test fails, 1 if one fails, 2 if a file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// JSON files, archives (*.tar.gz), and directories to search for both.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    ee: EeArguments,
    /// Run only the tests that have this text in their file, name or fork.
    #[arg(long, value_name = "SUBSTRING")]
    filter: Option<String>,
    /// Number of tests to run at a time. The default is the number of processors.
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn test(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let found = test_files::find(&arguments.paths, may_have_tests)?;
    let ee = arguments.ee.load(EVM)?;
    let n_jobs = arguments.jobs.map_or(0, std::num::NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_jobs).build().context("cannot start threads")?;
    let runner = Runner::new(ee);
    let progress = progress();
    let mut report = Report::default();
    test_files::in_batches(found, may_have_tests, |batch| {
        let run = |file| {
            let report = arguments.run(&runner, file);
            progress.inc(report.n_cases());
            report
        };
        let reports: Vec<_> = pool.install(|| batch.par_iter().map(run).collect());
        for file in reports {
            if !arguments.json {
                progress.suspend(|| file.print())?;
            }
            report.add(file);
        }
        Ok(())
    })?;
    progress.finish_and_clear();
    let reason =
        if arguments.filter.is_some() { "no test matches the filter" } else { "the files contain no tests" };
    anyhow::ensure!(!report.is_empty(), "{reason}");
    if arguments.json {
        report.print_json(arguments.ee.engine())?;
    } else {
        report.print(arguments.ee.engine())?;
    }
    Ok(report.verdict())
}

/// Returns whether a file may contain tests: a JSON file, unless it is in `.meta`, which has the index of a release.
fn may_have_tests(path: &Path) -> bool {
    let is_meta = path.components().any(|component| component.as_os_str() == ".meta");
    !is_meta && path.extension().is_some_and(|extension| extension == "json")
}

impl Arguments {
    /// Runs the tests of a file that match the filter.
    fn run(&self, runner: &Runner, file: &TestFile) -> FileReport {
        let tests = match &file.json {
            Ok(json) => fixture::read(json).map_err(anyhow::Error::from),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        let tests = match tests {
            Ok(tests) => tests,
            Err(error) if self.may_skip(file, &error) => return FileReport::without_tests(&file.name),
            Err(error) => return FileReport::unusable(&file.name, &error),
        };
        let mut cases = Vec::new();
        for (name, test) in tests {
            cases.extend(runner.run(&name, &test, |fork| self.is_asked_for(&[&file.name, &name, fork])));
        }
        FileReport::new(&file.name, cases)
    }

    /// Returns whether a file has no tests and is not one of the arguments.
    fn may_skip(&self, file: &TestFile, error: &anyhow::Error) -> bool {
        let is_named = self.paths.iter().any(|path| path.display().to_string() == file.name);
        matches!(error.downcast_ref(), Some(FixtureError::NoTest { .. })) && !is_named
    }

    fn is_asked_for(&self, names: &[&str]) -> bool {
        self.filter.as_ref().is_none_or(|filter| names.iter().any(|name| name.contains(filter)))
    }
}

/// Returns a counter of cases on stderr, if that is a terminal. The total is not known in advance.
fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} cases, {per_sec}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
