//! Modules that are made to be expensive to load: one recipe for functions, and shapes of everything else in a module.
//!
//! A recipe is a line of text, so that the findings of a search can be reproduced.

#![allow(dead_code, reason = "each user has its own part")]

use std::fmt;
use std::str::FromStr;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, EntityType,
    ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType, Ieee64, ImportSection,
    InstructionSink, MemArg, MemorySection, MemoryType, Module, NameMap, NameSection, RefType, TableSection,
    TableType, TypeSection, ValType,
};

/// The description of every function of a module.
///
/// A function sets its locals, leaves operands on the stack, opens blocks and loops, repeats its steps until it has
/// enough bytes, and at the end uses the remaining operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The number of functions.
    pub(crate) copies: u32,
    /// The approximate size of each in bytes.
    pub(crate) bytes: u32,
    /// The type of locals and operands.
    pub(crate) value: Value,
    /// Locals that live from the start to the end.
    pub(crate) locals: u32,
    /// Operands that live from the start to the end.
    pub(crate) operands: u32,
    /// Blocks around the steps.
    pub(crate) blocks: u32,
    /// Loops around the steps, inside of the blocks.
    pub(crate) loops: u32,
    /// Locals that each reading or writing step uses.
    pub(crate) touched: u32,
    /// Targets of each `br_table`.
    pub(crate) targets: u32,
    /// Parameters, and results up to 16, of callees and blocks with values.
    pub(crate) arity: u32,
    /// The repeated steps.
    pub(crate) steps: Vec<Step>,
}

