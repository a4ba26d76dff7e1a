//! The constants on which all presets agree, in the specification's order.
//!
//! A constant that is the length of a container's field is part of that field's type instead.

use crate::types::{DomainType, Epoch, Gwei, Slot};

/// The first slot.
pub const GENESIS_SLOT: Slot = 0;
/// The first epoch.
pub const GENESIS_EPOCH: Epoch = 0;
/// An epoch that never comes.
pub const FAR_FUTURE_EPOCH: Epoch = u64::MAX;
/// The number of components of a validator's reward in an epoch.
pub const BASE_REWARDS_PER_EPOCH: u64 = 4;
/// The depth of the deposit contract's tree.
pub const DEPOSIT_CONTRACT_TREE_DEPTH: u64 = 32;

/// The minimum number of validators that may exit in an epoch.
pub const MIN_PER_EPOCH_CHURN_LIMIT: u64 = 4;
/// The divisor of the active validators that gives the number that may exit in an epoch.
pub const CHURN_LIMIT_QUOTIENT: u64 = 65536;
/// The earliest genesis time: 3 January 2020.
pub const MIN_GENESIS_TIME: u64 = 1_578_009_600;
/// The number of hysteresis steps in an increment of effective balance.
pub const HYSTERESIS_QUOTIENT: u64 = 4;
/// The number of steps that a balance may lie below the effective balance.
pub const HYSTERESIS_DOWNWARD_MULTIPLIER: u64 = 1;
/// The number of steps that a balance may lie above the effective balance.
pub const HYSTERESIS_UPWARD_MULTIPLIER: u64 = 5;
/// The factor by which a slashed validator's penalty exceeds the slashed share of all stake.
pub const PROPORTIONAL_SLASHING_MULTIPLIER: u64 = 3;

/// The maximum effective balance.
pub const MAX_EFFECTIVE_BALANCE: Gwei = 32_000_000_000;
/// The effective balance at which a validator is ejected.
pub const EJECTION_BALANCE: Gwei = 16_000_000_000;
/// The unit of effective balances.
pub const EFFECTIVE_BALANCE_INCREMENT: Gwei = 1_000_000_000;

/// The minimum number of slots from an attestation to its inclusion.
pub const MIN_ATTESTATION_INCLUSION_DELAY: u64 = 1;
/// The minimum number of epochs from a seed to its use.
pub const MIN_SEED_LOOKAHEAD: u64 = 1;
/// The maximum number of epochs from a seed to its use.
pub const MAX_SEED_LOOKAHEAD: u64 = 4;
/// The number of epochs without finality after which the inactivity leak starts.
pub const MIN_EPOCHS_TO_INACTIVITY_PENALTY: u64 = 4;
/// The number of epochs from an exit to the withdrawal.
pub const MIN_VALIDATOR_WITHDRAWABILITY_DELAY: u64 = 256;

/// The factor that scales all rewards.
pub const BASE_REWARD_FACTOR: u64 = 64;
/// The divisor of a slashed balance that gives the whistleblower's reward.
pub const WHISTLEBLOWER_REWARD_QUOTIENT: u64 = 512;
/// The divisor of a reward that gives the including proposer's share.
pub const PROPOSER_REWARD_QUOTIENT: u64 = 8;
/// The divisor that scales the inactivity leak.
pub const INACTIVITY_PENALTY_QUOTIENT: u64 = 16_777_216;
/// The divisor of the balance that a validator loses at once when it is slashed.
pub const MIN_SLASHING_PENALTY_QUOTIENT: u64 = 32;

/// The maximum number of deposits in a block.
pub const MAX_DEPOSITS: u64 = 16;

/// The domain of blocks.
pub const DOMAIN_BEACON_PROPOSER: DomainType = [0, 0, 0, 0];
/// The domain of attestations.
pub const DOMAIN_BEACON_ATTESTER: DomainType = [1, 0, 0, 0];
/// The domain of RANDAO reveals and custody keys.
pub const DOMAIN_RANDAO: DomainType = [2, 0, 0, 0];
/// The domain of deposits.
pub const DOMAIN_DEPOSIT: DomainType = [3, 0, 0, 0];
/// The domain of voluntary exits.
pub const DOMAIN_VOLUNTARY_EXIT: DomainType = [4, 0, 0, 0];

/// The domain of shard blocks.
pub const DOMAIN_SHARD_PROPOSAL: DomainType = [0x80, 0, 0, 0];
/// The domain of shard committees' seeds.
pub const DOMAIN_SHARD_COMMITTEE: DomainType = [0x81, 0, 0, 0];
/// The domain of light-client signatures and committees' seeds.
pub const DOMAIN_LIGHT_CLIENT: DomainType = [0x82, 0, 0, 0];
/// The domain of custody slashings.
pub const DOMAIN_CUSTODY_BIT_SLASHING: DomainType = [0x83, 0, 0, 0];

/// The slot of the fork to phase 1: genesis, as in the vectors.
pub const PHASE_1_FORK_SLOT: Slot = GENESIS_SLOT;
/// The maximum number of validators in a light-client committee.
pub const LIGHT_CLIENT_COMMITTEE_SIZE: usize = 128;
/// The divisor that slows how the gas price follows demand.
pub const GASPRICE_ADJUSTMENT_COEFFICIENT: u64 = 8;
/// The maximum size of a shard block, in bytes.
pub const MAX_SHARD_BLOCK_SIZE: u64 = 1 << 20;
/// The size of a shard block that leaves the gas price as it is, in bytes.
pub const TARGET_SHARD_BLOCK_SIZE: u64 = 1 << 18;
/// The distances from the last crosslink, in slots, at which a shard may have blocks.
pub const SHARD_BLOCK_OFFSETS: [u64; 12] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233];
/// The size of a custody chunk, in bytes.
pub const BYTES_PER_CUSTODY_CHUNK: u64 = 4096;
/// The depth of the tree of a shard block's chunks.
pub const CUSTODY_RESPONSE_DEPTH: u64 = 8;
/// The maximum gas price.
pub const MAX_GASPRICE: Gwei = 1 << 14;
/// The minimum gas price.
pub const MIN_GASPRICE: Gwei = 8;
/// The number of epochs without an attestation after which a validator counts as offline.
pub const ONLINE_PERIOD: u8 = 8;
/// The number of epochs that a light-client committee serves.
pub const LIGHT_CLIENT_COMMITTEE_PERIOD: u64 = 256;

/// The difference of 2^256 and the custody game's prime, `CUSTODY_PRIME`.
pub const CUSTODY_PRIME_COMPLEMENT: u32 = 189;
/// The number of secrets that a custody key yields.
pub const CUSTODY_SECRETS: usize = 3;
/// The size of a custody atom, in bytes.
pub const BYTES_PER_CUSTODY_ATOM: usize = 32;
/// The number of epochs ahead from which on a RANDAO reveal is early.
pub const RANDAO_PENALTY_EPOCHS: u64 = 2;
/// The factor that scales the penalty for an early reveal.
pub const EARLY_DERIVED_SECRET_REVEAL_SLOT_REWARD_MULTIPLE: u64 = 2;
/// The divisor that scales the rewards of custody operations.
pub const MINOR_REWARD_QUOTIENT: u64 = 256;
