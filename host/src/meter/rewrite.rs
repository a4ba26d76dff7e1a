//! Rewrites one function body so that it pays for itself.
//!
//! `$fuel` and `$stack` are the counters, globals of the module. A function that charges anything gets one more local, `$left`,
//! which holds the fuel while the function runs, and it becomes
//!
//! ```text
//! block $out_of_fuel
//!   ;; if the function is counted on the stack:
//!   global.get $stack   i64.const FRAME   i64.sub   global.set $stack
//!   global.get $stack   i64.const 0       i64.lt_s   if unreachable end
//!   ;; the body, with dead code left out
//!   return
//! end
//! i64.const -1   global.set $fuel   unreachable
//! ```
//!
//! where the body has, at the start of a segment of price N,
//!
//! ```text
//! local.get $left   i64.const N   i64.lt_s   br_if $out_of_fuel          ;; if the segment is checked
//! local.get $left   i64.const -N  i64.add    local.set $left
//! ```
//!
//! before an instruction with a price of 2^K for each item, whose number is the topmost operand,
//!
//! ```text
//! local.set $items
//! local.get $left   local.get $items   i64.extend_i32_u   i64.const K   i64.shl   i64.sub
//! local.tee $left   global.set $fuel
//! i32.const 1       local.get $left    i64.const 0        i64.ge_s      i32.div_u   drop
//! local.get $items
//! ```
//!
//! and in the place of `memory.grow`
//!
//! ```text
//! call $grow
//! i32.const 1       local.get $left    i64.const 0        i64.ge_s      i32.div_u   drop
//! ```
//!
//! where the division traps if the fuel was not enough: unlike a branch it adds no path through the function, and paths
//! take engines long to compile. `$grow` is a function that is added to a module that grows its memory; see [`grow`].
//!
//! The fuel is in `$fuel` at calls, returns and `unreachable`, and in `$left` at labels and branches. `local.get $left
//! global.set $fuel` and its reverse move it where necessary. A counted function also adds its frame to `$stack` again
//! before it returns. Prices are added as negative numbers, because engines add without a copy of the operand (`lea`)
//! but subtract with one: in the loop of an interpreter, that halves the cost of metering.
//!
//! Labels keep their depth, because every new construct is outside of all the old ones, except for the function's own
//! label, which is rarely a target. If it is, a `block` with the results of the function, right inside `$out_of_fuel`,
//! takes its place.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType, reencode::Reencode as _};
use wasmparser::{FunctionBody, Operator};

use super::{
    FuelScale, MeterError,
    analysis::{Analysis, Charge},
    body::LiveBody,
    cost::cost,
    entry::PAGE_LOG2,
    globals::Globals,
    module::Module,
};

/// A function to rewrite.
pub(super) struct Subject<'s, 'a> {
    pub(super) body: &'s FunctionBody<'a>,
    pub(super) analysis: &'s Analysis,
    pub(super) n_params: u32,
    /// The type of a block that yields the results of the function.
    pub(super) result_type: BlockType,
    /// Whether the function counts its frame at run time.
    pub(super) is_counted: bool,
}

/// Rewrites `subject`, a function of `module`.
pub(super) fn rewrite(
    module: &Module<'_>,
    globals: &mut Globals,
    subject: &Subject<'_, '_>,
) -> Result<Function, MeterError> {
    let mut locals = Vec::new();
    let mut n_locals = subject.n_params;
    for group in subject.body.get_locals_reader()? {
        let (n, val_type) = group?;
        locals.push((n, globals.val_type(val_type)?));
        n_locals = n_locals.saturating_add(n);
    }
    let is_metered = !subject.analysis.charges.is_empty();
    if is_metered {
        locals.push((1, ValType::I64));
    }
    if subject.analysis.has_bulk {
        locals.push((1, ValType::I32));
    }
    let mut rewriter = Rewriter {
        function: Function::new(locals),
        globals,
        frame: subject.is_counted.then(|| signed(subject.analysis.frame_slots)),
        left_local: n_locals,
        items_local: n_locals.saturating_add(1),
        is_metered,
        place: Place::Global,
        depth: 0,
    };
    rewriter.function(module, subject)?;
    Ok(rewriter.function)
}

/// The place of the current fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the global `$fuel`; the value of `$left` is out of date.
    Global,
    /// In the local `$left`; the value of `$fuel` is out of date.
    Local,
}

