//! Boundaries of consensus, in the manner of Bitcoin Core's functional test `feature_block.py`.

use bitcoin_hashes::{hash160, sha256};
use bitcoin_primitives::{
    OutPoint, ScriptSigBuf, Sequence, Transaction, TxIn, Txid, Witness, absolute::LockTime,
};
use outrider_sdk::harness::Failure;
use utxo::Payload;

use crate::{
    builder::{ANYONE, Draft, chain_of, input, out_point, output, pay, transaction},
    chain::{Chain, Error},
};

const SUBSIDY: u64 = 5_000_000_000;

/// Executes a block, and returns why it is refused.
fn run(chain: &Chain, block: &[u8]) -> Result<(), String> {
    match chain.try_packages(&[Payload::Block(block.into())]) {
        Ok(_) => Ok(()),
        Err(Failure::Refused(Error::Transition(error))) => {
            Err(format!("{:?}: {}", error.reject_reason(), outrider_sdk::chain(&error)))
        }
        Err(other) => panic!("no refusal: {}", outrider_sdk::chain(&other)),
    }
}

#[track_caller]
fn good(chain: &Chain, draft: &Draft) {
    assert_eq!(run(chain, &draft.mine()), Ok(()));
}

#[track_caller]
fn bad(chain: &Chain, draft: &Draft, reason: &str) {
    let text = run(chain, &draft.mine()).expect_err("the block is accepted");
    assert!(text.contains(reason), "{text}");
}

fn script_sig(parts: &[&[u8]]) -> ScriptSigBuf {
    ScriptSigBuf::from_bytes(parts.concat())
}

fn p2sh(script: &[u8]) -> Vec<u8> {
    [&[0xa9, 20][..], &hash160::Hash::hash(script).to_byte_array(), &[0x87]].concat()
}

fn p2wsh(script: &[u8]) -> Vec<u8> {
    [&[0, 32][..], &sha256::Hash::hash(script).to_byte_array()].concat()
}

fn push(data: &[u8]) -> Vec<u8> {
    match data.len() {
        n @ 0..=75 => [&[n as u8][..], data].concat(),
        n @ 76..=255 => [&[0x4c, n as u8][..], data].concat(),
        n => [&[0x4d, n as u8, (n >> 8) as u8][..], data].concat(),
    }
}

/// Blocks b31 to b43, b73 to b76 of `feature_block.py`.
#[test]
fn sigops_of_bare_scripts_count_up_to_cut_off_pushes() {
    let (chain, coins) = chain_of(110);
    let with = |script: &[u8]| {
        Draft::new(&chain, 0, vec![transaction(vec![input(coins[0])], vec![output(1, script)])])
    };
    for (opcode, each) in [(0xac, 1), (0xad, 1), (0xae, 20), (0xaf, 20)] {
        let n = 20_000 / each;
        good(&chain, &with(&vec![opcode; n]));
        bad(&chain, &with(&vec![opcode; n + 1]), "bad-blk-sigops");
    }
    // A number before it does not count in a bare output.
    let multi: Vec<u8> = (0..1_000).flat_map(|_| [0x51, 0xae]).collect();
    good(&chain, &with(&multi));
    bad(&chain, &with(&[&multi[..], &[0xac]].concat()), "bad-blk-sigops");
    // b73: an element that is too large, with sigops behind it; b74, b75: a push that is cut off.
    let many = vec![0xac; 20_000];
    let large = [&[0x4e, 9, 2, 0, 0][..], &[0xac; 521]].concat();
    bad(&chain, &with(&[&many[..], &large, &[0xac]].concat()), "bad-blk-sigops");
    good(&chain, &with(&[&many[..], &large].concat()));
    good(&chain, &with(&[&many[..], &[0x4e, 0xfe, 0xff, 0xff, 0xff], &[0xac; 90]].concat()));
    good(&chain, &with(&[&many[..], &[0x4e, 0xff, 0xff, 0xff, 0xff], &[0xac; 90]].concat()));
    bad(&chain, &with(&[&many[..], &[0xac, 0x4e, 0xff, 0xff, 0xff, 0xff]].concat()), "bad-blk-sigops");
    // The script of the coinbase, and what is behind OP_RETURN.
    let mut draft = with(&vec![0xac; 19_999]);
    draft.transactions[0].inputs[0].script_sig = script_sig(&[&[1, 111], &[0xac]]);
    good(&chain, &draft);
    draft.transactions[0].inputs[0].script_sig = script_sig(&[&[1, 111], &[0xac, 0xac]]);
    bad(&chain, &draft, "bad-blk-sigops");
    bad(&chain, &with(&[&[0x6a][..], &vec![0xac; 20_001]].concat()), "bad-blk-sigops");
    let mut draft = with(&[]);
    draft.transactions[0].outputs[0] = output(0, &vec![0xad; 20_001]);
    bad(&chain, &draft, "bad-blk-sigops");
}

