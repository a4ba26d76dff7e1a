//! PeerDAS (EIP-7594): blobs with KZG commitments, extended to cells, of which any half is enough.
//!
//! A body is cut into blobs of 4,096 field elements, each with 31 bytes of it after a zero byte, so that every element is
//! below the modulus of BLS12-381. A blob is extended to 128 cells of 2,048 bytes. A sample is a *column*: the cells of
//! all blobs at one position, with a proof for each. As a commitment binds a polynomial of the right degree, there is no
//! wrong encoding to prove: a wrong cell has no proof.
//!
//! Root: `hash_tree_root` of the container `{length: uint64, commitments: List[KZGCommitment, 4096]}`, the second field
//! being `blob_kzg_commitments` of a beacon block since Deneb.
//!
//! Header: `length (8, little-endian) | commitments (48 each)`; their number follows from the length. Sample:
//! `cells (2,048 each) | proofs (48 each)`, in the order of the commitments.

mod blob;
mod cells;

use std::{collections::BTreeMap, convert::Infallible};

use outrider_abi::Reader;

use crate::{
    AvailabilityRoot, BODY_BYTES_MAX, BodyError, CommitError, HeaderError, ReconstructError, SampleError,
    Scheme, Shape, merkle,
};

pub use blob::{BODY_BYTES_PER_BLOB, n_blobs};
pub use cells::{
    BYTES_PER_BLOB, BYTES_PER_CELL, CELLS_PER_EXT_BLOB, Cell, Commitment, Extended, InputError, Proof,
    blob_to_kzg_commitment, compute_cells_and_kzg_proofs, recover_cells_and_kzg_proofs,
    verify_cell_kzg_proof_batch,
};

/// The number of cells that determine all 128.
pub const CELLS_NEEDED: usize = CELLS_PER_EXT_BLOB / 2;

/// The depth of a list of at most 4,096 commitments, `MAX_BLOB_COMMITMENTS_PER_BLOCK`.
const COMMITMENTS_DEPTH: u32 = 12;

/// A body as extended blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kzg {
    header: Header,
    /// One for each commitment.
    blobs: Vec<Extended>,
}

/// The length of a body and the commitments to its blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    length: u64,
    commitments: Vec<Commitment>,
}

/// The cells of all blobs at one position, with their proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// One cell for each commitment.
    pub cells: Vec<Cell>,
    /// One proof for each cell.
    pub proofs: Vec<Proof>,
}

impl Header {
    /// Returns the length of the body, in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Returns the commitments, in the order of the blobs.
    #[must_use]
    pub fn commitments(&self) -> &[Commitment] {
        &self.commitments
    }
}

impl Scheme for Kzg {
    type Header = Header;
    type Sample = Column;
    type FraudProof = Infallible;

