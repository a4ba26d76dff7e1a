//! Decodes the witnesses of a fixture, in each of the encodings of `outrider-witness`, and in those of the UTXO EE and the ZK rollup.

use outrider_host::StateRoot;
use outrider_shard::{Frame, ReadError};
use outrider_utxo_ee::TipError;
use outrider_witness::outline::{BytesByKind, Outline, TrieOutline};
use outrider_witness::{Keccak256, NodeBag, mpt, smt};
use outrider_zk_rollup_ee::StateNodeError;

/// An encoding of witnesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// That of a sparse Merkle tree.
    Smt,
    /// That of Merkle Patricia tries.
    Mpt,
    /// That of the UTXO EE: the tip of a chain, outputs, and their paths. Only the tip is decoded here.
    Utxo,
    /// That of the ZK rollup: the state's node, and what the block needs below it. Only the node is decoded here.
    ZkRollup,
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
    #[error(
        "the witness of {bytes} bytes is neither smt ({smt}) nor mpt ({mpt}) nor utxo ({utxo}) nor zk-rollup ({zk_rollup})"
    )]
    Witness {
        bytes: usize,
        smt: smt::DecodeError,
        mpt: mpt::witness::DecodeError,
        utxo: TipError,
        zk_rollup: StateNodeError,
    },
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
        let mpt = match mpt::witness::outline::<Keccak256>(frame.witness) {
            Ok(outline) => return Ok(Self { frame, encoding: Encoding::Mpt, outline }),
            Err(error) => error,
        };
        let of_root = |root: StateRoot, encoding| {
            let tries = vec![TrieOutline { root: root.into(), parts: Vec::new() }];
            let bytes = BytesByKind { structure: frame.witness.len(), ..BytesByKind::default() };
            Self { frame, encoding, outline: Outline { tries, bytes, ..Outline::default() } }
        };
        let utxo = match outrider_utxo::witness_root(frame.witness) {
            Ok(root) => return Ok(of_root(root, Encoding::Utxo)),
            Err(error) => error,
        };
        match outrider_zk_rollup::witness_root(frame.witness) {
            Ok(root) => Ok(of_root(root, Encoding::ZkRollup)),
            Err(zk_rollup) => {
                Err(DecodeError::Witness { bytes: frame.witness.len(), smt, mpt, utxo, zk_rollup })
            }
        }
    }

    /// Encodes again what the witness reveals. Returns none if that is impossible. The UTXO EE and the ZK rollup refuse another encoding themselves.
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
            Encoding::Utxo | Encoding::ZkRollup => Some(self.frame.witness.to_vec()),
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
            Self::Utxo => "utxo",
            Self::ZkRollup => "zk-rollup",
        }
    }

    /// Returns the number of bits of a digit of a path.
    pub(super) fn bits_per_digit(self) -> usize {
        match self {
            // The UTXO EE and the ZK rollup show no paths of digits.
            Self::Smt | Self::Utxo | Self::ZkRollup => 1,
            Self::Mpt => 4,
        }
    }
}
