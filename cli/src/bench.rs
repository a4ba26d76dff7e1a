//! `outrider bench`: measures compiling, loading and executing, with each engine, with and without metering.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::ProgressBar;
use outrider_fixture::Fixture;
use outrider_host::{
    DiskCache, Ee, EngineKind, ExecutionInput, ExecutionOutput, Host, HostConfig, Isolation, Library,
    LoadError, StateRoot,
};
use serde::Serialize;

use crate::context::ContextOptions;
use crate::output::{self, Plain, Summary};
use crate::{Verdict, files, host_options, progress};

/// Measure the time that the EEs and blocks of a fixture take, with and without metering.
///
/// All variants take turns, so that noise of the machine affects all of them alike. Each turn begins with an execution that is not timed,
/// because the processor's caches are full of the previous variant's data. Times are medians. Compare them only within one run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fixture, or `-` for standard input.
    fixture: PathBuf,
    /// Number of executions of each block that are timed.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    context: ContextOptions,
    #[command(flatten)]
    isolate: crate::isolate::IsolationOptions,
}

pub(crate) fn bench(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let fixture = files::read_fixture(&arguments.fixture)?;
    let scratch = tempfile::tempdir().context("cannot make a directory for the cache")?;
    let cache = open_private(scratch.path())?;
    let variants = Variant::all(&cache, arguments.isolate.isolation()?.as_ref())?;
    let bar = progress::bar(n_steps(&fixture, arguments.runs));
    let mut report = Report { ees: Vec::new(), blocks: Vec::new() };
    let mut ees = Vec::new();
    for (env, script) in fixture.execution_scripts.iter().enumerate() {
        bar.set_message(format!("env {env}: loading {}", Plain(&script.path)));
        let (loaded, costs) = measure_loading(&fixture, &script.code, &variants, &bar)
            .with_context(|| format!("{}: `{}`", files::name(&arguments.fixture), script.path))?;
        report.ees.push(EeReport { env, script: script.path.clone(), bytes: script.code.len(), costs });
        ees.push(loaded);
    }
    let mut state = fixture.pre_state.clone();
    for (index, block) in fixture.blocks.iter().enumerate() {
        bar.set_message(format!("block {index} of {}", fixture.blocks.len()));
        // `Fixture` has checked that both exist.
        let (Some(ees), Some(root)) = (ees.get(block.env), state.get_mut(block.env)) else { continue };
        let context = block.context.or(arguments.context.context()).complete(block.env);
        let input = ExecutionInput {
            pre_state_root: *root,
            block_data: block.data.clone(),
            context,
            reads: block.reads.clone(),
            receipts: block.receipts.clone(),
        };
        let (post_state_root, costs) = measure_block(&variants, ees, &input, arguments.runs, &bar)
            .with_context(|| format!("{}: block {index}", files::name(&arguments.fixture)))?;
        *root = post_state_root;
        report.blocks.push(BlockReport { block: index, env: block.env, costs });
    }
    bar.finish_and_clear();
    if arguments.json {
        report.print_json()?
    } else {
        report.print()?
    }
    Ok(Verdict::Holds)
}

/// Returns the number of turns, which are the steps of the progress bar.
fn n_steps(fixture: &Fixture, runs: u32) -> usize {
    let (n_ees, n_blocks) = (fixture.execution_scripts.len(), fixture.blocks.len());
    let runs = usize::try_from(runs).unwrap_or(usize::MAX);
    n_ees.saturating_mul(LOADS).saturating_add(n_blocks.saturating_mul(runs))
}

/// An engine, with or without metering.
struct Variant {
    name: String,
    metered: bool,
    /// A host without a cache.
    host: Host,
    /// The same host with a cache on disk.
    cached: Host,
}

impl Variant {
    fn all(cache: &DiskCache, isolation: Option<&Isolation>) -> anyhow::Result<Vec<Self>> {
        let engines = [EngineKind::Wasmtime, EngineKind::Wasmer].into_iter();
        let engines = engines.filter(|engine| engine.is_compiled_in());
        let pairs = engines.flat_map(|engine| [(engine, true), (engine, false)]);
        pairs.map(|(engine, metered)| Self::new(engine, metered, cache, isolation)).collect()
    }

