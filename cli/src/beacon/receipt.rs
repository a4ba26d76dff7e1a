//! `outrider beacon receipt`: the life of a receipt between shards, verified without the chain.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use outrider_beacon_proof::{
    BEACON_CHAIN, Fate, Layout, LifeError, ReceiptLife, ReceiptProof, SentReceipt, VerifiedLife,
    VerifiedReceipt,
};
use outrider_beacon_spec::types::Root;
use outrider_host::chain;
use serde_json::{Value, json};

use super::{ether, parse_root, ruling};
use crate::{
    ERROR, SUCCESS, Verdict, files,
    output::{self, Summary},
    run::report::count,
};

/// The most bytes of a file, several times the longest life.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Verify and print the life of a receipt between shards: emitted, crosslinked, and what became of it.
///
/// The file has a proof of each stage from the root of a beacon block. The command needs nothing else: neither the chain nor a node.
/// `examples/receipt.life` is such a file. Without `--block-root`, the command shows what the file says, and names the beacon blocks
/// on which that rests: anybody can make up blocks.
///
/// Exits with 0 if all stages are proven from blocks that you trust, 1 if one is not, 2 if the file has no life of a receipt.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The life of a receipt in SSZ, or `-` for the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The root of a beacon block that you trust; can be given several times, for blocks of one chain. A stage that rests on another
    /// block is refused.
    #[arg(long = "block-root", value_name = "ROOT", value_parser = parse_root)]
    block_roots: Vec<Root>,
    /// The number of slots of whose blocks a state knows the roots, `SLOTS_PER_HISTORICAL_ROOT`: 8192 with the preset `mainnet`, 64
    /// with `minimal`, 512 in simulations with shards. Proofs of receipts older than 256 slots depend on it.
    #[arg(long, value_name = "SLOTS", default_value = "8192", value_parser = parse_slots)]
    slots_per_historical_root: u64,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn receipt(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let name = files::name(&arguments.file);
    let bytes = files::read(&arguments.file, FILE_BYTES_MAX).with_context(|| name.clone())?;
    let life = ReceiptLife::from_ssz_bytes(&bytes)
        .with_context(|| format!("{name}: the file is not the life of a receipt"))?;
    let slots_per_historical_root = arguments.slots_per_historical_root;
    let layout = Layout { slots_per_historical_root, ..Layout::MAINNET };
    let trusted = &arguments.block_roots;
    let verified = life.verify(layout, |root| trusted.is_empty() || trusted.contains(&root.into()));
    let verdict = ruling(verified.is_ok() && !trusted.is_empty());
    if arguments.json {
        let document = document(&life, &verified, trusted, bytes.len());
        output::json(document, &Summary::one(verdict))?;
        return Ok(verdict);
    }
    let mut out = output::stdout();
    match &verified {
        Ok(verified) => {
            print(&mut out, &life, verified)?;
            let blocks = block_roots(&life).join(" and ");
            if trusted.is_empty() {
                writeln!(
                    out,
                    "rests on beacon block {blocks}, which this command cannot judge: compare it with a node that you trust, and give it with --block-root"
                )?;
            } else {
                writeln!(out, "{SUCCESS}proven{SUCCESS:#} from beacon block {blocks}")?;
            }
        }
        Err(error) => writeln!(out, "{ERROR}refused:{ERROR:#} {}", chain(error))?,
    }
    Ok(verdict)
}

/// Parses the length of a list of a state, which is a power of two, because its places are those of a tree.
fn parse_slots(text: &str) -> Result<u64, String> {
    let slots = text.parse().ok().filter(|slots: &u64| slots.is_power_of_two());
    slots.ok_or_else(|| "expected a power of two, as in every preset".to_owned())
}

/// Returns the roots of the beacon blocks on which a life rests, each once.
fn block_roots(life: &ReceiptLife<'_>) -> Vec<String> {
    let roots: BTreeSet<_> = life.block_roots().map(|root| Root::from(root).to_string()).collect();
    roots.into_iter().collect()
}

fn print(out: &mut impl Write, life: &ReceiptLife<'_>, verified: &VerifiedLife<'_>) -> anyhow::Result<()> {
    let header_bytes = life.header.to_ssz_bytes().len();
    print_receipt(out, &life.receipt, &verified.receipt, Some(header_bytes))?;
    if let (Some(proof), Some(returned)) = (&life.returned, &verified.returned) {
        writeln!(out, "returned as")?;
        print_receipt(out, proof, returned, None)?;
    }
    Ok(())
}

