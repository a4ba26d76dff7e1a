//! Iterating over a trie.

use alloc::vec::Vec;

use super::{
    arena::{Link, Node, NodeId, Step},
    error::TrieError,
    forest::{Forest, TrieId},
};
use crate::{
    hash::Hasher,
    node::{NodeSource, Path},
};

/// An iterator over keys and values of a trie, by ascending key.
///
/// At a node that is not covered it returns an error, and goes on with the keys after that node.
#[derive(Debug)]
pub struct Entries<'f, H, S> {
    forest: &'f mut Forest<H, S>,
    trie: TrieId,
    state: State,
    /// The nibbles down to the current node.
    path: Vec<u8>,
    way: Vec<Frame>,
}

#[derive(Debug)]
enum State {
    Begin,
    Walk,
}

/// A node on the path.
#[derive(Debug)]
struct Frame {
    id: NodeId,
    /// The next item to visit: 0 for the node's own value, then its children.
    next: usize,
    /// The number of nibbles down to the node, without the node's own path.
    depth: usize,
}

type Entry = (Vec<u8>, Vec<u8>);

impl<H: Hasher, S: NodeSource> Forest<H, S> {
    /// Returns an iterator over all covered keys and values, by ascending key.
    pub fn iter(&mut self, trie: TrieId) -> Entries<'_, H, S> {
        Entries { forest: self, trie, state: State::Begin, path: Vec::new(), way: Vec::new() }
    }
}

impl<H: Hasher, S: NodeSource> Entries<'_, H, S> {
    /// Visits the node behind a link, if there is one.
    fn enter(&mut self, parent: Option<Step>, link: Link) -> Result<(), TrieError> {
        let depth = self.path.len();
        let Some(id) = self.forest.visit(self.trie, parent, link, &self.path)? else { return Ok(()) };
        match &self.forest.arena[id].node {
            Node::Leaf { path, .. } | Node::Extension { path, .. } => self.path.extend(path.iter()),
            Node::Branch(_) => {}
        }
        self.way.push(Frame { id, next: 0, depth });
        Ok(())
    }

    /// Visits one value or child. Returns `None` after the last.
    fn step(&mut self) -> Option<Result<Option<Entry>, TrieError>> {
        let Frame { id, next, depth } = self.way.last_mut()?;
        let (id, depth) = (*id, *depth);
        let node = &self.forest.arena[id].node;
        let own = node.value();
        if *next == 0 {
            *next = 1;
            return Some(if own.is_empty() { Ok(None) } else { entry(&self.path, own).map(Some) });
        }
        let child = *next - 1;
        *next += 1;
        if let Node::Branch(_) = node {
            self.path.truncate(depth);
        }
        let Some(link) = node.links().get(child).copied() else {
            self.path.truncate(depth);
            self.way.pop();
            return Some(Ok(None));
        };
        let step = Step { id, child: u8::try_from(child).unwrap_or(u8::MAX) };
        if let Node::Branch(_) = node {
            self.path.push(step.child);
        }
        Some(self.enter(Some(step), link).map(|()| None))
    }
}

impl<H: Hasher, S: NodeSource> Iterator for Entries<'_, H, S> {
    type Item = Result<Entry, TrieError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let State::Begin = self.state {
            self.state = State::Walk;
            let link = self.forest.tries[self.trie.0].link;
            if let Err(error) = self.enter(None, link) {
                return Some(Err(error));
            }
        }
        loop {
            if let Some(item) = self.step()?.transpose() {
                return Some(item);
            }
        }
    }
}

fn entry(path: &[u8], value: &[u8]) -> Result<Entry, TrieError> {
    let (pairs, rest) = path.as_chunks();
    if rest.is_empty() {
        Ok((pairs.iter().map(|[high, low]| high << 4 | low).collect(), value.to_vec()))
    } else {
        Err(TrieError::HalfByte { path: Path(path.to_vec()) })
    }
}
