//! `outrider witness check`: checks that the witnesses of a fixture are what the blocks need, and no more.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_fixture::runner::{BlockRun, FixtureRun, Mismatch, Runner};
use outrider_host::{Host, chain};
use serde_json::json;

use super::decode::StatefulBlockData;
use crate::context::ContextOptions;
use crate::host_options::{DefaultLimits, HostOptions};
use crate::output::{self, Plain, Summary};
use crate::run::report::described;
use crate::{ERROR, SUCCESS, Verdict, files};

/// Check that each witness of a fixture can be decoded, has the canonical encoding, belongs to the state before its block, and
/// suffices to execute the block.
///
/// The EE itself checks that the block uses all of the witness, and refuses the block otherwise.
///
/// The exit code is 0 if all witnesses pass, 1 if one fails, 2 if the fixture cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Fixture, or `-` for standard input.
    #[arg(value_name = "FIXTURE")]
    fixture: PathBuf,
    #[command(flatten)]
    host: HostOptions<DefaultLimits>,
    #[command(flatten)]
    context: ContextOptions,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// The result for one block.
struct BlockCheck {
    index: usize,
    env: usize,
    encoding: Option<&'static str>,
    witness_bytes: usize,
    problem: Option<String>,
}

pub(super) fn check(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let fixture = files::read_fixture(&arguments.fixture)?;
    let host = Host::new(arguments.host.config()?).context("cannot set up the host")?;
    let runner = Runner { context: arguments.context.context(), ..Runner::new(host) };
    let run = runner.run(&fixture, |_| {})?;
    let blocks = fixture.blocks.iter().enumerate();
    let checks: Vec<_> = blocks
        .map(|(index, block)| BlockCheck::new(index, block.env, &block.data, run.blocks.get(index)))
        .collect();
    let others = mismatches(&run);
    let file = files::name(&arguments.fixture);
    if arguments.json {
        print_json(&file, &checks, &others)?;
    } else {
        print(&file, &checks, &others)?;
    }
    let holds = others.is_empty() && checks.iter().all(|check| check.problem.is_none());
    Ok(if holds { Verdict::Holds } else { Verdict::Fails })
}

impl BlockCheck {
    /// Checks a block:
    ///
    /// 1. The block data can be parsed, and the witness decoded.
    /// 2. The witness has the canonical encoding.
    /// 3. Its root is that of the state before the block.
    /// 4. The EE has executed the block.
    fn new(index: usize, env: usize, data: &[u8], run: Option<&BlockRun>) -> Self {
        let check = Self { index, env, encoding: None, witness_bytes: 0, problem: None };
        let decoded = match StatefulBlockData::new(data) {
            Ok(decoded) => decoded,
            Err(error) => return Self { problem: Some(chain(&error)), ..check },
        };
        let problem = match run {
            _ if decoded.encode().as_deref() != Some(decoded.frame.witness) => {
                Some("the witness does not have the canonical encoding".to_owned())
            }
            None => Some("not executed, because an earlier block failed".to_owned()),
            Some(run) if !decoded.is_of(&run.pre_state_root.0) => {
                let roots = decoded.outline.tries.iter().map(|trie| trie.root.to_string());
                let roots = roots.collect::<Vec<_>>().join(", ");
                Some(format!("the witness has the wrong root: expected {}, got {roots}", run.pre_state_root))
            }
            Some(BlockRun { result: Err(error), .. }) => {
                let words = error.logs.last().filter(|_| error.refusal().is_none());
                let words = words.map(|log| format!("; last log: {}", log.value));
                Some(format!("{}{}", chain(error), words.unwrap_or_default()))
            }
            Some(BlockRun { result: Ok(_), .. }) => None,
        };
        let (encoding, witness_bytes) = (Some(decoded.encoding.name()), decoded.frame.witness.len());
        Self { encoding, witness_bytes, problem, ..check }
    }
}

/// Returns the expectations of the fixture as a whole that fail.
fn mismatches(run: &FixtureRun) -> Vec<String> {
    let text = |mismatch: &Mismatch| match mismatch {
        Mismatch::PostState { env, expected, got, .. } => {
            format!("env {env}: wrong post-state root: expected {expected}, got {got}")
        }
        Mismatch::MissingDeposit(deposit) => format!("deposit not pushed: {deposit:?}"),
        Mismatch::ProposerFee { block, expected, got } => {
            format!("block {block}: wrong proposer fee: expected {expected} Gwei, got {got} Gwei")
        }
        Mismatch::SentReceipt { block, index, expected, got } => {
            let [expected, got] = [expected, got].map(|receipt| described(receipt.as_ref()));
            format!("block {block}: wrong receipt {index}: expected {expected}, got {got}")
        }
        Mismatch::RejectedReceipts { block, expected, got } => {
            format!("block {block}: wrong rejected receipts: expected {expected:?}, got {got:?}")
        }
    };
    // After a failed block, states and other outputs are not compared.
    let executed = run.blocks.iter().all(|block| block.result.is_ok());
    run.mismatches.iter().filter(|_| executed).map(text).collect()
}

fn print(file: &str, checks: &[BlockCheck], others: &[String]) -> anyhow::Result<()> {
    let mut out = output::stdout();
    let file = Plain(file);
    for check in checks {
        let BlockCheck { index, env, encoding, witness_bytes, problem } = check;
        write!(out, "{file}: block {index}, env {env}: ")?;
        if let Some(encoding) = encoding {
            write!(out, "{encoding} witness {witness_bytes} bytes, ")?;
        }
        match problem {
            None => writeln!(out, "{SUCCESS}ok{SUCCESS:#}")?,
            Some(problem) => writeln!(out, "{ERROR}FAILED{ERROR:#}: {}", Plain(problem))?,
        }
    }
    for other in others {
        writeln!(out, "{file}: {ERROR}FAILED{ERROR:#}: {}", Plain(other))?;
    }
    Ok(())
}

fn print_json(file: &str, checks: &[BlockCheck], others: &[String]) -> anyhow::Result<()> {
    let blocks = checks.iter().map(|check| {
        json!({
            "block": check.index,
            "env": check.env,
            "encoding": check.encoding,
            "witness_bytes": check.witness_bytes,
            "problem": check.problem,
        })
    });
    let document = json!({ "file": file, "blocks": blocks.collect::<Vec<_>>(), "mismatches": others });
    let n_failed = checks.iter().filter(|check| check.problem.is_some()).count();
    let summary = Summary::of(checks.len().saturating_sub(n_failed), n_failed.saturating_add(others.len()));
    output::json(document, &summary)?;
    Ok(())
}
