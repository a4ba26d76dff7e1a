//! Operands that are slow on some processors: subnormal numbers, NaNs, infinities, long dividends; and ordinary ones.

use crate::case::Random;
use crate::instructions::{Instruction, Type};

/// Two operands of an instruction, as 16 bytes each; a shorter type takes the first bytes.
#[derive(Clone, Debug)]
pub(crate) struct Operands {
    pub(crate) name: &'static str,
    pub(crate) values: [[u8; 16]; 2],
}

/// Returns the operands to try `instruction` with. None of them traps.
pub(crate) fn operands(instruction: &Instruction, operands: &[Type]) -> Vec<Operands> {
    let Some(first) = operands.first() else { return vec![integer("constant", 0, 0)] };
    if instruction.is_memory_access() {
        return vec![integer("zeros", 0, 0)];
    }
    let lanes = if operands.contains(&Type::V128) { instruction.lanes() } else { *first };
    let float = |list: &[(&'static str, f64, f64)], bits: fn(f64) -> [u8; 16]| {
        let taken = if instruction.may_trap() { 1 } else { list.len() };
        list.iter().take(taken).map(|(name, a, b)| Operands { name, values: [bits(*a), bits(*b)] }).collect()
    };
    match lanes {
        Type::F64 => float(FLOATS_64, |value| splat(&value.to_le_bytes())),
        Type::F32 => float(FLOATS_32, |value| splat(&(value as f32).to_le_bytes())),
        Type::I32 | Type::I64 | Type::V128 => {
            INTEGERS.iter().map(|(name, a, b)| integer(name, *a, *b)).collect()
        }
    }
}

/// Returns `bytes` bytes of operands without a pattern for branch predictors, 16 bytes for each.
pub(crate) fn mixed(instruction: &Instruction, operands: &[Type], bytes: usize) -> Vec<u8> {
    let mut random = Random::new(7);
    let list = self::operands(instruction, operands);
    let mut mixed = Vec::with_capacity(bytes);
    while mixed.len() < bytes {
        let Some(Operands { values: [first, second], .. }) = random.pick(&list) else { break };
        mixed.extend_from_slice(if random.below(2) == 0 { first } else { second });
    }
    mixed
}

fn integer(name: &'static str, a: u64, b: u64) -> Operands {
    Operands { name, values: [splat(&a.to_le_bytes()), splat(&b.to_le_bytes())] }
}

fn splat(bytes: &[u8]) -> [u8; 16] {
    let mut value = [0; 16];
    for (to, from) in value.iter_mut().zip(bytes.iter().cycle()) {
        *to = *from;
    }
    value
}

/// No second operand is zero or -1 in either half, so no division by zero or overflow occurs.
const INTEGERS: &[(&str, u64, u64)] = &[
    ("small", 0x0000_0007_0000_0007, 0x0000_0003_0000_0003),
    ("largest, 1", 0x7fff_ffff_7fff_ffff, 0x0000_0000_0000_0001),
    ("negative, small", 0xffff_fff1_ffff_fff1, 0x0000_0000_0000_0003),
    ("negative, long", 0x8000_0001_8000_0001, 0x0000_0000_1234_5677),
];

/// The first pair is ordinary and within the range of all integers.
const FLOATS_64: &[(&str, f64, f64)] = &[
    ("ordinary", 1.75, 1.25),
    ("subnormal, 1", 5e-310, 1.0),
    ("1, subnormal", 1.0, 5e-310),
    ("subnormal, subnormal", 5e-310, 3e-310),
    ("subnormal results", 3e-308, 0.3),
    ("subnormal quotients", 3e-308, 3.7),
    ("subnormal differences", 3.1e-308, 2.9e-308),
    ("subnormal when demoted", 1.1e-40, 1.0),
    ("NaN", f64::NAN, 1.0),
    ("infinite", f64::INFINITY, f64::INFINITY),
    ("large", -1.7e308, 1e308),
];

const FLOATS_32: &[(&str, f64, f64)] = &[
    ("ordinary", 1.75, 1.25),
    ("subnormal, 1", 1.1e-40, 1.0),
    ("1, subnormal", 1.0, 1.1e-40),
    ("subnormal, subnormal", 1.1e-40, 0.7e-40),
    ("subnormal results", 1.3e-38, 0.3),
    ("subnormal quotients", 1.3e-38, 3.7),
    ("subnormal differences", 1.31e-38, 1.29e-38),
    ("NaN", f64::NAN, 1.0),
    ("infinite", f64::INFINITY, f64::INFINITY),
    ("large", -3.3e38, 2e38),
];
