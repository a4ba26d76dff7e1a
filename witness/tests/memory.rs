//! Tests of the memory that decoding takes, counted at the allocator.

#[path = "support/allocator.rs"]
mod allocator;

use outrider_witness::{Keccak256, mpt::witness};

/// Decodes the bytes and checks the peak memory against the bound.
#[track_caller]
fn check(bytes: &[u8], is_witness: bool) {
    let (decoded, peak) = allocator::peak_of(|| witness::decode::<Keccak256>(bytes));
    assert_eq!(decoded.is_ok(), is_witness);
    let factor = peak / bytes.len();
    assert!(factor <= witness::MEMORY_FACTOR, "{factor} times {} bytes", bytes.len());
}

/// Checks encodings with the fewest bytes per node, in numbers just above and below those at which lists grow.
#[test]
fn memory_is_bounded_by_the_length_of_the_witness() {
    let leaf = [0x08, 0, 1, 1];
    for count in [10, 1023, 1025, 8191, 8193, 20_000] {
        // A chain of branches with a value each.
        let deep: Vec<u8> = [1].into_iter().chain([0x06, 1, 0, 1, 1].repeat(count)).collect();
        check(&[&deep[..], &[0x0c, 1, 33], &[1; 33], &[0]].concat(), true);
        check(&deep, false);
        // Branches of inline leaves, each the last child of the one before.
        let wide = [&[0x01, 0xff, 0xff][..], &leaf.repeat(15)].concat().repeat(count);
        check(&[&[1], &wide[..], &leaf, &[0]].concat(), true);
        check(&[&[1], &wide[..]].concat(), false);
        // Only hashes.
        let hashes = [&[0x45, 0x00][..], &[7; 15 * 32]].concat();
        check(&[&[1], &hashes.repeat(count)[..]].concat(), false);
        check(&[&[1, 0x08, 0, 0xff, 0xff, 0x03][..], &vec![1; 0xffff], &[0]].concat(), true);
        // Blobs of one byte, out of order.
        check(&[&[0, 0xff, 0x01], &[1, 7].repeat(count)[..]].concat(), false);
    }
}
