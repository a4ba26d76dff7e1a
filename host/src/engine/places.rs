//! How many instances there are at a time.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::config::HostConfig;
use crate::validate::LIBRARIES_MAX;

/// Returns how many instances there may be at a time; enough for one EE with all its libraries.
pub(super) fn n_places(config: &HostConfig) -> u32 {
    config.concurrent_executions_max.max(LIBRARIES_MAX.saturating_add(1))
}

/// The places that are not taken.
pub(super) struct Places {
    total: u32,
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    free: u32,
    /// How many wait for places. Where nobody does, nobody is woken, which would cost a call of the system.
    n_waiting: u32,
}

/// Some places, given back on drop.
pub(super) struct Taken<'a> {
    places: &'a Places,
    n_taken: u32,
}

impl Places {
    pub(super) fn new(total: u32) -> Self {
        Self { total, state: Mutex::new(State { free: total, n_waiting: 0 }), freed: Condvar::new() }
    }

    /// Waits for `n` places to be free, and takes them all at once, so that no two can wait for each other.
    pub(super) fn take(&self, n: u32) -> Taken<'_> {
        let n = n.min(self.total);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.free < n {
            state.n_waiting = state.n_waiting.saturating_add(1);
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.n_waiting = state.n_waiting.saturating_sub(1);
        }
        state.free = state.free.saturating_sub(n);
        Taken { places: self, n_taken: n }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.places.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free = state.free.saturating_add(self.n_taken);
        if state.n_waiting > 0 {
            self.places.freed.notify_all();
        }
    }
}
