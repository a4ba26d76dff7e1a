//! What a module may contain.
//!
//! A module is read once, by [`summarize`] for the curious and on the way into a
//! [`Host`](crate::Host) for good. Reading collects every refusal instead of stopping at the first, but for
//! those after which nothing can be read.

mod body;
mod cost;
mod extern_type;
mod imports;
mod remedy;
mod types;

use std::collections::BTreeMap;

use outrider_abi::{CodeHash, Import};
use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, FuncType, GlobalType, KnownCustom,
    MemoryType, Name, Operator, Parser, Payload, TableInit, TableType, TypeRef, ValidPayload, Validator,
    WasmFeatures,
};

use crate::config::Limits;
use crate::error::{FunctionId, Item, Refusal};
use crate::module::{
    CompileCost, ExportSummary, ImportSummary, MemorySummary, ModuleSummary, SectionSummary,
};
use crate::profile::{
    Bound, CONSTANT_INSTRUCTIONS, CUSTOM_DESCRIPTORS, DATA_SEGMENTS, ELEMENT_SEGMENTS, ELEMENTS, EXPORTS,
    FLOATS_REFUSED, FUNCTIONS, GLOBALS, IMPORTS, NAME_BYTES, PARAMETERS, PROPOSALS, Proposal, RESULTS,
    SECTIONS, TABLES, TYPES, features,
};
use body::{check_body, check_cost};
use cost::initialization;
use imports::check_import;
use types::{escaping_cost, exported, listed, type_cost};

pub(crate) use body::Totals;
pub(crate) use extern_type::ExternType;

pub(crate) use crate::profile::PROFILE;

/// Tables in a module.
pub(crate) const TABLES_MAX: u32 = TABLES.max as u32;

/// Libraries of an EE; scout's fixtures have one.
pub(crate) const LIBRARIES_MAX: u32 = 15;

/// The exports of the libraries, by library and name.
pub(crate) type Exports = BTreeMap<String, BTreeMap<String, ExternType>>;

/// Reads a module and tells what it consists of and what it would be refused for.
///
/// Imports of libraries that are not at hand count as unknown.
pub fn summarize(code: &[u8], limits: &Limits) -> ModuleSummary {
    let mut module = read(code, limits, &mut Totals::default());
    module.check_imports(&Exports::new());
    module.check_exports();
    module.summary
}

/// A module that can be loaded.
pub(crate) struct Checked {
    pub(crate) exports: BTreeMap<String, ExternType>,
    /// The pages that its memory can grow to.
    pub(crate) pages_max: u64,
}

/// Decides whether a module can be an EE that uses these libraries, which have taken so much of the bounds already.
pub(crate) fn check_ee(
    code: &[u8],
    libraries: &Exports,
    limits: &Limits,
    totals: &mut Totals,
) -> Result<Checked, Refusal> {
    let mut module = read(code, limits, totals);
    module.check_imports(libraries);
    module.check_exports();
    module.first_refusal()
}

/// Decides whether a module can be a library.
///
/// What its functions have together is added to that of the libraries before.
pub(crate) fn check_library(code: &[u8], limits: &Limits, totals: &mut Totals) -> Result<Checked, Refusal> {
    let mut module = read(code, limits, totals);
    if let Some(import) = module.summary.imports.first() {
        let (module_name, name, offset) = (import.module.clone(), import.name.clone(), import.offset);
        module.refuse(Refusal::LibraryImport { module: module_name, name, offset });
    }
    module.first_refusal()
}

/// A module that has been read: what is told of it, and the types behind that.
struct ModuleRead {
    limits: Limits,
    summary: ModuleSummary,
    /// Whether all of it could be read; if not, what is missing is not the module's fault.
    complete: bool,
    types: Vec<FuncType>,
    /// The index spaces, imports first; functions by the index of their type.
    functions: Vec<u32>,
    tables: Vec<TableType>,
    n_imported_tables: u32,
    memories: Vec<MemoryType>,
    globals: Vec<GlobalType>,
    /// The types of `summary.imports` and `summary.exports`, in their order.
    imports: Vec<ExternType>,
    exports: Vec<ExternType>,
}

