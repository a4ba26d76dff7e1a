//! `outrider calibrate`: measures the time per unit of fuel on this machine.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use outrider_calibrate::{
    Bench, Case, Code, Measurement, PRICES, Search, SearchResult, Trade, Warmth, cases, trade, worst_by_name,
};
use outrider_host::EngineKind;
use serde::Serialize;

use crate::Verdict;
use crate::output::{self, Plain, Summary};

/// Measure the time per unit of fuel of instructions, memory accesses and imports, relative to typical code.
///
/// The factor x is the time per unit of fuel divided by that of typical programs. A case whose factor is above 10 with warm memory, or
/// above 100 with cold memory, is marked.
///
/// The exit code is 1 if a case is marked.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measure only the cases that have this text in their group, name or variant.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Engine to measure.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    engine: EngineKind,
    /// Number of measurements of each case.
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: u32,
    /// Also search for the worst program, for this long.
    #[arg(long, value_name = "SECONDS")]
    search: Option<u64>,
    /// Seed of the search's random numbers.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Directory to which the search writes the worst programs, as wasm.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Only print the factors that result from limits of memory and prices of loads.
    #[arg(long)]
    memory: bool,
    /// List all variants, instead of only the worst one for each name.
    #[arg(long)]
    all: bool,
    /// Print JSON instead of text.
    #[arg(long, conflicts_with = "memory")]
    json: bool,
}

pub(crate) fn calibrate(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let matches = |case: &Case| {
        let text = format!("{} {}", case.group.name(), case.title());
        arguments.filter.as_ref().is_none_or(|filter| text.contains(filter))
    };
    let cases: Vec<_> = cases().into_iter().filter(matches).collect();
    let mut bench = Bench::new(arguments.engine, arguments.runs)?;
    if arguments.memory {
        print_trade(&trade(&bench)?)?;
        return Ok(Verdict::Holds);
    }
    let mut measured = measure(&mut bench, &cases)?;
    let found = match arguments.search {
        Some(seconds) => search(&bench, arguments, seconds)?,
        None => Vec::new(),
    };
    measured.extend(found.iter().map(|found| found.measured.clone()));
    let report =
        Report { typical_fuel_per_ns: 1.0 / bench.typical_ns_per_fuel(), honest: bench.honest(), measured };
    if arguments.json {
        report.print_json()?;
    } else {
        report.print(arguments.all)?;
        print_programs(&found)?;
    }
    Ok(if report.n_outliers() == 0 { Verdict::Holds } else { Verdict::Fails })
}

