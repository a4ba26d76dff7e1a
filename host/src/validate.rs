//! What a module may contain.
//!
//! A module is read once, by [`summarize`] for the curious and on the way into a
//! [`Host`](crate::Host) for good. Reading collects every refusal instead of stopping at the first, but for
//! those after which nothing can be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wasmparser::{
    ExternalKind, FuncType, GlobalType, MemoryType, Parser, Payload, TableType, TypeRef, ValidPayload,
    Validator, WasmFeatures,
};

use crate::abi::{ABI, Import, ValueType};
use crate::config::Limits;
use crate::error::Refusal;
use crate::module::{CodeHash, ExportSummary, ImportSummary, MemorySummary, ModuleSummary, SectionSummary};

/// The WebAssembly that an EE may be written in: the core of version 2.0 and, of what came later, what is
/// deterministic and useful here.
///
/// - `externref` is left out: no import hands one out.
/// - Extended constant expressions come with position-independent code.
/// - Wide arithmetic (64 x 64 -> 128 bits) halves the work of 256-bit numbers.
/// - Threads, relaxed SIMD, tail calls, exceptions, garbage collection, 64-bit and multiple memories are not
///   in: not deterministic, or not needed.
pub(crate) const PROFILE: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::WIDE_ARITHMETIC);

/// Tables in a module; compilers make one.
pub(crate) const TABLES_MAX: u32 = 8;

/// Libraries of an EE; scout's fixtures have one.
pub(crate) const LIBRARIES_MAX: u32 = 15;

/// The exports of the libraries, by library and name.
pub(crate) type Exports = BTreeMap<String, BTreeMap<String, ExternType>>;

/// Reads a module and tells what it consists of and what it would be refused for.
///
/// Imports of libraries that are not at hand count as unknown.
pub fn summarize(code: &[u8], limits: &Limits) -> ModuleSummary {
    let mut module = read(code, limits);
    module.check_imports(&Exports::new());
    module.check_exports();
    module.summary
}

/// Decides whether a module can be an EE that uses these libraries.
pub(crate) fn check_ee(code: &[u8], libraries: &Exports, limits: &Limits) -> Result<(), Refusal> {
    let mut module = read(code, limits);
    module.check_imports(libraries);
    module.check_exports();
    module.first_refusal()
}

/// Decides whether a module can be a library, and returns what it exports.
pub(crate) fn check_library(code: &[u8], limits: &Limits) -> Result<BTreeMap<String, ExternType>, Refusal> {
    let mut module = read(code, limits);
    if let Some(import) = module.summary.imports.first() {
        let (module_name, name, offset) = (import.module.clone(), import.name.clone(), import.offset);
        module.refuse(Refusal::LibraryImport { module: module_name, name, offset });
    }
    let names = module.summary.exports.iter().map(|export| export.name.clone());
    let exports = names.zip(module.exports.iter().cloned()).collect();
    module.first_refusal().map(|()| exports)
}

/// What an import asks for, or an export is.
#[derive(Clone, Debug)]
pub(crate) enum ExternType {
    Function(FuncType),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    /// Of a kind that the profile does not have; never in a module that is accepted.
    Other,
}

/// A module that has been read: what is told of it, and the types behind that.
struct ModuleRead {
    summary: ModuleSummary,
    /// Whether all of it could be read; if not, what is missing is not the module's fault.
    complete: bool,
    types: Vec<FuncType>,
    /// The index spaces, imports first; functions by the index of their type.
    functions: Vec<u32>,
    tables: Vec<TableType>,
    memories: Vec<MemoryType>,
    globals: Vec<GlobalType>,
    /// The types of `summary.imports` and `summary.exports`, in their order.
    imports: Vec<ExternType>,
    exports: Vec<ExternType>,
}

