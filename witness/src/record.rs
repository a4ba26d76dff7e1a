//! Records the reads from a source: they are the minimal witness of the reader.

use core::cell::RefCell;

use alloc::vec::Vec;

use crate::{
    hash::Hash,
    node::{NodeBag, NodeError, NodeSource},
};

/// A source that remembers everything that it served.
///
/// It serves repeated requests by itself, so the source behind it gets each request once.
#[derive(Debug, Default)]
pub struct Recorder<S> {
    source: S,
    record: RefCell<Record>,
}

/// The served nodes and blobs: everything that a repetition of the same execution will read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The nodes.
    pub nodes: NodeBag,
    /// The blobs.
    pub blobs: NodeBag,
}

impl<S: NodeSource> Recorder<S> {
    /// Starts recording what `source` serves.
    pub fn new(source: S) -> Self {
        Self { source, record: RefCell::default() }
    }

    /// Ends the recording and returns the record.
    pub fn into_record(self) -> Record {
        self.record.into_inner()
    }
}

impl<S: NodeSource> NodeSource for Recorder<S> {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        if let Some(bytes) = self.record.borrow().nodes.bytes(hash) {
            return Ok(bytes.to_vec());
        }
        let bytes = self.source.node(hash)?;
        self.record.borrow_mut().nodes.insert(*hash, bytes.clone());
        Ok(bytes)
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        if let Some(bytes) = self.record.borrow().blobs.bytes(hash) {
            return Ok(bytes.to_vec());
        }
        let bytes = self.source.blob(hash)?;
        self.record.borrow_mut().blobs.insert(*hash, bytes.clone());
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{Hasher, Keccak256};

    #[test]
    fn the_record_is_what_was_served_and_no_more() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| Keccak256::hash(bytes));
        let bag = NodeBag::of_preimages::<Keccak256>([b"a".to_vec(), b"b".to_vec()]);
        let recorder = Recorder::new(bag);
        assert_eq!(recorder.node(&a).ok(), Some(b"a".to_vec()));
        assert_eq!(recorder.node(&a).ok(), Some(b"a".to_vec()));
        assert!(recorder.node(&c).is_err());
        assert_eq!(recorder.blob(&b).ok(), Some(b"b".to_vec()));
        let record = recorder.into_record();
        assert_eq!(record.nodes, NodeBag::of_preimages::<Keccak256>([b"a".to_vec()]));
        assert_eq!(record.blobs, NodeBag::of_preimages::<Keccak256>([b"b".to_vec()]));
    }
}
