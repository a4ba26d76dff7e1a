//! Cases of instructions that compute, load or store, each in loops of three forms:
//!
//! - A *chain*: each instruction waits for the one before; the time is its latency.
//! - In *parallel*: none waits for another.
//! - *Mixed*: in parallel, with operands from memory in random order, so that branches in the machine code are
//!   mispredicted.

use crate::case::{Case, Group, Module, repeat};
use crate::instructions::{Instruction, Signature, Type, profile};
use crate::operands::{Operands, mixed, operands};

/// The number of instructions in a turn of a chain's loop.
const CHAIN: u32 = 64;
/// The number of independent instructions in a turn of the loop; as many locals hold the results.
const PARALLEL: u32 = 16;
/// The address of operands, 16 bytes each.
const OPERANDS_ADDRESS: u32 = 1024;
/// The address and the size of mixed operands, in bytes.
const MIXED_ADDRESS: u32 = 4096;
const MIXED_BYTES: u32 = 32_768;

/// Returns the cases of all instructions that have a [`Signature`].
pub(crate) fn cases() -> Vec<Case> {
    let typed = profile()
        .into_iter()
        .filter_map(|instruction| instruction.signature().map(|types| (instruction, types)));
    typed.flat_map(|(instruction, types)| of(&instruction, &types)).collect()
}

fn of(instruction: &Instruction, types: &Signature) -> Vec<Case> {
    let subject = Subject { instruction, types };
    let mut cases = Vec::new();
    if instruction.is_memory_access() {
        for (place, offset) in [("aligned", 0), ("across lines", 61), ("across pages", 4093)] {
            let zeros = Operands { name: place, values: [[0; 16]; 2] };
            let chain = (!types.results.is_empty()).then(|| subject.chain(&zeros, offset));
            for case in chain.into_iter().chain([subject.parallel(&zeros, offset)]) {
                cases.push(if offset > 0 { case.cold() } else { case });
            }
        }
        return cases;
    }
    for operands in operands(instruction, &types.operands) {
        cases.push(subject.parallel(&operands, 0));
        if !types.operands.is_empty() {
            cases.push(subject.chain(&operands, 0));
        }
    }
    if !types.operands.is_empty() {
        cases.push(subject.mixed());
    }
    cases
}

/// The instruction that loops are written for.
struct Subject<'a> {
    instruction: &'a Instruction,
    types: &'a Signature,
}

