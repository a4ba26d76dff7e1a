//! `outrider beacon show` shows the state of a chain.

use std::io::Write as _;

use outrider_beacon::ledger::{ExtendedState, Ledger, ShardLedger};
use outrider_beacon_spec::{
    accessors::{
        get_active_validator_indices, get_beacon_committee, get_committee_count_per_slot, get_current_epoch,
    },
    containers::Checkpoint,
    math::index,
    types::{Shard, ValidatorIndex},
};
use outrider_sim::ChainPhase;
use serde::Serialize;
use serde_json::json;

use super::{
    Common, ranges,
    session::{Action, Session},
};
use crate::{
    Verdict,
    output::{self, Summary},
    run::report::count,
};

/// Show the state of a chain: head, finality, committees and balances.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
}

/// The ledger's entry of a shard.
#[derive(Serialize)]
struct ShardLine {
    shard: Shard,
    latest_block_root: String,
    execution_root: String,
    balance_gwei: u64,
    /// Whether the shard has had a block, or an EE has ether on it.
    #[serde(skip)]
    has_anything: bool,
}

/// The amounts of ether on a chain.
#[derive(Serialize)]
struct Ether {
    validators_gwei: u64,
    faucet_gwei: u64,
    ledger_gwei: u64,
    burnt_gwei: u64,
}

impl Action for Arguments {
    const IS_READ_ONLY: bool = true;

    fn run<P: ChainPhase>(&self, session: Session<P>) -> anyhow::Result<Verdict> {
        let (root, extended) = session.chain.head()?;
        let store = session.chain.node().store();
        let epoch = get_current_epoch(&extended.state);
        let n_active = get_active_validator_indices(&extended.state, epoch).len();
        let committees = committees(&extended)?;
        let shards = shards(&extended.ledger);
        let ether = ether_of(&extended, session.description.faucet());
        let (justified, finalized) = (store.justified_checkpoint, store.finalized_checkpoint);
        let n_blocks = store.blocks.len();
        let Session { description, .. } = session;
        if self.common.json {
            let checkpoint = |checkpoint: Checkpoint| {
                json!({
                    "epoch": checkpoint.epoch,
                    "root": checkpoint.root.to_string(),
                })
            };
            let document = json!({
                "chain": description,
                "head": { "slot": extended.state.slot, "epoch": epoch, "root": root.to_string() },
                "state_root": extended.state.clone().root().to_string(),
                "ledger_root": extended.ledger.root().to_string(),
                "justified": checkpoint(justified),
                "finalized": checkpoint(finalized),
                "active_validators": n_active,
                "committees": committees,
                "shards": shards,
                "ether": ether,
                "ees": extended.ledger.ees().len(),
                "blocks": n_blocks,
            });
            output::json(document, &Summary::one(Verdict::Holds))?;
            return Ok(Verdict::Holds);
        }
        let mut out = output::stdout();
        writeln!(out, "head        slot {}, epoch {epoch}, block {root}", extended.state.slot)?;
        writeln!(out, "justified   epoch {}, block {}", justified.epoch, justified.root)?;
        writeln!(out, "finalized   epoch {}, block {}", finalized.epoch, finalized.root)?;
        let ees = count(extended.ledger.ees().len(), "EE");
        writeln!(out, "ledger      {}, {ees}", extended.ledger.root())?;
        writeln!(out, "validators  {n_active} active, with {}", super::ether(ether.validators_gwei))?;
        writeln!(out, "faucet      {}", super::ether(ether.faucet_gwei))?;
        let (locked, burnt) = (super::ether(ether.ledger_gwei), super::ether(ether.burnt_gwei));
        writeln!(out, "in ledger   {locked}, including {burnt} burnt")?;
        if let Some(settings) = description.unusual_settings() {
            writeln!(out, "settings    {settings}")?;
        }
        for (index, members) in committees.iter().enumerate() {
            let shown: Vec<_> = members.iter().take(MEMBERS_SHOWN).map(ToString::to_string).collect();
            let rest = if members.len() > MEMBERS_SHOWN { ", ..." } else { "" };
            writeln!(out, "committee {index}, {} members: {}{rest}", members.len(), shown.join(", "))?;
        }
        let (busy, idle): (Vec<_>, Vec<_>) = shards.iter().partition(|line| line.has_anything);
        let of_line = |line: &&ShardLine| (line.execution_root.clone(), line.balance_gwei);
        for equal in busy.chunk_by(|one, other| of_line(one) == of_line(other)) {
            let Some(ShardLine { execution_root, balance_gwei, .. }) = equal.first() else { continue };
            let noun = if equal.len() == 1 { "shard" } else { "shards" };
            let (shards, balance) =
                (ranges(equal.iter().map(|line| line.shard)), super::ether(*balance_gwei));
            let each = if equal.len() == 1 { "" } else { " each" };
            writeln!(out, "{noun} {shards}: execution root {execution_root}, {balance}{each}")?;
        }
        if !idle.is_empty() {
            writeln!(out, "{} without blocks or ether", count(idle.len(), "shard"))?;
        }
        Ok(Verdict::Holds)
    }
}

/// The number of a committee's members that the text shows.
const MEMBERS_SHOWN: usize = 16;

/// Returns the committees of the head's slot.
fn committees<P: ChainPhase>(extended: &ExtendedState<P>) -> anyhow::Result<Vec<Vec<ValidatorIndex>>> {
    let state = &extended.state;
    let n_committees = get_committee_count_per_slot(state, get_current_epoch(state));
    let committee = |index| Ok(get_beacon_committee(state, state.slot, index)?);
    (0..n_committees).map(committee).collect()
}

fn shards(ledger: &Ledger) -> Vec<ShardLine> {
    let line = |(shard, shard_ledger): (Shard, &ShardLedger)| {
        let balance_gwei = shard_ledger.ees().iter().map(|ee| ee.balance).fold(0, u64::saturating_add);
        ShardLine {
            shard,
            latest_block_root: shard_ledger.latest_block_root().to_string(),
            execution_root: shard_ledger.execution_root().to_string(),
            balance_gwei,
            has_anything: balance_gwei > 0 || !shard_ledger.latest_block_root().is_zero(),
        }
    };
    (0..).zip(ledger.shards()).map(line).collect()
}

fn ether_of<P: ChainPhase>(extended: &ExtendedState<P>, faucet: ValidatorIndex) -> Ether {
    let ExtendedState { state, ledger } = extended;
    Ether {
        validators_gwei: state.balances.iter().copied().fold(0, u64::saturating_add),
        faucet_gwei: state.balances.get(index(faucet)).copied().unwrap_or_default(),
        ledger_gwei: ledger.total(),
        burnt_gwei: ledger.burnt(),
    }
}
