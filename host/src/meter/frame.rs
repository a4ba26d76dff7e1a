//! Bounds the size of a function's native frame.
//!
//! A frame holds the values that the register allocator spills, and arguments of calls. Spilled values that live at
//! different times often share a place, but no allocator promises it. It is certain that each value has at most one
//! place, and that an engine makes a limited number of values of each instruction, as long as it compiles code in
//! place. So the bound is a sum over the instructions of a function:
//!
//! | instructions | bytes |
//! |---|---|
//! | `local.*`, `drop`, `nop`, `block`, `loop`, `else`, `end`, `unreachable` | 0 |
//! | constants, integer arithmetic and comparisons | 16 |
//! | loads, stores, globals, `select`, branches | 64 |
//! | floating-point arithmetic, integer division, counting of bits | 128 |
//! | SIMD, calls | 256 |
//! | tables, references, bulk instructions, `call_indirect` | 512 |
//! | each value that a call, a branch or the end of a construct passes | 16 |
//! | each local that is set within a construct, where paths with different values of it join | 16 |
//! | each parameter and local; each charged segment | 16; 64 |
//! | the function | 512 |
//!
//! Tests compare Cranelift's frames with this bound.

use wasmparser::Operator;

/// The native bytes of one slot: a function whose frame could take more has more slots.
///
/// With the default limit of 65,536 slots, guests have 64 MiB of native stack.
pub(crate) const NATIVE_BYTES_PER_SLOT: u64 = 1024;

/// For each passed value: 16 bytes hold one of any type.
pub(super) const VALUE_BYTES: u64 = 16;
/// For each segment: the counter, its copy, the comparison and constants.
pub(super) const CHARGE_BYTES: u64 = 64;
/// For each function: saved registers, alignment, the counters at its start and end.
pub(super) const FUNCTION_BYTES: u64 = 512;

/// Returns the bytes of the values that an instruction makes, without those that it passes.
#[rustfmt::skip]
pub(super) fn native_bytes(operator: &Operator<'_>) -> u64 {
    use Operator::*;
    match operator {
        Unreachable | Nop | Drop | Block { .. } | Loop { .. } | Else | End |
        LocalGet { .. } | LocalSet { .. } | LocalTee { .. } => 0,

        I32Const { .. } | I64Const { .. } |
        I32Add | I32Sub | I32Mul | I32And | I32Or | I32Xor | I32Shl | I32ShrS | I32ShrU | I32Rotl | I32Rotr |
        I64Add | I64Sub | I64Mul | I64And | I64Or | I64Xor | I64Shl | I64ShrS | I64ShrU | I64Rotl | I64Rotr |
        I32Eqz | I32Eq | I32Ne | I32LtS | I32LtU | I32GtS | I32GtU | I32LeS | I32LeU | I32GeS | I32GeU |
        I64Eqz | I64Eq | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU | I64LeS | I64LeU | I64GeS | I64GeU |
        I32WrapI64 | I64ExtendI32S | I64ExtendI32U |
        I32Extend8S | I32Extend16S | I64Extend8S | I64Extend16S | I64Extend32S => 16,

        I32Load { .. } | I64Load { .. } | F32Load { .. } | F64Load { .. } |
        I32Load8S { .. } | I32Load8U { .. } | I32Load16S { .. } | I32Load16U { .. } |
        I64Load8S { .. } | I64Load8U { .. } | I64Load16S { .. } | I64Load16U { .. } |
        I64Load32S { .. } | I64Load32U { .. } |
        I32Store { .. } | I64Store { .. } | F32Store { .. } | F64Store { .. } |
        I32Store8 { .. } | I32Store16 { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. } |
        GlobalGet { .. } | GlobalSet { .. } | Select | TypedSelect { .. } |
        F32Const { .. } | F64Const { .. } | MemorySize { .. } |
        Br { .. } | BrIf { .. } | BrTable { .. } | If { .. } | Return => 64,

        I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU |
        I32Clz | I32Ctz | I32Popcnt | I64Clz | I64Ctz | I64Popcnt |
        I64Add128 | I64Sub128 | I64MulWideS | I64MulWideU |
        F32Eq | F32Ne | F32Lt | F32Gt | F32Le | F32Ge | F64Eq | F64Ne | F64Lt | F64Gt | F64Le | F64Ge |
        F32Abs | F32Neg | F32Copysign | F64Abs | F64Neg | F64Copysign |
        F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Sqrt | F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Sqrt |
        F32Add | F32Sub | F32Mul | F32Div | F32Min | F32Max | F64Add | F64Sub | F64Mul | F64Div | F64Min | F64Max |
        F32DemoteF64 | F64PromoteF32 |
        I32ReinterpretF32 | I64ReinterpretF64 | F32ReinterpretI32 | F64ReinterpretI64 => 128,

        CallIndirect { .. } | TableGet { .. } | TableSet { .. } | TableSize { .. } | TableGrow { .. } |
        TableFill { .. } | TableCopy { .. } | TableInit { .. } | ElemDrop { .. } | DataDrop { .. } |
        MemoryGrow { .. } | MemoryFill { .. } | MemoryCopy { .. } | MemoryInit { .. } |
        RefFunc { .. } | RefNull { .. } | RefIsNull => 512,

        // Calls, conversions between integers and floats, and SIMD.
        _ => 256,
    }
}
