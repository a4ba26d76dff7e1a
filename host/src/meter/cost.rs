//! The cost of one instruction, in fuel.
//!
//! A price stands for the time of the worst case of an instruction: with the slowest operands, waiting for the
//! instruction before, with its branch mispredicted. So no program takes many times as long per unit as typical code,
//! which has much to do at a time; `outrider calibrate` measures the highest ratio. Prices are part of consensus:
//! changing a number changes the fuel of every program.
//!
//! | instructions | fuel |
//! |---|---|
//! | `block`, `loop`, `else`, `end`, `nop`, `drop`, `unreachable` | 0 |
//! | constants, locals, addition, logic, shifts, the rest | 1 |
//! | counting of bits, sign extension of parts | 2 |
//! | `global.get` | 4 |
//! | comparison of integers; integer multiplication | 6 |
//! | wide arithmetic; `memory.size`, `table.size` | 8 |
//! | loads | 10 |
//! | stores; comparison, negation, absolute value and reinterpretation of floats | 12 |
//! | `select`; `global.set`; SIMD, its loads and stores included | 16 |
//! | floating-point addition, minimum, maximum, conversion | 20, SIMD 40 |
//! | integer division and remainder | 32 |
//! | rounding to an integral value | 32, SIMD 48 |
//! | floating-point conversion between widths | 64 |
//! | floating-point multiplication | 128 |
//! | floating-point division and square root | 256 |
//! | `br`, `return` | 2, and 1 for each value carried |
//! | `br_if`, `if` | 16, and 1 for each value carried |
//! | `br_table` | 40, and 1 for each value carried |
//! | `call` | 40, and 1 for each argument and result |
//! | `call_indirect` | 96, and 1 for each argument and result |
//! | a declared local of the function that is called | 1, `v128` 2 |
//! | `table.get`, `table.set` | 32 |
//! | `ref.func` | 512 |
//! | `data.drop`, `elem.drop` | 64 |
//! | `memory.copy`, `memory.init` | 64, and 1 for each byte |
//! | `memory.fill` | 1,536, and 1 for each byte |
//! | `table.copy`, `table.init`, `table.fill` | 128, and 16 for each element |
//! | `table.grow` | 128, and 16 for each element |
//! | `memory.grow` | 128, and 32,768 for each page |
//!
//! Floats are dear because of subnormal numbers, which some processors multiply and divide in microcode, a hundred
//! times more slowly. A chain whose EEs compute with integers can refuse floats:
//! [`Limits::floats`](crate::Limits::floats).
//!
//! Values that a branch or a call carries have a price because they are moved: a branch that shifts a thousand operands
//! by one place is two instructions of WebAssembly and a thousand of the machine.
//!
//! Every branch costs something, so no loop is free. An instruction that is not in the table is refused: unmeasured
//! instructions have no default price.

use wasmparser::{Operator, ValType};

use super::entry::PAGE_LOG2;

/// The price of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// The price of every execution.
    pub(super) fixed: u64,
    /// For a bulk instruction, the binary logarithm of the price of one item. The number of items is the topmost operand.
    pub(super) item_log2: Option<u32>,
}

const FREE: u64 = 0;
const SIMPLE: u64 = 1;
const COMPARISON: u64 = 6;
const BITS: u64 = 2;
const MULTIPLICATION: u64 = 6;
const SELECT: u64 = 16;
const SIZE: u64 = 8;
const STORE: u64 = 12;
const LOAD: u64 = 10;
const GLOBAL_GET: u64 = 4;
const GLOBAL_SET: u64 = 16;
const WIDE: u64 = 8;
const FLOAT_BITS: u64 = 12;
const SIMD: u64 = 16;
const FLOAT: u64 = 20;
const SIMD_FLOAT: u64 = 40;
const DIVISION: u64 = 32;
const ROUNDING: u64 = 32;
const SIMD_ROUNDING: u64 = 48;
const FLOAT_WIDTH: u64 = 64;
const FLOAT_MULTIPLICATION: u64 = 128;
const FLOAT_DIVISION: u64 = 256;
const BRANCH: u64 = 2;
const BRANCH_IF: u64 = 16;
const BRANCH_TABLE: u64 = 40;
const CALL: u64 = 40;
const CALL_INDIRECT: u64 = 96;
const TABLE_ACCESS: u64 = 32;
const REFERENCE: u64 = 512;
const DROP_SEGMENT: u64 = 64;
const COPY: u64 = 64;
const FILL: u64 = 1536;
const TABLE_BULK: u64 = 128;
const GROW: u64 = 128;

const BYTE_LOG2: u32 = 0;
const ELEMENT_LOG2: u32 = 4;

/// The price of a declared local, which a call of its function sets to zero.
pub(super) const fn local_cost(val_type: ValType) -> u64 {
    match val_type {
        ValType::V128 => 2 * SIMPLE,
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::Ref(_) => SIMPLE,
    }
}

