//! Execution headers, and a ledger to apply them to.

use super::{
    ETHER, genesis,
    shards::{execution, next_header, next_transition},
};
use outrider_beacon::ledger::{
    CrosslinkedBlock, EeTransition, ExecutionHeader, Lane, Ledger, Settings, Settlement, ShardExecution,
    error::HeaderError, process_execution_header,
};
use outrider_beacon_spec::{containers::DepositData, hash::hash_tree_root, types::Root};
use ssz_types::{BitList, VariableList, typenum::U1048576};
use std::sync::LazyLock;

/// The balances of EEs 0 and 1 on shards 0 and 1.
pub(crate) const BALANCES: [[u64; 2]; 2] = [[1_000 * ETHER, 2_000 * ETHER], [30, 40]];

static GENESIS: LazyLock<Ledger> = LazyLock::new(|| genesis(&BALANCES).ledger);

pub(crate) fn start() -> Ledger {
    GENESIS.clone()
}

/// Returns a shard block with a header, in the form of a crosslink.
pub(crate) fn crosslinked(shard: u64, header: ExecutionHeader) -> (CrosslinkedBlock, ShardExecution) {
    let (body, execution) = execution(shard, 0, header);
    let data: VariableList<u8, U1048576> = body.clone().try_into().unwrap();
    let data_root = hash_tree_root(&data);
    let length = body.len() as u64;
    let block = CrosslinkedBlock { shard, slot: 0, proposer_index: 0, length, data_root, gasprice: 8 };
    (block, execution)
}

pub(crate) fn apply_with(
    ledger: &mut Ledger,
    shard: u64,
    header: ExecutionHeader,
    settings: &Settings,
) -> Result<u64, HeaderError> {
    let (block, execution) = crosslinked(shard, header);
    let before = ledger.clone();
    let outcome = process_execution_header(ledger, &block, &execution, 0, settings);
    if outcome.is_err() {
        assert_eq!(*ledger, before, "nothing has changed");
    }
    ledger.check_conservation().unwrap();
    outcome
}

pub(crate) fn apply(ledger: &mut Ledger, shard: u64, header: ExecutionHeader) -> Result<u64, HeaderError> {
    apply_with(ledger, shard, header, &Settings::default())
}

pub(crate) fn deposit(amount: u64) -> DepositData {
    DepositData { amount, ..DepositData::default() }
}

pub(crate) fn bits(len: usize, set: &[usize]) -> BitList<ssz_types::typenum::U1024> {
    let mut bits = BitList::with_capacity(len).unwrap();
    set.iter().for_each(|bit| bits.set(*bit, true).unwrap());
    bits
}

pub(crate) fn settlement(source_shard: u64, first: u64, len: usize, set: &[usize], value: u64) -> Settlement {
    Settlement {
        source_shard,
        first,
        settled: bits(len, set),
        rejected: bits(len, &[]),
        undelivered: bits(len, &[]),
        value,
        fees: 0,
    }
}

pub(crate) fn lane(destination_shard: u64, first: u64, n: u32, value: u64) -> Lane {
    Lane { destination_shard, first, n, value, receipts_root: Root::repeat_byte(1) }
}

/// Returns a header in which EE 0 sends receipts.
pub(crate) fn sending(ledger: &Ledger, source: u64, lane: Lane) -> ExecutionHeader {
    let mut header = next_header(ledger, source);
    let transition = EeTransition { value_out: lane.value, ..next_transition(ledger, source, 0, 0xaa) };
    header.transitions.push(transition).unwrap();
    header.lanes.push(lane).unwrap();
    header
}

/// Returns a header in which EE 0 receives settled ether, except for bounces.
pub(crate) fn settling(
    ledger: &Ledger,
    shard: u64,
    settlement: Settlement,
    value_in: u64,
) -> ExecutionHeader {
    let mut header = next_header(ledger, shard);
    let transition = EeTransition { value_in, ..next_transition(ledger, shard, 0, 0xbb) };
    header.transitions.push(transition).unwrap();
    header.settlements.push(settlement).unwrap();
    header
}

/// Returns a ledger in which shard 0 has sent three receipts with 100 Gwei to shard 1.
pub(crate) fn sent() -> Ledger {
    let mut ledger = start();
    let header = sending(&ledger, 0, lane(1, 0, 3, 100));
    apply(&mut ledger, 0, header).unwrap();
    ledger
}
