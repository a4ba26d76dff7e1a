//! A search for the worst program: loops mutate and mix, and their time per fuel judges them.

mod genome;

use std::time::{Duration, Instant};

use crate::case::{Case, Code, Group, Random, Warmth};
use crate::measure::{Bench, CalibrateError, Measurement};
use genome::{Genome, Pool};

/// The parameters of a search.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// The seed of the trials. Results also depend on the machine, as times do.
    pub seed: u64,
    /// The duration of the search.
    pub time: Duration,
}

/// A program that a search has found.
#[derive(Clone, Debug)]
pub struct SearchResult {
    /// The result of several measurements.
    pub measured: Measurement,
    /// The program.
    pub code: Code,
}

/// The number of genomes in the population.
const POPULATION: usize = 32;
/// The number of worst genomes to report.
const REPORTED: usize = 5;
/// The number of measurements of a candidate: at first, and before it enters the population.
const RUNS_FIRST: u32 = 1;
const RUNS_CONFIRMING: u32 = 8;

impl Search {
    /// Searches half of the time for warm programs and half for cold ones, and returns the worst programs of each,
    /// worst first. Calls `progress` with each program that is worse than all before.
    ///
    /// # Errors
    ///
    /// Returns [`CalibrateError`] if a program does not run.
    pub fn run(
        &self,
        bench: &Bench,
        progress: &mut dyn FnMut(u64, &SearchResult),
    ) -> Result<Vec<SearchResult>, CalibrateError> {
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
        progress: &mut dyn FnMut(u64, &SearchResult),
    ) -> Result<Vec<SearchResult>, CalibrateError> {
        let mut random = Random::new(self.seed.wrapping_add(0x5eed));
        let started = Instant::now();
        let mut kept: Vec<(Genome, SearchResult)> = Vec::new();
        let mut n_tried = 0u64;
        while started.elapsed() < self.time / 2 || kept.is_empty() {
            let genome = child(pool, &kept, &mut random);
            n_tried = n_tried.saturating_add(1);
            let case = case(pool, &genome, warmth);
            let mut measured = bench.measure_times(&case, RUNS_FIRST)?;
            if enters(&kept, measured.factor) {
                // Noise may have made it slow.
                let again = bench.measure_times(&case, RUNS_CONFIRMING)?;
                measured = if again.factor < measured.factor { again } else { measured };
            }
            if !enters(&kept, measured.factor) {
                continue;
            }
            let found = SearchResult { measured, code: case.code };
            if kept.first().is_none_or(|(_, worst)| worst.measured.factor < found.measured.factor) {
                progress(n_tried, &found);
            }
            let place = kept.partition_point(|(_, other)| other.measured.factor >= found.measured.factor);
            kept.insert(place, (genome, found));
            kept.truncate(POPULATION);
        }
        confirm(bench, pool, warmth, kept)
    }
}

/// Measures the worst genomes again and sorts them by the new factor.
fn confirm(
    bench: &Bench,
    pool: &Pool,
    warmth: Warmth,
    kept: Vec<(Genome, SearchResult)>,
) -> Result<Vec<SearchResult>, CalibrateError> {
    let mut list = Vec::new();
    for (genome, found) in kept.into_iter().take(2 * REPORTED) {
        let measured = bench.measure_times(&case(pool, &genome, warmth), 4 * RUNS_CONFIRMING)?;
        list.push(SearchResult { measured, ..found });
    }
    list.sort_by(|a, b| b.measured.factor.total_cmp(&a.measured.factor));
    list.truncate(REPORTED);
    Ok(list)
}

fn enters(kept: &[(Genome, SearchResult)], factor: f64) -> bool {
    kept.len() < POPULATION || kept.last().is_some_and(|(_, last)| last.measured.factor < factor)
}

/// Makes a child of one or two genomes of the population, or a random genome.
fn child(pool: &Pool, kept: &[(Genome, SearchResult)], random: &mut Random) -> Genome {
    if kept.len() < POPULATION || random.below(16) == 0 {
        return Genome::random(pool, random);
    }
    // The worse of two at random.
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
