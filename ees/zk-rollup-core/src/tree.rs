//! The dimensions of the tree of accounts, and the hashes of empty subtrees.
//!
//! A node is the compression of its four children, and the leaves are 12 levels below the root. The lowest two bits of an
//! index select the child at the lowest level.

use crate::field::{Fr, constant};

/// The number of levels of nodes.
pub const DEPTH: usize = 12;

/// The number of children of a node.
pub const ARITY: usize = 4;

/// The hashes of empty subtrees by height, from an empty leaf, which is zero, to the root of an empty tree.
pub const EMPTY: [Fr; DEPTH + 1] = [
    constant("0000000000000000000000000000000000000000000000000000000000000000"),
    constant("0609a34c838e1843f4f36babb91fb42f98460d7e62b430b9cd94b6e641809b0b"),
    constant("5860c0f9fa18afde904c5b2d06790c500ea2a39aaa6b332038ecb3bdf57a58e6"),
    constant("17878b978a701b9b4a5ec643b645a0395adbd736a0792a9e887b28b61901e37a"),
    constant("0079dd311d29e7bbac18f64d790e0a72c3ad0704939da01ffa8bcfda73a76015"),
    constant("0d23b57a975046af9d8d62837adc16c3b104fd01579aacce19c6bb8426b7e14d"),
    constant("60393d8e83d3dc0af85251b52f819a5caa583f8b53a77be8ed6f2455f151e573"),
    constant("187f41229b19b746e48ff2ee2415462c00a5be6636b5fdcbaba7fb03673b936c"),
    constant("01f7dd05ae877a364da0b0eb67d1a115166276d9896e7de66be9d852eb148a87"),
    constant("1b109040b9a2fcce3a649c0bef0d51c59d423d343c6336c90b8602b1a836adb6"),
    constant("70a343748136befaa62c6e7e8f3d2ade9525a09b0248a23303729132c4e5b761"),
    constant("67a5a41ebf94b71524458bee2d7d2e09dc296e830566757a434364626d67f549"),
    constant("085324d43753a817e3444bd4b2474dbd355d1ec425836d7048d36e76e52a04b2"),
];

/// Returns the position of a child in its node, for a leaf's index and a height: 0 for the lowest nodes.
pub fn child_position(index: u32, height: usize) -> usize {
    (index as usize >> (2 * height)) % ARITY
}
