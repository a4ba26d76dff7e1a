//! `outrider check`: reports whether the host would load modules, and if not, every reason.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use outrider_host::{CodeHash, Limits, chain};
use serde::Serialize;

use crate::output::{self, Plain, Summary};
use crate::run::report::count;
use crate::{ERROR, SUCCESS, Verdict, files};

/// Check whether the host would load wasm modules as EEs, and print every reason to refuse one.
///
/// Nothing is compiled or executed. Libraries are part of a fixture and not known here, so imports from them count as unknown.
///
/// The exit code is 0 if the host would load all modules, 1 if it would refuse one, 2 if a file cannot be read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Modules, directories to search for *.wasm files, glob patterns, or `-` for standard input.
    #[arg(required = true, value_name = "EE.wasm")]
    modules: Vec<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn check(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let mut reports = Vec::new();
    let mut summary = Summary::default();
    for file in files::find(&arguments.modules, &["wasm"])? {
        let report = ModuleReport::new(&file);
        let counter = match report.status {
            Status::Accepted => &mut summary.passed,
            Status::Refused => &mut summary.failed,
            Status::Unusable => &mut summary.unusable,
        };
        *counter = counter.saturating_add(1);
        if arguments.json {
            reports.push(report);
        } else {
            report.print()?;
        }
    }
    if arguments.json {
        output::json(Document { modules: reports }, &summary)?;
    } else {
        print_totals(&summary)?;
    }
    Ok(summary.verdict())
}

#[derive(Serialize)]
struct Document {
    modules: Vec<ModuleReport>,
}

/// The result for one module.
#[derive(Serialize)]
struct ModuleReport {
    file: String,
    status: Status,
    bytes: Option<usize>,
    code_hash: Option<String>,
    /// Every reason to refuse the module, with a remedy if one is known.
    refusals: Vec<String>,
    /// Why the file cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Accepted,
    Refused,
    Unusable,
}

impl ModuleReport {
    fn new(path: &Path) -> Self {
        let file = files::name(path);
        let code = match files::read(path, files::MODULE_BYTES_MAX) {
            Ok(code) => code,
            Err(error) => {
                let (refusals, error) = (Vec::new(), Some(format!("{file}: {error}")));
                return Self {
                    file,
                    status: Status::Unusable,
                    bytes: None,
                    code_hash: None,
                    refusals,
                    error,
                };
            }
        };
        let refusals: Vec<_> =
            outrider_host::check(&code, &Limits::default()).iter().map(|error| chain(error)).collect();
        Self {
            file,
            status: if refusals.is_empty() { Status::Accepted } else { Status::Refused },
            bytes: Some(code.len()),
            code_hash: Some(CodeHash::of(&code).to_string()),
            refusals,
            error: None,
        }
    }

    /// Prints a line for the module, and a line for each reason to refuse it. An error goes to stderr.
    fn print(&self) -> io::Result<()> {
        if let Some(error) = &self.error {
            return output::error(error);
        }
        let (style, word) = match self.status {
            Status::Accepted => (SUCCESS, "ok"),
            Status::Refused | Status::Unusable => (ERROR, "refused"),
        };
        let mut out = output::stdout();
        writeln!(out, "{} {style}{word}{style:#}", Plain(&self.file))?;
        self.refusals.iter().try_for_each(|refusal| writeln!(out, "  {}", Plain(refusal)))
    }
}

fn print_totals(summary: &Summary) -> io::Result<()> {
    let Summary { passed, failed, unusable, .. } = summary;
    let modules = count(passed.saturating_add(*failed).saturating_add(*unusable), "module");
    let style = if summary.verdict() == Verdict::Holds { SUCCESS } else { ERROR };
    let mut out = output::stdout();
    write!(out, "{modules}: {style}{passed} ok, {failed} refused")?;
    if *unusable > 0 {
        write!(out, ", {unusable} unusable")?;
    }
    writeln!(out, "{style:#}")
}
