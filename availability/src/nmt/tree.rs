//! Namespaced Merkle trees over a power of two of leaves, and proofs of ranges of leaves.

use std::ops::Range;

use crate::{
    ProofError,
    nmt::{Namespace, Node},
};

/// A tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// From the leaves to the root.
    levels: Vec<Vec<Node>>,
    root: Node,
}

impl Tree {
    /// Makes the tree of leaves, whose number is a power of two.
    ///
    /// # Errors
    ///
    /// Fails if the namespaces are not in order, or with [`ProofError::Range`] if the number is no power of two.
    pub fn new(leaves: Vec<Node>) -> Result<Self, ProofError> {
        let n_leaves = leaves.len();
        if !n_leaves.is_power_of_two() {
            return Err(ProofError::Range { start: 0, end: n_leaves, n_leaves });
        }
        let mut levels = Vec::new();
        let mut level = leaves;
        loop {
            if let [root] = level[..] {
                levels.push(level);
                return Ok(Self { levels, root });
            }
            let pairs = level.as_chunks::<2>().0.iter();
            let parents = pairs.map(|[left, right]| Node::parent(left, right)).collect::<Result<_, _>>()?;
            levels.push(std::mem::replace(&mut level, parents));
        }
    }

    /// Returns the root.
    #[must_use]
    pub const fn root(&self) -> Node {
        self.root
    }

    /// Returns the leaves.
    #[must_use]
    pub fn leaves(&self) -> &[Node] {
        self.levels.first().map_or(&[], |leaves| leaves)
    }

    /// Returns the siblings that prove a range of leaves, from left to right, as the `nodes` of celestiaorg/nmt's `Proof`.
    #[must_use]
    pub fn siblings(&self, range: &Range<usize>) -> Vec<Node> {
        let mut siblings = Vec::new();
        visit(range, 0, self.leaves().len(), &mut |start, n| {
            let level = self.levels.get(n.trailing_zeros() as usize);
            siblings.extend(level.and_then(|level| level.get(start.checked_div(n)?)));
        });
        siblings
    }
}

/// Calls `outside` for each largest subtree without a leaf of the range, from left to right, with its first leaf and size.
fn visit(range: &Range<usize>, start: usize, n: usize, outside: &mut impl FnMut(usize, usize)) {
    let end = start.saturating_add(n);
    if end <= range.start || range.end <= start {
        outside(start, n);
    } else if n > 1 {
        visit(range, start, n / 2, outside);
        visit(range, start.saturating_add(n / 2), n / 2, outside);
    }
}

/// Verifies that `leaves` are those of a tree of `n_leaves` from `start` on.
///
/// The number of leaves is known to whoever verifies, so each range has one proof; one with too few or too many siblings
/// is refused, even where the hashes would fit.
///
/// # Errors
///
/// Fails if the range is empty or out of bounds, or the proof does not lead to the root.
pub fn verify_range(
    root: &Node,
    n_leaves: usize,
    start: usize,
    leaves: &[Node],
    siblings: &[Node],
) -> Result<(), ProofError> {
    let end = start.saturating_add(leaves.len());
    if leaves.is_empty() || end > n_leaves || !n_leaves.is_power_of_two() {
        return Err(ProofError::Range { start, end, n_leaves });
    }
    let mut rest = Rest { leaves: leaves.iter(), siblings: siblings.iter() };
    let got = rest.root_of(&(start..end), 0, n_leaves)?;
    if rest.siblings.next().is_some() {
        return Err(ProofError::Siblings);
    }
    if got != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// The leaves and siblings of a proof that are not used yet.
struct Rest<'a> {
    leaves: std::slice::Iter<'a, Node>,
    siblings: std::slice::Iter<'a, Node>,
}

impl Rest<'_> {
    fn root_of(&mut self, range: &Range<usize>, start: usize, n: usize) -> Result<Node, ProofError> {
        let end = start.saturating_add(n);
        if end <= range.start || range.end <= start {
            return self.siblings.next().copied().ok_or(ProofError::Siblings);
        }
        if n == 1 {
            return self.leaves.next().copied().ok_or(ProofError::Siblings);
        }
        let left = self.root_of(range, start, n / 2)?;
        let right = self.root_of(range, start.saturating_add(n / 2), n / 2)?;
        Node::parent(&left, &right)
    }
}

/// Verifies that all leaves with namespaces from `first` to `last` are `leaves`, or that there are none, if the leaf after
/// their place is given instead.
///
/// # Errors
///
/// Fails as [`verify_range`] does, or if the range lacks leaves of the namespaces or has others.
pub fn verify_namespaces(
    root: &Node,
    n_leaves: usize,
    (first, last): (Namespace, Namespace),
    proof: &RangeProof,
    leaves: &[Node],
) -> Result<(), ProofError> {
    let proven = match &proof.beyond {
        None => leaves,
        // It stands for their place, so it has to be beyond them.
        Some(beyond) if leaves.is_empty() && last < beyond.min => std::slice::from_ref(beyond),
        Some(_) => return Err(ProofError::Incomplete),
    };
    verify_range(root, n_leaves, proof.start, proven, &proof.siblings)?;
    let is_asked = |leaf: &Node| first <= leaf.min && leaf.max <= last;
    let mut siblings = proof.siblings.iter();
    let mut is_complete = leaves.iter().all(is_asked);
    let end = proof.start.saturating_add(proven.len());
    visit(&(proof.start..end), 0, n_leaves, &mut |start, _| {
        let is_outside = |node: &Node| if start < proof.start { node.max < first } else { last < node.min };
        is_complete &= siblings.next().is_some_and(is_outside);
    });
    if is_complete { Ok(()) } else { Err(ProofError::Incomplete) }
}

/// A proof of the leaves of some namespaces, or of their absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeProof {
    /// The index of the first leaf.
    pub start: usize,
    /// The siblings, from left to right.
    pub siblings: Vec<Node>,
    /// If there are none: the leaf at `start`, the first beyond the namespaces.
    pub beyond: Option<Node>,
}
