//! `outrider utxo chain`: executes the blocks of a chain, from its first one on.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write as _};
use std::path::PathBuf;

use outrider_utxo::blocks::RawBlock;
use outrider_utxo::chain::{Chain, Executed, Outcome};
use outrider_utxo::network;
use outrider_utxo_ee::{Digest, History, Network, Tip};
use serde::Serialize;

use super::read::{check_network, failure, find_blocks, network_parser, read_blocks};
use crate::built_in::{EeArguments, UTXO};
use crate::output::{self, Plain, Summary};
use crate::run::report::count;
use crate::{ERROR, SUCCESS, Verdict, files, progress};

/// Execute the blocks of a chain, from the one after its first block on.
///
/// A state provider makes block data for each block, which the EE executes without the state. The blocks may be in any order and have
/// branches: the tip is that of the branch with the most work. Repeated blocks, and the first block of the network, are left out.
///
/// The exit code is 0 if all blocks are executed, 1 if the EE refuses one, 2 if a file cannot be used or a block does not follow from the
/// others.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Files with blocks as Bitcoin encodes them, one after another, as bytes or in hex; also those of Bitcoin Core (blk*.dat), with the
    /// network and the length before each block, perhaps XORed with the key in the file xor.dat beside them. May be packed by gzip or
    /// bzip2. A directory stands for such files in it.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Network of the blocks. The default is the one before the blocks, or that whose first block they follow.
    #[arg(long, value_name = "NAME", value_parser = network_parser())]
    network: Option<Network>,
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
    network: &'static str,
    blocks: Vec<BlockReport>,
    refused: Vec<RefusalReport>,
    /// Blocks that descend from a refused or missing one.
    not_run: Vec<String>,
    /// Blocks whose parent is missing.
    unconnected: Vec<UnconnectedReport>,
    tip: Option<TipReport>,
}

#[derive(Serialize)]
struct BlockReport {
    #[serde(flatten)]
    tip: TipReport,
    block_bytes: usize,
    block_data_bytes: usize,
    fuel_used: u64,
    provider_fuel_used: u64,
}

#[derive(Serialize)]
struct TipReport {
    height: u32,
    hash: String,
    chain_work: Option<String>,
    state_root: String,
    n_leaves: u64,
    utreexo_roots: Vec<Option<String>>,
}

#[derive(Serialize)]
struct RefusalReport {
    hash: String,
    words: String,
}

#[derive(Serialize)]
struct UnconnectedReport {
    hash: String,
    parent: String,
}

