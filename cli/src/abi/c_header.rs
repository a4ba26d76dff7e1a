//! The ABI as a header for C: each import under its older name, such as `eth2_blockDataSize`.

use outrider_host::{Import, MODULES, REQUIRED_EXPORTS};

use super::{Kinds, UNIT, imports_of, parameters, price};

pub(super) fn c_header() -> String {
    let mut header = format!("{HEAD}\n/* {UNIT} */\n");
    for module in MODULES {
        header.push_str(&format!("\n/* {}: {} */\n", module.name, module.summary));
        imports_of(module).for_each(|import| header.push_str(&declaration(import)));
    }
    header.push_str("\n/* Exports that every EE has.\n");
    for export in REQUIRED_EXPORTS {
        header.push_str(&format!("   {}: {}\n", export.name, export.summary));
    }
    header + TAIL
}

fn declaration(import: &Import) -> String {
    let mut parameters: Vec<_> = parameters(import, &KINDS)
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
        KINDS.result(import),
        import.legacy_name(),
        parameters.join(", ")
    )
}

const KINDS: Kinds =
    Kinds { read: "const void *", written: "void *", i32: "uint32_t", i64: "uint64_t", nothing: "void" };

const HEAD: &str =
    "/* What an execution environment (EE) of Outrider may import, for clang with --target=wasm32.
   `outrider abi --c-header` has printed it. */

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
   So an EE has
       OUTRIDER_EXPORT(main) void ee_main(void) { ... }
   and wasm-ld exports the memory as it is. */

#ifdef __cplusplus
}
#endif

#endif
";
