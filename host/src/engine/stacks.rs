//! The native stacks on which guests run.
//!
//! A stack for the deepest guest is larger than a thread's, and mapping one takes longer than many executions. So
//! stacks are kept. Only the touched pages of a stack use memory.

use std::io;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use corosensei::stack::DefaultStack;

/// Stacks of one size.
pub(super) struct Stacks {
    bytes: usize,
    free: Mutex<Vec<DefaultStack>>,
    /// How many idle stacks are kept: one for each processor.
    n_kept_max: usize,
}

impl Stacks {
    pub(super) fn new(bytes: usize) -> Self {
        let n_processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { bytes, free: Mutex::new(Vec::new()), n_kept_max: n_processors }
    }

    /// Runs an action on a stack of its own.
    ///
    /// # Errors
    ///
    /// Returns the machine's error if there is no address space for one more stack.
    pub(super) fn run<R>(&self, action: impl FnOnce() -> R) -> io::Result<R> {
        let free = self.lock().pop();
        let mut stack = free.map_or_else(|| DefaultStack::new(self.bytes), Ok)?;
        let result = corosensei::on_stack(&mut stack, action);
        let mut free = self.lock();
        if free.len() < self.n_kept_max {
            free.push(stack);
        }
        Ok(result)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<DefaultStack>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Stacks;

    #[test]
    fn stacks_are_reused_and_have_their_size() {
        let stacks = Stacks::new(64 << 20);
        let place = || stacks.run(|| std::ptr::from_ref(&0_u8).addr()).unwrap();
        // Sequential runs use one stack; the compiler chooses the place of a variable on it.
        assert!(place().abs_diff(place()) < 64 << 20);
        assert_eq!(stacks.lock().len(), 1);
        fn deep(n: u32) -> u32 {
            let filler = std::hint::black_box([n; 1000]);
            if n == 0 { 0 } else { deep(n - 1) + filler[0].min(1) }
        }
        assert_eq!(stacks.run(|| deep(4_000)).unwrap(), 4_000);
    }

    #[test]
    fn a_panic_propagates_and_the_next_run_has_a_stack() {
        let stacks = Stacks::new(1 << 20);
        let panic =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stacks.run(|| panic!("expected"))));
        assert!(panic.is_err());
        assert_eq!(stacks.run(|| 5).unwrap(), 5);
    }
}
