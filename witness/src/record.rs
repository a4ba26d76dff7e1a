//! Records what a source is asked for: the minimal witness of whatever asked.

use core::cell::RefCell;

use alloc::vec::Vec;

use crate::{
    hash::Hash,
    node::{NodeBag, NodeError, NodeSource},
};

/// A source that remembers all that it served.
///
/// What it served before it serves again by itself, so the source behind it is asked for nothing twice.
#[derive(Debug, Default)]
pub struct Recorder<S> {
    source: S,
    record: RefCell<Record>,
}

/// What was served: all that a repetition of the same execution will ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What was asked for as a node.
    pub nodes: NodeBag,
    /// What was asked for as a blob.
    pub blobs: NodeBag,
}

impl<S: NodeSource> Recorder<S> {
    /// Records what `source` serves from now on.
    pub fn new(source: S) -> Self {
        Self { source, record: RefCell::default() }
    }

    /// Ends the recording.
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
