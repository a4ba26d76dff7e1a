//! Measurement of cases, beside a known program.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use outrider_host::{
    Ee, EngineKind, ExecutionError, ExecutionErrorKind, ExecutionInput, Hash, Host, HostConfig, HostError,
    Limits, LoadError, RootRead, Slot, StateSource, chain,
};

use crate::case::{Case, Code, Ending, Group};
use crate::clock::thread_time;
use crate::honest;
use crate::imports::RECEIPTS;

/// A bench that runs programs on one engine and compares them with typical code.
pub struct Bench {
    host: Host,
    honest: Vec<HonestProgram>,
    /// The honest program that runs beside each case.
    reference: LoadedProgram,
    /// The time per fuel of the reference over that of typical code.
    reference_factor: f64,
    runs: u32,
}

/// An honest program and its measured time.
struct HonestProgram {
    case: Case,
    running: LoadedProgram,
    ns_per_fuel: f64,
}

/// A loaded program and its parameters.
struct LoadedProgram {
    ee: Ee,
    input: ExecutionInput,
    fuel: u64,
    /// The number of executions in one measurement.
    repeats: u32,
    node_bytes: Option<u32>,
}

/// The result of measuring a case.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The title of the case.
    pub title: String,
    /// The group of the case.
    pub group: Group,
    /// The name of the case.
    pub name: String,
    /// The variant of the case.
    pub variant: String,
    /// Whether caches hold the program's memory and code.
    pub warmth: crate::Warmth,
    /// The fuel of one measurement, without that of the base.
    pub fuel: u64,
    /// The time of one measurement, in nanoseconds.
    pub ns: f64,
    /// The time per fuel over that of typical code: x.
    pub factor: f64,
    /// Whether the program needs more memory than a chain allows by default.
    pub beyond_default: bool,
    /// The number of measured turns of a loop, or 0 if unknown.
    pub turns: u64,
}

impl Measurement {
    /// Returns whether the factor exceeds the promised maximum under the default limits.
    pub fn is_outlier(&self) -> bool {
        self.factor > self.warmth.factor_max() && !self.beyond_default
    }
}

/// An error of measuring a case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// The host could not be set up.
    #[error("the host cannot be set up")]
    Host(#[from] HostError),
    /// The program is not well-formed, which is a bug of this crate.
    #[error("{title}: the program is not well-formed")]
    Text {
        /// The case.
        title: String,
        /// The reason.
        #[source]
        source: wat::Error,
    },
    /// The host refused the program.
    #[error("{title}: the host refuses the program")]
    Load {
        /// The case.
        title: String,
        /// The reason.
        #[source]
        source: Box<LoadError>,
    },
    /// The program ended in another way than expected.
    #[error("{title}: expected {expected:?}, got {got}")]
    Ending {
        /// The case.
        title: String,
        /// The expected ending.
        expected: Ending,
        /// The actual ending.
        got: String,
    },
}

/// The minimum time of a measurement.
const TARGET: Duration = Duration::from_millis(2);
/// The fuel of the first trial of a program.
const FIRST_FUEL: u64 = 1_000_000;
/// The maximum number of repetitions of an execution that returns.
const REPEATS_MAX: u32 = 2_000;

impl Bench {
    /// Sets up a bench and measures the honest programs. `runs` is the number of measurements of each case.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not available.
    pub fn new(engine: EngineKind, runs: u32) -> Result<Self, CalibrateError> {
        let host = Host::new(config(engine, i64::MAX.unsigned_abs()))?;
        let mut honest = Vec::new();
        for case in honest::cases() {
            let mut running = LoadedProgram::load(&host, &case, &case.code)?;
            running.fit(&case, Ending::Returns, TARGET)?;
            honest.push(HonestProgram { case, running, ns_per_fuel: f64::INFINITY });
        }
        let case = honest::reference();
        let mut reference = LoadedProgram::load(&host, &case, &case.code)?;
        reference.fit(&case, Ending::OutOfFuel, TARGET / 4)?;
        let mut bench = Self { host, honest, reference, reference_factor: 1.0, runs: runs.max(1) };
        bench.measure_honest()?;
        Ok(bench)
    }

