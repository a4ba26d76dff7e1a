//! The events of a simulation, in order.

use std::collections::BTreeMap;

/// The kind of an event. At one time, time passes before messages arrive, and validators act on what has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Tick,
    Message,
    Duty,
}

/// The place of an event: its time in milliseconds since genesis, its class, its view, and its number.
type Place = (u64, Class, usize, u64);

/// A queue of events. Those of one time, class and view keep the order in which they were added.
#[derive(Debug)]
pub(super) struct Queue<T> {
    events: BTreeMap<Place, T>,
    n_added: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { events: BTreeMap::new(), n_added: 0 }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&mut self, time_ms: u64, class: Class, view: usize, event: T) {
        self.events.insert((time_ms, class, view, self.n_added), event);
        self.n_added += 1;
    }

    /// Removes and returns the first event before a time, with its time and view.
    pub(super) fn pop_before(&mut self, time_ms: u64) -> Option<(u64, usize, T)> {
        let entry = self.events.first_entry().filter(|entry| entry.key().0 < time_ms)?;
        let ((time_ms, _, view, _), event) = entry.remove_entry();
        Some((time_ms, view, event))
    }

    /// Removes and returns the first event if it is of a time and view, and satisfies a condition.
    pub(super) fn pop_if(
        &mut self,
        time_ms: u64,
        view: usize,
        condition: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let entry = self.events.first_entry()?;
        let (time, _, of, _) = *entry.key();
        (time == time_ms && of == view && condition(entry.get())).then(|| entry.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_then_class_then_view_then_order_of_adding() {
        let mut queue = Queue::default();
        queue.push(7, Class::Duty, 0, 'f');
        queue.push(7, Class::Message, 1, 'd');
        queue.push(7, Class::Message, 1, 'e');
        queue.push(7, Class::Message, 0, 'c');
        queue.push(7, Class::Tick, 1, 'b');
        queue.push(6, Class::Duty, 1, 'a');
        queue.push(8, Class::Tick, 0, 'g');
        let mut events = String::new();
        while let Some((_, _, event)) = queue.pop_before(8) {
            events.push(event);
        }
        assert_eq!(events, "abcdef");
        assert_eq!(queue.pop_if(8, 1, |_| true), None, "another view");
        assert_eq!(queue.pop_if(7, 0, |_| true), None, "another time");
        assert_eq!(queue.pop_if(8, 0, |event| *event == 'h'), None);
        assert_eq!(queue.pop_if(8, 0, |event| *event == 'g'), Some('g'));
    }
}
