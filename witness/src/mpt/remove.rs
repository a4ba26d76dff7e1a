//! Removal of keys.

use super::{
    arena::{Link, Node, NodeId, Step},
    error::TrieError,
    forest::{End, Forest, TrieId},
    nibbles::{Nibbles, unpack},
};
use crate::{hash::Hasher, node::NodeSource};

impl<H: Hasher, S: NodeSource> Forest<H, S> {
    /// Removes a key and returns whether it had a value.
    ///
    /// # Errors
    ///
    /// Fails as [`Forest::get`] does. If the removal leaves a branch with a single child, it needs that child, too.
    pub fn remove(&mut self, trie: TrieId, key: &[u8]) -> Result<bool, TrieError> {
        let key = unpack(key);
        let End::Value { id } = self.search(trie, &key)? else { return Ok(false) };
        match &self.arena[id].node {
            Node::Leaf { .. } => self.remove_leaf(trie, id, &key)?,
            Node::Branch(branch) if branch.value.is_empty() => return Ok(false),
            Node::Branch(_) => self.remove_branch_value(trie, id, &key)?,
            Node::Extension { .. } => return Ok(false),
        }
        Ok(true)
    }

    /// Removes the leaf at the end of the steps. Its parent, if it has one, is a branch.
    fn remove_leaf(&mut self, trie: TrieId, leaf: NodeId, key: &[u8]) -> Result<(), TrieError> {
        let Some(parent) = self.steps.pop() else {
            self.arena.take(leaf);
            self.relink(trie, Link::EMPTY);
            return Ok(());
        };
        let depth = self.depth();
        match self.lone_item(trie, parent.id, Some(parent.child), &key[..depth])? {
            Some(item) => {
                self.arena.take(parent.id);
                self.replace(trie, item);
            }
            None => {
                let id = self.arena.change(parent.id);
                self.arena.set_child(Step { id, ..parent }, Link::EMPTY);
                self.relink(trie, Link::from(id));
            }
        }
        self.arena.take(leaf);
        Ok(())
    }

    /// Removes the value of the branch at the end of the steps.
    fn remove_branch_value(&mut self, trie: TrieId, id: NodeId, key: &[u8]) -> Result<(), TrieError> {
        match self.lone_item(trie, id, None, key)? {
            Some(item) => {
                self.arena.take(id);
                self.replace(trie, item);
            }
            None => {
                let id = self.arena.change(id);
                if let Node::Branch(branch) = &mut self.arena[id].node {
                    branch.value = Default::default();
                }
                self.relink(trie, Link::from(id));
            }
        }
        Ok(())
    }

    /// Returns the node that replaces the branch `id` after it loses an item: the child `gone`, or its value if that
    /// is `None`. Returns `None` if the branch stays. Changes nothing, but visits the remaining child.
    fn lone_item(
        &mut self,
        trie: TrieId,
        id: NodeId,
        gone: Option<u8>,
        path: &[u8],
    ) -> Result<Option<Node>, TrieError> {
        let Node::Branch(branch) = &self.arena[id].node else { return Ok(None) };
        if branch.n_items() > 2 {
            return Ok(None);
        }
        let mut children = (0u8..).zip(branch.children);
        let left = children.find(|(nibble, link)| !link.is_empty() && Some(*nibble) != gone);
        let Some((nibble, link)) = left else {
            return Ok(Some(Node::Leaf { path: Nibbles::of(&[]), value: branch.value.clone() }));
        };
        let path = [path, &[nibble]].concat();
        let Some(child) = self.visit(trie, Some(Step { id, child: nibble }), link, &path)? else {
            return Ok(None);
        };
        let nibble = Nibbles::of(&[nibble]);
        Ok(Some(match &self.arena[child].node {
            Node::Branch(_) => Node::Extension { path: nibble, child: Link::from(child) },
            Node::Extension { .. } | Node::Leaf { .. } => match self.arena.take(child) {
                Node::Leaf { path, value } => Node::Leaf { path: nibble.join(&path), value },
                Node::Extension { path, child } => Node::Extension { path: nibble.join(&path), child },
                Node::Branch(_) => return Ok(None),
            },
        }))
    }

    /// Places a leaf or extension at the end of the steps, and merges it with an extension before it.
    fn replace(&mut self, trie: TrieId, mut item: Node) {
        let extension = self.steps.pop_if(|step| matches!(self.arena[step.id].node, Node::Extension { .. }));
        if let Some(step) = extension
            && let Node::Extension { path: before, .. } = self.arena.take(step.id)
            && let Node::Extension { path, .. } | Node::Leaf { path, .. } = &mut item
        {
            *path = before.join(path);
        }
        let id = self.arena.add(item);
        self.relink(trie, Link::from(id));
    }

    /// Returns the number of nibbles down to the end of the steps.
    fn depth(&self) -> usize {
        let nibbles = |step: &Step| match &self.arena[step.id].node {
            Node::Extension { path, .. } => path.len(),
            Node::Branch(_) | Node::Leaf { .. } => 1,
        };
        self.steps.iter().map(nibbles).sum()
    }
}
