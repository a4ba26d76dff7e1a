//! A search for the worst program: loops that mutate, mix, and are judged by time per fuel.

mod genome;

use std::time::{Duration, Instant};

use crate::case::{Case, Code, Group, Random, Warmth};
use crate::measure::{Bench, CalibrateError, Measured};
use genome::{Genome, Pool};

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Decides what is tried. What comes of it depends on the machine, too, as times do.
    pub seed: u64,
    /// How long to search.
    pub time: Duration,
}

/// A program that a search has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it was measured to take, several times over.
    pub measured: Measured,
    /// The program.
    pub code: Code,
}

/// How many genomes are kept.
const POPULATION: usize = 32;
/// How many of them are found worst, and told.
const TOLD: usize = 5;
/// How often a candidate is measured at first, and before it is believed.
const RUNS_FIRST: u32 = 1;
const RUNS_BELIEVED: u32 = 8;

impl Search {
    /// Searches, half of the time where memory is warm and half where it is cold, and returns the worst programs of each, the
    /// worst first. `progress` is told of each that is worse than all before.
    ///
    /// # Errors
    ///
    /// [`CalibrateError`] if a program does not run as all of them do.
    pub fn run(
        &self,
        bench: &Bench,
        progress: &mut dyn FnMut(u64, &Found),
    ) -> Result<Vec<Found>, CalibrateError> {
        let pool = Pool::new();
        let mut found = self.run_half(bench, &pool, Warmth::Warm, progress)?;
        found.extend(self.run_half(bench, &pool, Warmth::Cold, progress)?);
        Ok(found)
    }

    fn run_half(
        &self,
        bench: &Bench,
        pool: &Pool,
        warmth: Warmth,
        progress: &mut dyn FnMut(u64, &Found),
    ) -> Result<Vec<Found>, CalibrateError> {
        let mut random = Random::new(self.seed.wrapping_add(0x5eed));
        let started = Instant::now();
        let mut kept: Vec<(Genome, Found)> = Vec::new();
        let mut n_tried = 0u64;
        while started.elapsed() < self.time / 2 || kept.is_empty() {
            let genome = child(pool, &kept, &mut random);
            n_tried = n_tried.saturating_add(1);
            let case = case(pool, &genome, warmth);
            let mut measured = bench.measure_times(&case, RUNS_FIRST)?;
            if enters(&kept, measured.factor) {
                // It may have been a noise that made it slow.
                let again = bench.measure_times(&case, RUNS_BELIEVED)?;
                measured = if again.factor < measured.factor { again } else { measured };
            }
            if !enters(&kept, measured.factor) {
                continue;
            }
            let found = Found { measured, code: case.code };
            if kept.first().is_none_or(|(_, worst)| worst.measured.factor < found.measured.factor) {
                progress(n_tried, &found);
            }
            let place = kept.partition_point(|(_, other)| other.measured.factor >= found.measured.factor);
            kept.insert(place, (genome, found));
            kept.truncate(POPULATION);
        }
        believed(bench, pool, warmth, kept)
    }
}

/// Measures those again that seem worst, and sorts them by that.
fn believed(
    bench: &Bench,
    pool: &Pool,
    warmth: Warmth,
    kept: Vec<(Genome, Found)>,
) -> Result<Vec<Found>, CalibrateError> {
    let mut list = Vec::new();
    for (genome, found) in kept.into_iter().take(2 * TOLD) {
        let measured = bench.measure_times(&case(pool, &genome, warmth), 4 * RUNS_BELIEVED)?;
        list.push(Found { measured, ..found });
    }
    list.sort_by(|a, b| b.measured.factor.total_cmp(&a.measured.factor));
    list.truncate(TOLD);
    Ok(list)
}

fn enters(kept: &[(Genome, Found)], factor: f64) -> bool {
    kept.len() < POPULATION || kept.last().is_some_and(|(_, last)| last.measured.factor < factor)
}

/// Makes a genome of one or two of those kept, or a new one.
fn child(pool: &Pool, kept: &[(Genome, Found)], random: &mut Random) -> Genome {
    if kept.len() < POPULATION || random.below(16) == 0 {
        return Genome::random(pool, random);
    }
    // Two at random, the worse of which is taken.
    let mut parent = || {
        let (one, other) = (random.below(kept.len()), random.below(kept.len()));
        kept.get(one.min(other)).map(|(genome, _)| genome.clone())
    };
    let (Some(mother), Some(father)) = (parent(), parent()) else { return Genome::random(pool, random) };
    let mut child = if random.below(2) == 0 { mother.cross(&father, random) } else { mother };
    for _ in 0..=random.below(3) {
        child.mutate(pool, random);
    }
    child
}

fn case(pool: &Pool, genome: &Genome, warmth: Warmth) -> Case {
    let case = Case::new(Group::Search, "search", genome.summary(pool), &genome.module(pool, warmth));
    Case { warmth, ..case }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn genomes_are_valid_modules(seed: u64, steps in 0usize..40) {
            let pool = Pool::new();
            let mut random = Random::new(seed);
            let mut genome = Genome::random(&pool, &mut random);
            for _ in 0..steps {
                let other = Genome::random(&pool, &mut random);
                genome = if random.below(4) == 0 { genome.cross(&other, &mut random) } else { genome };
                genome.mutate(&pool, &mut random);
            }
            for warmth in [Warmth::Warm, Warmth::Cold] {
                let wasm = case(&pool, &genome, warmth).code.wasm().unwrap();
                let mut validator =
                    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
                validator.validate_all(&wasm).unwrap();
            }
        }
    }
}
