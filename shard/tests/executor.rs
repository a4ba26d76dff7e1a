//! The stateless executor: what it accepts, and the first thing that it refuses.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/obedient.rs"]
mod obedient;

use std::{sync::Arc, time::Duration};

use chain::{Chain, Ees, TestExecutor};
use obedient::{GO_ON, LOOP, REFUSE, TRAP, depositing, obedient_chain, payload};
use outrider_beacon::{
    ledger::{
        EePayload, EeTransition, ExecutableBlock, Execution as _, ExecutionHeader, FormError, InboundBatch,
        Ledger, RootRead, ShardBody, ShardPlace,
    },
    registry::{Dispute, Judge as _},
};
use outrider_beacon_spec::{
    containers::DepositData,
    hash::hash_tree_root,
    types::{Bytes32, Root},
};
use outrider_host::{EngineKind, Host, HostConfig, Limits, UnsavedRoot};
use outrider_shard::executor::{Codes as _, ExecutionCount, Executor, ExecutorConfig, ExecutorError};
use proptest::prelude::*;

fn execute(executor: &TestExecutor, place: &ShardPlace, body: &ShardBody) -> Result<(), ExecutorError> {
    let [result] = executor.execute(&[ExecutableBlock { root: Root::ZERO, place, body }]).try_into().unwrap();
    result
}

/// Returns the field that an executor finds wrong, with the EE.
fn difference(error: &ExecutorError) -> (u32, &'static str) {
    match error {
        ExecutorError::Form(FormError::PayloadRoot { ee, .. }) => (*ee, "payload_root"),
        ExecutorError::Difference { ee, field, .. } => (*ee, field),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_proposer_and_an_executor_agree_on_either_engine_and_any_number_of_threads() {
    let chain = obedient_chain();
    let place = chain.place(1);
    let payloads = [payload(0, GO_ON, 7), depositing(1, 1_000_000_000), payload(2, GO_ON, 9)];
    let body = chain.executor().body(&place, payloads.to_vec()).unwrap();
    let [first, second, third] = &body.header.transitions[..] else { panic!("three") };
    assert_eq!((first.ee, first.balance, first.pre_state_root), (0, 5, Bytes32::ZERO));
    assert_eq!(first.post_state_root, Bytes32::repeat_byte(7));
    assert_eq!(first.payload_root, hash_tree_root(&payloads[0]));
    assert!(first.fuel_used > 0 && first.fuel_used == third.fuel_used);
    assert_eq!(second.deposits, 1_000_000_000);
    let deposit = DepositData {
        pubkey: [1; 48].into(),
        withdrawal_credentials: [2; 32].into(),
        amount: 1_000_000_000,
        signature: [3; 96].into(),
    };
    assert_eq!(second.deposit_data[..], [deposit]);
    assert_eq!(body.header.finalized_slot, 8);
    assert_eq!(ShardBody::from_body(&body.to_body()), Ok(body.clone()));
    for engine in
        [EngineKind::Wasmtime, EngineKind::Wasmer].into_iter().filter(|engine| engine.is_compiled_in())
    {
        for n_threads in [1, 2, 16] {
            let executor = chain.executor_of(engine, n_threads);
            execute(&executor, &place, &body).unwrap();
            assert_eq!(executor.body(&place, payloads.to_vec()).unwrap(), body, "{engine} {n_threads}");
        }
    }
}

#[test]
fn every_wrong_field_of_a_transition_is_named() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let payloads = vec![depositing(0, 7), payload(1, GO_ON, 9)];
    let right = executor.body(&place, payloads).unwrap();
    type Change = fn(&mut EeTransition);
    let changes: [(&str, Change); 10] = [
        ("pre_state_root", |t| t.pre_state_root = Bytes32::repeat_byte(0xee)),
        ("post_state_root", |t| t.post_state_root = Bytes32::repeat_byte(0xee)),
        ("payload_root", |t| t.payload_root = Root::repeat_byte(0xee)),
        ("fuel_used", |t| t.fuel_used += 1),
        ("fuel_used", |t| t.fuel_used -= 1),
        ("balance", |t| t.balance += 1),
        ("value_in", |t| t.value_in += 1),
        ("value_out", |t| t.value_out += 1),
        ("deposits", |t| t.deposits += 1),
        ("proposer_fee", |t| t.proposer_fee += 1),
    ];
    for ee in [0, 1] {
        for (field, change) in changes {
            let mut body = right.clone();
            change(&mut body.header.transitions[ee]);
            let error = execute(&executor, &place, &body).unwrap_err();
            assert_eq!(difference(&error), (u32::try_from(ee).unwrap(), field));
            assert!(error.is_verdict());
        }
    }
    let mut body = right.clone();
    body.header.transitions[0].deposit_data[0].amount = 6;
    assert_eq!(difference(&execute(&executor, &place, &body).unwrap_err()), (0, "deposit_data"));
    let mut body = right;
    body.header.transitions[1].deposit_data.push(DepositData::default()).unwrap();
    let error = execute(&executor, &place, &body).unwrap_err();
    assert_eq!(difference(&error), (1, "deposit_data"));
    assert!(error.to_string().ends_with("expected 0 deposits"), "{error}");
}

#[test]
fn other_fields_of_a_header_and_parts_of_a_body_are_checked() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let right = executor.body(&place, vec![payload(0, GO_ON, 7), payload(1, GO_ON, 9)]).unwrap();
    let refused = |change: &dyn Fn(&mut ShardBody)| {
        let mut body = right.clone();
        change(&mut body);
        let error = execute(&executor, &place, &body).unwrap_err();
        assert!(error.is_verdict());
        error.to_string()
    };
    assert_eq!(refused(&|body| body.header.finalized_slot = 9), "finalized_slot is 9, expected 8");
    let availability = refused(&|body| body.header.availability_root = Root::repeat_byte(1));
    assert!(availability.starts_with("availability_root is 0x0101"), "{availability}");
    let inbound = refused(&|body| body.inbound.push(InboundBatch::default()).unwrap());
    assert_eq!(inbound, "batch 0: the beacon parent knows no receipts of shard 0 in slot 0");
    let missing = refused(&|body| body.payloads = vec![payload(0, GO_ON, 7)].try_into().unwrap());
    assert_eq!(missing, "the block has 1 payloads for 2 executed transitions");
    let other = refused(&|body| body.payloads[1].ee = 0);
    assert_eq!(other, "the payload of EE 0 stands where one of EE 1 is expected");
    let elsewhere = executor.body(&place, vec![payload(2, GO_ON, 1)]).unwrap_err();
    assert_eq!(elsewhere.to_string(), "EE 2 is not active on shard 0 in epoch 1");
    let unknown = executor.body(&place, vec![payload(3, GO_ON, 1)]).unwrap_err();
    assert_eq!(unknown.to_string(), "EE 3 is not active on shard 0 in epoch 1");
}

