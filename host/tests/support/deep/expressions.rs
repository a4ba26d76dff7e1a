//! Code that leaves one value on the stack.

use wasm_encoder::{BlockType, Instruction, MemArg, ValType};

use super::Choices;
use super::code::{Body, DEPTH};

use Instruction as I;

const OPERATORS_OF_I32: &[I<'static>] = &[
    I::I32Add,
    I::I32Sub,
    I::I32Mul,
    I::I32And,
    I::I32Or,
    I::I32Xor,
    I::I32Shl,
    I::I32ShrS,
    I::I32ShrU,
    I::I32Rotl,
    I::I32Eq,
    I::I32LtS,
    I::I32GtU,
];
const OPERATORS_OF_I64: &[I<'static>] = &[
    I::I64Add,
    I::I64Sub,
    I::I64Mul,
    I::I64And,
    I::I64Or,
    I::I64Xor,
    I::I64Shl,
    I::I64ShrS,
    I::I64ShrU,
    I::I64Rotr,
];
const OPERATORS_OF_F32: &[I<'static>] =
    &[I::F32Add, I::F32Sub, I::F32Mul, I::F32Div, I::F32Min, I::F32Max, I::F32Copysign];
const OPERATORS_OF_F64: &[I<'static>] =
    &[I::F64Add, I::F64Sub, I::F64Mul, I::F64Div, I::F64Min, I::F64Max, I::F64Copysign];
const OPERATORS_OF_V128: &[I<'static>] = &[
    I::I64x2Add,
    I::I64x2Mul,
    I::I32x4Mul,
    I::I32x4Sub,
    I::I16x8AddSatS,
    I::I8x16Swizzle,
    I::I8x16AvgrU,
    I::F32x4Add,
    I::F32x4Div,
    I::F64x2Mul,
    I::F64x2PMin,
    I::V128Xor,
    I::V128AndNot,
    I::I16x8Q15MulrSatS,
    I::I32x4DotI16x8S,
    I::I8x16NarrowI16x8S,
];
/// Instructions from one type to another, or the same.
const CONVERSIONS: &[(ValType, ValType, I<'static>)] = &[
    (ValType::I64, ValType::I32, I::I32WrapI64),
    (ValType::F32, ValType::I32, I::I32TruncSatF32S),
    (ValType::F64, ValType::I32, I::I32TruncSatF64U),
    (ValType::I32, ValType::I32, I::I32Popcnt),
    (ValType::I64, ValType::I32, I::I64Eqz),
    (ValType::V128, ValType::I32, I::I8x16Bitmask),
    (ValType::V128, ValType::I32, I::I64x2AllTrue),
    (ValType::I32, ValType::I64, I::I64ExtendI32S),
    (ValType::F32, ValType::I64, I::I64TruncSatF32U),
    (ValType::F64, ValType::I64, I::I64TruncSatF64S),
    (ValType::I64, ValType::I64, I::I64Clz),
    (ValType::V128, ValType::I64, I::I64x2ExtractLane(1)),
    (ValType::I32, ValType::F32, I::F32ConvertI32U),
    (ValType::I64, ValType::F32, I::F32ConvertI64U),
    (ValType::F32, ValType::F32, I::F32Sqrt),
    (ValType::F64, ValType::F32, I::F32DemoteF64),
    (ValType::V128, ValType::F32, I::F32x4ExtractLane(2)),
    (ValType::I32, ValType::F64, I::F64ConvertI32S),
    (ValType::I64, ValType::F64, I::F64ReinterpretI64),
    (ValType::F32, ValType::F64, I::F64PromoteF32),
    (ValType::F64, ValType::F64, I::F64Nearest),
    (ValType::V128, ValType::F64, I::F64x2ExtractLane(0)),
    (ValType::I32, ValType::V128, I::I8x16Splat),
    (ValType::I64, ValType::V128, I::I64x2Splat),
    (ValType::F32, ValType::V128, I::F32x4Splat),
    (ValType::F64, ValType::V128, I::F64x2Splat),
    (ValType::V128, ValType::V128, I::I32x4TruncSatF32x4U),
    (ValType::V128, ValType::V128, I::F64x2Sqrt),
    (ValType::V128, ValType::V128, I::I8x16Popcnt),
];
/// Instructions that trap for some operands, of the type of the result.
const TRAPPING: &[(ValType, I<'static>)] = &[
    (ValType::I32, I::I32DivS),
    (ValType::I32, I::I32RemU),
    (ValType::I64, I::I64DivU),
    (ValType::I64, I::I64RemS),
];

impl Body<'_> {
    /// Leaves a value of this type on the stack; `height` bounds how many instructions that takes.
    pub(super) fn expression(&mut self, ty: ValType, height: u32, choices: &mut Choices<'_, '_>) {
        if height == 0 {
            return self.leaf(ty, choices);
        }
        let less = height - 1;
        match choices.below(12) {
            0 | 1 => self.leaf(ty, choices),
            2..=5 => {
                self.expression(ty, less, choices);
                self.expression(ty, less, choices);
                self.operator(ty, choices);
            }
            6 | 7 => {
                let fitting: Vec<_> = CONVERSIONS.iter().filter(|(_, to, _)| *to == ty).collect();
                let (from, _, instruction) = choices.pick(&fitting).clone();
                self.expression(from, less, choices);
                self.push(instruction);
            }
            8 => {
                self.expression(ty, less, choices);
                self.expression(ty, less, choices);
                self.expression(ValType::I32, less, choices);
                self.push(I::Select);
            }
            9 => {
                self.expression(ValType::I32, less, choices);
                self.push(I::If(BlockType::Result(ty)));
                self.expression(ty, less, choices);
                self.push(I::Else);
                self.expression(ty, less, choices);
                self.push(I::End);
            }
            10 => {
                self.push(I::Block(BlockType::Result(ty)));
                self.expression(ty, less, choices);
                self.expression(ValType::I32, less, choices);
                self.extend([I::BrIf(0), I::Drop]);
                self.expression(ty, less, choices);
                self.push(I::End);
            }
            _ => self.rare(ty, less, choices),
        }
    }

    /// Combines two values of a type.
    pub(super) fn operator(&mut self, ty: ValType, choices: &mut Choices<'_, '_>) {
        let operators = match ty {
            ValType::I32 => OPERATORS_OF_I32,
            ValType::I64 => OPERATORS_OF_I64,
            ValType::F32 => OPERATORS_OF_F32,
            ValType::F64 => OPERATORS_OF_F64,
            _ => OPERATORS_OF_V128,
        };
        let operator = choices.pick(operators);
        self.push(operator);
    }

    fn leaf(&mut self, ty: ValType, choices: &mut Choices<'_, '_>) {
        let variables = self.variables_of(ty);
        if ty == ValType::I32 && choices.one_in(6) {
            let index = if choices.one_in(2) { DEPTH } else { self.counter() };
            self.push(I::LocalGet(index));
        } else if variables.is_empty() || choices.one_in(5) {
            let number = choices.below(300);
            self.constant(ty, number);
        } else {
            self.push(I::LocalGet(choices.pick(&variables)));
        }
    }

    fn rare(&mut self, ty: ValType, less: u32, choices: &mut Choices<'_, '_>) {
        match (choices.below(4), ty) {
            (0, ValType::I64) => {
                self.expression(ty, less, choices);
                self.expression(ty, less, choices);
                self.extend([I::I64MulWideU, I::I64Xor]);
            }
            (0, ValType::V128) => {
                for _ in 0..3 {
                    self.expression(ty, less, choices);
                }
                self.push(I::V128Bitselect);
            }
            (1, ValType::I32 | ValType::I64) => {
                let fitting: Vec<_> = TRAPPING.iter().filter(|(of, _)| *of == ty).collect();
                let (_, instruction) = choices.pick(&fitting).clone();
                self.expression(ty, less, choices);
                self.expression(ty, less, choices);
                self.push(instruction);
            }
            _ => {
                // Sometimes out of bounds.
                self.expression(ValType::I32, less, choices);
                if !choices.one_in(8) {
                    self.extend([I::I32Const(0x3fff), I::I32And]);
                }
                let at = MemArg { offset: choices.below(64).into(), align: 0, memory_index: 0 };
                self.push(match ty {
                    ValType::I32 => I::I32Load(at),
                    ValType::I64 => I::I64Load(at),
                    ValType::F32 => I::F32Load(at),
                    ValType::F64 => I::F64Load(at),
                    _ => I::V128Load(at),
                });
            }
        }
    }
}
