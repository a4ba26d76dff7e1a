//! The specification's two configurations.

use std::fmt::Debug;

use ssz_types::typenum::{U2, U4, U8, U32, U64, U1024, U4096, U8192, U32768, U65536, Unsigned};

/// A type-level number: the length of an SSZ vector or the limit of an SSZ list.
pub trait Length: Unsigned + Clone + Debug + PartialEq + Send + Sync + 'static {}

impl<N: Unsigned + Clone + Debug + PartialEq + Send + Sync + 'static> Length for N {}

/// The constants in which the presets differ; [`crate::constants`] holds those on which they agree.
///
/// Constants have the specification's names. A constant that is the length of a container's field is also a type.
pub trait Preset: Clone + Debug + Default + PartialEq + Eq + Send + Sync + 'static {
    /// `SLOTS_PER_HISTORICAL_ROOT`.
    type SlotsPerHistoricalRoot: Length;
    /// `EPOCHS_PER_HISTORICAL_VECTOR`.
    type EpochsPerHistoricalVector: Length;
    /// `EPOCHS_PER_SLASHINGS_VECTOR`.
    type EpochsPerSlashingsVector: Length;
    /// `EPOCHS_PER_ETH1_VOTING_PERIOD * SLOTS_PER_EPOCH`.
    type SlotsPerEth1VotingPeriod: Length;
    /// `MAX_ATTESTATIONS * SLOTS_PER_EPOCH`.
    type MaxPendingAttestations: Length;
    /// `MAX_SHARDS`.
    type MaxShards: Length;
    /// `EARLY_DERIVED_SECRET_PENALTY_MAX_FUTURE_EPOCHS`.
    type EarlyDerivedSecretPenaltyMaxFutureEpochs: Length;
    /// `MAX_EARLY_DERIVED_SECRET_REVEALS * SLOTS_PER_EPOCH`.
    type MaxExposedDerivedSecrets: Length;
    /// `MAX_CUSTODY_CHUNK_CHALLENGES`.
    type MaxCustodyChunkChallenges: Length;

    /// The preset's name.
    const CONFIG_NAME: &'static str;

    /// The maximum number of committees in a slot of phase 0.
    const MAX_COMMITTEES_PER_SLOT: u64;
    /// The target number of validators in a committee.
    const TARGET_COMMITTEE_SIZE: u64;
    /// The number of swap-or-not rounds.
    const SHUFFLE_ROUND_COUNT: u8;
    /// The minimum number of active validators at genesis.
    const MIN_GENESIS_ACTIVE_VALIDATOR_COUNT: u64;
    /// The fork version of phase 0.
    const GENESIS_FORK_VERSION: [u8; 4];
    /// The delay from the Ethereum 1.0 block that triggers genesis to genesis, in seconds.
    const GENESIS_DELAY: u64;
    /// The length of a slot, in seconds.
    const SECONDS_PER_SLOT: u64;
    /// The number of slots in an epoch.
    const SLOTS_PER_EPOCH: u64;
    /// The number of epochs in a voting period on Ethereum 1.0 data.
    const EPOCHS_PER_ETH1_VOTING_PERIOD: u64;
    /// The number of epochs that a shard committee serves, and that a validator is active before it may exit.
    const SHARD_COMMITTEE_PERIOD: u64;
    /// The number of slots at the start of an epoch in which the justified checkpoint may change.
    const SAFE_SLOTS_TO_UPDATE_JUSTIFIED: u64;

    /// The fork version of phase 1.
    const PHASE_1_FORK_VERSION: [u8; 4];
    /// The number of shards.
    const INITIAL_ACTIVE_SHARDS: u64;
    /// The number of epochs in a validator's custody period.
    const EPOCHS_PER_CUSTODY_PERIOD: u64;
    /// The number of epochs from the end of a custody period to the RANDAO reveal that is its key.
    const CUSTODY_PERIOD_TO_RANDAO_PADDING: u64;
    /// The number of epochs in which an attestation may be challenged.
    const MAX_CHUNK_CHALLENGE_DELAY: u64;
    /// The exponent e with which one in 2^e custody bits is 1.
    const CUSTODY_PROBABILITY_EXPONENT: u64;

    /// The number of slots whose block and state roots a state holds.
    const SLOTS_PER_HISTORICAL_ROOT: u64 = Self::SlotsPerHistoricalRoot::U64;
    /// The number of epochs whose RANDAO mixes a state holds.
    const EPOCHS_PER_HISTORICAL_VECTOR: u64 = Self::EpochsPerHistoricalVector::U64;
    /// The number of epochs whose slashed balances a state holds.
    const EPOCHS_PER_SLASHINGS_VECTOR: u64 = Self::EpochsPerSlashingsVector::U64;
    /// The number of epochs ahead within which an early reveal is punished.
    const EARLY_DERIVED_SECRET_PENALTY_MAX_FUTURE_EPOCHS: u64 =
        Self::EarlyDerivedSecretPenaltyMaxFutureEpochs::U64;
}

