//! The verification of lives.

use core::fmt;

use super::{
    super::{
        Claim, EXPIRY_SLOTS, Hash, KnownRoot, Layout, ProofError, ProvenHeader, SentReceipt, is_settled,
        lost_slots, verify_claims,
    },
    FateProof, LifeError, ReceiptLife, ReceiptProof, SettledProof, Stage, StageError, waiting_claims,
};

/// The kinds of receipts, as in [`SentReceipt::kind`].
const MESSAGE: u8 = 0;
const BOUNCED: u8 = 1;
const EXPIRED: u8 = 2;
/// The bytes of a receipt's payload that return with it, after its root.
const TAG_BYTES: usize = 64;

/// A life that is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedLife<'p> {
    /// The receipt.
    pub receipt: VerifiedReceipt<'p>,
    /// The receipt that returned.
    pub returned: Option<VerifiedReceipt<'p>>,
}

/// A receipt whose stages are proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt<'p> {
    /// The sending shard.
    pub source_shard: u64,
    /// The receiving shard.
    pub destination_shard: u64,
    /// Its number on the lane between them.
    pub sequence: u64,
    /// The slot in which it was sent.
    pub slot: u64,
    /// The receipt itself, if the life has it.
    pub receipt: Option<SentReceipt<'p>>,
    /// The slot of a beacon block after which the ledger has the header that sent it.
    pub crosslinked_in: u64,
    /// Its fate.
    pub fate: Fate,
    /// The slot of the shard block that settled it, or of the beacon block after which it waits.
    pub fate_slot: u64,
}

/// The fate of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its shard has not settled it.
    Waiting,
    /// Its EE was shown it, and took it.
    Delivered,
    /// Its EE was shown it and rejected it, so it returns.
    Rejected,
    /// No EE takes it, so it returns.
    Refused,
    /// It was too late to deliver it, so it returns.
    Expired,
    /// Its EE was shown it and rejected it, but has the ether, because it does not return.
    Kept,
    /// No EE was shown it, but its EE has the ether, because it does not return.
    Credited,
    /// It was settled without ether, because its source did not cover it or contradicted itself.
    Void,
    /// It was settled without ether after so long that nobody needs to have it. From then on, a header does not distinguish
    /// void receipts from lost ones.
    Lost,
}

impl Fate {
    /// Returns whether a receipt with this fate returns.
    #[must_use]
    pub const fn returns(self) -> bool {
        matches!(self, Self::Rejected | Self::Refused | Self::Expired)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Kept => "kept",
            Self::Credited => "credited",
            Self::Void => "void",
            Self::Lost => "lost",
        })
    }
}

impl<'p> ReceiptLife<'p> {
    /// Returns what the life says, if all of its stages are proven from trusted beacon blocks. These have to be of one chain.
    ///
    /// # Errors
    ///
    /// Fails at the first stage that is not proven.
    pub fn verify(
        &self,
        layout: Layout,
        is_trusted: impl Fn(&Hash) -> bool,
    ) -> Result<VerifiedLife<'p>, LifeError> {
        let verifier = Verifier { layout, is_trusted };
        let of_message = [Stage::Emitted, Stage::Waiting, Stage::Settled];
        let sent = Sent {
            by: verifier.header(&self.header, self.source_shard).map_err(at(Stage::Crosslinked))?,
            shard: self.source_shard,
            header: &self.header,
        };
        let (receipt, settled) = verifier.receipt(sent, &self.receipt, of_message)?;
        let sequence = receipt.sequence;
        let (back, returned) = match (settled.filter(|_| receipt.fate.returns()), &self.returned) {
            (None, None) => return Ok(VerifiedLife { receipt, returned: None }),
            (None, Some(_)) => return Err(at(Stage::Returned)(StageError::Return { sequence })),
            (Some(_), None) => return Err(at(Stage::Returned)(StageError::NoReturn { sequence })),
            (Some(back), Some(returned)) => (back, returned),
        };
        let of_return = [Stage::Returned, Stage::ReturnWaiting, Stage::ReturnSettled];
        let (returned, _) = verifier.receipt(back, returned, of_return)?;
        check_return(&receipt, &returned).map_err(at(Stage::Returned))?;
        Ok(VerifiedLife { receipt, returned: Some(returned) })
    }
}

/// Returns a function that adds the stage to an error.
fn at<E: Into<StageError>>(stage: Stage) -> impl Fn(E) -> LifeError {
    move |error| LifeError { stage, error: error.into() }
}

/// A header that sends a receipt.
#[derive(Clone, Copy)]
struct Sent<'h> {
    by: KnownRoot,
    shard: u64,
    header: &'h ProvenHeader,
}

struct Verifier<T> {
    layout: Layout,
    is_trusted: T,
}

impl<T: Fn(&Hash) -> bool> Verifier<T> {
    fn header(&self, header: &ProvenHeader, shard: u64) -> Result<KnownRoot, StageError> {
        let block_root = header.block_root;
        if !(self.is_trusted)(&block_root) {
            return Err(StageError::Untrusted { block_root });
        }
        Ok(header.verify(shard, self.layout)?)
    }

