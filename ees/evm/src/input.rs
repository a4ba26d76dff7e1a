//! Parses packages and blocks.

use alloc::{vec, vec::Vec};

use alloy_primitives::{Address, Bytes};
use alloy_rlp::{Header as RlpHeader, RlpDecodable, RlpEncodable};
use outrider_evm_codec::{ChainBlock, ChainPackage, Payload, Proposal, rlp::items};

use crate::{
    error::{BlockError, MergeError},
    header::Header,
};

/// Merges packages into a payload.
///
/// Packages for a chain on a shard are signed transactions, [`ChainPackage`]s, and blocks that were built before. They become
/// one package with all their transactions, in this order, from which the transition makes a block. The first package is
/// the proposer's: it names the beneficiary, and no other may name one or a gas limit, so a block that was built before
/// can be the first one only. Of any other payload, only one alone is possible, because an Ethereum block is whole.
///
/// # Errors
///
/// Fails if the packages do not go together, or if the first of several does not name the beneficiary.
pub fn merge(packages: &[&[u8]]) -> Result<Vec<u8>, MergeError> {
    let mut merged = ChainPackage::default();
    for (index, package) in packages.iter().enumerate() {
        let other = match alloy_rlp::decode_exact::<Payload>(package) {
            Ok(Payload::ChainPackage(package)) => package,
            Ok(Payload::ChainBlock(ChainBlock { beneficiary, gas_limit, transactions })) => {
                let proposal = Some(Proposal { beneficiary, gas_limit: Some(gas_limit) });
                ChainPackage { transactions, proposal }
            }
            // If it is no payload at all, the transition says why.
            _ if packages.len() == 1 => return Ok(package.to_vec()),
            Err(_) if is_transaction(package) => {
                ChainPackage { transactions: vec![owned(package)], proposal: None }
            }
            Ok(_) => return Err(MergeError::NotOne { got: packages.len() }),
            Err(source) => return Err(MergeError::Payload { index, source }),
        };
        if index == 0 {
            merged.proposal = other.proposal;
        } else if other.proposal.is_some() {
            return Err(MergeError::Proposal { index });
        }
        merged.transactions.extend(other.transactions);
    }
    match (packages.len(), merged.proposal) {
        (0, _) => Err(MergeError::NotOne { got: 0 }),
        (_, None) => Err(MergeError::NoProposal),
        (_, Some(_)) => Ok(alloy_rlp::encode(Payload::ChainPackage(merged))),
    }
}

/// Returns whether bytes have the form of a transaction: a type, EIP-2718, or a list of nine fields. Payloads have two or three.
fn is_transaction(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < alloy_rlp::EMPTY_STRING_CODE)
        || items(bytes).is_ok_and(|fields| fields.len() == 9)
}

/// A parsed block.
#[derive(Debug)]
pub(crate) struct BlockParts<'a> {
    pub(crate) header: Header,
    pub(crate) header_rlp: &'a [u8],
    /// The transactions in the form that is hashed: RLP, or EIP-2718's type and payload.
    pub(crate) transactions: Vec<&'a [u8]>,
    /// The RLP of the list.
    pub(crate) ommers: &'a [u8],
    pub(crate) withdrawals: Option<Vec<Withdrawal>>,
}

/// EIP-4895.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(crate) struct Withdrawal {
    pub(crate) index: u64,
    pub(crate) validator_index: u64,
    pub(crate) address: Address,
    /// In gwei.
    pub(crate) amount: u64,
}

impl<'a> BlockParts<'a> {
    /// Parses the RLP of a block.
    pub(crate) fn decode(block: &'a [u8], has_withdrawals: bool) -> Result<Self, BlockError> {
        let fields = items(block)?;
        let expected = if has_withdrawals { 4 } else { 3 };
        let (header_rlp, transactions, ommers, withdrawals) = match *fields {
            [header, transactions, ommers] if !has_withdrawals => (header, transactions, ommers, None),
            [header, transactions, ommers, withdrawals] if has_withdrawals => {
                (header, transactions, ommers, Some(withdrawals))
            }
            _ => return Err(BlockError::Fields { got: fields.len(), expected }),
        };
        let header = alloy_rlp::decode_exact::<Header>(header_rlp)?;
        let transactions = items(transactions)?.into_iter().map(transaction).collect::<Result<_, _>>()?;
        let withdrawals = withdrawals.map(alloy_rlp::decode_exact::<Vec<Withdrawal>>).transpose()?;
        Ok(Self { header, header_rlp, transactions, ommers, withdrawals })
    }
}

/// Returns a transaction in the form that is hashed; a typed one is a string in a block.
fn transaction(mut item: &[u8]) -> alloy_rlp::Result<&[u8]> {
    if item.first().is_some_and(|byte| *byte >= alloy_rlp::EMPTY_LIST_CODE) {
        return Ok(item);
    }
    RlpHeader::decode_bytes(&mut item, false)
}

/// Returns owned bytes for alloy's types.
pub(crate) fn owned(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
