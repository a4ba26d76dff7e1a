//! The payload of a block, and packages for a provider. The crate's front page describes the layout.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{borrow::Cow, string::ToString as _, vec::Vec};

use bitcoin_consensus_encoding::{decode_from_slice, decode_from_slice_unbounded, encode_to_vec};
use bitcoin_primitives::{Block, Transaction, transaction::TransactionDecoderError};
use outrider_sdk::Reader;
use outrider_witness::{reader::push_varint, utreexo::HeaderCode};

use crate::{
    error::{BlockError, InputError},
    hash::{Digest, OutPoint},
    network::Network,
};

/// The part of block data beside the witness, or a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Makes the state of a network that has only its genesis block.
    Genesis(Network),
    /// Makes a state in which some outputs are unspent, for which somebody vouches.
    AssumedState(AssumedState),
    /// A block of a chain whose history is known, as Bitcoin encodes it.
    Block(Cow<'a, [u8]>),
    /// A block on an assumed state, as Bitcoin encodes it.
    AssumedBlock(Cow<'a, [u8]>),
    /// The wishes of a proposer: a package, of which a provider makes a block.
    Proposal(Proposal),
    /// A transaction that somebody wants in a block: a package.
    Transaction(Transaction),
}

/// A state for which somebody vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedState {
    /// The network.
    pub network: Network,
    /// The height of the last block.
    pub height: u32,
    /// The hash of the last block.
    pub block_hash: Digest,
    /// Unspent outputs, by the height of their blocks. Those of the same height have the same block hash.
    pub outputs: Vec<AssumedOutput>,
}

/// An unspent output for which somebody vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedOutput {
    /// The hash of the block that made it; zeros if it is not known.
    pub block_hash: Digest,
    /// The output.
    pub out_point: OutPoint,
    /// The height of the block that made it, and whether its coinbase did.
    pub code: HeaderCode,
    /// The amount in satoshi.
    pub amount: u64,
    /// The script.
    pub script: Vec<u8>,
}

/// The wishes of a proposer for a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The time of the block; on a shard, the slot determines it instead.
    pub time: u32,
    /// The script to which the coinbase pays subsidy and fees.
    pub script: Vec<u8>,
    /// The transactions beside the coinbase.
    pub transactions: Vec<Transaction>,
}

impl<'a> Payload<'a> {
    /// Encodes the payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Genesis(network) => bytes.extend([GENESIS, network.number()]),
            Self::AssumedState(state) => {
                bytes.extend([ASSUMED_STATE, state.network.number()]);
                bytes.extend(state.height.to_le_bytes());
                bytes.extend(state.block_hash.0);
                state.outputs.iter().for_each(|output| output.write(&mut bytes));
            }
            Self::Block(block) => {
                bytes.push(BLOCK);
                bytes.extend(block.as_ref());
            }
            Self::AssumedBlock(block) => {
                bytes.push(ASSUMED_BLOCK);
                bytes.extend(block.as_ref());
            }
            Self::Proposal(proposal) => {
                bytes.push(PROPOSAL);
                bytes.extend(proposal.time.to_le_bytes());
                push_script(&mut bytes, &proposal.script);
                proposal.transactions.iter().for_each(|transaction| bytes.extend(encode_to_vec(transaction)));
            }
            Self::Transaction(transaction) => {
                bytes.push(TRANSACTION);
                bytes.extend(encode_to_vec(transaction));
            }
        }
        bytes
    }

    /// Decodes a payload. A block stays as it is, and is not copied.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a payload. Each payload has one encoding.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, InputError> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8()?;
        Ok(match kind {
            GENESIS => {
                let network = read_network(&mut reader)?;
                reader.finish()?;
                Self::Genesis(network)
            }
            ASSUMED_STATE => Self::AssumedState(AssumedState {
                network: read_network(&mut reader)?,
                height: reader.u32_le()?,
                block_hash: Digest(reader.take_array()?),
                outputs: {
                    let mut outputs = Vec::new();
                    while reader.remaining() > 0 {
                        outputs.push(AssumedOutput::read(&mut reader)?);
                    }
                    outputs
                },
            }),
            BLOCK => Self::Block(reader.rest().into()),
            ASSUMED_BLOCK => Self::AssumedBlock(reader.rest().into()),
            PROPOSAL => Self::Proposal(Proposal {
                time: reader.u32_le()?,
                script: read_script(&mut reader)?,
                transactions: {
                    let mut rest = reader.rest();
                    let mut transactions = Vec::new();
                    while !rest.is_empty() {
                        transactions.push(read_transaction(&mut rest, transactions.len())?);
                    }
                    transactions
                },
            }),
            TRANSACTION => {
                let mut rest = reader.rest();
                let transaction = read_transaction(&mut rest, 0)?;
                Reader::new(rest).finish()?;
                Self::Transaction(transaction)
            }
            got => return Err(InputError::Kind { got }),
        })
    }
}

impl Proposal {
    /// Returns what the proposer of a block wanted: its transactions in a block on another state, and the coinbase's
    /// first output for whoever got it.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a block.
    pub fn of_block(bytes: &[u8]) -> Result<Self, BlockError> {
        let block: Block = decode_from_slice(bytes).map_err(BlockError::of_decoder)?;
        let (header, mut transactions) = block.into_parts();
        let coinbase = (!transactions.is_empty()).then(|| transactions.remove(0));
        let paid = coinbase.and_then(|coinbase| coinbase.outputs.into_iter().next());
        let script = paid.map(|output| output.script_pubkey.into_bytes()).unwrap_or_default();
        Ok(Self { time: header.time.to_u32(), script, transactions })
    }
}

impl AssumedOutput {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.block_hash.0);
        bytes.extend(self.out_point.txid.0);
        bytes.extend(self.out_point.vout.to_le_bytes());
        bytes.extend(self.code.0.to_le_bytes());
        bytes.extend(self.amount.to_le_bytes());
        push_script(bytes, &self.script);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, InputError> {
        Ok(Self {
            block_hash: Digest(reader.take_array()?),
            out_point: OutPoint { txid: Digest(reader.take_array()?), vout: reader.u32_le()? },
            code: HeaderCode(reader.u32_le()?),
            amount: reader.u64_le()?,
            script: read_script(reader)?,
        })
    }
}

fn read_network(reader: &mut Reader<'_>) -> Result<Network, InputError> {
    let got = reader.u8()?;
    Network::from_number(got).ok_or(InputError::Network { got })
}

fn push_script(bytes: &mut Vec<u8>, script: &[u8]) {
    push_varint(bytes, u32::try_from(script.len()).unwrap_or(u32::MAX));
    bytes.extend(script);
}

fn read_script(reader: &mut Reader<'_>) -> Result<Vec<u8>, InputError> {
    let length = reader.length(1)?;
    Ok(reader.take(length)?.to_vec())
}

/// Reads a transaction that other data may follow.
fn read_transaction(bytes: &mut &[u8], index: usize) -> Result<Transaction, InputError> {
    decode_from_slice_unbounded(bytes).map_err(|error: TransactionDecoderError| InputError::Transaction {
        index,
        reason: error.to_string(),
    })
}

const GENESIS: u8 = 0;
const ASSUMED_STATE: u8 = 1;
const BLOCK: u8 = 2;
const ASSUMED_BLOCK: u8 = 3;
const PROPOSAL: u8 = 4;
const TRANSACTION: u8 = 5;
