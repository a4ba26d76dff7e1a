//! A thin ledger: committees alone vouch for ether, and the ledger keeps 32 bytes of each shard, its execution root.
//!
//! | | ledger | thin ledger |
//! |---|---|---|
//! | keeps of a shard | execution root, 256 recent ones, root and balance of each EE, two lanes for each shard | execution root |
//! | checks of a header | L1 to L8 | L1, L2 and L8, and that no more ether leaves than all shards have |
//! | conservation | of each balance and lane | of the total only: what is not locked, pending or burnt is on some shard |
//! | a captured committee takes | what EEs hold on its shard, and what is in flight to it | the ether of all EEs on all shards |
//! | proofs | all claims | no state roots, balances and recent executions; executions through the crosslink |
//! | exits of EEs | if the EE has no ether | never, because the ledger does not know its ether |
//!
//! Nodes of a chain with a thin ledger check no shard blocks: that would take a ledger of each shard beside the beacon chain's.
//! So far it is for measuring what a thin ledger saves.
//!
//! Blocks do not become smaller: fuel, fees and deposits are in the headers. The ledger does. With 64 shards and two EEs
//! on each, its SSZ has 540,020 instead of 1,177,460 bytes, of which 524,288 are the zeros of the vectors of recent roots,
//! and in a slot with a block of each shard that executes both, 2,048 of them change instead of 8,192.

use super::{
    ExecutionHeader, Ledger, Settings, ShardLedger,
    error::HeaderError,
    ether::{check_deposits, queue_deposits},
};
use milhouse::List;
use outrider_beacon_spec::{
    error::Error,
    math::{Uint64 as _, sum},
    types::{Gwei, Shard},
};

impl Ledger {
    /// Returns the ledger without what a thin one does not keep, for [`Ether::Committee`](super::Ether::Committee). The
    /// total stays.
    ///
    /// # Errors
    ///
    /// Fails if there are too many shards, which no ledger has.
    pub fn into_thin(self) -> Result<Self, Error> {
        let thin = |shard: &ShardLedger| ShardLedger {
            latest_block_root: shard.latest_block_root,
            execution_root: shard.execution_root,
            pending: shard.pending.clone(),
            bounces: shard.bounces.clone(),
            ..ShardLedger::default()
        };
        let shards = List::new(self.shards.iter().map(thin).collect())?;
        Ok(Self { shards, ..self })
    }

    /// Returns whether the ledger is thin: it has no lanes.
    #[must_use]
    pub fn is_thin(&self) -> bool {
        self.shards.iter().all(|shard| shard.outbound.is_empty())
    }
}

/// Applies a header to a thin ledger, after L1 and L2: checks L8, and that the shards together have what leaves them.
/// Returns the fees of the block's proposer.
pub(super) fn process_header(
    ledger: &mut Ledger,
    shard: Shard,
    header: &ExecutionHeader,
    settings: &Settings,
) -> Result<Gwei, HeaderError> {
    let mut fuel = 0_u64;
    for transition in &header.transitions {
        let (ee, got, limit) = (transition.ee, transition.fuel_used, settings.fuel_per_ee_max);
        if got > limit {
            return Err(HeaderError::EeFuel { ee, got, limit });
        }
        fuel = fuel.plus(got)?;
        let least = settings.deposit_amount_min;
        if let Some(small) = transition.deposit_data.iter().find(|data| data.amount < least) {
            return Err(HeaderError::DepositAmount { ee, got: small.amount, least });
        }
    }
    let limit = settings.fuel_per_block_max;
    if fuel > limit {
        return Err(HeaderError::BlockFuel { got: fuel, limit });
    }
    let deposits = header.transitions.iter().flat_map(|transition| &transition.deposit_data);
    let deposits = sum(deposits.map(|data| data.amount))?;
    let proposer_fees = header.transitions.iter().map(|transition| transition.proposer_fee);
    let fees = sum(proposer_fees.chain(header.settlements.iter().map(|settlement| settlement.fees)))?;
    let (got, available) = (fees.plus(deposits)?, ledger.distribution().balances);
    if u128::from(got) > available {
        return Err(HeaderError::AllShards { got, available });
    }
    check_deposits(ledger, shard, header)?;
    queue_deposits(ledger, shard, &header.transitions)?;
    ledger.total = ledger.total.minus(fees)?;
    Ok(fees)
}