#[test]
fn sigops_of_redeem_scripts_and_witnesses_count() {
    let (mut chain, coins) = chain_of(110);
    // OP_1 and multisigs behind a branch that is not taken.
    let inner: Vec<u8> = [&[0x51, 0x63, 0x51, 0x67][..], &[0x52, 0xae].repeat(50), &[0x68]].concat();
    let zero_first = [&[0x51, 0x63, 0x51, 0x67][..], &[0xae].repeat(10), &[0x68]].concat();
    let nested = p2wsh(&inner);
    let scripts = [p2sh(&inner), p2wsh(&inner), p2sh(&nested), p2sh(&zero_first)];
    let kinds: Vec<Vec<u8>> = (0..5).flat_map(|_| scripts.clone()).collect();
    let outputs = kinds.iter().map(|script| output(1, script)).collect();
    let maker = transaction(vec![input(coins[0])], outputs);
    chain.accept_block(&Draft::new(&chain, 0, vec![maker.clone()]).mine());
    let spend = |kind: u32| {
        let mut it = input(out_point(&maker, kind));
        match kind {
            0 => it.script_sig = script_sig(&[&push(&inner)]),
            1 => it.witness = Witness::from_slice(&[&inner]),
            2 => {
                it.script_sig = script_sig(&[&push(&nested)]);
                it.witness = Witness::from_slice(&[&inner]);
            }
            _ => it.script_sig = script_sig(&[&push(&zero_first)]),
        }
        it
    };
    // P2SH: 100 * 4; witness: 100; nested: 100; P2SH without numbers: 200 * 4.
    for (kind, cost) in [(0, 400), (1, 100), (2, 100), (3, 800)] {
        let rest = (80_000 - cost) / 4;
        let draft = |n: usize| {
            let spent = transaction(vec![spend(kind)], vec![output(0, &vec![0xac; n])]);
            Draft::new(&chain, 0, vec![spent]).commit()
        };
        good(&chain, &draft(rest));
        bad(&chain, &draft(rest + 1), "bad-blk-sigops");
    }
}

/// Blocks b23 to b25: the weight of a block, with and without witnesses.
#[test]
fn a_block_has_at_most_four_million_weight_units() {
    let (mut chain, coins) = chain_of(110);
    let future = [0x52, 2, 7, 7];
    let maker = transaction(vec![input(coins[0])], vec![output(1, &future); 3]);
    chain.accept_block(&Draft::new(&chain, 0, vec![maker.clone()]).mine());
    let with = |script: usize, witness: usize| {
        let mut it = input(out_point(&maker, 0));
        if witness > 0 {
            it.witness = Witness::from_slice(&[vec![7; witness]]);
        }
        let spend = transaction(vec![it], vec![output(0, &vec![0; script])]);
        let draft = Draft::new(&chain, 0, vec![spend]);
        if witness > 0 { draft.commit() } else { draft }
    };
    let size = |draft: &Draft| draft.mine().len();
    let base = size(&with(900_000, 0)) - 900_000;
    good(&chain, &with(1_000_000 - base, 0));
    bad(&chain, &with(1_000_001 - base, 0), "weight");
    // The stripped size counts four times.
    let weight = |draft: &Draft| {
        let mut stripped = draft.clone();
        stripped
            .transactions
            .iter_mut()
            .flat_map(|it| &mut it.inputs)
            .for_each(|it| it.witness = Witness::new());
        size(&stripped) * 3 + size(draft)
    };
    let (script, witness) = (300_000, 2_000_000);
    let rest = 4_000_000 - weight(&with(script, witness));
    assert_eq!(weight(&with(script, witness + rest)), 4_000_000);
    good(&chain, &with(script, witness + rest));
    bad(&chain, &with(script, witness + rest + 1), "weight");
}

