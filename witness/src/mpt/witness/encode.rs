//! Encoding a record as a witness.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use thiserror::Error;

use super::tag;
use crate::{
    hash::{Hash, Hasher},
    mpt::{
        EMPTY_ROOT, Forest, NodeFormatError,
        arena::{Arena, Branch, Link, Node, NodeId, Target},
        nibbles::Nibbles,
        node,
    },
    node::{NodeBag, NodeSource},
    reader::push_varint,
    record::{Record, Recorder},
};

/// The reason why a record cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A recorded node is malformed.
    #[error("recorded node {hash} is malformed")]
    Malformed {
        /// The node.
        hash: Hash,
        /// The reason.
        #[source]
        source: NodeFormatError,
    },
    /// A node is below itself, which no hash function allows: the recorded bytes do not have the recorded hashes.
    #[error("recorded node {hash} is below itself")]
    Cycle {
        /// The node.
        hash: Hash,
    },
    /// A value or path is 4 GiB or longer, or there are 2^32 nodes.
    #[error("the record is too large")]
    TooLarge,
}

/// Encodes the record of an execution that used tries with these roots.
///
/// The witness holds the recorded nodes that are reachable from the roots, and all recorded blobs. Any other bag of
/// nodes can be encoded, too; but if it holds more than an execution uses, so does the witness. Recording the
/// execution over the bag prevents that.
///
/// # Errors
///
/// Fails if the record is not one of tries.
pub fn encode(roots: impl IntoIterator<Item = Hash>, record: &Record) -> Result<Vec<u8>, EncodeError> {
    let mut roots: BTreeSet<Hash> = roots.into_iter().collect();
    roots.retain(|root| *root != EMPTY_ROOT && record.nodes.bytes(root).is_some());
    let nodes = Nodes::reachable(&roots, &record.nodes)?;
    roots.retain(|root| !nodes.below.contains(root));

    let mut encoder = Encoder { nodes: &nodes, written: BTreeMap::new(), n_written: 0, out: Vec::new() };
    encoder.length(roots.len())?;
    for root in &roots {
        encoder.trie(root)?;
    }
    encoder.length(record.blobs.len())?;
    for (_, blob) in record.blobs.iter() {
        encoder.bytes(blob)?;
    }
    Ok(encoder.out)
}

/// The decoded nodes of a record.
struct Nodes {
    arena: Arena,
    by_hash: BTreeMap<Hash, NodeId>,
    /// The hashes of nodes that are below others.
    below: BTreeSet<Hash>,
}

impl Nodes {
    fn reachable(roots: &BTreeSet<Hash>, bag: &NodeBag) -> Result<Self, EncodeError> {
        let mut nodes = Self { arena: Arena::default(), by_hash: BTreeMap::new(), below: BTreeSet::new() };
        let mut to_do: Vec<Hash> = roots.iter().copied().collect();
        while let Some(hash) = to_do.pop() {
            let Some(bytes) = bag.bytes(&hash) else { continue };
            if nodes.by_hash.contains_key(&hash) {
                continue;
            }
            let n_stubs = nodes.arena.stubs().len();
            let id = node::decode(&mut nodes.arena, bytes)
                .map_err(|source| EncodeError::Malformed { hash, source })?;
            nodes.by_hash.insert(hash, id);
            let children = nodes.arena.stubs().iter().skip(n_stubs);
            let revealed = children.filter(|child| bag.bytes(child).is_some());
            to_do.extend(revealed.clone());
            nodes.below.extend(revealed);
        }
        Ok(nodes)
    }

    /// Returns the node behind a link, and its hash if the link is a hash. Returns `None` if the node is not
    /// revealed.
    fn revealed(&self, link: Link) -> Option<(NodeId, Option<Hash>)> {
        match link.target() {
            Target::Empty => None,
            Target::Node(id) => Some((id, None)),
            Target::Stub(stub) => {
                let hash = *self.arena.stub_hash(stub);
                self.by_hash.get(&hash).map(|id| (*id, Some(hash)))
            }
        }
    }
}

struct Encoder<'n> {
    nodes: &'n Nodes,
    /// The numbers of written nodes by hash; `None` until everything below the node is written.
    written: BTreeMap<Hash, Option<u32>>,
    n_written: u32,
    out: Vec<u8>,
}

/// The next task of the encoder.
enum Task {
    Write(NodeId, Option<Hash>),
    /// Everything below this node is written.
    Complete(Hash, u32),
}

