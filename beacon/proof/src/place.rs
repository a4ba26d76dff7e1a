//! The places of claims in the tree of a beacon block.
//!
//! The ledger's entries are below the block's graffiti. From the top, with the number of hashes of each step:
//!
//! | step | phase 0 | phase 1 |
//! |---|---|---|
//! | block, body, graffiti | 3 + 3 | 3 + 4 |
//! | the graffiti is the root of the `LedgerCommitment`, whose first field is the ledger's root | 1 | 1 |
//! | the ledger has eight fields | 3 | 3 |
//! | a field of an EE's record in the registry | 1 + 16, 4 | 1 + 16, 4 |
//! | a part of the set of an EE's shards, in its field | 2 | 2 |
//! | the EEs of a shard | 1 + 10, 3 | 1 + 10, 3 |
//! | root or balance of an EE on the shard | 1 + 16, 1 | 1 + 16, 1 |
//! | the execution root of a shard for a slot | 8 | 8 |
//! | the root of the beacon chain's receipts of a slot | 1 + 8 | 1 + 8 |
//!
//! | a lane to a shard | 1 + 11 | 1 + 11 |
//! | the number before which all of its receipts are settled | 1 | 1 |
//! | a part of the settled ones after it | 1 + 2 | 1 + 2 |
//!
//! The number of shards is 1 below the ledger's list of shards, and that of EEs 1 below a shard's list of EEs.
//!
//! Other claims need no ledger, only containers of the specification; here with the preset `mainnet`:
//!
//! | step | hashes |
//! |---|---|
//! | block, body, `shard_transitions`, a shard's `shard_data_roots`, a block of it | 3 + 4 + 10 + 3 + 5 |
//! | the first chunk of a shard block's body, which is its execution root | 16 |
//! | block, state, `shard_states`, a shard's `latest_block_root` | 3 + 5 + 11 + 2 |
//! | a shard block's body, and its first chunk | 3 + 16 |
//! | block, state, `block_roots`, a slot | 3 + 5 + 13 |
//! | block, state, `finalized_checkpoint`, its epoch | 3 + 5 + 1 |

use super::{
    Claim, Layout, Phase, ProofError,
    claim::{BEACON_CHAIN, RECEIPTS_PER_CLAIM, RECENT_SLOTS, SHARDS_PER_CLAIM, WINDOW},
};

/// `body.graffiti` in a block: field 4 of 5, field 2 of 8 or 16.
const GRAFFITI: [u64; 2] = [12 * 8 + 2, 12 * 16 + 2];
/// The ledger's root in the commitment.
const LEDGER_ROOT: u64 = 2;
/// Fields of the ledger.
const SLOT: u64 = 8;
const EES: u64 = 8 + 1;
const SHARDS: u64 = 8 + 2;
const BEACON_LANES: u64 = 8 + 7;
/// Fields of a record: there are 16.
const CODE_HASH: u64 = 16;
const DEPOSIT: u64 = 16 + 5;
const RECORD_SHARDS: u64 = 16 + 6;
const DEPLOYED_EPOCH: u64 = 16 + 10;
const EXIT_EPOCH: u64 = 16 + 11;
const WITHDRAWABLE_EPOCH: u64 = 16 + 12;
const HIBERNATION_EPOCH: u64 = 16 + 13;
const WAKE_EPOCH: u64 = 16 + 14;
/// Fields of what is known of a shard.
const SHARD_EES: u64 = 8 + 2;
const RECENT: u64 = 8 + 3;
const INBOUND: u64 = 8 + 4;
/// Fields of a lane to a shard.
const SETTLED_BEFORE: u64 = 2;
const SETTLED: u64 = 3;
/// The receipts of the beacon chain: `recent` of its lanes, field 0 of 2, in the place of a shard's.
const BEACON_RECENT: u64 = 2;
/// Fields of an EE's state on a shard.
const STATE_ROOT: u64 = 2;
const BALANCE: u64 = 3;
/// The number of a list's elements, to the right of these.
const COUNT: u64 = 3;
/// Limits of lists.
const MAX_EES: u64 = 1 << 16;
const MAX_SHARDS: u64 = 1 << 10;
/// The leaves of a list of lanes: it has one for each shard, and the beacon chain's.
const LANES: u64 = 1 << 11;

