//! The initial ledger of a chain.

use milhouse::List;

use super::{
    EeIndex, EeRecord, EeState, InboundLane, LedgerError, LedgerPhase, NextCode, OutboundLane, PreviousCode,
    ShardLedger, UPGRADE_DELAY_MAX,
    containers::{BeaconLanes, Ledger},
};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    containers::BeaconState,
    error::{Error, ensure},
    math::{Uint64 as _, index},
    types::{BLSPubkey, Bytes32, Gwei, Shard},
};
use ssz_types::BitVector;

/// An EE of the genesis ledger, with its ether.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GenesisEe {
    /// SHA-256 of its code.
    pub code_hash: Bytes32,
    /// The length of its code.
    pub code_bytes: u32,
    /// Whether its code imports `eth2.receiptCopy`.
    pub takes_receipts: bool,
    /// The root with which its state starts.
    pub initial_state_root: Bytes32,
    /// The key that signs exits and upgrades.
    pub owner: BLSPubkey,
    /// The withdrawal credentials of the validator that receives the refunded deposit.
    pub refund_credentials: Bytes32,
    /// The locked ether.
    pub deposit: Gwei,
    /// Epochs between the acceptance of new code and the switch to it, up to [`UPGRADE_DELAY_MAX`]; 0 means that the code
    /// never changes.
    pub upgrade_delay: u64,
    /// Its shards, and its ether on each.
    pub shards: Vec<(Shard, Gwei)>,
}

impl Ledger {
    /// Returns the initial ledger for a state, with all of the phase's shards.
    ///
    /// # Errors
    ///
    /// Fails with [`LedgerError::GenesisUpgradeDelay`] if an upgrade delay exceeds [`UPGRADE_DELAY_MAX`], with
    /// [`Error::IndexOutOfRange`] if an EE is on an unknown shard, or if no validator has the credentials for its refund,
    /// and with [`Error::Arithmetic`] if the sum of all ether overflows.
    pub fn genesis<P: LedgerPhase>(state: &BeaconState<P>, ees: &[GenesisEe]) -> Result<Self, LedgerError> {
        for (ee, genesis) in (0..).zip(ees) {
            let (got, limit) = (genesis.upgrade_delay, UPGRADE_DELAY_MAX);
            if got > limit {
                return Err(LedgerError::GenesisUpgradeDelay { ee, got, limit });
            }
        }
        Ok(Self::with_ees(state, ees)?)
    }

    fn with_ees<P: LedgerPhase>(state: &BeaconState<P>, ees: &[GenesisEe]) -> Result<Self, Error> {
        let n_lanes = index(P::N_SHARDS).saturating_add(1);
        let shard = ShardLedger {
            ees: List::repeat(EeState::default(), ees.len())?,
            inbound: List::repeat(InboundLane::default(), n_lanes)?,
            outbound: List::repeat(OutboundLane::default(), n_lanes)?,
            ..ShardLedger::default()
        };
        let mut shards = vec![shard; index(P::N_SHARDS)];
        let mut records = Vec::new();
        let mut total = 0_u64;
        for (ee, genesis) in (0..).zip(ees) {
            let credentials = genesis.refund_credentials;
            let mut validators = state.validators.iter();
            let has_validator = validators.any(|validator| validator.withdrawal_credentials == credentials);
            ensure(has_validator, Error::IndexOutOfRange)?;
            total = total.plus(genesis.deposit)?.plus(fund(&mut shards, ee, genesis)?)?;
            records.push(record(genesis)?);
        }
        for (shard, shard_ledger) in (0..).zip(&mut shards) {
            shard_ledger.latest_block_root = P::latest_block_root(state, shard);
            shard_ledger.ees.apply_updates()?;
        }
        Ok(Self {
            slot: state.slot,
            ees: List::new(records)?,
            shards: List::new(shards)?,
            total,
            beacon_lanes: BeaconLanes {
                outbound: List::repeat(OutboundLane::default(), index(P::N_SHARDS))?,
                ..BeaconLanes::default()
            },
            ..Self::default()
        })
    }
}

/// Adds an EE to its shards; returns its ether on them.
fn fund(shards: &mut [ShardLedger], ee: EeIndex, genesis: &GenesisEe) -> Result<Gwei, Error> {
    let mut sum = 0_u64;
    for (shard, balance) in &genesis.shards {
        let shard_ledger = shards.get_mut(index(*shard)).ok_or(Error::IndexOutOfRange)?;
        let state = shard_ledger.ees.get_mut(ee as usize).ok_or(Error::IndexOutOfRange)?;
        state.state_root = genesis.initial_state_root;
        state.balance = state.balance.plus(*balance)?;
        sum = sum.plus(*balance)?;
    }
    Ok(sum)
}

fn record(genesis: &GenesisEe) -> Result<EeRecord, Error> {
    let mut shards = BitVector::new();
    for (shard, _) in &genesis.shards {
        shards.set(index(*shard), true).or(Err(Error::IndexOutOfRange))?;
    }
    Ok(EeRecord {
        code_hash: genesis.code_hash,
        code_bytes: genesis.code_bytes,
        initial_state_root: genesis.initial_state_root,
        owner: genesis.owner,
        refund_credentials: genesis.refund_credentials,
        deposit: genesis.deposit,
        shards,
        takes_receipts: genesis.takes_receipts,
        upgrade_delay: genesis.upgrade_delay,
        next_code: NextCode::default(),
        deployed_epoch: 0,
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
        hibernation_epoch: FAR_FUTURE_EPOCH,
        wake_epoch: FAR_FUTURE_EPOCH,
        previous_code: PreviousCode::default(),
    })
}
