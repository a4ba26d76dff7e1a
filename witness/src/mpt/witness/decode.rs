//! Decoding a witness into a forest.

use alloc::{vec, vec::Vec};

use thiserror::Error;

use super::tag;
use crate::{
    hash::{HASH_BYTES, Hash, Hasher},
    mpt::{
        arena::{Arena, Branch, Link, Node, NodeId, Reference, Step},
        forest::{Forest, RevealedBlob},
        nibbles::Nibbles,
        root::{refer, root_hash},
    },
    node::NoNodes,
    reader::{ReadError, Reader},
};

/// The reason why bytes are not the canonical encoding of a witness. The fault is with their author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end early or late, or a number is not in its shortest form.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tag does not exist.
    #[error("offset {offset}: no node has tag {tag:#04x}")]
    Tag {
        /// The offset of the node.
        offset: usize,
        /// Its first byte.
        tag: u8,
    },
    /// The children of a branch are not encoded in the shortest way, or a revealed child is not present.
    #[error("offset {offset}: the children of the branch are not in their canonical form")]
    Children {
        /// The offset of the node.
        offset: usize,
    },
    /// A branch has fewer than two children and values.
    #[error("offset {offset}: the branch has fewer than two children and values")]
    LoneItem {
        /// The offset of the node.
        offset: usize,
    },
    /// A path has a nibble above 15, the path of an extension is empty, or the path of a leaf is not encoded in the
    /// shortest way.
    #[error("offset {offset}: the path of the node is not in its canonical form")]
    Path {
        /// The offset of the node.
        offset: usize,
    },
    /// A value is empty.
    #[error("offset {offset}: the value is empty")]
    EmptyValue {
        /// The offset of the node.
        offset: usize,
    },
    /// An extension leads to a leaf or an extension.
    #[error("offset {offset}: the extension does not lead to a branch")]
    NoBranch {
        /// The offset of the node to which it leads.
        offset: usize,
    },
    /// A repetition names a node that is incomplete, inline, or the topmost of a trie.
    #[error("offset {offset}: node {number} cannot be repeated")]
    Repeated {
        /// The offset of the repetition.
        offset: usize,
        /// The number of the node that it names.
        number: u32,
    },
    /// Two tries are not in ascending order of their roots.
    #[error("the trie with root {root} is out of order")]
    TrieOrder {
        /// The root of the second trie.
        root: Hash,
    },
    /// Two blobs are not in ascending order of their hashes.
    #[error("blob {hash} is out of order")]
    BlobOrder {
        /// The hash of the second blob.
        hash: Hash,
    },
    /// A node is written twice, or written once while its bare hash is written elsewhere.
    #[error("node {hash} is written more than once, or as a bare hash besides")]
    KnownHash {
        /// The hash of the node.
        hash: Hash,
    },
}

/// Decodes a witness, and thereby hashes every node.
///
/// # Errors
///
/// Fails if the bytes are not the canonical encoding of a witness.
pub fn decode<H: Hasher>(bytes: &[u8]) -> Result<Forest<H, NoNodes>, DecodeError> {
    let mut forest = Forest::new(NoNodes);
    forest.arena = Arena::with_capacity(bytes.len() / COMMON_NODE_BYTES, bytes.len() / HASH_BYTES);
    let mut decoder = Decoder::<H> { reader: Reader::new(bytes), forest, way: Vec::new(), tops: Vec::new() };
    for _ in 0..decoder.reader.length(1)? {
        decoder.trie()?;
    }
    for _ in 0..decoder.reader.length(1)? {
        decoder.blob()?;
    }
    decoder.reader.finish()?;
    let mut forest = decoder.forest;
    forest.revealed.nodes.sort_unstable_by(|(a, _), (b, _)| start(a).cmp(&start(b)).then_with(|| a.cmp(b)));
    check_known_hashes(&forest)?;
    Ok(forest)
}

/// The approximate size of a node in a witness of a large state, in bytes.
const COMMON_NODE_BYTES: usize = 224;

struct Decoder<'w, H> {
    reader: Reader<'w>,
    forest: Forest<H, NoNodes>,
    way: Vec<Frame>,
    /// The topmost nodes of tries, by ascending index.
    tops: Vec<NodeId>,
}

/// An incomplete node: some of its children still follow.
struct Frame {
    id: NodeId,
    /// The children that still follow: bit n for child n.
    to_come: u16,
}

