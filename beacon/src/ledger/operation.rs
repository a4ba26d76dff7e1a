//! The operations of a block on the ledger, in SSZ.
//!
//! Each signed operation has a domain of its own, and can be used only once: it names an epoch, and expires with the
//! next; or it names an index in the registry, a balance or a deposit, which differs afterwards.

use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitVector, FixedVector, VariableList,
    typenum::{Sum, U1, U4, U16, U128, U1024, U2048, U4096, U8192, U65536, U4194304},
};
use tree_hash_derive::TreeHash;

use super::{SignedExecutionSlashing, execution::ExecutionHeader, record::EeIndex};
use outrider_beacon_spec::{
    containers::{Extensions, ShardBlockHeader},
    types::{BLSPubkey, BLSSignature, Bytes32, DomainType, Epoch, Gwei, Shard, Slot, ValidatorIndex},
};

/// The domain of deployments.
pub const DOMAIN_DEPLOY: DomainType = [0xe0, 0, 0, 0];
/// The domain of votes on code.
pub const DOMAIN_PRE_CHECK_VOTE: DomainType = [0xe1, 0, 0, 0];
/// The domain of exits of EEs.
pub const DOMAIN_EE_EXIT: DomainType = [0xe2, 0, 0, 0];
/// The domain of upgrades.
pub const DOMAIN_UPGRADE: DomainType = [0xe3, 0, 0, 0];
/// The domain of withdrawals to EEs.
pub const DOMAIN_WITHDRAW_TO_EE: DomainType = [0xe4, 0, 0, 0];
/// The domain of top-ups.
pub const DOMAIN_TOP_UP: DomainType = [0xe6, 0, 0, 0];
/// The domain of execution slashings.
pub const DOMAIN_EXECUTION_SLASHING: DomainType = [0xe5, 0, 0, 0];

/// Code of an EE, at most 4 MiB.
pub type Code = VariableList<u8, U4194304>;

/// The deployment of an EE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Deploy {
    /// Its index in the registry, so that the operation can be used only once.
    pub ee: EeIndex,
    /// Its code.
    pub code: Code,
    /// The root with which its state starts.
    pub initial_state_root: Bytes32,
    /// Its shards.
    pub shards: BitVector<U1024>,
    /// The key that signs exits and upgrades.
    pub owner: BLSPubkey,
    /// The withdrawal credentials of the validator that receives the refunded deposit.
    pub refund_credentials: Bytes32,
    /// Epochs between the acceptance of new code and the switch to it; 0 means that the code never changes.
    pub upgrade_delay: u64,
    /// The deposit to lock.
    pub deposit: Gwei,
    /// The validator that pays the deposit from its withdrawable balance.
    pub payer: ValidatorIndex,
}

/// A signed [`Deploy`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedDeploy {
    /// The new EE.
    pub message: Deploy,
    /// The payer's signature.
    pub signature: BLSSignature,
}

/// A vote on code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct PreCheckVote {
    /// The EE with this code.
    pub ee: EeIndex,
    /// The hash of the code.
    pub code_hash: Bytes32,
    /// The epoch in which the vote on the code was opened.
    pub opened_epoch: Epoch,
    /// Whether the validator accepts it.
    pub accept: bool,
}

/// A signed [`PreCheckVote`] of one or several validators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedPreCheckVote {
    /// The vote.
    pub message: PreCheckVote,
    /// The validators, ascending.
    pub validators: VariableList<ValidatorIndex, U2048>,
    /// The aggregate of their signatures.
    pub signature: BLSSignature,
}

/// An owner's request to remove an EE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Exit {
    /// The EE.
    pub ee: EeIndex,
    /// The epoch of signing; the request expires after the next one.
    pub epoch: Epoch,
}

/// A signed [`Exit`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedExit {
    /// The request.
    pub message: Exit,
    /// The owner's signature.
    pub signature: BLSSignature,
}

/// New code for an EE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Upgrade {
    /// The EE.
    pub ee: EeIndex,
    /// The epoch of signing; the request expires after the next one.
    pub epoch: Epoch,
    /// The code.
    pub code: Code,
}

/// A signed [`Upgrade`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedUpgrade {
    /// The code.
    pub message: Upgrade,
    /// The owner's signature.
    pub signature: BLSSignature,
}

