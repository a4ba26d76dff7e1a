//! `outrider utxo block`: executes a block whose history is not at hand.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_utxo::assumed::{AssumedBlock, AssumedBlockError, Figures};
use outrider_utxo::blocks::read_bytes;
use outrider_utxo::chain::{Chain, Executed, Outcome};
use outrider_utxo::network;
use outrider_utxo_ee::Network;
use serde::Serialize;

use super::read::{check_network, failure, network_parser, read_blocks};
use crate::built_in::{EeArguments, UTXO};
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict, files};

/// Execute a block whose history is not at hand, on a state for which you vouch.
///
/// The state consists of the outputs that the block spends, the height and the hash of the parent. The EE executes all scripts, and checks
/// amounts, fees, sigops, weight and commitments. The output lists the rules that cannot be checked so, and what holds in their place.
///
/// The exit code is 0 if the EE executes the block, 1 if the EE refuses it, 2 if a file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// File with one block as Bitcoin encodes it, as bytes or in hex, perhaps with the network and the length before it. May be packed by
    /// gzip or bzip2.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Outputs that the block spends: undo data of Bitcoin Core (from rev*.dat), an output for each input as Bitcoin encodes it, or
    /// entries of outpoint, length, and height, amount and script as in Bitcoin Core's database; as bytes or in hex. May be packed by
    /// gzip or bzip2.
    #[arg(long, value_name = "FILE")]
    undo: Option<PathBuf>,
    /// Height of the block. The default is the one in its coinbase.
    #[arg(long, value_name = "N")]
    height: Option<u32>,
    /// Network of the block. The default is the one before the block, or else `main`.
    #[arg(long, value_name = "NAME", value_parser = network_parser())]
    network: Option<Network>,
    #[command(flatten)]
    ee: EeArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// The result of a block.
#[derive(Serialize)]
struct Report {
    engine: &'static str,
    network: &'static str,
    height: u32,
    hash: String,
    waived: Vec<String>,
    #[serde(flatten)]
    outcome: OutcomeReport,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
enum OutcomeReport {
    Executed {
        #[serde(flatten)]
        figures: Figures,
        post_state_root: String,
        block_bytes: usize,
        block_data_bytes: usize,
        fuel_used: u64,
        provider_fuel_used: u64,
    },
    Refused {
        words: String,
    },
}

pub(super) fn block(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (network, block) = arguments.read()?;
    let file = || files::name(&arguments.file);
    // The state is that of the outputs.
    let outputs = || arguments.undo.as_deref().map_or_else(file, files::name);
    let mut chain = Chain::of_assumed(arguments.ee.load(UTXO)?, block.state()).with_context(outputs)?;
    let executed = chain.execute(block.block()).map_err(|error| failure(block.block(), error));
    let outcome = match executed.with_context(file)? {
        Outcome::Executed(executed) => OutcomeReport::executed(&block, &executed)?,
        Outcome::Refused(words) => OutcomeReport::Refused { words },
        Outcome::Known | Outcome::Orphan => anyhow::bail!("{}: the block is its own parent", file()),
    };
    let report = Report {
        engine: arguments.ee.engine().name(),
        network: network::name(network),
        height: block.height(),
        hash: block.block().hash.to_string(),
        waived: block.waived().iter().map(ToString::to_string).collect(),
        outcome,
    };
    let verdict = match report.outcome {
        OutcomeReport::Executed { .. } => Verdict::Holds,
        OutcomeReport::Refused { .. } => Verdict::Fails,
    };
    if arguments.json {
        output::json(&report, &Summary::one(verdict))?;
    } else {
        report.print()?;
    }
    Ok(verdict)
}

impl Arguments {
    fn read(&self) -> anyhow::Result<(Network, AssumedBlock)> {
        let name = files::name(&self.file);
        let file = read_blocks(&self.file)?;
        let named = file.network;
        let [block] = <[_; 1]>::try_from(file.blocks).map_err(|blocks| {
            anyhow::anyhow!(
                "{name}: the file contains {} blocks, expected one; `outrider utxo chain` executes several",
                blocks.len()
            )
        })?;
        let network = check_network(&self.file, self.network, named)?.unwrap_or(Network::Main);
        let undo = self.undo.as_deref().map(|path| {
            let name = || files::name(path);
            let bytes = files::read(path, files::FILE_BYTES_MAX).with_context(name)?;
            read_bytes(&bytes, files::FILE_BYTES_MAX).map(|bytes| bytes.into_owned()).with_context(name)
        });
        let undo = undo.transpose()?;
        match AssumedBlock::new(network, self.height, block, undo.as_deref()) {
            Ok(block) => Ok((network, block)),
            Err(AssumedBlockError::NoHeight) => {
                anyhow::bail!("{name}: the block does not contain its height: name it with --height")
            }
            Err(AssumedBlockError::NoOutputs { n }) => {
                anyhow::bail!(
                    "{name}: {n} inputs spend outputs of earlier blocks: name a file with these outputs with --undo"
                )
            }
            Err(error @ AssumedBlockError::Outputs(_)) => {
                let undo = self.undo.as_deref().map(files::name);
                Err(error).with_context(|| undo.unwrap_or(name))
            }
            Err(error) => Err(error).context(name),
        }
    }
}

impl OutcomeReport {
    fn executed(block: &AssumedBlock, executed: &Executed) -> anyhow::Result<Self> {
        let Executed { tip, built } = executed;
        Ok(Self::Executed {
            figures: block.figures()?,
            post_state_root: tip.root().to_string(),
            block_bytes: block.block().bytes.len(),
            block_data_bytes: built.block_data().len(),
            fuel_used: built.output().fuel_used,
            provider_fuel_used: built.provider_fuel_used(),
        })
    }
}

impl Report {
    fn print(&self) -> io::Result<()> {
        let mut out = output::stdout();
        writeln!(out, "block {}, {}, network {}", self.height, self.hash, self.network)?;
        match &self.outcome {
            OutcomeReport::Refused { words } => {
                writeln!(out, "  {ERROR}refused{ERROR:#}: {}", Plain(words))?;
            }
            OutcomeReport::Executed {
                figures,
                post_state_root,
                block_bytes,
                block_data_bytes,
                fuel_used,
                provider_fuel_used,
            } => {
                let Figures { n_transactions, n_inputs, n_spent, fees, sigop_cost, weight } = figures;
                writeln!(out, "  transactions     {n_transactions}")?;
                writeln!(
                    out,
                    "  inputs           {n_inputs}, {n_spent} of them of earlier blocks; all scripts are valid"
                )?;
                writeln!(out, "  fees             {fees} satoshi")?;
                writeln!(out, "  sigop cost       {sigop_cost}")?;
                writeln!(out, "  weight           {weight}")?;
                writeln!(out, "  block            {block_bytes} bytes, block data {block_data_bytes} bytes")?;
                writeln!(out, "  fuel             {fuel_used}, of the provider {provider_fuel_used}")?;
                writeln!(out, "  post-state root  {post_state_root}")?;
            }
        }
        for rule in &self.waived {
            writeln!(out, "  waived           {rule}")?;
        }
        if matches!(self.outcome, OutcomeReport::Executed { .. }) {
            writeln!(out, "{SUCCESS}the block is valid on the assumed state{SUCCESS:#}")?;
        }
        Ok(())
    }
}
