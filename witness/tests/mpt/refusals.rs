//! Tests that the decoder refuses each kind of invalid bytes with its own error.

use outrider_witness::{
    Hasher, Keccak256, NodeBag,
    mpt::{NodeFormatError, Trie, TrieError, witness, witness::DecodeError},
    reader::ReadError,
};

#[track_caller]
fn check(parts: &[&[u8]], expected: DecodeError) {
    let bytes = parts.concat();
    assert_eq!(witness::decode::<Keccak256>(&bytes).map(|_| ()), Err(expected), "{bytes:02x?}");
}

/// Returns a leaf of one nibble, long enough to be hashed.
fn leaf(n: u8) -> Vec<u8> {
    [&[0x0c, n, 33][..], &[n; 33]].concat()
}

/// Returns the start of a branch with these children, all of them revealed.
fn branch(revealed: u16) -> Vec<u8> {
    [&[0x00][..], &revealed.to_le_bytes(), &revealed.to_le_bytes()].concat()
}

#[test]
fn valid_witnesses_are_accepted() {
    for parts in [
        &[&[0, 0][..]][..],
        &[&[1], &leaf(1), &[0]],
        &[&[1], &branch(0b11), &leaf(1), &leaf(2), &[0]],
        &[&[1], &branch(0b111), &leaf(1), &leaf(2), &[0x0b, 1], &[0]],
        &[&[0, 1, 3, 1, 2, 3]],
    ] {
        assert!(witness::decode::<Keccak256>(&parts.concat()).is_ok(), "{parts:02x?}");
    }
}

#[test]
fn bytes_that_end_early_or_late_are_refused() {
    check(&[&[]], DecodeError::Read(ReadError::UnexpectedEnd { offset: 0, expected: 1, got: 0 }));
    check(&[&[0, 0, 0]], DecodeError::Read(ReadError::TrailingBytes { offset: 2, n: 1 }));
    check(&[&[0x80, 0]], DecodeError::Read(ReadError::Varint { offset: 0 }));
    let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    check(&[&huge], DecodeError::Read(ReadError::UnexpectedEnd { offset: 5, expected: 0xffff_ffff, got: 0 }));
    check(
        &[&[1, 0x08], &huge],
        DecodeError::Read(ReadError::UnexpectedEnd { offset: 7, expected: 0x8000_0000, got: 0 }),
    );
}

#[test]
fn unknown_tags_are_refused() {
    for tag in [0x18, 0x19, 0x2a, 0x8b, 0xf8] {
        check(&[&[1, tag, 0, 0, 0, 0]], DecodeError::Tag { offset: 1, tag });
    }
    check(&[&[1, 0x10, 3, 0, 3, 0]], DecodeError::Tag { offset: 1, tag: 0x10 });
}

#[test]
fn children_not_in_the_shortest_form_are_refused() {
    let all = branch(u16::MAX);
    check(&[&[1], &all], DecodeError::Children { offset: 1 });
    // One revealed child, written as bits.
    check(&[&[1, 0x00, 3, 0, 1, 0], &[7; 32], &leaf(1), &[0]], DecodeError::Children { offset: 1 });
    // A revealed child that is not present.
    check(&[&[1, 0x00, 3, 0, 5, 0]], DecodeError::Children { offset: 1 });
    check(&[&[1, 0x44, 3, 0]], DecodeError::Children { offset: 1 });
}

#[test]
fn nodes_of_no_trie_are_refused() {
    check(&[&[1, 0x04, 1, 0], &leaf(1), &[0]], DecodeError::LoneItem { offset: 1 });
    check(&[&[1, 0x02, 0, 0, 0, 0, 1, 1, 0]], DecodeError::LoneItem { offset: 1 });
    check(&[&[1, 0x0c, 0x10, 1, 1, 0]], DecodeError::Path { offset: 1 });
    check(&[&[1, 0x0a, 0]], DecodeError::Path { offset: 1 });
    check(&[&[1, 0x09, 0], &[7; 32], &[0]], DecodeError::Path { offset: 1 });
    check(&[&[1, 0x0c, 1, 0, 0]], DecodeError::EmptyValue { offset: 1 });
    check(&[&[1, 0x0a, 1, 1], &leaf(1), &[0]], DecodeError::NoBranch { offset: 4 });
    check(
        &[&[1, 0x0a, 1, 1, 0x0a, 1, 1], &branch(3), &leaf(1), &leaf(2), &[0]],
        DecodeError::NoBranch { offset: 4 },
    );
}

