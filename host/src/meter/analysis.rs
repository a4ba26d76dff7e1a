//! Analyses one function: where to charge how much fuel, the size of its frame, and the functions that it calls.
//!
//! **Fuel.** A *segment* is a stretch of code that is entered only at its start and left early only by a trap. A new
//! one starts at the beginning of the function, after `loop`, `if`, `else` and `br_if`, after the `end` of a construct
//! that is the target of a branch, and after calls and `memory.grow`, which may change the fuel that a unit of the
//! counter stands for. One charge at the start pays for all of its instructions. Loads and divisions do not end a
//! segment: if one of them traps, the rest of the segment has been paid for in vain, by the same amount on every
//! engine.
//!
//! **Stack.** A frame takes one slot for each parameter, local and operand at the greatest height, and [`FRAME_SLOTS`]
//! for the call itself: finite-wasm's measure, with each value counted as one. A function whose native frame could have
//! more than [`NATIVE_BYTES_PER_SLOT`] for each of these takes as many slots as cover it.

use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, FunctionBody, ModuleArity, Operator, RefType, SubType, ValType,
};

use super::{
    MeterError,
    body::{Instruction, LiveBody},
    cost::{cost, local_cost},
    frame::{CHARGE_BYTES, FUNCTION_BYTES, NATIVE_BYTES_PER_SLOT, VALUE_BYTES, native_bytes},
    module::Module,
};

/// The slots of a frame that are neither locals nor operands: return address, frame pointer, saved registers.
pub(super) const FRAME_SLOTS: u64 = 8;

/// The properties of a function that the rewriting and the call graph use.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// The charges, in the order of their offsets.
    pub(super) charges: Vec<Charge>,
    /// The size of the frame.
    pub(super) frame_slots: u64,
    /// The most bytes of the native frame.
    pub(super) native_bytes: u64,
    /// Whether a branch, other than `return`, has the function itself as target.
    pub(super) branches_out: bool,
    /// Whether it has instructions whose price depends on an operand for the size.
    pub(super) has_bulk: bool,
    /// Whether it grows the memory.
    pub(super) grows_memory: bool,
    /// The functions called.
    pub(super) calls: Vec<u32>,
    /// The types of the functions called indirectly.
    pub(super) indirect_calls: Vec<u32>,
    /// The functions that `ref.func` refers to.
    pub(super) references: Vec<u32>,
}

/// The price of a segment, charged at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charge {
    /// The offset in the module of the first instruction of the segment.
    pub(super) offset: usize,
    /// The price.
    pub(super) fuel: u64,
    /// Whether to check that this much fuel is left: at the start of the function and of loops, see [`meter`](super).
    pub(super) check: bool,
}

/// Analyses the function at `function_index`, whose body is `body`.
pub(super) fn analyse(
    module: &Module<'_>,
    function_index: u32,
    body: &FunctionBody<'_>,
) -> Result<Analysis, MeterError> {
    let mut live = LiveBody::new(body)?;
    let mut scan = Scan::new(module, function_index, live.offset())?;
    for locals in body.get_locals_reader()? {
        let (n, val_type) = locals?;
        scan.declare_locals(n.into(), val_type);
    }
    while let Some(instruction) = live.next()? {
        scan.instruction(&instruction)?;
    }
    Ok(scan.finish())
}

/// The state of the analysis between two instructions.
struct Scan<'m, 'a> {
    module: &'m Module<'a>,
    constructs: Vec<Construct>,
    /// The segment of the next instruction.
    segment: Charge,
    /// The number of operands.
    height: u32,
    height_max: u32,
    n_locals: u64,
    analysis: Analysis,
}

/// An open `block`, `loop` or `if`, or the function itself.
struct Construct {
    kind: FrameKind,
    block_type: BlockType,
    /// The number of operands below its parameters.
    height: u32,
    /// Whether it is the target of a branch: to its end, or to the start of a loop.
    is_target: bool,
    /// The locals that it sets, one bit each.
    locals_set: Vec<u64>,
}

impl<'m, 'a> Scan<'m, 'a> {
    fn new(module: &'m Module<'a>, function_index: u32, offset: usize) -> Result<Self, MeterError> {
        let invalid = MeterError::Invalid { offset };
        let type_index = module.type_of_function(function_index);
        let Some((type_index, func_type)) =
            type_index.and_then(|index| Some((index, module.func_type(index)?)))
        else {
            return Err(invalid);
        };
        let block_type = BlockType::FuncType(type_index);
        let function = Construct::new(FrameKind::Block, block_type, 0);
        let n_values = func_type.params().len().saturating_add(func_type.results().len());
        Ok(Self {
            module,
            constructs: vec![function],
            segment: Charge { offset, fuel: 0, check: true },
            height: 0,
            height_max: 0,
            n_locals: count(func_type.params()).into(),
            analysis: Analysis {
                native_bytes: FUNCTION_BYTES.saturating_add(values_bytes(n_values)),
                ..Analysis::default()
            },
        })
    }

