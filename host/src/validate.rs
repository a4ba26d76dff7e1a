//! Validation of modules against the profile.
//!
//! [`summarize`] reads a module to describe it, and a [`Host`](crate::Host) reads it to load it. Reading collects every
//! refusal instead of stopping at the first, except after an error that leaves the rest unreadable.

mod body;
mod bounds;
mod cost;
mod extern_type;
mod imports;
mod note;
mod remedy;
mod sections;
mod stop;
mod types;

use std::collections::BTreeMap;

use outrider_abi::CodeHash;
use wasmparser::{FuncType, GlobalType, MemoryType, TableType};

use crate::config::Limits;
use crate::error::Refusal;
use crate::module::{CompileCost, MemorySummary, ModuleSummary};
use crate::profile::TABLES;
use imports::check_import;

pub(crate) use body::Totals;
pub(crate) use extern_type::ExternType;

pub(crate) use crate::profile::PROFILE;

/// The most tables in a module.
pub(crate) const TABLES_MAX: u32 = TABLES.max as u32;

/// The most libraries of an EE; scout's fixtures have one.
pub(crate) const LIBRARIES_MAX: u32 = 15;

/// The exports of the libraries, by library and name.
pub(crate) type Exports = BTreeMap<String, BTreeMap<String, ExternType>>;

/// Reads a module, and returns its content and the reasons to refuse it.
///
/// Imports from libraries count as unknown.
pub fn summarize(code: &[u8], limits: &Limits) -> ModuleSummary {
    let mut module = read(code, limits, &mut Totals::default());
    module.check_imports(&Exports::new());
    module.check_exports();
    module.summary
}

/// A module that passed validation.
pub(crate) struct ValidModule {
    pub(crate) exports: BTreeMap<String, ExternType>,
    /// The pages to which its memory can grow.
    pub(crate) pages_max: u64,
}

/// Checks that a module is acceptable as an EE that uses these libraries, which have already taken `totals` of the
/// bounds.
pub(crate) fn check_ee(
    code: &[u8],
    libraries: &Exports,
    limits: &Limits,
    totals: &mut Totals,
) -> Result<ValidModule, Refusal> {
    let mut module = read(code, limits, totals);
    module.check_imports(libraries);
    module.check_exports();
    module.first_refusal()
}

/// Checks that a module is acceptable as a library.
///
/// Adds the totals of its functions to those of the libraries before it.
pub(crate) fn check_library(
    code: &[u8],
    limits: &Limits,
    totals: &mut Totals,
) -> Result<ValidModule, Refusal> {
    let mut module = read(code, limits, totals);
    if let Some(import) = module.summary.imports.first() {
        let (module_name, name, offset) = (import.module.clone(), import.name.clone(), import.offset);
        module.refuse(Refusal::LibraryImport { module: module_name, name, offset });
    }
    module.first_refusal()
}

/// A module that has been read: its summary and the types behind it.
struct ModuleRead {
    limits: Limits,
    summary: ModuleSummary,
    /// Whether all of it could be read. If not, missing parts are not reported as refusals.
    complete: bool,
    types: Vec<FuncType>,
    /// The index spaces, imports first; a function's entry is the index of its type.
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

    fn first_refusal(self) -> Result<ValidModule, Refusal> {
        if let Some(refusal) = self.summary.refusals.into_iter().next() {
            return Err(refusal);
        }
        let limit = u64::from(self.limits.memory_pages_max);
        let pages = self.memories.iter().map(|memory| memory.maximum.map_or(limit, |max| max.min(limit)));
        let pages_max = pages.fold(0, u64::saturating_add);
        let names = self.summary.exports.into_iter().map(|export| export.name);
        Ok(ValidModule { exports: names.zip(self.exports).collect(), pages_max })
    }

    /// Refuses imports that are in neither the ABI nor a library, or that have another type there.
    fn check_imports(&mut self, libraries: &Exports) {
        let imports = self.summary.imports.iter().zip(&self.imports);
        let refusals = imports.filter_map(|(import, ty)| check_import(import, ty, libraries).err());
        let refusals = refusals.collect::<Vec<_>>();
        self.summary.refusals.extend(refusals);
    }

    /// Refuses a module without a `memory`, or without a `main` that takes no parameters.
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
