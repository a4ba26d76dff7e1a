//! The ABI as JSON.

use outrider_host::{
    ABI, BOUNDS, FuelCost, Import, Limits, MODULES, PROPOSALS, ParameterKind, REQUIRED_EXPORTS, UnsavedRoot,
    ValueType,
};
use serde_json::{Value, json};

pub(super) fn document() -> Value {
    let modules = MODULES.iter().map(|module| json!({ "name": module.name, "summary": module.summary }));
    let exports = REQUIRED_EXPORTS
        .iter()
        .map(|export| json!({ "name": export.name, "kind": export.kind, "summary": export.summary }));
    let proposals = PROPOSALS.iter().map(
        |proposal| json!({ "name": proposal.name, "accepted": proposal.accepted, "reason": proposal.reason }),
    );
    let bounds =
        BOUNDS.iter().map(|bound| json!({ "what": bound.what, "max": bound.max, "reason": bound.reason }));
    json!({
        "modules": modules.collect::<Vec<_>>(),
        "imports": ABI.iter().map(import).collect::<Vec<_>>(),
        "exports": exports.collect::<Vec<_>>(),
        "profile": { "proposals": proposals.collect::<Vec<_>>(), "bounds": bounds.collect::<Vec<_>>() },
        "limits": limits(&Limits::default()),
    })
}

fn import(import: &Import) -> Value {
    let parameters = import.parameters.iter().map(|parameter| {
        let kind = match parameter.kind {
            ParameterKind::Written => "written",
            ParameterKind::Read => "read",
            ParameterKind::Number(_) => "number",
        };
        json!({ "name": parameter.name, "type": type_name(parameter.value_type()), "kind": kind })
    });
    let FuelCost { base, per_unit } = import.fuel;
    json!({
        "module": import.module,
        "name": import.name,
        "legacy_name": import.legacy_name(),
        "parameters": parameters.collect::<Vec<_>>(),
        "results": import.result.map(type_name).into_iter().collect::<Vec<_>>(),
        "never_returns": import.never_returns(),
        "summary": import.summary,
        "fuel": { "base": base, "per_unit": per_unit },
    })
}

fn type_name(ty: ValueType) -> &'static str {
    match ty {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
    }
}

fn limits(limits: &Limits) -> Value {
    json!({
        "module_bytes_max": limits.module_bytes_max,
        "memory_pages_max": limits.memory_pages_max,
        "memory_pages_near": limits.memory_pages_near,
        "memory_far_factor": limits.memory_far_factor,
        "code_bytes_near": limits.code_bytes_near,
        "floats": limits.floats,
        "table_elements_max": limits.table_elements_max,
        "ticks_max": limits.ticks_max,
        "deposits_max": limits.deposits_max,
        "fuel_max": limits.fuel_max,
        "stack_slots_max": limits.stack_slots_max,
        "block_data_bytes_max": limits.block_data_bytes_max,
        "unsaved_root": match limits.unsaved_root {
            UnsavedRoot::Refused => "refused",
            UnsavedRoot::Zeros => "zeros",
        },
    })
}