fn read(code: &[u8], limits: &Limits) -> ModuleRead {
    let mut module = ModuleRead::new(code);
    if code.len() > limits.module_bytes_max {
        module.refuse(Refusal::ModuleTooLarge { got: code.len(), limit: limits.module_bytes_max });
    } else if !code.starts_with(b"\0asm") {
        let starts_with = code.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        let starts_with = if code.is_empty() { "nothing".to_owned() } else { starts_with.join(" ") };
        module.refuse(Refusal::NotWasm { starts_with });
    } else if let Err(error) = module.read_sections(code) {
        module.refuse(invalid(code, &error));
    } else {
        module.complete = true;
        module.check_sizes(limits);
    }
    module
}

impl ModuleRead {
    fn new(code: &[u8]) -> Self {
        Self {
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
                refusals: Vec::new(),
            },
            complete: false,
            types: Vec::new(),
            functions: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            globals: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.summary.refusals.push(refusal);
    }

    fn first_refusal(self) -> Result<(), Refusal> {
        self.summary.refusals.into_iter().next().map_or(Ok(()), Err)
    }

    /// Validates the module by the specification, section by section, and notes what it has.
    fn read_sections(&mut self, code: &[u8]) -> wasmparser::Result<()> {
        let mut validator = Validator::new_with_features(PROFILE);
        let mut allocations = wasmparser::FuncValidatorAllocations::default();
        let mut parser = Parser::new(0);
        parser.set_features(PROFILE);
        for payload in parser.parse_all(code) {
            let payload = payload?;
            if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
                let mut validator = function.into_validator(allocations);
                validator.validate(&body)?;
                allocations = validator.into_allocations();
            }
            self.note(&payload)?;
        }
        Ok(())
    }

    fn note(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        self.note_section(payload);
        match payload {
            Payload::TypeSection(types) => {
                for ty in types.clone().into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports_with_offsets() {
                    let (offset, import) = import?;
                    self.note_import(offset, &import);
                }
            }
            Payload::FunctionSection(functions) => {
                self.summary.n_functions = functions.count();
                for function in functions.clone() {
                    self.functions.push(function?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(globals) => {
                self.summary.n_globals = globals.count();
                for global in globals.clone() {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone().into_iter_with_offsets() {
                    let (offset, export) = export?;
                    self.note_export(offset, &export);
                }
            }
            Payload::StartSection { func, .. } => self.summary.start_function = Some(*func),
            _ => {}
        }
        Ok(())
    }

    fn note_section(&mut self, payload: &Payload<'_>) {
        let Some((id, range)) = payload.as_section() else { return };
        let name = match payload {
            Payload::CustomSection(custom) => format!("{:?}", custom.name()),
            _ => section_name(id).to_owned(),
        };
        self.summary.sections.push(SectionSummary { name, offset: range.start, bytes: range.len() });
    }

    fn note_import(&mut self, offset: usize, import: &wasmparser::Import<'_>) {
        let ty = match import.ty {
            TypeRef::Func(index) => {
                self.functions.push(index);
                self.function_type(index)
            }
            TypeRef::Table(table) => {
                self.tables.push(table);
                ExternType::Table(table)
            }
            TypeRef::Memory(memory) => {
                self.memories.push(memory);
                ExternType::Memory(memory)
            }
            TypeRef::Global(global) => {
                self.globals.push(global);
                ExternType::Global(global)
            }
            TypeRef::FuncExact(_) | TypeRef::Tag(_) => ExternType::Other,
        };
        self.summary.imports.push(ImportSummary {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            ty: ty.describe(),
            offset,
            abi: Import::find(import.module, import.name),
        });
        self.imports.push(ty);
    }

    fn note_export(&mut self, offset: usize, export: &wasmparser::Export<'_>) {
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
    }

    fn function_type(&self, index: u32) -> ExternType {
        self.types.get(index as usize).cloned().map_or(ExternType::Other, ExternType::Function)
    }

    /// Refuses what is larger than the limits, and completes the summary.
    fn check_sizes(&mut self, limits: &Limits) {
        self.summary.memory = self
            .memories
            .first()
            .map(|memory| MemorySummary { pages: memory.initial, pages_max: memory.maximum });
        self.summary.table_elements = self.tables.iter().map(|table| table.initial).collect();

        let memory = self.summary.memory;
        if let Some(memory) = memory.filter(|memory| memory.pages > u64::from(limits.memory_pages_max)) {
            self.refuse(Refusal::MemoryTooLarge { got: memory.pages, limit: limits.memory_pages_max });
        }
        let largest_table = self.summary.table_elements.iter().copied().max();
        if let Some(got) = largest_table.filter(|got| *got > u64::from(limits.table_elements_max)) {
            self.refuse(Refusal::TableTooLarge { got, limit: limits.table_elements_max });
        }
        let n_tables = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        if n_tables > TABLES_MAX {
            self.refuse(Refusal::TooManyTables { got: n_tables, limit: TABLES_MAX });
        }
    }

    /// Refuses imports that neither the ABI nor a library has, or not with this type.
    fn check_imports(&mut self, libraries: &Exports) {
        let imports = self.summary.imports.iter().zip(&self.imports);
        let refusals = imports.filter_map(|(import, ty)| check_import(import, ty, libraries).err());
        let refusals = refusals.collect::<Vec<_>>();
        self.summary.refusals.extend(refusals);
    }

    /// Refuses a module without a `memory`, or without a `main` that takes and returns nothing.
    fn check_exports(&mut self) {
        if !self.complete {
            return;
        }
        let memory = match self.export("memory") {
            Some((_, ExternType::Memory(_))) => None,
            Some((offset, other)) => Some(Refusal::MemoryIsNot { offset, got: other.kind() }),
            None => Some(Refusal::NoMemory),
        };
        let main = match self.export("main") {
            Some((offset, ty @ ExternType::Function(main))) => {
                let takes_and_returns_nothing = main.params().is_empty() && main.results().is_empty();
                (!takes_and_returns_nothing).then(|| Refusal::MainType { offset, got: ty.describe() })
            }
            Some((offset, other)) => Some(Refusal::MainIsNot { offset, got: other.kind() }),
            None => Some(Refusal::NoMain),
        };
        self.summary.refusals.extend(memory.into_iter().chain(main));
    }

    fn export(&self, name: &str) -> Option<(usize, &ExternType)> {
        let mut exports = self.summary.exports.iter().zip(&self.exports);
        exports.find(|(export, _)| export.name == name).map(|(export, ty)| (export.offset, ty))
    }
}

fn check_import(import: &ImportSummary, ty: &ExternType, libraries: &Exports) -> Result<(), Refusal> {
    let (module, name, offset) = (import.module.clone(), import.name.clone(), import.offset);
    let (fits, expected) = match (import.abi, libraries.get(&module)) {
        (Some(abi), _) => (abi.has_type(ty), abi.describe_type()),
        (None, Some(library)) => match library.get(&name) {
            Some(export) => (ty.accepts(export), export.describe()),
            None => {
                let hint = hint(&format!("the library `{module}`"), library.keys().map(String::as_str));
                return Err(Refusal::UnknownImport { module, name, offset, hint });
            }
        },
        (None, None) => {
            let hint = hint_of_abi(&module);
            return Err(Refusal::UnknownImport { module, name, offset, hint });
        }
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::ImportType { module, name, offset, got: ty.describe(), expected })
    }
}

/// Tells what a module of the ABI has, or else which modules there are.
fn hint_of_abi(module: &str) -> String {
    if module == crate::abi::LEGACY_MODULE {
        let names: Vec<_> = ABI.iter().map(Import::legacy_name).collect();
        return hint("`env`", names.iter().map(String::as_str));
    }
    if Import::has_module(module) {
        let names = ABI.iter().filter(|import| import.module == module).map(|import| import.name);
        return hint(&format!("`{module}`"), names);
    }
    let mut modules: Vec<_> = ABI.iter().map(|import| import.module).collect();
    modules.dedup();
    format!("; there are the modules {} and env, and libraries by their names", modules.join(", "))
}

fn hint<'a>(of: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut hint = format!("; {of} has");
    for (index, name) in names.enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(hint, "{} {name}", if index == 0 { "" } else { "," });
    }
    hint
}

