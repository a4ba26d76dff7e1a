//! What one instruction costs, in fuel.
//!
//! One unit is about the time of one simple instruction, of which Cranelift's code for ordinary guests runs some 25 in a
//! nanosecond: much of WebAssembly, such as `local.get`, becomes no machine code at all. Prices follow what the machine does, roughly,
//! and err on the dear side. They are part of consensus: changing a number changes the fuel of every program.
//!
//! | instructions | fuel |
//! |---|---|
//! | `block`, `loop`, `else`, `end`, `nop`, `drop`, `unreachable` | 0 |
//! | constants, locals, globals, integer arithmetic, comparisons, `select`, the rest | 1 |
//! | loads and stores; integer multiplication; wide arithmetic; SIMD | 2 |
//! | floating-point arithmetic, rounding and conversion, with the canonical NaN | 4, SIMD 8 |
//! | integer division and remainder; floating-point division and square root | 16, SIMD 32 |
//! | `br`, `return` | 1, and 1 for each value carried |
//! | `br_if`, `if` | 2, and 1 for each value carried |
//! | `br_table` | 6, and 1 for each value carried |
//! | `call` | 8, and 1 for each argument and result |
//! | `call_indirect` | 16, and 1 for each argument and result |
//! | `table.get`, `table.set`, `ref.func` | 16 |
//! | `data.drop`, `elem.drop` | 32 |
//! | `memory.fill`, `memory.copy`, `memory.init` | 32, and 1 for each byte |
//! | `table.fill`, `table.copy`, `table.init` | 32, and 16 for each element |
//! | `table.grow` | 128, and 16 for each element |
//! | `memory.grow` | 128, and 131072 for each page, which is 2 for each byte |
//!
//! Values that a branch or a call carries are charged because they are moved: a branch that shifts a thousand operands by
//! one place is two instructions of WebAssembly and a thousand of the machine.
//!
//! Every branch costs something, so no loop is free. An instruction that is not in the table is refused: there is no
//! default for what nobody has measured.

use wasmparser::{Operator, ValType};

use super::entry::PAGE_LOG2;

/// The price of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// What every execution costs.
    pub(super) fixed: u64,
    /// For a bulk instruction, the binary logarithm of the price of one item. The number of items is the topmost operand.
    pub(super) item_log2: Option<u32>,
}

const FREE: u64 = 0;
const SIMPLE: u64 = 1;
const DOUBLE: u64 = 2;
const FLOAT: u64 = 4;
const SIMD_FLOAT: u64 = 8;
const DIVISION: u64 = 16;
const SIMD_DIVISION: u64 = 32;
const BRANCH_IF: u64 = 2;
const BRANCH_TABLE: u64 = 6;
const CALL: u64 = 8;
const CALL_INDIRECT: u64 = 16;
const TABLE_ACCESS: u64 = 16;
const BULK: u64 = 32;
const GROW: u64 = 128;

const BYTE_LOG2: u32 = 0;
const ELEMENT_LOG2: u32 = 4;

/// The price of a declared local, which a call of its function sets to zero.
pub(super) const fn local_cost(val_type: ValType) -> u64 {
    match val_type {
        ValType::V128 => DOUBLE,
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::Ref(_) => SIMPLE,
    }
}

/// The price of `operator`, or `None` when it is not in the table. `values` is the number of operands that it moves, if it is
/// a branch or a call.
pub(super) fn cost(operator: &Operator<'_>, values: u32) -> Option<Cost> {
    let (fixed, item_log2) = match operator {
        Operator::Br { .. } | Operator::Return => (SIMPLE + u64::from(values), None),
        Operator::BrIf { .. } | Operator::If { .. } => (BRANCH_IF + u64::from(values), None),
        Operator::BrTable { .. } => (BRANCH_TABLE + u64::from(values), None),
        Operator::Call { .. } => (CALL + u64::from(values), None),
        Operator::CallIndirect { .. } => (CALL_INDIRECT + u64::from(values), None),
        Operator::MemoryFill { .. } | Operator::MemoryCopy { .. } | Operator::MemoryInit { .. } => {
            (BULK, Some(BYTE_LOG2))
        }
        Operator::TableFill { .. } | Operator::TableCopy { .. } | Operator::TableInit { .. } => {
            (BULK, Some(ELEMENT_LOG2))
        }
        Operator::TableGrow { .. } => (GROW, Some(ELEMENT_LOG2)),
        Operator::MemoryGrow { .. } => (GROW, Some(PAGE_LOG2)),
        _ => (fixed(operator)?, None),
    };
    Some(Cost { fixed, item_log2 })
}

