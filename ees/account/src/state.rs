//! The state: accounts by their address.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use core::fmt;

use outrider_sdk::{
    Reader, crypto,
    state::{Key, State},
};

use crate::error::AccountError;

/// The name of an account: the Keccak-256 hash of its encoded public key, and its key in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub [u8; 32]);

/// A BLS public key: a point of G1, compressed. Whether it is one shows when a signature is checked with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 48]);

/// A BLS signature, of one signer or many: a point of G2, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(pub [u8; 96]);

/// What an address stands for. Encoded it has [`ACCOUNT_BYTES`]:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 8 | `balance`, little-endian |
/// | 8 | 8 | `nonce`, little-endian |
/// | 16 | 48 | `public_key` |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// In Gwei.
    pub balance: u64,
    /// How many transactions the account has sent.
    pub nonce: u64,
    /// The key whose owner sends.
    pub public_key: PublicKey,
}

/// The length of an encoded [`Account`].
pub const ACCOUNT_BYTES: usize = 64;

impl PublicKey {
    /// Returns the address of the account with this key.
    pub fn address(&self) -> Address {
        Address(crypto::keccak256(&self.0))
    }
}

impl Signature {
    /// The sum of no signatures: the point at infinity.
    pub const EMPTY_SUM: Signature = {
        let mut bytes = [0; 96];
        bytes[0] = 0xc0;
        Signature(bytes)
    };
}

impl Account {
    /// Encodes the account.
    pub fn to_bytes(&self) -> [u8; ACCOUNT_BYTES] {
        let mut bytes = [0; ACCOUNT_BYTES];
        let (balance, rest) = bytes.split_at_mut(size_of::<u64>());
        let (nonce, public_key) = rest.split_at_mut(size_of::<u64>());
        balance.copy_from_slice(&self.balance.to_le_bytes());
        nonce.copy_from_slice(&self.nonce.to_le_bytes());
        public_key.copy_from_slice(&self.public_key.0);
        bytes
    }

    /// Decodes an account; none if the length is another.
    pub fn from_bytes(bytes: &[u8]) -> Option<Account> {
        let mut reader = Reader::new(bytes);
        let account = Account {
            balance: reader.u64_le().ok()?,
            nonce: reader.u64_le().ok()?,
            public_key: PublicKey(reader.take_array().ok()?),
        };
        reader.finish().ok()?;
        Some(account)
    }
}

/// Returns an account; `None` when it is proven that there is none.
pub(crate) fn account(state: &mut State, address: &Address) -> Result<Option<Account>, AccountError> {
    let Some(bytes) = state.get(&Key(address.0))? else { return Ok(None) };
    Account::from_bytes(bytes).map(Some).ok_or(AccountError::Malformed { address: *address })
}

/// Sets an account.
pub(crate) fn set_account(
    state: &mut State,
    address: &Address,
    account: &Account,
) -> Result<(), AccountError> {
    Ok(state.insert(&Key(address.0), &account.to_bytes())?)
}

/// 64 lower-case hex digits.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
