//! Lets clients sample bodies of which a part is withheld, and prints what share of them finds it, beside the formula.
//!
//! `cargo run -p outrider-availability --example sampling [SEED]`

use std::{error::Error, io::Write};

use outrider_availability::{
    Committee, Kzg, Nmt, Pattern, Scheme, Shape,
    sampling::{experiment, samples_needed},
};

/// The clients of each experiment: a share is exact to half a percent or better, by one standard deviation.
const CLIENTS: u64 = 10_000;

/// The samples of each client.
const SAMPLES: [usize; 4] = [4, 8, 16, 32];

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse())?;
    run(&mut std::io::stdout(), seed)
}

pub(crate) fn run(out: &mut impl Write, seed: u64) -> Result<(), Box<dyn Error>> {
    write!(out, "| mode | withheld | of all | then the body |")?;
    SAMPLES.iter().try_for_each(|samples| write!(out, " {samples} samples |"))?;
    writeln!(out, " for 99 % |")?;
    writeln!(out, "|---|---|---|---|{}---|", "---|".repeat(SAMPLES.len()))?;
    // The shapes of a body of 1 MiB; kzg has as many columns for any.
    let body = vec![1; 1 << 20];
    rows(out, seed, "committee", Committee::shape(Committee::commit(&body)?.header()))?;
    rows(out, seed, "kzg, 1D", Kzg::shape(Kzg::commit(&[])?.header()))?;
    rows(out, seed, "nmt, 2D", Nmt::shape(Nmt::commit(&body)?.header()))
}

fn rows(out: &mut impl Write, seed: u64, mode: &str, shape: Shape) -> Result<(), Box<dyn Error>> {
    let mut patterns = vec![("the least that is fatal", Pattern::Least)];
    if let Shape::Square { .. } = shape {
        let rows = [("a quarter, by rows", 1), ("half, by rows", 2), ("three quarters, by rows", 3)];
        patterns.extend(rows.map(|(name, quarters)| (name, Pattern::Rows(quarters))));
        let columns =
            [("a quarter, by columns", 1), ("half, by columns", 2), ("three quarters, by columns", 3)];
        patterns.extend(columns.map(|(name, quarters)| (name, Pattern::Columns(quarters))));
    }
    let cells = [("a quarter", 1), ("half", 2), ("three quarters", 3)];
    patterns.extend(cells.map(|(name, quarters)| (name, Pattern::Cells(quarters, seed))));
    for (name, pattern) in patterns {
        let withheld = shape.withheld(pattern);
        let held: Vec<bool> = withheld.iter().map(|withheld| !withheld).collect();
        let fate = if shape.is_recoverable(&held) { "is restored" } else { "is lost" };
        let n_withheld = withheld.iter().filter(|withheld| **withheld).count();
        let of_all = 100.0 * n_withheld as f64 / withheld.len() as f64;
        write!(out, "| {mode} | {name} | {of_all:.1} % | {fate} |")?;
        for samples in SAMPLES {
            let finding = experiment(&withheld, samples, CLIENTS, seed);
            write!(out, " {:.1} ({:.1}) % |", 100.0 * finding.share(), 100.0 * finding.expected)?;
        }
        let needed = samples_needed(shape.positions(), n_withheld, 0.99);
        writeln!(out, " {} |", needed.map_or_else(|| "-".to_owned(), |needed| needed.to_string()))?;
    }
    Ok(())
}