/// A type of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    I32,
    I64,
    F64,
    V128,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Instructions that leave the stack as it was.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Step { $($(#[$doc])* $name,)* }

        impl Step {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

steps! {
    Nop, Constant, Arithmetic, Write, Read, Set, Copy, Rotate, Call, CallValues, CallImport, CallIndirect,
    CallIndirectValues, MemoryGrow, MemorySize, MemoryFill, MemoryCopy, MemoryInit, DataDrop, TableGet, TableSet,
    TableGrow, TableSize, TableFill, TableCopy, TableInit, ElemDrop, RefFunc, GlobalGet, GlobalSet, Block,
    BlockValues, If, IfElse, IfValue, IfWrite, IfReturn, IfTrap, Loop, LoopWrite, LoopValues, Forward, BrIfOut,
    BrIfNear, BrIfLoop, BrIfAny, BrOut, BrTableSame, BrTableSpread, BrTableAny, BrTableValues, Select, Load,
    Store, Divide, Wide, Multiply2x64, Shuffle, Lanes, ShiftBytes, Truncate, Saturate, Round, MinMax, Popcount,
    FloatAdd, SquareRoot, Demote, FloatLanes, RoundLanes, SaturateLanes, FloatStore,
    Dead,
}

/// The function's parameter, an i32.
const CONDITION: u32 = 0;

/// A scratch i32.
const SCRATCH: u32 = 1;

/// The first of the long-lived locals.
const FIRST: u32 = 2;

impl Recipe {
    /// Returns a recipe for one function of 128 KiB with these steps and without long-lived values.
    pub(crate) fn of(steps: &[Step]) -> Self {
        Self {
            copies: 1,
            bytes: 130_000,
            value: Value::I32,
            locals: 1,
            operands: 0,
            blocks: 0,
            loops: 0,
            touched: 1,
            targets: 100,
            arity: 1,
            steps: steps.to_vec(),
        }
    }

    /// Makes the module.
    pub(crate) fn module(&self) -> Vec<u8> {
        let mut parts = Parts::new(self.value.ty(), self.arity.min(60));
        let body = self.body();
        parts.bodies = vec![(BOMB_TYPE, body); self.copies as usize];
        parts.encode()
    }

    fn body(&self) -> Function {
        let function = Function::new([(1, ValType::I32), (self.locals.max(1), self.value.ty())]);
        let mut writer = Writer { function, recipe: self, turn: 0, depth: 0 };
        writer.start();
        let end = self.locals * 6 + self.operands * 3 + (self.blocks + self.loops) + 50;
        let limit = self.bytes.saturating_sub(end) as usize;
        let mut before = usize::MAX;
        // Steps that use nothing have no bytes.
        while writer.function.byte_len() < limit && writer.function.byte_len() != before {
            before = writer.function.byte_len();
            for step in &self.steps {
                if writer.function.byte_len() < limit {
                    writer.step(*step);
                }
            }
        }
        writer.end();
        writer.function
    }
}

/// A function under way.
struct Writer<'r> {
    function: Function,
    recipe: &'r Recipe,
    /// Rotates through locals and labels.
    turn: u32,
    depth: u32,
}

impl Writer<'_> {
    fn sink(&mut self) -> InstructionSink<'_> {
        self.function.instructions()
    }

    fn start(&mut self) {
        for local in 0..self.recipe.locals {
            self.fresh(local);
            self.sink().local_set(FIRST + local);
        }
        for operand in 0..self.recipe.operands {
            self.fresh(operand);
        }
        for _ in 0..self.recipe.blocks {
            self.sink().block(BlockType::Empty);
        }
        for _ in 0..self.recipe.loops {
            self.sink().loop_(BlockType::Empty);
        }
        self.depth = self.recipe.blocks + self.recipe.loops;
    }

    fn end(&mut self) {
        for _ in 0..self.depth {
            self.sink().end();
        }
        for _ in 1..self.recipe.operands {
            self.add();
        }
        if self.recipe.operands > 0 {
            self.sink().local_set(FIRST);
        }
        for local in 0..self.recipe.locals.max(1) {
            self.sink().i32_const(0).local_get(FIRST + local);
            self.store();
        }
        self.sink().i32_const(0).local_get(SCRATCH).i32_store(ADDRESS).end();
    }

    /// Pushes a value that is known only at run time.
    fn fresh(&mut self, number: u32) {
        let value = self.recipe.value;
        let mut sink = self.function.instructions();
        sink.local_get(CONDITION).i32_const(number as i32 & 63).i32_add();
        match value {
            Value::I32 => &mut sink,
            Value::I64 => sink.i64_extend_i32_u(),
            Value::F64 => sink.f64_convert_i32_u(),
            Value::V128 => sink.i32x4_splat(),
        };
    }

    fn add(&mut self) {
        let value = self.recipe.value;
        let mut sink = self.function.instructions();
        match value {
            Value::I32 => sink.i32_add(),
            Value::I64 => sink.i64_add(),
            Value::F64 => sink.f64_add(),
            Value::V128 => sink.i32x4_add(),
        };
    }

    fn store(&mut self) {
        let value = self.recipe.value;
        let mut sink = self.function.instructions();
        match value {
            Value::I32 => sink.i32_store(ADDRESS),
            Value::I64 => sink.i64_store(ADDRESS),
            Value::F64 => sink.f64_store(ADDRESS),
            Value::V128 => sink.v128_store(ADDRESS),
        };
    }

    fn load(&mut self) {
        let value = self.recipe.value;
        let mut sink = self.function.instructions();
        match value {
            Value::I32 => sink.i32_load(ADDRESS),
            Value::I64 => sink.i64_load(ADDRESS),
            Value::F64 => sink.f64_load(ADDRESS),
            Value::V128 => sink.v128_load(ADDRESS),
        };
    }

    fn next(&mut self) -> u32 {
        self.turn = self.turn.wrapping_add(1);
        self.turn
    }

    /// Returns the next of the locals.
    fn local(&mut self) -> u32 {
        FIRST + self.next() % self.recipe.locals.max(1)
    }

    fn write(&mut self) {
        for _ in 0..self.recipe.touched {
            let local = self.local();
            self.sink().local_get(local).local_get(local);
            self.add();
            self.sink().local_set(local);
        }
    }

    fn arguments(&mut self) {
        for _ in 0..self.recipe.arity.min(60) {
            let local = self.local();
            self.sink().local_get(local);
        }
    }

    fn results(&mut self) {
        for _ in 0..self.recipe.arity.min(16) {
            let local = self.local();
            self.sink().local_set(local);
        }
    }

    /// Returns a branch target: a construct around the steps, or the function.
    fn label(&mut self) -> u32 {
        self.next().wrapping_mul(7) % (self.depth + 1)
    }

    fn step(&mut self, step: Step) {
        self.control(step);
        self.values(step);
        self.bulk(step);
    }

    fn control(&mut self, step: Step) {
        const EMPTY: BlockType = BlockType::Empty;
        const VALUES: BlockType = BlockType::FunctionType(VALUES_TYPE);
        let ty = self.recipe.value.ty();
        match step {
            Step::Block => {
                self.sink().block(EMPTY).end();
            }
            Step::BlockValues | Step::LoopValues => {
                self.arguments();
                if step == Step::BlockValues {
                    self.sink().block(VALUES);
                } else {
                    self.sink().loop_(VALUES);
                }
                for _ in 16..self.recipe.arity.min(60) {
                    self.sink().drop();
                }
                self.sink().end();
                self.results();
            }
            Step::If => {
                self.sink().local_get(CONDITION).if_(EMPTY).end();
            }
            Step::IfElse => {
                self.sink().local_get(CONDITION).if_(EMPTY);
                self.write();
                self.sink().else_();
                self.write();
                self.sink().end();
            }
            Step::IfValue => {
                let (a, b) = (self.local(), self.local());
                let mut sink = self.function.instructions();
                sink.local_get(CONDITION).if_(BlockType::Result(ty)).local_get(a).else_().local_get(b);
                sink.end().local_set(b);
            }
            Step::IfWrite => {
                self.sink().local_get(CONDITION).if_(EMPTY);
                self.write();
                self.sink().end();
            }
            Step::IfReturn => {
                self.sink().local_get(CONDITION).if_(EMPTY).return_().end();
            }
            Step::IfTrap => {
                self.sink().local_get(CONDITION).if_(EMPTY).unreachable().end();
            }
            Step::Loop => {
                self.sink().loop_(EMPTY).local_get(CONDITION).br_if(0).end();
            }
            Step::LoopWrite => {
                self.sink().loop_(EMPTY);
                self.write();
                self.sink().local_get(CONDITION).br_if(0).end();
            }
            Step::Forward => {
                self.sink().block(EMPTY).local_get(CONDITION).br_if(0);
                self.write();
                self.sink().end();
            }
            Step::Dead => {
                self.sink().block(EMPTY).br(0);
                self.write();
                self.sink().end();
            }
            branch => self.branch(branch),
        }
    }

    fn branch(&mut self, step: Step) {
        let (ty, blocks, depth) = (self.recipe.value.ty(), self.recipe.blocks, self.depth);
        match step {
            Step::BrIfOut => {
                self.sink().local_get(CONDITION).br_if(depth);
            }
            Step::BrIfNear => {
                self.sink().local_get(CONDITION).br_if(0);
            }
            Step::BrIfLoop => {
                let label = depth.saturating_sub(blocks + 1);
                self.sink().local_get(CONDITION).br_if(label);
            }
            Step::BrIfAny => {
                let label = self.label();
                self.sink().local_get(CONDITION).br_if(label);
            }
            Step::BrOut => {
                self.sink().local_get(CONDITION).if_(BlockType::Empty).br(depth + 1).end();
            }
            Step::BrTableSame => self.br_table(|_, _| 0),
            Step::BrTableSpread => self.br_table(|_, target| target % 2),
            Step::BrTableAny => self.br_table(|writer, _| writer.label()),
            Step::BrTableValues => {
                let targets = vec![0; self.recipe.targets.min(10_000) as usize];
                let local = self.local();
                let mut sink = self.function.instructions();
                sink.block(BlockType::Result(ty)).local_get(local).local_get(CONDITION);
                sink.br_table(targets, 0).end().local_set(local);
            }
            _ => {}
        }
    }

    fn br_table(&mut self, mut label: impl FnMut(&mut Self, u32) -> u32) {
        let targets =
            (0..self.recipe.targets.min(10_000)).map(|target| label(self, target)).collect::<Vec<_>>();
        let mut sink = self.function.instructions();
        sink.block(BlockType::Empty).local_get(CONDITION).br_table(targets, 0).end();
    }

    fn values(&mut self, step: Step) {
        match step {
            Step::Nop => {
                self.sink().nop();
            }
            Step::Constant => {
                self.sink().i32_const(7).local_set(SCRATCH);
            }
            Step::Arithmetic => {
                self.sink().local_get(SCRATCH).local_get(CONDITION).i32_mul().local_set(SCRATCH);
            }
            Step::Write => self.write(),
            Step::Read => {
                for _ in 0..self.recipe.touched {
                    let local = self.local();
                    self.sink().i32_const(0).local_get(local);
                    self.store();
                }
            }
            Step::Set => {
                for number in 0..self.recipe.touched {
                    let local = self.local();
                    self.fresh(number);
                    self.sink().local_set(local);
                }
            }
            Step::Copy | Step::Rotate => {
                let first = self.local();
                self.sink().local_get(first);
                for _ in 0..self.recipe.touched {
                    let local = self.local();
                    self.sink().local_get(local);
                }
                for _ in 0..self.recipe.touched {
                    let local = self.local();
                    self.sink().local_set(local);
                }
                self.sink().local_set(first);
            }
            Step::GlobalGet => {
                self.sink().global_get(0).local_set(SCRATCH);
            }
            Step::GlobalSet => {
                self.sink().local_get(SCRATCH).global_set(0);
            }
            Step::Select => {
                let (a, b) = (self.local(), self.local());
                self.sink().local_get(a).local_get(b).local_get(CONDITION).select().local_set(a);
            }
            Step::Load => {
                let local = self.local();
                self.sink().local_get(CONDITION);
                self.load();
                self.sink().local_set(local);
            }
            Step::Store => {
                let local = self.local();
                self.sink().local_get(CONDITION).local_get(local);
                self.store();
            }
            _ => self.numbers(step),
        }
    }

    fn numbers(&mut self, step: Step) {
        let mut sink = self.function.instructions();
        match step {
            Step::Divide => sink.local_get(CONDITION).local_get(CONDITION).i32_div_s(),
            Step::Popcount => sink.local_get(CONDITION).i32_popcnt(),
            Step::Wide => {
                let x = |sink: &mut InstructionSink<'_>| {
                    sink.local_get(CONDITION).i64_extend_i32_u();
                };
                x(&mut sink);
                x(&mut sink);
                sink.i64_mul_wide_u().i64_add().i32_wrap_i64()
            }
            Step::Multiply2x64 => {
                splat(&mut sink);
                splat(&mut sink);
                sink.i64x2_mul().i32x4_extract_lane(1)
            }
            Step::Shuffle => {
                splat(&mut sink);
                splat(&mut sink);
                let lanes = [0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31];
                sink.i8x16_shuffle(lanes).i32x4_extract_lane(1)
            }
            Step::Lanes => {
                splat(&mut sink);
                splat(&mut sink);
                sink.i8x16_swizzle().i8x16_popcnt().i8x16_bitmask()
            }
            Step::ShiftBytes => {
                splat(&mut sink);
                sink.local_get(CONDITION).i8x16_shr_s().i32x4_extract_lane(1)
            }
            Step::Truncate => double(&mut sink).i32_trunc_f64_s(),
            Step::Saturate => double(&mut sink).i64_trunc_sat_f64_u().i32_wrap_i64(),
            Step::Round => double(&mut sink).f64_nearest().i32_trunc_sat_f64_u(),
            Step::MinMax => double(&mut sink).f64_const(Ieee64::from(2.5)).f64_min().i32_trunc_sat_f64_u(),
            Step::FloatAdd => {
                double(&mut sink);
                double(&mut sink).f64_add().i32_trunc_sat_f64_s()
            }
            Step::SquareRoot => double(&mut sink).f64_sqrt().i32_trunc_sat_f64_s(),
            Step::Demote => double(&mut sink).f32_demote_f64().i32_reinterpret_f32(),
            Step::FloatLanes => {
                splat(&mut sink);
                splat(&mut sink);
                sink.f32x4_min().i32x4_extract_lane(1)
            }
            Step::RoundLanes => {
                splat(&mut sink);
                sink.f32x4_nearest().i32x4_extract_lane(1)
            }
            Step::SaturateLanes => {
                splat(&mut sink);
                sink.i32x4_trunc_sat_f32x4_u().i32x4_extract_lane(1)
            }
            Step::FloatStore => {
                sink.local_get(CONDITION);
                double(&mut sink).f64_sqrt().f64_store(ADDRESS);
                return;
            }
            _ => return,
        };
        // Unused values are not compiled.
        sink.local_get(SCRATCH).i32_xor().local_set(SCRATCH);
    }

    fn bulk(&mut self, step: Step) {
        match step {
            Step::CallValues | Step::CallIndirectValues => {
                self.arguments();
                if step == Step::CallValues {
                    self.sink().call(VALUES_FUNCTION);
                } else {
                    self.sink().local_get(CONDITION).call_indirect(0, VALUES_TYPE);
                }
                self.results();
                return;
            }
            _ => {}
        }
        let mut sink = self.function.instructions();
        let three = |sink: &mut InstructionSink<'_>| {
            sink.local_get(CONDITION).local_get(CONDITION).local_get(CONDITION);
        };
        match step {
            Step::Call => sink.call(EMPTY_FUNCTION),
            Step::CallImport => sink.local_get(CONDITION).call(IMPORT),
            Step::CallIndirect => sink.local_get(CONDITION).call_indirect(0, EMPTY_TYPE),
            Step::MemoryGrow => sink.local_get(CONDITION).memory_grow(0).local_set(SCRATCH),
            Step::MemorySize => sink.memory_size(0).local_set(SCRATCH),
            Step::MemoryFill => {
                three(&mut sink);
                sink.memory_fill(0)
            }
            Step::MemoryCopy => {
                three(&mut sink);
                sink.memory_copy(0, 0)
            }
            Step::MemoryInit => {
                three(&mut sink);
                sink.memory_init(0, 0)
            }
            Step::DataDrop => sink.data_drop(0),
            Step::TableGet => sink.local_get(CONDITION).table_get(0).drop(),
            Step::TableSet => sink.local_get(CONDITION).ref_func(EMPTY_FUNCTION).table_set(0),
            Step::TableGrow => {
                sink.ref_func(EMPTY_FUNCTION).local_get(CONDITION).table_grow(0).local_set(SCRATCH)
            }
            Step::TableSize => sink.table_size(0).local_set(SCRATCH),
            Step::TableFill => {
                sink.local_get(CONDITION).ref_func(EMPTY_FUNCTION).local_get(CONDITION).table_fill(0)
            }
            Step::TableCopy => {
                three(&mut sink);
                sink.table_copy(0, 0)
            }
            Step::TableInit => {
                three(&mut sink);
                sink.table_init(0, 1)
            }
            Step::ElemDrop => sink.elem_drop(1),
            Step::RefFunc => sink.ref_func(EMPTY_FUNCTION).drop(),
            _ => &mut sink,
        };
    }
}

