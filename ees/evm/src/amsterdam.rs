//! Amsterdam, which is not final. This is the draft of Ethereum's tests with execution witnesses, `tests-zkevm@v0.3.3`
//! of [execution-specs], of April 2026.
//!
//! It is Osaka with [EIP-7708], [EIP-7778], [EIP-7843], [EIP-7928], [EIP-7954], [EIP-8024] and [EIP-8037]. revm has a
//! later draft; this module reverts the later changes, and can be removed once Amsterdam is final.
//!
//! By EIP-8037, growth of the state costs *state gas*. It is taken first from a transaction's gas above the limit of
//! EIP-7825, its *reservoir*, and then from its ordinary gas. In this draft:
//!
//! - creating by transaction and authorizations cost state gas in advance, and a part is returned for an existing
//!   authority;
//! - the state gas of a failed call goes to the caller's reservoir, wherever it was taken from, but that of the
//!   transaction's own call is spent;
//! - the payment for an account that was not created is spent;
//! - a slot that is reset to zero refunds its state gas like other refunds.
//!
//! [execution-specs]: https://github.com/ethereum/execution-specs
//! [EIP-7708]: https://eips.ethereum.org/EIPS/eip-7708
//! [EIP-7778]: https://eips.ethereum.org/EIPS/eip-7778
//! [EIP-7843]: https://eips.ethereum.org/EIPS/eip-7843
//! [EIP-7928]: https://eips.ethereum.org/EIPS/eip-7928
//! [EIP-7954]: https://eips.ethereum.org/EIPS/eip-7954
//! [EIP-8024]: https://eips.ethereum.org/EIPS/eip-8024
//! [EIP-8037]: https://eips.ethereum.org/EIPS/eip-8037

use core::marker::PhantomData;

use revm::{
    bytecode::opcode::{EXTCODECOPY, EXTCODESIZE},
    context::{CfgEnv, Transaction as _},
    context_interface::{
        Cfg as _, ContextTr as _,
        cfg::{GasId, GasParams, gas},
        result::{EVMError, HaltReason, InvalidTransaction},
        transaction::TransactionType,
    },
    handler::{EvmTr as _, FrameResult, Handler, ItemOrResult, pre_execution, validation},
    interpreter::{FrameInput, GasTracker, InitialAndFloorGas, interpreter_action::FrameInit},
    primitives::hardfork::SpecId,
};

use crate::{error::StateError, machine::Machine};

/// Opcodes with their earlier static costs in gas.
pub(crate) const OPCODE_GAS: [(u8, u16); 2] =
    [(EXTCODESIZE, WARM_ACCESS as u16), (EXTCODECOPY, WARM_ACCESS as u16)];

/// EIP-7825: the most ordinary gas of a transaction.
pub(crate) const TRANSACTION_GAS_MAX: u64 = 1 << 24;

/// The gas costs of the draft.
pub(crate) fn gas_params() -> GasParams {
    let mut params = GasParams::new_spec(SpecId::AMSTERDAM);
    params.override_gas([
        // EIP-8037, of which revm has other amounts.
        (GasId::sstore_set_state_gas(), SLOT),
        (GasId::new_account_state_gas(), ACCOUNT),
        (GasId::create_state_gas(), ACCOUNT),
        (GasId::code_deposit_state_gas(), STATE_BYTE),
        (GasId::tx_eip7702_state_gas_bytecode(), DELEGATION),
        (GasId::tx_eip7702_regular_gas(), 7_500),
        (GasId::create(), 9_000),
        (GasId::tx_create_cost(), 9_000),
        (GasId::new_account_cost(), 0),
        (GasId::new_account_cost_for_selfdestruct(), 0),
        (GasId::sstore_set_without_load_cost(), STORAGE_WRITE),
        (GasId::sstore_set_refund(), STORAGE_WRITE + SLOT),
        // As before EIP-8038.
        (GasId::warm_storage_read_cost(), WARM_ACCESS),
        (GasId::cold_account_additional_cost(), gas::COLD_ACCOUNT_ACCESS_COST - WARM_ACCESS),
        (GasId::cold_storage_additional_cost(), gas::COLD_SLOAD_COST - WARM_ACCESS),
        (GasId::cold_storage_cost(), gas::COLD_SLOAD_COST),
        (GasId::transfer_value_cost(), gas::CALLVALUE),
        (GasId::sstore_static(), WARM_ACCESS),
        (GasId::sstore_reset_without_cold_load_cost(), STORAGE_WRITE),
        (GasId::sstore_reset_refund(), STORAGE_WRITE),
        (GasId::sstore_clearing_slot_refund(), 4_800),
        // As before EIP-7976 and EIP-7981.
        (GasId::tx_floor_cost_base_gas(), 21_000),
        (GasId::tx_floor_cost_per_token(), 10),
        (GasId::tx_floor_token_zero_byte_multiplier(), 1),
        (GasId::tx_access_list_floor_byte_multiplier(), 0),
        (GasId::tx_access_list_address_cost(), gas::ACCESS_LIST_ADDRESS),
        (GasId::tx_access_list_storage_key_cost(), gas::ACCESS_LIST_STORAGE_KEY),
    ]);
    params
}

