//! Errors, by whose fault they are.

use outrider_abi::ReadError;
use thiserror::Error;

use crate::AvailabilityRoot;

/// The caller asks to commit to what this mode cannot hold.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommitError {
    /// The body is too large.
    #[error("the body has {got} bytes, and at most {max} are allowed")]
    BodyTooLarge {
        /// Its length.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// The parts of a square need too many shares.
    #[error("the parts take {got} shares of 512 bytes, and a square has at most {max}")]
    TooManyShares {
        /// The number of shares.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// A part has a namespace that is reserved for padding or parity.
    #[error("part {index} has a reserved namespace; name it by EE and shard")]
    ReservedNamespace {
        /// The index of the part, in the caller's order.
        index: usize,
    },
    /// The KZG library refuses; a bug, as each blob that is made here is valid.
    #[error("the KZG library refuses blob {blob}")]
    Kzg {
        /// The index of the blob.
        blob: usize,
    },
}

/// A peer sent bytes that are no header.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// The bytes end early or late.
    #[error("the header of an available body: {0}")]
    Read(#[from] ReadError),
    /// A number is out of its bounds.
    #[error("the header of an available body has {what} {got}, expected {expected}")]
    Bound {
        /// The thing that has the number.
        what: &'static str,
        /// The number.
        got: u64,
        /// The allowed numbers.
        expected: &'static str,
    },
}

/// A peer sent a header that does not belong to the root.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The bytes are no header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The header has another root.
    #[error("the header has the root {got}, expected {expected}")]
    Root {
        /// Its root.
        got: AvailabilityRoot,
        /// The root that was signed.
        expected: AvailabilityRoot,
    },
}

/// A peer sent a sample that is not the one to which the header commits.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleError {
    /// There is no such position.
    #[error("position {got} of {positions}")]
    Position {
        /// The position.
        got: usize,
        /// The number of positions.
        positions: usize,
    },
    /// The bytes end early or late.
    #[error("a sample: {0}")]
    Read(#[from] ReadError),
    /// A column has another number of cells or proofs than the header has commitments.
    #[error("the column has {cells} cells and {proofs} proofs, expected {expected} of each")]
    Cells {
        /// The number of cells.
        cells: usize,
        /// The number of proofs.
        proofs: usize,
        /// The number of commitments.
        expected: usize,
    },
    /// A sample names an axis that is neither a row nor a column.
    #[error("axis {got}, expected 0 for a row or 1 for a column")]
    Axis {
        /// The byte.
        got: u8,
    },
    /// The branch does not lead to the root, or the cells do not belong to the commitments.
    #[error("the proof does not hold")]
    Proof,
    /// The branch of a share does not lead to the root of its row or column.
    #[error("a share: {0}")]
    Share(#[from] ProofError),
}

/// A proof in a namespaced Merkle tree does not hold.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// Namespaces are not in order.
    #[error("namespaces are not in order")]
    Unordered,
    /// The range is empty or reaches past the leaves.
    #[error("the range {start}..{end} of {n_leaves} leaves")]
    Range {
        /// Its first leaf.
        start: usize,
        /// The leaf after its last.
        end: usize,
        /// The number of leaves.
        n_leaves: usize,
    },
    /// The proof has more or fewer siblings than the range needs.
    #[error("more or fewer siblings than the range needs")]
    Siblings,
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    Root,
    /// A leaf is not of the namespaces that were asked for, or one of them lies outside of the range.
    #[error("the range does not have exactly the leaves of the namespaces")]
    Incomplete,
}

/// The body cannot be restored from the samples.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReconstructError<F> {
    /// A sample does not verify: its sender's fault. Ask for that position elsewhere.
    #[error("the sample at position {position}: {source}")]
    Sample {
        /// Its position.
        position: usize,
        /// The reason.
        source: SampleError,
    },
    /// The samples are too few, or do not determine the rest.
    #[error("{got} samples of {positions} do not determine the rest")]
    TooFew {
        /// The number of samples.
        got: usize,
        /// The number of positions.
        positions: usize,
    },
    /// The header commits to a wrong encoding: its producer's fault. The proof convinces everyone who has the header.
    #[error("the header commits to a wrong encoding")]
    BadEncoding(Box<F>),
    /// The samples restore a body with another root, as what pads it is not zero: the producer's fault.
    #[error("the samples restore a body with another root than the header's, as its padding is not zero")]
    Padding,
    /// The KZG library cannot recover from verified cells; a bug.
    #[error("the KZG library cannot recover blob {blob}")]
    Kzg {
        /// The index of the blob.
        blob: usize,
    },
}

/// The committed data are available, but are not those of a body: their producer's fault.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// A byte that pads must be zero.
    #[error("byte {offset} of the extended body pads, and is not zero")]
    Padding {
        /// Its offset in the data.
        offset: usize,
    },
    /// A share is not of the format that this crate writes.
    #[error("share {index} of the square: {what}")]
    Share {
        /// Its index, row by row in the original square.
        index: usize,
        /// The reason.
        what: &'static str,
    },
    /// The square has other parts than one body.
    #[error("the square has {parts} parts and not one body; read its parts")]
    Parts {
        /// The number of parts.
        parts: usize,
    },
}