#[test]
fn a_witness_may_have_millions_of_elements() {
    let (mut chain, coins) = chain_of(110);
    let maker = transaction(vec![input(coins[0])], vec![output(1, &[0x52, 2, 7, 7]); 3]);
    chain.accept_block(&Draft::new(&chain, 0, vec![maker.clone()]).mine());
    let mut it = input(out_point(&maker, 0));
    let elements = vec![[0_u8; 0]; 3_990_000];
    it.witness = Witness::from_slice(&elements);
    let draft = Draft::new(&chain, 0, vec![transaction(vec![it], vec![output(0, &[])])]).commit();
    good(&chain, &draft);
}

/// Blocks b26 to b29.
#[test]
fn the_script_of_a_coinbase_has_2_to_100_bytes() {
    let (chain, _) = chain_of(20);
    let with = |n: usize| {
        let mut draft = Draft::new(&chain, SUBSIDY, vec![]);
        draft.transactions[0].inputs[0].script_sig = script_sig(&[&[1, 21], &vec![0; n]]);
        draft
    };
    good(&chain, &with(0));
    good(&chain, &with(98));
    bad(&chain, &with(99), "scriptSig");
    let (chain, _) = chain_of(9);
    let mut draft = Draft::new(&chain, SUBSIDY, vec![]);
    draft.transactions[0].inputs[0].script_sig = script_sig(&[&[0x5a]]);
    bad(&chain, &draft, "scriptSig");
    // A push of the byte 10 is not OP_10 (BIP 34, as Bitcoin Core has it).
    draft.transactions[0].inputs[0].script_sig = script_sig(&[&[1, 10, 0]]);
    bad(&chain, &draft, "bad-cb-height");
    draft.transactions[0].inputs[0].script_sig = script_sig(&[&[0x5a, 0xff]]);
    good(&chain, &draft);
    for height in [127, 128, 129, 255, 256, 257] {
        let (chain, _) = chain_of(height - 1);
        let number = height.to_le_bytes();
        let minimal = match height {
            0..128 => vec![1, number[0]],
            128..=255 => vec![2, number[0], 0],
            _ => vec![2, number[0], number[1]],
        };
        let other = [&[minimal[0] + 1][..], &minimal[1..], &[0]].concat();
        let mut draft = Draft::new(&chain, 0, vec![]);
        draft.transactions[0].inputs[0].script_sig = ScriptSigBuf::from_bytes(minimal);
        good(&chain, &draft);
        draft.transactions[0].inputs[0].script_sig = ScriptSigBuf::from_bytes(other);
        bad(&chain, &draft, "bad-cb-height");
    }
}

/// Blocks b62 and b63: also the coinbase is final.
#[test]
fn a_coinbase_is_final() {
    let (chain, _) = chain_of(20);
    let mut draft = Draft::new(&chain, SUBSIDY, vec![]);
    draft.transactions[0].lock_time = LockTime::from_consensus(21);
    draft.transactions[0].inputs[0].sequence = Sequence::from_consensus(0);
    bad(&chain, &draft, "bad-txns-nonfinal");
    draft.transactions[0].inputs[0].sequence = Sequence::from_consensus(u32::MAX);
    good(&chain, &draft);
    draft.transactions[0].inputs[0].sequence = Sequence::from_consensus(1 << 22 | 500);
    draft.transactions[0].lock_time = LockTime::from_consensus(20);
    // Relative lock times do not concern a coinbase.
    good(&chain, &draft);
}

