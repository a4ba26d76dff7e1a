//! `outrider beacon prove` and `outrider beacon verify`: proofs of claims against the root of a block.

mod source;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_beacon::proof::{Claim, Layout, Phase};
use outrider_beacon_proof::{Hash, Multiproof, ProofError, verify_claims, verify_earlier_block};
use outrider_beacon_spec::types::{Root, Slot};
use outrider_sim::ChainPhase;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Common,
    claim::WrittenClaim,
    session::{Action, PhaseNumber, PresetName, Session},
};
use source::Source;

use crate::{
    ERROR, SUCCESS, Verdict, files,
    output::{self, Summary},
    output_file,
};

/// Prove claims about the chain after the head block or an earlier one, in one proof for all claims.
///
/// Prints the root of the block, against which `outrider beacon verify` checks the proof.
#[derive(clap::Args)]
pub(super) struct ProveArguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// Claims: `code:EE`, `deposit:EE`, `state:EE@SHARD`, `balance:EE@SHARD`, `slot` for the slot of the block, or
    /// `execution:SHARD@SLOT` for the execution root of a shard's block in one of the last 256 slots. That one brings `slot` along,
    /// without which it could be of another slot with the same remainder. `crosslink:SHARD@BLOCK` and `latest:SHARD` are the
    /// execution roots of the BLOCKth shard block, from 0, that the block crosslinks, and of the shard's latest crosslinked
    /// block, proven without the ledger. `block:SLOT` is the root of an earlier block, and brings `block-slot` along.
    #[arg(required = true, value_name = "CLAIM")]
    claims: Vec<WrittenClaim>,
    /// Prove claims about the block of this slot, or the latest before it, from the head block: the state after the head block
    /// knows the roots of the last 64 blocks with the preset `minimal`, and of 8,192 with `mainnet`.
    #[arg(long, value_name = "SLOT")]
    slot: Option<Slot>,
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
    /// The preset of the block's chain, on which the places of claims without the ledger depend.
    #[arg(long, value_enum, default_value = "minimal")]
    preset: PresetName,
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
    /// The proof of an earlier block, if the claims are about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    earlier: Option<EarlierBlock>,
}

/// The proof of the root of an earlier block, from that of the block that the verifier knows.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlierBlock {
    slot: Slot,
    /// SSZ of the multiproof, in hex.
    proof: String,
}

/// A decoded proof file.
struct Proven {
    claims: Vec<WrittenClaim>,
    proof: Multiproof,
    earlier: Option<(Slot, Multiproof)>,
}

/// The maximum length of a proof file, several times the length with as many claims as a proof may have.
const FILE_BYTES_MAX: u64 = 1 << 20;

impl Action for ProveArguments {
    const IS_READ_ONLY: bool = true;

