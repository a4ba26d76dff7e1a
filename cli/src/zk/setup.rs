//! `outrider zk setup`: makes the keys of a circuit.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_zk_rollup::setup::development_key;
use outrider_zk_rollup::{Circuit, ProvingKey};

use super::keys::{VerifyingKeyFile, proving_key_path, seed, warn_insecure};
use crate::{Verdict, output, progress};

/// Make the keys of the circuit for batches of one size.
///
/// The directory gets SIZE.key, with which an operator proves, and SIZE.json, the key that verifies the proofs, for `outrider zk genesis`.
///
/// Keys from a seed are for development: whoever knows the seed can prove anything, and take all ether of a rollup. The files say so, and
/// so does every verb that reads them. `outrider zk ceremony` makes other ones.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Number of transfers in a batch. 8, 30, 60 and 120 make the best use of a proof.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=120))]
    size: u16,
    /// Text from which insecure keys are made; the same text makes the same keys.
    #[arg(long, value_name = "TEXT")]
    seed: String,
    /// Directory for the keys, which is made if it does not exist.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

pub(super) fn setup(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let Arguments { size, seed: text, output } = arguments;
    std::fs::create_dir_all(output).with_context(|| output.display().to_string())?;
    check_free(output, *size)?;
    let bar = progress::bar(2);
    bar.set_message("making the keys");
    let key = development_key(Circuit::of_size(*size), seed("outrider zk setup", text))?;
    bar.inc(1);
    bar.set_message("writing the keys");
    let path = save(&key, output)?;
    bar.finish_and_clear();
    warn_insecure(&path);
    Ok(Verdict::Holds)
}

/// Checks that a directory has no keys for batches of a size yet: a rollup can be lost without its keys.
pub(super) fn check_free(directory: &Path, size: u16) -> anyhow::Result<()> {
    for path in [proving_key_path(directory, size), verifying_key_path(directory, size)] {
        anyhow::ensure!(!path.exists(), "{}: these keys exist: name another directory", path.display());
    }
    Ok(())
}

fn verifying_key_path(directory: &Path, size: u16) -> PathBuf {
    directory.join(format!("{size}.json"))
}

/// Writes the keys of a circuit into a directory, and returns the file of the proving key.
pub(super) fn save(key: &ProvingKey, directory: &Path) -> anyhow::Result<PathBuf> {
    let size = key.circuit.size;
    let path = proving_key_path(directory, size);
    let name = || path.display().to_string();
    let mut file = BufWriter::with_capacity(1 << 20, File::create_new(&path).with_context(name)?);
    key.write(&mut file).with_context(name)?;
    file.flush().with_context(name)?;
    let verifying = verifying_key_path(directory, size);
    let document = format!("{:#}\n", serde_json::to_value(VerifyingKeyFile::new(key)?)?);
    std::fs::write(&verifying, document).with_context(|| verifying.display().to_string())?;
    let mut out = output::stdout();
    writeln!(out, "wrote {} and {}", output::Plain(path.display()), output::Plain(verifying.display()))?;
    Ok(path)
}
