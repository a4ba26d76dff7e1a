//! The HTML page about scenarios.

use std::path::Path;

use anyhow::Context as _;
use outrider_report::{Entry, Run};

use super::{Finished, Outcome};

/// Writes the page.
pub(super) fn write(file: &Path, finished: &[Finished], compared: bool) -> anyhow::Result<()> {
    let entries: Vec<_> = finished.iter().map(entry).collect();
    std::fs::write(file, outrider_report::page(&entries, compared))
        .with_context(|| format!("{}: cannot write the report", file.display()))
}

fn entry(Finished { name, text, result }: &Finished) -> Entry<'_> {
    let run = match result {
        Outcome::Shards(report) => Run::Shards(report),
        Outcome::Model(model) => Run::Model(&model.0, &model.1),
    };
    Entry { name, text, run }
}
