//! The constants in which all presets agree, in the specification's order.
//!
//! Those that are the length of a container's field stand in that field's type instead.

use crate::types::{DomainType, Epoch, Gwei, Slot};

/// The first slot.
pub const GENESIS_SLOT: Slot = 0;
/// The first epoch.
pub const GENESIS_EPOCH: Epoch = 0;
/// The epoch that never comes.
pub const FAR_FUTURE_EPOCH: Epoch = u64::MAX;
/// The parts that a validator's rewards of an epoch are made of.
pub const BASE_REWARDS_PER_EPOCH: u64 = 4;
/// The depth of the deposit contract's tree.
pub const DEPOSIT_CONTRACT_TREE_DEPTH: u64 = 32;

/// Validators that may exit in an epoch, at least.
pub const MIN_PER_EPOCH_CHURN_LIMIT: u64 = 4;
/// One in so many active validators may exit in an epoch.
pub const CHURN_LIMIT_QUOTIENT: u64 = 65536;
/// 3 January 2020.
pub const MIN_GENESIS_TIME: u64 = 1_578_009_600;
/// Steps of hysteresis in an increment of effective balance.
pub const HYSTERESIS_QUOTIENT: u64 = 4;
/// Steps that a balance may be below the effective one.
pub const HYSTERESIS_DOWNWARD_MULTIPLIER: u64 = 1;
/// Steps that a balance may be above the effective one.
pub const HYSTERESIS_UPWARD_MULTIPLIER: u64 = 5;
/// How many times the slashed share of all stake each slashed validator loses.
pub const PROPORTIONAL_SLASHING_MULTIPLIER: u64 = 3;

/// What counts of a balance, at most.
pub const MAX_EFFECTIVE_BALANCE: Gwei = 32_000_000_000;
/// The effective balance at which a validator is ejected.
pub const EJECTION_BALANCE: Gwei = 16_000_000_000;
/// The unit of effective balances.
pub const EFFECTIVE_BALANCE_INCREMENT: Gwei = 1_000_000_000;

/// Slots from an attestation to its inclusion, at least.
pub const MIN_ATTESTATION_INCLUSION_DELAY: u64 = 1;
/// Epochs from a seed to what it decides, at least.
pub const MIN_SEED_LOOKAHEAD: u64 = 1;
/// Epochs from a seed to what it decides, at most.
pub const MAX_SEED_LOOKAHEAD: u64 = 4;
/// Epochs without finality after which balances leak.
pub const MIN_EPOCHS_TO_INACTIVITY_PENALTY: u64 = 4;
/// Epochs from an exit to the withdrawal.
pub const MIN_VALIDATOR_WITHDRAWABILITY_DELAY: u64 = 256;

/// Scales all rewards.
pub const BASE_REWARD_FACTOR: u64 = 64;
/// The share of a slashed balance that goes to whoever tells.
pub const WHISTLEBLOWER_REWARD_QUOTIENT: u64 = 512;
/// The share of a reward that goes to the proposer who includes what it is for.
pub const PROPOSER_REWARD_QUOTIENT: u64 = 8;
/// Scales the leak of balances while there is no finality.
pub const INACTIVITY_PENALTY_QUOTIENT: u64 = 16_777_216;
/// The share of its balance that a validator loses as soon as it is slashed.
pub const MIN_SLASHING_PENALTY_QUOTIENT: u64 = 32;

/// Deposits in a block, at most.
pub const MAX_DEPOSITS: u64 = 16;

/// The domain of blocks.
pub const DOMAIN_BEACON_PROPOSER: DomainType = [0, 0, 0, 0];
/// The domain of attestations.
pub const DOMAIN_BEACON_ATTESTER: DomainType = [1, 0, 0, 0];
/// The domain of RANDAO reveals and of custody keys.
pub const DOMAIN_RANDAO: DomainType = [2, 0, 0, 0];
/// The domain of deposits.
pub const DOMAIN_DEPOSIT: DomainType = [3, 0, 0, 0];
/// The domain of voluntary exits.
pub const DOMAIN_VOLUNTARY_EXIT: DomainType = [4, 0, 0, 0];

/// The domain of shard blocks.
pub const DOMAIN_SHARD_PROPOSAL: DomainType = [0x80, 0, 0, 0];
/// The domain of the seeds of shard committees.
pub const DOMAIN_SHARD_COMMITTEE: DomainType = [0x81, 0, 0, 0];
/// The domain of light-client signatures and committees.
pub const DOMAIN_LIGHT_CLIENT: DomainType = [0x82, 0, 0, 0];
/// The domain of custody slashings.
pub const DOMAIN_CUSTODY_BIT_SLASHING: DomainType = [0x83, 0, 0, 0];

/// The slot of the fork to phase 1: as in the vectors, genesis.
pub const PHASE_1_FORK_SLOT: Slot = GENESIS_SLOT;
/// Validators in a light-client committee, at most.
pub const LIGHT_CLIENT_COMMITTEE_SIZE: usize = 128;
/// How slowly the gas price follows demand.
pub const GASPRICE_ADJUSTMENT_COEFFICIENT: u64 = 8;
/// Bytes in a shard block, at most.
pub const MAX_SHARD_BLOCK_SIZE: u64 = 1 << 20;
/// Bytes in a shard block at which the gas price stays.
pub const TARGET_SHARD_BLOCK_SIZE: u64 = 1 << 18;
/// Slots after the last crosslink at which a shard may have blocks.
pub const SHARD_BLOCK_OFFSETS: [u64; 12] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233];
/// Bytes in a chunk that may be challenged.
pub const BYTES_PER_CUSTODY_CHUNK: u64 = 4096;
/// The depth of the tree of chunks in a shard block.
pub const CUSTODY_RESPONSE_DEPTH: u64 = 8;
/// Gas prices, at most.
pub const MAX_GASPRICE: Gwei = 1 << 14;
/// Gas prices, at least.
pub const MIN_GASPRICE: Gwei = 8;
/// Epochs without an attestation after which a validator is taken to be offline.
pub const ONLINE_PERIOD: u8 = 8;
/// Epochs that a light-client committee stays.
pub const LIGHT_CLIENT_COMMITTEE_PERIOD: u64 = 256;

/// What subtracted from 2^256 gives the custody game's prime, `CUSTODY_PRIME`.
pub const CUSTODY_PRIME_COMPLEMENT: u32 = 189;
/// Secrets that a custody key gives.
pub const CUSTODY_SECRETS: usize = 3;
/// Bytes in an atom of custody.
pub const BYTES_PER_CUSTODY_ATOM: usize = 32;
/// Epochs ahead of which a RANDAO reveal is early.
pub const RANDAO_PENALTY_EPOCHS: u64 = 2;
/// Scales the penalty for an early reveal.
pub const EARLY_DERIVED_SECRET_REVEAL_SLOT_REWARD_MULTIPLE: u64 = 2;
/// Scales the rewards of custody operations.
pub const MINOR_REWARD_QUOTIENT: u64 = 256;
