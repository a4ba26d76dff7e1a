//! The EEs in C and AssemblyScript of `examples/`: their imports, and their compilation.
//!
//! The tests compile with clang for wasm32 and wasm-ld, and with `asc` of AssemblyScript, if these are on the path.

#![allow(clippy::print_stderr, reason = "tests tell what they skip")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Scratch, project, ran};

/// A language with an example.
struct Language {
    /// The directory below `examples/`.
    folder: &'static str,
    /// The file with the ABI's declarations, and the argument that prints it.
    declarations: (&'static str, &'static str),
    /// The prefixes of the README's commands that compile, and their replacements for this machine.
    commands: &'static [(&'static str, &'static str)],
    /// A function that returns the version of the compiler, if it is installed.
    version: fn() -> Option<String>,
    /// A function that returns whether the README and the blob were made with this version.
    has_made: fn(&Path, &str) -> bool,
}

const C: Language = Language {
    folder: "c",
    declarations: ("outrider.h", "--c-header"),
    commands: &[("clang ", "clang "), ("wasm-ld ", "wasm-ld ")],
    version: support::clang,
    has_made: |folder, version| {
        // clang writes its name and version into the module, each after its length.
        let blob = std::fs::read(folder.join("tally.wasm")).expect("it is there");
        let line = version.lines().next().unwrap_or_default();
        let (name, version) = line.split_once(" version ").expect("clang prints its version");
        let version = version.split_whitespace().next().unwrap_or_default();
        let length = |text: &str| u8::try_from(text.len()).expect("it is short");
        let mark = [&[length(name)], name.as_bytes(), &[length(version)], version.as_bytes()].concat();
        blob.windows(mark.len()).any(|bytes| bytes == mark)
    },
};

const ASSEMBLYSCRIPT: Language = Language {
    folder: "assemblyscript",
    declarations: ("outrider.ts", "--assemblyscript"),
    commands: &[("npx --yes --package assemblyscript@0.28.20 asc ", "asc ")],
    version: support::asc,
    has_made: |folder, version| {
        let readme = std::fs::read_to_string(folder.join("README.md")).expect("it is there");
        let version = version.trim().trim_start_matches("Version ");
        readme.contains(&format!(" assemblyscript@{version} asc "))
    },
};

impl Language {
    fn folder(&self) -> PathBuf {
        project().join("examples").join(self.folder)
    }

    /// Returns the README's commands that compile `tally`, for a file of another name.
    fn command(&self, name: &str) -> String {
        let readme = std::fs::read_to_string(self.folder().join("README.md")).expect("it is there");
        let commands: Vec<_> = readme.lines().filter_map(|line| self.here(line)).collect();
        assert_eq!(commands.len(), self.commands.len(), "the README says how to compile: {commands:?}");
        commands.join(" && ").replace("tally", name)
    }

    fn here(&self, line: &str) -> Option<String> {
        let mut commands = self.commands.iter();
        commands.find_map(|(there, here)| Some(format!("{here}{}", line.strip_prefix(there)?)))
    }

    /// Compiles a file beside the declarations.
    fn compile(&self, scratch: &Scratch, name: &str) {
        let command = self.command(name);
        let ran = ran(Command::new("sh").current_dir(scratch.path()).args(["-c", &command]).output());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command}: {ran:?}");
    }

    /// Copies the sources of the example.
    fn sources(&self) -> Scratch {
        let scratch = Scratch::new();
        for entry in self.folder().read_dir().expect("it is there") {
            let path = entry.expect("it can be listed").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("it is UTF-8");
            if !name.ends_with(".wasm") {
                scratch.write(name, std::fs::read(&path).expect("it can be read"));
            }
        }
        scratch
    }
}

#[track_caller]
fn check_declarations(language: &Language) {
    let (file, argument) = language.declarations;
    let ran = Scratch::new().outrider(&["abi", argument]);
    let declared = std::fs::read_to_string(language.folder().join(file)).expect("it is there");
    let remedy = format!("`outrider abi {argument}` prints other than examples/{}/{file}", language.folder);
    assert!(ran.out == declared, "{remedy}; print it there, and compile again");
}

#[test]
fn the_declarations_are_the_output_of_the_command() {
    check_declarations(&C);
    check_declarations(&ASSEMBLYSCRIPT);
}

/// Executes a blob over one block, and returns the line with the result.
fn run_block(blob: &[u8], root: &str, data: &str) -> String {
    let scratch = Scratch::new();
    let fixture = support::fixture(root).replacen(&"00".repeat(32), root, 1);
    scratch
        .write("f.yaml", fixture.replace("data: \"\"", &format!("data: \"{data}\"")))
        .write("ee.wasm", blob);
    let ran = scratch.outrider(&["run", "f.yaml"]);
    let line = ran.out.lines().find_map(|line| line.strip_prefix("  block 0, env 0: "));
    line.unwrap_or_else(|| panic!("{ran:?}")).to_owned()
}

