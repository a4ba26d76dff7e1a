//! Scenarios of models: their figures, and those that are not as expected.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use outrider_models::{Measure, Scenario, Verdict};
use outrider_report::figure;
use serde_json::json;
use serde_saphyr::MessageFormatter as _;

use super::{Arguments, Outcome};
use crate::output::{self, Plain};
use crate::{ERROR, SUCCESS, files};

/// Returns whether the text of a scenario is one of a model.
pub(super) fn is_model(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("model:"))
}

/// Runs the scenario of a model, and prints its figures.
pub(super) fn run(path: &Path, text: &str, arguments: &Arguments) -> anyhow::Result<Outcome> {
    let name = files::name(path);
    anyhow::ensure!(
        arguments.slots.is_none() && arguments.engine.is_none() && !arguments.shrink,
        "{name}: a model has no slots, no engine, and cannot be shrunk: leave out --slots, --engine and --shrink"
    );
    anyhow::ensure!(
        !arguments.compare,
        "{name}: `--compare` is for scenarios of shards, and this is one of a model"
    );
    let options = serde_saphyr::options! { with_snippet: false };
    let scenario = serde_saphyr::from_str_with_options::<Scenario>(text, options);
    let scenario = scenario.map_err(|error| {
        let place = error.location().map(|at| format!(":{}:{}", at.line(), at.column())).unwrap_or_default();
        let message = serde_saphyr::UserMessageFormatter.format_message(&error).into_owned();
        anyhow::anyhow!("{name}{place}: {message}")
    })?;
    let scenario = Scenario { seed: arguments.seed.unwrap_or(scenario.seed), ..scenario };
    let verdict = scenario.run().with_context(|| name.clone())?;
    let Verdict { outcome, unmet } = &verdict;
    if arguments.json {
        let unmet: Vec<_> = unmet.iter().map(ToString::to_string).collect();
        let line = json!({
            "scenario": name, "model": scenario.model.name(), "seed": scenario.seed, "measures": outcome.measures,
            "series": outcome.series, "failures": unmet,
        });
        writeln!(output::stdout(), "{line}")?;
    } else {
        let mut out = output::stdout();
        let (style, word) = match unmet.len() {
            0 => (SUCCESS, "ok".to_owned()),
            n => (ERROR, format!("{n} of {} expectations fail", scenario.expect.len())),
        };
        writeln!(out, "{} {style}{word}{style:#}", Plain(&name))?;
        for unmet in unmet {
            writeln!(out, "  {ERROR}expected{ERROR:#} {unmet}")?;
        }
        let width = outcome.measures.keys().map(|name| name.len()).max().unwrap_or(0);
        for (measure, Measure { value, unit }) in &outcome.measures {
            writeln!(out, "  {measure:width$}  {} {unit}", figure(*value))?;
        }
    }
    Ok(Outcome::Model(Box::new((scenario, verdict))))
}
