//! The encoding of nodes in RLP.
//!
//! | node | list of |
//! |---|---|
//! | leaf | path with the leaf flag, value |
//! | extension | path, child |
//! | branch | sixteen children, value |
//!
//! A path is a string in hex-prefix encoding. A child is the empty string, a hash as a string of 32 bytes, or the
//! encoding of an inline node.

use alloc::vec::Vec;

use super::{
    arena::{Arena, Branch, INLINE_BYTES_MAX, Link, Node, NodeId, Reference, Target},
    error::NodeFormatError,
    nibbles::Nibbles,
    rlp::{self, Item},
};
use crate::{
    hash::{HASH_BYTES, Hash},
    reader::Reader,
};

/// The leaf flag of a path in hex-prefix encoding.
const LEAF: u8 = 0x20;
/// The empty string.
const EMPTY: u8 = 0x80;
/// The header of a hash.
const HASH: u8 = 0x80 + 32;
/// The length of the longest header of a list.
const LIST_HEADER_BYTES_MAX: usize = 9;

/// The length of the longest common node, a branch of sixteen hashes.
const ENCODING_BYTES_COMMON: usize = LIST_HEADER_BYTES_MAX + 16 * 33 + 1;

/// Encodes a node into `buffer` and returns the encoding. Each child has a [`Reference`] that is not `Unknown`.
pub(super) fn encode<'b>(arena: &Arena, node: &Node, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    buffer.reserve(ENCODING_BYTES_COMMON);
    // The header goes behind the content first, and then moves to just before the content.
    buffer.extend_from_slice(&[0; LIST_HEADER_BYTES_MAX]);
    match node {
        Node::Branch(branch) => {
            branch.children.iter().for_each(|child| push_child(buffer, arena, *child));
            rlp::push_string(buffer, &branch.value);
        }
        Node::Extension { path, child } => {
            rlp::push_string(buffer, path.hex_prefix());
            push_child(buffer, arena, *child);
        }
        Node::Leaf { path, value } => {
            rlp::push_string(buffer, path.hex_prefix());
            // The path ends here, however long its header is. With the leaf flag, its first byte is still below 80,
            // so a path of one byte is its own RLP.
            let first = buffer.len() - path.hex_prefix().len();
            buffer[first] |= LEAF;
            rlp::push_string(buffer, value);
        }
    }
    let end = buffer.len();
    rlp::push_list_header(buffer, end - LIST_HEADER_BYTES_MAX);
    let start = LIST_HEADER_BYTES_MAX - (buffer.len() - end);
    buffer.copy_within(end.., start);
    buffer.truncate(end);
    &buffer[start..]
}

#[inline]
fn push_child(out: &mut Vec<u8>, arena: &Arena, child: Link) {
    match child.target() {
        Target::Empty => out.push(EMPTY),
        Target::Stub(stub) => push_hash(out, arena.stub_hash(stub)),
        Target::Node(id) => match &arena[id].reference {
            Reference::Hash(hash) => push_hash(out, hash),
            Reference::Inline { length, bytes } => out.extend_from_slice(&bytes[..usize::from(*length)]),
            Reference::Unknown => debug_assert!(false, "children are hashed before their parents"),
        },
    }
}

fn push_hash(out: &mut Vec<u8>, hash: &Hash) {
    let mut string = [HASH; 1 + HASH_BYTES];
    string[1..].copy_from_slice(&hash.0);
    out.extend_from_slice(&string);
}

/// Returns the reference to an encoding that is short enough to be inline.
pub(super) fn inline(encoding: &[u8]) -> Option<Reference> {
    let mut bytes = [0; INLINE_BYTES_MAX];
    bytes.get_mut(..encoding.len())?.copy_from_slice(encoding);
    let length = u8::try_from(encoding.len()).ok()?;
    Some(Reference::Inline { length, bytes })
}

/// Decodes a node and adds its inline children, then the node itself, to the arena. All of them count as stored.
///
/// Inline nodes nest no deeper than their 31 bytes allow, at two bytes or more per level.
pub(super) fn decode(arena: &mut Arena, encoding: &[u8]) -> Result<NodeId, NodeFormatError> {
    let mut reader = Reader::new(encoding);
    let Item::List(content) = rlp::item(&mut reader)? else { return Err(NodeFormatError::Kind) };
    reader.finish()?;
    let node = match n_items(content)? {
        2 => decode_path(arena, content)?,
        17 => decode_branch(arena, content)?,
        got => return Err(NodeFormatError::Items { got }),
    };
    let id = arena.add(node);
    arena[id].stored = true;
    Ok(id)
}

fn n_items(content: &[u8]) -> Result<usize, NodeFormatError> {
    let mut reader = Reader::new(content);
    let mut count = 0;
    while reader.remaining() > 0 {
        rlp::item(&mut reader)?;
        count += 1;
    }
    Ok(count)
}

fn decode_path(arena: &mut Arena, content: &[u8]) -> Result<Node, NodeFormatError> {
    let mut reader = Reader::new(content);
    let (first, rest) = string(&mut reader)?.split_first().ok_or(NodeFormatError::Path)?;
    let is_leaf = first & LEAF != 0;
    let path = Nibbles::of_hex_prefix(first & !LEAF, rest).ok_or(NodeFormatError::Path)?;
    if is_leaf {
        let value = string(&mut reader)?;
        return if value.is_empty() {
            Err(NodeFormatError::EmptyValue)
        } else {
            Ok(Node::Leaf { path, value: value.into() })
        };
    }
    if path.is_empty() {
        return Err(NodeFormatError::Path);
    }
    let child = decode_child(arena, &mut reader)?;
    match child.target() {
        Target::Stub(_) => {}
        Target::Node(id) if matches!(arena[id].node, Node::Branch(_)) => {}
        Target::Node(_) | Target::Empty => return Err(NodeFormatError::NoBranch),
    }
    Ok(Node::Extension { path, child })
}

fn decode_branch(arena: &mut Arena, content: &[u8]) -> Result<Node, NodeFormatError> {
    let mut reader = Reader::new(content);
    let mut branch = Branch::default();
    for child in &mut branch.children {
        *child = decode_child(arena, &mut reader)?;
    }
    branch.value = string(&mut reader)?.into();
    if branch.n_items() < 2 {
        return Err(NodeFormatError::LoneItem);
    }
    Ok(Node::Branch(branch))
}

fn decode_child(arena: &mut Arena, reader: &mut Reader<'_>) -> Result<Link, NodeFormatError> {
    let mut after = *reader;
    let child = rlp::item(&mut after)?;
    let encoding = reader.take(after.offset() - reader.offset())?;
    match child {
        Item::String([]) => Ok(Link::EMPTY),
        Item::String(string) => {
            let hash: [u8; HASH_BYTES] = string.try_into().map_err(|_| NodeFormatError::Child)?;
            Ok(arena.stub(Hash(hash)))
        }
        Item::List(_) => {
            let reference = inline(encoding).ok_or(NodeFormatError::Child)?;
            let id = decode(arena, encoding)?;
            arena[id].reference = reference;
            Ok(Link::from(id))
        }
    }
}

fn string<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], NodeFormatError> {
    match rlp::item(reader)? {
        Item::String(string) => Ok(string),
        Item::List(_) => Err(NodeFormatError::Kind),
    }
}
