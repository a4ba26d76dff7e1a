//! Finds the functions that can be active more than once at a time.
//!
//! Only those need to count their frames at run time: the functions on a cycle of the call graph. Each other function
//! is active at most once at a time, along one path of the graph without its cycles, so the heaviest such path bounds
//! their stack. That bound is the *reserve*, known before the module runs. Hot functions are seldom recursive, so the
//! stack limit is nearly free.
//!
//! The graph has a node for each defined function, and one for each type of indirect call, with an edge to every
//! function of that type that a table could hold. An imported function is a leaf, because host functions never call the
//! guest. A module that is linked with other guests has a node for the outside, too: imported functions and indirect
//! calls may lead there, and from there to every function that is exported or could be in a table.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    algo::kosaraju_scc,
    graph::{DiGraph, NodeIndex},
};
use wasmparser::{ConstExpr, ElementItems, ExternalKind, FuncType, Operator};

use super::{Linkage, MeterError, analysis::Analysis, module::Module};

/// The stack use that follows from the call graph.
#[derive(Debug)]
pub(super) struct Recursion {
    /// For each defined function, whether it counts its frames at run time.
    pub(super) is_counted: Vec<bool>,
    /// The most slots that all other functions take together.
    pub(super) reserve_slots: u64,
}

/// Analyses the calls of `module`, whose functions have the given `analyses`.
pub(super) fn find_recursion(
    module: &Module<'_>,
    analyses: &[Analysis],
    linkage: Linkage,
) -> Result<Recursion, MeterError> {
    let graph = CallGraph::new(module, analyses, linkage)?.graph;
    let mut is_counted = vec![false; analyses.len()];
    let mut slots_below = vec![0_u64; graph.node_count()];
    let mut reserve_slots = 0;
    // Callees come before their callers.
    for component in kosaraju_scc(&graph) {
        let is_cycle = is_cycle(&graph, &component);
        let below = component.iter().flat_map(|node| graph.neighbors(*node));
        let below = below.filter_map(|callee| slots_below.get(callee.index())).max().copied().unwrap_or(0);
        let own =
            if is_cycle { 0 } else { component.iter().filter_map(|node| graph.node_weight(*node)).sum() };
        for node in component {
            if let Some(slots) = slots_below.get_mut(node.index()) {
                *slots = below.saturating_add(own);
                reserve_slots = reserve_slots.max(*slots);
            }
            if let Some(counted) = is_counted.get_mut(node.index()) {
                *counted = is_cycle;
            }
        }
    }
    Ok(Recursion { is_counted, reserve_slots })
}

fn is_cycle(graph: &DiGraph<u64, ()>, component: &[NodeIndex]) -> bool {
    match component {
        [node] => graph.contains_edge(*node, *node),
        _ => true,
    }
}

/// The call graph. The weight of a node is the size of the frame, and the defined functions are the first nodes.
struct CallGraph<'m, 'a> {
    module: &'m Module<'a>,
    graph: DiGraph<u64, ()>,
    functions: Vec<NodeIndex>,
    indirect: BTreeMap<FuncType, NodeIndex>,
    /// Other guests, if the module is linked with any.
    outside: Option<NodeIndex>,
}

impl<'m, 'a> CallGraph<'m, 'a> {
    fn new(module: &'m Module<'a>, analyses: &[Analysis], linkage: Linkage) -> Result<Self, MeterError> {
        let mut graph = DiGraph::new();
        let functions = analyses.iter().map(|analysis| graph.add_node(analysis.frame_slots)).collect();
        let outside = (linkage == Linkage::Linked).then(|| graph.add_node(0));
        let mut calls = Self { module, graph, functions, indirect: BTreeMap::new(), outside };
        for function_index in referenced(module, analyses)? {
            calls.reference(function_index)?;
        }
        if let Some(outside) = outside {
            calls.exports(outside)?;
        }
        for (caller, analysis) in calls.functions.clone().into_iter().zip(analyses) {
            calls.calls(caller, analysis)?;
        }
        Ok(calls)
    }

    /// Returns the node to which a call of `function_index` leads, or `None` for a function of the host.
    fn callee(&self, function_index: u32) -> Result<Option<NodeIndex>, MeterError> {
        let Some(defined) = function_index.checked_sub(self.module.n_imported_functions) else {
            return Ok(self.outside);
        };
        let node = usize::try_from(defined).ok().and_then(|defined| self.functions.get(defined));
        node.map(|node| Some(*node)).ok_or(MeterError::Invalid { offset: 0 })
    }

    /// Records that indirect calls may lead to `function_index`.
    fn reference(&mut self, function_index: u32) -> Result<(), MeterError> {
        let type_index = self.module.type_of_function(function_index);
        let func_type = type_index.and_then(|index| self.module.func_type(index));
        let func_type = func_type.ok_or(MeterError::Invalid { offset: 0 })?.clone();
        let Some(callee) = self.callee(function_index)? else {
            return Ok(());
        };
        let indirect = *self.indirect.entry(func_type).or_insert_with(|| self.graph.add_node(0));
        self.graph.add_edge(indirect, callee, ());
        if let Some(outside) = self.outside {
            self.graph.add_edge(outside, callee, ());
        }
        Ok(())
    }

    fn exports(&mut self, outside: NodeIndex) -> Result<(), MeterError> {
        for export in self.module.exports.clone().into_iter().flatten() {
            let export = export?;
            if export.kind == ExternalKind::Func
                && let Some(callee) = self.callee(export.index)?
            {
                self.graph.add_edge(outside, callee, ());
            }
        }
        Ok(())
    }

    fn calls(&mut self, caller: NodeIndex, analysis: &Analysis) -> Result<(), MeterError> {
        for function_index in analysis.calls.iter().collect::<BTreeSet<_>>() {
            if let Some(callee) = self.callee(*function_index)? {
                self.graph.add_edge(caller, callee, ());
            }
        }
        for type_index in analysis.indirect_calls.iter().collect::<BTreeSet<_>>() {
            let func_type = self.module.func_type(*type_index).ok_or(MeterError::Invalid { offset: 0 })?;
            for callee in self.indirect.get(func_type).copied().into_iter().chain(self.outside) {
                self.graph.add_edge(caller, callee, ());
            }
        }
        Ok(())
    }
}

/// Returns the functions that a table could hold.
fn referenced(module: &Module<'_>, analyses: &[Analysis]) -> Result<BTreeSet<u32>, MeterError> {
    let mut functions: BTreeSet<u32> =
        analyses.iter().flat_map(|analysis| &analysis.references).copied().collect();
    for element in module.elements.clone().into_iter().flatten() {
        match element?.items {
            ElementItems::Functions(items) => {
                for function_index in items {
                    functions.insert(function_index?);
                }
            }
            ElementItems::Expressions(_, items) => {
                for expression in items {
                    reference_in(&expression?, &mut functions)?;
                }
            }
        }
    }
    for global in module.globals.clone().into_iter().flatten() {
        reference_in(&global?.init_expr, &mut functions)?;
    }
    for table in module.tables.clone().into_iter().flatten() {
        if let wasmparser::TableInit::Expr(expression) = table?.init {
            reference_in(&expression, &mut functions)?;
        }
    }
    Ok(functions)
}

fn reference_in(expression: &ConstExpr<'_>, functions: &mut BTreeSet<u32>) -> Result<(), MeterError> {
    for operator in expression.get_operators_reader() {
        if let Operator::RefFunc { function_index } = operator? {
            functions.insert(function_index);
        }
    }
    Ok(())
}
