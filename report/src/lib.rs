//! Reports: what `outrider sim` has measured, as one HTML file that needs no network and no other file.
//!
//! [`page()`] writes scenarios of shards (`outrider-scenario`) and of models (`outrider-models`): the verdict and each
//! expectation, plots as SVG, tables that a reader can sort, and the scenario itself. A page is readable in light and dark,
//! on paper, on a narrow screen and without scripts. All text is escaped, and a browser is told to fetch nothing. The same
//! results give the same bytes: real time is left out.
//!
//! Tests read pages as XML. A browser shows how they look: `chromium --headless --window-size=400,3000 --screenshot=page.png
//! page.html`, with `--blink-settings=preferredColorScheme=0` in dark, or `--print-to-pdf=page.pdf`.
//!
//! The markup is written here, without a plotting library. `plotters` 0.3.7 writes fixed colours into each mark, so that its
//! plots fit one background only, has no classes for a style to choose by, and no hints with the figures under the pointer.
//!
//! | module | contents |
//! |---|---|
//! | `html`, `page` | elements with escaped text; the frame of a page |
//! | `axis`, `chart`, `heat_map`, `timeline`, `table`, `number` | plots and tables of any figures |
//! | `scenario` | what a report says of shards |
//! | `model` | what it says of models |
//! | `comparison` | several scenarios of shards side by side |

#![forbid(unsafe_code)]

mod axis;
mod chart;
mod comparison;
mod heat_map;
mod html;
mod model;
mod number;
mod page;
mod scenario;
mod table;
mod timeline;

pub use comparison::{COLUMNS, Column};
pub use number::figure;

use html::Html;
use outrider_models::{Scenario as ModelScenario, Verdict as ModelVerdict};
use outrider_scenario::Report;

/// A scenario that has run.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'e> {
    /// The name of the file.
    pub name: &'e str,
    /// The text of the file.
    pub text: &'e str,
    /// The result.
    pub run: Run<'e>,
}

/// The result of a scenario.
#[derive(Clone, Copy, Debug)]
pub enum Run<'e> {
    /// Of shards.
    Shards(&'e Report),
    /// Of a model.
    Model(&'e ModelScenario, &'e ModelVerdict),
}

/// Returns a page about scenarios: one after the other, below a list if there are several. With `compared`, those of shards
/// are side by side before.
#[must_use]
pub fn page(entries: &[Entry<'_>], compared: bool) -> String {
    let title = match entries {
        [entry] => entry.name.to_owned(),
        _ => format!("{} scenarios", entries.len()),
    };
    page::page(&title, |html| {
        if let [entry] = entries {
            html.leaf("h1", &[], entry.name);
            return write(html, entry);
        }
        html.leaf("h1", &[], &title);
        contents(html, entries);
        if compared {
            comparison::write(html, entries);
        }
        for (index, entry) in entries.iter().enumerate() {
            html.leaf("h1", &[("id", &anchor(index))], entry.name);
            write(html, entry);
        }
    })
}

fn write(html: &mut Html, entry: &Entry<'_>) {
    match entry.run {
        Run::Shards(report) => scenario::write(html, report),
        Run::Model(scenario, verdict) => model::write(html, scenario, verdict),
    }
    html.leaf("h2", &[], "The scenario");
    html.element("pre", &[], |html| html.leaf("code", &[], entry.text));
}

/// Adds a list of scenarios with their verdicts.
fn contents(html: &mut Html, entries: &[Entry<'_>]) {
    html.element("ul", &[], |html| {
        for (index, entry) in entries.iter().enumerate() {
            html.element("li", &[], |html| {
                page::link(html, &anchor(index), entry.name);
                html.text(": ");
                write_verdict(html, &entry.run);
            });
        }
    });
}

fn write_verdict(html: &mut Html, run: &Run<'_>) {
    let (holds, text) = match run {
        Run::Shards(report) => scenario::verdict(report),
        Run::Model(scenario, verdict) => model::verdict(scenario, verdict),
    };
    html.leaf("span", &[("class", &if holds { "ok" } else { "bad" })], text);
}

/// Returns the name of the place of a scenario on the page.
fn anchor(index: usize) -> String {
    format!("scenario-{index}")
}

/// Returns the verdict on a run of which so many expectations fail.
fn verdict_text(n_expectations: usize, n_failures: usize) -> (bool, String) {
    match (n_failures, n_expectations) {
        (0, 0) => (true, "nothing is expected".to_owned()),
        (0, 1) => (true, "the expectation holds".to_owned()),
        (0, n) => (true, format!("all {n} expectations hold")),
        (failed, n) => (false, format!("{failed} of {n} expectations fail")),
    }
}
