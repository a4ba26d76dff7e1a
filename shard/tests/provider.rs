//! The blocks that a provider builds and stores, and its refusals, each with its own reason.

mod support;

use std::sync::Arc;

use outrider_host::{
    Context, Ee, ExecutionInput, Fault, ReceivedReceipt, RootRead, SentReceipt, Slot, StateRoot,
};
use outrider_shard::provider::{code_hash, current_root};
use outrider_shard::{Disagreement, Frame, Previous, Provider, ProviderError, Surroundings};
use outrider_witness::Hash;
use outrider_witness::store::{DiskStore, MemoryStore, Store, StoreError};
use proptest::prelude::*;
use support::{EMPTY_STATE, Model, PAIR, build, changed, disk, load, memory, pair, read};

/// Builds and applies a block on a state of the EE, with an EE in which one text replaces another, and returns the
/// error.
#[track_caller]
fn check_refused(from: &str, to: &str, fault: Fault, expected: &str) -> ProviderError {
    let honest = memory(pair());
    let first = build(&honest, EMPTY_STATE, &[b"\x01"]);
    let store = Arc::new(MemoryStore::new());
    let ee = changed(from, to);
    let provider = Provider::open(ee, store).expect("the store is empty");
    // The state is the honest EE's, so the other fails only in the next step.
    let mut batch = outrider_witness::store::Batch::new();
    for (hash, bytes) in first.new_nodes() {
        let children = if bytes[0] == 0x15 { vec![hash_at(bytes, 1), hash_at(bytes, 33)] } else { vec![] };
        outrider_witness::NodeSink::put(&mut batch, hash, bytes, &children);
    }
    batch.pin(&Hash(first.post_state_root().0));
    provider.store().apply(&batch).expect("the state is whole");
    let built = provider.build(first.post_state_root(), &[b"\x02"], Context::default());
    let applied = built.and_then(|built| provider.apply(&[built], Previous::Release));
    let error = applied.expect_err("it is refused");
    assert_eq!((error.to_string().as_str(), error.fault()), (expected, fault));
    assert_eq!(provider.store().check().expect("the store is sound").n_nodes, 3);
    error
}

fn hash_at(bytes: &[u8], offset: usize) -> Hash {
    Hash(bytes[offset..offset + 32].try_into().expect("it has 32 bytes"))
}

/// Builds block after block on two stores, and compares each with the model.
fn check_chain<S: Store + Send + Sync + 'static>(provider: &Provider<S>, payloads: &[Vec<u8>], keep: bool) {
    let mut model = Model::default();
    for payload in payloads {
        let (one, other) = payload.split_at(payload.len() / 2);
        let root = current_root(provider.store()).expect("it can be read");
        assert_eq!(root, model.root());
        let block = build(provider, root, &[one, other]);
        let frame = Frame::parse(block.block_data()).expect("it is framed");
        assert_eq!(frame.witness, model.witness(payload), "the witness is the tree's own");
        assert_eq!(frame.payload, payload);
        assert_eq!((block.witness_bytes(), block.payload_bytes()), (frame.witness.len(), payload.len()));
        model = model.after(payload);
        assert_eq!(block.post_state_root(), model.root());
        let before = provider.store().roots().expect("they can be read").len();
        let previous = if keep { Previous::Keep } else { Previous::Release };
        provider.apply(&[block], previous).expect("it is stored");
        let roots = provider.store().roots().expect("they can be read");
        assert_eq!(roots.len(), if keep { before + 1 } else { 1 });
        let contents = provider.store().check().expect("the store is sound");
        assert!(keep || contents.n_nodes == 3, "{contents:?}");
        assert_eq!(read(provider.store(), model.root()), model);
    }
}

fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let byte = (0..2u8, 1..128u8).prop_map(|(side, amount)| side << 7 | amount);
    prop::collection::vec(prop::collection::vec(byte, 1..6), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn blocks_are_those_of_the_model_in_memory(payloads in payloads(), keep: bool) {
        check_chain(&memory(pair()), &payloads, keep);
    }
}

