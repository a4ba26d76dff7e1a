//! Tracks the instances whose state the script knows.

use std::collections::BTreeMap;

/// The instances of a script, in groups that share memories, tables or globals.
///
/// A refused module does not change others as the script assumes. From then on, the script's statements about the
/// modules from which it imports, and about all in their groups, may be wrong.
#[derive(Debug, Default)]
pub(crate) struct States {
    /// For each instance, its group.
    groups: Vec<usize>,
    /// For each group, whether the script does not know its state.
    unknown: Vec<bool>,
    registered: BTreeMap<String, usize>,
}

impl States {
    /// Adds an instance that imports from registered modules, and returns its number.
    pub(crate) fn add(&mut self, modules: &[String]) -> usize {
        let instance = self.groups.len();
        self.groups.push(instance);
        self.unknown.push(false);
        for imported in modules.iter().filter_map(|module| self.registered.get(module).copied()) {
            let (from, to) = (self.groups[imported], self.groups[instance]);
            self.unknown[to] |= self.unknown[from];
            for group in self.groups.iter_mut().filter(|group| **group == from) {
                *group = to;
            }
        }
        instance
    }

    pub(crate) fn register(&mut self, name: &str, instance: usize) {
        self.registered.insert(name.to_owned(), instance);
    }

    /// Records that a module that imports from these was not instantiated, although the script assumes so.
    pub(crate) fn lose(&mut self, modules: &[String]) {
        for imported in modules.iter().filter_map(|module| self.registered.get(module)) {
            self.unknown[self.groups[*imported]] = true;
        }
    }

    /// Returns whether the script knows the state of an instance.
    pub(crate) fn is_known(&self, instance: usize) -> bool {
        !self.unknown[self.groups[instance]]
    }

    /// Returns whether the script knows the state of all of these that are registered.
    pub(crate) fn are_known(&self, modules: &[String]) -> bool {
        modules
            .iter()
            .filter_map(|module| self.registered.get(module))
            .all(|instance| self.is_known(*instance))
    }
}
