//! The ABI as declarations for AssemblyScript, with a namespace for each module, such as `eth2` for `eth2.blockDataSize()`.

use outrider_host::{Import, MODULES};

use super::{TypeNames, UNIT, imports_of, parameters, price};

pub(super) fn assemblyscript() -> String {
    let mut text = format!("{HEAD}//\n// {UNIT}\n");
    for module in MODULES {
        text.push_str(&format!("\n/** {} */\nexport namespace {} {{", module.summary, module.name));
        imports_of(module).for_each(|import| text.push_str(&declaration(import)));
        text.push_str("}\n");
    }
    text
}

fn declaration(import: &Import) -> String {
    let parameters: Vec<_> =
        parameters(import, &TYPE_NAMES).map(|(name, ty)| format!("{name}: {ty}")).collect();
    format!(
        "
  /** {} {} */
  // @ts-ignore: decorator
  @external(\"{}\", \"{}\")
  export declare function {}({}): {};
",
        import.summary,
        price(import.fuel),
        import.module,
        import.name,
        import.name,
        parameters.join(", "),
        TYPE_NAMES.result(import)
    )
}

const TYPE_NAMES: TypeNames =
    TypeNames { read: "usize", written: "usize", i32: "u32", i64: "u64", nothing: "void" };

const HEAD: &str = "// The functions that an execution environment (EE) of Outrider may import.
// Printed by `outrider abi --assemblyscript`.
//
// An EE has to export its memory, which the compiler does by default, and a function: `export function main(): void`.
";
