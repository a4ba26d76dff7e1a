//! Writes blocks that were built as a fixture.

use std::path::{Component, Path, PathBuf};

use outrider_fixture::new::NewFixture;
use outrider_host::{Context, StateRoot};
use outrider_shard::BuiltBlock;

/// Writes the fixture in which EE 0 executes these blocks, of which the first begins at `pre_state_root`; in a context, if it is
/// not the default one.
pub(super) fn fixture(
    script: &str,
    pre_state_root: StateRoot,
    blocks: &[BuiltBlock],
    context: Option<Context>,
) -> String {
    let fixture = NewFixture {
        script,
        pre_state_root,
        post_state_root: blocks.last().map_or(pre_state_root, BuiltBlock::post_state_root),
        blocks: blocks.iter().map(|block| &**block.block_data()).collect(),
        context,
        deposits: blocks.iter().flat_map(|block| &block.output().deposits).collect(),
    };
    fixture.to_yaml()
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