#[test]
fn a_payload_that_fails_is_refused_and_its_ee_named() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    for (order, expected) in [
        (REFUSE, "EE 1: the execution fails: the EE refuses the block: not today"),
        (TRAP, "EE 1: the execution fails: the EE trapped: unreachable"),
        (LOOP, "EE 1: the execution needs more than 10000000 fuel"),
    ] {
        let payloads = vec![payload(0, GO_ON, 7), payload(1, order, 8)];
        let error = executor.body(&place, payloads).unwrap_err();
        let shown = outrider_host::chain(&error).to_string();
        assert!(shown.starts_with(expected), "{shown}");
        assert!(error.is_verdict());
        // The same in a block that claims a result.
        let mut body = executor.body(&place, vec![payload(0, GO_ON, 7), payload(1, GO_ON, 8)]).unwrap();
        body.payloads[1] = payload(1, order, 8);
        let transition = &mut body.header.transitions[1];
        transition.payload_root = hash_tree_root(&body.payloads[1]);
        transition.fuel_used = 5_000_000;
        let error = execute(&executor, &place, &body).unwrap_err();
        if order == LOOP {
            assert_eq!(difference(&error), (1, "fuel_used"));
        } else {
            let shown = outrider_host::chain(&error).to_string();
            assert!(shown.starts_with(expected), "{shown}");
        }
    }
}

