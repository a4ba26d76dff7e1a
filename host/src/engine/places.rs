//! Bounds on the number of instances and their memory.

use std::sync::{Condvar, Mutex, PoisonError};

use super::WATCH_INTERVAL;
use crate::allowance::{StopReason, Watch};
use crate::config::HostConfig;
use crate::validate::LIBRARIES_MAX;

/// Returns how many instances may exist at a time, enough for one EE with all its libraries.
pub(super) fn n_places(config: &HostConfig) -> u32 {
    config.concurrent_executions_max.max(LIBRARIES_MAX.saturating_add(1))
}

/// The resources that executions take and give back: places for instances, and pages of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) n_instances: u32,
    pub(super) pages: u64,
}

/// The free room.
pub(super) struct Places {
    total: Room,
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    free: Room,
    /// How many executions wait for room. Without any, a notification is skipped, which would cost a system call.
    n_waiting: u32,
}

/// Reservation room, which is given back on drop.
pub(super) struct Reservation<'a> {
    places: &'a Places,
    room: Room,
}

impl Room {
    /// The room that a host has for all executions.
    pub(super) fn of(config: &HostConfig) -> Self {
        Self { n_instances: n_places(config), pages: config.memory_bytes_max >> 16 }
    }

    fn holds(self, other: Self) -> bool {
        self.n_instances >= other.n_instances && self.pages >= other.pages
    }

    /// Returns the smaller of both, for places and for pages.
    fn at_most(self, other: Self) -> Self {
        Self { n_instances: self.n_instances.min(other.n_instances), pages: self.pages.min(other.pages) }
    }
}

impl Places {
    pub(super) fn new(total: Room) -> Self {
        Self { total, state: Mutex::new(State { free: total, n_waiting: 0 }), freed: Condvar::new() }
    }

    /// Takes all of the room at once, so that no two executions can wait for each other. Waits until it is free, unless
    /// the execution is not to wait. An execution that requirements more than there is waits for all of it.
    ///
    /// # Errors
    ///
    /// Returns why the execution is to stop, if it is stopped while it waits.
    pub(super) fn take(&self, room: Room, watch: &Watch) -> Result<Reservation<'_>, StopReason> {
        let room = room.at_most(self.total);
        watch.check()?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.free.holds(room) {
            watch.check_may_wait()?;
            state.n_waiting = state.n_waiting.saturating_add(1);
            state = if watch.is_idle() {
                self.freed.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                let waited = self.freed.wait_timeout(state, WATCH_INTERVAL);
                waited.unwrap_or_else(PoisonError::into_inner).0
            };
            state.n_waiting = state.n_waiting.saturating_sub(1);
            watch.check()?;
        }
        state.free.n_instances = state.free.n_instances.saturating_sub(room.n_instances);
        state.free.pages = state.free.pages.saturating_sub(room.pages);
        Ok(Reservation { places: self, room })
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut state = self.places.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free.n_instances = state.free.n_instances.saturating_add(self.room.n_instances);
        state.free.pages = state.free.pages.saturating_add(self.room.pages);
        if state.n_waiting > 0 {
            self.places.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, Room, Watch};
    use crate::allowance::{AbortHandle, Allowance, StopReason};

    #[test]
    fn room_is_returned_and_excess_requests_take_all() {
        let total = Room { n_instances: 3, pages: 100 };
        let places = Places::new(total);
        let taken = places.take(Room { n_instances: 1, pages: 100 }, &Watch::default()).unwrap();
        assert_eq!(places.state.lock().unwrap().free, Room { n_instances: 2, pages: 0 });
        std::thread::scope(|scope| {
            let more = Room { n_instances: 9, pages: 1_000 };
            let places = &places;
            let waiting = scope.spawn(move || places.take(more, &Watch::default()).unwrap().room);
            drop(taken);
            assert_eq!(waiting.join().unwrap(), total);
        });
        assert_eq!(places.state.lock().unwrap().free, total);
    }

    #[test]
    fn an_execution_that_does_not_wait_gets_only_free_room() {
        let places = Places::new(Room { n_instances: 2, pages: 100 });
        let watch = Watch::new(&Allowance { waits: false, ..Allowance::default() });
        let taken = places.take(Room { n_instances: 1, pages: 60 }, &watch).unwrap();
        for room in [Room { n_instances: 2, pages: 1 }, Room { n_instances: 1, pages: 41 }] {
            assert_eq!(places.take(room, &watch).map(|_| ()), Err(StopReason::NoRoom));
        }
        assert!(places.take(Room { n_instances: 1, pages: 40 }, &watch).is_ok());
        drop(taken);
        assert!(places.take(Room { n_instances: 2, pages: 100 }, &watch).is_ok());
        assert_eq!(places.state.lock().unwrap().n_waiting, 0);
    }

    #[test]
    fn an_aborted_execution_stops_waiting() {
        let places = Places::new(Room { n_instances: 1, pages: 100 });
        let one = Room { n_instances: 1, pages: 1 };
        let _taken = places.take(one, &Watch::default()).unwrap();
        let abort = AbortHandle::new();
        std::thread::scope(|scope| {
            let watch = Watch::new(&abort.clone().into());
            let places = &places;
            let waiting = scope.spawn(move || places.take(one, &watch).map(|_| ()));
            while places.state.lock().unwrap().n_waiting == 0 {
                std::thread::yield_now();
            }
            abort.abort();
            assert_eq!(waiting.join().unwrap(), Err(StopReason::Aborted));
            assert_eq!(places.state.lock().unwrap().n_waiting, 0);
        });
    }
}
