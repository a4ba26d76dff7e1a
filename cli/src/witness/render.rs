//! Writes blocks that were built as a fixture.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use outrider_host::{Context, Deposit, StateRoot};
use outrider_shard::BuiltBlock;

/// Writes the fixture in which EE 0 executes these blocks, of which the first begins at `pre_state_root`; in a context, if it is
/// not the default one.
pub(super) fn fixture(
    script: &str,
    pre_state_root: StateRoot,
    blocks: &[BuiltBlock],
    context: Option<Context>,
) -> String {
    let post_state_root = blocks.last().map_or(pre_state_root, BuiltBlock::post_state_root);
    let script = quoted(script);
    let mut text = format!(
        "beacon_state:\n  execution_scripts:\n    - {script}\n\
         shard_pre_state:\n  exec_env_states:\n    - \"{pre_state_root}\"\nshard_blocks:"
    );
    if blocks.is_empty() {
        text.push_str(" []");
    }
    for block in blocks {
        text.push_str("\n  - env: 0\n    data: \"");
        text.push_str(&hex::encode(block.block_data()));
        text.push('"');
        if let Some(Context { shard, slot, beacon_root, .. }) = context {
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "\n    context:\n      shard: {}\n      slot: {}\n      beacon_root: \"{beacon_root}\"",
                shard.0, slot.0
            );
        }
    }
    text.push_str("\nshard_post_state:\n  exec_env_states:\n    - \"");
    text.push_str(&post_state_root.to_string());
    text.push_str("\"\n");
    let mut deposits = blocks.iter().flat_map(|block| &block.output().deposits).peekable();
    if deposits.peek().is_some() {
        text.push_str("deposit_receipts:\n");
    }
    deposits.for_each(|deposit| push_deposit(&mut text, deposit));
    text
}

/// A text as a scalar of YAML, in which all is escaped that is neither letter nor digit, nor printed ASCII.
fn quoted(text: &str) -> String {
    let mut scalar = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => scalar.extend(['\\', c]),
            ' ' => scalar.push(c),
            c if c.is_ascii_graphic() || c.is_alphanumeric() => scalar.push(c),
            // Writing to a string does not fail.
            c => drop(write!(scalar, "\\U{:08x}", u32::from(c))),
        }
    }
    scalar.push('"');
    scalar
}

fn push_deposit(text: &mut String, deposit: &Deposit) {
    let Deposit { pubkey, withdrawal_credentials, amount, signature } = deposit;
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "  - pubkey: \"{}\"\n    withdrawal_credentials: \"{}\"\n    amount: {amount}\n    signature: \"{}\"\n",
        hex::encode(pubkey),
        hex::encode(withdrawal_credentials),
        hex::encode(signature)
    );
}

/// The way from a directory to a file, both absolute and without links; the file itself if there is none.
pub(super) fn relative(file: &Path, directory: &Path) -> PathBuf {
    let (mut to, mut from) = (file.components().peekable(), directory.components().peekable());
    if to.peek() != from.peek() {
        return file.to_owned();
    }
    while to.peek().is_some() && to.peek() == from.peek() {
        to.next();
        from.next();
    }
    from.map(|_| Component::ParentDir).chain(to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_file_leads_up_and_then_down() {
        for (file, directory, expected) in [
            ("/a/ee.wasm", "/a", "ee.wasm"),
            ("/a/b/ee.wasm", "/a", "b/ee.wasm"),
            ("/a/ee.wasm", "/a/b/c", "../../ee.wasm"),
            ("/a/ee.wasm", "/b", "../a/ee.wasm"),
        ] {
            assert_eq!(relative(Path::new(file), Path::new(directory)), Path::new(expected));
        }
    }
}
