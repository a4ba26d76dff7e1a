//! Instructions that are not revm's.
//!
//! `KECCAK256` hashes by the host.
//!
//! `EXTCODEHASH` mends what is told revm of accounts that have storage, but neither nonce nor code. No contract is created at their
//! address, [EIP-7610](https://eips.ethereum.org/EIPS/eip-7610); but where revm creates a contract, it looks at nonce and
//! code hash alone. So it is told that such an account has the code hash zero. That is no code to revm, as is the hash of no bytes,
//! but for that place, and for the answer of this instruction.

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use revm::{
    bytecode::opcode::{EXTCODEHASH, KECCAK256},
    context_interface::Host,
    handler::instructions::{EthInstructions, InstructionProvider},
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult, as_usize_or_fail, gas,
        instructions::{contract::resize_memory, host::extcodehash},
        interpreter::EthInterpreter,
        popn, push,
    },
};

use crate::hash;

/// What revm is told for the hash of no code, if there is storage.
pub(crate) const NO_CODE: B256 = B256::ZERO;

/// Puts these instructions in the place of revm's.
pub(crate) fn replace<H: Host>(table: &mut EthInstructions<EthInterpreter, H>) {
    for (opcode, instruction) in
        [(KECCAK256, Instruction::new(keccak256)), (EXTCODEHASH, Instruction::new(ext_code_hash))]
    {
        let gas = table.gas_table()[usize::from(opcode)];
        table.insert_instruction(opcode, instruction, gas);
    }
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

fn ext_code_hash<H: Host + ?Sized>(
    InstructionContext { interpreter, host }: InstructionContext<'_, H, EthInterpreter>,
) -> InstructionExecResult {
    let address = interpreter.stack.top().map(|top| Address::from_word(B256::from(*top)));
    extcodehash(InstructionContext { interpreter: &mut *interpreter, host: &mut *host })?;
    // It has loaded the account, so this is free of charge.
    if let (Some(address), Some(top)) = (address, interpreter.stack.top())
        && top.is_zero()
        && let Ok(account) = host.load_account_info_skip_cold_load(address, false, false)
        && !account.is_empty()
    {
        *top = U256::from_be_bytes(KECCAK256_EMPTY.0);
    }
    Ok(())
}
