//! `outrider beacon list` lists the EEs of a chain.

use std::io::Write as _;

use outrider_beacon::{
    ledger::{EeRecord, EeStatus, ExtendedState, LedgerPhase, ShardLedger},
    registry::Tally,
};
use outrider_beacon_spec::{
    accessors::get_current_epoch,
    constants::FAR_FUTURE_EPOCH,
    math::index,
    types::{Epoch, Gwei, Shard},
};
use outrider_sim::ChainPhase;
use serde::Serialize;
use serde_json::json;

use super::{
    Common, ether, ranges,
    session::{Action, Session},
};
use crate::{
    Verdict,
    output::{self, Plain, Summary},
    run::report::count,
};

/// List the EEs of a chain.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
}

/// An entry of the list.
#[derive(Serialize)]
struct Ee {
    index: u32,
    /// The name of the file that the code was deployed from, without its extension.
    name: Option<String>,
    code_hash: String,
    code_bytes: u32,
    #[serde(serialize_with = "serialize_status")]
    state: EeStatus,
    /// The vote on the code, while it is open.
    vote: Option<Vote>,
    /// The first epoch in which shards may execute the EE, if its code has been accepted.
    deployed_epoch: Option<Epoch>,
    /// The epoch in which the EE exits, if it is exiting, or in which validators rejected its code.
    exit_epoch: Option<Epoch>,
    deposit_gwei: u64,
    /// The ether on all shards, unless only committees know it.
    balance_gwei: Option<u64>,
    shards: Vec<OnShard>,
}

/// An open vote on code.
#[derive(Serialize)]
struct Vote {
    /// The epoch with which it ends.
    until_epoch: Epoch,
    accepted_gwei: Gwei,
    rejected_gwei: Gwei,
    total_gwei: Gwei,
}

#[derive(Serialize)]
struct OnShard {
    shard: Shard,
    /// Its root and ether, unless only committees know them.
    #[serde(flatten)]
    state: Option<State>,
}

#[derive(Serialize)]
struct State {
    state_root: String,
    balance_gwei: u64,
}

impl Action for Arguments {
    const IS_READ_ONLY: bool = true;

    fn run<P: ChainPhase>(&self, session: Session<P>) -> anyhow::Result<Verdict> {
        let (_, extended) = session.chain.head()?;
        let mut ees = Vec::new();
        for (index, record) in (0_u32..).zip(extended.ledger.ees()) {
            let name = session.name_of(index)?;
            let vote = vote(&extended, index, session.settings.pre_check_epochs)?;
            ees.push(Ee::new(index, name, vote, record, &extended));
        }
        // Nobody waits for the chain while the output waits for its reader.
        let Session { description, .. } = session;
        if self.common.json {
            output::json(json!({ "chain": description, "ees": ees }), &Summary::one(Verdict::Holds))?;
            return Ok(Verdict::Holds);
        }
        let mut out = output::stdout();
        for ee in &ees {
            ee.print(&mut out)?;
        }
        let settings = description.unusual_settings().map(|settings| format!("; {settings}"));
        writeln!(out, "{}{}", count(ees.len(), "EE"), settings.unwrap_or_default())?;
        Ok(Verdict::Holds)
    }
}

impl Vote {
    fn describe(&self) -> String {
        let Self { until_epoch, accepted_gwei, rejected_gwei, total_gwei } = self;
        let [accepted, rejected, total] = [accepted_gwei, rejected_gwei, total_gwei].map(|gwei| ether(*gwei));
        format!(
            "validators vote on its code until epoch {until_epoch}: {accepted} for it, {rejected} against it, of {total}"
        )
    }
}

