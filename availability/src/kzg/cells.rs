//! The public functions of EIP-7594's `polynomial-commitments-sampling`, by c-kzg; no other module names its types.
//!
//! The setup is that of Ethereum's ceremony. It is loaded at the first call.

use c_kzg::{Bytes48, KzgSettings, ethereum_kzg_settings};
use thiserror::Error;

/// The bytes of a blob: 4,096 field elements of 32.
pub const BYTES_PER_BLOB: usize = c_kzg::BYTES_PER_BLOB;

/// The bytes of a cell: 64 field elements of 32.
pub const BYTES_PER_CELL: usize = c_kzg::BYTES_PER_CELL;

/// The number of cells of an extended blob.
pub const CELLS_PER_EXT_BLOB: usize = c_kzg::CELLS_PER_EXT_BLOB;

/// A blob.
pub(super) type Blob = Vec<u8>;

/// A commitment to a blob: a compressed point of G1.
pub type Commitment = [u8; c_kzg::BYTES_PER_COMMITMENT];

/// A proof of a cell: a compressed point of G1.
pub type Proof = [u8; c_kzg::BYTES_PER_PROOF];

/// A cell.
pub type Cell = Box<[u8; BYTES_PER_CELL]>;

/// The width of the precomputed tables, as c-kzg recommends: proofs take 0.7 of the time without, for 96 MiB.
const PRECOMPUTE: u64 = 8;

/// An extended blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extended {
    /// 128 cells; the first half is the blob.
    pub cells: Vec<Cell>,
    /// 128 proofs.
    pub proofs: Vec<Proof>,
}

/// The input is malformed: a length, an index or a field element is out of its bounds, a point is not on the curve, or
/// the lists have different lengths.
#[derive(Debug, Error)]
#[error("KZG: {0:?}")]
pub struct InputError(c_kzg::Error);

/// Returns the commitment to a blob.
///
/// # Errors
///
/// Fails if the blob is malformed.
pub fn blob_to_kzg_commitment(blob: &[u8]) -> Result<Commitment, InputError> {
    let blob = c_kzg::Blob::from_bytes(blob).map_err(InputError)?;
    let commitment = settings().blob_to_kzg_commitment(&blob).map_err(InputError)?;
    Ok(commitment.to_bytes().into_inner())
}

/// Extends a blob to its cells and their proofs.
///
/// # Errors
///
/// Fails if the blob is malformed.
pub fn compute_cells_and_kzg_proofs(blob: &[u8]) -> Result<Extended, InputError> {
    let blob = c_kzg::Blob::from_bytes(blob).map_err(InputError)?;
    let (cells, proofs) = settings().compute_cells_and_kzg_proofs(&blob).map_err(InputError)?;
    Ok(extended(&cells[..], &proofs[..]))
}

/// Recovers all cells and proofs of a blob from half of its cells or more, by their ascending indices.
///
/// # Errors
///
/// Fails if the cells are too few or malformed, or the indices are not ascending.
pub fn recover_cells_and_kzg_proofs(cell_indices: &[u64], cells: &[Cell]) -> Result<Extended, InputError> {
    let cells: Vec<_> = cells.iter().map(|cell| c_kzg::Cell::new(**cell)).collect();
    let recovered = settings().recover_cells_and_kzg_proofs(cell_indices, &cells);
    let (cells, proofs) = recovered.map_err(InputError)?;
    Ok(extended(&cells[..], &proofs[..]))
}

/// Returns whether each cell, at its index, is the one to which its commitment commits.
///
/// # Errors
///
/// Fails if anything is malformed, or the lists have different lengths.
pub fn verify_cell_kzg_proof_batch(
    commitments: &[Commitment],
    cell_indices: &[u64],
    cells: &[Cell],
    proofs: &[Proof],
) -> Result<bool, InputError> {
    let commitments: Vec<_> = commitments.iter().copied().map(Bytes48::new).collect();
    let cells: Vec<_> = cells.iter().map(|cell| c_kzg::Cell::new(**cell)).collect();
    let proofs: Vec<_> = proofs.iter().copied().map(Bytes48::new).collect();
    settings().verify_cell_kzg_proof_batch(&commitments, cell_indices, &cells, &proofs).map_err(InputError)
}

fn settings() -> &'static KzgSettings {
    ethereum_kzg_settings(PRECOMPUTE)
}

fn extended(cells: &[c_kzg::Cell], proofs: &[c_kzg::KzgProof]) -> Extended {
    Extended {
        cells: cells.iter().map(|cell| Box::new(cell.to_bytes())).collect(),
        proofs: proofs.iter().map(|proof| proof.to_bytes().into_inner()).collect(),
    }
}