#[test]
fn blocks_are_those_of_the_model_and_survive_reopening() {
    let directory = tempfile::tempdir().expect("it can be made");
    let payloads = [b"\x01\x82".to_vec(), b"\x7f".to_vec(), b"\xff\x01".to_vec()];
    check_chain(&disk(pair(), directory.path()), &payloads, false);
    let provider = disk(pair(), directory.path());
    let model = payloads.iter().fold(Model::default(), |model, payload| model.after(payload));
    let root = current_root(provider.store()).expect("it can be read");
    assert_eq!(root, model.root());
    assert_eq!(read(provider.store(), root), model);
    assert_eq!(code_hash(provider.store()).expect("it can be read"), Some(pair().code_hash()));
}

#[test]
fn block_data_is_executed_with_the_root_alone() {
    let provider = memory(pair());
    let first = build(&provider, EMPTY_STATE, &[b"\x05\x85"]);
    provider.apply(std::slice::from_ref(&first), Previous::Release).expect("it is stored");
    let second = build(&provider, first.post_state_root(), &[b"\x81"]);
    let input = ExecutionInput::new(first.post_state_root(), Arc::clone(second.block_data()));
    let output = pair().execute(&input).expect("the EE takes it");
    assert_eq!(&output, second.output());
    // And on no other state.
    let input = ExecutionInput::new(StateRoot([7; 32]), Arc::clone(second.block_data()));
    assert!(pair().execute(&input).is_err());
}

#[test]
fn every_changed_byte_of_a_witness_is_refused() {
    let provider = memory(pair());
    let first = build(&provider, EMPTY_STATE, &[b"\x05\x85"]);
    provider.apply(std::slice::from_ref(&first), Previous::Release).expect("it is stored");
    let block = build(&provider, first.post_state_root(), &[b"\x81"]);
    for at in 0..4 + block.witness_bytes() {
        let mut changed = block.block_data().to_vec();
        changed[at] ^= 1;
        let input = ExecutionInput::new(first.post_state_root(), changed);
        assert!(pair().execute(&input).is_err(), "byte {at}");
    }
}

#[test]
fn a_stale_block_is_refreshed_and_blocks_are_merged() {
    let provider = memory(pair());
    let start = build(&provider, EMPTY_STATE, &[b"\x01"]);
    provider.apply(std::slice::from_ref(&start), Previous::Keep).expect("it is stored");
    let [one, other] = [b"\x02".as_slice(), b"\x83\x04"]
        .map(|payload| build(&provider, start.post_state_root(), &[payload]));
    provider.apply(std::slice::from_ref(&one), Previous::Keep).expect("it is stored");

    let newer = one.post_state_root();
    let stale = ExecutionInput::new(newer, Arc::clone(other.block_data()));
    assert!(pair().execute(&stale).is_err(), "the witness is stale");
    let refreshed = provider.refresh(other.block_data(), newer, Context::default()).expect("the EE takes it");
    let model = Model::default().after(b"\x01\x02");
    assert_eq!(refreshed.post_state_root(), model.after(b"\x83\x04").root());
    assert_eq!(refreshed.payload_bytes(), other.payload_bytes());

    let blocks = [one.block_data(), other.block_data()];
    let merged =
        provider.merge(&blocks, start.post_state_root(), Context::default()).expect("the EE takes them");
    assert_eq!(merged.post_state_root(), refreshed.post_state_root());
    assert_eq!(Frame::parse(merged.block_data()).expect("it is framed").payload, b"\x02\x83\x04");
}

#[test]
fn blocks_are_built_on_blocks_and_stored_together() {
    let provider = memory(pair());
    let mut blocks = Vec::new();
    for payload in [b"\x01", b"\x82", b"\x03"] {
        let block = provider.build_on(EMPTY_STATE, &blocks, &[payload], Context::default());
        blocks.push(block.expect("the EE takes it"));
    }
    assert_eq!(provider.store().roots().expect("they can be read").len(), 0, "nothing is stored by building");
    let model = Model::default().after(b"\x01\x82\x03");
    provider.apply(&blocks, Previous::Release).expect("they are stored");
    assert_eq!(current_root(provider.store()).expect("it can be read"), model.root());
    assert_eq!(provider.store().check().expect("the store is sound").n_nodes, 3);

    blocks.remove(1);
    let error = provider.apply(&blocks, Previous::Release).expect_err("one is missing");
    assert!(matches!(error, ProviderError::NotAChain { index: 1, .. }), "{error}");
    assert_eq!(error.fault(), Fault::Caller);
}