    /// Measures the honest programs in turn; earlier measurements count, too.
    ///
    /// # Errors
    ///
    /// Fails if a program does not end as expected.
    pub fn measure_honest(&mut self) -> Result<(), CalibrateError> {
        let mut reference = f64::INFINITY;
        for _ in 0..10 {
            for honest in &mut self.honest {
                let (ns, fuel) = honest.running.run()?;
                honest.ns_per_fuel = honest.ns_per_fuel.min(ns / as_f64(fuel));
            }
            let (ns, fuel) = self.reference.run()?;
            reference = reference.min(ns / as_f64(fuel));
        }
        self.reference_factor = reference / self.typical_ns_per_fuel();
        Ok(())
    }

    /// Returns the time of a unit of fuel in typical code, in nanoseconds: the geometric mean over honest programs.
    pub fn typical_ns_per_fuel(&self) -> f64 {
        let n = f64::from(u32::try_from(self.honest.len()).unwrap_or(u32::MAX));
        (self.honest.iter().map(|honest| honest.ns_per_fuel.ln()).sum::<f64>() / n).exp()
    }

    /// Returns the measurements of the honest programs.
    pub fn honest(&self) -> Vec<Measurement> {
        let typical = self.typical_ns_per_fuel();
        let all = self.honest.iter().map(|HonestProgram { case, ns_per_fuel, running }| {
            let fuel = running.fuel.saturating_mul(running.repeats.into());
            measured(case, fuel, ns_per_fuel * as_f64(fuel), ns_per_fuel / typical)
        });
        all.collect()
    }

    /// Measures a case, several times in turn with the reference, and takes the least times.
    ///
    /// # Errors
    ///
    /// Returns [`CalibrateError`] if the program is refused or does not end as expected.
    pub fn measure(&self, case: &Case) -> Result<Measurement, CalibrateError> {
        self.measure_times(case, self.runs)
    }

    /// Measures a case `runs` times and takes the least times.
    pub(crate) fn measure_times(&self, case: &Case, runs: u32) -> Result<Measurement, CalibrateError> {
        let mut running = LoadedProgram::load(&self.host, case, &case.code)?;
        if let Some(turns_max) = case.turns_max {
            return self.measure_turns(case, running, turns_max, runs);
        }
        let base = case.base.as_ref().map(|code| -> Result<_, CalibrateError> {
            let ending = if case.ending == Ending::Traps { Ending::Traps } else { Ending::Returns };
            let mut base = LoadedProgram::load(&self.host, case, code)?;
            base.fuel = u64::MAX;
            let once = base.end(case, ending)?;
            Ok((base, once))
        });
        let mut base = base.transpose()?;
        let target = match &base {
            Some((_, (ns, fuel))) if case.ending == Ending::OutOfFuel => {
                running.fuel = fuel.saturating_add(FIRST_FUEL);
                // The loop takes twice as long as the code before it, so that the difference exceeds noise.
                TARGET.saturating_add(Duration::from_nanos((*ns * 3.0) as u64))
            }
            _ => TARGET,
        };
        let base_fuel = match &base {
            Some((_, (_, fuel))) if case.ending == Ending::OutOfFuel => *fuel,
            _ => 0,
        };
        running.fit_over(case, case.ending, target, base_fuel)?;
        if let Some((base, _)) = &mut base
            && case.ending != Ending::OutOfFuel
        {
            base.repeats = running.repeats;
        }
        let (mut least, mut least_base, mut reference) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
        let (mut fuel, mut fuel_of_base) = (0, 0);
        for _ in 0..runs {
            let (ns, used) = self.reference.run()?;
            reference = reference.min(ns / as_f64(used));
            if let Some((base, _)) = &base {
                let (ns, used) = base.run()?;
                least_base = least_base.min(ns);
                fuel_of_base = used;
            }
            let (ns, used) = running.run()?;
            least = least.min(ns);
            fuel = used;
        }
        let mut ns = if base.is_some() { (least - least_base).max(0.0) } else { least };
        let mut fuel = fuel.saturating_sub(fuel_of_base);
        if case.ending != Ending::OutOfFuel {
            // Report one execution.
            let repeats = running.repeats.max(1);
            ns /= f64::from(repeats);
            fuel /= u64::from(repeats);
        }
        let typical = reference / self.reference_factor;
        Ok(measured(case, fuel, ns, ns / as_f64(fuel.max(1)) / typical))
    }

