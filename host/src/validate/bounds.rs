//! Bounds on single parts of a module.

use wasmparser::{ConstExpr, ElementItems, ElementKind, Operator, Payload};

use super::stop::Stop;
use crate::error::Item;
use crate::profile::{
    Bound, CONSTANT_INSTRUCTIONS, DATA_SEGMENTS, ELEMENT_SEGMENTS, ELEMENTS, EXPORTS, FUNCTIONS, GLOBALS,
    IMPORTS, TYPES,
};

/// Refuses a number over its bound.
pub(super) fn check(bound: &'static Bound, got: u64, item: Item, offset: usize) -> Result<(), Stop> {
    if got > bound.max { Err(Stop::Over { item, offset, got, bound }) } else { Ok(()) }
}

pub(super) fn check_constant(expression: &ConstExpr<'_>, item: Item) -> Result<(), Stop> {
    let mut operators = expression.get_operators_reader();
    let offset = operators.original_position();
    let mut n_operators: u64 = 0;
    while !operators.is_end_then_eof() {
        operators.read()?;
        n_operators = n_operators.saturating_add(1);
        check(&CONSTANT_INSTRUCTIONS, n_operators, item.clone(), offset)?;
    }
    Ok(())
}

/// Returns the value of an expression that is a single constant.
pub(super) fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    let mut operators = expression.get_operators_reader();
    match (operators.read().ok()?, operators.read().ok()?) {
        (Operator::I32Const { value }, Operator::End) => Some(value.cast_unsigned()),
        _ => None,
    }
}

/// Numbers items from 0.
pub(super) fn numbered<T>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = (u32, T)> {
    (0..).zip(items)
}

pub(super) fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

/// Refuses a section by the number of its items, before it reads any of them.
pub(super) fn check_counts(payload: &Payload<'_>) -> Result<(), Stop> {
    let (bound, section, n_items, range) = match payload {
        Payload::TypeSection(types) => (&TYPES, "type", types.count(), types.range()),
        Payload::ImportSection(imports) => (&IMPORTS, "import", imports.count(), imports.range()),
        Payload::FunctionSection(functions) => (&FUNCTIONS, "function", functions.count(), functions.range()),
        Payload::GlobalSection(globals) => (&GLOBALS, "global", globals.count(), globals.range()),
        Payload::ExportSection(exports) => (&EXPORTS, "export", exports.count(), exports.range()),
        Payload::ElementSection(elements) => {
            (&ELEMENT_SEGMENTS, "element", elements.count(), elements.range())
        }
        Payload::DataSection(data) => (&DATA_SEGMENTS, "data", data.count(), data.range()),
        _ => return Ok(()),
    };
    check(bound, u64::from(n_items), Item::Section(section), range.start)
}

pub(super) fn check_elements(elements: &wasmparser::ElementSectionReader<'_>) -> Result<(), Stop> {
    let mut n_elements: u64 = 0;
    for (index, element) in numbered(elements.clone()) {
        let element = element?;
        let item = Item::Element(index);
        if let ElementKind::Active { offset_expr, .. } = &element.kind {
            check_constant(offset_expr, item.clone())?;
        }
        let n_items = match &element.items {
            ElementItems::Functions(functions) => functions.count(),
            ElementItems::Expressions(_, expressions) => expressions.count(),
        };
        n_elements = n_elements.saturating_add(u64::from(n_items));
        check(&ELEMENTS, n_elements, Item::Section("element"), elements.range().start)?;
        if let ElementItems::Expressions(_, expressions) = &element.items {
            for expression in expressions.clone() {
                let expression = expression?;
                check_constant(&expression, item.clone())?;
                check_element(&expression, &item)?;
            }
        }
    }
    Ok(())
}

/// Refuses an element that is neither `ref.func` nor `ref.null`, because wasmer does not compile it.
///
/// Every other constant expression has the same value on all engines.
fn check_element(expression: &ConstExpr<'_>, item: &Item) -> Result<(), Stop> {
    match expression.get_operators_reader().read_with_offset()? {
        (Operator::GlobalGet { .. }, offset) => Err(Stop::ElementFromGlobal { item: item.clone(), offset }),
        _ => Ok(()),
    }
}
