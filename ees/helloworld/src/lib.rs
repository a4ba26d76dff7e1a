#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

use outrider_sdk::{Deposit, StateRoot, debug, entry, eth2, log};

entry!(transition);

/// Executes a block.
///
/// 1. Logs a greeting, 42, 99 and the root.
/// 2. Checks that the block data is empty.
/// 3. Pushes a deposit of zeros.
///
/// # Errors
///
/// Fails if there is any block data.
pub fn transition(pre_state_root: StateRoot, block_data: &[u8]) -> Result<StateRoot, TransitionError> {
    log!("hello world!");
    debug::print32(42);
    debug::print64(99);
    debug::print_mem_hex(&pre_state_root.0);

    if !block_data.is_empty() {
        let got = block_data.len();
        return Err(TransitionError::BlockDataNotEmpty { got });
    }

    eth2::push_new_deposit(&ZERO_DEPOSIT);
    Ok(pre_state_root)
}

/// The reason why a block is refused. The fault is with the block's author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The block data is not empty.
    #[error("expected empty block data, got {got} bytes")]
    BlockDataNotEmpty {
        /// The length of the block data.
        got: usize,
    },
}

const ZERO_DEPOSIT: Deposit =
    Deposit { pubkey: [0; 48], withdrawal_credentials: [0; 32], amount: 0, signature: [0; 96] };

#[cfg(test)]
mod tests {
    extern crate alloc;

    use alloc::vec;

    use outrider_sdk::chain;
    use outrider_sdk::harness::{Execution, Failure, Log, Outcome};

    use super::{StateRoot, TransitionError, ZERO_DEPOSIT, transition};

    #[test]
    fn an_empty_block_keeps_the_root_and_pushes_one_deposit() {
        let root = StateRoot([0xab; 32]);
        assert_eq!(
            Execution::new(root).run(transition),
            Ok(Outcome {
                post_state_root: root,
                deposits: vec![ZERO_DEPOSIT],
                proposer_fee: 0,
                receipts: vec![],
                rejected: vec![],
                logs: vec![
                    Log::Print("hello world!".into()),
                    Log::Print32(42),
                    Log::Print64(99),
                    Log::PrintMemHex(root.0.to_vec()),
                ],
                ticks_used: 0,
            })
        );
    }

    #[test]
    fn the_deposit_is_184_zero_bytes() {
        assert_eq!(ZERO_DEPOSIT.to_bytes(), [0; 184]);
    }

    #[test]
    fn a_block_with_data_is_refused() {
        let failure = Execution::new(StateRoot::default()).block_data([0]).run(transition).unwrap_err();
        assert_eq!(failure, Failure::Refused(TransitionError::BlockDataNotEmpty { got: 1 }));
        assert_eq!(chain(&failure), "block refused: expected empty block data, got 1 bytes");
    }
}
