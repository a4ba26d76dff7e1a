//! `outrider beacon prove`.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_beacon::proof::Claim;
use outrider_beacon_proof::MULTIPROOF_CLAIMS_MAX;
use outrider_beacon_spec::types::Slot;
use outrider_sim::ChainPhase;
use serde_json::json;

use super::{
    super::{
        Common,
        claim::WrittenClaim,
        session::{Action, Session},
    },
    EarlierBlock, ProofFile,
    source::Source,
};
use crate::{
    Verdict, files,
    output::{self, Summary},
    output_file,
};

/// Prove claims about the chain after the head block or an earlier one, in one proof for all claims.
///
/// Prints the root of the block, against which `outrider beacon verify` checks the proof.
#[derive(clap::Args)]
pub(in super::super) struct ProveArguments {
    #[command(flatten)]
    pub(in super::super) common: Common,
    /// Claims: `code:EE`, `deposit:EE`, `state:EE@SHARD`, `balance:EE@SHARD`, `slot` for the slot of the block, or
    /// `execution:SHARD@SLOT` for the execution root of a shard's block in one of the last 256 slots. That one brings `slot` along,
    /// without which it could be of another slot with the same remainder. `crosslink:SHARD@BLOCK` and `latest:SHARD` are the
    /// execution roots of the BLOCKth shard block, from 0, that the block crosslinks, and of the shard's latest crosslinked
    /// block, proven without the ledger. `block:SLOT` is the root of an earlier block, and brings `block-slot` along.
    ///
    /// The chain knows code before validators vote on it, and after they reject it. `deployed:EE` is the first epoch in which an EE may
    /// be executed, or never; `exit:EE` the epoch in which it is to exit or its code was rejected; `withdrawable:EE` the epoch of its
    /// refund, with which it is gone. From the epoch `hibernation:EE` until `wake:EE`, it is asleep and not executed. `shards:EE` are
    /// its shards below 256, and `shards:EE@256` those from 256 to 511.
    ///
    /// `settled:SOURCE:SHARD` is the number before which a shard has settled all receipts of a source, a shard or 1024 for the
    /// beacon chain; `settled:SOURCE:SHARD@256` are those of the next 1,024 that it has settled, among those whose numbers modulo
    /// 1,024 are from 256 to 511.
    ///
    /// `n-shards` is the number of shards, `n-ees:SHARD` that of EEs in the list of a shard, and `finalized` the epoch of the
    /// finalized checkpoint in the state after the block.
    #[arg(required = true, value_name = "CLAIM")]
    claims: Vec<WrittenClaim>,
    /// Prove claims about the block of this slot, or the latest before it, from the head block: the state after the head block
    /// knows the roots of the last 64 blocks with the preset `minimal`, and of 8,192 with `mainnet`.
    #[arg(long, value_name = "SLOT")]
    slot: Option<Slot>,
    /// The file to write the proof to; `-` is the standard output, which then has the proof alone.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Action for ProveArguments {
    const IS_READ_ONLY: bool = true;

    fn run<P: ChainPhase>(&self, session: Session<P>) -> anyhow::Result<Verdict> {
        let to_stdout = files::is_stdin(&self.output);
        if to_stdout {
            anyhow::ensure!(
                !self.common.json,
                "--json: the standard output has the proof: name a file with --output"
            );
        } else {
            output_file::check_not_in(&self.output, &self.common.data_dir)?;
        }
        let claims = self.claims()?;
        let (root, _) = session.chain.head()?;
        let head_claims = if self.slot.is_some() { &[] } else { &claims[..] };
        let head = Source::new(&session, root, head_claims)?;
        let mut earlier = None;
        let mut about = &head;
        let earlier_source;
        if let Some(slot) = self.slot {
            earlier_source = Source::new(&session, head.earlier_root(slot)?, &claims)?;
            about = &earlier_source;
            let proof = hex::encode(head.prove_earlier_block(slot)?.to_ssz_bytes());
            earlier = Some(EarlierBlock { slot, proof });
        }
        let proof = about.prove(&claims)?;
        let phase = session.description.phase;
        // Writing to a pipe may take for ever, so the chain is closed before.
        drop(session);
        let bytes = proof.to_ssz_bytes();
        let written = claims.iter().map(ToString::to_string).collect();
        let file = ProofFile { claims: written, proof: hex::encode(&bytes), earlier };
        let name = self.output.display().to_string();
        let text = serde_json::to_string_pretty(&file)? + "\n";
        if to_stdout {
            output::stdout().write_all(text.as_bytes())?;
            return Ok(Verdict::Holds);
        }
        fs::write(&self.output, text).with_context(|| format!("{name}: cannot be written"))?;
        if self.common.json {
            let document = json!({
                "block_root": root.to_string(),
                "slot": head.block.block.message.slot,
                "about": { "slot": about.block.block.message.slot, "root": about.root.to_string() },
                "phase": phase,
                "file": name,
                "proof_bytes": bytes.len(),
                "hashes": proof.branch.len(),
            });
            output::json(document, &Summary::one(Verdict::Holds))?;
        } else {
            let mut out = output::stdout();
            writeln!(out, "{root}")?;
            writeln!(out, "  {} hashes, {} bytes", proof.branch.len(), bytes.len())?;
        }
        Ok(Verdict::Holds)
    }
}

impl ProveArguments {
    /// Returns the claims, with those of the block's slot that they need.
    fn claims(&self) -> anyhow::Result<Vec<Claim>> {
        let mut claims = Vec::new();
        for WrittenClaim(claim) in &self.claims {
            anyhow::ensure!(!claims.contains(claim), "`{claim}` is claimed twice: name each claim once");
            claims.push(*claim);
        }
        for (needs, slot) in [
            (claims.iter().any(|claim| matches!(claim, Claim::ExecutionRoot { .. })), Claim::Slot),
            (claims.iter().any(|claim| matches!(claim, Claim::BlockRoot { .. })), Claim::BlockSlot),
        ] {
            if needs && !claims.contains(&slot) {
                claims.push(slot);
            }
        }
        let (got, limit) = (claims.len(), MULTIPROOF_CLAIMS_MAX);
        anyhow::ensure!(got <= limit, "a proof has at most {limit} claims, not {got}: make several proofs");
        Ok(claims)
    }
}
