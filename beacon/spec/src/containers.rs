//! The containers of both phases, in the specification's order: those of its documents on the beacon chain, shards,
//! the custody game and validators.
//!
//! `LightClientUpdate` is missing because it has no encoding: the specification leaves constants in its types open.

pub mod block;
pub mod extend;
pub mod header;
pub mod misc;
pub mod operation;
pub mod phases;
pub mod registry;
pub mod shard;
pub mod state;
pub mod validator;

pub use block::{BeaconBlock, BeaconBlockBody, Phase1BlockBody, SignedBeaconBlock};
pub use extend::Extensions;
pub use header::{BeaconBlockHeader, SignedBeaconBlockHeader};
pub use misc::{
    AttestationData, Checkpoint, DepositData, DepositMessage, Eth1Block, Eth1Data, Fork, ForkData,
    HistoricalBatch, IndexedAttestation, PendingAttestation, Phase1PendingAttestation, Phase1Validator,
    ShardVote, SigningData, Validator,
};
pub use operation::{
    AggregateAndProof, Attestation, AttesterSlashing, CustodyChunkChallenge, CustodyChunkChallengeRecord,
    CustodyChunkResponse, CustodyKeyReveal, CustodySlashing, Deposit, EarlyDerivedSecretReveal,
    ProposerSlashing, SignedAggregateAndProof, SignedCustodySlashing, SignedVoluntaryExit, VoluntaryExit,
};
pub use phases::{Phase0, Phase1};
pub use registry::Validators;
pub use shard::{
    CompactCommittee, ShardBlock, ShardBlockHeader, ShardState, ShardTransition, SignedShardBlock,
};
pub use state::{BeaconState, Phase1State};
pub use validator::{
    FullAttestation, FullAttestationData, LightAggregateAndProof, LightClientVote, LightClientVoteData,
    SignedLightAggregateAndProof,
};