/// The price of an instruction that neither moves values nor has a size.
#[rustfmt::skip]
fn fixed(operator: &Operator<'_>) -> Option<u64> {
    use Operator::*;
    Some(match operator {
        Unreachable | Nop | Drop | Block { .. } | Loop { .. } | Else | End => FREE,

        I32Mul | I64Mul | I64MulWideS | I64MulWideU | I64Add128 | I64Sub128 => DOUBLE,
        I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU => DIVISION,

        F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Add | F32Sub | F32Mul | F32Min | F32Max |
        F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Add | F64Sub | F64Mul | F64Min | F64Max |
        I32TruncF32S | I32TruncF32U | I32TruncF64S | I32TruncF64U |
        I64TruncF32S | I64TruncF32U | I64TruncF64S | I64TruncF64U |
        I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U |
        I64TruncSatF32S | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U |
        F32ConvertI32S | F32ConvertI32U | F32ConvertI64S | F32ConvertI64U | F32DemoteF64 |
        F64ConvertI32S | F64ConvertI32U | F64ConvertI64S | F64ConvertI64U | F64PromoteF32 => FLOAT,
        F32Div | F32Sqrt | F64Div | F64Sqrt => DIVISION,

        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Add | F32x4Sub | F32x4Mul |
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Add | F64x2Sub | F64x2Mul |
        F32x4Min | F32x4Max | F32x4PMin | F32x4PMax | F64x2Min | F64x2Max | F64x2PMin | F64x2PMax |
        F32x4ConvertI32x4S | F32x4ConvertI32x4U | F64x2ConvertLowI32x4S | F64x2ConvertLowI32x4U |
        I32x4TruncSatF32x4S | I32x4TruncSatF32x4U | I32x4TruncSatF64x2SZero | I32x4TruncSatF64x2UZero |
        F32x4DemoteF64x2Zero | F64x2PromoteLowF32x4 => SIMD_FLOAT,
        F32x4Div | F32x4Sqrt | F64x2Div | F64x2Sqrt => SIMD_DIVISION,

        TableGet { .. } | TableSet { .. } | RefFunc { .. } => TABLE_ACCESS,
        DataDrop { .. } | ElemDrop { .. } => BULK,
        _ => ordinary(operator)?,
    })
}

/// The price of an instruction without a price of its own: that of its proposal, and of memory access if it has a
/// memory operand.
fn ordinary(operator: &Operator<'_>) -> Option<u64> {
    macro_rules! price {
        (mvp memarg) => {
            Some(DOUBLE)
        };
        (simd memarg $($_lane:ident)?) => {
            Some(DOUBLE)
        };
        (mvp $($_argument:ident)*) => {
            Some(SIMPLE)
        };
        (sign_extension) => {
            Some(SIMPLE)
        };
        (reference_types $($_argument:ident)*) => {
            Some(SIMPLE)
        };
        (simd $($_argument:ident)*) => {
            Some(DOUBLE)
        };
        ($_other:ident $($_argument:ident)*) => {
            None
        };
    }
    macro_rules! prices {
        ($(@$proposal:ident $operator:ident $({ $($argument:ident: $_type:ty),* })? => $_visit:ident ($($_notes:tt)*))*) => {
            match operator {
                $(Operator::$operator { .. } => price!($proposal $($($argument)*)?),)*
                _ => None,
            }
        };
    }
    wasmparser::for_each_operator!(prices)
}
