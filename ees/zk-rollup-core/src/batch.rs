//! The sizes of batches, and the one public input of their proofs.
//!
//! The public input is a chain of compressions over these elements. The first compression takes four of them, each
//! further one takes its predecessor and three more; zeros fill the last.
//!
//! 1. the root of the account tree before the batch
//! 2. the root after it
//! 3. the domain of the rollup
//! 4. the transfers, two to an element: `t[2 i] + 2^96 t[2 i + 1]`, and the first element also has the size of the batch
//!    times 2^192. An absent transfer is zero.

use crate::field::{self, Fr};
use crate::poseidon::{LANES, compress};
use crate::transfer::{PACKED_BITS, Transfer};

/// The sizes of batches: each has its circuit and its keys.
pub const SIZES: [u16; 4] = [8, 30, 60, 120];

/// More transfers than the batch has room for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{n_transfers} transfers exceed a batch of {size}")]
pub struct BatchSizeError {
    /// The number of transfers.
    pub n_transfers: usize,
    /// The size of the batch.
    pub size: u16,
}

/// Returns the smallest size of [`SIZES`] with room for a number of transfers.
pub fn size_for(n_transfers: usize) -> Option<u16> {
    SIZES.into_iter().find(|size| n_transfers <= usize::from(*size))
}

/// Returns the public input of a batch. Absent transfers count as zeros, up to its size.
///
/// # Errors
///
/// Returns [`BatchSizeError`] if there are more transfers than the size.
pub fn public_input(
    domain: &Fr,
    old_root: &Fr,
    new_root: &Fr,
    transfers: &[Transfer],
    size: u16,
) -> Result<Fr, BatchSizeError> {
    if transfers.len() > usize::from(size) {
        return Err(BatchSizeError { n_transfers: transfers.len(), size });
    }
    let present = transfers.iter().map(Transfer::packed);
    let mut slots = present.chain(core::iter::repeat(0)).take(usize::from(size));
    let mut pairs = core::iter::from_fn(|| slots.next().map(|even| pair(even, slots.next().unwrap_or(0))));
    let sized = pairs.next().unwrap_or_default() + Fr::from(size) * field::power_of_two(SIZE_SHIFT);
    let mut digest = compress([*old_root, *new_root, *domain, sized]);
    while let Some(first) = pairs.next() {
        let mut rest = || pairs.next().unwrap_or_default();
        let input: [Fr; LANES] = [digest, first, rest(), rest()];
        digest = compress(input);
    }
    Ok(digest)
}

/// Returns two packed transfers as one element.
fn pair(even: u128, odd: u128) -> Fr {
    Fr::from(even) + Fr::from(odd) * field::power_of_two(PACKED_BITS)
}

/// The place of the size in the first element of transfers, in bits.
pub const SIZE_SHIFT: u32 = 2 * PACKED_BITS;
