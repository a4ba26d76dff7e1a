//! `outrider sim`: runs scenarios of simulated shards and of models, and checks what they expect.

mod compare;
mod model;
mod page;
mod style;
mod text;

use std::cell::RefCell;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use outrider_host::EngineKind;
use outrider_scenario::{EngineSpec, Options, Progress, Report, Scenario, SlotRow, run, shrink};
use serde_json::json;

use crate::files::YamlKind;
use crate::output::{self, Summary};
use crate::{Verdict, files, output_file, progress};

/// Run scenarios: simulated shards with EEs, users and faults, and what is expected of them, from YAML files.
///
/// A file with the key `model` is a scenario of a model of committees, challenges, fees, light clients or payments, with its parameters.
///
/// Everything executes, in every view, from shard blocks alone. The same scenario has the same result on every machine, with any number
/// of threads, and on either engine. Ctrl-C ends a run after the current slot.
///
/// The exit code is 0 if every expectation holds, 1 if one fails, 2 if a scenario cannot be used or was stopped.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Scenarios, directories to search for *.yaml and *.yml files, glob patterns, or `-` for standard input.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Seed of all randomness, instead of the scenario's.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Number of slots, instead of the scenario's.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    slots: Option<u64>,
    /// Threads that execute; 0 is one for each processor. The result does not depend on it.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=256))]
    threads: u16,
    /// Engine, instead of the scenario's: wasmtime, wasmer, or both.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineKind>,
    /// Print JSON instead of text: a line for each slot, and one for the end of each scenario.
    #[arg(long)]
    json: bool,
    /// If an expectation fails, print the smallest scenario that is found for which it fails, too.
    #[arg(long, conflicts_with = "json")]
    shrink: bool,
    /// Write an HTML page about all scenarios: plots, tables, and the scenarios themselves. It needs no network and no other file.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print one table of the scenarios of shards side by side, instead of the figures of each; `--report` has it with plots.
    #[arg(long, conflicts_with = "shrink")]
    compare: bool,
}

pub(crate) fn sim(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let paths = files::find_yaml(&arguments.scenarios, YamlKind::Scenario)?;
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&stop))
        .context("cannot watch for an interruption")?;
    arguments.check(&paths)?;
    let (mut summary, mut finished, mut styles) = (Summary::default(), Vec::new(), Vec::new());
    for path in &paths {
        let one = run_one(path, arguments, &stop)?;
        summary.count(one.verdict());
        if let Outcome::Shards(report) = &one.result {
            styles.extend(report.style.clone());
        }
        // A report of a long run is large, so it is kept only if it is needed again.
        if arguments.report.is_some() || arguments.compare {
            finished.push(one);
        }
    }
    if arguments.compare {
        compare::print(&finished, arguments.json)?;
    }
    if let Some(file) = &arguments.report {
        page::write(file, &finished, arguments.compare)?;
    }
    if arguments.json {
        output::json_line(json!({}), &summary)?;
    } else {
        style::print_table(&mut output::stdout(), &styles)?;
    }
    Ok(summary.verdict())
}

/// Runs a scenario, and prints its result.
fn run_one(path: &Path, arguments: &Arguments, stop: &AtomicBool) -> anyhow::Result<Finished> {
    let text = read(path)?;
    let finished = |result| Finished { name: files::name(path), text: text.clone(), result };
    if model::is_model(&text) {
        return Ok(finished(model::run(path, &text, arguments)?));
    }
    let scenario = arguments.parse(path, &text)?;
    let read_code = |name: &str| files::read(&beside(path, name), files::MODULE_BYTES_MAX);
    let follow = Follow::new(&scenario, arguments.json);
    let options = Options {
        threads: arguments.threads.into(),
        stop: Some(stop),
        progress: Some(&follow),
        read: Some(&read_code),
    };
    let report = run(&scenario, options).with_context(|| files::name(path))?;
    follow.finish()?;
    if arguments.json {
        print_json(path, &report)?;
    } else {
        text::print(path, &report, arguments.compare)?;
    }
    let finished = finished(Outcome::Shards(Box::new(report)));
    if arguments.shrink && finished.verdict() == Verdict::Fails {
        print_smallest(&scenario, Options { progress: None, ..options })?;
    }
    Ok(finished)
}

/// A scenario that has run.
struct Finished {
    /// The name of the file.
    name: String,
    /// The text of the file.
    text: String,
    result: Outcome,
}

/// The result of a scenario.
enum Outcome {
    /// Of shards.
    Shards(Box<Report>),
    /// Of a model.
    Model(Box<(outrider_models::Scenario, outrider_models::Verdict)>),
}

impl Finished {
    fn verdict(&self) -> Verdict {
        match &self.result {
            Outcome::Shards(report) if report.is_interrupted => Verdict::Unusable,
            Outcome::Shards(report) if report.failures.is_empty() => Verdict::Holds,
            Outcome::Model(model) if model.1.unmet.is_empty() => Verdict::Holds,
            Outcome::Shards(_) | Outcome::Model(_) => Verdict::Fails,
        }
    }
}