#[test]
fn a_leaf_path_not_in_the_shortest_form_is_refused() {
    for n_nibbles in 0..=66usize {
        let count = n_nibbles.to_le_bytes()[0];
        let nibbles = vec![0; n_nibbles.div_ceil(2)];
        let decoded = witness::decode::<Keccak256>(&[&[1, 0x08, count], &nibbles[..], &[1, 1, 0]].concat());
        let expected =
            if (1..=64).contains(&n_nibbles) { Err(DecodeError::Path { offset: 1 }) } else { Ok(()) };
        assert_eq!(decoded.map(|_| ()), expected, "{n_nibbles}");
    }
}

#[test]
fn repetitions_of_unrepeatable_nodes_are_refused() {
    let repeated = |number| DecodeError::Repeated { offset: 41, number };
    // The node itself, its parent, and one that still follows.
    for number in [0, 2, 9] {
        check(
            &[&[1], &branch(0b11)[..], &[0x0c, 1, 32], &[1; 32], &[0x0b, number, 0]],
            repeated(u32::from(number)),
        );
    }
    // An inline node.
    check(
        &[&[1], &branch(0b11), &[0x0c, 1, 1, 1], &[0x0b, 1, 0]],
        DecodeError::Repeated { offset: 10, number: 1 },
    );
    // All of another trie, and the topmost node of a trie below another.
    let first = leaf(1);
    check(&[&[2], &first, &[0x0b, 0], &[0]], DecodeError::Repeated { offset: 37, number: 0 });
    check(
        &[&[2], &first, &branch(0b11), &leaf(3), &[0x0b, 0], &[0]],
        DecodeError::Repeated { offset: 78, number: 0 },
    );
}

/// Returns leaves sorted by root.
fn sorted<const N: usize>(mut leaves: [Vec<u8>; N]) -> [Vec<u8>; N] {
    let root = |leaf: &Vec<u8>| {
        let mut forest = witness::decode::<Keccak256>(&[&[1], &leaf[..], &[0]].concat()).unwrap();
        forest.revealed().0[0]
    };
    leaves.sort_by_key(root);
    leaves
}

#[test]
fn tries_and_blobs_out_of_order_are_refused() {
    let [first, second] = sorted([leaf(1), leaf(2)]);
    assert!(witness::decode::<Keccak256>(&[&[2], &first[..], &second, &[0]].concat()).is_ok());
    for pair in [[&second, &first], [&first, &first]] {
        let bytes = [&[2], &pair[0][..], pair[1], &[0]].concat();
        assert!(matches!(witness::decode::<Keccak256>(&bytes), Err(DecodeError::TrieOrder { .. })));
    }
    let mut blobs = [b"a", b"b"];
    blobs.sort_by_key(|blob| Keccak256::hash(*blob));
    let [low, high] = blobs;
    assert!(witness::decode::<Keccak256>(&[0, 2, 1, low[0], 1, high[0]]).is_ok());
    check(&[&[0, 2, 1, high[0], 1, low[0]]], DecodeError::BlobOrder { hash: Keccak256::hash(low) });
    check(&[&[0, 2, 1, low[0], 1, low[0]]], DecodeError::BlobOrder { hash: Keccak256::hash(low) });
}