fn measure(bench: &mut Bench, cases: &[Case]) -> anyhow::Result<Vec<Measurement>> {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(cases.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    bar.set_style(ProgressStyle::with_template("{pos}/{len} {wide_msg}")?);
    let mut measured = Vec::new();
    for case in cases {
        bar.set_message(case.title());
        match bench.measure(case) {
            Ok(found) => measured.push(found),
            Err(error) => {
                let error = anyhow::Error::new(error);
                bar.suspend(|| {
                    writeln!(output::stderr(), "not measured: {}", Plain(format_args!("{error:#}")))
                })
                .context("stderr")?;
            }
        }
        bar.inc(1);
    }
    bench.measure_honest()?;
    bar.finish_and_clear();
    Ok(measured)
}

fn search(bench: &Bench, arguments: &Arguments, seconds: u64) -> anyhow::Result<Vec<SearchResult>> {
    let search = Search { seed: arguments.seed, time: Duration::from_secs(seconds) };
    let is_terminal = std::io::stderr().is_terminal();
    let found = search.run(bench, &mut |n_tried, found| {
        if is_terminal {
            // Progress is not a result, so an error here is ignored.
            let _ = writeln!(
                output::stderr(),
                "{n_tried} tried: {:.1}, {}",
                found.measured.factor,
                found.measured.variant
            );
        }
    })?;
    if let Some(directory) = &arguments.keep {
        std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        for (index, found) in found.iter().enumerate() {
            let path = directory.join(format!("worst-{index}.wasm"));
            std::fs::write(&path, found.code.wasm()?).with_context(|| path.display().to_string())?;
        }
    }
    Ok(found)
}

/// Prints the programs that the search has found. Only their loops are printed, as the rest is the same for all.
fn print_programs(found: &[SearchResult]) -> anyhow::Result<()> {
    let mut out = output::stdout();
    for found in found.iter().take(3) {
        writeln!(out, "x = {:.2}: {}", found.measured.factor, found.measured.variant)?;
        if let Code::Text(text) = &found.code {
            let lines = text.lines().skip_while(|line| !line.starts_with("(loop $again"));
            for line in lines.take_while(|line| !line.starts_with("(br_if $again")) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(())
}

fn print_trade(rows: &[Trade]) -> anyhow::Result<()> {
    let mut out = output::stdout();
    write!(out, "{:>10} {:>10}", "memory", "ns a load")?;
    for price in PRICES {
        write!(out, " {:>10}", format!("price {price}"))?;
    }
    writeln!(out)?;
    for row in rows {
        write!(out, "{:>6} MiB {:>10.1}", row.memory_mib, row.load_ns)?;
        for factor in &row.factors {
            write!(out, " {factor:>10.1}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

struct Report {
    typical_fuel_per_ns: f64,
    honest: Vec<Measurement>,
    measured: Vec<Measurement>,
}

/// A case in the JSON document.
#[derive(Serialize)]
struct CaseDocument<'a> {
    group: &'static str,
    name: &'a str,
    variant: &'a str,
    warmth: &'static str,
    fuel: u64,
    ns: f64,
    x: f64,
    beyond_default_limits: bool,
    outlier: bool,
}

impl<'a> From<&'a Measurement> for CaseDocument<'a> {
    fn from(case: &'a Measurement) -> Self {
        Self {
            group: case.group.name(),
            name: &case.name,
            variant: &case.variant,
            warmth: case.warmth.name(),
            fuel: case.fuel,
            ns: case.ns,
            x: case.factor,
            beyond_default_limits: case.beyond_default,
            outlier: case.is_outlier(),
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    typical_fuel_per_ns: f64,
    honest: Vec<CaseDocument<'a>>,
    cases: Vec<CaseDocument<'a>>,
}

impl Report {
    fn n_outliers(&self) -> usize {
        self.measured.iter().filter(|case| case.is_outlier()).count()
    }

    fn print_json(&self) -> anyhow::Result<()> {
        let document = Document {
            typical_fuel_per_ns: self.typical_fuel_per_ns,
            honest: self.honest.iter().map(CaseDocument::from).collect(),
            cases: self.measured.iter().map(CaseDocument::from).collect(),
        };
        let n_outliers = self.n_outliers();
        let summary = Summary::of(self.measured.len().saturating_sub(n_outliers), n_outliers);
        Ok(output::json(document, &summary)?)
    }

    fn print(&self, all: bool) -> anyhow::Result<()> {
        let mut out = output::stdout();
        writeln!(out, "typical code: {:.1} fuel in a nanosecond", self.typical_fuel_per_ns)?;
        for case in &self.honest {
            writeln!(out, "  {:>8.2}  {}", case.factor, case.title)?;
        }
        let mut list: Vec<_> =
            if all { self.measured.iter().collect() } else { worst_by_name(&self.measured) };
        list.sort_by(|a, b| b.factor.total_cmp(&a.factor));
        for warmth in [Warmth::Warm, Warmth::Cold] {
            writeln!(out, "{}: at most {} is promised", warmth.name(), warmth.factor_max())?;
            for case in list.iter().filter(|case| case.warmth == warmth) {
                let mark = if case.is_outlier() {
                    "!"
                } else if case.beyond_default {
                    "-"
                } else {
                    " "
                };
                writeln!(out, "{mark} {:>10.2}  {:13} {}", case.factor, case.group.name(), case.title)?;
            }
        }
        Ok(())
    }
}
