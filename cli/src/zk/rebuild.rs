//! `outrider zk rebuild`: makes a rollup's state anew from published blocks.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use outrider_host::{Ee, StateRoot};
use outrider_shard::Frame;
use outrider_witness::store::MemoryStore;
use outrider_zk_rollup::STATE_KIND;
use outrider_zk_rollup::operator::Rebuild;
use outrider_zk_rollup_ee::Payload;
use serde_json::{Value, json};

use super::source::{read_fixture, replay, replay_all};
use crate::built_in::{EeArguments, ZK_ROLLUP};
use crate::output::{self, Summary};
use crate::state::init::{Made, create};
use crate::{SUCCESS, Verdict};

/// Make the state of a rollup anew, from the published blocks since its genesis alone.
///
/// Of these blocks, the payloads and the receipts are executed on a tree of their own. Every proof and signature is checked, every state
/// root compared, and the block data that follow must be the published ones, byte by byte.
///
/// The exit code is 0 if all blocks follow from one another, 1 if one does not, 2 if a file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Fixtures with the blocks, in their order; the first one begins with the genesis.
    #[arg(required = true, value_name = "FIXTURE")]
    fixtures: Vec<PathBuf>,
    /// New or empty directory for the state, from which blocks without the operator can be built.
    #[arg(short, long, value_name = "DIR", conflicts_with = "json")]
    output: Option<PathBuf>,
    #[command(flatten)]
    ee: EeArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn rebuild(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let ee = arguments.ee.load(ZK_ROLLUP)?;
    if let Some(directory) = &arguments.output {
        return create(directory, ee, STATE_KIND, |provider| {
            let mut rebuild = Rebuild::of_provider(provider.clone());
            for path in &arguments.fixtures {
                let problem = replay(&mut rebuild, &read_fixture(path)?, |_, _, _| Ok(()), |_, _, _| ())?;
                if let Some(problem) = problem {
                    output::error(problem)?;
                    return Ok(Made::Nothing(Verdict::Fails));
                }
            }
            Ok(Made::State(rebuild.root()))
        });
    }
    let (outcome, blocks) = arguments.run(ee)?;
    let verdict = if outcome.is_ok() { Verdict::Holds } else { Verdict::Fails };
    if arguments.json {
        let summary = match &outcome {
            Ok(_) => Summary::of(blocks.len(), 0),
            Err(problem) => Summary::error(verdict, problem),
        };
        let root = outcome.ok().map(|root| root.to_string());
        output::json(json!({ "blocks": blocks, "root": root }), &summary)?;
        return Ok(verdict);
    }
    let mut out = output::stdout();
    for (index, block) in blocks.iter().enumerate() {
        writeln!(
            out,
            "block {index}: {}, {} transfers, post-state root {}",
            block["payload"].as_str().unwrap_or_default(),
            block["n_transfers"],
            block["post_state_root"].as_str().unwrap_or_default()
        )?;
    }
    match outcome {
        Ok(root) => writeln!(out, "{SUCCESS}the published blocks lead to the state {root}{SUCCESS:#}")?,
        Err(problem) => output::error(problem)?,
    }
    Ok(verdict)
}

impl Arguments {
    fn run(&self, ee: Ee) -> anyhow::Result<(Result<StateRoot, String>, Vec<Value>)> {
        let mut blocks = Vec::new();
        let store = Arc::new(MemoryStore::of_kind(STATE_KIND));
        let outcome = replay_all(
            ee,
            store,
            &self.fixtures,
            |_, _, _| Ok(()),
            |_, block, built| {
                let payload = Frame::parse(&block.data).ok();
                let payload = payload.and_then(|frame| Payload::from_bytes(frame.payload).ok());
                let (name, n_transfers) = describe(payload.as_ref());
                blocks.push(json!({
                    "payload": name,
                    "n_transfers": n_transfers,
                    "block_data_bytes": block.data.len(),
                    "post_state_root": built.post_state_root().to_string(),
                }));
            },
        )?;
        Ok((outcome, blocks))
    }
}

/// Returns the kind of a payload, and the number of its transfers.
fn describe(payload: Option<&Payload>) -> (&'static str, usize) {
    match payload {
        Some(Payload::Genesis(_)) => ("genesis", 0),
        Some(Payload::Section(signed)) => {
            ("section", signed.section.batches.iter().map(|batch| batch.transfers.len()).sum())
        }
        Some(Payload::Forced(forced)) if forced.exits.is_empty() && forced.n_deposits == 0 => ("receipts", 0),
        Some(Payload::Forced(_)) => ("without the operator", 0),
        None => ("malformed", 0),
    }
}
