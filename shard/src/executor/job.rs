//! One execution: its complete input, and its outcome.

use std::sync::Arc;

use outrider_beacon::ledger::{EeIndex, EePayload, EeState, Receipt};
use outrider_beacon_spec::{
    hash::hash,
    types::{Bytes32, Gwei, Root},
};
use outrider_host::{
    CodeHash, Context, Deposit, Ee, ExecutionErrorKind, ExecutionInput, RECEIVED_RECEIPT_HEADER_BYTES,
    ReceivedReceipt, StateRoot,
};

use super::{ExecutorError, reads, receipts::sent};

/// An execution to make, whose code is not loaded and whose input is not hashed yet.
#[derive(Clone)]
pub(super) struct Plan<'p> {
    pub(super) payload: &'p EePayload,
    pub(super) code_hash: Bytes32,
    pub(super) pre_state_root: Bytes32,
    /// It has the EE's ether.
    pub(super) context: Context,
    /// The receipts that the EE is shown.
    pub(super) receipts: Arc<[ReceivedReceipt]>,
    pub(super) fuel_max: u64,
}

/// An execution to make.
#[derive(Clone)]
pub(super) struct Job {
    /// The hash of everything on which the outcome depends, but the limit of fuel.
    pub(super) id: Bytes32,
    pub(super) ee: EeIndex,
    pub(super) payload_root: Root,
    /// Root and balance before.
    pub(super) pre: EeState,
    pub(super) fuel_max: u64,
    code: Ee,
    input: ExecutionInput,
}

/// The outcome of an execution that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) post_state_root: Bytes32,
    pub(super) fuel_used: u64,
    pub(super) deposits: Vec<Deposit>,
    pub(super) proposer_fee: Gwei,
    /// The receipts that it sends, without numbers, slot and source shard.
    pub(super) sent: Vec<Receipt>,
    /// Their ether, with their fees.
    pub(super) value_out: Gwei,
    /// The places of the receipts that it rejects, among those that it was shown.
    pub(super) rejected: Vec<u32>,
}

impl Outcome {
    /// Returns the bytes of the receipts that the EE sends.
    pub(super) fn receipt_bytes(&self) -> usize {
        self.sent.iter().map(ssz::Encode::ssz_bytes_len).fold(0, usize::saturating_add)
    }
}

impl Job {
    /// Hashes and copies the input of an execution, which takes time in proportion to its payload.
    pub(super) fn new(code: Ee, plan: &Plan<'_>) -> Self {
        let Plan { payload, code_hash: _, pre_state_root, context, ref receipts, fuel_max } = *plan;
        // It commits to block data and reads.
        let payload_root = payload.root();
        let input = ExecutionInput {
            pre_state_root: StateRoot(pre_state_root.0),
            block_data: Arc::from(&payload.block_data[..]),
            context,
            reads: reads(payload),
            receipts: Arc::clone(receipts),
        };
        let id = id(code.code_hash(), payload_root, &input);
        let pre = EeState { state_root: pre_state_root, balance: context.balance };
        Self { id, ee: payload.ee, payload_root, pre, fuel_max, code, input }
    }

    /// Returns the limit of fuel and the size of the block data, by which the time of the execution is guessed. In a block,
    /// the limit is what the execution is said to need.
    pub(super) fn size(&self) -> (u64, usize) {
        (self.fuel_max, self.input.block_data.len())
    }

    pub(super) fn run(&self) -> Result<Outcome, ExecutorError> {
        let ee = self.ee;
        let output = self.code.execute_within(&self.input, self.fuel_max);
        let output = output.map_err(|mut error| match error.kind {
            ExecutionErrorKind::OutOfFuel { .. } => ExecutorError::Fuel { ee, limit: self.fuel_max },
            _ => {
                // Many errors are remembered, and these parts may be large.
                (error.logs, error.backtrace) = (Vec::new(), Vec::new());
                ExecutorError::Execution { ee, error: Arc::new(error) }
            }
        })?;
        let (sent, value_out) = sent(ee, &output.receipts)?;
        Ok(Outcome {
            post_state_root: output.post_state_root.0.into(),
            fuel_used: output.fuel_used,
            deposits: output.deposits,
            proposer_fee: output.proposer_fee,
            sent,
            value_out,
            rejected: output.rejected,
        })
    }
}

/// Returns the hash of a code and of its complete input: of parts that have a fixed length, or are hashes of lists. The root
/// of the payload commits to block data and reads.
fn id(code_hash: CodeHash, payload_root: Root, input: &ExecutionInput) -> Bytes32 {
    let ExecutionInput { pre_state_root, block_data: _, context, reads: _, receipts } = input;
    let Context { shard, slot, ee_index, beacon_root, balance, finalized_slot } = context;
    let numbers = [shard.0, slot.0, ee_index.0, *balance, finalized_slot.0].map(u64::to_le_bytes);
    hash(&[
        &code_hash.0,
        &pre_state_root.0,
        payload_root.as_slice(),
        &beacon_root.0,
        numbers.as_flattened(),
        receipts_hash(receipts).as_slice(),
    ])
}

