//! `outrider witness check`: whether the witnesses of a fixture are what blocks need, and no more.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_fixture::runner::{BlockRun, FixtureRun, Mismatch, Runner};
use outrider_host::{Host, chain};
use serde_json::json;

use super::decode::Decoded;
use crate::context::ContextOptions;
use crate::host_options::{DefaultLimits, HostOptions};
use crate::output::{self, Plain, Summary};
use crate::{ERROR, SUCCESS, Verdict, files};

/// Check the witnesses of a fixture's blocks: they can be read, are in their only encoding, belong to the state before their
/// block, and suffice to execute it; that nothing in them is unused is for the EE to see, which refuses such a block.
///
/// Exits with 0 if all hold, 1 if one does not, 2 if the fixture cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The fixture; `-` is the standard input.
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

/// What there is to say about one block.
struct BlockCheck {
    index: usize,
    env: usize,
    encoding: Option<&'static str>,
    witness_bytes: usize,
    problem: Option<String>,
}

pub(super) fn check(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let fixture = files::read_fixture(&arguments.fixture)?;
    let host = Host::new(arguments.host.config()?).context("cannot set the host up")?;
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
    /// 1. The block data is framed, and a decoder takes the witness.
    /// 2. What it reveals has no other encoding.
    /// 3. Its root is that of the state before the block.
    /// 4. The EE has executed the block.
    fn new(index: usize, env: usize, data: &[u8], run: Option<&BlockRun>) -> Self {
        let check = Self { index, env, encoding: None, witness_bytes: 0, problem: None };
        let decoded = match Decoded::new(data) {
            Ok(decoded) => decoded,
            Err(error) => return Self { problem: Some(chain(&error)), ..check },
        };
        let problem = match run {
            _ if decoded.encode().as_deref() != Some(decoded.frame.witness) => {
                Some("what it reveals has another encoding".to_owned())
            }
            None => Some("not reached, as a block before it failed".to_owned()),
            Some(run) if !decoded.is_of(&run.pre_state_root.0) => {
                let roots = decoded.outline.tries.iter().map(|trie| trie.root.to_string());
                let roots = roots.collect::<Vec<_>>().join(", ");
                Some(format!("it is of {roots}, the pre-state root is {}", run.pre_state_root))
            }
            Some(BlockRun { result: Err(error), .. }) => {
                let words = error.logs.last().filter(|_| error.refusal().is_none());
                let words = words.map(|log| format!("; its last words: {}", log.value));
                Some(format!("{}{}", chain(error), words.unwrap_or_default()))
            }
            Some(BlockRun { result: Ok(_), .. }) => None,
        };
        let (encoding, witness_bytes) = (Some(decoded.encoding.name()), decoded.frame.witness.len());
        Self { encoding, witness_bytes, problem, ..check }
    }
}

/// What does not hold of the fixture as a whole.
fn mismatches(run: &FixtureRun) -> Vec<String> {
    let text = |mismatch: &Mismatch| match mismatch {
        Mismatch::PostState { env, expected, got, .. } => {
            format!("env {env}: wrong post-state root: expected {expected}, got {got}")
        }
        Mismatch::MissingDeposit(deposit) => format!("deposit not pushed: {deposit:?}"),
    };
    // When a block has failed, the states after it are of no interest.
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