/// Transactions with negative versions have relative lock times: the version is a u32 (BIP 68).
#[test]
fn versions_are_unsigned() {
    let (chain, coins) = chain_of(110);
    for (version, is_bad) in
        [(0_u32, false), (1, false), (2, true), (3, true), (1 << 31, true), (u32::MAX, true)]
    {
        let mut spend = pay(coins[4], &[1]);
        spend.inputs[0].sequence = Sequence::from_consensus(107);
        spend.version = bitcoin_primitives::TransactionVersion::maybe_non_standard(version);
        let draft = Draft::new(&chain, 0, vec![spend]);
        if is_bad { bad(&chain, &draft, "bad-txns-nonfinal") } else { good(&chain, &draft) }
    }
}

#[test]
fn null_outpoints_are_of_coinbases_only() {
    let (chain, coins) = chain_of(110);
    let null = TxIn { ..input(OutPoint::COINBASE_PREVOUT) };
    let spend = transaction(vec![input(coins[0]), null.clone()], vec![output(1, ANYONE)]);
    bad(&chain, &Draft::new(&chain, 0, vec![spend]), "null");
    let index = |vout| input(OutPoint { txid: Txid::from_byte_array([0; 32]), vout });
    let spend = transaction(vec![index(0)], vec![output(1, ANYONE)]);
    bad(&chain, &Draft::new(&chain, 0, vec![spend]), "missingorspent");
    let mut draft = Draft::new(&chain, 0, vec![]);
    draft.transactions[0].inputs = vec![TxIn { script_sig: script_sig(&[&[1, 111, 0]]), ..index(0) }];
    bad(&chain, &draft, "bad-cb-missing");
    let mut draft = Draft::new(&chain, 0, vec![]);
    let first = draft.transactions[0].inputs[0].clone();
    draft.transactions[0].inputs = vec![first, input(coins[0])];
    bad(&chain, &draft, "null");
    let mut draft = Draft::new(&chain, 0, vec![]);
    draft.transactions[0].outputs.clear();
    bad(&chain, &draft, "no outputs");
}

/// Block b57p2 and others of the Merkle tree.
#[test]
fn each_repetition_of_a_subtree_is_refused() {
    let (chain, coins) = chain_of(117);
    for n in 1..16 {
        let transactions: Vec<Transaction> = (0..n).map(|at| pay(coins[at], &[1])).collect();
        let draft = Draft::new(&chain, 0, transactions);
        let root = crate::builder::merkle_root(
            draft.transactions.iter().map(|it| it.compute_txid().to_byte_array()).collect(),
        );
        good(&chain, &draft);
        let all = draft.transactions.clone();
        for length in 1..=all.len() {
            for times in 1..3 {
                let mut repeated = draft.clone();
                for _ in 0..times {
                    repeated.transactions.extend(all[all.len() - length..].to_vec());
                }
                let text = run(&chain, &repeated.mine_with(root)).expect_err("the block is accepted");
                assert!(text.contains("duplicate") || text.contains("bad-txnmrklroot"), "{text}");
            }
        }
    }
}

#[test]
fn the_last_commitment_of_the_form_counts() {
    let (chain, coins) = chain_of(110);
    let draft = Draft::new(&chain, 0, vec![pay(coins[0], &[1])]).commit();
    good(&chain, &draft);
    let commitment = draft.transactions[0].outputs[1].clone();
    let script = commitment.script_pubkey.to_vec();
    // More bytes behind it, an amount, and a short one behind it, which is none.
    let mut other = draft.clone();
    other.transactions[0].outputs[1] = output(0, &[&script[..], &[0xac, 0xfe]].concat());
    good(&chain, &other);
    other.transactions[0].outputs.push(output(0, &script[..37]));
    good(&chain, &other);
    other.transactions[0].outputs.push(output(0, &[&script[..6], &[9; 32]].concat()));
    bad(&chain, &other, "bad-witness-merkle-match");
    // Without a commitment, without witnesses.
    let mut without = draft.clone();
    without.transactions[0].outputs.pop();
    bad(&chain, &without, "unexpected-witness");
    without.transactions[0].inputs[0].witness = Witness::new();
    good(&chain, &without);
    // Another nonce, which the commitment does not know.
    let mut nonce = draft.clone();
    nonce.transactions[0].inputs[0].witness = Witness::from_slice(&[[1; 32]]);
    bad(&chain, &nonce, "bad-witness-merkle-match");
}

