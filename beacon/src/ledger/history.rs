//! Receipts that the beacon parent of a shard block does not know any more: their proofs, and when they are lost.
//!
//! The ledger after a beacon block knows execution roots of 256 slots. A batch of older receipts brings a proof from the
//! beacon parent's root by two steps: `block_roots` of the state leads to the root of an older block, and the ledger after
//! that has the execution root. The older block is that of the last slot whose ledger can know the root, 255 slots after
//! the batch's, or the latest before; so there is one proof, and none while the beacon parent itself knows the root.
//!
//! A lane waits for each of its receipts, and a captured committee can sign the root of receipts that nobody has. So a
//! receipt that is not settled within [`lost_slots`] is *lost*: a batch that proves its lane settles it without the receipt,
//! as if it were void. Its ether stays in flight.
//!
//! No receipt is lost for want of time. A message expires after 128 slots, and what returns is credited after 224; from
//! then on, it needs no payload, and every honest proposer on the shard settles it as a duty. A node has it, since it is in the
//! body of an attested block. It can be lost only if no honest proposer has had a block on its shard in all the slots from
//! then on: with the preset mainnet, some 6,200 of them. Even afterwards an honest proposer delivers what it has, as
//! long as it can be proven. The last quarter of that time is the opportunity to settle lost ones.

use ssz_derive::{Decode, Encode};
use ssz_types::{VariableList, typenum::U64};
use tree_hash_derive::TreeHash;

pub use outrider_beacon_proof::{execution_claims as older_claims, lost_slots, older_slot};

use outrider_beacon_proof::{
    Claim, Layout, Multiproof, ProofError, earlier_block_claims, verify_claims, verify_earlier_block,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Root, Shard, Slot},
};

/// The proof of an execution root from the ledger after an older beacon block. The leaves' places follow from source and
/// slot of its batch; siblings are in the order of [`Multiproof`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct BatchHistory {
    /// The slot of the beacon parent.
    pub parent_slot: Slot,
    /// The root of the older block.
    pub older_root: Root,
    /// The siblings of these two up to the root of the beacon parent: 21 with the preset mainnet.
    pub older_branch: VariableList<Root, U64>,
    /// The slot of the older block.
    pub older_slot: Slot,
    /// The execution root.
    pub execution_root: Root,
    /// The siblings of these two up to the older block's root: 33.
    pub branch: VariableList<Root, U64>,
}

impl BatchHistory {
    /// Joins a proof of the older block by [`earlier_block_claims`] of [`older_slot`] below the beacon parent, and one of
    /// [`older_claims`] below the older block. Returns `None` if they are no such proofs.
    #[must_use]
    pub fn new(older: &Multiproof, execution: &Multiproof) -> Option<Self> {
        let ([(_, parent_slot), (_, older_root)], [(_, older_slot), (_, execution_root)]) =
            (&older.claims[..], &execution.claims[..])
        else {
            return None;
        };
        Some(Self {
            parent_slot: Claim::uint64(parent_slot),
            older_root: older_root.into(),
            older_branch: siblings(&older.branch)?,
            older_slot: Claim::uint64(older_slot),
            execution_root: execution_root.into(),
            branch: siblings(&execution.branch)?,
        })
    }

    /// Returns the execution root of a source in a slot, if it is proven from the root of the beacon parent.
    ///
    /// # Errors
    ///
    /// Fails if it is not, or if the beacon parent itself may know it.
    pub fn verify(
        &self,
        source_shard: Shard,
        slot: Slot,
        beacon_parent_root: Root,
        layout: Layout,
    ) -> Result<Root, ProofError> {
        let [older, execution] = self.proofs(source_shard, slot, layout)?;
        let root = verify_earlier_block(older_slot(slot), &older, &beacon_parent_root.0, layout)?;
        verify_claims(&older_claims(source_shard, slot), &execution, &root, layout)?;
        Ok(self.execution_root)
    }

    /// Returns the proof of the older block, and that of the execution root of a source in a slot below it.
    ///
    /// # Errors
    ///
    /// Fails if there is no such source.
    pub fn proofs(
        &self,
        source_shard: Shard,
        slot: Slot,
        layout: Layout,
    ) -> Result<[Multiproof; 2], ProofError> {
        let leaves = [hash_tree_root(&self.parent_slot), self.older_root];
        let claims = earlier_block_claims(older_slot(slot));
        let older = multiproof(claims, leaves, &self.older_branch, layout)?;
        let leaves = [hash_tree_root(&self.older_slot), self.execution_root];
        let execution = multiproof(older_claims(source_shard, slot), leaves, &self.branch, layout)?;
        Ok([older, execution])
    }
}

fn siblings(branch: &[[u8; 32]]) -> Option<VariableList<Root, U64>> {
    branch.iter().map(Root::from).collect::<Vec<_>>().try_into().ok()
}

fn multiproof(
    claims: [Claim; 2],
    leaves: [Root; 2],
    branch: &[Root],
    layout: Layout,
) -> Result<Multiproof, ProofError> {
    let leaf = |(claim, leaf): (Claim, Root)| Ok((claim.gindex(layout)?, leaf.0));
    let claims = claims.into_iter().zip(leaves).map(leaf).collect::<Result<_, _>>()?;
    Ok(Multiproof { claims, branch: branch.iter().map(|sibling| sibling.0).collect() })
}
