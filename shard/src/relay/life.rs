//! The lives of receipts, as a relay knows them: see [`ReceiptLife`].

use std::sync::Arc;

use outrider_beacon::{
    ledger::{BatchHistory, ReceiptKind, history::older_claims},
    proof::{
        BlockProofs, FateProof, ProofError, ProveError, ProvenHeader, ReceiptLife, ReceiptProof,
        SettledProof, earlier_block_claims, prove_emitted, prove_settled, waiting_claims,
    },
    receipts::inbound_lane,
};
use outrider_beacon_spec::types::{Root, Shard, Slot};

use super::{Known, Relay, is_settled};

/// The reason for which the life of a receipt is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifeUnknown {
    /// The beacon block is not known, or is earlier than finality.
    #[error("beacon block {block_root} is not known since finality")]
    Block {
        /// The root of the block.
        block_root: Root,
    },
    /// The chain of the block has crosslinked no such receipt, or the header that sent it is forgotten.
    #[error(
        "the chain up to slot {slot} has no known receipt {sequence} from shard {source_shard} to shard {destination}"
    )]
    NotSent {
        /// The sending shard.
        source_shard: Shard,
        /// The receiving shard.
        destination: Shard,
        /// The number on the lane.
        sequence: u64,
        /// The slot of the beacon block.
        slot: Slot,
    },
    /// The header that settled the receipt is not known any more.
    #[error("receipt {sequence} is settled, and the header that settled it is not known")]
    Settlement {
        /// The number of the receipt.
        sequence: u64,
    },
    /// The receipt is settled, and what became of it cannot be said without the receipt itself.
    #[error("receipt {sequence} is settled, and the receipts of its header are not known")]
    Receipt {
        /// The number of the receipt.
        sequence: u64,
    },
    /// The receipt returns, and the receipts of the header that returns it are not known.
    #[error("receipt {sequence} returns, and the receipts of the header that returns it are not known")]
    Return {
        /// The number of the receipt.
        sequence: u64,
    },
    /// The beacon block cannot prove what the life needs.
    #[error("the beacon block does not prove the life")]
    Prove(#[from] ProveError),
    /// A kept proof is not of its header.
    #[error("a kept proof is not of its header")]
    Kept(#[from] ProofError),
}

/// A known header of a shard on the branch of a block.
struct Found<'r> {
    shard: Shard,
    known: &'r Known,
    history: Option<Arc<BatchHistory>>,
}

