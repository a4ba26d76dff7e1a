//! revm over the state, and what transactions of one block share.

use alloc::{string::ToString, vec::Vec};

use alloy_primitives::{Address, Bytes, Log, TxKind};
use outrider_evm_block::Fork;
use revm::{
    ExecuteCommitEvm, MainBuilder, MainnetEvm,
    context::{BlockEnv, ContextSetters, TxEnv},
    context_interface::result::{EVMError, ExecutionResult},
    handler::{Handler, MainnetContext, MainnetHandler, SYSTEM_ADDRESS},
    primitives::eip4844::GAS_PER_BLOB,
};

use crate::{
    error::{ExecutionError, StateError, TransactionError},
    hash::bloom,
    instructions,
    receipts::{Outcome, Receipt},
    rules::Spec,
    state::State,
    transaction,
};

/// An execution of transactions, one after the other.
pub(crate) struct Vm<'a> {
    evm: MainnetEvm<MainnetContext<State<'a>>>,
    spec: Spec<'a>,
    gas_limit: u64,
    pub(crate) gas_used: u64,
    pub(crate) blob_gas_used: u64,
    pub(crate) receipts: Vec<Receipt>,
}

impl<'a> Vm<'a> {
    /// Starts with a state, in a block.
    pub(crate) fn new(state: State<'a>, spec: Spec<'a>, block: BlockEnv) -> Self {
        let gas_limit = block.gas_limit;
        let context = MainnetContext::new(state, spec.id).with_block(block).modify_cfg_chained(|cfg| {
            cfg.chain_id = spec.rules.chain_id;
            cfg.set_spec_and_mainnet_gas_params(spec.id);
            cfg.set_gas_params(instructions::gas_params(&spec));
            let blobs = spec.rules.blobs;
            cfg.blob_base_fee_update_fraction = Some(blobs.base_fee_update_fraction);
            let blobs_max =
                if spec.has(Fork::Osaka) { blobs.max.min(BLOBS_OF_TRANSACTION_MAX) } else { blobs.max };
            cfg.max_blobs_per_tx = Some(blobs_max);
        });
        let mut evm = context.build_mainnet();
        instructions::replace(&mut evm.instruction, spec.fork);
        Self { evm, spec, gas_limit, gas_used: 0, blob_gas_used: 0, receipts: Vec::new() }
    }

    /// The state, as it is between two transactions.
    pub(crate) fn state(&mut self) -> &mut State<'a> {
        &mut self.evm.ctx.journaled_state.database
    }

    /// Executes a transaction.
    ///
    /// 1. Takes it apart, and finds out who sent it.
    /// 2. There is as much gas and blob gas left in the block.
    /// 3. Executes it, which checks everything else.
    /// 4. Makes the receipt.
    pub(crate) fn transact(&mut self, bytes: &[u8]) -> Result<(), ExecutionError> {
        let index = self.receipts.len();
        let invalid = |source| ExecutionError::Transaction { index, source };
        let transaction = transaction::decode(bytes, &self.spec).map_err(invalid)?;
        let left = self.gas_limit.saturating_sub(self.gas_used);
        if transaction.gas_limit > left {
            return Err(invalid(TransactionError::GasLimit { got: transaction.gas_limit, left }));
        }
        let transaction_type = transaction.tx_type;
        let blob_gas = GAS_PER_BLOB.saturating_mul(transaction.blob_hashes.len() as u64);
        let left = self.spec.blob_gas_max().saturating_sub(self.blob_gas_used);
        if blob_gas > left {
            return Err(invalid(TransactionError::BlobGas { got: blob_gas, left }));
        }
        let result = self.evm.transact_commit(transaction).map_err(|error| failure(error, index))?;
        self.gas_used = self.gas_used.saturating_add(result.tx_gas_used());
        self.blob_gas_used = self.blob_gas_used.saturating_add(blob_gas);
        let outcome = if self.spec.has(Fork::Byzantium) {
            Outcome::Status(result.is_success())
        } else {
            Outcome::StateRoot(self.state().flush()?)
        };
        let cumulative_gas_used = self.gas_used;
        let logs = result.into_logs();
        let bloom = bloom(&logs);
        self.receipts.push(Receipt { transaction_type, outcome, cumulative_gas_used, bloom, logs });
        Ok(())
    }

    /// Calls a contract of the protocol; `None` when the call fails. The gas is no block's.
    pub(crate) fn system_call(
        &mut self,
        contract: Address,
        data: Bytes,
    ) -> Result<Option<Bytes>, ExecutionError> {
        let call = TxEnv {
            caller: SYSTEM_ADDRESS,
            kind: TxKind::Call(contract),
            gas_limit: SYSTEM_CALL_GAS,
            gas_price: 0,
            data,
            ..TxEnv::default()
        };
        self.evm.ctx.set_tx(call);
        let result = MainnetHandler::default().run_system_call(&mut self.evm);
        let result: ExecutionResult =
            result.map_err(|error: EVMError<StateError>| failure(error, self.receipts.len()))?;
        self.evm.commit_inner();
        Ok(if result.is_success() { result.into_output() } else { None })
    }

    /// All logs, in order.
    pub(crate) fn logs(&self) -> impl Iterator<Item = &Log> {
        self.receipts.iter().flat_map(|receipt| &receipt.logs)
    }
}

/// Whose fault it is that revm cannot go on.
fn failure(error: EVMError<StateError>, index: usize) -> ExecutionError {
    match error {
        EVMError::Transaction(invalid) => ExecutionError::Transaction { index, source: invalid.into() },
        EVMError::Header(invalid) => ExecutionError::Header(invalid),
        EVMError::Database(error) => ExecutionError::State(error),
        EVMError::Custom(text) => ExecutionError::Vm(text),
        EVMError::CustomAny(error) => ExecutionError::Vm(error.to_string()),
    }
}

/// What a call of the system may use, EIP-4788.
const SYSTEM_CALL_GAS: u64 = 30_000_000;

/// EIP-7594: blobs of one transaction, from Osaka on.
const BLOBS_OF_TRANSACTION_MAX: u64 = 6;