impl Import {
    fn has_type(&self, ty: &ExternType) -> bool {
        let ExternType::Function(ty) = ty else { return false };
        let parameters = self.parameter_types().iter().map(|ty| ty.as_wasm());
        let results = self.result_type().into_iter().map(ValueType::as_wasm);
        ty.params().iter().copied().eq(parameters) && ty.results().iter().copied().eq(results)
    }

    fn describe_type(&self) -> String {
        let parameters = self.parameter_types().iter().map(|ty| ty.as_wasm());
        ExternType::Function(FuncType::new(parameters, self.result_type().map(ValueType::as_wasm))).describe()
    }
}

impl ValueType {
    fn as_wasm(self) -> wasmparser::ValType {
        match self {
            Self::I32 => wasmparser::ValType::I32,
            Self::I64 => wasmparser::ValType::I64,
        }
    }
}

impl ExternType {
    /// Tells whether something of the type `provided` satisfies an import of this type; see "Import matching"
    /// in the WebAssembly specification.
    fn accepts(&self, provided: &Self) -> bool {
        match (self, provided) {
            (Self::Function(wanted), Self::Function(provided)) => wanted == provided,
            (Self::Global(wanted), Self::Global(provided)) => wanted == provided,
            (Self::Memory(wanted), Self::Memory(provided)) => {
                limits_fit((wanted.initial, wanted.maximum), (provided.initial, provided.maximum))
            }
            (Self::Table(wanted), Self::Table(provided)) => {
                wanted.element_type == provided.element_type
                    && limits_fit((wanted.initial, wanted.maximum), (provided.initial, provided.maximum))
            }
            _ => false,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Function(_) => "function",
            Self::Table(_) => "table",
            Self::Memory(_) => "memory",
            Self::Global(_) => "global",
            Self::Other => "thing outside of the profile",
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Function(ty) => format!("{} -> {}", list(ty.params()), list(ty.results())),
            Self::Table(ty) => {
                format!("table of {} {}", range(ty.initial, ty.maximum), ty.element_type)
            }
            Self::Memory(ty) => format!("memory of {} pages", range(ty.initial, ty.maximum)),
            Self::Global(ty) => {
                format!("{} global {}", if ty.mutable { "mutable" } else { "constant" }, ty.content_type)
            }
            Self::Other => self.kind().to_owned(),
        }
    }
}

