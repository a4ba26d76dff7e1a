//! Merging: one payload of several.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::crypto;

use crate::{
    error::MergeError,
    input::{Block, Payload},
    keys::Signature,
};

/// Makes one payload of several.
///
/// A user's package is a block of one transaction without a proposer; a proposer's is a block of none that names it; and a
/// block that has been built before is a package, too.
///
/// 1. All are payloads, and there is one at least. A genesis goes with no other.
/// 2. Transactions stay in the order in which they come.
/// 3. At most one proposer is named, be it several times.
/// 4. Signatures are points, and are summed up. Whether they are right is for the transition to tell.
///
/// # Errors
///
/// If one of the conditions does not hold.
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
    if signatures.is_empty() {
        return Err(MergeError::NoPackages);
    }
    merged.signature = Signature(crypto::bls_aggregate(&signatures).map_err(MergeError::Signature)?);
    Ok(Payload::Block(merged).to_bytes())
}

/// Adds transactions and proposer of a block, the one at `index`.
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
