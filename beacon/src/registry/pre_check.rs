//! The validators' vote on code: two thirds of the active stake accept it, a third rejects it, and without either in
//! time the vote lapses.

use std::collections::BTreeSet;

use milhouse::List;

use super::{Context, Tally};
use crate::ledger::{
    EeIndex, LedgerPhase, NextCode, PreCheck, SignedPreCheckVote, change, dispute_epochs,
    error::OperationError, operation::DOMAIN_PRE_CHECK_VOTE,
};
use outrider_beacon_spec::{
    accessors::{get_domain, validator},
    bls,
    compute::compute_signing_root,
    constants::FAR_FUTURE_EPOCH,
    error::Error,
    math::{Uint64 as _, index},
    predicates::is_active_validator,
    types::{Epoch, ValidatorIndex},
};

impl<P: LedgerPhase> Context<'_, P> {
    /// Counts a vote of validators that are active and have not voted on the code before; if that decides, the code is
    /// accepted or rejected.
    pub(super) fn process_pre_check_vote(
        &mut self,
        signed: &SignedPreCheckVote,
    ) -> Result<(), OperationError> {
        let vote = &signed.message;
        let voters = &signed.validators;
        if voters.is_empty() || !voters.is_sorted_by(|a, b| a < b) {
            return Err(OperationError::VotersOrder {});
        }
        let place = self.ledger.pre_checks.iter().position(|pre_check| {
            (pre_check.ee, pre_check.code_hash, pre_check.opened_epoch)
                == (vote.ee, vote.code_hash, vote.opened_epoch)
        });
        let place = place.ok_or(OperationError::NoPreCheck {
            ee: vote.ee,
            code_hash: vote.code_hash,
            opened_epoch: vote.opened_epoch,
        })?;
        let mut pre_check = self.ledger.pre_checks.get(place).ok_or(Error::IndexOutOfRange)?.clone();
        for voter in voters {
            self.check_voter(&pre_check, *voter)?;
            let bits = if vote.accept { &mut pre_check.accepted } else { &mut pre_check.rejected };
            bits.set(index(*voter), true).or(Err(OperationError::Voter { validator: *voter }))?;
        }
        self.check_voters_signature(signed)?;
        let tally = Tally::of(self.state, &pre_check)?;
        if tally.is_accepted()? {
            self.accept(&pre_check)?;
            self.close_pre_check(place)
        } else if tally.is_rejected()? {
            self.reject(&pre_check)?;
            self.close_pre_check(place)
        } else {
            change(&mut self.ledger.pre_checks, place as u64, |slot| {
                *slot = pre_check;
                Ok(())
            })
        }
    }

    fn check_voter(&self, pre_check: &PreCheck, voter: ValidatorIndex) -> Result<(), OperationError> {
        if !is_active_validator(validator(self.state, voter)?, self.now()) {
            return Err(OperationError::Voter { validator: voter });
        }
        let has_voted =
            [&pre_check.accepted, &pre_check.rejected].iter().any(|bits| bits.get(index(voter)) == Ok(true));
        if has_voted { Err(OperationError::VotedBefore { validator: voter }) } else { Ok(()) }
    }

    fn check_voters_signature(&self, signed: &SignedPreCheckVote) -> Result<(), OperationError> {
        if !self.rules.verify_signatures {
            return Ok(());
        }
        let pubkeys: Vec<_> =
            signed.validators.iter().map(|voter| self.pubkey(*voter)).collect::<Result<_, _>>()?;
        let domain = get_domain(self.state, DOMAIN_PRE_CHECK_VOTE, None);
        let signing_root = compute_signing_root(&signed.message, domain);
        let first = pubkeys.first().copied().unwrap_or_default();
        let keys: Option<Vec<_>> = pubkeys.iter().map(|pubkey| bls::decode_pubkey(pubkey).ok()).collect();
        keys.and_then(|keys| {
            bls::fast_aggregate_verify(&keys, signing_root.as_slice(), &signed.signature).ok()
        })
        .ok_or(OperationError::Signature { signer: first })
    }

    /// Accepts code: a new EE is active from the next epoch on. An upgrade takes effect after the EE's delay, and not before
    /// executions of the code before the last upgrade cannot be disputed any more.
    fn accept(&mut self, pre_check: &PreCheck) -> Result<(), OperationError> {
        let ee = pre_check.ee;
        let next_epoch = self.now().plus(1)?;
        let record = self.record(ee)?.clone();
        if self.is_upgrade(pre_check)? {
            let undisputed = record.previous_code.disputed_until(dispute_epochs::<P::Preset>());
            let epoch = self.now().plus(record.upgrade_delay)?.max(undisputed);
            let PreCheck { code_hash, code_bytes, takes_receipts, .. } = *pre_check;
            return change(&mut self.ledger.ees, u64::from(ee), |record| {
                record.next_code = NextCode { code_hash, code_bytes, takes_receipts, epoch };
                Ok(())
            });
        }
        for shard in 0..self.ledger.shards.len() as u64 {
            if record.is_on(shard) && !self.ledger.is_thin() {
                change(&mut self.ledger.shards, shard, |shard| {
                    change(&mut shard.ees, u64::from(ee), |state| {
                        state.state_root = record.initial_state_root;
                        Ok::<_, Error>(())
                    })
                })?;
            }
        }
        change(&mut self.ledger.ees, u64::from(ee), |record| {
            record.deployed_epoch = next_epoch;
            Ok(())
        })
    }

    /// Rejects code: a new EE is removed and its deposit is refunded, and an upgraded EE keeps its code.
    fn reject(&mut self, pre_check: &PreCheck) -> Result<(), OperationError> {
        self.remove(pre_check, self.now())
    }

    /// Ends a vote that has decided nothing, with the consequences of a rejection.
    pub(super) fn lapse(&mut self, pre_check: &PreCheck) -> Result<(), OperationError> {
        self.remove(pre_check, FAR_FUTURE_EPOCH)
    }

    /// Removes a new EE. The exit epoch of its record is set if validators have rejected it.
    fn remove(&mut self, pre_check: &PreCheck, exit_epoch: Epoch) -> Result<(), OperationError> {
        if self.is_upgrade(pre_check)? {
            return Ok(());
        }
        let now = self.now();
        change(&mut self.ledger.ees, u64::from(pre_check.ee), |record| {
            record.exit_epoch = exit_epoch;
            record.withdrawable_epoch = now;
            Ok::<_, Error>(())
        })?;
        self.refund(pre_check.ee)
    }

    /// Returns whether the code is for an EE that was accepted with other code.
    fn is_upgrade(&self, pre_check: &PreCheck) -> Result<bool, OperationError> {
        Ok(self.record(pre_check.ee)?.deployed_epoch != FAR_FUTURE_EPOCH)
    }

    fn close_pre_check(&mut self, place: usize) -> Result<(), OperationError> {
        self.close_pre_checks(&BTreeSet::from([place]))
    }

    /// Ends votes.
    pub(super) fn close_pre_checks(&mut self, places: &BTreeSet<usize>) -> Result<(), OperationError> {
        let kept = self.ledger.pre_checks.iter().enumerate().filter(|(place, _)| !places.contains(place));
        let kept: Vec<_> = kept.map(|(_, pre_check)| pre_check.clone()).collect();
        self.ledger.pre_checks = List::new(kept).map_err(Error::from)?;
        Ok(())
    }

    /// Returns whether a vote on an EE's code is open.
    pub(super) fn is_voted_on(&self, ee: EeIndex) -> bool {
        self.ledger.pre_checks.iter().any(|pre_check| pre_check.ee == ee)
    }
}
