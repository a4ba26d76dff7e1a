//! The executions in a shard block, in SSZ: the block's body is the execution root, followed by a [`ShardBody`].

use ssz::Decode as _;
use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitList, FixedVector, VariableList,
    typenum::{U1, U10, U16, U64, U1024, U65536, U1048576},
};
use tree_hash_derive::TreeHash;

use super::{error::HeaderError, history::BatchHistory, record::EeIndex};
use outrider_beacon_spec::{
    containers::DepositData,
    hash::{bytes_root, hash, hash_tree_root},
    types::{Bytes32, Gwei, Root, Shard, Slot},
};

/// The most receipts of a lane's window, which begins with the first unsettled one.
pub const WINDOW: u64 = 1024;
/// The most of them that may be messages, whatever [`Settings::window`](super::Settings::window) says. The rest is for receipts
/// that return, which need no room themselves: so they always make room in the end.
pub const MESSAGES_MAX: u64 = WINDOW / 2;
/// The number of slots whose execution roots the ledger keeps.
pub const RECENT_SLOTS: u64 = 256;
/// The depth of a shard block's body: 2^15 chunks, and the mixed-in length.
pub const BODY_DEPTH: usize = 16;

/// The effects of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EeTransition {
    /// The EE.
    pub ee: EeIndex,
    /// The root of its state before.
    pub pre_state_root: Bytes32,
    /// The root of its state after.
    pub post_state_root: Bytes32,
    /// The root of the [`EePayload`]; zero if the EE received ether from receipts without an execution.
    pub payload_root: Root,
    /// The fuel of the execution.
    pub fuel_used: u64,
    /// Its ether before.
    pub balance: Gwei,
    /// The ether that it received from receipts.
    pub value_in: Gwei,
    /// The ether that it sent in receipts, with their fees.
    pub value_out: Gwei,
    /// The ether that it sent to validators.
    pub deposits: Gwei,
    /// The ether that it paid to the block's proposer.
    pub proposer_fee: Gwei,
    /// The root of the receipts that it sent, as of `List[Receipt, 1024]`, before they get their numbers; zero if there
    /// are none. So what it sent can be judged by its execution alone.
    pub receipts_root: Root,
    /// The deposits.
    pub deposit_data: VariableList<DepositData, U16>,
}

/// The receipts of one source that the block settles.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Settlement {
    /// The source, possibly [`BEACON_CHAIN`](super::BEACON_CHAIN).
    pub source_shard: Shard,
    /// The sequence number of the first bit.
    pub first: u64,
    /// The settled receipts.
    pub settled: BitList<U1024>,
    /// The settled receipts that their EE was shown, and rejected; messages return.
    pub rejected: BitList<U1024>,
    /// The settled receipts that no EE was shown, because they had expired or no EE takes them; messages return, and others
    /// leave their ether to their EE. A receipt that is also in `rejected` is void: it brought no ether, by the fault of
    /// its source.
    pub undelivered: BitList<U1024>,
    /// The ether in them.
    pub value: Gwei,
    /// Their fees for the block's proposer.
    pub fees: Gwei,
}

/// The receipts that the block sends to one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Lane {
    /// The destination.
    pub destination_shard: Shard,
    /// The sequence number of the first receipt.
    pub first: u64,
    /// The number of receipts.
    pub n: u32,
    /// Their ether, with their fees.
    pub value: Gwei,
    /// Their root, as of `List[Receipt, 1024]`.
    pub receipts_root: Root,
}

/// The part of a shard block that the ledger needs. Its root is the execution root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ExecutionHeader {
    /// The execution root before.
    pub parent_execution_root: Root,
    /// Executions, by EE.
    pub transitions: VariableList<EeTransition, U64>,
    /// Arriving receipts, by source.
    pub settlements: VariableList<Settlement, U64>,
    /// Sent receipts, by destination.
    pub lanes: VariableList<Lane, U64>,
    /// The latest finalized slot that executions could read; executors check it.
    pub finalized_slot: Slot,
    /// A commitment to the erasure-coded body for sampling, which the availability checks use.
    pub availability_root: Root,
    /// Roots on other shards that payloads read although the beacon parent does not have them yet, by shard and EE. The header
    /// counts only if each is the root of its EE by then: see the module `assumptions`.
    pub assumptions: VariableList<RootRead, U64>,
}