#[test]
fn a_read_must_be_of_the_latest_root() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let with_read = |shard, ee, state_root| {
        let reads = vec![RootRead { shard, ee, state_root }].try_into().unwrap();
        vec![EePayload { reads, ..payload(0, GO_ON, 7) }]
    };
    let body = executor.body(&place, with_read(1, 2, Bytes32::repeat_byte(2))).unwrap();
    execute(&executor, &place, &body).unwrap();
    for (shard, ee, root) in [(1, 2, 3), (0, 2, 2), (1, 3, 2), (2, 2, 2), (u64::MAX, 0, 0)] {
        let error = executor.body(&place, with_read(shard, ee, Bytes32::repeat_byte(root))).unwrap_err();
        assert!(matches!(error, ExecutorError::Read { ee: 0, .. }), "{error:?}");
    }
    // The beacon parent counts, and not what is pending on this shard.
    let mut later = chain.place(0);
    later.beacon_parent = Ledger::default();
    assert!(matches!(execute(&executor, &later, &body), Err(ExecutorError::Read { expected: None, .. })));
}

#[test]
fn an_execution_is_made_once_and_any_other_input_is_another_execution() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let count = |asked, made| assert_eq!(executor.executions(), ExecutionCount { asked, made });
    let payloads = || vec![payload(0, GO_ON, 7), payload(1, GO_ON, 7)];
    let body = executor.body(&place, payloads()).unwrap();
    count(2, 2);
    let wrong = {
        let mut body = body.clone();
        body.header.transitions[0].post_state_root = Bytes32::ZERO;
        body
    };
    let blocks = [&body, &wrong, &body].map(|body| ExecutableBlock { root: Root::ZERO, place: &place, body });
    let results: Vec<_> = executor.execute(&blocks).iter().map(Result::is_ok).collect();
    assert_eq!(results, [true, false, true]);
    count(8, 2);
    let mut made = 2;
    for change in [
        (|place| place.slot = 10) as fn(&mut ShardPlace),
        |place| place.shard = 1,
        |place| place.beacon_parent_root = Root::ZERO,
        |place| place.finalized_slot = 7,
    ] {
        let mut place = chain.place(0);
        change(&mut place);
        executor.body(&place, vec![payload(1, GO_ON, 7)]).unwrap();
        made += 1;
        assert_eq!(executor.executions().made, made);
    }
    executor.body(&place, vec![payload(1, GO_ON, 8)]).unwrap();
    assert_eq!(executor.executions().made, made + 1);
}

#[test]
fn a_node_without_the_code_gives_no_verdict() {
    let chain = obedient_chain();
    let place = chain.place(0);
    let body = chain.executor().body(&place, vec![payload(0, GO_ON, 7)]).unwrap();
    let empty = Chain { codes: Arc::default(), ledger: chain.ledger.clone() };
    let error = execute(&empty.executor(), &place, &body).unwrap_err();
    assert!(matches!(error, ExecutorError::CodeMissing { ee: 0, .. }));
    assert!(!error.is_verdict());
    let code_hash = chain.ledger.ees().get(0).unwrap().code_hash;
    assert!(chain.codes.code(code_hash).unwrap().is_some());
    let undecided = empty.executor().is_right(&dispute(&place, &body, code_hash, 0)).unwrap_err();
    assert!(undecided.0.contains("does not have the code"), "{undecided}");
}

fn dispute<'d>(
    place: &ShardPlace,
    body: &'d ShardBody,
    code_hash: Bytes32,
    transition_index: usize,
) -> Dispute<'d> {
    let ShardPlace { shard, slot, beacon_parent_root, .. } = *place;
    Dispute { code_hash, shard, slot, beacon_parent_root, header: &body.header, transition_index, body }
}

