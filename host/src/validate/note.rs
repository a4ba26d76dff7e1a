//! Records the content of a module, item by item, and refuses items over a limit.

use outrider_abi::Import;
use wasmparser::{DataKind, ExternalKind, MemoryType, Payload, TableInit, TableType, TypeRef};

use super::ModuleRead;
use super::body::Totals;
use super::bounds::{check, check_constant, check_elements, count, numbered};
use super::extern_type::ExternType;
use super::stop::Stop;
use super::types::type_cost;
use crate::error::{Item, Refusal};
use crate::module::{ExportSummary, ImportSummary, SectionSummary};
use crate::profile::{NAME_BYTES, PARAMETERS, RESULTS, SECTIONS, TABLES};

impl ModuleRead {
    /// Records the content of a valid section, and checks each item against the limits.
    pub(super) fn note(&mut self, payload: &Payload<'_>, totals: &mut Totals) -> Result<(), Stop> {
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
}

/// Returns the specification's name for a section.
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
