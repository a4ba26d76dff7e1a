//! Merkle trees of the consensus specs (SSZ) and of RFC 6962, over SHA-256.

use sha2::{Digest as _, Sha256};

/// A hash, or a chunk of SSZ.
pub(crate) type Chunk = [u8; 32];

/// Hashes two siblings, as SSZ does.
pub(crate) fn pair(left: &Chunk, right: &Chunk) -> Chunk {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}

/// Returns the SSZ chunk of a `uint64`: also of a length that is mixed in.
pub(crate) fn uint64(value: u64) -> Chunk {
    let mut chunk = [0; 32];
    for (byte, of) in chunk.iter_mut().zip(value.to_le_bytes()) {
        *byte = of;
    }
    chunk
}

/// Splits bytes into SSZ chunks, the last padded with zeros.
pub(crate) fn chunks(bytes: &[u8]) -> Vec<Chunk> {
    let chunk = |bytes: &[u8]| {
        let mut chunk = [0; 32];
        chunk.iter_mut().zip(bytes).for_each(|(byte, of)| *byte = *of);
        chunk
    };
    bytes.chunks(32).map(chunk).collect()
}

/// Returns the root of a tree of a depth above `leaves`, the first of its leaves; all others are `zero`.
pub(crate) fn root(leaves: Vec<Chunk>, depth: u32, zero: Chunk) -> Chunk {
    Tree::new(leaves, depth, zero).root()
}

/// A tree of a depth, of whose leaves only the first are not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree {
    /// From the leaves to the root, each with a zero of its depth: what is not in the level.
    levels: Vec<(Vec<Chunk>, Chunk)>,
    root: Chunk,
}

impl Tree {
    /// Makes the tree of [`root`].
    pub(crate) fn new(leaves: Vec<Chunk>, depth: u32, zero: Chunk) -> Self {
        let (mut level, mut zero) = (leaves, zero);
        let mut levels = Vec::new();
        for _ in 0..depth {
            if level.len() % 2 == 1 {
                level.push(zero);
            }
            let parents = level.as_chunks::<2>().0.iter().map(|[left, right]| pair(left, right)).collect();
            levels.push((std::mem::replace(&mut level, parents), zero));
            zero = pair(&zero, &zero);
        }
        Self { levels, root: level.first().copied().unwrap_or(zero) }
    }

    pub(crate) const fn root(&self) -> Chunk {
        self.root
    }

    /// Returns the siblings of a leaf, from the leaf upwards.
    pub(crate) fn branch(&self, index: usize) -> Vec<Chunk> {
        let siblings = self.levels.iter().scan(index, |index, (level, zero)| {
            let sibling = level.get(*index ^ 1).unwrap_or(zero);
            *index >>= 1;
            Some(*sibling)
        });
        siblings.collect()
    }
}

/// Returns the root to which a branch leads from a leaf, as `is_valid_merkle_branch` of the consensus specs.
pub(crate) fn root_of_branch(leaf: Chunk, branch: &[Chunk], index: usize) -> Chunk {
    let step = |(node, index): (Chunk, usize), sibling: &Chunk| {
        let parent = if index & 1 == 0 { pair(&node, sibling) } else { pair(sibling, &node) };
        (parent, index >> 1)
    };
    branch.iter().fold((leaf, index), step).0
}

/// Returns the root of RFC 6962 over a power of two of leaves, as Tendermint and Celestia hash lists.
pub(crate) fn rfc6962_root(leaves: impl Iterator<Item = Vec<u8>>) -> Chunk {
    let leaf =
        |bytes: Vec<u8>| -> Chunk { Sha256::new().chain_update([0]).chain_update(bytes).finalize().into() };
    let mut level: Vec<Chunk> = leaves.map(leaf).collect();
    debug_assert!(level.len().is_power_of_two(), "only such lists are hashed here");
    while level.len() > 1 {
        let pairs = level.as_chunks::<2>().0.iter();
        let parent = |[left, right]: &[Chunk; 2]| {
            Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
        };
        level = pairs.map(parent).collect();
    }
    level.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Tree, chunks, pair, rfc6962_root, root, root_of_branch, uint64};

    /// The tree of four leaves, of which three are given, by hand.
    #[test]
    fn the_root_of_a_list_pads_with_zeros() {
        let [a, b, c] = [[1; 32], [2; 32], [3; 32]];
        let expected = pair(&pair(&a, &b), &pair(&c, &[0; 32]));
        assert_eq!(root(vec![a, b, c], 2, [0; 32]), expected);
        let empty = pair(&[0; 32], &[0; 32]);
        assert_eq!(root(vec![], 1, [0; 32]), empty);
        assert_eq!(root(vec![], 2, [0; 32]), pair(&empty, &empty));
        assert_eq!(root(vec![a], 0, [0; 32]), a);
    }

    #[test]
    fn each_branch_leads_to_the_root() {
        for n in 0..=8 {
            let leaves: Vec<_> = (0..n).map(|i| [i + 1; 32]).collect();
            let tree = Tree::new(leaves.clone(), 3, [0; 32]);
            assert_eq!(tree.root(), root(leaves.clone(), 3, [0; 32]));
            for index in 0..8 {
                let leaf = leaves.get(index).copied().unwrap_or_default();
                assert_eq!(root_of_branch(leaf, &tree.branch(index), index), tree.root());
            }
        }
    }

    #[test]
    fn bytes_become_chunks() {
        assert_eq!(chunks(&[7; 33])[1][..2], [7, 0]);
        assert_eq!(uint64(258)[..3], [2, 1, 0]);
    }

    /// The hashes of the one-leaf list "" and of RFC 6962's two leaves, from the test vectors of certificate transparency.
    #[test]
    fn lists_are_hashed_as_in_certificate_transparency() {
        let hex = |root: [u8; 32]| root.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let leaves = |n: usize| [vec![], vec![0], vec![0x10], vec![0x20, 0x21]].into_iter().take(n);
        assert_eq!(
            hex(rfc6962_root(leaves(1))),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            hex(rfc6962_root(leaves(2))),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
        assert_eq!(
            hex(rfc6962_root(leaves(4))),
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
        );
    }
}
