//! Execution witnesses.

use alloy_primitives::Bytes;
use outrider_evm::header::{Header, HeaderFields};
use outrider_witness::{Hash, Hasher as _, Keccak256, NodeBag, NodeSink as _, store::Batch};
use serde::Deserialize;

use super::{WitnessError, lenient};

/// The parts of the state that a block touches, in no particular order, and headers of its ancestors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Witness {
    /// Nodes of the account trie and of storage tries.
    #[serde(default, deserialize_with = "lenient::preimages")]
    pub state: Vec<Bytes>,
    /// Codes of contracts.
    #[serde(default, deserialize_with = "lenient::preimages")]
    pub codes: Vec<Bytes>,
    /// Headers of ancestors.
    #[serde(default, alias = "ancestors", deserialize_with = "lenient::or_default")]
    pub headers: Vec<HeaderForm>,
}

/// A header in one of the forms that witnesses use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum HeaderForm {
    /// In RLP.
    Rlp(Bytes),
    /// As fields.
    Fields(Box<HeaderFields>),
}

impl Witness {
    /// Returns all nodes and codes by their hash.
    pub fn preimages(&self) -> NodeBag {
        let all = self.state.iter().chain(&self.codes);
        NodeBag::of_preimages::<Keccak256>(all.map(|bytes| bytes.to_vec()))
    }

    /// Returns a batch of all nodes and codes, each as a root of its own: parts of the state are missing anyway, so the
    /// references between nodes do not matter.
    pub fn put_into(&self, batch: &mut Batch) {
        for bytes in self.state.iter().chain(&self.codes) {
            let hash = Keccak256::hash(bytes);
            batch.put(&hash, bytes, &[]);
            batch.pin(&hash);
        }
    }

    /// Returns the witness without the node or code of this hash.
    #[must_use]
    pub fn without(&self, hash: &Hash) -> Self {
        let mut rest = self.clone();
        let is_another = |bytes: &Bytes| Keccak256::hash(bytes) != *hash;
        rest.state.retain(is_another);
        rest.codes.retain(is_another);
        rest
    }

    pub(super) fn headers(&self) -> Result<Vec<Header>, WitnessError> {
        self.headers.iter().map(HeaderForm::read).collect()
    }
}

impl HeaderForm {
    fn read(&self) -> Result<Header, WitnessError> {
        let header = match self {
            Self::Rlp(bytes) => Header::of_rlp(bytes),
            Self::Fields(fields) => Header::of_rlp(&fields.encode()),
        };
        header.map_err(|source| WitnessError::Rlp { what: "a header of the witness", source })
    }
}
