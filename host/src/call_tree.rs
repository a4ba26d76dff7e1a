//! Call trees: where the fuel of an execution went, by call stack; exact, and the same on every engine.

mod recorder;

use std::fmt;
use std::sync::Arc;

use outrider_abi::Import;

pub(crate) use recorder::Recorder;

/// All call stacks of an execution, as a tree.
///
/// Every unit of fuel that the execution spent is in one place of the tree: `fuel_used` of the output is
/// [`CallTree::fuel`]. An execution that failed has what it had spent until then; see the limits of
/// metering in `ARCHITECTURE.md` for what a trap leaves out.
///
/// A tree has 32,768 nodes at most, not counting what the host calls, and 512 on the way to any of them, however
/// wildly a guest recurses. What is spent in calls beyond that is [`CallNode::unlisted_fuel`] of the node that they
/// hang from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTree {
    nodes: Vec<CallNode>,
}

/// One call stack: a function, called by the functions above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallNode {
    /// The place of the caller's node; none if the host calls.
    pub caller: Option<usize>,
    /// The function that is called.
    pub callee: Callee,
    /// How often it was called from there.
    pub n_calls: u64,
    /// What it spent itself in all these calls.
    pub self_fuel: u64,
    /// What was spent in calls it made that are not in the tree.
    pub unlisted_fuel: u64,
}

/// What a call stack consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A function of the EE or, after its name and a point, of a library. By the module's name section, demangled,
    /// or else by its export, or else by its index, as `func[12]`.
    Guest(Arc<str>),
    /// A function of the host.
    Import(&'static Import),
    /// No function: what an execution spends on fresh instances before it calls any.
    Instances,
}

impl CallTree {
    /// Returns the nodes: each after its caller, and right after it and all that it calls, the next one that its
    /// caller calls.
    pub fn nodes(&self) -> &[CallNode] {
        &self.nodes
    }

    /// Returns the fuel of the whole tree.
    pub fn fuel(&self) -> u64 {
        let fuel = self.nodes.iter().map(|node| node.self_fuel.saturating_add(node.unlisted_fuel));
        fuel.fold(0, u64::saturating_add)
    }

    /// Returns the call stack that a node stands for, innermost function first.
    pub fn stack(&self, node_index: usize) -> impl Iterator<Item = &CallNode> {
        let node = |index: usize| self.nodes.get(index);
        std::iter::successors(node(node_index), move |callee| node(callee.caller?))
    }
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest(name) => f.write_str(name),
            Self::Import(import) => import.fmt(f),
            Self::Instances => f.write_str("instances"),
        }
    }
}
