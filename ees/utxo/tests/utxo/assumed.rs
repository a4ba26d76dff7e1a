//! Real blocks whose history is not at hand, on assumed states.

use std::collections::BTreeSet;

use bitcoin_consensus_encoding::{decode_from_slice, decode_from_slice_unbounded};
use bitcoin_primitives::{Block, Transaction, TxOut};
use outrider_sdk::{Reader, harness::Failure};
use outrider_witness::utreexo::HeaderCode;
use secp256k1::PublicKey;
use utxo::{
    AssumedError, AssumedOutput, AssumedState, Digest, History, Network, OutPoint, Payload, TransitionError,
};

use crate::{
    builder::{ANYONE, Draft, input, output, pay, transaction, unknown_output},
    chain::{Chain, Error},
    published::{file, split_blocks},
};

/// Reads a number as Bitcoin Core's databases have it: seven bits in each byte, the highest first, and one added for
/// each byte after the first (`ReadVarInt` in `src/serialize.h`).
fn var_int(reader: &mut Reader<'_>) -> u64 {
    let mut n = 0;
    loop {
        let byte = reader.u8().unwrap();
        n = n << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return n;
        }
        n += 1;
    }
}

/// Reads an amount without its trailing zeros (`DecompressAmount` in `src/compressor.cpp`).
fn amount(compressed: u64) -> u64 {
    let Some(rest) = compressed.checked_sub(1) else { return 0 };
    let (zeros, rest) = (rest % 10, rest / 10);
    let digits = if zeros < 9 { rest / 9 * 10 + rest % 9 + 1 } else { rest + 1 };
    digits * 10_u64.pow(zeros as u32)
}

/// Reads a script with a short form for some (`ScriptCompression` in `src/compressor.h`).
fn script(reader: &mut Reader<'_>) -> Vec<u8> {
    match var_int(reader) {
        0 => [&[0x76, 0xa9, 20][..], reader.take(20).unwrap(), &[0x88, 0xac]].concat(),
        1 => [&[0xa9, 20][..], reader.take(20).unwrap(), &[0x87]].concat(),
        form @ 2..=3 => [&[33, form as u8][..], reader.take(32).unwrap(), &[0xac]].concat(),
        form @ 4..=5 => {
            let key = [&[form as u8 - 2][..], reader.take(32).unwrap()].concat();
            let key = PublicKey::from_slice(&key).unwrap().serialize_uncompressed();
            [&[65][..], &key, &[0xac]].concat()
        }
        length => reader.take(length as usize - 6).unwrap().to_vec(),
    }
}

/// The outputs of earlier blocks that a block of a height spends, as btcd's tests have them: outpoint, length, height
/// and output.
fn btcd_outputs(bytes: &[u8], height: u32) -> Vec<AssumedOutput> {
    let mut reader = Reader::new(bytes);
    let mut outputs = Vec::new();
    while reader.remaining() > 0 {
        let out_point =
            OutPoint { txid: Digest(reader.take_array().unwrap()), vout: reader.u32_le().unwrap() };
        let length = reader.u32_le().unwrap();
        let mut entry = reader.sub(length as usize).unwrap();
        let code = HeaderCode(var_int(&mut entry) as u32);
        let amount = amount(var_int(&mut entry));
        let script = script(&mut entry);
        entry.finish().unwrap();
        outputs.push(AssumedOutput { block_hash: Digest::default(), out_point, code, amount, script });
    }
    outputs.retain(|output| output.code.height() < height);
    outputs.sort_by_key(|output| output.code.height());
    outputs
}

/// The outputs of earlier blocks that a block spends, as bcoin's tests have them: an output for each input, without its
/// height.
fn bcoin_outputs(mut bytes: &[u8], transactions: &[Transaction]) -> Vec<AssumedOutput> {
    let made_here: BTreeSet<_> = transactions.iter().map(Transaction::compute_txid).collect();
    let inputs = transactions[1..].iter().flat_map(|transaction| &transaction.inputs);
    let with_output = |input| (input, decode_from_slice_unbounded::<TxOut>(&mut bytes).unwrap());
    let spent: Vec<_> = inputs.map(with_output).collect();
    assert_eq!(bytes, []);
    let earlier = spent.iter().filter(|(input, _)| !made_here.contains(&input.previous_output.txid));
    let output = |(input, output): &(&bitcoin_primitives::TxIn, TxOut)| AssumedOutput {
        block_hash: Digest::default(),
        out_point: OutPoint {
            txid: Digest(input.previous_output.txid.to_byte_array()),
            vout: input.previous_output.vout,
        },
        code: HeaderCode(0),
        amount: output.amount.to_sat(),
        script: output.script_pubkey.to_vec(),
    };
    earlier.map(output).collect()
}

