//! Analyses one function: where to charge how much fuel, how large its frame is, and whom it calls.
//!
//! **Fuel.** A *segment* is a stretch of code that is entered only at its start and left early only by a trap. A new one starts
//! at the beginning of the function, behind `loop`, `if`, `else` and `br_if`, and behind the `end` of a construct that
//! something branches to. One charge at the start pays for all of its instructions. Calls, loads and divisions do not
//! end a segment: if one of them traps, what comes after it has been paid for nothing, by the same amount on every engine.
//!
//! **Stack.** A frame takes one slot for each parameter, local and operand at the greatest height, and
//! [`FRAME_SLOTS`] for the call itself. This is finite-wasm's measure with the size of every value set to one.

use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, FunctionBody, ModuleArity, Operator, RefType, SubType,
};

use super::{
    MeterError,
    body::{Instruction, LiveBody},
    cost::cost,
    module::Module,
};

/// The slots of a frame that are neither locals nor operands: return address, frame pointer, saved registers.
pub(super) const FRAME_SLOTS: u64 = 8;

/// What the rewriting and the call graph need to know about a function.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    /// The charges, in the order of their offsets.
    pub(super) charges: Vec<Charge>,
    /// The size of the frame.
    pub(super) frame_slots: u64,
    /// Whether a branch, other than `return`, has the function itself as target.
    pub(super) branches_out: bool,
    /// Whether there are instructions with a price that depends on their size operand.
    pub(super) has_bulk: bool,
    /// The functions called.
    pub(super) calls: Vec<u32>,
    /// The types of the functions called indirectly.
    pub(super) indirect_calls: Vec<u32>,
    /// The functions that `ref.func` makes references to.
    pub(super) references: Vec<u32>,
}

/// The price of a segment, to be charged where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charge {
    /// The offset in the module of the first instruction of the segment.
    pub(super) offset: usize,
    /// The price.
    pub(super) fuel: u64,
    /// Whether to look if there is so much fuel left: at the start of the function and of loops, see
    /// [`meter`](super).
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
        scan.n_locals = scan.n_locals.saturating_add(u64::from(locals?.0));
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
    /// The segment that the next instruction belongs to.
    segment: Charge,
    /// The number of operands.
    height: u32,
    height_max: u32,
    n_locals: u64,
    analysis: Analysis,
}

/// A `block`, `loop` or `if` that is open, or the function itself.
struct Construct {
    kind: FrameKind,
    block_type: BlockType,
    /// The number of operands below its parameters.
    height: u32,
    /// Whether something branches to its end. For a loop, to its start.
    is_target: bool,
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
        let function = Construct { kind: FrameKind::Block, block_type, height: 0, is_target: false };
        Ok(Self {
            module,
            constructs: vec![function],
            segment: Charge { offset, fuel: 0, check: true },
            height: 0,
            height_max: 0,
            n_locals: count(func_type.params()).into(),
            analysis: Analysis::default(),
        })
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
        let cost = cost(operator, values).ok_or_else(|| MeterError::unpriced(operator, offset))?;
        self.segment.fuel = self.segment.fuel.saturating_add(cost.fixed);
        self.analysis.has_bulk |= cost.item_log2.is_some();
        Ok(())
    }

    /// Notes whom the function can call.
    fn note(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Call { function_index } => self.analysis.calls.push(*function_index),
            Operator::CallIndirect { type_index, .. } => self.analysis.indirect_calls.push(*type_index),
            Operator::RefFunc { function_index } => self.analysis.references.push(*function_index),
            _ => {}
        }
    }

    /// Follows the flow of control and the height of the stack. `None` if the module is not valid after all.
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
                if self.constructs.is_empty() {
                    return Some(());
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
            _ => self.move_operands(pops, pushes)?,
        }
        self.height_max = self.height_max.max(self.height);
        Some(())
    }

    fn open(&mut self, kind: FrameKind, block_type: BlockType, pops: u32, pushes: u32) -> Option<()> {
        let height = self.height.checked_sub(pops)?;
        self.constructs.push(Construct { kind, block_type, height, is_target: false });
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

    fn start_segment(&mut self, offset: usize, check: bool) {
        let ended = std::mem::replace(&mut self.segment, Charge { offset, fuel: 0, check });
        self.push(ended);
    }

    fn push(&mut self, segment: Charge) {
        // Nothing to pay is nothing to check: the next branch of a loop costs something.
        if segment.fuel > 0 {
            self.analysis.charges.push(segment);
        }
    }

    fn finish(mut self) -> Analysis {
        self.push(self.segment);
        let frame_slots = FRAME_SLOTS.saturating_add(self.n_locals).saturating_add(self.height_max.into());
        Analysis { frame_slots, ..self.analysis }
    }

    fn construct_index(&self, relative_depth: u32) -> Option<usize> {
        self.constructs.len().checked_sub(1)?.checked_sub(usize::try_from(relative_depth).ok()?)
    }
}

impl Construct {
    /// Whether control can come to the end of the construct from elsewhere than the instruction before it.
    fn is_joined_at_end(&self) -> bool {
        self.kind == FrameKind::If
            || self.kind == FrameKind::Else
            || (self.is_target && self.kind != FrameKind::Loop)
    }
}

/// Tells wasmparser what it needs to count the operands of an instruction.
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

/// The number of `items`, of which a valid module has fewer than 2^32.
fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