/// The preset for tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minimal;

impl Preset for Minimal {
    type SlotsPerHistoricalRoot = U64;
    type EpochsPerHistoricalVector = U64;
    type EpochsPerSlashingsVector = U64;
    type SlotsPerEth1VotingPeriod = U32;
    type MaxPendingAttestations = U1024;
    type MaxShards = U8;
    type EarlyDerivedSecretPenaltyMaxFutureEpochs = U64;
    type MaxExposedDerivedSecrets = U8;
    type MaxCustodyChunkChallenges = U2;

    const CONFIG_NAME: &'static str = "minimal";

    const MAX_COMMITTEES_PER_SLOT: u64 = 4;
    const TARGET_COMMITTEE_SIZE: u64 = 4;
    const SHUFFLE_ROUND_COUNT: u8 = 10;
    const MIN_GENESIS_ACTIVE_VALIDATOR_COUNT: u64 = 64;
    const GENESIS_FORK_VERSION: [u8; 4] = [0, 0, 0, 1];
    const GENESIS_DELAY: u64 = 300;
    const SECONDS_PER_SLOT: u64 = 6;
    const SLOTS_PER_EPOCH: u64 = 8;
    const EPOCHS_PER_ETH1_VOTING_PERIOD: u64 = 4;
    const SHARD_COMMITTEE_PERIOD: u64 = 64;
    const SAFE_SLOTS_TO_UPDATE_JUSTIFIED: u64 = 2;

    const PHASE_1_FORK_VERSION: [u8; 4] = [1, 0, 0, 1];
    const INITIAL_ACTIVE_SHARDS: u64 = 2;
    const EPOCHS_PER_CUSTODY_PERIOD: u64 = 32;
    const CUSTODY_PERIOD_TO_RANDAO_PADDING: u64 = 8;
    const MAX_CHUNK_CHALLENGE_DELAY: u64 = 64;
    const CUSTODY_PROBABILITY_EXPONENT: u64 = 2;
}

/// The preset of the specification's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mainnet;

impl Preset for Mainnet {
    type SlotsPerHistoricalRoot = U8192;
    type EpochsPerHistoricalVector = U65536;
    type EpochsPerSlashingsVector = U8192;
    type SlotsPerEth1VotingPeriod = U1024;
    type MaxPendingAttestations = U4096;
    type MaxShards = U1024;
    type EarlyDerivedSecretPenaltyMaxFutureEpochs = U32768;
    type MaxExposedDerivedSecrets = U32;
    type MaxCustodyChunkChallenges = U4;

    const CONFIG_NAME: &'static str = "mainnet";

    const MAX_COMMITTEES_PER_SLOT: u64 = 64;
    const TARGET_COMMITTEE_SIZE: u64 = 128;
    const SHUFFLE_ROUND_COUNT: u8 = 90;
    const MIN_GENESIS_ACTIVE_VALIDATOR_COUNT: u64 = 16384;
    const GENESIS_FORK_VERSION: [u8; 4] = [0, 0, 0, 0];
    const GENESIS_DELAY: u64 = 172_800;
    const SECONDS_PER_SLOT: u64 = 12;
    const SLOTS_PER_EPOCH: u64 = 32;
    const EPOCHS_PER_ETH1_VOTING_PERIOD: u64 = 32;
    const SHARD_COMMITTEE_PERIOD: u64 = 256;
    const SAFE_SLOTS_TO_UPDATE_JUSTIFIED: u64 = 8;

    const PHASE_1_FORK_VERSION: [u8; 4] = [1, 0, 0, 0];
    const INITIAL_ACTIVE_SHARDS: u64 = 64;
    const EPOCHS_PER_CUSTODY_PERIOD: u64 = 16384;
    const CUSTODY_PERIOD_TO_RANDAO_PADDING: u64 = 2048;
    const MAX_CHUNK_CHALLENGE_DELAY: u64 = 32768;
    const CUSTODY_PROBABILITY_EXPONENT: u64 = 10;
}