/// `slot` in a block: field 0 of 5.
const BLOCK_SLOT: u64 = 8;
/// `body.shard_transitions` in a block of phase 1: field 4 of 5, field 13 of 16.
const SHARD_TRANSITIONS: u64 = 12 * 16 + 13;
/// `shard_data_roots` in a transition: field 2 of 5.
const SHARD_DATA_ROOTS: u64 = 8 + 2;
/// A transition has at most 12 blocks, in a tree of this many leaves.
const SHARD_BLOCK_PLACES: u64 = 16;
/// Fields of the state after a block, whose root is field 3 of 5: fields 5 and 20 of 21 or 29, and 22 of 29.
const BLOCK_ROOTS: u64 = 11 * 32 + 5;
const FINALIZED_CHECKPOINT: u64 = 11 * 32 + 20;
const SHARD_STATES: u64 = 11 * 32 + 22;
/// `epoch` in a checkpoint: field 0 of 2.
const CHECKPOINT_EPOCH: u64 = 2;
/// `latest_block_root` in a shard's state: field 2 of 3.
const LATEST_BLOCK_ROOT: u64 = 4 + 2;
/// `body` in a shard block: field 5 of 6.
const SHARD_BODY: u64 = 8 + 5;
/// The first of a body's 2^15 chunks; their number is to the right of the tree.
const FIRST_CHUNK: u64 = 2 << 15;
/// The longest history of block roots, far beyond any preset.
const HISTORY_MAX: u64 = 1 << 20;

impl Claim {
    /// Returns the generalized index of the claim in a block's tree.
    ///
    /// # Errors
    ///
    /// Fails with [`ProofError::NoPlace`] if the index of an EE, a shard or a shard block is out of range, if shards do
    /// not begin with a multiple of [`SHARDS_PER_CLAIM`], if blocks of the phase have no such claim, or if a number of the layout is not a power of two.
    pub fn gindex(self, layout: Layout) -> Result<u64, ProofError> {
        let [phase_0, phase_1] = GRAFFITI;
        let graffiti = match layout.phase {
            Phase::Phase0 => phase_0,
            Phase::Phase1 => phase_1,
        };
        let ledger = below(graffiti, LEDGER_ROOT);
        let record = |ee: u32, field| {
            let record = below(below(ledger, EES), element(u64::from(ee), MAX_EES)?);
            Ok(below(record, field))
        };
        let on_shard = |shard| Ok(below(below(ledger, SHARDS), element(shard, MAX_SHARDS)?));
        let lane = |source, destination| {
            // The beacon chain's is the first.
            let lane = match source {
                BEACON_CHAIN => 0,
                0..MAX_SHARDS => source + 1,
                _ => return Err(ProofError::NoPlace),
            };
            Ok(below(below(on_shard(destination)?, INBOUND), element(lane, LANES)?))
        };
        let ee_on_shard = |shard, ee| Ok(below(below(on_shard(shard)?, SHARD_EES), element(ee, MAX_EES)?));
        Ok(match self {
            Self::CodeHash { ee } => record(ee, CODE_HASH)?,
            Self::Deposit { ee } => record(ee, DEPOSIT)?,
            Self::DeployedEpoch { ee } => record(ee, DEPLOYED_EPOCH)?,
            Self::ExitEpoch { ee } => record(ee, EXIT_EPOCH)?,
            Self::WithdrawableEpoch { ee } => record(ee, WITHDRAWABLE_EPOCH)?,
            Self::HibernationEpoch { ee } => record(ee, HIBERNATION_EPOCH)?,
            Self::WakeEpoch { ee } => record(ee, WAKE_EPOCH)?,
            Self::Shards { ee, from } => below(record(ee, RECORD_SHARDS)?, part_of_shards(from)?),
            Self::StateRoot { shard, ee } => below(ee_on_shard(shard, u64::from(ee))?, STATE_ROOT),
            Self::Balance { shard, ee } => below(ee_on_shard(shard, u64::from(ee))?, BALANCE),
            Self::Slot => below(ledger, SLOT),
            Self::ShardCount => below(below(ledger, SHARDS), COUNT),
            Self::EeCount { shard } => below(below(on_shard(shard)?, SHARD_EES), COUNT),
            Self::ExecutionRoot { shard: BEACON_CHAIN, slot } => {
                below(below(below(ledger, BEACON_LANES), BEACON_RECENT), RECENT_SLOTS + slot % RECENT_SLOTS)
            }
            Self::ExecutionRoot { shard, slot } => {
                below(below(on_shard(shard)?, RECENT), RECENT_SLOTS + slot % RECENT_SLOTS)
            }
            Self::BlockSlot => BLOCK_SLOT,
            Self::FinalizedEpoch => below(FINALIZED_CHECKPOINT, CHECKPOINT_EPOCH),
            Self::SettledBefore { source, destination } => below(lane(source, destination)?, SETTLED_BEFORE),
            Self::Settled { source, destination, from } => {
                below(below(lane(source, destination)?, SETTLED), part_of_window(from)?)
            }
            Self::BlockRoot { slot } => {
                let n_slots = power_of_two(layout.slots_per_historical_root, HISTORY_MAX)?;
                below(BLOCK_ROOTS, n_slots + slot % n_slots)
            }
            Self::CrosslinkedExecution { shard, block } => {
                let max_shards = shards_of(layout, shard)?;
                let data_roots = below(below(SHARD_TRANSITIONS, max_shards + shard), SHARD_DATA_ROOTS);
                below(below(data_roots, element(block, SHARD_BLOCK_PLACES)?), FIRST_CHUNK)
            }
            Self::LatestExecution { shard } => {
                let shard_state = below(SHARD_STATES, element(shard, shards_of(layout, shard)?)?);
                below(below(below(shard_state, LATEST_BLOCK_ROOT), SHARD_BODY), FIRST_CHUNK)
            }
        })
    }
}

