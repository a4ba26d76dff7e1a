//! `outrider zk genesis`: makes the package with which a rollup begins.

use std::path::PathBuf;

use outrider_zk_rollup_core::PublicKey;
use outrider_zk_rollup_ee::{Genesis, Payload};

use super::keys::{VerifyingKeyFile, public_key};
use super::write;
use crate::Verdict;

/// Write the package with which a rollup begins, for `outrider state init --kind zk-rollup` or `outrider witness build`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Key of the operator: 64 hex digits of the public key, or the file of the secret key.
    #[arg(long, value_name = "KEY", value_parser = public_key)]
    operator: PublicKey,
    /// Slots after which exits and deposits need no operator.
    #[arg(long, value_name = "SLOTS", default_value_t = 7200)]
    silence: u64,
    /// Fee for each deposit, which the operator earns, in Gwei.
    #[arg(long, value_name = "GWEI", default_value_t = 0)]
    deposit_fee: u64,
    /// Verifying keys, SIZE.json of `outrider zk setup`, one for each size of batches.
    #[arg(required = true, value_name = "KEY.json")]
    keys: Vec<PathBuf>,
    /// File for the package. By default, it is printed to standard output.
    #[arg(short, long, value_name = "PACKAGES")]
    output: Option<PathBuf>,
}

pub(super) fn genesis(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let mut keys = Vec::new();
    for path in &arguments.keys {
        let (file, key) = VerifyingKeyFile::read(path)?;
        anyhow::ensure!(
            !keys.iter().any(|(size, _)| *size == file.size),
            "{}: another file has the key for batches of {}, too: name one of them",
            path.display(),
            file.size
        );
        keys.push((file.size, key));
    }
    keys.sort_by_key(|(size, _)| *size);
    let Arguments { operator, silence, deposit_fee, .. } = *arguments;
    let genesis = Payload::Genesis(Genesis { operator, silence, deposit_fee, keys });
    write::packages(arguments.output.as_deref(), &[genesis.to_bytes()])?;
    Ok(Verdict::Holds)
}
