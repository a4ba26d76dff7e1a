//! What clang and AssemblyScript make when they are not told that they compile an EE, and what `outrider check` says of it.
//!
//! The same without compilers, and to the letter: `host/tests/remedies.rs`.

mod support;

use std::process::Command;

use support::{Scratch, ran};

/// A source and the arguments that it is compiled with.
type Compilation<'a> = (&'a str, &'a [&'a str]);

/// What is wrong, what the refusals say, and what comes of doing it.
struct Mistake<'a> {
    made: Compilation<'a>,
    refusals: &'a [&'a str],
    mended: Compilation<'a>,
}

/// A compiler, the name of its source, and the arguments that it has in any case.
struct Compiler {
    program: &'static str,
    file: &'static str,
    arguments: &'static [&'static str],
}

impl Compiler {
    /// Compiles a source, and returns what `outrider check` says of it.
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
        for Mistake { made, refusals, mended } in mistakes {
            let said = self.check(*made);
            assert_eq!(said.lines().count(), refusals.len() + 2, "{made:?}\n{said}");
            for (refusal, line) in refusals.iter().zip(said.lines().skip(1)) {
                assert!(line.contains(refusal), "{made:?}\n{said} should have {refusal:?}");
            }
            assert_eq!(self.check(*mended), "ee.wasm ok\n1 module: 1 ok, 0 refused\n", "{mended:?}");
        }
    }
}

// Without `-O`, as clang would run `wasm-opt` where it finds it, which removes what is of no use.
const CLANG: Compiler =
    Compiler { program: "clang", file: "ee.c", arguments: &["--target=wasm32", "-nostdlib", "-fno-builtin"] };

const ASC: Compiler = Compiler { program: "asc", file: "ee.ts", arguments: &["--optimize"] };

const C_EE: &str = "__attribute__((export_name(\"main\"))) void ee_main(void) {}";
const NO_ENTRY: &[&str] = &["-Wl,--no-entry"];
const UNDEFINED: &[&str] = &["-Wl,--no-entry,--allow-undefined"];

#[test]
fn what_clang_makes_of_main_is_refused_with_the_remedy_that_helps() {
    if support::clang().is_none() {
        return;
    }
    let mended = (C_EE, NO_ENTRY);
    CLANG.check_all(&[
        Mistake {
            made: ("int main(void) { return 0; }", &["-Wl,--no-entry,--export=main"]),
            refusals: &["has type (i32, i32) -> (i32), but the host passes no arguments; it is C's `main`"],
            mended,
        },
        Mistake {
            made: ("int main(int argc, char **argv) { return argc + !argv; }", &["-Wl,--no-entry,--export-all"]),
            refusals: &["it exports `__main_argc_argv`, which is C's `main` by another name: in C, write `__attribute__"],
            mended,
        },
        Mistake {
            made: ("int main(void) { return 0; }", NO_ENTRY),
            refusals: &["no export `main`, which the host calls: in C, write"],
            mended,
        },
        Mistake {
            made: ("void _start(void) {}", &[]),
            refusals: &["it exports `_start`, which programs for WASI begin with: in C, write"],
            mended,
        },
    ]);
}

#[test]
fn what_clang_imports_is_refused_with_the_remedy_that_helps() {
    if support::clang().is_none() {
        return;
    }
    let size = "__attribute__((export_name(\"main\"))) unsigned ee_main(void) { return blockDataSize(); }";
    let fill = "void *memset(void *, int, unsigned long); char bytes[999]; \
                __attribute__((export_name(\"main\"))) void ee_main(void) { memset(bytes, 1, sizeof(bytes)); }";
    let eth2 = "__attribute__((import_module(\"eth2\"), import_name(\"blockDataSize\")))";
    CLANG.check_all(&[
        Mistake {
            made: (C_EE, &["-Wl,--no-entry,--import-memory"]),
            refusals: &[
                "unknown import `env.memory` at byte 0x",
                "no export `memory`, through which the host reads and writes: an EE exports its memory",
            ],
            mended: (C_EE, NO_ENTRY),
        },
        Mistake {
            made: (&format!("unsigned blockDataSize(void); {size}"), UNDEFINED),
            refusals: &[&format!("there is `eth2.blockDataSize`: name its module, in C by `{eth2}`")],
            mended: (&format!("{eth2} unsigned blockDataSize(void); {size}"), NO_ENTRY),
        },
        Mistake {
            made: (fill, UNDEFINED),
            refusals: &["unknown import `env.memset` at byte 0x"],
            mended: (fill, &["-Wl,--no-entry", "-fbuiltin", "-mbulk-memory"]),
        },
    ]);
}

#[test]
fn what_assemblyscript_makes_is_refused_with_the_remedy_that_helps() {
    if support::asc().is_none() {
        return;
    }
    let plain = "export function main(): void { store<u8>(8, 1); }";
    let mended: Compilation<'_> = (plain, &[]);
    let checked = "export function main(): i32 { const a = new Array<i32>(3); return a[a.length]; }";
    let size =
        "declare function blockDataSize(): u32; export function main(): u32 { return blockDataSize(); }";
    ASC.check_all(&[
        Mistake {
            made: (checked, &[]),
            refusals: &["compile with `--use abort=`"],
            mended: (checked, &["--use", "abort="]),
        },
        Mistake {
            made: ("export function main(): void { trace(\"hello\"); }", &["--use", "abort="]),
            refusals: &["it is AssemblyScript's `trace`"],
            mended,
        },
        Mistake {
            made: ("export function main(): f64 { return Math.random(); }", &["--use", "abort="]),
            refusals: &["an EE has no randomness"],
            mended,
        },
        Mistake {
            made: (plain, &["--importMemory"]),
            refusals: &["compile AssemblyScript without `--importMemory`"],
            mended,
        },
        Mistake {
            made: (plain, &["--noExportMemory"]),
            refusals: &["compile AssemblyScript without `--noExportMemory`"],
            mended,
        },
        Mistake {
            made: ("export function run(): void { store<u8>(8, 1); }", &[]),
            refusals: &["in AssemblyScript, `export function main(): void`"],
            mended,
        },
        Mistake {
            made: (size, &[]),
            refusals: &["there is `eth2.blockDataSize`: name its module, in C by "],
            mended: (&format!("@external(\"eth2\", \"blockDataSize\") {size}"), &[]),
        },
    ]);
}
