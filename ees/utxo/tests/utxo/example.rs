//! Blocks that spend outputs of all kinds, and the states before them.

use std::sync::LazyLock;

use bitcoin_primitives::{OutPoint, Sequence, Transaction, Txid};
use outrider_witness::utreexo::HeaderCode;
use utxo::{AssumedOutput, AssumedState, Digest, Network, Payload};

use crate::{
    builder::{Draft, Kind, chain_of, input, out_point, output, pay, sign, transaction},
    chain::Chain,
};

/// A block, and the state before it.
pub(crate) struct Example {
    pub(crate) chain: Chain,
    pub(crate) witness: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

/// A block with scripts of all forms, outputs of the same and of different blocks, and a relative lock time.
pub(crate) static KNOWN: LazyLock<Example> = LazyLock::new(|| {
    let (mut chain, coins) = chain_of(106);
    let outputs = Kind::ALL.map(|kind| output(7, &kind.script())).to_vec();
    let maker = transaction(vec![input(coins[1])], outputs);
    chain.accept_block(&Draft::new(&chain, 0, vec![maker.clone()]).mine());
    let spend = spend_all_kinds((0..6).rev().map(|vout| out_point(&maker, vout)));
    let mut old = pay(coins[0], &[1]);
    old.inputs[0].sequence = Sequence::from_consensus(1 << 22 | 3);
    let block = Draft::new(&chain, 0, vec![spend, old, pay(coins[4], &[5])]).commit().mine();
    Example::new(chain, &Payload::Block(block.into()))
});

/// A block on an assumed state, with scripts of all forms.
pub(crate) static ASSUMED: LazyLock<Example> = LazyLock::new(|| {
    let txid = [0xa5; 32];
    let assumed = (0..).zip(Kind::ALL).map(|(vout, kind)| AssumedOutput {
        block_hash: Digest::default(),
        out_point: utxo::OutPoint { txid: Digest(txid), vout },
        code: HeaderCode::new(100 + vout / 2, false).unwrap(),
        amount: 7,
        script: kind.script(),
    });
    let chain = Chain::with(&Payload::AssumedState(AssumedState {
        network: Network::Regtest,
        height: 200,
        block_hash: Digest([1; 32]),
        outputs: assumed.collect(),
    }));
    let txid = Txid::from_byte_array(txid);
    let spend = spend_all_kinds((0..6).rev().map(|vout| OutPoint { txid, vout }));
    let block = Draft::new(&chain, 0, vec![spend]).commit().mine();
    Example::new(chain, &Payload::AssumedBlock(block.into()))
});

impl Example {
    fn new(chain: Chain, payload: &Payload<'_>) -> Self {
        let block_data = chain.try_packages(std::slice::from_ref(payload)).unwrap().block_data;
        let payload = payload.to_bytes();
        let witness = block_data[4..block_data.len() - payload.len()].to_vec();
        Self { chain, witness, payload }
    }

    /// Returns the block data.
    pub(crate) fn block_data(&self) -> Vec<u8> {
        framed(self.witness.len(), &self.witness, &self.payload)
    }
}

/// Returns block data that claim a length of the witness.
pub(crate) fn framed(witness_bytes: usize, witness: &[u8], payload: &[u8]) -> Vec<u8> {
    [&u32::try_from(witness_bytes).unwrap().to_le_bytes()[..], witness, payload].concat()
}

/// Spends outputs of all kinds, with 7 satoshi each, the last kind first.
fn spend_all_kinds(out_points: impl Iterator<Item = OutPoint>) -> Transaction {
    let mut spend = transaction(out_points.map(input).collect(), vec![output(42, &[0x51])]);
    let spent: Vec<(Kind, u64)> = Kind::ALL.iter().rev().map(|kind| (*kind, 7)).collect();
    sign(&mut spend, &spent);
    spend
}