fn splat(sink: &mut InstructionSink<'_>) {
    sink.local_get(CONDITION).i32x4_splat();
}

fn double<'s, 'f>(sink: &'s mut InstructionSink<'f>) -> &'s mut InstructionSink<'f> {
    sink.local_get(CONDITION).f64_convert_i32_u()
}

const ADDRESS: MemArg = MemArg { offset: 0, align: 0, memory_index: 0 };

const EMPTY_TYPE: u32 = 0;
const VALUES_TYPE: u32 = 1;
const BOMB_TYPE: u32 = 2;

const IMPORT: u32 = 0;
const EMPTY_FUNCTION: u32 = 1;
const VALUES_FUNCTION: u32 = 2;

impl Value {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::I32, Self::I64, Self::F64, Self::V128];

    fn ty(self) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
        }
    }
}

/// The parts of an EE: an import, `main`, a function that passes values, and bombs.
pub(crate) struct Parts {
    pub(crate) types: TypeSection,
    pub(crate) imports: ImportSection,
    pub(crate) tables: TableSection,
    pub(crate) globals: GlobalSection,
    pub(crate) exports: ExportSection,
    pub(crate) elements: ElementSection,
    pub(crate) data: DataSection,
    pub(crate) n_data: u32,
    /// Functions besides `main` and the one that passes values, with their types.
    pub(crate) bodies: Vec<(u32, Function)>,
    pub(crate) names: Vec<String>,
    values: Function,
}

