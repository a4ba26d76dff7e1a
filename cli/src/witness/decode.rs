//! Decodes the witnesses of a fixture, in each of the encodings of `outrider-witness`.

use outrider_shard::{Frame, ReadError};
use outrider_witness::outline::Outline;
use outrider_witness::{Keccak256, NodeBag, mpt, smt};

/// An encoding of witnesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// That of a sparse Merkle tree.
    Smt,
    /// That of Merkle Patricia tries.
    Mpt,
}

/// The block data of a stateful EE.
pub(super) struct StatefulBlockData<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) encoding: Encoding,
    pub(super) outline: Outline,
}

/// An error in the block data of a stateful EE.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("not the block data of a stateful EE")]
    Frame(#[from] ReadError),
    #[error("the witness of {bytes} bytes is neither smt ({smt}) nor mpt ({mpt})")]
    Witness { bytes: usize, smt: smt::DecodeError, mpt: mpt::witness::DecodeError },
}

impl<'a> StatefulBlockData<'a> {
    /// Parses block data, and decodes the witness by the decoder that accepts it. In practice, at most one does: the encodings rarely
    /// have the same first byte, and both decoders refuse trailing bytes.
    pub(super) fn new(block_data: &'a [u8]) -> Result<Self, DecodeError> {
        let frame = Frame::parse(block_data)?;
        let smt = match smt::witness::outline::<Keccak256>(frame.witness) {
            Ok(outline) => return Ok(Self { frame, encoding: Encoding::Smt, outline }),
            Err(error) => error,
        };
        match mpt::witness::outline::<Keccak256>(frame.witness) {
            Ok(outline) => Ok(Self { frame, encoding: Encoding::Mpt, outline }),
            Err(mpt) => Err(DecodeError::Witness { bytes: frame.witness.len(), smt, mpt }),
        }
    }

    /// Encodes again what the witness reveals. Returns none if that is impossible.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Smt => {
                let mut nodes = NodeBag::default();
                let root =
                    smt::witness::decode::<Keccak256>(self.frame.witness).ok()?.put_revealed(&mut nodes);
                smt::witness::encode::<Keccak256>(&root, &nodes).ok()
            }
            Encoding::Mpt => {
                let (roots, record) = mpt::witness::decode::<Keccak256>(self.frame.witness).ok()?.revealed();
                mpt::witness::encode(roots, &record).ok()
            }
        }
    }

    /// Returns whether the witness belongs to the state with this root. A witness without tries reveals nothing and belongs to any state.
    pub(super) fn is_of(&self, root: &[u8; 32]) -> bool {
        let tries = &self.outline.tries;
        let is_root = tries.iter().any(|trie| trie.root.0 == *root);
        is_root || self.encoding == Encoding::Mpt && tries.is_empty()
    }
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Smt => "smt",
            Self::Mpt => "mpt",
        }
    }

    /// Returns the number of bits of a digit of a path.
    pub(super) fn bits_per_digit(self) -> usize {
        match self {
            Self::Smt => 1,
            Self::Mpt => 4,
        }
    }
}