impl<H: Hasher> Decoder<'_, H> {
    fn trie(&mut self) -> Result<(), DecodeError> {
        let offset = self.reader.offset();
        let top = match self.node()? {
            ReadNode::New(frame) => frame,
            ReadNode::Repeated { number, .. } => return Err(DecodeError::Repeated { offset, number }),
        };
        let id = top.id;
        self.tops.push(id);
        self.way.push(top);
        while let Some(frame) = self.way.last_mut() {
            if frame.to_come == 0 {
                let id = frame.id;
                self.way.pop();
                self.complete(id);
                continue;
            }
            let child = frame.to_come.trailing_zeros().to_le_bytes()[0];
            frame.to_come &= frame.to_come - 1;
            let parent = Step { id: frame.id, child };
            self.child(parent)?;
        }
        let root = root_hash::<H>(&self.forest.arena, id);
        if self.forest.revealed.roots.last().is_some_and(|last| *last >= root) {
            return Err(DecodeError::TrieOrder { root });
        }
        if let Reference::Inline { .. } = self.forest.arena[id].reference {
            self.forest.revealed.nodes.push((root, id));
        }
        self.forest.revealed.roots.push(root);
        Ok(())
    }

    fn child(&mut self, parent: Step) -> Result<(), DecodeError> {
        let offset = self.reader.offset();
        let id = match self.node()? {
            ReadNode::New(frame) => {
                let id = frame.id;
                self.way.push(frame);
                id
            }
            ReadNode::Repeated { id, .. } => id,
        };
        let arena = &mut self.forest.arena;
        let is_branch = matches!(arena[id].node, Node::Branch(_));
        if matches!(arena[parent.id].node, Node::Extension { .. }) && !is_branch {
            return Err(DecodeError::NoBranch { offset });
        }
        arena.set_child(parent, Link::from(id));
        Ok(())
    }

    fn complete(&mut self, id: NodeId) {
        let forest = &mut self.forest;
        refer::<H>(&mut forest.arena, id, &mut forest.buffer);
        if let Reference::Hash(hash) = forest.arena[id].reference {
            forest.revealed.nodes.push((hash, id));
        }
    }

    fn blob(&mut self) -> Result<(), DecodeError> {
        let bytes = self.bytes()?;
        let hash = H::hash(bytes);
        let blobs = &mut self.forest.revealed.blobs;
        if blobs.last_key_value().is_some_and(|(last, _)| *last >= hash) {
            return Err(DecodeError::BlobOrder { hash });
        }
        blobs.insert(hash, RevealedBlob { bytes: bytes.into(), used: false });
        Ok(())
    }
}

/// A node that was just read.
enum ReadNode {
    New(Frame),
    Repeated { id: NodeId, number: u32 },
}

impl<'w, H: Hasher> Decoder<'w, H> {
    fn node(&mut self) -> Result<ReadNode, DecodeError> {
        let offset = self.reader.offset();
        let (node, to_come) = match self.reader.u8()? {
            tag if tag & 0x0f <= tag::BRANCH_LAST => self.branch(offset, tag)?,
            tag::LEAF => (self.leaf(offset)?, 0),
            tag if tag & 0x0f >= tag::SHORT_LEAF => (self.short_leaf(offset, tag)?, 0),
            tag::EXTENSION_TO_HASH => {
                let path = self.extension_path(offset)?;
                let child = self.hash()?;
                (Node::Extension { path, child }, 0)
            }
            tag::EXTENSION_TO_NODE => {
                (Node::Extension { path: self.extension_path(offset)?, child: Link::EMPTY }, 1)
            }
            tag::REPEATED => return self.repeated(offset),
            tag => return Err(DecodeError::Tag { offset, tag }),
        };
        let id = self.forest.arena.add(node);
        let slot = &mut self.forest.arena[id];
        slot.frozen = true;
        slot.stored = true;
        Ok(ReadNode::New(Frame { id, to_come }))
    }

    fn branch(&mut self, offset: usize, tag: u8) -> Result<(Node, u16), DecodeError> {
        let has = |bit: u8| tag & bit != 0;
        let present = if has(tag::ALL_CHILDREN) { u16::MAX } else { self.bits()? };
        let revealed = match (has(tag::ONE_REVEALED), tag >> 4) {
            (true, nibble) => 1 << nibble,
            (false, 0) => self.bits()?,
            (false, _) => return Err(DecodeError::Tag { offset, tag }),
        };
        let is_canonical = has(tag::ALL_CHILDREN) == (present == u16::MAX)
            && has(tag::ONE_REVEALED) == revealed.is_power_of_two()
            && revealed & !present == 0;
        if !is_canonical {
            return Err(DecodeError::Children { offset });
        }
        if present.count_ones() + u32::from(has(tag::VALUE)) < 2 {
            return Err(DecodeError::LoneItem { offset });
        }
        let mut branch = Branch::default();
        let hashed = present & !revealed;
        for (nibble, child) in branch.children.iter_mut().enumerate() {
            if hashed >> nibble & 1 == 1 {
                *child = self.hash()?;
            }
        }
        if has(tag::VALUE) {
            branch.value = self.value(offset)?.into();
        }
        Ok((Node::Branch(branch), revealed))
    }

