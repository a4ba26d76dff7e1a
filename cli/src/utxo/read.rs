//! Reads files with blocks, and the names of networks.

use std::path::Path;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use outrider_utxo::blocks::{self, BlockFile};
use outrider_utxo::network;
use outrider_utxo_ee::Network;

use crate::files;

/// Reads a file of blocks.
pub(super) fn read_blocks(path: &Path) -> anyhow::Result<BlockFile> {
    let name = || files::name(path);
    let bytes = files::read(path, files::FILE_BYTES_MAX).with_context(name)?;
    blocks::read(&bytes, files::FILE_BYTES_MAX).with_context(name)
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
