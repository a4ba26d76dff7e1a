//! Claims that an attested shard block is wrong, in SSZ.
//!
//! Whatever an honest executor refuses in a block, one claim convicts:
//!
//! | what the executor checks | claim |
//! |---|---|
//! | the body decodes and begins with the root of its header, by [`ShardBody::from_body`] | any; best without an accused part |
//! | the body's form, by [`ShardBody::check_form`]: a payload for each executed transition, its EE and `payload_root`, no `availability_root`, a read of each assumed root | any; best without an accused part |
//! | the roots that a payload reads are those after the beacon parent, or are among the header's assumptions | [`Accused::Read`], with a proof of the root, or that there is none |
//! | batches of receipts are in order, and the settlements in the header are those of its receipts and bits, by [`Stated`] | any; best without an accused part |
//! | a batch of receipts is in the header of its source that the beacon parent knows, or that its history proves, and receipts are lost that it settles as lost | [`Accused::Inbound`], with a proof of that header's root, unless the batch has one |
//! | the lanes in the header are those of what EEs sent and of what returns | [`Accused::Lanes`], with the receipts that EEs sent |
//! | `finalized_slot` is that of the state after the beacon parent | [`Accused::FinalizedSlot`], with a proof of the finalized epoch |
//! | the payload of an EE executes within its `fuel_used`, and has the transition's `post_state_root`, `fuel_used`, `deposits`, `proposer_fee`, `deposit_data` and `receipts_root`, and rejects the receipts that the header says | [`Accused::Transition`]: one execution decides |
//! | `parent_execution_root`, the EEs and their order, `pre_state_root`, `balance`, `value_in`, `value_out`, sums and limits, by L2 to L8 of [`process_execution_header`] | none is needed: the ledger refuses the block, or drops the header when its challenge window is over |
//! | the order, shards and number of assumptions, by L9 | none is needed: the ledger refuses the block |
//! | another shard block makes each root that the header assumes | none is needed, nor possible: the ledger ignores the header unless the root is that of its EE by then |
//!
//! A claim about a transition takes everything else as the body states it: reads, `finalized_slot`, and the state and ether
//! before. So it is decided by the block alone, and each lie has its own claim.
//!
//! No claim is about a bit that says whether an EE was shown a receipt, because that depends on the whole ledger at its place: a
//! committee can return what an EE would have taken, or void it, which costs the EE that sent it. Nor is one about
//! messages beyond a lane's room that the ledger counts as possible returns.
//!
//! Roots are proven against the graffiti of the beacon parent. The genesis block commits to no ledger, so reads in a shard
//! block that builds on it cannot be accused, nor those on a block before the fork to phase 1, whose tree is another.
//!
//! [`Stated`]: crate::receipts::Stated
//! [`ShardBody::from_body`]: super::ShardBody::from_body
//! [`ShardBody::check_form`]: super::ShardBody::check_form
//! [`process_execution_header`]: super::process_execution_header

use ssz_derive::{Decode, Encode};
use ssz_types::{
    VariableList,
    typenum::{U1, U64, U1024, U1048576},
};
use tree_hash_derive::TreeHash;

use super::{Receipt, record::EeIndex};
use outrider_beacon_proof::{Claim, Layout, Proof, ProofError};
use outrider_beacon_spec::{
    containers::{Attestation, Extensions, ShardTransition},
    types::{BLSSignature, Bytes32, Root, ValidatorIndex},
};

/// A claim that an attested shard block is wrong, in the shape of the specification's `CustodySlashing`. It costs at most one
/// execution.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct ExecutionSlashing<P: Extensions> {
    /// The attestation.
    pub attestation: Attestation<P>,
    /// The attested transition.
    pub shard_transition: ShardTransition,
    /// The index of the shard block in the transition.
    pub data_index: u64,
    /// The body of the block.
    pub body: VariableList<u8, U1048576>,
    /// The part of the body that is wrong; none if it is the form of the body.
    pub accused: VariableList<Accused, U1>,
    /// The validator that makes the claim, and is slashed if the block is right.
    pub whistleblower_index: ValidatorIndex,
}

