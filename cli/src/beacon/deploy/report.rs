//! What came of a module, for people and programs.

use std::io::Write as _;

use outrider_beacon::ledger::EeIndex;
use outrider_beacon_spec::types::{Gwei, Slot, ValidatorIndex};
use serde::Serialize;

use crate::beacon::ether;
use crate::output::{self, Plain};
use crate::{ERROR, SUCCESS};

/// What came of a module.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    pub(super) code_hash: String,
    pub(super) code_bytes: usize,
    /// What compiling it is predicted to take.
    pub(super) compile_microseconds: u64,
    pub(super) machine_code_bytes: u64,
    pub(super) deposit_gwei: Gwei,
    pub(super) payer: ValidatorIndex,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The chain does not take it, and nothing has changed.
    Refused { reason: String },
    /// Validators have voted on it.
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
    /// When it was decided.
    pub(super) decided_slot: Slot,
    /// From when on the EE is active.
    pub(super) deployed_epoch: Option<u64>,
    /// Why validators could not compile it.
    pub(super) trial: Option<String>,
}

impl Report {
    pub(super) fn print(&self) -> std::io::Result<()> {
        let mut out = output::stdout();
        let file = Plain(&self.file);
        let vote = match &self.outcome {
            Outcome::Refused { reason } => {
                writeln!(out, "{file} {ERROR}refused{ERROR:#}")?;
                return writeln!(out, "  {}; nothing has changed", Plain(reason));
            }
            Outcome::VotedOn(vote) => vote,
        };
        let (style, word) = if vote.accepted { (SUCCESS, "deployed") } else { (ERROR, "voted down") };
        writeln!(out, "{file} {style}{word}{style:#}: EE {}", vote.ee)?;
        writeln!(out, "  code       {}, {} bytes", self.code_hash, self.code_bytes)?;
        writeln!(
            out,
            "  admission  valid; predicted to take {} ms to compile, to {} bytes",
            self.compile_microseconds.div_ceil(1000),
            self.machine_code_bytes
        )?;
        let deposit = ether(self.deposit_gwei);
        writeln!(out, "  deposit    {deposit} of validator {}", self.payer)?;
        writeln!(out, "  block      slot {}, {}", vote.slot, vote.block_root)?;
        if let Some(reason) = &vote.trial {
            writeln!(out, "  trial      failed: {}", Plain(reason))?;
        }
        let (votes_for, votes_against) = (vote.votes_for, vote.votes_against);
        write!(out, "  votes      {votes_for} for, {votes_against} against: ")?;
        match vote.deployed_epoch {
            Some(epoch) => writeln!(out, "active from epoch {epoch} on"),
            None => writeln!(out, "{deposit} went back in slot {}", vote.decided_slot),
        }
    }
}
