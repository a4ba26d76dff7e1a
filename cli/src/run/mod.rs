//! `outrider run`: executes fixtures and holds what comes out against what they expect.

pub(crate) mod execute;
mod profile;
pub(crate) mod report;
mod trace;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use outrider_host::{EngineKind, Host, HostConfig, Limits};

use crate::Verdict;
use crate::fixture::Fixture;
use execute::Runner;
use profile::ProfileFile;
use report::{FixtureReport, Summary};

/// Run fixtures: scout-format YAML files with blocks and the state expected after them.
///
/// Exits with 0 if every expectation holds, 1 if one does not, 2 if a fixture cannot be used.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fixtures, directories that are searched for *.yaml and *.yml files, or glob patterns.
    #[arg(required = true, value_name = "FIXTURE")]
    fixtures: Vec<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    /// What compiles and runs the EEs: wasmtime, wasmer, or both, which fails when they differ in anything.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    engine: EngineKind,
    /// What `eth2.useTicks` may spend in one execution.
    #[arg(long, value_name = "TICKS", default_value_t = Limits::default().ticks_max)]
    ticks: u64,
    /// Pages of 64 KiB that an EE's memory may have.
    #[arg(long, value_name = "PAGES", default_value_t = Limits::default().memory_pages_max,
          value_parser = clap::value_parser!(u32).range(1..=65536))]
    memory_pages: u32,
    /// Fuel that one execution may spend.
    #[arg(long, value_name = "FUEL", default_value_t = Limits::default().fuel_max)]
    fuel: u64,
    /// Seconds that one execution may take; without it, only fuel ends what does not end by itself.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Neither use nor fill the cache of compiled code; `outrider cache` shows it.
    #[arg(long)]
    no_cache: bool,
    /// Show every host call of each block: its arguments, its answer and its fuel.
    #[arg(long)]
    trace: bool,
    /// Write to a file which functions spent the fuel of each block: for the Firefox profiler if it is *.json, else
    /// as folded stacks, for flame graphs.
    #[arg(long, value_name = "FILE", conflicts_with = "timeout")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    isolate: crate::isolate::IsolationOptions,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let files = find_fixtures(&arguments.fixtures)?;
    let host = Host::new(arguments.host_config()?).context("cannot set the host up")?;
    let mut profile = arguments.profile.as_deref().map(ProfileFile::create).transpose()?;
    let runner = Runner { host, traces: arguments.trace, profiles: profile.is_some() };
    let mut summary = Summary::default();
    let mut reports = Vec::new();
    let mut progress = Progress::new(files.len());
    for file in files {
        progress.start(&file);
        let result = Fixture::read(&file).and_then(|fixture| runner.run(&file, &fixture));
        if let (Some(profile), Ok(run)) = (&mut profile, &result) {
            profile.add(&file, run)?;
        }
        let report = FixtureReport::new(&file, result);
        summary.add(&report);
        if arguments.json {
            reports.push(report);
        } else {
            progress.suspend(|| report.print())?;
        }
    }
    progress.finish();
    if arguments.json {
        report::print_json(arguments.engine, &reports, &summary)?;
    } else {
        summary.print(arguments.engine)?;
    }
    profile.map_or(Ok(()), ProfileFile::finish)?;
    Ok(summary.verdict())
}

impl Arguments {
    fn host_config(&self) -> anyhow::Result<HostConfig> {
        Ok(HostConfig {
            limits: Limits {
                ticks_max: self.ticks,
                memory_pages_max: self.memory_pages,
                fuel_max: self.fuel,
                ..Limits::default()
            },
            engine: self.engine,
            wall_clock_max: self.timeout.map(Duration::from_secs),
            cache: if self.no_cache { None } else { crate::cache::open()? },
            isolation: self.isolate.isolation()?,
            ..HostConfig::default()
        })
    }
}

/// Expands directories and patterns to files, in the order given, each directory sorted.
fn find_fixtures(arguments: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        if path.is_dir() {
            files.extend(find_in_directory(path)?);
        } else if path.exists() {
            files.push(path.to_owned());
        } else {
            files.extend(find_by_pattern(argument)?);
        }
    }
    Ok(files)
}

fn find_in_directory(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(directory).follow_links(true).sort_by_file_name() {
        let path = entry?.into_path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    anyhow::ensure!(!files.is_empty(), "{}: no *.yaml or *.yml file in it", directory.display());
    Ok(files)
}

fn find_by_pattern(pattern: &str) -> anyhow::Result<Vec<PathBuf>> {
    let is_pattern = pattern.contains(['*', '?', '[']);
    anyhow::ensure!(is_pattern, "{pattern}: no such file or directory");
    let paths = glob::glob(pattern).with_context(|| format!("{pattern}: not a glob pattern"))?;
    let files = paths.collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!files.is_empty(), "{pattern}: no file matches");
    Ok(files)
}

/// A bar on stderr, shown once a run has taken a while and if there is somebody to see it.
struct Progress {
    n_fixtures: usize,
    n_started: usize,
    started: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// How long a run has to take for the bar to appear.
    const PATIENCE: Duration = Duration::from_secs(1);

    fn new(n_fixtures: usize) -> Self {
        Self { n_fixtures, n_started: 0, started: Instant::now(), bar: None }
    }

    fn start(&mut self, file: &Path) {
        if self.bar.is_none() && self.started.elapsed() >= Self::PATIENCE && std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}");
            let bar = ProgressBar::new(u64::try_from(self.n_fixtures).unwrap_or(u64::MAX));
            self.bar = Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(u64::try_from(self.n_started).unwrap_or(u64::MAX));
            bar.set_message(file.display().to_string());
        }
        self.n_started = self.n_started.saturating_add(1);
    }

    /// Prints without the bar in the way.
    fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
