//! The containers of both phases, in the specification's order.

pub mod block;
pub mod extend;
pub mod misc;
pub mod operation;
pub mod shard;
pub mod state;

pub use block::{
    BeaconBlock, BeaconBlockBody, BeaconBlockHeader, Phase1BlockBody, SignedBeaconBlock,
    SignedBeaconBlockHeader,
};
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
pub use shard::{
    CompactCommittee, ShardBlock, ShardBlockHeader, ShardState, ShardTransition, SignedShardBlock,
};
pub use state::{BeaconState, Phase1State};
