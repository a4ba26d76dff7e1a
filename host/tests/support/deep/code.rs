//! A function under construction.

use std::ops::Range;

use wasm_encoder::{BlockType, Function, Instruction, ValType};

use super::{Choices, Plan, SUM};

/// An unfinished function.
pub(super) struct Body<'p> {
    pub(super) plan: &'p mut Plan,
    pub(super) results: Vec<ValType>,
    /// The types of parameters and locals.
    pub(super) locals: Vec<ValType>,
    n_parameters: usize,
    code: Vec<Instruction<'static>>,
    /// The number of open blocks.
    pub(super) nesting: u32,
    /// The number of open loops.
    pub(super) loops: u32,
    /// The number of statements that may follow, so that functions stay finite.
    pub(super) statements_left: u32,
    /// The number of recursive calls that may follow: with more than a few, execution never gets deep.
    pub(super) calls_left: u32,
}

/// The parameter for the remaining depth.
pub(super) const DEPTH: u32 = 0;

/// Nested loops.
pub(super) const LOOPS_MAX: u32 = 3;

impl<'p> Body<'p> {
    fn new(plan: &'p mut Plan, parameters: Vec<ValType>, results: Vec<ValType>) -> Self {
        let n_parameters = parameters.len();
        Self {
            plan,
            results,
            locals: parameters,
            n_parameters,
            code: Vec::new(),
            nesting: 0,
            loops: 0,
            statements_left: 0,
            calls_left: 0,
        }
    }

    /// Writes the function with this number.
    pub(super) fn random(plan: &'p mut Plan, number: u32, choices: &mut Choices<'_, '_>) -> Self {
        let (parameters, results) = plan.types[plan.functions[number as usize] as usize].clone();
        let mut body = Self::new(plan, parameters, results);
        // The counters of the loops come first, then the long-lived locals.
        body.locals.extend([ValType::I32; LOOPS_MAX as usize]);
        let n_locals = choices.amount(2000);
        body.locals.extend(choices.value_types(n_locals));
        body.statements_left = choices.pick(&[3, 6, 6, 12, 12, 30]);
        body.calls_left = choices.pick(&[1, 1, 1, 2, 2, 4]);
        while body.statements_left > 0 {
            body.statement(choices);
        }
        if body.calls_left > 0 {
            body.recur(choices);
        }
        for ty in body.results.clone() {
            body.expression(ty, 2, choices);
        }
        body
    }

    /// Writes a function that calls the one with this number and a depth, and adds up its results.
    pub(super) fn entry(plan: &'p mut Plan, number: u32) -> Self {
        let (parameters, results) = plan.types[plan.functions[number as usize] as usize].clone();
        let callee = plan.function(number);
        let mut body = Self::new(plan, vec![ValType::I32], vec![]);
        for (index, ty) in parameters.into_iter().enumerate() {
            if index == 0 {
                body.push(Instruction::LocalGet(DEPTH));
            } else {
                body.constant(ty, index as u32);
            }
        }
        body.push(Instruction::Call(callee));
        for ty in results.into_iter().rev() {
            body.add_up(ty);
        }
        body
    }

    pub(super) fn finish(mut self) -> Function {
        self.push(Instruction::End);
        let locals = self.locals.split_off(self.n_parameters);
        let mut function = Function::new_with_locals_types(locals);
        for instruction in &self.code {
            function.instruction(instruction);
        }
        function
    }

    pub(super) fn push(&mut self, instruction: Instruction<'static>) {
        match instruction {
            Instruction::Block(_) | Instruction::Loop(_) | Instruction::If(_) => self.nesting += 1,
            Instruction::End => self.nesting = self.nesting.saturating_sub(1),
            _ => {}
        }
        self.code.push(instruction);
    }

    pub(super) fn extend<const N: usize>(&mut self, instructions: [Instruction<'static>; N]) {
        for instruction in instructions {
            self.push(instruction);
        }
    }

    /// Returns the long-lived locals, and the parameters without the depth.
    pub(super) fn variables(&self) -> Vec<u32> {
        let counters = self.counters();
        (1..self.locals.len() as u32).filter(|index| !counters.contains(index)).collect()
    }

    fn counters(&self) -> Range<u32> {
        let first = self.n_parameters as u32;
        first..first + LOOPS_MAX
    }

    /// Returns the counter of the innermost open loop.
    pub(super) fn counter(&self) -> u32 {
        self.counters().start + self.loops.saturating_sub(1)
    }

    pub(super) fn variables_of(&self, ty: ValType) -> Vec<u32> {
        let variables = self.variables();
        variables.into_iter().filter(|index| self.locals[*index as usize] == ty).collect()
    }

    /// Returns the type of a block without parameters.
    pub(super) fn block_type(&mut self, parameters: &[ValType], results: &[ValType]) -> BlockType {
        match (parameters, results) {
            ([], []) => BlockType::Empty,
            ([], [result]) => BlockType::Result(*result),
            _ => BlockType::FunctionType(self.plan.type_index(parameters.to_vec(), results.to_vec())),
        }
    }

    pub(super) fn constant(&mut self, ty: ValType, number: u32) {
        let mixed = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.push(match ty {
            ValType::I32 => Instruction::I32Const(number.cast_signed()),
            ValType::I64 => Instruction::I64Const(mixed.cast_signed()),
            ValType::F32 => Instruction::F32Const((number as f32).into()),
            ValType::F64 => Instruction::F64Const(f64::from_bits(mixed).into()),
            _ => Instruction::V128Const((u128::from(mixed) << 37 | u128::from(number)).cast_signed()),
        });
    }

    /// Adds the value on the stack to the sum.
    pub(super) fn add_up(&mut self, ty: ValType) {
        match ty {
            ValType::I32 => self.push(Instruction::I64ExtendI32U),
            ValType::I64 => {}
            ValType::F32 => self.extend([Instruction::I32ReinterpretF32, Instruction::I64ExtendI32U]),
            ValType::F64 => self.push(Instruction::I64ReinterpretF64),
            _ => self.push(Instruction::I64x2ExtractLane(1)),
        }
        self.extend([
            Instruction::GlobalGet(SUM),
            Instruction::I64Const(7),
            Instruction::I64Rotl,
            Instruction::I64Add,
            Instruction::GlobalSet(SUM),
        ]);
    }
}
