//! `outrider evm block`: executes a real block with its execution witness.

use std::io::Write as _;
use std::path::PathBuf;

use alloy_primitives::B256;
use anyhow::Context as _;
use outrider_evm::{
    chain::{Chain, Config},
    genesis::Genesis,
};
use outrider_evm_tests::{
    execution_witness::{Claims, HeaderForm, Witness, WitnessedBlock},
    witness_run::{Ancestry, BlockDataSize, WitnessOutcome, WitnessRun, WitnessSize},
};
use outrider_shard::BuiltBlock;
use serde::Serialize;

use super::read::{read_block, read_json};
use crate::built_in::{EVM, EeArguments};
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict};

/// Execute a real block with its execution witness.
///
/// A state provider whose state is the given witness makes block data with just what the block needs. The EE then executes the block
/// data statelessly.
///
/// If headers of ancestors are missing, but the file contains the state root before the block, that root and the hashes of the ancestors
/// are not checked. The output says so. `--headers` supplies the headers.
///
/// The exit code is 0 if the post-state root is that of the block's header, 1 if it is not or the EE refuses the block, 2 if the file
/// cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Block and witness as JSON, which may be compressed as *.gz, in one of these formats: `{rlp, executionWitness}` as in Ethereum's
    /// tests, the response of `debug_executionWitness`, `{blocks, witness}` of zk-pig or ethrex-replay, `{statelessInputBytes}` of
    /// EIP-8025, traces of Erigon for zk_evm, dumps of stateless-block-verifier or of the Nimbus tracer, or a response of `eth_getProof`
    /// or a list of such.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Block, if the witness does not contain it: RLP in hex, the response of `debug_getRawBlock`, or the response of
    /// `eth_getBlockByHash` with transactions. With a trace of Erigon, the transactions may be missing, as the trace contains them.
    #[arg(long, value_name = "FILE")]
    block: Option<PathBuf>,
    /// Headers of ancestors, if the witness does not contain them: a list in JSON, each header in RLP as hex or as `eth_getBlock`
    /// returns it.
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,
    /// Codes of contracts in hex, as a list or by their hashes, for a witness without them, such as a response of `eth_getProof`.
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// Rules of the block: `mainnet`, `sepolia`, `holesky`, `hoodi`, or a network as Ethereum's tests name it, such as `Prague`. The
    /// default is the network that the file names, or else `mainnet`.
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Chain ID. The default is that of the file, or else that of the network.
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    /// Rules and chain ID, as geth's genesis file in JSON.
    #[arg(long, value_name = "GENESIS.json", conflicts_with_all = ["network", "chain_id"])]
    genesis: Option<PathBuf>,
    #[command(flatten)]
    ee: EeArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// The result of a block.