impl Subject<'_> {
    fn case(&self, form: &str, operands: &str, module: &Module) -> Case {
        let variant = format!("{form}, {operands}");
        let case = Case::new(Group::Instruction, self.instruction.name, variant, module);
        Case { covers: vec![self.instruction.name], ..case }
    }

    fn parallel(&self, operands: &Operands, offset: u32) -> Case {
        let gets = self.gets(0);
        let text = self.instruction.text(offset);
        let body = repeat(PARALLEL, |index| format!("{gets} {text} {}", self.sets(index)));
        let (locals, before) = self.operand_locals();
        let (more, after) = self.results();
        let module = Module::looping(&format!("{locals} {more}"), &before, &body, &after);
        self.case("parallel", operands.name, &with_operands(module, operands))
    }

    fn chain(&self, operands: &Operands, offset: u32) -> Case {
        let text = self.instruction.text(offset);
        let first = self.types.operands.first().copied().unwrap_or(Type::I32);
        let link = match self.types.results[..] {
            // Two results become the first two operands.
            [_, _] => {
                let others = self.gets(2);
                format!("{others} {text}")
            }
            [result] => format!("{} {text} {}", self.gets(1), self.back(result, first)),
            _ => text,
        };
        let n_carried = self.types.results.len().min(self.types.operands.len());
        let carried: Vec<_> = (0..n_carried).collect();
        let gets = carried.iter().map(|index| format!("(local.get $x{index}) ")).collect::<String>();
        let sets = carried.iter().rev().map(|index| format!("(local.set $x{index}) ")).collect::<String>();
        let body = format!("{gets}\n{}\n{sets}", repeat(CHAIN, |_| link.clone()));
        let (locals, before) = self.operand_locals();
        // Carried values stay alive, as the code after the loop uses them.
        let after = format!("({}.store (i32.const 0) (local.get $x0))", first.name());
        let module = Module::looping(&locals, &before, &body, &after);
        self.case("chain", operands.name, &with_operands(module, operands))
    }

    fn mixed(&self) -> Case {
        let text = self.instruction.text(0);
        let n = u32::try_from(self.types.operands.len()).unwrap_or(0);
        let body = repeat(PARALLEL, |index| {
            let loads = (0..n).map(|operand| {
                let ty = self.type_of(operand as usize).name();
                let offset = MIXED_ADDRESS + 16 * (index * n + operand);
                format!("({ty}.load offset={offset} (local.get $p)) ")
            });
            format!("{} {text} {}", loads.collect::<String>(), self.sets(index))
        });
        // The step is coprime to the number of operands.
        let step = 16 * (PARALLEL * n + 1);
        let mask = MIXED_BYTES / 2 - 1;
        let next = format!(
            "(local.set $p (i32.and (i32.add (local.get $p) (i32.const {step})) (i32.const {mask})))\n"
        );
        let (locals, after) = self.results();
        let module = Module::looping(&format!("(local $p i32) {locals}"), "", &(next + &body), &after);
        let bytes = mixed(self.instruction, &self.types.operands, MIXED_BYTES as usize);
        self.case("mixed", "in no order", &module.data(MIXED_ADDRESS, &bytes))
    }

    /// Returns the conversion from a result to the next operand. Where other conversions would make the instruction
    /// trap, it keeps the number.
    fn back(&self, result: Type, operand: Type) -> String {
        let name = self.instruction.name;
        if self.instruction.may_trap() && !self.instruction.divides() {
            let sign = if name.ends_with("_u") { "u" } else { "s" };
            return format!("{}.convert_{}_{sign}", operand.name(), result.name());
        }
        result.convert(operand).to_owned()
    }

    fn type_of(&self, operand: usize) -> Type {
        self.types.operands.get(operand).copied().unwrap_or(Type::I32)
    }

    /// Writes `local.get` for the operands from index `from` on.
    fn gets(&self, from: usize) -> String {
        (from..self.types.operands.len()).map(|index| format!("(local.get $x{index}) ")).collect()
    }

    /// Writes `local.set` of the results to the locals with this number.
    fn sets(&self, number: u32) -> String {
        let n = self.types.results.len();
        (0..n).rev().map(|index| format!("(local.set $r{index}_{number})")).collect()
    }

    /// Declares the locals for operands, and fills them from memory so that they are not constants.
    fn operand_locals(&self) -> (String, String) {
        let types = self.types.operands.iter().enumerate();
        let locals = types.clone().map(|(index, ty)| format!("(local $x{index} {}) ", ty.name())).collect();
        let fill = types.map(|(index, ty)| {
            let address = if self.instruction.is_memory_access() { 0 } else { OPERANDS_ADDRESS };
            let offset = address + if index == 0 { 0 } else { 16 };
            format!("(local.set $x{index} ({}.load offset={offset} (i32.const 0))) ", ty.name())
        });
        (locals, fill.collect())
    }

    /// Declares the locals for results, and stores them after the loop so that no computation is dead.
    fn results(&self) -> (String, String) {
        let (mut locals, mut after) = (String::new(), String::new());
        for (index, ty) in self.types.results.iter().enumerate() {
            for number in 0..PARALLEL {
                locals.push_str(&format!("(local $r{index}_{number} {}) ", ty.name()));
                after.push_str(&format!(
                    "({}.store (i32.const 0) (local.get $r{index}_{number})) ",
                    ty.name()
                ));
            }
        }
        (locals, after)
    }
}

fn with_operands(module: Module, operands: &Operands) -> Module {
    let bytes = operands.values.concat();
    module.data(OPERANDS_ADDRESS, &bytes)
}
