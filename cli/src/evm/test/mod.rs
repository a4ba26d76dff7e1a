//! `outrider evm test`: Ethereum's own tests.

mod files;
mod report;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use outrider_evm_tests::fixture::{self, FixtureError};
use outrider_evm_tests::runner::Runner;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::EeArguments;
use crate::Verdict;
use files::TestFile;
use report::{FileReport, Report};

/// Run Ethereum's own tests: state tests, blockchain tests, transaction tests and VM tests.
///
/// A JSON file in a directory or an archive that has no test is skipped; the output says how many were.
///
/// Exits with 0 if all pass that can be run, 1 if one fails, 2 if a file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// JSON files, archives (*.tar.gz), and directories that are searched for both.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    ee: EeArguments,
    /// Run only tests with this in their file, name or fork.
    #[arg(long, value_name = "SUBSTRING")]
    filter: Option<String>,
    /// How many tests to run at a time; as many as there are processors by default.
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn test(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let found = files::find(&arguments.paths)?;
    let ee = arguments.ee.load()?;
    let n_jobs = arguments.jobs.map_or(0, std::num::NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_jobs).build().context("cannot start threads")?;
    let runner = Runner::new(ee);
    let progress = progress();
    let mut report = Report::default();
    files::in_batches(found, |batch| {
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
    anyhow::ensure!(!report.is_empty(), "no test is named so");
    if arguments.json {
        report.print_json(arguments.ee.engine())?;
    } else {
        report.print(arguments.ee.engine())?;
    }
    Ok(report.verdict())
}

impl Arguments {
    /// Runs the tests of a file that are asked for.
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

    /// Whether a file that has no tests was found in a tree, and not asked for by its name.
    fn may_skip(&self, file: &TestFile, error: &anyhow::Error) -> bool {
        let is_named = self.paths.iter().any(|path| path.display().to_string() == file.name);
        matches!(error.downcast_ref(), Some(FixtureError::NoTest { .. })) && !is_named
    }

    fn is_asked_for(&self, names: &[&str]) -> bool {
        self.filter.as_ref().is_none_or(|filter| names.iter().any(|name| name.contains(filter)))
    }
}

/// Counts cases on stderr, if there is somebody to see it. How many there are shows only in the end.
fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} cases, {per_sec}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
