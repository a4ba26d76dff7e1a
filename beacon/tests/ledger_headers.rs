//! The ledger's checks of execution headers that are about EEs, one by one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    ETHER, genesis, genesis_ee, genesis_state,
    headers::{BALANCES, apply, apply_with, crosslinked, deposit, lane, start},
    operations::{quick, step, with_exit},
    shards::{next_header, next_transition},
};
use outrider_beacon::{
    ledger::{
        CrosslinkedBlock, EeTransition, ExecutionHeader, Exit, GenesisEe, Ledger, Settings, ShardExecution,
        error::HeaderError, process_execution_header,
    },
    proof::body_branch,
};
use outrider_beacon_spec::{
    error::Error,
    hash::hash_tree_root,
    types::{Bytes32, Root},
};

/// Checks that a damaged header of EE 0 on shard 0 is refused with this error.
#[track_caller]
fn refused(damage: impl FnOnce(&mut ExecutionHeader), expected: HeaderError) {
    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    header.transitions.push(next_transition(&ledger, 0, 0, 0xaa)).unwrap();
    assert_eq!(apply(&mut ledger.clone(), 0, header.clone()), Ok(0), "without the damage");
    damage(&mut header);
    assert_eq!(apply(&mut ledger, 0, header), Err(expected));
}

#[test]
fn l1_the_body_begins_with_the_header_and_has_its_length() {
    let mut ledger = start();
    let (block, execution) = crosslinked(0, next_header(&ledger, 0));
    let apply = |ledger: &mut Ledger, block: &CrosslinkedBlock, execution: &ShardExecution| {
        process_execution_header(ledger, block, execution, 0, &Settings::default())
    };
    let other_length = CrosslinkedBlock { length: block.length + 1, ..block };
    let got = execution.branch[15];
    let expected = HeaderError::BodyLength { got, expected: block.length + 1 };
    assert_eq!(apply(&mut ledger, &other_length, &execution), Err(expected));
    let mut other_header = execution.clone();
    other_header.header.finalized_slot = 1;
    let outcome = apply(&mut ledger, &block, &other_header);
    assert!(matches!(outcome, Err(HeaderError::DataRoot { expected, .. }) if expected == block.data_root));
    for place in 0..16 {
        let mut other = execution.clone();
        other.branch[place].0[31] ^= 1;
        assert!(matches!(apply(&mut ledger, &block, &other), Err(HeaderError::DataRoot { .. })), "{place}");
    }
    apply(&mut ledger, &block, &execution).unwrap();
    assert_eq!(ledger.shards().get(0).unwrap().execution_root(), hash_tree_root(&execution.header));
    assert_eq!(ledger.recent_execution_root(0, 0), Some(hash_tree_root(&execution.header)));
}

#[test]
fn l2_headers_are_a_chain() {
    let mut ledger = start();
    let first = next_header(&ledger, 0);
    apply(&mut ledger, 0, first.clone()).unwrap();
    let (got, expected) = (Root::ZERO, hash_tree_root(&first));
    assert_eq!(apply(&mut ledger, 0, first), Err(HeaderError::ParentExecutionRoot { got, expected }));
    let second = next_header(&ledger, 0);
    apply(&mut ledger, 0, second).unwrap();
}

#[test]
fn l3_ees_start_from_their_latest_roots() {
    let (got, expected) = (Root::ZERO, Root::repeat_byte(0x54));
    refused(
        |header| header.transitions[0].pre_state_root = got,
        HeaderError::PreStateRoot { ee: 0, got, expected },
    );
    refused(|header| header.transitions[0].ee = 2, HeaderError::EeUnknown { got: 2, n: 2 });
    refused(
        |header| header.transitions.push(header.transitions[0].clone()).unwrap(),
        HeaderError::EeOrder { got: 0, previous: 0 },
    );
    refused(|header| header.transitions[0].payload_root = Root::ZERO, HeaderError::NotExecuted { ee: 0 });
    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    let unchanged = EeTransition {
        post_state_root: expected,
        payload_root: Root::ZERO,
        fuel_used: 0,
        ..next_transition(&ledger, 0, 0, 0)
    };
    header.transitions.push(unchanged).unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Ok(0));
}

