//! Random EEs that exhaust stacks: deep recursion of functions with many values that live across calls and loops.
//!
//! Wasm-smith makes code of every kind, but its functions hardly call each other. Here, each function gets a depth as
//! first parameter, and calls others with one less, directly, through a table, or through a library. Values that live
//! across the calls are on the stack or in locals, up to thousands. Execution ends at the limit of fuel or stack, at a
//! trap, or by returning.

#![allow(dead_code, reason = "each test file uses its own part")]

mod code;
mod expressions;
mod statements;

use arbitrary::Unstructured;
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction,
    MemorySection, MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

use code::Body;

/// An EE, and its library if it has one.
pub(crate) struct DeepEe {
    pub(crate) code: Vec<u8>,
    pub(crate) library: Option<Vec<u8>>,
}

/// Makes an EE from these choices. After the last one, the simplest alternatives are taken.
pub(crate) fn deep_ee(choices: &mut Unstructured<'_>) -> DeepEe {
    let mut choices = Choices { left: choices, amount_max: 0 };
    choices.amount_max = match choices.below(64) {
        0..40 => 6,
        40..56 => 40,
        56..62 => 200,
        62 => 1000,
        _ => 4000,
    };
    let has_library = choices.one_in(4);
    let code = Plan::new(&mut choices, has_library).module(&mut choices);
    DeepEe { code, library: has_library.then(library) }
}

/// The remaining choices.
struct Choices<'u, 'b> {
    left: &'u mut Unstructured<'b>,
    /// The most values of one kind; small in most modules, so that many can be tried.
    amount_max: u32,
}

impl Choices<'_, '_> {
    /// Chooses a number below `n`, 0 if there is no choice left.
    fn below(&mut self, n: u32) -> u32 {
        self.left.int_in_range(0..=n.saturating_sub(1)).unwrap_or(0)
    }

    /// Returns true one time in `n`, and never if there is no choice left.
    fn one_in(&mut self, n: u32) -> bool {
        n > 0 && self.below(n) == n - 1
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u32) as usize].clone()
    }

    /// Chooses a number of values: a few, or up to `most` if the module is a large one.
    fn amount(&mut self, most: u32) -> u32 {
        let limit = self.amount_max.min(most);
        let limit = if self.one_in(2) { limit } else { limit.min(6) };
        self.below(limit + 1)
    }

    fn value_type(&mut self) -> ValType {
        self.pick(&[ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128])
    }

    fn value_types(&mut self, n: u32) -> Vec<ValType> {
        // Either all alike, so that they fill registers of one class, or mixed.
        if self.one_in(2) {
            return vec![self.value_type(); n as usize];
        }
        (0..n).map(|_| self.value_type()).collect()
    }
}

const PRINT64: u32 = 0;
const PRINT_MEM_HEX: u32 = 1;
const SAVE: u32 = 2;
const BOUNCE: u32 = 3;

/// The type of the functions in the table, which take a depth.
const ENTRY_TYPE: u32 = 4;

/// The sum of all values that were computed, in the form of an `i64`.
const SUM: u32 = 0;

const TABLE_ELEMENTS: u32 = 16;

/// The types and functions of a module.
struct Plan {
    types: Vec<(Vec<ValType>, Vec<ValType>)>,
    /// The types of the recursive functions.
    functions: Vec<u32>,
    has_library: bool,
    /// The depth with which `main` calls the first function.
    depth: u32,
}

impl Plan {
    fn new(choices: &mut Choices<'_, '_>, has_library: bool) -> Self {
        let (i32, i64) = (ValType::I32, ValType::I64);
        let mut plan = Self {
            types: vec![
                (vec![i64], vec![]),
                (vec![i32, i32], vec![]),
                (vec![i32], vec![]),
                (vec![], vec![]),
                (vec![i32], vec![]),
            ],
            functions: Vec::new(),
            has_library,
            depth: choices.pick(&[100_000, 5_000, 1_000, 200, 20, 3]),
        };
        for _ in 0..=choices.below(4) {
            let n_parameters = if choices.one_in(12) { choices.below(60) } else { choices.below(6) };
            let n_results = if choices.one_in(12) { choices.below(16) } else { choices.below(3) };
            let mut parameters = vec![i32];
            parameters.extend(choices.value_types(n_parameters));
            let results = choices.value_types(n_results);
            let ty = plan.type_index(parameters, results);
            plan.functions.push(ty);
        }
        plan
    }

    /// Returns the index of a type, and adds the type if it is new.
    fn type_index(&mut self, parameters: Vec<ValType>, results: Vec<ValType>) -> u32 {
        let ty = (parameters, results);
        let found = self.types.iter().position(|known| *known == ty);
        let index = found.unwrap_or_else(|| {
            self.types.push(ty);
            self.types.len() - 1
        });
        index as u32
    }

    fn n_functions(&self) -> u32 {
        self.functions.len() as u32
    }

