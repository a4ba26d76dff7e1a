//! The payload of a block. The crate's front page describes the layout.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::Reader;

use crate::{
    error::InputError,
    genesis::Endowment,
    keys::{Address, PublicKey, Signature},
    transaction::Transaction,
};

/// The part of a block beside the witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The first accounts.
    Genesis(Vec<Endowment>),
    /// Transactions.
    Block(Block),
}

/// A block of transactions, in the order in which they are executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The sum of the senders' signatures, one for each transaction.
    pub signature: Signature,
    /// The account that gets the fees. Without a proposer, all fees have to be 0.
    pub proposer: Option<Address>,
    /// The transactions.
    pub transactions: Vec<Transaction>,
}

impl Payload {
    /// Encodes the payload.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Payload::Genesis(endowments) => {
                bytes.push(GENESIS);
                for Endowment { public_key, balance } in endowments {
                    bytes.extend(public_key.0);
                    bytes.extend(balance.to_le_bytes());
                }
            }
            Payload::Block(block) => {
                bytes.push(BLOCK);
                bytes.extend(block.signature.0);
                bytes.extend(block.proposer.map_or(NO_PROPOSER, |proposer| proposer.0));
                block.transactions.iter().for_each(|transaction| transaction.write(&mut bytes));
            }
        }
        bytes
    }

    /// Decodes a payload.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a valid payload. Each payload has one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Payload, InputError> {
        let mut reader = Reader::new(bytes);
        let [kind] = reader.take_array()?;
        match kind {
            GENESIS => read_to_end(&mut reader, |reader| {
                Ok(Endowment { public_key: PublicKey(reader.take_array()?), balance: reader.u64_le()? })
            })
            .map(Payload::Genesis),
            BLOCK => Ok(Payload::Block(Block {
                signature: Signature(reader.take_array()?),
                proposer: Some(reader.take_array()?).filter(|bytes| *bytes != NO_PROPOSER).map(Address),
                transactions: read_to_end(&mut reader, Transaction::read)?,
            })),
            got => Err(InputError::PayloadKind { got }),
        }
    }
}

/// Reads items until no bytes are left.
fn read_to_end<'a, T>(
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, InputError>,
) -> Result<Vec<T>, InputError> {
    let mut items = Vec::new();
    while reader.remaining() > 0 {
        items.push(read(reader)?);
    }
    Ok(items)
}

const GENESIS: u8 = 0;
const BLOCK: u8 = 1;

/// The encoding of no proposer. It is not the address of an account: no key with this hash is known.
const NO_PROPOSER: [u8; 32] = [0; 32];