#[test]
fn a_bare_hash_of_a_written_node_is_refused() {
    let twice = [&[1], &branch(0b11)[..], &leaf(1), &leaf(1), &[0]].concat();
    let Err(DecodeError::KnownHash { hash }) = witness::decode::<Keccak256>(&twice) else {
        panic!("accepted")
    };
    check(&[&[1, 0x04, 3, 0], &hash.0, &leaf(1), &[0]], DecodeError::KnownHash { hash });
    check(&[&[1, 0x14, 3, 0], &hash.0, &leaf(1), &[0]], DecodeError::KnownHash { hash });
}

#[test]
fn a_deep_witness_needs_no_stack() {
    let depth = 300_000;
    // Branches with a value and one child each.
    let mut bytes = vec![1];
    (0..depth).for_each(|_| bytes.extend([0x06, 1, 0, 1, 1]));
    bytes.extend(leaf(1));
    bytes.push(0);
    let mut forest = witness::decode::<Keccak256>(&bytes).unwrap();
    let (roots, record) = forest.revealed();
    assert!(record.nodes.len() > depth / 2);
    assert_eq!(witness::encode(roots, &record).unwrap(), bytes);
}

/// Opens a trie whose topmost node is `bytes`, and checks the error.
#[track_caller]
fn check_node(bytes: &[u8], expected: NodeFormatError) {
    let nodes = NodeBag::of_preimages::<Keccak256>([bytes.to_vec()]);
    let root = Keccak256::hash(bytes);
    let mut trie = Trie::<Keccak256, _>::open(&root, nodes);
    match trie.get(b"") {
        Err(TrieError::Malformed { hash, source, .. }) => assert_eq!((hash, source), (root, expected)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_are_not_a_node_are_refused() {
    check_node(b"\x83dog", NodeFormatError::Kind);
    check_node(b"\xc3\x20\x01\x01", NodeFormatError::Items { got: 3 });
    check_node(b"\xc2\x20\x01\x00", NodeFormatError::Read(ReadError::TrailingBytes { offset: 3, n: 1 }));
    check_node(b"\xc3\x81\x20\x01", NodeFormatError::Rlp { offset: 0 });
    check_node(b"\xc2\x40\x01", NodeFormatError::Path);
    check_node(b"\xc2\x21\x01", NodeFormatError::Path);
    check_node(b"\xc2\x80\x01", NodeFormatError::Path);
    check_node(b"\xc2\x00\xc0", NodeFormatError::Path);
    check_node(b"\xc2\x20\x80", NodeFormatError::EmptyValue);
    check_node(b"\xc2\x20\xc0", NodeFormatError::Kind);
    check_node(b"\xc2\x11\x01", NodeFormatError::Child);
    check_node(b"\xc2\x11\x80", NodeFormatError::NoBranch);
    check_node(b"\xc4\x11\xc2\x20\x01", NodeFormatError::NoBranch);
    check_node(&[&[0xd1][..], &[0x80; 16], &[0x01]].concat(), NodeFormatError::LoneItem);
    let lone = [&[0xd3][..], b"\xc2\x20\x01", &[0x80; 16]].concat();
    check_node(&lone, NodeFormatError::LoneItem);
    let long = [&[0xf5][..], b"\xe2\x20\xa0", &[1; 32], b"\xc2\x20\x01", &[0x80; 15]].concat();
    check_node(&long, NodeFormatError::Child);
}

#[test]
fn a_short_node_behind_a_hash_is_refused() {
    let short = b"\xc2\x31\x01";
    let child = Keccak256::hash(short);
    let top = [&[0xf1, 0xa0][..], &child.0, &[0x80; 15], &[0x01]].concat();
    let root = Keccak256::hash(&top);
    let nodes = NodeBag::of_preimages::<Keccak256>([short.to_vec(), top]);
    let mut trie = Trie::<Keccak256, _>::open(&root, nodes);
    match trie.get(&[0x01]) {
        Err(TrieError::Malformed { path, source, .. }) => {
            assert_eq!((path.to_string().as_str(), source), ("0", NodeFormatError::NotInline { got: 3 }));
        }
        other => panic!("{other:?}"),
    }
}