/// A signed [`ExecutionSlashing`].
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedExecutionSlashing<P: Extensions> {
    /// The claim.
    pub message: ExecutionSlashing<P>,
    /// The whistleblower's signature.
    pub signature: BLSSignature,
}

/// The part of a shard block's body that is wrong, of a body whose form is right.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TreeHash)]
#[ssz(enum_behaviour = "union")]
#[tree_hash(enum_behaviour = "union")]
pub enum Accused {
    /// The transition of an EE.
    Transition(EeIndex),
    /// A root that a payload reads.
    Read(AccusedRead),
    /// `finalized_slot` of the header, with the proof of [`Claim::FinalizedEpoch`].
    FinalizedSlot(ParentProof),
    /// A batch of receipts.
    Inbound(AccusedBatch),
    /// The lanes of the header.
    Lanes(SentReceipts),
}

/// A batch of receipts that is not in the header of its source and slot. A batch with a history needs no proof: it brings
/// its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct AccusedBatch {
    /// The index of the batch in the body.
    pub batch_index: u64,
    /// The proof of the slot of the beacon parent, by [`Claim::Slot`]. It decides whether the beacon parent knows the
    /// batch's slot.
    pub slot: ParentProof,
    /// The proof of the header's root, or that there is none, by [`Claim::ExecutionRoot`].
    pub execution_root: ParentProof,
}

/// The receipts that EEs send in a block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SentReceipts {
    /// The receipts of each transition whose `receipts_root` is not zero, in their order.
    pub of_ees: VariableList<VariableList<Receipt, U1024>, U64>,
}

/// A read that is not of the root after the beacon parent, and that the header does not assume.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct AccusedRead {
    /// The index of the payload in the body.
    pub payload_index: u64,
    /// The index of the read in the payload.
    pub read_index: u64,
    /// The proof of the right root, or that there is none.
    pub proof: ReadProof,
}

/// The proof of the root that a read should have had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TreeHash)]
#[ssz(enum_behaviour = "union")]
#[tree_hash(enum_behaviour = "union")]
pub enum ReadProof {
    /// The root, by [`Claim::StateRoot`].
    StateRoot(ParentProof),
    /// The EE has no state on the shard, by [`Claim::EeCount`].
    EeCount(ParentProof),
    /// The shard does not exist, by [`Claim::ShardCount`].
    ShardCount(ParentProof),
}

/// The proof of a value from the root of the beacon parent of a shard block. Its place in the tree follows from the claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ParentProof {
    /// The leaf.
    pub leaf: Bytes32,
    /// Its siblings, from the bottom.
    pub branch: VariableList<Bytes32, U64>,
}

impl From<Proof> for ParentProof {
    /// Leaves out siblings beyond the 64th, which no valid proof has.
    fn from(proof: Proof) -> Self {
        let siblings = proof.branch.into_iter().take(64).map(Bytes32::from).collect::<Vec<_>>();
        Self { leaf: proof.leaf.into(), branch: siblings.try_into().unwrap_or_default() }
    }
}

impl ParentProof {
    /// Returns the leaf, if the proof leads from a claim's place to the root of a beacon block. The place of an execution root
    /// is that of several slots, so its claim takes the proof of [`Claim::Slot`], too.
    ///
    /// # Errors
    ///
    /// Fails if the proof does not prove the claim.
    pub fn verify(&self, claim: Claim, block_root: Root, layout: Layout) -> Result<Bytes32, ProofError> {
        let branch = self.branch.iter().map(|sibling| sibling.0).collect();
        let gindex = claim.gindex(layout)?;
        let proof = Proof { gindex, leaf: self.leaf.0, branch };
        Ok(proof.verify(&block_root.0, gindex)?.into())
    }
}
