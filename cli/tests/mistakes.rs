//! The output of clang and AssemblyScript with the wrong options for an EE, and the report of `outrider check`.
//!
//! `host/tests/remedies.rs` tests the exact text without compilers.

mod support;

use std::process::Command;

use support::{Scratch, ran};

/// A source and the arguments of its compilation.
type Compilation<'a> = (&'a str, &'a [&'a str]);

/// A source with a mistake, the expected refusals, and a source with the remedy.
struct Mistake<'a> {
    wrong: Compilation<'a>,
    refusals: &'a [&'a str],
    right: Compilation<'a>,
}

/// A compiler, the name of its source, and the arguments of every compilation.
struct Compiler {
    program: &'static str,
    file: &'static str,
    arguments: &'static [&'static str],
}

impl Compiler {
    /// Compiles a source, and returns the report of `outrider check`.
    fn check(&self, (source, arguments): Compilation<'_>) -> String {
        let scratch = Scratch::new();
        scratch.write(self.file, source);
        let mut command = Command::new(self.program);
        command
            .current_dir(scratch.path())
            .args([self.file, "-o", "ee.wasm"])
            .args(self.arguments)
            .args(arguments);
        let ran = ran(command.output());
        assert_eq!(ran.code, Some(0), "{source}\n{arguments:?}: {ran:?}");
        scratch.outrider(&["check", "ee.wasm"]).out
    }

    #[track_caller]
    fn check_all(&self, mistakes: &[Mistake<'_>]) {
        for Mistake { wrong, refusals, right } in mistakes {
            let said = self.check(*wrong);
            assert_eq!(said.lines().count(), refusals.len() + 2, "{wrong:?}\n{said}");
            for (refusal, line) in refusals.iter().zip(said.lines().skip(1)) {
                assert!(line.contains(refusal), "{wrong:?}\n{said} should have {refusal:?}");
            }
            assert_eq!(self.check(*right), "ee.wasm ok\n1 module: 1 ok, 0 refused\n", "{right:?}");
        }
    }
}

// Without `-O`, because clang then runs `wasm-opt` if it finds it, which removes unused code.
const CLANG: Compiler =
    Compiler { program: "clang", file: "ee.c", arguments: &["--target=wasm32", "-nostdlib", "-fno-builtin"] };

const ASC: Compiler = Compiler { program: "asc", file: "ee.ts", arguments: &["--optimize"] };

const C_EE: &str = "__attribute__((export_name(\"main\"))) void ee_main(void) {}";
const NO_ENTRY: &[&str] = &["-Wl,--no-entry"];
const UNDEFINED: &[&str] = &["-Wl,--no-entry,--allow-undefined"];

#[test]
fn a_main_compiled_by_clang_is_refused_with_a_remedy_that_works() {
    if support::clang().is_none() {
        return;
    }
    let right = (C_EE, NO_ENTRY);
    CLANG.check_all(&[
        Mistake {
            wrong: ("int main(void) { return 0; }", &["-Wl,--no-entry,--export=main"]),
            refusals: &["has type (i32, i32) -> (i32), but the host passes no arguments; it is C's `main`"],
            right,
        },
        Mistake {
            wrong: ("int main(int argc, char **argv) { return argc + !argv; }", &["-Wl,--no-entry,--export-all"]),
            refusals: &["it exports `__main_argc_argv`, which is C's `main` by another name: in C, write `__attribute__"],
            right,
        },
        Mistake {
            wrong: ("int main(void) { return 0; }", NO_ENTRY),
            refusals: &["no export `main`, which the host calls: in C, write"],
            right,
        },
        Mistake {
            wrong: ("void _start(void) {}", &[]),
            refusals: &["it exports `_start`, which programs for WASI begin with: in C, write"],
            right,
        },
    ]);
}

#[test]
fn imports_of_clang_are_refused_with_a_remedy_that_works() {
    if support::clang().is_none() {
        return;
    }
    let size = "__attribute__((export_name(\"main\"))) unsigned ee_main(void) { return blockDataSize(); }";
    let fill = "void *memset(void *, int, unsigned long); char bytes[999]; \
                __attribute__((export_name(\"main\"))) void ee_main(void) { memset(bytes, 1, sizeof(bytes)); }";
    let eth2 = "__attribute__((import_module(\"eth2\"), import_name(\"blockDataSize\")))";
    CLANG.check_all(&[
        Mistake {
            wrong: (C_EE, &["-Wl,--no-entry,--import-memory"]),
            refusals: &[
                "unknown import `env.memory` at byte 0x",
                "no export `memory`, through which the host reads and writes: an EE exports its memory",
            ],
            right: (C_EE, NO_ENTRY),
        },
        Mistake {
            wrong: (&format!("unsigned blockDataSize(void); {size}"), UNDEFINED),
            refusals: &[&format!("there is `eth2.blockDataSize`: name its module, in C by `{eth2}`")],
            right: (&format!("{eth2} unsigned blockDataSize(void); {size}"), NO_ENTRY),
        },
        Mistake {
            wrong: (fill, UNDEFINED),
            refusals: &["unknown import `env.memset` at byte 0x"],
            right: (fill, &["-Wl,--no-entry", "-fbuiltin", "-mbulk-memory"]),
        },
    ]);
}

#[test]
fn modules_of_assemblyscript_are_refused_with_a_remedy_that_works() {
    if support::asc().is_none() {
        return;
    }
    let plain = "export function main(): void { store<u8>(8, 1); }";
    let right: Compilation<'_> = (plain, &[]);
    let checked = "export function main(): i32 { const a = new Array<i32>(3); return a[a.length]; }";
    let size =
        "declare function blockDataSize(): u32; export function main(): u32 { return blockDataSize(); }";
    ASC.check_all(&[
        Mistake {
            wrong: (checked, &[]),
            refusals: &["compile with `--use abort=`"],
            right: (checked, &["--use", "abort="]),
        },
        Mistake {
            wrong: ("export function main(): void { trace(\"hello\"); }", &["--use", "abort="]),
            refusals: &["it is AssemblyScript's `trace`"],
            right,
        },
        Mistake {
            wrong: ("export function main(): f64 { return Math.random(); }", &["--use", "abort="]),
            refusals: &["an EE has no randomness"],
            right,
        },
        Mistake {
            wrong: (plain, &["--importMemory"]),
            refusals: &["compile AssemblyScript without `--importMemory`"],
            right,
        },
        Mistake {
            wrong: (plain, &["--noExportMemory"]),
            refusals: &["compile AssemblyScript without `--noExportMemory`"],
            right,
        },
        Mistake {
            wrong: ("export function run(): void { store<u8>(8, 1); }", &[]),
            refusals: &["in AssemblyScript, `export function main(): void`"],
            right,
        },
        Mistake {
            wrong: (size, &[]),
            refusals: &["there is `eth2.blockDataSize`: name its module, in C by "],
            right: (&format!("@external(\"eth2\", \"blockDataSize\") {size}"), &[]),
        },
    ]);
}
