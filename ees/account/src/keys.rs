//! Keys, signatures, and the addresses of keys.

use core::fmt;

use outrider_sdk::crypto;

/// The address of an account: the Keccak-256 hash of its encoded public key. It is also the account's key in the
/// tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub [u8; 32]);

/// A BLS public key: a point of G1, compressed. It is checked only when a signature is verified with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 48]);

/// A BLS signature, of one signer or many: a point of G2, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(pub [u8; 96]);

impl PublicKey {
    /// Returns the address of the account with this key.
    pub fn address(&self) -> Address {
        Address(crypto::keccak256(&self.0))
    }
}

impl Signature {
    /// The aggregate of no signatures: the point at infinity.
    pub const EMPTY_SUM: Signature = {
        let mut bytes = [0; 96];
        bytes[0] = 0xc0;
        Signature(bytes)
    };
}

/// Writes 64 lower-case hex digits.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
