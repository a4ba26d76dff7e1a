//! Everything that can be wrong in what a shard block's body says about receipts, field by field.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use outrider_beacon::ledger::{BatchHistory, InboundBatch, Lane, Receipt, Settlement, ShardBody};
use outrider_beacon_spec::types::Root;
use proptest::sample::Index;
use ssz_types::{BitList, typenum::U1024};

/// A change of one field of a body: of the batch, settlement or lane at an index, with a value.
pub(crate) type Damage = fn(&mut ShardBody, Index, u64);

fn batch(body: &mut ShardBody, index: Index) -> &mut InboundBatch {
    let n = body.inbound.len();
    &mut body.inbound[index.index(n)]
}

fn receipt(body: &mut ShardBody, index: Index) -> &mut Receipt {
    let batch = batch(body, index);
    let n = batch.receipts.len();
    &mut batch.receipts[index.index(n)]
}

fn settlement(body: &mut ShardBody, index: Index) -> &mut Settlement {
    let n = body.header.settlements.len();
    &mut body.header.settlements[index.index(n)]
}

fn lane(body: &mut ShardBody, index: Index) -> &mut Lane {
    let n = body.header.lanes.len();
    &mut body.header.lanes[index.index(n)]
}

fn flip(bits: &mut BitList<U1024>, value: u64) {
    let bit = value as usize % bits.len();
    let is_set = bits.get(bit).unwrap();
    bits.set(bit, !is_set).unwrap();
}

pub(crate) const DAMAGES: [Damage; 39] = [
    |body, index, value| batch(body, index).source_shard = value % 5,
    |body, index, _| batch(body, index).source_shard = 1024,
    |body, index, value| batch(body, index).slot = [0, 9, 10, 11, 12, 33, 34, u64::MAX][value as usize % 8],
    |body, index, value| batch(body, index).lane.destination_shard = value % 4,
    |body, index, value| batch(body, index).lane.first = value,
    |body, index, value| batch(body, index).lane.n = value as u32 % 7,
    |body, index, value| batch(body, index).lane.value ^= 1 + value % 99,
    |body, index, value| batch(body, index).lane.receipts_root.0[0] ^= 1 + value as u8 % 200,
    |body, index, value| batch(body, index).lane_index = value % 4,
    |body, index, value| batch(body, index).lane_branch[value as usize % 10].0[7] ^= 1,
    |body, index, value| batch(body, index).start = value % 3,
    |body, index, _| batch(body, index).branch.push(Root::ZERO).unwrap(),
    |body, index, value| batch(body, index).n_lost = 1 + value % 3,
    |body, index, _| {
        let batch = batch(body, index);
        (batch.n_lost, batch.receipts) = (batch.receipts.len() as u64, Vec::new().try_into().unwrap());
    },
    |body, index, _| batch(body, index).history.push(BatchHistory::default()).unwrap(),
    |body, index, value| receipt(body, index).source_shard = value,
    |body, index, value| receipt(body, index).source_ee = value,
    |body, index, value| receipt(body, index).destination_shard = value % 4,
    |body, index, value| receipt(body, index).destination_ee = value % 4,
    |body, index, value| receipt(body, index).sequence = value % 9,
    |body, index, value| receipt(body, index).slot = value % 40,
    |body, index, value| receipt(body, index).kind = value as u8 % 5,
    |body, index, value| receipt(body, index).value ^= 1 + value % 9,
    |body, index, value| receipt(body, index).fee ^= 1 + value % 9,
    |body, index, value| receipt(body, index).payload.push(value as u8).unwrap(),
    |body, index, _| {
        let mut inbound = body.inbound.to_vec();
        inbound.remove(index.index(inbound.len()));
        body.inbound = inbound.try_into().unwrap();
    },
    |body, index, _| {
        let again = batch(body, index).clone();
        body.inbound.push(again).unwrap();
    },
    |body, _, _| {
        let mut inbound = body.inbound.to_vec();
        inbound.reverse();
        body.inbound = inbound.try_into().unwrap();
    },
    |body, index, value| settlement(body, index).source_shard = value % 5,
    |body, index, value| settlement(body, index).first = value % 3,
    |body, index, value| flip(&mut settlement(body, index).settled, value),
    |body, index, value| flip(&mut settlement(body, index).rejected, value),
    |body, index, value| flip(&mut settlement(body, index).undelivered, value),
    |body, index, value| settlement(body, index).value ^= 1 + value % 9,
    |body, index, value| settlement(body, index).fees ^= 1 + value % 9,
    |body, index, value| lane(body, index).receipts_root.0[3] ^= 1 + value as u8 % 200,
    |body, index, value| lane(body, index).n ^= 1 + value as u32 % 3,
    |body, index, value| lane(body, index).value ^= 1 + value % 9,
    |body, index, _| {
        let mut lanes = body.header.lanes.to_vec();
        lanes.remove(index.index(lanes.len()));
        body.header.lanes = lanes.try_into().unwrap();
    },
];
