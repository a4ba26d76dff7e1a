//! Builds a call tree while the execution runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CallNode, CallTree, Callee};
use outrider_abi::Import;

/// A call tree of an execution under way.
///
/// The recorder gets the fuel that is left at each call and return; the difference from the last time belongs to the
/// function that was running.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    nodes: Vec<Node>,
    /// The nodes, by their caller and function.
    by_call: BTreeMap<(Option<usize>, Function), usize>,
    /// The node of the running function; `None` before the first call and after the last.
    current: Option<usize>,
    /// The number of calls under way below the current node that have no nodes.
    n_unlisted: u64,
    /// The fuel at the last call or return; 0 if it was negative.
    fuel_left: u64,
}

#[derive(Clone, Debug)]
struct Node {
    caller: Option<usize>,
    function: Function,
    /// The number of functions on the stack, this one included.
    depth: u32,
    n_calls: u64,
    self_fuel: u64,
    unlisted_fuel: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Function {
    /// A function of the guest, by its probe's number.
    Guest(u32),
    Import(&'static Import),
    Instances,
}

impl Recorder {
    pub(crate) fn new(fuel_at_start: i64) -> Self {
        Self {
            nodes: Vec::new(),
            by_call: BTreeMap::new(),
            current: None,
            n_unlisted: 0,
            fuel_left: clamp(fuel_at_start),
        }
    }

    pub(crate) fn enter_function(&mut self, function: u32, fuel_left: i64) {
        self.enter(Function::Guest(function), fuel_left);
    }

    pub(crate) fn enter_import(&mut self, import: &'static Import, fuel_left: i64) {
        self.enter(Function::Import(import), fuel_left);
    }

    /// Records the cost of the instances; `fuel_left` is the fuel before and after.
    pub(crate) fn instances_made(&mut self, (before, after): (i64, i64)) {
        self.enter(Function::Instances, before);
        self.leave(after);
    }

    pub(crate) fn leave(&mut self, fuel_left: i64) {
        self.spend(fuel_left);
        match self.n_unlisted.checked_sub(1) {
            Some(n_unlisted) => self.n_unlisted = n_unlisted,
            None => self.current = self.current_node().and_then(|node| node.caller),
        }
    }

    /// Adds the fuel spent since the last call or return to the running function.
    pub(crate) fn spend(&mut self, fuel_left: i64) {
        let left = clamp(fuel_left);
        let spent = self.fuel_left.saturating_sub(left);
        self.fuel_left = left;
        let is_unlisted = self.n_unlisted > 0;
        match self.current_node() {
            Some(node) if is_unlisted => node.unlisted_fuel = node.unlisted_fuel.saturating_add(spent),
            Some(node) => node.self_fuel = node.self_fuel.saturating_add(spent),
            None => debug_assert_eq!(spent, 0, "fuel is spent on instances and in functions"),
        }
    }

    /// Puts the nodes in order. `names` are the names of the guest's functions, by number.
    pub(crate) fn finish(self, names: &[Arc<str>]) -> CallTree {
        let mut places = vec![0; self.nodes.len()];
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for index in self.depth_first() {
            let (Some(node), Some(place)) = (self.nodes.get(index), places.get_mut(index)) else { continue };
            *place = nodes.len();
            nodes.push(CallNode {
                caller: node.caller.and_then(|caller| places.get(caller).copied()),
                callee: callee(node.function, names),
                n_calls: node.n_calls,
                self_fuel: node.self_fuel,
                unlisted_fuel: node.unlisted_fuel,
            });
        }
        CallTree { nodes }
    }

    fn enter(&mut self, function: Function, fuel_left: i64) {
        self.spend(fuel_left);
        match self.node(function) {
            Some(index) => {
                self.current = Some(index);
                if let Some(node) = self.current_node() {
                    node.n_calls = node.n_calls.saturating_add(1);
                }
            }
            None => self.n_unlisted = self.n_unlisted.saturating_add(1),
        }
    }

    /// Returns the node for a call from the current one, and adds it if necessary; returns `None` if the tree is full.
    fn node(&mut self, function: Function) -> Option<usize> {
        if self.n_unlisted > 0 {
            return None;
        }
        let caller = self.current;
        if let Some(index) = self.by_call.get(&(caller, function)) {
            return Some(*index);
        }
        let depth = self.current_node().map_or(0, |node| node.depth).saturating_add(1);
        let index = self.nodes.len();
        // Functions that the host calls always have a node, because spent fuel needs a place.
        if depth > DEPTH_MAX || (index >= NODES_MAX && caller.is_some()) {
            return None;
        }
        self.nodes.push(Node { caller, function, depth, n_calls: 0, self_fuel: 0, unlisted_fuel: 0 });
        self.by_call.insert((caller, function), index);
        Some(index)
    }

    fn current_node(&mut self) -> Option<&mut Node> {
        self.nodes.get_mut(self.current?)
    }

    /// Returns the nodes in depth-first order, callees in the order of their first calls.
    fn depth_first(&self) -> Vec<usize> {
        let mut callees = vec![Vec::new(); self.nodes.len()];
        let mut next = Vec::new();
        // In reverse, because the last of `next` is taken first.
        for (index, node) in self.nodes.iter().enumerate().rev() {
            match node.caller.and_then(|caller| callees.get_mut(caller)) {
                Some(siblings) => siblings.push(index),
                None => next.push(index),
            }
        }
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(index) = next.pop() {
            order.push(index);
            next.append(callees.get_mut(index).unwrap_or(&mut Vec::new()));
        }
        order
    }
}

fn callee(function: Function, names: &[Arc<str>]) -> Callee {
    match function {
        Function::Guest(number) => {
            let name = usize::try_from(number).ok().and_then(|number| names.get(number));
            Callee::Guest(name.cloned().unwrap_or_default())
        }
        Function::Import(import) => Callee::Import(import),
        Function::Instances => Callee::Instances,
    }
}

/// Returns the fuel as it counts: a guest that is out of fuel has spent all of it and no more, whatever the counter
/// says.
fn clamp(fuel_left: i64) -> u64 {
    u64::try_from(fuel_left).unwrap_or(0)
}

/// Nodes of a tree: some megabytes.
const NODES_MAX: usize = 1 << 15;
/// The most functions on a stack: more than a flame graph can show. It bounds the size of written stacks.
const DEPTH_MAX: u32 = 512;
