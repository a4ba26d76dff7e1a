//! The votes of simulated validators on code.

use crate::keys::Keys;
use outrider_beacon::{
    ledger::{
        EeIndex, ExtendedState, LedgerPhase, PreCheckVote, SignedPreCheckVote,
        operation::DOMAIN_PRE_CHECK_VOTE,
    },
    registry::Tally,
};
use outrider_beacon_spec::{
    accessors::{get_active_validator_indices, get_current_epoch, get_domain, validator},
    compute::compute_signing_root,
    error::Error,
    math::{Uint64 as _, index},
    types::ValidatorIndex,
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
    let pre_check = ledger.pre_checks().iter().find(|pre_check| pre_check.ee == ee);
    let Some(pre_check) = pre_check else { return Ok(Vec::new()) };
    let mut tally = Tally::of(state, pre_check)?;
    let has_voted = |voter: ValidatorIndex| {
        [&pre_check.accepted, &pre_check.rejected].iter().any(|bits| bits.get(index(voter)) == Ok(true))
    };
    let active = get_active_validator_indices(state, get_current_epoch(state));
    let voters = active.iter().copied().filter(|voter| !has_voted(*voter));
    let (against, in_favour): (Vec<_>, Vec<_>) = voters.partition(|voter| *voter < n_against);
    let mut votes = Vec::new();
    for (accept, voters) in [(false, against), (true, in_favour)] {
        for voters in voters.chunks(VOTERS_MAX) {
            if tally.is_accepted()? || tally.is_rejected()? || votes.len() == VOTES_MAX {
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
            let sum = if accept { &mut tally.accepted } else { &mut tally.rejected };
            for voter in voters {
                *sum = sum.plus(validator(state, *voter)?.effective_balance)?;
            }
            let validators = voters.to_vec().try_into()?;
            votes.push(SignedPreCheckVote { message, validators, signature });
        }
    }
    Ok(votes)
}