#[derive(Serialize)]
struct Report {
    block: u64,
    hash: String,
    engine: &'static str,
    fork: &'static str,
    ancestry: AncestryReport,
    pre_state_root: String,
    expected_post_state_root: String,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Which headers of ancestors the block was checked against, see [`Ancestry`].
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum AncestryReport {
    Checked,
    VouchedBeforeParent,
    Vouched,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
enum Outcome {
    Executed {
        post_state_root: String,
        gas_used: u64,
        fuel_used: u64,
        provider_fuel_used: u64,
        bytes: ByteCounts,
        /// The contents of the given witness.
        given: WitnessBytes,
    },
    Refused {
        words: String,
    },
}

/// Sizes of the parts of the block data. `all` also counts the other parts of the block, and lengths.
#[derive(Serialize)]
struct ByteCounts {
    nodes: usize,
    codes: usize,
    headers: usize,
    transactions: usize,
    all: usize,
}

/// The contents of a witness.
#[derive(Serialize)]
struct WitnessBytes {
    n_nodes: usize,
    node_bytes: usize,
    n_codes: usize,
    code_bytes: usize,
    n_headers: usize,
}

pub(super) fn block(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let block = arguments.read()?;
    let chain = arguments.chain(&block.claims)?;
    let file = || arguments.file.display().to_string();
    let run = WitnessRun::new(&block, &chain).with_context(file)?;
    let outcome = match run.execute(arguments.ee.load(EVM)?).with_context(file)? {
        WitnessOutcome::Executed { built, bytes } => Outcome::executed(&block, &built, bytes),
        WitnessOutcome::Refused(words) => Outcome::Refused { words: with_remedy(words) },
    };
    let report = Report {
        block: block.header.number,
        hash: block.header.hash.to_string(),
        engine: arguments.ee.engine().name(),
        fork: run.fork().name(),
        ancestry: AncestryReport::new(run.ancestry()),
        pre_state_root: run.pre_state_root().to_string(),
        expected_post_state_root: block.header.state_root.to_string(),
        outcome,
    };
    let verdict = if report.holds() { Verdict::Holds } else { Verdict::Fails };
    if arguments.json {
        output::json(&report, &Summary::one(verdict))?;
    } else {
        report.print()?;
    }
    Ok(verdict)
}

impl Arguments {
    /// Returns the chain that the options name, or else the one that the file names, or else the main network.
    fn chain(&self, claims: &Claims) -> anyhow::Result<Chain> {
        let chain = if let Some(path) = &self.genesis {
            return Ok(Genesis::of_json(read_json(path)?).with_context(|| path.display().to_string())?.chain);
        } else if let Some(name) = &self.network {
            match Chain::of_public_network(name) {
                Some(chain) => chain,
                None => Chain::of_network(name, &Config::default())?,
            }
        } else if let Some(chain) = &claims.chain {
            chain.clone().with_context(|| self.file.display().to_string())?
        } else {
            Chain::mainnet()
        };
        Ok(match self.chain_id.or(claims.chain_id) {
            Some(chain_id) => chain.with_chain_id(chain_id),
            None => chain,
        })
    }

    fn read(&self) -> anyhow::Result<WitnessedBlock> {
        let beside = self.block.as_deref().map(read_block).transpose()?;
        let mut block = WitnessedBlock::of_json(read_json(&self.file)?, beside)
            .with_context(|| self.file.display().to_string())?;
        if let Some(path) = &self.headers {
            let headers: Vec<HeaderForm> = serde_json::from_value(read_json(path)?)
                .with_context(|| format!("{}: not a list of headers", path.display()))?;
            block.witness.headers.extend(headers);
        }
        if let Some(path) = &self.codes {
            let codes = read_json(path)?;
            let Witness { codes, .. } = serde_json::from_value(serde_json::json!({ "codes": codes }))
                .with_context(|| format!("{}: not a list of codes", path.display()))?;
            block.witness.codes.extend(codes);
        }
        Ok(block)
    }
}

/// Adds the remedy to the reason for a refusal, if an option is the remedy.
fn with_remedy(words: String) -> String {
    if words.contains("invalid chain ID") {
        format!("{words}; set another with --chain-id or --genesis")
    } else {
        words
    }
}

impl AncestryReport {
    fn new(ancestry: Ancestry) -> Self {
        match ancestry {
            Ancestry::Checked => Self::Checked,
            Ancestry::VouchedBeforeParent => Self::VouchedBeforeParent,
            Ancestry::Vouched => Self::Vouched,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Checked => "checked",
            Self::VouchedBeforeParent => {
                "not checked beyond the parent, because headers that the ommers need are missing"
            }
            Self::Vouched => {
                "not checked, because the parent's header is missing; the file claims the pre-state root"
            }
        }
    }
}

impl Outcome {
    fn executed(block: &WitnessedBlock, built: &BuiltBlock, bytes: BlockDataSize) -> Self {
        let BlockDataSize { nodes, codes, headers, transactions, all } = bytes;
        let WitnessSize { n_nodes, node_bytes, n_codes, code_bytes, n_headers } =
            WitnessSize::of(&block.witness);
        Self::Executed {
            post_state_root: B256::from(built.post_state_root().0).to_string(),
            gas_used: block.header.gas_used,
            fuel_used: built.output().fuel_used,
            provider_fuel_used: built.provider_fuel_used(),
            bytes: ByteCounts { nodes, codes, headers, transactions, all },
            given: WitnessBytes { n_nodes, node_bytes, n_codes, code_bytes, n_headers },
        }
    }
}

impl Report {
    fn holds(&self) -> bool {
        match &self.outcome {
            Outcome::Executed { post_state_root, .. } => *post_state_root == self.expected_post_state_root,
            Outcome::Refused { .. } => false,
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        let mut out = output::stdout();
        writeln!(out, "block {}, {}, rules of {}", self.block, self.hash, self.fork)?;
        writeln!(out, "  ancestry         {}", self.ancestry.describe())?;
        writeln!(out, "  pre-state root   {}", self.pre_state_root)?;
        match &self.outcome {
            Outcome::Refused { words } => writeln!(out, "  {ERROR}refused{ERROR:#}: {}", Plain(words))?,
            Outcome::Executed { post_state_root, gas_used, fuel_used, provider_fuel_used, bytes, given } => {
                writeln!(out, "  post-state root  {post_state_root}")?;
                writeln!(out, "  gas              {gas_used}")?;
                writeln!(out, "  fuel             {fuel_used}, of the provider {provider_fuel_used}")?;
                let WitnessBytes { n_nodes, node_bytes, n_codes, code_bytes, n_headers } = given;
                writeln!(
                    out,
                    "  given            {n_nodes} nodes of {node_bytes} bytes, {n_codes} codes of {code_bytes} bytes, \
                     {n_headers} headers"
                )?;
                let ByteCounts { nodes, codes, headers, transactions, all } = bytes;
                writeln!(
                    out,
                    "  block data       {all} bytes: nodes {nodes}, codes {codes}, headers {headers}, transactions {transactions}"
                )?;
                if self.holds() {
                    let but = match self.ancestry {
                        AncestryReport::Checked => "",
                        AncestryReport::VouchedBeforeParent | AncestryReport::Vouched => {
                            ", but not all of the header was checked"
                        }
                    };
                    writeln!(out, "{SUCCESS}the post-state root is the header's{SUCCESS:#}{but}")?;
                } else {
                    let expected = &self.expected_post_state_root;
                    writeln!(out, "{ERROR}the header has another state root{ERROR:#}: {expected}")?;
                }
            }
        }
        Ok(())
    }
}