#[test]
fn the_judge_convicts_wrong_transitions_and_no_others() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let right = executor.body(&place, vec![depositing(0, 7), payload(1, GO_ON, 9)]).unwrap();
    let code_hash = |ee| chain.ledger.ees().get(ee).unwrap().code_hash;
    let judge = |body: &ShardBody, ee| {
        let dispute = dispute(&place, body, code_hash(ee), ee);
        let judgement = executor.is_right(&dispute).unwrap();
        assert_eq!(
            chain.executor().is_right(&dispute),
            Ok(judgement),
            "one that has executed nothing before"
        );
        judgement
    };
    assert_eq!([0, 1].map(|ee| judge(&right, ee)), [true, true]);
    let changes: [fn(&mut ShardBody); 6] = [
        |body| body.header.transitions[1].post_state_root = Bytes32::ZERO,
        |body| body.header.transitions[1].fuel_used -= 1,
        |body| body.header.transitions[1].fuel_used += 1,
        |body| body.header.transitions[1].proposer_fee = 1,
        |body| body.header.transitions[1].deposits = 1,
        |body| body.header.transitions[1].payload_root = Root::repeat_byte(1),
    ];
    for change in changes {
        let mut body = right.clone();
        change(&mut body);
        assert_eq!([0, 1].map(|ee| judge(&body, ee)), [body.check_form().is_ok(), false]);
    }
    let mut short = right.clone();
    short.payloads = vec![right.payloads[0].clone()].try_into().unwrap();
    assert_eq!([0, 1].map(|ee| judge(&short, ee)), [false, false], "no executor accepts the block");
    let mut traps = right.clone();
    traps.payloads[1] = payload(1, TRAP, 9);
    traps.header.transitions[1].payload_root = hash_tree_root(&traps.payloads[1]);
    assert_eq!([0, 1].map(|ee| judge(&traps, ee)), [true, false]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Blocks of several shards, some of them wrong, in any order: each has the result that it has alone.
    #[test]
    fn results_depend_neither_on_order_nor_on_threads(
        blocks in proptest::collection::vec((0_u64..2, 0_u8..4, 0_u8..3, any::<bool>()), 1..12),
        n_threads in 1_usize..5,
    ) {
        let chain = obedient_chain();
        let places = [chain.place(0), chain.place(1)];
        let maker = chain.executor();
        let bodies: Vec<_> = blocks.iter().map(|(shard, order, root, lies)| {
            let place = &places[usize::try_from(*shard).unwrap()];
            let mut body = maker.body(place, vec![payload(0, GO_ON, *root), payload(1, GO_ON, 5)]).unwrap();
            body.payloads[0] = payload(0, *order, *root);
            body.header.transitions[0].payload_root = hash_tree_root(&body.payloads[0]);
            body.header.transitions[1].balance += u64::from(*lies);
            (place, body)
        }).collect();
        let shown = |result: &Result<(), ExecutorError>| {
            result.as_ref().map_err(|error| outrider_host::chain(error).to_string()).copied()
        };
        let alone: Vec<_> =
            bodies.iter().map(|(place, body)| shown(&execute(&chain.executor(), place, body))).collect();
        let executable: Vec<_> = bodies.iter().map(|(place, body)| ExecutableBlock { root: Root::ZERO, place, body }).collect();
        let executor = chain.executor_of(EngineKind::Wasmtime, n_threads);
        let together: Vec<_> = executor.execute(&executable).iter().map(shown).collect();
        prop_assert_eq!(&together, &alone);
        let reversed: Vec<_> = executable.iter().rev().copied().collect();
        let mut results: Vec<_> = executor.execute(&reversed).iter().map(shown).collect();
        results.reverse();
        prop_assert_eq!(&results, &alone);
    }

    /// Any bytes are either an error or the body that encodes to them.
    #[test]
    fn decoding_a_body_is_total_and_strict(mut bytes: Vec<u8>, at in any::<prop::sample::Index>(), byte: u8) {
        prop_assert!(ShardBody::from_body(&bytes).is_err());
        let header = ExecutionHeader {
            transitions: vec![EeTransition::default(); 2].try_into().unwrap(),
            ..ExecutionHeader::default()
        };
        let body = ShardBody {
            header,
            payloads: vec![payload(0, GO_ON, 1), depositing(1, 2)].try_into().unwrap(),
            ..ShardBody::default()
        };
        bytes = body.to_body();
        let index = at.index(bytes.len());
        bytes[index] = byte;
        if let Ok(decoded) = ShardBody::from_body(&bytes) {
            prop_assert_eq!(decoded.to_body(), bytes);
        }
    }
}

#[test]
fn a_judge_convicts_bodies_that_every_executor_refuses() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let right = executor.body(&place, vec![payload(0, GO_ON, 7)]).unwrap();
    let code_hash = chain.ledger.ees().get(0).unwrap().code_hash;
    let mut bodies = vec![right.clone(), right.clone(), right.clone(), right.clone()];
    bodies[0].inbound.push(InboundBatch::default()).unwrap();
    bodies[1].header.transitions[0].receipts_root = Root::repeat_byte(3);
    bodies[2].payloads.push(payload(1, GO_ON, 3)).unwrap();
    bodies[3].header.availability_root = Root::repeat_byte(3);
    for body in &bodies {
        assert!(execute(&executor, &place, body).unwrap_err().is_verdict());
        assert_eq!(executor.is_right(&dispute(&place, body, code_hash, 0)), Ok(false));
    }
}

