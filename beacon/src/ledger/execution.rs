//! What a shard block says of the executions in it, in SSZ: its body is the execution root, and then a [`ShardBody`].

use ssz::Decode as _;
use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitList, FixedVector, VariableList,
    typenum::{U10, U16, U64, U1024, U65536, U1048576},
};
use tree_hash_derive::TreeHash;

use super::{error::HeaderError, record::EeIndex};
use outrider_beacon_spec::{
    containers::DepositData,
    hash::hash_tree_root,
    types::{Bytes32, Gwei, Root, Shard, Slot},
};

/// Receipts that a lane holds, at most, from the first that is not settled on.
pub const WINDOW: u64 = 1024;
/// Slots whose execution roots the ledger holds.
pub const RECENT_SLOTS: u64 = 256;
/// The depth of a shard block's body: 2^15 chunks, and the length that is mixed in.
pub const BODY_DEPTH: usize = 16;

/// What an execution changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EeTransition {
    /// The EE.
    pub ee: EeIndex,
    /// The root of its state before.
    pub pre_state_root: Bytes32,
    /// The root of its state after.
    pub post_state_root: Bytes32,
    /// The root of the [`EePayload`]; zero if receipts gave it ether without an execution.
    pub payload_root: Root,
    /// What the execution cost.
    pub fuel_used: u64,
    /// Its ether before.
    pub balance: Gwei,
    /// What it got by receipts.
    pub value_in: Gwei,
    /// What it sent by receipts, with their fees.
    pub value_out: Gwei,
    /// What it sent to validators.
    pub deposits: Gwei,
    /// What it gave to the block's proposer.
    pub proposer_fee: Gwei,
    /// The deposits.
    pub deposit_data: VariableList<DepositData, U16>,
}

/// Receipts of one source that the block settles.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Settlement {
    /// The source; [`BEACON_CHAIN`](super::BEACON_CHAIN), too.
    pub source_shard: Shard,
    /// The sequence number of the first bit.
    pub first: u64,
    /// Which are settled.
    pub settled: BitList<U1024>,
    /// Which of these were rejected, so that they bounce.
    pub rejected: BitList<U1024>,
    /// Which of these came too late, so that they bounce.
    pub expired: BitList<U1024>,
    /// What they carry.
    pub value: Gwei,
    /// What they pay to the block's proposer, besides.
    pub fees: Gwei,
}

/// Receipts that the block sends to one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Lane {
    /// The destination.
    pub destination_shard: Shard,
    /// The sequence number of the first.
    pub first: u64,
    /// How many.
    pub n: u32,
    /// What they carry, with their fees.
    pub value: Gwei,
    /// Their root, as of `List[Receipt, 1024]`.
    pub receipts_root: Root,
}

/// All that the ledger needs to know of a shard block. Its root is the execution root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ExecutionHeader {
    /// The execution root before.
    pub parent_execution_root: Root,
    /// Executions, by EE.
    pub transitions: VariableList<EeTransition, U64>,
    /// Receipts that came, by source.
    pub settlements: VariableList<Settlement, U64>,
    /// Receipts that go, by destination.
    pub lanes: VariableList<Lane, U64>,
    /// The latest final slot that executions could read; executors check it.
    pub finalized_slot: Slot,
    /// Commits to the encoded body for sampling; the availability checks are about it.
    pub availability_root: Root,
}

/// A message of one EE to another, with ether.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Receipt {
    /// From which shard.
    pub source_shard: Shard,
    /// From which EE; from the beacon chain, the validator that withdrew, or the EE whose deposit bounced.
    pub source_ee: u64,
    /// To which shard.
    pub destination_shard: Shard,
    /// To which EE.
    pub destination_ee: u64,
    /// Its number on its lane.
    pub sequence: u64,
    /// When it was sent.
    pub slot: Slot,
    /// What it is: see [`ReceiptKind`].
    pub kind: u8,
    /// Its ether.
    pub value: Gwei,
    /// What it pays to the proposer who settles it.
    pub fee: Gwei,
    /// The EEs' business.
    pub payload: VariableList<u8, U65536>,
}

/// The kinds of receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReceiptKind {
    /// An EE sent it.
    Message = 0,
    /// It was rejected, and comes back.
    Bounced = 1,
    /// It was not settled in time, and comes back.
    Expired = 2,
    /// A validator sent it.
    FromBeaconChain = 3,
}

/// The root of another EE, which a payload says it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct RootRead {
    /// The shard.
    pub shard: Shard,
    /// The EE.
    pub ee: EeIndex,
    /// Its root.
    pub state_root: Bytes32,
}

/// What an EE is executed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EePayload {
    /// The EE.
    pub ee: EeIndex,
    /// Roots that it reads.
    pub reads: VariableList<RootRead, U64>,
    /// Transactions and witness.
    pub block_data: VariableList<u8, U1048576>,
}

/// Receipts of one lane with their proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct InboundBatch {
    /// From which shard.
    pub source_shard: Shard,
    /// When they were sent.
    pub slot: Slot,
    /// The lane they came on.
    pub lane: Lane,
    /// The lane's siblings up to the execution root in `recent[slot % 256]` of the source: 6 and the number of lanes in the list, 3
    /// in the header.
    pub lane_branch: FixedVector<Root, U10>,
    /// The place of the first receipt among those of the lane.
    pub start: u64,
    /// The receipts.
    pub receipts: VariableList<Receipt, U1024>,
    /// Siblings of the range of receipts, from below and from the left.
    pub branch: VariableList<Root, U64>,
}

/// The body of a shard block, behind the execution root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardBody {
    /// The header, whose root the body begins with.
    pub header: ExecutionHeader,
    /// Receipts that came.
    pub inbound: VariableList<InboundBatch, U64>,
    /// What EEs are executed over.
    pub payloads: VariableList<EePayload, U64>,
}

impl ShardBody {
    /// Encodes the body of a shard block: the execution root, and this.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        let mut body = hash_tree_root(&self.header).to_vec();
        ssz::Encode::ssz_append(self, &mut body);
        body
    }

    /// Decodes the body of a shard block.
    ///
    /// # Errors
    ///
    /// If it is no such body, or does not begin with the root of its header.
    pub fn from_body(body: &[u8]) -> Result<Self, HeaderError> {
        let (execution_root, rest) =
            body.split_at_checked(32).ok_or(HeaderError::BodyShort { got: body.len() })?;
        let decoded = Self::from_ssz_bytes(rest).map_err(|error| HeaderError::BodyEncoding { error })?;
        let (got, expected) = (hash_tree_root(&decoded.header), Root::from_slice(execution_root));
        if got == expected { Ok(decoded) } else { Err(HeaderError::ExecutionRoot { got, expected }) }
    }
}
