//! Accounts and their leaves.

use crate::field::{self, ELEMENT_BYTES, Fr, NotCanonicalError};
use crate::poseidon::compress;

/// Length of an account, in bytes.
pub const ACCOUNT_BYTES: usize = ELEMENT_BYTES + 8 + 8;

/// The last lane of the hash of a leaf.
pub const LEAF_TAG: u64 = 1;

/// An account: whoever has the key may spend the balance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Account {
    /// The y coordinate of the public key.
    pub key_y: Fr,
    /// The balance, in Gwei.
    pub balance: u64,
    /// The number of transfers and exits that the account signed.
    pub nonce: u64,
}

impl Account {
    /// Returns the hash of the account, which is its leaf in the tree: `compress(key_y, balance + 2^64 nonce, 0, 1)`.
    ///
    /// The leaf of no account is zero.
    pub fn leaf(&self) -> Fr {
        compress([self.key_y, Fr::from(self.packed()), Fr::from(0_u64), Fr::from(LEAF_TAG)])
    }

    /// Returns balance and nonce as one integer.
    pub fn packed(&self) -> u128 {
        u128::from(self.nonce) << 64 | u128::from(self.balance)
    }

    /// Returns the 48 bytes of the account: the coordinate, the balance and the nonce.
    pub fn to_bytes(&self) -> [u8; ACCOUNT_BYTES] {
        let mut bytes = [0; ACCOUNT_BYTES];
        bytes[..32].copy_from_slice(&field::to_bytes(&self.key_y));
        bytes[32..40].copy_from_slice(&self.balance.to_be_bytes());
        bytes[40..].copy_from_slice(&self.nonce.to_be_bytes());
        bytes
    }

    /// Returns the account with these 48 bytes. The coordinate is any element: keys are checked when an account is made.
    ///
    /// # Errors
    ///
    /// Returns [`NotCanonicalError`] if the coordinate is not below the field's order.
    pub fn from_bytes(bytes: &[u8; ACCOUNT_BYTES]) -> Result<Account, NotCanonicalError> {
        let (mut key_y, mut balance, mut nonce) = ([0; 32], [0; 8], [0; 8]);
        key_y.copy_from_slice(&bytes[..32]);
        balance.copy_from_slice(&bytes[32..40]);
        nonce.copy_from_slice(&bytes[40..]);
        Ok(Account {
            key_y: field::from_bytes(&key_y)?,
            balance: u64::from_be_bytes(balance),
            nonce: u64::from_be_bytes(nonce),
        })
    }
}