impl Arguments {
    /// Checks before a long run what would only fail after it.
    fn check(&self, paths: &[PathBuf]) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.compare || paths.len() > 1,
            "`--compare` has one scenario, and nothing to compare it with: name several"
        );
        let Some(file) = &self.report else { return Ok(()) };
        output_file::check_not_read(file, paths)?;
        let directory =
            file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        anyhow::ensure!(
            directory.is_dir() && !file.is_dir(),
            "{}: `--report` names a file in a directory that exists",
            file.display()
        );
        Ok(())
    }

    fn parse(&self, path: &Path, text: &str) -> anyhow::Result<Scenario> {
        let name = files::name(path);
        let scenario = Scenario::parse(text).map_err(|error| {
            let problem = &error.problem;
            match error.place {
                Some(place) => anyhow::anyhow!("{name}:{}:{}: {problem}", place.line, place.column),
                None => anyhow::anyhow!("{name}: {problem}"),
            }
        })?;
        let engine = match self.engine {
            Some(EngineKind::Wasmtime) => EngineSpec::Wasmtime,
            Some(EngineKind::Wasmer) => EngineSpec::Wasmer,
            Some(EngineKind::Both) => EngineSpec::Both,
            None => scenario.engine,
        };
        if let Some(file) = &self.report {
            let blobs = scenario.ees.iter().filter_map(|ee| ee.blob.as_deref());
            output_file::check_not_read(file, blobs.map(|blob| beside(path, blob)))?;
        }
        let (seed, slots) = (self.seed.unwrap_or(scenario.seed), self.slots.unwrap_or(scenario.slots));
        let scenario = Scenario { engine, seed, slots, ..scenario };
        // With other slots, a scenario may contradict itself.
        if let Err(error) = Scenario::parse(&scenario.to_yaml()) {
            anyhow::bail!("{name}, with the slots of the option: {}", error.problem);
        }
        Ok(scenario)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let name = || files::name(path);
    let bytes = files::read(path, files::SCENARIO_BYTES_MAX).with_context(name)?;
    String::from_utf8(bytes).with_context(|| format!("{}: not UTF-8 text", name()))
}

/// Returns the path of a file that a scenario names: beside the scenario.
fn beside(scenario: &Path, name: &str) -> PathBuf {
    scenario.parent().unwrap_or(Path::new("")).join(name)
}

/// Follows a run with a progress bar, or with a line for each slot.
struct Follow {
    bar: indicatif::ProgressBar,
    json: bool,
    error: RefCell<Option<io::Error>>,
}

impl Follow {
    fn new(scenario: &Scenario, json: bool) -> Self {
        let bar = progress::bar(usize::try_from(scenario.slots).unwrap_or(usize::MAX));
        Self { bar, json, error: RefCell::default() }
    }

    fn finish(&self) -> io::Result<()> {
        self.bar.finish_and_clear();
        self.error.take().map_or(Ok(()), Err)
    }
}

impl Progress for Follow {
    fn on_slot(&self, row: &SlotRow) {
        let finalized = row.finalized.iter().min().copied().unwrap_or(0);
        self.bar.set_message(format!("slot {}, final {finalized}, eta {:.0?}", row.slot, self.bar.eta()));
        self.bar.inc(1);
        if self.json {
            let printed = serde_json::to_string(row).map_err(io::Error::from);
            let printed = printed.and_then(|line| writeln!(output::stdout(), "{line}"));
            if let Err(error) = printed {
                self.error.borrow_mut().get_or_insert(error);
            }
        }
    }
}

fn print_json(path: &Path, report: &Report) -> anyhow::Result<()> {
    let Report { scenario, codes, refused, reorgs, summary, style, failures, is_interrupted, .. } = report;
    let line = json!({
        "scenario": files::name(path), "seed": scenario.seed, "engine": scenario.engine, "codes": codes,
        "refused": refused, "reorgs": reorgs, "end": summary, "style": style, "failures": failures,
        "is_interrupted": is_interrupted,
    });
    Ok(writeln!(output::stdout(), "{line}")?)
}

/// Prints the smallest scenario that fails as a scenario does.
fn print_smallest(scenario: &Scenario, options: Options<'_>) -> anyhow::Result<()> {
    let bar = progress::bar(0);
    let smallest = shrink(scenario, options, |candidate, fails| {
        bar.set_message(format!(
            "{} slots, {} faults, {} entries of traffic: {}",
            candidate.slots,
            candidate.faults.len(),
            candidate.traffic.len(),
            if fails { "fails" } else { "holds" }
        ));
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    let Some(smallest) = smallest else { return Ok(()) };
    let is_stopped = options.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
    let what = if is_stopped {
        "A smaller scenario that fails, as far as the search went"
    } else {
        "The smallest scenario that fails"
    };
    Ok(writeln!(output::stdout(), "# {what}:\n{}", smallest.to_yaml())?)
}