/// Returns the hash of receipts: each is its fields and the hash of its payload, so all have the same length.
fn receipts_hash(receipts: &[ReceivedReceipt]) -> Bytes32 {
    let mut bytes = Vec::with_capacity(receipts.len().saturating_mul(RECEIPT_BYTES));
    for receipt in receipts {
        bytes.extend(receipt.header_to_bytes());
        bytes.extend(hash(&[&receipt.payload]));
    }
    hash(&[&bytes])
}

/// The bytes of a receipt in its hash.
const RECEIPT_BYTES: usize = RECEIVED_RECEIPT_HEADER_BYTES + 32;

#[cfg(test)]
mod tests {
    use outrider_beacon::ledger::RootRead as LedgerRead;
    use outrider_host::{BeaconRoot, EeIndex, ReceiptKind, RootRead, ShardIndex, Slot};

    use super::*;

    fn receipt(payload: &[u8]) -> ReceivedReceipt {
        ReceivedReceipt { payload: payload.to_vec(), ..ReceivedReceipt::default() }
    }

    /// Each input differs from the first in one field, or has lists that others cut elsewhere.
    #[test]
    fn ids_differ_if_anything_does() {
        let base = || ExecutionInput::new(StateRoot([1; 32]), b"data".as_slice());
        let context = |context| ExecutionInput { context, ..base() };
        let reads = |reads: &[RootRead]| ExecutionInput { reads: Arc::from(reads), ..base() };
        let receipts =
            |receipts: &[ReceivedReceipt]| ExecutionInput { receipts: Arc::from(receipts), ..base() };
        let (read, default) = (RootRead::default(), ReceivedReceipt::default());
        let inputs = [
            base(),
            ExecutionInput { pre_state_root: StateRoot([2; 32]), ..base() },
            ExecutionInput { block_data: Arc::from(b"date".as_slice()), ..base() },
            ExecutionInput { block_data: Arc::default(), ..base() },
            context(Context { shard: ShardIndex(1), ..Context::default() }),
            context(Context { slot: Slot(1), ..Context::default() }),
            context(Context { ee_index: EeIndex(1), ..Context::default() }),
            context(Context { beacon_root: BeaconRoot([1; 32]), ..Context::default() }),
            context(Context { balance: 1, ..Context::default() }),
            context(Context { finalized_slot: Slot(1), ..Context::default() }),
            reads(&[read]),
            reads(&[read; 2]),
            reads(&[RootRead { shard: ShardIndex(1), ..read }]),
            reads(&[RootRead { ee: EeIndex(1), ..read }]),
            reads(&[RootRead { state_root: StateRoot([1; 32]), ..read }]),
            receipts(std::slice::from_ref(&default)),
            receipts(&[default.clone(), default.clone()]),
            receipts(&[ReceivedReceipt { kind: ReceiptKind::Bounced, ..default.clone() }]),
            receipts(&[ReceivedReceipt { source_shard: ShardIndex(1), ..default.clone() }]),
            receipts(&[ReceivedReceipt { source_ee: EeIndex(1), ..default.clone() }]),
            receipts(&[ReceivedReceipt { slot: Slot(1), ..default.clone() }]),
            receipts(&[ReceivedReceipt { sequence: 1, ..default.clone() }]),
            receipts(&[ReceivedReceipt { value: 1, ..default.clone() }]),
            receipts(&[receipt(b"ab"), receipt(b"c")]),
            receipts(&[receipt(b"a"), receipt(b"bc")]),
            receipts(&[receipt(b"c"), receipt(b"ab")]),
            receipts(&[receipt(b"abc")]),
            receipts(&[receipt(&[0; 41]), default.clone()]),
            receipts(&[receipt(&[0; 82])]),
        ];
        let code = CodeHash([7; 32]);
        let root = |input: &ExecutionInput| {
            let read = |read: &RootRead| LedgerRead {
                shard: read.shard.0,
                ee: read.ee.0 as u32,
                state_root: read.state_root.0.into(),
            };
            let reads: Vec<_> = input.reads.iter().map(read).collect();
            let block_data = input.block_data.to_vec().try_into().unwrap();
            EePayload { ee: 1, reads: reads.try_into().unwrap(), block_data }.root()
        };
        let id = |code, input: &ExecutionInput| id(code, root(input), input);
        let mut ids: Vec<_> = inputs.iter().map(|input| id(code, input)).collect();
        ids.push(id(CodeHash([8; 32]), &base()));
        assert_eq!(id(code, &base()), ids[0], "the same input has the same id");
        let n = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), n);
    }
}
