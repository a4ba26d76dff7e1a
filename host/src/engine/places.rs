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
    free: Mutex<u32>,
    freed: Condvar,
}

/// Some places, given back on drop.
pub(super) struct Taken<'a> {
    places: &'a Places,
    n_taken: u32,
}

impl Places {
    pub(super) fn new(total: u32) -> Self {
        Self { total, free: Mutex::new(total), freed: Condvar::new() }
    }

    /// Waits for `n` places to be free, and takes them all at once, so that no two can wait for each other.
    pub(super) fn take(&self, n: u32) -> Taken<'_> {
        let n = n.min(self.total);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free < n).unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_sub(n);
        Taken { places: self, n_taken: n }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut free = self.places.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.saturating_add(self.n_taken);
        self.places.freed.notify_all();
    }
}
