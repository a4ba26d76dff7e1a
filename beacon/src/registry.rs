//! The registry of EEs: their deployment, upgrades and exits, and the transfer of ether between them and validators.
//!
//! | module | concern |
//! |---|---|
//! | [`admission`] | interfaces for judging code and executions |
//! | `deploy` | the deployment of an EE, with a deposit |
//! | `pre_check` | the validators' vote on its code |
//! | `tally` | the count of such a vote |
//! | `upgrade` | new code for an EE that was deployed as upgradable |
//! | `exit` | the exit of an EE, and the refund of its deposit |
//! | `rent` | rent, hibernation, and top-ups of the deposit |
//! | `withdraw` | ether from a validator to an EE |
//! | `deposit` | ether from an EE to a validator |
//! | `slashing` | slashings of double proposals and wrong attestations |
//! | `accusation` | decisions about accused parts of shard blocks |
//!
//! It departs from the design in these points: a `Deploy` signs its index, and a `WithdrawToEe` the balance before, so
//! that neither can be used twice; the deposit is refunded without a request, to the first validator with the
//! credentials; and EEs cannot bounce ether from the beacon chain, because nothing returns on that lane.
//!
//! An exit also lapses while value is in flight on any lane of the EE's shards: lanes do not distinguish EEs, so a
//! bounce could be for it.

mod accusation;
pub mod admission;
mod deploy;
mod deposit;
mod epoch;
mod exit;
mod pre_check;
mod rent;
mod slashing;
mod tally;
mod upgrade;
mod withdraw;

pub use admission::{Admission, CodeProperties, Dispute, Judge, NoJudge, Refusal, Undecided};
pub use tally::Tally;

pub(crate) use deposit::process_pending_deposits;
pub(crate) use epoch::process_epoch;

use crate::ledger::{
    EeIndex, EeRecord, Ledger, LedgerError, LedgerOperations, LedgerPhase, Outbox, Settings,
    error::OperationError,
};
use outrider_beacon_spec::{
    accessors::{get_current_epoch, get_domain},
    bls::{self, InfiniteKey, PublicKey},
    compute::compute_signing_root,
    constants::FAR_FUTURE_EPOCH,
    containers::BeaconState,
    error::Error,
    math::index,
    types::{BLSPubkey, BLSSignature, DomainType, Epoch, Gwei, Root, ValidatorIndex},
};
use tree_hash::TreeHash;

/// The rules by which operations are judged.
#[derive(Clone, Copy)]
pub struct Rules<'r> {
    /// Prices, limits and times.
    pub settings: &'r Settings,
    /// Judges whether code is valid.
    pub admission: &'r dyn Admission,
    /// Judges whether an execution was right.
    pub judge: &'r dyn Judge,
    /// Whether signatures are verified; otherwise they count as valid.
    pub verify_signatures: bool,
}

/// Everything that an operation may change.
pub(crate) struct Context<'c, P: LedgerPhase> {
    pub(crate) state: &'c mut BeaconState<P>,
    pub(crate) ledger: &'c mut Ledger,
    pub(crate) outbox: &'c mut Outbox,
    pub(crate) rules: Rules<'c>,
}

