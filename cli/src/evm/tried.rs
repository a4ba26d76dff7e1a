//! One payload, tried on a state.

use alloy_primitives::B256;
use outrider_evm_codec::Payload;
use outrider_host::{Context, ExecutionError, ExecutionErrorKind, StateRoot, TrapKind, chain};
use outrider_shard::{Built, Provider, ProviderError};
use outrider_witness::store::MemoryStore;

/// What came of a payload.
pub(super) enum Tried {
    /// The EE has executed it, over the state and over the witness alike.
    Built(Box<Built>),
    /// The EE refuses it, and says why.
    Refused(String),
    /// The EE does not know the rules of the fork, and says so.
    Unsupported(String),
    /// The EE needs more memory than a module may have, so it has no answer.
    OutOfMemory(String),
    /// Something else went wrong, which is no answer to the payload.
    Broken(String),
}

impl Tried {
    /// Builds a block of the payload, and so executes it twice.
    pub(super) fn new(provider: &Provider<MemoryStore>, pre_state_root: B256, payload: &Payload) -> Self {
        let package = alloy_rlp::encode(payload);
        match provider.build(StateRoot(pre_state_root.0), &[package], Context::default()) {
            Ok(built) => Self::Built(Box::new(built)),
            Err(error) => Self::of_error(&error, payload.rules().fork.name()),
        }
    }

    fn of_error(error: &ProviderError, fork: &str) -> Self {
        match error {
            ProviderError::Refused(execution) => match execution.refusal().map(ToOwned::to_owned) {
                Some(words) if words == format!("the fork {fork} is not supported") => {
                    Self::Unsupported(words)
                }
                Some(words) => Self::Refused(words),
                None if is_out_of_memory(execution) => Self::OutOfMemory(OUT_OF_MEMORY.to_owned()),
                None => Self::Broken(describe(error)),
            },
            _ => Self::Broken(describe(error)),
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

/// Why there is no answer without enough memory.
const OUT_OF_MEMORY: &str = "it takes more memory than an EE may have";

/// An error with all its causes, and what the EE said last.
pub(super) fn describe(error: &ProviderError) -> String {
    let mut text = chain(error);
    if let Some(log) = error.execution().and_then(|execution| execution.logs.last()) {
        text.push_str(&format!("; its last words: {}", log.value));
    }
    text
}