impl Parts {
    pub(crate) fn new(ty: ValType, arity: u32) -> Self {
        let n_results = arity.min(16);
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function(vec![ty; arity as usize], vec![ty; n_results as usize]);
        types.ty().function([ValType::I32], []);
        let mut imports = ImportSection::new();
        imports.import("eth2", "useTicks", EntityType::Function(BOMB_TYPE));
        let mut tables = TableSection::new();
        let table = TableType {
            element_type: RefType::FUNCREF,
            minimum: 100,
            maximum: None,
            table64: false,
            shared: false,
        };
        tables.table(table);
        let mut globals = GlobalSection::new();
        let global = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(global, &ConstExpr::i32_const(0));
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0).export("main", ExportKind::Func, EMPTY_FUNCTION);
        let functions = [EMPTY_FUNCTION, VALUES_FUNCTION];
        let mut elements = ElementSection::new();
        elements.active(None, &ConstExpr::i32_const(0), Elements::Functions((&functions).into()));
        elements.passive(Elements::Functions((&functions).into()));
        let mut data = DataSection::new();
        data.passive([1, 2, 3]);
        let mut values = Function::new([]);
        (0..n_results).for_each(|local| {
            values.instructions().local_get(local);
        });
        values.instructions().end();
        Self {
            types,
            imports,
            tables,
            globals,
            exports,
            elements,
            data,
            n_data: 1,
            bodies: Vec::new(),
            names: Vec::new(),
            values,
        }
    }

    pub(crate) fn encode(self) -> Vec<u8> {
        let mut functions = FunctionSection::new();
        let mut code = CodeSection::new();
        let mut main = Function::new([]);
        main.instructions().end();
        let bodies = [(EMPTY_TYPE, main), (VALUES_TYPE, self.values)].into_iter().chain(self.bodies);
        for (ty, body) in bodies {
            functions.function(ty);
            code.function(&body);
        }
        let memory =
            MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
        let mut module = Module::new();
        module.section(&self.types).section(&self.imports).section(&functions).section(&self.tables);
        module.section(MemorySection::new().memory(memory)).section(&self.globals).section(&self.exports);
        module.section(&self.elements).section(&DataCountSection { count: self.n_data });
        module.section(&code).section(&self.data);
        if !self.names.is_empty() {
            let mut names = NameMap::new();
            for (index, name) in (0..).zip(&self.names) {
                names.append(index, name);
            }
            let mut section = NameSection::new();
            section.functions(&names);
            module.section(&section);
        }
        module.finish()
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { copies, bytes, value, locals, operands, blocks, loops, touched, targets, arity, steps } =
            self;
        write!(f, "copies={copies},bytes={bytes},value={value:?},locals={locals},operands={operands},")?;
        write!(f, "blocks={blocks},loops={loops},touched={touched},targets={targets},arity={arity},steps=")?;
        for (index, step) in steps.iter().enumerate() {
            write!(f, "{}{step:?}", if index == 0 { "" } else { "+" })?;
        }
        Ok(())
    }
}

