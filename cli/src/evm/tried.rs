//! One payload, tried on a state.

use alloy_primitives::B256;
use outrider_evm_block::Payload;
use outrider_host::{Context, ExecutionError, ExecutionErrorKind, StateRoot, TrapKind};
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
            ProviderError::Refused(execution) => match refusal(execution) {
                Some(words) if words == format!("the fork {fork} is not supported") => {
                    Self::Unsupported(words)
                }
                Some(words) => Self::Refused(words),
                None => Self::Broken(describe(error)),
            },
            _ => Self::Broken(describe(error)),
        }
    }
}

/// Why an EE refuses a block, if that is how its execution ended; a panic is no refusal.
pub(super) fn refusal(error: &ExecutionError) -> Option<String> {
    let ExecutionErrorKind::Trap(TrapKind::Unreachable) = error.kind else { return None };
    let words = error.logs.last()?.value.to_string();
    words.strip_prefix(REFUSED).map(ToOwned::to_owned)
}

/// What the SDK writes before the reason.
const REFUSED: &str = "block refused: ";

/// An error with all its causes, and what the EE said last.
pub(super) fn describe(error: &ProviderError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    if let Some(log) = error.execution().and_then(|execution| execution.logs.last()) {
        text.push_str(&format!("; its last words: {}", log.value));
    }
    text
}
