//! Ether is conserved: what the EE has is in balances, pending deposits, fees and what is unclaimed.

use outrider_sdk::receipt::{BEACON_CHAIN, ReceiptKind, ReceivedReceipt};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, proptest};
use zk_rollup::{Forced, Payload, Section};

use crate::rollup::{Rollup, SILENCE, index, message, secret, transfer};

/// A step of a random history; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
struct Step {
    receipts: Vec<(u8, u8, u16)>,
    is_forced: bool,
    n_deposits: u8,
    exits: Vec<(u8, u8, u8)>,
    transfers: Vec<(u8, u8, u8, u8)>,
    collects: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let receipts = prop::collection::vec((0..8_u8, any::<u8>(), any::<u16>()), 0..4);
    let exits = prop::collection::vec(any::<(u8, u8, u8)>(), 0..3);
    let transfers = prop::collection::vec(any::<(u8, u8, u8, u8)>(), 0..5);
    let parts = (receipts, prop::bool::weighted(0.3), 0..4_u8, exits, transfers, any::<bool>());
    parts.prop_map(|(receipts, is_forced, n_deposits, exits, transfers, collects)| Step {
        receipts,
        is_forced,
        n_deposits,
        exits,
        transfers,
        collects,
    })
}

/// A receipt of any kind, to an account that may exist.
fn receipt(kind: u8, to: u8, value: u16) -> ReceivedReceipt {
    let value = u64::from(value);
    let index = [0, 0, to % 8];
    let key = secret(u32::from(to % 8)).public_key().to_bytes();
    let returned = |kind, payload: &[u8]| {
        let payload = [&[1; 32], payload].concat();
        ReceivedReceipt { kind, payload, ..message(value, &[]) }
    };
    let from_beacon_chain = |payload: &[u8]| ReceivedReceipt {
        kind: ReceiptKind::FromBeaconChain,
        source_shard: BEACON_CHAIN,
        payload: payload.to_vec(),
        ..message(value, &[])
    };
    match kind {
        0..3 => message(value, &key),
        3 => message(value, &index),
        4 => returned(ReceiptKind::Bounced, &index),
        5 => returned(ReceiptKind::Expired, &index),
        6 => from_beacon_chain(&index),
        _ => from_beacon_chain(&key),
    }
}

/// Makes a section, or operations without the operator, of what a step says and the state allows.
fn payload(rollup: &mut Rollup, step: &Step) -> Payload {
    let pending = rollup.pending().len() as u32;
    let mut section = Section { n_deposits: u32::from(step.n_deposits).min(pending), ..Section::default() };
    for (number, amount, fee) in &step.exits {
        let n_accounts = rollup.node().next_index - 1;
        if n_accounts == 0 {
            break;
        }
        let number = 1 + u32::from(*number) % n_accounts;
        let account = rollup.tree_after(&section).account(index(number)).unwrap().unwrap();
        let amount = u64::from(*amount) * 50 % (account.balance + 1);
        let fee = u64::from(*fee) % (account.balance - amount + 1);
        // The keys of accounts are in any order.
        let owner = (0..8).find(|owner| secret(*owner).public_key().y() == account.key_y).unwrap();
        let exit = crate::rollup::exit(number, account.nonce, amount, fee);
        section.exits.push(exit.sign(&secret(owner), &rollup.domain));
    }
    if step.is_forced {
        rollup.slot += SILENCE + 1;
        return Payload::Forced(Forced { n_deposits: section.n_deposits, exits: section.exits });
    }
    let mut tree = rollup.tree_after(&section);
    let mut transfers = Vec::new();
    for (from, to, amount, fee) in &step.transfers {
        let exists = |number: &u8| (1..=8).contains(&(number % 9));
        if !exists(from) || !exists(to) {
            continue;
        }
        let [from, to] = [from, to].map(|number| u32::from(number % 9));
        let Some(sender) = tree.account(index(from)).unwrap() else { continue };
        let amount = u64::from(*amount) * 100 % (sender.balance + 1);
        let fee = u64::from(*fee) % (sender.balance - amount + 1);
        let made = transfer(from, to, amount, fee);
        if tree.account(index(to)).unwrap().is_some() {
            tree.transfer(&made).unwrap();
            transfers.push(made);
        }
    }
    for transfers in transfers.chunks(2) {
        rollup.add_batch(&mut section, 2, transfers);
    }
    let has_account = tree.account(index(1)).unwrap().is_some();
    section.collector = (step.collects && has_account && rollup.node().fees > 0).then(|| index(1));
    rollup.sign(section)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn ether_is_conserved(steps in prop::collection::vec(step(), 1..12), deposit_fee in 0..5_u64) {
        let mut rollup = Rollup::with_deposit_fee(deposit_fee);
        let mut expected = 0;
        for step in steps {
            let receipts: Vec<_> = step.receipts.iter().map(|(kind, to, value)| receipt(*kind, *to, *value)).collect();
            let payload = payload(&mut rollup, &step);
            let outcome = rollup.accept_with(&receipts, &payload).outcome;
            let kept = |(at, _): &(u32, _)| !outcome.rejected.contains(at);
            expected += (0..).zip(&receipts).filter(kept).map(|(_, receipt)| receipt.value).sum::<u64>();
            expected -= outcome.receipts.iter().map(|sent| sent.value + sent.fee).sum::<u64>();
            assert_eq!(rollup.ether(), expected);
        }
    }
}
