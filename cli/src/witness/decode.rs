//! Witnesses of a fixture, in whichever encoding of `outrider-witness` they are.

use outrider_shard::{Frame, ReadError};
use outrider_witness::outline::Outline;
use outrider_witness::{Keccak256, NodeBag, mpt, smt};

/// The encodings that are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Of a sparse Merkle tree.
    Smt,
    /// Of Merkle Patricia tries.
    Mpt,
}

/// The block data of a stateful EE.
pub(super) struct Decoded<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) encoding: Encoding,
    pub(super) outline: Outline,
}

/// Why block data is not that of a stateful EE.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("it is not the block data of a stateful EE")]
    Frame(#[from] ReadError),
    #[error("the {bytes} bytes are no witness, neither smt ({smt}) nor mpt ({mpt})")]
    Witness { bytes: usize, smt: smt::DecodeError, mpt: mpt::witness::DecodeError },
}

impl<'a> Decoded<'a> {
    /// Finds the decoder that takes the witness. No bytes of interest are taken by both, as the first byte of the one is almost never
    /// one of the other, and both refuse what is left over.
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

    /// Encodes anew what the witness reveals; none if that cannot be done.
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

    /// Tells whether the witness is one of the state with this root. One without tries is one of each: it reveals nothing.
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

    /// How many bits a digit of a way has.
    pub(super) fn bits_per_digit(self) -> usize {
        match self {
            Self::Smt => 1,
            Self::Mpt => 4,
        }
    }
}
