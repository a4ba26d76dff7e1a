//! Blocks that are refused, with Bitcoin Core's reason.

use bitcoin_primitives::{OutPoint, Sequence, Transaction, Witness, absolute::LockTime};
use outrider_sdk::harness::Failure;
use utxo::{BlockError, Network, Payload, TransactionError, TransitionError};

use crate::{
    builder::{
        ANYONE, Draft, Kind, chain_of, input, out_point, output, pay, propose, sign, time, transaction,
        unknown_output,
    },
    chain::{Chain, Error},
    published::{file, split_blocks},
};

const SUBSIDY: u64 = 5_000_000_000;

/// Returns the error for a block.
#[track_caller]
fn refuse(chain: &Chain, block: &[u8]) -> TransitionError {
    match chain.try_packages(&[Payload::Block(block.into())]) {
        Err(Failure::Refused(Error::Transition(error))) => error,
        Ok(_) => panic!("the block is accepted"),
        Err(other) => panic!("{}", outrider_sdk::chain(&other)),
    }
}

/// Checks that a block is refused with Bitcoin Core's reason.
#[track_caller]
fn check(chain: &Chain, block: &[u8], expected: &str) -> String {
    let error = refuse(chain, block);
    let text = outrider_sdk::chain(&error);
    assert_eq!(error.reject_reason(), Some(expected), "{text}");
    text
}

/// Checks that a block with transactions is refused, and that the error names the transaction.
#[track_caller]
fn check_transactions(chain: &Chain, transactions: Vec<Transaction>, index: usize, expected: &str) -> String {
    let block = Draft::new(chain, subsidy(chain), transactions).commit().mine();
    let text = check(chain, &block, expected);
    assert!(text.contains(&format!("transaction {index}, ")), "{text}");
    text
}

fn subsidy(chain: &Chain) -> u64 {
    Network::Regtest.subsidy(chain.tip().height + 1)
}

/// Returns a chain with 110 blocks, of which anyone can spend ten coinbases.
fn chain() -> (Chain, Vec<OutPoint>) {
    chain_of(110)
}

#[test]
fn outputs_that_are_spent_or_missing() {
    let (mut chain, coins) = chain();
    let reason = "bad-txns-inputs-missingorspent";
    let text = check_transactions(&chain, vec![pay(unknown_output(7), &[1])], 1, reason);
    assert!(text.contains("input 0: 0707"), "{text}");
    // Twice in a block, and again in a later one.
    let (first, second) = (pay(coins[0], &[SUBSIDY]), pay(coins[0], &[1]));
    check_transactions(&chain, vec![first.clone(), second.clone()], 2, reason);
    chain.accept_block(&Draft::new(&chain, subsidy(&chain), vec![first.clone()]).commit().mine());
    check_transactions(&chain, vec![second], 1, reason);
    // In the block that makes it: after it, but not before, not twice, and not if it does not exist.
    let parent = pay(out_point(&first, 0), &[10, 20]);
    let child = pay(out_point(&parent, 1), &[20]);
    let twin = pay(out_point(&parent, 1), &[19]);
    check_transactions(&chain, vec![child.clone(), parent.clone()], 1, reason);
    check_transactions(&chain, vec![parent.clone(), child.clone(), twin], 3, reason);
    check_transactions(&chain, vec![parent.clone(), pay(out_point(&parent, 2), &[1])], 2, reason);
    let n_leaves = chain.tip().outputs.n_leaves();
    let fee = SUBSIDY - 30;
    chain.accept_block(&Draft::new(&chain, subsidy(&chain) + fee, vec![parent, child]).commit().mine());
    // The coinbase's output, one of the parent and one of the child; what the block spent itself is not there.
    assert_eq!(chain.tip().outputs.n_leaves(), n_leaves + 3);
}

