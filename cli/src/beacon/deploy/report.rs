//! The report on a module, as text or JSON.

use std::io::Write as _;

use outrider_beacon::ledger::EeIndex;
use outrider_beacon_spec::types::{Gwei, Slot, ValidatorIndex};
use serde::Serialize;

use crate::beacon::{ether, ruling};
use crate::output::{self, Plain};
use crate::{ERROR, SUCCESS, Verdict};

/// The result of deploying a module.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    /// The proposal, if the module could be read.
    #[serde(flatten)]
    pub(super) proposal: Option<Proposal>,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

/// A proposal to the chain.
#[derive(Serialize)]
pub(super) struct Proposal {
    pub(super) code_hash: String,
    pub(super) code_bytes: usize,
    /// The predicted time of compiling the code.
    pub(super) compile_microseconds: u64,
    pub(super) machine_code_bytes: u64,
    pub(super) deposit_gwei: Gwei,
    pub(super) payer: ValidatorIndex,
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The file cannot be read, and the chain is unchanged.
    Unusable { error: String },
    /// The chain refused the module and is unchanged.
    Refused { reason: String },
    /// The validators have voted on the code.
    VotedOn(Vote),
}

#[derive(Default, Serialize)]
pub(super) struct Vote {
    pub(super) ee: EeIndex,
    pub(super) slot: Slot,
    pub(super) block_root: String,
    pub(super) accepted: bool,
    pub(super) votes_for: usize,
    pub(super) votes_against: usize,
    /// The number of validators that could vote. The vote ends once it is decided, so not all of them need have voted.
    pub(super) voters: usize,
    /// The slot in which the vote was decided.
    pub(super) decided_slot: Slot,
    /// The first epoch in which the EE is active, if the code was accepted.
    pub(super) deployed_epoch: Option<u64>,
    /// The reason for which validators could not compile the code.
    pub(super) trial: Option<String>,
}

impl Report {
    pub(super) fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Unusable { .. } => Verdict::Unusable,
            Outcome::Refused { .. } => ruling(false),
            Outcome::VotedOn(vote) => ruling(vote.accepted),
        }
    }

    /// Prints the report. The error of a file that cannot be read goes to stderr.
    pub(super) fn print(&self) -> std::io::Result<()> {
        let mut out = output::stdout();
        let file = Plain(&self.file);
        let vote = match &self.outcome {
            Outcome::Unusable { error } => return output::error(format_args!("{}: {error}", self.file)),
            Outcome::Refused { reason } => {
                writeln!(out, "{file} {ERROR}refused{ERROR:#}")?;
                return writeln!(out, "  {}; the chain is unchanged", Plain(reason));
            }
            Outcome::VotedOn(vote) => vote,
        };
        let (style, word) = if vote.accepted { (SUCCESS, "deployed") } else { (ERROR, "voted down") };
        writeln!(out, "{file} {style}{word}{style:#}: EE {}", vote.ee)?;
        let deposit = self.proposal.as_ref().map_or(0, |proposal| proposal.deposit_gwei);
        if let Some(proposal) = &self.proposal {
            proposal.print(&mut out)?;
        }
        writeln!(out, "  block      slot {}, {}", vote.slot, vote.block_root)?;
        if let Some(reason) = &vote.trial {
            writeln!(out, "  trial      failed: {}", Plain(reason))?;
        }
        let (votes_for, votes_against) = (vote.votes_for, vote.votes_against);
        write!(out, "  votes      {votes_for} for, {votes_against} against")?;
        match vote.voters.saturating_sub(votes_for).saturating_sub(votes_against) {
            0 => write!(out, ": ")?,
            rest => write!(out, ", decided before the other {rest} voted: ")?,
        }
        match vote.deployed_epoch {
            Some(epoch) => writeln!(out, "active from epoch {epoch}"),
            None => writeln!(out, "{} refunded in slot {}", ether(deposit), vote.decided_slot),
        }
    }
}

impl Proposal {
    fn print(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        writeln!(out, "  code       {}, {} bytes", self.code_hash, self.code_bytes)?;
        writeln!(
            out,
            "  admission  valid, predicted to compile in {} ms to {} bytes",
            self.compile_microseconds.div_ceil(1000),
            self.machine_code_bytes
        )?;
        writeln!(out, "  deposit    {}, paid by validator {}", ether(self.deposit_gwei), self.payer)
    }
}
