//! Merging: several packages become one payload.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    string::ToString as _,
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
/// A user's package is a transaction. A proposer's package is a proposal, which has the time of the block, the script
/// of the coinbase, and transactions if the proposer wants some. A block that was built before can also be a package,
/// and stands for the proposal of which it could have been made.
///
/// 1. All packages are payloads. A genesis, an assumed state or a block on one has to be the only one. A block that is
///    the only one stays as it is.
/// 2. At least one package is a proposal, and all proposals have the same script. The latest time counts.
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
            Payload::Genesis(_) | Payload::AssumedState(_) | Payload::Block(_) | Payload::AssumedBlock(_)
                if packages.len() == 1 =>
            {
                return Ok(package.to_vec());
            }
            Payload::Genesis(_) | Payload::AssumedState(_) | Payload::AssumedBlock(_) => {
                return Err(MergeError::Alone { index });
            }
            Payload::Transaction(transaction) => [transaction].to_vec(),
            Payload::Proposal(proposal) => propose(&mut merged, proposal, index)?,
            Payload::Block(block) => {
                let proposal = Proposal::of_block(&block)
                    .map_err(|error| MergeError::Block { index, reason: error.to_string() })?;
                propose(&mut merged, proposal, index)?
            }
        };
        more.iter().try_for_each(|transaction| note_inputs(&mut spent_by, transaction, index))?;
        transactions.extend(more);
    }
    let proposal = merged.ok_or(MergeError::NoProposal)?;
    Ok(Payload::Proposal(Proposal { transactions, ..proposal }).to_bytes())
}

/// Adds a proposal to those before it, and returns its transactions.
fn propose(
    merged: &mut Option<Proposal>,
    proposal: Proposal,
    index: usize,
) -> Result<Vec<Transaction>, MergeError> {
    let Proposal { time, script, transactions } = proposal;
    let first = merged.get_or_insert(Proposal { time, script: script.clone(), transactions: Vec::new() });
    if first.script != script {
        return Err(MergeError::Proposals { index });
    }
    first.time = first.time.max(time);
    Ok(transactions)
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
