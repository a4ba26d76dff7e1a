//! Genomes: loops as lists of instructions with typed operands, each valid in any place.

use std::collections::BTreeMap;

use crate::case::{Module, Random, Warmth, repeat};
use crate::instructions::{Instruction, Type, profile};
use crate::operands::operands;

/// The templates of genes.
pub(crate) struct Pool {
    templates: Vec<Template>,
}

/// An instruction, or a few that belong together.
struct Template {
    name: String,
    operands: Vec<Type>,
    results: Vec<Type>,
    kind: Kind,
}

enum Kind {
    Instruction(Instruction),
    /// Fixed text.
    Text(String),
}

/// One place of a loop.
#[derive(Clone, Debug)]
struct Gene {
    /// The index of the template.
    template: usize,
    /// The source local of each operand, among those of its type.
    sources: [u8; 4],
    /// The destination local of each result.
    destinations: [u8; 2],
    /// Whether the result stays on the stack if the next gene can use it.
    stays: bool,
    /// The form of the address.
    address: u8,
    /// The number of repetitions in a row.
    times: u8,
}

/// A loop.
#[derive(Clone, Debug)]
pub(crate) struct Genome {
    genes: Vec<Gene>,
}

/// The number of locals of each type that change, and of those that keep their first value.
const CHANGING: u8 = 4;
const CONSTANT: u8 = 4;
/// The maximum number of genes in a loop.
const GENES_MAX: usize = 40;
/// The address of the first values of locals.
const VALUES_ADDRESS: u32 = 2_048;
/// Noise, for loads in random order.
const NOISE_ADDRESS: u32 = 65_536;
const NOISE_BYTES: u32 = 65_536;
/// The size of a line of the first-level cache, in bytes.
const LINE_BYTES: u32 = 64;

/// Instructions besides those with a signature.
const TEXTS: &[(&str, &[Type], &[Type], &str)] = &[
    ("select", &[Type::I32, Type::I32, Type::I32], &[Type::I32], "select"),
    ("select", &[Type::I64, Type::I64, Type::I32], &[Type::I64], "select"),
    ("select", &[Type::F32, Type::F32, Type::I32], &[Type::F32], "select"),
    ("select", &[Type::F64, Type::F64, Type::I32], &[Type::F64], "select"),
    ("select", &[Type::V128, Type::V128, Type::I32], &[Type::V128], "select"),
    ("if", &[Type::I32], &[], "i32.const 1 i32.and (if (then (global.set $g_i32 (i32.const 1))))"),
    ("if", &[Type::I32], &[Type::I32], "(if (result i32) (then (i32.const 5)) (else (local.get $i32_0)))"),
    ("br_if", &[Type::I32], &[], "(if (then) (else (global.set $g_i64 (local.get $i64_1))))"),
    ("br_table", &[Type::I32], &[], "i32.const 3 i32.and (call $table)"),
    ("call", &[], &[], "(call $empty)"),
    ("call", &[Type::I64, Type::I64], &[Type::I64], "(call $first)"),
    ("call", &[Type::V128, Type::F64], &[Type::F64], "(call $second)"),
    ("call, locals", &[], &[], "(call $locals (i32.const 0))"),
    ("call, depth", &[], &[], "(call $deep (i32.const 20))"),
    ("call_indirect", &[Type::I32], &[], "i32.const 7 i32.and (call_indirect (type $none))"),
    ("global.get", &[], &[Type::I32], "(global.get $g_i32)"),
    ("global.get", &[], &[Type::F64], "(global.get $g_f64)"),
    ("global.get", &[], &[Type::V128], "(global.get $g_v128)"),
    ("global.set", &[Type::I64], &[], "(global.set $g_i64)"),
    ("global.set", &[Type::F64], &[], "(global.set $g_f64)"),
    ("global.set", &[Type::V128], &[], "(global.set $g_v128)"),
    ("memory.size", &[], &[Type::I32], "(memory.size)"),
    ("memory.grow", &[], &[Type::I32], "(memory.grow (i32.const 0))"),
    ("memory.fill", &[], &[], "(memory.fill (i32.const 61) (i32.const 0) (i32.const 0))"),
    ("memory.fill", &[], &[], "(memory.fill (i32.const 61) (i32.const 0) (i32.const 7))"),
    ("memory.fill", &[], &[], "(memory.fill (i32.const 0) (i32.const 0) (i32.const 1000))"),
    ("memory.copy", &[], &[], "(memory.copy (i32.const 4093) (i32.const 61) (i32.const 0))"),
    ("memory.copy", &[], &[], "(memory.copy (i32.const 4093) (i32.const 61) (i32.const 33))"),
    ("table.get", &[], &[Type::I32], "(ref.is_null (table.get $t (i32.const 1)))"),
    ("table.set", &[], &[], "(table.set $t (i32.const 1) (ref.func $empty))"),
    ("table.fill", &[], &[], "(table.fill $t (i32.const 1) (ref.null func) (i32.const 0))"),
    ("table.copy", &[], &[], "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 1))"),
];

