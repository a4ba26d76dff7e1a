//! The instructions of the profile, with their types.

use outrider_host::PROPOSALS;

/// The type of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
}

impl Type {
    pub(crate) const ALL: [Self; 5] = [Self::I32, Self::I64, Self::F32, Self::F64, Self::V128];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
        }
    }

    /// Parses `i32` and the like, and `i8x16` and the like.
    fn of(name: &str) -> Option<Self> {
        if matches!(name, "i8x16" | "i16x8" | "i32x4" | "i64x2" | "f32x4" | "f64x2") {
            return Some(Self::V128);
        }
        Self::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// Returns the cheapest instructions that convert a value of this type to type `to`, with a dependency on it.
    pub(crate) const fn convert(self, to: Self) -> &'static str {
        use Type::{F32, F64, I32, I64, V128};
        match (self, to) {
            (I32, I32) | (I64, I64) | (F32, F32) | (F64, F64) | (V128, V128) => "",
            (I32, I64) => "i64.extend_i32_u",
            (I32, F32) => "f32.reinterpret_i32",
            (I32, F64) => "i64.extend_i32_u f64.reinterpret_i64",
            (I32, V128) => "i32x4.splat",
            (I64, I32) => "i32.wrap_i64",
            (I64, F32) => "i32.wrap_i64 f32.reinterpret_i32",
            (I64, F64) => "f64.reinterpret_i64",
            (I64, V128) => "i64x2.splat",
            (F32, I32) => "i32.reinterpret_f32",
            (F32, I64) => "i32.reinterpret_f32 i64.extend_i32_u",
            (F32, F64) => "i32.reinterpret_f32 i64.extend_i32_u f64.reinterpret_i64",
            (F32, V128) => "f32x4.splat",
            (F64, I32) => "i64.reinterpret_f64 i32.wrap_i64",
            (F64, I64) => "i64.reinterpret_f64",
            (F64, F32) => "i64.reinterpret_f64 i32.wrap_i64 f32.reinterpret_i32",
            (F64, V128) => "f64x2.splat",
            (V128, I32) => "i32x4.extract_lane 0",
            (V128, I64) => "i64x2.extract_lane 0",
            (V128, F32) => "f32x4.extract_lane 0",
            (V128, F64) => "f64x2.extract_lane 0",
        }
    }
}

/// An instruction of the profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    /// The name in the text format.
    pub(crate) name: &'static str,
    /// The names of the immediates, such as `memarg`.
    pub(crate) immediates: &'static [&'static str],
}

/// The operands and results of an instruction that computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) operands: Vec<Type>,
    pub(crate) results: Vec<Type>,
}

/// Returns every instruction of the profile.
pub(crate) fn profile() -> Vec<Instruction> {
    macro_rules! table {
        ($(@$proposal:ident $operator:ident $({ $($argument:ident: $_type:ty),* })? => $visit:ident ($($_notes:tt)*))*) => {
            [$((stringify!($proposal), stringify!($visit), &[$($(stringify!($argument)),*)?] as &[&str])),*]
        };
    }
    let table = wasmparser::for_each_operator!(table);
    let accepted = |proposal: &str| {
        let name = proposal.replace('_', "-");
        name == "mvp" || PROPOSALS.iter().any(|proposal| proposal.accepted && proposal.name == name)
    };
    let accepted =
        table.into_iter().filter(|(proposal, visit, _)| accepted(proposal) && !NOT_ENCODABLE.contains(visit));
    accepted.map(|(_, visit, immediates)| Instruction { name: text_name(visit), immediates }).collect()
}

/// Operators that no valid module has: the validator accepts `select` with only one type.
const NOT_ENCODABLE: &[&str] = &["visit_typed_select_multi"];

