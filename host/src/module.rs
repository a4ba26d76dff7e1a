//! What there is to tell about a module: for `outrider inspect`, and for whoever wonders at a refusal.

use outrider_abi::{CodeHash, Import};

use crate::error::Refusal;

/// What a module consists of, as far as it could be read.
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
    /// Elements that each table starts with, imported ones first.
    pub table_elements: Vec<u64>,
    /// Functions defined in the module.
    pub n_functions: u32,
    /// Globals defined in the module.
    pub n_globals: u32,
    /// The start function's index, if there is one.
    pub start_function: Option<u32>,
    /// The sections, in order.
    pub sections: Vec<SectionSummary>,
    /// What compiling all of its functions is predicted to take, as far as they were read.
    pub compile_cost: CompileCost,
    /// What compiling the costliest of them is predicted to take; time and memory need not be of the same one.
    pub compile_cost_max: CompileCost,
    /// Every reason to refuse the module; none if it is acceptable.
    pub refusals: Vec<Refusal>,
}

/// What compiling something is predicted to take: the same on every machine, and an upper bound on most.
///
/// Microseconds are of one core of the machine that the prediction was fitted on; see [`BOUNDS`](crate::BOUNDS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileCost {
    /// Processor time.
    pub microseconds: u64,
    /// Memory while it is compiled.
    pub kibibytes: u64,
    /// Machine code that comes of it, in bytes.
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
    /// Where the import stands, in bytes.
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
    /// Where the export stands, in bytes.
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
    /// Where the contents start, in bytes.
    pub offset: usize,
    /// Size of the contents in bytes.
    pub bytes: usize,
}