/// The functions and tables that loops use.
const ITEMS: &str = "(type $none (func))
    (func $empty)
    (func $first (param i64 i64) (result i64) (local.get 1))
    (func $second (param v128 f64) (result f64) (local.get 1))
    (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (func $table (param i32) (block (block (block (br_table 0 1 2 0 (local.get 0)))
        (global.set $g_i32 (i32.const 1))) (global.set $g_i32 (i32.const 2))))
    (table $t 8 funcref) (elem (table $t) (i32.const 0) func $e0 $e1 $e2 $e3 $e4 $e5 $e6 $e7)
    (elem declare func $empty)";

impl Pool {
    pub(crate) fn new() -> Self {
        let mut templates = Vec::new();
        for instruction in profile() {
            let Some(types) = instruction.signature() else { continue };
            let kind = Kind::Instruction(instruction);
            templates.push(Template {
                name: instruction.name.to_owned(),
                operands: types.operands,
                results: types.results,
                kind,
            });
        }
        let numeric = templates.len();
        // These fill a quarter of the pool, since there are few of them.
        for (name, operands, results, text) in TEXTS.iter().cycle().take(numeric / 3) {
            templates.push(Template {
                name: (*name).to_owned(),
                operands: operands.to_vec(),
                results: results.to_vec(),
                kind: Kind::Text((*text).to_owned()),
            });
        }
        Self { templates }
    }

    fn get(&self, gene: &Gene) -> Option<&Template> {
        self.templates.get(gene.template)
    }
}

impl Gene {
    fn random(pool: &Pool, random: &mut Random) -> Self {
        let mut byte = || u8::try_from(random.below(256)).unwrap_or(0);
        let (sources, destinations) = ([byte(), byte(), byte(), byte()], [byte(), byte()]);
        let (address, times) = (byte(), byte());
        Self {
            template: random.below(pool.templates.len()),
            sources,
            destinations,
            stays: random.below(2) == 0,
            address,
            times: if times < 200 { 1 } else { times % 8 + 1 },
        }
    }

    /// Writes the gene. With `on_stack`, the first operand is already on the stack.
    fn text(&self, template: &Template, warmth: Warmth, on_stack: bool, leave: bool) -> String {
        let mut text = String::new();
        for (index, ty) in template.operands.iter().enumerate() {
            if index == 0 && on_stack {
                continue;
            }
            text.push_str(&self.operand(template, warmth, index, *ty));
        }
        match &template.kind {
            Kind::Instruction(instruction) => text.push_str(&instruction.text(self.offset(warmth))),
            Kind::Text(other) => text.push_str(other),
        }
        if !leave {
            for (ty, destination) in template.results.iter().zip(self.destinations).rev() {
                text.push_str(&format!(" (local.set ${}_{})", ty.name(), destination % CHANGING));
            }
        }
        text
    }

    fn operand(&self, template: &Template, warmth: Warmth, index: usize, ty: Type) -> String {
        let source = self.sources.get(index).copied().unwrap_or(0);
        let name = ty.name();
        if let Kind::Instruction(instruction) = &template.kind {
            if instruction.is_memory_access() && index == 0 {
                // Within 4 KiB, an access at a multiple of the widest access stays within a line.
                let mask = match (self.address % 3, warmth) {
                    (0, _) => return "(i32.const 0) ".to_owned(),
                    (1, Warmth::Cold) => 65_535,
                    _ => 4_080,
                };
                return format!("(i32.and (local.get $i32_{}) (i32.const {mask})) ", source % CHANGING);
            }
            // A divisor of zero or -1 would trap, and so would a conversion of a number outside of the range of
            // integers.
            let traps = instruction.may_trap() && (index == 1 || !instruction.divides());
            if traps {
                return format!("(local.get ${name}_{CHANGING}) ");
            }
        }
        format!("(local.get ${name}_{}) ", source % (CHANGING + CONSTANT))
    }

    /// Returns the offset of an access. In warm loops, no access crosses a line, and all are within three times 4
    /// KiB.
    fn offset(&self, warmth: Warmth) -> u32 {
        let offset = match self.address / 3 % 6 {
            0 => 0,
            1 => 61,
            2 => 4_093,
            3 => 4_096,
            4 => 1_023,
            _ => NOISE_ADDRESS,
        };
        if warmth == Warmth::Warm && offset % LINE_BYTES != 0 { 0 } else { offset }
    }
}

impl Genome {
    pub(crate) fn random(pool: &Pool, random: &mut Random) -> Self {
        let n = random.below(12).saturating_add(1);
        Self { genes: (0..n).map(|_| Gene::random(pool, random)).collect() }
    }

    pub(crate) fn mutate(&mut self, pool: &Pool, random: &mut Random) {
        let place = random.below(self.genes.len());
        match random.below(8) {
            0 if self.genes.len() > 1 => {
                self.genes.remove(place);
            }
            1 | 2 if self.genes.len() < GENES_MAX => self.genes.insert(place, Gene::random(pool, random)),
            3 if self.genes.len() < GENES_MAX => {
                if let Some(gene) = self.genes.get(place).cloned() {
                    self.genes.insert(place, gene);
                }
            }
            4 => {
                let other = random.below(self.genes.len());
                self.genes.swap(place, other);
            }
            _ => {
                let new = Gene::random(pool, random);
                let Some(gene) = self.genes.get_mut(place) else { return };
                match random.below(6) {
                    0 => gene.template = new.template,
                    1 => gene.sources = new.sources,
                    2 => gene.destinations = new.destinations,
                    3 => gene.stays = !gene.stays,
                    4 => gene.address = new.address,
                    _ => gene.times = new.times,
                }
            }
        }
    }

    /// Returns the beginning of this genome with the end of another.
    pub(crate) fn cross(&self, other: &Self, random: &mut Random) -> Self {
        let (cut, from) = (random.below(self.genes.len()), random.below(other.genes.len()));
        let head = self.genes.iter().take(cut);
        let genes: Vec<_> = head.chain(other.genes.iter().skip(from)).take(GENES_MAX).cloned().collect();
        Self { genes }
    }

    /// Returns the names of the instructions, most frequent first.
    pub(crate) fn summary(&self, pool: &Pool) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for gene in &self.genes {
            if let Some(template) = pool.get(gene) {
                *counts.entry(&template.name).or_default() += usize::from(gene.times);
            }
        }
        let mut list: Vec<_> = counts.into_iter().collect();
        list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        list.iter().take(6).map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn module(&self, pool: &Pool, warmth: Warmth) -> Module {
        let mut body = String::new();
        // The type of the value that the gene before has left on the stack.
        let mut left: Option<Type> = None;
        let mut genes =
            self.genes.iter().flat_map(|gene| std::iter::repeat_n(gene, usize::from(gene.times))).peekable();
        while let Some(gene) = genes.next() {
            let Some(template) = pool.get(gene) else { continue };
            let next = genes.peek().and_then(|next| Some((*next, pool.get(next)?)));
            let leave = match (&template.results[..], next) {
                ([result], Some((_, next))) => {
                    gene.stays && next.operands.first() == Some(result) && takes_any(next)
                }
                _ => false,
            };
            body.push_str(&gene.text(template, warmth, left.is_some(), leave));
            body.push('\n');
            left = if leave { template.results.first().copied() } else { None };
        }
        let (mut locals, mut before, mut after) = (String::new(), String::new(), String::new());
        for (row, ty) in (0u32..).zip(Type::ALL) {
            let name = ty.name();
            for index in 0..u32::from(CHANGING + CONSTANT) {
                let address = VALUES_ADDRESS + 16 * (row * u32::from(CHANGING + CONSTANT) + index);
                locals.push_str(&format!("(local ${name}_{index} {name}) "));
                before.push_str(&format!("(local.set ${name}_{index} ({name}.load (i32.const {address}))) "));
                after.push_str(&format!("({name}.store (i32.const 0) (local.get ${name}_{index})) "));
            }
        }
        Module::looping(&locals, &before, &body, &after)
            .with(&items())
            .data(VALUES_ADDRESS, &values())
            .data(NOISE_ADDRESS, &Random::new(17).bytes(NOISE_BYTES as usize))
            .pages(4)
    }
}

/// Returns whether the first operand may be any value of its type: it is not an address and cannot trap.
fn takes_any(template: &Template) -> bool {
    match &template.kind {
        Kind::Instruction(instruction) => {
            !instruction.is_memory_access() && (!instruction.may_trap() || instruction.divides())
        }
        Kind::Text(_) => true,
    }
}

fn items() -> String {
    let globals = Type::ALL.map(|ty| {
        let name = ty.name();
        let zero =
            if ty == Type::V128 { "v128.const i64x2 0 0".to_owned() } else { format!("{name}.const 0") };
        format!("(global $g_{name} (mut {name}) ({zero}))")
    });
    let elements = repeat(8, |index| format!("(func $e{index} (global.set $g_i32 (i32.const {index})))"));
    let sets = repeat(16, |index| {
        format!("(local.set {} (i64.add (local.get {}) (i64.const 1)))", index + 1, (index + 1) % 16 + 1)
    });
    let locals =
        format!("(func $locals (param i32) (local {}) (if (local.get 0) (then {sets})))", "i64 ".repeat(16));
    format!("{} {elements} {locals} {ITEMS}", globals.join(" "))
}

/// Returns the first values of locals. The first constant local of each type divides without trapping and is in the
/// range of integers.
fn values() -> Vec<u8> {
    let mut values = Vec::new();
    let mut random = Random::new(23);
    for ty in Type::ALL {
        // An instruction whose list of operands suits the type.
        let name = match ty {
            Type::I32 => "i32.add",
            Type::I64 => "i64.add",
            Type::F32 => "f32.add",
            Type::F64 => "f64.add",
            Type::V128 => "f64x2.add",
        };
        let Some(instruction) = profile().into_iter().find(|instruction| instruction.name == name) else {
            continue;
        };
        let list = operands(&instruction, &[ty, ty]);
        for index in 0..CHANGING + CONSTANT {
            let chosen = if index == CHANGING { list.first() } else { random.pick(&list) };
            let [a, b] = chosen.map(|operands| operands.values).unwrap_or_default();
            values.extend(if index == CHANGING || random.below(2) == 0 { b } else { a });
        }
    }
    values
}
