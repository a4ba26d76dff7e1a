//! Predicts the time and memory to compile a function, on the more expensive engine, and the size of its machine code.
//!
//! Compilation is far from linear in the size of a function, for more than one reason. The laws were measured with
//! `host/examples/load_cost.rs`; the constants below are the result, and [`profile`](crate::profile) says how well they
//! fit. Engines compile the *instrumented* function and add control flow of their own. So the unit is the *block*, a
//! piece of code without jumps, and each instruction counts as a number of blocks.
//!
//! * Each instruction, block, call and value passed takes its time.
//! * The register allocator tracks every value in every block: the live locals and operands, summed over the blocks. A
//!   local counts as live from its first use to its last, and throughout loops that use it.
//! * Where registers are needed, each value competes with all others: the same number, summed over the uses of locals.
//! * Some values, such as the pointer to the instance and the fuel, live everywhere: blocks * blocks.
//! * Where paths join, each local that is used on one of them is looked up on all of them: paths * locals.
//! * A local that changes on one of them becomes a new value, which is merged with the other values of that local, and
//!   each merge sorts them again: for each local, the square and the cube of the paths on which it reaches a join.
//! * One engine keeps a map of all blocks for each parameter and result of a block: values * blocks.

mod instructions;

use wasmparser::{BlockType, FuncValidator, Operator, ValidatorResources};

use self::instructions::{BULK, extra, n_blocks, sequence};
use crate::module::CompileCost;

/// The work of compiling one function, as far as it has been read.
pub(super) struct FunctionCost {
    /// The blocks around the current instruction, the function itself first.
    labels: Vec<Label>,
    pub(super) loop_nesting: u64,
    /// Nanoseconds and bytes that do not depend on anything else.
    fixed: Work,
    /// The number of blocks.
    n_blocks: u64,
    /// Operands on the stack, summed over the blocks.
    operands: u64,
    /// Live locals and operands, summed over the uses of locals, in eighths.
    contender_eighths: u64,
    /// Parameters and results of blocks.
    block_values: u64,
    /// Locals at joins, summed over the paths.
    merged: u64,
    locals: Vec<Local>,
    /// Uses of locals, in eighths.
    use_eighths: u64,
    /// Live locals, summed over the blocks.
    live: u64,
    /// Locals with any use.
    n_used: u64,
    /// The paths on which changed locals reach joins.
    ways: u64,
    /// The squares of these for each local, summed.
    ways_squared: u64,
    /// The cubes of these, summed.
    ways_cubed: u64,
}

/// The known facts about a local.
#[derive(Clone, Copy, Default)]
struct Local {
    /// The number of paths on which it reaches joins.
    ways: u32,
    /// Its span from the first use to the last, loops that use it included; `None` without a use.
    span: Option<(Position, Position)>,
}

/// A position in a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    blocks: u64,
    use_eighths: u64,
}

/// Nanoseconds of time, bytes of memory, and bytes of machine code.
#[derive(Clone, Copy, Default)]
pub(super) struct Work {
    pub(super) nanoseconds: u64,
    pub(super) bytes: u64,
    pub(super) code_bytes: u64,
}

/// A block, with the locals that branches to it have to merge.
struct Label {
    is_loop: bool,
    start: Position,
    /// Paths to the label, besides falling through.
    branches: u64,
    /// The locals that are named in the block, one bit each.
    named: Vec<u64>,
    /// The locals that are written in the block, one bit each.
    written: Vec<u64>,
}

/// Any function, however small.
const FUNCTION: Work = work(20_000, 6_000, 160);
/// Any instruction; the whole price of simple ones, such as constants and additions.
const INSTRUCTION: Work = work(1_500, 900, 10);
/// A piece of code without jumps.
const BLOCK: Work = work(3_000, 3_500, 12);
/// A value that goes into or comes out of a call, a block or a branch.
const VALUE_PASSED: Work = work(1_000, 600, 8);
/// A local or operand in a block.
const LIVE: Work = work(320, 60, 0);
/// A live local or operand where a local is used, which may have to make room for it. A call counts as an eighth of a
/// use, because most values are on the stack by then.
const CONTENDER: Work = work(45, 0, 0);
/// Blocks, squared.
const BLOCKS_SQUARED: Work = work(1, 0, 0);
/// A local on one of the joining paths.
const MERGED: Work = work(1_000, 100, 0);
/// A local that has changed on one of the paths, which has to be moved to its common place.
const WAY: Work = work(0, 0, 8);
/// The paths of one local, squared.
const WAYS_SQUARED: Work = work(20, 0, 0);
/// Ten times the paths of one local, cubed.
const WAYS_CUBED: Work = work(1, 0, 0);
/// A parameter or result of a block, for each block.
const BLOCK_VALUE: Work = work(1, 12, 0);
/// A used local, for each block.
const USED: Work = work(2, 4, 0);
/// The locals that metering adds.
const METERING_LOCALS: u64 = 2;

