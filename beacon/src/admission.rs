//! The admission of code to the [registry](crate::registry) by the host.
//!
//! [`HostAdmission`] decides from its bytes alone whether code is valid, so all nodes reach the same decision. [`trial`] decides
//! how a node votes: it compiles the code within limits of time and memory, and its result depends on the machine.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::registry::{Admission, CodeProperties, Refusal};
use outrider_beacon_spec::{hash::hash, types::Bytes32};
use outrider_host::{Host, Import, IsolationError, Limits, LoadError, chain, check, summarize};

/// An admission of code that the host's profile admits, and whose predicted cost of compilation is within limits.
#[derive(Debug)]
pub struct HostAdmission {
    limits: Limits,
    compile_microseconds_max: u64,
    machine_code_bytes_max: u64,
    /// Earlier decisions by code hash: in a process that proposes a block and then imports it, code is judged twice.
    judgements: Mutex<BTreeMap<Bytes32, Result<CodeProperties, Refusal>>>,
}

/// The number of remembered decisions, at most.
const JUDGEMENTS_MAX: usize = 256;

impl Default for HostAdmission {
    /// Allows 5 seconds of one core, the bound of the host's profile, and 64 MiB of machine code, five times that of the EVM.
    fn default() -> Self {
        Self::new(Limits::default(), 5_000_000, 64 << 20)
    }
}

impl Admission for HostAdmission {
    /// Decides on code. A refusal lists every violation of the profile, or else the predicted cost that exceeds its limit.
    fn admit(&self, code: &[u8]) -> Result<CodeProperties, Refusal> {
        let code_hash = hash(&[code]);
        let judgements = || self.judgements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(judgement) = judgements().get(&code_hash) {
            return judgement.clone();
        }
        let judgement = self.judge(code);
        let mut judgements = judgements();
        if judgements.len() >= JUDGEMENTS_MAX {
            judgements.clear();
        }
        judgements.insert(code_hash, judgement.clone());
        judgement
    }
}

impl HostAdmission {
    /// Creates an admission from the host's limits and the limits of the predicted cost of compiling a whole module, in
    /// microseconds of one core and bytes of machine code. All nodes of a chain must use the same limits. The host's profile
    /// bounds the memory that compiling takes.
    #[must_use]
    pub fn new(limits: Limits, compile_microseconds_max: u64, machine_code_bytes_max: u64) -> Self {
        Self { limits, compile_microseconds_max, machine_code_bytes_max, judgements: Mutex::default() }
    }

    fn judge(&self, code: &[u8]) -> Result<CodeProperties, Refusal> {
        let refusals = check(code, &self.limits);
        if !refusals.is_empty() {
            let reasons: Vec<_> = refusals.iter().map(|refusal| chain(refusal)).collect();
            return Err(Refusal(reasons.join("; ")));
        }
        let summary = summarize(code, &self.limits);
        let cost = summary.compile_cost;
        let parts = [
            ("microseconds to compile", cost.microseconds, self.compile_microseconds_max),
            ("bytes of machine code", cost.code_bytes, self.machine_code_bytes_max),
        ];
        if let Some((what, got, max)) = parts.into_iter().find(|(_, got, max)| got > max) {
            return Err(Refusal(format!(
                "its predicted cost is {got} {what}, and the limit is {max}: split it up"
            )));
        }
        // An import has two names, and both link.
        let receipt_copy = Import::find("eth2", "receiptCopy");
        let takes_receipts =
            summary.imports.iter().any(|import| receipt_copy.is_some() && import.abi == receipt_copy);
        Ok(CodeProperties { takes_receipts })
    }
}

/// Compiles code, to decide a node's vote on it. A host with an [`Isolation`](outrider_host::Isolation) compiles it in a separate
/// process, whose limits stop code that costs more than predicted. Returns the reason for a vote against the code, or `None`.
/// The outcome can change the vote, but never the validity of a block.
///
/// # Errors
///
/// Fails if this machine cannot compile anything, for example because its disk is full. That says nothing about the code, so a
/// validator should not vote.
pub fn trial(host: &Host, code: &[u8]) -> Result<Option<LoadError>, LoadError> {
    match host.load(code) {
        Ok(_) => Ok(None),
        Err(error) => match &error {
            LoadError::NotMetered => Err(error),
            LoadError::Isolated(reason) => match reason {
                IsolationError::OverCpu { .. } | IsolationError::OverMemory { .. } => Ok(Some(error)),
                _ => Err(error),
            },
            _ => Ok(Some(error)),
        },
    }
}
