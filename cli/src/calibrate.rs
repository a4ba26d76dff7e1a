//! `outrider calibrate`: time per fuel on this machine.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use outrider_calibrate::{Bench, Case, Measured, cases, worst_by_name};
use outrider_host::EngineKind;
use serde::Serialize;

use crate::Verdict;

/// Measure time per fuel of instructions, memory accesses and imports on this machine, against typical code.
///
/// x is the time per fuel over that of honest programs. What is over 10 where memory is warm, or over 100 where it is cold, is
/// marked, and the exit code is 1 then.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measure only what has this in its group, name or variant.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// The engine.
    #[arg(long, value_name = "ENGINE", default_value_t)]
    engine: EngineKind,
    /// How often each case is measured.
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: u32,
    /// List every variant, not the worst of each name alone.
    #[arg(long)]
    all: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn calibrate(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let matches = |case: &Case| {
        let text = format!("{} {}", case.group.name(), case.title());
        arguments.filter.as_ref().is_none_or(|filter| text.contains(filter))
    };
    let cases: Vec<_> = cases().into_iter().filter(matches).collect();
    let mut bench = Bench::new(arguments.engine, arguments.runs)?;
    let measured = measure(&mut bench, &cases)?;
    let report =
        Report { typical_fuel_per_ns: 1.0 / bench.typical_ns_per_fuel(), honest: bench.honest(), measured };
    if arguments.json {
        report.print_json()?;
    } else {
        report.print(arguments.all)?;
    }
    let n_outliers = report.measured.iter().filter(|case| case.is_outlier()).count();
    Ok(if n_outliers == 0 { Verdict::Holds } else { Verdict::Fails })
}

fn measure(bench: &mut Bench, cases: &[Case]) -> anyhow::Result<Vec<Measured>> {
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
                bar.suspend(|| writeln!(anstream::stderr(), "not measured: {:#}", anyhow::Error::new(error)))
                    .context("stderr")?;
            }
        }
        bar.inc(1);
    }
    bench.measure_honest()?;
    bar.finish_and_clear();
    Ok(measured)
}

struct Report {
    typical_fuel_per_ns: f64,
    honest: Vec<Measured>,
    measured: Vec<Measured>,
}

/// A case, as JSON has it.
#[derive(Serialize)]
struct Row<'a> {
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

impl<'a> From<&'a Measured> for Row<'a> {
    fn from(case: &'a Measured) -> Self {
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
struct Json<'a> {
    typical_fuel_per_ns: f64,
    honest: Vec<Row<'a>>,
    cases: Vec<Row<'a>>,
}

impl Report {
    fn print_json(&self) -> anyhow::Result<()> {
        let json = Json {
            typical_fuel_per_ns: self.typical_fuel_per_ns,
            honest: self.honest.iter().map(Row::from).collect(),
            cases: self.measured.iter().map(Row::from).collect(),
        };
        let mut out = anstream::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &json)?;
        Ok(writeln!(out)?)
    }

    fn print(&self, all: bool) -> anyhow::Result<()> {
        let mut out = anstream::stdout().lock();
        writeln!(out, "typical code: {:.1} fuel in a nanosecond", self.typical_fuel_per_ns)?;
        for case in &self.honest {
            writeln!(out, "  {:>8.2}  {}", case.factor, case.title)?;
        }
        let mut list: Vec<_> =
            if all { self.measured.iter().collect() } else { worst_by_name(&self.measured) };
        list.sort_by(|a, b| b.factor.total_cmp(&a.factor));
        for warmth in [outrider_calibrate::Warmth::Warm, outrider_calibrate::Warmth::Cold] {
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