fn read(code: &[u8], limits: &Limits, totals: &mut Totals) -> ModuleRead {
    let mut module = ModuleRead::new(code, *limits);
    if code.len() > limits.module_bytes_max {
        module.refuse(Refusal::ModuleTooLarge { got: code.len(), limit: limits.module_bytes_max });
    } else if !code.starts_with(b"\0asm") {
        let starts_with = code.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        let starts_with = if code.is_empty() { "nothing".to_owned() } else { starts_with.join(" ") };
        module.refuse(Refusal::NotWasm { starts_with });
    } else {
        let result = module.read_sections(code, totals);
        module.summary.memory = module
            .memories
            .first()
            .map(|memory| MemorySummary { pages: memory.initial, pages_max: memory.maximum });
        module.summary.table_elements = module.tables.iter().map(|table| table.initial).collect();
        match result {
            Ok(()) => module.complete = true,
            Err(stop) => module.refuse(stop.refusal(code, limits)),
        }
    }
    module
}

/// Why reading ended early.
enum Stop {
    Invalid {
        function: Option<u32>,
        error: wasmparser::Error,
    },
    /// An import of an exact function type, which the validator lets pass.
    Exact {
        offset: usize,
    },
    ElementFromGlobal {
        item: Item,
        offset: usize,
    },
    TypesCollide {
        item: Item,
        offset: usize,
        other: String,
    },
    Over {
        item: Item,
        offset: usize,
        got: u64,
        bound: &'static Bound,
    },
}

/// What is wrong with some part of a module; the part is known to the caller.
enum Unacceptable {
    Invalid(wasmparser::Error),
    Over { offset: usize, got: u64, bound: &'static Bound },
}

impl From<wasmparser::Error> for Stop {
    fn from(error: wasmparser::Error) -> Self {
        Self::Invalid { function: None, error }
    }
}

impl From<wasmparser::Error> for Unacceptable {
    fn from(error: wasmparser::Error) -> Self {
        Self::Invalid(error)
    }
}

impl Unacceptable {
    /// Says what is at fault, if it is no function.
    fn in_item(self, item: Item) -> Stop {
        match self {
            Self::Invalid(error) => Stop::Invalid { function: None, error },
            Self::Over { offset, got, bound } => Stop::Over { item, offset, got, bound },
        }
    }

    /// Says which function is at fault.
    fn in_function(self, index: u32) -> Stop {
        match self {
            Self::Invalid(error) => Stop::Invalid { function: Some(index), error },
            Self::Over { offset, got, bound } => {
                Stop::Over { item: Item::Function(FunctionId { index, name: None }), offset, got, bound }
            }
        }
    }
}

impl Stop {
    fn refusal(self, code: &[u8], limits: &Limits) -> Refusal {
        let function = |index| FunctionId { index, name: function_name(code, index) };
        match self {
            Self::Exact { offset } => Refusal::OutsideProfile {
                offset,
                function: None,
                proposal: &CUSTOM_DESCRIPTORS,
                message: "exact function types are not enabled".to_owned(),
            },
            Self::Invalid { function: index, error } => invalid(code, index.map(function), &error, limits),
            Self::ElementFromGlobal { item, offset } => Refusal::ElementFromGlobal { item, offset },
            Self::TypesCollide { item, offset, other } => Refusal::TypesCollide { item, offset, other },
            Self::Over { item: Item::Function(id), offset, got, bound } => {
                Refusal::OverBound { item: Item::Function(function(id.index)), offset, got, bound }
            }
            Self::Over { item, offset, got, bound } => Refusal::OverBound { item, offset, got, bound },
        }
    }
}

/// Refuses what is more than a limit allows.
fn check(bound: &'static Bound, got: u64, item: Item, offset: usize) -> Result<(), Stop> {
    if got > bound.max { Err(Stop::Over { item, offset, got, bound }) } else { Ok(()) }
}

fn check_constant(expression: &ConstExpr<'_>, item: Item) -> Result<(), Stop> {
    let mut operators = expression.get_operators_reader();
    let offset = operators.original_position();
    let mut n_operators: u64 = 0;
    while !operators.is_end_then_eof() {
        operators.read()?;
        n_operators = n_operators.saturating_add(1);
        check(&CONSTANT_INSTRUCTIONS, n_operators, item.clone(), offset)?;
    }
    Ok(())
}

/// Returns the number that an expression is, if it is no more than that.
fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    let mut operators = expression.get_operators_reader();
    match (operators.read().ok()?, operators.read().ok()?) {
        (Operator::I32Const { value }, Operator::End) => Some(value.cast_unsigned()),
        _ => None,
    }
}