    fn commit(body: &[u8]) -> Result<Self, CommitError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(CommitError::BodyTooLarge { got: body.len(), max: BODY_BYTES_MAX });
        }
        let mut header = Header { length: body.len() as u64, commitments: Vec::new() };
        let mut blobs = Vec::new();
        for (index, blob) in blob::pack(body).iter().enumerate() {
            let refused = |_| CommitError::Kzg { blob: index };
            header.commitments.push(blob_to_kzg_commitment(blob).map_err(refused)?);
            blobs.push(compute_cells_and_kzg_proofs(blob).map_err(refused)?);
        }
        Ok(Self { header, blobs })
    }

    fn header(&self) -> &Header {
        &self.header
    }

    fn sample(&self, position: usize) -> Option<Column> {
        let cells = self.blobs.iter().map(|blob| blob.cells.get(position).cloned());
        let proofs = self.blobs.iter().map(|blob| blob.proofs.get(position).copied());
        Some(Column { cells: cells.collect::<Option<_>>()?, proofs: proofs.collect::<Option<_>>()? })
    }

    fn body(&self) -> Result<Vec<u8>, BodyError> {
        let originals = self.blobs.iter().flat_map(|blob| blob.cells.iter().take(CELLS_NEEDED));
        blob::unpack(originals.flat_map(|cell| cell.iter().copied()), self.header.length)
    }

    fn root(header: &Header) -> AvailabilityRoot {
        let commitment_root = |commitment: &Commitment| merkle::root(merkle::chunks(commitment), 1, [0; 32]);
        let roots = header.commitments.iter().map(commitment_root).collect();
        let list = merkle::root(roots, COMMITMENTS_DEPTH, [0; 32]);
        let commitments = merkle::pair(&list, &merkle::uint64(header.commitments.len() as u64));
        AvailabilityRoot(merkle::pair(&merkle::uint64(header.length), &commitments))
    }

    fn shape(_: &Header) -> Shape {
        Shape::Line { positions: CELLS_PER_EXT_BLOB, needed: CELLS_NEEDED }
    }

    fn verify(header: &Header, position: usize, sample: &Column) -> Result<(), SampleError> {
        check_counts(header, position, sample)?;
        verify_columns(header, [(position, sample)].into_iter())
    }

    /// Verifies all columns as one batch, which takes a fraction of the time; if it fails, one by one, to name the wrong one.
    fn reconstruct(
        header: &Header,
        samples: &BTreeMap<usize, Column>,
    ) -> Result<Self, ReconstructError<Infallible>> {
        let wrong = |position, source| ReconstructError::Sample { position, source };
        for (&position, column) in samples {
            check_counts(header, position, column).map_err(|source| wrong(position, source))?;
        }
        if verify_columns(header, samples.iter().map(|(position, column)| (*position, column))).is_err() {
            for (&position, column) in samples {
                Self::verify(header, position, column).map_err(|source| wrong(position, source))?;
            }
        }
        if samples.len() < CELLS_NEEDED {
            return Err(ReconstructError::TooFew { got: samples.len(), positions: CELLS_PER_EXT_BLOB });
        }
        let indices: Vec<u64> = samples.keys().map(|position| *position as u64).collect();
        let blob = |index: usize| {
            let cells: Vec<Cell> =
                samples.values().filter_map(|column| column.cells.get(index).cloned()).collect();
            recover_cells_and_kzg_proofs(&indices, &cells).map_err(|_| ReconstructError::Kzg { blob: index })
        };
        let blobs = (0..header.commitments.len()).map(blob).collect::<Result<_, _>>()?;
        Ok(Self { header: header.clone(), blobs })
    }

    fn encode_header(header: &Header) -> Vec<u8> {
        [&header.length.to_le_bytes()[..], header.commitments.as_flattened()].concat()
    }

    fn decode_header(reader: &mut Reader<'_>) -> Result<Header, HeaderError> {
        let length = reader.u64_le()?;
        let bytes = usize::try_from(length).ok().filter(|bytes| *bytes <= BODY_BYTES_MAX);
        let too_long = HeaderError::Bound { what: "a length", got: length, expected: "at most 1 MiB" };
        let commitments = (0..n_blobs(bytes.ok_or(too_long)?)).map(|_| reader.take_array());
        Ok(Header { length, commitments: commitments.collect::<Result<_, _>>()? })
    }

    fn encode_sample(sample: &Column) -> Vec<u8> {
        let cells = sample.cells.iter().flat_map(|cell| cell.iter().copied());
        cells.chain(sample.proofs.iter().flatten().copied()).collect()
    }

    fn decode_sample(header: &Header, reader: &mut Reader<'_>) -> Result<Column, SampleError> {
        let n = header.commitments.len();
        let cells = (0..n).map(|_| reader.take_array().map(Box::new)).collect::<Result<_, _>>()?;
        let proofs = (0..n).map(|_| reader.take_array()).collect::<Result<_, _>>()?;
        Ok(Column { cells, proofs })
    }
}

/// Checks that there is such a position, and that the column has a cell and a proof for each commitment.
fn check_counts(header: &Header, position: usize, column: &Column) -> Result<(), SampleError> {
    if position >= CELLS_PER_EXT_BLOB {
        return Err(SampleError::Position { got: position, positions: CELLS_PER_EXT_BLOB });
    }
    let (cells, proofs, expected) = (column.cells.len(), column.proofs.len(), header.commitments.len());
    if cells != expected || proofs != expected {
        return Err(SampleError::Cells { cells, proofs, expected });
    }
    Ok(())
}

/// Verifies columns with the right number of cells, as `verify_data_column_sidecar_kzg_proofs` of the consensus specs.
fn verify_columns<'a>(
    header: &Header,
    columns: impl Iterator<Item = (usize, &'a Column)>,
) -> Result<(), SampleError> {
    let (mut commitments, mut indices, mut cells, mut proofs) = (vec![], vec![], vec![], vec![]);
    for (position, column) in columns {
        commitments.extend_from_slice(&header.commitments);
        indices.extend(column.cells.iter().map(|_| position as u64));
        cells.extend(column.cells.iter().cloned());
        proofs.extend_from_slice(&column.proofs);
    }
    match verify_cell_kzg_proof_batch(&commitments, &indices, &cells, &proofs) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(SampleError::Proof),
    }
}