struct Rewriter<'g> {
    function: Function,
    globals: &'g Globals,
    /// The slots of the frame, if it is counted.
    frame: Option<i64>,
    left_local: u32,
    items_local: u32,
    is_metered: bool,
    place: Place,
    /// The number of open constructs, without `$out_of_fuel`.
    depth: u32,
}

impl Rewriter<'_> {
    fn function(&mut self, module: &Module<'_>, subject: &Subject<'_, '_>) -> Result<(), MeterError> {
        if self.is_metered {
            self.sink().block(BlockType::Empty);
        }
        let has_label = self.is_metered && subject.analysis.branches_out;
        if has_label {
            self.sink().block(subject.result_type);
            self.depth += 1;
        }
        self.enter_frame();
        let mut returns = self.body(module, subject)?;
        if has_label {
            if returns {
                self.move_to_local();
            }
            self.sink().end();
            (self.place, returns) = (Place::Local, true);
        }
        if returns {
            self.leave_frame();
        }
        if self.is_metered {
            let fuel = self.globals.fuel;
            if returns {
                self.sink().return_();
            }
            self.sink().end().i64_const(-1).global_set(fuel).unreachable();
        }
        self.sink().end();
        Ok(())
    }

    /// Writes all but the last `end`, and returns whether it is reachable.
    fn body(&mut self, module: &Module<'_>, subject: &Subject<'_, '_>) -> Result<bool, MeterError> {
        let mut charges = subject.analysis.charges.iter().peekable();
        let mut live = LiveBody::new(subject.body)?;
        let mut nested = 0_u32;
        while let Some(instruction) = live.next()? {
            if let Some(charge) = charges.next_if(|charge| charge.offset == instruction.start) {
                self.charge(charge);
            }
            match instruction.operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => nested += 1,
                Operator::End if nested == 0 => return Ok(instruction.entered),
                Operator::End => nested -= 1,
                _ => {}
            }
            let source = module.slice(instruction.start..instruction.end)?;
            self.instruction(&instruction.operator, instruction.entered, source);
        }
        Err(MeterError::Invalid { offset: subject.body.range().end })
    }

    /// Writes `operator`, which is `source` in the original, with its charges and the moves of fuel around it.
    fn instruction(&mut self, operator: &Operator<'_>, is_entered: bool, source: &[u8]) {
        match operator {
            Operator::GlobalGet { global_index } => {
                let index = self.globals.index(*global_index);
                self.sink().global_get(index);
                return;
            }
            Operator::GlobalSet { global_index } => {
                let index = self.globals.index(*global_index);
                self.sink().global_set(index);
                return;
            }
            Operator::MemoryGrow { .. } => {
                self.grow_memory();
                return;
            }
            Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::Unreachable => {
                self.move_to_global()
            }
            Operator::Return => self.leave_frame(),
            Operator::Br { .. } | Operator::BrIf { .. } | Operator::BrTable { .. } => self.move_to_local(),
            Operator::Block { .. } => self.depth += 1,
            Operator::Loop { .. } | Operator::If { .. } => {
                self.move_to_local();
                self.depth += 1;
            }
            Operator::Else | Operator::End => {
                if is_entered {
                    self.move_to_local();
                }
                self.place = Place::Local;
                self.depth -= u32::from(matches!(operator, Operator::End));
            }
            _ => {
                if let Some(item_log2) = cost(operator, 0).and_then(|cost| cost.item_log2) {
                    self.charge_items(item_log2);
                }
            }
        }
        self.function.raw(source.iter().copied());
    }

    fn charge(&mut self, charge: &Charge) {
        let (left, fuel, depth) = (self.left_local, signed(charge.fuel), self.depth);
        self.move_to_local();
        if charge.check {
            self.sink().local_get(left).i64_const(fuel).i64_lt_s().br_if(depth);
        }
        self.sink().local_get(left).i64_const(-fuel).i64_add().local_set(left);
    }

    fn charge_items(&mut self, item_log2: u32) {
        let (left, items, fuel) = (self.left_local, self.items_local, self.globals.fuel);
        self.move_to_local();
        self.sink()
            .local_set(items)
            .local_get(left)
            .local_get(items)
            .i64_extend_i32_u()
            .i64_const(i64::from(item_log2))
            .i64_shl()
            .i64_sub()
            .local_tee(left)
            .global_set(fuel);
        self.trap_if_out_of_fuel();
        self.sink().local_get(items);
    }

    fn grow_memory(&mut self) {
        let grow = self.globals.grow;
        self.move_to_global();
        self.sink().call(grow);
        self.move_to_local();
        self.trap_if_out_of_fuel();
    }

    /// Writes a trap for negative fuel, which `$fuel` holds, too.
    fn trap_if_out_of_fuel(&mut self) {
        let left = self.left_local;
        self.sink().i32_const(1).local_get(left).i64_const(0).i64_ge_s().i32_div_u().drop();
    }

    fn enter_frame(&mut self) {
        let stack = self.globals.stack;
        if let Some(frame) = self.frame {
            self.sink().global_get(stack).i64_const(frame).i64_sub().global_set(stack);
            self.sink().global_get(stack).i64_const(0).i64_lt_s().if_(BlockType::Empty).unreachable().end();
        }
    }

    fn leave_frame(&mut self) {
        let stack = self.globals.stack;
        self.move_to_global();
        if let Some(frame) = self.frame {
            self.sink().global_get(stack).i64_const(frame).i64_add().global_set(stack);
        }
    }

    /// Moves the fuel to the global, unless it is there.
    fn move_to_global(&mut self) {
        let (left, fuel) = (self.left_local, self.globals.fuel);
        if self.is_metered && self.place == Place::Local {
            self.sink().local_get(left).global_set(fuel);
            self.place = Place::Global;
        }
    }

    /// Moves the fuel to the local, unless it is there.
    fn move_to_local(&mut self) {
        let (left, fuel) = (self.left_local, self.globals.fuel);
        if self.is_metered && self.place == Place::Global {
            self.sink().global_get(fuel).local_set(left);
            self.place = Place::Local;
        }
    }

    fn sink(&mut self) -> InstructionSink<'_> {
        self.function.instructions()
    }
}

