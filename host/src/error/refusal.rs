//! Refusals of modules: the reason, and where it is in the module.

use std::fmt;

use crate::profile::{Bound, Proposal};

/// One reason to refuse a module. Offsets are in bytes from the start of the module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The module has more bytes than [`Limits::module_bytes_max`](crate::Limits::module_bytes_max).
    #[error("the module has {got} bytes, the limit is {limit}")]
    ModuleTooLarge {
        /// Size of the module in bytes.
        got: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The bytes are not a wasm module.
    #[error("not a wasm module: it starts with {starts_with}, not with 00 61 73 6d (\\0asm)")]
    NotWasm {
        /// The first bytes, in hex.
        starts_with: String,
    },
    /// The module is malformed or invalid by the WebAssembly specification, or truncated.
    #[error("invalid wasm at byte {offset:#x}{}: {message}", in_function(.function.as_ref()))]
    Invalid {
        /// The offset.
        offset: usize,
        /// The function that contains it, if any.
        function: Option<FunctionId>,
        /// The validator's message.
        message: String,
    },
    /// The module is valid, but uses WebAssembly outside of the profile.
    #[error(
        "`{}` at byte {offset:#x}{} is outside of the profile ({}): {message}",
        .proposal.name, in_function(.function.as_ref()), .proposal.reason
    )]
    OutsideProfile {
        /// The offset.
        offset: usize,
        /// The function that contains it, if any.
        function: Option<FunctionId>,
        /// The WebAssembly proposal that it needs.
        proposal: &'static Proposal,
        /// The validator's message.
        message: String,
    },
    /// The module has more of something than the profile allows; see [`BOUNDS`](crate::BOUNDS).
    #[error("{item} at byte {offset:#x} has {got} {}, the limit is {}", .bound.what, .bound.max)]
    OverBound {
        /// The item over the bound.
        item: Item,
        /// The offset.
        offset: usize,
        /// The number, as far as it was counted.
        got: u64,
        /// The limit.
        bound: &'static Bound,
    },
    /// An import is in neither the ABI nor a library.
    #[error("unknown import `{module}.{name}` at byte {offset:#x}{hint}")]
    UnknownImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// The offset.
        offset: usize,
        /// A suggestion, as the end of the message.
        hint: String,
    },
    /// An import of the ABI or of a library has another type there.
    #[error("import `{module}.{name}` at byte {offset:#x} has type {got}, expected {expected}")]
    ImportType {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// The offset.
        offset: usize,
        /// The type in the module.
        got: String,
        /// The type in the ABI or the library.
        expected: String,
    },
    /// A library imports something. Libraries stand alone, as in scout.
    #[error("a library cannot import anything, and this one imports `{module}.{name}` at byte {offset:#x}")]
    LibraryImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// The offset.
        offset: usize,
    },
    /// The module does not export `memory`.
    #[error("no export `memory`, through which the host reads and writes: {hint}")]
    NoMemory {
        /// The remedy, as the end of the message.
        hint: String,
    },
    /// The export `memory` is not a memory.
    #[error("export `memory` at byte {offset:#x} is a {got}, not a memory")]
    MemoryIsNot {
        /// The offset.
        offset: usize,
        /// The kind of the export.
        got: &'static str,
    },
    /// A memory starts with more pages than [`Limits::memory_pages_max`](crate::Limits::memory_pages_max).
    #[error("{item} at byte {offset:#x} starts with {got} pages of 64 KiB, the limit is {limit}")]
    MemoryTooLarge {
        /// The memory, or its import.
        item: Item,
        /// The offset.
        offset: usize,
        /// The initial size in pages of 64 KiB.
        got: u64,
        /// The limit in pages.
        limit: u32,
    },
    /// A table starts with more elements than [`Limits::table_elements_max`](crate::Limits::table_elements_max).
    #[error("{item} at byte {offset:#x} starts with {got} elements, the limit is {limit}")]
    TableTooLarge {
        /// The table, or its import.
        item: Item,
        /// The offset.
        offset: usize,
        /// The initial size in elements.
        got: u64,
        /// The limit in elements.
        limit: u32,
    },
    /// An element of a segment is the value of a global, which some engines cannot read there.
    #[error(
        "{item} at byte {offset:#x} takes an element from a global, which not every engine can; \
         name the function with `ref.func`, or put the global's value in the table with `table.set` at run time"
    )]
    ElementFromGlobal {
        /// The element segment.
        item: Item,
        /// The offset of the element.
        offset: usize,
    },
    /// Two function types have the same 32-bit hash, by which an engine distinguishes types at indirect calls. By
    /// chance, this happens to one of some 860,000 modules with a hundred types.
    #[error(
        "{item} at byte {offset:#x} cannot be told apart from the type {other}, as both have the same CRC-32; \
         give it another parameter"
    )]
    TypesCollide {
        /// The type.
        item: Item,
        /// The offset.
        offset: usize,
        /// The other type: the ABI's, a library's, or an earlier one of the module.
        other: String,
    },
    /// The module does not export `main`.
    #[error("no export `main`, which the host calls: {hint}")]
    NoMain {
        /// The remedy, as the end of the message.
        hint: String,
    },
    /// The export `main` is not a function.
    #[error("export `main` at byte {offset:#x} is a {got}, not a function")]
    MainIsNot {
        /// The offset.
        offset: usize,
        /// The kind of the export.
        got: &'static str,
    },
    /// `main` takes parameters. Its results are dropped, as in scout.
    #[error("export `main` at byte {offset:#x} has type {got}, but the host passes no arguments; {hint}")]
    MainType {
        /// The offset.
        offset: usize,
        /// The type of the export.
        got: String,
        /// The remedy, as the end of the message.
        hint: &'static str,
    },
}

/// A part of a module, by its place among its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A section.
    Section(&'static str),
    /// A custom section, by its place among all sections.
    CustomSection(u32),
    /// A type.
    Type(u32),
    /// An import.
    Import(u32),
    /// A function, imported ones counted.
    Function(FunctionId),
    /// A table, imported ones counted.
    Table(u32),
    /// A memory, imported ones counted.
    Memory(u32),
    /// A global, imported ones counted.
    Global(u32),
    /// An export.
    Export(u32),
    /// An element segment.
    Element(u32),
    /// A data segment.
    Data(u32),
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Section(name) => write!(f, "the {name} section"),
            Self::CustomSection(index) => write!(f, "section {index}"),
            Self::Type(index) => write!(f, "type {index}"),
            Self::Import(index) => write!(f, "import {index}"),
            Self::Function(function) => function.fmt(f),
            Self::Table(index) => write!(f, "table {index}"),
            Self::Memory(index) => write!(f, "memory {index}"),
            Self::Global(index) => write!(f, "global {index}"),
            Self::Export(index) => write!(f, "export {index}"),
            Self::Element(index) => write!(f, "element segment {index}"),
            Self::Data(index) => write!(f, "data segment {index}"),
        }
    }
}

/// A function of a refused module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionId {
    /// The function's index, imported ones counted.
    pub index: u32,
    /// The function's name in the module's name section, if there is a readable one.
    pub name: Option<String>,
}

impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", self.index)?;
        match &self.name {
            Some(name) => write!(f, " `{:#}`", rustc_demangle::demangle(name)),
            None => Ok(()),
        }
    }
}

fn in_function(function: Option<&FunctionId>) -> String {
    function.map(|function| format!(" in {function}")).unwrap_or_default()
}
