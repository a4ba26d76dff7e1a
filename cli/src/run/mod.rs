//! `outrider run`: executes fixtures and compares the results with their expectations.

mod profile;
pub(crate) mod report;
mod trace;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_fixture::{
    bless::bless,
    runner::{FixtureRun, Runner},
};
use outrider_host::{Host, HostConfig};

use crate::context::ContextOptions;
use crate::files::YamlKind;
use crate::host_options::{FixtureLimits, HostOptions};
use crate::output::Plain;
use crate::{Verdict, files, progress};
use profile::ProfileFile;
use report::{FixtureReport, Totals};

/// Run fixtures: YAML files in scout's format, with blocks and the state expected after them.
///
/// The exit code is 0 if every expectation holds, 1 if one fails, 2 if a fixture cannot be used.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fixtures, directories to search for *.yaml and *.yml files, glob patterns, or `-` for standard input.
    #[arg(required = true, value_name = "FIXTURE")]
    fixtures: Vec<PathBuf>,
    /// Write the state roots after the last block into each fixture as its expectations, the deposits if the fixture lists any,
    /// and the proposer's fee and receipts of each block that gives them. Comments and layout are kept. A fixture with a block that fails is not changed.
    #[arg(long)]
    bless: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: HostOptions<FixtureLimits>,
    /// Show every host call of each block, with its arguments, result and fuel.
    #[arg(long)]
    trace: bool,
    /// Write a profile of the fuel that each function of a block spent. The format is that of the Firefox profiler if the file
    /// is *.json, and otherwise folded stacks, for flame graphs.
    #[arg(long, value_name = "FILE", conflicts_with = "timeout")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    context: ContextOptions,
    #[command(flatten)]
    isolate: crate::isolate::IsolationOptions,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let files = files::find_yaml(&arguments.fixtures, YamlKind::Fixture)?;
    let isolation = arguments.isolate.isolation()?;
    let config = HostConfig { isolation, ..arguments.host.config()? };
    let host = Host::new(config).context("cannot set up the host")?;
    let profile = arguments.profile.as_deref();
    let mut profile = profile.map(|path| ProfileFile::create(path, &files)).transpose()?;
    let bar = progress::bar(files.len());
    let runner = Runner {
        host,
        context: arguments.context.context(),
        traces: arguments.trace,
        profiles: profile.is_some(),
    };
    let mut totals = Totals::default();
    let mut reports = Vec::new();
    for file in files {
        let name = Plain(files::name(&file));
        bar.set_message(name.to_string());
        let fixture = files::read_fixture(&file);
        if let (Some(profile), Ok(fixture)) = (&profile, &fixture) {
            profile.check(fixture)?;
        }
        let result = fixture.and_then(|fixture| {
            let n_blocks = fixture.blocks.len();
            runner.run(&fixture, |block| bar.set_message(format!("{name}, block {block} of {n_blocks}")))
        });
        if let (Some(profile), Ok(run)) = (&mut profile, &result) {
            profile.add(&file, run)?;
        }
        let blessed = match &result {
            Ok(run) if arguments.bless && run.is_executed() => Some(bless_file(&file, run)),
            Ok(_) | Err(_) => None,
        };
        let report = FixtureReport::new(&file, result, blessed);
        totals.add(&report);
        if arguments.json {
            reports.push(report);
        } else {
            bar.suspend(|| report.print())?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    profile.map_or(Ok(()), ProfileFile::finish)?;
    if arguments.json {
        report::print_json(arguments.host.engine, &reports, &totals)?;
    } else {
        totals.print(arguments.host.engine)?;
    }
    Ok(totals.verdict())
}

/// Writes the results into a fixture, unless the fixture comes from standard input. Returns whether the file has changed.
fn bless_file(file: &Path, run: &FixtureRun) -> anyhow::Result<bool> {
    anyhow::ensure!(!files::is_stdin(file), "stdin: only a file can be blessed");
    Ok(bless(file, run)?)
}
