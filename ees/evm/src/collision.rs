//! Accounts that have storage, but neither nonce nor code: no contract is created at their address,
//! [EIP-7610](https://eips.ethereum.org/EIPS/eip-7610).
//!
//! Where it creates a contract, revm looks at nonce and code hash alone. So it is told that such an account has the code hash zero.
//! That is no code to it, as is the hash of no bytes, but for two places: where a contract is created, and in the answer of
//! `EXTCODEHASH`, which is mended here.

use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use revm::{
    context_interface::Host,
    interpreter::{
        InstructionContext, InstructionExecResult, instructions::host::extcodehash,
        interpreter::EthInterpreter,
    },
    primitives::Address,
};

/// What revm is told for the hash of no code.
pub(crate) const CODE_HASH: B256 = B256::ZERO;

/// The instruction `EXTCODEHASH`: zero is the answer for an empty account alone.
pub(crate) fn ext_code_hash<H: Host + ?Sized>(
    context: InstructionContext<'_, H, EthInterpreter>,
) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = context;
    let address = interpreter.stack.top().map(|top| Address::from_word(B256::from(*top)));
    extcodehash(InstructionContext { interpreter: &mut *interpreter, host: &mut *host })?;
    if let (Some(address), Some(top)) = (address, interpreter.stack.top())
        && top.is_zero()
        && let Ok(account) = host.load_account_info_skip_cold_load(address, false, false)
        && !account.is_empty()
    {
        *top = U256::from_be_bytes(KECCAK256_EMPTY.0);
    }
    Ok(())
}
