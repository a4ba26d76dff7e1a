//! Keccak-256, computed by the host.
//!
//! alloy and revm hash with their own code, which would run in the guest. This module replaces it where that matters.

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use outrider_sdk::crypto;

/// Returns the Keccak-256 hash of the bytes.
pub(crate) fn keccak256(bytes: impl AsRef<[u8]>) -> B256 {
    B256::new(crypto::keccak256(bytes.as_ref()))
}

/// Returns the address of a public key, `x || y`.
pub(crate) fn address(public_key: &[u8; 64]) -> Address {
    Address::from_word(keccak256(public_key))
}

/// Returns the bloom of logs, [Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), section 4.4.1.
pub(crate) fn bloom(logs: &[Log]) -> Bloom {
    let mut bloom = Bloom::ZERO;
    for log in logs {
        bloom.accrue(BloomInput::Hash(keccak256(log.address)));
        log.topics().iter().for_each(|topic| bloom.accrue(BloomInput::Hash(keccak256(topic))));
    }
    bloom
}