impl FromStr for Recipe {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut recipe = Self::of(&[]);
        for field in text.split(',') {
            let (name, value) =
                field.split_once('=').ok_or_else(|| format!("`{field}` is not name=value"))?;
            let number = || value.parse::<u32>().map_err(|error| format!("{name}: {error}"));
            match name {
                "copies" => recipe.copies = number()?,
                "bytes" => recipe.bytes = number()?,
                "locals" => recipe.locals = number()?,
                "operands" => recipe.operands = number()?,
                "blocks" => recipe.blocks = number()?,
                "loops" => recipe.loops = number()?,
                "touched" => recipe.touched = number()?,
                "targets" => recipe.targets = number()?,
                "arity" => recipe.arity = number()?,
                "value" => recipe.value = find(&Value::ALL, value)?,
                "steps" => {
                    let steps = value.split('+').filter(|step| !step.is_empty());
                    recipe.steps = steps.map(|step| find(Step::ALL, step)).collect::<Result<_, _>>()?;
                }
                _ => return Err(format!("a recipe has no `{name}`")),
            }
        }
        Ok(recipe)
    }
}

fn find<T: Copy + fmt::Debug>(all: &[T], name: &str) -> Result<T, String> {
    let found = all.iter().find(|one| format!("{one:?}") == name);
    found.copied().ok_or_else(|| format!("there is no `{name}`"))
}

