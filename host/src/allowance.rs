//! Allowances: what one execution may spend on this node, and what stops it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The fuel and time of one execution. A number converts into an allowance of that much fuel.
///
/// An execution that its deadline or its handle stops fails with
/// [`ExecutionErrorKind::Stopped`](crate::ExecutionErrorKind::Stopped), which says nothing about the block. It is
/// stopped
///
/// - while it waits for a place or for memory, within some hundredths of a second;
/// - at the next call of an import, but not within one: a call takes as long as its fuel pays for, and so less than
///   [`Limits::fuel_max`](crate::Limits::fuel_max) does;
/// - on wasmtime, if the host is [interruptible](crate::HostConfig::interruptible), also in the guest's own code,
///   within some hundredths of a second, but not within a bulk instruction, such as a `memory.fill`.
///
/// An execution that is not stopped ends when its fuel does, with the default limit after some seconds. This holds for
/// a guest that computes without host calls on a host that is not interruptible, too.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// Fuel, at most [`Limits::fuel_max`](crate::Limits::fuel_max), which is the default.
    pub fuel_max: u64,
    /// The time at which the execution is stopped; never by default.
    pub deadline: Option<Instant>,
    /// The handle that may stop the execution; none by default.
    pub abort: Option<AbortHandle>,
    /// Whether the execution waits for room: a place, and all memory that its EE can grow to. Default: true.
    ///
    /// If false, and if there is no room, it fails with [`StopReason::NoRoom`]. On
    /// [`EngineKind::Both`](crate::EngineKind::Both) this may also happen after the first of the engines has executed
    /// the EE.
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

/// A handle that stops executions from any thread. Clones are the same handle, and any number of executions may share
/// it.
#[derive(Clone, Debug, Default)]
pub struct AbortHandle(Arc<AtomicBool>);

impl AbortHandle {
    /// Returns a handle that has stopped nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the executions that have this handle, current and future ones.
    pub fn abort(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether [`abort`](Self::abort) was called.
    pub fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The reason for which this node stopped an execution; never the block or the EE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StopReason {
    /// [`AbortHandle::abort`] was called.
    #[error("the execution was aborted")]
    Aborted,
    /// [`Allowance::deadline`] passed.
    #[error("the execution was stopped at its deadline")]
    Deadline,
    /// There was no room for the execution, and it was [not to wait](Allowance::waits).
    #[error(
        "the host has no room for one more execution now: `concurrent_executions_max` or `memory_bytes_max` is reached"
    )]
    NoRoom,
    /// [`HostConfig::wall_clock_max`](crate::HostConfig::wall_clock_max) passed.
    #[error("this node stopped the EE after {limit:?}, its limit for one execution")]
    WallClock {
        /// The limit.
        limit: Duration,
    },
}

/// The conditions that may stop an execution under way. Without any, a host call costs two more comparisons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    abort: Option<AbortHandle>,
    /// The earlier of the deadline and the end of the wall clock, with the reason that it stands for.
    end: Option<(Instant, StopReason)>,
    /// Whether the execution fails instead of waiting for room.
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

    /// Returns whether nothing can stop the execution.
    pub(crate) fn is_idle(&self) -> bool {
        self.abort.is_none() && self.end.is_none()
    }

    /// Checks that the execution may wait for room.
    pub(crate) fn check_may_wait(&self) -> Result<(), StopReason> {
        if self.never_waits { Err(StopReason::NoRoom) } else { Ok(()) }
    }

    /// Checks that nothing stops the execution now.
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