/// Disables features that are not in the draft, and sets its limits.
pub(crate) fn configure(cfg: &mut CfgEnv) {
    cfg.enable_amsterdam_eip2780 = false;
    cfg.amsterdam_eip8246_delayed_clear_disabled = true;
    cfg.limit_contract_code_size = Some(CODE_BYTES_MAX);
    cfg.limit_contract_initcode_size = Some(2 * CODE_BYTES_MAX);
}

/// A handler that executes transactions by the draft.
#[derive(Default)]
pub(crate) struct DraftHandler<'a>(PhantomData<Machine<'a>>);

impl<'a> Handler for DraftHandler<'a> {
    type Evm = Machine<'a>;
    type Error = EVMError<StateError>;
    type HaltReason = HaltReason;

    /// Adds the state gas that is paid in advance.
    fn validate_initial_tx_gas(&self, evm: &mut Self::Evm) -> Result<InitialAndFloorGas, Self::Error> {
        let (cfg, tx) = (evm.ctx_ref().cfg(), evm.ctx_ref().tx());
        let (gas_params, gas_limit_cap) = (cfg.gas_params(), cfg.tx_gas_limit_cap());
        let mut gas = validation::validate_initial_tx_gas_with_gas_params(
            tx,
            SpecId::AMSTERDAM,
            gas_params,
            false,
            true,
            gas_limit_cap,
            None,
        )?;
        let created = if tx.kind().is_create() { ACCOUNT } else { 0 };
        let authorized = (ACCOUNT + DELEGATION).saturating_mul(tx.authorization_list_len() as u64);
        gas.set_initial_state_gas(authorized.saturating_add(created));
        let (initial_gas, gas_limit) = (gas.initial_total_gas(), tx.gas_limit());
        if initial_gas > gas_limit {
            return Err(InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit }.into());
        }
        Ok(gas)
    }

    /// Returns the payment for existing authorities.
    fn apply_eip7702_auth_list(
        &self,
        evm: &mut Self::Evm,
        gas: &mut GasTracker,
    ) -> Result<Option<u64>, Self::Error> {
        let chain_id = evm.ctx_ref().cfg().chain_id();
        let (tx, journal) = evm.ctx().tx_journal_mut();
        if tx.tx_type() == TransactionType::Eip7702 {
            let authorizations = tx.authorization_list();
            let existed =
                pre_execution::apply_auth_list::<_, Self::Error>(chain_id, authorizations, journal)?;
            gas.refill_reservoir(ACCOUNT.saturating_mul(existed));
        }
        Ok(Some(0))
    }

    /// Runs the same loop as revm, with a different treatment of state gas: that of a failed call goes entirely to the
    /// caller's reservoir, as if none had been taken from ordinary gas, and the payment for a new account is not
    /// returned.
    fn run_exec_loop(
        &mut self,
        evm: &mut Self::Evm,
        first_frame_input: FrameInit,
    ) -> Result<FrameResult, Self::Error> {
        if let ItemOrResult::Result(result) = evm.frame_init(first_frame_input)? {
            return Ok(result);
        }
        loop {
            let mut result = match evm.frame_run()? {
                ItemOrResult::Item(mut init) => {
                    match &mut init.frame_input {
                        FrameInput::Call(call) => call.charged_new_account_state_gas = false,
                        FrameInput::Create(create) => create.set_charged_create_state_gas(false),
                        FrameInput::Empty => {}
                    }
                    evm.frame_stack().get().interpreter.gas.tracker_mut().set_state_gas_spilled(0);
                    match evm.frame_init(init)? {
                        ItemOrResult::Item(_) => continue,
                        ItemOrResult::Result(result) => result,
                    }
                }
                ItemOrResult::Result(result) => result,
            };
            result.gas_mut().tracker_mut().set_state_gas_spilled(0);
            if let Some(result) = evm.frame_return_result(result)? {
                return Ok(result);
            }
        }
    }

    /// Counts the state gas of the first call as spent even if it fails.
    fn last_frame_result(
        &mut self,
        _evm: &mut Self::Evm,
        frame_result: &mut FrameResult,
        parent_gas: &mut GasTracker,
    ) -> Result<(), Self::Error> {
        let result = frame_result.instruction_result();
        let gas = frame_result.gas_mut().tracker_mut();
        parent_gas.set_remaining(if result.is_ok_or_revert() { gas.remaining() } else { 0 });
        parent_gas.set_reservoir(gas.reservoir());
        parent_gas.set_state_gas_spent(parent_gas.state_gas_spent().saturating_add(gas.state_gas_spent()));
        parent_gas.set_refunded(if result.is_ok() { gas.refunded() } else { 0 });
        *gas = *parent_gas;
        Ok(())
    }
}

/// EIP-8037: the gas for a byte of state. It depends on the gas limit of a block, which is assumed to be 120 million.
const STATE_BYTE: u64 = 1_174;
const SLOT: u64 = 32 * STATE_BYTE;
const ACCOUNT: u64 = 112 * STATE_BYTE;
const DELEGATION: u64 = 23 * STATE_BYTE;
/// EIP-2929.
const WARM_ACCESS: u64 = 100;
/// EIP-7954; initcode may have twice as much.
const CODE_BYTES_MAX: usize = 32 << 10;
/// EIP-2929: the gas for changing a slot, beside the access.
const STORAGE_WRITE: u64 = gas::WARM_SSTORE_RESET - WARM_ACCESS;