/// Shapes of modules that no recipe makes, by name.
pub(crate) fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let mut shapes = Vec::new();
    let mut shape = |name, change: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::new(ValType::I32, 1);
        change(&mut parts);
        shapes.push((name, parts.encode()));
    };
    let references = |n| vec![ConstExpr::ref_func(EMPTY_FUNCTION); n];
    let nulls = |n| vec![ConstExpr::ref_null(wasm_encoder::HeapType::FUNC); n];
    let sum = || ConstExpr::i32_const(0).with_i32_const(1).with_i32_add();
    shape("15,000 active element expressions", &|parts| elements(parts, true, 15_000, &references));
    shape("15,000 passive element expressions", &|parts| elements(parts, false, 15_000, &references));
    shape("100,000 active element expressions", &|parts| elements(parts, true, 100_000, &references));
    shape("100,000 active null expressions", &|parts| elements(parts, true, 100_000, &nulls));
    shape("100,000 passive element expressions", &|parts| elements(parts, false, 100_000, &references));
    shape("100,000 passive function indices", &|parts| {
        parts.elements.passive(Elements::Functions(vec![EMPTY_FUNCTION; 100_000].into()));
    });
    shape("100,000 function indices at a sum", &|parts| {
        parts.elements.active(None, &sum(), Elements::Functions(vec![EMPTY_FUNCTION; 100_000].into()));
    });
    shape("100,000 function indices behind the end of the table", &|parts| {
        let functions = Elements::Functions(vec![EMPTY_FUNCTION; 100_000].into());
        parts.elements.active(None, &ConstExpr::i32_const(0), functions);
    });
    shape("10,000 data segments", &|parts| data(parts, 9_999, &|_| ConstExpr::i32_const(0)));
    shape("10,000 data segments far apart", &|parts| {
        data(parts, 9_999, &|n| ConstExpr::i32_const(n.wrapping_mul(25_000)));
    });
    shape("10,000 data segments at sums", &|parts| data(parts, 9_999, &|_| sum()));
    shape("1,000 globals that are sums", &|parts| {
        let global = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        (1..1_000).for_each(|_| {
            parts.globals.global(global, &sum());
        });
    });
    shape("19,998 small functions", &|parts| parts.bodies = vec![(EMPTY_TYPE, small(&[])); 19_998]);
    shape("19,998 functions that call each other in any order, and through the table", &|parts| {
        let n = 19_998;
        let calls =
            |index: u32| (1..20).map(move |k| VALUES_FUNCTION + 1 + index.wrapping_mul(k * 7_919) % n);
        parts.bodies = (0..n).map(|index| (EMPTY_TYPE, small(&calls(index).collect::<Vec<_>>()))).collect();
        let all = (VALUES_FUNCTION + 1..n).collect::<Vec<_>>();
        parts.elements.declared(Elements::Functions(all.into()));
    });
    shape("19,998 functions with 48 locals each", &|parts| {
        let mut function = Function::new([(48, ValType::V128)]);
        function.instructions().end();
        parts.bodies = vec![(EMPTY_TYPE, function); 19_998];
    });
    shape("19,998 functions with long names", &|parts| {
        parts.bodies = vec![(EMPTY_TYPE, small(&[])); 19_998];
        parts.names = vec!["n".repeat(400); 19_998];
    });
    shape("a data segment of 8 MB", &|parts| {
        parts.data.passive(vec![7; 8_000_000]);
        parts.n_data += 1;
    });
    shapes
}

