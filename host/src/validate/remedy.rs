//! Remedies for refused output of compilers that do not know that they compile an EE.
//!
//! Each remedy is the end of a message. All were tested with clang and wasm-ld 14, wasi-libc of 2022, AssemblyScript
//! 0.28 and Rust 1.95.

use outrider_abi::{ABI, Import, LEGACY_MODULE};

use super::extern_type::ExternType;

/// Returns the remedy for an import that neither the ABI nor a library has, if one is known.
pub(super) fn of_import(module: &str, name: &str, ty: &ExternType) -> Option<String> {
    let remedy = match (module, name, ty) {
        (_, _, ExternType::Memory(_)) => MEMORY_IMPORTED,
        (LEGACY_MODULE, "abort", _) => {
            "AssemblyScript calls it where a check fails: compile with `--use abort=`, which makes a trap of it"
        }
        (LEGACY_MODULE, "trace", _) => {
            "it is AssemblyScript's `trace`: log by `debug.printMem`, which takes text in UTF-8"
        }
        (LEGACY_MODULE, "seed", _) => {
            "it is what AssemblyScript's `Math.random` begins with: an EE has no randomness, all nodes have to agree"
        }
        _ if module.starts_with("wasi") => {
            "it is WASI's, which stands for an operating system, and an EE has none: compile C with \
             `--target=wasm32 -nostdlib -Wl,--no-entry` and no libc, Rust for `wasm32-unknown-unknown`, and find out \
             what prints, exits, reads files or the clock"
        }
        _ => return of_name(module, name, ty),
    };
    Some(remedy.to_owned())
}

/// Returns the remedy for an ABI function in a wrong module, or for an undefined function.
fn of_name(module: &str, name: &str, ty: &ExternType) -> Option<String> {
    // C has a `log` of its own.
    let is_meant =
        |import: &Import| import.name == name && (module != LEGACY_MODULE || ty.is_that_of(import));
    if let Some(Import { module: right, name, .. }) = ABI.iter().find(|import| is_meant(import)) {
        return Some(format!(
            "there is `{right}.{name}`: name its module, in C by \
             `__attribute__((import_module(\"{right}\"), import_name(\"{name}\")))`, in AssemblyScript by \
             `@external(\"{right}\", \"{name}\")`; `outrider abi --c-header` and `--assemblyscript` declare all"
        ));
    }
    (module == LEGACY_MODULE).then(|| {
        let remedy = match name {
            "memcpy" | "memmove" | "memset" => {
                "clang calls it to move bytes: compile with `-mbulk-memory`, or define it"
            }
            _ => {
                "C's linker takes for an import of `env` what nothing defines: define it, or link it; `outrider abi` \
                 lists all imports"
            }
        };
        remedy.to_owned()
    })
}

/// Returns the remedy for a module without an export `memory`, given the names and types of its exports.
pub(super) fn of_missing_memory<'a>(
    has_memory: bool,
    is_imported: bool,
    mut exports: impl Iterator<Item = (&'a str, &'a ExternType)>,
) -> String {
    if is_imported {
        return MEMORY_IMPORTED.to_owned();
    }
    if let Some((name, _)) = exports.find(|(_, ty)| matches!(ty, ExternType::Memory(_))) {
        return format!("its memory is exported as `{name}`: export it as `memory`");
    }
    if has_memory {
        return "its memory is not exported: compile AssemblyScript without `--noExportMemory`; clang and wasm-ld export it as they are"
            .to_owned();
    }
    "it has no memory: in the text format, `(memory (export \"memory\") 1)`".to_owned()
}

/// Returns the remedy for a module without an export `main`, given the names of its exports.
pub(super) fn of_missing_main<'a>(mut exports: impl Iterator<Item = &'a str>) -> String {
    match exports.find_map(|name| MISTAKEN_FOR_MAIN.iter().find(|mistaken| **mistaken == name)) {
        Some(name @ (&"_start" | &"_initialize")) => format!(
            "it exports `{name}`, which programs for WASI begin with: {C_MAIN}; in Rust, build a `cdylib` for \
             `wasm32-unknown-unknown`"
        ),
        Some(name) => format!("it exports `{name}`, which is C's `main` by another name: {C_MAIN}"),
        None => format!(
            "{C_MAIN}; in AssemblyScript, `export function main(): void` in the first file; in Rust, `entry!(..)`"
        ),
    }
}

/// Returns the remedy for a `main` with parameters.
pub(super) fn of_main_type(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Function(ty) if ty.params() == [wasmparser::ValType::I32; 2] => {
            "it is C's `main` with `argc` and `argv`, which clang makes of every `main` that is exported by \
             `--export=main`: write `__attribute__((export_name(\"main\"))) void ee_main(void)` in its place, and take \
             the block data by `eth2.blockDataCopy`"
        }
        _ => "take the block data by `eth2.blockDataCopy`",
    }
}

const MEMORY_IMPORTED: &str = "an EE exports its memory and imports none: compile AssemblyScript without `--importMemory`, and \
     link C and Rust without `--import-memory`";

const C_MAIN: &str = "in C, write `__attribute__((export_name(\"main\"))) void ee_main(void)`, and compile with \
     `--target=wasm32 -nostdlib -Wl,--no-entry`";

/// The names that compilers give to a program's entry point.
const MISTAKEN_FOR_MAIN: &[&str] =
    &["_start", "_initialize", "__main_argc_argv", "__main_void", "__original_main", "_main"];
