//! Code that leaves the stack as it was.

use wasm_encoder::{BlockType, Instruction, MemArg, ValType};

use super::code::{Body, DEPTH, LOOPS_MAX};
use super::{BOUNCE, Choices, ENTRY_TYPE, TABLE_ELEMENTS};

use Instruction as I;

impl Body<'_> {
    /// Writes a statement, or none if there are enough.
    pub(super) fn statement(&mut self, choices: &mut Choices<'_, '_>) {
        let Some(left) = self.statements_left.checked_sub(1) else { return };
        self.statements_left = left;
        match choices.below(16) {
            0..=3 => self.set_variables(choices),
            4..=6 => self.recur(choices),
            7 | 8 => self.repeat(choices),
            9 => self.branch(choices),
            10 => self.switch(choices),
            11 => self.move_bulk(choices),
            12 => self.hardly_ever(choices),
            13 => self.permute(choices),
            14 => self.use_invariants(choices),
            _ => self.trap_or_return(choices),
        }
    }

    fn statements(&mut self, choices: &mut Choices<'_, '_>) {
        for _ in 0..=choices.below(3) {
            self.statement(choices);
        }
    }

    /// Sets some variables, or all.
    fn set_variables(&mut self, choices: &mut Choices<'_, '_>) {
        let variables = self.variables();
        if variables.is_empty() {
            return self.store(choices);
        }
        if choices.one_in(3) {
            for index in variables {
                let ty = self.locals[index as usize];
                self.value(ty, index);
                self.push(I::LocalSet(index));
            }
            return;
        }
        for _ in 0..=choices.below(4) {
            let index = choices.pick(&variables);
            let ty = self.locals[index as usize];
            self.expression(ty, 3, choices);
            self.push(I::LocalSet(index));
        }
    }

    /// Computes a value that differs from call to call and from `number` to `number`, without any choice.
    fn value(&mut self, ty: ValType, number: u32) {
        self.push(I::LocalGet(DEPTH));
        match ty {
            ValType::I32 => {}
            ValType::I64 => self.push(I::I64ExtendI32U),
            ValType::F32 => self.push(I::F32ConvertI32U),
            ValType::F64 => self.push(I::F64ConvertI32U),
            _ => self.push(I::I32x4Splat),
        }
        self.constant(ty, number.wrapping_mul(2).wrapping_add(1));
        self.push(match ty {
            ValType::I32 => I::I32Mul,
            ValType::I64 => I::I64Mul,
            ValType::F32 => I::F32Add,
            ValType::F64 => I::F64Add,
            _ => I::I32x4Add,
        });
    }

    fn store(&mut self, choices: &mut Choices<'_, '_>) {
        let ty = choices.value_type();
        self.expression(ValType::I32, 1, choices);
        if !choices.one_in(8) {
            self.extend([I::I32Const(0x3fff), I::I32And]);
        }
        self.expression(ty, 3, choices);
        self.store_at(ty, choices.below(64));
    }

    fn store_at(&mut self, ty: ValType, offset: u32) {
        let at = MemArg { offset: offset.into(), align: 0, memory_index: 0 };
        self.push(match ty {
            ValType::I32 => I::I32Store(at),
            ValType::I64 => I::I64Store(at),
            ValType::F32 => I::F32Store(at),
            ValType::F64 => I::F64Store(at),
            _ => I::V128Store(at),
        });
    }

    /// Calls a function with one less of depth, if there is any, while values wait on the stack and in locals.
    pub(super) fn recur(&mut self, choices: &mut Choices<'_, '_>) {
        let Some(left) = self.calls_left.checked_sub(1) else { return self.store(choices) };
        self.calls_left = left;
        let n_waiting = choices.amount(900);
        let waiting = choices.value_types(n_waiting);
        for (number, ty) in (0..).zip(&waiting) {
            self.value(*ty, number);
        }
        let guarded = !choices.one_in(24);
        if guarded {
            self.extend([I::LocalGet(DEPTH), I::If(BlockType::Empty)]);
        }
        self.call(choices);
        if guarded {
            self.push(I::End);
        }
        // Either each is added to the sum, or they are combined first, from the top down.
        let alike = waiting.iter().all(|ty| Some(ty) == waiting.first());
        if let (true, Some((last, others))) = (alike && choices.one_in(2), waiting.split_last()) {
            for ty in others {
                self.operator(*ty, choices);
            }
            self.add_up(*last);
        } else {
            for ty in waiting.into_iter().rev() {
                self.add_up(ty);
            }
        }
        if choices.one_in(2) {
            for index in self.variables() {
                self.push(I::LocalGet(index));
                self.add_up(self.locals[index as usize]);
            }
        }
    }

    fn push_less_depth(&mut self, choices: &mut Choices<'_, '_>) {
        self.push(I::LocalGet(DEPTH));
        let instructions =
            if choices.one_in(8) { [I::I32Const(1), I::I32ShrU] } else { [I::I32Const(1), I::I32Sub] };
        self.extend(instructions);
    }

    fn call(&mut self, choices: &mut Choices<'_, '_>) {
        match choices.below(6) {
            0 => {
                self.push_less_depth(choices);
                self.push_table_index(choices);
                self.push(I::CallIndirect { type_index: ENTRY_TYPE, table_index: 0 });
            }
            1 if self.plan.has_library => {
                self.push_less_depth(choices);
                self.push_table_index(choices);
                self.push(I::Call(BOUNCE));
            }
            _ => {
                let number = choices.below(self.plan.n_functions());
                let ty = self.plan.functions[number as usize];
                let (parameters, results) = self.plan.types[ty as usize].clone();
                self.push_less_depth(choices);
                for ty in &parameters[1..] {
                    self.expression(*ty, 1, choices);
                }
                self.push(I::Call(self.plan.function(number)));
                for ty in results.into_iter().rev() {
                    let variables = self.variables_of(ty);
                    if variables.is_empty() || choices.one_in(2) {
                        self.add_up(ty);
                    } else {
                        self.push(I::LocalSet(choices.pick(&variables)));
                    }
                }
            }
        }
    }

    fn push_table_index(&mut self, choices: &mut Choices<'_, '_>) {
        self.expression(ValType::I32, 1, choices);
        // The mask selects a function, except for the last two elements.
        let mask = if choices.one_in(8) { TABLE_ELEMENTS - 1 } else { TABLE_ELEMENTS / 2 - 1 };
        self.extend([I::I32Const(mask.cast_signed()), I::I32And]);
    }

    /// Writes a loop, which may pass values between iterations.
    fn repeat(&mut self, choices: &mut Choices<'_, '_>) {
        if self.loops >= LOOPS_MAX {
            return self.permute(choices);
        }
        self.loops += 1;
        let counter = self.counter();
        let turns = choices.pick(&[1, 2, 3, 3, 10, 50]);
        self.extend([I::I32Const(turns), I::LocalSet(counter)]);
        let n_passed = if choices.one_in(3) { choices.below(8) } else { 0 };
        let passed = choices.value_types(n_passed);
        for (number, ty) in (0..).zip(&passed) {
            self.value(*ty, number);
        }
        let ty = self.block_type(&passed, &passed);
        self.push(I::Loop(ty));
        self.statements(choices);
        if let Some(ty) = passed.last().copied() {
            self.expression(ty, 2, choices);
            self.operator(ty, choices);
        }
        self.extend([
            I::LocalGet(counter),
            I::I32Const(1),
            I::I32Sub,
            I::LocalTee(counter),
            I::BrIf(0),
            I::End,
        ]);
        for ty in passed.into_iter().rev() {
            self.add_up(ty);
        }
        self.loops -= 1;
    }

    fn branch(&mut self, choices: &mut Choices<'_, '_>) {
        self.expression(ValType::I32, 2, choices);
        self.push(I::If(BlockType::Empty));
        self.statements(choices);
        self.push(I::Else);
        self.statements(choices);
        self.push(I::End);
    }

    /// Writes a `br_table` out of nested blocks, each followed by a statement.
    fn switch(&mut self, choices: &mut Choices<'_, '_>) {
        let n_cases = 1 + choices.below(6);
        for _ in 0..n_cases {
            self.push(I::Block(BlockType::Empty));
        }
        self.expression(ValType::I32, 2, choices);
        self.extend([I::I32Const(7), I::I32And]);
        let targets: Vec<_> = (0..choices.below(8)).map(|_| choices.below(n_cases)).collect();
        self.push(I::BrTable(targets.into(), n_cases - 1));
        for case in (0..n_cases).rev() {
            self.push(I::End);
            self.statement(choices);
            if case > 0 && choices.one_in(2) {
                let target = choices.below(case);
                self.push(I::LocalGet(DEPTH));
                self.push(I::BrIf(target));
            }
        }
    }

    fn move_bulk(&mut self, choices: &mut Choices<'_, '_>) {
        let [to, from, n] = [choices.below(2000), choices.below(2000), choices.below(200)];
        let of_elements = |number: u32| (number % 13).cast_signed();
        let of_bytes = [to, from, n].map(|number| I::I32Const(number.cast_signed()));
        match choices.below(10) {
            0 => {
                self.extend(of_bytes);
                self.push(I::MemoryFill(0));
            }
            1 => {
                self.extend(of_bytes);
                self.push(I::MemoryCopy { src_mem: 0, dst_mem: 0 });
            }
            2 => {
                self.extend([to, from % 20, n % 12].map(|number| I::I32Const(number.cast_signed())));
                self.push(I::MemoryInit { mem: 0, data_index: 0 });
            }
            3 => self.extend([I::I32Const(1), I::MemoryGrow(0), I::Drop]),
            4 => {
                self.extend([to, from, n / 50].map(|number| I::I32Const(of_elements(number) / 2)));
                self.push(I::TableCopy { src_table: 0, dst_table: 0 });
            }
            5 => {
                self.extend([to, from, n].map(|number| I::I32Const(of_elements(number) / 3)));
                self.push(I::TableInit { elem_index: 1, table: 0 });
            }
            6 => self.extend([
                I::I32Const(of_elements(to)),
                I::I32Const(of_elements(from)),
                I::TableGet(0),
                I::TableSet(0),
            ]),
            7 => self.extend([I::RefNull(FUNC), I::I32Const(1), I::TableGrow(0), I::Drop]),
            8 => {
                let last = (TABLE_ELEMENTS - 2).cast_signed();
                self.extend([I::I32Const(last), I::RefNull(FUNC), I::I32Const(2), I::TableFill(0)]);
            }
            _ => self.store(choices),
        }
    }

    /// Writes a path that is never taken, with many values that do not depend on the iteration of a loop.
    fn hardly_ever(&mut self, choices: &mut Choices<'_, '_>) {
        self.extend([I::LocalGet(DEPTH), I::I32Const(0x7000_0000), I::I32GtU, I::If(BlockType::Empty)]);
        let n_values = choices.amount(1000);
        let types = choices.value_types(n_values);
        for (number, ty) in (0..).zip(types) {
            self.push(I::I32Const(0));
            self.value(ty, number);
            self.store_at(ty, number * 16);
        }
        self.push(I::End);
    }

    /// Permutes the values of variables of one type.
    fn permute(&mut self, choices: &mut Choices<'_, '_>) {
        let ty = choices.value_type();
        let variables = self.variables_of(ty);
        let n = choices.amount(800).min(variables.len() as u32) as usize;
        let moved = &variables[..n];
        for index in moved {
            self.push(I::LocalGet(*index));
        }
        let by = choices.below(4) as usize;
        for place in (0..n).rev() {
            self.push(I::LocalSet(moved[(place + by) % n]));
        }
    }

    /// Computes values, and uses all of them in each iteration of a loop.
    fn use_invariants(&mut self, choices: &mut Choices<'_, '_>) {
        if self.loops >= LOOPS_MAX {
            return self.store(choices);
        }
        self.loops += 1;
        let variables = self.variables();
        let n = choices.amount(800).min(variables.len() as u32) as usize;
        for index in &variables[..n] {
            self.value(self.locals[*index as usize], *index);
            self.push(I::LocalSet(*index));
        }
        let counter = self.counter();
        self.extend([I::I32Const(3), I::LocalSet(counter), I::Loop(BlockType::Empty)]);
        for index in &variables[..n] {
            self.push(I::LocalGet(*index));
            self.add_up(self.locals[*index as usize]);
            // The same computation again, for an optimiser that would do it only once.
            self.value(self.locals[*index as usize], *index);
            self.add_up(self.locals[*index as usize]);
        }
        self.statement(choices);
        self.extend([
            I::LocalGet(counter),
            I::I32Const(1),
            I::I32Sub,
            I::LocalTee(counter),
            I::BrIf(0),
            I::End,
        ]);
        self.loops -= 1;
    }

    /// Ends the function at some depth.
    fn trap_or_return(&mut self, choices: &mut Choices<'_, '_>) {
        let depth = choices.pick(&[0, 1, 50, 900]);
        self.extend([I::LocalGet(DEPTH), I::I32Const(depth), I::I32Eq, I::If(BlockType::Empty)]);
        match choices.below(6) {
            0 | 1 => {
                for ty in self.results.clone() {
                    self.expression(ty, 1, choices);
                }
                self.push(I::Return);
            }
            2 => self.push(I::Unreachable),
            3 => self.extend([I::I32Const(-1), I::TableGet(0), I::Drop]),
            4 => {
                self.extend([I::F32Const(f32::NAN.into()), I::I32TruncF32S]);
                self.add_up(ValType::I32);
            }
            _ => {
                self.extend([I::I32Const(1 << 30), I::I32Const(0), I::I32Const(1), I::MemoryFill(0)]);
            }
        }
        self.push(I::End);
    }
}

const FUNC: wasm_encoder::HeapType = wasm_encoder::HeapType::FUNC;
