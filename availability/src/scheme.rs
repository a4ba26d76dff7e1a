//! The interface that all modes of availability share.

use std::{collections::BTreeMap, fmt::Debug};

use outrider_abi::Reader;

use crate::{
    AvailabilityRoot, BodyError, CommitError, HeaderError, OpenError, ReconstructError, SampleError, Shape,
};

/// The largest body of one shard block, in bytes: `MAX_SHARD_BLOCK_SIZE` of the consensus specs, v0.12.3.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// A mode of availability: an extended body, as its producer holds it.
///
/// A producer [commits](Self::commit) to a body. The root of the [header](Self::Header) is what others sign. Each client
/// downloads the header, checks it against the root with [`open`], and asks for [samples](Self::Sample) at positions
/// of its own choice ([`sampling::positions`](crate::sampling::positions)). Whoever has enough samples
/// [reconstructs](Self::reconstruct) the body, or finds that what was committed is no encoding of anything, and can
/// prove it.
pub trait Scheme: Sized {
    /// The part that each client downloads.
    type Header: Clone + Debug + PartialEq + Eq;
    /// The data of one position, with its proof against the header.
    type Sample: Clone + Debug + PartialEq + Eq;
    /// A proof that the header commits to a wrong encoding; [`Infallible`](std::convert::Infallible) if it cannot.
    type FraudProof: Clone + Debug + PartialEq + Eq;

    /// Extends a body and commits to it.
    ///
    /// # Errors
    ///
    /// Fails if the body has more than [`BODY_BYTES_MAX`] bytes.
    fn commit(body: &[u8]) -> Result<Self, CommitError>;

    /// Returns the header.
    fn header(&self) -> &Self::Header;

    /// Returns the sample at a position, or `None` if there is no such position.
    fn sample(&self, position: usize) -> Option<Self::Sample>;

    /// Returns the body.
    ///
    /// # Errors
    ///
    /// Fails if the committed data are not those of a body; only their producer can cause this.
    fn body(&self) -> Result<Vec<u8>, BodyError>;

    /// Returns the root of a header.
    fn root(header: &Self::Header) -> AvailabilityRoot;

    /// Returns the positions of the extended body, and which of them are enough.
    fn shape(header: &Self::Header) -> Shape;

    /// Verifies the sample at a position.
    ///
    /// # Errors
    ///
    /// Fails if the position does not exist, or the sample is not the one to which the header commits.
    fn verify(header: &Self::Header, position: usize, sample: &Self::Sample) -> Result<(), SampleError>;

    /// Verifies samples, by their positions, and restores the whole from them.
    ///
    /// # Errors
    ///
    /// Fails at the first sample that does not verify, if the samples are too few, or with a proof if the header commits
    /// to a wrong encoding.
    fn reconstruct(
        header: &Self::Header,
        samples: &BTreeMap<usize, Self::Sample>,
    ) -> Result<Self, ReconstructError<Self::FraudProof>>;

    /// Encodes a header.
    fn encode_header(header: &Self::Header) -> Vec<u8>;

    /// Decodes a header; `reader` is left after it.
    ///
    /// # Errors
    ///
    /// Fails if the bytes end early, or a number is out of its bounds.
    fn decode_header(reader: &mut Reader<'_>) -> Result<Self::Header, HeaderError>;

    /// Encodes a sample.
    fn encode_sample(sample: &Self::Sample) -> Vec<u8>;

    /// Decodes a sample of a header; `reader` is left after it.
    ///
    /// # Errors
    ///
    /// Fails if the bytes end early.
    fn decode_sample(header: &Self::Header, reader: &mut Reader<'_>) -> Result<Self::Sample, SampleError>;
}

/// Decodes a header, and checks it against its root.
///
/// # Errors
///
/// Fails if the bytes are no header, or one with another root.
pub fn open<S: Scheme>(root: AvailabilityRoot, bytes: &[u8]) -> Result<S::Header, OpenError> {
    let mut reader = Reader::new(bytes);
    let header = S::decode_header(&mut reader)?;
    reader.finish().map_err(HeaderError::from)?;
    let got = S::root(&header);
    if got != root {
        return Err(OpenError::Root { got, expected: root });
    }
    Ok(header)
}
