//! Tries that share nodes and a source.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::marker::PhantomData;

use super::{
    EMPTY_ROOT,
    arena::{Arena, Branch, INLINE_BYTES_MAX, Link, Node, NodeId, Reference, Step, Target},
    entries::Entries,
    error::{NodeFormatError, TrieError, UnusedError},
    nibbles::{Nibbles, unpack},
    node,
};
use crate::{
    hash::{Hash, Hasher},
    node::{NodeError, NodeSource, Path, blob, node as ask},
    record::{Record, Recorder},
};

/// Tries and blobs over one source.
///
/// `H` is Keccak-256, whoever computes it: [`Keccak256`](crate::Keccak256), or a guest's host.
///
/// The same code serves a state provider and a stateless executor. The one has a recording source and nothing
/// else; the other has what a [`witness`](super::witness) revealed and no source.
#[derive(Debug)]
pub struct Forest<H, S> {
    pub(super) arena: Arena,
    pub(super) tries: Vec<Root>,
    pub(super) revealed: Revealed,
    opened: BTreeSet<Hash>,
    source: S,
    /// The way to where an operation is. It is kept for its allocation.
    pub(super) steps: Vec<Step>,
    pub(super) buffer: Vec<u8>,
    hasher: PhantomData<fn() -> H>,
}

/// A trie of a [`Forest`]. It is only good for the forest that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrieId(pub(super) usize);

#[derive(Debug)]
pub(super) struct Root {
    pub(super) link: Link,
    /// `None` when the trie has changed since it was computed last.
    pub(super) hash: Option<Hash>,
}

/// What a witness revealed.
#[derive(Debug, Default)]
pub(super) struct Revealed {
    /// The tries that are part of no other, by ascending root.
    pub(super) roots: Vec<Hash>,
    /// All nodes that are known by their hash, which ascends.
    pub(super) nodes: Vec<(Hash, NodeId)>,
    pub(super) blobs: BTreeMap<Hash, RevealedBlob>,
}

#[derive(Debug)]
pub(super) struct RevealedBlob {
    pub(super) bytes: Box<[u8]>,
    pub(super) used: bool,
}

/// Where the search for a key ends.
pub(super) enum End {
    /// At a link to nothing, after this many nibbles.
    Empty { depth: usize },
    /// At a leaf or extension that shares `common` nibbles of its path with the key, and not all.
    Fork { id: NodeId, depth: usize, common: usize },
    /// At the leaf or branch that has the key's value, if there is one.
    Value { id: NodeId },
}

impl<H: Hasher, S: NodeSource> Forest<H, S> {
    /// A forest without tries over `source`.
    pub fn new(source: S) -> Self {
        Self {
            arena: Arena::default(),
            tries: Vec::new(),
            revealed: Revealed::default(),
            opened: BTreeSet::new(),
            source,
            steps: Vec::new(),
            buffer: Vec::new(),
            hasher: PhantomData,
        }
    }

    /// Opens the trie with this root. Nothing is read: when the root is not covered, the first operation says so.
    ///
    /// A root may be opened several times. The tries that this gives go different ways from there on.
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

    /// The value of a key, or `None` when it is proven that it has none.
    ///
    /// # Errors
    ///
    /// A node on the way is not covered, or is not what it should be.
    pub fn get(&mut self, trie: TrieId, key: &[u8]) -> Result<Option<&[u8]>, TrieError> {
        match self.search(trie, &unpack(key))? {
            End::Value { id } => Ok(Some(self.arena[id].node.value()).filter(|value| !value.is_empty())),
            End::Empty { .. } | End::Fork { .. } => Ok(None),
        }
    }

    /// Gives a key a value; the empty one removes the key.
    ///
    /// # Errors
    ///
    /// As [`Forest::get`], and as [`Forest::remove`] for the empty value.
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

    /// All keys and values, by ascending key, as far as they are covered.
    pub fn iter(&mut self, trie: TrieId) -> Entries<'_, H, S> {
        Entries::new(self, trie)
    }

    /// The blob of this hash.
    ///
    /// # Errors
    ///
    /// It is not covered, or the source fails or lies.
    pub fn blob(&mut self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        match self.revealed.blobs.get_mut(hash) {
            Some(revealed) => {
                revealed.used = true;
                Ok(revealed.bytes.to_vec())
            }
            None => blob::<H>(&self.source, hash),
        }
    }

    /// Checks that all that the witness revealed has been used. An executor does this at the end; otherwise anyone could add
    /// to a witness, and a block would have many.
    ///
    /// # Errors
    ///
    /// Names what has not been used.
    pub fn check_all_used(&self) -> Result<(), UnusedError> {
        let Revealed { nodes, blobs, .. } = &self.revealed;
        let unused_node = nodes.iter().find(|(_, id)| !self.arena[*id].used).map(|(hash, _)| *hash);
        let unused_blob = || blobs.iter().find(|(_, blob)| !blob.used).map(|(hash, _)| *hash);
        match unused_node.or_else(unused_blob) {
            Some(hash) => Err(UnusedError { hash }),
            None => Ok(()),
        }
    }

    /// What a witness has revealed, used or not: the roots of its tries, and its nodes and blobs as a record. Encoding these
    /// gives the witness again.
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

    /// The roots opened so far, each once.
    pub fn opened(&self) -> impl Iterator<Item = &Hash> {
        self.opened.iter()
    }

    /// The source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// The same forest with another source, for what is not revealed yet.
    pub fn with_source<T: NodeSource>(self, source: T) -> Forest<H, T> {
        let Self { arena, tries, revealed, opened, source: _, steps, buffer, hasher } = self;
        Forest { arena, tries, revealed, opened, source, steps, buffer, hasher }
    }

    /// Follows `key` as far as it goes, and leaves the way in `self.steps`.
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

    /// Comes to a node: marks it as used, and resolves it when it is a stub. `parent` is where the link is, the root of the
    /// trie without one, and `path` the way there.
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

    /// Lets the last of the steps lead to `link`, and all nodes before it to their changed children, up to the root or to
    /// a node that has changed already.
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

    /// Puts a branch where the path of a leaf or extension and `key` part after `common` nibbles.
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

impl<H: Hasher, S: NodeSource> Forest<H, Recorder<S>> {
    /// Ends the recording of a state provider's execution, and encodes what it used as a witness.
    ///
    /// # Errors
    ///
    /// A recorded node is malformed.
    pub fn into_witness(self) -> Result<Vec<u8>, super::witness::EncodeError> {
        super::witness::encode(self.opened, &self.source.into_record())
    }
}
