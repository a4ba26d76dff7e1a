//! Writes new blocks as a fixture.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use outrider_fixture::new::{NewBlock, NewFixture};
use outrider_host::{Context, ReceivedReceipt, RootRead, StateRoot};
use outrider_shard::BuiltBlock;

/// Returns the text of the fixture in which EE 0 executes these blocks, beginning at `pre_state_root`. The fixture contains the context
/// if one is given, the receipts that each block gets, and the reads of all blocks.
pub(super) fn fixture(
    script: &str,
    pre_state_root: StateRoot,
    blocks: &[BuiltBlock],
    receipts: &[Arc<[ReceivedReceipt]>],
    context: Option<Context>,
    reads: &[RootRead],
) -> String {
    let new_blocks = blocks.iter().zip(receipts).map(|(block, receipts)| NewBlock {
        data: block.block_data(),
        receipts,
        rejected_receipts: &block.output().rejected,
        proposer_fee: block.output().proposer_fee,
        sent_receipts: &block.output().receipts,
    });
    let fixture = NewFixture {
        script,
        pre_state_root,
        post_state_root: blocks.last().map_or(pre_state_root, BuiltBlock::post_state_root),
        blocks: new_blocks.collect(),
        context,
        reads,
        deposits: blocks.iter().flat_map(|block| &block.output().deposits).collect(),
    };
    fixture.to_yaml()
}

/// Returns the path of a file relative to a directory; the file's own path if there is no relative one. Both must be absolute and without
/// links.
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
    fn a_relative_path_leads_up_and_then_down() {
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