/// A message from one EE to another, with ether.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Receipt {
    /// The sending shard.
    pub source_shard: Shard,
    /// The sending EE; from the beacon chain, the withdrawing validator, or the EE whose deposit bounced.
    pub source_ee: u64,
    /// The receiving shard.
    pub destination_shard: Shard,
    /// The receiving EE.
    pub destination_ee: u64,
    /// The sequence number on its lane.
    pub sequence: u64,
    /// The slot in which it was sent.
    pub slot: Slot,
    /// Its kind: see [`ReceiptKind`].
    pub kind: u8,
    /// Its ether.
    pub value: Gwei,
    /// The fee for the proposer who settles it.
    pub fee: Gwei,
    /// Data for the receiving EE, which defines their meaning.
    pub payload: VariableList<u8, U65536>,
}

/// The kinds of receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReceiptKind {
    /// An EE sent it.
    Message = 0,
    /// It was rejected, and returns.
    Bounced = 1,
    /// It was not settled in time, and returns.
    Expired = 2,
    /// A validator sent it.
    FromBeaconChain = 3,
}

/// The root of another EE that a payload reads. Reads are in order by shard, and then by EE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, TreeHash)]
pub struct RootRead {
    /// The shard.
    pub shard: Shard,
    /// The EE.
    pub ee: EeIndex,
    /// Its root.
    pub state_root: Bytes32,
}

/// The input of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct EePayload {
    /// The EE.
    pub ee: EeIndex,
    /// The roots that it reads.
    pub reads: VariableList<RootRead, U64>,
    /// Transactions and witness.
    pub block_data: VariableList<u8, U1048576>,
}

impl EePayload {
    /// Returns the `hash_tree_root`, in a fraction of the time.
    #[must_use]
    pub fn root(&self) -> Root {
        let Self { ee, reads, block_data } = self;
        let [ee, reads, block_data] = [hash_tree_root(ee), hash_tree_root(reads), bytes_root(block_data)];
        let left = hash(&[ee.as_slice(), reads.as_slice()]);
        hash(&[left.as_slice(), hash(&[block_data.as_slice(), Root::ZERO.as_slice()]).as_slice()])
    }
}

/// Receipts of one lane, with their proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct InboundBatch {
    /// The sending shard.
    pub source_shard: Shard,
    /// The slot in which they were sent.
    pub slot: Slot,
    /// Their lane.
    pub lane: Lane,
    /// The place of the lane among those of the header.
    pub lane_index: u64,
    /// The lane's siblings up to the execution root of the source in the slot: 6 and the number of lanes in the list, 3 in the
    /// header.
    pub lane_branch: FixedVector<Root, U10>,
    /// The index of the first receipt among those of the lane.
    pub start: u64,
    /// The receipts.
    pub receipts: VariableList<Receipt, U1024>,
    /// The siblings of the range of receipts, from the bottom and from the left, without those that are zeros.
    pub branch: VariableList<Root, U64>,
    /// The number of receipts that are settled as lost instead, if the batch has none.
    pub n_lost: u64,
    /// The proof of the execution root, if the ledger of the beacon parent does not know it any more.
    pub history: VariableList<BatchHistory, U1>,
}

/// The body of a shard block, after the execution root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardBody {
    /// The header, whose root is the start of the body.
    pub header: ExecutionHeader,
    /// Arriving receipts.
    pub inbound: VariableList<InboundBatch, U64>,
    /// The inputs of executions.
    pub payloads: VariableList<EePayload, U64>,
}

impl ShardBody {
    /// Encodes the body of a shard block: the execution root, and this container.
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
    /// Fails if the bytes are malformed, or do not begin with the root of their header.
    pub fn from_body(body: &[u8]) -> Result<Self, HeaderError> {
        let (execution_root, rest) =
            body.split_at_checked(32).ok_or(HeaderError::BodyShort { got: body.len() })?;
        let decoded = Self::from_ssz_bytes(rest).map_err(|error| HeaderError::BodyEncoding { error })?;
        let (got, expected) = (hash_tree_root(&decoded.header), Root::from_slice(execution_root));
        if got == expected { Ok(decoded) } else { Err(HeaderError::ExecutionRoot { got, expected }) }
    }
}