    fn declare_locals(&mut self, n: u64, val_type: ValType) {
        self.n_locals = self.n_locals.saturating_add(n);
        self.make_values(n);
        self.segment.fuel = self.segment.fuel.saturating_add(n.saturating_mul(local_cost(val_type)));
    }

    fn instruction(&mut self, instruction: &Instruction<'_>) -> Result<(), MeterError> {
        let Instruction { operator, start, .. } = instruction;
        let invalid = MeterError::Invalid { offset: *start };
        let Some((pops, pushes)) = operator.operator_arity(self) else {
            return Err(MeterError::unpriced(operator, *start));
        };
        self.charge(operator, *start, pops, pushes)?;
        self.note(operator);
        self.control(instruction, pops, pushes).ok_or(invalid)
    }

    /// Adds the price of `operator` to the segment.
    fn charge(
        &mut self,
        operator: &Operator<'_>,
        offset: usize,
        pops: u32,
        pushes: u32,
    ) -> Result<(), MeterError> {
        let values = match operator {
            Operator::Br { .. } | Operator::Return => pops,
            Operator::BrIf { .. } | Operator::BrTable { .. } | Operator::If { .. } => pops.saturating_sub(1),
            Operator::Call { .. } | Operator::CallIndirect { .. } => pops.saturating_add(pushes),
            _ => 0,
        };
        self.make_native(native_bytes(operator));
        self.make_values(values.into());
        let cost = cost(operator, values).ok_or_else(|| MeterError::unpriced(operator, offset))?;
        self.segment.fuel = self.segment.fuel.saturating_add(cost.fixed);
        let grows_memory = matches!(operator, Operator::MemoryGrow { .. });
        self.analysis.grows_memory |= grows_memory;
        self.analysis.has_bulk |= cost.item_log2.is_some() && !grows_memory;
        Ok(())
    }

    /// Records the functions that an instruction can call, and the locals that it sets.
    fn note(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Call { function_index } => self.analysis.calls.push(*function_index),
            Operator::CallIndirect { type_index, .. } => self.analysis.indirect_calls.push(*type_index),
            Operator::RefFunc { function_index } => self.analysis.references.push(*function_index),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                if let Some(construct) = self.constructs.last_mut() {
                    construct.set_local(*local_index);
                }
            }
            _ => {}
        }
    }

    /// Follows the control flow and the height of the stack. Returns `None` if the module is not valid after all.
    fn control(&mut self, instruction: &Instruction<'_>, pops: u32, pushes: u32) -> Option<()> {
        let end = instruction.end;
        match &instruction.operator {
            Operator::Block { blockty } => self.open(FrameKind::Block, *blockty, pops, pushes)?,
            Operator::Loop { blockty } => {
                self.open(FrameKind::Loop, *blockty, pops, pushes)?;
                self.start_segment(end, true);
            }
            Operator::If { blockty } => {
                self.open(FrameKind::If, *blockty, pops, pushes)?;
                self.start_segment(end, false);
            }
            Operator::Else => {
                self.height = self.constructs.last()?.height.checked_add(pushes)?;
                self.start_segment(end, false);
            }
            Operator::End => {
                let construct = self.constructs.pop()?;
                let Some(outer) = self.constructs.last_mut() else { return Some(()) };
                outer.set_locals_of(&construct);
                if construct.has_several_ways_in() {
                    self.make_values(construct.n_locals_set().saturating_add(pushes).into());
                }
                self.height = construct.height.checked_add(pushes)?;
                if !instruction.entered || construct.is_joined_at_end() {
                    self.start_segment(end, false);
                }
            }
            Operator::Br { relative_depth } => self.branch(*relative_depth)?,
            Operator::BrIf { relative_depth } => {
                self.branch(*relative_depth)?;
                self.move_operands(pops, pushes)?;
                self.start_segment(end, false);
            }
            Operator::BrTable { targets } => {
                self.branch(targets.default())?;
                for target in targets.targets() {
                    self.branch(target.ok()?)?;
                }
            }
            Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::MemoryGrow { .. } => {
                self.move_operands(pops, pushes)?;
                self.start_segment(end, false);
            }
            _ => self.move_operands(pops, pushes)?,
        }
        self.height_max = self.height_max.max(self.height);
        Some(())
    }

    fn open(&mut self, kind: FrameKind, block_type: BlockType, pops: u32, pushes: u32) -> Option<()> {
        let height = self.height.checked_sub(pops)?;
        self.make_values(pops.into());
        self.constructs.push(Construct::new(kind, block_type, height));
        self.height = height.checked_add(pushes)?;
        Some(())
    }

    fn branch(&mut self, relative_depth: u32) -> Option<()> {
        let index = self.construct_index(relative_depth)?;
        self.analysis.branches_out |= index == 0;
        self.constructs.get_mut(index)?.is_target = true;
        Some(())
    }

    fn move_operands(&mut self, pops: u32, pushes: u32) -> Option<()> {
        self.height = self.height.checked_sub(pops)?.checked_add(pushes)?;
        Some(())
    }

    fn make_values(&mut self, n: u64) {
        self.make_native(n.saturating_mul(VALUE_BYTES));
    }

    /// Adds to the size of the native frame.
    fn make_native(&mut self, bytes: u64) {
        self.analysis.native_bytes = self.analysis.native_bytes.saturating_add(bytes);
    }

    fn start_segment(&mut self, offset: usize, check: bool) {
        self.make_native(CHARGE_BYTES);
        let ended = std::mem::replace(&mut self.segment, Charge { offset, fuel: 0, check });
        self.push(ended);
    }

    fn push(&mut self, segment: Charge) {
        // A charge of zero needs no check: the next branch of a loop costs something.
        if segment.fuel > 0 {
            self.analysis.charges.push(segment);
        }
    }

    fn finish(mut self) -> Analysis {
        self.push(self.segment);
        let slots = FRAME_SLOTS.saturating_add(self.n_locals).saturating_add(self.height_max.into());
        let frame_slots = slots.max(self.analysis.native_bytes.div_ceil(NATIVE_BYTES_PER_SLOT));
        Analysis { frame_slots, ..self.analysis }
    }

    fn construct_index(&self, relative_depth: u32) -> Option<usize> {
        self.constructs.len().checked_sub(1)?.checked_sub(usize::try_from(relative_depth).ok()?)
    }
}