    fn new(
        engine: EngineKind,
        metered: bool,
        cache: &DiskCache,
        isolation: Option<&Isolation>,
    ) -> anyhow::Result<Self> {
        let config = HostConfig {
            limits: host_options::fixture_limits(),
            metered,
            isolation: isolation.cloned(),
            ees_kept_max: 0,
            ..host_options::config(engine)
        };
        let cached = HostConfig { cache: Some(cache.clone()), ..config.clone() };
        let name = if metered { engine.to_string() } else { format!("{engine}, unmetered") };
        Ok(Self { name, metered, host: Host::new(config)?, cached: Host::new(cached)? })
    }
}

/// The measurements of a fixture's EEs and blocks. All times are in nanoseconds.
#[derive(Serialize)]
struct Report {
    ees: Vec<EeReport>,
    blocks: Vec<BlockReport>,
}

#[derive(Serialize)]
struct EeReport {
    env: usize,
    script: String,
    bytes: usize,
    costs: Vec<LoadCosts>,
}

#[derive(Serialize)]
struct LoadCosts {
    variant: String,
    compile_ns: u128,
    /// None for EEs with libraries, which are not cached on disk.
    load_from_cache_ns: Option<u128>,
    instantiate_ns: u128,
}

#[derive(Serialize)]
struct BlockReport {
    block: usize,
    env: usize,
    costs: Vec<BlockCosts>,
}

#[derive(Serialize)]
struct BlockCosts {
    variant: String,
    first_run_ns: u128,
    median_run_ns: u128,
    /// None without metering, as then only host calls would be counted.
    fuel: Option<u64>,
    fuel_per_second: Option<u128>,
    memory_bytes: usize,
}

fn measure_loading(
    fixture: &Fixture,
    code: &[u8],
    variants: &[Variant],
    bar: &ProgressBar,
) -> Result<(Vec<Ee>, Vec<LoadCosts>), anyhow::Error> {
    let libraries: Vec<_> = fixture
        .libraries
        .iter()
        .map(|library| Library { name: &library.name, code: &library.code })
        .collect();
    let load = |host: &Host| -> Result<Ee, LoadError> { host.load_with_libraries(code, &libraries) };
    let mut compile = vec![Vec::new(); variants.len()];
    let mut from_cache = vec![Vec::new(); variants.len()];
    let mut instantiate = vec![Vec::new(); variants.len()];
    let mut ees = Vec::new();
    for variant in variants {
        // This fills the cache.
        load(&variant.cached)?;
        ees.push(load(&variant.host)?);
    }
    for _ in 0..LOADS {
        for (index, variant) in variants.iter().enumerate() {
            push(&mut compile, index, time(|| load(&variant.host))?.0);
            push(&mut from_cache, index, time(|| load(&variant.cached))?.0);
        }
        bar.inc(1);
    }
    for _ in 0..INSTANCES {
        for (index, ee) in ees.iter().enumerate() {
            ee.instantiate()?;
            push(&mut instantiate, index, time(|| ee.instantiate())?.0);
        }
    }
    let times = compile.into_iter().zip(from_cache).zip(instantiate);
    let costs = variants.iter().zip(times).map(|(variant, ((compile, from_cache), instantiate))| LoadCosts {
        variant: variant.name.clone(),
        compile_ns: median(compile),
        load_from_cache_ns: libraries.is_empty().then(|| median(from_cache)),
        instantiate_ns: median(instantiate),
    });
    Ok((ees, costs.collect()))
}

