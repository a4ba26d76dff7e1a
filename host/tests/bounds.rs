//! Every bound on the shape of a module: a module at the bound loads, and one more is refused with a message that names
//! the item and its place.

#[path = "support/random.rs"]
mod random;
mod support;

use std::sync::LazyLock;

use outrider_host::{BOUNDS, CompileCost, Host, HostConfig, Limits, Refusal, summarize};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, DataSection, ElementSection, Elements, EntityType,
    ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection,
    Instruction, MemorySection, MemoryType, Module, NameMap, NameSection, RefType, TableSection, TableType,
    TypeSection, ValType,
};

/// A host with the default limits.
static HOST: LazyLock<Host> =
    LazyLock::new(|| Host::new(HostConfig::default()).expect("the configuration is valid"));

/// The parts of an EE, of which a test changes one. Function 0 is `main`; function 1 is `bomb` if there is a body.
struct Parts {
    types: TypeSection,
    n_types: u32,
    imports: ImportSection,
    tables: TableSection,
    memory_pages: u64,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    data: DataSection,
    /// Bodies of type 0, which is () -> ().
    functions: Vec<Function>,
    customs: Vec<String>,
}

impl Parts {
    fn new() -> Self {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        Self {
            types,
            n_types: 1,
            imports: ImportSection::new(),
            tables: TableSection::new(),
            memory_pages: 1,
            globals: GlobalSection::new(),
            exports: ExportSection::new(),
            elements: ElementSection::new(),
            data: DataSection::new(),
            functions: vec![body(0, &[])],
            customs: Vec::new(),
        }
    }

