//! The `outrider` command.
//!
//! Exits with 0 when everything holds, with 1 when an expectation does not, and with 2 when the input cannot
//! be used.

#![forbid(unsafe_code)]

mod beacon;
mod bench;
mod build;
mod cache;
mod calibrate;
mod evm;
mod fixture;
mod inspect;
mod isolate;
mod new;
mod packages;
mod run;
mod state;
mod witness;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

/// Runs WebAssembly execution environments (EEs) over block fixtures, and helps to write them.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Show what EEs log on stderr; twice: what the host does, too.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Inspect(inspect::Arguments),
    Beacon(beacon::Arguments),
    Bench(bench::Arguments),
    New(new::Arguments),
    Build(build::Arguments),
    Cache(cache::Arguments),
    Calibrate(calibrate::Arguments),
    Evm(evm::Arguments),
    State(state::Arguments),
    Witness(witness::Arguments),
}

/// What a command that could do its work has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Everything holds.
    Holds,
    /// An expectation does not hold.
    Fails,
    /// Some of the input could not be used, and the command has said which.
    Unusable,
}

fn main() -> ExitCode {
    if let Some(code) = outrider_host::serve_as_worker() {
        return code;
    }
    if let Some(code) = build::run_wrapped() {
        return code;
    }
    let arguments = Arguments::parse();
    start_logging(arguments.verbose);
    let verdict = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Beacon(arguments) => beacon::beacon(&arguments),
        Command::Bench(arguments) => bench::bench(&arguments),
        Command::New(arguments) => new::new(&arguments),
        Command::Build(arguments) => build::build(&arguments),
        Command::Cache(arguments) => cache::cache(&arguments),
        Command::Calibrate(arguments) => calibrate::calibrate(&arguments),
        Command::Evm(arguments) => evm::evm(&arguments),
        Command::State(arguments) => state::state(&arguments),
        Command::Witness(arguments) => witness::witness(&arguments),
    };
    match verdict {
        Ok(Verdict::Holds) => ExitCode::SUCCESS,
        Ok(Verdict::Fails) => ExitCode::from(1),
        Ok(Verdict::Unusable) => ExitCode::from(2),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If even stderr is gone, the exit code has to do.
            let _ = writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {error:#}");
            ExitCode::from(2)
        }
    }
}

fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| anstream::AutoStream::auto(std::io::stderr()))
        .without_time()
        .init();
}

/// Tells whether the reader of the output has gone, as `head` does; that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// How errors and failures are shown on a terminal.
const ERROR: anstyle::Style =
    anstyle::Style::new().bold().fg_color(Some(anstyle::Color::Ansi(anstyle::AnsiColor::Red)));
/// How success is shown on a terminal.
const SUCCESS: anstyle::Style =
    anstyle::Style::new().fg_color(Some(anstyle::Color::Ansi(anstyle::AnsiColor::Green)));