fn limits_fit(wanted: (u64, Option<u64>), provided: (u64, Option<u64>)) -> bool {
    let maximum_fits = match (wanted.1, provided.1) {
        (None, _) => true,
        (Some(wanted), Some(provided)) => provided <= wanted,
        (Some(_), None) => false,
    };
    provided.0 >= wanted.0 && maximum_fits
}

fn list(types: &[wasmparser::ValType]) -> String {
    let types: Vec<_> = types.iter().map(ToString::to_string).collect();
    format!("({})", types.join(", "))
}

fn range(initial: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) => format!("{initial} to {maximum}"),
        None => format!("{initial} or more"),
    }
}

/// Tells an invalid module from one that is valid in a larger WebAssembly, and names what that needs.
fn invalid(code: &[u8], error: &wasmparser::Error) -> Refusal {
    let (offset, message) = (error.offset(), error.message().to_owned());
    match error.missing_wasm_feature().or_else(|| missing_proposal(code)) {
        Some(features) => {
            let proposals = features.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-"));
            let proposal = proposals.collect::<Vec<_>>().join(", ");
            Refusal::OutsideProfile { offset, proposal, message }
        }
        None => Refusal::Invalid { offset, message },
    }
}

/// Finds the one proposal with which a module outside of the profile would be valid.
fn missing_proposal(code: &[u8]) -> Option<WasmFeatures> {
    let is_valid = |features| Validator::new_with_features(features).validate_all(code).is_ok();
    if !is_valid(WasmFeatures::all()) {
        return None;
    }
    WasmFeatures::all().difference(PROFILE).iter().find(|proposal| is_valid(PROFILE.union(*proposal)))
}

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
