//! The ABI as declarations for AssemblyScript: a namespace for each module, so that `eth2.blockDataSize()` is what it is everywhere.

use outrider_host::{Import, MODULES};

use super::{Kinds, UNIT, imports_of, parameters, price};

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
    let parameters: Vec<_> = parameters(import, &KINDS).map(|(name, ty)| format!("{name}: {ty}")).collect();
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
        KINDS.result(import)
    )
}

const KINDS: Kinds = Kinds { read: "usize", written: "usize", i32: "u32", i64: "u64", nothing: "void" };

const HEAD: &str = "// What an execution environment (EE) of Outrider may import.
// `outrider abi --assemblyscript` has printed it.
//
// An EE exports its memory, as the compiler does by itself, and `export function main(): void`.
";