    fn run<P: ChainPhase>(&self, session: Session<P>) -> anyhow::Result<Verdict> {
        output_file::check_not_in(&self.output, &self.common.data_dir)?;
        let mut claims: Vec<_> = self.claims.iter().map(|claim| claim.0).collect();
        let is_of_slot = |claim: &Claim| matches!(claim, Claim::ExecutionRoot { .. });
        for (needs, slot) in [
            (claims.iter().any(is_of_slot), Claim::Slot),
            (claims.iter().any(|claim| matches!(claim, Claim::BlockRoot { .. })), Claim::BlockSlot),
        ] {
            if needs && !claims.contains(&slot) {
                claims.push(slot);
            }
        }
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
        let bytes = proof.to_ssz_bytes();
        let written = claims.iter().map(|claim| WrittenClaim(*claim).to_string()).collect();
        let file = ProofFile { claims: written, proof: hex::encode(&bytes), earlier };
        let name = self.output.display().to_string();
        let text = serde_json::to_string_pretty(&file)? + "\n";
        fs::write(&self.output, text).with_context(|| format!("{name}: cannot be written"))?;
        if self.common.json {
            let document = json!({
                "block_root": root.to_string(),
                "slot": head.block.block.message.slot,
                "about": { "slot": about.block.block.message.slot, "root": about.root.to_string() },
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
    let proven = read(&arguments.file)?;
    let claims = &proven.claims;
    let phase = match arguments.phase {
        PhaseNumber::Zero => Phase::Phase0,
        PhaseNumber::One => Phase::Phase1,
    };
    let preset = match arguments.preset {
        PresetName::Minimal => Layout::MINIMAL,
        PresetName::Mainnet => Layout::MAINNET,
    };
    let verified = proven.verify(&arguments.root.0, preset.of_phase(phase));
    let verdict = if verified.is_ok() { Verdict::Holds } else { Verdict::Fails };
    if arguments.json {
        let (about, leaves) = match &verified {
            Ok((about, leaves)) => (Some(Root::from(*about).to_string()), leaves.as_slice()),
            Err(_) => (None, &[][..]),
        };
        let value = |(claim, leaf): (&WrittenClaim, &[u8; 32])| {
            json!({
                "claim": claim.to_string(),
                "value": claim.value(leaf),
                "leaf": hex::encode(leaf),
            })
        };
        let document = json!({
            "block_root": arguments.root.to_string(),
            "about_root": about,
            "claims": claims.iter().zip(leaves).map(value).collect::<Vec<_>>(),
            "refusal": verified.as_ref().err().map(ToString::to_string),
        });
        output::json(document, &Summary::one(verdict))?;
        return Ok(verdict);
    }
    let mut out = output::stdout();
    match verified {
        Ok((about, leaves)) => {
            for (claim, leaf) in claims.iter().zip(&leaves) {
                writeln!(out, "{:16} {}", claim.to_string(), claim.value(leaf))?;
            }
            if let Some((slot, _)) = proven.earlier {
                writeln!(out, "about block {}, the latest up to slot {slot}", Root::from(about))?;
            }
            writeln!(out, "{SUCCESS}proven{SUCCESS:#} from block {}", arguments.root)?;
        }
        Err(error) => {
            writeln!(
                out,
                "{ERROR}not proven:{ERROR:#} {error}; check that --root is of the proof's block, and --phase and --preset of its chain"
            )?;
        }
    }
    Ok(verdict)
}

impl Proven {
    /// Returns the root of the block that the claims are about, and their leaves.
    fn verify(&self, block_root: &Hash, layout: Layout) -> Result<(Hash, Vec<Hash>), ProofError> {
        let about = match &self.earlier {
            Some((slot, proof)) => verify_earlier_block(*slot, proof, block_root, layout)?,
            None => *block_root,
        };
        let statements: Vec<_> = self.claims.iter().map(|claim| claim.0).collect();
        Ok((about, verify_claims(&statements, &self.proof, &about, layout)?))
    }
}

fn read(path: &Path) -> anyhow::Result<Proven> {
    let name = files::name(path);
    let not_a_proof = || format!("{name}: the file is not a proof of `outrider beacon prove`");
    let bytes = files::read(path, FILE_BYTES_MAX).with_context(|| name.clone())?;
    let file: ProofFile = serde_json::from_slice(&bytes).with_context(not_a_proof)?;
    let claims = file.claims.iter().map(|claim| claim.parse()).collect::<Result<Vec<_>, _>>();
    let claims = claims.with_context(not_a_proof)?;
    let multiproof = |text: &str| {
        let ssz = hex::decode(text).with_context(not_a_proof)?;
        Multiproof::from_ssz_bytes(&ssz).with_context(not_a_proof)
    };
    let proof = multiproof(&file.proof)?;
    let earlier =
        file.earlier.map(|earlier| Ok::<_, anyhow::Error>((earlier.slot, multiproof(&earlier.proof)?)));
    Ok(Proven { claims, proof, earlier: earlier.transpose()? })
}
