//! Measures the cost of loading modules that are made to be expensive, on each engine, and searches for worse ones.
//!
//! ```text
//! cargo run --release -p outrider-host --all-features --example load_cost                      # the known ones
//! ... -- FILE.wasm...                                                                          # these
//! ... -- --recipe RECIPE...                                                                    # as the search prints them
//! ... -- --write RECIPE FILE.wasm                                                              # to keep one
//! ... -- --search SECONDS [SEED]                                                               # for worse ones
//! ... -- --correlate EVERY DIRECTORY                                                           # what predicts the time
//! ```
//!
//! Each module is loaded in a process of its own, with limits of processor time and memory. A line has the size of the
//! module, the prediction, and for each engine the processor time, the peak of memory, the size in the cache, which is
//! little more than the machine code, and whether it was loaded. The search changes recipes at random, keeps accepted
//! ones with the highest cost, and prints each that costs more than all before. The same seed makes the same changes,
//! but which ones are kept depends on the measurements. `--correlate` prints how well numbers such as the bytes of code
//! predict the processor time, for the modules in a directory and for every EVERYth of the known ones.

#[path = "../tests/support/bombs.rs"]
mod bombs;
#[path = "load_cost/correlation.rs"]
mod correlation;

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bombs::{Recipe, Step, Value};
use outrider_host::{CompileCost, DiskCache, EngineKind, Host, HostConfig, Limits, summarize};
use rustix::process::{Resource, Rlimit, setrlimit};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let arguments = arguments.iter().map(String::as_str).collect::<Vec<_>>();
    match arguments.as_slice() {
        ["--child", engine] => child(engine.parse()?),
        ["--write", recipe, file] => Ok(fs::write(file, recipe.parse::<Recipe>()?.module())?),
        ["--recipe", recipes @ ..] => {
            recipes.iter().try_for_each(|recipe| report(recipe, &recipe.parse::<Recipe>()?.module()))
        }
        ["--search", seconds] => search(seconds.parse()?, 1),
        ["--search", seconds, seed] => search(seconds.parse()?, seed.parse()?),
        ["--correlate", every, directory] => correlate(every.parse()?, directory),
        [] => known(),
        files => files.iter().try_for_each(|file| report(file, &fs::read(file)?)),
    }
}

/// Reports on the known bombs: one of each kind, single steps, and steps among many values, once and sixty times.
fn known() -> Result<()> {
    for (name, code) in bombs::shapes() {
        report(name, &code)?;
    }
    for recipe in bombs::recipes() {
        report(&recipe.to_string(), &recipe.module())?;
    }
    Ok(())
}

/// Reports what predicts the time, for the modules in a directory and for some of the known ones.
fn correlate(every: usize, directory: &str) -> Result<()> {
    let mut files = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    let files = files.iter().map(fs::read).collect::<std::result::Result<Vec<_>, _>>()?;
    let shapes = bombs::shapes().into_iter().map(|(_, code)| code);
    let bombs = shapes.chain(bombs::recipes().iter().map(Recipe::module)).step_by(every.max(1)).collect();
    for (name, codes) in [(directory, files), ("bombs", bombs)] {
        let codes: Vec<Vec<u8>> = codes;
        for engine in ["wasmtime", "wasmer"] {
            let (mut rows, mut seconds) = (Vec::new(), Vec::new());
            for code in &codes {
                let first = measure(engine, code)?;
                if first.outcome != "loaded" || first.seconds < SECONDS_MIN {
                    continue;
                }
                // Other programs only make it take longer.
                let others = (1..REPETITIONS).map(|_| Ok(measure(engine, code)?.seconds));
                let others = others.collect::<Result<Vec<_>>>()?;
                rows.push(correlation::numbers(code)?);
                seconds.push(others.into_iter().fold(first.seconds, f64::min));
            }
            let mut out = std::io::stdout();
            writeln!(out, "{engine}, {} of {} modules, {name}", rows.len(), codes.len())?;
            let nothing = correlation::Relation::new(&vec![0.0; rows.len()], &seconds);
            writeln!(out, "  {:26}{nothing}", "nothing")?;
            for (column, name) in correlation::NAMES.into_iter().enumerate() {
                let numbers: Vec<_> = rows.iter().map(|row| row[column]).collect();
                writeln!(out, "  {name:26}{}", correlation::Relation::new(&numbers, &seconds))?;
            }
        }
    }
    Ok(())
}

