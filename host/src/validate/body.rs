//! Reads one function: is it valid, and can it be compiled in reasonable time?
//!
//! Besides the plain sizes, what compiling it will take is bounded, see [`cost`](super::cost).

use wasmparser::{FuncValidator, FunctionBody, Operator, ValidatorResources};

use super::cost::FunctionCost;
use super::stop::Unacceptable;
use super::types::Fingerprints;
use crate::module::CompileCost;
use crate::profile::{
    BODY_BYTES, BRANCH_TARGETS, Bound, COMPILE_MEMORY, COMPILE_MEMORY_TOTAL, COMPILE_TIME,
    COMPILE_TIME_TOTAL, LOCALS, LOCALS_TOTAL, LOOP_NESTING, NESTING, OPERANDS,
};

/// What all functions of a module have together, and those of the libraries that it is loaded with.
#[derive(Default)]
pub(crate) struct Totals {
    locals: u64,
    /// What compiling all of them takes.
    pub(super) cost: CompileCost,
    /// What compiling the costliest takes; time and memory need not be of the same one.
    pub(super) cost_max: CompileCost,
    /// Memory for compiling them all at a time, beyond what each may have anyway.
    excess_kibibytes: u64,
    /// Their types, to tell them apart.
    pub(super) fingerprints: Fingerprints,
}

impl Totals {
    /// Returns what compiling all of them takes.
    pub(crate) fn compile_cost(&self) -> CompileCost {
        self.cost
    }

    /// Adds what compiling one function takes.
    pub(super) fn add(&mut self, cost: CompileCost, offset: usize) -> Result<(), Unacceptable> {
        self.cost = self.cost.plus(cost);
        self.cost_max = self.cost_max.max(cost);
        let excess = cost.kibibytes.saturating_sub(MODEST_KIBIBYTES);
        self.excess_kibibytes = self.excess_kibibytes.saturating_add(excess);
        Unacceptable::over(&COMPILE_TIME_TOTAL, self.cost.microseconds, offset)?;
        Unacceptable::over(&COMPILE_MEMORY_TOTAL, self.excess_kibibytes, offset)
    }
}

/// The memory that every function may take to be compiled: 8 MiB, so that 32 processors take 256 MiB.
const MODEST_KIBIBYTES: u64 = 8 << 10;

/// Refuses what takes more time or memory to be compiled than a function may.
pub(super) fn check_cost(cost: CompileCost, offset: usize) -> Result<(), Unacceptable> {
    Unacceptable::over(&COMPILE_TIME, cost.microseconds, offset)?;
    Unacceptable::over(&COMPILE_MEMORY, cost.kibibytes, offset)
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

    let mut cost = FunctionCost::new(n_locals);
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        // Before validation, which takes time for each target.
        if let Operator::BrTable { targets } = &operator {
            over(&BRANCH_TARGETS, u64::from(targets.len()), offset)?;
        }
        let operands = validator.operand_stack_height();
        let is_reachable = validator.get_control_frame(0).is_some_and(|frame| !frame.unreachable);
        cost.note_values(&operator, validator);
        validator.op(offset, &operator)?;
        cost.note(&operator, operands, is_reachable)?;
        over(&NESTING, u64::from(validator.control_stack_height()).saturating_sub(1), offset)?;
        over(&OPERANDS, u64::from(validator.operand_stack_height()), offset)?;
        over(&LOOP_NESTING, cost.loop_nesting, offset)?;
        check_cost(cost.total(), offset)?;
    }
    operators.finish()?;

    totals.add(cost.total(), range.start)
}

impl Unacceptable {
    /// Refuses what is more than a limit allows.
    pub(super) fn over(bound: &'static Bound, got: u64, offset: usize) -> Result<(), Self> {
        if got > bound.max { Err(Self::Over { bound, got, offset }) } else { Ok(()) }
    }
}