#[track_caller]
fn check_tally(language: &Language) {
    let blob = std::fs::read(language.folder().join("tally.wasm")).expect("it is there");
    let zero = "00".repeat(32);
    let deposit = |amount: &str| format!("{}{amount}{}", "11".repeat(80), "13".repeat(96));
    let (one, none, most) =
        (deposit("0000000000000001"), deposit("0000000000000000"), deposit("ffffffffffffffff"));
    let count = |count: &str, total: &str| format!("{count}{total}{}", "00".repeat(16));
    for (root, data, expected) in [
        (&zero, "", format!("state unchanged, {zero}, fuel ")),
        (
            &zero,
            &one,
            format!("post-state root {}, 1 deposit, fuel ", count("0000000000000001", "0000000000000001")),
        ),
        (
            &zero,
            &most,
            format!("post-state root {}, 1 deposit", count("0000000000000001", "ffffffffffffffff")),
        ),
        (
            &count("00000000000000ff", "00000000000001ff"),
            &one.repeat(3),
            format!("post-state root {}, 3 deposits", count("0000000000000102", "0000000000000202")),
        ),
        (&zero, &one[2..], "refused: the block data is no list of deposits of 184 bytes".to_owned()),
        (
            &zero,
            &(one.clone() + "00"),
            "refused: the block data is no list of deposits of 184 bytes".to_owned(),
        ),
        (&zero, &(one.clone() + &none), "refused: a deposit has no amount".to_owned()),
        (&zero, &(one.clone() + &most), "refused: the deposits are more than 2^64 Gwei together".to_owned()),
    ] {
        let line = run_block(&blob, root, data);
        assert!(line.starts_with(&expected), "{}: {line:?} should be {expected:?}", language.folder);
    }
}

/// Another test runs the fixtures, with all examples.
#[test]
fn the_examples_keep_a_tally_and_refuse_what_is_wrong() {
    check_tally(&C);
    check_tally(&ASSEMBLYSCRIPT);
}

#[track_caller]
fn check_example(language: &Language) {
    let Some(version) = (language.version)() else { return };
    let scratch = language.sources();
    language.compile(&scratch, "tally");
    let ran = scratch.outrider(&["run", "tally.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.ends_with("1 fixture, 2 blocks: 1 passed, 0 failed\n"), "{}", ran.out);
    if !(language.has_made)(&language.folder(), &version) {
        return eprintln!("examples/{}: built by another compiler; not compared", language.folder);
    }
    let built = |folder: &Path| std::fs::read(folder.join("tally.wasm")).expect("it is there");
    assert!(
        built(scratch.path()) == built(&language.folder()),
        "examples/{} is not that of its source",
        language.folder
    );
}

#[test]
fn the_example_in_c_compiles_with_the_commands_of_its_readme() {
    check_example(&C);
}

#[test]
fn the_example_in_assemblyscript_compiles_with_the_commands_of_its_readme() {
    check_example(&ASSEMBLYSCRIPT);
}

/// Returns the imports that `outrider abi --json` prints; those that end the execution come last.
fn imports() -> Vec<Value> {
    let ran = Scratch::new().outrider(&["abi", "--json"]);
    let mut abi: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    let mut imports: Vec<Value> = serde_json::from_value(abi["imports"].take()).expect("it is a list");
    imports.sort_by_key(|import| import["never_returns"] == true);
    imports
}

/// Compiles a file that calls every import with zeros, and checks that the module imports all of them with the host's
/// types.
#[track_caller]
fn check_calls(language: &Language, file: &str, head: &str, call: fn(&str, &str) -> String) {
    if (language.version)().is_none() {
        return;
    }
    let imports = imports();
    let name = |import: &Value, key: &str| import[key].as_str().expect("it is text").to_owned();
    let calls = imports.iter().map(|import| {
        let zeros = vec!["0"; import["parameters"].as_array().map_or(0, Vec::len)].join(", ");
        format!("    {}({zeros});\n", call(&name(import, "module"), &name(import, "name")))
    });
    let scratch = language.sources();
    scratch.write(file, format!("{head}{}}}\n", calls.collect::<String>()));
    language.compile(&scratch, "calls");
    let ran = scratch.outrider(&["inspect", "--json", "calls.wasm"]);
    let inspected: Value = serde_json::from_str(&ran.out).expect("the output is JSON");
    assert_eq!((ran.code, &inspected["refusals"]), (Some(0), &serde_json::json!([])));
    let found = inspected["imports"].as_array().expect("it is a list").iter();
    let mut found: Vec<_> = found.map(|import| (name(import, "module"), name(import, "name"))).collect();
    let mut expected: Vec<_> =
        imports.iter().map(|each| (name(each, "module"), name(each, "name"))).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_header_for_c_declares_every_import_as_the_host_has_it() {
    let head = "#include \"outrider.h\"\n\nOUTRIDER_EXPORT(main) void ee_main(void) {\n";
    check_calls(&C, "calls.c", head, |module, name| format!("{module}_{name}"));
}

#[test]
fn the_declarations_for_assemblyscript_have_every_import_as_the_host_has_it() {
    let head = "import { bignum, crypto, debug, eth2, state } from \"./outrider\";\n\nexport function main(): void {\n";
    check_calls(&ASSEMBLYSCRIPT, "calls.ts", head, |module, name| format!("{module}.{name}"));
}
