//! `outrider witness show`: prints witnesses as trees.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_witness::outline::{BytesByKind, Content, Part, TrieOutline};
use serde_json::{Value, json};

use super::decode::{Encoding, StatefulBlockData};
use crate::output::{self, Summary};
use crate::{Verdict, files};

/// Show the witnesses of a fixture's blocks as trees, and how their bytes are used. Of a witness of the UTXO EE, only the root is shown.
///
/// The exit code is 2 if a witness cannot be decoded.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Fixture, or `-` for standard input.
    #[arg(value_name = "FIXTURE")]
    fixture: PathBuf,
    /// Show only this block, counted from 0.
    #[arg(long, value_name = "N")]
    block: Option<usize>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn show(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let file = files::name(&arguments.fixture);
    let fixture = files::read_fixture(&arguments.fixture)?;
    let n_blocks = fixture.blocks.len();
    if let Some(block) = arguments.block {
        anyhow::ensure!(
            block < n_blocks,
            "{file}: there is no block {block}: the fixture has {n_blocks} blocks, counted from 0"
        );
    }
    let blocks = fixture.blocks.iter().enumerate();
    let chosen = blocks.filter(|(index, _)| arguments.block.is_none_or(|block| block == *index));
    let mut out = output::stdout();
    let mut documents = Vec::new();
    for (index, block) in chosen {
        let decoded = StatefulBlockData::new(&block.data);
        let decoded = decoded.with_context(|| format!("{file}: block {index}"))?;
        if arguments.json {
            documents.push(document(index, block.env, &decoded));
        } else {
            print(&mut out, index, block.env, &decoded)?;
        }
    }
    if arguments.json {
        let summary = Summary::of(documents.len(), 0);
        output::json(json!({ "blocks": documents }), &summary)?;
    }
    Ok(Verdict::Holds)
}

fn print(out: &mut impl Write, index: usize, env: usize, decoded: &StatefulBlockData<'_>) -> io::Result<()> {
    let (witness, payload) = (decoded.frame.witness.len(), decoded.frame.payload.len());
    let encoding = decoded.encoding.name();
    writeln!(out, "block {index}, env {env}: {encoding} witness {witness} bytes, payload {payload} bytes")?;
    for trie in &decoded.outline.tries {
        writeln!(out, "  root {}", trie.root)?;
        let mut path = NodePath::new(decoded.encoding);
        for part in &trie.parts {
            path.go_to(part);
            print_part(out, part, &path)?;
        }
    }
    for (hash, bytes) in &decoded.outline.blobs {
        writeln!(out, "  blob {hash}, {bytes} bytes")?;
    }
    let BytesByKind { structure, hashes, keys, values, blobs } = decoded.outline.bytes;
    writeln!(
        out,
        "  bytes: structure {structure}, hashes {hashes}, keys {keys}, values {values}, blobs {blobs}"
    )
}

fn print_part(out: &mut impl Write, part: &Part, node_path: &NodePath) -> io::Result<()> {
    let indent = part.depth.min(INDENT_MAX);
    write!(out, "  {:>4} {:indent$}", part.depth, "")?;
    match part.step {
        Some(step) => write!(out, "{step:x} ")?,
        None => write!(out, "- ")?,
    }
    match &part.content {
        Content::Branch { value } if value.is_empty() => writeln!(out, "branch"),
        Content::Branch { value } => writeln!(out, "branch, {} = {}", node_path.key(&[]), hex_start(value)),
        Content::Extension { path } => writeln!(out, "extension by {}", digits(path)),
        Content::Leaf { rest, value } => writeln!(out, "leaf {} = {}", node_path.key(rest), hex_start(value)),
        Content::Hash(hash) => writeln!(out, "hash {hash}"),
        Content::Repeated => writeln!(out, "as before"),
    }
}

