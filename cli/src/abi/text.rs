//! The ABI as text.

use std::fmt::Write as _;

use outrider_host::{ABI, BOUNDS, Limits, MODULES, PROPOSALS, REQUIRED_EXPORTS};

use super::{TypeNames, UNIT, imports_of, parameters, price};

pub(super) fn text() -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text);
    text
}

fn write(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "imports: {}. Each may also be imported by its legacy name, such as `env.eth2_refuse` for `eth2.refuse`.",
        ABI.len()
    )?;
    writeln!(
        out,
        "Numbers are unsigned. Pointers are i32; the host reads through `*const` and writes through `*mut`."
    )?;
    writeln!(out, "{UNIT}")?;
    for module in MODULES {
        writeln!(out, "\n{}  {}", module.name, module.summary)?;
        for import in imports_of(module) {
            let parameters: Vec<_> =
                parameters(import, &TYPE_NAMES).map(|(name, ty)| format!("{name}: {ty}")).collect();
            let result = if import.never_returns() { "!" } else { TYPE_NAMES.result(import) };
            writeln!(out, "  {}({}) -> {result}", import.name, parameters.join(", "))?;
            writeln!(out, "      {} {}", import.summary, price(import.fuel))?;
        }
    }
    writeln!(out, "\nexports that every EE must have")?;
    for export in REQUIRED_EXPORTS {
        writeln!(out, "  {:<8}{:<10}{}", export.name, export.kind, export.summary)?;
    }
    writeln!(out, "\nextensions of WebAssembly 1.0")?;
    for proposal in PROPOSALS {
        let verdict = if proposal.accepted { "accepted" } else { "refused" };
        writeln!(out, "  {:<27}{verdict:<10}{}", proposal.name, proposal.reason)?;
    }
    writeln!(out, "\nbounds on a module and its functions")?;
    for bound in BOUNDS {
        writeln!(out, "  {:>9} {}: {}", bound.max, bound.what, bound.reason)?;
    }
    write_limits(out, &Limits::default())
}

fn write_limits(out: &mut String, limits: &Limits) -> std::fmt::Result {
    writeln!(out, "\nlimits that a chain may set, with their defaults")?;
    for (what, max) in [
        ("bytes of a module, including its libraries", limits.module_bytes_max as u64),
        ("pages of 64 KiB of memory", limits.memory_pages_max.into()),
        ("elements of a table", limits.table_elements_max.into()),
        ("bytes of block data", limits.block_data_bytes_max.into()),
        ("deposits of an execution", limits.deposits_max.into()),
        ("ticks of an execution", limits.ticks_max),
        ("stack slots of an execution", limits.stack_slots_max.into()),
        ("fuel of an execution", limits.fuel_max),
    ] {
        writeln!(out, "  {max:>12} {what}")?;
    }
    Ok(())
}

const TYPE_NAMES: TypeNames =
    TypeNames { read: "*const", written: "*mut", i32: "i32", i64: "i64", nothing: "()" };