/// Ether from a validator to an EE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct WithdrawToEe {
    /// The validator, whose balance must be withdrawable.
    pub validator_index: ValidatorIndex,
    /// The epoch of signing; the request expires after the next one.
    pub epoch: Epoch,
    /// The validator's balance before, so that the operation can be used only once.
    pub balance: Gwei,
    /// The shard.
    pub shard: Shard,
    /// The EE.
    pub ee: EeIndex,
    /// The withdrawal.
    pub amount: Gwei,
    /// Data for the EE, such as the ether's recipient.
    pub payload: VariableList<u8, U65536>,
}

/// A signed [`WithdrawToEe`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedWithdrawToEe {
    /// The withdrawal.
    pub message: WithdrawToEe,
    /// The validator's signature.
    pub signature: BLSSignature,
}

/// Ether for the deposit of an EE, from anybody. If the EE is asleep, it wakes up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct TopUp {
    /// The EE.
    pub ee: EeIndex,
    /// The epoch of signing; the operation expires with it. Within an epoch no deposit shrinks except by a refund, so an
    /// operation that names epoch and deposit can be used only once.
    pub epoch: Epoch,
    /// The EE's deposit before.
    pub deposit: Gwei,
    /// The ether to add.
    pub amount: Gwei,
    /// The validator that pays it from its withdrawable balance.
    pub payer: ValidatorIndex,
    /// The EE's code if it is asleep, because nobody else need have it any more; otherwise empty.
    pub code: Code,
}

/// A signed [`TopUp`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedTopUp {
    /// The top-up.
    pub message: TopUp,
    /// The payer's signature.
    pub signature: BLSSignature,
}

/// A signed [`ShardBlockHeader`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedShardBlockHeader {
    /// The header.
    pub message: ShardBlockHeader,
    /// The signature of the block's proposer, in the specification's `DOMAIN_SHARD_PROPOSAL`.
    pub signature: BLSSignature,
}

/// Evidence of two blocks by one proposer for one slot of one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardProposerSlashing {
    /// One header.
    pub signed_header_1: SignedShardBlockHeader,
    /// The other.
    pub signed_header_2: SignedShardBlockHeader,
}

/// An execution header, with the proof that a shard block begins with its root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardExecution {
    /// The shard.
    pub shard: Shard,
    /// The slot of the block.
    pub slot: Slot,
    /// The header.
    pub header: ExecutionHeader,
    /// The siblings of the body's first chunk, from the bottom.
    pub branch: FixedVector<Bytes32, U16>,
}

/// A block's operations on the ledger, in the order in which they are applied.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct LedgerOperations<P: Extensions> {
    /// An execution for each shard block that the beacon block crosslinks, by shard and then by slot.
    pub executions: VariableList<ShardExecution, Sum<U8192, U4096>>,
    /// New EEs.
    pub deploys: VariableList<SignedDeploy, U1>,
    /// Votes on code.
    pub pre_check_votes: VariableList<SignedPreCheckVote, U128>,
    /// EEs to remove.
    pub exits: VariableList<SignedExit, U16>,
    /// New code for EEs.
    pub upgrades: VariableList<SignedUpgrade, U1>,
    /// Ether from validators to EEs.
    pub withdrawals: VariableList<SignedWithdrawToEe, U16>,
    /// Evidence against proposers of shard blocks.
    pub shard_proposer_slashings: VariableList<ShardProposerSlashing, U16>,
    /// Claims that attested executions are wrong.
    pub execution_slashings: VariableList<SignedExecutionSlashing<P>, U1>,
    /// Ether for the deposits of EEs; few, because each may bring code.
    pub top_ups: VariableList<SignedTopUp, U4>,
}

impl<P: Extensions> Default for LedgerOperations<P> {
    fn default() -> Self {
        Self {
            executions: VariableList::default(),
            deploys: VariableList::default(),
            pre_check_votes: VariableList::default(),
            exits: VariableList::default(),
            upgrades: VariableList::default(),
            withdrawals: VariableList::default(),
            shard_proposer_slashings: VariableList::default(),
            execution_slashings: VariableList::default(),
            top_ups: VariableList::default(),
        }
    }
}