impl<P: LedgerPhase> Context<'_, P> {
    fn now(&self) -> Epoch {
        get_current_epoch(self.state)
    }

    fn record(&self, ee: EeIndex) -> Result<&EeRecord, OperationError> {
        let n = self.ledger.ees.len();
        self.ledger.ees.get(ee as usize).ok_or(OperationError::EeUnknown { got: ee, n })
    }

    /// Returns the record of an EE that is awake and neither exiting nor going to hibernate.
    fn awake(&self, ee: EeIndex) -> Result<&EeRecord, OperationError> {
        let record = self.staying(ee)?;
        if record.is_hibernating() || record.is_asleep(self.now()) {
            return Err(OperationError::EeHibernates { ee, from: record.hibernation_epoch });
        }
        Ok(record)
    }

    /// Returns the record of an EE that is deployed and not exiting.
    fn staying(&self, ee: EeIndex) -> Result<&EeRecord, OperationError> {
        let (record, now) = (self.record(ee)?, self.now());
        let (from, until) = (record.deployed_epoch, record.exit_epoch);
        if !record.is_deployed(now) {
            return Err(OperationError::EeNotActive { ee, got: now, from, until });
        }
        if record.is_exiting() {
            return Err(OperationError::EeExits { ee, exit_epoch: until });
        }
        Ok(record)
    }

    /// Checks that an operation is from this epoch or the previous one.
    fn check_epoch(&self, got: Epoch) -> Result<(), OperationError> {
        let now = self.now();
        if got == now || got.checked_add(1) == Some(now) {
            Ok(())
        } else {
            Err(OperationError::Epoch { got, now })
        }
    }

    fn check_signature(
        &self,
        signer: &BLSPubkey,
        message: &impl TreeHash,
        domain_type: DomainType,
        signature: &BLSSignature,
    ) -> Result<(), OperationError> {
        if !self.rules.verify_signatures {
            return Ok(());
        }
        let signing_root = compute_signing_root(message, get_domain(self.state, domain_type, None));
        verify(signer, signing_root, signature)
    }

    fn pubkey(&self, validator_index: ValidatorIndex) -> Result<BLSPubkey, OperationError> {
        let validator = self.state.validators.get(index(validator_index)).ok_or(Error::IndexOutOfRange)?;
        Ok(validator.pubkey)
    }

    /// Checks that a validator's balance is withdrawable, and returns it.
    fn withdrawable_balance(&self, validator_index: ValidatorIndex) -> Result<Gwei, OperationError> {
        let validator = self.state.validators.get(index(validator_index)).ok_or(Error::IndexOutOfRange)?;
        let (withdrawable_epoch, now) = (validator.withdrawable_epoch, self.now());
        if withdrawable_epoch > now && self.rules.settings.faucet != Some(validator_index) {
            let validator = validator_index;
            return Err(match withdrawable_epoch {
                FAR_FUTURE_EPOCH => OperationError::NotExited { validator },
                _ => OperationError::NotWithdrawable { validator, withdrawable_epoch, now },
            });
        }
        Ok(*self.state.balances.get(index(validator_index)).ok_or(Error::IndexOutOfRange)?)
    }

    /// Moves ether of a validator into the ledger's total.
    fn take(&mut self, validator: ValidatorIndex, amount: Gwei) -> Result<(), OperationError> {
        let balance = self.state.balances.get_mut(index(validator)).ok_or(Error::IndexOutOfRange)?;
        let available = *balance;
        let got = amount;
        let rest = available.checked_sub(amount);
        let rest = rest.ok_or(OperationError::ValidatorBalance { validator, got, available })?;
        self.ledger.total = self.ledger.total.checked_add(amount).ok_or(Error::Arithmetic)?;
        *balance = rest;
        Ok(())
    }
}

/// Verifies a signature. Keys that are the point at infinity, whose secret key everybody knows, are invalid.
fn verify(signer: &BLSPubkey, signing_root: Root, signature: &BLSSignature) -> Result<(), OperationError> {
    PublicKey::decode(signer, InfiniteKey::Refused)
        .ok()
        .and_then(|pubkey| bls::verify(&pubkey, signing_root.as_slice(), signature).ok())
        .ok_or(OperationError::Signature { signer: *signer })
}

/// Applies a block's operations, without the executions, in the order of the container.
pub(crate) fn process_operations<P: LedgerPhase>(
    context: &mut Context<'_, P>,
    operations: &LedgerOperations<P>,
) -> Result<(), LedgerError> {
    each("deploy", &operations.deploys, |operation| context.process_deploy(operation))?;
    each("pre-check vote", &operations.pre_check_votes, |operation| {
        context.process_pre_check_vote(operation)
    })?;
    each("exit", &operations.exits, |operation| context.process_exit(operation))?;
    each("upgrade", &operations.upgrades, |operation| context.process_upgrade(operation))?;
    each("withdrawal", &operations.withdrawals, |operation| context.process_withdraw_to_ee(operation))?;
    each("shard proposer slashing", &operations.shard_proposer_slashings, |operation| {
        context.process_shard_proposer_slashing(operation)
    })?;
    each("execution slashing", &operations.execution_slashings, |operation| {
        context.process_execution_slashing(operation)
    })?;
    each("top-up", &operations.top_ups, |operation| context.process_top_up(operation))
}

fn each<T>(
    kind: &'static str,
    operations: &[T],
    mut process: impl FnMut(&T) -> Result<(), OperationError>,
) -> Result<(), LedgerError> {
    for (index, operation) in operations.iter().enumerate() {
        process(operation).map_err(|error| LedgerError::Operation { kind, index, error })?;
    }
    Ok(())
}