    /// Measures the turns of a loop, without the code before and after it.
    fn measure_turns(
        &self,
        case: &Case,
        mut running: LoadedProgram,
        turns_max: u32,
        runs: u32,
    ) -> Result<Measurement, CalibrateError> {
        running.input.context.slot = Slot(0);
        let (ns_of_none, _) = running.end(case, Ending::Returns)?;
        // The turns take twice as long as the code before them, so that the difference exceeds noise.
        let target = (TARGET.as_nanos() as f64).max(2.0 * ns_of_none);
        let mut turns = 1;
        loop {
            running.input.context.slot = Slot(turns);
            let ns = running.end(case, Ending::Returns)?.0 - ns_of_none;
            if ns >= target / 2.0 || turns >= u64::from(turns_max) {
                break;
            }
            let more = (target / ns.max(1.0)).clamp(2.0, 32.0);
            turns = ((as_f64(turns) * more) as u64).min(turns_max.into());
        }
        let turns = Slot(turns);
        running.fuel = u64::MAX;
        let (mut none, mut all, mut reference) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
        let mut fuel = 0u64;
        for _ in 0..runs {
            let (ns, used) = self.reference.run()?;
            reference = reference.min(ns / as_f64(used));
            running.input.context.slot = Slot(0);
            let (ns, fuel_of_none) = running.run()?;
            none = none.min(ns);
            running.input.context.slot = turns;
            let (ns, used) = running.run()?;
            all = all.min(ns);
            fuel = used.saturating_sub(fuel_of_none);
        }
        let ns = (all - none).max(0.0);
        let typical = reference / self.reference_factor;
        let measured = measured(case, fuel, ns, ns / as_f64(fuel.max(1)) / typical);
        Ok(Measurement { turns: turns.0, ..measured })
    }
}

fn measured(case: &Case, fuel: u64, ns: f64, factor: f64) -> Measurement {
    Measurement {
        title: case.title(),
        group: case.group,
        name: case.name.clone(),
        variant: case.variant.clone(),
        warmth: case.warmth,
        fuel,
        ns,
        factor,
        turns: 0,
        beyond_default: case.pages > Limits::default().memory_pages_max,
    }
}

impl LoadedProgram {
    fn load(host: &Host, case: &Case, code: &Code) -> Result<Self, CalibrateError> {
        let title = || case.title();
        let wasm = code.wasm().map_err(|source| CalibrateError::Text { title: title(), source })?;
        let ee = host.load(&wasm);
        let ee = ee.map_err(|source| CalibrateError::Load { title: title(), source: Box::new(source) })?;
        let input = ExecutionInput {
            reads: Arc::from([RootRead::default()]),
            receipts: Arc::clone(&RECEIPTS),
            ..ExecutionInput::new(case.pre_state_root, Arc::clone(&case.block_data))
        };
        let node_bytes = case.node_bytes;
        Ok(Self { ee, input, fuel: FIRST_FUEL, repeats: 1, node_bytes })
    }

    /// Executes the program once and checks its ending. Returns nanoseconds and fuel.
    fn end(&self, case: &Case, expected: Ending) -> Result<(f64, u64), CalibrateError> {
        let fuel = if expected == Ending::OutOfFuel { self.fuel } else { u64::MAX };
        let (ns, result) = self.once(fuel);
        let (used, got) = match &result {
            Ok(fuel) => (*fuel, Ending::Returns),
            Err(error) => (error.fuel_used, ending(error)),
        };
        if got != expected {
            let got = result.map_or_else(|error| chain(&error), |_| "a return".to_owned());
            return Err(CalibrateError::Ending { title: case.title(), expected, got });
        }
        Ok((ns, used))
    }

    fn fit(&mut self, case: &Case, ending: Ending, target: Duration) -> Result<(), CalibrateError> {
        let ending = if case.ending == Ending::OutOfFuel { Ending::OutOfFuel } else { ending };
        self.fit_over(case, ending, target, 0)
    }