/// Returns the open vote on the code of a new EE, or on an upgrade of an EE.
fn vote<P: LedgerPhase>(
    extended: &ExtendedState<P>,
    ee: u32,
    pre_check_epochs: u64,
) -> anyhow::Result<Option<Vote>> {
    let ExtendedState { state, ledger } = extended;
    let Some(pre_check) = ledger.pre_checks().iter().find(|pre_check| pre_check.ee == ee) else {
        return Ok(None);
    };
    let Tally { accepted, rejected, total } = Tally::of(state, pre_check)?;
    Ok(Some(Vote {
        until_epoch: pre_check.opened_epoch.saturating_add(pre_check_epochs),
        accepted_gwei: accepted,
        rejected_gwei: rejected,
        total_gwei: total,
    }))
}

fn serialize_status<S: serde::Serializer>(status: &EeStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match status {
        EeStatus::Pending => "pending",
        EeStatus::Active => "active",
        EeStatus::Asleep => "asleep",
        EeStatus::Exiting => "exiting",
        EeStatus::Exited => "gone",
        EeStatus::Rejected => "rejected",
        EeStatus::Lapsed => "lapsed",
    })
}

impl Ee {
    fn new<P: LedgerPhase>(
        index_of_ee: u32,
        name: Option<String>,
        vote: Option<Vote>,
        record: &EeRecord,
        extended: &ExtendedState<P>,
    ) -> Self {
        let on_shard = |(shard, shard_ledger): (Shard, &ShardLedger)| {
            let state = shard_ledger.ees().get(index(index_of_ee.into()));
            let state =
                state.map(|ee| State { state_root: ee.state_root.to_string(), balance_gwei: ee.balance });
            record.is_on(shard).then_some(OnShard { shard, state })
        };
        let shards: Vec<_> = (0..).zip(extended.ledger.shards()).filter_map(on_shard).collect();
        let balances = shards.iter().map(|on_shard| Some(on_shard.state.as_ref()?.balance_gwei));
        let balances: Option<Vec<u64>> = balances.collect();
        let known = |epoch: Epoch| (epoch != FAR_FUTURE_EPOCH).then_some(epoch);
        Self {
            index: index_of_ee,
            name,
            code_hash: hex::encode(record.code_hash),
            code_bytes: record.code_bytes,
            state: record.status(get_current_epoch(&extended.state)),
            vote,
            deployed_epoch: known(record.deployed_epoch),
            exit_epoch: known(record.exit_epoch),
            deposit_gwei: record.deposit,
            balance_gwei: balances.map(|balances| balances.into_iter().fold(0, u64::saturating_add)),
            shards,
        }
    }

    fn print(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let name = self.name.as_deref().unwrap_or("(no name)");
        let state = match (self.state, self.deployed_epoch, self.exit_epoch) {
            (EeStatus::Pending, Some(epoch), _) => format!("pending, active from epoch {epoch}"),
            (EeStatus::Pending, None, _) => {
                format!("pending, {}", self.vote.as_ref().map(Vote::describe).unwrap_or_default())
            }
            (EeStatus::Active, Some(epoch), _) => format!("active since epoch {epoch}"),
            (EeStatus::Active, None, _) => "active".to_owned(),
            (EeStatus::Asleep, ..) => "asleep until its deposit is topped up".to_owned(),
            (EeStatus::Exiting, _, epoch) => format!("exiting in epoch {}", epoch.unwrap_or_default()),
            (EeStatus::Rejected, _, epoch) => {
                format!("gone, validators rejected its code in epoch {}", epoch.unwrap_or_default())
            }
            (EeStatus::Lapsed, _, _) => "gone, the vote on its code lapsed without a decision".to_owned(),
            (EeStatus::Exited, _, epoch) => format!("gone in epoch {}", epoch.unwrap_or_default()),
        };
        writeln!(out, "EE {}, {}: {state}", self.index, Plain(name))?;
        writeln!(out, "  code     {}, {} bytes", self.code_hash, self.code_bytes)?;
        writeln!(out, "  deposit  {}", ether(self.deposit_gwei))?;
        writeln!(out, "  shards   {}", ranges(self.shards.iter().map(|on_shard| on_shard.shard)))?;
        let balance = self.balance_gwei.map_or_else(|| "known to committees only".to_owned(), ether);
        writeln!(out, "  balance  {balance}")
    }
}
