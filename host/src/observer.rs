//! Who looks on while an execution runs; nobody, as a rule.

use outrider_abi::Import;

use crate::call_tree::Recorder;
use crate::error::HostCallError;
use crate::trace::{Answer, Tracer};

/// What is told of an execution's host calls and, if its modules are [probed](crate::probe), of its function
/// calls. Sees everything and changes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) enum Observer {
    #[default]
    Nobody,
    Tracer(Box<Tracer>),
    Recorder(Box<Recorder>),
}

impl Observer {
    /// Notes what was paid for instances; `fuel_left` is what there was before and after.
    pub(crate) fn instances_made(&mut self, fuel_left: (i64, i64)) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.instances_made(fuel_left),
        }
    }

    /// Is told that a host call begins, when this much fuel is left.
    pub(crate) fn host_call_begins(&mut self, import: &'static Import, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.enter_import(import, fuel_left),
        }
    }

    /// Is told that a host call is over; `fuel_left` is what there was before and after it.
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

    /// Is told by a probe that a function of the guest is entered.
    pub(crate) fn enter(&mut self, function: u32, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.enter_function(function, fuel_left),
        }
    }

    /// Is told by a probe that a function of the guest returns.
    pub(crate) fn leave(&mut self, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.leave(fuel_left),
        }
    }

    /// Is told that the execution is over.
    pub(crate) fn execution_ends(&mut self, fuel_left: i64) {
        match self {
            Self::Nobody | Self::Tracer(_) => {}
            Self::Recorder(recorder) => recorder.spend(fuel_left),
        }
    }
}
