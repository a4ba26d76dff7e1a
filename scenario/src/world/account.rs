//! The ether of a ledger and of the states of its EEs.

use std::collections::BTreeMap;

use outrider_beacon::ledger::{EeIndex, Ledger, lane_index};
use outrider_beacon_spec::types::{Bytes32, Gwei, Shard};
use outrider_host::{StateRoot, chain};
use outrider_shard::executor::MemoryCodes;
use outrider_sim::Shards;

use crate::population::Inhabited;

/// The states whose ether was added up.
#[derive(Debug, Default)]
pub(super) struct Checked {
    ether: BTreeMap<(EeIndex, Shard, Bytes32), Gwei>,
}

/// The states that are remembered. A state is needed as long as it is at the head of a view.
const STATES_MAX: usize = 1 << 14;

impl Checked {
    /// Returns where ether was made or lost: in the ledger, or in the states of EEs, whose accounts must not have more than the
    /// EE itself.
    pub(super) fn check(
        &mut self,
        ledger: &Ledger,
        ees: &[Inhabited],
        shards: &Shards<MemoryCodes>,
    ) -> Option<String> {
        if let Err(error) = ledger.check_conservation() {
            return Some(chain(&error));
        }
        for (index, ee) in (0..).zip(ees) {
            for shard in &ee.shards {
                let of_shard = usize::try_from(*shard).ok().and_then(|shard| ledger.shards().get(shard))?;
                let state = *of_shard.ees().get(index as usize)?;
                let ether = match self.ether(index, ee, *shard, state.state_root, shards) {
                    Ok(ether) => ether,
                    Err(error) => return Some(format!("EE {} on shard {shard}: {error}", ee.name)),
                };
                if ether > state.balance {
                    return Some(format!(
                        "on shard {shard}, the accounts of EE {} have {ether} Gwei, and the EE has {}",
                        ee.name, state.balance
                    ));
                }
            }
        }
        None
    }

    fn ether(
        &mut self,
        index: EeIndex,
        ee: &Inhabited,
        shard: Shard,
        root: Bytes32,
        shards: &Shards<MemoryCodes>,
    ) -> Result<Gwei, String> {
        if let Some(ether) = self.ether.get(&(index, shard, root)) {
            return Ok(*ether);
        }
        let added = shards.with(shard, index, |actor| ee.users.ether(actor, StateRoot(root.0)));
        let ether = added.ok_or("there is no provider")?.map_err(|error| error.to_string())?;
        if self.ether.len() >= STATES_MAX {
            self.ether.clear();
        }
        self.ether.insert((index, shard, root), ether);
        Ok(ether)
    }
}

/// Returns the most receipts in flight on a lane between shards.
pub(super) fn lane_max(ledger: &Ledger) -> u64 {
    let in_flight = |(source, of_source): (Shard, &outrider_beacon::ledger::ShardLedger)| {
        let lanes = ledger.shards().iter().zip(0..).filter_map(move |(of_destination, destination)| {
            let place = |shard| usize::try_from(lane_index(shard)).ok();
            let sent = of_source.outbound().get(place(destination)?)?.next;
            let settled = of_destination.inbound().get(place(source)?).map_or(0, |lane| lane.next);
            Some(sent.saturating_sub(settled))
        });
        lanes.max().unwrap_or(0)
    };
    (0..).zip(ledger.shards().iter()).map(in_flight).max().unwrap_or(0)
}
