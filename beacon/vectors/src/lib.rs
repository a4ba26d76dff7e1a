//! Ethereum's own test vectors of the beacon chain.
//!
//! A case is a folder of the consensus specification's tests, `tests/CONFIG/PHASE/RUNNER/HANDLER/SUITE/CASE`, or a
//! JSON file of the BLS tests; either lies on disk or in a `.tar.gz` archive. A case of an unknown kind is
//! [`Outcome::NotRun`]: it neither passes nor fails.
//!
//! Cases run against the [specification](outrider_beacon_spec), never against the fork choice of a node.

mod bls;
mod case;
mod settings;
mod shuffling;
mod source;
mod ssz_generic;
mod ssz_static;
mod state;

use std::path::Path;

pub use case::{Case, Failure, Files, Outcome};
pub use settings::Settings;
pub use source::{ReadError, read};

use self::case::Stop;
use outrider_beacon_spec::{
    phase::{Phase0, Phase1},
    preset::{Mainnet, Minimal, Preset},
};

/// A case and its outcome.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// The outcome.
    pub outcome: Outcome,
}

/// Runs all cases in a folder or an archive, in order. Cases are independent: a caller with several cores can
/// [`read`] them and run each by [`run_case`].
///
/// # Errors
///
/// Fails if the folder or archive cannot be read. A failed case is not an error.
pub fn run(path: &Path) -> Result<Vec<CaseResult>, ReadError> {
    Ok(read(path)?
        .into_iter()
        .map(|(case, files)| {
            let outcome = run_case(&case, &files);
            CaseResult { case, outcome }
        })
        .collect())
}

/// Runs a case with the default settings.
#[must_use]
pub fn run_case(case: &Case, files: &Files) -> Outcome {
    run_case_with(case, files, &Settings::default())
}

/// Runs a case.
#[must_use]
pub fn run_case_with(case: &Case, files: &Files, settings: &Settings) -> Outcome {
    run_known(case, files, settings).into()
}

fn run_known(case: &Case, files: &Files, settings: &Settings) -> Result<(), Stop> {
    // Later releases compress SSZ.
    if files.0.keys().any(|name| name.ends_with(".ssz_snappy")) {
        return Err(Stop::Unknown);
    }
    match (case.config.as_str(), case.runner.as_str()) {
        ("general", "bls") => bls::run(case, files),
        ("general", "ssz_generic") => ssz_generic::run(case, files),
        ("minimal", _) => run_preset::<Minimal>(case, files, settings),
        ("mainnet", _) => run_preset::<Mainnet>(case, files, settings),
        _ => Err(Stop::Unknown),
    }
}

fn run_preset<C: Preset>(case: &Case, files: &Files, settings: &Settings) -> Result<(), Stop> {
    match (case.phase.as_str(), case.runner.as_str()) {
        ("phase0", "shuffling") => Ok(shuffling::run::<C>(files)?),
        ("phase0", "ssz_static") => ssz_static::run::<Phase0<C>>(case, files),
        ("phase1", "ssz_static") => ssz_static::run_phase1::<C>(case, files),
        ("phase0", "genesis") => state::genesis::run::<C>(case, files),
        ("phase0", _) => state::run::<Phase0<C>>(case, files, settings),
        ("phase1", "sanity") if case.handler == "shard_blocks" => Ok(state::shard_blocks::run::<C>(files)?),
        ("phase1", _) => state::run::<Phase1<C>>(case, files, settings),
        _ => Err(Stop::Unknown),
    }
}