#[test]
fn an_unknown_state_is_an_error() {
    let provider = memory(pair());
    let unknown = StateRoot([9; 32]);
    let error = provider.build(unknown, &[b"\x01"], Context::default()).expect_err("there is no such state");
    assert_eq!(error.to_string(), format!("the store keeps no state with root {unknown}"));
    assert_eq!(error.fault(), Fault::Caller);

    let first = build(&provider, EMPTY_STATE, &[b"\x01"]);
    provider.apply(std::slice::from_ref(&first), Previous::Release).expect("it is stored");
    let [one, other] =
        [b"\x02", b"\x03"].map(|payload| build(&provider, first.post_state_root(), &[payload]));
    provider.apply(&[one], Previous::Release).expect("it is stored");
    // The base of the other block was released with the first.
    let error = provider.apply(&[other], Previous::Release).expect_err("the state is gone");
    assert!(
        matches!(error, ProviderError::UnknownRoot { root } if root == first.post_state_root()),
        "{error}"
    );
}

#[test]
fn garbage_packages_are_refused_by_the_ee() {
    let provider = memory(pair());
    for packages in [vec![], vec![b"".as_slice()], vec![b"\x01", b"\x00"], vec![b"\x80"]] {
        let error = provider.build(EMPTY_STATE, &packages, Context::default()).expect_err("it is garbage");
        assert_eq!(error.to_string(), "the EE does not accept the packages");
        assert!(matches!(error, ProviderError::Refused(_)));
        assert_eq!(error.fault(), Fault::Guest);
    }
}

#[test]
fn block_data_that_is_not_framed_is_not_refreshed() {
    let provider = memory(pair());
    let whole = build(&provider, EMPTY_STATE, &[b"\x01"]);
    for garbage in [b"".as_slice(), b"\x01\0\0", b"\x02\0\0\0a", b"\xff\xff\xff\xffabc"] {
        let datas = [&whole.block_data()[..], garbage];
        let error = provider.merge(&datas, EMPTY_STATE, Context::default()).expect_err("it is garbage");
        assert!(matches!(error, ProviderError::BlockData { index: 1, .. }), "{error}");
        assert_eq!(error.fault(), Fault::Caller);
    }
}

#[test]
fn a_store_is_of_one_ee() {
    let store = Arc::new(MemoryStore::new());
    let own = Provider::open(pair(), Arc::clone(&store)).expect("the store is empty");
    build(&own, EMPTY_STATE, &[b"\x01"]);
    let other = changed(";; @end", "(call $transition)");
    let error = Provider::open(other, Arc::clone(&store)).err().expect("it is another EE");
    assert!(
        matches!(error, ProviderError::OtherEe { expected, .. } if expected == pair().code_hash()),
        "{error}"
    );
    assert!(Provider::open(pair(), store).is_ok());
}

#[test]
fn a_directory_without_a_store_stays_without() {
    let directory = tempfile::tempdir().expect("it can be made");
    let error = DiskStore::open_existing(directory.path()).expect_err("there is none");
    assert_eq!(error.to_string(), "the directory has no state");
    assert_eq!(std::fs::read_dir(directory.path()).expect("it is there").count(), 0);
}

#[test]
fn an_ee_that_yields_no_block_data_is_refused() {
    let line =
        "(call $yield (i32.const 0x40000) (i32.sub (global.get $witness) (i32.const 0x40000))) ;; @yield";
    check_refused(line, "", Fault::Guest, "the EE yields no block data in provider mode");
}

#[test]
fn an_ee_that_yields_malformed_block_data_is_refused() {
    let line =
        "(i32.store (i32.const 0x40000) (i32.sub (global.get $witness) (i32.const 0x40004))) ;; @length";
    let to = "(i32.store (i32.const 0x40000) (i32.const 1000))";
    let error = check_refused(line, to, Fault::Guest, "the EE yields malformed block data");
    assert!(matches!(error, ProviderError::Yielded(_)));
}

