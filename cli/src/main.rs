//! The `outrider` command.
//!
//! The exit code is 0 if every expectation holds, 1 if one fails, and 2 if the input cannot be used.

#![forbid(unsafe_code)]

mod abi;
mod beacon;
mod bench;
mod build;
mod built_in;
mod cache;
mod calibrate;
mod check;
mod completions;
mod context;
mod evm;
mod files;
mod host_options;
mod inspect;
mod isolate;
mod man;
mod new;
mod output;
mod output_file;
mod progress;
mod run;
mod sim;
mod state;
mod test_files;
mod utxo;
mod witness;
mod zk;

use std::process::ExitCode;
#[cfg(unix)]
use std::sync::Arc;

use clap::{ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use serde_json::json;
use tracing::field::Field;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{self, Writer};

use output::{Plain, Summary};

/// Run, build and inspect WebAssembly execution environments (EEs).
#[derive(Parser)]
#[command(name = "outrider", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print the logs of EEs to stderr. Given twice, also print what the host does.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Inspect(inspect::Arguments),
    Check(check::Arguments),
    Abi(abi::Arguments),
    Beacon(beacon::Arguments),
    Bench(bench::Arguments),
    New(new::Arguments),
    Build(build::Arguments),
    Cache(cache::Arguments),
    Calibrate(calibrate::Arguments),
    Evm(evm::Arguments),
    Sim(sim::Arguments),
    State(state::Arguments),
    Utxo(utxo::Arguments),
    Witness(witness::Arguments),
    Zk(zk::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// The result of a command; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Every expectation holds.
    Holds,
    /// An expectation fails.
    Fails,
    /// Some of the input cannot be used. The command has printed which.
    Unusable,
}

fn main() -> ExitCode {
    if let Some(code) = outrider_host::serve_as_worker() {
        return code;
    }
    if let Some(code) = build::run_wrapped() {
        return code;
    }
    #[cfg(unix)]
    outlive_file_size_limit();
    let matches = Arguments::command().get_matches();
    let wants_json = wants_json(&matches);
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    start_logging(arguments.verbose);
    let verdict = run_command(arguments.command).unwrap_or_else(|error| {
        let error = format!("{error:#}");
        // If stderr is closed, too, only the exit code is left.
        let _ = output::error(&error);
        if wants_json {
            let _ = output::json(json!({}), &Summary::error(Verdict::Unusable, error));
        }
        Verdict::Unusable
    });
    ExitCode::from(match verdict {
        Verdict::Holds => 0,
        Verdict::Fails => 1,
        Verdict::Unusable => 2,
    })
}

/// Lets a write beyond the limit of `ulimit -f` fail with an error, which the command reports; without a handler, the signal
/// would end the process without a word.
#[cfg(unix)]
fn outlive_file_size_limit() {
    // The error says everything, so nobody reads the flag. Without the handler the command still does its work.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

fn run_command(command: Command) -> anyhow::Result<Verdict> {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Abi(arguments) => abi::abi(&arguments),
        Command::Beacon(arguments) => beacon::beacon(&arguments),
        Command::Bench(arguments) => bench::bench(&arguments),
        Command::New(arguments) => new::new(&arguments),
        Command::Build(arguments) => build::build(&arguments),
        Command::Cache(arguments) => cache::cache(&arguments),
        Command::Calibrate(arguments) => calibrate::calibrate(&arguments),
        Command::Evm(arguments) => evm::evm(&arguments),
        Command::Sim(arguments) => sim::sim(&arguments),
        Command::State(arguments) => state::state(&arguments),
        Command::Utxo(arguments) => utxo::utxo(&arguments),
        Command::Witness(arguments) => witness::witness(&arguments),
        Command::Zk(arguments) => zk::zk(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments, Arguments::command()),
        Command::Man(arguments) => man::man(&arguments, Arguments::command()),
    }
}

/// Returns whether `--json` was given to the command or to one of its subcommands.
fn wants_json(matches: &ArgMatches) -> bool {
    let here = matches!(matches.try_get_one::<bool>("json"), Ok(Some(true)));
    here || matches.subcommand().is_some_and(|(_, matches)| wants_json(matches))
}

fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(output::stderr)
        .fmt_fields(format::debug_fn(print_field).delimited(" "))
        .without_time()
        .init();
}

/// Prints a field of a log line. Its value is escaped, because it may come from an EE.
fn print_field(out: &mut Writer<'_>, field: &Field, value: &dyn std::fmt::Debug) -> std::fmt::Result {
    let value = Plain(format_args!("{value:?}"));
    if field.name() == "message" { write!(out, "{value}") } else { write!(out, "{field}={value}") }
}

/// The style of errors and failures on a terminal.
const ERROR: anstyle::Style =
    anstyle::Style::new().bold().fg_color(Some(anstyle::Color::Ansi(anstyle::AnsiColor::Red)));
/// The style of success on a terminal.
const SUCCESS: anstyle::Style =
    anstyle::Style::new().fg_color(Some(anstyle::Color::Ansi(anstyle::AnsiColor::Green)));