#[test]
fn verdicts_are_remembered_by_block_root_and_failures_of_this_node_are_not() {
    let chain = obedient_chain();
    let (executor, place) = (chain.executor(), chain.place(0));
    let right = executor.body(&place, vec![payload(0, GO_ON, 7)]).unwrap();
    let mut wrong = right.clone();
    wrong.header.transitions[0].post_state_root = Bytes32::ZERO;
    let mut traps = right.clone();
    traps.payloads[0] = payload(0, TRAP, 7);
    let root = |body: &ShardBody| hash_tree_root(body);
    let block = |body| ExecutableBlock { root: root(body), place: &place, body };
    let results = executor.execute(&[block(&right), block(&wrong), block(&traps)]);
    let shown = |error: &ExecutorError| outrider_host::chain(error).to_string();
    assert!(results[0].is_ok() && executor.refusal(&root(&right)).is_none());
    for (body, result) in [&wrong, &traps].into_iter().zip(&results[1..]) {
        let remembered = executor.refusal(&root(body)).unwrap();
        assert_eq!(shown(&remembered), shown(result.as_ref().unwrap_err()));
    }
    let empty = Chain { codes: Arc::default(), ledger: chain.ledger.clone() }.executor();
    assert!(empty.execute(&[block(&right)])[0].is_err());
    assert!(empty.refusal(&root(&right)).is_none());

    // The memory is bounded, and the block that was refused first goes first.
    let mut other = wrong.clone();
    for finalized_slot in 100..100 + 4096 {
        other.header.finalized_slot = finalized_slot;
        let root = Root::from_slice(&[&[1; 24][..], &finalized_slot.to_be_bytes()].concat());
        let _ = executor.execute(&[ExecutableBlock { root, place: &place, body: &other }]);
    }
    assert!(executor.refusal(&root(&wrong)).is_none());
}

#[test]
fn a_host_must_have_the_limits_of_the_chain() {
    let chain = obedient_chain();
    let check = |host: HostConfig| {
        let host = Host::new(host).unwrap();
        let config = ExecutorConfig::default();
        match Executor::new(host, Arc::clone(&chain.codes), chain::settings(), &config) {
            Ok(_) => None,
            Err(ExecutorError::HostLimit { limit, got, expected }) => Some((limit, got, expected)),
            Err(other) => panic!("{other}"),
        }
    };
    let limits = |change: fn(&mut Limits)| {
        let mut config = HostConfig::default();
        change(&mut config.limits);
        config
    };
    assert_eq!(check(HostConfig::default()), None);
    // An execution gets the fuel that the chain's settings say, so a host may allow more.
    assert_eq!(check(limits(|limits| limits.fuel_max = 10_000_000)), None);
    let wrong: [(HostConfig, &str, &str, &str); 17] = [
        (limits(|limits| limits.fuel_max = 9_999_999), "fuel_max", "9999999", "at least 10000000"),
        (limits(|limits| limits.module_bytes_max = 4 << 20), "module_bytes_max", "4194304", "8388608"),
        (limits(|limits| limits.memory_pages_max = 16), "memory_pages_max", "16", "4096"),
        (limits(|limits| limits.memory_pages_near = 16), "memory_pages_near", "16", "32"),
        (limits(|limits| limits.memory_far_factor = 1), "memory_far_factor", "1", "16"),
        (limits(|limits| limits.code_bytes_near = 1), "code_bytes_near", "1", "16777216"),
        (limits(|limits| limits.floats = false), "floats", "false", "true"),
        (limits(|limits| limits.table_elements_max = 1), "table_elements_max", "1", "20000"),
        (limits(|limits| limits.ticks_max = 1), "ticks_max", "1", "10000000"),
        (limits(|limits| limits.deposits_max = 16), "deposits_max", "16", "1024"),
        (limits(|limits| limits.stack_slots_max = 1024), "stack_slots_max", "1024", "65536"),
        (limits(|limits| limits.block_data_bytes_max = 1), "block_data_bytes_max", "1", "134217728"),
        (limits(|limits| limits.unsaved_root = UnsavedRoot::Zeros), "unsaved_root", "Zeros", "Refused"),
        (
            HostConfig { wall_clock_max: Some(Duration::from_secs(9)), ..HostConfig::default() },
            "wall_clock_max",
            "Some(9s)",
            "None",
        ),
        (HostConfig { metered: false, ..HostConfig::default() }, "metered", "false", "true"),
        (
            HostConfig { memory_bytes_max: (256 << 20) - 1, ..HostConfig::default() },
            "memory_bytes_max",
            "268435455",
            "at least 268435456",
        ),
        (HostConfig { metered: false, ..limits(|limits| limits.ticks_max = 1) }, "metered", "false", "true"),
    ];
    for (config, limit, got, expected) in wrong {
        assert_eq!(check(config), Some((limit, got.to_owned(), expected.to_owned())));
    }
    // A chain with other limits has hosts with other limits.
    let limits = Limits { ticks_max: 5, ..Limits::default() };
    let host = Host::new(HostConfig { limits, ..HostConfig::default() }).unwrap();
    let config = ExecutorConfig { limits, ..ExecutorConfig::default() };
    assert!(Executor::new(host, Arc::clone(&chain.codes), chain::settings(), &config).is_ok());
}