    /// Chooses fuel or repeats so that a measurement takes about `target`; `base_fuel` does not scale.
    fn fit_over(
        &mut self,
        case: &Case,
        ending: Ending,
        target: Duration,
        base_fuel: u64,
    ) -> Result<(), CalibrateError> {
        let target = target.as_nanos() as f64;
        if ending != Ending::OutOfFuel {
            let (ns, used) = self.end(case, ending)?;
            self.fuel = used;
            self.repeats = ((target / ns.max(1.0)) as u32).clamp(1, REPEATS_MAX);
            return Ok(());
        }
        for _ in 0..2 {
            let (ns, _) = self.end(case, ending)?;
            let more = self.fuel.saturating_sub(base_fuel).max(1);
            if ns < target {
                self.fuel =
                    base_fuel.saturating_add((as_f64(more) * (target / ns.max(1.0)).min(10_000.0)) as u64);
            }
        }
        Ok(())
    }

    /// Executes the program with the chosen parameters. Returns nanoseconds and fuel.
    fn run(&self) -> Result<(f64, u64), CalibrateError> {
        let (mut ns, mut fuel) = (0.0, 0u64);
        for _ in 0..self.repeats {
            let (once, result) = self.once(self.fuel);
            ns += once;
            fuel = fuel.saturating_add(match &result {
                Ok(used) => *used,
                Err(error) => error.fuel_used,
            });
        }
        Ok((ns, fuel))
    }

    fn once(&self, fuel: u64) -> (f64, Result<u64, Box<ExecutionError>>) {
        let started = thread_time();
        let result = match self.node_bytes {
            None => self.ee.execute_within(&self.input, fuel).map(|output| output.fuel_used),
            Some(bytes) => {
                let source = Arc::new(Nodes { bytes });
                self.ee.provide(&self.input, source).map(|output| output.execution.fuel_used)
            }
        };
        let took = thread_time().saturating_sub(started);
        (took.as_nanos() as f64, result.map_err(Box::new))
    }
}

fn ending(error: &ExecutionError) -> Ending {
    match error.kind {
        ExecutionErrorKind::OutOfFuel { .. } => Ending::OutOfFuel,
        ExecutionErrorKind::NoPostStateRoot => Ending::Returns,
        _ => Ending::Traps,
    }
}

/// A source of state that has a node for every hash.
struct Nodes {
    bytes: u32,
}

impl StateSource for Nodes {
    fn node(&self, _: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        Ok(Some(vec![7; self.bytes as usize].into()))
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>> {
        self.node(hash)
    }
}

fn config(engine: EngineKind, fuel_max: u64) -> HostConfig {
    let default = Limits::default();
    // Some cases show the cost of memories beyond the default limit.
    let memory_pages_max = default.memory_pages_max.max(4096);
    let limits = Limits { fuel_max, memory_pages_max, ..default };
    HostConfig { engine, limits, ees_kept_max: 0, concurrent_executions_max: 1, ..HostConfig::default() }
}

fn as_f64(n: u64) -> f64 {
    n as f64
}

/// Loads a case and executes it once, with little fuel if it loops forever.
#[cfg(test)]
pub(crate) fn check(case: &Case) -> Result<(), CalibrateError> {
    use std::sync::LazyLock;
    static HOST: LazyLock<Host> = LazyLock::new(|| {
        let config = config(EngineKind::Wasmtime, i64::MAX.unsigned_abs());
        Host::new(config).expect("the engine takes this configuration")
    });
    let mut running = LoadedProgram::load(&HOST, case, &case.code)?;
    running.fuel = 100_000;
    running.input.context.slot = Slot(1);
    running.end(case, case.ending)?;
    let ending = if case.ending == Ending::Traps { Ending::Traps } else { Ending::Returns };
    case.base
        .iter()
        .try_for_each(|code| LoadedProgram::load(&HOST, case, code)?.end(case, ending).map(|_| ()))
}

/// Returns the worst case of each name and warmth, worst first.
pub fn worst_by_name(measured: &[Measurement]) -> Vec<&Measurement> {
    let mut worst: BTreeMap<(&str, crate::Warmth, bool), &Measurement> = BTreeMap::new();
    for case in measured {
        let entry = worst.entry((&case.name, case.warmth, case.beyond_default)).or_insert(case);
        if case.factor > entry.factor {
            *entry = case;
        }
    }
    let mut list: Vec<_> = worst.into_values().collect();
    list.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    list
}
