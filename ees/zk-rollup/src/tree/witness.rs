//! The part of a witness with the paths to accounts.
//!
//! A block determines which accounts it reads, so the paths name no index. They are the branches from the root to these
//! accounts, each once, in pre-order. A branch:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | the children with accounts below, the first as the lowest bit; the upper four bits are zeros |
//! | | of each such child, in order: the branch or account at this place, if a path leads there; otherwise 32 bytes of hash |
//!
//! An account has 48 bytes, as in a store. A path ends where no account is below. So a set of accounts has one encoding;
//! a branch without any child is only the root of a tree without accounts.

use alloc::{collections::BTreeSet, vec::Vec};

use outrider_sdk::Reader;
use outrider_witness::NodeSource;
use outrider_zk_rollup_core::{
    Account, AccountIndex,
    field::{from_bytes, to_bytes},
    tree::ARITY,
};

use super::{
    DEPTH, Tree, TreeError,
    error::PathsError,
    node::{Link, empty_at},
};

impl<S: NodeSource> Tree<S> {
    /// Appends the paths to indices to a witness.
    ///
    /// # Errors
    ///
    /// Fails as [`account`](Self::account) does.
    pub fn write_paths(
        &mut self,
        indices: &BTreeSet<AccountIndex>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), TreeError> {
        let indices: Vec<AccountIndex> = indices.iter().copied().collect();
        write(&mut self.root, 0, &indices, &self.source, bytes)
    }

    /// Reads the paths to indices, from a witness that may go on. The tree has a source for everything else.
    ///
    /// The caller has to compare the [root](Self::root) with one that it trusts.
    ///
    /// # Errors
    ///
    /// Fails if the bytes do not begin with such paths. It reads no more than they have.
    pub fn read_paths(
        reader: &mut Reader<'_>,
        indices: &BTreeSet<AccountIndex>,
        source: S,
    ) -> Result<Self, PathsError> {
        let indices: Vec<AccountIndex> = indices.iter().copied().collect();
        Ok(Self { root: read(reader, 0, &indices)?, source })
    }
}

fn write(
    link: &mut Link,
    depth: usize,
    indices: &[AccountIndex],
    source: &impl NodeSource,
    bytes: &mut Vec<u8>,
) -> Result<(), TreeError> {
    link.resolve(depth, source)?;
    match link {
        Link::Leaf(leaf) => bytes.extend(leaf.account.to_bytes()),
        Link::Empty | Link::Hash(_) => bytes.push(0),
        Link::Branch(branch) => {
            let children = branch.children.iter().zip(BITS);
            let children = children.filter(|(child, _)| !matches!(child, Link::Empty));
            bytes.push(children.fold(0, |mask, (_, bit)| mask | bit));
            let below = depth.saturating_add(1);
            for (digit, child) in branch.children.iter_mut().enumerate() {
                let indices = with_digit(indices, depth, digit);
                match child {
                    Link::Empty => {}
                    child if indices.is_empty() => bytes.extend(to_bytes(&child.hash(below))),
                    child => write(child, below, indices, source, bytes)?,
                }
            }
        }
    }
    Ok(())
}

fn read(reader: &mut Reader<'_>, depth: usize, indices: &[AccountIndex]) -> Result<Link, PathsError> {
    let offset = reader.offset();
    if depth >= DEPTH {
        let account = Account::from_bytes(&reader.take_array()?);
        return account.map(Link::of_account).map_err(|source| PathsError::Account { offset, source });
    }
    let got = reader.u8()?;
    match got {
        0 if depth == 0 => return Ok(Link::Empty),
        1..16 => {}
        _ => return Err(PathsError::Children { offset, got }),
    }
    let below = depth.saturating_add(1);
    let mut children = [const { Link::Empty }; ARITY];
    let present = children.iter_mut().enumerate().zip(BITS).filter(|(_, bit)| got & bit != 0);
    for ((digit, child), _) in present {
        let indices = with_digit(indices, depth, digit);
        *child = if indices.is_empty() { read_hash(reader, below)? } else { read(reader, below, indices)? };
    }
    Ok(Link::of_children(children, depth))
}

fn read_hash(reader: &mut Reader<'_>, depth: usize) -> Result<Link, PathsError> {
    let offset = reader.offset();
    let hash = from_bytes(&reader.take_array()?).ok().filter(|hash| *hash != empty_at(depth));
    hash.map(Link::Hash).ok_or(PathsError::Hash { offset })
}

/// Returns those of ascending indices below one branch that lead to a child of it.
fn with_digit(indices: &[AccountIndex], depth: usize, digit: usize) -> &[AccountIndex] {
    let start = indices.partition_point(|index| super::digit(*index, depth) < digit);
    let end = indices.partition_point(|index| super::digit(*index, depth) <= digit);
    indices.get(start..end).unwrap_or_default()
}

/// The bit of each child.
const BITS: [u8; ARITY] = [1, 2, 4, 8];
