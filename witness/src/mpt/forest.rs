//! Forests: tries that share nodes and a source.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::marker::PhantomData;

use super::{
    EMPTY_ROOT,
    arena::{Arena, Branch, INLINE_BYTES_MAX, Link, Node, NodeId, Reference, Step, Target},
    error::{NodeFormatError, TrieError, UnusedError},
    nibbles::{Nibbles, unpack},
    node,
};
use crate::{
    hash::{Hash, Hasher},
    node::{NodeError, NodeSource, Path, blob, node as ask},
    record::Record,
};

/// Tries and blobs over one source.
///
/// `H` is Keccak-256, from [`Keccak256`](crate::Keccak256) or a guest's host.
///
/// The same code serves a state provider and a stateless executor. The provider has a recording source and nothing
/// else; the executor has the revealed nodes of a [`witness`](super::witness) and no source.
#[derive(Debug)]
pub struct Forest<H, S> {
    pub(super) arena: Arena,
    pub(super) tries: Vec<Root>,
    pub(super) revealed: WitnessContent,
    pub(super) opened: BTreeSet<Hash>,
    pub(super) source: S,
    /// The path to the current position of an operation, kept for its allocation.
    pub(super) steps: Vec<Step>,
    pub(super) buffer: Vec<u8>,
    hasher: PhantomData<fn() -> H>,
}

/// The identifier of a trie, valid only for the [`Forest`] that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrieId(pub(super) usize);

#[derive(Debug)]
pub(super) struct Root {
    pub(super) link: Link,
    /// `None` if the trie has changed since its root was last computed.
    pub(super) hash: Option<Hash>,
}

/// The content of a witness.
#[derive(Debug, Default)]
pub(super) struct WitnessContent {
    /// The roots of tries that are not part of another, ascending.
    pub(super) roots: Vec<Hash>,
    /// All nodes with a hash, by ascending hash.
    pub(super) nodes: Vec<(Hash, NodeId)>,
    pub(super) blobs: BTreeMap<Hash, RevealedBlob>,
}

#[derive(Debug)]
pub(super) struct RevealedBlob {
    pub(super) bytes: Box<[u8]>,
    pub(super) used: bool,
}

/// The end of the search for a key.
pub(super) enum End {
    /// An empty link, after this many nibbles.
    Empty { depth: usize },
    /// A leaf or extension that shares only the first `common` nibbles of its path with the key.
    Fork { id: NodeId, depth: usize, common: usize },
    /// The leaf or branch that holds the key's value, if there is one.
    Value { id: NodeId },
}

impl<H: Hasher, S: NodeSource> Forest<H, S> {
    /// Returns a forest without tries over `source`.
    pub fn new(source: S) -> Self {
        Self {
            arena: Arena::default(),
            tries: Vec::new(),
            revealed: WitnessContent::default(),
            opened: BTreeSet::new(),
            source,
            steps: Vec::new(),
            buffer: Vec::new(),
            hasher: PhantomData,
        }
    }

    /// Opens the trie with a root, without reading it. If the root is not covered, the first operation fails.
    ///
    /// A root may be opened several times; the tries change independently of each other.
    pub fn open(&mut self, root: &Hash) -> TrieId {
        let link = if *root == EMPTY_ROOT {
            Link::EMPTY
        } else if let Ok(index) = self.revealed.nodes.binary_search_by_key(root, |(hash, _)| *hash) {
            Link::from(self.revealed.nodes[index].1)
        } else {
            self.arena.stub(*root)
        };
        self.opened.insert(*root);
        self.tries.push(Root { link, hash: Some(*root) });
        TrieId(self.tries.len() - 1)
    }

    /// Returns the value of a key, or `None` if the key is proven absent.
    ///
    /// # Errors
    ///
    /// Fails if a node on the path is not covered or not valid.
    pub fn get(&mut self, trie: TrieId, key: &[u8]) -> Result<Option<&[u8]>, TrieError> {
        match self.search(trie, &unpack(key))? {
            End::Value { id } => Ok(Some(self.arena[id].node.value()).filter(|value| !value.is_empty())),
            End::Empty { .. } | End::Fork { .. } => Ok(None),
        }
    }

