//! The sections of a module, in the form for analysis and rewriting.

use std::ops::Range;

use wasmparser::{
    CompositeInnerType, CustomSectionReader, DataSectionReader, ElementSectionReader, Encoding,
    ExportSectionReader, FuncType, FunctionBody, FunctionSectionReader, GlobalSectionReader,
    ImportSectionReader, KnownCustom, MemorySectionReader, NameSectionReader, Parser, Payload, SubType,
    TableSectionReader, TypeRef, TypeSectionReader,
};

use super::{COUNTERS, GROW_EXPORT, IMPORT_MODULE, MeterError, START_EXPORT};

/// A parsed module: a reader for each section, and the index spaces to which function bodies refer.
#[derive(Default)]
pub(super) struct Module<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) types: Option<TypeSectionReader<'a>>,
    pub(super) imports: Option<ImportSectionReader<'a>>,
    pub(super) functions: Option<FunctionSectionReader<'a>>,
    pub(super) tables: Option<TableSectionReader<'a>>,
    pub(super) memories: Option<MemorySectionReader<'a>>,
    pub(super) globals: Option<GlobalSectionReader<'a>>,
    pub(super) exports: Option<ExportSectionReader<'a>>,
    pub(super) start: Option<u32>,
    pub(super) elements: Option<ElementSectionReader<'a>>,
    pub(super) data_count: Option<u32>,
    pub(super) data: Option<DataSectionReader<'a>>,
    pub(super) names: Option<NameSectionReader<'a>>,
    /// The bodies of the defined functions.
    pub(super) bodies: Vec<FunctionBody<'a>>,
    /// The type index space.
    pub(super) type_space: Vec<SubType>,
    /// The type index of every function, imported ones first.
    pub(super) function_space: Vec<u32>,
    pub(super) n_imported_functions: u32,
    pub(super) n_imported_globals: u32,
    /// The number of globals, imported ones included.
    pub(super) n_globals: u32,
}

impl<'a> Module<'a> {
    /// Parses `bytes`, and drops custom sections other than `name`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, MeterError> {
        let mut module = Module { bytes, ..Module::default() };
        for payload in Parser::new(0).parse_all(bytes) {
            module.section(payload?)?;
        }
        module.index()?;
        Ok(module)
    }

    fn section(&mut self, payload: Payload<'a>) -> Result<(), MeterError> {
        match payload {
            Payload::TypeSection(reader) => self.types = Some(reader),
            Payload::ImportSection(reader) => self.imports = Some(reader),
            Payload::FunctionSection(reader) => self.functions = Some(reader),
            Payload::TableSection(reader) => self.tables = Some(reader),
            Payload::MemorySection(reader) => self.memories = Some(reader),
            Payload::GlobalSection(reader) => self.globals = Some(reader),
            Payload::ExportSection(reader) => self.exports = Some(reader),
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(reader) => self.elements = Some(reader),
            Payload::DataCountSection { count, .. } => self.data_count = Some(count),
            Payload::DataSection(reader) => self.data = Some(reader),
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::CustomSection(section) => self.custom_section(&section),
            Payload::Version { encoding: Encoding::Module, .. }
            | Payload::CodeSectionStart { .. }
            | Payload::End(_) => {}
            other => {
                let (id, range) = other.as_section().unwrap_or_default();
                return Err(MeterError::Section { id, offset: range.start });
            }
        }
        Ok(())
    }

    fn custom_section(&mut self, section: &CustomSectionReader<'a>) {
        if let KnownCustom::Name(reader) = section.as_known() {
            self.names = Some(reader);
        }
    }

    /// Fills the index spaces, and refuses the names that metering reserves.
    fn index(&mut self) -> Result<(), MeterError> {
        for group in self.types.clone().into_iter().flatten() {
            self.type_space.extend(group?.into_types());
        }
        for import in self.imports.clone().into_iter().flat_map(ImportSectionReader::into_imports) {
            let import = import?;
            if import.module == IMPORT_MODULE {
                return Err(MeterError::ReservedImport { name: import.name.to_owned() });
            }
            match import.ty {
                TypeRef::Func(type_index) | TypeRef::FuncExact(type_index) => {
                    self.function_space.push(type_index)
                }
                TypeRef::Global(_) => self.n_imported_globals = self.n_imported_globals.saturating_add(1),
                TypeRef::Table(_) | TypeRef::Memory(_) | TypeRef::Tag(_) => {}
            }
        }
        self.n_imported_functions = u32::try_from(self.function_space.len()).unwrap_or(u32::MAX);
        for type_index in self.functions.clone().into_iter().flatten() {
            self.function_space.push(type_index?);
        }
        let n_defined_globals = self.globals.as_ref().map_or(0, GlobalSectionReader::count);
        self.n_globals = self.n_imported_globals.saturating_add(n_defined_globals);
        for export in self.exports.clone().into_iter().flatten() {
            let name = export?.name;
            if [START_EXPORT, GROW_EXPORT].contains(&name)
                || COUNTERS.iter().any(|counter| counter.export == name)
            {
                return Err(MeterError::ReservedExport { name: name.to_owned() });
            }
        }
        Ok(())
    }

    /// Returns the bytes at `range`.
    pub(super) fn slice(&self, range: Range<usize>) -> Result<&'a [u8], MeterError> {
        let offset = range.start;
        self.bytes.get(range).ok_or(MeterError::Invalid { offset })
    }

    /// Returns the function type at `type_index`.
    pub(super) fn func_type(&self, type_index: u32) -> Option<&FuncType> {
        match &self.type_space.get(usize::try_from(type_index).ok()?)?.composite_type.inner {
            CompositeInnerType::Func(func_type) => Some(func_type),
            CompositeInnerType::Array(_) | CompositeInnerType::Struct(_) | CompositeInnerType::Cont(_) => {
                None
            }
        }
    }

    /// Returns the type index of the function at `function_index`.
    pub(super) fn type_of_function(&self, function_index: u32) -> Option<u32> {
        self.function_space.get(usize::try_from(function_index).ok()?).copied()
    }
}
