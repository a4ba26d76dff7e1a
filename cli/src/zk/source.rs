//! States of rollups: those in directories, and those that published blocks make.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use outrider_fixture::{Block, Fixture};
use outrider_host::{Ee, ExecutionOutput, StateRoot, chain};
use outrider_shard::provider::current_root;
use outrider_shard::{BuiltBlock, ProviderError, Surroundings};
use outrider_witness::store::{DiskStore, MemoryStore, Store};
use outrider_witness::{Hash, NodeError, NodeSource};
use outrider_zk_rollup::STATE_KIND;
use outrider_zk_rollup::operator::{Rebuild, RebuildError, View};

use crate::built_in::{self, ZK_ROLLUP};
use crate::{files, state};

/// The nodes of a state.
pub(super) enum Source {
    Disk(DiskStore),
    Memory(Arc<MemoryStore>),
}

impl NodeSource for Source {
    fn node(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        match self {
            Self::Disk(store) => store.node(hash),
            Self::Memory(store) => store.node(hash),
        }
    }

    fn blob(&self, hash: &Hash) -> Result<Vec<u8>, NodeError> {
        match self {
            Self::Disk(store) => store.blob(hash),
            Self::Memory(store) => store.blob(hash),
        }
    }
}

/// Opens the current state in a directory, or the one that the published blocks of a fixture make.
pub(super) fn open(path: &Path) -> anyhow::Result<View<Source>> {
    let name = || files::name(path);
    if path.is_dir() {
        let store = state::open_read_only(path)?;
        let root = current_root(&store).with_context(name)?;
        return View::open(Source::Disk(store), root).with_context(name);
    }
    let store = Arc::new(MemoryStore::of_kind(STATE_KIND));
    let mut rebuild = Rebuild::new(built_in::load(ZK_ROLLUP)?, Arc::clone(&store)).with_context(name)?;
    let fixture = read_fixture(path)?;
    match replay(&mut rebuild, &fixture, |_, _, _| Ok(()), |_, _, _| ())? {
        None => View::open(Source::Memory(store), rebuild.root()).with_context(name),
        Some(problem) => anyhow::bail!("{problem}"),
    }
}

/// Reads a fixture.
pub(super) fn read_fixture(path: &Path) -> anyhow::Result<Fixture> {
    files::read_fixture(path).map_err(|error| anyhow::anyhow!("{}", chain(&error)))
}

/// Rebuilds the state after the blocks of a fixture, and returns what is wrong with them, if anything is.
///
/// `before` sees each block, and what the state before it is; `after` sees what was made of it.
pub(super) fn replay<S: Store + Send + Sync + 'static>(
    rebuild: &mut Rebuild<S>,
    fixture: &Fixture,
    mut before: impl FnMut(usize, &Block, &Rebuild<S>) -> anyhow::Result<()>,
    mut after: impl FnMut(usize, &Block, &BuiltBlock),
) -> anyhow::Result<Option<String>> {
    let name = fixture.file.display();
    let Some(env) = fixture.blocks.first().map(|block| block.env) else {
        anyhow::bail!("{name}: the fixture has no blocks");
    };
    let root_of = |roots: &[StateRoot]| roots.get(env).copied().unwrap_or_default();
    let (first, current) = (root_of(&fixture.pre_state), rebuild.root());
    if first != current {
        return Ok(Some(format!(
            "{name}: the blocks begin at the state {first}, and this is {current}: name all fixtures from the genesis on, in their order, or make a directory of them by `outrider zk rebuild -o`"
        )));
    }
    for (index, block) in fixture.blocks.iter().enumerate() {
        anyhow::ensure!(
            block.env == env,
            "{name}: block {index} is of EE {}, and the first one of EE {env}: name a fixture of one EE",
            block.env
        );
        before(index, block, rebuild)?;
        let surroundings = Surroundings {
            context: block.context.complete(env),
            reads: Arc::clone(&block.reads),
            receipts: Arc::clone(&block.receipts),
        };
        match rebuild.block(&block.data, surroundings) {
            Ok(built) => match wrong_output(block, built.output()) {
                None => after(index, block, &built),
                Some(problem) => return Ok(Some(format!("{name}: block {index}: {problem}"))),
            },
            Err(error) if is_verdict(&error) => {
                return Ok(Some(format!("{name}: block {index}: {}", chain(&error))));
            }
            Err(error) => return Err(error).with_context(|| format!("{name}: block {index}")),
        }
    }
    let (expected, got) = (root_of(&fixture.post_state), rebuild.root());
    let problem = format!("{name}: the blocks lead to the state {got}, and the fixture says {expected}");
    Ok((got != expected).then_some(problem))
}

/// Returns what a block publishes of its receipts that is not so, if anything is.
fn wrong_output(block: &Block, output: &ExecutionOutput) -> Option<String> {
    if let Some(sent) = &block.sent_receipts
        && *sent != output.receipts
    {
        return Some(format!(
            "it sends {} receipts, other than the {} that it says",
            output.receipts.len(),
            sent.len()
        ));
    }
    if let Some(rejected) = &block.rejected_receipts
        && *rejected != output.rejected
    {
        return Some(format!("it rejects the receipts {:?}, and says {rejected:?}", output.rejected));
    }
    None
}

/// Returns whether the published data are at fault.
fn is_verdict(error: &RebuildError) -> bool {
    match error {
        RebuildError::Provider(error) => {
            error.fault().is_verdict() || matches!(error, ProviderError::BlockData { .. })
        }
        _ => true,
    }
}

/// Rebuilds the state after the blocks of fixtures in a store, and returns what is wrong, if anything is.
pub(super) fn replay_all<S: Store + Send + Sync + 'static>(
    ee: Ee,
    store: Arc<S>,
    paths: &[PathBuf],
    mut before: impl FnMut(usize, &Block, &Rebuild<S>) -> anyhow::Result<()>,
    mut after: impl FnMut(usize, &Block, &BuiltBlock),
) -> anyhow::Result<Result<StateRoot, String>> {
    let mut rebuild = Rebuild::new(ee, store)?;
    for path in paths {
        if let Some(problem) = replay(&mut rebuild, &read_fixture(path)?, &mut before, &mut after)? {
            return Ok(Err(problem));
        }
    }
    Ok(Ok(rebuild.root()))
}
