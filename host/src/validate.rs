//! What a module may contain.
//!
//! A module is read once, by [`summarize`] for the curious and on the way into a
//! [`Host`](crate::Host) for good. Reading collects every refusal instead of stopping at the first, but for
//! those after which nothing can be read.

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
