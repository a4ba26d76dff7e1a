//! `outrider inspect`: shows the contents of a module, and every reason to refuse it.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use outrider_host::{
    CompileCost, EngineKind, Host, HostConfig, Isolation, Limits, LoadError, ModuleSummary, chain, summarize,
};
use serde_json::{Value, json};

use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict, files, host_options};

/// Show the imports, exports and sections of a wasm module, and every reason for which the host would refuse it.
///
/// With `--isolate`, also compile it.
///
/// The exit code is 0 if the host would load the module, 1 if it would not, 2 if the file cannot be read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Module, or `-` for standard input.
    #[arg(value_name = "EE.wasm")]
    file: PathBuf,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Engine that compiles the module with `--isolate`: wasmtime, wasmer, or both.
    #[arg(long, value_name = "ENGINE", default_value_t, requires = "isolate")]
    engine: EngineKind,
    #[command(flatten)]
    isolate: crate::isolate::IsolationOptions,
}

pub(crate) fn inspect(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let code = files::read(&arguments.file, files::MODULE_BYTES_MAX);
    let code = code.with_context(|| files::name(&arguments.file))?;
    let summary = summarize(&code, &Limits::default());
    let refusals: Vec<_> =
        outrider_host::check(&code, &Limits::default()).iter().map(|error| chain(error)).collect();
    let compiled = match arguments.isolate.isolation()? {
        Some(isolation) if refusals.is_empty() => Some(compile(&code, arguments.engine, isolation)?),
        _ => None,
    };
    let holds = refusals.is_empty() && !matches!(compiled, Some(Compilation { result: Err(_), .. }));
    let verdict = if holds { Verdict::Holds } else { Verdict::Fails };
    if arguments.json {
        output::json(document(&summary, &refusals, compiled.as_ref()), &Summary::one(verdict))?;
    } else {
        print(&summary, &refusals, compiled.as_ref())?;
    }
    Ok(verdict)
}

/// A compilation of the module in a separate process.
struct Compilation {
    engine: EngineKind,
    /// The time that it took, or why it failed.
    result: Result<Duration, LoadError>,
}

fn compile(code: &[u8], engine: EngineKind, isolation: Isolation) -> anyhow::Result<Compilation> {
    let config = HostConfig { isolation: Some(isolation), ..host_options::config(engine) };
    let host = Host::new(config).context("cannot set up the host")?;
    let started = Instant::now();
    Ok(Compilation { engine, result: host.load(code).map(|_| started.elapsed()) })
}

fn print(summary: &ModuleSummary, refusals: &[String], compiled: Option<&Compilation>) -> anyhow::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "size       {} bytes", summary.bytes)?;
    writeln!(out, "code hash  {}", summary.code_hash)?;
    if let Some(memory) = summary.memory {
        let most =
            memory.pages_max.map_or("no declared maximum".to_owned(), |pages| format!("at most {pages}"));
        writeln!(out, "memory     {} pages of 64 KiB, {most}", memory.pages)?;
    }
    for elements in &summary.table_elements {
        writeln!(out, "table      {elements} elements")?;
    }
    writeln!(out, "functions  {}", summary.n_functions)?;
    writeln!(out, "globals    {}", summary.n_globals)?;
    if let Some(function) = summary.start_function {
        writeln!(out, "start      function {function}")?;
    }
    let CompileCost { microseconds, kibibytes, code_bytes } = summary.compile_cost;
    let most = summary.compile_cost_max.microseconds;
    writeln!(
        out,
        "compiling  predicted at most {} ms and {} MiB, of which {} ms for the costliest function; {} KiB of machine code",
        microseconds.div_ceil(1_000),
        kibibytes.div_ceil(1_024),
        most.div_ceil(1_000),
        code_bytes.div_ceil(1_024)
    )?;
    writeln!(out, "imports    {}", summary.imports.len())?;
    for import in &summary.imports {
        let meaning = import.abi.map_or("not in the ABI", |abi| abi.summary);
        let name = Plain(format_args!("{}.{}", import.module, import.name));
        writeln!(out, "  {name} {}  {meaning}", Plain(&import.ty))?;
    }
    writeln!(out, "exports    {}", summary.exports.len())?;
    for export in &summary.exports {
        writeln!(out, "  {} {}", Plain(&export.name), Plain(&export.ty))?;
    }
    writeln!(out, "sections   {}", summary.sections.len())?;
    for section in &summary.sections {
        writeln!(out, "  {:#08x} {:>8} bytes  {}", section.offset, section.bytes, Plain(&section.name))?;
    }
    match compiled {
        Some(Compilation { engine, result: Ok(time) }) => {
            writeln!(out, "compiled by {engine} in a separate process, in {} ms", time.as_millis())?;
        }
        Some(Compilation { result: Err(error), .. }) => {
            writeln!(out, "{ERROR}not compiled:{ERROR:#} {}", Plain(chain(error)))?
        }
        None => {}
    }
    if refusals.is_empty() && !matches!(compiled, Some(Compilation { result: Err(_), .. })) {
        writeln!(out, "{SUCCESS}the host loads this module{SUCCESS:#}")?;
    }
    for refusal in refusals {
        writeln!(out, "{ERROR}refused:{ERROR:#} {}", Plain(refusal))?;
    }
    Ok(())
}

fn document(summary: &ModuleSummary, refusals: &[String], compiled: Option<&Compilation>) -> Value {
    let imports = summary.imports.iter().map(|import| {
        let abi = import.abi.map(ToString::to_string);
        json!({ "module": import.module, "name": import.name, "type": import.ty, "offset": import.offset, "abi": abi })
    });
    let exports = summary
        .exports
        .iter()
        .map(|export| json!({ "name": export.name, "type": export.ty, "offset": export.offset }));
    let sections = summary
        .sections
        .iter()
        .map(|section| json!({ "name": section.name, "offset": section.offset, "bytes": section.bytes }));
    let cost = |cost: CompileCost| json!({ "microseconds": cost.microseconds, "kibibytes": cost.kibibytes, "code_bytes": cost.code_bytes });
    json!({
        "bytes": summary.bytes,
        "code_hash": summary.code_hash.to_string(),
        "memory": summary.memory.map(|memory| json!({ "pages": memory.pages, "pages_max": memory.pages_max })),
        "table_elements": summary.table_elements,
        "n_functions": summary.n_functions,
        "n_globals": summary.n_globals,
        "start_function": summary.start_function,
        "imports": imports.collect::<Vec<_>>(),
        "exports": exports.collect::<Vec<_>>(),
        "sections": sections.collect::<Vec<_>>(),
        "compile_cost": cost(summary.compile_cost),
        "compile_cost_max": cost(summary.compile_cost_max),
        "refusals": refusals,
        "isolated": compiled.map(|Compilation { engine, result }| match result {
            Ok(time) => json!({ "engine": engine.name(), "milliseconds": u64::try_from(time.as_millis()).ok() }),
            Err(error) => json!({ "engine": engine.name(), "error": chain(error) }),
        }),
    })
}