impl FunctionCost {
    pub(super) fn new(n_locals: u64) -> Self {
        let mut cost = Self {
            labels: Vec::new(),
            loop_nesting: 0,
            fixed: FUNCTION,
            n_blocks: 1,
            operands: 0,
            contender_eighths: 0,
            block_values: 0,
            merged: 0,
            locals: vec![Local::default(); usize::try_from(n_locals).unwrap_or_default()],
            use_eighths: 0,
            live: 0,
            n_used: 0,
            ways: 0,
            ways_squared: 0,
            ways_cubed: 0,
        };
        cost.enter(false, 0);
        cost
    }

    /// Returns the cost of compiling the function as far as it has been read.
    pub(super) fn total(&self) -> CompileCost {
        let always = METERING_LOCALS.saturating_mul(self.n_blocks);
        let live = self.live.saturating_add(always).saturating_add(self.operands);
        let terms = [
            (LIVE, live),
            (CONTENDER, self.contender_eighths / 8),
            (BLOCK, self.n_blocks),
            (BLOCKS_SQUARED, self.n_blocks.saturating_mul(self.n_blocks)),
            (MERGED, self.merged),
            (WAY, self.ways),
            (WAYS_SQUARED, self.ways_squared),
            (WAYS_CUBED, self.ways_cubed / 10),
            (BLOCK_VALUE, self.block_values.saturating_mul(self.n_blocks)),
            (USED, self.n_used.saturating_mul(self.n_blocks)),
        ];
        let work = terms.into_iter().fold(self.fixed, |sum, (work, n)| sum.plus(work, n));
        work.cost()
    }

    /// Counts an instruction, before it is validated.
    pub(super) fn note_values(
        &mut self,
        operator: &Operator<'_>,
        validator: &FuncValidator<ValidatorResources>,
    ) {
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
        // An instruction of unknown arity is invalid, which the validator reports next.
        let (taken, given) = operator.operator_arity(validator).unwrap_or_default();
        let passed = u64::from(taken).saturating_add(u64::from(given));
        self.fixed = self.fixed.plus(VALUE_PASSED, passed.saturating_mul(times));
        if let Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } = operator
            && *blockty != BlockType::Empty
        {
            self.block_values = self.block_values.saturating_add(passed);
        }
    }

    /// Counts a valid instruction, given the operands on the stack before it and whether it is reachable.
    pub(super) fn note(
        &mut self,
        operator: &Operator<'_>,
        operands: u32,
        is_reachable: bool,
    ) -> wasmparser::Result<()> {
        let n_blocks = n_blocks(operator);
        self.fixed = self.fixed.plus(INSTRUCTION, 1).plus(extra(operator), 1);
        self.n_blocks = self.n_blocks.saturating_add(n_blocks);
        self.operands = self.operands.saturating_add(n_blocks.saturating_mul(operands.into()));
        if let Some(sequence) = sequence(operator) {
            self.use_registers(operands, sequence.n_uses.saturating_mul(8));
        }
        match operator {
            Operator::LocalGet { local_index } => self.name(*local_index, operands, false),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                self.name(*local_index, operands, true)
            }
            Operator::Block { .. } => self.enter(false, 0),
            Operator::Loop { .. } => self.enter(true, 0),
            // The path for a false condition.
            Operator::If { .. } => self.enter(false, 1),
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                self.branch(*relative_depth)
            }
            Operator::BrTable { targets } => {
                let mut depths = targets.targets().collect::<wasmparser::Result<Vec<_>>>()?;
                depths.push(targets.default());
                depths.sort_unstable();
                depths.dedup();
                depths.into_iter().for_each(|depth| self.branch(depth));
            }
            Operator::Else => self.leave_arm(is_reachable),
            Operator::End => self.leave(is_reachable),
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::RefFunc { .. }
            | Operator::DataDrop { .. }
            | Operator::ElemDrop { .. }
            | Operator::MemorySize { .. }
            | Operator::TableSize { .. } => self.use_registers(operands, 1),
            _ => {}
        }
        Ok(())
    }

    /// Counts a use of a local, or a part of one.
    fn use_registers(&mut self, operands: u32, eighths: u64) {
        self.use_eighths = self.use_eighths.saturating_add(eighths);
        let always = METERING_LOCALS.saturating_add(operands.into());
        self.contender_eighths = self.contender_eighths.saturating_add(always.saturating_mul(eighths));
    }

    fn name(&mut self, local_index: u32, operands: u32, is_written: bool) {
        self.use_registers(operands, 8);
        let now = self.position();
        self.extend(local_index as usize, now, now);
        let Some(label) = self.labels.last_mut() else { return };
        let (word, bit) = (local_index as usize / 64, 1 << (local_index % 64));
        if let Some(word) = label.named.get_mut(word) {
            *word |= bit;
        }
        if let Some(word) = label.written.get_mut(word).filter(|_| is_written) {
            *word |= bit;
        }
    }

    fn position(&self) -> Position {
        Position { blocks: self.n_blocks, use_eighths: self.use_eighths }
    }

    /// Extends the span of a local.
    fn extend(&mut self, local: usize, first: Position, last: Position) {
        let Some(local) = self.locals.get_mut(local) else { return };
        let mut added = last.since(first);
        if let Some((old_first, old_last)) = local.span {
            let (before, behind) = (old_first.since(first), last.since(old_last));
            added = Position {
                blocks: before.blocks.saturating_add(behind.blocks),
                use_eighths: before.use_eighths.saturating_add(behind.use_eighths),
            };
            local.span = Some((old_first.min(first), last));
        } else {
            self.n_used = self.n_used.saturating_add(1);
            local.span = Some((first, last));
        }
        self.live = self.live.saturating_add(added.blocks);
        self.contender_eighths = self.contender_eighths.saturating_add(added.use_eighths);
    }

    fn branch(&mut self, depth: u32) {
        if let Some(label) = self.labels.iter_mut().nth_back(depth as usize) {
            label.branches = label.branches.saturating_add(1);
        }
    }

    fn enter(&mut self, is_loop: bool, branches: u64) {
        let words = self.locals.len().div_ceil(64);
        self.loop_nesting = self.loop_nesting.saturating_add(u64::from(is_loop));
        let start = self.position();
        self.labels.push(Label { is_loop, start, branches, named: vec![0; words], written: vec![0; words] });
    }

    /// Counts the path from the end of an `if`'s first arm to that of the second; the second replaces the path from the
    /// condition.
    fn leave_arm(&mut self, is_reachable: bool) {
        if let Some(label) = self.labels.last_mut() {
            label.branches = label.branches.saturating_sub(1).saturating_add(is_reachable.into());
        }
    }

    fn leave(&mut self, is_reachable: bool) {
        let Some(label) = self.labels.pop() else { return };
        self.loop_nesting = self.loop_nesting.saturating_sub(u64::from(label.is_loop));
        // No local is used after the end of the function.
        let Some(outer) = self.labels.last_mut() else { return };
        outer.named.iter_mut().zip(&label.named).for_each(|(outer, inner)| *outer |= inner);
        outer.written.iter_mut().zip(&label.written).for_each(|(outer, inner)| *outer |= inner);
        if label.is_loop {
            let end = self.position();
            for local in ones(&label.named) {
                self.extend(local, label.start, end);
            }
        }
        let ways = label.branches.saturating_add(u64::from(label.is_loop || is_reachable));
        if ways > 1 {
            let named = label.named.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
            self.merged = self.merged.saturating_add(ways.saturating_mul(named));
            self.meet(ways, &label.written);
        }
    }

    /// Counts a join of this many paths, on which the locals of these bits may have changed.
    fn meet(&mut self, ways: u64, written: &[u64]) {
        let added = u32::try_from(ways).unwrap_or(u32::MAX);
        for local in ones(written) {
            let Some(local) = self.locals.get_mut(local) else { continue };
            let (old, new) = (u64::from(local.ways), u64::from(local.ways.saturating_add(added)));
            let squared = new.saturating_mul(new).saturating_sub(old.saturating_mul(old));
            let cubed = cube(new).saturating_sub(cube(old));
            self.ways = self.ways.saturating_add(ways);
            self.ways_squared = self.ways_squared.saturating_add(squared);
            self.ways_cubed = self.ways_cubed.saturating_add(cubed);
            local.ways = local.ways.saturating_add(added);
        }
    }
}

