//! Reads one function: checks that it is valid, and that it compiles in reasonable time.
//!
//! Besides plain sizes, the predicted cost of compiling is bounded, see [`cost`](super::cost).

use wasmparser::{FuncValidator, FunctionBody, Operator, ValidatorResources};

use super::cost::FunctionCost;
use super::stop::Unacceptable;
use super::types::Fingerprints;
use crate::module::CompileCost;
use crate::profile::{
    BODY_BYTES, BRANCH_TARGETS, Bound, COMPILE_MEMORY, COMPILE_MEMORY_TOTAL, COMPILE_TIME,
    COMPILE_TIME_TOTAL, LOCALS, LOCALS_TOTAL, LOOP_NESTING, NESTING, OPERANDS,
};

/// The totals over all functions of a module and of the libraries that it is loaded with.
#[derive(Default)]
pub(crate) struct Totals {
    locals: u64,
    /// The cost of compiling all of them.
    pub(super) cost: CompileCost,
    /// The highest cost of one; time and memory may be of different functions.
    pub(super) cost_max: CompileCost,
    /// The memory for compiling all at a time, beyond the allowance of each.
    excess_kibibytes: u64,
    /// Their types, to detect equal fingerprints.
    pub(super) fingerprints: Fingerprints,
}

impl Totals {
    /// Returns the cost of compiling all functions.
    pub(crate) fn compile_cost(&self) -> CompileCost {
        self.cost
    }

    /// Adds the cost of compiling one function.
    pub(super) fn add(&mut self, cost: CompileCost, offset: usize) -> Result<(), Unacceptable> {
        self.cost = self.cost.plus(cost);
        self.cost_max = self.cost_max.max(cost);
        let excess = cost.kibibytes.saturating_sub(MODEST_KIBIBYTES);
        self.excess_kibibytes = self.excess_kibibytes.saturating_add(excess);
        Unacceptable::over(&COMPILE_TIME_TOTAL, self.cost.microseconds, offset)?;
        Unacceptable::over(&COMPILE_MEMORY_TOTAL, self.excess_kibibytes, offset)
    }
}

/// The memory that compiling any function may take: 8 MiB, so that 32 processors take 256 MiB.
const MODEST_KIBIBYTES: u64 = 8 << 10;

/// Refuses a function that takes more time or memory to compile than the bounds allow.
pub(super) fn check_cost(cost: CompileCost, offset: usize) -> Result<(), Unacceptable> {
    Unacceptable::over(&COMPILE_TIME, cost.microseconds, offset)?;
    Unacceptable::over(&COMPILE_MEMORY, cost.kibibytes, offset)
}

/// Validates a function and checks the bounds, before anything is allocated for what it declares.
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
    /// Refuses a number over its bound.
    pub(super) fn over(bound: &'static Bound, got: u64, offset: usize) -> Result<(), Self> {
        if got > bound.max { Err(Self::Over { bound, got, offset }) } else { Ok(()) }
    }
}
