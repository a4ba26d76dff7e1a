//! `outrider evm block`: a real block, from what its execution witness tells of the state.

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

use super::EeArguments;
use super::read::{read_block, read_json};
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict};

/// Execute a real block with its execution witness.
///
/// A state provider that has just what is in the witness makes block data of it, with what the block needs and no more, and executes
/// that statelessly. The state root in the block's header decides. Exits with 0 if it is the one, 1 if it is not or the EE refuses
/// the block, 2 if the file cannot be used.
///
/// Where the headers of ancestors are missing, but the file tells the state before the block, that state and the hashes of ancestors are
/// believed, and what would be checked against the headers is not. The output says so. With `--headers`, it is checked.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The block and its witness: JSON, as it is or in a *.gz file, in one of these shapes: `{rlp, executionWitness}` as in Ethereum's
    /// tests, the answer of `debug_executionWitness`, `{blocks, witness}` of zk-pig or ethrex-replay, `{statelessInputBytes}` of EIP-8025,
    /// traces of Erigon for zk_evm, dumps of stateless-block-verifier and of the Nimbus tracer, and answers of `eth_getProof`, alone or in
    /// a list.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The block, for witnesses without it: in RLP as hex or in JSON, the answer of `debug_getRawBlock`, or with its transactions, the
    /// answer of `eth_getBlockByHash`. A trace of Erigon has the transactions itself.
    #[arg(long, value_name = "FILE")]
    block: Option<PathBuf>,
    /// A list of headers in JSON, each in RLP as hex or as `eth_getBlock` gives them. For witnesses without those of ancestors.
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,
    /// The codes of contracts in hex, as a list or by their hashes. For witnesses without them: answers of `eth_getProof`.
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// The rules: `mainnet`, `sepolia`, `holesky`, `hoodi`, or a network as Ethereum's tests name them, such as `Prague`. By default
    /// those that the file tells, or else `mainnet`.
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// The number of the chain, where it is neither the network's nor the file's.
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    /// The rules and the number of the chain, in geth's JSON.
    #[arg(long, value_name = "GENESIS.json", conflicts_with_all = ["network", "chain_id"])]
    genesis: Option<PathBuf>,
    #[command(flatten)]
    ee: EeArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// What came of a block.
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

/// What the block was held against, see [`Ancestry`].
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
        /// What there was in the witness that was given.
        given: WitnessBytes,
    },
    Refused {
        words: String,
    },
}

/// Bytes of the block data, by what they are; `all` has other parts of the block, too, and what tells lengths.
#[derive(Serialize)]
struct ByteCounts {
    nodes: usize,
    codes: usize,
    headers: usize,
    transactions: usize,
    all: usize,
}

/// What there is in a witness.
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
    let outcome = match run.execute(arguments.ee.load()?).with_context(file)? {
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
    /// The chain that is asked for, or else the one that the file tells, or else the main network.
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
                .with_context(|| format!("{}: no list of headers", path.display()))?;
            block.witness.headers.extend(headers);
        }
        if let Some(path) = &self.codes {
            let codes = read_json(path)?;
            let Witness { codes, .. } = serde_json::from_value(serde_json::json!({ "codes": codes }))
                .with_context(|| format!("{}: no list of codes", path.display()))?;
            block.witness.codes.extend(codes);
        }
        Ok(block)
    }
}

/// Why a block is refused, and the remedy where an option is one.
fn with_remedy(words: String) -> String {
    if words.contains("invalid chain ID") {
        format!("{words}; --chain-id or --genesis tells another")
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
                "vouched for by the file: headers that the ommers need are missing; the parent's is checked"
            }
            Self::Vouched => {
                "vouched for by the file: the parent's header is missing, so nothing is checked against it"
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
                    writeln!(out, "{ERROR}the header's state root is another{ERROR:#}: {expected}")?;
                }
            }
        }
        Ok(())
    }
}
