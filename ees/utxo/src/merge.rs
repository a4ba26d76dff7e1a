//! Merging: several packages become one payload.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    vec::Vec,
};

use bitcoin_primitives::Transaction;

use crate::{
    error::MergeError,
    hash::OutPoint,
    input::{Payload, Proposal},
};

/// Merges packages into one payload.
///
/// A user's package is a transaction. A proposer's package is a proposal, which has the time of the block, the script of
/// the coinbase, and transactions if the proposer wants some.
///
/// 1. All packages are payloads. A genesis, an assumed state or a block has to be the only one.
/// 2. Exactly one package is a proposal.
/// 3. Transactions are kept in the order of the packages.
/// 4. No two transactions spend the same output.
///
/// # Errors
///
/// Fails if a condition does not hold.
pub fn merge(packages: &[&[u8]]) -> Result<Vec<u8>, MergeError> {
    let mut merged: Option<Proposal> = None;
    let mut transactions = Vec::new();
    let mut spent_by = BTreeMap::new();
    for (index, package) in packages.iter().enumerate() {
        let payload = Payload::from_bytes(package).map_err(|source| MergeError::Input { index, source })?;
        let more = match payload {
            Payload::Transaction(transaction) => [transaction].to_vec(),
            Payload::Proposal(proposal) if merged.is_none() => {
                merged = Some(Proposal { transactions: Vec::new(), ..proposal.clone() });
                proposal.transactions
            }
            Payload::Proposal(_) => return Err(MergeError::Proposals { index }),
            Payload::Genesis(_) | Payload::AssumedState(_) | Payload::Block(_) | Payload::AssumedBlock(_) => {
                return if packages.len() == 1 {
                    Ok(package.to_vec())
                } else {
                    Err(MergeError::Alone { index })
                };
            }
        };
        more.iter().try_for_each(|transaction| note_inputs(&mut spent_by, transaction, index))?;
        transactions.extend(more);
    }
    let proposal = merged.ok_or(MergeError::NoProposal)?;
    Ok(Payload::Proposal(Proposal { transactions, ..proposal }).to_bytes())
}

/// Notes the package that spends outputs.
fn note_inputs(
    spent_by: &mut BTreeMap<OutPoint, usize>,
    transaction: &Transaction,
    index: usize,
) -> Result<(), MergeError> {
    for input in &transaction.inputs {
        let out_point = OutPoint::from(&input.previous_output);
        match spent_by.entry(out_point) {
            Entry::Vacant(entry) => entry.insert(index),
            Entry::Occupied(entry) => {
                return Err(MergeError::Conflict { index, first: *entry.get(), out_point });
            }
        };
    }
    Ok(())
}
