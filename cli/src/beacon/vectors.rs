//! `outrider beacon vectors` runs the vectors of the consensus specification.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use outrider_beacon_vectors::{self as cases, Case, CaseResult, Outcome, Settings};
use outrider_host::chain;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::Serialize;

use crate::output::{self, Plain, Summary};
use crate::run::report::count;
use crate::{ERROR, SUCCESS, Verdict};

/// Run the vectors of consensus-specs v0.12.3, phase 0 and phase 1.
///
/// Exits with 0 if all cases pass, 1 if a case fails, 2 if a path cannot be used. Unknown cases, such as those of other
/// releases, are counted but not run.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Archives (*.tar.gz), or directories, which are searched for archives and cases.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run only cases whose name `CONFIG/PHASE/RUNNER/HANDLER/SUITE/CASE` contains this text.
    #[arg(long, value_name = "SUBSTRING")]
    filter: Option<String>,
    /// The number of slots that a case may run past its pre-state. A case that runs further fails.
    #[arg(long, value_name = "N", default_value_t = Settings::default().slots_max)]
    slots_max: u64,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn vectors(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let results = run(arguments)?;
    anyhow::ensure!(
        !results.is_empty(),
        "the paths contain no cases of the vectors, or --filter matches none"
    );
    let report = Report::new(&results);
    anyhow::ensure!(
        report.total.not_run < results.len(),
        "all cases are unknown: use the vectors of consensus-specs v0.12.3 or of bls12-381-tests"
    );
    if arguments.json {
        report.print_json()?;
    } else {
        report.print()?;
    }
    Ok(if report.total.failed == 0 { Verdict::Holds } else { Verdict::Fails })
}

fn run(arguments: &Arguments) -> anyhow::Result<Vec<CaseResult>> {
    let mut found = Vec::new();
    for path in &arguments.paths {
        found.extend(cases::read(path)?);
    }
    let is_asked_for = |case: &Case| match &arguments.filter {
        Some(filter) => case.to_string().contains(filter),
        None => true,
    };
    found.retain(|(case, _)| is_asked_for(case));
    let progress = progress(found.len());
    let settings = Settings { slots_max: arguments.slots_max };
    let results = found.par_iter().map(|(case, files)| {
        let outcome = cases::run_case_with(case, files, &settings);
        progress.inc(1);
        CaseResult { case: case.clone(), outcome }
    });
    let results = results.collect();
    progress.finish_and_clear();
    Ok(results)
}

/// Returns a progress bar on stderr, which is hidden unless stderr is a terminal.
fn progress(n_cases: usize) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} cases");
    let bar = ProgressBar::new(u64::try_from(n_cases).unwrap_or(u64::MAX));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The results of all cases.
#[derive(Serialize)]
struct Report {
    suites: Vec<Suite>,
    failures: Vec<CaseFailure>,
    #[serde(skip)]
    total: Counts,
}

/// The results of the cases of one handler.
#[derive(Serialize)]
struct Suite {
    config: String,
    phase: String,
    runner: String,
    handler: String,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct CaseFailure {
    case: String,
    reason: String,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Counts {
    passed: usize,
    failed: usize,
    not_run: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::NotRun => &mut self.not_run,
        };
        *counter = counter.saturating_add(1);
    }
}

impl Report {
    fn new(results: &[CaseResult]) -> Self {
        let mut suites = BTreeMap::<_, Counts>::new();
        let mut total = Counts::default();
        for CaseResult { case, outcome } in results {
            let key = [&case.config, &case.phase, &case.runner, &case.handler].map(String::clone);
            suites.entry(key).or_default().add(outcome);
            total.add(outcome);
        }
        let suite = |([config, phase, runner, handler], counts): ([String; 4], Counts)| Suite {
            config,
            phase,
            runner,
            handler,
            counts,
        };
        let failure = |result: &CaseResult| {
            let Outcome::Failed(failure) = &result.outcome else { return None };
            Some(CaseFailure { case: result.case.to_string(), reason: chain(failure) })
        };
        Self {
            suites: suites.into_iter().map(suite).collect(),
            failures: results.iter().filter_map(failure).collect(),
            total,
        }
    }

    fn print(&self) -> io::Result<()> {
        let mut out = output::stdout();
        for CaseFailure { case, reason } in &self.failures {
            writeln!(out, "{ERROR}FAILED{ERROR:#} {}\n  {}", Plain(case), Plain(reason))?;
        }
        let mut last = None;
        for Suite { config, phase, runner, handler, counts } in &self.suites {
            if last != Some((config, phase, runner)) {
                writeln!(out, "{}", Plain(format_args!("{config}/{phase}/{runner}")))?;
                last = Some((config, phase, runner));
            }
            let handler = Plain(handler).to_string();
            write!(out, "  {handler:36} {:>5} passed", counts.passed)?;
            if counts.failed > 0 {
                write!(out, ", {ERROR}{} failed{ERROR:#}", counts.failed)?;
            }
            if counts.not_run > 0 {
                write!(out, ", {} not run (unknown)", counts.not_run)?;
            }
            writeln!(out)?;
        }
        let Counts { passed, failed, not_run } = self.total;
        let style = if failed == 0 { SUCCESS } else { ERROR };
        let cases = count(passed.saturating_add(failed).saturating_add(not_run), "case");
        write!(out, "{cases}: {style}{passed} passed, {failed} failed{style:#}")?;
        if not_run > 0 {
            write!(out, ", {not_run} not run")?;
        }
        writeln!(out)
    }

    fn print_json(&self) -> io::Result<()> {
        let Counts { passed, failed, not_run } = self.total;
        output::json(self, &Summary { not_run, ..Summary::of(passed, failed) })
    }
}
