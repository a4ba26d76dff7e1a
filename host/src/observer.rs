//! Observers of an execution under way. Most executions have none.

use outrider_abi::Import;

use crate::call_tree::Recorder;
use crate::error::HostCallError;
use crate::trace::{Answer, Tracer};

/// An observer of an execution's host calls and, if its modules are [probed](crate::probe), of its function calls. It
/// changes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) enum Observer {
    #[default]
    Nobody,
    Tracer(Box<Tracer>),
    Recorder(Box<Recorder>),
}

impl Observer {
    /// Records the cost of the instances; `fuel_left` is the fuel before and after.
    pub(crate) fn instances_made(&mut self, fuel_left: (i64, i64)) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.instances_made(fuel_left),
        }
    }

    /// Records that a host call begins, with this much fuel left.
    pub(crate) fn host_call_begins(&mut self, import: &'static Import, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.enter_import(import, fuel_left),
        }
    }

    /// Records that a host call ended; `fuel_left` is the fuel before and after it.
    pub(crate) fn host_call_ends<A: Copy + Into<u64>, R: Answer>(
        &mut self,
        import: &'static Import,
        arguments: &[A],
        result: &Result<R, HostCallError>,
        fuel_left: (i64, i64),
    ) {
        match self {
            Self::Nobody => {}
            Self::Tracer(tracer) => tracer.add(import, arguments, result, fuel_left),
            Self::Recorder(recorder) => recorder.leave(fuel_left.1),
        }
    }

    /// Records that a function of the guest was entered, as a probe reports.
    pub(crate) fn enter(&mut self, function: u32, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.enter_function(function, fuel_left),
        }
    }

    /// Records that a function of the guest returns, as a probe reports.
    pub(crate) fn leave(&mut self, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.leave(fuel_left),
        }
    }

    /// Records that the execution ended.
    pub(crate) fn execution_ends(&mut self, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.spend(fuel_left),
        }
    }
}
