//! revm over the state, with the totals of a block's transactions.

mod shard;

use alloc::{string::ToString, vec::Vec};

use alloy_primitives::{Address, Bytes, Log, TxKind, U256};
use outrider_evm_codec::Fork;
use revm::{
    ExecuteCommitEvm as _, MainBuilder as _,
    context::{BlockEnv, ContextSetters, TxEnv},
    context_interface::result::{EVMError, ExecutionResult},
    handler::{Handler, MainnetContext, MainnetHandler, SYSTEM_ADDRESS},
    primitives::eip4844::GAS_PER_BLOB,
};

pub(crate) use self::shard::ValueCall;
use crate::{
    amsterdam::{self, DraftHandler, TRANSACTION_GAS_MAX},
    error::{ExecutionError, StateError, TransactionError},
    fee::blob_price,
    hash::bloom,
    instructions,
    machine::Machine,
    receipts::{Outcome, Receipt},
    rules::Spec,
    state::State,
    transaction,
};

/// A sequence of transactions.
pub(crate) struct Vm<'a> {
    machine: Machine<'a>,
    spec: Spec<'a>,
    gas_limit: u64,
    /// In wei.
    blob_price: U256,
    /// Ordinary gas that transactions have used.
    regular_gas_used: u64,
    /// State gas that transactions have used, EIP-8037.
    state_gas_used: u64,
    pub(crate) blob_gas_used: u64,
    pub(crate) receipts: Vec<Receipt>,
    /// The receipts before those of transactions.
    n_deliveries: usize,
}

impl<'a> Vm<'a> {
    /// Starts in a block, with a state.
    pub(crate) fn new(state: State<'a>, spec: Spec<'a>, block: BlockEnv) -> Self {
        let gas_limit = block.gas_limit;
        let excess_blob_gas = block.blob_excess_gas_and_price.map_or(0, |blobs| blobs.excess_blob_gas);
        let blob_price = blob_price(excess_blob_gas, spec.rules.blobs.base_fee_update_fraction);
        let context = MainnetContext::new(state, spec.id).with_block(block).modify_cfg_chained(|cfg| {
            cfg.chain_id = spec.rules.chain_id;
            cfg.set_spec_and_mainnet_gas_params(spec.id);
            cfg.set_gas_params(instructions::gas_params(&spec));
            let blobs = spec.rules.blobs;
            cfg.blob_base_fee_update_fraction = Some(blobs.base_fee_update_fraction);
            let blobs_max =
                if spec.has(Fork::Osaka) { blobs.max.min(BLOBS_OF_TRANSACTION_MAX) } else { blobs.max };
            cfg.max_blobs_per_tx = Some(blobs_max);
            if spec.has(Fork::Amsterdam) {
                amsterdam::configure(cfg);
            }
        });
        let mut evm = context.build_mainnet();
        instructions::replace(&mut evm.instruction, spec.fork);
        let (regular_gas_used, state_gas_used, blob_gas_used) = Default::default();
        Self {
            machine: Machine(evm),
            spec,
            gas_limit,
            blob_price,
            regular_gas_used,
            state_gas_used,
            blob_gas_used,
            receipts: Vec::new(),
            n_deliveries: 0,
        }
    }