fn transactions(block: &[u8]) -> Vec<Transaction> {
    decode_from_slice::<Block>(block).unwrap().into_parts().1
}

fn state(network: Network, height: u32, block: &[u8], outputs: Vec<AssumedOutput>) -> Payload<'static> {
    let block_hash = Digest(block[4..36].try_into().unwrap());
    Payload::AssumedState(AssumedState { network, height: height - 1, block_hash, outputs })
}

/// Executes a block on an assumed state, and returns the number of its inputs.
#[track_caller]
fn check(network: Network, height: u32, block: &[u8], outputs: Vec<AssumedOutput>) -> usize {
    let n_earlier = outputs.len();
    let mut chain = Chain::with(&state(network, height, block, outputs));
    let provided = chain.accept(&Payload::AssumedBlock(block.into()));
    assert_eq!((chain.tip().height, chain.tip().history), (height, History::Assumed));
    let transactions = transactions(block);
    let n_inputs = transactions[1..].iter().map(|transaction| transaction.inputs.len()).sum();
    println!(
        "block {height}: {} transactions, {n_inputs} inputs, {n_earlier} of them of earlier blocks; {} bytes, and {} of \
         block data",
        transactions.len(),
        block.len(),
        provided.block_data.len()
    );
    n_inputs
}

#[test]
fn block_277647_of_the_main_network() {
    let names = ["blocks/277647.dat.bz2", "blocks/277647.utxostore.bz2"].map(file);
    let [Some(block), Some(outputs)] = names else { return };
    let block = split_blocks(&block).remove(0);
    assert_eq!(check(Network::Main, 277_647, &block, btcd_outputs(&outputs, 277_647)), 732);
}

#[test]
fn blocks_300025_of_the_main_network_and_1087400_of_the_test_network() {
    for (network, height, n_inputs) in [(Network::Main, 300_025, 1427), (Network::Test, 1_087_400, 205)] {
        let name = |part| format!("blocks-with-undo/block{height}{part}.raw.gz");
        let [Some(block), Some(outputs)] = [file(&name("")), file(&name("-undo"))] else { return };
        let outputs = bcoin_outputs(&outputs, &transactions(&block));
        assert_eq!(check(network, height, &block, outputs), n_inputs);
    }
}

#[test]
fn assumed_states_that_nobody_can_vouch_for() {
    let output = |txid, height, amount, script: &[u8]| AssumedOutput {
        block_hash: Digest::default(),
        out_point: OutPoint { txid: Digest([txid; 32]), vout: 0 },
        code: HeaderCode::new(height, false).unwrap(),
        amount,
        script: script.to_vec(),
    };
    let refuse = |network, outputs: &[AssumedOutput]| {
        let block_hash = Digest([1; 32]);
        let state = AssumedState { network, height: 9, block_hash, outputs: outputs.to_vec() };
        let empty = Chain(outrider_sdk::harness::StateProvider::new());
        match empty.try_packages(&[Payload::AssumedState(state)]) {
            Err(Failure::Refused(Error::Transition(error))) => error,
            other => panic!("{other:?}"),
        }
    };
    let assumed = |outputs: &[AssumedOutput]| match refuse(Network::Main, outputs) {
        TransitionError::Assumed { index, source } => (index, source),
        other => panic!("{other}"),
    };
    let good = output(1, 5, 7, &[]);
    let height = |height| AssumedError::Height { height };
    assert_eq!(assumed(&[good.clone(), output(2, 4, 7, &[])]), (1, height(4)));
    assert_eq!(assumed(&[good.clone(), output(2, 10, 7, &[])]), (1, height(10)));
    let other = AssumedOutput { block_hash: Digest([7; 32]), ..output(2, 5, 7, &[]) };
    assert_eq!(assumed(&[good.clone(), other]), (1, AssumedError::BlockHash { height: 5 }));
    let repeated = AssumedError::Repeated { out_point: good.out_point };
    assert_eq!(assumed(&[good.clone(), good.clone()]), (1, repeated));
    assert_eq!(assumed(&[output(1, 5, 7, &[0x6a])]), (0, AssumedError::Unspendable));
    let amount = 21_000_000 * 100_000_000 + 1;
    assert_eq!(assumed(&[output(1, 5, amount, &[])]), (0, AssumedError::Amount { amount }));
    assert!(matches!(refuse(Network::Shard, &[]), TransitionError::AssumedShard));
}