/// Numbers items from 0.
fn numbered<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = (u32, T)> {
    (0..).zip(items)
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

impl ModuleRead {
    fn new(code: &[u8], limits: Limits) -> Self {
        Self {
            limits,
            summary: ModuleSummary {
                bytes: code.len(),
                code_hash: CodeHash::of(code),
                imports: Vec::new(),
                exports: Vec::new(),
                memory: None,
                table_elements: Vec::new(),
                n_functions: 0,
                n_globals: 0,
                start_function: None,
                sections: Vec::new(),
                compile_cost: CompileCost::default(),
                compile_cost_max: CompileCost::default(),
                refusals: Vec::new(),
            },
            complete: false,
            types: Vec::new(),
            functions: Vec::new(),
            tables: Vec::new(),
            n_imported_tables: 0,
            memories: Vec::new(),
            globals: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.summary.refusals.push(refusal);
    }

    fn first_refusal(self) -> Result<Checked, Refusal> {
        if let Some(refusal) = self.summary.refusals.into_iter().next() {
            return Err(refusal);
        }
        let limit = u64::from(self.limits.memory_pages_max);
        let pages = self.memories.iter().map(|memory| memory.maximum.map_or(limit, |max| max.min(limit)));
        let pages_max = pages.fold(0, u64::saturating_add);
        let names = self.summary.exports.into_iter().map(|export| export.name);
        Ok(Checked { exports: names.zip(self.exports).collect(), pages_max })
    }

    /// Validates the module by the specification, section by section, holds it against the limits, and notes
    /// what it has.
    fn read_sections(&mut self, code: &[u8], totals: &mut Totals) -> Result<(), Stop> {
        let mut validator = Validator::new_with_features(features(&self.limits));
        let mut allocations = wasmparser::FuncValidatorAllocations::default();
        let mut parser = Parser::new(0);
        parser.set_features(features(&self.limits));
        for payload in parser.parse_all(code) {
            let payload = payload?;
            check_counts(&payload)?;
            self.check_initialization(&payload, totals)?;
            self.check_escaping(&payload, totals)?;
            if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
                let index = function.index;
                let mut validator = function.into_validator(allocations);
                check_body(&mut validator, &body, totals).map_err(|error| error.in_function(index))?;
                allocations = validator.into_allocations();
            }
            self.note(&payload, totals)?;
            self.summary.compile_cost = totals.cost;
            self.summary.compile_cost_max = totals.cost_max;
        }
        Ok(())
    }

    /// Holds what initializes an instance against the limits of a function, as one engine compiles one for it.
    ///
    /// Only function indices for a table of the module, at a constant place within it, are put there beforehand;
    /// once there is anything else, all that follows is code.
    fn check_initialization(&self, payload: &Payload<'_>, totals: &mut Totals) -> Result<(), Stop> {
        let (section, range, cost) = match payload {
            Payload::ElementSection(elements) => {
                let n_elements = self.elements_to_compile(elements)?;
                ("element", elements.range(), initialization(n_elements, 0))
            }
            Payload::DataSection(data) => ("data", data.range(), initialization(0, data.count().into())),
            _ => return Ok(()),
        };
        let checked = check_cost(cost, range.start).and_then(|()| totals.add(cost, range.start));
        checked.map_err(|error| error.in_item(Item::Section(section)))
    }

    /// Holds functions that are handed out, by exports and by elements, against the limits of all functions.
    fn check_escaping(&self, payload: &Payload<'_>, totals: &mut Totals) -> Result<(), Stop> {
        let (section, range, functions) = match payload {
            Payload::ExportSection(exports) => ("export", exports.range(), exported(exports)?),
            Payload::ElementSection(elements) => ("element", elements.range(), listed(elements)?),
            _ => return Ok(()),
        };
        for function in functions {
            let ty = self.functions.get(function as usize).and_then(|ty| self.types.get(*ty as usize));
            // What does not exist is invalid, which comes out next.
            let Some(ty) = ty else { continue };
            let added = totals.add(escaping_cost(ty), range.start);
            added.map_err(|error| error.in_item(Item::Section(section)))?;
        }
        Ok(())
    }

    fn elements_to_compile(&self, elements: &wasmparser::ElementSectionReader<'_>) -> Result<u64, Stop> {
        let (mut n_elements, mut is_code) = (0_u64, false);
        for element in elements.clone() {
            let element = element?;
            let (n_items, is_indices) = match &element.items {
                ElementItems::Functions(functions) => (functions.count(), true),
                ElementItems::Expressions(_, expressions) => (expressions.count(), false),
            };
            let is_counted = match &element.kind {
                ElementKind::Passive => true,
                ElementKind::Declared => false,
                ElementKind::Active { table_index, offset_expr } => {
                    let end =
                        constant(offset_expr).map(|offset| u64::from(offset).saturating_add(n_items.into()));
                    let index = table_index.unwrap_or_default();
                    let size = self.tables.get(index as usize).map(|table| table.initial);
                    let is_own = index >= self.n_imported_tables;
                    is_code |=
                        !(is_indices && is_own && end.zip(size).is_some_and(|(end, size)| end <= size));
                    is_code
                }
            };
            n_elements = n_elements.saturating_add(if is_counted { n_items.into() } else { 0 });
        }
        Ok(n_elements)
    }

    /// Notes what a section has, which is valid, and holds each item of it against the limits.
    fn note(&mut self, payload: &Payload<'_>, totals: &mut Totals) -> Result<(), Stop> {
        self.note_section(payload)?;
        match payload {
            Payload::TypeSection(types) => self.note_types(types, totals)?,
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports_with_offsets() {
                    let (offset, import) = import?;
                    self.note_import(offset, &import)?;
                }
            }
            Payload::FunctionSection(functions) => {
                self.summary.n_functions = functions.count();
                for function in functions.clone() {
                    self.functions.push(function?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone().into_iter_with_offsets() {
                    let (offset, table) = table?;
                    if let TableInit::Expr(expression) = &table.init {
                        check_constant(expression, Item::Table(count(&self.tables)))?;
                    }
                    self.note_table(offset, table.ty)?;
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone().into_iter_with_offsets() {
                    let (offset, memory) = memory?;
                    self.note_memory(offset, memory);
                }
            }
            Payload::GlobalSection(globals) => {
                self.summary.n_globals = globals.count();
                for global in globals.clone() {
                    let global = global?;
                    check_constant(&global.init_expr, Item::Global(count(&self.globals)))?;
                    self.globals.push(global.ty);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone().into_iter_with_offsets() {
                    let (offset, export) = export?;
                    self.note_export(offset, &export)?;
                }
            }
            Payload::StartSection { func, .. } => self.summary.start_function = Some(*func),
            Payload::ElementSection(elements) => check_elements(elements)?,
            Payload::DataSection(data) => {
                for (index, data) in numbered(data.clone()) {
                    if let DataKind::Active { offset_expr, .. } = &data?.kind {
                        check_constant(offset_expr, Item::Data(index))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn note_types(
        &mut self,
        types: &wasmparser::TypeSectionReader<'_>,
        totals: &mut Totals,
    ) -> Result<(), Stop> {
        let groups = types.clone().into_iter_with_offsets();
        for (group, ty) in groups.zip(types.clone().into_iter_err_on_gc_types()) {
            let ((offset, _), ty) = (group?, ty?);
            let item = Item::Type(count(&self.types));
            check(&PARAMETERS, ty.params().len() as u64, item.clone(), offset)?;
            check(&RESULTS, ty.results().len() as u64, item.clone(), offset)?;
            totals.add(type_cost(&ty), offset).map_err(|error| error.in_item(item.clone()))?;
            totals.fingerprints.add(&ty).map_err(|other| Stop::TypesCollide {
                item,
                offset,
                other: ExternType::Function(other).describe(),
            })?;
            self.types.push(ty);
        }
        Ok(())
    }

    fn note_table(&mut self, offset: usize, table: TableType) -> Result<(), Stop> {
        let item = Item::Table(count(&self.tables));
        self.tables.push(table);
        check(&TABLES, self.tables.len() as u64, item.clone(), offset)?;
        let limit = self.limits.table_elements_max;
        if table.initial > u64::from(limit) {
            self.refuse(Refusal::TableTooLarge { item, offset, got: table.initial, limit });
        }
        Ok(())
    }

    fn note_memory(&mut self, offset: usize, memory: MemoryType) {
        let item = Item::Memory(count(&self.memories));
        self.memories.push(memory);
        let limit = self.limits.memory_pages_max;
        if memory.initial > u64::from(limit) {
            self.refuse(Refusal::MemoryTooLarge { item, offset, got: memory.initial, limit });
        }
    }

    fn note_section(&mut self, payload: &Payload<'_>) -> Result<(), Stop> {
        let Some((id, range)) = payload.as_section() else { return Ok(()) };
        let item = Item::CustomSection(count(&self.summary.sections));
        check(&SECTIONS, (self.summary.sections.len() as u64).saturating_add(1), item.clone(), range.start)?;
        if let Payload::CustomSection(custom) = payload {
            check(&NAME_BYTES, custom.name().len() as u64, item, range.start)?;
        }
        let name = match payload {
            Payload::CustomSection(custom) => format!("{:?}", custom.name()),
            _ => section_name(id).to_owned(),
        };
        self.summary.sections.push(SectionSummary { name, offset: range.start, bytes: range.len() });
        Ok(())
    }

    fn note_import(&mut self, offset: usize, import: &wasmparser::Import<'_>) -> Result<(), Stop> {
        let item = Item::Import(count(&self.imports));
        check(&NAME_BYTES, import.module.len() as u64, item.clone(), offset)?;
        check(&NAME_BYTES, import.name.len() as u64, item, offset)?;
        let ty = match import.ty {
            TypeRef::FuncExact(_) => return Err(Stop::Exact { offset }),
            TypeRef::Func(index) => {
                self.functions.push(index);
                self.function_type(index)
            }
            TypeRef::Table(table) => {
                self.note_table(offset, table)?;
                self.n_imported_tables = count(&self.tables);
                ExternType::Table(table)
            }
            TypeRef::Memory(memory) => {
                self.note_memory(offset, memory);
                ExternType::Memory(memory)
            }
            TypeRef::Global(global) => {
                self.globals.push(global);
                ExternType::Global(global)
            }
            TypeRef::Tag(_) => ExternType::Other,
        };
        self.summary.imports.push(ImportSummary {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            ty: ty.describe(),
            offset,
            abi: Import::find(import.module, import.name),
        });
        self.imports.push(ty);
        Ok(())
    }

    fn note_export(&mut self, offset: usize, export: &wasmparser::Export<'_>) -> Result<(), Stop> {
        check(&NAME_BYTES, export.name.len() as u64, Item::Export(count(&self.exports)), offset)?;
        let index = export.index as usize;
        let ty = match export.kind {
            ExternalKind::Func => self.functions.get(index).map(|ty| self.function_type(*ty)),
            ExternalKind::Table => self.tables.get(index).copied().map(ExternType::Table),
            ExternalKind::Memory => self.memories.get(index).copied().map(ExternType::Memory),
            ExternalKind::Global => self.globals.get(index).copied().map(ExternType::Global),
            ExternalKind::FuncExact | ExternalKind::Tag => None,
        };
        let ty = ty.unwrap_or(ExternType::Other);
        self.summary.exports.push(ExportSummary { name: export.name.to_owned(), ty: ty.describe(), offset });
        self.exports.push(ty);
        Ok(())
    }

    fn function_type(&self, index: u32) -> ExternType {
        self.types.get(index as usize).cloned().map_or(ExternType::Other, ExternType::Function)
    }

    /// Refuses imports that neither the ABI nor a library has, or not with this type.
    fn check_imports(&mut self, libraries: &Exports) {
        let imports = self.summary.imports.iter().zip(&self.imports);
        let refusals = imports.filter_map(|(import, ty)| check_import(import, ty, libraries).err());
        let refusals = refusals.collect::<Vec<_>>();
        self.summary.refusals.extend(refusals);
    }

    /// Refuses a module without a `memory`, or without a `main` that takes nothing.
    fn check_exports(&mut self) {
        if !self.complete {
            return;
        }
        let names = self.summary.exports.iter().map(|export| &*export.name);
        let memory = match self.export("memory") {
            Some((_, ExternType::Memory(_))) => None,
            Some((offset, other)) => Some(Refusal::MemoryIsNot { offset, got: other.kind() }),
            None => {
                let is_imported = self.imports.iter().any(|ty| matches!(ty, ExternType::Memory(_)));
                let exports = names.clone().zip(&self.exports);
                let has_memory = !self.memories.is_empty();
                Some(Refusal::NoMemory { hint: remedy::of_missing_memory(has_memory, is_imported, exports) })
            }
        };
        let main = match self.export("main") {
            Some((offset, ty @ ExternType::Function(main))) => (!main.params().is_empty())
                .then(|| Refusal::MainType { offset, got: ty.describe(), hint: remedy::of_main_type(ty) }),
            Some((offset, other)) => Some(Refusal::MainIsNot { offset, got: other.kind() }),
            None => Some(Refusal::NoMain { hint: remedy::of_missing_main(names) }),
        };
        self.summary.refusals.extend(memory.into_iter().chain(main));
    }

    fn export(&self, name: &str) -> Option<(usize, &ExternType)> {
        let mut exports = self.summary.exports.iter().zip(&self.exports);
        exports.find(|(export, _)| export.name == name).map(|(export, ty)| (export.offset, ty))
    }
}

/// Refuses a section for the number of its items, before any of them is read.
fn check_counts(payload: &Payload<'_>) -> Result<(), Stop> {
    let (bound, section, n_items, range) = match payload {
        Payload::TypeSection(types) => (&TYPES, "type", types.count(), types.range()),
        Payload::ImportSection(imports) => (&IMPORTS, "import", imports.count(), imports.range()),
        Payload::FunctionSection(functions) => (&FUNCTIONS, "function", functions.count(), functions.range()),
        Payload::GlobalSection(globals) => (&GLOBALS, "global", globals.count(), globals.range()),
        Payload::ExportSection(exports) => (&EXPORTS, "export", exports.count(), exports.range()),
        Payload::ElementSection(elements) => {
            (&ELEMENT_SEGMENTS, "element", elements.count(), elements.range())
        }
        Payload::DataSection(data) => (&DATA_SEGMENTS, "data", data.count(), data.range()),
        _ => return Ok(()),
    };
    check(bound, u64::from(n_items), Item::Section(section), range.start)
}

fn check_elements(elements: &wasmparser::ElementSectionReader<'_>) -> Result<(), Stop> {
    let mut n_elements: u64 = 0;
    for (index, element) in numbered(elements.clone()) {
        let element = element?;
        let item = Item::Element(index);
        if let ElementKind::Active { offset_expr, .. } = &element.kind {
            check_constant(offset_expr, item.clone())?;
        }
        let n_items = match &element.items {
            ElementItems::Functions(functions) => functions.count(),
            ElementItems::Expressions(_, expressions) => expressions.count(),
        };
        n_elements = n_elements.saturating_add(u64::from(n_items));
        check(&ELEMENTS, n_elements, Item::Section("element"), elements.range().start)?;
        if let ElementItems::Expressions(_, expressions) = &element.items {
            for expression in expressions.clone() {
                let expression = expression?;
                check_constant(&expression, item.clone())?;
                check_element(&expression, &item)?;
            }
        }
    }
    Ok(())
}

/// Refuses an element that is neither `ref.func` nor `ref.null`: wasmer does not compile it.
///
/// Every other constant expression means the same on all engines.
fn check_element(expression: &ConstExpr<'_>, item: &Item) -> Result<(), Stop> {
    match expression.get_operators_reader().read_with_offset()? {
        (Operator::GlobalGet { .. }, offset) => Err(Stop::ElementFromGlobal { item: item.clone(), offset }),
        _ => Ok(()),
    }
}

/// Tells an invalid module from one that is valid in a larger WebAssembly, and names what that needs.
fn invalid(code: &[u8], function: Option<FunctionId>, error: &wasmparser::Error, limits: &Limits) -> Refusal {
    let (offset, message) = (error.offset(), error.message().to_owned());
    let floats = (!limits.floats).then_some(&FLOATS_REFUSED);
    let refused = || PROPOSALS.iter().filter(|proposal| !proposal.accepted).chain(floats);
    let missing = error.missing_wasm_feature();
    let missing =
        missing.and_then(|missing| refused().find(|proposal| proposal.features.intersects(missing)));
    match missing.or_else(|| missing_proposal(code)) {
        Some(proposal) => Refusal::OutsideProfile { offset, function, proposal, message },
        None => Refusal::Invalid { offset, function, message },
    }
}

/// Finds a proposal without which a module is invalid that is valid in all of WebAssembly.
///
/// The validator names the proposal in most cases; this is for the rest, and for small modules only, as
/// without limits validation takes long.
fn missing_proposal(code: &[u8]) -> Option<&'static Proposal> {
    let is_valid = |features| Validator::new_with_features(features).validate_all(code).is_ok();
    let all = WasmFeatures::all();
    if code.len() > PROBED_BYTES_MAX || !is_valid(all) {
        return None;
    }
    let mut refused = PROPOSALS.iter().filter(|proposal| !proposal.accepted);
    refused.find(|proposal| !is_valid(all.difference(proposal.features)))
}

/// Finds a function's name, for messages; none if the names cannot be read.
fn function_name(code: &[u8], index: u32) -> Option<String> {
    let payloads = Parser::new(0).parse_all(code).map_while(Result::ok);
    let names = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(custom) => match custom.as_known() {
            KnownCustom::Name(names) => Some(names),
            _ => None,
        },
        _ => None,
    });
    let names = names.flat_map(|names| names.into_iter().map_while(Result::ok));
    let functions = names.filter_map(|name| match name {
        Name::Function(functions) => Some(functions),
        _ => None,
    });
    let mut functions = functions.flat_map(|functions| functions.into_iter().map_while(Result::ok));
    let naming = functions.find(|naming| naming.index == index)?;
    (naming.name.len() as u64 <= NAME_BYTES.max).then(|| naming.name.to_owned())
}

/// Size of the modules that are validated again and again to find out which proposal they need.
const PROBED_BYTES_MAX: usize = 64 << 10;

/// Names a section as the specification does.
fn section_name(id: u8) -> &'static str {
    match id {
        0 => "custom",
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        _ => "unknown",
    }
}
