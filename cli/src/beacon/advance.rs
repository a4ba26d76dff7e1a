//! `outrider beacon advance` runs further slots of a chain.

use std::io::Write as _;

use anyhow::Context as _;
use outrider_beacon::ledger::LedgerOperations;
use outrider_beacon_spec::preset::Preset;
use outrider_sim::ChainPhase;
use serde_json::json;

use super::{
    Common,
    session::{Action, Session},
};
use crate::{
    Verdict,
    output::{self, Summary},
    progress,
    run::report::count,
};

/// Run further slots or epochs of a chain. Each block is stored before the next one, so interrupting the command loses none.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("how_far").required(true))]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// The number of slots.
    #[arg(long, value_name = "N", group = "how_far")]
    slots: Option<u64>,
    /// The number of epochs.
    #[arg(long, value_name = "N", group = "how_far")]
    epochs: Option<u64>,
}

impl Action for Arguments {
    fn run<P: ChainPhase>(&self, mut session: Session<P>) -> anyhow::Result<Verdict> {
        let (_, extended) = session.chain.head()?;
        let n_slots = match (self.slots, self.epochs) {
            (Some(slots), _) => Some(slots),
            (None, epochs) => epochs.unwrap_or_default().checked_mul(P::Preset::SLOTS_PER_EPOCH),
        };
        let n_slots = n_slots.filter(|n_slots| extended.state.slot.checked_add(*n_slots).is_some());
        let option = if self.slots.is_some() { "--slots" } else { "--epochs" };
        let n_slots = n_slots
            .with_context(|| format!("{option}: slots end at {}: choose a smaller number", u64::MAX))?;
        let bar = progress::bar(usize::try_from(n_slots).unwrap_or(usize::MAX));
        for _ in 0..n_slots {
            let block = session.run_slot(LedgerOperations::default())?;
            bar.set_message(format!("slot {}", block.block.message.slot));
            bar.inc(1);
        }
        bar.finish_and_clear();
        let (root, extended) = session.chain.head()?;
        let slot = extended.state.slot;
        let finalized = session.chain.node().store().finalized_checkpoint;
        if self.common.json {
            let document = json!({
                "slots": n_slots,
                "head": { "slot": slot, "root": root.to_string() },
                "finalized": { "epoch": finalized.epoch, "root": finalized.root.to_string() },
            });
            output::json(document, &Summary::one(Verdict::Holds))?;
        } else {
            let mut out = output::stdout();
            let slots = count(usize::try_from(n_slots)?, "slot");
            writeln!(out, "advanced by {slots} to slot {slot}, block {root}")?;
            writeln!(out, "  finalized  epoch {}, block {}", finalized.epoch, finalized.root)?;
        }
        Ok(Verdict::Holds)
    }
}
