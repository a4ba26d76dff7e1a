//! Presets of simulated chains.

use outrider_beacon_spec::preset::Preset;
use ssz_types::typenum::{U1, U2, U4, U8, U16, U32, U64, U512, U1024};

/// A preset with a number of shards: 1, 2, 4, 8, 16, 32 or 64.
///
/// With [`Self::N_VALIDATORS`] validators, each shard has a committee of four in each of the eight slots of an epoch. That
/// says nothing about security: who has a third of the stake has two thirds of one such committee in nine.
///
/// The rest is as in the preset `minimal`, except for:
///
/// - histories, which are longer. In `minimal`, the seed of the shard proposers changes while it is in use, after 62 epochs,
///   and a block is too old for a crosslink after 64 slots;
/// - custody periods, which are as long as in `mainnet`. Validators reveal no custody secrets, and one that joins would be
///   slashed in the second period after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimPreset<const SHARDS: u64>;

/// The number of slots in an epoch.
const SLOTS_PER_EPOCH: u64 = 8;
/// The number of validators in a committee.
const COMMITTEE_SIZE: u64 = 4;

impl<const SHARDS: u64> SimPreset<SHARDS> {
    /// The number of validators that gives each shard a full committee in each slot.
    pub const N_VALIDATORS: u64 = SHARDS * SLOTS_PER_EPOCH * COMMITTEE_SIZE;
}

macro_rules! sim_presets {
    ($($shards:literal $max_shards:ident $name:literal,)*) => {$(
        impl Preset for SimPreset<$shards> {
            type SlotsPerHistoricalRoot = U512;
            type EpochsPerHistoricalVector = U1024;
            type EpochsPerSlashingsVector = U64;
            type SlotsPerEth1VotingPeriod = U32;
            type MaxPendingAttestations = U1024;
            type MaxShards = $max_shards;
            type EarlyDerivedSecretPenaltyMaxFutureEpochs = U64;
            type MaxExposedDerivedSecrets = U8;
            type MaxCustodyChunkChallenges = U2;

            const CONFIG_NAME: &'static str = $name;

            const MAX_COMMITTEES_PER_SLOT: u64 = $shards;
            const TARGET_COMMITTEE_SIZE: u64 = COMMITTEE_SIZE;
            const SHUFFLE_ROUND_COUNT: u8 = 10;
            const MIN_GENESIS_ACTIVE_VALIDATOR_COUNT: u64 = Self::N_VALIDATORS;
            const GENESIS_FORK_VERSION: [u8; 4] = [0, 0, 0, 2];
            const GENESIS_DELAY: u64 = 300;
            const SECONDS_PER_SLOT: u64 = 6;
            const SLOTS_PER_EPOCH: u64 = SLOTS_PER_EPOCH;
            const EPOCHS_PER_ETH1_VOTING_PERIOD: u64 = 4;
            const SHARD_COMMITTEE_PERIOD: u64 = 64;
            const SAFE_SLOTS_TO_UPDATE_JUSTIFIED: u64 = 2;

            const PHASE_1_FORK_VERSION: [u8; 4] = [1, 0, 0, 2];
            const INITIAL_ACTIVE_SHARDS: u64 = $shards;
            const EPOCHS_PER_CUSTODY_PERIOD: u64 = 16384;
            const CUSTODY_PERIOD_TO_RANDAO_PADDING: u64 = 2048;
            const MAX_CHUNK_CHALLENGE_DELAY: u64 = 64;
            const CUSTODY_PROBABILITY_EXPONENT: u64 = 2;
        }
    )*};
}

sim_presets! {
    1 U1 "sim-1",
    2 U2 "sim-2",
    4 U4 "sim-4",
    8 U8 "sim-8",
    16 U16 "sim-16",
    32 U32 "sim-32",
    64 U64 "sim-64",
}
