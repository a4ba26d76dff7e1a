//! The root of a Merkle Patricia trie by its definition, from all keys and values.

use std::collections::BTreeMap;

use alloy_rlp::{Encodable, Header};
use outrider_witness::{Hash, Hasher, Keccak256, mpt::EMPTY_ROOT};

/// Returns the root by the definition of the Yellow Paper: the hash of c(J, i) of equation 197 over all pairs.
pub(crate) fn naive_root(map: &BTreeMap<Vec<u8>, Vec<u8>>) -> Hash {
    if map.is_empty() {
        return EMPTY_ROOT;
    }
    let nibbles = |key: &Vec<u8>| key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect::<Vec<u8>>();
    let pairs: Vec<_> = map.iter().map(|(key, value)| (nibbles(key), value.clone())).collect();
    Keccak256::hash(&structure(&pairs, 0))
}

fn structure(pairs: &[(Vec<u8>, Vec<u8>)], depth: usize) -> Vec<u8> {
    let (first, last) = (&pairs[0].0, &pairs[pairs.len() - 1].0);
    if let [(key, value)] = pairs {
        return list(&[string(&hex_prefix(&key[depth..], true)), string(value)]);
    }
    // Pairs are sorted, so a prefix that the first and the last share is common to all.
    let shared = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    if shared > depth {
        let path = string(&hex_prefix(&first[depth..shared], false));
        return list(&[path, reference(structure(pairs, shared))]);
    }
    let mut items: Vec<Vec<u8>> = (0u8..16)
        .map(|nibble| {
            let below: Vec<_> =
                pairs.iter().filter(|(key, _)| key.get(depth) == Some(&nibble)).cloned().collect();
            if below.is_empty() { string(b"") } else { reference(structure(&below, depth + 1)) }
        })
        .collect();
    let own = pairs.iter().find(|(key, _)| key.len() == depth);
    items.push(string(own.map_or(&[], |(_, value)| value)));
    list(&items)
}

fn reference(encoding: Vec<u8>) -> Vec<u8> {
    if encoding.len() < 32 { encoding } else { string(&Keccak256::hash(&encoding).0) }
}

fn hex_prefix(nibbles: &[u8], is_leaf: bool) -> Vec<u8> {
    let mark = if is_leaf { 2 } else { 0 };
    let mut all = if nibbles.len() % 2 == 1 { vec![mark + 1] } else { vec![mark, 0] };
    all.extend(nibbles);
    all.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes.encode(&mut out);
    out
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let content = items.concat();
    let mut out = Vec::new();
    Header { list: true, payload_length: content.len() }.encode(&mut out);
    out.extend(content);
    out
}
