//! Both engines: each runs everything, and a difference is an error.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use tracing::subscriber::{NoSubscriber, with_default};

use super::{CompiledEe, Engine, Program, Requirements, Reserve, Stop};
use crate::cache::Payload;
use crate::chain::chain;
use crate::error::{Disagreement, ExecutionErrorKind, LoadError};
use crate::imports::Execution;

/// An engine that compiles with two engines.
pub(crate) struct BothEngines {
    engines: [Arc<dyn Engine>; 2],
}

/// An EE compiled by two engines.
struct BothEe {
    names: [&'static str; 2],
    ees: [Arc<dyn CompiledEe>; 2],
}

/// The outcome of an execution on one engine.
type Outcome = (Execution, Result<(), Stop>);

impl BothEngines {
    pub(crate) fn new(engines: [Arc<dyn Engine>; 2]) -> Self {
        Self { engines }
    }

    fn ee(&self, ees: [Arc<dyn CompiledEe>; 2]) -> Arc<dyn CompiledEe> {
        Arc::new(BothEe { names: self.engines.each_ref().map(|engine| engine.name()), ees })
    }
}

impl Engine for BothEngines {
    fn name(&self) -> &'static str {
        "both"
    }

    fn settings(&self) -> String {
        let settings =
            self.engines.each_ref().map(|engine| format!("{}: {}", engine.name(), engine.settings()));
        settings.join(", ")
    }

    fn reserve(&self) -> Reserve {
        let [first, _] = &self.engines;
        first.reserve()
    }

    fn compile(&self, program: &Program) -> Result<Arc<dyn CompiledEe>, LoadError> {
        let [first, second] = &self.engines;
        Ok(self.ee([first.compile(program)?, second.compile(program)?]))
    }

    fn restore(&self, serialized: Payload<'_>) -> Option<Arc<dyn CompiledEe>> {
        let (rest, length) = serialized.split_number()?;
        let (for_first, for_second) = rest.split_at(length)?;
        let [first, second] = &self.engines;
        Some(self.ee([first.restore(for_first)?, second.restore(for_second)?]))
    }
}

impl CompiledEe for BothEe {
    fn run(&self, execution: Execution) -> Outcome {
        let again = execution.clone();
        let [first, second] = &self.ees;
        // The guest's logs are emitted only once.
        let outcomes = [first.run(execution), with_default(NoSubscriber::new(), || second.run(again))];
        self.judge(outcomes)
    }

    fn instantiate(&self, execution: Execution) -> Outcome {
        let again = execution.clone();
        let [first, second] = &self.ees;
        self.judge([first.instantiate(execution), second.instantiate(again)])
    }

    fn requirements(&self) -> Requirements {
        // Both were compiled from the same program.
        let [first, _] = &self.ees;
        first.requirements()
    }

    /// Serializes the first engine's EE, then the second's, then the length of the first as eight bytes, little-endian.
    fn serialize(&self) -> Option<Vec<u8>> {
        let [first, second] = &self.ees;
        let for_first = first.serialize()?;
        let length = u64::try_from(for_first.len()).ok()?;
        Some([&for_first, second.serialize()?.as_slice(), &length.to_le_bytes()].concat())
    }
}

impl BothEe {
    /// Returns the first outcome if the second is the same. If this node stopped one of them, that is the outcome of
    /// both.
    fn judge(&self, [first, second]: [Outcome; 2]) -> Outcome {
        let is_stopped = |outcome: &Outcome| {
            outcome.1.as_ref().is_err_and(|stop| matches!(stop.kind, ExecutionErrorKind::Stopped(_)))
        };
        if is_stopped(&first) {
            return first;
        }
        if is_stopped(&second) {
            return second;
        }
        let Some((item, values)) = difference(&first, &second) else { return first };
        let disagreement = Disagreement { item, engines: self.names, values };
        let backtrace = first.1.err().map(|stop| stop.backtrace).unwrap_or_default();
        (first.0, Err(Stop { kind: ExecutionErrorKind::EnginesDisagree(Box::new(disagreement)), backtrace }))
    }
}

/// Returns the first difference between the outcomes, with its two values.
///
/// Backtraces do not count, because engines may inline.
fn difference(first: &Outcome, second: &Outcome) -> Option<(&'static str, [String; 2])> {
    let end = |result: &Result<(), Stop>| match result {
        Ok(()) => "`main` returned".to_owned(),
        Err(stop) => chain(&stop.kind),
    };
    let root =
        |execution: &Execution| execution.post_state_root.map_or("none".to_owned(), |root| root.to_string());
    let ((a, a_result), (b, b_result)) = (first, second);
    differ("the end", &end(a_result), &end(b_result))
        .or_else(|| differ("the logs", &a.logs.len(), &b.logs.len()))
        .or_else(|| a.logs.iter().zip(&b.logs).find_map(|(a, b)| differ_debug("a line of the logs", a, b)))
        .or_else(|| differ_debug("the deposits", &a.deposits, &b.deposits))
        .or_else(|| differ("the proposer fee", &a.proposer_fee, &b.proposer_fee))
        .or_else(|| differ_debug("the receipts", &a.receipts, &b.receipts))
        .or_else(|| differ_debug("the rejected receipts", &a.rejected, &b.rejected))
        .or_else(|| differ("the post-state root", &root(a), &root(b)))
        .or_else(|| differ("the ticks used", &a.ticks_used, &b.ticks_used))
        .or_else(|| differ("the fuel left", &a.fuel_left, &b.fuel_left))
        .or_else(|| {
            let alike = a.provider.iter().zip(&b.provider).all(|(a, b)| a.yields_as(b));
            differ("the provider's output", &alike, &true)
        })
        .or_else(|| differ("the bytes of memory", &a.memory_bytes, &b.memory_bytes))
}

fn differ<T: PartialEq + Display>(
    item: &'static str,
    first: &T,
    second: &T,
) -> Option<(&'static str, [String; 2])> {
    (first != second).then(|| (item, [first.to_string(), second.to_string()]))
}

fn differ_debug<T: PartialEq + Debug>(
    item: &'static str,
    first: &T,
    second: &T,
) -> Option<(&'static str, [String; 2])> {
    (first != second).then(|| (item, [format!("{first:?}"), format!("{second:?}")]))
}

#[cfg(test)]
mod tests;