fn elements(parts: &mut Parts, is_active: bool, n: usize, make: &dyn Fn(usize) -> Vec<ConstExpr>) {
    let elements = Elements::Expressions(RefType::FUNCREF, make(n).into());
    if is_active {
        parts.elements.active(Some(0), &ConstExpr::i32_const(0), elements);
    } else {
        parts.elements.passive(elements);
    }
}

fn data(parts: &mut Parts, n: u32, offset: &dyn Fn(i32) -> ConstExpr) {
    for index in 0..n {
        parts.data.active(0, &offset(index as i32), [1]);
    }
    parts.n_data += n;
}

/// Returns a function that calls these.
fn small(callees: &[u32]) -> Function {
    let mut function = Function::new([]);
    for callee in callees {
        function.instructions().call(*callee);
    }
    function.instructions().end();
    function
}

/// The known recipes: each step by itself, and among long-lived values and in constructs, at half of the refused size
/// of functions and less, once and many times.
pub(crate) fn recipes() -> Vec<Recipe> {
    let mut recipes = Vec::new();
    for step in Step::ALL {
        let one = Recipe::of(&[*step]);
        recipes.push(one.clone());
        recipes.push(Recipe { copies: 60, ..one.clone() });
        recipes.push(Recipe { copies: 2_000, bytes: 4_000, locals: 20, ..one.clone() });
        let small = Recipe { bytes: 15_000, ..one };
        recipes.push(small.clone());
        recipes.push(Recipe { locals: 300, loops: 4, ..small.clone() });
        recipes.push(Recipe { operands: 900, value: Value::V128, ..small.clone() });
        recipes.push(Recipe { blocks: 300, locals: 30, ..small });
    }
    let text = [
        "bytes=30000,locals=300,blocks=30,loops=30,steps=Write+BrIfAny",
        "bytes=10000,locals=300,blocks=900,steps=Write+BrIfAny",
        "bytes=10000,locals=100,blocks=300,steps=Write+BrIfAny",
        "bytes=10000,locals=30,blocks=300,steps=Write+BrIfAny",
        "bytes=20000,locals=1000,steps=BrIfNear",
        "bytes=15000,locals=300,loops=30,targets=50,steps=Write+BrTableAny",
        "bytes=15000,locals=300,blocks=900,targets=1000,steps=Write+BrTableAny",
        "bytes=100000,locals=1000,steps=Read",
        "bytes=130000,locals=1000,steps=MemoryGrow",
        "bytes=15000,locals=500,loops=10,touched=30,steps=Rotate+BrIfAny",
        "bytes=250000,locals=4000,steps=Read",
    ];
    recipes.extend(text.iter().map(|text| text.parse::<Recipe>().expect("the recipe is well-formed")));
    recipes
}
