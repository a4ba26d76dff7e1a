//! Execution of a payload on a state.

use std::fmt;

use alloy_primitives::B256;
use outrider_evm_codec::Payload;
use outrider_host::{Context, ExecutionError, ExecutionErrorKind, StateRoot, TrapKind, chain};
use outrider_shard::{BuiltBlock, Provider, ProviderError};
use outrider_witness::store::Store;

/// The outcome of a payload on a state.
#[derive(Debug)]
pub enum Trial {
    /// The EE executed the payload, over the state and over the witness alike.
    Executed(Box<BuiltBlock>),
    /// The EE refused the payload, for this reason.
    Refused(String),
    /// The EE does not support the fork, as this text says.
    Unsupported(String),
    /// The execution failed without a verdict.
    Failed(TrialError),
}

/// Why the execution of a payload failed. The message has all causes and the EE's last log.
#[derive(Debug)]
pub enum TrialError {
    /// The EE needs more memory than a module may have.
    OutOfMemory,
    /// Any other error of the provider.
    Provider(Box<ProviderError>),
}

impl Trial {
    /// Builds a block from the payload on a state of the provider, which executes it twice. Stores nothing.
    pub fn new<S: Store + Send + Sync + 'static>(
        provider: &Provider<S>,
        pre_state_root: B256,
        payload: &Payload,
    ) -> Self {
        let package = alloy_rlp::encode(payload);
        match provider.build(StateRoot(pre_state_root.0), &[package], Context::default()) {
            Ok(built) => Self::Executed(Box::new(built)),
            Err(error) => Self::of_error(error, payload.rules().map(|rules| rules.fork.name())),
        }
    }

    fn of_error(error: ProviderError, fork: Option<&str>) -> Self {
        let refused = match &error {
            ProviderError::Refused(execution) => Some(execution),
            _ => None,
        };
        match refused.and_then(|execution| execution.refusal().map(ToOwned::to_owned)) {
            Some(reason)
                if fork.is_some_and(|fork| reason == format!("the fork {fork} is not supported")) =>
            {
                Self::Unsupported(reason)
            }
            Some(reason) => Self::Refused(reason),
            None if refused.is_some_and(is_out_of_memory) => Self::Failed(TrialError::OutOfMemory),
            None => Self::Failed(TrialError::Provider(Box::new(error))),
        }
    }
}

/// Returns whether an EE trapped after Rust's message about a failed allocation.
fn is_out_of_memory(error: &ExecutionError) -> bool {
    let ExecutionErrorKind::Trap(TrapKind::Unreachable) = error.kind else { return false };
    let words = error.logs.last().map(|log| log.value.to_string()).unwrap_or_default();
    let failed = words.split_once("memory allocation of ").map(|(_, rest)| rest.trim_end());
    failed.is_some_and(|rest| rest.ends_with(" bytes failed"))
}

impl fmt::Display for TrialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfMemory => f.write_str("the EE needs more memory than a module may have"),
            Self::Provider(error) => {
                // The last log belongs after all causes, so the message includes the causes here and there is no
                // source.
                f.write_str(&chain(error.as_ref()))?;
                match error.execution().and_then(|execution| execution.logs.last()) {
                    Some(log) => write!(f, "; the EE's last log: {}", log.value),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for TrialError {}
