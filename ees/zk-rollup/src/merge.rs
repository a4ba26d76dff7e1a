//! Merging: several packages become one payload.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    vec::Vec,
};

use crate::{
    error::MergeError,
    input::{Forced, Payload},
};

/// Merges packages into one payload.
///
/// 1. A genesis, and a section, is the only package with operations.
/// 2. Operations without the operator are joined: the most deposits, and all exits, in the order of the packages. No
///    two exits have the same account and nonce.
/// 3. Without packages, the block only takes receipts.
///
/// # Errors
///
/// Fails if a condition does not hold, or if a package is no payload.
pub fn merge(packages: &[&[u8]]) -> Result<Vec<u8>, MergeError> {
    let mut alone: Option<(usize, &[u8])> = None;
    let mut merged = Forced::default();
    let mut exits = BTreeMap::new();
    let mut last_operations = None;
    for (index, package) in packages.iter().enumerate() {
        let payload = Payload::from_bytes(package).map_err(|source| MergeError::Input { index, source })?;
        let forced = match payload {
            Payload::Genesis(_) | Payload::Section(_) => {
                if let Some(first) = last_operations.replace(index) {
                    return Err(MergeError::Alone { index, first });
                }
                alone = Some((index, package));
                continue;
            }
            Payload::Forced(forced) => forced,
        };
        if forced == Forced::default() {
            continue;
        }
        if let Some((first, _)) = alone {
            return Err(MergeError::Alone { index, first });
        }
        last_operations = Some(index);
        for exit in &forced.exits {
            let (account, nonce) = (exit.exit.index, exit.exit.nonce);
            match exits.entry((account, nonce)) {
                Entry::Vacant(entry) => entry.insert(index),
                Entry::Occupied(entry) => {
                    return Err(MergeError::Exit { index, first: *entry.get(), account, nonce });
                }
            };
        }
        merged.n_deposits = merged.n_deposits.max(forced.n_deposits);
        merged.exits.extend(forced.exits);
    }
    Ok(match alone {
        Some((_, package)) => package.to_vec(),
        None => Payload::Forced(merged).to_bytes(),
    })
}
