//! `outrider evm test`: Ethereum's own tests.
//!
//! Each case gets a store with the whole state before it. A state provider makes block data of the payload, and so executes it
//! over the state and over the witness; what comes of it is held against the test.

mod blockchain;
mod files;
mod report;
mod run;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::EeArguments;
use crate::Verdict;
use report::Report;
use run::Runner;

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
    let runner = Runner { ee, filter: arguments.filter.clone(), named: arguments.paths.clone() };
    let progress = progress();
    let mut report = Report::default();
    files::in_batches(found, |batch| {
        let run = |file| {
            let report = runner.run(file);
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
        report.print_json(arguments.ee.engine)?;
    } else {
        report.print(arguments.ee.engine)?;
    }
    Ok(report.verdict())
}

/// Counts cases on stderr, if there is somebody to see it. How many there are shows only in the end.
fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} cases, {per_sec}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
