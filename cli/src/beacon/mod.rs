//! `outrider beacon` runs a beacon chain of simulated validators with EEs on it, and the specification's vectors.

mod advance;
mod claim;
mod deploy;
mod init;
mod list;
mod proof;
mod session;
mod show;
mod vectors;

use std::path::PathBuf;

use crate::Verdict;

/// Run a beacon chain of simulated validators with EEs on it, prove entries of its ledger, and run the specification's vectors.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Init(init::Arguments),
    Deploy(deploy::Arguments),
    Advance(advance::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    Prove(proof::ProveArguments),
    Verify(proof::VerifyArguments),
    Vectors(vectors::Arguments),
}

/// The options that all commands on a chain share.
#[derive(clap::Args)]
pub(super) struct Common {
    /// The directory of the chain.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn beacon(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.command {
        Command::Init(arguments) => init::init(arguments),
        Command::Deploy(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::Advance(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::List(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::Show(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::Prove(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::Verify(arguments) => proof::verify(arguments),
        Command::Vectors(arguments) => vectors::vectors(arguments),
    }
}

/// Formats an amount of Gwei in ether.
fn ether(gwei: u64) -> String {
    let (whole, part) = (gwei / 1_000_000_000, gwei % 1_000_000_000);
    let part = format!("{part:09}");
    match part.trim_end_matches('0') {
        "" => format!("{whole} ETH"),
        part => format!("{whole}.{part} ETH"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_are_formatted_exactly() {
        for (gwei, expected) in [
            (0, "0 ETH"),
            (32_000_000_000, "32 ETH"),
            (34_010_000_000, "34.01 ETH"),
            (1, "0.000000001 ETH"),
            (u64::MAX, "18446744073.709551615 ETH"),
        ] {
            assert_eq!(super::ether(gwei), expected);
        }
    }
}