    fn leaf(&mut self, offset: usize) -> Result<Node, DecodeError> {
        let path = self.path(offset)?;
        if tag::of_short_leaf(path.len()).is_some() {
            return Err(DecodeError::Path { offset });
        }
        Ok(Node::Leaf { path, value: self.value(offset)?.into() })
    }

    fn short_leaf(&mut self, offset: usize, tag: u8) -> Result<Node, DecodeError> {
        let path = self.nibbles(offset, tag::n_nibbles(tag))?;
        Ok(Node::Leaf { path, value: self.value(offset)?.into() })
    }

    fn repeated(&mut self, offset: usize) -> Result<ReadNode, DecodeError> {
        let number = self.reader.varint()?;
        let arena = &self.forest.arena;
        let node = arena.nth(number).filter(|id| matches!(arena[*id].reference, Reference::Hash(_)));
        match node.filter(|id| self.tops.binary_search(id).is_err()) {
            Some(id) => Ok(ReadNode::Repeated { id, number }),
            None => Err(DecodeError::Repeated { offset, number }),
        }
    }

    fn extension_path(&mut self, offset: usize) -> Result<Nibbles, DecodeError> {
        let path = self.path(offset)?;
        if path.is_empty() { Err(DecodeError::Path { offset }) } else { Ok(path) }
    }

    fn path(&mut self, offset: usize) -> Result<Nibbles, DecodeError> {
        let n_nibbles = usize::try_from(self.reader.varint()?).unwrap_or(usize::MAX);
        self.nibbles(offset, n_nibbles)
    }

    fn nibbles(&mut self, offset: usize, n_nibbles: usize) -> Result<Nibbles, DecodeError> {
        let packed = self.reader.take(n_nibbles.div_ceil(2))?;
        Nibbles::of_packed(n_nibbles, packed).ok_or(DecodeError::Path { offset })
    }

    fn value(&mut self, offset: usize) -> Result<&'w [u8], DecodeError> {
        match self.bytes()? {
            [] => Err(DecodeError::EmptyValue { offset }),
            value => Ok(value),
        }
    }

    fn bytes(&mut self) -> Result<&'w [u8], DecodeError> {
        let length = self.reader.length(1)?;
        Ok(self.reader.take(length)?)
    }

    fn hash(&mut self) -> Result<Link, DecodeError> {
        let hash = Hash(self.reader.take_array()?);
        Ok(self.forest.arena.stub(hash))
    }

    fn bits(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.reader.take_array()?))
    }
}

/// Returns the first bytes of a hash as a number. Comparing these is fast and nearly always decides.
fn start(hash: &Hash) -> u64 {
    hash.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Checks that all written nodes have different hashes, and that no bare hash equals one of these.
///
/// There are many times more bare hashes than nodes. A bit table with 64 bits per node rules nearly all of them out.
/// An attacker who chooses hashes to defeat the table only causes a binary search for each.
fn check_known_hashes<H>(forest: &Forest<H, NoNodes>) -> Result<(), DecodeError> {
    let revealed = &forest.revealed.nodes;
    if let Some([(hash, _), _]) = revealed.array_windows().find(|[(a, _), (b, _)]| a == b) {
        return Err(DecodeError::KnownHash { hash: *hash });
    }
    let n_words = revealed.len().next_power_of_two();
    let mut table = vec![0u64; n_words];
    let place = |hash: &Hash| {
        let [a, b, c, d, bit, ..] = hash.0;
        (u32::from_le_bytes([a, b, c, d]) as usize & (n_words - 1), 1u64 << (bit & 63))
    };
    for (hash, _) in revealed {
        let (word, bit) = place(hash);
        table[word] |= bit;
    }
    let may_be_known = |hash: &&Hash| {
        let (word, bit) = place(hash);
        table[word] & bit != 0
    };
    let known = |hash: &&Hash| revealed.binary_search_by_key(*hash, |(hash, _)| *hash).is_ok();
    match forest.arena.stubs().iter().filter(may_be_known).find(known) {
        Some(hash) => Err(DecodeError::KnownHash { hash: *hash }),
        None => Ok(()),
    }
}
