//! Writes the instrumented module.
//!
//! Sections are copied, with these changes:
//!
//! * types: one is added for each function that needs it, see [`rewrite`](super::rewrite);
//! * imports: a linked module imports the two counters, as the last two imports, so that its defined globals move up by two
//!   and every reference to them is renumbered;
//! * globals and exports: a module that stands alone defines and exports the counters as its last two globals;
//! * start: becomes an export;
//! * code: rewritten;
//! * custom sections: dropped, except for the names.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, ExportKind,
    ExportSection, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection,
    Module as Encoder, TableSection, TypeSection, ValType, reencode::Reencode as _,
};
use wasmparser::FuncType;

use super::{
    COUNTERS, FuelScale, GROW_EXPORT, IMPORT_MODULE, Linkage, MeterError, START_EXPORT,
    analysis::Analysis,
    globals::Globals,
    module::Module,
    recursion::Recursion,
    rewrite::{Subject, grow, rewrite},
};

/// Writes `module` with its functions rewritten.
pub(super) fn encode(
    module: &Module<'_>,
    analyses: &[Analysis],
    recursion: &Recursion,
    linkage: Linkage,
    scale: FuelScale,
) -> Result<Vec<u8>, MeterError> {
    let mut globals = Globals::new(module, linkage);
    let mut types = TypeSection::new();
    if let Some(section) = module.types.clone() {
        globals.parse_type_section(&mut types, section)?;
    }
    let mut code = code(module, analyses, recursion, &mut globals, &mut types)?;
    let mut functions = FunctionSection::new();
    if let Some(section) = module.functions.clone() {
        globals.parse_function_section(&mut functions, section)?;
    }
    let grows_memory = analyses.iter().any(|analysis| analysis.grows_memory);
    if grows_memory {
        functions.function(types.len());
        types.ty().function([ValType::I32], [ValType::I32]);
        code.function(&grow(&globals, scale));
    }

    let mut encoder = Encoder::new();
    encoder.section(&types);
    let added = AddedFunctions { functions, grows_memory };
    before_code(module, linkage, &added, &mut globals, &mut encoder)?;
    encoder.section(&code);
    if let Some(section) = module.data.clone() {
        let mut data = DataSection::new();
        globals.parse_data_section(&mut data, section)?;
        encoder.section(&data);
    }
    if let Some(section) = module.names.clone() {
        encoder.section(&globals.custom_name_section(section)?);
    }
    Ok(encoder.finish())
}

fn code(
    module: &Module<'_>,
    analyses: &[Analysis],
    recursion: &Recursion,
    globals: &mut Globals,
    types: &mut TypeSection,
) -> Result<CodeSection, MeterError> {
    let mut code = CodeSection::new();
    let functions =
        (module.n_imported_functions..).zip(&module.bodies).zip(analyses).zip(&recursion.is_counted);
    for (((function_index, body), analysis), is_counted) in functions {
        let func_type = module.type_of_function(function_index).and_then(|index| module.func_type(index));
        let func_type = func_type.ok_or(MeterError::Invalid { offset: body.range().start })?;
        let subject = Subject {
            body,
            analysis,
            n_params: u32::try_from(func_type.params().len()).unwrap_or(u32::MAX),
            result_type: if analysis.branches_out {
                result_type(func_type, globals, types)?
            } else {
                BlockType::Empty
            },
            is_counted: *is_counted,
        };
        code.function(&rewrite(module, globals, &subject)?);
    }
    Ok(code)
}

/// Returns the type of a block with the results of a function of type `func_type`. Several values need a type of their
/// own.
fn result_type(
    func_type: &FuncType,
    globals: &mut Globals,
    types: &mut TypeSection,
) -> Result<BlockType, MeterError> {
    Ok(match func_type.results() {
        [] => BlockType::Empty,
        [result] => BlockType::Result(globals.val_type(*result)?),
        results => {
            let index = types.len();
            types.ty().function([], globals.val_types(results.to_vec())?);
            BlockType::FunctionType(index)
        }
    })
}

/// The functions of a module after metering, and whether the last of them is the one that grows the memory.
struct AddedFunctions {
    functions: FunctionSection,
    grows_memory: bool,
}

/// Writes the sections between the types and the code.
fn before_code(
    module: &Module<'_>,
    linkage: Linkage,
    added: &AddedFunctions,
    globals: &mut Globals,
    encoder: &mut Encoder,
) -> Result<(), MeterError> {
    encoder.section(&imports(module, linkage, globals)?);
    encoder.section(&added.functions);
    if let Some(section) = module.tables.clone() {
        let mut tables = TableSection::new();
        globals.parse_table_section(&mut tables, section)?;
        encoder.section(&tables);
    }
    if let Some(section) = module.memories.clone() {
        let mut memories = MemorySection::new();
        globals.parse_memory_section(&mut memories, section)?;
        encoder.section(&memories);
    }
    encoder.section(&defined_globals(module, linkage, globals)?);
    encoder.section(&exports(module, linkage, added.grows_memory, globals)?);
    if let Some(section) = module.elements.clone() {
        let mut elements = ElementSection::new();
        globals.parse_element_section(&mut elements, section)?;
        encoder.section(&elements);
    }
    if let Some(count) = module.data_count {
        encoder.section(&DataCountSection { count });
    }
    Ok(())
}

/// The type of the counters.
const COUNTER: GlobalType = GlobalType { val_type: ValType::I64, mutable: true, shared: false };

fn imports(
    module: &Module<'_>,
    linkage: Linkage,
    globals: &mut Globals,
) -> Result<ImportSection, MeterError> {
    let mut imports = ImportSection::new();
    if let Some(section) = module.imports.clone() {
        globals.parse_import_section(&mut imports, section)?;
    }
    if linkage == Linkage::Linked {
        for counter in COUNTERS {
            imports.import(IMPORT_MODULE, counter.import, COUNTER);
        }
    }
    Ok(imports)
}

fn defined_globals(
    module: &Module<'_>,
    linkage: Linkage,
    globals: &mut Globals,
) -> Result<GlobalSection, MeterError> {
    let mut defined = GlobalSection::new();
    if let Some(section) = module.globals.clone() {
        globals.parse_global_section(&mut defined, section)?;
    }
    if linkage == Linkage::Alone {
        for _ in COUNTERS {
            defined.global(COUNTER, &ConstExpr::i64_const(0));
        }
    }
    Ok(defined)
}

fn exports(
    module: &Module<'_>,
    linkage: Linkage,
    grows_memory: bool,
    globals: &mut Globals,
) -> Result<ExportSection, MeterError> {
    let mut exports = ExportSection::new();
    if let Some(section) = module.exports.clone() {
        globals.parse_export_section(&mut exports, section)?;
    }
    if linkage == Linkage::Alone {
        for (index, counter) in (globals.fuel..).zip(COUNTERS) {
            exports.export(counter.export, ExportKind::Global, index);
        }
    }
    if grows_memory {
        exports.export(GROW_EXPORT, ExportKind::Func, globals.grow);
    }
    if let Some(function_index) = module.start {
        exports.export(START_EXPORT, ExportKind::Func, function_index);
    }
    Ok(exports)
}