impl Construct {
    fn new(kind: FrameKind, block_type: BlockType, height: u32) -> Self {
        Self { kind, block_type, height, is_target: false, locals_set: Vec::new() }
    }

    fn set_local(&mut self, local_index: u32) {
        let word = local_index as usize / 64;
        if self.locals_set.len() <= word {
            self.locals_set.resize(word.saturating_add(1), 0);
        }
        if let Some(word) = self.locals_set.get_mut(word) {
            *word |= 1 << (local_index % 64);
        }
    }

    /// Adds the locals that an inner construct sets.
    fn set_locals_of(&mut self, inner: &Self) {
        let words = self.locals_set.len().max(inner.locals_set.len());
        self.locals_set.resize(words, 0);
        self.locals_set.iter_mut().zip(&inner.locals_set).for_each(|(outer, inner)| *outer |= inner);
    }

    fn n_locals_set(&self) -> u32 {
        self.locals_set.iter().map(|word| word.count_ones()).sum()
    }

    /// Returns whether locals can have different values at the entry of a loop, or at the end of another construct.
    fn has_several_ways_in(&self) -> bool {
        self.is_joined_at_end() || (self.kind == FrameKind::Loop && self.is_target)
    }

    /// Returns whether the end of the construct has a predecessor besides the instruction before it.
    fn is_joined_at_end(&self) -> bool {
        self.kind == FrameKind::If
            || self.kind == FrameKind::Else
            || (self.is_target && self.kind != FrameKind::Loop)
    }
}

/// Gives wasmparser the types with which it counts the operands of an instruction.
impl ModuleArity for Scan<'_, '_> {
    fn sub_type_at(&self, type_index: u32) -> Option<&SubType> {
        self.module.type_space.get(usize::try_from(type_index).ok()?)
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn type_index_of_function(&self, function_index: u32) -> Option<u32> {
        self.module.type_of_function(function_index)
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        count(&self.constructs)
    }

    fn label_block(&self, relative_depth: u32) -> Option<(BlockType, FrameKind)> {
        let construct = self.constructs.get(self.construct_index(relative_depth)?)?;
        Some((construct.block_type, construct.kind))
    }
}

/// Returns the bytes of this many values.
fn values_bytes(n_values: usize) -> u64 {
    u64::try_from(n_values).unwrap_or(u64::MAX).saturating_mul(VALUE_BYTES)
}

/// Returns the number of `items`, of which a valid module has fewer than 2^32.
fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
