//! The state: accounts by their address.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use outrider_sdk::{
    Reader,
    state::{Key, State},
};

use crate::{
    error::AccountError,
    keys::{Address, PublicKey},
};

/// An account. Its encoding has [`ACCOUNT_BYTES`]:
///
/// | offset | bytes | field |
/// |---|---|---|
/// | 0 | 8 | `balance`, little-endian |
/// | 8 | 8 | `nonce`, little-endian |
/// | 16 | 48 | `public_key` |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The balance, in Gwei.
    pub balance: u64,
    /// The number of transactions that the account has sent.
    pub nonce: u64,
    /// The key that signs the account's transactions.
    pub public_key: PublicKey,
}

/// The address of the account with the ether that came back, or came from the beacon chain, for nobody. Its key is 48 zeros,
/// which is no point, so it can never send.
pub const UNCLAIMED: Address = Address([0; 32]);

/// The length of an encoded [`Account`].
pub const ACCOUNT_BYTES: usize = 64;

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

    /// Decodes an account. Returns `None` if the length is wrong.
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

/// Returns an account, or `None` if the state has no account at the address.
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