impl Encoder<'_> {
    fn trie(&mut self, root: &Hash) -> Result<(), EncodeError> {
        let mut to_do = Vec::new();
        to_do.extend(self.nodes.by_hash.get(root).map(|id| Task::Write(*id, Some(*root))));
        while let Some(task) = to_do.pop() {
            match task {
                Task::Complete(hash, number) => {
                    self.written.insert(hash, Some(number));
                }
                Task::Write(id, hash) => self.node(id, hash, &mut to_do)?,
            }
        }
        Ok(())
    }

    /// Writes one node and adds tasks for its children.
    fn node(&mut self, id: NodeId, hash: Option<Hash>, to_do: &mut Vec<Task>) -> Result<(), EncodeError> {
        if let Some(hash) = hash {
            match self.written.get(&hash) {
                None => to_do.push(Task::Complete(hash, self.n_written)),
                Some(None) => return Err(EncodeError::Cycle { hash }),
                Some(Some(number)) => {
                    self.out.push(tag::REPEATED);
                    push_varint(&mut self.out, *number);
                    return Ok(());
                }
            }
            self.written.insert(hash, None);
        }
        self.n_written = self.n_written.checked_add(1).ok_or(EncodeError::TooLarge)?;
        let nodes = self.nodes;
        let node = &nodes.arena[id].node;
        match node {
            Node::Branch(branch) => self.branch(branch)?,
            Node::Leaf { path, value } => {
                match tag::of_short_leaf(path.len()) {
                    Some(tag) => {
                        self.out.push(tag);
                        self.out.extend(path.packed());
                    }
                    None => {
                        self.out.push(tag::LEAF);
                        self.path(path)?;
                    }
                }
                self.bytes(value)?;
            }
            Node::Extension { path, child } => {
                let is_revealed = nodes.revealed(*child).is_some();
                self.out.push(if is_revealed { tag::EXTENSION_TO_NODE } else { tag::EXTENSION_TO_HASH });
                self.path(path)?;
                self.hash(*child);
            }
        }
        let children = node.links().iter().rev().filter_map(|link| nodes.revealed(*link));
        to_do.extend(children.map(|(id, hash)| Task::Write(id, hash)));
        Ok(())
    }

    fn branch(&mut self, branch: &Branch) -> Result<(), EncodeError> {
        let nodes = self.nodes;
        let bits = |is_set: &dyn Fn(&Link) -> bool| {
            let set = branch.children.iter().zip(0..).filter(|(link, _)| is_set(link));
            set.fold(0u16, |bits, (_, nibble)| bits | 1 << nibble)
        };
        let present = bits(&|link| !link.is_empty());
        let revealed = bits(&|link| nodes.revealed(*link).is_some());
        let at = self.out.len();
        let mut tag = 0;
        self.out.push(tag);
        if present == u16::MAX {
            tag |= tag::ALL_CHILDREN;
        } else {
            self.out.extend_from_slice(&present.to_le_bytes());
        }
        if !branch.value.is_empty() {
            tag |= tag::VALUE;
        }
        if revealed.is_power_of_two() {
            let nibble = revealed.trailing_zeros().to_le_bytes()[0];
            tag |= tag::ONE_REVEALED | nibble << 4;
        } else {
            self.out.extend_from_slice(&revealed.to_le_bytes());
        }
        self.out[at] = tag;
        branch.children.iter().for_each(|child| self.hash(*child));
        if branch.value.is_empty() { Ok(()) } else { self.bytes(&branch.value) }
    }

    /// Writes the hash of a child that is present and not revealed.
    fn hash(&mut self, link: Link) {
        if let Target::Stub(stub) = link.target()
            && self.nodes.revealed(link).is_none()
        {
            self.out.extend_from_slice(&self.nodes.arena.stub_hash(stub).0);
        }
    }

    fn path(&mut self, path: &Nibbles) -> Result<(), EncodeError> {
        self.length(path.len())?;
        self.out.extend(path.packed());
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.length(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn length(&mut self, length: usize) -> Result<(), EncodeError> {
        push_varint(&mut self.out, u32::try_from(length).map_err(|_| EncodeError::TooLarge)?);
        Ok(())
    }
}

impl<H: Hasher, S: NodeSource> Forest<H, Recorder<S>> {
    /// Ends the recording of a state provider's execution, and returns the witness of what it used.
    ///
    /// # Errors
    ///
    /// Fails if a recorded node is malformed.
    pub fn into_witness(self) -> Result<Vec<u8>, EncodeError> {
        encode(self.opened, &self.source.into_record())
    }
}