/// Returns the preset's `MAX_SHARDS`, if a block of the layout has this shard.
fn shards_of(layout: Layout, shard: u64) -> Result<u64, ProofError> {
    let max_shards = power_of_two(layout.max_shards, MAX_SHARDS)?;
    let has_shard = layout.phase == Phase::Phase1 && shard < max_shards;
    if has_shard { Ok(max_shards) } else { Err(ProofError::NoPlace) }
}

/// Returns the place of a part in the set of an EE's shards.
fn part_of_shards(from: u64) -> Result<u64, ProofError> {
    let is_part = from < MAX_SHARDS && from.is_multiple_of(SHARDS_PER_CLAIM);
    if is_part { Ok((MAX_SHARDS + from) / SHARDS_PER_CLAIM) } else { Err(ProofError::NoPlace) }
}

/// Returns the place of a part in the bits of a window.
fn part_of_window(from: u64) -> Result<u64, ProofError> {
    let is_part = from < WINDOW && from.is_multiple_of(RECEIPTS_PER_CLAIM);
    if is_part { Ok((WINDOW + from) / RECEIPTS_PER_CLAIM) } else { Err(ProofError::NoPlace) }
}

fn power_of_two(n: u64, limit: u64) -> Result<u64, ProofError> {
    if n.is_power_of_two() && n <= limit { Ok(n) } else { Err(ProofError::NoPlace) }
}

/// Returns the generalized index of an element of a list: the elements are to the left, and their number is to the
/// right.
fn element(index: u64, limit: u64) -> Result<u64, ProofError> {
    if index < limit { Ok(2 * limit + index) } else { Err(ProofError::NoPlace) }
}

/// Returns the generalized index of `lower` in the subtree at `upper`. No claim needs more than 44 bits.
fn below(upper: u64, lower: u64) -> u64 {
    let depth = lower.ilog2();
    (upper << depth) | (lower ^ (1 << depth))
}
