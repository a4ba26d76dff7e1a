//! `outrider zk ceremony`: makes the key of a circuit together with others.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_zk_rollup::ceremony::{self, CeremonyKey, Entropy, FirstKey, Layout, Powers};
use outrider_zk_rollup::circuit::Synthesis;
use outrider_zk_rollup::keys::Origin;
use outrider_zk_rollup::witness::BatchWitness;
use outrider_zk_rollup::{Circuit, ProvingKey};

use super::setup::{check_free, save};
use crate::{Verdict, output, output_file, progress};

/// Make the keys of a circuit in a ceremony, in which it suffices that one of those who contribute forgets a secret.
///
/// It begins with powers of tau in snarkjs's format, which others have made for all circuits. Somebody begins the key, several contribute to
/// it one after another, and anybody verifies it, which writes the files of `outrider zk setup`.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make the first key of a circuit from powers of tau. It cannot prove anything yet, as nobody has contributed.
    Begin {
        #[command(flatten)]
        circuit: CircuitArguments,
        /// File for the key.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Contribute to a key, with the system's randomness.
    Contribute {
        /// Key of the ceremony so far.
        #[arg(value_name = "KEY")]
        key: PathBuf,
        /// Name of the contributor, which others can read in the key.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Any text that is mixed with the system's randomness, such as random keystrokes.
        #[arg(long, value_name = "TEXT", default_value = "")]
        entropy: String,
        /// File for the new key.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Verify a key and all contributions to it, and write the keys that operators and genesis need. The exit code is 1 if the key does not
    /// follow from the powers of tau, the circuit and the contributions.
    Verify {
        #[command(flatten)]
        circuit: CircuitArguments,
        /// Key of the ceremony.
        #[arg(value_name = "KEY")]
        key: PathBuf,
        /// Directory for the keys, which is made if it does not exist.
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}

#[derive(clap::Args)]
struct CircuitArguments {
    /// Number of transfers in a batch. 8, 30, 60 and 120 make the best use of a proof.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=120))]
    size: u16,
    /// Powers of tau for BLS12-381 in snarkjs's format, for at least as many rows as the circuit's domain has.
    #[arg(long, value_name = "FILE.ptau")]
    ptau: PathBuf,
}

pub(super) fn ceremony(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::Begin { circuit, output } => {
            output_file::check_not_read(output, [&circuit.ptau])?;
            let (first, _) = circuit.first_key()?;
            let key = first.begin()?;
            write(&key, output)?;
            writeln!(output::stdout(), "wrote {}; now others contribute", output::Plain(output.display()))?;
            Ok(Verdict::Holds)
        }
        Action::Contribute { key: path, name, entropy, output } => {
            output_file::check_not_read(output, [path])?;
            let mut key = read(path)?;
            key.contribute(name, Entropy::System(entropy)).with_context(|| path.display().to_string())?;
            write(&key, output)?;
            print_contributions(&key)?;
            Ok(Verdict::Holds)
        }
        Action::Verify { circuit, key: path, output } => {
            check_free(output, circuit.size)?;
            let key = read(path)?;
            let (first, is_insecure) = circuit.first_key()?;
            print_contributions(&key)?;
            match key.verify(&first) {
                Ok(verified) => {
                    let circuit = Circuit::of_size(circuit.size);
                    let key = verified.into_proving_key();
                    let origin = if is_insecure { Origin::InsecureDevelopment } else { Origin::Ceremony };
                    save(&ProvingKey { circuit, origin, key }, output)?;
                    Ok(Verdict::Holds)
                }
                Err(error) => {
                    output::error(format!("{}: {}", path.display(), outrider_host::chain(&error)))?;
                    Ok(Verdict::Fails)
                }
            }
        }
    }
}

impl CircuitArguments {
    /// Makes the first key from the powers of tau, and says who contributed to them.
    fn first_key(&self) -> anyhow::Result<(FirstKey, bool)> {
        let name = || self.ptau.display().to_string();
        let bar = progress::bar(3);
        let circuit = Circuit::of_size(self.size);
        let witness = BatchWitness::any(circuit);
        let rows = ceremony::Circuit::new(Synthesis { circuit, witness: &witness })?;
        bar.inc(1);
        bar.set_message("checking the powers of tau");
        let file = File::open(&self.ptau).with_context(name)?;
        let mut powers = Powers::read(BufReader::new(file), rows.domain_power()).with_context(name)?;
        let report = powers.report();
        for (number, contribution) in report.contributions.iter().enumerate() {
            writeln!(output::stdout(), "powers of tau {number}: {}", output::Plain(&contribution.name))?;
        }
        let is_insecure = report.is_insecure();
        if is_insecure {
            tracing::warn!("{}: insecure powers of tau: they were made from a seed", name());
        }
        bar.inc(1);
        bar.set_message("making the first key");
        let first = FirstKey::new(&mut powers, rows, Layout::Arkworks).with_context(name)?;
        bar.finish_and_clear();
        Ok((first, is_insecure))
    }
}

fn read(path: &Path) -> anyhow::Result<CeremonyKey> {
    let name = || path.display().to_string();
    let file = File::open(path).with_context(name)?;
    CeremonyKey::read(BufReader::new(file)).with_context(name)
}

fn write(key: &CeremonyKey, path: &Path) -> anyhow::Result<()> {
    let name = || path.display().to_string();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).with_context(name)?);
    key.write(&mut file).with_context(name)?;
    file.flush().with_context(name)
}

/// Prints who contributed, with the hashes that the contributors can attest.
fn print_contributions(key: &CeremonyKey) -> anyhow::Result<()> {
    let mut out = output::stdout();
    for (number, contribution) in key.transcript().contributions().iter().enumerate() {
        let name = output::Plain(contribution.name());
        writeln!(out, "contribution {number}: {name}, {}", hex::encode(contribution.hash()))?;
    }
    Ok(())
}
