//! What one execution is allowed to take of this node, and how it is stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What one execution may take. A number of fuel is an allowance of just that.
///
/// An execution that is stopped by its deadline or its handle ends as
/// [`ExecutionErrorKind::Stopped`](crate::ExecutionErrorKind::Stopped), which says nothing about the block. It is stopped
///
/// - while it waits for a place or for memory, within some hundredths of a second;
/// - at the next call of an import, but not within one: a call takes as long as its fuel pays for, and so less than
///   [`Limits::fuel_max`](crate::Limits::fuel_max) does;
/// - on wasmtime, and if the host is [interruptible](crate::HostConfig::interruptible), within some hundredths of a second in the
///   guest's own code, too, but not within a bulk instruction, such as the filling of a memory.
///
/// What is not stopped ends when its fuel does: with the default limit after some seconds, and so does a guest that computes
/// without a call on a host that is not interruptible.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// Fuel; what [`Limits::fuel_max`](crate::Limits::fuel_max) does not allow is not given. That by default.
    pub fuel_max: u64,
    /// When the execution is stopped; never by default.
    pub deadline: Option<Instant>,
    /// Who may stop the execution; nobody by default.
    pub abort: Option<AbortHandle>,
    /// Whether the execution waits until there is room for it: a place, and all memory that its EE can grow to; true by default.
    ///
    /// If not, and if there is none, it ends as [`StopReason::NoRoom`]. On [`EngineKind::Both`](crate::EngineKind::Both) that may
    /// also come after the first of the engines has executed the EE.
    pub waits: bool,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { fuel_max: u64::MAX, deadline: None, abort: None, waits: true }
    }
}

impl From<u64> for Allowance {
    fn from(fuel_max: u64) -> Self {
        Self { fuel_max, ..Self::default() }
    }
}

impl From<AbortHandle> for Allowance {
    fn from(abort: AbortHandle) -> Self {
        Self { abort: Some(abort), ..Self::default() }
    }
}

/// Stops executions from any thread. Clones are one handle, and any number of executions may have it.
#[derive(Clone, Debug, Default)]
pub struct AbortHandle(Arc<AtomicBool>);

impl AbortHandle {
    /// Makes a handle that has stopped nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the executions that have this handle, and those that are still to come.
    pub fn abort(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Tells whether [`abort`](Self::abort) was called.
    pub fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why an execution was stopped on this node; never for anything that the block or the EE did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StopReason {
    /// By [`AbortHandle::abort`].
    #[error("the execution was aborted")]
    Aborted,
    /// At [`Allowance::deadline`].
    #[error("the execution was stopped at its deadline")]
    Deadline,
    /// Before it began, as there was no room for it and it was [not to wait](Allowance::waits).
    #[error(
        "the host has no room for one more execution now: `concurrent_executions_max` or `memory_bytes_max` is reached"
    )]
    NoRoom,
    /// After [`HostConfig::wall_clock_max`](crate::HostConfig::wall_clock_max).
    #[error("the EE was stopped after {limit:?}, the most that one execution may take on this node")]
    WallClock {
        /// The limit.
        limit: Duration,
    },
}

/// What may stop an execution under way. Where nothing may, it costs two comparisons at each host call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    abort: Option<AbortHandle>,
    /// The earlier of deadline and end of the wall clock, and which it is.
    end: Option<(Instant, StopReason)>,
    /// Whether the execution does without room that is not free at once.
    never_waits: bool,
}

impl Watch {
    pub(crate) fn new(allowance: &Allowance) -> Self {
        let end = allowance.deadline.map(|deadline| (deadline, StopReason::Deadline));
        Self { abort: allowance.abort.clone(), end, never_waits: !allowance.waits }
    }

    /// Starts the wall clock.
    pub(crate) fn start_wall_clock(&mut self, limit: Option<Duration>) {
        let end = limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        if let Some((at, limit)) = end
            && self.end.is_none_or(|(deadline, _)| at < deadline)
        {
            self.end = Some((at, StopReason::WallClock { limit }));
        }
    }

    /// Tells whether nothing can stop the execution.
    pub(crate) fn is_idle(&self) -> bool {
        self.abort.is_none() && self.end.is_none()
    }

    /// Tells whether the execution may wait for room, where there is none.
    pub(crate) fn check_may_wait(&self) -> Result<(), StopReason> {
        if self.never_waits { Err(StopReason::NoRoom) } else { Ok(()) }
    }

    /// Tells whether the execution is to stop, and why.
    pub(crate) fn check(&self) -> Result<(), StopReason> {
        if self.abort.as_ref().is_some_and(AbortHandle::is_aborted) {
            return Err(StopReason::Aborted);
        }
        match self.end {
            Some((at, reason)) if Instant::now() >= at => Err(reason),
            _ => Ok(()),
        }
    }
}
