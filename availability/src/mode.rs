//! Modes as values, for scenarios: headers and samples as bytes.

use std::{collections::BTreeMap, fmt, str::FromStr};

use outrider_abi::Reader;
use thiserror::Error;

use crate::{
    AvailabilityRoot, BodyError, CommitError, Committee, Kzg, Nmt, OpenError, ReconstructError, SampleError,
    Scheme, Shape, nmt::FraudProof, open,
};

/// A mode of availability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A committee downloads the body; custody chunks.
    Committee,
    /// A square under namespaced Merkle trees.
    Nmt,
    /// Blobs with KZG commitments.
    Kzg,
}

/// The text is not the name of a mode.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the mode {got:?} is not one of committee, nmt, kzg")]
pub struct ParseModeError {
    got: String,
}

/// An extended body of any mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// Of [`Mode::Committee`].
    Committee(Committee),
    /// Of [`Mode::Nmt`].
    Nmt(Nmt),
    /// Of [`Mode::Kzg`].
    Kzg(Kzg),
}

/// The reason for which a client of any mode refuses something.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModeError {
    /// The header does not belong to the root.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A sample does not verify.
    #[error("the sample at position {position}: {source}")]
    Sample {
        /// Its position.
        position: usize,
        /// The reason.
        source: SampleError,
    },
    /// The samples do not determine the rest.
    #[error("{got} samples of {positions} do not determine the rest")]
    TooFew {
        /// The number of samples.
        got: usize,
        /// The number of positions.
        positions: usize,
    },
    /// The header commits to a wrong encoding; here is the proof.
    #[error("the header commits to a wrong encoding")]
    BadEncoding(Box<FraudProof>),
    /// The data are available, and are not those of a body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The padding of a body is not zero.
    #[error("the padding of the body is not zero")]
    Padding,
    /// The KZG library cannot recover from verified cells; a bug.
    #[error("the KZG library cannot recover blob {blob}")]
    Kzg {
        /// The index of the blob.
        blob: usize,
    },
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Committee, Self::Nmt, Self::Kzg];

    /// Extends a body and commits to it.
    ///
    /// # Errors
    ///
    /// Fails as [`Scheme::commit`] does.
    pub fn commit(self, body: &[u8]) -> Result<Published, CommitError> {
        match self {
            Self::Committee => Committee::commit(body).map(Published::Committee),
            Self::Nmt => Nmt::commit(body).map(Published::Nmt),
            Self::Kzg => Kzg::commit(body).map(Published::Kzg),
        }
    }

    /// Checks a header against its root, and returns the shape of the extended body.
    ///
    /// # Errors
    ///
    /// Fails as [`open`] does.
    pub fn shape(self, root: AvailabilityRoot, header: &[u8]) -> Result<Shape, ModeError> {
        match self {
            Self::Committee => Ok(Committee::shape(&open::<Committee>(root, header)?)),
            Self::Nmt => Ok(Nmt::shape(&open::<Nmt>(root, header)?)),
            Self::Kzg => Ok(Kzg::shape(&open::<Kzg>(root, header)?)),
        }
    }

    /// Verifies the sample at a position, with its header.
    ///
    /// # Errors
    ///
    /// Fails if the header does not belong to the root, or the sample does not verify.
    pub fn verify(
        self,
        root: AvailabilityRoot,
        header: &[u8],
        position: usize,
        sample: &[u8],
    ) -> Result<(), ModeError> {
        match self {
            Self::Committee => verify::<Committee>(root, header, position, sample),
            Self::Nmt => verify::<Nmt>(root, header, position, sample),
            Self::Kzg => verify::<Kzg>(root, header, position, sample),
        }
    }

    /// Restores a body from samples, by their positions.
    ///
    /// # Errors
    ///
    /// Fails if anything does not verify, the samples do not determine the rest, or it is no body.
    pub fn reconstruct(
        self,
        root: AvailabilityRoot,
        header: &[u8],
        samples: &BTreeMap<usize, Vec<u8>>,
    ) -> Result<Vec<u8>, ModeError> {
        match self {
            Self::Committee => reconstruct::<Committee>(root, header, samples, |never| match never {}),
            Self::Nmt => reconstruct::<Nmt>(root, header, samples, |fraud| fraud),
            Self::Kzg => reconstruct::<Kzg>(root, header, samples, |never| match never {}),
        }
    }
}