    /// Sets the value of a key; the empty value removes the key.
    ///
    /// # Errors
    ///
    /// Fails as [`Forest::get`] does, and for the empty value as [`Forest::remove`] does.
    pub fn insert(&mut self, trie: TrieId, key: &[u8], value: &[u8]) -> Result<(), TrieError> {
        if value.is_empty() {
            return self.remove(trie, key).map(drop);
        }
        let key = unpack(key);
        let link = match self.search(trie, &key)? {
            End::Value { id } if self.arena[id].node.value() == value => return Ok(()),
            End::Value { id } => {
                let id = self.arena.change(id);
                match &mut self.arena[id].node {
                    Node::Branch(Branch { value: own, .. }) | Node::Leaf { value: own, .. } => {
                        *own = value.into();
                    }
                    Node::Extension { .. } => debug_assert!(false, "extensions have no values"),
                }
                id
            }
            End::Empty { depth } => self.add_leaf(&key[depth..], value),
            End::Fork { id, depth, common } => self.fork(id, &key[depth..], common, value),
        };
        self.relink(trie, Link::from(link));
        Ok(())
    }

    /// Returns the blob with a hash.
    ///
    /// # Errors
    ///
    /// Fails if the blob is not covered, or if the source fails or returns other bytes.
    pub fn blob(&mut self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        match self.revealed.blobs.get_mut(hash) {
            Some(revealed) => {
                revealed.used = true;
                Ok(revealed.bytes.to_vec())
            }
            None => blob::<H>(&self.source, hash),
        }
    }

    /// Checks that everything in the witness has been used. An executor calls this at the end; otherwise anyone could
    /// extend a witness, and a block would have many valid ones.
    ///
    /// # Errors
    ///
    /// Returns the first node or blob that has not been used.
    pub fn check_all_used(&self) -> Result<(), UnusedError> {
        let WitnessContent { nodes, blobs, .. } = &self.revealed;
        let unused_node = nodes.iter().find(|(_, id)| !self.arena[*id].used).map(|(hash, _)| *hash);
        let unused_blob = || blobs.iter().find(|(_, blob)| !blob.used).map(|(hash, _)| *hash);
        match unused_node.or_else(unused_blob) {
            Some(hash) => Err(UnusedError { hash }),
            None => Ok(()),
        }
    }

    /// Returns the content of the witness, used or not: the roots of its tries, and its nodes and blobs as a record.
    /// Encoding these returns the same witness.
    pub fn revealed(&mut self) -> (Vec<Hash>, Record) {
        let mut record = Record::default();
        for (hash, id) in &self.revealed.nodes {
            let encoding = node::encode(&self.arena, &self.arena[*id].node, &mut self.buffer);
            record.nodes.insert(*hash, encoding.to_vec());
        }
        for (hash, blob) in &self.revealed.blobs {
            record.blobs.insert(*hash, blob.bytes.to_vec());
        }
        (self.revealed.roots.clone(), record)
    }

    /// Returns the roots opened so far, without duplicates.
    pub fn opened(&self) -> impl Iterator<Item = &Hash> {
        self.opened.iter()
    }

    /// Returns the source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Replaces the source, from which nodes are read that are not revealed yet.
    pub fn with_source<T: NodeSource>(self, source: T) -> Forest<H, T> {
        let Self { arena, tries, revealed, opened, source: _, steps, buffer, hasher } = self;
        Forest { arena, tries, revealed, opened, source, steps, buffer, hasher }
    }

    /// Follows `key` as far as possible, and leaves the path in `self.steps`.
    pub(super) fn search(&mut self, trie: TrieId, key: &[u8]) -> Result<End, TrieError> {
        self.steps.clear();
        let mut link = self.tries[trie.0].link;
        let mut depth = 0;
        loop {
            let parent = self.steps.last().copied();
            let Some(id) = self.visit(trie, parent, link, &key[..depth])? else {
                return Ok(End::Empty { depth });
            };
            let rest = &key[depth..];
            match &self.arena[id].node {
                Node::Leaf { path, .. } => {
                    let common = path.common_prefix(rest);
                    let found = common == path.len() && common == rest.len();
                    return Ok(if found { End::Value { id } } else { End::Fork { id, depth, common } });
                }
                Node::Extension { path, child } => {
                    let common = path.common_prefix(rest);
                    if common < path.len() {
                        return Ok(End::Fork { id, depth, common });
                    }
                    (link, depth) = (*child, depth + common);
                    self.steps.push(Step { id, child: 0 });
                }
                Node::Branch(branch) => {
                    let Some(nibble) = rest.first() else { return Ok(End::Value { id }) };
                    (link, depth) = (branch.children[usize::from(*nibble)], depth + 1);
                    self.steps.push(Step { id, child: *nibble });
                }
            }
        }
    }

