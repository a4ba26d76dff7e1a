//! Reads files with blocks, and the names of networks.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use outrider_host::ExecutionErrorKind;
use outrider_utxo::blocks::{self, BlockFile, RawBlock};
use outrider_utxo::chain::ChainError;
use outrider_utxo::network;
use outrider_utxo_ee::Network;

use crate::files;

/// Finds files of blocks. In a directory of Bitcoin Core, these are `blk*.dat`, and not the undo data and the key beside them.
pub(super) fn find_blocks(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let is_other = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name == XOR_KEY || (name.starts_with("rev") && name.ends_with(".dat"))
    };
    let found = files::find(paths, &EXTENSIONS)?;
    Ok(found.into_iter().filter(|path| paths.contains(path) || !is_other(path)).collect())
}

/// The extensions of files that a directory may contain.
const EXTENSIONS: [&str; 6] = ["bz2", "dat", "gz", "hex", "raw", "txt"];

/// Reads a file of blocks.
pub(super) fn read_blocks(path: &Path) -> anyhow::Result<BlockFile> {
    let name = || files::name(path);
    let bytes = files::read(path, files::FILE_BYTES_MAX).with_context(name)?;
    let file = match xor_key(path)? {
        Some(key) => blocks::read_xored(&bytes, key),
        None => blocks::read(&bytes, files::FILE_BYTES_MAX),
    };
    file.with_context(name)
}

/// Returns the key with which Bitcoin Core has XORed a file `blk*.dat`, if there is one beside it.
fn xor_key(path: &Path) -> anyhow::Result<Option<[u8; 8]>> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let key = path.with_file_name(XOR_KEY);
    if !file_name.starts_with("blk") || path.extension() != Some(OsStr::new("dat")) || !key.is_file() {
        return Ok(None);
    }
    let bytes = files::read(&key, files::FILE_BYTES_MAX).with_context(|| files::name(&key))?;
    let n_bytes = bytes.len();
    let key = bytes.try_into().map_err(|_| {
        anyhow::anyhow!("{}: the key of Bitcoin Core's files has 8 bytes, got {n_bytes}", files::name(&key))
    });
    key.map(Some)
}

/// The name of the file with the key.
const XOR_KEY: &str = "xor.dat";

/// Names the block whose execution failed, and the option that helps if the fuel was too little.
pub(super) fn failure(block: &RawBlock, error: ChainError) -> anyhow::Error {
    let execution = match &error {
        ChainError::Provider(error) => error.execution(),
        _ => None,
    };
    let is_fuel = execution.is_some_and(|it| matches!(it.kind, ExecutionErrorKind::OutOfFuel { .. }));
    let error = anyhow::Error::new(error).context(format!("block {}", block.hash));
    if is_fuel { anyhow::anyhow!("{error:#}; --fuel sets it") } else { error }
}

/// Parses the name of a network of Bitcoin nodes.
pub(super) fn network_parser() -> impl TypedValueParser<Value = Network> {
    PossibleValuesParser::new(network::BITCOIN.map(network::name))
        .try_map(|text| network::of_name(&text).ok_or("no network has this name"))
}

/// Returns the network that is asked for, after checking that the bytes before the blocks do not say otherwise.
pub(super) fn check_network(
    path: &Path,
    asked: Option<Network>,
    named: Option<Network>,
) -> anyhow::Result<Option<Network>> {
    if let (Some(asked), Some(named)) = (asked, named) {
        anyhow::ensure!(
            asked == named,
            "{}: the file has blocks of the network `{}`, and --network names `{}`",
            files::name(path),
            network::name(named),
            network::name(asked)
        );
    }
    Ok(asked.or(named))
}
