//! Payloads, tried on a state.

use std::fmt;

use alloy_primitives::B256;
use outrider_evm_codec::Payload;
use outrider_host::{Context, ExecutionError, ExecutionErrorKind, StateRoot, TrapKind, chain};
use outrider_shard::{BuiltBlock, Provider, ProviderError};
use outrider_witness::store::Store;

/// What came of a payload on a state.
#[derive(Debug)]
pub enum Trial {
    /// The EE has executed it, over the state and over the witness alike.
    Executed(Box<BuiltBlock>),
    /// The EE refuses it, and says why.
    Refused(String),
    /// The EE does not know the rules of the fork, and says so.
    Unsupported(String),
    /// There is no answer to the payload.
    Failed(TrialError),
}

/// Why there is no answer to a payload. It tells all causes, and what the EE said last.
#[derive(Debug)]
pub enum TrialError {
    /// The EE needs more memory than a module may have. A limit was reached.
    OutOfMemory,
    /// Something else went wrong; the provider's error tells whose fault that is.
    Provider(Box<ProviderError>),
}

impl Trial {
    /// Builds a block of the payload on a state that the provider keeps, and so executes it twice. Nothing is stored.
    pub fn new<S: Store + Send + Sync + 'static>(
        provider: &Provider<S>,
        pre_state_root: B256,
        payload: &Payload,
    ) -> Self {
        let package = alloy_rlp::encode(payload);
        match provider.build(StateRoot(pre_state_root.0), &[package], Context::default()) {
            Ok(built) => Self::Executed(Box::new(built)),
            Err(error) => Self::of_error(error, payload.rules().fork.name()),
        }
    }

    fn of_error(error: ProviderError, fork: &str) -> Self {
        let refused = match &error {
            ProviderError::Refused(execution) => Some(execution),
            _ => None,
        };
        match refused.and_then(|execution| execution.refusal().map(ToOwned::to_owned)) {
            Some(reason) if reason == format!("the fork {fork} is not supported") => {
                Self::Unsupported(reason)
            }
            Some(reason) => Self::Refused(reason),
            None if refused.is_some_and(is_out_of_memory) => Self::Failed(TrialError::OutOfMemory),
            None => Self::Failed(TrialError::Provider(Box::new(error))),
        }
    }
}

/// Whether the last words of an EE are Rust's when an allocation fails, and then it traps.
fn is_out_of_memory(error: &ExecutionError) -> bool {
    let ExecutionErrorKind::Trap(TrapKind::Unreachable) = error.kind else { return false };
    let words = error.logs.last().map(|log| log.value.to_string()).unwrap_or_default();
    let failed = words.split_once("memory allocation of ").map(|(_, rest)| rest.trim_end());
    failed.is_some_and(|rest| rest.ends_with(" bytes failed"))
}

impl fmt::Display for TrialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfMemory => f.write_str("it takes more memory than an EE may have"),
            Self::Provider(error) => {
                // The EE's last words belong behind all causes, so these are told here, and there is no source.
                f.write_str(&chain(error.as_ref()))?;
                match error.execution().and_then(|execution| execution.logs.last()) {
                    Some(log) => write!(f, "; its last words: {}", log.value),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for TrialError {}