/// Block b64: a count that is not minimal. And bytes behind the block.
#[test]
fn a_block_has_one_encoding() {
    let (chain, coins) = chain_of(110);
    let bytes = Draft::new(&chain, 0, vec![pay(coins[0], &[1])]).mine();
    assert_eq!(bytes[80], 2);
    let long = [&bytes[..80], &[0xfd, 2, 0], &bytes[81..]].concat();
    assert!(run(&chain, &long).is_err());
    assert!(run(&chain, &[&bytes[..], &[0]].concat()).is_err());
    assert!(run(&chain, &bytes[..bytes.len() - 1]).is_err());
    assert!(run(&chain, &bytes).is_ok());
}

#[test]
fn scripts_of_all_sizes_are_spent() {
    let (mut chain, coins) = chain_of(110);
    let script = |n: usize| {
        // Pushes of up to 500 bytes, each of which leaves true, and no more than a thousand of them.
        let mut script = Vec::new();
        while script.len() < n {
            let left = n - script.len();
            match left {
                1 => script.push(0x51),
                2 => script.extend([1, 1]),
                3..=76 => script.extend(push(&vec![1; left - 1])),
                77..=503 => script.extend(
                    [vec![0x4d, (left - 3) as u8, ((left - 3) >> 8) as u8], vec![1; left - 3]].concat(),
                ),
                _ => script.extend(push(&[1; 500])),
            }
        }
        script
    };
    let sizes =
        [0, 1, 2, 75, 252, 253, 254, 967, 968, 969, 1_991, 1_992, 1_993, 3_015, 3_016, 3_017, 9_999, 10_000];
    let outputs: Vec<_> = sizes.iter().map(|n| output(1, &script(*n))).collect();
    assert!(sizes.iter().all(|n| script(*n).len() == *n));
    let maker = transaction(vec![input(coins[0])], outputs);
    chain.accept_block(&Draft::new(&chain, 0, vec![maker.clone()]).mine());
    for (vout, size) in (0..).zip(sizes) {
        let mut spend = pay(out_point(&maker, vout), &[1]);
        if size == 0 {
            spend.inputs[0].script_sig = script_sig(&[&[0x51]]);
        }
        chain.accept_block(&Draft::new(&chain, 0, vec![spend]).mine());
    }
}

#[test]
fn transactions_of_64_bytes_are_valid() {
    let (chain, coins) = chain_of(110);
    let spend = transaction(vec![input(coins[0])], vec![output(1, &[0x51, 0x52, 0x53, 0x54])]);
    let draft = Draft::new(&chain, 0, vec![spend]);
    assert_eq!(
        draft.mine().len() - 81,
        bitcoin_consensus_encoding::encode_to_vec(&draft.transactions[0]).len() + 64
    );
    good(&chain, &draft);
}

#[test]
fn amounts_are_at_most_21_million() {
    let (chain, coins) = chain_of(110);
    let max = 21_000_000 * 100_000_000;
    let block = |spend| Draft::new(&chain, 0, vec![spend]);
    bad(&chain, &block(pay(coins[0], &[max])), "bad-txns-in-belowout");
    bad(&chain, &block(pay(coins[0], &[max, 1])), "MAX_MONEY");
    for amount in [max + 1, 1 << 63, u64::MAX] {
        let mut bytes = block(pay(coins[0], &[0x0102_0304_0506])).mine();
        let at = bytes.windows(8).position(|it| it == 0x0102_0304_0506_u64.to_le_bytes()).unwrap();
        bytes[at..at + 8].copy_from_slice(&amount.to_le_bytes());
        assert!(run(&chain, &bytes).is_err());
    }
}
