//! Phase 1's own availability: a committee downloads the body and signs its root.
//!
//! The root is `hash_tree_root` of the body, a `ByteList[MAX_SHARD_BLOCK_SIZE]`: one of the `shard_data_roots` of a shard
//! transition. A sample is a custody chunk of 4,096 bytes with its branch, as in a `CustodyChunkResponse` of the custody
//! game (consensus specs v0.12.3): 8 siblings and the length. Nothing is extended, so one missing chunk loses the body,
//! and sampling hardly finds it: here the committee, and chunk challenges, stand for availability.
//!
//! Header: `chunks_root (32) | length (8, little-endian)`. Sample: `chunk (4,096) | 9 hashes of 32`.

use std::{collections::BTreeMap, convert::Infallible};

use outrider_abi::Reader;

use crate::{
    AvailabilityRoot, BODY_BYTES_MAX, BodyError, CommitError, HeaderError, ReconstructError, SampleError,
    Scheme, Shape,
    merkle::{self, Chunk, Tree},
};

/// `BYTES_PER_CUSTODY_CHUNK`.
pub const CUSTODY_CHUNK_BYTES: usize = 4_096;

/// `CUSTODY_RESPONSE_DEPTH + 1`: the depth of the tree of custody chunks, and the length that is mixed in.
pub const BRANCH_LENGTH: usize = 9;

/// The depth of a custody chunk's own tree: 128 hashed chunks of 32 bytes.
const CHUNK_DEPTH: u32 = 7;

const _: () = assert!(CUSTODY_CHUNK_BYTES == 32 << CHUNK_DEPTH);
const _: () = assert!(BODY_BYTES_MAX == CUSTODY_CHUNK_BYTES << (BRANCH_LENGTH - 1));

/// A body with its tree of custody chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    header: Header,
    body: Vec<u8>,
    tree: Tree,
}

/// The root of the custody chunks and the length of the body, whose hash is the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The root of the tree of custody chunks.
    pub chunks_root: [u8; 32],
    /// The length of the body, in bytes.
    pub length: u64,
}

/// A custody chunk with its branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustodyChunk {
    /// Its bytes, padded with zeros where the body ends.
    pub chunk: Box<[u8; CUSTODY_CHUNK_BYTES]>,
    /// The siblings, from the chunk upwards; the last is the length.
    pub branch: [[u8; 32]; BRANCH_LENGTH],
}

impl Committee {
    fn of(body: Vec<u8>) -> Self {
        let roots = body.chunks(CUSTODY_CHUNK_BYTES).map(chunk_root).collect();
        let depth = (BRANCH_LENGTH - 1) as u32;
        let tree = Tree::new(roots, depth, chunk_root(&[]));
        let header = Header { chunks_root: tree.root(), length: body.len() as u64 };
        Self { header, body, tree }
    }
}

impl Scheme for Committee {
    type Header = Header;
    type Sample = CustodyChunk;
    type FraudProof = Infallible;

    fn commit(body: &[u8]) -> Result<Self, CommitError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(CommitError::BodyTooLarge { got: body.len(), max: BODY_BYTES_MAX });
        }
        Ok(Self::of(body.to_vec()))
    }

    fn header(&self) -> &Header {
        &self.header
    }

    fn sample(&self, position: usize) -> Option<CustodyChunk> {
        if position >= n_chunks(&self.header) {
            return None;
        }
        let bytes = self.body.chunks(CUSTODY_CHUNK_BYTES).nth(position).unwrap_or_default();
        let mut chunk = Box::new([0; CUSTODY_CHUNK_BYTES]);
        chunk.iter_mut().zip(bytes).for_each(|(byte, of)| *byte = *of);
        let mut branch = [[0; 32]; BRANCH_LENGTH];
        let siblings = self.tree.branch(position).into_iter().chain([merkle::uint64(self.header.length)]);
        branch.iter_mut().zip(siblings).for_each(|(sibling, of)| *sibling = of);
        Some(CustodyChunk { chunk, branch })
    }

    fn body(&self) -> Result<Vec<u8>, BodyError> {
        Ok(self.body.clone())
    }

    fn root(header: &Header) -> AvailabilityRoot {
        AvailabilityRoot(merkle::pair(&header.chunks_root, &merkle::uint64(header.length)))
    }

    fn shape(header: &Header) -> Shape {
        let positions = n_chunks(header);
        Shape::Line { positions, needed: positions }
    }

    fn verify(header: &Header, position: usize, sample: &CustodyChunk) -> Result<(), SampleError> {
        let positions = n_chunks(header);
        if position >= positions {
            return Err(SampleError::Position { got: position, positions });
        }
        let leaf = chunk_root(&sample.chunk[..]);
        if merkle::root_of_branch(leaf, &sample.branch, position) != Self::root(header).0 {
            return Err(SampleError::Proof);
        }
        Ok(())
    }

    fn reconstruct(
        header: &Header,
        samples: &BTreeMap<usize, CustodyChunk>,
    ) -> Result<Self, ReconstructError<Infallible>> {
        for (&position, sample) in samples {
            Self::verify(header, position, sample)
                .map_err(|source| ReconstructError::Sample { position, source })?;
        }
        let positions = n_chunks(header);
        if samples.len() < positions {
            return Err(ReconstructError::TooFew { got: samples.len(), positions });
        }
        let mut body: Vec<u8> = samples.values().flat_map(|sample| sample.chunk.iter().copied()).collect();
        body.truncate(usize::try_from(header.length).unwrap_or(BODY_BYTES_MAX));
        let whole = Self::of(body);
        if whole.header != *header {
            return Err(ReconstructError::Padding);
        }
        Ok(whole)
    }

    fn encode_header(header: &Header) -> Vec<u8> {
        [&header.chunks_root[..], &header.length.to_le_bytes()].concat()
    }

    fn decode_header(reader: &mut Reader<'_>) -> Result<Header, HeaderError> {
        let header = Header { chunks_root: reader.take_array()?, length: reader.u64_le()? };
        if header.length > BODY_BYTES_MAX as u64 {
            return Err(HeaderError::Bound {
                what: "a length",
                got: header.length,
                expected: "at most 1 MiB",
            });
        }
        Ok(header)
    }

    fn encode_sample(sample: &CustodyChunk) -> Vec<u8> {
        [&sample.chunk[..], sample.branch.as_flattened()].concat()
    }

    fn decode_sample(_: &Header, reader: &mut Reader<'_>) -> Result<CustodyChunk, SampleError> {
        let chunk = Box::new(reader.take_array()?);
        let mut branch = [[0; 32]; BRANCH_LENGTH];
        for sibling in &mut branch {
            *sibling = reader.take_array()?;
        }
        Ok(CustodyChunk { chunk, branch })
    }
}

/// Returns the number of custody chunks; an empty body has one, of zeros.
fn n_chunks(header: &Header) -> usize {
    let length = usize::try_from(header.length).unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
    length.div_ceil(CUSTODY_CHUNK_BYTES).max(1)
}

/// Returns `hash_tree_root` of a `ByteVector[BYTES_PER_CUSTODY_CHUNK]`, padded with zeros.
fn chunk_root(bytes: &[u8]) -> Chunk {
    merkle::root(merkle::chunks(bytes), CHUNK_DEPTH, [0; 32])
}
