//! `outrider zk verify`: verifies the proofs in published blocks.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use outrider_shard::Frame;
use outrider_witness::store::MemoryStore;
use outrider_zk_rollup::STATE_KIND;
use outrider_zk_rollup::operator::{View, public_inputs};
use outrider_zk_rollup_core::pairing::{Arkworks, verify as verify_proof};
use outrider_zk_rollup_core::{VerifyingKey, field};
use outrider_zk_rollup_ee::{Payload, key_hash};
use serde::Serialize;
use serde_json::json;

use super::keys::VerifyingKeyFile;
use super::source::replay_all;
use crate::built_in::{EeArguments, ZK_ROLLUP};
use crate::output::{self, Summary};
use crate::{ERROR, SUCCESS, Verdict};

/// Verify the proofs of all batches in published blocks with verifying keys of your own, such as those of a ceremony.
///
/// The state is made anew on the way, as `outrider zk rebuild` does it, so that the EE verifies the proofs, too, with the keys of the
/// genesis.
///
/// The exit code is 0 if all proofs hold, 1 if one does not or a block is wrong, 2 if a file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Fixtures with the blocks, in their order; the first one begins with the genesis.
    #[arg(required = true, value_name = "FIXTURE")]
    fixtures: Vec<PathBuf>,
    /// Verifying keys, SIZE.json of `outrider zk setup`, one for each size of batches.
    #[arg(long = "key", required = true, value_name = "KEY.json")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    ee: EeArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// The result of a batch.
#[derive(Serialize)]
struct BatchReport {
    block: usize,
    batch: usize,
    size: u16,
    n_transfers: usize,
    public_input: String,
    /// Whether the genesis has the same key; `None` if there is none for the size.
    is_key_of_rollup: Option<bool>,
    holds: bool,
}

pub(super) fn verify(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let keys = arguments.keys.iter().map(|path| VerifyingKeyFile::read(path));
    let keys: Vec<(u16, VerifyingKey)> =
        keys.map(|read| read.map(|(file, key)| (file.size, key))).collect::<Result<_, _>>()?;
    let mut batches = Vec::new();
    let store = Arc::new(MemoryStore::of_kind(STATE_KIND));
    let ee = arguments.ee.load(ZK_ROLLUP)?;
    let outcome = replay_all(
        ee,
        store,
        &arguments.fixtures,
        |index, block, rebuild| {
            let payload = Frame::parse(&block.data).ok();
            let payload = payload.and_then(|frame| Payload::from_bytes(frame.payload).ok());
            // Replaying the block says what is wrong with a payload that is none.
            if let Some(Payload::Section(signed)) = payload {
                let Ok(mut view) = View::open(rebuild.store(), rebuild.root()) else { return Ok(()) };
                let of_rollup = view.node().keys.clone();
                let Ok(inputs) = public_inputs(&mut view, &signed.section) else { return Ok(()) };
                for (number, (batch, input)) in signed.section.batches.iter().zip(inputs).enumerate() {
                    let key = keys.iter().find(|(size, _)| *size == batch.size).map(|(_, key)| key);
                    let hash = of_rollup.iter().find(|(size, _)| *size == batch.size).map(|(_, hash)| *hash);
                    batches.push(BatchReport {
                        block: index,
                        batch: number,
                        size: batch.size,
                        n_transfers: batch.transfers.len(),
                        public_input: hex::encode(field::to_bytes(&input)),
                        is_key_of_rollup: key.map(|key| hash == Some(key_hash(key))),
                        holds: key
                            .is_some_and(|key| verify_proof(&Arkworks, key, &input, &batch.proof).is_ok()),
                    });
                }
            }
            Ok(())
        },
        |_, _, _| (),
    )?;
    let problem = outcome.err();
    report(&batches, problem, arguments.json)
}

fn report(batches: &[BatchReport], problem: Option<String>, json: bool) -> anyhow::Result<Verdict> {
    let n_failed = batches.iter().filter(|batch| !batch.holds).count();
    let verdict = if n_failed == 0 && problem.is_none() { Verdict::Holds } else { Verdict::Fails };
    if json {
        let summary = match problem {
            Some(problem) => Summary::error(verdict, problem),
            None => Summary::of(batches.len() - n_failed, n_failed),
        };
        output::json(json!({ "batches": batches }), &summary)?;
        return Ok(verdict);
    }
    let mut out = output::stdout();
    for BatchReport { block, batch, size, n_transfers, is_key_of_rollup, holds, .. } in batches {
        let result = match (is_key_of_rollup, holds) {
            (_, true) => format!("{SUCCESS}the proof holds{SUCCESS:#}"),
            (Some(true), false) => format!("{ERROR}the proof does not hold{ERROR:#}"),
            (Some(false), false) => {
                format!("{ERROR}the proof does not hold: the rollup has another key for this size{ERROR:#}")
            }
            (None, false) => format!("{ERROR}no key is for this size: name it with --key{ERROR:#}"),
        };
        writeln!(out, "block {block}, batch {batch}, {n_transfers} transfers of {size}: {result}")?;
    }
    if let Some(problem) = problem {
        output::error(problem)?;
    }
    Ok(verdict)
}
