//! Call trees: the fuel of an execution by call stack, exact and the same on every engine.

mod recorder;

use std::fmt;
use std::sync::Arc;

use outrider_abi::Import;

pub(crate) use recorder::Recorder;

/// All call stacks of an execution as a tree.
///
/// Every unit of fuel that the execution spent is in one place of the tree: [`CallTree::fuel`] is the output's
/// `fuel_used`. The tree of a failed execution has the fuel spent until the failure; *Limits* in `ARCHITECTURE.md` says
/// which fuel a trap leaves out.
///
/// A tree has at most 32,768 nodes, not counting imports, and a path has at most 512, even if a guest recurses wildly.
/// Fuel of calls beyond that counts as [`CallNode::unlisted_fuel`] of the node below which they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallTree {
    nodes: Vec<CallNode>,
}

/// One call stack: a function, called by the functions above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallNode {
    /// The index of the caller's node; `None` if the host calls.
    pub caller: Option<usize>,
    /// The called function.
    pub callee: Callee,
    /// The number of these calls.
    pub n_calls: u64,
    /// Fuel that the function itself spent in all these calls.
    pub self_fuel: u64,
    /// Fuel spent in its calls that are not in the tree.
    pub unlisted_fuel: u64,
}

/// An entry of a call stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A function of the EE or, after the library's name and a point, of a library. Its name is from the module's name
    /// section, demangled, or else its export's, or else its index, as `func[12]`.
    Guest(Arc<str>),
    /// A function of the host.
    Import(&'static Import),
    /// Not a function: the fuel that an execution spends on fresh instances before any call.
    Instances,
}

impl CallTree {
    /// Returns the nodes in depth-first order: each node comes right before those that it calls.
    pub fn nodes(&self) -> &[CallNode] {
        &self.nodes
    }

    /// Returns the fuel of the whole tree.
    pub fn fuel(&self) -> u64 {
        let fuel = self.nodes.iter().map(|node| node.self_fuel.saturating_add(node.unlisted_fuel));
        fuel.fold(0, u64::saturating_add)
    }

    /// Returns the call stack of a node, innermost function first.
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
