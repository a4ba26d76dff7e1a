//! Reads a module section by section, and checks the cost of its instances against the limits.

use wasmparser::{ElementItems, ElementKind, Parser, Payload, ValidPayload, Validator};

use super::ModuleRead;
use super::body::{Totals, check_body, check_cost};
use super::bounds::{check_counts, constant};
use super::cost::initialization;
use super::stop::Stop;
use super::types::{escaping_cost, exported, listed};
use crate::error::Item;
use crate::profile::features;

impl ModuleRead {
    /// Validates the module section by section, checks it against the limits, and records its content.
    pub(super) fn read_sections(&mut self, code: &[u8], totals: &mut Totals) -> Result<(), Stop> {
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

    /// Checks the initialization of an instance against the bounds of a function, because one engine compiles a
    /// function for it.
    ///
    /// Only function indices for a table of the module, at a constant place within it, are placed beforehand;
    /// everything after the first other item is code.
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

    /// Checks functions that exports and elements make available against the bounds of all functions.
    fn check_escaping(&self, payload: &Payload<'_>, totals: &mut Totals) -> Result<(), Stop> {
        let (section, range, functions) = match payload {
            Payload::ExportSection(exports) => ("export", exports.range(), exported(exports)?),
            Payload::ElementSection(elements) => ("element", elements.range(), listed(elements)?),
            _ => return Ok(()),
        };
        for function in functions {
            let ty = self.functions.get(function as usize).and_then(|ty| self.types.get(*ty as usize));
            // An index out of range is invalid, which the validator reports next.
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
}
