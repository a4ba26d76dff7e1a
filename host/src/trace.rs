//! Traces: every host call of an execution, with its arguments, result and fuel.

use std::fmt;

use outrider_abi::Import;

use crate::error::{HostCallError, reason};

/// The host calls of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The calls, in order.
    pub calls: Vec<HostCall>,
    /// The number of calls after the requested number had been kept. A call that failed, and so ended the execution, is
    /// kept in any case.
    pub n_dropped: u64,
}

/// One call of an import, displayed as `eth2.blockDataCopy(out=0x100000, offset=0, length=92)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// The import, such as `eth2.blockDataCopy`.
    pub import: &'static Import,
    /// The arguments as unsigned numbers, one for each of [`Import::parameters`].
    pub arguments: Vec<u64>,
    /// The result of the call, or the error that ended the execution. Numbers of 32 bits are signed, because some
    /// functions return -1; numbers of 64 bits are unsigned.
    pub result: Result<Option<i128>, HostCallError>,
    /// Fuel that the execution had spent before the call. Guests pay for straight-line code before they run it, so this
    /// may include the code right after the call. They check their fuel only at some places, so this may exceed the
    /// limit; the call then fails.
    pub fuel_before: u64,
    /// Fuel that the call cost.
    pub fuel_cost: u64,
}

impl HostCall {
    /// Returns the arguments with the names of their parameters.
    pub fn named_arguments(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.import.parameter_names().zip(self.arguments.iter().copied())
    }
}

impl fmt::Display for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.import)?;
        for (index, (parameter, argument)) in self.import.parameters.iter().zip(&self.arguments).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let name = parameter.name;
            if parameter.is_pointer() {
                write!(f, "{separator}{name}={argument:#x}")?;
            } else {
                write!(f, "{separator}{name}={argument}")?;
            }
        }
        f.write_str(")")?;
        match &self.result {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => write!(f, " = {answer}"),
            Err(HostCallError::Refused { message }) => write!(f, " refuses the block{}", reason(message)),
            Err(error) => write!(f, " failed: {error}"),
        }
    }
}

/// A recorder of the host calls of an execution under way.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    trace: Trace,
    calls_max: usize,
    fuel_at_start: i64,
}

impl Tracer {
    pub(crate) fn new(calls_max: usize, fuel_at_start: i64) -> Self {
        Self { trace: Trace::default(), calls_max, fuel_at_start }
    }

    /// Records a call that ended; `fuel_left` is the fuel before and after it.
    pub(crate) fn add<A: Copy + Into<u64>, R: Answer>(
        &mut self,
        import: &'static Import,
        arguments: &[A],
        result: &Result<R, HostCallError>,
        fuel_left: (i64, i64),
    ) {
        if self.trace.calls.len() >= self.calls_max && result.is_ok() {
            self.trace.n_dropped = self.trace.n_dropped.saturating_add(1);
            return;
        }
        let (before, after) = fuel_left;
        self.trace.calls.push(HostCall {
            import,
            arguments: arguments.iter().map(|argument| (*argument).into()).collect(),
            result: result.as_ref().map(Answer::number).map_err(Clone::clone),
            fuel_before: self.fuel_at_start.abs_diff(before),
            fuel_cost: before.abs_diff(after),
        });
    }

    pub(crate) fn finish(self) -> Trace {
        self.trace
    }
}

/// The return value of a host function: a number, or nothing.
pub(crate) trait Answer {
    fn number(&self) -> Option<i128>;
}

impl Answer for () {
    fn number(&self) -> Option<i128> {
        None
    }
}

impl Answer for u32 {
    fn number(&self) -> Option<i128> {
        Some(self.cast_signed().into())
    }
}

impl Answer for u64 {
    fn number(&self) -> Option<i128> {
        Some((*self).into())
    }
}
