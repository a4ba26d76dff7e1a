//! The output of `outrider run --trace`: the host calls of a block, as text and as JSON.

use std::io::{self, Write};

use outrider_host::{HostCall, Trace};
use serde::{Serialize, Serializer};

use crate::ERROR;
use crate::output::Plain;

/// The host calls of one block, in order.
#[derive(Serialize)]
pub(super) struct TraceReport {
    trace: Vec<CallReport>,
    /// The number of calls that are not listed, because the trace was full.
    n_calls_dropped: u64,
}

#[derive(Serialize)]
struct CallReport {
    import: String,
    /// Values with the names of their parameters, in order.
    #[serde(serialize_with = "as_map")]
    arguments: Vec<(&'static str, u64)>,
    /// None if the call returned nothing.
    result: Option<i128>,
    /// Why the call failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    fuel_before: u64,
    fuel_cost: u64,
    #[serde(skip)]
    text: String,
}

fn as_map<S: Serializer>(pairs: &[(&'static str, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}

impl TraceReport {
    pub(super) fn new(trace: &Trace) -> Self {
        Self { trace: trace.calls.iter().map(CallReport::new).collect(), n_calls_dropped: trace.n_dropped }
    }

    /// Prints a table with the fuel spent before each call, the cost of the call, and the call.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.trace.is_empty() {
            return writeln!(out, "    no host calls");
        }
        let width = |fuel: fn(&CallReport) -> u64, title: &str| {
            let widest = self.trace.iter().map(fuel).max().unwrap_or_default();
            widest.to_string().len().max(title.len())
        };
        let before_width = width(|call| call.fuel_before, BEFORE);
        let cost_width = width(|call| call.fuel_cost, COST);
        writeln!(out, "    {BEFORE:>before_width$}  {COST:>cost_width$}  host call")?;
        for CallReport { fuel_before, fuel_cost, text, error, .. } in &self.trace {
            write!(out, "    {fuel_before:>before_width$}  {fuel_cost:>cost_width$}  ")?;
            let text = Plain(text);
            match error {
                None => writeln!(out, "{text}")?,
                Some(_) => writeln!(out, "{ERROR}{text}{ERROR:#}")?,
            }
        }
        match self.n_calls_dropped {
            0 => Ok(()),
            n => writeln!(out, "    {n} more calls are not listed, because the trace is full"),
        }
    }
}

impl CallReport {
    fn new(call: &HostCall) -> Self {
        Self {
            import: call.import.to_string(),
            arguments: call.named_arguments().collect(),
            result: call.result.as_ref().ok().copied().flatten(),
            error: call.result.as_ref().err().map(ToString::to_string),
            fuel_before: call.fuel_before,
            fuel_cost: call.fuel_cost,
            text: call.to_string(),
        }
    }
}

/// The titles of the columns of fuel.
const BEFORE: &str = "fuel";
const COST: &str = "cost";