    /// Visits a node: marks it as used, and resolves it if it is a stub. `parent` holds the link, or is `None` for
    /// the root of the trie; `path` leads to the node.
    pub(super) fn visit(
        &mut self,
        trie: TrieId,
        parent: Option<Step>,
        link: Link,
        path: &[u8],
    ) -> Result<Option<NodeId>, TrieError> {
        let stub = match link.target() {
            Target::Empty => return Ok(None),
            Target::Node(id) => {
                self.arena[id].used = true;
                return Ok(Some(id));
            }
            Target::Stub(stub) => *self.arena.stub_hash(stub),
        };
        let encoding = ask::<H>(&self.source, &stub).map_err(|error| TrieError::of_source(error, path))?;
        let malformed = |source| TrieError::Malformed { hash: stub, path: Path(path.to_vec()), source };
        let id = node::decode(&mut self.arena, &encoding).map_err(malformed)?;
        if let Some(parent) = parent {
            let is_branch = matches!(self.arena[id].node, Node::Branch(_));
            if matches!(self.arena[parent.id].node, Node::Extension { .. }) && !is_branch {
                return Err(malformed(NodeFormatError::NoBranch));
            }
            if encoding.len() <= INLINE_BYTES_MAX {
                return Err(malformed(NodeFormatError::NotInline { got: encoding.len() }));
            }
            self.arena.set_child(parent, Link::from(id));
        } else {
            self.tries[trie.0].link = Link::from(id);
        }
        self.arena[id].used = true;
        self.arena[id].reference = node::inline(&encoding).unwrap_or(Reference::Hash(stub));
        Ok(Some(id))
    }

    /// Makes the last step lead to `link`, and each step before it to its changed child, up to the root or to a node
    /// that has already changed.
    pub(super) fn relink(&mut self, trie: TrieId, mut link: Link) {
        while let Some(step) = self.steps.pop() {
            let had_changed = matches!(self.arena[step.id].reference, Reference::Unknown);
            let id = self.arena.change(step.id);
            self.arena.set_child(Step { id, ..step }, link);
            if had_changed {
                return;
            }
            link = Link::from(id);
        }
        self.tries[trie.0] = Root { link, hash: None };
    }

    fn add_leaf(&mut self, path: &[u8], value: &[u8]) -> NodeId {
        self.arena.add(Node::Leaf { path: Nibbles::of(path), value: value.into() })
    }

    /// Replaces a leaf or extension by a branch where its path and `key` diverge, after `common` nibbles.
    fn fork(&mut self, id: NodeId, key: &[u8], common: usize, value: &[u8]) -> NodeId {
        let mut branch = Branch::default();
        match self.arena.take(id) {
            Node::Leaf { path, value } if path.len() == common => branch.value = value,
            Node::Leaf { path, value } => {
                let rest = self.arena.add(Node::Leaf { path: path.tail(common + 1), value });
                branch.children[usize::from(path.at(common))] = Link::from(rest);
            }
            Node::Extension { path, child } => {
                let rest = path.tail(common + 1);
                branch.children[usize::from(path.at(common))] = if rest.is_empty() {
                    child
                } else {
                    Link::from(self.arena.add(Node::Extension { path: rest, child }))
                };
            }
            Node::Branch(_) => debug_assert!(false, "a branch has no path to fork"),
        }
        match key[common..].split_first() {
            None => branch.value = value.into(),
            Some((nibble, rest)) => {
                branch.children[usize::from(*nibble)] = Link::from(self.add_leaf(rest, value));
            }
        }
        let branch = self.arena.add(Node::Branch(branch));
        if common == 0 {
            return branch;
        }
        self.arena.add(Node::Extension { path: Nibbles::of(&key[..common]), child: Link::from(branch) })
    }
}
