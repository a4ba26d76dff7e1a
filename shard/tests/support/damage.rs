//! Everything that can be wrong in a shard block's body, field by field.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use outrider_beacon::ledger::{EeTransition, InboundBatch, Lane, RootRead, Settlement, ShardBody};
use outrider_beacon_spec::{containers::DepositData, hash::hash_tree_root, types::Root};
use ssz::Decode as _;

use crate::obedient::{GO_ON, LOOP, REFUSE, TRAP};

/// A change of one field of a body: of the transition or payload at an index, with a value.
pub(crate) type Damage = fn(&mut ShardBody, usize, u64);

pub(crate) fn root(value: u64) -> Root {
    let mut root = Root::ZERO;
    root.0[..8].copy_from_slice(&value.to_le_bytes());
    root
}

pub(crate) const DAMAGES: [Damage; 33] = [
    |body, _, value| body.header.parent_execution_root = root(value),
    |body, index, value| body.header.transitions[index].ee = (value % 5) as u32,
    |body, index, value| body.header.transitions[index].pre_state_root = root(value),
    |body, index, value| body.header.transitions[index].post_state_root = root(value),
    |body, index, value| body.header.transitions[index].payload_root = root(value),
    |body, index, _| body.header.transitions[index].payload_root = Root::ZERO,
    |body, index, value| body.header.transitions[index].fuel_used = value % 10_000_000,
    |body, index, _| body.header.transitions[index].fuel_used -= 1,
    |body, index, value| body.header.transitions[index].balance = value,
    |body, index, value| body.header.transitions[index].value_in = value % 3,
    |body, index, value| body.header.transitions[index].value_out = value % 3,
    |body, index, value| body.header.transitions[index].deposits = value % 7,
    |body, index, value| body.header.transitions[index].proposer_fee = value % 7,
    |body, index, value| {
        let deposit = DepositData { amount: value % 3, ..DepositData::default() };
        let transition = &mut body.header.transitions[index];
        transition.deposits += deposit.amount;
        transition.deposit_data.push(deposit).unwrap();
    },
    |body, _, value| {
        if let Some(deposit) = body.header.transitions[0].deposit_data.first_mut() {
            deposit.withdrawal_credentials = root(value);
        }
    },
    |body, index, _| {
        let mut transitions = body.header.transitions.to_vec();
        transitions.remove(index);
        body.header.transitions = transitions.try_into().unwrap();
    },
    |body, _, value| {
        let ee = (value % 5) as u32;
        body.header.transitions.push(EeTransition { ee, ..EeTransition::default() }).unwrap();
    },
    |body, _, value| {
        // Three lists of bits, each empty but for the bit at its end.
        let fixed = [value % 3, 0].map(u64::to_le_bytes).concat();
        let offsets = [44_u32, 45, 46].map(u32::to_le_bytes).concat();
        let bytes = [fixed, offsets, vec![0; 16], vec![1; 3]].concat();
        body.header.settlements.push(Settlement::from_ssz_bytes(&bytes).unwrap()).unwrap();
    },
    |body, _, value| {
        body.header.lanes.push(Lane { destination_shard: value % 2, n: 1, ..Lane::default() }).unwrap();
    },
    |body, _, value| body.header.finalized_slot = value % 64,
    |body, _, value| body.header.availability_root = root(value),
    |body, _, value| {
        let read = RootRead { shard: value % 3, ee: (value % 4) as u32, state_root: root(value % 2) };
        body.header.assumptions.push(read).unwrap();
    },
    |body, index, value| {
        let read = RootRead { shard: 0, ee: (value % 4) as u32, state_root: root(value) };
        body.header.assumptions.push(read).unwrap();
        body.payloads[index].reads.push(read).unwrap();
    },
    |body, _, value| {
        body.inbound.push(InboundBatch { slot: value, ..InboundBatch::default() }).unwrap();
    },
    |body, index, value| body.payloads[index].ee = (value % 4) as u32,
    |body, index, value| {
        body.payloads[index].block_data[0] = [GO_ON, REFUSE, TRAP, LOOP][(value % 4) as usize];
    },
    |body, index, value| body.payloads[index].block_data[1] = value as u8,
    |body, index, value| body.payloads[index].block_data.push(value as u8).unwrap(),
    |body, _, value| {
        if let Some(read) = body.payloads[1].reads.first_mut() {
            read.state_root = root(value);
        }
    },
    |body, _, value| {
        if let Some(read) = body.payloads[1].reads.first_mut() {
            read.shard = [0, 1, 2, 1024, u64::MAX][(value % 5) as usize];
        }
    },
    |body, _, value| {
        if let Some(read) = body.payloads[1].reads.first_mut() {
            read.ee = [0, 1, 2, 3, 1 << 16, u32::MAX][(value % 6) as usize];
        }
    },
    |body, index, value| {
        let read = RootRead { shard: value % 3, ee: (value % 4) as u32, state_root: root(value % 2) };
        body.payloads[index].reads.push(read).unwrap();
    },
    |body, index, _| {
        let mut payloads = body.payloads.to_vec();
        payloads.remove(index);
        body.payloads = payloads.try_into().unwrap();
    },
];

/// Makes the transitions name the payloads again, so that a change of a payload is no error of form.
pub(crate) fn rehash(body: &mut ShardBody) {
    for (transition, payload) in body.header.transitions.iter_mut().zip(&body.payloads) {
        transition.payload_root = hash_tree_root(payload);
    }
}
