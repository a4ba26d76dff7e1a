//! The part of the cache that is in this process's memory.

use std::hash::Hash;
use std::num::NonZero;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// The most recently used values, up to a number, for use by many threads.
pub(crate) struct MemoryCache<K: Hash + Eq, V>(
    /// `None` if the cache keeps nothing.
    Option<Mutex<LruCache<K, V>>>,
);

impl<K: Hash + Eq, V: Clone> MemoryCache<K, V> {
    /// Makes a cache of this many values; with 0 it keeps nothing.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(NonZero::new(capacity).map(|capacity| Mutex::new(LruCache::new(capacity))))
    }

    /// Returns the value of a key, which counts as a use.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.entries()?.get(key).cloned()
    }

    /// Inserts a value, which replaces the key's earlier one or else the least recently used one.
    pub(crate) fn insert(&self, key: K, value: V) {
        let dropped = self.entries().map(|mut entries| entries.push(key, value));
        // Dropped here, without the lock: dropping compiled code may take a while.
        drop(dropped);
    }

    /// Locks the entries, which are consistent even if a thread panicked.
    fn entries(&self) -> Option<MutexGuard<'_, LruCache<K, V>>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_recently_used_value_goes_first() {
        let cache = MemoryCache::new(2);
        cache.insert("a", 1);
        cache.insert("b", 2);
        assert_eq!(cache.get(&"a"), Some(1));
        cache.insert("c", 3);
        assert_eq!([cache.get(&"a"), cache.get(&"b"), cache.get(&"c")], [Some(1), None, Some(3)]);
    }

    #[test]
    fn replacing_a_value_evicts_no_other() {
        let cache = MemoryCache::new(2);
        cache.insert("a", 1);
        cache.insert("b", 2);
        cache.insert("b", 3);
        assert_eq!([cache.get(&"a"), cache.get(&"b")], [Some(1), Some(3)]);
    }

    #[test]
    fn a_cache_without_capacity_keeps_nothing() {
        let cache = MemoryCache::new(0);
        cache.insert("a", 1);
        assert_eq!(cache.get(&"a"), None);
    }

    #[test]
    fn threads_share_it() {
        let cache = MemoryCache::new(8);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let cache = &cache;
                scope.spawn(move || {
                    for i in 0..1000_u32 {
                        let key = i.wrapping_mul(thread) % 12;
                        assert!(cache.get(&key).is_none_or(|value| value == key));
                        cache.insert(key, key);
                    }
                });
            }
        });
        assert_eq!(cache.entries().map(|entries| entries.len()), Some(8));
    }

    proptest! {
        /// Compares the cache with the naive model, a list in the order of use.
        #[test]
        fn it_behaves_as_a_list_in_the_order_of_use(
            capacity in 0..4_usize,
            uses in prop::collection::vec((0..6_u8, prop::option::of(any::<u8>())), 0..40),
        ) {
            let cache = MemoryCache::new(capacity);
            let mut model: Vec<(u8, u8)> = Vec::new();
            for (key, value) in uses {
                let at = model.iter().position(|(other, _)| *other == key);
                let old = at.map(|at| model.remove(at));
                match value {
                    Some(value) => {
                        cache.insert(key, value);
                        model.push((key, value));
                    }
                    None => {
                        prop_assert_eq!(cache.get(&key), old.map(|(_, value)| value));
                        model.extend(old);
                    }
                }
                if model.len() > capacity {
                    model.remove(0);
                }
            }
        }
    }
}