pub(super) fn chain(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (network, blocks) = arguments.read()?;
    let mut chain = Chain::of_genesis(arguments.ee.load(UTXO)?, network)?;
    let genesis = Tip::genesis(network).block_hash;
    let mut by_parent = BTreeMap::<Digest, Vec<&RawBlock>>::new();
    // Blocks with the same header can have other transactions, which are not those of the header.
    let mut by_hash = BTreeMap::<Digest, VecDeque<&RawBlock>>::new();
    for block in blocks.iter().filter(|block| block.hash != genesis) {
        let same = by_hash.entry(block.hash).or_default();
        if same.is_empty() {
            by_parent.entry(block.parent).or_default().push(block);
        }
        if !same.contains(&block) {
            same.push_back(block);
        }
    }
    if let (false, Some(first)) =
        (by_parent.contains_key(&genesis), blocks.iter().find(|it| it.hash != genesis))
    {
        anyhow::bail!(
            "no block follows the first one of the network `{}`: block {} names the parent {}; name files from height 1 on, \
             another --network, or execute a single block by `outrider utxo block`",
            network::name(network),
            first.hash,
            first.parent
        );
    }
    let mut report = Report {
        engine: arguments.ee.engine().name(),
        network: network::name(network),
        blocks: Vec::new(),
        refused: Vec::new(),
        not_run: Vec::new(),
        unconnected: Vec::new(),
        tip: None,
    };
    let progress = progress::bar(by_hash.len());
    let mut ready: VecDeque<&RawBlock> = by_parent.remove(&genesis).unwrap_or_default().into();
    while let Some(block) = ready.pop_front() {
        match chain.execute(block).map_err(|error| failure(block, error))? {
            Outcome::Executed(executed) => {
                report.blocks.push(BlockReport::new(block, &executed));
                ready.extend(by_parent.remove(&block.hash).unwrap_or_default());
            }
            Outcome::Refused(words) => {
                report.refused.push(RefusalReport { hash: block.hash.to_string(), words });
                let others = by_hash.entry(block.hash).or_default();
                others.pop_front();
                match others.front() {
                    Some(other) => {
                        ready.push_front(other);
                        continue;
                    }
                    None => report.not_run.extend(descendants(&mut by_parent, block.hash)),
                }
            }
            // Neither happens: blocks are executed once, and after their parents.
            Outcome::Known | Outcome::Orphan => {}
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let missing: Vec<Digest> =
        by_parent.keys().copied().filter(|parent| !by_hash.contains_key(parent)).collect();
    for parent in missing {
        for block in by_parent.remove(&parent).unwrap_or_default() {
            report.unconnected.push(UnconnectedReport::new(block));
            report.not_run.extend(descendants(&mut by_parent, block.hash));
        }
    }
    report.tip = chain.best().map(TipReport::new);
    report.finish(arguments.json)
}

/// Removes the descendants of a block, and returns their hashes.
fn descendants(by_parent: &mut BTreeMap<Digest, Vec<&RawBlock>>, hash: Digest) -> Vec<String> {
    let (mut parents, mut found) = (vec![hash], Vec::new());
    while let Some(parent) = parents.pop() {
        for block in by_parent.remove(&parent).unwrap_or_default() {
            parents.push(block.hash);
            found.push(block.hash.to_string());
        }
    }
    found
}

impl Arguments {
    /// Reads all files, and finds the network.
    fn read(&self) -> anyhow::Result<(Network, Vec<RawBlock>)> {
        let mut network = self.network;
        let mut blocks = Vec::new();
        for path in find_blocks(&self.paths)? {
            let file = read_blocks(&path)?;
            anyhow::ensure!(!file.blocks.is_empty(), "{}: the file contains no blocks", files::name(&path));
            network = check_network(&path, network, file.network)?;
            blocks.extend(file.blocks);
        }
        let of_blocks = || {
            let hashes = blocks.iter().flat_map(|block| [block.parent, block.hash]);
            hashes.into_iter().find_map(|hash| network::of_genesis(&hash))
        };
        let Some(network) = network.or_else(of_blocks) else {
            anyhow::bail!(
                "no block is or follows the first one of a network: name files from height 1 on, or execute a single block by \
                 `outrider utxo block`"
            );
        };
        Ok((network, blocks))
    }
}

impl BlockReport {
    fn new(block: &RawBlock, executed: &Executed) -> Self {
        let Executed { tip, built } = executed;
        Self {
            tip: TipReport::new(tip),
            block_bytes: block.bytes.len(),
            block_data_bytes: built.block_data().len(),
            fuel_used: built.output().fuel_used,
            provider_fuel_used: built.provider_fuel_used(),
        }
    }
}

impl TipReport {
    fn new(tip: &Tip) -> Self {
        let chain_work = match &tip.history {
            History::Known(known) => Some(hex::encode(known.chain_work)),
            History::Assumed => None,
        };
        Self {
            height: tip.height,
            hash: tip.block_hash.to_string(),
            chain_work,
            state_root: tip.root().to_string(),
            n_leaves: tip.outputs.n_leaves(),
            utreexo_roots: tip.outputs.roots().iter().map(|root| root.map(|root| root.to_string())).collect(),
        }
    }
}

impl UnconnectedReport {
    fn new(block: &RawBlock) -> Self {
        Self { hash: block.hash.to_string(), parent: block.parent.to_string() }
    }
}

impl Report {
    fn finish(&self, json: bool) -> anyhow::Result<Verdict> {
        let summary = Summary {
            not_run: self.not_run.len(),
            unusable: self.unconnected.len(),
            ..Summary::of(self.blocks.len(), self.refused.len())
        };
        if json {
            output::json(self, &summary)?;
        } else {
            self.print()?;
        }
        Ok(summary.verdict())
    }

    fn print(&self) -> io::Result<()> {
        let mut out = output::stdout();
        writeln!(out, "network {}", self.network)?;
        for BlockReport { tip, block_bytes, block_data_bytes, fuel_used, .. } in &self.blocks {
            let TipReport { height, hash, .. } = tip;
            writeln!(
                out,
                "block {height}, {hash}: {block_bytes} bytes, block data {block_data_bytes} bytes, fuel {fuel_used}"
            )?;
        }
        for RefusalReport { hash, words } in &self.refused {
            writeln!(out, "block {hash}: {ERROR}refused{ERROR:#}: {}", Plain(words))?;
        }
        if !self.not_run.is_empty() {
            writeln!(out, "not run: {} after a refused or missing one", count(self.not_run.len(), "block"))?;
        }
        for UnconnectedReport { hash, parent } in &self.unconnected {
            writeln!(out, "block {hash}: {ERROR}not run{ERROR:#}, because its parent {parent} is missing")?;
        }
        if let Some(tip) = &self.tip {
            tip.print(&mut out)?;
        }
        let is_whole = self.refused.is_empty() && self.unconnected.is_empty();
        let style = if is_whole { SUCCESS } else { ERROR };
        writeln!(out, "{style}executed {}{style:#}", count(self.blocks.len(), "block"))
    }
}

impl TipReport {
    fn print(&self, out: &mut impl io::Write) -> io::Result<()> {
        writeln!(out, "tip         {}, {}", self.height, self.hash)?;
        if let Some(work) = &self.chain_work {
            let digits = work.trim_start_matches('0');
            writeln!(out, "work        0x{}", if digits.is_empty() { "0" } else { digits })?;
        }
        writeln!(out, "state root  {}", self.state_root)?;
        writeln!(out, "leaves      {}", self.n_leaves)?;
        for root in &self.utreexo_roots {
            writeln!(out, "  root      {}", root.as_deref().unwrap_or("empty"))?;
        }
        Ok(())
    }
}
