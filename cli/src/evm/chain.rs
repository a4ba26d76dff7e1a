//! `outrider evm chain`: the blocks of a chain, from its genesis on.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::Bytes;
use anyhow::Context as _;
use outrider_evm::{
    genesis::Genesis,
    import::{self, Candidate, Import},
};
use outrider_shard::{Previous, Provider};
use outrider_witness::{
    Hash,
    store::{Batch, MemoryStore, Store as _},
};
use serde::Serialize;

use super::EeArguments;
use super::read::{read_bytes, read_json};
use super::tried::Tried;
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict};

/// Execute the blocks of a chain, from its genesis on.
///
/// A state provider begins with the state of the genesis. Block after block, it makes block data, executes these statelessly, and goes
/// on to the state after it. Every block is held against its header. Exits with 0 if all are executed, 1 if the EE refuses one, 2 if a
/// file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The blocks in RLP, one after the other, as clients export them; as they are or in a *.gz file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The genesis and the forks of the chain, in geth's JSON.
    #[arg(long, value_name = "GENESIS.json")]
    genesis: PathBuf,
    #[command(flatten)]
    ee: EeArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// What came of a chain.
#[derive(Serialize)]
struct Report {
    engine: &'static str,
    genesis: String,
    blocks: Vec<Executed>,
    /// The block after these, if the EE refuses it.
    refused: Option<Refused>,
}

#[derive(Serialize)]
struct Executed {
    number: u64,
    hash: String,
    fork: &'static str,
    post_state_root: String,
    gas_used: u64,
    fuel_used: u64,
    block_data_bytes: usize,
}

#[derive(Serialize)]
struct Refused {
    number: u64,
    fork: &'static str,
    words: String,
}

pub(super) fn chain(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let genesis_file = || arguments.genesis.display().to_string();
    let genesis = Genesis::of_json(read_json(&arguments.genesis)?).with_context(genesis_file)?;
    let file = || arguments.file.display().to_string();
    let blocks = import::blocks(&read_bytes(&arguments.file)?)
        .with_context(|| format!("{}: no blocks in RLP, one after the other", file()))?;
    anyhow::ensure!(!blocks.is_empty(), "{}: it holds no blocks", file());
    let mut batch = Batch::new();
    let root = genesis.state.commit(&mut batch);
    batch.pin(&Hash(root.0));
    let store = MemoryStore::new();
    store.apply(&batch)?;
    let provider = Provider::open(arguments.ee.load()?, Arc::new(store))?;

    let (engine, genesis_hash) = (arguments.ee.engine.name(), genesis.header.hash.to_string());
    let mut report = Report { engine, genesis: genesis_hash, blocks: Vec::new(), refused: None };
    let mut import = Import::new(genesis.chain, genesis.header);
    for block in &blocks {
        match step(&provider, &mut import, block).with_context(file)? {
            Ok(executed) => report.blocks.push(executed),
            Err(refused) => {
                report.refused = Some(refused);
                break;
            }
        }
    }
    if arguments.json {
        let n_refused = usize::from(report.refused.is_some());
        let n_not_run = blocks.len().saturating_sub(report.blocks.len()).saturating_sub(n_refused);
        let summary = Summary { not_run: n_not_run, ..Summary::of(report.blocks.len(), n_refused) };
        output::json(&report, &summary)?;
    } else {
        report.print(blocks.len())?;
    }
    Ok(if report.refused.is_none() { Verdict::Holds } else { Verdict::Fails })
}

/// Executes the next block.
fn step(
    provider: &Provider<MemoryStore>,
    import: &mut Import,
    block: &Bytes,
) -> anyhow::Result<Result<Executed, Refused>> {
    let Candidate { payload, pre_state_root, header } = import.candidate(block);
    let fork = payload.rules().fork.name();
    let number = header.as_ref().map_or(import.head().number.saturating_add(1), |header| header.number);
    let built = match Tried::new(provider, pre_state_root, &payload) {
        Tried::Built(built) => built,
        Tried::Refused(words) | Tried::Unsupported(words) => return Ok(Err(Refused { number, fork, words })),
        Tried::OutOfMemory(what) | Tried::Broken(what) => anyhow::bail!("block {number}: {what}"),
    };
    let header = header.with_context(|| format!("block {number}: executed without a header"))?;
    provider.apply(std::slice::from_ref(&*built), Previous::Keep)?;
    let executed = Executed {
        number,
        hash: header.hash.to_string(),
        fork,
        post_state_root: header.state_root.to_string(),
        gas_used: header.gas_used,
        fuel_used: built.output().fuel_used,
        block_data_bytes: built.block_data().len(),
    };
    import.accept(header, block);
    Ok(Ok(executed))
}

impl Report {
    fn print(&self, n_blocks: usize) -> io::Result<()> {
        let mut out = output::stdout();
        writeln!(out, "genesis {}", self.genesis)?;
        for Executed { number, hash, fork, gas_used, fuel_used, block_data_bytes, .. } in &self.blocks {
            writeln!(
                out,
                "block {number}, {hash}, rules of {fork}: gas {gas_used}, fuel {fuel_used}, block data {block_data_bytes} bytes"
            )?;
        }
        if let Some(Refused { number, fork, words }) = &self.refused {
            writeln!(out, "block {number}, rules of {fork}: {ERROR}refused{ERROR:#}: {}", Plain(words))?;
            writeln!(out, "{} of {n_blocks} blocks are executed", self.blocks.len())?;
        } else if let Some(Executed { post_state_root, .. }) = self.blocks.last() {
            writeln!(
                out,
                "{SUCCESS}{n_blocks} blocks are executed{SUCCESS:#}; the state root is {post_state_root}, as the last header says"
            )?;
        }
        Ok(())
    }
}