/// The number of measurements of each module, of which the shortest counts.
const REPETITIONS: usize = 3;

/// The shortest time that is compared: below it, little of the time depends on the module.
const SECONDS_MIN: f64 = 0.002;

fn report(name: &str, code: &[u8]) -> Result<()> {
    let cost = summarize(code, &Limits::default()).compile_cost;
    let [first, second] = ["wasmtime", "wasmer"].map(|engine| measure(engine, code));
    let predicted = Prediction(cost);
    writeln!(std::io::stdout(), "{:8} B  {predicted}  {}  {}  {name}", code.len(), first?, second?)?;
    Ok(())
}

struct Prediction(CompileCost);

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(CompileCost { microseconds, kibibytes, code_bytes }) = self;
        let (seconds, mebibytes, code_kibibytes) =
            (*microseconds as f64 / 1e6, kibibytes >> 10, code_bytes >> 10);
        write!(f, "predicted {seconds:6.2} s {mebibytes:5} MiB {code_kibibytes:6} KiB of code")
    }
}

/// The measurements of one engine.
struct Measurement {
    engine: &'static str,
    seconds: f64,
    bytes: u64,
    code_bytes: u64,
    /// `loaded`, or the reason why not.
    outcome: String,
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, seconds, bytes, code_bytes, outcome } = self;
        write!(
            f,
            "{engine} {seconds:6.2} s {:5} MiB {:6} KiB of code {outcome}",
            bytes >> 20,
            code_bytes >> 10
        )
    }
}

/// Loads a module in a process of its own.
fn measure(engine: &'static str, code: &[u8]) -> Result<Measurement> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--child", engine])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(code)?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    let [seconds, bytes, code_bytes, outcome] = text.trim().splitn(4, ' ').collect::<Vec<_>>()[..] else {
        let outcome = format!("died: {}", output.status);
        return Ok(Measurement { engine, seconds: CPU_SECONDS_MAX as f64, bytes: 0, code_bytes: 0, outcome });
    };
    let (seconds, bytes, code_bytes) = (seconds.parse()?, bytes.parse()?, code_bytes.parse()?);
    Ok(Measurement { engine, seconds, bytes, code_bytes, outcome: outcome.to_owned() })
}

fn child(engine: EngineKind) -> Result<()> {
    let limit = |value| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Cpu, limit(CPU_SECONDS_MAX))?;
    setrlimit(Resource::Data, limit(DATA_BYTES_MAX))?;
    let mut code = Vec::new();
    std::io::stdin().read_to_end(&mut code)?;
    // The process that read the module has checked it against the limits.
    let directory = tempfile::tempdir()?;
    let cache = DiskCache::open(directory.path())?;
    let (concurrent_executions_max, kept) = (1, Some(cache.clone()));
    let host =
        Host::new(HostConfig { engine, concurrent_executions_max, cache: kept, ..HostConfig::default() })?;
    let (seconds, bytes) = (cpu_seconds()?, peak_bytes()?);
    let outcome = match host.load(&code) {
        Ok(_) => "loaded".to_owned(),
        Err(error) => format!("refused ({error})"),
    };
    let (seconds, bytes) = (cpu_seconds()? - seconds, peak_bytes()?.saturating_sub(bytes));
    writeln!(std::io::stdout(), "{seconds:.6} {bytes} {} {outcome}", cache.usage()?.bytes)?;
    Ok(())
}

/// The CPU time at which a load is killed: far over the most that any may take.
const CPU_SECONDS_MAX: u64 = 60;
/// The memory at which a load is killed, without memory that is reserved but unused.
const DATA_BYTES_MAX: u64 = 6 << 30;

/// Returns the processor time of this process: the sum over its threads, which do not end before, from Linux's
/// `/proc/self/task/*/schedstat`, where it is in nanoseconds.
fn cpu_seconds() -> Result<f64> {
    let mut nanoseconds = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let stat = fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += stat.split_whitespace().next().ok_or("no time in schedstat")?.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// Returns this process's peak of memory, from Linux's `/proc/self/status`.
fn peak_bytes() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?;
    Ok(kibibytes.parse::<u64>()? << 10)
}

