//! Summaries of modules, for `outrider inspect` and for explaining refusals.

use outrider_abi::{CodeHash, Import};

use crate::error::Refusal;

/// The content of a module, as far as it could be read.
#[derive(Clone, Debug)]
pub struct ModuleSummary {
    /// Size of the module in bytes.
    pub bytes: usize,
    /// Hash of the module.
    pub code_hash: CodeHash,
    /// The imports, in order.
    pub imports: Vec<ImportSummary>,
    /// The exports, in order.
    pub exports: Vec<ExportSummary>,
    /// The memory, imported or not.
    pub memory: Option<MemorySummary>,
    /// The initial size of each table in elements, imported tables first.
    pub table_elements: Vec<u64>,
    /// Functions defined in the module.
    pub n_functions: u32,
    /// Globals defined in the module.
    pub n_globals: u32,
    /// The start function's index, if there is one.
    pub start_function: Option<u32>,
    /// The sections, in order.
    pub sections: Vec<SectionSummary>,
    /// The predicted cost of compiling all functions that were read.
    pub compile_cost: CompileCost,
    /// The highest predicted cost of any one function; time and memory may be of different functions.
    pub compile_cost_max: CompileCost,
    /// Every reason to refuse the module; empty if it is acceptable.
    pub refusals: Vec<Refusal>,
}

/// A predicted cost of compiling: the same on every machine, and an upper bound on most.
///
/// Microseconds are of one core of the machine on which the prediction was fitted; see [`BOUNDS`](crate::BOUNDS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileCost {
    /// Processor time.
    pub microseconds: u64,
    /// Memory during compilation.
    pub kibibytes: u64,
    /// Resulting machine code in bytes.
    pub code_bytes: u64,
}

impl CompileCost {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            microseconds: self.microseconds.saturating_add(other.microseconds),
            kibibytes: self.kibibytes.saturating_add(other.kibibytes),
            code_bytes: self.code_bytes.saturating_add(other.code_bytes),
        }
    }

    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            microseconds: self.microseconds.max(other.microseconds),
            kibibytes: self.kibibytes.max(other.kibibytes),
            code_bytes: self.code_bytes.max(other.code_bytes),
        }
    }
}

/// One import of a module.
#[derive(Clone, Debug)]
pub struct ImportSummary {
    /// The module imported from.
    pub module: String,
    /// The name within that module.
    pub name: String,
    /// The type that is asked for, such as `(i32) -> ()`.
    pub ty: String,
    /// The offset of the import, in bytes.
    pub offset: usize,
    /// The entry of the ABI, unless it comes from a library or from nowhere.
    pub abi: Option<&'static Import>,
}

/// One export of a module.
#[derive(Clone, Debug)]
pub struct ExportSummary {
    /// The name.
    pub name: String,
    /// The type, such as `() -> ()`.
    pub ty: String,
    /// The offset of the export, in bytes.
    pub offset: usize,
}

/// The memory of a module, in pages of 64 KiB.
#[derive(Clone, Copy, Debug)]
pub struct MemorySummary {
    /// Pages at the start.
    pub pages: u64,
    /// The most that the module itself allows.
    pub pages_max: Option<u64>,
}

/// One section of a module.
#[derive(Clone, Debug)]
pub struct SectionSummary {
    /// The name; a custom section's own name in quotes.
    pub name: String,
    /// The offset of the contents, in bytes.
    pub offset: usize,
    /// Size of the contents in bytes.
    pub bytes: usize,
}