/// Prints the stages of a receipt, with the bytes of the proof of its header unless the stage before has it.
fn print_receipt(
    out: &mut impl Write,
    proof: &ReceiptProof<'_>,
    receipt: &VerifiedReceipt<'_>,
    header_bytes: Option<usize>,
) -> anyhow::Result<()> {
    let VerifiedReceipt { source_shard, destination_shard, sequence, slot, crosslinked_in, .. } = *receipt;
    let source = place(source_shard);
    write!(out, "receipt {sequence} from {source} to {}", place(destination_shard))?;
    match receipt.receipt {
        Some(sent) => {
            let SentReceipt { source_ee, destination_ee, value, fee, payload, .. } = sent;
            let from = if source_shard == BEACON_CHAIN { "validator or EE" } else { "EE" };
            let (ether, bytes) = (ether(value), count(payload.len(), "byte"));
            writeln!(
                out,
                ": {ether}, from {from} {source_ee} to EE {destination_ee}, fee {fee} Gwei, {bytes} of data"
            )?;
        }
        None => writeln!(out, ", which nobody has shown")?,
    }
    let [emitted, fate] = proof_bytes(proof);
    stage(out, "emitted", &format!("in slot {slot} by {source}"), emitted)?;
    let known = format!("known to the beacon block of slot {crosslinked_in}");
    match header_bytes {
        Some(bytes) => stage(out, "crosslinked", &known, bytes)?,
        None => writeln!(out, "  {:12} {known}", "crosslinked")?,
    }
    stage(out, &receipt.fate.to_string(), &explanation(receipt), fate)
}

fn stage(out: &mut impl Write, name: &str, text: &str, bytes: usize) -> anyhow::Result<()> {
    Ok(writeln!(out, "  {name:12} {text} ({} of proof)", count(bytes, "byte"))?)
}

/// Returns the bytes of the proofs that a receipt was emitted, and of what became of it.
fn proof_bytes(proof: &ReceiptProof<'_>) -> [usize; 2] {
    let fate = proof.fate.to_ssz_bytes().len();
    [proof.to_ssz_bytes().len().saturating_sub(fate), fate]
}

fn place(shard: u64) -> String {
    if shard == BEACON_CHAIN { "the beacon chain".to_owned() } else { format!("shard {shard}") }
}

/// Describes what became of a receipt.
fn explanation(receipt: &VerifiedReceipt<'_>) -> String {
    let (slot, shard) = (receipt.fate_slot, place(receipt.destination_shard));
    match receipt.fate {
        Fate::Waiting => format!("in the beacon block of slot {slot}: {shard} has not settled it"),
        Fate::Delivered => format!("in slot {slot} on {shard}"),
        Fate::Rejected => format!("in slot {slot} on {shard}: its EE was shown it, and sent it back"),
        Fate::Refused => format!("in slot {slot} on {shard}: no EE takes it, so it went back"),
        Fate::Expired => format!("in slot {slot} on {shard}: it was too late to deliver it, so it went back"),
        Fate::Kept => format!("in slot {slot} on {shard}: its EE rejected it, but has the ether"),
        Fate::Credited => format!("in slot {slot} on {shard}: its EE has the ether without an execution"),
        Fate::Void => format!("in slot {slot} on {shard}: it brought no ether, by the fault of its source"),
        Fate::Lost => {
            format!("in slot {slot} on {shard}: it brought no ether, as nobody delivered it in time")
        }
    }
}

fn document(
    life: &ReceiptLife<'_>,
    verified: &Result<VerifiedLife<'_>, LifeError>,
    trusted: &[Root],
    bytes: usize,
) -> Value {
    let verified_life = verified.as_ref().ok();
    json!({
        "block_roots": block_roots(life),
        "trusted_block_roots": trusted.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "bytes": bytes,
        "header_proof_bytes": life.header.to_ssz_bytes().len(),
        "receipt": verified_life.map(|verified| receipt_document(&life.receipt, &verified.receipt)),
        "returned": verified_life
            .and_then(|verified| verified.returned.as_ref().zip(life.returned.as_ref()))
            .map(|(returned, proof)| receipt_document(proof, returned)),
        "refusal": verified.as_ref().err().map(|error| chain(error).to_string()),
    })
}

fn receipt_document(proof: &ReceiptProof<'_>, receipt: &VerifiedReceipt<'_>) -> Value {
    let [emitted, fate] = proof_bytes(proof);
    let sent = receipt.receipt.map(|sent| {
        json!({
            "source_ee": sent.source_ee,
            "destination_ee": sent.destination_ee,
            "kind": sent.kind,
            "value_gwei": sent.value,
            "fee_gwei": sent.fee,
            "data": hex::encode(sent.payload),
        })
    });
    json!({
        "source_shard": receipt.source_shard,
        "destination_shard": receipt.destination_shard,
        "sequence": receipt.sequence,
        "slot": receipt.slot,
        "crosslinked_slot": receipt.crosslinked_in,
        "fate": receipt.fate.to_string(),
        "fate_slot": receipt.fate_slot,
        "contents": sent,
        "emitted_proof_bytes": emitted,
        "fate_proof_bytes": fate,
    })
}
