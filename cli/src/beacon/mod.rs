//! `outrider beacon` runs a beacon chain of simulated validators with EEs on it, and the specification's vectors.

mod advance;
mod claim;
mod deploy;
mod init;
mod list;
mod proof;
mod receipt;
mod session;
mod show;
mod vectors;

use std::path::PathBuf;

use outrider_beacon_spec::types::Root;

use crate::{Verdict, run::report::count};

/// Run a beacon chain of simulated validators with EEs on it, prove entries of its ledger, verify the lives of receipts, and run
/// the specification's vectors.
///
/// All commands exit with 0 if they did what they were asked to, 1 if a rule of the chain is against it, as for an EE that is refused
/// or a proof that does not lead to the root, and 2 if a command cannot do its work: an option names something that does not exist, or
/// a file or the chain cannot be read or written.
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
    Receipt(receipt::Arguments),
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
        Command::Deploy(arguments) => deploy::deploy(arguments),
        Command::Advance(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::List(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::Show(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::Prove(arguments) => session::with_chain(&arguments.common.data_dir, arguments),
        Command::Verify(arguments) => proof::verify(arguments),
        Command::Receipt(arguments) => receipt::receipt(arguments),
        Command::Vectors(arguments) => vectors::vectors(arguments),
    }
}

/// Returns the verdict of the chain's rules on what a command was asked to do. Only this exits with 1: an error, with which a command
/// ends before the rules apply, exits with 2.
fn ruling(is_accepted: bool) -> Verdict {
    if is_accepted { Verdict::Holds } else { Verdict::Fails }
}

/// Parses a root: 64 hex digits, with or without `0x`.
fn parse_root(text: &str) -> Result<Root, String> {
    let expected = "expected 32 bytes as 64 hex digits, with or without `0x`";
    match hex::decode(text.strip_prefix("0x").unwrap_or(text)) {
        Ok(bytes) => Root::try_from(bytes.as_slice())
            .map_err(|_| format!("{expected}, got {}", count(bytes.len(), "byte"))),
        Err(error) => Err(format!("{expected}: {error}")),
    }
}

/// Formats numbers in ascending order, with consecutive ones as ranges: `0, 2 to 5, 7`.
fn ranges(numbers: impl IntoIterator<Item = u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let format = |(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first} to {last}") }
    };
    ranges.iter().map(format).collect::<Vec<_>>().join(", ")
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
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    #[test]
    fn a_root_has_32_bytes() {
        let digits = format!("ab{}", "00".repeat(31));
        for text in [digits.clone(), format!("0x{digits}")] {
            assert_eq!(super::parse_root(&text).map(|root| root.0[0]), Ok(0xab));
        }
        let expected = "expected 32 bytes as 64 hex digits, with or without `0x`";
        for (text, rest) in [
            ("0x12", ", got 1 byte"),
            ("", ", got 0 bytes"),
            (&format!("{digits}00"), ", got 33 bytes"),
            ("0x1", ": Odd number of digits"),
            ("0xg1", ": Invalid character 'g' at position 0"),
        ] {
            assert_eq!(super::parse_root(text), Err(format!("{expected}{rest}")));
        }
    }

    proptest! {
        /// Reads the ranges again.
        #[test]
        fn ranges_are_complete_and_as_few_as_possible(numbers: BTreeSet<u8>) {
            let text = super::ranges(numbers.iter().copied().map(u64::from));
            let mut again = Vec::new();
            for range in text.split(", ").filter(|range| !range.is_empty()) {
                let (first, last) = range.split_once(" to ").unwrap_or((range, range));
                let (first, last) = (first.parse::<u8>().unwrap(), last.parse::<u8>().unwrap());
                prop_assert!(again.last().is_none_or(|before| first - before > 1), "{}", text);
                again.extend(first..=last);
            }
            prop_assert_eq!(again, numbers.into_iter().collect::<Vec<_>>());
        }
    }

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