#[test]
fn an_ee_whose_witness_is_incomplete_or_not_minimal_is_refused() {
    let expected = "the EE does not accept its own block data: the witness is incomplete or not minimal";
    let hash = "(call $write (call $hash (local.get $side)) (i32.const 32)))) ;; @hash";
    for to in [
        "(nop)))",
        "(call $write (call $hash (local.get $side)) (i32.const 31))))",
        "(call $write (call $hash (local.get $side)) (i32.const 32)) (call $write_byte (i32.const 0))))",
    ] {
        let error = check_refused(hash, to, Fault::Guest, expected);
        assert!(error.execution().is_some());
    }
}

#[test]
fn an_ee_with_another_result_over_the_witness_is_refused() {
    let twice = "(if (call $mode) (then (call $transition) (call $commit (local.get $mask))))";
    let store = memory(changed(";; @end", twice));
    let error = store.build(EMPTY_STATE, &[b"\x01"], Context::default()).expect_err("it is two functions");
    let (provided, stateless) =
        (Model::default().after(b"\x02").root(), Model::default().after(b"\x01").root());
    let ProviderError::Disagreement(got) = &error else { panic!("{error}") };
    assert_eq!(*got, Disagreement::PostStateRoot { provided, stateless });
    assert_eq!(error.fault(), Fault::Guest);

    for (deposit, provided, stateless) in [
        ("(if (call $mode) (then DEPOSIT))", 1, 0),
        ("DEPOSIT (if (call $mode) (then) (else DEPOSIT))", 1, 2),
    ] {
        let deposit = deposit.replace("DEPOSIT", "(call $deposit (i32.const 0) (i32.const 184))");
        let store = memory(changed(";; @end", &deposit));
        let error =
            store.build(EMPTY_STATE, &[b"\x01"], Context::default()).expect_err("it is two functions");
        let ProviderError::Disagreement(got) = &error else { panic!("{error}") };
        // The deposits are memory, whose root bytes are zero in both modes except for what the transition wrote, the
        // same in both.
        assert_eq!(*got, Disagreement::Deposits { provided, stateless, first: provided.min(stateless) });
    }
}