/// Searches for accepted modules that take long.
fn search(seconds: u64, seed: u64) -> Result<()> {
    let start = Instant::now();
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut population = bombs::recipes().into_iter().map(|recipe| (0.0, recipe)).collect::<Vec<_>>();
    let (mut worst, mut worst_ratio, mut n_tried, mut n_refused) = (0.0, 0.0, 0_u32, 0_u32);
    let mut seeds = population.len();
    while start.elapsed() < Duration::from_secs(seconds) {
        let recipe = match seeds.checked_sub(1) {
            Some(index) => {
                seeds = index;
                population[index].1.clone()
            }
            None => {
                let index = random.below(population.len());
                random.change(&population[index].1)
            }
        };
        let code = recipe.module();
        let summary = summarize(&code, &Limits::default());
        n_tried += 1;
        if !summary.refusals.is_empty() {
            n_refused += 1;
            continue;
        }
        let engine = ["wasmtime", "wasmer"][random.below(2)];
        let measured = measure(engine, &code)?;
        let predicted = summary.compile_cost.microseconds as f64 / 1e6;
        // A GiB counts as much as ten seconds.
        let score = measured.seconds.max(measured.bytes as f64 / BYTES_PER_SECOND);
        let ratio = measured.seconds / predicted.max(0.1);
        if score > worst || ratio > worst_ratio {
            let (elapsed, predicted) = (start.elapsed().as_secs(), Prediction(summary.compile_cost));
            writeln!(
                std::io::stdout(),
                "after {elapsed} s, {n_tried} tried, {n_refused} refused: {} B  {predicted}  {measured}  {recipe}",
                code.len()
            )?;
        }
        (worst, worst_ratio) = (f64::max(worst, score), f64::max(worst_ratio, ratio));
        population.push((score + 5.0 * ratio, recipe));
        population.sort_by(|(left, _), (right, _)| right.total_cmp(left));
        if seeds == 0 {
            population.truncate(POPULATION);
        }
    }
    writeln!(std::io::stdout(), "{n_tried} tried, {n_refused} refused, seed {seed}")?;
    Ok(())
}

/// Bytes of memory that count as a second.
const BYTES_PER_SECOND: f64 = (1 << 30) as f64 / 10.0;

/// The number of recipes in the population.
const POPULATION: usize = 40;

/// Pseudo-random numbers that depend only on a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % n.max(1) as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Changes parts of a recipe.
    fn change(&mut self, recipe: &Recipe) -> Recipe {
        let mut recipe = recipe.clone();
        for _ in 0..=self.below(4) {
            match self.below(14) {
                0 => recipe.locals = self.scale(recipe.locals, 4_000),
                1 => recipe.operands = self.scale(recipe.operands, 950),
                2 => recipe.blocks = self.scale(recipe.blocks, 950),
                3 => recipe.loops = self.scale(recipe.loops, 30),
                4 => recipe.touched = self.scale(recipe.touched, 1_000),
                5 => recipe.targets = self.scale(recipe.targets, 9_000),
                6 => recipe.arity = self.scale(recipe.arity, 60),
                7 | 8 => recipe.bytes = self.scale(recipe.bytes, 260_000),
                9 => recipe.copies = self.scale(recipe.copies, 15_000).max(1),
                10 => recipe.value = self.one_of(&Value::ALL),
                11 if recipe.steps.len() > 1 => {
                    recipe.steps.remove(self.below(recipe.steps.len()));
                }
                12 => {
                    let step = recipe.steps[self.below(recipe.steps.len())];
                    recipe.steps.extend(vec![step; self.below(8)]);
                }
                _ => recipe.steps.insert(self.below(recipe.steps.len()), self.one_of(Step::ALL)),
            }
        }
        recipe.steps.truncate(64);
        let copies_max = 8_000_000 / recipe.bytes.max(100);
        recipe.copies = recipe.copies.clamp(1, copies_max.max(1));
        recipe
    }

    /// Makes a number larger or smaller, by a little or a lot.
    fn scale(&mut self, number: u32, max: u32) -> u32 {
        let scaled = match self.below(6) {
            0 => number / 2,
            1 => number.saturating_mul(2),
            2 => number.saturating_mul(9) / 10,
            3 => number.saturating_mul(11) / 10 + 1,
            4 => number + 1,
            _ => self.below(max as usize) as u32,
        };
        scaled.min(max)
    }
}
