//! Merging: several packages become one payload.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::crypto;

use crate::{
    error::MergeError,
    input::{Block, Payload},
    keys::Signature,
};

/// Merges packages into one payload.
///
/// A user's package is a block of one transaction without a proposer. A proposer's package is a block without
/// transactions that names the proposer. A block that was built before can also be a package. Without packages, the payload
/// is an empty block, which takes receipts.
///
/// 1. All packages are payloads. A genesis has to be the only package.
/// 2. Transactions are kept in the order of the packages.
/// 3. All packages that name a proposer name the same one.
/// 4. Signatures are points, and are added up. The transition checks whether the sum is valid.
///
/// # Errors
///
/// Fails if a condition does not hold.
pub fn merge(packages: &[&[u8]]) -> Result<Vec<u8>, MergeError> {
    let mut merged = Block { signature: Signature::EMPTY_SUM, proposer: None, transactions: Vec::new() };
    let mut signatures = Vec::with_capacity(packages.len());
    for (index, package) in packages.iter().enumerate() {
        match Payload::from_bytes(package).map_err(|source| MergeError::Input { index, source })? {
            Payload::Genesis(_) if packages.len() == 1 => return Ok(package.to_vec()),
            Payload::Genesis(_) => return Err(MergeError::GenesisAmongOthers { index }),
            Payload::Block(block) => {
                signatures.push(block.signature.0);
                add(&mut merged, block, index)?;
            }
        }
    }
    if !signatures.is_empty() {
        merged.signature = Signature(crypto::bls_aggregate(&signatures).map_err(MergeError::Signature)?);
    }
    Ok(Payload::Block(merged).to_bytes())
}

/// Adds the transactions and the proposer of the block at `index`.
fn add(merged: &mut Block, block: Block, index: usize) -> Result<(), MergeError> {
    if let Some(got) = block.proposer {
        let expected = *merged.proposer.get_or_insert(got);
        if got != expected {
            return Err(MergeError::Proposers { index, got, expected });
        }
    }
    merged.transactions.extend(block.transactions);
    Ok(())
}