/// The price of `operator`, or `None` when it is not in the table. `values` is the number of operands that it moves, if it is
/// a branch or a call.
pub(super) fn cost(operator: &Operator<'_>, values: u32) -> Option<Cost> {
    let (fixed, item_log2) = match operator {
        Operator::Br { .. } | Operator::Return => (BRANCH + u64::from(values), None),
        Operator::BrIf { .. } | Operator::If { .. } => (BRANCH_IF + u64::from(values), None),
        Operator::BrTable { .. } => (BRANCH_TABLE + u64::from(values), None),
        Operator::Call { .. } => (CALL + u64::from(values), None),
        Operator::CallIndirect { .. } => (CALL_INDIRECT + u64::from(values), None),
        Operator::MemoryFill { .. } => (FILL, Some(BYTE_LOG2)),
        Operator::MemoryCopy { .. } | Operator::MemoryInit { .. } => (COPY, Some(BYTE_LOG2)),
        Operator::TableFill { .. } | Operator::TableCopy { .. } | Operator::TableInit { .. } => {
            (TABLE_BULK, Some(ELEMENT_LOG2))
        }
        Operator::TableGrow { .. } => (GROW, Some(ELEMENT_LOG2)),
        Operator::MemoryGrow { .. } => (GROW, Some(PAGE_LOG2)),
        _ => (fixed(operator)?, None),
    };
    Some(Cost { fixed, item_log2 })
}

/// Returns the price of an instruction that neither moves values nor has a size.
#[rustfmt::skip]
fn fixed(operator: &Operator<'_>) -> Option<u64> {
    use Operator::*;
    Some(match operator {
        Unreachable | Nop | Drop | Block { .. } | Loop { .. } | Else | End => FREE,

        I32Eqz | I32Eq | I32Ne | I32LtS | I32LtU | I32GtS | I32GtU | I32LeS | I32LeU | I32GeS | I32GeU |
        I64Eqz | I64Eq | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU | I64LeS | I64LeU | I64GeS | I64GeU => COMPARISON,
        I32Clz | I32Ctz | I32Popcnt | I64Clz | I64Ctz | I64Popcnt |
        I32Extend8S | I32Extend16S | I64Extend8S | I64Extend16S | I64Extend32S => BITS,
        I32Mul | I64Mul => MULTIPLICATION,
        I64MulWideS | I64MulWideU | I64Add128 | I64Sub128 => WIDE,
        I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU => DIVISION,
        I32Store { .. } | I64Store { .. } | F32Store { .. } | F64Store { .. } |
        I32Store8 { .. } | I32Store16 { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. } => STORE,
        Select | TypedSelect { .. } => SELECT,
        MemorySize { .. } | TableSize { .. } => SIZE,
        GlobalGet { .. } => GLOBAL_GET,
        GlobalSet { .. } => GLOBAL_SET,

        F32Eq | F32Ne | F32Lt | F32Gt | F32Le | F32Ge | F64Eq | F64Ne | F64Lt | F64Gt | F64Le | F64Ge |
        F32Abs | F32Neg | F32Copysign | F64Abs | F64Neg | F64Copysign |
        I32ReinterpretF32 | I64ReinterpretF64 | F32ReinterpretI32 | F64ReinterpretI64 => FLOAT_BITS,
        F32Add | F32Sub | F32Min | F32Max | F64Add | F64Sub | F64Min | F64Max |
        I32TruncF32S | I32TruncF32U | I32TruncF64S | I32TruncF64U |
        I64TruncF32S | I64TruncF32U | I64TruncF64S | I64TruncF64U |
        I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U |
        I64TruncSatF32S | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U |
        F32ConvertI32S | F32ConvertI32U | F32ConvertI64S | F32ConvertI64U |
        F64ConvertI32S | F64ConvertI32U | F64ConvertI64S | F64ConvertI64U => FLOAT,
        F32Ceil | F32Floor | F32Trunc | F32Nearest | F64Ceil | F64Floor | F64Trunc | F64Nearest => ROUNDING,
        F32DemoteF64 | F64PromoteF32 | F32x4DemoteF64x2Zero | F64x2PromoteLowF32x4 => FLOAT_WIDTH,
        F32Mul | F64Mul | F32x4Mul | F64x2Mul => FLOAT_MULTIPLICATION,
        F32Div | F32Sqrt | F64Div | F64Sqrt | F32x4Div | F32x4Sqrt | F64x2Div | F64x2Sqrt => FLOAT_DIVISION,

        F32x4Add | F32x4Sub | F64x2Add | F64x2Sub |
        F32x4Min | F32x4Max | F32x4PMin | F32x4PMax | F64x2Min | F64x2Max | F64x2PMin | F64x2PMax |
        F32x4ConvertI32x4S | F32x4ConvertI32x4U | F64x2ConvertLowI32x4S | F64x2ConvertLowI32x4U |
        I32x4TruncSatF32x4S | I32x4TruncSatF32x4U | I32x4TruncSatF64x2SZero | I32x4TruncSatF64x2UZero => {
            SIMD_FLOAT
        }
        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest |
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest => SIMD_ROUNDING,

        TableGet { .. } | TableSet { .. } => TABLE_ACCESS,
        RefFunc { .. } => REFERENCE,
        DataDrop { .. } | ElemDrop { .. } => DROP_SEGMENT,
        _ => ordinary(operator)?,
    })
}

/// Returns the price of an instruction without a price of its own: that of its proposal, and of memory access if it has
/// a memory operand.
fn ordinary(operator: &Operator<'_>) -> Option<u64> {
    macro_rules! price {
        (mvp memarg) => {
            Some(LOAD)
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
            Some(SIMD)
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
