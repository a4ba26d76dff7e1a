//! Running a scenario to its end.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use outrider_sim::SimPreset;

use crate::{
    error::RunError,
    expect::{Failure, check},
    file::{Expectation, SameRoots, Scenario},
    report::{Report, SlotRow},
    world::World,
};

/// How to run a scenario. Nothing here changes a result, except for `stop`.
#[derive(Clone, Copy, Default)]
pub struct Options<'o> {
    /// The number of threads that execute; 0 is one for each processor.
    pub threads: usize,
    /// A flag that ends the run after the current slot.
    pub stop: Option<&'o AtomicBool>,
    /// Called after each slot.
    pub progress: Option<&'o dyn Progress>,
    /// Reads the file of an EE's code, by its name in the scenario; by default, from the working directory.
    pub read: Option<&'o ReadFile<'o>>,
}

/// Reads a file by its name in a scenario.
pub type ReadFile<'r> = dyn Fn(&str) -> io::Result<Vec<u8>> + 'r;

/// Someone who follows a run.
pub trait Progress {
    /// Takes note of a slot that ran.
    fn on_slot(&self, row: &SlotRow);
}

impl Options<'_> {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        match self.read {
            Some(read) => read(name),
            None => std::fs::read(name),
        }
    }
}

/// Runs a scenario, and checks its expectations.
///
/// # Errors
///
/// Fails if the scenario cannot be set up, or if a part of the simulation fails, which no scenario should bring about. A failed
/// expectation is no error: it is in the report.
pub fn run(scenario: &Scenario, options: Options<'_>) -> Result<Report, RunError> {
    let mut report = run_once(scenario, options)?;
    if report.is_interrupted {
        return Ok(report);
    }
    for (index, expectation) in scenario.expect.iter().enumerate() {
        let Expectation::SameRootsWith(others) = expectation else { continue };
        for other in others {
            let again =
                Options { threads: other.threads.unwrap_or(options.threads), progress: None, ..options };
            let engine = other.engine.unwrap_or(scenario.engine);
            let scenario = Scenario { engine, ..scenario.clone() };
            let other_report = run_once(&scenario, again)?;
            if other_report.is_interrupted {
                report.is_interrupted = true;
                return Ok(report);
            }
            if report.roots() != other_report.roots() {
                let got = format!("other roots with {}", name(other));
                report.failures.push(Failure { index, expected: expectation.to_string(), got });
            }
        }
    }
    report.failures.sort_by_key(|failure| failure.index);
    Ok(report)
}

fn name(other: &SameRoots) -> String {
    serde_json::to_string(other).unwrap_or_default().replace('"', "")
}

macro_rules! run_by_shards {
    ($scenario:ident, $options:ident, $($shards:literal)*) => {
        match $scenario.preset.shards {
            $($shards => run_with::<$shards>($scenario, $options),)*
            // The check of scenarios lets no other number through.
            _ => run_with::<1>($scenario, $options),
        }
    };
}

fn run_once(scenario: &Scenario, options: Options<'_>) -> Result<Report, RunError> {
    run_by_shards!(scenario, options, 1 2 4 8 16 32 64)
}

fn run_with<const SHARDS: u64>(scenario: &Scenario, options: Options<'_>) -> Result<Report, RunError>
where
    SimPreset<SHARDS>: outrider_beacon_spec::preset::Preset,
{
    let mut world = World::<SimPreset<SHARDS>>::new(scenario, options)?;
    let mut is_interrupted = false;
    for _ in 0..scenario.slots {
        if options.is_stopped() {
            is_interrupted = true;
            break;
        }
        let row = world.run_slot()?;
        if let Some(progress) = options.progress {
            progress.on_slot(&row);
        }
    }
    let (mut report, violations) = world.into_report();
    report.is_interrupted = is_interrupted;
    if !is_interrupted {
        report.failures = check(&report, &violations);
    }
    Ok(report)
}
