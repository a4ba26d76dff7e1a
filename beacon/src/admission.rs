//! Admission by the host: what of the [registry](crate::registry)'s questions takes an engine's eyes.
//!
//! [`HostAdmission`] decides whether code is valid, from its bytes alone: all nodes come to the same. [`trial`] decides how a node
//! votes: it compiles the code, within limits of time and memory that depend on the machine.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::registry::{Admission, CodeProperties, Refusal};
use outrider_beacon_spec::{hash::hash, types::Bytes32};
use outrider_host::{Host, Limits, LoadError, chain, check, summarize};

/// Admits what the host's profile admits, if compiling it is predicted to stay within bounds.
#[derive(Debug)]
pub struct HostAdmission {
    limits: Limits,
    compile_microseconds_max: u64,
    machine_code_bytes_max: u64,
    /// What was judged before, by its hash: a block is judged by who proposes it and by who takes it in.
    judged: Mutex<BTreeMap<Bytes32, Result<CodeProperties, Refusal>>>,
}

/// Judgements that are remembered, at most.
const JUDGED_MAX: usize = 256;

impl Default for HostAdmission {
    /// Five seconds of one core, which is the bound of the host's profile, and 64 MiB of machine code, five times an EVM's.
    fn default() -> Self {
        Self::new(Limits::default(), 5_000_000, 64 << 20)
    }
}

impl Admission for HostAdmission {
    /// Tells every reason against the code, or else which part of its cost is too great.
    fn admit(&self, code: &[u8]) -> Result<CodeProperties, Refusal> {
        let code_hash = hash(&[code]);
        let judged = || self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(judgement) = judged().get(&code_hash) {
            return judgement.clone();
        }
        let judgement = self.judge(code);
        let mut judged = judged();
        if judged.len() >= JUDGED_MAX {
            judged.clear();
        }
        judged.insert(code_hash, judgement.clone());
        judgement
    }
}

impl HostAdmission {
    /// Judges by the host's limits, which all nodes share, and by what compiling all functions of a module is predicted to take: so many
    /// microseconds of one core, and so many bytes of machine code. What it takes of memory, the host's profile bounds.
    #[must_use]
    pub fn new(limits: Limits, compile_microseconds_max: u64, machine_code_bytes_max: u64) -> Self {
        Self { limits, compile_microseconds_max, machine_code_bytes_max, judged: Mutex::default() }
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
                "it is predicted to take {got} {what}, more than {max}: split it up"
            )));
        }
        let takes_receipts =
            summary.imports.iter().any(|import| import.module == "eth2" && import.name == "receiptCopy");
        Ok(CodeProperties { takes_receipts })
    }
}

/// Tries code out, for a node's vote on it. A host with an [`Isolation`](outrider_host::Isolation) compiles it in a worker, whose limits
/// bound what code can do that costs more than is predicted. A slow disk or a full memory change the vote, and never whether a block
/// is valid.
///
/// # Errors
///
/// Why the node should vote against the code.
pub fn trial(host: &Host, code: &[u8]) -> Result<(), LoadError> {
    host.load(code).map(|_| ())
}
