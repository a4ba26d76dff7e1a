//! `outrider evm chain`: executes the blocks of a chain, from its genesis on.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_evm::{
    genesis::Genesis,
    import,
    importer::{BlockOutcome, ExecutedBlock, Importer, RefusedBlock},
};
use serde::Serialize;

use super::read::{read_bytes, read_json};
use crate::built_in::{EVM, EeArguments};
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict};

/// Execute the blocks of a chain, from its genesis on.
///
/// A state provider begins with the state of the genesis. For each block, it makes the block data, which the EE executes statelessly, and
/// then moves on to the state after the block. Every block is checked against its header.
///
/// The exit code is 0 if all blocks are executed, 1 if the EE refuses one, 2 if a file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Blocks in RLP, one after another, as clients export them; may be compressed as *.gz.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Genesis and forks of the chain, as geth's genesis file in JSON.
    #[arg(long, value_name = "GENESIS.json")]
    genesis: PathBuf,
    #[command(flatten)]
    ee: EeArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// The result of a chain.
#[derive(Serialize)]
struct Report {
    engine: &'static str,
    genesis: String,
    blocks: Vec<BlockReport>,
    /// The next block, if the EE refuses it.
    refused: Option<RefusalReport>,
}

#[derive(Serialize)]
struct BlockReport {
    number: u64,
    hash: String,
    fork: &'static str,
    post_state_root: String,
    gas_used: u64,
    fuel_used: u64,
    block_data_bytes: usize,
}

#[derive(Serialize)]
struct RefusalReport {
    number: u64,
    fork: &'static str,
    words: String,
}

pub(super) fn chain(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let genesis_file = || arguments.genesis.display().to_string();
    let genesis = Genesis::of_json(read_json(&arguments.genesis)?).with_context(genesis_file)?;
    let file = || arguments.file.display().to_string();
    let blocks = import::blocks(&read_bytes(&arguments.file)?)
        .with_context(|| format!("{}: not a sequence of blocks in RLP", file()))?;
    anyhow::ensure!(!blocks.is_empty(), "{}: the file contains no blocks", file());
    let genesis_hash = genesis.header.hash.to_string();
    let mut importer = Importer::of_genesis(arguments.ee.load(EVM)?, genesis)?;
    let engine = arguments.ee.engine().name();
    let mut report = Report { engine, genesis: genesis_hash, blocks: Vec::new(), refused: None };
    for block in &blocks {
        match importer.execute(block).with_context(file)? {
            BlockOutcome::Executed(block) => report.blocks.push(BlockReport::new(&block)),
            BlockOutcome::Refused(RefusedBlock { number, fork, reason }) => {
                report.refused = Some(RefusalReport { number, fork: fork.name(), words: reason });
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

impl BlockReport {
    fn new(block: &ExecutedBlock) -> Self {
        let ExecutedBlock { header, fork, built } = block;
        Self {
            number: header.number,
            hash: header.hash.to_string(),
            fork: fork.name(),
            post_state_root: header.state_root.to_string(),
            gas_used: header.gas_used,
            fuel_used: built.output().fuel_used,
            block_data_bytes: built.block_data().len(),
        }
    }
}

impl Report {
    fn print(&self, n_blocks: usize) -> io::Result<()> {
        let mut out = output::stdout();
        writeln!(out, "genesis {}", self.genesis)?;
        for BlockReport { number, hash, fork, gas_used, fuel_used, block_data_bytes, .. } in &self.blocks {
            writeln!(
                out,
                "block {number}, {hash}, rules of {fork}: gas {gas_used}, fuel {fuel_used}, block data {block_data_bytes} bytes"
            )?;
        }
        if let Some(RefusalReport { number, fork, words }) = &self.refused {
            writeln!(out, "block {number}, rules of {fork}: {ERROR}refused{ERROR:#}: {}", Plain(words))?;
            writeln!(out, "executed {} of {n_blocks} blocks", self.blocks.len())?;
        } else if let Some(BlockReport { post_state_root, .. }) = self.blocks.last() {
            writeln!(
                out,
                "{SUCCESS}executed {n_blocks} blocks{SUCCESS:#}; the state root is that of the last header, {post_state_root}"
            )?;
        }
        Ok(())
    }
}
