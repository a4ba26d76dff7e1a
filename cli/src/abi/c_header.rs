//! The ABI as a header for C. Each import has its legacy name, such as `eth2_blockDataSize`.

use outrider_host::{Import, MODULES, REQUIRED_EXPORTS};

use super::{TypeNames, UNIT, imports_of, parameters, price};

pub(super) fn c_header() -> String {
    let mut header = format!("{HEAD}\n/* {UNIT} */\n");
    for module in MODULES {
        header.push_str(&format!("\n/* {}: {} */\n", module.name, module.summary));
        imports_of(module).for_each(|import| header.push_str(&declaration(import)));
    }
    header.push_str("\n/* The exports that every EE must have:\n");
    for export in REQUIRED_EXPORTS {
        header.push_str(&format!("   {}: {}\n", export.name, export.summary));
    }
    header + TAIL
}

fn declaration(import: &Import) -> String {
    let mut parameters: Vec<_> = parameters(import, &TYPE_NAMES)
        .map(|(name, ty)| format!("{ty}{}{name}", if ty.ends_with('*') { "" } else { " " }))
        .collect();
    if parameters.is_empty() {
        parameters.push("void".to_owned());
    }
    let attribute = if import.never_returns() { "__attribute__((noreturn)) " } else { "" };
    format!(
        "\n/* {} {} */\nOUTRIDER_IMPORT({}, {})\n{attribute}{} {}({});\n",
        import.summary,
        price(import.fuel),
        import.module,
        import.name,
        TYPE_NAMES.result(import),
        import.legacy_name(),
        parameters.join(", ")
    )
}

const TYPE_NAMES: TypeNames =
    TypeNames { read: "const void *", written: "void *", i32: "uint32_t", i64: "uint64_t", nothing: "void" };

const HEAD: &str =
    "/* The functions that an execution environment (EE) of Outrider may import, for clang with --target=wasm32.
   Printed by `outrider abi --c-header`. */

#ifndef OUTRIDER_H
#define OUTRIDER_H

#include <stdint.h>

#ifdef __cplusplus
extern \"C\" {
#endif

#define OUTRIDER_IMPORT(module, name) __attribute__((import_module(#module), import_name(#name)))
#define OUTRIDER_EXPORT(name) __attribute__((export_name(#name)))
";

const TAIL: &str = "
   So an EE defines
       OUTRIDER_EXPORT(main) void ee_main(void) { ... }
   and wasm-ld exports the memory by default. */

#ifdef __cplusplus
}
#endif

#endif
";
