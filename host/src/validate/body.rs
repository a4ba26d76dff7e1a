//! Reads one function: is it valid, and can it be compiled in reasonable time?
//!
//! An engine's work is not linear in the size of a function. It keeps track of every local across every
//! branch, and where control flow meets it merges what the locals may hold. So besides the plain sizes, two
//! products are bounded, and what instructions pass to each other.

use wasmparser::{FuncValidator, FunctionBody, Operator, ValidatorResources};

use super::Unacceptable;
use crate::profile::{
    BODY_BYTES, BRANCH_TARGETS, Bound, CONTROL_INSTRUCTIONS, LIVENESS, LIVENESS_TOTAL, LOCALS, LOCALS_TOTAL,
    LOOP_NESTING, MERGES, MERGES_TOTAL, NESTING, OPERANDS, VALUES_PASSED, VALUES_PASSED_TOTAL,
};

/// What all functions of a module have together.
#[derive(Default)]
pub(super) struct Totals {
    locals: u64,
    liveness: u64,
    merges: u64,
    values_passed: u64,
}

/// Validates a function and holds it against the limits, before anything is allocated for what it declares.
pub(super) fn check_body(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    totals: &mut Totals,
) -> Result<(), Unacceptable> {
    let range = body.range();
    let over = |bound, got, offset| Unacceptable::over(bound, got, offset);
    over(&BODY_BYTES, range.len() as u64, range.start)?;

    let mut n_locals = u64::from(validator.len_locals());
    let mut locals = body.get_locals_reader()?;
    for _ in 0..locals.get_count() {
        let offset = locals.original_position();
        n_locals = n_locals.saturating_add(u64::from(locals.read()?.0));
        over(&LOCALS, n_locals, offset)?;
    }
    totals.locals = totals.locals.saturating_add(n_locals);
    over(&LOCALS_TOTAL, totals.locals, range.start)?;
    validator.read_locals(&mut body.get_binary_reader())?;

    let mut flow = Flow::new(n_locals);
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        // Before validation, which takes time for each target.
        if let Operator::BrTable { targets } = &operator {
            over(&BRANCH_TARGETS, u64::from(targets.len()), offset)?;
        }
        flow.note_values_passed(&operator, validator);
        over(&VALUES_PASSED, flow.values_passed, offset)?;
        validator.op(offset, &operator)?;
        flow.note(&operator)?;
        over(&NESTING, u64::from(validator.control_stack_height()).saturating_sub(1), offset)?;
        over(&OPERANDS, u64::from(validator.operand_stack_height()), offset)?;
        over(&LOOP_NESTING, flow.loop_nesting, offset)?;
        over(&CONTROL_INSTRUCTIONS, flow.control_instructions, offset)?;
        over(&LIVENESS, flow.liveness(), offset)?;
        over(&MERGES, flow.merges, offset)?;
    }
    operators.finish()?;

    totals.liveness = totals.liveness.saturating_add(flow.liveness());
    totals.merges = totals.merges.saturating_add(flow.merges);
    totals.values_passed = totals.values_passed.saturating_add(flow.values_passed);
    over(&LIVENESS_TOTAL, totals.liveness, range.start)?;
    over(&MERGES_TOTAL, totals.merges, range.start)?;
    over(&VALUES_PASSED_TOTAL, totals.values_passed, range.start)
}

/// What a function's control flow will cost an engine.
struct Flow {
    n_locals: u64,
    /// The blocks around the current instruction, the function itself first.
    labels: Vec<Label>,
    loop_nesting: u64,
    control_instructions: u64,
    merges: u64,
    values_passed: u64,
}

/// A block, as what branches to it have to merge.
struct Label {
    is_loop: bool,
    /// Ways to get to the label, but for falling through.
    branches: u64,
    /// The locals that are named in the block, one bit each.
    locals: Vec<u64>,
}

impl Flow {
    fn new(n_locals: u64) -> Self {
        let mut flow = Self {
            n_locals,
            labels: Vec::new(),
            loop_nesting: 0,
            control_instructions: 0,
            merges: 0,
            values_passed: 0,
        };
        flow.enter(false, 0);
        flow
    }

    /// The engine may have to know at each control instruction which locals are still needed.
    fn liveness(&self) -> u64 {
        self.n_locals.saturating_mul(self.control_instructions)
    }

    fn note_values_passed(&mut self, operator: &Operator<'_>, validator: &FuncValidator<ValidatorResources>) {
        let times = match operator {
            Operator::BrTable { targets } => u64::from(targets.len()).saturating_add(1),
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::Return => 1,
            _ => return,
        };
        // Where the arity is not known the instruction is invalid, which comes out next.
        let (taken, given) = operator.operator_arity(validator).unwrap_or_default();
        let passed = u64::from(taken).saturating_add(u64::from(given)).saturating_mul(times);
        self.values_passed = self.values_passed.saturating_add(passed);
    }

    /// Notes an instruction that is valid.
    fn note(&mut self, operator: &Operator<'_>) -> wasmparser::Result<()> {
        match operator {
            Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } => {
                self.touch(*local_index);
                return Ok(());
            }
            Operator::Block { .. } => self.enter(false, 0),
            Operator::Loop { .. } => self.enter(true, 0),
            // When the condition is false.
            Operator::If { .. } => self.enter(false, 1),
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                self.branch(*relative_depth)
            }
            Operator::BrTable { targets } => {
                let depths = targets.targets().collect::<wasmparser::Result<Vec<_>>>()?;
                let mut depths = [depths, vec![targets.default()]].concat();
                depths.sort_unstable();
                depths.dedup();
                depths.into_iter().for_each(|depth| self.branch(depth));
            }
            Operator::End => self.leave(),
            Operator::Else | Operator::Return => {}
            _ => return Ok(()),
        }
        self.control_instructions = self.control_instructions.saturating_add(1);
        Ok(())
    }

    fn touch(&mut self, local_index: u32) {
        let word = self.labels.last_mut().and_then(|label| label.locals.get_mut(local_index as usize / 64));
        if let Some(word) = word {
            *word |= 1 << (local_index % 64);
        }
    }

    fn branch(&mut self, depth: u32) {
        if let Some(label) = self.labels.iter_mut().nth_back(depth as usize) {
            label.branches = label.branches.saturating_add(1);
        }
    }

    fn enter(&mut self, is_loop: bool, branches: u64) {
        let words = usize::try_from(self.n_locals.div_ceil(64)).unwrap_or_default();
        self.loop_nesting = self.loop_nesting.saturating_add(u64::from(is_loop));
        self.labels.push(Label { is_loop, branches, locals: vec![0; words] });
    }

    fn leave(&mut self) {
        let Some(label) = self.labels.pop() else { return };
        self.loop_nesting = self.loop_nesting.saturating_sub(u64::from(label.is_loop));
        if label.branches > 0 {
            let ways = label.branches.saturating_add(1);
            let locals = label.locals.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
            let steps = ways.saturating_mul(locals).saturating_mul(ways.saturating_add(locals));
            self.merges = self.merges.saturating_add(steps);
        }
        if let Some(outer) = self.labels.last_mut() {
            outer.locals.iter_mut().zip(label.locals).for_each(|(outer, inner)| *outer |= inner);
        }
    }
}

impl Unacceptable {
    /// Refuses what is more than a limit allows.
    pub(super) fn over(bound: &'static Bound, got: u64, offset: usize) -> Result<(), Self> {
        if got > bound.max { Err(Self::Over { bound, got, offset }) } else { Ok(()) }
    }
}