fn measure_block(
    variants: &[Variant],
    ees: &[Ee],
    input: &ExecutionInput,
    runs: u32,
    bar: &ProgressBar,
) -> Result<(StateRoot, Vec<BlockCosts>), anyhow::Error> {
    let mut first: Vec<(Duration, ExecutionOutput)> = Vec::new();
    for ee in ees {
        first.push(time(|| ee.execute(input))?);
    }
    let mut times = vec![Vec::new(); ees.len()];
    for _ in 0..runs {
        for (index, ee) in ees.iter().enumerate() {
            ee.execute(input)?;
            push(&mut times, index, time(|| ee.execute(input))?.0);
        }
        bar.inc(1);
    }
    let post_state_root = first.first().map(|(_, output)| output.post_state_root).unwrap_or_default();
    let costs = variants.iter().zip(first).zip(times).map(|((variant, (first_run, output)), times)| {
        let median_run_ns = median(times);
        let fuel = variant.metered.then_some(output.fuel_used);
        let per_second = |fuel| u128::from(fuel).saturating_mul(1_000_000_000) / median_run_ns.max(1);
        BlockCosts {
            variant: variant.name.clone(),
            first_run_ns: first_run.as_nanos(),
            median_run_ns,
            fuel,
            fuel_per_second: fuel.map(per_second),
            memory_bytes: output.memory_bytes,
        }
    });
    Ok((post_state_root, costs.collect()))
}

fn time<T, E>(action: impl FnOnce() -> Result<T, E>) -> Result<(Duration, T), E> {
    let started = Instant::now();
    let result = action()?;
    Ok((started.elapsed(), result))
}

fn push(times: &mut [Vec<Duration>], index: usize, time: Duration) {
    if let Some(times) = times.get_mut(index) {
        times.push(time);
    }
}

/// Returns the median in nanoseconds, or 0 if there are no times.
fn median(mut times: Vec<Duration>) -> u128 {
    times.sort();
    times.get(times.len() / 2).map_or(0, Duration::as_nanos)
}

/// Opens a cache in a subdirectory that only this user can write to, as the cache requires.
fn open_private(directory: &Path) -> anyhow::Result<DiskCache> {
    Ok(DiskCache::open(&directory.join("cache"))?)
}

/// The number of times that each EE is compiled and loaded.
const LOADS: usize = 11;
/// The number of instances that are made of each EE.
const INSTANCES: usize = 201;

impl Report {
    fn print_json(&self) -> anyhow::Result<()> {
        Ok(output::json(self, &Summary::of(self.blocks.len(), 0))?)
    }

    fn print(&self) -> anyhow::Result<()> {
        let mut out = output::stdout();
        for ee in &self.ees {
            writeln!(out, "env {}, {}, {} bytes", ee.env, Plain(&ee.script), ee.bytes)?;
            writeln!(out, "  {:22} {:>12} {:>12} {:>12}", "", "compile", "from cache", "instantiate")?;
            for costs in &ee.costs {
                let from_cache = costs.load_from_cache_ns.map_or("not cached".to_owned(), duration);
                let (compile, instantiate) = (duration(costs.compile_ns), duration(costs.instantiate_ns));
                writeln!(out, "  {:22} {compile:>12} {from_cache:>12} {instantiate:>12}", costs.variant)?;
            }
        }
        for block in &self.blocks {
            writeln!(out, "block {}, env {}", block.block, block.env)?;
            writeln!(
                out,
                "  {:22} {:>12} {:>12} {:>8} {:>14} {:>12} {:>12}",
                "", "first run", "median run", "ratio", "fuel", "fuel/us", "memory"
            )?;
            let fastest = block.costs.iter().map(|costs| costs.median_run_ns).min().unwrap_or(0).max(1);
            for costs in &block.costs {
                let fuel = costs.fuel.map_or("-".to_owned(), |fuel| fuel.to_string());
                let per_us = costs.fuel_per_second.map_or("-".to_owned(), |n| (n / 1_000_000).to_string());
                writeln!(
                    out,
                    "  {:22} {:>12} {:>12} {:>8.3} {:>14} {:>12} {:>8} KiB",
                    costs.variant,
                    duration(costs.first_run_ns),
                    duration(costs.median_run_ns),
                    costs.median_run_ns as f64 / fastest as f64,
                    fuel,
                    per_us,
                    costs.memory_bytes / 1024,
                )?;
            }
        }
        Ok(())
    }
}

/// Formats nanoseconds in a suitable unit.
fn duration(ns: u128) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..10_000_000 => format!("{} us", ns / 1_000),
        _ => format!("{} ms", ns / 1_000_000),
    }
}