impl Position {
    /// Returns the distance from an earlier position; zero from a later one.
    fn since(self, earlier: Self) -> Self {
        Self {
            blocks: self.blocks.saturating_sub(earlier.blocks),
            use_eighths: self.use_eighths.saturating_sub(earlier.use_eighths),
        }
    }
}

/// Returns the positions of the set bits.
fn ones(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(index, word)| {
        let bits = std::iter::successors(Some(*word), |word| Some(word & word.wrapping_sub(1)));
        bits.take_while(|word| *word != 0).map(move |word| index * 64 + word.trailing_zeros() as usize)
    })
}

fn cube(n: u64) -> u64 {
    n.saturating_mul(n).saturating_mul(n)
}

/// Nanoseconds, bytes of memory, and bytes of machine code.
pub(super) const fn work(nanoseconds: u64, bytes: u64, code_bytes: u64) -> Work {
    Work { nanoseconds, bytes, code_bytes }
}

impl Work {
    pub(super) fn cost(self) -> CompileCost {
        CompileCost {
            microseconds: self.nanoseconds / 1_000,
            kibibytes: self.bytes >> 10,
            code_bytes: self.code_bytes,
        }
    }

    pub(super) const fn plus(self, each: Self, n: u64) -> Self {
        Self {
            nanoseconds: self.nanoseconds.saturating_add(each.nanoseconds.saturating_mul(n)),
            bytes: self.bytes.saturating_add(each.bytes.saturating_mul(n)),
            code_bytes: self.code_bytes.saturating_add(each.code_bytes.saturating_mul(n)),
        }
    }
}

/// Predicts the cost of compiling a module's initialization, which one engine compiles as a function: this many
/// elements and data segments that it cannot place beforehand.
pub(super) fn initialization(n_elements: u64, n_data: u64) -> CompileCost {
    Work::default().plus(BULK, n_elements.saturating_add(n_data)).cost()
}