#[test]
fn outputs_that_cannot_be_spent_are_not_there() {
    let (mut chain, coins) = chain();
    let scripts = [&[0x6a][..], &[0x51; 10_001], &[0x51; 10_000]];
    let outputs = scripts.iter().map(|script| output(1, script)).collect();
    let maker = transaction(vec![input(coins[0])], outputs);
    let reason = "bad-txns-inputs-missingorspent";
    for vout in [0, 1] {
        check_transactions(&chain, vec![maker.clone(), pay(out_point(&maker, vout), &[1])], 2, reason);
    }
    let n_leaves = chain.tip().outputs.n_leaves();
    chain.accept_block(&Draft::new(&chain, subsidy(&chain), vec![maker.clone()]).commit().mine());
    assert_eq!(chain.tip().outputs.n_leaves(), n_leaves + 2);
    for vout in [0, 1] {
        check_transactions(&chain, vec![pay(out_point(&maker, vout), &[1])], 1, reason);
    }
    // A script of 10,000 bytes may be spent, but this one makes too many elements.
    let text = check_transactions(
        &chain,
        vec![pay(out_point(&maker, 2), &[1])],
        1,
        "block-script-verify-flag-failed",
    );
    assert!(text.contains("STACK_SIZE"), "{text}");
}

#[test]
fn amounts() {
    let (chain, coins) = chain();
    let text = check_transactions(&chain, vec![pay(coins[0], &[SUBSIDY + 1])], 1, "bad-txns-in-belowout");
    assert!(text.contains("the inputs have 5000000000, the outputs 5000000001"), "{text}");
    let with_fee = vec![pay(coins[0], &[SUBSIDY - 7])];
    let coinbase = |amount| Draft::new(&chain, amount, with_fee.clone()).commit().mine();
    check(&chain, &coinbase(SUBSIDY + 8), "bad-cb-amount");
    chain.clone().accept_block(&coinbase(SUBSIDY + 7));
    chain.clone().accept_block(&coinbase(0));
    // Another amount than that of the output has another leaf; a signature over a wrong amount fails.
    let mut maker = pay(coins[1], &[9]);
    maker.outputs[0] = output(9, &Kind::P2wpkh.script());
    let mut spend = pay(out_point(&maker, 0), &[9]);
    sign(&mut spend, &[(Kind::P2wpkh, 8)]);
    check_transactions(&chain, vec![maker, spend], 2, "block-script-verify-flag-failed");
}

#[test]
fn coinbases_mature_after_a_hundred_blocks() {
    let (chain, coins) = chain_of(99);
    let reason = "bad-txns-premature-spend-of-coinbase";
    check_transactions(&chain, vec![pay(coins[0], &[1])], 1, reason);
    let (mut chain, coins) = chain_of(100);
    check_transactions(&chain, vec![pay(coins[1], &[1])], 1, reason);
    let draft = Draft::new(&chain, SUBSIDY, vec![]);
    let own = out_point(&draft.transactions[0], 0);
    let block = Draft { transactions: [draft.transactions.clone(), vec![pay(own, &[1])]].concat(), ..draft };
    check(&chain, &block.mine(), reason);
    chain.accept_block(&Draft::new(&chain, SUBSIDY, vec![pay(coins[0], &[1])]).commit().mine());
}

/// The chain of btcd's reorganisation test, for which coinbases mature at once; its work is real.
#[test]
fn a_published_chain_that_spends_a_coinbase_early() {
    let Some(blocks) = file("blocks/blk_0_to_4.dat.bz2") else { return };
    let blocks = split_blocks(&blocks);
    let mut chain = Chain::new(Network::Main);
    chain.accept_block(&blocks[1]);
    let text = check(&chain, &blocks[2], "bad-txns-premature-spend-of-coinbase");
    assert!(text.contains("the coinbase has 1 blocks"), "{text}");
}

