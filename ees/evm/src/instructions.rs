//! Instructions that differ from revm's.
//!
//! `KECCAK256` hashes by the host.
//!
//! `EXTCODEHASH` corrects the code hash of accounts that have storage, but neither nonce nor code. No contract can be
//! created at their address, [EIP-7610](https://eips.ethereum.org/EIPS/eip-7610); but where revm creates a contract, it
//! checks only nonce and code hash. So revm gets the code hash zero for such an account. revm treats that as no code,
//! like the hash of no bytes, except in that check and in the result of this instruction.
//!
//! `BLOBBASEFEE` also returns prices of more than 128 bits, for which revm has no room.
//!
//! `SSTORE` has the cost of [EIP-1283](https://eips.ethereum.org/EIPS/eip-1283) in Constantinople, and never again.
//! That is its cost from Istanbul on, [EIP-2200](https://eips.ethereum.org/EIPS/eip-2200), except for the cost of
//! `SLOAD` at the time, and for the minimum of gas. In Amsterdam it costs state gas, see [`amsterdam`].

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use outrider_evm_codec::Fork;
use revm::{
    bytecode::opcode::{BLOBBASEFEE, EXTCODEHASH, KECCAK256, SSTORE},
    context_interface::{
        Host,
        cfg::{GasId, GasParams},
    },
    handler::{
        MainnetContext,
        instructions::{EthInstructions, InstructionProvider},
    },
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult, as_usize_or_fail, gas,
        instructions::{
            block_info,
            contract::resize_memory,
            host::{extcodehash, sstore_with_gas_accounting},
        },
        interpreter::EthInterpreter,
        popn, push, state_gas,
    },
};

use crate::{amsterdam, fee::blob_price, hash, rules::Spec, state::State};

/// Replaces revm's instructions by these.
pub(crate) fn replace<'a>(
    table: &mut EthInstructions<EthInterpreter, MainnetContext<State<'a>>>,
    fork: Fork,
) {
    let mut insert = |opcode, instruction| {
        let gas = table.gas_table()[usize::from(opcode)];
        table.insert_instruction(opcode, instruction, gas);
    };
    insert(KECCAK256, Instruction::new(keccak256));
    insert(EXTCODEHASH, Instruction::new(ext_code_hash));
    insert(BLOBBASEFEE, Instruction::new(blob_base_fee));
    match fork {
        Fork::Constantinople => insert(SSTORE, Instruction::new(sstore_of_constantinople)),
        Fork::Amsterdam => {
            insert(SSTORE, Instruction::new(sstore_of_amsterdam));
            amsterdam::OPCODE_GAS.iter().for_each(|(opcode, gas)| table.insert_gas(*opcode, *gas));
        }
        _ => {}
    }
}

/// Sets gas costs that differ from revm's.
pub(crate) fn gas_params(spec: &Spec<'_>) -> GasParams {
    if spec.fork == Fork::Amsterdam {
        return amsterdam::gas_params();
    }
    let mut params = GasParams::new_spec(spec.id);
    if spec.fork == Fork::Constantinople {
        params.override_gas([
            (GasId::sstore_static(), SLOAD),
            (GasId::sstore_set_without_load_cost(), SSTORE_SET - SLOAD),
            (GasId::sstore_set_refund(), SSTORE_SET - SLOAD),
            (GasId::sstore_reset_without_cold_load_cost(), SSTORE_RESET - SLOAD),
            (GasId::sstore_reset_refund(), SSTORE_RESET - SLOAD),
        ]);
    }
    params
}

fn keccak256<H: Host + ?Sized>(
    InstructionContext { interpreter, host }: InstructionContext<'_, H, EthInterpreter>,
) -> InstructionExecResult {
    popn!([offset, length], interpreter);
    gas!(interpreter, host.gas_params().keccak256_cost(as_usize_or_fail!(interpreter, length)));
    let range = resize_memory(interpreter, host.gas_params(), offset, length)?;
    let hash = if range.is_empty() {
        KECCAK256_EMPTY
    } else {
        hash::keccak256(&*interpreter.memory.slice_len(range.start, range.len()))
    };
    push!(interpreter, U256::from_be_bytes(hash.0));
    Ok(())
}

fn sstore_of_constantinople<H: Host + ?Sized>(
    context: InstructionContext<'_, H, EthInterpreter>,
) -> InstructionExecResult {
    // Before Istanbul, the stipend is not checked.
    sstore_with_gas_accounting(context, |InstructionContext { interpreter, host }, _, slot| {
        let params = host.gas_params();
        gas!(interpreter, params.sstore_dynamic_gas(true, &slot.data, slot.is_cold));
        interpreter.gas.record_refund(params.sstore_refund(true, &slot.data));
        Ok(())
    })
}

fn sstore_of_amsterdam<H: Host + ?Sized>(
    context: InstructionContext<'_, H, EthInterpreter>,
) -> InstructionExecResult {
    sstore_with_gas_accounting(context, |InstructionContext { interpreter, host }, _, slot| {
        let params = host.gas_params();
        gas!(interpreter, params.sstore_dynamic_gas(true, &slot.data, slot.is_cold));
        state_gas!(interpreter, params.sstore_state_gas(&slot.data));
        interpreter.gas.record_refund(params.sstore_refund(true, &slot.data));
        Ok(())
    })
}

fn ext_code_hash<H: Host + ?Sized>(
    InstructionContext { interpreter, host }: InstructionContext<'_, H, EthInterpreter>,
) -> InstructionExecResult {
    let address = interpreter.stack.top().map(|top| Address::from_word(B256::from(*top)));
    extcodehash(InstructionContext { interpreter: &mut *interpreter, host: &mut *host })?;
    // The instruction has loaded the account, so this is free.
    if let (Some(address), Some(top)) = (address, interpreter.stack.top())
        && top.is_zero()
        && let Ok(account) = host.load_account_info_skip_cold_load(address, false, false)
        && !account.is_empty()
    {
        *top = U256::from_be_bytes(KECCAK256_EMPTY.0);
    }
    Ok(())
}

fn blob_base_fee(
    InstructionContext { interpreter, host }: InstructionContext<
        '_,
        MainnetContext<State<'_>>,
        EthInterpreter,
    >,
) -> InstructionExecResult {
    block_info::blob_basefee(InstructionContext { interpreter: &mut *interpreter, host: &mut *host })?;
    let (blobs, fraction) = (host.block.blob_excess_gas_and_price, host.cfg.blob_base_fee_update_fraction);
    if let (Some(blobs), Some(fraction), Some(top)) = (blobs, fraction, interpreter.stack.top())
        && blobs.blob_gasprice == u128::MAX
    {
        *top = blob_price(blobs.excess_blob_gas, fraction);
    }
    Ok(())
}

/// In gas, like the two below, EIP-1283.
const SLOAD: u64 = 200;
const SSTORE_SET: u64 = 20_000;
const SSTORE_RESET: u64 = 5_000;
