//! The deployment of an EE, with a deposit.

use milhouse::List;
use ssz_types::BitList;

use super::{Context, Tally};
use crate::ledger::{
    EeRecord, EeState, LedgerPhase, PreCheck, SignedDeploy, UPGRADE_DELAY_MAX, change, error::OperationError,
    operation::DOMAIN_DEPLOY,
};
use outrider_beacon_spec::{
    constants::FAR_FUTURE_EPOCH,
    error::Error,
    hash::hash,
    types::{Bytes32, Gwei},
};

/// The most votes on code at a time.
const PRE_CHECKS_MAX: usize = 64;

impl<P: LedgerPhase> Context<'_, P> {
    /// Adds an EE to the registry and opens a vote on it, after these checks, in this order:
    ///
    ///
    /// 1. the index is the next one, the shards exist, the upgrade delay is within [`UPGRADE_DELAY_MAX`], and a
    ///    validator has the credentials for the refund;
    /// 2. the deposit suffices for size and shards, and the payer has it and may withdraw it;
    /// 3. the payer signed;
    /// 4. the code is valid, and no other EE has it.
    pub(super) fn process_deploy(&mut self, signed: &SignedDeploy) -> Result<(), OperationError> {
        let deploy = &signed.message;
        let expected = self.ledger.ees.len();
        if deploy.ee as usize != expected {
            return Err(OperationError::EeIndex { got: deploy.ee, expected });
        }
        let n_shards = self.ledger.shards.len();
        let last_shard = deploy.shards.highest_set_bit().ok_or(OperationError::NoShard {})?;
        if last_shard >= n_shards {
            return Err(OperationError::Shards { got: last_shard as u64, n_shards });
        }
        let (got, limit) = (deploy.upgrade_delay, UPGRADE_DELAY_MAX);
        if got > limit {
            return Err(OperationError::UpgradeDelay { got, limit });
        }
        self.refunded(deploy.refund_credentials)?;
        self.check_deposit(deploy.deposit, deploy.code.len(), deploy.shards.num_set_bits())?;
        self.withdrawable_balance(deploy.payer)?;
        let payer = self.pubkey(deploy.payer)?;
        self.check_signature(&payer, deploy, DOMAIN_DEPLOY, &signed.signature)?;
        let mut pre_check = self.pre_check(deploy.ee, &deploy.code)?;
        self.take(deploy.payer, deploy.deposit)?;

        pre_check.ee = deploy.ee;
        self.ledger
            .ees
            .push(EeRecord {
                code_hash: pre_check.code_hash,
                code_bytes: pre_check.code_bytes,
                initial_state_root: deploy.initial_state_root,
                owner: deploy.owner,
                refund_credentials: deploy.refund_credentials,
                deposit: deploy.deposit,
                shards: deploy.shards.clone(),
                takes_receipts: pre_check.takes_receipts,
                upgrade_delay: deploy.upgrade_delay,
                deployed_epoch: FAR_FUTURE_EPOCH,
                exit_epoch: FAR_FUTURE_EPOCH,
                withdrawable_epoch: FAR_FUTURE_EPOCH,
                hibernation_epoch: FAR_FUTURE_EPOCH,
                wake_epoch: FAR_FUTURE_EPOCH,
                ..EeRecord::default()
            })
            .map_err(Error::from)?;
        self.ledger.ees.apply_updates().map_err(Error::from)?;
        let n_kept = if self.ledger.is_thin() { 0 } else { n_shards };
        for shard in 0..n_kept as u64 {
            change(&mut self.ledger.shards, shard, |shard| push(&mut shard.ees, EeState::default()))?;
        }
        Ok(push(&mut self.ledger.pre_checks, pre_check)?)
    }

    /// Checks that a deposit suffices for code of some length and an EE on some shards.
    pub(super) fn check_deposit(
        &self,
        got: Gwei,
        code_bytes: usize,
        n_shards: usize,
    ) -> Result<(), OperationError> {
        let limit = self.rules.settings.code_bytes_max;
        if code_bytes > limit {
            return Err(OperationError::CodeBytes { got: code_bytes, limit });
        }
        let least = self.rules.settings.deposit(code_bytes, n_shards);
        if got < least { Err(OperationError::Deposit { got, least }) } else { Ok(()) }
    }

    /// Returns the vote to open on code, after checking that the code is valid, that no EE has it, that no vote on it is
    /// open, and that there is room.
    pub(super) fn pre_check(&self, ee: u32, code: &[u8]) -> Result<PreCheck, OperationError> {
        let got = self.ledger.pre_checks.len();
        if got >= PRE_CHECKS_MAX {
            return Err(OperationError::PreChecksFull { got });
        }
        let code_hash = hash(&[code]);
        if let Some(vote) = self.ledger.pre_checks.iter().find(|vote| vote.code_hash == code_hash) {
            let Tally { accepted, rejected, total } = Tally::of(self.state, vote)?;
            let until = vote.opened_epoch.saturating_add(self.rules.settings.pre_check_epochs);
            return Err(OperationError::CodeVotedOn {
                code_hash,
                ee: vote.ee,
                until,
                accepted,
                rejected,
                total,
            });
        }
        if let Some(ee) = self.user_of(code_hash) {
            return Err(OperationError::CodeInUse { code_hash, ee });
        }
        let admitted =
            self.rules.admission.admit(code).map_err(|refusal| OperationError::Code { reason: refusal.0 })?;
        let voters = || BitList::with_capacity(self.state.validators.len()).or(Err(Error::ListFull));
        Ok(PreCheck {
            ee,
            code_hash,
            code_bytes: u32::try_from(code.len()).or(Err(Error::Arithmetic))?,
            takes_receipts: admitted.takes_receipts,
            opened_epoch: self.now(),
            accepted: voters()?,
            rejected: voters()?,
        })
    }

    /// Returns the EE with this code, or with an upgrade to this code pending.
    fn user_of(&self, code_hash: Bytes32) -> Option<u32> {
        let mut in_registry = (0_u32..).zip(&self.ledger.ees).filter(|(_, record)| {
            let next = &record.next_code;
            let has_next = next.epoch != FAR_FUTURE_EPOCH && next.code_hash == code_hash;
            !record.is_gone() && (record.code_hash == code_hash || has_next)
        });
        in_registry.next().map(|(ee, _)| ee)
    }
}

/// Appends to a list.
pub(super) fn push<T: milhouse::Value, N: ssz_types::typenum::Unsigned>(
    list: &mut List<T, N>,
    value: T,
) -> Result<(), Error> {
    list.push(value)?;
    Ok(list.apply_updates()?)
}