#[test]
fn headers() {
    let (chain, _) = chain_of(20);
    let draft = Draft::new(&chain, SUBSIDY, vec![]).commit();
    chain.clone().accept_block(&draft.mine());
    let other = |edit: fn(&mut Draft)| {
        let mut draft = draft.clone();
        edit(&mut draft);
        draft.mine()
    };
    check(&chain, &other(|it| it.previous[3] ^= 1), "prev-blk-not-found");
    // Below the limit, but not what the network demands; and above the limit.
    check(&chain, &other(|it| it.bits = 0x207f_fffe), "bad-diffbits");
    check(&chain, &other(|it| it.bits = 0x2100_8000), "high-hash");
    check(&chain, &other(|it| it.bits = 0x20ff_ffff), "high-hash");
    check(&chain, &other(|it| it.bits = 0), "high-hash");
    check(&chain, &other(|it| it.version = 3), "bad-version");
    // The median of the last eleven blocks is the time of the sixth last.
    check(&chain, &other(|it| it.time = time(15)), "time-too-old");
    chain.clone().accept_block(&other(|it| it.time = time(15) + 1));
    // No limit in the future, as there is no clock.
    chain.clone().accept_block(&other(|it| it.time = u32::MAX));
    let mut without_work = draft.mine();
    let nonce = (0_u32..).find(|nonce| {
        without_work[76..80].copy_from_slice(&nonce.to_le_bytes());
        bitcoin_hashes::sha256d::Hash::hash(&without_work[..80]).to_byte_array()[31] >= 0x80
    });
    assert!(nonce.is_some());
    check(&chain, &without_work, "high-hash");
}

#[test]
fn a_block_of_signet_is_signed() {
    let chain = Chain::new(Network::Signet);
    let draft = Draft { time: 1_598_919_000, bits: 0x1e03_77ae, ..Draft::new(&chain, SUBSIDY, vec![]) };
    check(&chain, &draft.with_nonce(1_989_705), "bad-signet-blksig");
    check(&chain, &draft.with_nonce(1_989_706), "high-hash");
}

#[test]
fn the_transactions_are_those_of_the_header() {
    let (chain, coins) = chain();
    let transactions = vec![pay(coins[0], &[1]), pay(coins[1], &[2])];
    let draft = Draft::new(&chain, SUBSIDY, transactions).commit();
    check(&chain, &draft.mine_with([7; 32]), "bad-txnmrklroot");
    // CVE-2012-2459: three transactions have the root of four, if the last is there twice.
    let mut repeated = draft.clone();
    repeated.transactions.push(draft.transactions[2].clone());
    check(&chain, &repeated.mine(), "bad-txns-duplicate");
    let mut without_coinbase = draft.clone();
    without_coinbase.transactions.remove(0);
    check(&chain, &without_coinbase.mine(), "bad-cb-missing");
    let mut two = draft.clone();
    two.transactions.push(Draft::new(&chain, 1, vec![]).transactions.remove(0));
    check(&chain, &two.commit().mine(), "bad-cb-multiple");
    let mut second = Draft::new(&chain, SUBSIDY, vec![]);
    second.transactions.push(Draft::new(&chain, 1, vec![]).transactions.remove(0));
    check(&chain, &second.commit().mine(), "bad-cb-multiple");
    let empty = Draft { transactions: vec![], ..draft };
    check(&chain, &empty.mine_with([0; 32]), "bad-cb-missing");
}

