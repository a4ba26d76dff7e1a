//! `outrider beacon verify`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_beacon::proof::{Claim, Layout, Phase};
use outrider_beacon_proof::{Hash, Multiproof, ProofError, verify_claims, verify_earlier_block};
use outrider_beacon_spec::types::{Root, Slot};
use serde_json::json;

use super::{
    super::{
        claim::WrittenClaim,
        parse_root, ruling,
        session::{PhaseNumber, PresetName},
    },
    FILE_BYTES_MAX, ProofFile,
};
use crate::{
    ERROR, SUCCESS, Verdict, files,
    output::{self, Summary},
};

/// Verify a proof against the root of a block, without the chain.
///
/// Exits with 0 if the proof is valid for the root, 1 if it is not, 2 if the file is not a proof.
#[derive(clap::Args)]
pub(in super::super) struct VerifyArguments {
    /// A proof of `outrider beacon prove`, or `-` for the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The root of the block.
    #[arg(long, value_name = "ROOT", value_parser = parse_root)]
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

/// A decoded proof file.
struct Proven {
    claims: Vec<Claim>,
    proof: Multiproof,
    earlier: Option<(Slot, Multiproof)>,
}

/// The root of the block that claims are about, and their leaves.
type Leaves = (Hash, Vec<Hash>);

pub(in super::super) fn verify(arguments: &VerifyArguments) -> anyhow::Result<Verdict> {
    let proven = read(&arguments.file)?;
    let layout = arguments.layout();
    if let Some(claim) = proven.claims.iter().find(|claim| claim.gindex(layout).is_err()) {
        let name = files::name(&arguments.file);
        let (phase, preset) = (value_name(arguments.phase), value_name(arguments.preset));
        anyhow::bail!(
            "{name}: `{claim}` is about something that no block has with --phase {phase} and --preset {preset}: check the claim and these options"
        );
    }
    let verified = proven.verify(&arguments.root.0, layout);
    let verdict = ruling(verified.is_ok());
    if arguments.json {
        output::json(document(arguments.root, &proven, &verified), &Summary::one(verdict))?;
        return Ok(verdict);
    }
    let mut out = output::stdout();
    match verified {
        Ok((about, leaves)) => {
            for (claim, leaf) in proven.claims.iter().zip(&leaves) {
                writeln!(out, "{:16} {}", claim.to_string(), WrittenClaim(*claim).value(leaf))?;
            }
            if let Some((slot, _)) = proven.earlier {
                writeln!(out, "about block {}, the latest up to slot {slot}", Root::from(about))?;
            }
            writeln!(out, "{SUCCESS}proven{SUCCESS:#} from block {}", arguments.root)?;
        }
        Err(error) => {
            writeln!(out, "{ERROR}not proven:{ERROR:#} {error}: {}", remedy(&error))?;
        }
    }
    Ok(verdict)
}

impl VerifyArguments {
    fn layout(&self) -> Layout {
        let phase = match self.phase {
            PhaseNumber::Zero => Phase::Phase0,
            PhaseNumber::One => Phase::Phase1,
        };
        let preset = match self.preset {
            PresetName::Minimal => Layout::MINIMAL,
            PresetName::Mainnet => Layout::MAINNET,
        };
        preset.of_phase(phase)
    }
}

impl Proven {
    /// Returns the root of the block that the claims are about, and their leaves.
    fn verify(&self, block_root: &Hash, layout: Layout) -> Result<Leaves, ProofError> {
        let about = match &self.earlier {
            Some((slot, proof)) => verify_earlier_block(*slot, proof, block_root, layout)?,
            None => *block_root,
        };
        Ok((about, verify_claims(&self.claims, &self.proof, &about, layout)?))
    }
}

fn document(block_root: Root, proven: &Proven, verified: &Result<Leaves, ProofError>) -> serde_json::Value {
    let (about, leaves) = match verified {
        Ok((about, leaves)) => (Some(Root::from(*about).to_string()), leaves.as_slice()),
        Err(_) => (None, &[][..]),
    };
    let value = |(claim, leaf): (&Claim, &Hash)| {
        json!({
            "claim": claim.to_string(),
            "value": WrittenClaim(*claim).value(leaf),
            "leaf": hex::encode(leaf),
        })
    };
    json!({
        "block_root": block_root.to_string(),
        "about_root": about,
        "claims": proven.claims.iter().zip(leaves).map(value).collect::<Vec<_>>(),
        "refusal": verified.as_ref().err().map(ToString::to_string),
    })
}

/// Returns the value of an option as the command line has it.
fn value_name(value: impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Returns what to do about a refusal.
fn remedy(error: &ProofError) -> &'static str {
    match error {
        ProofError::Root | ProofError::Gindex { .. } => {
            "check that --root is of the proof's block, and --phase and --preset of its chain"
        }
        _ => "make the proof again with `outrider beacon prove`",
    }
}

fn read(path: &Path) -> anyhow::Result<Proven> {
    let name = files::name(path);
    let not_a_proof = || format!("{name}: the file is not a proof of `outrider beacon prove`");
    let bytes = files::read(path, FILE_BYTES_MAX).with_context(|| name.clone())?;
    let file: ProofFile = serde_json::from_slice(&bytes).with_context(not_a_proof)?;
    let claims = file.claims.iter().map(|claim| claim.parse().map(|WrittenClaim(claim)| claim));
    let claims = claims.collect::<Result<Vec<_>, _>>().with_context(not_a_proof)?;
    let multiproof = |text: &str| {
        let ssz = hex::decode(text).with_context(not_a_proof)?;
        Multiproof::from_ssz_bytes(&ssz).with_context(not_a_proof)
    };
    let proof = multiproof(&file.proof)?;
    let earlier =
        file.earlier.map(|earlier| Ok::<_, anyhow::Error>((earlier.slot, multiproof(&earlier.proof)?)));
    Ok(Proven { claims, proof, earlier: earlier.transpose()? })
}
