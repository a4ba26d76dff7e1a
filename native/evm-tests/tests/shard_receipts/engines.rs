//! The blob of the EE has the results of the EE without an engine.

use std::sync::Arc;

use outrider_host::ExecutionInput;

use crate::{
    sending::pass,
    support::{
        engine::SHARD_EE,
        shard::{COURIER, GWEI, Network, Random, address_of, outbox_call, outbox_send},
    },
};

#[test]
fn both_engines_exchange_what_the_ee_exchanges_natively() {
    let mut random = Random(21);
    let mut network = Network::new(2);
    let (mut n_sent, mut n_rejected, mut n_delivered) = (0, 0, 0);
    for number in 0..24 {
        let shard = random.below(2) as usize;
        let mut transactions = Vec::new();
        for user in 0..random.below(5) {
            let back = outbox_call(random.below(2), 1, COURIER, 60_000, 3, b"back");
            let (data, gas_limit) = match random.below(5) {
                0 => (vec![], 0),
                1 => (vec![0xf1, 1], 50_000),
                2 => (vec![0xf2, 1], 50_000),
                3 => ([&[0xf3], &back[..]].concat(), 400_000),
                _ => (vec![7; 33], 150_000),
            };
            let input = match random.below(6) {
                0 => outbox_send(1, 0, 2, &data),
                _ => outbox_call(random.below(2), 1, COURIER, gas_limit, random.below(2).into(), &data),
            };
            let wei = u128::from(random.below(20) * GWEI);
            let transaction = network.places[shard].users.send(user, Some(COURIER), wei, pass(&input));
            transactions.push(transaction);
        }
        let credit = outbox_call(1 - shard as u64, 0, address_of(9), 0, 0, &[]);
        let user = &mut network.places[shard].users;
        transactions.push(user.send(5, Some(COURIER), u128::from(GWEI), pass(&credit)));

        let pre_state_root = network.places[shard].shard.provider.root();
        let receipts: Arc<[_]> = network.places[shard].inbox.clone().into();
        network.slot += 1;
        let context = network.context(shard);
        network.slot -= 1;
        let block = network.block(shard, &transactions);
        let input = ExecutionInput::new(pre_state_root, block.provided.block_data);
        let output = SHARD_EE.execute(&ExecutionInput { context, receipts: Arc::clone(&receipts), ..input });
        let output = output.unwrap_or_else(|error| panic!("block {number}: {error:?}"));
        assert_eq!(output.post_state_root, block.provided.outcome.post_state_root, "block {number}");
        assert_eq!((&output.receipts, &output.rejected), (&block.sent, &block.rejected), "block {number}");
        n_sent += output.receipts.len();
        n_rejected += output.rejected.len();
        n_delivered += receipts.len();
    }
    let numbers = format!("{n_sent} sent, {n_delivered} delivered, {n_rejected} rejected");
    assert!(n_sent > 20 && n_delivered > 10 && n_rejected > 3, "{numbers}");
}