#[test]
fn what_the_decoder_refuses_has_its_reason_in_words() {
    let (chain, coins) = chain();
    let twice = transaction(vec![input(coins[0]), input(coins[0])], vec![output(1, ANYONE)]);
    let none = transaction(vec![input(coins[0])], vec![]);
    let heavy = transaction(vec![input(coins[0])], vec![output(1, &[0; 1_000_000])]);
    for (transaction, expected) in [(twice, "duplicate input"), (none, "no outputs"), (heavy, "weight")] {
        let block = Draft::new(&chain, SUBSIDY, vec![transaction]).mine();
        let error = refuse(&chain, &block);
        assert!(matches!(&error, TransitionError::Block { source: BlockError::Decode { .. }, .. }));
        let text = outrider_sdk::chain(&error);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn the_coinbase_begins_with_the_height() {
    let (chain, _) = chain_of(20);
    let mut draft = Draft::new(&chain, SUBSIDY, vec![]);
    draft.transactions[0].inputs[0].script_sig = bitcoin_primitives::ScriptSigBuf::from_bytes(vec![1, 22, 0]);
    check(&chain, &draft.mine(), "bad-cb-height");
}

#[test]
fn the_coinbase_commits_to_the_witnesses() {
    let (mut chain, coins) = chain();
    let mut maker = pay(coins[0], &[9]);
    maker.outputs[0] = output(9, &Kind::P2wpkh.script());
    chain.accept_block(&Draft::new(&chain, SUBSIDY, vec![maker.clone()]).mine());
    let mut spend = pay(out_point(&maker, 0), &[9]);
    sign(&mut spend, &[(Kind::P2wpkh, 9)]);
    let draft = Draft::new(&chain, SUBSIDY, vec![spend]);
    check(&chain, &draft.mine(), "unexpected-witness");
    let good = draft.commit();
    chain.clone().accept_block(&good.mine());
    let mut bad = good.clone();
    let script = bad.transactions[0].outputs[1].script_pubkey.to_vec();
    let changed = [&script[..37], &[script[37] ^ 1]].concat();
    bad.transactions[0].outputs[1] = output(0, &changed);
    check(&chain, &bad.mine(), "bad-witness-merkle-match");
    for witness in [Witness::new(), Witness::from_slice(&[[0; 31]]), Witness::from_slice(&[[0; 32], [0; 32]])]
    {
        let mut bad = good.clone();
        bad.transactions[0].inputs[0].witness = witness;
        check(&chain, &bad.mine(), "bad-witness-nonce-size");
    }
    // The last commitment counts.
    let mut last = good.clone();
    last.transactions[0].outputs.insert(0, output(0, &changed));
    chain.clone().accept_block(&last.mine());
}

#[test]
fn lock_times_are_compared_with_the_median_time() {
    let (chain, coins) = chain();
    let with = |lock_time, sequence| {
        let mut spend = pay(coins[0], &[1]);
        spend.lock_time = LockTime::from_consensus(lock_time);
        spend.inputs[0].sequence = Sequence::from_consensus(sequence);
        spend
    };
    let good = |spend| chain.clone().accept_block(&Draft::new(&chain, SUBSIDY, vec![spend]).mine());
    let reason = "bad-txns-nonfinal";
    check_transactions(&chain, vec![with(111, 0)], 1, reason);
    good(with(110, 0));
    good(with(111, u32::MAX));
    // The median is the time of block 105.
    check_transactions(&chain, vec![with(time(105), 0)], 1, reason);
    good(with(time(105) - 1, 0));
}

#[test]
fn relative_lock_times_count_from_the_block_before_the_output() {
    let (chain, coins) = chain();
    let with = |coin: usize, sequence| {
        let mut spend = pay(coins[coin], &[1]);
        spend.inputs[0].sequence = Sequence::from_consensus(sequence);
        spend
    };
    let good = |spend| chain.clone().accept_block(&Draft::new(&chain, SUBSIDY, vec![spend]).mine());
    let reason = "bad-txns-nonfinal";
    // Coin 4 was made by block 5, and the block has height 111.
    good(with(4, 106));
    check_transactions(&chain, vec![with(4, 107)], 1, reason);
    good(with(4, 1 << 31 | 107));
    let mut old = with(4, 107);
    old.version = bitcoin_primitives::TransactionVersion::ONE;
    good(old);
    // The median time before block 5 is that of block 2, before block 111 that of block 105: 61,800 seconds, 120.7
    // units.
    let by_time = 1 << 22;
    good(with(4, by_time | 120));
    check_transactions(&chain, vec![with(4, by_time | 121)], 1, reason);
    // A coin that is not near genesis.
    let (chain, coins) = chain_of(130);
    let mut spend = pay(coins[19], &[1]);
    spend.inputs[0].sequence = Sequence::from_consensus(by_time | 130);
    // From block 14 to 125: 66,600 seconds, 130.07 units.
    let provided = chain.clone().accept_block(&Draft::new(&chain, SUBSIDY, vec![spend.clone()]).mine());
    spend.inputs[0].sequence = Sequence::from_consensus(by_time | 131);
    check_transactions(&chain, vec![spend.clone()], 1, reason);
    spend.inputs[0].sequence = Sequence::from_consensus(111);
    let with_heights = chain.clone().accept_block(&Draft::new(&chain, SUBSIDY, vec![spend]).mine());
    // Twelve headers prove the median.
    assert!(provided.block_data.len() >= with_heights.block_data.len() + 32 + 12 * 48);
}

#[test]
fn a_relative_lock_time_in_seconds_is_reached_at_its_second() {
    let (mut chain, coins) = chain();
    let maker = pay(coins[0], &[1]);
    chain.accept_packages(&[propose(111), Payload::Transaction(maker.clone())]);
    (112..174).for_each(|height| drop(chain.accept_packages(&[propose(height)])));
    let mut spend = pay(out_point(&maker, 0), &[1]);
    // 64 blocks of 600 seconds are 75 units of 512.
    spend.inputs[0].sequence = Sequence::from_consensus(1 << 22 | 75);
    check_transactions(&chain, vec![spend.clone()], 1, "bad-txns-nonfinal");
    chain.accept_packages(&[propose(174)]);
    chain.accept_packages(&[propose(175), Payload::Transaction(spend)]);
}

#[test]
fn sigops() {
    let (chain, coins) = chain();
    let maker = |n: usize| transaction(vec![input(coins[0])], vec![output(1, &vec![0xac; n])]);
    check(&chain, &Draft::new(&chain, SUBSIDY, vec![maker(20_001)]).mine(), "bad-blk-sigops");
    chain.clone().accept_block(&Draft::new(&chain, SUBSIDY, vec![maker(20_000)]).mine());
}

#[test]
fn scripts_name_the_operation_that_fails() {
    let (mut chain, coins) = chain();
    let maker = transaction(
        vec![input(coins[0])],
        vec![output(1, &[0x51, 0x69, 0]), output(1, &Kind::Taproot.script())],
    );
    chain.accept_block(&Draft::new(&chain, SUBSIDY, vec![maker.clone()]).mine());
    let reason = "block-script-verify-flag-failed";
    let text = check_transactions(&chain, vec![pay(out_point(&maker, 0), &[1])], 1, reason);
    assert!(text.contains("EVAL_FALSE"), "{text}");
    let mut spend = pay(out_point(&maker, 1), &[1]);
    spend.inputs[0].witness = Witness::from_slice(&[[7; 64]]);
    let text = check_transactions(&chain, vec![spend], 1, reason);
    assert!(text.contains("SCHNORR_SIG"), "{text}");
}

#[test]
fn payloads_for_another_state() {
    let (chain, _) = chain_of(1);
    let refuse = |chain: &Chain, payload: Payload<'_>| match chain.try_packages(&[payload]) {
        Err(Failure::Refused(Error::Transition(error))) => error,
        other => panic!("{other:?}"),
    };
    let empty = Chain(outrider_sdk::harness::StateProvider::new());
    assert!(matches!(refuse(&chain, Payload::Genesis(Network::Main)), TransitionError::NotEmpty { .. }));
    assert!(matches!(refuse(&empty, Payload::Block([][..].into())), TransitionError::Empty));
    assert!(matches!(refuse(&empty, propose(1)), TransitionError::Empty));
    let history = refuse(&chain, Payload::AssumedBlock([][..].into()));
    assert!(matches!(history, TransitionError::History { is_assumed: false }), "{history}");
    let main = Chain::new(Network::Main);
    assert!(matches!(refuse(&main, propose(1)), TransitionError::Work { network: Network::Main }));
    let missing = refuse(&chain, Payload::Block([][..].into()));
    assert!(matches!(missing, TransitionError::Block { height: 2, source: BlockError::Decode { .. } }));
    let fail = |index| BlockError::Transaction {
        index,
        txid: Default::default(),
        source: TransactionError::NoInputs,
    };
    assert_eq!(fail(1).reject_reason(), Some("bad-txns-vin-empty"));
}