/// Returns a chain of regression tests with assumed outputs of anyone, which have these amounts.
fn assumed_chain(network: Network, amounts: &[u64]) -> Chain {
    let output = |(txid, amount): (u8, &u64)| AssumedOutput {
        block_hash: Digest::default(),
        out_point: OutPoint { txid: Digest([txid; 32]), vout: 0 },
        code: HeaderCode::new(5, false).unwrap(),
        amount: *amount,
        script: ANYONE.to_vec(),
    };
    let outputs = (1..).zip(amounts).map(output).collect();
    let block_hash = Digest([1; 32]);
    Chain::with(&Payload::AssumedState(AssumedState { network, height: 200, block_hash, outputs }))
}

#[track_caller]
fn refused(chain: &Chain, payload: Payload<'_>) -> TransitionError {
    match chain.try_packages(&[payload]) {
        Err(Failure::Refused(Error::Transition(error))) => error,
        other => panic!("{other:?}"),
    }
}

/// No chain has so much, but assumed outputs may.
#[test]
fn amounts_stay_below_21_million_bitcoins() {
    const MAX: u64 = 21_000_000 * 100_000_000;
    let chain = assumed_chain(Network::Regtest, &[MAX, MAX, 1]);
    let check = |transactions, expected| {
        let block = Draft::new(&chain, 0, transactions).mine();
        let error = refused(&chain, Payload::AssumedBlock(block.into()));
        assert_eq!(error.reject_reason(), Some(expected), "{}", outrider_sdk::chain(&error));
    };
    let both = vec![input(unknown_output(1)), input(unknown_output(3))];
    check(vec![transaction(both, vec![output(1, ANYONE)])], "bad-txns-inputvalues-outofrange");
    let fees = [pay(unknown_output(1), &[0]), pay(unknown_output(3), &[0])];
    check(fees.to_vec(), "bad-txns-accumulated-fee-outofrange");
}

#[test]
fn what_is_waived_and_what_is_not() {
    let chain = assumed_chain(Network::Regtest, &[7]);
    let accept = |edit: fn(&mut Draft)| {
        let mut draft = Draft::new(&chain, 0, vec![pay(unknown_output(1), &[7])]);
        edit(&mut draft);
        let block = Payload::AssumedBlock(draft.mine().into());
        chain.try_packages(&[block]).map(drop).map_err(|failure| outrider_sdk::chain(&failure))
    };
    accept(|_| ()).unwrap();
    // Any bits up to the limit, and any time.
    accept(|draft| draft.bits = 0x207f_fffe).unwrap();
    accept(|draft| draft.time = 1).unwrap();
    // A relative lock time in seconds, but not one in blocks.
    accept(|draft| draft.transactions[1].inputs[0].sequence = sequence(1 << 22 | 0xffff)).unwrap();
    accept(|draft| draft.transactions[1].inputs[0].sequence = sequence(196)).unwrap();
    let young = accept(|draft| draft.transactions[1].inputs[0].sequence = sequence(197));
    assert!(young.unwrap_err().contains("younger"));
    assert!(accept(|draft| draft.previous[0] ^= 1).unwrap_err().contains("the parent is"));
    assert!(accept(|draft| draft.version = 1).unwrap_err().contains("version"));
    let proposal = refused(&chain, crate::builder::propose(201));
    assert!(matches!(proposal, TransitionError::History { is_assumed: true }));
    let block = Draft::new(&chain, 0, vec![]).mine();
    let known = refused(&chain, Payload::Block(block.into()));
    assert!(matches!(known, TransitionError::History { is_assumed: true }));
}

fn sequence(n: u32) -> bitcoin_primitives::Sequence {
    bitcoin_primitives::Sequence::from_consensus(n)
}
