//! `outrider beacon list` lists the EEs of a chain.

use std::io::Write as _;

use outrider_beacon::ledger::{EeRecord, Ledger, ShardLedger};
use outrider_beacon_spec::{
    accessors::get_current_epoch,
    constants::FAR_FUTURE_EPOCH,
    math::index,
    types::{Epoch, Shard},
};
use outrider_sim::ChainPhase;
use serde::Serialize;
use serde_json::json;

use super::{
    Common, ether,
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
    state: EeStatus,
    /// The first epoch in which shards may execute the EE, if its code has been accepted.
    deployed_epoch: Option<Epoch>,
    /// The epoch in which the EE exits, if it is exiting.
    exit_epoch: Option<Epoch>,
    deposit_gwei: u64,
    balance_gwei: u64,
    shards: Vec<OnShard>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum EeStatus {
    /// Validators are voting on the code, or the EE is not active yet.
    Pending,
    Active,
    /// Rent has eaten up too much of its deposit.
    Asleep,
    /// The EE is going to exit.
    Exiting,
    /// The EE has exited, or its code was rejected.
    Gone,
}

#[derive(Serialize)]
struct OnShard {
    shard: Shard,
    state_root: String,
    balance_gwei: u64,
}

impl Action for Arguments {
    fn run<P: ChainPhase>(&self, session: Session<P>) -> anyhow::Result<Verdict> {
        let (_, extended) = session.chain.head()?;
        let epoch = get_current_epoch(&extended.state);
        let mut ees = Vec::new();
        for (index, record) in (0_u32..).zip(extended.ledger.ees()) {
            let name = session.name_of(record.code_hash)?;
            ees.push(Ee::new(index, name, record, &extended.ledger, epoch));
        }
        if self.common.json {
            output::json(json!({ "ees": ees }), &Summary::one(Verdict::Holds))?;
            return Ok(Verdict::Holds);
        }
        let mut out = output::stdout();
        for ee in &ees {
            ee.print(&mut out)?;
        }
        writeln!(out, "{}", count(ees.len(), "EE"))?;
        Ok(Verdict::Holds)
    }
}

impl Ee {
    fn new(index_of_ee: u32, name: Option<String>, record: &EeRecord, ledger: &Ledger, now: Epoch) -> Self {
        let state = if record.is_gone() {
            EeStatus::Gone
        } else if record.is_exiting() {
            EeStatus::Exiting
        } else if record.is_asleep(now) {
            EeStatus::Asleep
        } else if record.is_active(now) {
            EeStatus::Active
        } else {
            EeStatus::Pending
        };
        let on_shard = |(shard, shard_ledger): (Shard, &ShardLedger)| {
            let ee = shard_ledger.ees().get(index(index_of_ee.into())).filter(|_| record.is_on(shard))?;
            Some(OnShard { shard, state_root: ee.state_root.to_string(), balance_gwei: ee.balance })
        };
        let shards: Vec<_> = (0..).zip(ledger.shards()).filter_map(on_shard).collect();
        let known = |epoch: Epoch| (epoch != FAR_FUTURE_EPOCH).then_some(epoch);
        Self {
            index: index_of_ee,
            name,
            code_hash: hex::encode(record.code_hash),
            code_bytes: record.code_bytes,
            state,
            deployed_epoch: known(record.deployed_epoch),
            exit_epoch: known(record.exit_epoch),
            deposit_gwei: record.deposit,
            balance_gwei: shards.iter().map(|on_shard| on_shard.balance_gwei).fold(0, u64::saturating_add),
            shards,
        }
    }

    fn print(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let name = self.name.as_deref().unwrap_or("(no name)");
        let state = match (self.state, self.deployed_epoch, self.exit_epoch) {
            (EeStatus::Pending, Some(epoch), _) => format!("pending, active from epoch {epoch}"),
            (EeStatus::Pending, None, _) => "pending, validators are voting on its code".to_owned(),
            (EeStatus::Active, Some(epoch), _) => format!("active since epoch {epoch}"),
            (EeStatus::Active, None, _) => "active".to_owned(),
            (EeStatus::Asleep, ..) => "asleep until its deposit is topped up".to_owned(),
            (EeStatus::Exiting, _, epoch) => format!("exiting in epoch {}", epoch.unwrap_or_default()),
            (EeStatus::Gone, None, _) => "gone, its code was rejected".to_owned(),
            (EeStatus::Gone, Some(_), epoch) => format!("gone in epoch {}", epoch.unwrap_or_default()),
        };
        writeln!(out, "EE {}, {}: {state}", self.index, Plain(name))?;
        writeln!(out, "  code     {}, {} bytes", self.code_hash, self.code_bytes)?;
        writeln!(out, "  deposit  {}", ether(self.deposit_gwei))?;
        let shards: Vec<_> = self.shards.iter().map(|on_shard| on_shard.shard.to_string()).collect();
        writeln!(out, "  shards   {}", shards.join(", "))?;
        writeln!(out, "  balance  {}", ether(self.balance_gwei))
    }
}
