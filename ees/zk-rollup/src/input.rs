//! The payload of a block. The crate's front page describes the layout.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::Reader;
use outrider_witness::reader::push_varint;
use outrider_zk_rollup_core::{AccountIndex, Signature};

use crate::{
    error::InputError,
    exit::{EXIT_BYTES_MIN, SignedExit},
    genesis::Genesis,
    index,
    section::Section,
};

/// The part of block data beside the witness, or a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Makes the first state.
    Genesis(Genesis),
    /// The operator's next section.
    Section(SignedSection),
    /// Operations without the operator. With none of them, the block takes receipts, and anybody can make it at any time.
    Forced(Forced),
}

/// A section with the operator's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedSection {
    /// The signature of the section's [message](Section::message).
    pub signature: Signature,
    /// The section.
    pub section: Section,
}

/// Operations without the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forced {
    /// The number of pending deposits that get their places, the first ones.
    pub n_deposits: u32,
    /// The exits, in order.
    pub exits: Vec<SignedExit>,
}

impl Payload {
    /// Encodes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Genesis(genesis) => [&[GENESIS][..], &genesis.to_bytes()].concat(),
            Self::Section(SignedSection { signature, section }) => {
                [&[SECTION][..], &signature.to_bytes(), &section.to_bytes()].concat()
            }
            Self::Forced(Forced { n_deposits, exits }) => {
                let mut bytes = [FORCED].to_vec();
                push_varint(&mut bytes, *n_deposits);
                exits.iter().for_each(|exit| exit.write(&mut bytes));
                bytes
            }
        }
    }

    /// Decodes a payload.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a payload. Each payload has one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InputError> {
        let mut reader = Reader::new(bytes);
        Ok(match reader.u8()? {
            GENESIS => Self::Genesis(Genesis::read(reader)?),
            SECTION => Self::Section(SignedSection {
                signature: read_signature(&mut reader)?,
                section: Section::read(reader)?,
            }),
            FORCED => Self::Forced(Forced {
                n_deposits: reader.varint()?,
                exits: {
                    let mut exits = Vec::new();
                    while reader.remaining() > 0 {
                        exits.push(SignedExit::read(&mut reader)?);
                    }
                    exits
                },
            }),
            got => return Err(InputError::Kind { got }),
        })
    }
}

pub(crate) fn write_exits(exits: &[SignedExit], bytes: &mut Vec<u8>) {
    push_varint(bytes, u32::try_from(exits.len()).unwrap_or(u32::MAX));
    exits.iter().for_each(|exit| exit.write(bytes));
}

pub(crate) fn read_exits(reader: &mut Reader<'_>) -> Result<Vec<SignedExit>, InputError> {
    let n_exits = reader.length(EXIT_BYTES_MIN)?;
    (0..n_exits).map(|_| SignedExit::read(reader)).collect()
}

pub(crate) fn read_index(reader: &mut Reader<'_>) -> Result<AccountIndex, InputError> {
    let offset = reader.offset();
    index::from_bytes(reader.take_array()?).ok_or(InputError::Index { offset })
}

pub(crate) fn read_signature(reader: &mut Reader<'_>) -> Result<Signature, InputError> {
    let offset = reader.offset();
    let signature = Signature::from_bytes(&reader.take_array()?);
    signature.map_err(|source| InputError::Signature { offset, source })
}

const GENESIS: u8 = 0;
const SECTION: u8 = 1;
const FORCED: u8 = 2;
