//! The votes of simulated validators on code.

use crate::keys::Keys;
use outrider_beacon::ledger::{
    EeIndex, ExtendedState, Ledger, LedgerPhase, PreCheckVote, SignedPreCheckVote,
    operation::DOMAIN_PRE_CHECK_VOTE,
};
use outrider_beacon_spec::{
    accessors::{
        get_active_validator_indices, get_current_epoch, get_domain, get_total_active_balance, validator,
    },
    compute::compute_signing_root,
    containers::BeaconState,
    error::Error,
    math::{Uint64 as _, index},
    types::{Gwei, ValidatorIndex},
};

/// The number of validators that sign one vote, at most.
const VOTERS_MAX: usize = 2048;
/// The number of votes in a block, at most.
const VOTES_MAX: usize = 128;

/// Returns the next block's votes on the code of an EE, from active validators that have not voted yet. Validators with an index
/// below `n_against` vote against the code, all others vote for it. The list ends once the vote is decided. It is empty if no
/// validator is left, or if the EE has no code to vote on.
///
/// # Errors
///
/// Fails if a validator has no key.
pub fn vote_on_code<P: LedgerPhase>(
    extended: &ExtendedState<P>,
    ee: EeIndex,
    n_against: u64,
    keys: &Keys,
) -> Result<Vec<SignedPreCheckVote>, Error> {
    let ExtendedState { state, ledger } = extended;
    let Some((mut tally, voters)) = tally(state, ledger, ee)? else { return Ok(Vec::new()) };
    let pre_check = ledger.pre_checks().iter().find(|pre_check| pre_check.ee == ee);
    let Some(pre_check) = pre_check else { return Ok(Vec::new()) };
    let (against, in_favour): (Vec<_>, Vec<_>) = voters.into_iter().partition(|voter| *voter < n_against);
    let mut votes = Vec::new();
    for (accept, voters) in [(false, against), (true, in_favour)] {
        for voters in voters.chunks(VOTERS_MAX) {
            if tally.is_decided()? || votes.len() == VOTES_MAX {
                return Ok(votes);
            }
            let message = PreCheckVote {
                ee,
                code_hash: pre_check.code_hash,
                opened_epoch: pre_check.opened_epoch,
                accept,
            };
            let domain = get_domain(state, DOMAIN_PRE_CHECK_VOTE, None);
            let signature = keys.sign(voters, compute_signing_root(&message, domain))?;
            tally.add(state, accept, voters)?;
            let validators = voters.to_vec().try_into()?;
            votes.push(SignedPreCheckVote { message, validators, signature });
        }
    }
    Ok(votes)
}

/// The stake of the votes for and against code, and of all active validators.
struct Tally {
    accepted: Gwei,
    rejected: Gwei,
    total: Gwei,
}

impl Tally {
    fn add<P: LedgerPhase>(
        &mut self,
        state: &BeaconState<P>,
        accept: bool,
        voters: &[ValidatorIndex],
    ) -> Result<(), Error> {
        let sum = if accept { &mut self.accepted } else { &mut self.rejected };
        for voter in voters {
            *sum = sum.plus(validator(state, *voter)?.effective_balance)?;
        }
        Ok(())
    }

    fn is_decided(&self) -> Result<bool, Error> {
        Ok(self.accepted.times(3)? >= self.total.times(2)? || self.rejected.times(3)? >= self.total)
    }
}

/// Returns the votes on an EE's code so far and the validators that have not voted, or `None` if there is no vote on its code.
fn tally<P: LedgerPhase>(
    state: &BeaconState<P>,
    ledger: &Ledger,
    ee: EeIndex,
) -> Result<Option<(Tally, Vec<ValidatorIndex>)>, Error> {
    let Some(pre_check) = ledger.pre_checks().iter().find(|pre_check| pre_check.ee == ee) else {
        return Ok(None);
    };
    let mut tally = Tally { accepted: 0, rejected: 0, total: get_total_active_balance(state)? };
    let mut left = Vec::new();
    for voter in get_active_validator_indices(state, get_current_epoch(state)).iter().copied() {
        if pre_check.accepted.get(index(voter)) == Ok(true) {
            tally.add(state, true, &[voter])?;
        } else if pre_check.rejected.get(index(voter)) == Ok(true) {
            tally.add(state, false, &[voter])?;
        } else {
            left.push(voter);
        }
    }
    Ok(Some((tally, left)))
}
