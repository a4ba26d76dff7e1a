//! `outrider beacon prove` and `outrider beacon verify`: proofs of ledger entries against the root of a block.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_beacon::proof::{Claim, Phase, Prover};
use outrider_beacon_proof::{Multiproof, verify_claims};
use outrider_beacon_spec::types::Root;
use outrider_sim::ChainPhase;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Common,
    claim::WrittenClaim,
    session::{Action, PhaseNumber, Session},
};
use crate::{
    ERROR, SUCCESS, Verdict, files,
    output::{self, Summary},
    output_file,
};

/// Prove entries of the ledger after the head block, in one proof for all claims.
///
/// Prints the root of the block, against which `outrider beacon verify` checks the proof.
#[derive(clap::Args)]
pub(super) struct ProveArguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// Claims: `code:EE`, `deposit:EE`, `state:EE@SHARD`, `balance:EE@SHARD`, `slot` for the slot of the block, or
    /// `execution:SHARD@SLOT` for the execution root of a shard's block in one of the last 256 slots. That one brings `slot` along,
    /// without which it could be of another slot with the same remainder.
    #[arg(required = true, value_name = "CLAIM")]
    claims: Vec<WrittenClaim>,
    /// The file to write the proof to.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Verify a proof against the root of a block, without the chain.
///
/// Exits with 0 if the proof is valid for the root, 1 if it is not, 2 if the file is not a proof.
#[derive(clap::Args)]
pub(super) struct VerifyArguments {
    /// A proof of `outrider beacon prove`, or `-` for the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The root of the block.
    #[arg(long, value_name = "ROOT")]
    root: Root,
    /// The phase of the block's chain, which determines the layout of the block. It is not part of the file, which is untrusted.
    #[arg(long, value_enum, default_value = "1")]
    phase: PhaseNumber,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// The format of proof files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofFile {
    /// The claims in the notation of the command line.
    claims: Vec<String>,
    /// SSZ of the multiproof of all claims, in hex.
    proof: String,
}

/// The maximum length of a proof file, several times the length with as many claims as a proof may have.
const FILE_BYTES_MAX: u64 = 1 << 20;

impl Action for ProveArguments {
    fn run<P: ChainPhase>(&self, session: Session<P>) -> anyhow::Result<Verdict> {
        output_file::check_not_in(&self.output, &self.common.data_dir)?;
        let (root, extended) = session.chain.head()?;
        let block = session.store.block(root)?.context("the store does not have the head block")?;
        anyhow::ensure!(
            block.block.message.slot > 0,
            "the genesis block does not commit to a ledger: add a block with `outrider beacon advance --slots 1`"
        );
        let prover = Prover::new(&block.block.message, &extended.ledger, &block.operations)?;
        let mut claims: Vec<_> = self.claims.iter().map(|claim| claim.0).collect();
        let needs_slot = claims.iter().any(|claim| matches!(claim, Claim::ExecutionRoot { .. }));
        if needs_slot && !claims.contains(&Claim::Slot) {
            claims.push(Claim::Slot);
        }
        let proof = prover.prove_all(&claims)?;
        let bytes = proof.to_ssz_bytes();
        let written = claims.iter().map(|claim| WrittenClaim(*claim).to_string()).collect();
        let file = ProofFile { claims: written, proof: hex::encode(&bytes) };
        let name = self.output.display().to_string();
        let text = serde_json::to_string_pretty(&file)? + "\n";
        fs::write(&self.output, text).with_context(|| format!("{name}: cannot be written"))?;
        if self.common.json {
            let document = json!({
                "block_root": root.to_string(),
                "slot": block.block.message.slot,
                "phase": session.description.phase,
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

pub(super) fn verify(arguments: &VerifyArguments) -> anyhow::Result<Verdict> {
    let (claims, proof) = read(&arguments.file)?;
    let phase = match arguments.phase {
        PhaseNumber::Zero => Phase::Phase0,
        PhaseNumber::One => Phase::Phase1,
    };
    let statements: Vec<_> = claims.iter().map(|claim| claim.0).collect();
    let verified = verify_claims(&statements, &proof, &arguments.root.0, phase);
    let verdict = if verified.is_ok() { Verdict::Holds } else { Verdict::Fails };
    if arguments.json {
        let leaves = verified.as_deref().unwrap_or_default();
        let value = |(claim, leaf): (&WrittenClaim, &[u8; 32])| {
            json!({
                "claim": claim.to_string(),
                "value": claim.value(leaf),
                "leaf": hex::encode(leaf),
            })
        };
        let document = json!({
            "block_root": arguments.root.to_string(),
            "claims": claims.iter().zip(leaves).map(value).collect::<Vec<_>>(),
            "refusal": verified.as_ref().err().map(ToString::to_string),
        });
        output::json(document, &Summary::one(verdict))?;
        return Ok(verdict);
    }
    let mut out = output::stdout();
    match verified {
        Ok(leaves) => {
            for (claim, leaf) in claims.iter().zip(&leaves) {
                writeln!(out, "{:16} {}", claim.to_string(), claim.value(leaf))?;
            }
            writeln!(out, "{SUCCESS}proven{SUCCESS:#} from block {}", arguments.root)?;
        }
        Err(error) => {
            writeln!(
                out,
                "{ERROR}not proven:{ERROR:#} {error}; check that --root is of the proof's block, and --phase of its chain"
            )?;
        }
    }
    Ok(verdict)
}

fn read(path: &Path) -> anyhow::Result<(Vec<WrittenClaim>, Multiproof)> {
    let name = files::name(path);
    let not_a_proof = || format!("{name}: the file is not a proof of `outrider beacon prove`");
    let bytes = files::read(path, FILE_BYTES_MAX).with_context(|| name.clone())?;
    let file: ProofFile = serde_json::from_slice(&bytes).with_context(not_a_proof)?;
    let claims = file.claims.iter().map(|claim| claim.parse()).collect::<Result<Vec<_>, _>>();
    let claims = claims.with_context(not_a_proof)?;
    let proof = hex::decode(&file.proof).with_context(not_a_proof)?;
    let proof = Multiproof::from_ssz_bytes(&proof).with_context(not_a_proof)?;
    Ok((claims, proof))
}
