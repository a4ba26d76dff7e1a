//! Names of networks, and the bytes before a block by which nodes distinguish them.

use outrider_utxo_ee::{Digest, Network, Tip};

/// Returns the name of a network.
#[must_use]
pub const fn name(network: Network) -> &'static str {
    match network {
        Network::Main => "main",
        Network::Test => "test",
        Network::Signet => "signet",
        Network::Regtest => "regtest",
        Network::Shard => "shard",
    }
}

/// Returns the network with a name.
#[must_use]
pub fn of_name(text: &str) -> Option<Network> {
    Network::ALL.into_iter().find(|network| name(*network) == text)
}

/// Returns the network whose first block has a hash.
#[must_use]
pub fn of_genesis(hash: &Digest) -> Option<Network> {
    BITCOIN.into_iter().find(|network| Tip::genesis(*network).block_hash == *hash)
}

/// Returns the network of the four bytes before a block (`pchMessageStart` in Bitcoin Core's
/// `src/kernel/chainparams.cpp`).
pub(crate) fn of_magic(magic: [u8; 4]) -> Option<Network> {
    match magic {
        [0xf9, 0xbe, 0xb4, 0xd9] => Some(Network::Main),
        [0x0b, 0x11, 0x09, 0x07] => Some(Network::Test),
        [0x0a, 0x03, 0xcf, 0x40] => Some(Network::Signet),
        [0xfa, 0xbf, 0xb5, 0xda] => Some(Network::Regtest),
        _ => None,
    }
}

/// The networks of Bitcoin nodes.
pub const BITCOIN: [Network; 4] = [Network::Main, Network::Test, Network::Signet, Network::Regtest];