#[test]
fn a_code_is_loaded_once_for_many_blocks() {
    let chain = obedient_chain();
    let places = [chain.place(0), chain.place(1)];
    let maker = chain.executor();
    let bodies: Vec<_> = (0..16_u8)
        .map(|n| {
            let place = &places[usize::from(n % 2)];
            (place, maker.body(place, vec![payload(0, GO_ON, n), payload(1, GO_ON, n)]).unwrap())
        })
        .collect();
    let executable: Vec<_> =
        bodies.iter().map(|(place, body)| ExecutableBlock { root: Root::ZERO, place, body }).collect();
    let executor = |machine_code_bytes_max| {
        let host = Host::new(HostConfig { ees_kept_max: 0, ..HostConfig::default() }).unwrap();
        let config = ExecutorConfig { n_threads: 4, machine_code_bytes_max, ..ExecutorConfig::default() };
        Executor::new(host, Arc::clone(&chain.codes), chain::settings(), &config).unwrap()
    };
    // The first has room for all EEs, the second for one, the third for none.
    for (bytes_max, expected) in [(1 << 30, [2, 2, 3]), (80 << 10, [2, 3, 5]), (0, [2, 4, 6])] {
        let executor = executor(bytes_max);
        let mut n_loaded = Vec::new();
        for _ in 0..2 {
            assert!(executor.execute(&executable).iter().all(Result::is_ok));
            n_loaded.push(executor.n_codes_loaded());
        }
        executor.body(&places[1], vec![payload(1, GO_ON, 1), payload(2, GO_ON, 1)]).unwrap();
        n_loaded.push(executor.n_codes_loaded());
        assert_eq!(n_loaded, expected, "room for {bytes_max} bytes");
    }
}

#[test]
fn a_failure_to_load_names_each_ee_that_needs_the_code() {
    // Two EEs have the same code, which is not valid.
    let ees = Ees::default();
    let chain = ees.add(vec![1], Bytes32::ZERO, &[(0, 0)]).add(vec![1], Bytes32::ZERO, &[(0, 0)]).chain();
    let place = chain.place(0);
    let executor = chain.executor();
    for ee in [0, 1] {
        let error = executor.body(&place, vec![payload(ee, GO_ON, 1)]).unwrap_err();
        assert!(matches!(error, ExecutorError::Load { ee: got, .. } if got == ee), "{error}");
    }
}

#[test]
fn a_payload_has_the_root_of_its_container() {
    for n in [0, 1, 31, 32, 33, 63, 64, 65, 1000, 100_000] {
        let mut payload = chain::payload(7, &(0..n).map(|byte| (byte % 251) as u8).collect::<Vec<_>>());
        assert_eq!(payload.root(), hash_tree_root(&payload), "{n} bytes");
        payload.reads.push(RootRead { shard: 1, ee: 2, state_root: Bytes32::repeat_byte(3) }).unwrap();
        assert_eq!(payload.root(), hash_tree_root(&payload), "{n} bytes and a read");
    }
}