/// Writes `$grow`, which grows the memory, pays for it, and changes the scale of the fuel where the memory becomes far.
///
/// ```text
/// global.get $fuel   local.get $delta   i64.extend_i32_u   i64.const PAGE_LOG2   i64.shl   i64.sub   global.set $fuel
/// global.get $fuel   i64.const 0   i64.lt_s   if   i32.const -1   return   end
/// local.get $delta   memory.grow   local.tee $before   i32.const -1   i32.ne
/// if
///   global.get $pages   local.get $delta   i64.extend_i32_u   i64.add   local.tee $sum
///   i64.const NEAR   i64.gt_u   global.get $pages   i64.const NEAR   i64.le_u   i32.and
///   if   global.get $fuel   i64.const FACTOR   i64.div_s   global.set $fuel   end
///   local.get $sum   global.set $pages
/// end
/// local.get $before
/// ```
pub(super) fn grow(globals: &Globals, scale: FuelScale) -> Function {
    const DELTA: u32 = 0;
    const BEFORE: u32 = 1;
    const SUM: u32 = 2;
    let (fuel, pages) = (globals.fuel, globals.pages);
    let near = i64::from(scale.pages_near);
    let mut function = Function::new([(1, ValType::I32), (1, ValType::I64)]);
    let mut sink = function.instructions();
    sink.global_get(fuel).local_get(DELTA).i64_extend_i32_u().i64_const(i64::from(PAGE_LOG2)).i64_shl();
    sink.i64_sub().global_set(fuel);
    sink.global_get(fuel).i64_const(0).i64_lt_s().if_(BlockType::Empty).i32_const(-1).return_().end();
    sink.local_get(DELTA).memory_grow(0).local_tee(BEFORE).i32_const(-1).i32_ne().if_(BlockType::Empty);
    sink.global_get(pages).local_get(DELTA).i64_extend_i32_u().i64_add().local_tee(SUM);
    sink.i64_const(near).i64_gt_u().global_get(pages).i64_const(near).i64_le_u().i32_and();
    sink.if_(BlockType::Empty);
    sink.global_get(fuel).i64_const(i64::from(scale.far_factor)).i64_div_s().global_set(fuel).end();
    sink.local_get(SUM).global_set(pages).end();
    sink.local_get(BEFORE).end();
    function
}

/// Returns `amount` as the operand of `i64.const`. A function of valid size cannot come near the maximum.
fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