impl Published {
    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> AvailabilityRoot {
        match self {
            Self::Committee(published) => Committee::root(published.header()),
            Self::Nmt(published) => Nmt::root(published.header()),
            Self::Kzg(published) => Kzg::root(published.header()),
        }
    }

    /// Returns the bytes of the header.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        match self {
            Self::Committee(published) => Committee::encode_header(published.header()),
            Self::Nmt(published) => Nmt::encode_header(published.header()),
            Self::Kzg(published) => Kzg::encode_header(published.header()),
        }
    }

    /// Returns the shape of the extended body.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self {
            Self::Committee(published) => Committee::shape(published.header()),
            Self::Nmt(published) => Nmt::shape(published.header()),
            Self::Kzg(published) => Kzg::shape(published.header()),
        }
    }

    /// Returns the bytes of the sample at a position.
    #[must_use]
    pub fn sample(&self, position: usize) -> Option<Vec<u8>> {
        match self {
            Self::Committee(published) => {
                published.sample(position).map(|sample| Committee::encode_sample(&sample))
            }
            Self::Nmt(published) => published.sample(position).map(|sample| Nmt::encode_sample(&sample)),
            Self::Kzg(published) => published.sample(position).map(|sample| Kzg::encode_sample(&sample)),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Committee => "committee",
            Self::Nmt => "nmt",
            Self::Kzg => "kzg",
        })
    }
}

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, ParseModeError> {
        let named = Self::ALL.into_iter().find(|mode| mode.to_string() == text);
        named.ok_or_else(|| ParseModeError { got: text.to_owned() })
    }
}

fn verify<S: Scheme>(
    root: AvailabilityRoot,
    header: &[u8],
    position: usize,
    sample: &[u8],
) -> Result<(), ModeError> {
    let header = open::<S>(root, header)?;
    let sample = decode::<S>(&header, position, sample)?;
    S::verify(&header, position, &sample).map_err(|source| ModeError::Sample { position, source })
}

fn decode<S: Scheme>(header: &S::Header, position: usize, bytes: &[u8]) -> Result<S::Sample, ModeError> {
    let mut reader = Reader::new(bytes);
    let sample = S::decode_sample(header, &mut reader);
    let whole = sample.and_then(|sample| Ok(reader.finish().map(|()| sample)?));
    whole.map_err(|source| ModeError::Sample { position, source })
}

fn reconstruct<S: Scheme>(
    root: AvailabilityRoot,
    header: &[u8],
    samples: &BTreeMap<usize, Vec<u8>>,
    fraud: impl Fn(S::FraudProof) -> FraudProof,
) -> Result<Vec<u8>, ModeError> {
    let header = open::<S>(root, header)?;
    let decoded = samples
        .iter()
        .map(|(&position, bytes)| decode::<S>(&header, position, bytes).map(|sample| (position, sample)));
    let samples = decoded.collect::<Result<_, _>>()?;
    let whole = S::reconstruct(&header, &samples).map_err(|error| match error {
        ReconstructError::Sample { position, source } => ModeError::Sample { position, source },
        ReconstructError::TooFew { got, positions } => ModeError::TooFew { got, positions },
        ReconstructError::BadEncoding(proof) => ModeError::BadEncoding(Box::new(fraud(*proof))),
        ReconstructError::Padding => ModeError::Padding,
        ReconstructError::Kzg { blob } => ModeError::Kzg { blob },
    })?;
    Ok(whole.body()?)
}
