//! `outrider witness build`: builds blocks with their witnesses from packages and a state.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_fixture::PartialContext;
use outrider_host::{RootRead, StateRoot};
use outrider_shard::provider::current_root;
use outrider_shard::{BuiltBlock, Previous, Provider, ProviderError, Surroundings};
use outrider_witness::store::DiskStore;
use serde_json::json;

use super::render;
use crate::context::{ContextOptions, root_read};
use crate::output::{self, Summary};
use crate::output_file;
use crate::state::kind::KINDS;
use crate::state::{self, EeArguments};
use crate::{Verdict, files};

/// Build a block from the packages in each file, and write a fixture with these blocks that `outrider run` passes.
///
/// The first block builds on the current state in the directory, and each of the others on the block before it. The state does not
/// change unless `--apply` is given. All blocks have the same context and reads; receipts are in the files of packages. If options set these, the fixture contains them, too.
///
/// The exit code is 0 if all blocks are built, 1 if the EE refuses packages, 2 if the input cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Directory with the state, made by `outrider state init`.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    ee: EeArguments,
    /// Files with packages, one file for each block; `-` is standard input.
    #[arg(required = true, value_name = "PACKAGES")]
    packages: Vec<PathBuf>,
    /// File for the fixture. By default, it is printed to standard output.
    #[arg(short, long, value_name = "FIXTURE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    context: ContextOptions,
    /// State root of another EE that the blocks declare, such as `0:1:17c0...` for EE 1 on shard 0; may be repeated.
    #[arg(long = "read", value_name = "SHARD:EE:HEX", value_parser = root_read)]
    reads: Vec<RootRead>,
    /// Replace the current state with the state after the last block.
    #[arg(long)]
    apply: bool,
    /// Print the report on the blocks as JSON instead of text.
    #[arg(long, requires = "output")]
    json: bool,
}

pub(super) fn build(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let script = script(&arguments.ee.ee, arguments.output.as_deref())?;
    if let Some(output) = &arguments.output {
        output_file::check_not_read(output, arguments.packages.iter().chain([&arguments.ee.ee]))?;
        output_file::check_not_in(output, &arguments.directory)?;
    }
    let files =
        arguments.packages.iter().map(|file| files::read_packages(file)).collect::<Result<Vec<_>, _>>()?;
    let ee = arguments.ee.load()?;
    let directory = &arguments.directory;
    let store = if arguments.apply { state::open(directory)? } else { state::open_read_only(directory)? };
    let provider = state::provider(ee, store, directory, &arguments.ee.ee)?;
    let start = current_root(provider.store()).with_context(|| directory.display().to_string())?;
    let partial_context = arguments.context.context();
    // The fixture has one EE.
    let context = partial_context.complete(0);
    let surroundings = Surroundings { reads: arguments.reads.as_slice().into(), ..context.into() };
    let mut blocks: Vec<BuiltBlock> = Vec::new();
    let mut receipts = Vec::new();
    for (file, of_block) in arguments.packages.iter().zip(files) {
        let surroundings = Surroundings { receipts: of_block.receipts.clone(), ..surroundings.clone() };
        receipts.push(of_block.receipts);
        match provider.build_on(start, &blocks, &of_block.packages, surroundings) {
            Ok(block) => blocks.push(block),
            Err(error) => return state::refused(file, &error, arguments.json),
        }
    }
    let is_context_set = partial_context != PartialContext::default();
    let context = is_context_set.then_some(context);
    let text = render::fixture(&script, start, &blocks, &receipts, context, &arguments.reads);
    match &arguments.output {
        Some(output) => std::fs::write(output, text).with_context(|| output.display().to_string())?,
        None => output::stdout().write_all(text.as_bytes())?,
    }
    let current = if arguments.apply { apply(provider, start, &blocks, directory)? } else { start };
    if arguments.output.is_some() {
        report(start, current, &blocks, arguments.json)?;
    }
    Ok(Verdict::Holds)
}

/// Stores the state after the blocks, and returns its root.
fn apply(
    provider: Provider<DiskStore>,
    start: StateRoot,
    blocks: &[BuiltBlock],
    directory: &Path,
) -> anyhow::Result<StateRoot> {
    let applied = provider.apply(blocks, Previous::Release);
    let error = match applied.and_then(|_| current_root(provider.store())) {
        Ok(root) => return Ok(root),
        Err(error) => error,
    };
    // Opening the store again shows what has reached the disk.
    drop(provider);
    let found = DiskStore::open_read_only_among(directory, &KINDS).map_err(ProviderError::from);
    let name = directory.display();
    let state = match found.and_then(|store| current_root(&store)) {
        Ok(root) if root == start => format!("the state root is still {root}"),
        Ok(root) => format!("the state root is now {root}, as after the blocks"),
        Err(_) => format!("`outrider state show {name}` shows whether the state has changed"),
    };
    Err(anyhow::Error::new(error).context(format!("{name}: storing the state failed; {state}")))
}

/// Returns the path of the EE relative to the directory of the fixture.
fn script(ee: &Path, output: Option<&Path>) -> anyhow::Result<String> {
    let beside = output.and_then(Path::parent).filter(|parent| !parent.as_os_str().is_empty());
    let absolute = |path: &Path| path.canonicalize().with_context(|| path.display().to_string());
    let script = render::relative(&absolute(ee)?, &absolute(beside.unwrap_or(Path::new(".")))?);
    let named = script.to_str().map(ToOwned::to_owned);
    named.with_context(|| {
        format!("{}: the path is not UTF-8, so a fixture cannot name it: rename the file", script.display())
    })
}

fn report(start: StateRoot, current: StateRoot, blocks: &[BuiltBlock], json: bool) -> anyhow::Result<()> {
    if json {
        let documents = blocks.iter().map(|block| {
            json!({
                "pre_state_root": block.pre_state_root().to_string(),
                "post_state_root": block.post_state_root().to_string(),
                "witness_bytes": block.witness_bytes(),
                "payload_bytes": block.payload_bytes(),
                "fuel_used": block.output().fuel_used,
                "provider_fuel_used": block.provider_fuel_used(),
                "n_new_nodes": block.new_nodes().len(),
                "n_deposits": block.output().deposits.len(),
                "proposer_fee": block.output().proposer_fee,
            })
        });
        let documents = documents.collect::<Vec<_>>();
        let document = json!({ "blocks": documents, "current_root": current.to_string() });
        output::json(document, &Summary::of(blocks.len(), 0))?;
        return Ok(());
    }
    let mut out = output::stdout();
    for (index, block) in blocks.iter().enumerate() {
        writeln!(out, "block {index}: {}", state::describe(block))?;
    }
    let word = if current == start { "still" } else { "now" };
    writeln!(out, "the current state root is {word} {current}")?;
    Ok(())
}
