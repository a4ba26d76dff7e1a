//! What a block brings for the ledger, in SSZ.
//!
//! Whatever is signed is signed under a domain of its own, and can be used once: it says from which epoch it is, and its time passes
//! with the next; or which place in the registry or balance it is about, which is another one afterwards.

use ssz_derive::{Decode, Encode};
use ssz_types::{
    BitVector, FixedVector, VariableList,
    typenum::{Sum, U1, U16, U128, U1024, U2048, U4096, U8192, U65536, U1048576, U4194304},
};
use tree_hash_derive::TreeHash;

use super::{execution::ExecutionHeader, record::EeIndex};
use outrider_beacon_spec::{
    containers::{Attestation, Extensions, ShardBlockHeader, ShardTransition},
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
/// The domain of execution slashings.
pub const DOMAIN_EXECUTION_SLASHING: DomainType = [0xe5, 0, 0, 0];

/// Code of an EE: 4 MiB at most.
pub type Code = VariableList<u8, U4194304>;

/// A new EE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Deploy {
    /// The place in the registry that it gets, which makes this good for once.
    pub ee: EeIndex,
    /// Its code.
    pub code: Code,
    /// The root that its state starts from.
    pub initial_state_root: Bytes32,
    /// On which shards it is to be.
    pub shards: BitVector<U1024>,
    /// Signs exits and upgrades.
    pub owner: BLSPubkey,
    /// The withdrawal credentials of a validator, to which the deposit goes back.
    pub refund_credentials: Bytes32,
    /// Epochs from the acceptance of other code to the switch to it; 0: its code never changes.
    pub upgrade_delay: u64,
    /// What is locked.
    pub deposit: Gwei,
    /// The validator that pays it, whose balance can be withdrawn.
    pub payer: ValidatorIndex,
}

/// A [`Deploy`], signed.
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
    /// The EE whose code it is.
    pub ee: EeIndex,
    /// The hash of the code.
    pub code_hash: Bytes32,
    /// Since when the code is voted on.
    pub opened_epoch: Epoch,
    /// Whether the validator is for it.
    pub accept: bool,
}

/// A [`PreCheckVote`] of one validator, or of several in one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedPreCheckVote {
    /// The vote.
    pub message: PreCheckVote,
    /// The validators, in order.
    pub validators: VariableList<ValidatorIndex, U2048>,
    /// All their signatures in one.
    pub signature: BLSSignature,
}

/// An owner's wish to take an EE away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Exit {
    /// The EE.
    pub ee: EeIndex,
    /// The epoch, which it outlives by one.
    pub epoch: Epoch,
}

/// An [`Exit`], signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedExit {
    /// The wish.
    pub message: Exit,
    /// The owner's signature.
    pub signature: BLSSignature,
}

/// Other code for an EE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct Upgrade {
    /// The EE.
    pub ee: EeIndex,
    /// The epoch, which it outlives by one.
    pub epoch: Epoch,
    /// The code.
    pub code: Code,
}

/// An [`Upgrade`], signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedUpgrade {
    /// The code.
    pub message: Upgrade,
    /// The owner's signature.
    pub signature: BLSSignature,
}

/// Ether of a validator for an EE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct WithdrawToEe {
    /// The validator, whose balance can be withdrawn.
    pub validator_index: ValidatorIndex,
    /// The epoch, which it outlives by one.
    pub epoch: Epoch,
    /// What the validator has before, which makes this good for once.
    pub balance: Gwei,
    /// The shard.
    pub shard: Shard,
    /// The EE.
    pub ee: EeIndex,
    /// The ether.
    pub amount: Gwei,
    /// The EE's business: whom the ether is for.
    pub payload: VariableList<u8, U65536>,
}

/// A [`WithdrawToEe`], signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedWithdrawToEe {
    /// The ether.
    pub message: WithdrawToEe,
    /// The validator's signature.
    pub signature: BLSSignature,
}

/// A [`ShardBlockHeader`], signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct SignedShardBlockHeader {
    /// The header.
    pub message: ShardBlockHeader,
    /// The signature of the block's proposer, in the specification's `DOMAIN_SHARD_PROPOSAL`.
    pub signature: BLSSignature,
}

/// Two blocks of one proposer for one slot of one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardProposerSlashing {
    /// The one.
    pub signed_header_1: SignedShardBlockHeader,
    /// The other.
    pub signed_header_2: SignedShardBlockHeader,
}

/// Claims that an execution that was attested is wrong. It has the shape of the specification's `CustodySlashing`.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct ExecutionSlashing<P: Extensions> {
    /// What was attested, by whom.
    pub attestation: Attestation<P>,
    /// The transition that was attested.
    pub shard_transition: ShardTransition,
    /// The shard block in the transition.
    pub data_index: u64,
    /// The body of the block.
    pub body: VariableList<u8, U1048576>,
    /// The EE whose execution is wrong.
    pub ee: EeIndex,
    /// Who claims it, and is slashed if it is right.
    pub whistleblower_index: ValidatorIndex,
}

/// An [`ExecutionSlashing`], signed.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct SignedExecutionSlashing<P: Extensions> {
    /// The claim.
    pub message: ExecutionSlashing<P>,
    /// The whistleblower's signature.
    pub signature: BLSSignature,
}

/// An execution header with the proof that a shard block begins with its root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TreeHash)]
pub struct ShardExecution {
    /// The shard.
    pub shard: Shard,
    /// The slot of the block.
    pub slot: Slot,
    /// The header.
    pub header: ExecutionHeader,
    /// The siblings of the body's first chunk, from below.
    pub branch: FixedVector<Bytes32, U16>,
}

/// A block's operations on the ledger, in the order in which they are applied.
#[derive(Clone, Debug, PartialEq, Encode, Decode, TreeHash)]
pub struct LedgerOperations<P: Extensions> {
    /// An execution for each shard block that the beacon block crosslinks, by shard and then by slot.
    pub executions: VariableList<ShardExecution, Sum<U8192, U4096>>,
    /// A new EE.
    pub deploys: VariableList<SignedDeploy, U1>,
    /// Votes on code.
    pub pre_check_votes: VariableList<SignedPreCheckVote, U128>,
    /// EEs to take away.
    pub exits: VariableList<SignedExit, U16>,
    /// Other code for an EE.
    pub upgrades: VariableList<SignedUpgrade, U1>,
    /// Ether of validators for EEs.
    pub withdrawals: VariableList<SignedWithdrawToEe, U16>,
    /// Proposers of shard blocks to slash.
    pub shard_proposer_slashings: VariableList<ShardProposerSlashing, U16>,
    /// Attesters of wrong executions to slash, or whoever says that they are wrong.
    pub execution_slashings: VariableList<SignedExecutionSlashing<P>, U1>,
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
        }
    }
}
