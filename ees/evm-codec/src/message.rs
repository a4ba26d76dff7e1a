//! Messages: what receipts between EEs carry to and from chains on shards.

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, Bytes, U256, address};

/// The contract that sends receipts.
pub const OUTBOX: Address = address!("0000000000000000000000004f75747269646572");

/// The payload of a message to a chain on a shard.
///
/// | bytes | content |
/// |---|---|
/// | 32 | the sender: from a chain of the same EE, a tag of 12 bytes and an address; else whatever the other EE says |
/// | 32 | the destination: 12 zero bytes and an address |
/// | 8 | the gas limit, big-endian; at its end, a payload may stop before it |
/// | to the end | the input of the call |
///
/// A gas limit of zero, or none, is a credit without a call, and has no input. The tag is zero if the sender does not want
/// to be called if the message returns. Of a message that returns, the first 64 bytes come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first word.
    pub sender: B256,
    /// The account that is credited or called.
    pub destination: Address,
    /// The gas limit of the call, or zero for a credit.
    pub gas_limit: u64,
    /// The input of the call.
    pub data: Bytes,
}

/// The reason for which a payload is not that of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It ends early.
    #[error(
        "a message has a sender and a destination of 32 bytes each, and 8 bytes of gas limit or nothing more"
    )]
    Length,
    /// The destination is no address.
    #[error("the destination does not begin with 12 zero bytes, as an address of 32 bytes does")]
    Destination,
    /// There is an input without gas.
    #[error("the message has an input for a call, but no gas")]
    NoGas,
}

impl Message {
    /// Encodes the payload, with the gas limit.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { sender, destination, gas_limit, data } = self;
        [&sender.0, &destination.into_word().0, &gas_limit.to_be_bytes()[..], data].concat()
    }

    /// Decodes a payload.
    ///
    /// # Errors
    ///
    /// Fails with a [`MessageError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let (sender, rest) = bytes.split_first_chunk().ok_or(MessageError::Length)?;
        let (destination, rest) = rest.split_first_chunk().ok_or(MessageError::Length)?;
        let destination = address_of(B256::new(*destination)).ok_or(MessageError::Destination)?;
        let (gas_limit, data) = match rest.split_first_chunk() {
            Some((gas_limit, data)) => (u64::from_be_bytes(*gas_limit), data),
            None if rest.is_empty() => (0, rest),
            None => return Err(MessageError::Length),
        };
        if gas_limit == 0 && !data.is_empty() {
            return Err(MessageError::NoGas);
        }
        Ok(Self { sender: B256::new(*sender), destination, gas_limit, data: Bytes::copy_from_slice(data) })
    }
}

/// The input of a message whose destination is the alias of its sender: a call that the alias makes. So the sender spends
/// what its alias has been paid.
///
/// | bytes | content |
/// |---|---|
/// | 32 | the destination: 12 zero bytes and an address |
/// | 32 | the value in wei, big-endian |
/// | to the end | the input of the call |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The account that is called.
    pub destination: Address,
    /// In wei.
    pub value: U256,
    /// The input of the call.
    pub data: Bytes,
}

impl Spending {
    /// Encodes the input.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { destination, value, data } = self;
        [&destination.into_word().0[..], &value.to_be_bytes::<32>(), data].concat()
    }

    /// Decodes the input, or returns `None` if it is too short, or if the destination is no address.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (destination, rest) = bytes.split_first_chunk()?;
        let (value, data) = rest.split_first_chunk::<32>()?;
        Some(Self {
            destination: address_of(B256::new(*destination))?,
            value: U256::from_be_bytes(*value),
            data: Bytes::copy_from_slice(data),
        })
    }
}

/// The part of a message of a chain that comes back when it returns, after the hash of its receipt.
///
/// | bytes | content |
/// |---|---|
/// | 32 | the hash of the receipt |
/// | 12 | the tag |
/// | 20 | the sender |
/// | up to 32 | more of the payload; of a message to a chain, the destination |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// What the sender chose, if it is not zero, to recognize the message.
    pub tag: [u8; 12],
    /// Who gets the ether.
    pub sender: Address,
    /// The destination, or what another EE has there; zeros for what is missing.
    pub destination: B256,
}

impl Returned {
    /// Decodes the payload of a receipt that has returned, or returns `None` if it has no sender.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (_, rest) = bytes.split_at_checked(32)?;
        let (tag, rest) = rest.split_first_chunk()?;
        let (sender, rest) = rest.split_first_chunk()?;
        let mut destination = B256::ZERO;
        destination.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Some(Self { tag: *tag, sender: Address::new(*sender), destination })
    }
}

/// Returns the address in the payload of a receipt from the beacon chain: 20 bytes, or a word.
pub fn withdrawal_address(payload: &[u8]) -> Option<Address> {
    match payload.len() {
        20 => Some(Address::from_slice(payload)),
        32 => address_of(B256::from_slice(payload)),
        _ => None,
    }
}

/// Returns the bytes of which the Keccak-256 hash ends with the alias of a sender on another shard or of another EE: the
/// address that calls for it. Numbers are big-endian.
///
/// An alias is no other account's address, unless hashes collide: addresses are hashes of public keys, 64 bytes, of the
/// 22 to 31 bytes of RLP with which a contract creates another one, or of the 85 bytes of EIP-1014, and this is one of 48.
pub fn alias_preimage(shard: u64, ee: u64, sender: B256) -> [u8; 48] {
    let mut bytes = [0; 48];
    let (numbers, word) = bytes.split_at_mut(16);
    numbers.copy_from_slice([shard, ee].map(u64::to_be_bytes).as_flattened());
    word.copy_from_slice(sender.as_slice());
    bytes
}

/// Returns the address in a word, or `None` if it does not begin with zeros.
fn address_of(word: B256) -> Option<Address> {
    let address = Address::from_word(word);
    (address.into_word() == word).then_some(address)
}