#[test]
fn an_ee_is_executed_on_its_shards_while_it_is_active() {
    let state = genesis_state();
    let one_shard = GenesisEe { shards: vec![(1, 5)], ..genesis_ee(&state, 1, [0, 0]) };
    let mut ledger = Ledger::genesis(&state, &[one_shard]).unwrap();
    let mut header = next_header(&ledger, 0);
    header.transitions.push(next_transition(&ledger, 0, 0, 1)).unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Err(HeaderError::EeElsewhere { ee: 0, shard: 0 }));

    // An EE that exits in epoch 3 may be executed in earlier blocks, and may receive ether afterwards.
    let settings = quick();
    let genesis = genesis(&BALANCES);
    let leaving = step(&genesis, with_exit(&genesis, Exit { ee: 0, epoch: 0 }, 0), &settings).ledger;
    let mut header = next_header(&leaving, 0);
    header.transitions.push(next_transition(&leaving, 0, 0, 1)).unwrap();
    let (block, mut execution) = crosslinked(0, header);
    let apply = |block: &CrosslinkedBlock, execution: &ShardExecution, epoch| {
        process_execution_header(&mut leaving.clone(), block, execution, epoch, &settings)
    };
    assert_eq!(apply(&block, &execution, 2), Ok(0));
    let gone = HeaderError::EeNotActive { ee: 0, got: 3, from: 0, until: 3 };
    assert_eq!(apply(&block, &execution, 3), Err(gone));
    let unexecuted = &mut execution.header.transitions[0];
    unexecuted.post_state_root = unexecuted.pre_state_root;
    unexecuted.payload_root = Root::ZERO;
    unexecuted.fuel_used = 0;
    let (block, execution) = crosslinked(0, execution.header);
    assert_eq!(apply(&block, &execution, 3), Ok(0));
}

#[test]
fn l4_no_ee_spends_more_than_it_has() {
    let has = 1_000 * ETHER;
    refused(
        |header| header.transitions[0].balance = has + 1,
        HeaderError::Balance { ee: 0, got: has + 1, expected: has },
    );
    refused(
        |header| header.transitions[0].proposer_fee = has + 1,
        HeaderError::Overdraft { ee: 0, got: has + 1, available: has },
    );
    refused(
        |header| header.transitions[0].deposits = 5,
        HeaderError::Deposits { ee: 0, got: 5, expected: 0 },
    );
    refused(
        |header| {
            header.transitions[0].deposits = ETHER - 1;
            header.transitions[0].deposit_data.push(deposit(ETHER - 1)).unwrap();
        },
        HeaderError::DepositAmount { ee: 0, got: ETHER - 1, least: ETHER },
    );
    // Ether from nowhere and to nowhere.
    let sums = |settled, value_in, sent, value_out| HeaderError::Sums { settled, value_in, sent, value_out };
    refused(|header| header.transitions[0].value_in = 7, sums(0, 7, 0, 0));
    refused(|header| header.transitions[0].value_out = 7, sums(0, 0, 0, 7));
    refused(|header| header.lanes.push(lane(1, 0, 1, 7)).unwrap(), sums(0, 0, 7, 0));
    refused(
        |header| {
            header.transitions[0].value_out = u64::MAX;
            header.transitions[0].proposer_fee = 1;
        },
        HeaderError::Spec(Error::Arithmetic),
    );

    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    header
        .transitions
        .push(EeTransition {
            deposits: 32 * ETHER,
            deposit_data: vec![deposit(31 * ETHER), deposit(ETHER)].try_into().unwrap(),
            proposer_fee: 6,
            ..next_transition(&ledger, 0, 0, 0xaa)
        })
        .unwrap();
    assert_eq!(apply(&mut ledger, 0, header), Ok(6));
    let after = ledger.distribution();
    assert_eq!(after.pending_deposits, u128::from(32 * ETHER));
    assert_eq!(ledger.shards().get(0).unwrap().ees().get(0).unwrap().balance, has - 32 * ETHER - 6);
    assert_eq!(ledger.total(), start().total() - 6);
}

#[test]
fn l8_fuel_and_bytes_are_limited() {
    let settings = Settings { fuel_per_ee_max: 1_000, fuel_per_block_max: 1_500, ..Settings::default() };
    let mut ledger = start();
    let mut header = next_header(&ledger, 0);
    header.transitions.push(EeTransition { fuel_used: 1_001, ..next_transition(&ledger, 0, 0, 1) }).unwrap();
    let expected = HeaderError::EeFuel { ee: 0, got: 1_001, limit: 1_000 };
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &settings), Err(expected));
    header.transitions[0].fuel_used = 1_000;
    header.transitions.push(EeTransition { fuel_used: 501, ..next_transition(&ledger, 0, 1, 1) }).unwrap();
    let expected = HeaderError::BlockFuel { got: 1_501, limit: 1_500 };
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &settings), Err(expected));
    header.transitions[1].fuel_used = 500;
    assert_eq!(apply_with(&mut ledger, 0, header.clone(), &settings), Ok(0));

    // A body of this length cannot exist, only its root.
    let (mut block, mut execution) = crosslinked(0, next_header(&start(), 0));
    block.length = (1 << 20) + 1;
    let mut branch: Vec<Bytes32> = body_branch(&[0; 32]);
    branch[15].0[..8].copy_from_slice(&block.length.to_le_bytes());
    block.data_root = branch.iter().fold(hash_tree_root(&execution.header), |left, right| {
        outrider_beacon_spec::hash::hash(&[left.as_slice(), right.as_slice()])
    });
    execution.branch = branch.try_into().unwrap();
    let outcome = process_execution_header(&mut start(), &block, &execution, 0, &Settings::default());
    assert_eq!(outcome, Err(HeaderError::BodyBytes { got: (1 << 20) + 1, limit: 1 << 20 }));
}
