//! Keccak-256, computed by the host.
//!
//! alloy and revm hash with code of their own, which is in the guest then. Where it matters, this is used instead.

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use outrider_sdk::crypto;

/// The Keccak-256 hash of the bytes.
pub(crate) fn keccak256(bytes: impl AsRef<[u8]>) -> B256 {
    B256::new(crypto::keccak256(bytes.as_ref()))
}

/// The address of who has this public key, `x || y`.
pub(crate) fn address(public_key: &[u8; 64]) -> Address {
    Address::from_word(keccak256(public_key))
}

/// The filter of logs, [Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), section 4.4.1.
pub(crate) fn bloom(logs: &[Log]) -> Bloom {
    let mut bloom = Bloom::ZERO;
    for log in logs {
        bloom.accrue(BloomInput::Hash(keccak256(log.address)));
        log.topics().iter().for_each(|topic| bloom.accrue(BloomInput::Hash(keccak256(topic))));
    }
    bloom
}
