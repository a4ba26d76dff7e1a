//! Why a module is refused, and where in it.

use std::fmt;

use crate::profile::{Bound, Proposal};

/// One reason to refuse a module. Offsets are in bytes from the start of the module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// More bytes than [`Limits::module_bytes_max`](crate::Limits::module_bytes_max).
    #[error("the module has {got} bytes, the limit is {limit}")]
    ModuleTooLarge {
        /// Size of the module in bytes.
        got: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not a wasm module at all.
    #[error("not a wasm module: it starts with {starts_with}, not with 00 61 73 6d (\\0asm)")]
    NotWasm {
        /// The first bytes, in hex.
        starts_with: String,
    },
    /// Malformed or invalid by the WebAssembly specification, or cut off.
    #[error("invalid wasm at byte {offset:#x}{}: {message}", in_function(.function.as_ref()))]
    Invalid {
        /// Where.
        offset: usize,
        /// The function that it is in, if it is in one.
        function: Option<FunctionId>,
        /// What the validator says.
        message: String,
    },
    /// Valid in a larger WebAssembly than the one that all nodes run alike.
    #[error(
        "`{}` at byte {offset:#x}{} is outside of the profile ({}): {message}",
        .proposal.name, in_function(.function.as_ref()), .proposal.reason
    )]
    OutsideProfile {
        /// Where.
        offset: usize,
        /// The function that it is in, if it is in one.
        function: Option<FunctionId>,
        /// The WebAssembly proposal that would be needed.
        proposal: &'static Proposal,
        /// What the validator says.
        message: String,
    },
    /// More of something than the profile allows; see [`BOUNDS`](crate::BOUNDS).
    #[error("{item} at byte {offset:#x} has {got} {}, the limit is {}", .bound.what, .bound.max)]
    OverBound {
        /// What has more.
        item: Item,
        /// Where.
        offset: usize,
        /// How much there is, as far as it was counted.
        got: u64,
        /// The limit.
        bound: &'static Bound,
    },
    /// An import that neither the ABI nor a library has.
    #[error("unknown import `{module}.{name}` at byte {offset:#x}{hint}")]
    UnknownImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// Where.
        offset: usize,
        /// What may have been meant, as the end of the message.
        hint: String,
    },
    /// An import of the ABI or of a library, with another type than it has there.
    #[error("import `{module}.{name}` at byte {offset:#x} has type {got}, expected {expected}")]
    ImportType {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// Where.
        offset: usize,
        /// The type that the module asks for.
        got: String,
        /// The type that there is.
        expected: String,
    },
    /// A library that imports something. Libraries stand alone, as in scout.
    #[error("a library cannot import anything, and this one imports `{module}.{name}` at byte {offset:#x}")]
    LibraryImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// Where.
        offset: usize,
    },
    /// No `memory` export.
    #[error("no export `memory`, through which the host reads and writes: {hint}")]
    NoMemory {
        /// How the module gets one, as the end of the message.
        hint: String,
    },
    /// `memory` is exported, but is something else.
    #[error("export `memory` at byte {offset:#x} is a {got}, not a memory")]
    MemoryIsNot {
        /// Where.
        offset: usize,
        /// What it is instead.
        got: &'static str,
    },
    /// A memory that starts out larger than
    /// [`Limits::memory_pages_max`](crate::Limits::memory_pages_max).
    #[error("{item} at byte {offset:#x} starts with {got} pages of 64 KiB, the limit is {limit}")]
    MemoryTooLarge {
        /// The memory, or its import.
        item: Item,
        /// Where.
        offset: usize,
        /// Pages of 64 KiB that the module asks for.
        got: u64,
        /// The limit in pages.
        limit: u32,
    },
    /// A table that starts out with more elements than
    /// [`Limits::table_elements_max`](crate::Limits::table_elements_max).
    #[error("{item} at byte {offset:#x} starts with {got} elements, the limit is {limit}")]
    TableTooLarge {
        /// The table, or its import.
        item: Item,
        /// Where.
        offset: usize,
        /// Elements that the module asks for.
        got: u64,
        /// The limit in elements.
        limit: u32,
    },
    /// An element of a segment that is the value of a global, which not every engine can read there.
    #[error(
        "{item} at byte {offset:#x} takes an element from a global, which not every engine can; \
         name the function with `ref.func`, or put the global's value in the table with `table.set` at run time"
    )]
    ElementFromGlobal {
        /// The element segment.
        item: Item,
        /// Where the element is.
        offset: usize,
    },
    /// Two function types have the same hash of 32 bits, by which an engine tells types apart at indirect calls. By chance, this
    /// happens to one of some 860,000 modules with a hundred types.
    #[error(
        "{item} at byte {offset:#x} cannot be told apart from the type {other}, as both have the same CRC-32; \
         give it another parameter"
    )]
    TypesCollide {
        /// The type.
        item: Item,
        /// Where it is.
        offset: usize,
        /// The other type, which is the ABI's, a library's, or stands before.
        other: String,
    },
    /// No `main` export.
    #[error("no export `main`, which the host calls: {hint}")]
    NoMain {
        /// How the module gets one, as the end of the message.
        hint: String,
    },
    /// `main` is exported, but is something else.
    #[error("export `main` at byte {offset:#x} is a {got}, not a function")]
    MainIsNot {
        /// Where.
        offset: usize,
        /// What it is instead.
        got: &'static str,
    },
    /// `main` takes something. What it returns is dropped, as in scout.
    #[error("export `main` at byte {offset:#x} has type {got}, but nobody passes it anything; {hint}")]
    MainType {
        /// Where.
        offset: usize,
        /// The type that it has.
        got: String,
        /// What to do about it, as the end of the message.
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

/// A function of a module that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionId {
    /// The function's index, imported ones counted.
    pub index: u32,
    /// The function's name as it stands in the module's name section, if there is one and it can be read.
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