    /// Returns the state between two transactions.
    pub(crate) fn state(&mut self) -> &mut State<'a> {
        &mut self.machine.0.ctx.journaled_state.database
    }

    /// Executes a transaction.
    ///
    /// 1. Decodes it, and recovers its sender.
    /// 2. Checks that the block has enough gas and blob gas left, that it is for this chain, and that it could pay for
    ///    its blobs.
    /// 3. Executes it, which checks everything else.
    /// 4. Takes what it sends out of the chain.
    /// 5. Makes the receipt.
    pub(crate) fn transact(&mut self, bytes: &[u8]) -> Result<(), ExecutionError> {
        let index = self.index();
        let invalid = |source| ExecutionError::Transaction { index, source };
        let transaction = transaction::decode(bytes, &self.spec).map_err(invalid)?;
        let blob_gas = GAS_PER_BLOB.saturating_mul(transaction.blob_hashes.len() as u64);
        self.check_left(transaction.gas_limit, blob_gas).map_err(invalid)?;
        self.check_fields(&transaction).map_err(invalid)?;
        let transaction_type = transaction.tx_type;
        self.state().advance();
        let result = self.execute(transaction, Caller::Sender)?;
        self.commit_with_sends(&result)?;
        self.count_gas(&result);
        self.blob_gas_used = self.blob_gas_used.saturating_add(blob_gas);

        let outcome = if self.spec.has(Fork::Byzantium) {
            Outcome::Status(result.is_success())
        } else {
            Outcome::StateRoot(self.state().flush()?)
        };
        self.add_receipt(transaction_type, outcome, result.tx_gas_used(), result.into_logs());
        Ok(())
    }

    fn add_receipt(&mut self, transaction_type: u8, outcome: Outcome, gas_used: u64, logs: Vec<Log>) {
        let gas_used_before = self.receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used);
        let cumulative_gas_used = gas_used_before.saturating_add(gas_used);
        let bloom = bloom(&logs);
        self.receipts.push(Receipt { transaction_type, outcome, cumulative_gas_used, bloom, logs });
    }

    fn count_gas(&mut self, result: &ExecutionResult) {
        let is_amsterdam = self.spec.has(Fork::Amsterdam);
        let gas = result.gas();
        let regular = if is_amsterdam { gas.block_regular_gas_used() } else { gas.tx_gas_used() };
        let state = if is_amsterdam { gas.block_state_gas_used() } else { 0 };
        self.regular_gas_used = self.regular_gas_used.saturating_add(regular);
        self.state_gas_used = self.state_gas_used.saturating_add(state);
    }

    /// Returns the number of transactions so far.
    fn index(&self) -> usize {
        self.receipts.len().saturating_sub(self.n_deliveries)
    }

    /// Calls a system contract; returns `None` if the call fails. Its gas does not count in the block.
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
        let result = self.execute(call, Caller::System)?;
        self.machine.0.commit_inner();
        Ok(if result.is_success() { result.into_output() } else { None })
    }

    /// Checks that the block has enough gas left. From Amsterdam on, gas above the limit of EIP-7825 is only for state
    /// gas.
    fn check_left(&self, gas_limit: u64, blob_gas: u64) -> Result<(), TransactionError> {
        let max = if self.spec.has(Fork::Amsterdam) { TRANSACTION_GAS_MAX } else { u64::MAX };
        let (got, left) = (gas_limit.min(max), self.gas_limit.saturating_sub(self.regular_gas_used));
        if got > left {
            return Err(TransactionError::GasLimit { got, left });
        }
        let left = self.spec.blob_gas_max().saturating_sub(self.blob_gas_used);
        if blob_gas > left {
            return Err(TransactionError::BlobGas { got: blob_gas, left });
        }
        Ok(())
    }

    /// Checks conditions that revm checks with less detail or fewer bits.
    fn check_fields(&self, transaction: &TxEnv) -> Result<(), TransactionError> {
        let expected = self.spec.rules.chain_id;
        if let Some(got) = transaction.chain_id.filter(|got| *got != expected) {
            return Err(TransactionError::ChainId { got, expected });
        }
        let (got, expected) = (transaction.max_fee_per_blob_gas, self.blob_price);
        if !transaction.blob_hashes.is_empty() && expected > U256::from(u128::MAX) {
            return Err(TransactionError::BlobPrice { got, expected });
        }
        Ok(())
    }

    /// Executes something by revm, which then has the changes.
    fn execute(&mut self, transaction: TxEnv, caller: Caller) -> Result<ExecutionResult, ExecutionError> {
        self.machine.0.ctx.set_tx(transaction);
        let machine = &mut self.machine;
        let result = match (self.spec.has(Fork::Amsterdam), caller) {
            (true, Caller::Sender) => DraftHandler::default().run(machine),
            (true, Caller::System) => DraftHandler::default().run_system_call(machine),
            (false, Caller::Sender) => MainnetHandler::default().run(machine),
            (false, Caller::System) => MainnetHandler::default().run_system_call(machine),
        };
        let result: ExecutionResult = result.map_err(|error| failure(error, self.index()))?;
        Ok(result)
    }

    /// Returns the gas used in the block: from Amsterdam on, the larger of ordinary gas and state gas, EIP-8037, with
    /// refunds counted as used, EIP-7778.
    pub(crate) fn gas_used(&self) -> u64 {
        self.regular_gas_used.max(self.state_gas_used)
    }

    /// Returns all logs, in order.
    pub(crate) fn logs(&self) -> impl Iterator<Item = &Log> {
        self.receipts.iter().flat_map(|receipt| &receipt.logs)
    }
}

/// The caller of a contract.
enum Caller {
    /// The signer of the transaction, who pays for it.
    Sender,
    /// The protocol, which pays nothing.
    System,
}

/// Distinguishes whose fault it is that revm cannot continue.
fn failure(error: EVMError<StateError>, index: usize) -> ExecutionError {
    match error {
        EVMError::Transaction(invalid) => ExecutionError::Transaction { index, source: invalid.into() },
        EVMError::Header(invalid) => ExecutionError::Header(invalid),
        EVMError::Database(error) => ExecutionError::State(error),
        EVMError::Custom(text) => ExecutionError::Vm(text),
        EVMError::CustomAny(error) => ExecutionError::Vm(error.to_string()),
    }
}

/// The gas of a system call, EIP-4788.
const SYSTEM_CALL_GAS: u64 = 30_000_000;

/// EIP-7594: the most blobs of one transaction, from Osaka on.
const BLOBS_OF_TRANSACTION_MAX: u64 = 6;