impl Relay {
    /// Returns the life of a receipt from a source to a destination up to a beacon block, from whose root all of it is proven.
    ///
    /// # Errors
    ///
    /// Fails if the relay does not know a header or a receipt that the life needs.
    pub fn life(
        &self,
        (source_shard, destination): (Shard, Shard),
        sequence: u64,
        block: &dyn BlockProofs,
    ) -> Result<ReceiptLife<'_>, LifeUnknown> {
        let is_sender = |known: &Known| {
            let lane = known.header.lanes.iter().find(|lane| lane.destination_shard == destination);
            let place = lane.and_then(|lane| Some((sequence.checked_sub(lane.first)?, lane.n)));
            place.is_some_and(|(place, n)| place < u64::from(n))
        };
        let slot = block.ledger().slot();
        let not_sent = LifeUnknown::NotSent { source_shard, destination, sequence, slot };
        let sender = self.find(block, source_shard, is_sender).ok_or(not_sent)?;
        let (receipt, settling) = self.stages(&sender, destination, sequence, block)?;
        let header = proven(&sender, block)?;
        let returned = match (&receipt.receipt, settling) {
            (Some((message, _)), Some(settling)) if message.kind == ReceiptKind::Message as u8 => {
                self.returned(&receipt, &settling, source_shard, block)?
            }
            _ => None,
        };
        Ok(ReceiptLife { source_shard, header, receipt, returned })
    }

    /// Returns the proof that a header sends a receipt and of what became of it, with the header that settled it.
    fn stages<'r>(
        &'r self,
        sender: &Found<'r>,
        destination: Shard,
        sequence: u64,
        block: &dyn BlockProofs,
    ) -> Result<(ReceiptProof<'r>, Option<Found<'r>>), LifeUnknown> {
        let source = sender.shard;
        let inbound = inbound_lane(block.ledger(), source, destination);
        let (fate, settling) = if inbound.is_some_and(|inbound| is_settled(inbound, sequence)) {
            let settles = |known: &Known| settlement_of(known, source, sequence).is_some();
            let missing = LifeUnknown::Settlement { sequence };
            let settling = self.find(block, destination, settles).ok_or(missing.clone())?;
            let proof = settled_proof(&settling, source, sequence, block)?.ok_or(missing)?;
            (FateProof::Settled(Box::new(proof)), Some(settling))
        } else {
            let claims = waiting_claims(source, destination, sequence);
            (FateProof::Waiting(block.prove_all(&claims)?), None)
        };
        let header = &sender.known.header;
        let lane = header.lanes.iter().position(|lane| lane.destination_shard == destination);
        let receipts = lane.and_then(|lane| sender.known.receipts.get(lane)).map(|receipts| &receipts[..]);
        let at = (source, sender.known.slot);
        let proof = lane.and_then(|lane| prove_emitted(at, header, lane, sequence, receipts, fate));
        let proof = proof.ok_or(LifeUnknown::Receipt { sequence })?;
        Ok((proof, settling))
    }

    /// Returns the proof of the receipt that brings a message back, if a header returns it.
    fn returned<'r>(
        &'r self,
        message: &ReceiptProof<'_>,
        settling: &Found<'r>,
        source: Shard,
        block: &dyn BlockProofs,
    ) -> Result<Option<ReceiptProof<'r>>, LifeUnknown> {
        let sequence = message.sequence;
        let root = message.receipt.as_ref().and_then(|(message, _)| message.root());
        let root = root.ok_or(LifeUnknown::Receipt { sequence })?;
        let bits = settlement_of(settling.known, source, sequence).map(|(_, bits)| bits);
        if bits.is_none_or(|bits| bits == [false; 2] || bits == [true; 2]) {
            return Ok(None);
        }
        let lanes = settling.known.header.lanes.iter().zip(&settling.known.receipts);
        let to_source = lanes.filter(|(lane, _)| lane.destination_shard == source);
        let returning = to_source.flat_map(|(_, receipts)| receipts).find(|receipt| {
            receipt.kind != ReceiptKind::Message as u8 && receipt.payload.get(..32) == Some(&root)
        });
        let returning = returning.ok_or(LifeUnknown::Return { sequence })?;
        let (proof, _) = self.stages(settling, source, returning.sequence, block)?;
        Ok(Some(proof))
    }

    /// Finds a known header of a shard on the branch of a block.
    fn find(
        &self,
        block: &dyn BlockProofs,
        shard: Shard,
        is_it: impl Fn(&Known) -> bool,
    ) -> Option<Found<'_>> {
        let earlier = |slot| block.prove_all(&earlier_block_claims(slot)).ok();
        let found = self.on_branch(block.ledger(), shard, &is_it, &earlier);
        found.into_iter().next().map(|(_, known, history)| Found { shard, known, history })
    }
}

/// Returns the place of the settlement of a receipt, and whether it is rejected and undelivered.
fn settlement_of(known: &Known, source: Shard, sequence: u64) -> Option<(usize, [bool; 2])> {
    let settlements = known.header.settlements.iter().enumerate();
    let (place, settlement) =
        settlements.into_iter().find(|(_, settlement)| settlement.source_shard == source)?;
    let bit = usize::try_from(sequence.checked_sub(settlement.first)?).ok()?;
    let is_set = |bits: &ssz_types::BitList<_>| bits.get(bit) == Ok(true);
    is_set(&settlement.settled)
        .then(|| (place, [is_set(&settlement.rejected), is_set(&settlement.undelivered)]))
}

fn settled_proof(
    settling: &Found<'_>,
    source: Shard,
    sequence: u64,
    block: &dyn BlockProofs,
) -> Result<Option<SettledProof>, LifeUnknown> {
    let Some((place, _)) = settlement_of(settling.known, source, sequence) else { return Ok(None) };
    Ok(prove_settled(&settling.known.header, place, proven(settling, block)?))
}

/// Proves a header from a block.
fn proven(found: &Found<'_>, block: &dyn BlockProofs) -> Result<ProvenHeader, LifeUnknown> {
    let (shard, slot, block_root) = (found.shard, found.known.slot, block.block_root().0);
    let Some(history) = &found.history else {
        let proof = block.prove_all(&older_claims(shard, slot))?;
        return Ok(ProvenHeader { block_root, slot, proof, older: None });
    };
    let [older, proof] = history.proofs(shard, slot, block.layout())?;
    Ok(ProvenHeader { block_root, slot, proof, older: Some(older) })
}