    fn encode(mut self) -> Vec<u8> {
        let mut module = Module::new();
        module.section(&self.types);
        if !self.imports.is_empty() {
            module.section(&self.imports);
        }
        let mut functions = FunctionSection::new();
        let mut code = CodeSection::new();
        for body in &self.functions {
            functions.function(0);
            code.function(body);
        }
        module.section(&functions);
        module.section(&self.tables);
        let memory = MemoryType {
            minimum: self.memory_pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        module.section(MemorySection::new().memory(memory));
        module.section(&self.globals);
        self.exports.export("main", ExportKind::Func, 0).export("memory", ExportKind::Memory, 0);
        module.section(&self.exports).section(&self.elements).section(&code).section(&self.data);
        for name in &self.customs {
            module.section(&CustomSection { name: name.into(), data: (&[]).into() });
        }
        if self.functions.len() > 1 {
            let mut names = NameMap::new();
            names.append(1, "bomb");
            let mut section = NameSection::new();
            section.functions(&names);
            module.section(&section);
        }
        module.finish()
    }
}

fn body(n_locals: u32, instructions: &[Instruction<'_>]) -> Function {
    let mut function = Function::new([(n_locals, ValType::I32)]);
    for instruction in instructions {
        function.instruction(instruction);
    }
    function.instruction(&Instruction::End);
    function
}

/// Makes an EE with this function besides `main`.
fn with_function(function: Function) -> Vec<u8> {
    let mut parts = Parts::new();
    parts.functions.push(function);
    parts.encode()
}

fn repeat(instructions: &[Instruction<'static>], n: usize) -> Vec<Instruction<'static>> {
    vec![instructions; n].concat()
}

fn with(change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    let mut parts = Parts::new();
    change(&mut parts);
    parts.encode()
}

#[track_caller]
fn check_loads(code: &[u8]) {
    if let Err(error) = HOST.load(code) {
        panic!("it is within the bounds: {error}");
    }
}

/// Checks a refusal up to its byte offset, and that the offset is within the module.
#[track_caller]
fn check_refused(code: &[u8], item: &str, excess: &str) {
    let error = HOST.load(code).err().expect("it is over a bound").to_string();
    let (place, offset) = error.split_once(" at byte 0x").expect("the message has an offset");
    let (offset, rest) = offset.split_once(' ').expect("the message goes on");
    let offset = usize::from_str_radix(offset, 16).expect("the offset is in hex");
    assert!(offset > 0 && offset < code.len(), "{error}");
    assert_eq!((place, rest), (item, excess));
}

/// Checks that `n` are accepted and one more is refused.
#[track_caller]
fn check_count(max: u32, make: impl Fn(u32) -> Vec<u8>, item: &str, what: &str) {
    assert!(BOUNDS.iter().any(|bound| bound.what == what && bound.max == u64::from(max)), "{what}");
    check_loads(&make(max));
    check_refused(&make(max + 1), item, &format!("has {} {what}, the limit is {max}", max + 1));
}

#[test]
fn types_functions_and_imports_are_bounded() {
    let types = |n| {
        with(|parts| {
            for index in parts.n_types..n {
                parts.types.ty().function(vec![ValType::I32; index as usize % 8], []);
            }
        })
    };
    check_count(10_000, types, "the type section", "types");
    let functions = |n| with(|parts| parts.functions = vec![body(0, &[]); n as usize]);
    check_count(20_000, functions, "the function section", "functions");
    let imports = |n| {
        with(|parts| {
            parts.types.ty().function([ValType::I32], []);
            for _ in 0..n {
                parts.imports.import("eth2", "useTicks", EntityType::Function(1));
            }
            // Function 0 is an import, now.
            parts.exports = ExportSection::new();
        })
    };
    let summary = summarize(&imports(1_000), &Limits::default());
    assert!(!summary.refusals.iter().any(|refusal| matches!(refusal, Refusal::OverBound { .. })));
    check_refused(&imports(1_001), "the import section", "has 1001 imports, the limit is 1000");
}

#[test]
fn tables_globals_and_exports_are_bounded() {
    let table = || TableType {
        element_type: RefType::FUNCREF,
        minimum: 1,
        maximum: None,
        table64: false,
        shared: false,
    };
    let tables = |n| {
        with(|parts| {
            (0..n).for_each(|_| {
                parts.tables.table(table());
            })
        })
    };
    check_count(8, tables, "table 8", "tables, imported ones included");
    let global = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
    let globals = |n| {
        with(|parts| {
            (0..n).for_each(|_| {
                parts.globals.global(global, &ConstExpr::i32_const(1));
            })
        })
    };
    check_count(1_000, globals, "the global section", "globals");
    let exports = |n| {
        with(|parts| {
            for index in 2..n {
                parts.exports.export(&format!("f{index}"), ExportKind::Func, 0);
            }
        })
    };
    check_count(1_000, exports, "the export section", "exports");
}

#[test]
fn segments_and_sections_are_bounded() {
    let segments = |n| {
        with(|parts| {
            (0..n).for_each(|_| {
                parts.elements.passive(Elements::Functions((&[0][..]).into()));
            });
        })
    };
    check_count(1_000, segments, "the element section", "element segments");
    let elements = |n| {
        with(|parts| {
            let functions = vec![0; n as usize];
            parts.elements.declared(Elements::Functions(functions.into()));
        })
    };
    check_count(100_000, elements, "the element section", "elements in all element segments");
    let data = |n| {
        with(|parts| {
            (0..n).for_each(|_| {
                parts.data.active(0, &ConstExpr::i32_const(0), [1]);
            })
        })
    };
    check_count(10_000, data, "the data section", "data segments");
    // Eight sections come before.
    let customs = |n| with(|parts| parts.customs = vec!["x".to_owned(); n as usize - 9]);
    check_count(1_000, customs, "section 1000", "sections");
}

#[test]
fn names_types_and_initializers_are_bounded() {
    let name = |n: u32| "x".repeat(n as usize);
    let export = |n| {
        with(|parts| {
            parts.exports.export(&name(n), ExportKind::Func, 0);
        })
    };
    check_count(1_024, export, "export 0", "bytes of name");
    let custom = |n| with(|parts| parts.customs = vec![name(n)]);
    check_count(1_024, custom, "section 9", "bytes of name");
    let import = with(|parts| {
        parts.imports.import(&name(1_025), "f", EntityType::Function(0));
    });
    check_refused(&import, "import 0", "has 1025 bytes of name, the limit is 1024");
    let parameters = |n| with(|parts| parts.types.ty().function(vec![ValType::I64; n as usize], []));
    check_count(64, parameters, "type 1", "parameters");
    let results = |n| with(|parts| parts.types.ty().function([], vec![ValType::I64; n as usize]));
    check_count(16, results, "type 1", "results");
    let sum = |n: u32| {
        let mut sum = ConstExpr::i32_const(0);
        for _ in 1..n / 2 {
            sum = sum.with_i32_const(1).with_i32_add();
        }
        // An even number of instructions leaves one too few.
        sum
    };
    let global = |n| {
        let ty = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
        with(|parts| {
            parts.globals.global(ty, &sum(n));
        })
    };
    check_loads(&global(16));
    let what = "instructions in a constant expression, the limit is 16";
    check_refused(&global(18), "global 0", &format!("has 17 {what}"));
    let data = with(|parts| {
        parts.data.active(0, &sum(18), [1]);
    });
    check_refused(&data, "data segment 0", &format!("has 17 {what}"));
}

#[test]
fn functions_are_bounded() {
    use Instruction::{Block, BrTable, Drop, End, I32Const, LocalGet, Loop, Nop};
    let what = "function 1 `bomb`";
    // One byte is for the empty declaration of locals, two for its type, one for the end.
    let bytes = |n: u32| with_function(body(0, &vec![Nop; n as usize - 4]));
    check_count(256 << 10, bytes, what, "bytes");
    let locals = |n| with_function(body(n, &[]));
    check_count(4_096, locals, what, "locals, parameters included");
    let operands = |n: u32| {
        let n = n as usize;
        with_function(body(0, &[vec![I32Const(0); n], vec![Drop; n]].concat()))
    };
    check_count(1_024, operands, what, "operands on the stack");
    let nested = |block: Instruction<'static>| {
        move |n: u32| {
            let n = n as usize;
            with_function(body(0, &[vec![block.clone(); n], vec![End; n]].concat()))
        }
    };
    check_count(1_024, nested(Block(BlockType::Empty)), what, "blocks within blocks");
    check_count(32, nested(Loop(BlockType::Empty)), what, "loops within loops");
    let targets = |n| {
        let targets = vec![0; n as usize];
        with_function(body(1, &[Block(BlockType::Empty), LocalGet(0), BrTable(targets.into(), 0), End]))
    };
    check_count(10_000, targets, what, "targets in one br_table");
}

/// Checks that functions are accepted up to some size and refused over it, for their cost of compiling.
///
/// The cost at a bound to the microsecond depends on more than one number. So this finds the size at which the
/// prediction crosses the bound, and checks the prediction on either side.
#[track_caller]
fn check_cost(make: impl Fn(usize) -> Vec<u8>, bound: &str, predicted: impl Fn(&CompileCost) -> u64) {
    let bound = BOUNDS.iter().find(|one| one.what == bound).expect("there is such a bound");
    let is_over = |n| !summarize(&make(n), &Limits::default()).refusals.is_empty();
    let (mut at, mut over) = (1, 1);
    while !is_over(over) {
        (at, over) = (over, over * 2);
    }
    while over - at > 1 {
        let middle = (at + over) / 2;
        if is_over(middle) {
            over = middle;
        } else {
            at = middle;
        }
    }
    let max = bound.max;
    let near = predicted(&summarize(&make(at), &Limits::default()).compile_cost_max);
    assert!(near <= max && near > max - max / 100, "{near} of {max} at {at}");
    let error = HOST.load(&make(over)).err().expect("it is over the bound").to_string();
    assert!(error.starts_with("function 1 `bomb` at byte 0x"), "{error}");
    assert!(error.ends_with(&format!("{}, the limit is {max}", bound.what)), "{error}");
}

#[test]
fn the_work_of_compiling_a_function_is_bounded() {
    use Instruction::{Block, BrIf, Call, Drop, End, I32Add, If, LocalGet, LocalSet, Loop};
    let time = |cost: &CompileCost| cost.microseconds;
    let memory = |cost: &CompileCost| cost.kibibytes;
    // Only control flow.
    let branches = |n: usize| with_function(body(1, &repeat(&[LocalGet(0), BrIf(0)], n)));
    check_cost(branches, TIME, time);
    // Many locals alive across many branches.
    let diamonds = |n: usize| {
        let diamonds = repeat(&[LocalGet(0), If(BlockType::Empty), End], n);
        let uses = (0..1_000).flat_map(|local| [LocalGet(local), Drop]).collect();
        with_function(body(1_000, &[diamonds, uses].concat()))
    };
    check_cost(diamonds, MEMORY, memory);
    // Many locals that many branches change.
    let changes =
        |n_locals| (0..n_locals).flat_map(|local| [LocalGet(local), LocalGet(0), I32Add, LocalSet(local)]);
    let jumps = |n: usize| {
        let jumps = repeat(&[LocalGet(0), BrIf(0)], n);
        let parts = [vec![Loop(BlockType::Empty)], changes(100).collect(), jumps, vec![End]];
        with_function(body(100, &parts.concat()))
    };
    check_cost(jumps, TIME, time);
    // Nested blocks, each with two paths to its end.
    let nest = |n: usize| {
        let blocks = vec![Block(BlockType::Empty); 200];
        let ends = repeat(&[LocalGet(0), BrIf(0), End], 200);
        with_function(body(n as u32, &[blocks, changes(n as u32).collect(), ends].concat()))
    };
    check_cost(nest, TIME, time);
    // Calls, each of which takes memory.
    check_cost(|n| with_function(body(0, &vec![Call(0); n])), MEMORY, memory);
    // A library's calls in which the results of one are the arguments of the next.
    let calls = |n: usize| {
        let mut module = Parts::new();
        module.types.ty().function(vec![ValType::I32; 16], vec![ValType::I32; 16]);
        let block = vec![Block(BlockType::FunctionType(1)), End];
        let arguments = (0..16).map(LocalGet).collect();
        let drops = vec![Drop; 16];
        module.functions.push(body(16, &[arguments, vec![block; n].concat(), drops].concat()));
        module.encode()
    };
    check_cost(calls, MEMORY, memory);
}

const TIME: &str = "microseconds of predicted compile time";
const MEMORY: &str = "KiB of predicted memory to compile";

#[test]
fn the_initialization_of_a_module_is_bounded_as_a_function_is() {
    let over = |code: &[u8], section: &str| {
        let error = HOST.load(code).err().expect("it is over a bound").to_string();
        assert!(error.starts_with(&format!("the {section} section at byte 0x")), "{error}");
        assert!(error.ends_with(&format!("{MEMORY}, the limit is 262144")), "{error}");
    };
    let table = TableType {
        element_type: RefType::FUNCREF,
        minimum: 20_000,
        maximum: None,
        table64: false,
        shared: false,
    };
    let with_elements = |offset: &ConstExpr, elements: Elements<'_>| {
        with(|parts| {
            parts.tables.table(table);
            parts.elements.active(None, offset, elements);
        })
    };
    let (zero, sum) = (ConstExpr::i32_const(0), ConstExpr::i32_const(0).with_i32_const(0).with_i32_add());
    let indices = |n| vec![0_u32; n];
    let references = |n| vec![ConstExpr::ref_func(0); n];
    // Indices at a constant place within the table are placed beforehand.
    check_loads(&with_elements(&zero, Elements::Functions(indices(20_000).into())));
    over(&with_elements(&sum, Elements::Functions(indices(20_000).into())), "element");
    over(&with_elements(&zero, Elements::Functions(indices(20_001).into())), "element");
    over(
        &with_elements(&zero, Elements::Expressions(RefType::FUNCREF, references(20_000).into())),
        "element",
    );
    check_loads(&with_elements(&zero, Elements::Expressions(RefType::FUNCREF, references(5_000).into())));
    let passive = with(|parts| {
        parts.elements.passive(Elements::Functions(indices(20_000).into()));
    });
    over(&passive, "element");
    let declared = with(|parts| {
        parts.elements.declared(Elements::Functions(indices(100_000).into()));
    });
    check_loads(&declared);
}

#[test]
fn honest_modules_are_far_from_the_bounds_on_compilation() {
    let limits = Limits::default();
    let check = |name: &str, code: &[u8], room: u64| {
        let summary = summarize(code, &limits);
        let (all, max) = (summary.compile_cost, summary.compile_cost_max);
        assert!(max.microseconds < 2_000_000 / room, "{name}: {max:?}");
        assert!(max.kibibytes < (256 << 10) / room, "{name}: {max:?}");
        assert!(all.microseconds < 8_500_000 / room.min(2), "{name}: {all:?}");
    };
    for name in ["account", "bazaar", "crypto-check", "evm", "helloworld", "workload"] {
        check(name, &support::blob(name), 5);
    }
    for seed in 0..2_000 {
        let module = random::random_module(random::config(), None, &random::bytes(seed));
        if let Ok(module) = module {
            check(&format!("wasm-smith {seed}"), &module, 20);
        }
    }
}

#[test]
fn the_functions_of_a_module_are_bounded_together() {
    let locals = |n: u32| with(|parts| parts.functions.extend(vec![body(4_000, &[]); n as usize]));
    check_loads(&locals(250));
    check_refused(&locals(251), "function 251", "has 1004000 locals in all functions, the limit is 1000000");
    // Each of the functions alone is acceptable.
    let branches = body(1, &repeat(&[Instruction::LocalGet(0), Instruction::BrIf(0)], 500));
    let branches = |n| with(|parts| parts.functions.extend(vec![branches.clone(); n]));
    let error = |n| HOST.load(&branches(n)).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(error(100), "");
    assert!(error(2_000).starts_with("function "), "{}", error(2_000));
    let what = "microseconds of predicted compile time in all functions, the limit is 5000000";
    assert!(error(2_000).ends_with(what), "{}", error(2_000));
    let calls = body(0, &vec![Instruction::Call(0); 30_000]);
    let calls = with(|parts| parts.functions.extend(vec![calls.clone(); 20]));
    let error = HOST.load(&calls).err().expect("it is over a bound").to_string();
    let what = "to compile all functions at a time, beyond 8 MiB for each, the limit is 524288";
    assert!(error.ends_with(what), "{error}");
}

#[test]
fn bombs_are_refused() {
    use Instruction::{Block, BrTable, End, LocalGet, Unreachable};
    let what = "function 1 `bomb`";
    let locals = with_function(body(100_000, &[]));
    check_refused(&locals, what, "has 100000 locals, parameters included, the limit is 4096");
    let overflowing = Function::new([(u32::MAX, ValType::I32), (u32::MAX, ValType::V128)]);
    let overflowing = with_function({
        let mut function = overflowing;
        function.instruction(&End);
        function
    });
    check_refused(&overflowing, what, "has 4294967295 locals, parameters included, the limit is 4096");
    let four_gib = with(|parts| parts.memory_pages = 65_536);
    check_refused(&four_gib, "memory 0", "starts with 65536 pages of 64 KiB, the limit is 4096");
    let table = TableType {
        element_type: RefType::FUNCREF,
        minimum: u64::from(u32::MAX),
        maximum: None,
        table64: false,
        shared: false,
    };
    let table = with(|parts| {
        parts.tables.table(table);
    });
    check_refused(&table, "table 0", "starts with 4294967295 elements, the limit is 20000");
    let deep = with_function(body(0, &[vec![Block(BlockType::Empty); 40_000], vec![End; 40_000]].concat()));
    check_refused(&deep, what, "has 1025 blocks within blocks, the limit is 1024");
    let deeper =
        with_function(body(0, &[vec![Block(BlockType::Empty); 100_000], vec![End; 100_000]].concat()));
    check_refused(&deeper, what, "has 300004 bytes, the limit is 262144");
    // 23 s on both engines.
    let mut roots = vec![Instruction::F64Const(2.0.into()); 900];
    roots.extend(vec![Instruction::F64Sqrt; 60_000]);
    roots.extend(vec![Instruction::F64Add; 899]);
    roots.push(Instruction::Drop);
    let error = HOST.load(&with_function(body(0, &roots))).err().expect("it is over a bound").to_string();
    assert!(error.contains("microseconds of predicted compile time, the limit is 2000000"), "{error}");
    let targets = vec![0; 100_000];
    let targets =
        with_function(body(1, &[Block(BlockType::Empty), LocalGet(0), BrTable(targets.into(), 0), End]));
    check_refused(&targets, what, "has 100000 targets in one br_table, the limit is 10000");
    let functions = with(|parts| parts.functions = vec![body(0, &[Unreachable]); 1_000_000]);
    check_refused(&functions, "the function section", "has 1000000 functions, the limit is 20000");
    let types = with(|parts| (0..1_000_000).for_each(|_| parts.types.ty().function([], [])));
    check_refused(&types, "the type section", "has 1000001 types, the limit is 10000");
    let wide =
        with(|parts| parts.types.ty().function(vec![ValType::V128; 1_000], vec![ValType::V128; 1_000]));
    check_refused(&wide, "type 1", "has 1000 parameters, the limit is 64");
}