    /// Returns the index of a recursive function.
    fn function(&self, number: u32) -> u32 {
        BOUNCE + u32::from(self.has_library) + number
    }

    /// Returns the index of the function that calls it with only a depth.
    fn entry(&self, number: u32) -> u32 {
        self.function(self.n_functions() + number)
    }

    fn module(mut self, choices: &mut Choices<'_, '_>) -> Vec<u8> {
        let mut code = CodeSection::new();
        for number in 0..self.n_functions() {
            code.function(&Body::random(&mut self, number, choices).finish());
        }
        for number in 0..self.n_functions() {
            code.function(&Body::entry(&mut self, number).finish());
        }
        code.function(&self.main());
        let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
        for (parameters, results) in &self.types {
            types.ty().function(parameters.iter().copied(), results.iter().copied());
        }
        for ty in self.functions.iter().copied() {
            functions.function(ty);
        }
        for _ in 0..self.n_functions() {
            functions.function(ENTRY_TYPE);
        }
        functions.function(3);
        let mut exports = ExportSection::new();
        let main = self.entry(self.n_functions());
        exports.export("memory", ExportKind::Memory, 0).export("main", ExportKind::Func, main);
        let mut module = Module::new();
        module.section(&types).section(&self.imports()).section(&functions);
        if !self.has_library {
            let mut tables = TableSection::new();
            let mut memories = MemorySection::new();
            tables.table(table());
            memories.memory(memory());
            module.section(&tables).section(&memories);
        }
        module.section(&globals()).section(&exports).section(&self.elements());
        let mut data = DataSection::new();
        data.passive(*b"some bytes to be put in memory").active(0, &ConstExpr::i32_const(8), *b"and others");
        module.section(&DataCountSection { count: data.len() }).section(&code).section(&data);
        module.finish()
    }

    fn imports(&self) -> ImportSection {
        let mut imports = ImportSection::new();
        imports
            .import("debug", "print64", EntityType::Function(0))
            .import("debug", "printMemHex", EntityType::Function(1))
            .import("eth2", "savePostStateRoot", EntityType::Function(2));
        if self.has_library {
            imports.import("lib", "bounce", EntityType::Function(1)).import("lib", "table", table()).import(
                "lib",
                "memory",
                memory(),
            );
        }
        imports
    }

    /// Fills the table with the entries of all functions, repeatedly, and leaves room for null and one of another type.
    fn elements(&self) -> ElementSection {
        let mut entries: Vec<_> =
            (0..TABLE_ELEMENTS - 2).map(|index| self.entry(index % self.n_functions())).collect();
        entries.push(PRINT64);
        let mut elements = ElementSection::new();
        elements
            .active(Some(0), &ConstExpr::i32_const(0), Elements::Functions(entries.clone().into()))
            .passive(Elements::Functions(entries.into()));
        elements
    }

    fn main(&self) -> Function {
        let mut main = Function::new([]);
        for instruction in [
            Instruction::I32Const(self.depth.cast_signed()),
            Instruction::Call(self.entry(0)),
            Instruction::GlobalGet(SUM),
            Instruction::Call(PRINT64),
            Instruction::MemorySize(0),
            Instruction::I64ExtendI32U,
            Instruction::Call(PRINT64),
            Instruction::I32Const(0),
            Instruction::I32Const(4096),
            Instruction::Call(PRINT_MEM_HEX),
            Instruction::I32Const(0),
            Instruction::Call(SAVE),
            Instruction::End,
        ] {
            main.instruction(&instruction);
        }
        main
    }
}

fn table() -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: u64::from(TABLE_ELEMENTS),
        maximum: Some(40),
        shared: false,
    }
}

fn memory() -> MemoryType {
    MemoryType { minimum: 1, maximum: Some(4), memory64: false, shared: false, page_size_log2: None }
}

fn globals() -> GlobalSection {
    let mut globals = GlobalSection::new();
    let ty = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
    globals.global(ty, &ConstExpr::i64_const(0));
    globals
}

/// Makes a library with a memory, a table, and a function that calls through the table.
fn library() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32, ValType::I32], []);
    types.ty().function([ValType::I32], []);
    let (mut functions, mut tables) = (FunctionSection::new(), TableSection::new());
    let (mut memories, mut exports, mut code) =
        (MemorySection::new(), ExportSection::new(), CodeSection::new());
    functions.function(0);
    tables.table(table());
    memories.memory(memory());
    exports.export("bounce", ExportKind::Func, 0).export("table", ExportKind::Table, 0).export(
        "memory",
        ExportKind::Memory,
        0,
    );
    let mut bounce = Function::new([]);
    for instruction in [
        Instruction::LocalGet(0),
        Instruction::LocalGet(1),
        Instruction::CallIndirect { type_index: 1, table_index: 0 },
        Instruction::End,
    ] {
        bounce.instruction(&instruction);
    }
    code.function(&bounce);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories);
    module.section(&exports).section(&code);
    module.finish()
}