/// Returns the EE with these lines at its end, which may use more imports.
#[track_caller]
fn with_ether(lines: &str) -> Ee {
    let imports = "(module
        (import \"eth2\" \"payProposer\" (func $pay (param i64)))
        (import \"eth2\" \"contextBalance\" (func $balance (result i64)))
        (import \"eth2\" \"contextFinalizedSlot\" (func $final (result i64)))
        (import \"eth2\" \"readCount\" (func $reads (result i32)))
        (import \"eth2\" \"readRoot\" (func $read_root (param i32 i32)))
        (import \"eth2\" \"pushReceipt\" (func $send (param i32 i32)))
        (import \"eth2\" \"receiptCount\" (func $receipts (result i32)))
        (import \"eth2\" \"receiptCopy\" (func $copy_receipt (param i32 i32 i32) (result i32)))
        (import \"eth2\" \"rejectReceipt\" (func $reject (param i32)))\n";
    let text = PAIR.replacen("(module\n", imports, 1).replace(";; @end", lines);
    assert!(text.contains(imports) && text.contains(lines), "the EE has changed");
    load(&text)
}

#[test]
fn an_ee_that_pays_another_fee_over_the_witness_is_refused() {
    let store = memory(with_ether("(call $pay (i64.extend_i32_u (i32.add (call $mode) (i32.const 5))))"));
    let error = store.build(EMPTY_STATE, &[b"\x01"], Context::default()).expect_err("it is two functions");
    let ProviderError::Disagreement(got) = &error else { panic!("{error}") };
    assert_eq!(*got, Disagreement::ProposerFee { provided: 6, stateless: 5 });
    assert_eq!(error.fault(), Fault::Guest);
}

/// Three receipts, whose values are 1, 2 and 3.
fn receipts() -> Arc<[ReceivedReceipt]> {
    [1, 2, 3].map(|value| ReceivedReceipt { value, ..ReceivedReceipt::default() }).into()
}

#[test]
fn an_ee_that_sends_other_receipts_over_the_witness_is_refused() {
    // The third receipt has a value of one if the EE runs over the state.
    let send = "(memory.fill (i32.const 0xb0000) (i32.const 0) (i32.const 64))
        (call $send (i32.const 0xb0000) (i32.const 32)) (call $send (i32.const 0xb0000) (i32.const 32))";
    let value =
        "(i32.store8 (i32.const 0xb0010) (call $mode)) (call $send (i32.const 0xb0000) (i32.const 32))";
    let none = "(if (call $mode) (then) (else (call $send (i32.const 0xb0000) (i32.const 32))))";
    for (line, provided, stateless) in [(value, 3, 3), (none, 2, 3)] {
        let store = memory(with_ether(&format!("{send} {line}")));
        let error =
            store.build(EMPTY_STATE, &[b"\x01"], Context::default()).expect_err("it is two functions");
        let ProviderError::Disagreement(got) = &error else { panic!("{error}") };
        assert_eq!(*got, Disagreement::Receipts { provided, stateless, first: 2 });
    }
}

#[test]
fn an_ee_that_rejects_other_receipts_over_the_witness_is_refused() {
    let surroundings = Surroundings { receipts: receipts(), ..Surroundings::default() };
    let over_state = |line: &str| format!("(if (call $mode) (then {line}))");
    let over_witness = |line: &str| format!("(if (call $mode) (then) (else {line}))");
    let [first, last] = [0, 2].map(|index| format!("(call $reject (i32.const {index}))"));
    for (lines, index, is_provided, place) in [
        (format!("{first} {}", over_state(&last)), 2, true, "state"),
        (format!("{last} {}", over_witness(&first)), 0, false, "witness"),
        (format!("{} {}", over_witness(&last), over_state(&first)), 0, true, "state"),
        (format!("{} {}", over_witness(&last), first), 2, false, "witness"),
    ] {
        let store = memory(with_ether(&lines));
        let error =
            store.build(EMPTY_STATE, &[b"\x01"], surroundings.clone()).expect_err("it is two functions");
        let ProviderError::Disagreement(got) = &error else { panic!("{error}") };
        assert_eq!(*got, Disagreement::Rejected { index, is_provided });
        assert_eq!(got.to_string(), format!("the EE rejects receipt {index} over the {place} only"));
    }
}

#[test]
fn both_executions_of_a_block_have_its_receipts() {
    // Pays the value of the last receipt, rejects it, and sends what it has copied of it.
    let store = memory(with_ether(
        "(drop (call $copy_receipt (i32.sub (call $receipts) (i32.const 1)) (i32.const 0xb0000) (i32.const 41)))
        (call $pay (i64.load (i32.const 0xb0021)))
        (call $reject (i32.sub (call $receipts) (i32.const 1)))
        (call $send (i32.const 0xb0001) (i32.const 40))",
    ));
    let surroundings = Surroundings { receipts: receipts(), ..Surroundings::default() };
    let block = store.build(EMPTY_STATE, &[b"\x01"], surroundings.clone()).expect("the EE takes it");
    let output = block.output();
    assert_eq!((output.proposer_fee, &output.rejected[..]), (3, &[2][..]));
    let payload = vec![3, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(output.receipts, [SentReceipt { payload, ..SentReceipt::default() }]);
    let again = store.refresh(block.block_data(), EMPTY_STATE, surroundings).expect("the EE takes it");
    assert_eq!(again.output(), output);
    let error = store.build(EMPTY_STATE, &[b"\x01"], Context::default()).expect_err("there is no receipt");
    assert!(matches!(error, ProviderError::Refused(_)), "{error}");
}

#[test]
fn both_executions_of_a_block_have_its_context_and_reads() {
    let store = memory(with_ether(
        "(call $pay (i64.add (call $balance) (call $final)))
        (call $read_root (i32.sub (call $reads) (i32.const 1)) (i32.const 0xb0000))
        (call $pay (i64.load8_u (i32.const 0xb0010)))",
    ));
    let context = Context { balance: 70, finalized_slot: Slot(8), ..Context::default() };
    let read = |byte| RootRead { state_root: StateRoot([byte; 32]), ..RootRead::default() };
    let surroundings = Surroundings { reads: Arc::from([read(1), read(200)]), ..context.into() };
    let block = store.build(EMPTY_STATE, &[b"\x01"], surroundings.clone()).expect("the EE takes it");
    assert_eq!(block.output().proposer_fee, 278);
    let again = store.refresh(block.block_data(), EMPTY_STATE, surroundings).expect("the EE takes it");
    assert_eq!(again.output(), block.output());
    let error = store.build(EMPTY_STATE, &[b"\x01"], context).expect_err("no read is declared");
    assert!(matches!(error, ProviderError::Refused(_)), "{error}");
}

#[test]
fn an_ee_that_puts_wrong_or_too_few_nodes_is_refused() {
    let leaf = "(drop (call $put (call $hash (local.get $side)) (call $leaf (local.get $side)) (i32.const 41) \
                (i32.const 0) (i32.const 0))) ;; @leaf";
    let branch = "(drop (call $put (i32.const 192) (i32.const 127) (i32.const 65) (i32.const 128) (i32.const 2))) ;; @branch";
    let ee = leaf.replace("(i32.const 41)", "(i32.const 40)");
    let error = memory(changed(leaf, &ee)).build(EMPTY_STATE, &[b"\x01"], Context::default());
    let error = error.expect_err("the hash is wrong");
    assert!(matches!(error, ProviderError::WrongHash { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Guest);

    let error = memory(changed(branch, "")).build(EMPTY_STATE, &[b"\x01"], Context::default());
    let error = error.expect_err("the root is missing");
    assert_eq!(
        error.to_string(),
        format!(
            "the EE saves the root {}, but puts no node with this hash",
            Model::default().after(b"\x01").root()
        )
    );
    assert_eq!(error.fault(), Fault::Guest);

    // The branch refers to one leaf that is not put, and to another that is stored.
    let [model, after] = [b"\x01".as_slice(), b"\x01\x02"].map(|payload| Model::default().after(payload));
    let (parent, child) = (after.root(), after.leaf(0));
    let expected = format!(
        "the EE puts the node {parent}, which refers to {child}: that is neither new nor stored, so the EE has to put it, too"
    );
    assert_ne!(model.leaf(0), child);
    assert_eq!(model.leaf(1), after.leaf(1));
    let error = check_refused(leaf, "", Fault::Guest, &expected);
    assert!(matches!(error, ProviderError::ChildNotPut { .. }));
}

/// A node that was stored when a block was built may be gone when it is applied.
#[test]
fn children_are_checked_again_when_a_block_is_applied() {
    let leaf = "(drop (call $put (call $hash (local.get $side)) (call $leaf (local.get $side)) (i32.const 41) \
                (i32.const 0) (i32.const 0))) ;; @leaf";
    // A provider over part of a state does not check at first.
    let part = Provider::open_part(changed(leaf, ""), Arc::new(MemoryStore::new())).expect("it is empty");
    let block = part.build(EMPTY_STATE, &[b"\x01"], Context::default()).expect("the EE takes it");
    let error = part.apply(&[block], Previous::Release).expect_err("the leaves are missing");
    let ProviderError::Store(StoreError::MissingChild { parent, child }) = &error else { panic!("{error}") };
    let model = Model::default().after(b"\x01");
    assert_eq!(parent.0, model.root().0);
    assert!([0, 1].map(|side| model.leaf(side)).contains(child));
    assert_eq!(error.fault(), Fault::Guest);
}

#[test]
fn a_state_that_was_made_elsewhere_is_imported_whole_and_pinned() {
    let model = Model::default().after(b"\x05\x85");
    let root = model.root();
    let batch = |is_pinned: bool| {
        let mut batch = outrider_witness::store::Batch::new();
        model.tree::<outrider_witness::Keccak256>().commit(&mut batch);
        if is_pinned {
            batch.pin(&root.into());
        }
        batch
    };
    let provider = memory(pair());
    let unpinned = provider.import(root, batch(false));
    assert!(matches!(unpinned, Err(ProviderError::UnknownRoot { root: unknown }) if unknown == root));
    let mut nothing = outrider_witness::store::Batch::new();
    nothing.pin(&root.into());
    assert!(matches!(provider.import(root, nothing), Err(ProviderError::Store(_))));
    assert_eq!(current_root(provider.store()).expect("it can be read"), EMPTY_STATE);

    provider.import(root, batch(true)).expect("the state is whole");
    assert_eq!(current_root(provider.store()).expect("it can be read"), root);
    let block = build(&provider, root, &[b"\x01"]);
    assert_eq!(block.post_state_root(), model.after(b"\x01").root());
}
