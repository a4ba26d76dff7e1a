//! Proofs of execution roots: from a beacon block whose ledger knows the root, or from a later block over an older one.
//!
//! The ledger after a beacon block knows execution roots of 256 slots. `block_roots` of the state after a later block leads
//! to the root of an older one, 8,192 slots back with the preset `mainnet`.

use super::{
    Claim, Hash, Layout, Multiproof, ProofError, claim::RECENT_SLOTS, verify_claims, verify_earlier_block,
};

/// The slots after a message's own in which it is delivered.
pub const EXPIRY_SLOTS: u64 = 128;

/// Returns the slots after a receipt's own in which it is not lost yet: three quarters of `SLOTS_PER_HISTORICAL_ROOT`
/// beyond the 256 for which the ledger knows it. That is 6,400 with the preset mainnet. Its proof lasts for the last
/// quarter, too.
#[must_use]
pub fn lost_slots(layout: Layout) -> u64 {
    let history = layout.slots_per_historical_root;
    RECENT_SLOTS.saturating_add(history.saturating_sub(history / 4))
}

/// Returns the claims that prove the execution root of a shard in a slot from a block whose ledger knows it.
#[must_use]
pub fn execution_claims(shard: u64, slot: u64) -> [Claim; 2] {
    [Claim::Slot, Claim::ExecutionRoot { shard, slot }]
}

/// Returns the slot of the older block that proves the execution root of a slot, the last one whose ledger can know it.
/// If that slot had no block, it is the latest one before.
#[must_use]
pub fn older_slot(slot: u64) -> u64 {
    slot.saturating_add(RECENT_SLOTS - 1)
}

/// The proof of an execution root: SSZ's
/// `{block_root: Bytes32, slot: uint64, proof: Multiproof, older: List[Multiproof, 1]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenHeader {
    /// The root of the beacon block from which it is proven.
    pub block_root: Hash,
    /// The slot of the shard block, or of the beacon chain's receipts.
    pub slot: u64,
    /// The proof of [`execution_claims`] from that block, or from an older one.
    pub proof: Multiproof,
    /// The proof of the older block of [`older_slot`], if it is from there.
    pub older: Option<Multiproof>,
}

/// An execution root, and the slot of a beacon block after which the ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownRoot {
    /// The root.
    pub execution_root: Hash,
    /// The slot of the beacon block.
    pub known_in: u64,
}

impl ProvenHeader {
    /// Returns the execution root of a shard, if it is proven from the beacon block, which the caller has to trust.
    ///
    /// # Errors
    ///
    /// Fails if it is not.
    pub fn verify(&self, shard: u64, layout: Layout) -> Result<KnownRoot, ProofError> {
        let knowing = match &self.older {
            Some(older) => verify_earlier_block(older_slot(self.slot), older, &self.block_root, layout)?,
            None => self.block_root,
        };
        let claims = execution_claims(shard, self.slot);
        let leaves = verify_claims(&claims, &self.proof, &knowing, layout)?;
        let [known_in, execution_root] = leaves[..] else { return Err(ProofError::NoPlace) };
        Ok(KnownRoot { execution_root, known_in: Claim::uint64(&known_in) })
    }
}