fn document(index: usize, env: usize, decoded: &StatefulBlockData<'_>) -> Value {
    let BytesByKind { structure, hashes, keys, values, blobs } = decoded.outline.bytes;
    let trie = |trie: &TrieOutline| {
        let mut path = NodePath::new(decoded.encoding);
        let parts = trie.parts.iter().map(|part| {
            path.go_to(part);
            part_document(part, &path)
        });
        json!({ "root": trie.root.to_string(), "parts": parts.collect::<Vec<_>>() })
    };
    let blob_list = decoded.outline.blobs.iter();
    json!({
        "block": index,
        "env": env,
        "encoding": decoded.encoding.name(),
        "witness_bytes": decoded.frame.witness.len(),
        "payload_bytes": decoded.frame.payload.len(),
        "tries": decoded.outline.tries.iter().map(trie).collect::<Vec<_>>(),
        "blobs": blob_list.map(|(hash, bytes)| json!({ "hash": hash.to_string(), "bytes": bytes })).collect::<Vec<_>>(),
        "bytes": {
            "structure": structure, "hashes": hashes, "keys": keys, "values": values, "blobs": blobs,
        },
    })
}

fn part_document(part: &Part, node_path: &NodePath) -> Value {
    let depth = part.depth;
    match &part.content {
        Content::Branch { value } if value.is_empty() => json!({ "depth": depth, "kind": "branch" }),
        Content::Branch { value } => {
            json!({ "depth": depth, "kind": "branch", "key": node_path.key(&[]), "value": hex::encode(value) })
        }
        Content::Extension { path } => json!({ "depth": depth, "kind": "extension", "path": digits(path) }),
        Content::Leaf { rest, value } => {
            json!({ "depth": depth, "kind": "leaf", "key": node_path.key(rest), "value": hex::encode(value) })
        }
        Content::Hash(hash) => json!({ "depth": depth, "kind": "hash", "hash": hash.to_string() }),
        Content::Repeated => json!({ "depth": depth, "kind": "repeated" }),
    }
}

/// The path from the root to a part, for parts that are visited in order.
struct NodePath {
    encoding: Encoding,
    digits: Vec<u8>,
}

impl NodePath {
    fn new(encoding: Encoding) -> Self {
        Self { encoding, digits: Vec::new() }
    }

    fn go_to(&mut self, part: &Part) {
        self.digits.truncate(part.depth.saturating_sub(usize::from(part.step.is_some())));
        self.digits.extend(part.step);
        if let Content::Extension { path } = &part.content {
            self.digits.extend(path);
        }
    }

    /// Returns the key that consists of this path and `rest`, in hex; at most [`KEY_DIGITS_SHOWN`] digits of it.
    fn key(&self, rest: &[u8]) -> String {
        let bits_per_digit = self.encoding.bits_per_digit();
        let per_hex_digit = 4 / bits_per_digit;
        let mut all = self.digits.iter().chain(rest).copied();
        let mut key = String::new();
        for _ in 0..KEY_DIGITS_SHOWN {
            let nibble =
                all.by_ref().take(per_hex_digit).reduce(|nibble, digit| nibble << bits_per_digit | digit);
            match nibble {
                Some(nibble) => key.extend(char::from_digit(nibble.into(), 16)),
                None => return key,
            }
        }
        match all.count() {
            0 => key,
            n => format!("{key}… ({} more digits)", n / per_hex_digit),
        }
    }
}

fn digits(digits: &[u8]) -> String {
    digits.iter().filter_map(|digit| char::from_digit((*digit).into(), 16)).collect()
}

/// Formats bytes in hex; of a long value only its beginning.
fn hex_start(bytes: &[u8]) -> String {
    match bytes.split_at_checked(VALUE_BYTES_SHOWN) {
        Some((start, rest)) if !rest.is_empty() => format!("{}… ({} bytes)", hex::encode(start), bytes.len()),
        _ => hex::encode(bytes),
    }
}

/// The largest indentation of a part. Paths in a large tree are not longer, unless somebody has chosen the keys for it.
const INDENT_MAX: usize = 40;
/// The number of hex digits of a key that are shown. Ethereum's keys have 64.
const KEY_DIGITS_SHOWN: usize = 128;
/// The number of bytes of a value that are shown as text.
const VALUE_BYTES_SHOWN: usize = 64;
