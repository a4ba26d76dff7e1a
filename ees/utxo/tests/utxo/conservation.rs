//! Value is conserved under random valid blocks.

use std::collections::BTreeMap;

use bitcoin_primitives::{OutPoint, Transaction};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use utxo::{Network, Payload, Proposal};

use crate::{
    builder::{Kind, block_of, chain_of, input, output, propose, sign, time, transaction},
    chain::Chain,
};

/// The unspent outputs of a chain: a naive model of the accumulator.
#[derive(Clone, Debug, Default)]
struct Model {
    outputs: BTreeMap<OutPoint, (Kind, u64)>,
    /// The coinbases that are not yet mature, and their heights.
    young: Vec<(u32, OutPoint, u64)>,
}

impl Model {
    fn value(&self) -> u64 {
        let old: u64 = self.outputs.values().map(|(_, amount)| amount).sum();
        old + self.young.iter().map(|(.., amount)| amount).sum::<u64>()
    }

    /// Removes some outputs, as the choices say, and makes a transaction of them.
    fn spend(&mut self, choices: &[u8], kinds: &[u8], fee: u8) -> Option<Transaction> {
        let mut spent = Vec::new();
        for choice in choices {
            let at = usize::from(*choice) % self.outputs.len().max(1);
            if let Some(out_point) = self.outputs.keys().nth(at).copied() {
                spent.push((out_point, self.outputs.remove(&out_point)?));
            }
        }
        let total: u64 = spent.iter().map(|(_, (_, amount))| amount).sum();
        let Some(left) = total.checked_sub(fee.into()).filter(|_| !spent.is_empty()) else {
            self.outputs.extend(spent);
            return None;
        };
        let share = left / kinds.len() as u64;
        let kinds: Vec<Kind> = kinds.iter().map(|kind| Kind::ALL[usize::from(*kind) % 6]).collect();
        let mut outputs: Vec<_> = kinds.iter().map(|kind| output(share, &kind.script())).collect();
        // The last output, for anyone, has what does not divide.
        outputs.push(output(left - share * kinds.len() as u64, &Kind::Anyone.script()));
        let mut made = transaction(spent.iter().map(|(out_point, _)| input(*out_point)).collect(), outputs);
        let of: Vec<(Kind, u64)> = spent.iter().map(|(_, of)| *of).collect();
        sign(&mut made, &of);
        for (vout, kind) in kinds.iter().chain([&Kind::Anyone]).enumerate() {
            let amount = made.outputs[vout].amount.to_sat();
            let out_point = OutPoint { txid: made.compute_txid(), vout: vout as u32 };
            self.outputs.insert(out_point, (*kind, amount));
        }
        Some(made)
    }
}

/// Executes a block of transactions, and adds its coinbase to the model.
fn advance(chain: &mut Chain, model: &mut Model, transactions: Vec<Transaction>) {
    let height = chain.tip().height + 1;
    let mut packages: Vec<Payload<'_>> = transactions.into_iter().map(Payload::Transaction).collect();
    packages.insert(0, propose(height));
    let block = block_of(&chain.accept_packages(&packages).block_data);
    let coinbase = &block.as_parts().1[0];
    let amount = coinbase.outputs[0].amount.to_sat();
    model.young.push((height, OutPoint { txid: coinbase.compute_txid(), vout: 0 }, amount));
    // The coinbase matures a hundred blocks later.
    model.young.retain(|(made, out_point, amount)| {
        let is_mature = height + 1 - made >= 100;
        if is_mature {
            model.outputs.insert(*out_point, (Kind::Anyone, *amount));
        }
        !is_mature
    });
}

fn start() -> (Chain, Model) {
    let (chain, coins) = chain_of(104);
    let subsidy = |height| Network::Regtest.subsidy(height);
    let mut model = Model::default();
    for (height, coin) in (1..).zip(coins) {
        if 105 - height >= 100 {
            model.outputs.insert(coin, (Kind::Anyone, subsidy(height)));
        } else {
            model.young.push((height, coin, subsidy(height)));
        }
    }
    (chain, model)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// What is unspent after a block is what was unspent before, and the subsidy.
    #[test]
    fn value_is_conserved_under_random_blocks(
        blocks in prop::collection::vec(
            prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 1..4), prop::collection::vec(any::<u8>(), 1..4), any::<u8>()),
                0..5,
            ),
            1..12,
        )
    ) {
        let (mut chain, mut model) = start();
        let mut expected = model.value();
        for transactions in blocks {
            let transactions = transactions.iter();
            let transactions =
                transactions.filter_map(|(choices, kinds, fee)| model.spend(choices, kinds, *fee)).collect();
            advance(&mut chain, &mut model, transactions);
            expected += Network::Regtest.subsidy(chain.tip().height);
            assert_eq!(model.value(), expected);
        }
        // The chain has all outputs of the model: one transaction spends those that are mature.
        let total = model.outputs.len();
        let everything: Vec<u8> = vec![0; total];
        let all = model.spend(&everything, &[0], 0).unwrap();
        assert_eq!(all.inputs.len(), total);
        advance(&mut chain, &mut model, vec![all]);
        let proposal = Proposal { time: time(chain.tip().height + 1), script: vec![], transactions: vec![] };
        assert!(chain.try_packages(&[Payload::Proposal(proposal)]).is_ok());
    }
}
