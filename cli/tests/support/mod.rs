//! Shared by the tests: running the command in a temporary directory.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod beacon;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory for one test, removed when the test ends.
pub(crate) struct Scratch(tempfile::TempDir);

/// The result of running the command: exit code, stdout and stderr.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        // With any umask, the cache is not in a directory that others can write to.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        Self(builder.tempdir().expect("a temporary directory can be made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and creates its directories.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in a directory")).expect("it can be made");
        std::fs::write(path, contents).expect("the file can be written");
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("the file can be read")
    }

    /// Runs `outrider` in the directory.
    pub(crate) fn outrider(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output())
    }

    /// Returns a command that runs `outrider` in the directory, with a cache there.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_outrider"));
        command.current_dir(self.path()).args(arguments);
        command.env_remove("NO_COLOR").env("OUTRIDER_CACHE_DIR", self.path().join("cache"));
        command
    }
}

pub(crate) fn ran(output: std::io::Result<Output>) -> Ran {
    let output = output.expect("the program can be run");
    let text = |bytes| String::from_utf8(bytes).expect("the output is text");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Returns the root of the project.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn blob(name: &str) -> Vec<u8> {
    let path = project().join("ees/blobs").join(name).with_added_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns a fixture for one EE, `ee.wasm`, that expects `expected` after one empty block.
pub(crate) fn fixture(expected: &str) -> String {
    format!(
        "beacon_state:
  execution_scripts:
    - ee.wasm
shard_pre_state:
  exec_env_states:
    - \"{}\"
shard_blocks:
  - env: 0
    data: \"\"
shard_post_state:
  exec_env_states:
    - \"{expected}\"
",
        "00".repeat(32)
    )
}

/// Returns the summary of a JSON document about items that were all run.
pub(crate) fn summary(verdict: &str, passed: usize, failed: usize) -> serde_json::Value {
    serde_json::json!({ "verdict": verdict, "passed": passed, "failed": failed, "not_run": 0, "unusable": 0 })
}

/// Returns the version that clang prints, or skips where clang or its linker cannot compile for wasm32.
pub(crate) fn clang() -> Option<String> {
    let targets = output_of("clang", "--print-targets");
    let found = targets.filter(|targets| targets.contains("wasm32")).and(output_of("wasm-ld", "--version"));
    let found = found.and(output_of("clang", "--version"));
    if found.is_none() {
        outrider_published::skip("no clang with wasm32 and wasm-ld on the path");
    }
    found
}

/// Returns the version that AssemblyScript's compiler prints, or skips where it is missing.
pub(crate) fn asc() -> Option<String> {
    let found = output_of("asc", "--version");
    if found.is_none() {
        outrider_published::skip("no `asc` of AssemblyScript on the path");
    }
    found
}

fn output_of(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Assembles a module with the imports of `eth2`, a page of memory and these functions.
pub(crate) fn wasm(items: &str) -> Vec<u8> {
    let module = format!(
        r#"(module
            (import "eth2" "savePostStateRoot" (func $save (param i32)))
            (import "eth2" "pushNewDeposit" (func $deposit (param i32 i32)))
            (import "eth2" "useTicks" (func $ticks (param i32)))
            (import "debug" "printMem" (func $print (param i32 i32)))
            (memory (export "memory") 1)
            {items})"#
    );
    wat::parse_str(module).expect("the test's module is well-formed")
}