    /// Verifies that a header sends a receipt, and what became of it. Returns the header that settled it, too.
    fn receipt<'l, 'p>(
        &self,
        sent: Sent<'_>,
        receipt: &'l ReceiptProof<'p>,
        [emitted, waiting, settled]: [Stage; 3],
    ) -> Result<(VerifiedReceipt<'p>, Option<Sent<'l>>), LifeError> {
        check_emitted(&sent, receipt).map_err(at(emitted))?;
        let mut verified = VerifiedReceipt {
            source_shard: sent.shard,
            destination_shard: receipt.lane.destination_shard,
            sequence: receipt.sequence,
            slot: sent.header.slot,
            receipt: receipt.receipt.map(|(receipt, _)| receipt),
            crosslinked_in: sent.by.known_in,
            fate: Fate::Waiting,
            fate_slot: 0,
        };
        let proof = match &receipt.fate {
            FateProof::Waiting(proof) => {
                let VerifiedReceipt { source_shard, destination_shard, sequence, .. } = verified;
                let claims = waiting_claims(source_shard, destination_shard, sequence);
                let leaves = verify_claims(&claims, proof, &sent.header.block_root, self.layout);
                let leaves = leaves.map_err(at(waiting))?;
                let [slot, before, bits] = &leaves[..] else {
                    return Err(at(waiting)(ProofError::NoPlace));
                };
                verified.fate_slot = Claim::uint64(slot);
                let is_settled = is_settled(sequence, [before, bits]);
                let error = StageError::Settled { sequence, slot: verified.fate_slot };
                return if is_settled { Err(at(waiting)(error)) } else { Ok((verified, None)) };
            }
            FateProof::Settled(proof) => proof,
        };
        let by = self.settled(proof, &mut verified).map_err(at(settled))?;
        let by = Sent { by, shard: verified.destination_shard, header: &proof.header };
        Ok((verified, Some(by)))
    }

    /// Verifies that a header settles a receipt, and fills in how. Returns the root of the header.
    fn settled(
        &self,
        proof: &SettledProof,
        verified: &mut VerifiedReceipt<'_>,
    ) -> Result<KnownRoot, StageError> {
        let SettledProof { header, settlement, settlement_index, branch } = proof;
        let by = self.header(header, verified.destination_shard)?;
        settlement.verify(*settlement_index, branch, &by.execution_root)?;
        equal("the source of the settlement", settlement.source_shard, verified.source_shard)?;
        let (sequence, slot) = (verified.sequence, header.slot);
        let bits = settlement.of(sequence).ok_or(StageError::NotSettled { sequence, slot })?;
        let is_later_than = |slots: u64| slot > verified.slot.saturating_add(slots);
        verified.fate_slot = slot;
        verified.fate = if bits == [true; 2] {
            if is_later_than(lost_slots(self.layout)) { Fate::Lost } else { Fate::Void }
        } else {
            let receipt = verified.receipt.ok_or(StageError::NoReceipt { sequence })?;
            let [is_rejected, is_undelivered] = bits;
            match (receipt.kind == MESSAGE, is_rejected, is_undelivered) {
                (_, false, false) => Fate::Delivered,
                (true, true, _) => Fate::Rejected,
                (true, false, true) if is_later_than(EXPIRY_SLOTS) => Fate::Expired,
                (true, false, true) => Fate::Refused,
                (false, true, _) => Fate::Kept,
                (false, false, true) => Fate::Credited,
            }
        };
        Ok(by)
    }
}

/// Checks that a header sends a receipt, and that the receipt's fields are those of its place.
fn check_emitted(sent: &Sent<'_>, proof: &ReceiptProof<'_>) -> Result<(), StageError> {
    let ReceiptProof { lane, lane_index, lane_branch, sequence, receipt, .. } = proof;
    lane.verify(*lane_index, lane_branch, &sent.by.execution_root)?;
    let place = sequence.checked_sub(lane.first).filter(|place| *place < u64::from(lane.n));
    place.ok_or(ProofError::NoPlace)?;
    let Some((receipt, branch)) = receipt else { return Ok(()) };
    equal("the receipt's number", receipt.sequence, *sequence)?;
    lane.verify_receipt(receipt, branch)?;
    equal("the receipt's source", receipt.source_shard, sent.shard)?;
    equal("the receipt's destination", receipt.destination_shard, lane.destination_shard)?;
    equal("the receipt's slot", receipt.slot, sent.header.slot)
}

/// Checks that a receipt brings back another one, of which the life has both.
fn check_return(sent: &VerifiedReceipt<'_>, back: &VerifiedReceipt<'_>) -> Result<(), StageError> {
    equal("the returning receipt's destination", back.destination_shard, sent.source_shard)?;
    let sequence = back.sequence;
    let missing = StageError::NoReceipt { sequence };
    let (sent, back, is_expired) =
        (sent.receipt.ok_or(missing)?, back.receipt.ok_or(missing)?, sent.fate == Fate::Expired);
    // The proposer who settles an expired message has half of its fee.
    let left = if is_expired { sent.fee.saturating_sub(sent.fee / 2) } else { 0 };
    let kind = if is_expired { EXPIRED } else { BOUNCED };
    equal("the returning receipt's kind", back.kind.into(), kind.into())?;
    equal("the returning receipt's source EE", back.source_ee, sent.destination_ee)?;
    equal("the returning receipt's destination EE", back.destination_ee, sent.source_ee)?;
    equal("the returning receipt's ether", back.value, sent.value.saturating_add(left))?;
    equal("the returning receipt's fee", back.fee, 0)?;
    let (root, tag) = back.payload.split_at_checked(32).ok_or(StageError::ReturnData { sequence })?;
    let first_bytes = sent.payload.get(..TAG_BYTES).unwrap_or(sent.payload);
    let is_of = sent.root().is_some_and(|sent| sent == root) && tag == first_bytes;
    if is_of { Ok(()) } else { Err(StageError::ReturnData { sequence }) }
}

fn equal(field: &'static str, got: u64, expected: u64) -> Result<(), StageError> {
    if got == expected { Ok(()) } else { Err(StageError::Field { field, got, expected }) }
}
