//! Shard blocks in which an EE counts.

use std::collections::BTreeSet;

use outrider_beacon::ledger::{
    EeTransition, ExecutionHeader, ExtendedState, GenesisEe, ShardBody, ShardPlace,
};
use outrider_beacon_spec::{
    containers::DepositData,
    hash::hash,
    phase::Phase1,
    preset::Preset,
    types::{Root, Slot},
};
use outrider_sim::{Genesis, ShardProposer, interop_deposits, interop_secret_key};

use super::genesis;

pub(crate) const ETHER: u64 = 1_000_000_000;

/// Proposes blocks in which EE 0 counts: its next root is the hash of its root and the slot.
pub(crate) struct Counter {
    /// Slots and shards with a wrong root.
    pub(crate) wrong: BTreeSet<(Slot, u64)>,
    /// A deposit that the EE makes in a slot, on shard 0.
    pub(crate) deposit: Option<(Slot, DepositData)>,
}

impl Counter {
    pub(crate) fn new() -> Self {
        Self { wrong: BTreeSet::new(), deposit: None }
    }
}

pub(crate) fn next_root(root: Root, slot: Slot) -> Root {
    hash(&[root.as_slice(), &slot.to_le_bytes()])
}

impl ShardProposer for Counter {
    fn body(&self, place: &ShardPlace) -> Option<ShardBody> {
        let (shard, slot) = (place.shard, place.slot);
        let shard_ledger = place.view.shards().get(shard as usize)?;
        let state = shard_ledger.ees().get(0)?;
        let is_wrong = self.wrong.contains(&(slot, shard));
        let post_state_root = next_root(state.state_root, if is_wrong { slot + 1 } else { slot });
        let mut transition = EeTransition {
            pre_state_root: state.state_root,
            post_state_root,
            balance: state.balance,
            payload_root: Root::repeat_byte(7),
            ..EeTransition::default()
        };
        if let Some((_, data)) = self.deposit.as_ref().filter(|(at, _)| (*at, 0) == (slot, shard)) {
            transition.deposits = data.amount;
            transition.deposit_data = vec![data.clone()].try_into().unwrap();
        }
        let parent_execution_root = shard_ledger.execution_root();
        let transitions = vec![transition].try_into().unwrap();
        let header = ExecutionHeader { parent_execution_root, transitions, ..ExecutionHeader::default() };
        Some(ShardBody { header, ..ShardBody::default() })
    }
}

pub(crate) fn genesis_with_ee<C: Preset>(n_validators: u64, seed: u64) -> Genesis {
    // The refund of the EE's deposit has to name a validator.
    let refund_credentials = interop_deposits::<C>(&[interop_secret_key(0)])[0].data.withdrawal_credentials;
    let shards = (0..C::INITIAL_ACTIVE_SHARDS).map(|shard| (shard, 100 * ETHER)).collect();
    let ee = GenesisEe { refund_credentials, shards, ..GenesisEe::default() };
    Genesis { ees: vec![ee], ..genesis(n_validators, seed) }
}

pub(crate) fn state_root<C: Preset>(head: &ExtendedState<Phase1<C>>, shard: usize) -> Root {
    head.ledger.shards().get(shard).unwrap().ees().get(0).unwrap().state_root
}
