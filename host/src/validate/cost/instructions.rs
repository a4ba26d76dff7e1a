//! The time and memory to compile single instructions.

use wasmparser::Operator;

use super::{Work, work};

/// A direct call, or an instruction that engines compile as one.
const CALL: Work = work(9_000, 4_000, 60);
/// A conversion that traps, after several comparisons.
const CHECKED: Work = work(24_000, 4_000, 100);
/// An instruction that checks more than one thing, or calls with many arguments.
pub(super) const BULK: Work = work(40_000, 20_000, 200);
/// A return, with the code that restores the caller's registers.
const RETURN: Work = work(0, 0, 30);

/// A long sequence of machine instructions, with values of their own that compete for registers.
#[derive(Clone, Copy)]
pub(super) struct Sequence {
    work: Work,
    /// The number of uses of locals that compete as much.
    pub(super) n_uses: u64,
}

/// Integer division, which checks for zero and takes registers of its own.
const DIVISION: Sequence = Sequence { work: work(12_000, 1_000, 20), n_uses: 0 };
/// Arithmetic of two floats, which makes NaNs canonical.
const FLOAT_BINARY: Sequence = Sequence { work: work(13_000, 6_000, 40), n_uses: 18 };
/// The lesser or greater of two floats, which compares them more than once.
const FLOAT_EXTREME: Sequence = Sequence { work: work(13_000, 6_000, 80), n_uses: 18 };
/// Arithmetic of one float.
const FLOAT_UNARY: Sequence = Sequence { work: work(13_000, 6_000, 50), n_uses: 27 };
/// A float to an integer, saturating.
const SATURATING: Sequence = Sequence { work: work(0, 0, 100), n_uses: 0 };
/// A 64-bit unsigned integer to a float.
const FROM_UNSIGNED: Sequence = Sequence { work: work(0, 0, 50), n_uses: 0 };
/// Arithmetic of vectors of floats.
const SIMD_FLOAT: Sequence = Sequence { work: work(13_000, 6_000, 70), n_uses: 9 };
/// A vector of floats to unsigned integers, for which processors have no instruction.
const SIMD_UNSIGNED: Sequence = Sequence { work: work(20_000, 6_500, 80), n_uses: 40 };
/// A vector constant.
const SIMD_CONSTANT: Sequence = Sequence { work: work(0, 0, 20), n_uses: 0 };
/// Vector arithmetic that becomes a few machine instructions.
const SIMD_FEW: Sequence = Sequence { work: work(6_000, 2_500, 70), n_uses: 5 };

/// Returns the number of blocks of an instruction, including metering and the engines' checks, on the engine with more
/// of them.
pub(super) fn n_blocks(operator: &Operator<'_>) -> u64 {
    match operator {
        Operator::Block { .. } | Operator::Else | Operator::Br { .. } | Operator::Return => 1,
        Operator::If { .. }
        | Operator::BrIf { .. }
        | Operator::TableSet { .. }
        | Operator::MemoryGrow { .. }
        | Operator::MemoryFill { .. }
        | Operator::MemoryCopy { .. }
        | Operator::MemoryInit { .. } => 3,
        Operator::CallIndirect { .. } | Operator::TableFill { .. } | Operator::TableGrow { .. } => 4,
        Operator::TableGet { .. } => 5,
        Operator::Loop { .. } => 6,
        Operator::TableInit { .. } => 10,
        Operator::TableCopy { .. } => 16,
        Operator::BrTable { targets } => u64::from(targets.len()).saturating_add(2),
        _ => 0,
    }
}

/// Returns the work of an instruction beyond that of any other, without its blocks.
pub(super) fn extra(operator: &Operator<'_>) -> Work {
    match operator {
        Operator::Call { .. }
        | Operator::CallIndirect { .. }
        | Operator::RefFunc { .. }
        | Operator::DataDrop { .. }
        | Operator::ElemDrop { .. }
        | Operator::MemorySize { .. }
        | Operator::TableSize { .. }
        | Operator::TableGet { .. }
        | Operator::Unreachable => CALL,
        Operator::I32TruncF32S
        | Operator::I32TruncF32U
        | Operator::I32TruncF64S
        | Operator::I32TruncF64U
        | Operator::I64TruncF32S
        | Operator::I64TruncF32U
        | Operator::I64TruncF64S
        | Operator::I64TruncF64U => CHECKED,
        Operator::MemoryGrow { .. }
        | Operator::MemoryFill { .. }
        | Operator::MemoryCopy { .. }
        | Operator::MemoryInit { .. }
        | Operator::TableSet { .. }
        | Operator::TableGrow { .. }
        | Operator::TableFill { .. }
        | Operator::TableInit { .. } => BULK,
        Operator::TableCopy { .. } => BULK.plus(work(0, 0, 120), 1),
        Operator::Return => RETURN,
        _ => match sequence(operator) {
            Some(Sequence { work, .. }) => work,
            None => Work::default(),
        },
    }
}

/// Returns the long sequence that an instruction becomes, if it does.
#[rustfmt::skip]
pub(super) fn sequence(operator: &Operator<'_>) -> Option<Sequence> {
    use Operator::*;
    Some(match operator {
        I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU => DIVISION,
        F32Add | F32Sub | F32Mul | F32Div | F64Add | F64Sub | F64Mul | F64Div => FLOAT_BINARY,
        F32Min | F32Max | F64Min | F64Max => FLOAT_EXTREME,
        I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U |
        I64TruncSatF32S | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U => SATURATING,
        F32ConvertI64U | F64ConvertI64U => FROM_UNSIGNED,
        F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Sqrt | F32DemoteF64 |
        F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Sqrt | F64PromoteF32 => FLOAT_UNARY,
        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Sqrt | F32x4DemoteF64x2Zero |
        F32x4Add | F32x4Sub | F32x4Mul | F32x4Div | F32x4Min | F32x4Max | F32x4PMin | F32x4PMax |
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Sqrt | F64x2PromoteLowF32x4 |
        F64x2Add | F64x2Sub | F64x2Mul | F64x2Div | F64x2Min | F64x2Max | F64x2PMin | F64x2PMax |
        F32x4ConvertI32x4U | I32x4TruncSatF32x4S | I32x4TruncSatF64x2SZero | I32x4TruncSatF64x2UZero => SIMD_FLOAT,
        I32x4TruncSatF32x4U => SIMD_UNSIGNED,
        I8x16Popcnt | I8x16Shl | I8x16ShrS | I8x16ShrU | I64x2ShrS | I64x2Abs |
        I8x16AllTrue | I16x8AllTrue | I32x4AllTrue | I64x2AllTrue | I64x2Mul |
        I64x2ExtMulLowI32x4S | I64x2ExtMulHighI32x4S | I64x2ExtMulLowI32x4U | I64x2ExtMulHighI32x4U |
        F32Copysign | F64Copysign | F32x4ConvertI32x4S | F64x2ConvertLowI32x4S | F64x2ConvertLowI32x4U => SIMD_FEW,
        V128Const { .. } | I8x16Shuffle { .. } => SIMD_CONSTANT,
        _ => return None,
    })
}