/// Converts the name of a visitor's method to the name in the text format.
///
/// It leaks a few strings, those of one table.
fn text_name(visit: &'static str) -> &'static str {
    let name = visit.strip_prefix("visit_").unwrap_or(visit);
    if name == "typed_select" {
        return "select t";
    }
    let Some((first, rest)) = name.split_once('_') else { return name };
    let is_prefix = Type::of(first).is_some()
        || matches!(first, "local" | "global" | "memory" | "table" | "ref" | "data" | "elem");
    if is_prefix { Box::leak(format!("{first}.{rest}").into_boxed_str()) } else { name }
}

impl Instruction {
    /// Returns the types of an instruction with operands and results of numeric types. These are all but control,
    /// variables, references, tables, and instructions on ranges of memory.
    pub(crate) fn signature(&self) -> Option<Signature> {
        use Type::{I32, I64, V128};
        let (prefix, name) = self.name.split_once('.')?;
        let own = Type::of(prefix)?;
        let signature = |operands: &[Type], results: &[Type]| {
            Some(Signature { operands: operands.to_vec(), results: results.to_vec() })
        };
        if self.is_memory_access() {
            return match (name.contains("store"), name.ends_with("_lane")) {
                (true, _) => signature(&[I32, own], &[]),
                (false, true) => signature(&[I32, V128], &[V128]),
                (false, false) => signature(&[I32], &[own]),
            };
        }
        match name {
            "const" => return signature(&[], &[own]),
            "add128" | "sub128" => return signature(&[I64; 4], &[I64; 2]),
            "mul_wide_s" | "mul_wide_u" => return signature(&[I64; 2], &[I64; 2]),
            "bitselect" => return signature(&[V128; 3], &[V128]),
            _ => {}
        }
        if own == V128 {
            return self.vector_signature(prefix, name);
        }
        match name {
            "eqz" => signature(&[own], &[I32]),
            "eq" | "ne" | "lt" | "lt_s" | "lt_u" | "gt" | "gt_s" | "gt_u" | "le" | "le_s" | "le_u" | "ge"
            | "ge_s" | "ge_u" => signature(&[own; 2], &[I32]),
            "clz" | "ctz" | "popcnt" | "abs" | "neg" | "ceil" | "floor" | "trunc" | "nearest" | "sqrt"
            | "extend8_s" | "extend16_s" | "extend32_s" => signature(&[own], &[own]),
            _ => match name.split('_').find_map(Type::of) {
                Some(from) => signature(&[from], &[own]),
                None => signature(&[own; 2], &[own]),
            },
        }
    }

    fn vector_signature(&self, prefix: &str, name: &str) -> Option<Signature> {
        use Type::{I32, V128};
        let lane = match prefix {
            "i64x2" => Type::I64,
            "f32x4" => Type::F32,
            "f64x2" => Type::F64,
            _ => I32,
        };
        let (operands, results) = match name {
            "splat" => (vec![lane], vec![V128]),
            "extract_lane" | "extract_lane_s" | "extract_lane_u" => (vec![V128], vec![lane]),
            "replace_lane" => (vec![V128, lane], vec![V128]),
            "shl" | "shr_s" | "shr_u" => (vec![V128, I32], vec![V128]),
            "all_true" | "any_true" | "bitmask" => (vec![V128], vec![I32]),
            "not" | "abs" | "neg" | "popcnt" | "ceil" | "floor" | "trunc" | "nearest" | "sqrt" => {
                (vec![V128], vec![V128])
            }
            _ if ["extend_", "extadd_", "convert_", "trunc_sat_", "demote_", "promote_"]
                .iter()
                .any(|part| name.starts_with(part)) =>
            {
                (vec![V128], vec![V128])
            }
            _ => (vec![V128; 2], vec![V128]),
        };
        Some(Signature { operands, results })
    }

    /// Returns whether the instruction loads or stores.
    pub(crate) fn is_memory_access(&self) -> bool {
        self.immediates.contains(&"memarg")
    }

    /// Returns whether some operands trap: those of integer division and of conversions that do not saturate.
    pub(crate) fn may_trap(&self) -> bool {
        let truncates = self.name.contains(".trunc_f");
        truncates || self.divides()
    }

    pub(crate) fn divides(&self) -> bool {
        self.name.starts_with('i') && (self.name.contains(".div") || self.name.contains(".rem"))
    }

    /// Returns the type of the lanes of vector operands.
    pub(crate) fn lanes(&self) -> Type {
        let (prefix, name) = self.name.split_once('.').unwrap_or(("", self.name));
        let of = |text: &str| {
            [
                ("f64x2", Type::F64),
                ("f32x4", Type::F32),
                ("i32x4", Type::I32),
                ("i16x8", Type::I32),
                ("i8x16", Type::I32),
            ]
            .into_iter()
            .find(|(part, _)| text.contains(part))
            .map(|(_, ty)| ty)
        };
        of(name).or_else(|| of(prefix)).unwrap_or(Type::I64)
    }

    /// Writes the instruction with its immediates: a constant, an offset, a lane, an alignment of 1.
    pub(crate) fn text(&self, offset: u32) -> String {
        let name = self.name;
        match self.immediates {
            [] => name.to_owned(),
            ["memarg"] => format!("{name} offset={offset} align=1"),
            ["memarg", "lane"] => format!("{name} offset={offset} align=1 1"),
            ["lane"] => format!("{name} 1"),
            ["lanes"] => format!("{name} 3 17 0 31 14 9 8 22 5 5 27 1 16 30 2 12"),
            _ if name == "v128.const" => format!("{name} i64x2 0x7ff8123456789abc -3"),
            _ if name.starts_with('f') => format!("{name} 1.1"),
            _ => format!("{name} 0x12345678"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_validator_accepts_every_signature() {
        for instruction in profile() {
            let Some(Signature { operands, results }) = instruction.signature() else { continue };
            let list = |types: &[Type]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(" ");
            let gets = (0..operands.len()).map(|index| format!("local.get {index} ")).collect::<String>();
            let text = format!(
                "(module (memory 1) (func (param {}) (result {}) {gets} {}))",
                list(&operands),
                list(&results),
                instruction.text(0)
            );
            let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
            validator.validate_all(&wasm).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }
}
